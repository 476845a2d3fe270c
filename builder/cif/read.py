"""Reading crystals from CIF files, with every assumption said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.builder.crystal import (
    Crystal,
    Sites,
    as_replaced,
    covalent_units,
    ion_sites,
    one_word,
    refuse_overlaps,
    replaced,
    shortest_contact,
)
from epicarve.errors import InputError

from .cell import FULL, IN_RECIPE, LEAST_OCCUPANCY, NEARLY_FULL, FilledCell, filled_cell
from .charges import charges_of_sites, stated_charges, whole_charges
from .contents import StatedContents, stated_contents
from .file import read_block
from .sites import listed_sites, stated_cell_a
from .symmetry import other_settings, stated_symmetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from epicarve.arrays import Bools, Ints
    from epicarve.builder.crystal import CovalentUnit, IonSites

    from .file import CifBlock
    from .symmetry import Setting, StatedSymmetry

SHORT_CONTACT = 0.65
"""Contacts shorter than this multiple of the sum of covalent radii speak against a reading of the
symmetry, and are told: hardly any bond is shorter."""


def read_cif(
    path: Path | str,
    oxidation_states: Mapping[str, int] | None = None,
    *,
    block: str | int | None = None,
    full_occupancy: bool = False,
    replace_elements: Mapping[str, str] | None = None,
) -> Crystal:
    """Read an ordered crystal from a CIF file.

    Cell, sites and symmetry are held against formula, number of formula units, density, volume and
    multiplicities, as far as the file states them. Where it leaves the setting of its space group
    open, the one that agrees is taken, which is told in the crystal's notes.

    Oxidation states are taken, in this order, from `oxidation_states`, from the file
    (``_atom_type_oxidation_number``, or charges in the site types such as ``Fe3+``), or
    guessed from composition and bond valences; a guess is told in the crystal's notes and by a
    `GuessWarning`.

    Parameters
    ----------
    path : Path or str
        The CIF file.
    oxidation_states : mapping of str to int, optional
        Formal charges by element or by site label; that of a label goes before that of its
        element: ``{"Fe1": 3, "Fe2": 2, "O": -2}``; of a molecule by its name or formula:
        ``{"CH3NH3": 1}``. Without charges of others than molecules, these are found.
    block : str or int, optional
        Name of the data block, or its number among those with atom sites, from 1; the first if
        not given.
    full_occupancy : bool
        Whether sites occupied to `LEAST_OCCUPANCY` or more are taken as full.
    replace_elements : mapping of str to str, optional
        The new element for each old one; sites that both share become those of the new one.

    Returns
    -------
    Crystal
        The whole unit cell, each molecule as one ion.

    Raises
    ------
    InputError
        If the file is missing or broken, has no sites, no symmetry that is known, partial
        occupancy, overlapping sites, molecules without end or of unknown charge, if what it states
        of its contents contradicts what was read, or if the charges do not balance.
    """
    path = Path(path)
    cif, cell = read_cell(path, block)
    return crystal_of_cell(
        cell,
        oxidation_states,
        stated=lambda cell: stated_charges(cif, cell),
        full_occupancy=full_occupancy,
        replace_elements=replace_elements,
        name=one_word(path.stem),
        status=cif.text("_epicarve_status") or "given",
        source=cif.text("_epicarve_source") or f"file {path.name}",
        derivation=cif.text("_epicarve_derivation"),
    )


def crystal_of_cell(
    cell: FilledCell,
    oxidation_states: Mapping[str, int] | None,
    *,
    stated: Callable[[FilledCell], Sequence[int | None]],
    full_occupancy: bool = False,
    replace_elements: Mapping[str, str] | None = None,
    **origin: Any,
) -> Crystal:
    """Return the crystal of a filled cell, whoever filled it, checked as one that is read.

    Parameters
    ----------
    cell : FilledCell
        The cell, its sites perhaps shared or partly empty.
    oxidation_states : mapping of str to int or None
        Formal charges by element or by site label, as in `read_cif`.
    stated : callable
        Returns the charge that the source states of each site of the cell, None for none.
    full_occupancy, replace_elements
        As in `read_cif`.
    **origin
        Name, status, source and derivation of the crystal.

    Raises
    ------
    InputError
        If sites are partly occupied, shared or overlap, there are molecules without end or of
        unknown charge, or the charges are unclear or do not balance.
    """
    if full_occupancy:
        cell = cell.with_full_sites(LEAST_OCCUPANCY)
    swaps = dict(replace_elements or {})
    shared = {old: swaps.pop(old) for old in cell.sharing if old in swaps}
    if shared:
        cell = cell.with_replaced(shared)
        given = oxidation_states or {}
        renamed = {shared.get(element, element): charge for element, charge in given.items()}
        oxidation_states = {**renamed, **{e: q for e, q in given.items() if e not in shared}}
    units = sound_units(cell)
    _refuse_partial_occupancy(cell)
    ions, charges, notes = _charged_sites(cell, units, oxidation_states or {}, stated)
    crystal = Crystal(
        cell_a=cell.cell_a,
        symbols=ions.symbols,
        fractional=ions.fractional,
        oxidation_states=charges,
        space_group=cell.space_group,
        notes=(*cell.notes, *notes),
        molecules=ions.molecules,
        **origin,
    )
    if shared:
        crystal = as_replaced(crystal, shared)
    return replaced(crystal, swaps) if swaps else crystal


def read_cell(path: Path, block: str | int | None = None) -> tuple[CifBlock, FilledCell]:
    """Read the unit cell of a CIF, with shared and partly empty sites as they are.

    Parameters
    ----------
    path : Path
        The CIF file.
    block : str or int, optional
        Name or number of its data block, as in `read_cif`.

    Returns
    -------
    cif : CifBlock
        The block that was read.
    cell : FilledCell
        Its cell, in the setting that agrees with what the file states.

    Raises
    ------
    InputError
        If the file is missing or broken, has no sites, no symmetry that is known or no cell, or
        contradicts itself.
    """
    cif = read_block(path, block)
    contents = stated_contents(cif)
    cell_a, notes = stated_cell_a(cif)
    sites, told = listed_sites(cif, contents.formula)
    symmetry = stated_symmetry(cif)
    fitting = [setting for setting in symmetry.settings if setting.fits(cell_a)]
    if not fitting:
        parameters = ", ".join(f"{value:g}" for value in np.linalg.norm(cell_a, axis=1).round(4))
        raise InputError(
            f"{path}: the cell (lengths {parameters} Å, and its angles) does not have the symmetry "
            f"of {symmetry.settings[0].told}; mend the cell or the space group"
        )
    cells = [
        filled_cell(str(path), cell_a, sites, setting.operations, setting.symbol)
        for setting in fitting
    ]
    try:
        cell, chosen = _agreeing(path, symmetry, fitting, cells, contents)
    except InputError as error:
        agreeing = [
            setting.symbol
            for setting in other_settings(fitting[0])
            if len(fitting) == 1
            and setting.fits(cell_a)
            and _agrees(filled_cell(str(path), cell_a, sites, setting.operations, ""), contents)
        ]
        if len(agreeing) != 1:
            raise
        raise InputError(f"{error} (it would agree as {agreeing[0]})") from None
    return cif, replace(cell, notes=(*cif.notes, *notes, *told, *cell.notes, *chosen))


def _agrees(cell: FilledCell, contents: StatedContents) -> bool:
    """Whether a cell agrees with what is stated, and something stated confirms it."""
    faults, _, is_confirmed = contents.contradictions(cell)
    return is_confirmed and not faults and not _too_tight(cell)


def sound_units(cell: FilledCell) -> tuple[CovalentUnit, ...]:
    """Return the covalent units of a cell whose full sites don't overlap.

    Raises
    ------
    InputError
        If they do, or sites of a molecule are partly occupied or shared.
    """
    full = _full(cell)
    if full.any():
        refuse_overlaps(cell.name, cell.cell_a, cell.fractional[full], cell.symbols[full])
    units = covalent_units(cell.cell_a, cell.fractional, cell.symbols)
    for unit in units:
        mixed = [
            site for site in unit.sites.tolist() if not full[site] or len(cell.occupants[site]) > 1
        ]
        if mixed and {"C", "N", "H"} & {*cell.symbols[unit.sites].tolist()}:
            raise InputError(
                f"{cell.name}: a molecule is disordered (site {cell.labels[mixed[0]]}, one of "
                f"{len(mixed)} of its sites that are not those of one whole atom); give a "
                "structure in which it is ordered, or put a single ion in its place, such as Cs "
                "for CH3NH3"
            )
    return units


def _charged_sites(
    cell: FilledCell,
    units: Sequence[CovalentUnit],
    given: Mapping[str, int],
    stated: Callable[[FilledCell], Sequence[int | None]],
) -> tuple[IonSites, Ints, tuple[str, ...]]:
    """Return the sites of a cell with each molecule as one ion, their charges, and notes."""
    whole = whole_charges(cell.name, given)
    in_units = np.concatenate([unit.sites for unit in units]) if units else np.empty(0, dtype=int)
    atoms = np.setdiff1d(np.arange(len(cell.labels)), in_units)
    inside, outside = (
        {*cell.symbols[chosen].tolist(), *cell.labels[chosen].tolist()}
        for chosen in (in_units, atoms)
    )
    of_atoms = stated(cell) if units or not whole else []
    ions = ion_sites(
        cell.name,
        cell.cell_a,
        cell.fractional,
        cell.symbols,
        units,
        given={key: charge for key, charge in whole.items() if key not in outside},
        stated=of_atoms,
    )
    charges = np.array(
        [ions.molecules[k].charge if k in ions.molecules else 0 for k in range(len(ions.symbols))]
    )
    called = {ion.name for ion in ions.molecules.values()} | {unit.formula for unit in units}
    rest = {key: charge for key, charge in whole.items() if key in outside or key not in called}
    if parts := [key for key in rest if key in inside - outside]:
        raise InputError(
            f"{cell.name}: oxidation_states names {', '.join(parts)}, which stands in a molecule "
            "alone; give the charge of the molecule by its formula, or leave it out if it is known"
        )
    sites = Sites(
        cell_a=cell.cell_a,
        fractional=cell.fractional[atoms],
        symbols=cell.symbols[atoms],
        labels=cell.labels[atoms].tolist(),
        stated=[None if rest or not len(of_atoms) else of_atoms[atom] for atom in atoms.tolist()],
        total=-int(charges.sum()),
        beside=(cell.fractional[in_units], cell.symbols[in_units]),
    )
    charges[ions.is_single], notes = charges_of_sites(cell.name, sites, rest)
    return ions, charges, notes


def _full(cell: FilledCell) -> Bools:
    """Return which sites are full."""
    return np.array([abs(sum(here.values()) - 1.0) < FULL for here in cell.occupants], dtype=bool)


def _agreeing(
    path: Path,
    symmetry: StatedSymmetry,
    settings: list[Setting],
    cells: list[FilledCell],
    contents: StatedContents,
) -> tuple[FilledCell, tuple[str, ...]]:
    """Return the cell that agrees with all that the file states, and notes on the choice."""
    checked = [contents.contradictions(cell) for cell in cells]
    several = len(cells) > 1
    faults = [
        (*contradictions, *(_too_tight(cell) if several else ()))
        for (contradictions, _, _), cell in zip(checked, cells, strict=True)
    ]
    sound: list[int] = []
    for index, found in enumerate(faults):
        if not found and not any(cells[index].is_like(cells[other]) for other in sound):
            sound.append(index)
    if not sound:
        raise InputError(_contradiction(path, symmetry, settings, faults))
    if len(sound) > 1:
        told = " and ".join(settings[index].told for index in sound)
        raise InputError(
            f"{path}: {symmetry.doubt}, and {told} give different crystals that both agree with "
            f"what the file states; {symmetry.remedy([settings[index] for index in sound])}, or "
            "state what tells them apart, _chemical_formula_sum and _cell_formula_units_Z"
        )
    chosen = sound[0]
    cell, (_, notes, is_confirmed) = cells[chosen], checked[chosen]
    if symmetry.needs_proof and not is_confirmed:
        raise InputError(
            f"{path}: space group {settings[chosen].symbol!r} is not known, the identity is the "
            "only operation listed, and neither Z nor density confirms that all sites are listed; "
            "name the space group as in the International Tables ('P 1' if all sites are listed)"
        )
    if several and not all(cell.is_like(other) for other in cells):
        against = next(found[0] for found in faults if found)
        notes = (*notes, f"{symmetry.doubt}; taken as {settings[chosen].told}: else {against}")
    return cell, (*notes, *_too_tight(cell))


def _contradiction(
    path: Path,
    symmetry: StatedSymmetry,
    settings: list[Setting],
    faults: list[tuple[str, ...]],
) -> str:
    """Return why no reading agrees with the file."""
    if len(settings) == 1:
        return f"{path}: {faults[0][0]}; correct the one that is wrong"
    told = "; ".join(
        f"as {setting.told}, {found[0]}" for setting, found in zip(settings, faults, strict=True)
    )
    return f"{path}: {symmetry.doubt}, and no reading agrees with the file: {told}"


def _too_tight(cell: FilledCell) -> tuple[str, ...]:
    """Return a sentence on the tightest contact of full sites, none if it is no `SHORT_CONTACT`."""
    full = _full(cell)
    if not full.any():
        return ()
    found = shortest_contact(cell.cell_a, cell.fractional[full], cell.symbols[full], SHORT_CONTACT)
    if found is None:
        return ()
    first, second, distance = found
    return (f"{first} and {second} are {distance:.2f} Å apart, closer than their bonds are",)


def _refuse_partial_occupancy(cell: FilledCell) -> None:
    for site, (label, here) in enumerate(zip(cell.labels.tolist(), cell.occupants, strict=True)):
        total = sum(here.values())
        if len(here) > 1 and abs(total - 1.0) <= FULL:
            shares = ", ".join(f"{element} {share:.3g}" for element, share in here.items())
            raise InputError(
                f"{cell.name}: site {label} is shared ({shares}); give orderings: {{}} to order "
                f"it or replace: to put one element there {IN_RECIPE}, or an ordered structure"
            )
        if abs(total - 1.0) > NEARLY_FULL:
            more = ""
            if len(here) > 1 and total >= LEAST_OCCUPANCY:
                more = "; beside it orderings: {} orders it, replace: puts one element there"
            raise InputError(f"{cell.name}: {cell.partly_occupied(site)}{more}")
