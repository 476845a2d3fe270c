"""epicarve interface and epicarve compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .terminal import (
    LONGEST_DERIVATION,
    AsJson,
    charges_of,
    console,
    not_yet_reported,
    print_json,
    progress,
)

if TYPE_CHECKING:
    from epicarve.builder.interfaces import Interface, Polarity
    from epicarve.builder.interfaces.energy import InterfaceEnergy
    from epicarve.workflow.recipes import CrystalSpec
    from epicarve.workflow.tasks.interface import NoEnergy, Ranking

CrystalName = Annotated[str, typer.Argument(help="Name of a bundled crystal, or a CIF file.")]
OptionalFolder = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="DIR", help="Folder to write to.")
]
Charges = Annotated[
    str | None,
    typer.Option(
        metavar="IONS", help="Charges by element or site label of a CIF, such as Fe1=3,Fe2=2,O=-2."
    ),
]
Plane = Annotated[
    str | None, typer.Option(metavar="H,K,L", help="Look at this plane only, such as 0,1,0.")
]
Block = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Data block of that CIF, by its name or its number from 1."),
]

LEGEND = """in Å and Å²; ±: charges of the outermost layers, film/substrate; ! like ones of
polar faces, which come after others of their matched fraction
match: matched fraction, 1 if both cation layers are one; min: the least one if
registry, gap or strain change a bit; sub: share of the sparser layer that is
found in the denser; J/m²: work of adhesion of rigid ions; off: from here to
their best registry"""


def interface(
    film: CrystalName,
    substrate: CrystalName,
    *,
    out: OptionalFolder = None,
    max_index: Annotated[int, typer.Option(help="Largest Miller index of the planes.")] = 1,
    film_hkl: Plane = None,
    substrate_hkl: Plane = None,
    film_charges: Charges = None,
    substrate_charges: Charges = None,
    max_area: Annotated[float, typer.Option(help="Largest coincidence cell, in Å².")] = 260.0,
    max_strain: Annotated[float, typer.Option(help="Largest strain; 0.06 is 6 %.")] = 0.06,
    film_block: Block = None,
    substrate_block: Block = None,
    fixed: Annotated[
        Literal["substrate", "film", "split"],
        typer.Option(help="Whose lattice the interface takes."),
    ] = "substrate",
    show: Annotated[int, typer.Option("-n", "--show", help="How many to report.")] = 10,
    slab: Annotated[
        int | None,
        typer.Option(metavar="RANK", help="Build a slab of this one, in DIR/slab-RANK."),
    ] = None,
    thickness: Annotated[
        float, typer.Option(help="Least thickness in Å of each crystal of the slab.")
    ] = 12.0,
    vacuum: Annotated[float, typer.Option(help="Vacuum of the slab, in Å.")] = 20.0,
    middle: Annotated[
        Literal["film", "substrate"] | None,
        typer.Option(help="Make the slab symmetric, with this one in its middle."),
    ] = None,
    inputs: Annotated[
        bool, typer.Option("--inputs", help="Write CP2K's input and job scripts of the slab too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rank the interfaces of two crystals by the continuity of their cations."""
    from epicarve.errors import InputError

    if slab is not None and out is None:
        raise InputError("a slab needs a folder to write to; give -o DIR")
    if inputs and slab is None:
        raise InputError("--inputs are those of a slab; give its rank by --slab RANK too")
    with progress("search") as tell:
        from epicarve.workflow.tasks.interface import interface as rank
        from epicarve.workflow.tasks.interface import search_options, slab_options, write_ranking
        from epicarve.workflow.tasks.interface import slab as build_slab

        sizes = slab_options(
            film_thickness_a=thickness,
            substrate_thickness_a=thickness,
            vacuum_a=vacuum,
            middle=middle,
        )
        options = search_options(
            max_index=max_index,
            film_hkl=_indices(film_hkl, "--film-hkl"),
            substrate_hkl=_indices(substrate_hkl, "--substrate-hkl"),
            match={"max_area_a2": max_area, "max_strain": max_strain},
            strain={"fixed": fixed, "max_strain": max(0.1, max_strain)},
        )
        tell(f"search: {film} on {substrate}")
        crystals = (
            _crystal(film, film_charges, film_block, "film"),
            _crystal(substrate, substrate_charges, substrate_block, "substrate"),
        )
        ranking = rank(*crystals, options, n_shown=show)
        built = None
        if slab is not None and out is not None:
            if not 1 <= slab <= len(ranking.interfaces):
                raise InputError(f"--slab {slab}: give a rank from 1 to {len(ranking.interfaces)}")
            chosen = ranking.interfaces[slab - 1]
            built = build_slab(chosen, sizes, out / f"slab-{slab}", inputs=inputs)
        if out is not None:
            write_ranking(ranking, options, out)
    _report(ranking, out, as_json=as_json)
    if built is not None and not as_json:
        symmetry = built.report.symmetry or "one interface"
        console().print(
            f"slab-{slab}: {built.formula}, {built.cell_a[2, 2]:.1f} Å high, {symmetry}, "
            f"dipole {built.dipole_e_a:.2f} e Å, potential step {built.potential_step_v:.2f} V"
        )


