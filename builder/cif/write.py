"""A crystal as a CIF that recipes take: sites, symmetry, charges, source, status and bond rule."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import gemmi
import numpy as np

from epicarve.builder.crystal import cell_parameters

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal, CrystalAtoms

STATUS_LINES = {
    "published": "the coordinates are published; see _epicarve_source",
    "computed": "the coordinates were computed, not measured; see _epicarve_derivation",
    "derived": "the coordinates are not published; see _epicarve_derivation",
    "given": "the coordinates are those of the source",
}
"""What the first line of the file says of each status."""

SHIFT_TOLERANCE = 1e-3
"""How far a shift of an operation may miss that of the tables, in units of the cell's vectors."""

TEXT_WIDTH = 92


def crystal_cif(crystal: Crystal) -> str:
    r"""Return a crystal as the text of a CIF.

    Only one site of each orbit is listed where the operations, in the crystal's own cell, are
    those of a tabulated setting of a space group; else all are, in P 1. The operations themselves
    are listed where the setting is not the one that the symbol alone means to every program.

    Parameters
    ----------
    crystal : Crystal
        The crystal.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> print(crystal_cif(bundled_crystal("PbS")).partition("\n")[0])
    # PUBLISHED: the coordinates are published; see _epicarve_source
    """
    group, atoms = tabulated_group(crystal), crystal.atoms
    orbits = crystal.symmetry.of_sites(atoms.fractional).orbits
    sites = range(len(orbits)) if group is None else np.unique(orbits)
    types = _site_types(atoms)
    charge_of = dict(zip(types, atoms.charges.tolist(), strict=True))
    lines = [
        f"# {crystal.status.upper()}: {STATUS_LINES[crystal.status]}",
        f"data_{'_'.join(crystal.name.split())}",
        f"_epicarve_status  {crystal.status}",
        *_text_field("_epicarve_source", crystal.source),
        *(_text_field("_epicarve_derivation", crystal.derivation) if crystal.derivation else []),
    ]
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines += [
        f"_cell_{name:<12} {round(value, 5):.9g}"
        for name, value in zip(names, cell_parameters(crystal.cell_a), strict=True)
    ]
    lines += [
        f"_space_group_name_H-M_alt  '{group.xhm() if group else 'P 1'}'",
        f"_space_group_IT_number     {group.number if group else 1}",
        *_operations(group),
        "loop_",
        "_atom_type_symbol",
        "_atom_type_oxidation_number",
        *(f"{name:<2} {charge:+d}" for name, charge in charge_of.items()),
        "loop_",
        "_epicarve_bond_cation",
        "_epicarve_bond_anion",
        "_epicarve_bond_max_length",
        *(f"{c:<2} {a:<2} {limit:.3f}" for (c, a), limit in crystal.bond_rule.items()),
        "loop_",
        "_atom_site_label",
        "_atom_site_type_symbol",
        *(f"_atom_site_fract_{axis}" for axis in "xyz"),
        "_atom_site_occupancy",
    ]
    seen: Counter[str] = Counter()
    for site in sites:
        symbol = str(atoms.symbols[site])
        seen[symbol] += 1
        place = " ".join(
            f"{round(value, 6) % 1.0:.9g}" for value in atoms.fractional[site].tolist()
        )
        lines.append(f"{symbol}{seen[symbol]:<3} {types[site]:<2} {place} 1")
    return "\n".join(lines) + "\n"


def tabulated_group(crystal: Crystal) -> gemmi.SpaceGroup | None:
    """Return the setting whose operations are those of a crystal in its own cell, None without one.

    The origin counts: a crystal whose origin lies elsewhere than the tables put it has none.
    """
    group = crystal.symmetry
    operations = []
    for rotation, translation in zip(
        group.rotations.tolist(), group.translations.tolist(), strict=True
    ):
        operation = gemmi.Op()
        operation.rot = [[gemmi.Op.DEN * entry for entry in row] for row in rotation]
        operation.tran = [round(gemmi.Op.DEN * shift) % gemmi.Op.DEN for shift in translation]
        off = np.array(operation.tran) / gemmi.Op.DEN - translation
        if np.abs(off - np.rint(off)).max() > SHIFT_TOLERANCE:
            return None
        operations.append(operation)
    found = gemmi.find_spacegroup_by_ops(gemmi.GroupOps(operations))
    return found if isinstance(found, gemmi.SpaceGroup) else None


def _operations(group: gemmi.SpaceGroup | None) -> list[str]:
    """Return the loop of operations, empty where the symbol alone tells them.

    ASE and pymatgen take ``I 41/a m d:2`` for the other origin and find 32 atoms in anatase.
    """
    if group is None or (group.is_reference_setting() and ":" not in group.xhm()):
        return []
    listed = [f"'{operation.triplet()}'" for operation in group.operations()]
    return ["loop_", "_space_group_symop_operation_xyz", *listed]


def _site_types(atoms: CrystalAtoms) -> list[str]:
    """Return the type of each atom: its element, with the charge if an element has several."""
    symbols, charges = atoms.symbols.tolist(), atoms.charges.tolist()
    if len(set(zip(symbols, charges, strict=True))) == len(set(symbols)):
        return [str(symbol) for symbol in symbols]
    signs = ["" if q == 0 else f"{abs(q)}{'+' if q > 0 else '-'}" for q in charges]
    return [f"{symbol}{sign}" for symbol, sign in zip(symbols, signs, strict=True)]


def _text_field(tag: str, text: str) -> list[str]:
    lines = textwrap.wrap(text, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
    # a line that begins with a semicolon would end the field
    return [tag, ";", *(f" {line}" if line.startswith(";") else line for line in lines), ";"]
