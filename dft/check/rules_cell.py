"""Rules of a check on the box: cell, periodicity, Poisson solver, and where the atoms lie in it."""

from __future__ import annotations

from itertools import product
from math import dist, floor, isclose
from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import (
    Vector,
    cell_vectors,
    lengths_and_angles,
    periodicity,
    symmetrised,
)

if TYPE_CHECKING:
    from epicarve.dft.cp2k_input import CheckContext, InputAtoms, InputCell

LEAST_MARGIN_A = 2.0
"""Distance in Å from a nucleus within which its valence density is surely not zero."""

CONTACT_A = 1.0
"""No two atoms but hydrogen come closer than this in Å (the shortest bonds: CO 1.13, N2 1.10)."""

HYDROGEN_CONTACT_A = 0.6
"""The same with hydrogen (H2 0.74)."""

SYMMETRY = 1e-3
"""How far CP2K's symmetry may change lengths and angles, as a fraction: more is no rounding."""

SHAPE = 1e-4
"""How far the edges of a cube may differ, as a fraction, before CP2K's grids along them do."""


HALF_OF_NEIGHBOURS = [step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)]
"""Steps to neighbouring boxes, each pair of opposite ones once."""


def check_cell(subject: CheckContext) -> None:
    """Check that there is a cell and that it has a volume."""
    subsys = subject.force_eval.first("SUBSYS")
    if subsys is None:
        return
    section = subsys.first("CELL")
    if section is None:
        subject.report.error(subsys.line, "there is no &CELL", "add it to &SUBSYS")
        return
    if section.entry("CELL_FILE_NAME"):
        return
    if cell_vectors(section) is None:
        subject.report.error(section.line, "the cell has no size", "give ABC, or A, B and C")
    elif subject.cell is None:
        subject.report.error(
            section.line, "the cell has no volume, or one beyond any sense", "mend its vectors"
        )


def check_symmetry(subject: CheckContext) -> None:
    """Check that SYMMETRY leaves the cell as it is given: CP2K makes the cell to fit it."""
    section = subject.force_eval.first("SUBSYS", "CELL")
    given = cell_vectors(section) if section else None
    if section is None or given is None or subject.cell is None:
        return
    symmetry = str(section.value("SYMMETRY"))
    made = symmetrised(given, symmetry)
    if made is None:
        subject.report.error(
            section.where("SYMMETRY"),
            f"SYMMETRY {symmetry} leaves a cell without volume",
            "leave SYMMETRY out",
        )
        return
    before, after = lengths_and_angles(given), lengths_and_angles(made)
    if not all(isclose(a, b, rel_tol=SYMMETRY) for a, b in zip(before, after, strict=True)):
        said = f"lengths and angles {_numbers(before)} into {_numbers(after)}: another crystal"
    elif subject.atoms is not None and subject.atoms.scaled:
        return
    elif any(dist(a, b) > SYMMETRY * max(before) for a, b in zip(given, made, strict=True)):
        said = "the directions of the vectors: coordinates in Å no longer belong to it"
    else:
        return
    subject.report.error(
        section.where("SYMMETRY"),
        f"SYMMETRY {symmetry} changes the cell, {said}",
        "leave SYMMETRY out: it only keeps a cell that relaxes",
    )


