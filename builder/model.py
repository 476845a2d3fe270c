"""A finite model: ions with formal charge, domain, bulk site and a ledger of every edit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.builder.crystal import formula_of, point_of
from epicarve.builder.report import BuildReport
from epicarve.errors import InputError

from .dimensions import dipole_debye, largest_distance_nm
from .extxyz import write_extxyz

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms
    from numpy.typing import NDArray
    from pymatgen.core.structure import Molecule

    from epicarve.arrays import Bools, Floats, Ints, Strings
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.notebook import View


COLUMNS = {
    "formal_charge": "charges",
    "domain": "domains",
    "site": "sites",
    "coordination": "coordination",
    "bulk_coordination": "bulk_coordination",
    "component": "components",
}
"""Columns of model.extxyz that every model has, and the fields that hold them."""

MOLECULE, ION = "molecule", "ion"
"""Columns of a model that holds molecules: the number of the molecule of each atom, -1 for single
ions, and what its ion is called, such as ``CH3NH3``."""

LIGAND = "ligand:"
"""Domains of ligands are named after it and their ligand."""

SAME_A = 2e-8
"""Ions of equal models differ by less than this, in Å: files hold eight decimals."""


@dataclass(frozen=True)
class Edit:
    """One step from the plain geometric cut to the model.

    Parameters
    ----------
    action : {"removed", "added", "substituted"}
        What was done.
    symbol : str
        The element of the ion; the old and the new one, ``"S→Cl"``, of a substitution.
    position_a : tuple of float
        Where the ion sits or sat, in Å, in the frame of the model.
    depth_a : float
        Distance below the surface of the shape in Å, negative outside.
    domain : str
        The domain that was edited.
    reason : str
        Why, in a few words.
    """

    action: str
    symbol: str
    position_a: tuple[float, float, float]
    depth_a: float
    domain: str
    reason: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Edit:
        """Return the edit that `as_dict` tells."""
        x, y, z = told["position_a"]
        return cls(**{**told, "position_a": (float(x), float(y), float(z))})

    def as_dict(self) -> dict[str, Any]:
        """Return the edit with its numbers rounded to 1e-4 Å, for model.json."""
        return {
            "action": self.action,
            "symbol": self.symbol,
            "position_a": [round(x, 4) + 0.0 for x in self.position_a],
            "depth_a": round(self.depth_a, 4) + 0.0,
            "domain": self.domain,
            "reason": self.reason,
        }


@dataclass(frozen=True, repr=False)
class Model:
    """A finite ionic particle of one or more domains, atoms in the rows of its arrays.

    Where it holds molecules, such as methylammonium, each of their atoms has domain, site,
    coordination and piece of the molecule, and the column ``molecule`` tells which belong together.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Chemical symbols.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Cartesian coordinates in Å.
    charges : ndarray of int, shape (n_atoms,)
        Formal charge of each ion in units of e.
    domains : ndarray of str, shape (n_atoms,)
        Name of the domain, usually a crystal's name, to which each ion belongs.
    sites : ndarray of int, shape (n_atoms,)
        Index of the ion's site in the unit cell of its domain's crystal; -1 where it is not known.
    coordination, bulk_coordination : ndarray of int, shape (n_atoms,)
        Number of opposite ions bonded to the ion here, and in its bulk crystal.
    components : ndarray of int, shape (n_atoms,)
        Connected piece of the bond graph to which each ion belongs, counted from 0.
    edits : tuple of Edit
        Ledger of every ion removed from or added to the plain cut.
    report : BuildReport
        What the builder says of the model beyond its ions: stoichiometry, optimum, interface,
        provenance, each None where there is nothing to say.
    columns : dict of str to ndarray, each of shape (n_atoms,)
        Further columns of model.extxyz, such as class and plane of each ion of the surface.

    Raises
    ------
    InputError
        If the arrays differ in length or the model holds no ion.
    """

    symbols: Strings
    positions_a: Floats
    charges: Ints
    domains: Strings
    sites: Ints
    coordination: Ints
    bulk_coordination: Ints
    components: Ints
    edits: tuple[Edit, ...] = ()
    report: BuildReport = field(default_factory=BuildReport)
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_atoms = len(self.symbols)
        if n_atoms == 0:
            raise InputError("the model holds no ion; make the shape larger or move its centre")
        per_atom = (*(getattr(self, name) for name in COLUMNS.values()), *self.columns.values())
        if self.positions_a.shape != (n_atoms, 3) or any(len(a) != n_atoms for a in per_atom):
            raise InputError("the model's arrays differ in length")

    def __eq__(self, other: object) -> bool:
        """Whether ions, columns and ledger are the same, places as far as files hold them."""
        if not isinstance(other, Model):
            return NotImplemented
        if self.n_atoms != other.n_atoms or self.columns.keys() != other.columns.keys():
            return False
        names = ("symbols", *COLUMNS.values())
        pairs = [(getattr(self, name), getattr(other, name)) for name in names]
        pairs += [(self.columns[name], other.columns[name]) for name in self.columns]
        return bool(
            all(np.array_equal(one, another) for one, another in pairs)
            and np.abs(self.positions_a - other.positions_a).max() < SAME_A
            and [edit.as_dict() for edit in self.edits] == [edit.as_dict() for edit in other.edits]
        )

    __hash__ = None  # type: ignore[assignment]  # equal to a tolerance

    def __len__(self) -> int:
        return self.n_atoms

    def __repr__(self) -> str:
        return (
            f"Model({self.formula} of {' and '.join(self.domain_names)}, {self.told_size}, "
            f"{self.diameter_nm:.2f} nm, {self.net_charge:+d} e, {self.dipole_debye:.1f} debye"
            f"{'' if self.report.structure is not None else f', {len(self.edits)} edits'})"
        )

    def _repr_html_(self) -> str:
        """Return a small table and a picture, for notebooks."""
        from epicarve.builder.notebook import card_of_model  # noqa: PLC0415  (it draws, with matplotlib)

        return card_of_model(self)

    def view(self) -> View:
        """Return the ions to be turned by the mouse: in a notebook, or written as a page."""
        from epicarve.builder.notebook import view_of_model  # noqa: PLC0415  (it draws, with matplotlib)

        return view_of_model(self)

    @property
    def n_atoms(self) -> int:
        """Number of ions."""
        return len(self.symbols)

    @property
    def net_charge(self) -> int:
        """Sum of the formal charges in units of e."""
        return int(self.charges.sum())

    @property
    def has_molecules(self) -> bool:
        """Whether some of the ions are molecules."""
        return MOLECULE in self.columns

    @property
    def of_molecules(self) -> dict[str, NDArray[Any]]:
        """The columns that tell its molecules, none without molecules."""
        return {key: self.columns[key] for key in (MOLECULE, ION) if key in self.columns}

    @cached_property
    def _numbering(self) -> tuple[Ints, Ints]:
        """The first atom of each ion, ascending, and the ion of each atom."""
        every = np.arange(self.n_atoms)
        if not self.has_molecules:
            return every, every
        molecule = self.columns[MOLECULE]
        key = np.where(molecule < 0, -1 - every, molecule)
        _, first, ion = np.unique(key, return_index=True, return_inverse=True)
        return np.sort(first), np.argsort(np.argsort(first))[ion]

    @property
    def first_atoms(self) -> Ints:
        """The first atom of each ion, ascending, shape (n_ions,)."""
        return self._numbering[0]

    @property
    def ion_of(self) -> Ints:
        """The ion to which each atom belongs, as a place in `first_atoms`, shape (n_atoms,)."""
        return self._numbering[1]

    @property
    def told_size(self) -> str:
        """How many ions there are, and atoms where that is another number."""
        atoms = f" of {self.n_atoms} atoms" if self.has_molecules else ""
        return f"{self.n_ions} ions{atoms}"

    @property
    def n_ions(self) -> int:
        """Number of ions, each molecule counted as one."""
        return len(self.first_atoms)

    @cached_property
    def ions(self) -> Model:
        """The ions, with each molecule as one at the centre of its charge; without a ledger.

        The model itself if it holds no molecules.
        """
        return self.ions_at(self.positions_a) if self.has_molecules else self

    def ions_at(self, positions_a: Floats) -> Model:
        """Return the ions of atoms at other places, in Å; see `ions`."""
        if not self.has_molecules:
            return replace(self, positions_a=positions_a)
        first, points_a = self.first_atoms, positions_a[self.first_atoms].copy()
        order = np.argsort(self.ion_of, kind="stable")
        starts = np.searchsorted(self.ion_of[order], np.arange(len(first) + 1))
        for ion in np.flatnonzero(np.diff(starts) > 1).tolist():
            atoms = order[starts[ion] : starts[ion + 1]]
            points_a[ion] = point_of(self.symbols[atoms], self.charges[atoms], positions_a[atoms])
        per_ion = {key: getattr(self, key)[first] for key in COLUMNS.values()}
        per_ion["charges"] = np.bincount(self.ion_of, self.charges, len(first)).astype(np.int64)
        kept = {k: v[first] for k, v in self.columns.items() if k not in {MOLECULE, ION}}
        return Model(self.columns[ION][first], points_a, **per_ion, columns=kept)

    def bearers_at(self, positions_a: Floats) -> tuple[Floats, Ints]:
        """Return where the charges of the ions of atoms at some places lie, and whose they are.

        Parameters
        ----------
        positions_a : ndarray of float, shape (n_atoms, 3)
            Where the atoms are, in Å.

        Returns
        -------
        points_a : ndarray of float, shape (n, 3)
            The atoms of each ion that bear its charge, its point if none does, in Å.
        ions : ndarray of int, shape (n,)
            The ion of each.
        """
        if not self.has_molecules:
            return positions_a, np.arange(self.n_atoms)
        charged = np.flatnonzero(self.charges)
        neutral = np.setdiff1d(np.arange(self.n_ions), self.ion_of[charged])
        points_a = np.concatenate(
            [positions_a[charged], self.ions_at(positions_a).positions_a[neutral]]
        )
        return points_a, np.concatenate([self.ion_of[charged], neutral])

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of atoms of each element, cations first, then by symbol."""
        return composition(self.symbols, self.charges)

    @property
    def ion_counts(self) -> dict[str, int]:
        """Number of ions of each element or molecule, cations first, then by symbol."""
        return self.ions.counts

    @property
    def formula(self) -> str:
        """Composition as a formula, such as ``"Pb330S220Cl220"`` or ``"(CH3NH3)27Pb8I43"``."""
        return formula_of(self.ion_counts)

    @property
    def domain_names(self) -> tuple[str, ...]:
        """Names of the domains in order of first appearance."""
        return tuple(dict.fromkeys(self.domains.tolist()))

    @property
    def every_column(self) -> dict[str, NDArray[Any]]:
        """All columns of model.extxyz by their names, each of shape (n_atoms,)."""
        return {**{name: getattr(self, key) for name, key in COLUMNS.items()}, **self.columns}

    @property
    def is_surface(self) -> Bools:
        """Whether an ion has fewer opposite neighbours than in bulk, shape (n_atoms,)."""
        return self.coordination < self.bulk_coordination

    @property
    def is_ligand(self) -> Bools:
        """Whether an atom belongs to a ligand, shape (n_atoms,)."""
        return np.char.startswith(self.domains, LIGAND)

    @property
    def min_coordination(self) -> dict[str, int]:
        """Fewest opposite neighbours of any ion of each element or molecule."""
        ions = self.ions
        return {
            symbol: int(ions.coordination[ions.symbols == symbol].min()) for symbol in ions.counts
        }

    @property
    def n_components(self) -> int:
        """Number of connected pieces of the bond graph."""
        return len(np.unique(self.components))

    @cached_property
    def diameter_nm(self) -> float:
        """Largest distance between two ions in nm."""
        return largest_distance_nm(self.positions_a)

    @property
    def dipole_debye(self) -> float:
        """Magnitude of the dipole of the formal charges in debye, about the centroid."""
        return dipole_debye(self.positions_a, self.charges)

    def domain(self, name: str) -> Model:
        """Return the ions of one domain as a model of its own, its edits with them."""
        chosen = self.domains == name
        if not chosen.any():
            raise InputError(f"no domain {name!r}; there are {', '.join(self.domain_names)}")
        per_ion = {key: getattr(self, key)[chosen] for key in COLUMNS.values()}
        return Model(
            symbols=self.symbols[chosen],
            positions_a=self.positions_a[chosen],
            **per_ion,
            edits=tuple(edit for edit in self.edits if edit.domain == name),
            columns={key: column[chosen] for key, column in self.columns.items()},
        )

    def transformed(
        self,
        rotation: Floats | None = None,
        shift_a: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> Model:
        """Return the model rotated about the origin and then shifted, its ledger with it.

        Parameters
        ----------
        rotation : ndarray of float, shape (3, 3), optional
            Proper rotation that acts on column vectors.
        shift_a : sequence of float, length 3
            Translation in Å.
        """
        turn = np.eye(3) if rotation is None else rotation
        shift = np.asarray(shift_a, dtype=float)

        def moved(edit: Edit) -> Edit:
            x, y, z = (turn @ np.array(edit.position_a) + shift).tolist()
            return replace(edit, position_a=(x, y, z))

        return replace(
            self,
            positions_a=self.positions_a @ turn.T + shift,
            edits=tuple(moved(edit) for edit in self.edits),
        )

    def write_extxyz(self, path: Path, columns: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Write the ions with all per-atom columns as extended XYZ, coordinates in Å.

        Its second line says by what the model was made: program, recipe, crystals, sources.

        Parameters
        ----------
        path : Path
            The file.
        columns : mapping of str to ndarray, optional
            Further columns by name, each of shape (n_atoms,): words without blanks, whole numbers,
            or real numbers, which are written to eight decimals.
        """
        provenance = self.report.provenance
        write_extxyz(
            path,
            self.symbols,
            self.positions_a,
            {**self.every_column, **(columns or {})},
            told=None if provenance is None else provenance.statements,
        )

    def write(self, folder: Path | str) -> None:
        """Write model.extxyz, model.cif, model.json and preview.png: all of them, or none.

        Parameters
        ----------
        folder : Path or str
            Where to write; made if it is not there.
        """
        from epicarve.builder.output import write_model  # noqa: PLC0415  (it draws, with matplotlib)

        write_model(Path(folder), self)

    @classmethod
    def from_structure(
        cls,
        structure: Atoms | Path | str,
        oxidation_states: Mapping[str, int] | None = None,
        *,
        crystals: Sequence[Crystal] = (),
        charge: int | None = None,
    ) -> Model:
        """Return the model of a cluster whose coordinates are given, such as a relaxed one.

        It has no ledger and no optimum. Bonds and bulk coordination are those of the crystal that
        is named; without one, and for elements that it does not hold, they are taken from the
        structure itself, with a warning that tells them.

        Parameters
        ----------
        structure : Atoms, Path or str
            The atoms, or a file that ASE reads, of which the last geometry counts. A periodic cell
            has to hold vacuum on all sides.
        oxidation_states : mapping of str to int, optional
            Formal charges by element; else those of a column ``formal_charge``, else those of the
            crystal, else guessed, with a warning.
        crystals : sequence of Crystal
            What it consists of: crystals, after which its domains are named, or none. Which ions
            belong to which of several is found as `identify` does.
        charge : int, optional
            Net charge in e that the formal charges have to sum to; 0 if not given.

        Raises
        ------
        InputError
            If there is no whole cluster, or its charges are unclear or do not sum to its charge.

        Examples
        --------
        >>> from ase.build import bulk
        >>> cluster = bulk("PbS", "rocksalt", a=5.94, cubic=True).repeat(2)
        >>> cluster.pbc = False
        >>> Model.from_structure(cluster, {"Pb": 2, "S": -2}).counts
        {'Pb': 32, 'S': 32}
        """
        from epicarve.builder.exchange import model_of_structure  # noqa: PLC0415  (costs half a second)

        return model_of_structure(structure, oxidation_states, crystals=crystals, charge=charge)

    @classmethod
    def read(cls, path: Path | str) -> Model:
        """Read a model that epicarve wrote, its ledger and its report with it.

        Parameters
        ----------
        path : Path or str
            A folder with model.extxyz and model.json, or an extended XYZ file, with a JSON file of
            the same name beside it if there is one.

        Returns
        -------
        Model
            The model, its ledger and its report as they were written.

        Raises
        ------
        InputError
            If there is no model that epicarve wrote.
        """
        from epicarve.builder.exchange import model_of_file  # noqa: PLC0415  (costs half a second)

        return model_of_file(Path(path))

    def to_ase(self) -> Atoms:
        """Return the ions as ASE Atoms without a cell; columns are arrays of the same names.

        Formal charges stand in ``formal_charge`` and as initial charges, the surface flag in
        ``is_surface``; ledger and report in ``info["epicarve"]``.
        """
        from epicarve.builder.exchange import atoms_of_model  # noqa: PLC0415  (costs half a second)

        return atoms_of_model(self)

    @classmethod
    def from_ase(cls, atoms: Atoms) -> Model:
        """Return the model that `to_ase` made atoms of, at the places where these are now.

        Raises
        ------
        InputError
            If the atoms lack the columns of a model, or some were added, removed or replaced.
        """
        from epicarve.builder.exchange import model_of_atoms  # noqa: PLC0415  (costs half a second)

        return model_of_atoms(atoms)

    def to_pymatgen(self) -> Molecule:
        """Return the ions as pymatgen Molecule with oxidation states; columns are site properties.

        Ledger and report stand in ``properties["epicarve"]``.
        """
        from epicarve.builder.exchange import molecule_of_model  # noqa: PLC0415  (costs a second)

        return molecule_of_model(self)

    @classmethod
    def from_pymatgen(cls, molecule: Molecule) -> Model:
        """Return the model that `to_pymatgen` made a molecule of, where its sites are now.

        Raises
        ------
        InputError
            As for `from_ase`.
        """
        from epicarve.builder.exchange import model_of_molecule  # noqa: PLC0415  (costs a second)

        return model_of_molecule(molecule)


def composition(symbols: Strings, charges: Ints) -> dict[str, int]:
    """Count ions by element: cations before anions, each by ascending charge, then by symbol."""
    counts = Counter(symbols.tolist())
    charge_of = dict(zip(symbols.tolist(), charges.tolist(), strict=True))
    order = sorted(counts, key=lambda symbol: (charge_of[symbol] <= 0, charge_of[symbol], symbol))
    return {symbol: counts[symbol] for symbol in order}
