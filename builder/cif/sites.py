"""The atom sites that a CIF lists, before symmetry fills the cell with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gemmi
import numpy as np

from epicarve.builder.crystal import refuse_cell
from epicarve.errors import InputError

from .values import UNKNOWN, number, site_type

if TYPE_CHECKING:
    from collections.abc import Collection

    from epicarve.arrays import Floats

    from .file import CifBlock

LENGTH_TAGS = ("_cell_length_a", "_cell_length_b", "_cell_length_c")
ANGLE_TAGS = ("_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma")
POINT_TAGS = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
OTHER_TAGS = (
    "_atom_site_label",
    "_atom_site_type_symbol",
    "_atom_site_occupancy",
    "_atom_site_calc_flag",
    "_atom_site_attached_hydrogens",
    "_atom_site_symmetry_multiplicity",
)

RIGHT_ANGLE = 90.0
"""What the CIF dictionary says of an angle that is not stated."""


@dataclass(frozen=True)
class ListedSite:
    """One row of the list of atom sites.

    Parameters
    ----------
    label : str
        Its label.
    element : str
        Symbol of its element.
    kind : str
        Its type as the file has it, the element if it has none.
    charge : int
        Charge in its type, 0 if none stands there.
    mass_u : float
        Mass of the atom in unified atomic mass units.
    point : tuple of float
        Fractional coordinates as listed.
    occupancy : float
        Share of the atom in the site.
    hydrogens : float
        Hydrogen atoms that it carries, by the file's column or its name, without positions.
    multiplicity : int, optional
        Sites in the cell that the file says it stands for.
    """

    label: str
    element: str
    kind: str
    charge: int
    mass_u: float
    point: tuple[float, float, float]
    occupancy: float
    hydrogens: float
    multiplicity: int | None


def stated_cell_a(cif: CifBlock) -> tuple[Floats, tuple[str, ...]]:
    """Return the lattice vectors of a block in Å as rows, and notes on what was assumed.

    Raises
    ------
    InputError
        If a length is missing, or lengths and angles span no cell of a crystal.
    """
    lengths, angles = [], []
    for tag in LENGTH_TAGS:
        value = cif.number(tag)
        if value is None:
            raise InputError(f"{cif.path}: {tag} is not stated; give the six cell parameters")
        lengths.append(value)
    missing = []
    for tag in ANGLE_TAGS:
        value = cif.number(tag)
        if value is None:
            missing.append(tag.removeprefix("_cell_angle_"))
        angles.append(RIGHT_ANGLE if value is None else value)
    cell_a = np.zeros((3, 3))
    if min(lengths) > 0.0 and all(0.0 < angle < 180.0 for angle in angles):
        cell_a = np.array(gemmi.UnitCell(*lengths, *angles).orth.mat.tolist()).T
    refuse_cell(str(cif.path), cell_a)
    told = f"cell angle {' and '.join(missing)} not stated: 90° taken"
    return cell_a, (told,) if missing else ()


def listed_sites(
    cif: CifBlock, formula: Collection[str]
) -> tuple[tuple[ListedSite, ...], tuple[str, ...]]:
    """Return the atom sites of a block, and notes on rows that were left out or reread.

    Parameters
    ----------
    cif : CifBlock
        The block.
    formula : collection of str
        Elements of the stated formula; they decide where a label has two readings.

    Raises
    ------
    InputError
        If a site has no element or no coordinates, or an occupancy is no share.
    """
    if cif.count_of_loops(POINT_TAGS[0]) > 1:
        raise InputError(
            f"{cif.path}: atom sites are listed in two loops of one block; keep one, or give each "
            "structure a block (data_NAME) of its own"
        )
    sites: list[ListedSite] = []
    zeros, dummies, empty, isotopes = list[str](), list[str](), list[str](), list[str]()
    for row in cif.table(POINT_TAGS, OTHER_TAGS):
        point, (label, kind, occupancy, flag, hydrogens, multiplicity) = row[:3], row[3:]
        if all(text in UNKNOWN for text in (*point, label, kind)) and "." not in point:
            continue
        label = label if label not in UNKNOWN else kind
        where = f"{cif.path}: site {label or len(sites) + 1}"
        if flag.lower().startswith("dum"):
            dummies.append(label)
            continue
        share = _number(where, "occupancy", occupancy, 1.0)
        if not 0.0 <= share <= 1.1:
            raise InputError(f"{where}: occupancy {share:g} is no share from 0 to 1; mend it")
        if share == 0.0:
            empty.append(label)
            continue
        if "." in point:
            zeros.append(label)
        is_label = kind in UNKNOWN
        try:
            read = site_type(label if is_label else kind, formula, is_label=is_label)
        except ValueError as error:
            column = "label" if is_label else "_atom_site_type_symbol"
            raise InputError(
                f"{where}: its {column} {error}; give the element as _atom_site_type_symbol"
            ) from error
        if read.element == "H" and read.mass_u > 2.0:
            isotopes.append(label)
        stated = _number(where, "attached hydrogens", hydrogens, 0.0)
        x, y, z = (_coordinate(where, axis, text) for axis, text in zip("xyz", point, strict=True))
        times = _number(where, "multiplicity", multiplicity, 0.0)
        sites.append(
            ListedSite(
                label=label,
                element=read.element,
                kind=read.element if is_label else kind,
                charge=read.charge,
                mass_u=read.mass_u,
                point=(x, y, z),
                occupancy=share,
                hydrogens=max(stated, float(read.hydrous)),
                multiplicity=int(times) if times > 0 else None,
            )
        )
    if not sites:
        raise InputError(f"{cif.path}: no atom sites with {POINT_TAGS[0]}; give their coordinates")
    told = (
        (zeros, "coordinates written as . are read as 0"),
        (dummies, "marked as dummies, left out"),
        (empty, "of occupancy 0, left out"),
        (isotopes, "deuterium or tritium, taken as H"),
    )
    notes = tuple(f"sites {_some(labels)}: {what}" for labels, what in told if labels)
    return tuple(sites), notes


def _coordinate(where: str, axis: str, text: str) -> float:
    if text == ".":
        return 0.0
    try:
        value = number(text)
    except ValueError as error:
        raise InputError(f"{where}: coordinate {axis}: {error}") from error
    if value is None:
        raise InputError(
            f"{where}: coordinate {axis} is not known ({text or 'empty'}); give it, or take the "
            "site out if it is not part of the crystal"
        )
    if abs(value) > 1000.0:
        raise InputError(f"{where}: coordinate {axis} {text} is no fraction of the cell; mend it")
    return value


def _number(where: str, what: str, text: str, otherwise: float) -> float:
    try:
        value = number(text)
    except ValueError as error:
        raise InputError(f"{where}: {what}: {error}") from error
    return otherwise if value is None else value


def _some(labels: list[str], most: int = 6) -> str:
    """Return labels in a line, the first few if there are many."""
    told = ", ".join(labels[:most])
    return told if len(labels) <= most else f"{told} and {len(labels) - most} more"
