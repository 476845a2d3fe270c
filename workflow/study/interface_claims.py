"""Claims on the heterostructure: how the halves lie on each other, and their cations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import direction_name, plane_name

from .rows import NOT_FOUND, Cell, Claim, Row, Stated, relative, row, same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from epicarve.builder.recognition import FoundInterface
    from epicarve.builder.report import ContinuityFigures

    from .measured import Measured
    from .subjects import Subject

OF_THE_STUDY = "Pb4S3Cl2 on CsPbCl3"
"""The pair of which section 5 tells; the caption of Fig. S12 names that with Br too."""

PARALLEL = Stated("planar polyanions parallel to the interface", "§5, Fig. S17")
AS_CS = Stated("Pb of the film continue the Cs subnetwork", "§5, Fig. S18 left", "continuous")
AS_PB = Stated("and the Pb subnetwork at the same time", "§5, Fig. S18 right", "continuous")
PRESERVED = Stated("alignment of Pb preserved by the relaxation", "§3, Fig. S12")

SAME_REGISTRY = 0.25
"""Registries agree if they differ by no more than this part of the spacing of cations."""


def interface_claims(subjects: Sequence[Subject]) -> list[Claim]:
    """Return the claims on particles of two crystals; none if there is no such particle."""
    joined = [one for one in subjects if len(one.ours.found.domains) > 1]
    if not joined:
        return []
    return [
        Claim(
            "How the halves lie on each other",
            "Planes, directions, outermost layers and gap as found in the ions (docs/identify.md). "
            "Registries are compared up to the translations that change nothing, and agree if they "
            "differ by no more than a quarter of the spacing of cations. Ours is not relaxed.",
            tuple(each for one in joined for each in _orientation(one)),
        ),
        Claim(
            "Continuity of the cations",
            "Cations of the film over sites of the continued lattice of the perovskite, or of the "
            "film, within a quarter of the spacing of cations; continuous by the rule of "
            "docs/interfaces.md. Distances are in space, so that the larger gap of ours, which is "
            "not relaxed, counts.",
            tuple(each for one in joined for each in _continuity(one)),
        ),
    ]


def _orientation(subject: Subject) -> list[Row]:
    name = subject.model.told

    def rows_of(what: str, stated: Stated | None, tell: Callable[[FoundInterface], Cell]) -> Row:
        return row(f"{name}: {what}", stated, *_cells_of(subject, tell), same)

    registry = row(f"{name}: registry", PRESERVED, *_cells_of(subject, _registry), None)
    return [
        rows_of("planes", PARALLEL if name == OF_THE_STUDY else None, _planes),
        rows_of("directions", None, _directions),
        rows_of("faces", None, _faces),
        _judged_registry(subject, registry),
        row(f"{name}: gap", None, *_cells_of(subject, _gap), relative),
    ]


def _planes(found: FoundInterface) -> Cell:
    told = f"{plane_name(found.film_hkl)} on {plane_name(found.substrate_hkl)}"
    return Cell(f"{told}, {found.tilt_deg:.1f}° apart", told)


def _directions(found: FoundInterface) -> Cell:
    if found.film_directions is None or found.substrate_directions is None:
        return Cell("no common cell", None)
    pairs = zip(found.film_directions, found.substrate_directions, strict=True)
    told = ", ".join(f"{direction_name(a)} along {direction_name(b)}" for a, b in pairs)
    return Cell(told, told)


def _faces(found: FoundInterface) -> Cell:
    told = f"{found.film_termination} on {found.substrate_termination}"
    return Cell(told, told)


def _registry(found: FoundInterface) -> Cell:
    x, y = found.registry_a
    return Cell(f"{x:.2f}, {y:.2f} Å".replace("-", "−"), found.registry_a)


def _gap(found: FoundInterface) -> Cell:
    return Cell(f"{found.gap_a:.2f} Å", found.gap_a)


def _judged_registry(subject: Subject, each: Row) -> Row:
    """Return the row of registries with their distance up to translations."""
    ours = subject.ours.found.interface
    published = None if subject.published is None else subject.published.found.interface
    if ours is None or published is None or ours.registry_lattice_a is None:
        return each
    lattice = np.array(ours.registry_lattice_a)
    parts = (np.array(published.registry_a) - ours.registry_a) @ np.linalg.inv(lattice)
    corners = np.floor(parts) + np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    off_a = float(np.linalg.norm((parts - corners) @ lattice, axis=1).min())
    word = "agrees" if off_a <= SAME_REGISTRY * ours.continuity.spacing_a else "differs"
    return replace(each, judged=f"ours {word} ({off_a:.2f} Å apart)")


def _continuity(subject: Subject) -> list[Row]:
    name = subject.model.told
    as_cs, as_pb = (AS_CS, AS_PB) if name == OF_THE_STUDY else (None, None)
    onto_cs, onto_pb = (_cells_of(subject, tell) for tell in (_onto_cs, _onto_pb))
    return [
        row(f"{name}: perovskite continued", as_cs, *onto_cs, same),
        row(f"{name}: film continued", as_pb, *onto_pb, same),
    ]


def _onto_cs(found: FoundInterface) -> Cell:
    return _matched(found, "substrate")


def _onto_pb(found: FoundInterface) -> Cell:
    return _matched(found, "film")


def _matched(found: FoundInterface, side: str) -> Cell:
    both = (found.continuity, found.other_continuity)
    one: ContinuityFigures = next(each for each in both if each.continued == side)
    pairs = ", ".join(f"{n} {pair}" for pair, n in one.pairs.items()) or "none"
    rms = "" if one.rms_a is None else f", {one.rms_a:.2f} Å rms"
    told = f"score {one.matched_fraction:.2f}: {pairs} of {one.n_sites} sites{rms}"
    return Cell(told, "continuous" if one.continuous else "not continuous")


def _cells_of(subject: Subject, tell: Callable[[FoundInterface], Cell]) -> tuple[Cell, Cell]:
    """Return what is told of the interface of the published model and of ours."""

    def told(measured: Measured) -> Cell:
        found = measured.found.interface
        return NOT_FOUND if found is None else tell(found)

    return subject.cells(told)
