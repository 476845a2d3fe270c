"""Reading crystals from CIF files, with every assumption said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gemmi
import numpy as np

from epicarve.errors import InputError

from .crystal import Crystal, refuse_overlaps
from .oxidation import charges_of_sites, stated_charges
from .site_charges import Sites

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SYMMETRY_TAGS = (
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_alt",
    "_symmetry_Int_Tables_number",
    "_space_group_IT_number",
    "_symmetry_space_group_name_Hall",
    "_space_group_name_Hall",
)
OPERATION_TAGS = ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")


def read_cif(path: Path, oxidation_states: Mapping[str, int] | None = None) -> Crystal:
    """Read an ordered crystal from a CIF file.

    Oxidation states are taken, in this order, from `oxidation_states`, from the file
    (``_atom_type_oxidation_number``, or charges in the site types such as ``Fe3+``), or
    guessed from composition and bond valences; a guess is told in the crystal's notes and by a
    `GuessWarning`.

    Parameters
    ----------
    path : Path
        The CIF file; its first data block with atom sites is read.
    oxidation_states : mapping of str to int, optional
        Formal charges by element or by site label; that of a label goes before that of its
        element: ``{"Fe1": 3, "Fe2": 2, "O": -2}``.

    Returns
    -------
    Crystal
        The whole conventional unit cell.

    Raises
    ------
    InputError
        If the file is missing or broken, has no sites, no symmetry, partial occupancy or
        overlapping sites, or if the charges do not balance.
    """
    block, structure = read_structure(path)
    _refuse_partial_occupancy(path, structure)
    sites = structure.get_all_unit_cell_sites()
    symbols = np.array([site.element.name for site in sites])
    cell = np.array(structure.cell.orth.mat.tolist()).T
    fractional = np.array([site.fract.tolist() for site in sites]) % 1.0
    refuse_overlaps(str(path), cell, fractional, symbols)
    labels = [site.label for site in sites]
    stated = stated_charges(path, block, sites)
    charges, notes = charges_of_sites(
        path, Sites(cell, fractional, symbols, labels, stated), oxidation_states
    )
    return Crystal(
        name=path.stem,
        cell_a=cell,
        symbols=symbols,
        fractional=fractional,
        oxidation_states=charges,
        space_group=structure.spacegroup_hm or "P 1",
        status=text_of(block, "_epicarve_status") or "given",
        source=text_of(block, "_epicarve_source") or f"file {path.name}",
        derivation=text_of(block, "_epicarve_derivation"),
        notes=notes,
    )


def read_structure(path: Path) -> tuple[gemmi.cif.Block, gemmi.SmallStructure]:
    """Return the block of a CIF that holds sites, and its structure, with cell and symmetry.

    Raises
    ------
    InputError
        If the file is missing or broken, or has no sites, no symmetry or no cell.
    """
    block = _block(path)
    structure = gemmi.make_small_structure_from_block(block)
    _require_symmetry(path, block)
    if structure.cell.a <= 0 or structure.cell.volume <= 0:
        raise InputError(
            f"{path}: the cell has no volume; give _cell_length_a and its five fellows"
        )
    return block, structure


def _block(path: Path) -> gemmi.cif.Block:
    try:
        document = gemmi.cif.read(str(path))
    except OSError as error:
        raise InputError(
            f"{path}: no such file, or not readable; give the path of a CIF"
        ) from error
    except (ValueError, RuntimeError) as error:
        detail = " ".join(str(error).split())
        raise InputError(f"{path}: not a CIF that can be parsed ({detail})") from error
    for block in document:
        if block.find_values("_atom_site_fract_x"):
            return block
    raise InputError(f"{path}: no atom sites with _atom_site_fract_x; give a crystal structure")


def _refuse_partial_occupancy(path: Path, structure: gemmi.SmallStructure) -> None:
    for site in structure.sites:
        if site.occ < 0.999:
            raise InputError(
                f"{path}: site {site.label} is occupied to {site.occ:.2f}; "
                "give an ordered structure, or orderings: {} if sites are shared"
            )


def _require_symmetry(path: Path, block: gemmi.cif.Block) -> None:
    has_operations = any(len(block.find_values(tag)) > 0 for tag in OPERATION_TAGS)
    if not has_operations and not any(text_of(block, tag) for tag in SYMMETRY_TAGS):
        raise InputError(
            f"{path}: no symmetry in the file, so the unit cell can't be filled; "
            "add _space_group_name_H-M_alt ('P 1' if all atoms are listed)"
        )


def text_of(block: gemmi.cif.Block, tag: str) -> str:
    """Return the value of a tag on one line, empty if it is absent or unknown."""
    value = block.find_value(tag)
    if value is None or value in {"?", "."}:
        return ""
    return " ".join(gemmi.cif.as_string(value).split())
