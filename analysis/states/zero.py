"""The energy that figures count from, which aligns the levels of several runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .spectrum import Spectrum

CORE_DEPTH_EV = 5.0
"""States of a core level lie at least this far below the HOMO, in eV."""

CORE_STEP_EV = 2.0
"""States of one core level follow each other in steps of less than this, in eV."""

CORE_WEIGHT = 0.5
"""A state belongs to a core level that holds at least this much of it."""


class Zero(NamedTuple):
    """The energy that figures count from.

    Parameters
    ----------
    energy_ev : float
        In eV, 0 where the source's own zero stays.
    name : str
        What it is, empty for the source's own zero.
    """

    energy_ev: float
    name: str

    @property
    def label(self) -> str:
        """Label of an axis of energies."""
        return f"Energy{f' − {self.name}' if self.name else ''} (eV)"


class CoreLevel(NamedTuple):
    """States of one kind of orbital, well below the valence states.

    Parameters
    ----------
    name : str
        Element and angular momentum, such as ``"Pb:d"``.
    energy_ev, spread_ev : float
        Mean and standard deviation of the energies in eV, each state by its weight.
    n_states : int
        Number of states.
    """

    name: str
    energy_ev: float
    spread_ev: float
    n_states: int


def zeros_of(spectra: Sequence[Spectrum], wanted: str) -> list[Zero]:
    """Return for each run the energy that a figure of them all counts from.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The runs.
    wanted : str
        As `FigureOptions.zero`. A core level that is not named is the one, of those that all have,
        whose spread is smallest in the run where it is largest.

    Returns
    -------
    list of Zero
        All of one name. A single run without a HOMO keeps its own zero.

    Raises
    ------
    InputError
        If a run does not have that energy, or there is not one energy for each run.
    """
    if wanted == "none":
        return [Zero(0.0, "") for _ in spectra]
    if wanted.startswith("core"):
        levels = core_levels(spectra, wanted.partition(":")[2])
        return [Zero(level.energy_ev, f"{level.name.replace(':', ' ')} level") for level in levels]
    if wanted in _LEVELS:
        name, level_of, remedy = _LEVELS[wanted]
        found = [level_of(spectrum) for spectrum in spectra]
        if found == [None] and wanted == "homo":
            return [Zero(0.0, "")]
        for spectrum, energy_ev in zip(spectra, found, strict=True):
            if energy_ev is None:
                raise InputError(f"{spectrum.label or 'orbital states'}: {remedy}")
        return [Zero(float(energy_ev), name) for energy_ev in found if energy_ev is not None]
    name, _, told = wanted.rpartition("=")
    energies = [float(word) for word in told.split(",")]
    if len(energies) not in (1, len(spectra)):
        raise InputError(
            f"zero {wanted!r} has {len(energies)} energies for {len(spectra)} runs; give one for "
            "all or one for each"
        )
    return [Zero(energy_ev, name) for energy_ev in np.resize(energies, len(spectra)).tolist()]


def core_levels(spectra: Sequence[Spectrum], wanted: str = "") -> list[CoreLevel]:
    """Return one core level in each run.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The runs.
    wanted : str
        Element and angular momentum, such as ``"Pb:d"``; if empty, the level that all have whose
        spread is smallest in the run where it is largest.

    Raises
    ------
    InputError
        If a run does not have it, or no level is in all.
    """
    found = [_core_levels(spectrum) for spectrum in spectra]
    for spectrum, levels in zip(spectra, found, strict=True):
        if not levels:
            raise InputError(
                f"{spectrum.label}: no states more than {CORE_DEPTH_EV:g} eV below the HOMO sit "
                "on one kind of orbital, so there is no core level to align; choose another zero"
            )
        if wanted and wanted not in levels:
            raise InputError(
                f"{spectrum.label}: it has no core level {wanted!r}; it has {', '.join(levels)}"
            )
    common = [name for name in found[0] if all(name in levels for levels in found)]
    if not common:
        told = "; ".join(
            f"{one.label}: {', '.join(levels)}" for one, levels in zip(spectra, found, strict=True)
        )
        raise InputError(f"no core level is in all runs ({told}); choose another zero")
    name = wanted or min(common, key=lambda name: max(each[name].spread_ev for each in found))
    return [levels[name] for levels in found]


def _core_levels(spectrum: Spectrum) -> dict[str, CoreLevel]:
    """Return the uppermost core level of each kind of orbital that has one."""
    homo_ev, energies_ev = spectrum.gap.homo_ev, spectrum.energies_ev
    shares = next((each for each in spectrum.shares if each.kind == "orbital"), None)
    if homo_ev is None or shares is None:
        return {}
    levels = {}
    deep = energies_ev < homo_ev - CORE_DEPTH_EV
    for name, weights in zip(shares.names, shares.weights, strict=True):
        mine = np.flatnonzero(deep & (weights >= CORE_WEIGHT))
        if not mine.size:
            continue
        mine = mine[np.argsort(energies_ev[mine])]
        wide = np.flatnonzero(np.diff(energies_ev[mine]) > CORE_STEP_EV)
        mine = mine[wide[-1] + 1 :] if wide.size else mine
        mean_ev = float(np.average(energies_ev[mine], weights=weights[mine]))
        variance = np.average((energies_ev[mine] - mean_ev) ** 2, weights=weights[mine])
        levels[name] = CoreLevel(name, mean_ev, float(np.sqrt(variance)), mine.size)
    return levels


_Found = tuple[str, "Callable[[Spectrum], float | None]", str]

_LEVELS: dict[str, _Found] = {
    "homo": ("HOMO", lambda one: one.gap.homo_ev, "there is no occupied state, so no HOMO"),
    "fermi": (
        "E(Fermi)",
        lambda one: one.fermi_ev,
        "no Fermi energy of all states is told, from which figures could count; leave out --zero "
        "fermi, or smear the electrons (&SMEAR)",
    ),
    "middle": (
        "mid-gap",
        lambda one: None if None in (one.gap.homo_ev, one.gap.lumo_ev) else one.gap.middle_ev,
        "HOMO or LUMO is missing, so there is no middle of the gap; choose another zero",
    ),
    "edge": (
        "valence edge",
        lambda one: one.filter_in_use.valence_edge_ev,
        "no occupied state passes the trap filter, so there is no valence edge; analyse it with a "
        "larger --ipr-max, or choose another zero",
    ),
    "vacuum": (
        "E(vacuum)",
        lambda one: one.vacuum_ev,
        "its vacuum level is not known; it is of runs of CP2K with PERIODIC NONE in &CELL and "
        "&POISSON, analysed by this version; choose another zero",
    ),
}
"""Name of each level, where it is found, and what to say where there is none."""
