"""A bulk crystal: cell, ions with oxidation states, bond rule, source and status."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .bonds import bonds_of, connectivity_of, longest_bonds_a, shortest_contacts_a
from .molecular_ion import atoms_of, formula_of, signs_of
from .molecules import covalent_units, refuse_covalent_units, refuse_lone_cations
from .neighbour_list import refuse_cell, refuse_overlaps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ase import Atoms
    from pymatgen.core.structure import Structure

    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.notebook import View

    from .bonds import Bonds
    from .molecular_ion import CrystalAtoms, MolecularIon
    from .spacegroup import SpaceGroup

SAME_A = 1e-8
"""Ions of equal crystals differ by less than this, in Å."""

DALTON_PER_A3_IN_G_PER_CM3 = 1.66053906660


@dataclass(frozen=True, repr=False)
class Crystal:
    """An ordered crystal of ions with integer formal charges, some of which may be molecules.

    Parameters
    ----------
    name : str
        Name of the crystal, used for the domain that is carved from it.
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    symbols : ndarray of str, shape (n_sites,)
        Element of every site of the conventional unit cell; of a molecule its name.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates in [0, 1); of a molecule those of the centre of its charge.
    oxidation_states : ndarray of int, shape (n_sites,)
        Formal charge of every site in units of e; they sum to 0.
    space_group : str
        Hermann-Mauguin symbol, as the source states it.
    status : {"published", "computed", "derived", "given"}
        Whether the coordinates were published, computed from first principles, derived here
        without that, or given by the user.
    source : str
        Where the numbers come from.
    derivation : str
        How derived or computed numbers were made, empty for published ones.
    notes : tuple of str
        What was assumed when the crystal was read, for instance guessed oxidation states.
    molecules : dict of int to MolecularIon
        The molecules by their sites; readers of files and `from_ase` find them.

    Raises
    ------
    InputError
        If the cell has no volume, sites overlap or are too many, atoms of a molecule stand on sites
        of their own, the cell is not neutral, or a site has no opposite ion in reach.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> galena = bundled_crystal("PbS")
    >>> galena.formula, round(galena.density_g_cm3, 2), galena.coordination.tolist()
    ('PbS', 7.6, [6, 6, 6, 6, 6, 6, 6, 6])
    """

    name: str
    cell_a: Floats
    symbols: Strings
    fractional: Floats
    oxidation_states: Ints
    space_group: str = "P 1"
    status: str = "given"
    source: str = ""
    derivation: str = ""
    notes: tuple[str, ...] = field(default=())
    molecules: dict[int, MolecularIon] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse_cell(self.name, self.cell_a, self.fractional)
        self._require_whole_charges()
        atoms, single = self.atoms, np.ones(self.n_sites, dtype=bool)
        single[list(self.molecules)] = False
        refuse_overlaps(self.name, self.cell_a, atoms.fractional, atoms.symbols)
        refuse_covalent_units(
            self.name, covalent_units(self.cell_a, self.fractional[single], self.symbols[single])
        )
        alone = np.where(single[atoms.sites], atoms.charges, 0)
        refuse_lone_cations(self.name, self.cell_a, atoms.fractional, atoms.symbols, alone)
        neutral = int(self.oxidation_states.sum())
        if neutral != 0:
            states = ", ".join(
                f"{symbol} {'/'.join(f'{q:+d}' for q in charges)}"
                for symbol, charges in self.charges_of.items()
            )
            raise InputError(
                f"{self.name}: the unit cell carries {neutral:+d} e with {states}; "
                "give oxidation_states that balance"
            )
        if (self.oxidation_states[single] == 0).any():
            symbol = self.symbols[single & (self.oxidation_states == 0)][0]
            raise InputError(
                f"{self.name}: {symbol} has oxidation state 0, so this is not an ionic crystal; "
                "give oxidation_states"
            )

    def _require_whole_charges(self) -> None:
        charges = np.asarray(self.oxidation_states, dtype=float)
        broken = np.flatnonzero(charges != np.rint(charges))
        if broken.size:
            raise InputError(
                f"{self.name}: {self.symbols[broken[0]]} has oxidation state "
                f"{charges[broken[0]]:g}, not a whole number; give each site its own"
            )
        object.__setattr__(self, "oxidation_states", charges.astype(np.int64))

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        oxidation_states: Mapping[str, int] | None = None,
        *,
        block: str | int | None = None,
        full_occupancy: bool = False,
        replace: Mapping[str, str] | None = None,
    ) -> Crystal:
        """Read a crystal from a CIF file; the keys are those of ``crystal:`` in a recipe.

        Parameters
        ----------
        path : Path or str
            The CIF file.
        oxidation_states : mapping of str to int, optional
            Formal charges by element or site label, and by name or formula of a molecule; else
            those of the file, else guessed, with a warning. Those of common molecules are known.
        block : str or int, optional
            Name or number of the data block.
        full_occupancy : bool
            Whether sites occupied to 0.9 or more are taken as full.
        replace : mapping of str to str, optional
            Elements to put in the place of others, such as {"Br": "Cl"}.

        Raises
        ------
        InputError
            If the file can't be read or holds no ordered ionic crystal; see `read_cif`.
        """
        from epicarve.builder.cif import read_cif  # noqa: PLC0415  (it makes crystals)

        return read_cif(
            path,
            oxidation_states,
            block=block,
            full_occupancy=full_occupancy,
            replace_elements=replace,
        )

    @classmethod
    def from_ase(
        cls,
        atoms: Atoms,
        oxidation_states: Mapping[str, int] | None = None,
        *,
        name: str | None = None,
        full_occupancy: bool = False,
        replace: Mapping[str, str] | None = None,
    ) -> Crystal:
        """Make a crystal of ASE Atoms that hold a whole unit cell.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic in all directions. Charges are those of its array ``formal_charge``, else its
            initial charges if any is not 0, else guessed. ``info["occupancy"]`` counts.
        oxidation_states, full_occupancy, replace
            As in `from_file`; ions are labelled by element and order, Pb1, Pb2, ...
        name : str, optional
            Name of the crystal; its formula if not given.

        Raises
        ------
        InputError
            If the atoms are not periodic, or as for a file.

        Examples
        --------
        >>> from ase.build import bulk
        >>> Crystal.from_ase(bulk("MgO", "rocksalt", a=4.21), {"Mg": 2, "O": -2})
        Crystal(MgO, Mg +2, O -2, 2 sites, Fm-3m)
        """
        from epicarve.builder.exchange import crystal_of_atoms  # noqa: PLC0415  (it makes crystals)

        return crystal_of_atoms(
            atoms,
            oxidation_states,
            name=name,
            full_occupancy=full_occupancy,
            replace_elements=replace,
        )

    @classmethod
    def from_pymatgen(
        cls,
        structure: Structure,
        oxidation_states: Mapping[str, int] | None = None,
        *,
        name: str | None = None,
        full_occupancy: bool = False,
        replace: Mapping[str, str] | None = None,
    ) -> Crystal:
        """Make a crystal of a pymatgen Structure; its oxidation states hold, if it has them.

        The parameters, and what is refused, are those of `from_ase`; site labels that the structure
        has are kept.
        """
        from epicarve.builder.exchange import crystal_of_structure  # noqa: PLC0415  (it makes crystals)

        return crystal_of_structure(
            structure,
            oxidation_states,
            name=name,
            full_occupancy=full_occupancy,
            replace_elements=replace,
        )

    def to_ase(self) -> Atoms:
        """Return the unit cell as ASE Atoms, formal charges as initial charges too."""
        from epicarve.builder.exchange import atoms_of_crystal  # noqa: PLC0415  (costs half a second)

        return atoms_of_crystal(self)

    def to_pymatgen(self) -> Structure:
        """Return the unit cell as pymatgen Structure with oxidation states."""
        from epicarve.builder.exchange import structure_of_crystal  # noqa: PLC0415  (costs a second)

        return structure_of_crystal(self)

    def __eq__(self, other: object) -> bool:
        """Whether all is the same, places to 1e-8 Å; `is_same` compares the ions alone."""
        if not isinstance(other, Crystal):
            return NotImplemented
        words = ("name", "space_group", "status", "source", "derivation", "notes")
        if any(getattr(self, word) != getattr(other, word) for word in words):
            return False
        if not np.array_equal(self.symbols, other.symbols):
            return False
        away = self.fractional - other.fractional
        away_a = (away - np.rint(away)) @ self.cell_a
        return bool(
            np.array_equal(self.oxidation_states, other.oxidation_states)
            and np.abs(self.cell_a - other.cell_a).max() < SAME_A
            and np.abs(away_a).max() < SAME_A
            and self._has_molecules_of(other)
        )

    def _has_molecules_of(self, other: Crystal) -> bool:
        """Whether another crystal with these sites has the same molecules, turned alike."""
        return self.molecules.keys() == other.molecules.keys() and all(
            np.array_equal(mine.symbols, theirs.symbols)
            and np.array_equal(mine.charges, theirs.charges)
            and np.abs(mine.offsets_a - theirs.offsets_a).max() < SAME_A
            for site, mine in self.molecules.items()
            for theirs in (other.molecules[site],)
        )

    __hash__ = None  # type: ignore[assignment]  # equal to a tolerance

    def __len__(self) -> int:
        return self.n_sites

    def __repr__(self) -> str:
        name = self.name if self.name == self.formula else f"{self.name}: {self.formula}"
        charges = (
            f"{symbol} {'/'.join(f'{charge:+d}' for charge in found)}"
            for symbol, found in self.charges_of.items()
        )
        told = ", ".join((name, *charges, f"{self.n_sites} sites", self.space_group))
        return f"Crystal({'; '.join((told, *self.notes))})"

    def _repr_html_(self) -> str:
        """Return a small table and a picture, for notebooks."""
        from epicarve.builder.notebook import card_of_crystal  # noqa: PLC0415  (it draws, with matplotlib)

        return card_of_crystal(self)

    def view(self) -> View:
        """Return the unit cell to be turned by the mouse: in a notebook, or written as a page."""
        from epicarve.builder.notebook import view_of_crystal  # noqa: PLC0415  (it draws, with matplotlib)

        return view_of_crystal(self)

    @property
    def n_sites(self) -> int:
        """Number of ions in the unit cell."""
        return len(self.symbols)

    @cached_property
    def atoms(self) -> CrystalAtoms:
        """The atoms of the unit cell: its ions, and those of its molecules one by one."""
        sites = self.symbols, self.fractional, self.oxidation_states
        return atoms_of(self.cell_a, *sites, self.molecules)

    @property
    def atoms_per_site(self) -> Ints:
        """Number of atoms on every site: 1, or those of a molecule, shape (n_sites,)."""
        return np.asarray(np.bincount(self.atoms.sites, minlength=self.n_sites))

    @property
    def signs(self) -> Ints:
        """Sign of the charge of every site; -1 for neutral molecules, which bind cations."""
        return signs_of(self.symbols, self.oxidation_states)

    @property
    def positions_a(self) -> Floats:
        """Cartesian coordinates of the sites in Å, shape (n_sites, 3)."""
        return self.fractional @ self.cell_a

    @property
    def volume_a3(self) -> float:
        """Volume of the unit cell in Å³."""
        return float(abs(np.linalg.det(self.cell_a)))

    @property
    def cell_parameters(self) -> tuple[float, float, float, float, float, float]:
        """Lengths a, b, c in Å and angles α, β, γ in degrees."""
        return cell_parameters(self.cell_a)

    @cached_property
    def charge_of(self) -> dict[str, int]:
        """Oxidation state of each element, cations first.

        Of an element with several the mean, rounded: it tells their sign, and no more; see
        `charges_of`.
        """
        totals: dict[str, list[int]] = {}
        for symbol, charge in zip(
            self.symbols.tolist(), self.oxidation_states.tolist(), strict=True
        ):
            totals.setdefault(symbol, []).append(int(charge))
        mean = {symbol: round(sum(q) / len(q)) for symbol, q in totals.items()}
        return dict(sorted(mean.items(), key=lambda item: (item[1] <= 0, item[1], item[0])))

    @cached_property
    def charges_of(self) -> dict[str, tuple[int, ...]]:
        """All oxidation states of each element, ascending, in the order of `charge_of`."""
        return {
            symbol: tuple(np.unique(self.oxidation_states[self.symbols == symbol]).tolist())
            for symbol in self.charge_of
        }

    @cached_property
    def formula_unit(self) -> dict[str, int]:
        """Ions of each element in one formula unit, for instance {"Pb": 3, "S": 2, "Cl": 2}."""
        counts = {symbol: int((self.symbols == symbol).sum()) for symbol in self.charge_of}
        divisor = int(np.gcd.reduce(list(counts.values())))
        return {symbol: n // divisor for symbol, n in counts.items()}

    @property
    def formula(self) -> str:
        """Reduced formula, cations first."""
        return formula_of(self.formula_unit)

    @property
    def density_g_cm3(self) -> float:
        """Mass density in g/cm³."""
        from ase.data import atomic_masses, atomic_numbers  # noqa: PLC0415  (costs 0.2 s)

        mass = sum(atomic_masses[atomic_numbers[symbol]] for symbol in self.atoms.symbols.tolist())
        return float(mass / self.volume_a3 * DALTON_PER_A3_IN_G_PER_CM3)

    @cached_property
    def contacts_a(self) -> dict[frozenset[str], float]:
        """Shortest distance in Å of every pair of elements, bonded or not."""
        return shortest_contacts_a(self)

    @cached_property
    def bond_rule(self) -> dict[tuple[str, str], float]:
        """Longest bond in Å of each (cation, anion) pair of elements that makes bonds."""
        return longest_bonds_a(self)

    @cached_property
    def bonds(self) -> Bonds:
        """All bonds of the unit cell by `bond_rule`, in a fixed order.

        Raises
        ------
        InputError
            If an ion has none.
        """
        return bonds_of(self)

    @cached_property
    def connectivity(self) -> Bonds:
        """The bonds and, where these leave the bulk in pieces, the contacts between the pieces."""
        return connectivity_of(self)

    @cached_property
    def coordination(self) -> Ints:
        """Number of opposite neighbours of every site in bulk, shape (n_sites,)."""
        return np.asarray(
            np.bincount(self.bonds.cations, minlength=self.n_sites)
            + np.bincount(self.bonds.anions, minlength=self.n_sites)
        )

    @cached_property
    def symmetry(self) -> SpaceGroup:
        """The space group of the atoms, with element and charge of each respected.

        Examples
        --------
        >>> from epicarve.builder.library import bundled_crystal
        >>> group = bundled_crystal("PbS").symmetry
        >>> group.symbol, len(group.point_group), len(group.equivalent_planes((1, 1, 1)))
        ('Fm-3m', 48, 8)
        """
        from .spacegroup import space_group  # noqa: PLC0415  (spglib is not always needed)

        atoms = self.atoms
        charged = zip(atoms.symbols.tolist(), atoms.charges.tolist(), strict=True)
        names = [f"{symbol}{charge:+d}" for symbol, charge in charged]
        kinds = np.unique(names, return_inverse=True)[1] + 1
        group = space_group(self.cell_a, atoms.fractional, kinds, self.name)
        return group.of_sites(self.fractional) if self.molecules else group

    def direction(self, hkl: tuple[int, int, int]) -> Floats:
        """Return the unit normal of the lattice planes (hkl), cartesian, shape (3,)."""
        if not any(hkl):
            raise InputError(f"{self.name}: hkl [0, 0, 0] is no plane; give Miller indices")
        normal = np.linalg.inv(self.cell_a) @ np.array(hkl, dtype=float)
        return np.asarray(normal / np.linalg.norm(normal))

    def spacing_a(self, hkl: tuple[int, int, int]) -> float:
        """Return the spacing of the lattice planes (hkl) in Å, hkl reduced to coprime indices."""
        coprime = np.array(hkl) // np.gcd.reduce(hkl)
        return float(1.0 / np.linalg.norm(np.linalg.inv(self.cell_a) @ coprime))


def cell_parameters(
    cell_a: Floats,
) -> tuple[float, float, float, float, float, float]:
    """Return lengths a, b, c in Å and angles α, β, γ in degrees of a cell, its vectors as rows."""
    a, b, c = np.linalg.norm(cell_a, axis=1)
    u, v, w = cell_a / np.array([[a], [b], [c]])
    angles = np.degrees(np.arccos(np.clip([v @ w, u @ w, u @ v], -1.0, 1.0)))
    return (float(a), float(b), float(c), float(angles[0]), float(angles[1]), float(angles[2]))
