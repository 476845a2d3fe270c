"""Crystals from and to the objects of ASE and pymatgen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

import gemmi
import numpy as np

from epicarve.builder.cif import ListedSite, crystal_of_cell, elements, filled_cell
from epicarve.builder.crystal import one_word, refuse_cell
from epicarve.errors import InputError, require_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ase import Atoms
    from pymatgen.core.structure import Structure

    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal

KEY = "epicarve"
"""Where ASE's ``info`` and pymatgen's ``properties`` hold what these have no place for."""

ORIGIN = ("name", "space_group", "status", "source", "derivation", "notes")
"""What is held there of a crystal."""

IONS = ("cell_a", "symbols", "fractional")
"""Cell and ions of which that holds."""

SAME_A = 1e-5
"""Ions and cells that moved by less, in Å, are as they were; files are rounded."""

CHARGE = "formal_charge"
"""Name of the array of ASE, and of the site property of pymatgen, with formal charges in e."""

GIVE = "give oxidation_states, such as {'Pb': 2, 'S': -2}"


class _Entry(NamedTuple):
    """An element on a site: label, symbol, charge (None if not stated), occupancy, place."""

    label: str
    symbol: str
    charge: float | None
    occupancy: float
    point: Sequence[float]


def atoms_of_crystal(crystal: Crystal) -> Atoms:
    """Return a crystal as periodic ASE Atoms; see `Crystal.to_ase`."""
    from ase import Atoms  # noqa: PLC0415  (costs half a second)

    held = crystal.atoms
    atoms = Atoms(
        symbols=held.symbols.tolist(),
        positions=held.fractional @ crystal.cell_a,
        cell=crystal.cell_a,
        pbc=True,
        charges=held.charges,
        info={KEY: _origin(crystal)},
    )
    atoms.arrays[CHARGE] = held.charges.copy()
    return atoms


def structure_of_crystal(crystal: Crystal) -> Structure:
    """Return a crystal as pymatgen Structure; see `Crystal.to_pymatgen`."""
    from pymatgen.core.lattice import Lattice  # noqa: PLC0415  (costs a second)
    from pymatgen.core.periodic_table import Species  # noqa: PLC0415
    from pymatgen.core.structure import Structure  # noqa: PLC0415

    atoms = crystal.atoms
    charges = atoms.charges.tolist()
    return Structure(
        Lattice(crystal.cell_a),
        [Species(*ion) for ion in zip(atoms.symbols.tolist(), charges, strict=True)],
        atoms.fractional,
        site_properties={CHARGE: charges},
        properties={KEY: _origin(crystal)},
    )


def crystal_of_atoms(
    atoms: Atoms,
    oxidation_states: Mapping[str, int] | None = None,
    *,
    name: str | None = None,
    full_occupancy: bool = False,
    replace_elements: Mapping[str, str] | None = None,
) -> Crystal:
    """Make a crystal of ASE Atoms; see `Crystal.from_ase`."""
    from ase import Atoms  # noqa: PLC0415  (costs half a second)

    require_kind(atoms, Atoms, "from_ase: what was given", "give ase.Atoms")
    if not all(atoms.pbc):
        raise InputError(
            f"{atoms.symbols}: the atoms repeat along {sum(atoms.pbc)} of three "
            "vectors, so this is no bulk crystal; give its unit cell, and set pbc to True"
        )
    charges = atoms.arrays.get(CHARGE, atoms.arrays.get("initial_charges"))
    if charges is not None and not charges.any():
        charges = None
    told = atoms.info.get("spacegroup")
    return _crystal(
        list(_entries_of_atoms(atoms, charges)),
        np.array(atoms.cell.array),
        oxidation_states,
        info=atoms.info,
        name=name,
        space_group=str(getattr(told, "symbol", told or "")),
        source="ASE Atoms",
        full_occupancy=full_occupancy,
        replace_elements=replace_elements,
    )


def crystal_of_structure(
    structure: Structure,
    oxidation_states: Mapping[str, int] | None = None,
    *,
    name: str | None = None,
    full_occupancy: bool = False,
    replace_elements: Mapping[str, str] | None = None,
) -> Crystal:
    """Make a crystal of a pymatgen Structure; see `Crystal.from_pymatgen`."""
    from pymatgen.core.structure import IStructure  # noqa: PLC0415  (costs a second)

    require_kind(structure, IStructure, "from_pymatgen: what was given", "give a Structure")
    return _crystal(
        list(_entries_of_structure(structure)),
        np.array(structure.lattice.matrix),
        oxidation_states,
        info=structure.properties,
        name=name,
        space_group="",
        source="pymatgen Structure",
        full_occupancy=full_occupancy,
        replace_elements=replace_elements,
    )


def _crystal(
    entries: Sequence[_Entry],
    cell_a: Floats,
    oxidation_states: Mapping[str, int] | None,
    *,
    info: Mapping[str, Any] | None,
    name: str | None,
    space_group: str,
    source: str,
    **asked: Any,
) -> Crystal:
    """Make a crystal of the ions of a whole cell, by the checks of those that are read."""
    if not entries:
        raise InputError("there is no atom in the cell; give the unit cell of a crystal")
    origin = _told(info, cell_a, entries)
    called = name or origin.get("name")
    name = one_word(called or _formula([entry.symbol for entry in entries]))
    refuse_cell(name, cell_a)
    if np.linalg.det(cell_a) < 0.0:
        raise InputError(
            f"{name}: the vectors of the cell are left-handed, which would turn planes (hkl) over; "
            "give them in another order, two of them swapped"
        )
    strange = [entry.symbol for entry in entries if entry.symbol not in elements()]
    if strange:
        raise InputError(f"{name}: {strange[0]!r} is no element; replace it before")
    sites = [_listed(name, entry, is_asked=not oxidation_states) for entry in entries]
    zeros = {entry.label for entry in entries if entry.charge == 0}
    cell = filled_cell(name, cell_a, sites, [gemmi.Op("x,y,z")], origin.get("space_group", ""))
    crystal = crystal_of_cell(
        cell,
        oxidation_states,
        stated=lambda cell: [
            charge or (0 if label in zeros else None)
            for charge, label in zip(cell.charges.tolist(), cell.labels.tolist(), strict=True)
        ],
        name=name,
        status=origin.get("status", "given"),
        source=origin.get("source", source),
        derivation=origin.get("derivation", ""),
        **asked,
    )
    if crystal.molecules and not called:
        crystal = replace(crystal, name=crystal.formula)
    notes = tuple(origin.get("notes", ()))
    notes += tuple(note for note in crystal.notes if note not in notes)
    symbol = crystal.space_group or space_group or crystal.symmetry.symbol
    return replace(crystal, notes=notes, space_group=symbol)


def _listed(name: str, entry: _Entry, *, is_asked: bool) -> ListedSite:
    """Return an entry as a row of a list of sites; `is_asked` tells whether its charge counts."""
    charge = entry.charge
    if charge is not None and not float(charge).is_integer():
        if is_asked:
            raise InputError(
                f"{name}: {entry.label} carries the charge {charge:g}, not that of an ion; {GIVE}"
            )
        charge = None
    return ListedSite(
        label=entry.label,
        element="H" if entry.symbol == "D" else entry.symbol,
        kind=entry.symbol,
        charge=int(charge or 0),
        mass_u=float(gemmi.Element(entry.symbol).weight),
        point=(float(entry.point[0]), float(entry.point[1]), float(entry.point[2])),
        occupancy=float(entry.occupancy),
        hydrogens=0.0,
        multiplicity=None,
    )


def _entries_of_atoms(atoms: Atoms, charges: Floats | None) -> Iterator[_Entry]:
    """Yield the ions of ASE Atoms, those that share a site by ``info["occupancy"]`` with them."""
    numbered = _numbering()
    shares = {str(kind): held for kind, held in atoms.info.get("occupancy", {}).items()}
    kinds = atoms.arrays.get("spacegroup_kinds", np.full(len(atoms), -1)).tolist()
    points = (atoms.positions @ np.linalg.inv(atoms.cell.array)).tolist()
    stated: list[float | None] = [None] * len(atoms) if charges is None else charges.tolist()
    for symbol, kind, point, charge in zip(atoms.symbols, kinds, points, stated, strict=True):
        held = shares.get(str(kind), {})
        if symbol not in held:
            held = {symbol: 1.0}
        label = numbered(symbol)
        for element, share in held.items():
            yield _Entry(label, element, charge if element == symbol else None, share, point)


def _entries_of_structure(structure: Structure) -> Iterator[_Entry]:
    """Yield the ions of a pymatgen Structure, each of those that share a site."""
    numbered = _numbering()
    for site in structure:
        species = dict(site.species.items())
        first = str(getattr(min(species), "symbol", min(species)))
        of_site = site.properties.get(CHARGE)
        label, point = site.label, site.frac_coords.tolist()
        if label in {site.species_string, first}:
            label = numbered(first)
        for one, share in species.items():
            charge = getattr(one, "oxi_state", None)
            if charge is None and len(species) == 1:
                charge = of_site
            yield _Entry(label, str(getattr(one, "symbol", one)), charge, share, point)


def _numbering() -> Callable[[str], str]:
    """Return what labels the ions of each element one after another: Pb1, Pb2, ..."""
    seen: dict[str, int] = {}

    def numbered(symbol: str) -> str:
        seen[symbol] = seen.get(symbol, 0) + 1
        return f"{symbol}{seen[symbol]}"

    return numbered


def _formula(symbols: Sequence[str]) -> str:
    """Return the reduced formula of some atoms, metals first."""
    from ase.formula import Formula  # noqa: PLC0415  (costs 0.2 s)

    counts = Counter(symbols)
    divisor = gcd(*counts.values())
    return str(Formula.from_dict({s: n // divisor for s, n in counts.items()}).format("metal"))


def _origin(crystal: Crystal) -> dict[str, Any]:
    """Return what a crystal knows besides its ions, and the ions of which it holds."""
    told = {key: getattr(crystal, key) for key in ORIGIN}
    atoms = crystal.atoms
    ions = (crystal.cell_a.tolist(), atoms.symbols.tolist(), atoms.fractional.tolist())
    return {**told, "notes": list(crystal.notes), **dict(zip(IONS, ions, strict=True))}


def _told(
    info: Mapping[str, Any] | None, cell_a: Floats, entries: Sequence[_Entry]
) -> Mapping[str, Any]:
    """Return what `_origin` put there, nothing if cell or ions have changed since."""
    told = (info or {}).get(KEY)
    if not isinstance(told, dict) or not {*ORIGIN, *IONS} <= set(told):
        return {}
    if [entry.symbol for entry in entries] != list(told["symbols"]):
        return {}
    away = np.array([entry.point for entry in entries]) - np.array(told["fractional"])
    off_a = np.abs(cell_a - np.array(told["cell_a"])).max()
    return told if max(off_a, np.abs((away - np.rint(away)) @ cell_a).max()) < SAME_A else {}