def compare(
    table: Annotated[Path, typer.Argument(metavar="PAIRS", help="Pairs of crystals, a YAML file.")],
    out: OptionalFolder = None,
    as_json: AsJson = False,
) -> None:
    """Rank pairs of crystals by their best interfaces, and draw these side by side."""
    with progress("compare") as tell:
        from epicarve.workflow.tasks.interface import compare as rank

        ranking = rank(table, out, tell)
    _report(ranking, out, as_json=as_json)


def _crystal(name: str, charges: str | None, block: str | None, side: str) -> CrystalSpec:
    from epicarve.errors import InputError
    from epicarve.workflow.recipes import CrystalSpec

    if name.lower().endswith(".cif") or Path(name).is_file():
        states = charges_of(charges, f"--{side}-charges")
        return CrystalSpec(file=Path(name), oxidation_states=states, block=block)
    for option, given in ((f"--{side}-charges", charges), (f"--{side}-block", block)):
        if given is not None:
            raise InputError(f"{option} is for a CIF file, but {name} is a bundled crystal")
    return CrystalSpec(name=name)


def _indices(text: str | None, option: str) -> list[int] | None:
    from epicarve.errors import InputError

    if text is None:
        return None
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise InputError(
            f"{option} {text}: not Miller indices; give whole numbers, such as 0,1,0"
        ) from None


def _report(ranking: Ranking, out: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json(ranking.as_dict())
        return
    _print_table(ranking)
    for pair in ranking.failed:
        where = f"{pair.film} on {pair.substrate}"
        console().print(f"[yellow]{where}[/]: {pair.reason}", soft_wrap=True)
    for note in ranking.notes:
        if not not_yet_reported([note.partition(": ")[2] or note]):
            continue
        head, _, derivation = note.partition("\n")
        short = len(derivation) <= LONGEST_DERIVATION
        told = note if short else f"{head.removesuffix('.')}; --json tells from what"
        console().print(f"[yellow]note[/] {told}", soft_wrap=True)
    if out is not None:
        console().print(
            f"interface.json, interfaces.csv and interface.png in {out}", soft_wrap=True
        )


def _print_table(ranking: Ranking) -> None:
    from rich import box
    from rich.table import Table

    from epicarve.builder.crystal import plane_name

    names = {(one.film.crystal.name, one.substrate.crystal.name) for one in ranking.interfaces}
    title = " on ".join(*names) if len(names) == 1 else "best interface of each pair"
    table = Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", padding=0, show_edge=False
    )
    table.add_column("film", no_wrap=True)
    table.add_column("substrate", no_wrap=True)
    several = len(names) > 1
    table.add_column("±", no_wrap=True)
    for heading in ("ε" if several else "area", "match", "min", "sub", "rms"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("goes on", no_wrap=True)
    for heading in ("gap", "J/m²", "off"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one, energy in zip(ranking.interfaces, ranking.energies, strict=True):
        continuity = one.continuity
        colour = "green" if continuity.is_continuous else "default"
        faces = [
            f"{plane_name(face.termination.hkl)} {face.termination.layer}"
            for face in (one.film, one.substrate)
        ]
        if several:
            sides = zip((one.film, one.substrate), faces, strict=True)
            faces = [f"{side.crystal.name}\n{face}" for side, face in sides]
        strain = float(abs(one.common.film_strain).max())
        table.add_row(
            *faces,
            _polarity(one.polarity),
            f"{strain:.1%}" if several else f"{one.cell.area_a2:.0f}",
            f"[{colour}]{continuity.matched_fraction:.2f}[/]",
            f"{one.matched_range[0]:.2f}",
            f"{continuity.sublattice_fraction:.2f}",
            "" if continuity.rms_a is None else f"{continuity.rms_a:.2f}",
            "\n".join(f"{n} {pair}" for pair, n in continuity.pairs.items()),
            f"{one.gap_a:.2f}",
            *_energy(one, energy),
        )
    console().print(table)
    console().print(LEGEND, style="dim")


def _polarity(polarity: Polarity) -> str:
    return f"[yellow]{polarity.signs}![/]" if polarity.repels else polarity.signs


def _energy(one: Interface, energy: InterfaceEnergy | NoEnergy) -> tuple[str, str]:
    """Return the work of adhesion, and how far the best registry of an energy lies off."""
    from epicarve.workflow.tasks.interface import NoEnergy

    if isinstance(energy, NoEnergy):
        return "", ""
    adhesion = f"{energy.adhesion_j_m2:.2f}" if energy.is_bound else ""
    return adhesion, f"{one.registry_distance_a(energy.shift_a):.2f}"