def check_poisson(subject: CheckContext) -> None:
    """Check that the Poisson solver fits the periodicity and the shape of the cell."""
    cell, dft = subject.cell, subject.dft
    if cell is None or dft is None or not subject.on_grid:
        return
    poisson = dft.first("POISSON")
    solver = str(poisson.value("POISSON_SOLVER")) if poisson else "PERIODIC"
    word = str(poisson.value("PERIODIC")) if poisson else "XYZ"
    periodic = periodicity(word)
    line = poisson.line if poisson else cell.section.line
    if poisson and poisson.entry("POISSON_SOLVER"):
        line = poisson.where("POISSON_SOLVER")
    if periodic != cell.periodic:
        own = cell.section.value("PERIODIC")
        subject.report.warn(
            poisson.where("PERIODIC") if poisson else cell.section.where("PERIODIC"),
            f"PERIODIC is {own} in &CELL, but {word} in &POISSON"
            + ("" if poisson and poisson.entry("PERIODIC") else " (CP2K's default)"),
            "give both the same",
        )
    n_periodic = sum(periodic)
    said = f"POISSON_SOLVER {solver} with PERIODIC {word}"
    if solver == "PERIODIC" and n_periodic < 3:
        subject.report.error(
            line,
            f"{said}: it knows only XYZ",
            "use WAVELET, MT or ANALYTIC for what is not periodic",
        )
    elif solver == "MULTIPOLE" and n_periodic:
        subject.report.error(line, f"{said}: it knows only NONE", "use PERIODIC")
    elif solver == "MT":
        _check_mt(subject, cell, periodic, said)
    elif solver == "WAVELET":
        if word not in {"NONE", "XZ", "XYZ"}:
            subject.report.error(line, f"{said}: it knows NONE, XZ and XYZ", "turn the cell")
        elif not cell.is_cuboid:
            subject.report.error(
                line, "POISSON_SOLVER WAVELET needs a cell with right angles", "change the cell"
            )
        elif word == "NONE" and not _is_cube(cell):
            subject.report.error(
                line,
                "POISSON_SOLVER WAVELET with PERIODIC NONE needs a cubic cell",
                f"set ABC 3*{max(cell.heights_a):.3f}, or use MT",
            )


def check_places(subject: CheckContext) -> None:
    """Check that atoms lie in the box where it is not periodic, for WAVELET with some room."""
    cell, atoms = subject.cell, subject.atoms
    if cell is None or atoms is None or all(cell.periodic):
        return
    if subject.n_copies > 1 or not subject.on_grid:
        return
    topology = subject.force_eval.first("SUBSYS", "TOPOLOGY")
    centred = topology is not None and topology.on("CENTER_COORDINATES") is not None
    poisson = subject.force_eval.first("DFT", "POISSON")
    wavelet = poisson is not None and poisson.value("POISSON_SOLVER") == "WAVELET"
    margins_a: dict[str, float] = {}
    for axis, (low, high) in enumerate(_ranges(atoms, cell)):
        if not cell.periodic[axis]:
            margin = 0.5 * (1.0 - high + low) if centred else min(low, 1.0 - high)
            margins_a["xyz"[axis]] = margin * cell.heights_a[axis]
    least_a = min(margins_a.values())
    axes = " and ".join(name for name, margin_a in margins_a.items() if margin_a < least_a + 0.5)
    if least_a < -1e-3:
        subject.report.add(
            atoms.line,
            f"atoms lie up to {-least_a:.2f} Å outside the box along {axes}, where it is not "
            "periodic",
            "make the box larger, or add &CENTER_COORDINATES to &TOPOLOGY",
            "error" if wavelet else "warning",
        )
    elif wavelet and least_a < LEAST_MARGIN_A - 1e-3:
        subject.report.warn(
            atoms.line,
            f"nuclei are as close as {least_a:.2f} Å to the faces of the box along {axes}, where "
            "the density has to vanish",
            f"leave {LEAST_MARGIN_A:g} Å at least, better 5 Å",
        )


def check_contacts(subject: CheckContext) -> None:
    """Check that no two atoms are closer than any bond is long."""
    atoms, cell = subject.atoms, subject.cell
    if atoms is None or not subject.is_quickstep or subject.n_copies > 1:
        return
    if cell is None and atoms.scaled:
        return
    real = [i for i, label in enumerate(atoms.labels) if not subject.is_ghost(label)]
    hydrogen = [subject.element(label) in {"H", "D"} for label in atoms.labels]
    places = _cartesian(atoms, cell) if cell else list(atoms.positions_a)
    closest: tuple[float, int, int] | None = None
    for i, j, distance_a in close_pairs([places[i] for i in real], cell, CONTACT_A):
        first, second = real[i], real[j]
        limit_a = HYDROGEN_CONTACT_A if hydrogen[first] or hydrogen[second] else CONTACT_A
        if distance_a < limit_a and (closest is None or distance_a < closest[0]):
            closest = distance_a, first, second
    if closest is not None:
        distance_a, first, second = closest
        names = f"{atoms.labels[first]} {first + 1} and {atoms.labels[second]} {second + 1}"
        subject.report.error(
            atoms.line,
            f"the atoms {names} are {distance_a:.2f} Å apart, closer than any bond is long",
            "mend the coordinates, their unit or the cell",
        )


