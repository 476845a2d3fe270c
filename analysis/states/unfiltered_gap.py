"""What is told of states as they are: edges, gap and Fermi energy, without a filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.record import Record

from .filtered_gap import difference
from .localization import DEGENERATE_EV

if TYPE_CHECKING:
    from epicarve.dft.weighed_states import WeighedStates

PARTIAL_OCCUPATION = 0.01
"""Electrons by which an occupation must differ from empty and full to count as partial."""

FERMI_TOLERANCE_EV = 2e-3
"""How far a full state may lie above the Fermi energy, or an empty one below: what files round."""

SPINS = ("alpha", "beta")


def plain_fields(states: WeighedStates) -> dict[str, Any]:
    """Return what is told of states without a filter, energies in eV."""
    of_spins = {} if states.restricted else {name: i for i, name in enumerate(SPINS)}
    return {
        "n_states": states.n_states,
        "n_electrons": rounded(states.n_electrons),
        **_edge_fields(states),
        "spins": {name: _edge_fields(states, spin) for name, spin in of_spins.items()},
    }


def _edge_fields(states: WeighedStates, spin: int | None = None) -> dict[str, Any]:
    """Return HOMO, LUMO, gap and Fermi energy of a spin, or of all states."""
    homo_ev, lumo_ev = states.edges_ev(spin)
    return {
        "homo_ev": rounded(homo_ev),
        "lumo_ev": rounded(lumo_ev),
        "homo_lumo_gap_ev": rounded(states.gap_ev(spin)),
        "metallic": is_metal(states, spin),
        "fermi_ev": rounded(fermi_ev(states, spin)),
    }


def is_metal(states: WeighedStates, spin: int | None = None) -> bool:
    """Tell whether there is no gap: states are partly filled, or HOMO and LUMO meet.

    Parameters
    ----------
    states : WeighedStates
        The states.
    spin : {0, 1}, optional
        Whose; those of both if not given.
    """
    gap_ev = states.gap_ev(spin)
    return gap_ev is not None and gap_ev <= DEGENERATE_EV


def fermi_ev(states: WeighedStates, spin: int | None = None) -> float | None:
    """Return the Fermi energy in eV that the source tells.

    Parameters
    ----------
    states : WeighedStates
        The states.
    spin : {0, 1}, optional
        Whose; if not given, that of all, None if each spin has its own.
    """
    told = states.fermi_ev
    if not told.size or (spin is None and np.ptp(told) > FERMI_TOLERANCE_EV):
        return None
    return float(told[min(spin or 0, told.size - 1)])


@dataclass(frozen=True)
class Check(Record):
    """Something that bears on how far results can be trusted, or why a number does not exist.

    Parameters
    ----------
    name : str
        What it is about: a word, or the dotted name of the number.
    ok : bool
        Whether all is well.
    message : str
        A sentence.
    """

    name: str
    ok: bool
    message: str


def missing_plain(states: WeighedStates) -> dict[str, str]:
    """Give the reason of each None in `plain_fields`, but of Fermi energies: few runs tell one."""
    reasons = {}
    for head, spin in _heads(states).items():
        for name, which, edge in zip(
            ("homo_ev", "lumo_ev"), ("occupied", "empty"), states.edges_ev(spin), strict=True
        ):
            if edge is None:
                reasons[f"{head}{name}"] = f"there is no {which} state"
                if states.gap_ev(spin) is None:
                    reasons[f"{head}homo_lumo_gap_ev"] = reasons[f"{head}{name}"]
    return reasons


def _heads(states: WeighedStates) -> dict[str, int | None]:
    """Return the beginnings of the dotted names in `plain_fields`, and the spin of each."""
    heads: dict[str, int | None] = {"": None}
    if not states.restricted:
        heads |= {f"spins.{name}.": spin for spin, name in enumerate(SPINS)}
    return heads


def checks_of_states(states: WeighedStates) -> list[Check]:
    """Tell what a reader must know of the states before trusting the numbers."""
    from_integer = np.minimum(np.abs(states.occupations), np.abs(states.occupations - states.full))
    n_partial = int(np.count_nonzero(from_integer > PARTIAL_OCCUPATION))
    are = "state is" if n_partial == 1 else "states are"
    checks = [
        Check(
            "occupations",
            n_partial == 0,
            f"{n_partial} {are} partially filled; the lowest that all electrons can fill count as "
            "occupied"
            if n_partial
            else "every state is either full or empty",
        ),
        *_metal_checks(states),
        *_fermi_checks(states),
    ]
    if states.is_window:
        checks.append(
            Check(
                "window",
                False,
                f"{sum(states.left_out)} states below those around the gap were left out, and "
                "maybe some above: edges and traps beyond are not seen",
            )
        )
    checks += [Check("source", False, note) for note in states.notes]
    return checks


def _metal_checks(states: WeighedStates) -> list[Check]:
    """Tell whether there is a gap, and of which spin there is none."""
    apart_ev = difference(states.lumo_ev, states.homo_ev)
    metallic = is_metal(states)
    if apart_ev is None and not metallic:
        return []
    told = "so the model has a gap"
    if metallic:
        told = "so the model is metallic: gaps, traps and edges mean little"
    if apart_ev is not None and apart_ev < -DEGENERATE_EV:
        told = (
            f"the LUMO lies {-apart_ev:.4f} eV below the HOMO, as the spins are not filled to "
            "one level: gaps, traps and edges mean little"
        )
    elif states.is_metallic():
        told = f"states at the Fermi energy are partly filled, {told}"
    else:
        told = f"HOMO and LUMO lie {apart_ev:.4f} eV apart, {told}"
    of_spins = [is_metal(states, spin) for spin in (0, 1)] if not states.restricted else []
    if sum(of_spins) == 1:
        metal = SPINS[of_spins.index(True)]
        told += f"; only {metal} states are metallic, those of the other spin have a gap"
    return [Check("metallic", not metallic, told)]


def _fermi_checks(states: WeighedStates) -> list[Check]:
    """Hold the Fermi energy that is told against the occupations, or say why there is none."""
    none = "the source of the states tells none, as CP2K where no electron is smeared"
    of_spins = "each spin has its own, which stands under spins"
    checks = [
        Check(f"{head}fermi_ev", True, of_spins if states.fermi_ev.size else none)
        for head, spin in _heads(states).items()
        if fermi_ev(states, spin) is None
    ]
    for spin in (0,) if states.restricted else (0, 1):
        level_ev = fermi_ev(states, spin)
        mine = states.spins == spin
        if level_ev is None or not mine.any():
            continue
        energies_ev, filled = states.energies_ev[mine], states.occupations[mine] / states.full
        above = (filled > 0.75) & (energies_ev > level_ev + FERMI_TOLERANCE_EV)
        below = (filled < 0.25) & (energies_ev < level_ev - FERMI_TOLERANCE_EV)
        if n_wrong := int(np.count_nonzero(above | below)):
            checks.append(
                Check(
                    "fermi_ev",
                    False,
                    f"the Fermi energy that is told, {level_ev:.4f} eV, parts the "
                    f"{'' if states.restricted else f'{SPINS[spin]} '}states otherwise than their "
                    f"occupations do: {n_wrong} full ones lie above or empty ones below",
                )
            )
    return checks


def rounded(value: float | None) -> float | None:
    """Round an energy in eV to 1e-6, and turn −0 into 0."""
    return None if value is None else round(value, 6) + 0.0
