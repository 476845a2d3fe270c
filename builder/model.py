"""A finite model: ions with formal charge, domain, bulk site and a ledger of every edit."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from epicarve.errors import InputError
from epicarve.files import read_json
from epicarve.units import A_PER_NM, DEBYE_PER_E_A

from .extxyz import write_extxyz

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


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


@dataclass(frozen=True)
class Model:
    """A finite ionic particle of one or more domains.

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
        Index of the ion's site in the unit cell of its domain's crystal.
    coordination, bulk_coordination : ndarray of int, shape (n_atoms,)
        Number of opposite ions bonded to the ion here, and in its bulk crystal.
    components : ndarray of int, shape (n_atoms,)
        Connected piece of the bond graph to which each ion belongs, counted from 0.
    edits : tuple of Edit
        Ledger of every ion removed from or added to the plain cut.
    report : dict
        What the builder says of the model beyond its atoms, as it stands in model.json
        (stoichiometry, optimum, interface, provenance).

    Raises
    ------
    InputError
        If the arrays differ in length or the model holds no ion.
    """

    symbols: NDArray[np.str_]
    positions_a: NDArray[np.float64]
    charges: NDArray[np.int64]
    domains: NDArray[np.str_]
    sites: NDArray[np.int64]
    coordination: NDArray[np.int64]
    bulk_coordination: NDArray[np.int64]
    components: NDArray[np.int64]
    edits: tuple[Edit, ...] = ()
    report: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_atoms = len(self.symbols)
        if n_atoms == 0:
            raise InputError("the model holds no ion; make the shape larger or move its centre")
        per_atom = (
            self.charges,
            self.domains,
            self.sites,
            self.coordination,
            self.bulk_coordination,
            self.components,
        )
        if self.positions_a.shape != (n_atoms, 3) or any(len(a) != n_atoms for a in per_atom):
            raise InputError("the model's arrays differ in length")

    @property
    def n_atoms(self) -> int:
        """Number of ions."""
        return len(self.symbols)

    @property
    def net_charge(self) -> int:
        """Sum of the formal charges in units of e."""
        return int(self.charges.sum())

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of ions of each element, cations first, then by symbol."""
        return composition(self.symbols, self.charges)

    @property
    def formula(self) -> str:
        """Composition as a formula, for instance ``"Pb330S220Cl220"``."""
        return formula_of(self.counts)

    @property
    def domain_names(self) -> tuple[str, ...]:
        """Names of the domains in order of first appearance."""
        return tuple(dict.fromkeys(self.domains.tolist()))

    @property
    def is_surface(self) -> NDArray[np.bool_]:
        """Whether an ion has fewer opposite neighbours than in bulk, shape (n_atoms,)."""
        return self.coordination < self.bulk_coordination

    @property
    def n_components(self) -> int:
        """Number of connected pieces of the bond graph."""
        return len(np.unique(self.components))

    @cached_property
    def diameter_nm(self) -> float:
        """Largest distance between two ions in nm."""
        points = self.positions_a
        if self.n_atoms > 20:
            with contextlib.suppress(QhullError):  # raised for flat and linear models
                points = points[ConvexHull(points).vertices]
        return float(pdist(points).max() / A_PER_NM) if len(points) > 1 else 0.0

    @property
    def dipole_debye(self) -> float:
        """Magnitude of the dipole of the formal charges in debye, about the centroid."""
        arms_a = self.positions_a - self.positions_a.mean(axis=0)
        return float(np.linalg.norm(self.charges @ arms_a) * DEBYE_PER_E_A)

    def domain(self, name: str) -> Model:
        """Return the ions of one domain as a model of its own, its edits with them."""
        chosen = self.domains == name
        if not chosen.any():
            raise InputError(f"no domain {name!r}; there are {', '.join(self.domain_names)}")
        return Model(
            symbols=self.symbols[chosen],
            positions_a=self.positions_a[chosen],
            charges=self.charges[chosen],
            domains=self.domains[chosen],
            sites=self.sites[chosen],
            coordination=self.coordination[chosen],
            bulk_coordination=self.bulk_coordination[chosen],
            components=self.components[chosen],
            edits=tuple(edit for edit in self.edits if edit.domain == name),
        )

    def transformed(
        self,
        rotation: NDArray[np.float64] | None = None,
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

        Parameters
        ----------
        path : Path
            The file.
        columns : mapping of str to ndarray, optional
            Further columns by name, each of shape (n_atoms,): words without blanks, whole numbers,
            or real numbers, which are written to eight decimals.
        """
        own: dict[str, NDArray[Any]] = {
            "formal_charge": self.charges,
            "domain": self.domains,
            "site": self.sites,
            "coordination": self.coordination,
            "bulk_coordination": self.bulk_coordination,
            "component": self.components,
        }
        write_extxyz(path, self.symbols, self.positions_a, {**own, **(columns or {})})

    @classmethod
    def read(cls, path: Path) -> Model:
        """Read a model.extxyz and, if it stands beside it, the report of its model.json.

        Parameters
        ----------
        path : Path
            An extended XYZ file written by `write_extxyz`.

        Returns
        -------
        Model
            The model; its edits stay in the report, as model.json tells them.

        Raises
        ------
        InputError
            If the file is not a model that epicarve wrote.
        """
        from ase import Atoms  # noqa: PLC0415  (costs half a second)
        from ase.io import read  # noqa: PLC0415

        try:
            atoms = read(path, format="extxyz")
            assert isinstance(atoms, Atoms)  # not a list, as no index was asked for
            arrays = atoms.arrays
            charges, domain, site = (arrays[n] for n in ("formal_charge", "domain", "site"))
            names = ("coordination", "bulk_coordination", "component")
            coordination, bulk_coordination, component = (arrays[name] for name in names)
        except Exception as error:  # ase raises whatever its parsers raise
            raise InputError(
                f"{path}: not a model that epicarve wrote ({error}); give a model.extxyz"
            ) from error
        beside = Path(path).with_suffix(".json")
        return cls(
            symbols=np.array(list(atoms.symbols)),
            positions_a=np.array(atoms.positions),
            charges=np.asarray(charges, dtype=int),
            domains=np.array([str(d) for d in domain]),
            sites=np.asarray(site, dtype=int),
            coordination=np.asarray(coordination, dtype=int),
            bulk_coordination=np.asarray(bulk_coordination, dtype=int),
            components=np.asarray(component, dtype=int),
            report=read_json(beside) if beside.is_file() else {},
        )


def composition(symbols: NDArray[np.str_], charges: NDArray[np.int64]) -> dict[str, int]:
    """Count ions by element: cations before anions, each by ascending charge, then by symbol."""
    counts = Counter(symbols.tolist())
    charge_of = dict(zip(symbols.tolist(), charges.tolist(), strict=True))
    order = sorted(counts, key=lambda symbol: (charge_of[symbol] <= 0, charge_of[symbol], symbol))
    return {symbol: counts[symbol] for symbol in order}


def formula_of(counts: Mapping[str, int]) -> str:
    """Return numbers of ions by element as a formula, in their order."""
    return "".join(f"{symbol}{n if n > 1 else ''}" for symbol, n in counts.items())