def close_pairs(
    places_a: list[Vector], cell: InputCell | None, limit_a: float
) -> list[tuple[int, int, float]]:
    """Find all pairs of points closer than a limit, in time in proportion to their number.

    Parameters
    ----------
    places_a : list of tuple of float
        Cartesian coordinates in Å.
    cell : InputCell or None
        Cell whose periodic directions are taken into account.
    limit_a : float
        The limit in Å, at most each periodic height of the cell.

    Returns
    -------
    list of tuple
        First and second index, and distance in Å.
    """
    points = list(enumerate(places_a))
    if cell is not None:
        points = _with_images(points, cell, limit_a)
    boxes: dict[tuple[int, int, int], list[tuple[int, Vector]]] = {}
    for index, (x, y, z) in points:
        box = floor(x / limit_a), floor(y / limit_a), floor(z / limit_a)
        boxes.setdefault(box, []).append((index, (x, y, z)))
    found: dict[tuple[int, int], float] = {}
    for (x, y, z), members in boxes.items():
        near = [*members]
        for i, j, k in HALF_OF_NEIGHBOURS:
            if others := boxes.get((x + i, y + j, z + k)):
                near += others
        for n, (first, a) in enumerate(members, start=1):
            for second, b in near[n:]:
                distance_a = dist(a, b)
                pair = (first, second) if first < second else (second, first)
                if distance_a < min(limit_a, found.get(pair, limit_a)):
                    found[pair] = distance_a
    return [(i, j, distance_a) for (i, j), distance_a in found.items()]


def _with_images(
    points: list[tuple[int, Vector]], cell: InputCell, limit_a: float
) -> list[tuple[int, Vector]]:
    """Move points into the cell and add the images of those close to one face of each pair.

    One face is enough: any two points that are close across faces are both among the result.
    """
    placed = [(index, list(cell.fractional(place))) for index, place in points]
    for axis in range(3):
        if not cell.periodic[axis]:
            continue
        for _, place in placed:
            place[axis] -= floor(place[axis])
        width = limit_a / cell.heights_a[axis]
        placed += [
            (index, [x + (i == axis) for i, x in enumerate(place)])
            for index, place in placed
            if place[axis] < width
        ]
    return [(index, cell.cartesian((x, y, z))) for index, (x, y, z) in placed]


def _check_mt(
    subject: CheckContext, cell: InputCell, periodic: tuple[bool, bool, bool], said: str
) -> None:
    line = cell.section.line
    if sum(periodic) not in {0, 2}:
        subject.report.error(line, f"{said}: it knows NONE and two directions", "use PERIODIC")
        return
    atoms = subject.atoms
    if atoms is None or subject.n_copies > 1:
        return
    for axis, (low, high) in enumerate(_ranges(atoms, cell)):
        edge_a = cell.heights_a[axis]
        extent_a = (high - low) * edge_a
        if not periodic[axis] and edge_a < 2.0 * extent_a - 1e-3:
            subject.report.error(
                line,
                f"POISSON_SOLVER MT is wrong where the cell ({edge_a:.2f} Å along {'xyz'[axis]}) "
                f"is smaller than twice the {extent_a:.2f} Å of the atoms",
                f"make it {2.0 * extent_a:.2f} Å at least, or use WAVELET",
            )
            return


def _ranges(atoms: InputAtoms, cell: InputCell) -> list[tuple[float, float]]:
    """Return the lowest and highest fractional coordinate of the atoms along each axis."""
    placed = [cell.fractional(position) for position in _cartesian(atoms, cell)]
    return [(min(along), max(along)) for along in zip(*placed, strict=True)]


def _cartesian(atoms: InputAtoms, cell: InputCell) -> list[Vector]:
    if atoms.scaled:
        return [cell.cartesian(position) for position in atoms.positions_a]
    return list(atoms.positions_a)


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)


def _is_cube(cell: InputCell) -> bool:
    low, high = min(cell.heights_a), max(cell.heights_a)
    return high - low <= SHAPE * high
