"""Claims on the particles: composition, size, cell, distances, neighbours, ordering, dipole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .rows import (
    NOT_FOUND,
    NOT_GIVEN,
    Cell,
    Claim,
    Row,
    Stated,
    deviation,
    lengths,
    relative,
    row,
    same,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .measured import Measured
    from .subjects import Subject

SIZES = {
    "Pb3S2Cl2 sphere": Stated("about 4.2 nm", "§3, Fig. S11a", 4.2),
    "Pb4S3Cl2 sphere": Stated("about 4.2 nm", "§3, Fig. S11c", 4.2),
    "Pb4S3Cl2 hemisphere": Stated("half a sphere of about 4.2 nm", "§3, Fig. S11c", 4.2),
}

RATIOS = {"Pb3S2Cl2 sphere": Stated("Pb:S:Cl nearly 3:2:2", "§3")}

ATOMS_PERCENT = {
    "Pb3S2Cl2": Stated("46.0, 26.3, 28.5 %", "SEM-EDX, Table S1", (46.0, 26.3, 28.5)),
}

DENSITIES = {
    "Pb3S2Cl2": Stated("6.95 g/cm³", "§4", 6.95),
    "Pb4S3Br2": Stated("about 7.38 g/cm³", "§4", 7.38),
}

CELLS = {
    "Pb3S2Cl2": Stated(
        "12.595, 12.771, 7.662 Å; β 144.5°", "XRPD, Table S2", (12.595, 12.771, 7.6624)
    ),
    "Pb4S3Br2": Stated("8.178, 14.732, 8.095 Å", "XRPD, Table S4", (8.178, 14.732, 8.095)),
}

DISTANCES = {
    ("Pb3S2Cl2", "S"): Stated("about 2.85 Å", "PDF, Fig. S16", 2.85),
    ("Pb4S3Br2", "S"): Stated("about 2.85 Å", "PDF, Fig. S16", 2.85),
    ("Pb3S2Cl2", "Cl"): Stated("2.9 Å", "PDF, Fig. S16", 2.9),
    ("Pb4S3Br2", "Br"): Stated(
        "between 2.9 Å (Pb3S2Cl2) and 3.3 Å (Pb4S3I2)", "PDF, Fig. S16", (2.9, 3.3)
    ),
    ("Pb3S2Cl2", "Pb"): Stated("about 4.1 Å", "PDF, Fig. S16", 4.1),
    ("Pb4S3Br2", "Pb"): Stated(
        "between 3.8 Å (Pb4S3I2) and 4.1 Å (Pb3S2Cl2)", "PDF, Fig. S16", (3.8, 4.1)
    ),
}

NEIGHBOURS = {
    ("Pb3S2Cl2", "Cl"): Stated("6 Pb, distorted octahedron", "§4, Fig. S15", 6),
    ("Pb4S3Br2", "Br"): Stated("7 Pb, pentagonal bipyramid", "§4, Fig. S15", 7),
    **{
        (crystal, symbol): Stated("alike in Pb3S2Cl2 and Pb4S3Br2", "§4, Fig. S15")
        for crystal in ("Pb3S2Cl2", "Pb4S3Br2")
        for symbol in ("S", "Pb")
    },
}

UNKNOWN_ORDERING = Stated("S and Cl can't be told apart; tentative", "§2, Fig. S7")

PAIR_DISTRIBUTION = "study-pair-distribution.png"
"""Figure of the pair distributions."""


def structure_claims(subjects: Sequence[Subject]) -> list[Claim]:
    """Return the claims on single particles, and on halves that are joined as far as they hold."""
    spheres = [one for one in subjects if "sphere" in one.model.told.split()]
    return [
        _composition(subjects),
        _sizes(subjects),
        _densities(spheres),
        _cells(subjects),
        _distances(spheres),
        _neighbours(spheres),
        _ordering(spheres),
        _dipoles(subjects),
    ]


def _composition(subjects: Sequence[Subject]) -> Claim:
    rows = [
        row(one.model.told, RATIOS.get(one.model.told), *one.cells(_formula), None)
        for one in subjects
    ]
    rows = [
        each if _crystal(one) is None else _with_judgement(each)
        for one, each in zip(subjects, rows, strict=True)
    ]
    for one, crystal in _named(subjects):
        if crystal in ATOMS_PERCENT:
            what = f"{one.model.told}: atoms of {', '.join(one.ours.found.counts)}"
            rows.append(row(what, ATOMS_PERCENT[crystal], *one.cells(_percent), lengths))
    published = _charges([one.published for one in subjects])
    ours = _charges([one.ours for one in subjects])
    neutral = Stated("charge-balanced", "§3", 0)
    rows.append(row("formal charge", neutral, published, ours, same))
    return Claim(
        "Composition and charge",
        "Ions by crystal. The percentage is the largest deviation of an element from its ratio in "
        "the crystal, of two joined crystals the larger one: there the cuboid has CsCl on five "
        "faces by intent. Of particles of one crystal it is judged by itself. The measured atoms "
        "are those of dried nanocrystals with their ligands.",
        tuple(rows),
    )


def _formula(measured: Measured) -> Cell:
    off = measured.ratio_deviation()
    parts = [one.counts for one in measured.found.domains] or [measured.found.counts]
    told = " on ".join("".join(f"{symbol}{n}" for symbol, n in part.items()) for part in parts)
    total = f"{measured.found.n_atoms:,} ions: {told}"
    return Cell(total if off is None else f"{total}; {100.0 * off:.1f} %", off)


def _percent(measured: Measured) -> Cell:
    found = measured.found
    shares = tuple(100.0 * n / found.n_atoms for n in found.counts.values())
    return Cell(f"{', '.join(f'{share:.1f}' for share in shares)} %", shares)


def _with_judgement(each: Row) -> Row:
    """Return a row with both deviations judged by themselves."""
    judged = [
        f"{name} {deviation(None, value)}"
        for name, value in (("published", each.published_value), ("ours", each.ours_value))
        if value is not None
    ]
    return replace(each, judged="; ".join(judged))


def _charges(models: Sequence[Measured | None]) -> Cell:
    charges = [one.found.net_charge for one in models if one is not None]
    if not charges:
        return NOT_GIVEN
    if any(charge is None for charge in charges):
        return Cell("not known of all", None)
    told = {charge for charge in charges if charge is not None}
    if told == {0}:
        return Cell(f"0 in {'each of ' if len(charges) > 1 else ''}{len(charges)}", 0)
    return Cell(", ".join(f"{charge:+d}" for charge in sorted(told)), max(told, key=abs))


def _sizes(subjects: Sequence[Subject]) -> Claim:
    rows = []
    for one in subjects:
        stated = SIZES.get(one.model.told)
        whole = None if one.model.told.endswith("hemisphere") else stated
        for what, said, tell in (
            ("largest distance", stated, _largest),
            ("diameter by gyration", whole, _gyration),
        ):
            rows.append(row(f"{one.model.told}: {what}", said, *one.cells(tell), relative))
    return Claim(
        "Size",
        "Largest distance of two ions; diameter of the even sphere with the same radius of "
        "gyration, 2 √(5/3) R. Ours are cut from bulk crystals with 4.2 nm and not relaxed.",
        tuple(rows),
    )


def _largest(measured: Measured) -> Cell:
    size = measured.found.diameter_nm.largest
    return Cell(f"{size:.2f} nm", size)


def _gyration(measured: Measured) -> Cell:
    size = measured.found.diameter_nm.gyration
    return Cell(f"{size:.2f} nm", size)


def _densities(spheres: Sequence[Subject]) -> Claim:
    rows = []
    for one, crystal in _named(spheres):

        def density(measured: Measured, crystal: str = crystal) -> Cell:
            found = measured.density_g_cm3(crystal)
            return NOT_FOUND if found is None else Cell(f"{found:.2f} g/cm³", found)

        rows.append(row(crystal, DENSITIES.get(crystal), *one.cells(density), relative))
    return Claim(
        "Density",
        "The crystal's mass in the cell that the core of the sphere has, so that the surface does "
        "not count. Ours is that of the bundled crystal.",
        tuple(rows),
    )


def _cells(subjects: Sequence[Subject]) -> Claim:
    rows = []
    for one, crystal in ((s, each.crystal) for s in subjects for each in s.ours.found.domains):

        def cell(measured: Measured, crystal: str = crystal) -> Cell:
            domain = measured.domain(crystal)
            if domain is None:
                return NOT_FOUND
            core = domain.core_cell
            return Cell(core.told, (core.a, core.b, core.c))

        of = f" in {one.model.told}" if _crystal(one) is None else f" {one.model.told.split()[-1]}"
        rows.append(row(f"{crystal}{of}", CELLS.get(crystal), *one.cells(cell), lengths))
    return Claim(
        "Cell of the core",
        "Lattice vectors between ions on the same site in different cells, by least squares over "
        "inner ions (docs/identify.md); angles of 90° to 0.5° are left out. Judged by the lengths "
        "a, b, c. The study's cells are of measured nanocrystals; its models were relaxed with a "
        "density functional, and PBE stretches the layered crystals along b (docs/bulk.md). Ours "
        "are cut from cells that were measured, or corrected for that.",
        tuple(rows),
    )


def _distances(spheres: Sequence[Subject]) -> Claim:
    rows = []
    for one, crystal in _named(spheres):
        for other in ("S", _halide(one), "Pb"):

            def peak(measured: Measured, other: str = other) -> Cell:
                found = measured.first_peak_a("Pb", other)
                return NOT_FOUND if found is None else Cell(f"{found:.2f} Å", found)

            stated = DISTANCES.get((crystal, other))
            rows.append(row(f"Pb-{other} in {crystal}", stated, *one.cells(peak), relative))
    return Claim(
        "Distances and pair distribution",
        "First peak of the pair distribution of two elements, all ions counted: neighbours at a "
        "distance r, each spread by 0.15 Å, over r². The study reads peaks of measured X-ray pair "
        "distributions.",
        tuple(rows),
        PAIR_DISTRIBUTION,
    )


def _neighbours(spheres: Sequence[Subject]) -> Claim:
    rows = []
    for one, crystal in _named(spheres):
        for symbol in (_halide(one), "S", "Pb"):

            def inner(measured: Measured, symbol: str = symbol) -> Cell:
                figures = measured.found.inner_coordination.get(symbol)
                if figures is None:
                    return NOT_FOUND
                numbers = {int(n): count for n, count in figures.numbers.items()}
                most = max(numbers, key=lambda n: (numbers[n], n))
                total = sum(numbers.values())
                share = 100.0 * numbers[most] / total
                return Cell(f"{most} ({share:.0f} % of {total}; mean {figures.mean:.2f})", most)

            stated = NEIGHBOURS.get((crystal, symbol))
            rows.append(row(f"{symbol} in {crystal}", stated, *one.cells(inner), same))
    return Claim(
        "Neighbours of opposite charge",
        "Their commonest number around inner ions, which have ions on all sites around them, "
        "within the bonds of the bundled crystal.",
        tuple(rows),
    )


def _ordering(spheres: Sequence[Subject]) -> Claim:
    rows = []
    for one, crystal in _named(spheres):

        def ordering(measured: Measured, crystal: str = crystal) -> Cell:
            domain = measured.domain(crystal)
            found = None if domain is None else domain.ordering
            if domain is None or found is None:
                return NOT_FOUND
            equal = "".join(f" (equal: {told})" for told in domain.equal_orderings)
            known = "no bundled crystal" if found.crystal is None else found.crystal
            rival = ""
            if found.next_agreement is not None:
                rival = f", next best {100.0 * found.next_agreement:.0f} %"
            told = (
                f"{found.told}{equal}: that of {known}; "
                f"{100.0 * found.agreement:.0f} % of the inner anions{rival}"
            )
            return Cell(told, found.told)

        stated = UNKNOWN_ORDERING if crystal == "Pb3S2Cl2" else None
        rows.append(row(crystal, stated, *one.cells(ordering), same))
    return Claim(
        "Which anion stands where",
        "The ordering of anions on the crystal's anion sites X0, X1, ... with which most inner "
        "anions agree; equal ones are the same in another orientation. Energies of the six "
        "orderings of Pb3S2Cl2: docs/bulk.md.",
        tuple(rows),
    )


def _dipoles(subjects: Sequence[Subject]) -> Claim:
    rows = []
    for one in subjects:

        def dipole(measured: Measured) -> Cell:
            found = measured.found.dipole_debye
            return NOT_FOUND if found is None else Cell(f"{found:.0f} D", found)

        rows.append(row(one.model.told, None, *one.cells(dipole), relative))
    return Claim(
        "Formal dipole",
        "Dipole of the formal charges about their centroid. The study does not tell it; our cuts "
        "limit it, and relaxation has moved the ions of the published ones.",
        tuple(rows),
    )


def _named(subjects: Sequence[Subject]) -> list[tuple[Subject, str]]:
    """Return subjects of one crystal with its name."""
    return [(one, name) for one in subjects if (name := _crystal(one)) is not None]


def _crystal(subject: Subject) -> str | None:
    """Return the crystal of a particle; None of a heterostructure."""
    crystals = [one.crystal for one in subject.ours.found.domains]
    return crystals[0] if len(crystals) == 1 else None


def _halide(subject: Subject) -> str:
    counts: Mapping[str, Any] = subject.ours.found.counts
    return next(symbol for symbol in ("Cl", "Br", "I") if symbol in counts)
