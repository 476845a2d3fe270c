"""What a claim on states needs of an analysed run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.export import is_analysed, read_spectrum
from epicarve.errors import InputError
from epicarve.files import read_json
from epicarve.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from epicarve.analysis.states import Spectrum

SIDES = ("valence", "conduction")


@dataclass(frozen=True)
class FilteredEdges(Record):
    """The gap that the filter leaves."""

    gap_ev: float | None


@dataclass(frozen=True)
class TrapSites(Record):
    """On what the traps of an edge sit, in a sentence."""

    sentence: str


@dataclass(frozen=True)
class LevelAlignment(Record):
    """The type of an alignment and its offsets in eV."""

    type: str | None
    valence_offset_ev: float | None
    conduction_offset_ev: float | None


@dataclass(frozen=True)
class RunResults(Record):
    """Results of an analysed run.

    Parameters
    ----------
    formula : str
        What was computed.
    ipr_max : float
        Threshold of the filter.
    homo_lumo_gap_ev : float or None
        Gap without the filter.
    filtered : FilteredEdges
        Gap with it.
    traps : dict of str to TrapSites
        The traps of each edge.
    alignment : LevelAlignment
        How the levels of two domains lie.
    edges : dict of str to dict of str to float
        For each edge that the filter leaves, the share of each element in its state.
    edge_domains : dict of str to dict of str to float
        The same by domain; empty of one domain.
    """

    formula: str
    ipr_max: float
    homo_lumo_gap_ev: float | None
    filtered: FilteredEdges
    traps: dict[str, TrapSites]
    alignment: LevelAlignment
    edges: dict[str, dict[str, float]]
    edge_domains: dict[str, dict[str, float]]


def require_analysed(folder: Path) -> None:
    """Refuse a folder that holds no analysis.

    Raises
    ------
    InputError
        If that is so.
    """
    if not is_analysed(folder):
        raise InputError(
            f"{folder}: it holds no summary.json and states.csv; name the folder that epicarve "
            "analyse or run wrote to"
        )


def read_results(folder: Path, counts: Mapping[str, int]) -> RunResults:
    """Read the results of a model from the folder of its analysis.

    Parameters
    ----------
    folder : Path
        What `epicarve analyse` or `epicarve run` filled.
    counts : mapping of str to int
        Atoms of the model by element.

    Raises
    ------
    InputError
        If it holds no analysis with weights of single atoms, or that of other atoms.
    """
    require_analysed(folder)
    spectrum = read_spectrum(folder)
    told = read_json(folder / "summary.json")
    if "traps" not in told or spectrum.ipr is None:
        raise InputError(
            f"{folder}: its weights are not of single atoms, so that nothing is known of traps; "
            "analyse a run with orbitals or one list for each atom"
        )
    computed = _counts(str(told.get("formula")))
    if computed != dict(counts):
        wanted = "".join(f"{symbol}{n}" for symbol, n in counts.items())
        raise InputError(
            f"{folder}: its results are of {told.get('formula')}, and the model is {wanted}; name "
            "the folder of this model"
        )
    edges, domains = _edges(spectrum)
    found: RunResults = RunResults.of(
        {**told, "edges": edges, "edge_domains": domains}, str(folder / "summary.json")
    )
    return found


def _counts(formula: str) -> dict[str, int]:
    from ase.formula import Formula  # noqa: PLC0415  (costs 0.2 s)

    counts: dict[str, int] = Formula(formula).count()
    return counts


def _edges(spectrum: Spectrum) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the shares of elements and of domains in the states at the filtered edges."""
    shares = {one.kind: one for one in spectrum.shares if one.kind in {"element", "domain"}}
    found: dict[str, dict[str, Any]] = {"element": {}, "domain": {}}
    filtered = spectrum.gap.filtered
    for side in SIDES:
        edge_ev = getattr(filtered, f"{side}_edge_ev")
        if edge_ev is None:
            continue
        state = int(np.argmin(np.abs(spectrum.energies_ev - edge_ev)))
        for kind, groups in shares.items():
            weights = groups.weights[:, state].round(4).tolist()
            found[kind][side] = dict(zip(groups.names, weights, strict=True))
    return found["element"], found["domain"]
