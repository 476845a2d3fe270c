"""From what a user asks of ligands to the poses that the optimisation chooses from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from epicarve.builder.ligands import Ligand, LigandPair, LigandSpec, ligand_of
from epicarve.builder.optimise import Amount, Poses
from epicarve.errors import InputError

from .contacts import near_pairs, radii_of
from .posing import PosedLigand, posed
from .stands import stands_of
from .surface_sites import SurfaceSites

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.optimise import Candidates

    from .options import Bounds, LigandOptions, PlacedLigand

ROUNDING = 1e-9


@dataclass(frozen=True)
class PlacedKind:
    """One ligand of those asked for.

    Parameters
    ----------
    ligand : Ligand
        The ligand.
    asked : PlacedLigand
        What was asked of it.
    pair : LigandPair or None
        The neutral unit that it is part of.
    n_sites : int
        Sites of the surface that take it.
    """

    ligand: Ligand
    asked: PlacedLigand
    pair: LigandPair | None
    n_sites: int = 0

    @property
    def per_unit(self) -> int:
        """How many of it a unit of its pair has, 1 without one."""
        if self.pair is None:
            return 1
        return self.pair.n_cations if self.ligand.is_cation else self.pair.n_anions


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
    kinds = _kinds(options, surface)
    every = []
    for number, kind in enumerate(kinds):
        modes = _modes(kind)
        found = posed(kind.ligand, stands_of(kind.ligand, modes, surface), surface, options.contact)
        if found.n_poses == 0:
            raise InputError(_fits_nowhere(kind, found, surface, options.contact))
        every.append(found)
        kinds[number] = replace(kind, n_sites=len(np.unique(found.sites[:, 0])))
    poses = _poses(kinds, every, surface, options)
    return Placement(
        kinds=tuple(kinds),
        poses=poses,
        modes=np.concatenate([found.modes for found in every]),
        positions_a=tuple(places for found in every for places in found.positions_a),
        area_nm2=surface.area_nm2,
        contact=options.contact,
    )


@lru_cache(maxsize=64)
def _built(spec: LigandSpec) -> Ligand | LigandPair:
    return ligand_of(spec)


def _kinds(options: LigandOptions, surface: SurfaceSites) -> list[PlacedKind]:
    """Return the ligands that are placed, those of a pair one after the other."""
    kinds = []
    for asked in options.kinds:
        of_molecule = {key: getattr(asked, key) for key in LigandSpec.model_fields}
        built = _built(LigandSpec(**of_molecule))
        if isinstance(built, Ligand):
            kinds.append(PlacedKind(built, asked, None))
            continue
        crystal = surface.crystal
        metal = str(built.cation.symbols[0])
        if built.kind == "Z" and metal not in crystal.charges_of:
            raise InputError(
                f"{built.name} brings {metal}, which {crystal.name} does not hold; give a unit of "
                f"{' or '.join(s for s, q in crystal.charge_of.items() if q > 1)}"
            )
        kinds.append(PlacedKind(built.anion, asked, built))
        if built.kind != "Z":
            kinds.append(PlacedKind(built.cation, asked, built))
    return kinds


def _modes(kind: PlacedKind) -> tuple[str, ...]:
    asked = kind.asked.modes
    if asked is None:
        return kind.ligand.modes
    wrong = [mode for mode in asked if mode not in kind.ligand.modes]
    if wrong:
        raise InputError(
            f"{kind.ligand.name} can't be {wrong[0]}; it can be {', '.join(kind.ligand.modes)}"
        )
    return asked


def _fits_nowhere(
    kind: PlacedKind, found: PosedLigand, surface: SurfaceSites, share: float
) -> str:
    name = surface.crystal.name
    if not found.nearest:
        what = "site of a cation" if kind.ligand.is_cation else "open bond of a cation"
        return f"{name}: {kind.ligand.name} has no place, as the surface has no {what}; take another"
    return (
        f"{name}: {kind.ligand.name} fits nowhere on the surface: at best {found.nearest}, and "
        f"{share:g} is the least; give a shorter length, other modes or a smaller contact"
    )


def _poses(
    kinds: list[PlacedKind], every: list[PosedLigand], surface: SurfaceSites, options: LigandOptions
) -> Poses:
    ions, n_ions = surface.ions, surface.ions.n_ions
    counts = [found.n_poses for found in every]
    kind = np.repeat(np.arange(len(kinds)), counts)
    n_poses = len(kind)
    charge = np.array([each.ligand.charge for each in kinds])[kind]
    moments = np.concatenate(
        [
            np.einsum("a,pax->px", each.ligand.charges.astype(float), found.positions_a)
            for each, found in zip(kinds, every, strict=True)
        ]
    )
    cations = np.concatenate([found.cations for found in every])
    sites = np.concatenate([found.sites for found in every])
    is_ion = np.repeat([found.is_ion for found in every], counts)
    starts = np.cumsum([0, *counts])[:-1]
    excluded = np.concatenate(
        [
            found.excluded + np.array([start, 0])
            for found, start in zip(every, starts.tolist(), strict=True)
        ]
    )
    held_by = _pairs(cations, n_ions)
    anchored = _anchored(kinds, kind, cations, sites, is_ion, surface)
    return Poses(
        kind=kind,
        charge=charge,
        moments=moments,
        filled=_filled(charge, cations, sites, is_ion, surface),
        anchored=anchored,
        held_by=held_by,
        sites=_pairs(sites, n_ions),
        excludes=_matrix(excluded[:, 0], excluded[:, 1], (n_poses, n_ions)),
        is_ion=is_ion,
        counted=_counted(kinds, kind, charge, sites, ions),
        exclusive=_exclusive(kinds, every, sites, options.contact),
        amounts=_amounts(kinds, options, surface),
    )


def _pairs(columns: Ints, n_ions: int) -> csr_array:
    """Return a matrix with 1 for each ion named in the row of a pose."""
    pose, column = np.nonzero(columns >= 0)
    return _matrix(pose, columns[pose, column], (len(columns), n_ions))


def _matrix(rows: Ints, columns: Ints, shape: tuple[int, int]) -> csr_array:
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def _anchored(
    kinds: list[PlacedKind],
    kind: Ints,
    cations: Ints,
    sites: Ints,
    is_ion: Ints,
    surface: SurfaceSites,
) -> csr_array:
    """Return how many neighbours each pose is to each ion.

    An anchor is one; a ligand on a site of an ion is what that is in bulk.
    """
    n_ions = surface.ions.n_ions
    n_anchors = np.array([min(2, len(each.ligand.anchors)) for each in kinds])[kind]
    alone = (cations[:, 1] < 0) & (cations[:, 0] >= 0)
    bonded = _pairs(cations, n_ions)
    weight = np.where(alone & (sites[:, 1] >= 0), n_anchors, 1)
    bonded = csr_array(bonded.multiply(weight[:, None]))
    on_sites = np.flatnonzero(is_ion)
    near = surface.ions.adjacency[sites[on_sites, 0]].tocoo()
    around = csr_array(
        (np.ones(near.nnz), (on_sites[near.coords[0]], near.coords[1])), shape=bonded.shape
    )
    return csr_array(bonded + around)


def _filled(
    charge: Ints, cations: Ints, sites: Ints, is_ion: Ints, surface: SurfaceSites
) -> Ints:
    """Return the open bonds of cations that each pose fills."""
    filled = np.maximum((sites >= 0).sum(axis=1), (cations >= 0).sum(axis=1))
    of_base = surface.shell.base[surface.cations]
    open_bonds = np.bincount(surface.sites[of_base], minlength=surface.ions.n_ions)
    on_site = np.where(charge < 0, open_bonds[sites[:, 0]], 0)
    return np.where(is_ion, on_site, filled)


def _counted(
    kinds: list[PlacedKind], kind: Ints, charge: Ints, sites: Ints, ions: Candidates
) -> csr_array:
    """Return what each pose counts as in the ratio: its charge, as the ion whose site it takes.

    Ions of a neutral pair do not count, and those of a Z-type unit take its cation with them.
    """
    ion = sites[:, 0].copy()
    share = charge / np.where(ions.charges[ion] == 0, 1, ions.charges[ion])
    for number, each in enumerate(kinds):
        mine = kind == number
        if each.pair is None:
            continue
        share[mine] = 0.0
        if each.pair.kind == "Z":
            symbol = str(each.pair.cation.symbols[0])
            ion[mine] = np.flatnonzero(ions.symbols == symbol)[0]
            share[mine] = -each.pair.n_cations / each.pair.n_anions
    return csr_array((share, (np.arange(len(kind)), ion)), shape=(len(kind), ions.n_ions))


def _exclusive(
    kinds: list[PlacedKind], every: list[PosedLigand], sites: Ints, share: float
) -> csr_array:
    """Return sets of poses of which one at most can be, as they are in contact.

    All poses of a site exclude each other. So of those of one site, the ones that touch the same
    poses of another are in one row with these.
    """
    atoms_a = np.concatenate([found.positions_a.reshape(-1, 3) for found in every])
    radii_a = np.concatenate(
        [
            np.tile(radii_of(each.ligand.symbols), found.n_poses)
            for each, found in zip(kinds, every, strict=True)
        ]
    )
    n_atoms = np.repeat(
        [each.ligand.n_atoms for each in kinds], [found.n_poses for found in every]
    )
    pose_of = np.repeat(np.arange(len(n_atoms)), n_atoms)
    n_poses = len(n_atoms)
    one, other, _ = near_pairs(atoms_a, radii_a, atoms_a, radii_a, share)
    one, other = pose_of[one], pose_of[other]
    apart = sites[one, 0] < sites[other, 0]
    codes = np.unique(one[apart] * n_poses + other[apart])
    one, other = codes // n_poses, codes % n_poses
    groups, row_of_pair = np.unique(
        np.column_stack([one, sites[other, 0]]), axis=0, return_inverse=True
    )
    random = np.random.default_rng(0).integers(1, 2**62, size=n_poses, dtype=np.int64)
    code = np.zeros(len(groups), dtype=np.int64)
    np.add.at(code, row_of_pair.reshape(-1), random[other])
    alike = np.column_stack([sites[groups[:, 0], 0], groups[:, 1], code])
    kinds_of_row, row = np.unique(alike, axis=0, return_inverse=True)
    row = row.reshape(-1)
    rows = np.r_[row, row[row_of_pair.reshape(-1)]]
    columns = np.r_[groups[:, 0], other]
    cells = np.unique(rows * n_poses + columns)
    return _matrix(cells // n_poses, cells % n_poses, (len(kinds_of_row), n_poses))


def _amounts(
    kinds: list[PlacedKind], options: LigandOptions, surface: SurfaceSites
) -> tuple[Amount, ...]:
    """Return the bounds of the numbers of ligands, and those that hold pairs together."""
    area_nm2, n_kinds = surface.area_nm2, len(kinds)
    amounts = []

    def bounded(weights: Floats, bounds: Bounds | None, whole: float, told: str) -> None:
        if bounds is not None:
            low, high = _in_numbers(bounds, whole)
            amounts.append(Amount(weights, low, high, told))

    for number, kind in enumerate(kinds):
        asked, one = kind.asked, np.eye(n_kinds)[number]
        if kind.pair is not None and kind.ligand.is_cation:
            anions = one * kind.pair.n_anions - np.eye(n_kinds)[number - 1] * kind.pair.n_cations
            amounts.append(Amount(anions, 0.0, 0.0, f"{kind.pair.name} in whole units"))
            continue
        name = kind.ligand.name if kind.pair is None else kind.pair.name
        bounded(one / kind.per_unit, asked.number, 1.0, f"number of {name}")
        bounded(one, asked.of_sites, kind.n_sites, f"of_sites of {name}")
        bounded(one, asked.per_nm2, area_nm2, f"per_nm2 of {name}")
        if asked.of_ligands is not None:
            low, high = asked.of_ligands
            slack = 0.5 if low == high else 0.0
            told = f"of_ligands of {name}"
            amounts.append(Amount(one - low, -slack, np.inf, told))
            amounts.append(Amount(one - high, -np.inf, slack, told))
        bare = [asked.number, asked.of_sites, asked.per_nm2, asked.of_ligands]
        if kind.ligand.is_cation and bare == [None] * 4 and kind.pair is None:
            raise InputError(
                f"{name} takes the places of cations and fills no missing bond of them, so say how "
                "many there shall be: number, of_sites, per_nm2 or of_ligands"
            )
    every = np.ones(n_kinds)
    n_sites = sum(kind.n_sites for kind in kinds)
    bounded(every, options.of_sites, n_sites, "of_sites of all ligands")
    bounded(every, options.per_nm2, area_nm2, "per_nm2 of all ligands")
    return tuple(amounts) or (Amount(every, 0.0, np.inf, "all ligands"),)


def _in_numbers(bounds: Bounds, whole: float) -> tuple[float, float]:
    """Return bounds in whole ligands: of one number, the nearest whole one."""
    low, high = (each * whole for each in bounds)
    if bounds[0] == bounds[1]:
        return float(round(low)), float(round(low))
    return math.ceil(low - ROUNDING), math.floor(high + ROUNDING)
