"""Edges, gaps, traps and groups of many runs, a line each."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.states import difference, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.analysis.states import FilteredGap, Spectrum

_OF_FILTER = (
    *("valence_edge_ev", "conduction_edge_ev", "gap_ev", "n_valence_traps", "n_conduction_traps"),
    *("valence_trap_depth_ev", "conduction_trap_depth_ev"),
)

TABLE_COLUMNS = (
    *("label", "formula", "n_atoms", "diameter_nm", "n_states", "restricted"),
    *("homo_ev", "lumo_ev", "homo_lumo_gap_ev", "fermi_ev", "vacuum_ev"),
    "edge_filter",
    "ipr_max",
    *(f"filtered_{name}" for name in _OF_FILTER),
    "n_ipr_max",
    *(f"size_aware_{name}" for name in _OF_FILTER),
    "source",
)
"""Columns of every table of runs; those of groups follow them."""


def run_rows(spectra: Sequence[Spectrum]) -> list[dict[str, Any]]:
    """Return a row for each run, all with the same keys.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The runs.

    Returns
    -------
    list of dict
        `TABLE_COLUMNS`, then ``homo_NAME`` and ``lumo_NAME``, the weights in HOMO and LUMO of each
        element that is in one of the runs, 0 in a run that does not have it. Energies in eV to
        1e-6. What does not exist is None.
    """
    names = tuple(dict.fromkeys(n for one in spectra for n in one.shared_by("element").names))
    return [{**_numbers(one), **_weights(one, names)} for one in spectra]


def _numbers(one: Spectrum) -> dict[str, Any]:
    """Return the columns that every table has."""
    gap, options = one.gap, one.options
    used = None if one.ipr is None else gap.delocalised
    found: dict[str, Any] = {
        "label": one.label,
        "formula": one.formula,
        "n_atoms": one.n_atoms,
        "diameter_nm": None if one.diameter_nm is None else round(one.diameter_nm, 4),
        "n_states": len(one.energies_ev),
        "restricted": one.restricted,
        "homo_ev": rounded(gap.homo_ev),
        "lumo_ev": rounded(gap.lumo_ev),
        "homo_lumo_gap_ev": rounded(gap.homo_lumo_gap_ev),
        "fermi_ev": rounded(one.fermi_ev),
        "vacuum_ev": rounded(one.vacuum_ev),
        "edge_filter": used and ("filtered" if used is gap.filtered else "size_aware"),
        "ipr_max": options.ipr_max,
        **_of_filter(one, "filtered", gap.filtered),
        "n_ipr_max": options.n_ipr_max,
        **_of_filter(one, "size_aware", gap.size_aware),
        "source": one.source,
    }
    return {column: found[column] for column in TABLE_COLUMNS}


def _of_filter(one: Spectrum, name: str, used: FilteredGap) -> dict[str, Any]:
    """Return what a filter leaves, with the depth of its outermost traps, 0 without traps."""
    depths = (
        (used.n_valence_traps, difference(one.gap.homo_ev, used.valence_edge_ev)),
        (used.n_conduction_traps, difference(used.conduction_edge_ev, one.gap.lumo_ev)),
    )
    valence_ev, conduction_ev = (
        0.0 if n_traps == 0 else rounded(depth_ev) for n_traps, depth_ev in depths
    )
    values = (
        rounded(used.valence_edge_ev),
        rounded(used.conduction_edge_ev),
        rounded(used.gap_ev),
        used.n_valence_traps,
        used.n_conduction_traps,
        valence_ev,
        conduction_ev,
    )
    return {f"{name}_{key}": value for key, value in zip(_OF_FILTER, values, strict=True)}


def _weights(one: Spectrum, names: Sequence[str]) -> dict[str, float | None]:
    """Return what each element holds of HOMO and LUMO."""
    shares = one.shared_by("element")
    found: dict[str, float | None] = {}
    for level, energy_ev in (("homo", one.gap.homo_ev), ("lumo", one.gap.lumo_ev)):
        state = None if energy_ev is None else _state_at(one, energy_ev)
        for name in names:
            weight = 0.0
            if name in shares.names and state is not None:
                weight = float(shares.weights[shares.names.index(name), state])
            found[f"{level}_{name}"] = None if state is None else round(weight, 6)
    return found


def _state_at(one: Spectrum, energy_ev: float) -> int | None:
    """Return the state of an energy; None if its weights are not known."""
    state = int(np.argmin(np.abs(one.energies_ev - energy_ev)))
    return state if abs(one.energies_ev[state] - energy_ev) < SAME_EV else None


SAME_EV = 1e-5
"""Largest difference of an energy from that of its own state, by what files round."""


def rows_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as comma-separated values under their keys; None is left empty."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {
            key: str(value).lower() if isinstance(value, bool) else value
            for key, value in row.items()
        }
        for row in rows
    )
    return text.getvalue()
