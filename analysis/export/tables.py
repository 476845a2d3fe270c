"""The tables of an analysis: states.csv, dos.csv, coop.csv, traps and profile."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from epicarve.analysis.states import SHARES
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from epicarve.analysis.states import Absorption, Analysis, KindAnalysis, Trap
    from epicarve.arrays import Floats
    from epicarve.dft.weighed_states import WeighedStates

SPIN_NAMES = ("alpha", "beta")
"""Names of the spins of unrestricted states; a restricted state has the spin ``"both"``."""

STATE_COLUMNS = (
    "state,spin,energy_ev,occupation,ipr,n_eff,kept,n_ipr,degenerate_set,ipr_of_set,kept_size_aware"
)
"""Columns of states.csv before those of the groups."""


def states_csv(analysis: Analysis) -> str:
    """Return one line per state: alpha before beta, each by ascending energy.

    Parameters
    ----------
    analysis : Analysis
        The results.

    Returns
    -------
    str
        Comma-separated values under the header
        ``state,spin,energy_ev,occupation,ipr,n_eff,kept,n_ipr,degenerate_set,ipr_of_set,
        kept_size_aware`` and a column ``w_NAME`` with the weight of each group of atoms, then of
        each element's angular momenta if the states tell them, then a column ``overlap_NAME-NAME``
        with the overlap population of each pair of groups, if there are some. States count from 1
        within each spin, those left out below a window too, sets of degenerate states from 1 on
        over both. ``kept`` is of the fixed threshold, ``kept_size_aware`` of the size-aware one.
    """
    states, localization = analysis.states, analysis.localization
    kept, aware = analysis.gap.filtered.kept, analysis.gap.size_aware.kept
    groups = [name for partition in analysis.partitions for name in partition.names]
    names = [f"w_{name}" for name in (*groups, *states.orbital_names)]
    blocks = [partition.weights(states.weights) for partition in analysis.partitions]
    if states.orbital_names:
        blocks.append(states.orbital_weights)
    if analysis.coop is not None:
        names += [f"overlap_{name}" for name in analysis.coop.names]
        blocks.append(analysis.coop.populations)
    weights = np.concatenate(blocks)
    lines = [_line([*STATE_COLUMNS.split(","), *names])]
    for i, (state, spin) in enumerate(zip(*labels(states), strict=True)):
        fields = [
            f"{state},{spin},{states.energies_ev[i]:.6f},{states.occupations[i]:.6f}",
            f"{localization.ipr[i]:.8f},{localization.n_eff[i]:.4f},{str(kept[i]).lower()}",
            f"{localization.n_ipr[i]:.4f},{localization.sets[i] + 1},"
            f"{localization.ipr_of_set[i]:.8f},{str(aware[i]).lower()}",
            *(f"{weight:.8f}" for weight in weights[:, i].tolist()),
        ]
        lines.append(",".join(fields))
    return "\n".join(lines) + "\n"


def kind_states_csv(analysis: KindAnalysis) -> str:
    """Return one line per state of whole kinds of atoms: alpha before beta, by ascending energy.

    Parameters
    ----------
    analysis : KindAnalysis
        The results.

    Returns
    -------
    str
        Comma-separated values under the header ``state,spin,energy_ev,occupation`` and a column
        ``w_NAME`` with the weight of each kind, then of each kind's angular momenta.
    """
    states = analysis.states
    names = [f"w_{name}" for name in (*states.symbols, *states.orbital_names)]
    weights = np.concatenate([states.weights, states.orbital_weights]).T
    lines = [_line(["state", "spin", "energy_ev", "occupation", *names])]
    for number, spin, energy_ev, occupation, parts in zip(
        *labels(states), states.energies_ev, states.occupations, weights.tolist(), strict=True
    ):
        told = ",".join(f"{weight:.8f}" for weight in parts)
        lines.append(f"{number},{spin},{energy_ev:.6f},{occupation:.6f},{told}")
    return "\n".join(lines) + "\n"


def labels(states: WeighedStates) -> tuple[list[int], list[str]]:
    """Return the number of each state within its spin, from 1, and the name of its spin."""
    spins = ["both" if states.restricted else SPIN_NAMES[s] for s in states.spins.tolist()]
    return states.numbers.tolist(), spins


def dos_csv(analysis: Analysis | KindAnalysis) -> str:
    """Return one line per energy: the total, then each group of each partition.

    Parameters
    ----------
    analysis : Analysis
        The results.

    Returns
    -------
    str
        Comma-separated values in states per eV under the header ``energy_ev,total,GROUP,...``. Of
        unrestricted states the columns end in ``_alpha`` and ``_beta``.
    """
    first = analysis.densities[0]
    names, columns = ["energy_ev"], [first.grid_ev]
    for spin, spin_total in enumerate(first.total):
        ending = "" if len(first.density) == 1 else f"_{SPIN_NAMES[spin]}"
        names.append(f"total{ending}")
        columns.append(spin_total)
        for dos in analysis.densities:
            names += [f"{name}{ending}" for name in dos.groups]
            columns += list(dos.density[spin])
    return csv_of(names, np.stack(columns, axis=1))


def coop_csv(analysis: Analysis) -> str:
    """Return one line per energy: the overlap population of each pair of groups, then integrated.

    Parameters
    ----------
    analysis : Analysis
        Results with overlap populations.

    Returns
    -------
    str
        Comma-separated values under the header ``energy_ev,coop_PAIR,...,icoop_PAIR,...``: per eV
        for one electron in each state, and in electrons with all states below the energy full. Of
        unrestricted states the columns end in ``_alpha`` and ``_beta``.
    """
    coop = analysis.coop
    if coop is None:
        raise InputError("there are no overlap populations; name pairs in overlap_populations")
    names, columns = ["energy_ev"], [coop.curves.grid_ev]
    for kind, curves in (("coop", coop.curves.density), ("icoop", coop.integrated())):
        for spin, of_spin in enumerate(curves):
            ending = "" if len(curves) == 1 else f"_{SPIN_NAMES[spin]}"
            names += [f"{kind}_{name}{ending}" for name in coop.names]
            columns += list(of_spin)
    return csv_of(names, np.stack(columns, axis=1))


def traps_csv(analysis: Analysis) -> str:
    """Return one line per trap: valence traps from their edge upwards, then conduction traps.

    Parameters
    ----------
    analysis : Analysis
        The results.

    Returns
    -------
    str
        Comma-separated values under the header ``side,state,spin,energy_ev,depth_ev,occupation,
        ipr,n_eff,n_atoms_50,n_atoms_90,element,coordination,position,domain,share,base_share``.
        ``depth_ev`` counts from the edge of the delocalised states. From ``element`` on stands the
        kind of atoms that the trap sits on, as far as it is one kind, how much of the trap that
        kind holds, and how much of all states of the side; empty if there is none. With
        transitions follow ``strength``, the largest oscillator strength to the edge of the other
        side, and ``light``, bright or dark, empty where not known. With own groups a column
        ``group`` stands last.
        The columns ``n_atoms_..`` say how few atoms hold half of the trap, and nine tenths.
    """
    states, ipr, traps = analysis.states, analysis.localization.ipr, analysis.traps
    numbers, spins = labels(states)
    shares = [f"n_atoms_{round(100 * share)}" for share in SHARES]
    kind_fields = ("element", "coordination", "position", "domain")
    own = () if analysis.sites.groups is None else ("group",)
    absorption = analysis.absorption
    light = () if absorption is None else ("strength", "light")
    head = ["side", "state", "spin", "energy_ev", "depth_ev", "occupation", "ipr", "n_eff"]
    lines = [",".join([*head, *shares, *kind_fields, "share", "base_share", *light, *own])]
    for trap in traps.traps:
        i, kind = trap.state, dict(trap.kind)
        fields = [
            f"{trap.side},{numbers[i]},{spins[i]},{states.energies_ev[i]:.6f}",
            f"{trap.depth_ev:.6f},{states.occupations[i]:.6f},{ipr[i]:.8f},{1.0 / ipr[i]:.4f}",
            *(str(n) for n in trap.n_atoms),
            *(kind.get(field, "") for field in kind_fields),
            f"{trap.kind_weight:.6f}" if kind else "",
            f"{traps.base_shares[trap.side][trap.kind]:.6f}" if kind else "",
            *(() if absorption is None else _light(absorption, trap)),
            *(kind.get(field, "") for field in own),
        ]
        lines.append(",".join(fields))
    return "\n".join(lines) + "\n"


def _light(absorption: Absorption, trap: Trap) -> tuple[str, str]:
    """Return the largest strength of a trap, and whether it is bright or dark, as far as known."""
    strength, is_bright = absorption.trap_strengths.get(trap.state), absorption.is_bright(trap)
    return (
        "" if strength is None else f"{strength:.6f}",
        "" if is_bright is None else "bright" if is_bright else "dark",
    )


def trap_atoms_csv(analysis: Analysis) -> str:
    """Return one line for each atom among the fewest that hold nine tenths of a trap.

    Parameters
    ----------
    analysis : Analysis
        The results.

    Returns
    -------
    str
        Comma-separated values under the header ``side,state,spin,atom,element,domain,coordination,
        bulk_coordination,position,weight,held``: atoms count from 1, the largest weight of each
        trap stands first, and ``held`` is what the atoms so far hold together. What is not known of
        an atom is empty. With own groups the name of its group stands last.
    """
    sites = analysis.sites
    numbers, spins = labels(analysis.states)
    columns = [
        [""] * len(sites.symbols) if column is None else column.astype(str).tolist()
        for column in (
            sites.symbols,
            sites.domains,
            sites.coordination,
            sites.bulk_coordination,
            sites.positions,
        )
    ]
    head = "side,state,spin,atom,element,domain,coordination,bulk_coordination,position,weight,held"
    own = analysis.sites.groups
    lines = [head if own is None else f"{head},group"]
    for trap in analysis.traps.traps:
        of_trap = f"{trap.side},{numbers[trap.state]},{spins[trap.state]}"
        held = np.cumsum(trap.weights).tolist()
        for atom, weight, so_far in zip(
            trap.atoms.tolist(), trap.weights.tolist(), held, strict=True
        ):
            place = ",".join(column[atom] for column in columns)
            group = "" if own is None else f",{own[atom]}"
            lines.append(f"{of_trap},{atom + 1},{place},{weight:.8f},{so_far:.8f}{group}")
    return "\n".join(lines) + "\n"


def profile_csv(analysis: Analysis) -> str:
    """Return the local density of states in space: a line per energy, a column per slice.

    Parameters
    ----------
    analysis : Analysis
        Results with a profile.

    Returns
    -------
    str
        Comma-separated values under the header ``energy_ev,COORDINATE,...``, where each slice is
        named by the coordinate of its middle in Å; states per eV in the slice.
    """
    profile = analysis.profile
    if profile is None:
        raise InputError("there is no profile in space without coordinates; give the model")
    names = ["energy_ev", *(f"{centre_a:.4g}" for centre_a in profile.centres_a.tolist())]
    table = np.column_stack([profile.grid_ev, profile.density.T])
    return csv_of(names, table)


def csv_of(names: list[str], table: Floats) -> str:
    """Return a table whose first column is an energy in eV."""
    rows = [",".join(["%.6f"] * len(names)) % tuple(row) for row in table.tolist()]
    return "\n".join([_line(names), *rows]) + "\n"


def _line(names: Iterable[str]) -> str:
    """Join names by commas; names that hold one are quoted."""
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()
