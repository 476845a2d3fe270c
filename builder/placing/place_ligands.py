"""From what a user asks of ligands to the poses that the optimisation chooses from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from epicarve.builder.optimise import Poses
from epicarve.errors import InputError

from .amounts import amounts_of
from .exclusion import exclusive_rows, needless, touching
from .kinds import kinds_of
from .posing import PosedLigand, posed
from .stands import stands_of
from .surface_sites import SurfaceSites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Bools, Floats, Ints, Strings
    from epicarve.builder.optimise import Candidates

    from .kinds import PlacedKind
    from .options import LigandOptions


@dataclass(frozen=True)
class Placement:
    """The poses that may be chosen, with their atoms.

    Parameters
    ----------
    kinds : tuple of PlacedKind
        The ligands.
    poses : Poses
        Their poses as the optimisation takes them.
    modes : ndarray of str, shape (n_poses,)
        How each binds.
    positions_a : tuple of ndarray of float, shape (n_atoms, 3)
        Atoms of each pose in Å.
    area_nm2 : float
        Area in nm² of the convex hull of the plain cut.
    contact : float
        Share of the sum of two radii below which atoms are in contact.
    """

    kinds: tuple[PlacedKind, ...]
    poses: Poses
    modes: Strings
    positions_a: tuple[Floats, ...]
    area_nm2: float
    contact: float


def placement(ions: Candidates, options: LigandOptions) -> Placement:
    """Return the poses of ligands on the surface of a cut.

    Parameters
    ----------
    ions : Candidates
        Ions of one crystal, with the empty sites beyond the surface.
    options : LigandOptions
        What is asked for.

    Raises
    ------
    InputError
        If a ligand is not known, fits nowhere, or its amount contradicts itself.
    """
    surface = SurfaceSites(ions)
    kinds = kinds_of(options, surface.crystal)
    every = []
    for place, kind in enumerate(kinds):
        stands = stands_of(kind.ligand, kind.modes, surface)
        found = posed(kind.ligand, stands, surface, options.contact)
        if found.n_poses == 0:
            raise InputError(_fits_nowhere(kind, found, surface, options.contact))
        every.append(found)
        kinds[place] = replace(kind, n_sites=len(np.unique(found.sites[:, 0])))
    table = _Table.of(kinds, every)
    one, other = table.touching(options.contact)
    kept = ~table.needless(one, other)
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    both = kept[one] & kept[other]
    table, one, other = table.chosen(kept), number[one[both]], number[other[both]]
    poses = Poses(
        kind=table.kind,
        charge=table.charges(kinds),
        moments=table.moments(kinds),
        filled=_filled(table, table.charges(kinds), surface),
        anchored=_anchored(table, kinds, surface),
        held_by=_pairs(table.cations, ions.n_ions),
        sites=_pairs(table.sites, ions.n_ions),
        excludes=_matrix(table.excluded[:, 0], table.excluded[:, 1], (table.n_poses, ions.n_ions)),
        is_ion=table.is_ion,
        counted=_counted(table, kinds, ions),
        exclusive=exclusive_rows(one, other, table.sites),
        amounts=amounts_of(kinds, options, surface.area_nm2),
    )
    return Placement(
        kinds=tuple(kinds),
        poses=poses,
        modes=table.modes,
        positions_a=table.positions_a,
        area_nm2=surface.area_nm2,
        contact=options.contact,
    )


def _fits_nowhere(kind: PlacedKind, found: PosedLigand, surface: SurfaceSites, share: float) -> str:
    name = surface.crystal.name
    if not found.nearest:
        what = "site of a cation" if kind.ligand.is_cation else "open bond of a cation"
        return (
            f"{name}: {kind.ligand.name} has no place, as the surface has no {what}; take another"
        )
    return (
        f"{name}: {kind.ligand.name} fits nowhere on the surface: at best {found.nearest}, and "
        f"{share:g} is the least; give a shorter length, other modes or a smaller contact"
    )


@dataclass(frozen=True)
class _Table:
    """Poses of all ligands, one after the other."""

    kind: Ints
    positions_a: tuple[Floats, ...]
    radii_a: tuple[Floats, ...]
    modes: Strings
    cations: Ints
    sites: Ints
    is_ion: Bools
    excluded: Ints

    @classmethod
    def of(cls, kinds: Sequence[PlacedKind], every: Sequence[PosedLigand]) -> _Table:
        counts = [found.n_poses for found in every]
        starts = np.cumsum([0, *counts]).tolist()
        excluded = [
            found.excluded + np.array([start, 0])
            for found, start in zip(every, starts[:-1], strict=True)
        ]
        return cls(
            kind=np.repeat(np.arange(len(every)), counts),
            positions_a=tuple(places for found in every for places in found.positions_a),
            radii_a=tuple(kind.ligand.vdw_radii_a for kind in kinds),
            modes=np.concatenate([found.modes for found in every]),
            cations=np.concatenate([found.cations for found in every]),
            sites=np.concatenate([found.sites for found in every]),
            is_ion=np.repeat([found.is_ion for found in every], counts),
            excluded=np.concatenate(excluded),
        )

    @property
    def n_poses(self) -> int:
        return len(self.kind)

    def chosen(self, kept: Bools) -> _Table:
        number = np.where(kept, np.cumsum(kept) - 1, -1)
        pairs = np.column_stack([number[self.excluded[:, 0]], self.excluded[:, 1]])
        return replace(
            self,
            kind=self.kind[kept],
            positions_a=tuple(self.positions_a[pose] for pose in np.flatnonzero(kept).tolist()),
            modes=self.modes[kept],
            cations=self.cations[kept],
            sites=self.sites[kept],
            is_ion=self.is_ion[kept],
            excluded=pairs[pairs[:, 0] >= 0],
        )

    def charges(self, kinds: Sequence[PlacedKind]) -> Ints:
        return np.array([kind.ligand.charge for kind in kinds])[self.kind]

    def moments(self, kinds: Sequence[PlacedKind]) -> Floats:
        charges = [kind.ligand.charges.astype(float) for kind in kinds]
        pairs = zip(self.kind.tolist(), self.positions_a, strict=True)
        return np.array([charges[kind] @ places for kind, places in pairs])

    def touching(self, share: float) -> tuple[Ints, Ints]:
        radii_a = [self.radii_a[kind] for kind in self.kind.tolist()]
        pose_of = np.repeat(np.arange(self.n_poses), [len(each) for each in radii_a])
        atoms_a = np.concatenate(self.positions_a)
        return touching(atoms_a, np.concatenate(radii_a), pose_of, self.sites[:, 0], share)

    def needless(self, one: Ints, other: Ints) -> Bools:
        modes = np.unique(self.modes, return_inverse=True)[1].reshape(-1)
        table = np.column_stack([self.kind, modes, np.sort(self.sites), np.sort(self.cations)])
        alike = np.unique(table, axis=0, return_inverse=True)[1].reshape(-1)
        by = np.r_[other, self.n_poses + self.excluded[:, 1]]
        return needless(alike, np.r_[one, self.excluded[:, 0]], by)


def _pairs(columns: Ints, n_ions: int) -> csr_array:
    """Return a matrix with 1 for each ion named in the row of a pose."""
    pose, column = np.nonzero(columns >= 0)
    return _matrix(pose, columns[pose, column], (len(columns), n_ions))


def _matrix(rows: Ints, columns: Ints, shape: tuple[int, int]) -> csr_array:
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def _anchored(table: _Table, kinds: Sequence[PlacedKind], surface: SurfaceSites) -> csr_array:
    """Return how many neighbours each pose is to each ion.

    An anchor is one, but two that fill the same open bond are one together. A charged one is also a
    neighbour of cations that have a weak bond to its site, and one on the site of an ion is what
    that is in bulk.
    """
    cations, sites, n_ions = table.cations, table.sites, surface.ions.n_ions
    on_one = (cations[:, 1] < 0) & (sites[:, 1] >= 0) & ~table.is_ion
    bonded = csr_array(_pairs(cations, n_ions).multiply(np.where(on_one, 2, 1)[:, None]))
    on_sites = np.flatnonzero(table.is_ion)
    near = surface.ions.adjacency[sites[on_sites, 0]].tocoo()
    around = _matrix(on_sites[near.coords[0]], near.coords[1], bonded.shape)
    beside = np.flatnonzero(~table.is_ion & (table.charges(kinds) < 0))
    near = surface.weak[sites[beside, 0]].tocoo()
    weak = _matrix(beside[near.coords[0]], near.coords[1], bonded.shape)
    return csr_array(bonded + around + weak)


def _filled(table: _Table, charge: Ints, surface: SurfaceSites) -> Ints:
    """Return the open bonds of cations that each pose fills."""
    cations, sites = table.cations, table.sites
    filled = np.maximum((sites >= 0).sum(axis=1), (cations >= 0).sum(axis=1))
    of_base = surface.shell.base[surface.cations]
    open_bonds = np.bincount(surface.sites[of_base], minlength=surface.ions.n_ions)
    on_site = np.where(charge < 0, open_bonds[sites[:, 0]], 0)
    return np.where(table.is_ion, on_site, filled)


def _counted(table: _Table, kinds: Sequence[PlacedKind], ions: Candidates) -> csr_array:
    """Return what each pose counts as in the ratio: its charge, as the ion whose site it takes.

    Ions of a neutral pair do not count, and those of a Z-type unit take its cation with them.
    """
    ion = table.sites[:, 0].copy()
    share = table.charges(kinds) / np.where(ions.charges[ion] == 0, 1, ions.charges[ion])
    for number, each in enumerate(kinds):
        mine = table.kind == number
        if each.pair is None:
            continue
        share[mine] = 0.0
        if each.pair.kind == "Z":
            symbol = str(each.pair.cation.symbols[0])
            ion[mine] = np.flatnonzero(ions.symbols == symbol)[0]
            share[mine] = -each.pair.n_cations / each.pair.n_anions
    return csr_array((share, (np.arange(len(ion)), ion)), shape=(len(ion), ions.n_ions))
