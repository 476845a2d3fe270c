"""Claims on states: gaps, traps and where they sit, edges, alignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rows import Cell, Claim, Row, Stated, energy, row, same
from .run_results import SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .run_results import RunResults
    from .subjects import Subject

GAPS = {
    "pb3s2cl2-sphere": Stated("about 1.8 eV, IPR ≤ 0.03", "§3, Fig. S11b", 1.8),
    "pb4s3cl2-hemisphere": Stated("about 1.6 eV, IPR ≤ 0.03", "§3, Fig. S11d", 1.6),
}
HETEROSTRUCTURE = "pb4s3cl2-cspbcl3-cube"

MANY_TRAPS = Stated("many localized states at both edges", "§3, Fig. S11")
EDGES = Stated("valence S, conduction Pb", "§3, Fig. S11", ("S", "Pb"))
EDGES_JOINED = Stated("both Pb4S3Cl2", "§3", ("Pb4S3Cl2", "Pb4S3Cl2"))
TRAPS_ON = Stated("Pb4S3Cl2 alone, at the chalcogenide surface", "§3")
ALIGNMENT = Stated("type I suggested, both edges Pb4S3Cl2", "§3", "I")

LEAST_SHARE = 0.005
"""Smaller shares of a state are not told."""

NOT_COMPUTED = Cell("not computed", None)


def state_claims(subjects: Sequence[Subject]) -> list[Claim]:
    """Return the claims on the states of those models of which the study tells them."""
    told = [one for one in subjects if one.model.name in {*GAPS, HETEROSTRUCTURE}]
    if not told:
        return []
    rows = [each for one in told for each in _rows(one)]
    return [
        Claim(
            "Gap, traps and alignment",
            "From analysed runs that were given by --results; energies agree within 0.1 eV and are "
            "near within 0.3 eV. " + _how_to_compute(told),
            tuple(rows),
        )
    ]


def _rows(subject: Subject) -> list[Row]:
    name, told = subject.model.name, subject.model.told
    joined = name == HETEROSTRUCTURE
    traps, edges = (TRAPS_ON, EDGES_JOINED) if joined else (MANY_TRAPS, EDGES)

    def of_edges(results: RunResults) -> Cell:
        return _edges(results.edge_domains if joined else results.edges)

    rows = [
        row(f"{told}: gap with the filter", GAPS.get(name), *_cells(subject, _gap), energy),
        row(f"{told}: HOMO-LUMO gap", None, *_cells(subject, _plain_gap), energy),
        row(f"{told}: traps and where they sit", traps, *_cells(subject, _traps), None),
        row(f"{told}: states at the edges", edges, *_cells(subject, of_edges), same),
    ]
    if joined:
        rows.append(row(f"{told}: alignment", ALIGNMENT, *_cells(subject, _alignment), same))
    return rows


def _gap(results: RunResults) -> Cell:
    gap_ev = results.filtered.gap_ev
    limit = f"IPR ≤ {results.ipr_max:g}"
    if gap_ev is None:
        return Cell(f"none with {limit}", None)
    return Cell(f"{gap_ev:.2f} eV, {limit}", gap_ev)


def _plain_gap(results: RunResults) -> Cell:
    gap_ev = results.homo_lumo_gap_ev
    return Cell("none", None) if gap_ev is None else Cell(f"{gap_ev:.2f} eV", gap_ev)


def _traps(results: RunResults) -> Cell:
    return Cell("; ".join(results.traps[side].sentence for side in SIDES), None)


def _edges(shares: Mapping[str, Mapping[str, float]]) -> Cell:
    """Return what holds most of the state at each filtered edge."""
    told, most = [], []
    for side in SIDES:
        ranked = sorted(shares.get(side, {}).items(), key=lambda item: -item[1])
        listed = ", ".join(
            f"{name} {100.0 * share:.0f} %" for name, share in ranked if share >= LEAST_SHARE
        )
        told.append(f"{side} {listed or 'none that is delocalized'}")
        most += [name for name, _ in ranked[:1]]
    return Cell("; ".join(told), tuple(most) if len(most) == len(SIDES) else None)


def _alignment(results: RunResults) -> Cell:
    found = results.alignment
    if found.type is None:
        return Cell("not known", None)
    offsets = (found.valence_offset_ev, found.conduction_offset_ev)
    told = " and ".join("?" if x is None else f"{x:.2f}" for x in offsets)
    kind = found.type if "type" in found.type else f"type {found.type}"
    return Cell(f"{kind}, offsets {told} eV", found.type)


def _cells(subject: Subject, tell: Callable[[RunResults], Cell]) -> tuple[Cell, Cell]:
    """Return what is told of the results of the published model and of ours."""
    published, ours = (
        NOT_COMPUTED if results is None else tell(results)
        for results in (subject.published_results, subject.our_results)
    )
    return published, ours


def _how_to_compute(told: Sequence[Subject]) -> str:
    """Say by which commands rows come in that are not computed."""
    lacking = [one.model for one in told if one.our_results is None]
    published = [one.model for one in told if one.published_results is None]
    words = []
    if lacking:
        one = lacking[0]
        words.append(
            f"Ours, such as {one.told}: `epicarve run {one.made_by} -o DIR`, then this command "
            f"with `--results {one.name}=DIR`; the names are {_listed(m.name for m in lacking)}."
        )
    if published:
        one = published[0]
        words.append(
            f"Published ones: a recipe with `structure: {one.file}` and `cp2k: {{prerelax: null, "
            "relax: null}` (docs/structures.md), `epicarve run` on it, then "
            f"`--results {one.published_name}=DIR`; the names are "
            f"{_listed(m.published_name for m in published)}."
        )
    return " ".join(words)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
