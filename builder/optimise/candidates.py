"""The ions that one optimisation may choose from: those of one crystal, or of several joined."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.shapes import LatticeIons

    from .options import BalanceOptions
    from .poses import Poses
    from .treatment_options import TreatmentOptions


@dataclass(frozen=True)
class Domain:
    """Ions of one crystal in and around its shape, and what the chosen ones must satisfy.

    Parameters
    ----------
    ions : LatticeIons
        Ions inside the shape and the sites around it that may be filled.
    shell_a : float
        Depth of the free shell in Å.
    options : BalanceOptions
        What the domain must satisfy.
    origin_a : ndarray of float, shape (3,)
        Point in Å about which the domain's size and dipole are reckoned.
    """

    ions: LatticeIons
    shell_a: float
    options: BalanceOptions
    origin_a: Floats = field(default_factory=lambda: np.zeros(3))


@dataclass(frozen=True)
class Candidates:
    """Ions of one or more domains in one frame, with the bonds between all of them.

    Parameters
    ----------
    domains : tuple of Domain
        The domains; ions are numbered through them in this order.
    adjacency : csr_array, shape (n_ions, n_ions)
        Bonds, those across an interface with them.
    connectivity : csr_array, shape (n_ions, n_ions)
        What holds a model together: the bonds, and the contacts between pieces of a bulk.
    clashes : ndarray of int, shape (n_clashes, 2)
        Pairs of ions of different domains that lie too close to be both kept.
    treatment : TreatmentOptions, optional
        How the surface of a particle of one crystal is treated.
    poses : Poses, optional
        Ligands that may be placed on a particle of one crystal.
    """

    domains: tuple[Domain, ...]
    adjacency: csr_array
    connectivity: csr_array
    clashes: Ints = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    treatment: TreatmentOptions | None = None
    poses: Poses | None = None

    @classmethod
    def of_one(
        cls,
        ions: LatticeIons,
        shell_a: float,
        options: BalanceOptions,
        treatment: TreatmentOptions | None = None,
    ) -> Candidates:
        """Return the candidates of a particle of one crystal."""
        adjacency = ions.adjacency()
        domain, connectivity = Domain(ions, shell_a, options), ions.connectivity(adjacency)
        return cls((domain,), adjacency, connectivity, treatment=treatment)

    @property
    def name(self) -> str:
        """Names of the crystals, for messages."""
        return " / ".join(domain.ions.crystal.name for domain in self.domains)

    @property
    def n_ions(self) -> int:
        """Number of ions."""
        return sum(domain.ions.n_ions for domain in self.domains)

    @property
    def charge_of(self) -> dict[str, int]:
        """Oxidation state of each element of all crystals."""
        return {s: q for each in self.domains for s, q in each.ions.crystal.charge_of.items()}

    @cached_property
    def domain(self) -> Ints:
        """Index of the domain of each ion, shape (n_ions,)."""
        return np.repeat(np.arange(len(self.domains)), [d.ions.n_ions for d in self.domains])

    @cached_property
    def depth_a(self) -> Floats:
        """Depth of the free shell in Å at each ion, shape (n_ions,)."""
        return np.array([domain.shell_a for domain in self.domains])[self.domain]

    @cached_property
    def sites(self) -> Ints:
        """Site of each ion in the cell of its own crystal, shape (n_ions,)."""
        return np.concatenate([each.ions.sites for each in self.domains])

    @cached_property
    def symbols(self) -> Strings:
        """Element of each ion, shape (n_ions,)."""
        return np.concatenate([each.ions.symbols for each in self.domains])

    @cached_property
    def charges(self) -> Ints:
        """Formal charge of each ion in units of e, shape (n_ions,)."""
        return np.concatenate([each.ions.charges for each in self.domains])

    @cached_property
    def bulk_coordination(self) -> Ints:
        """Number of opposite neighbours of each ion in its bulk, shape (n_ions,)."""
        return np.concatenate([each.ions.bulk_coordination for each in self.domains])

    @cached_property
    def positions_a(self) -> Floats:
        """Coordinates in Å, shape (n_ions, 3)."""
        return np.concatenate([each.ions.positions_a for each in self.domains])

    @cached_property
    def signed_distance_a(self) -> Floats:
        """Distance in Å to the surface, negative inside, shape (n_ions,)."""
        return np.concatenate([each.ions.signed_distance_a for each in self.domains])

    @cached_property
    def trim_distance_a(self) -> Floats:
        """Distance in Å to the trimmable part of the surface, shape (n_ions,)."""
        return np.concatenate([each.ions.trim_distance_a for each in self.domains])
