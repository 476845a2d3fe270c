"""Ligands turned about their axes until they are in contact with no ion that stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from epicarve.builder.ligands import near_anchor, near_pairs

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints, Strings
    from epicarve.builder.ligands import Ligand

    from .stands import Stands
    from .surface_sites import SurfaceSites

TURNS_DEG = (0, 90, 180, 270, 30, 120, 210, 300, 60, 150, 240, 330)
"""Turns about the axis of a ligand, in the order in which they are preferred."""

SHORT_ATOMS = 12
"""Ligands of more atoms have half as many turns."""

MOST_CONFORMERS, MOST_POSES = 4, 2
"""Conformers that are tried, and poses that are kept of each place and mode."""

MOST_EXCLUDED = 1
"""Ions of the plain cut, besides those whose sites it takes, that may have to go for a ligand."""

SAME_SIDE = 0.5
"""Cosine of the largest angle between an anchor's bond and the open bond that it fills."""

BLOCK_ATOMS = 200_000


@dataclass(frozen=True)
class PosedLigand:
    """Poses of one ligand that are in contact with no ion that stays.

    Parameters
    ----------
    positions_a : ndarray of float, shape (n_poses, n_atoms, 3)
        Coordinates in Å.
    modes : ndarray of str, shape (n_poses,)
        How each binds.
    cations, sites : ndarray of int, shape (n_poses, 2)
        Cations that its anchors bind, and the sites that it takes; -1 for none.
    is_ion : bool
        Whether it stands on sites of ions.
    excluded : ndarray of int, shape (n_pairs, 2)
        Poses and the ions that they leave no room for.
    nearest : str
        The contact that hinders the pose that comes nearest to fitting, where some don't fit.
    """

    positions_a: Floats
    modes: Strings
    cations: Ints
    sites: Ints
    is_ion: bool
    excluded: Ints
    nearest: str

    @property
    def n_poses(self) -> int:
        """Number of poses."""
        return len(self.positions_a)


def posed(ligand: Ligand, every: list[Stands], surface: SurfaceSites, share: float) -> PosedLigand:
    """Return the poses of a ligand that fit, a few of each place and mode.

    Parameters
    ----------
    ligand : Ligand
        The ligand.
    every : list of Stands
        Where it may stand in each mode.
    surface : SurfaceSites
        The surface.
    share : float
        Atoms and ions nearer than this share of the sum of their radii are in contact.
    """
    parts = [_of_mode(ligand, stands, surface, share) for stands in every]
    offsets = np.cumsum([0, *(part.n_poses for part in parts)])
    excluded = [
        part.excluded + np.array([start, 0])
        for part, start in zip(parts, offsets[:-1].tolist(), strict=True)
    ]
    return PosedLigand(
        positions_a=np.concatenate([part.positions_a for part in parts]),
        modes=np.concatenate([part.modes for part in parts]),
        cations=np.concatenate([part.cations for part in parts]),
        sites=np.concatenate([part.sites for part in parts]),
        is_ion=parts[0].is_ion,
        excluded=np.concatenate(excluded),
        nearest=next((part.nearest for part in parts if part.nearest), ""),
    )


def _of_mode(ligand: Ligand, stands: Stands, surface: SurfaceSites, share: float) -> PosedLigand:
    shapes_a = _turned(ligand, stands.mode, is_ion=stands.is_ion)
    block = max(1, BLOCK_ATOMS // max(1, shapes_a.shape[0] * ligand.n_atoms))
    frames = np.stack([stands.sides, np.cross(stands.axes, stands.sides), stands.axes], axis=1)
    parts, nearest = [], _Nearest()
    place = _Place(ligand, stands, surface, share)
    for start in range(0, stands.n_stands, block):
        chosen = np.arange(start, min(start + block, stands.n_stands))
        places_a = np.einsum("rak,mkx->mrax", shapes_a, frames[chosen])
        places_a += stands.points_a[chosen, None, None]
        parts.append(_fitting(place, chosen, places_a, nearest))
    parts = [part for part in parts if len(part[0])]
    if not parts:
        return PosedLigand(
            np.empty((0, ligand.n_atoms, 3)),
            np.empty(0, dtype="<U9"),
            np.empty((0, 2), dtype=np.int64),
            np.empty((0, 2), dtype=np.int64),
            stands.is_ion,
            np.empty((0, 2), dtype=np.int64),
            nearest.told,
        )
    positions_a, cations, sites, excluded, group, cost, order = _joined(parts)
    kept = _best_of_groups(group, cost, order, MOST_POSES)
    number = np.full(len(positions_a), -1)
    number[kept] = np.arange(len(kept))
    pairs = np.column_stack([number[excluded[:, 0]], excluded[:, 1]])
    return PosedLigand(
        positions_a=positions_a[kept],
        modes=_mode_names(stands, surface, sites[kept]),
        cations=cations[kept],
        sites=sites[kept],
        is_ion=stands.is_ion,
        excluded=pairs[pairs[:, 0] >= 0],
        nearest=nearest.told,
    )


class _Place(NamedTuple):
    """A ligand, where it stands, and what is a contact."""

    ligand: Ligand
    stands: Stands
    surface: SurfaceSites
    share: float


class _Nearest:
    """The contact of the pose that comes nearest to fitting."""

    def __init__(self) -> None:
        self.share, self.told = -1.0, ""

    def look(self, share: float, told: str) -> None:
        if share > self.share:
            self.share, self.told = share, told


def _turned(ligand: Ligand, mode: str, *, is_ion: bool) -> Floats:
    """Return the shapes of a ligand turned about z, its binding point at the origin."""
    if ligand.n_atoms == 1:
        return np.zeros((1, 1, 3))
    anchors = list(ligand.anchors)
    turns: tuple[int, ...] = (0, 180) if mode == "bridging" else TURNS_DEG
    if ligand.n_atoms > SHORT_ATOMS:
        turns = turns[: max(2, len(turns) // 2)]
    shapes = []
    for conformer in ligand.conformers_a[:MOST_CONFORMERS]:
        centre = (
            conformer[anchors[0]] if mode == "terminal" else conformer[anchors[:2]].mean(axis=0)
        )
        centred = conformer - centre
        if len(anchors) > 1:
            x, y, _ = (conformer[anchors[1]] - conformer[anchors[0]]).tolist()
            centred = centred @ _about_z(-float(np.arctan2(y, x))).T
        shapes += [centred @ _about_z(float(np.deg2rad(turn))).T for turn in turns]
    return np.array(shapes)


def _about_z(angle: float) -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _fitting(
    place: _Place, chosen: Ints, places_a: Floats, nearest: _Nearest
) -> tuple[Floats, Ints, Ints, Ints, Ints, Ints, Ints]:
    """Return the poses among some stands that fit, what they bind and take, and what excludes."""
    ligand, stands, surface, share = place
    n_stands, n_shapes, n_atoms, _ = places_a.shape
    stand = np.repeat(chosen, n_shapes)
    shape = np.tile(np.arange(n_shapes), n_stands)
    positions_a = places_a.reshape(-1, n_atoms, 3)
    cations, sites, fits = _bound(ligand, stands, surface, stand, positions_a)
    there = np.flatnonzero(surface.there)
    atom, ion, of_sum = near_pairs(
        positions_a.reshape(-1, 3),
        np.tile(ligand.vdw_radii_a, len(positions_a)),
        surface.positions_a[there],
        surface.radii_a[there],
        share,
    )
    ion, pose, atom = there[ion], atom // n_atoms, atom % n_atoms
    own = (sites[pose] == ion[:, None]).any(axis=1)
    own |= near_anchor(ligand)[atom] & (cations[pose] == ion[:, None]).any(axis=1)
    pose, atom, ion, of_sum = pose[~own], atom[~own], ion[~own], of_sum[~own]
    fixed = surface.shell.fixed[ion]
    blocked = np.bincount(pose[fixed], minlength=len(positions_a)) > 0
    pairs = np.unique(np.column_stack([pose, ion]), axis=0)
    cost = np.bincount(pairs[surface.shell.base[pairs[:, 1]], 0], minlength=len(positions_a))
    hindered = fits & (blocked | (cost > MOST_EXCLUDED))
    worst = np.full(len(positions_a), np.inf)
    np.minimum.at(worst, pose, of_sum)
    if hindered.any():
        best = int(np.argmax(np.where(hindered, worst, -1.0)))
        which = np.flatnonzero(pose == best)[np.argmin(of_sum[pose == best])]
        element, symbol = ligand.symbols[atom[which]], surface.ions.symbols[ion[which]]
        apart_a = np.linalg.norm(positions_a[best, atom[which]] - surface.positions_a[ion[which]])
        nearest.look(
            float(worst[best]),
            f"{element} comes within {apart_a:.2f} Å of {symbol}, {worst[best]:.2f} of the sum of "
            "their radii",
        )
    kept = np.flatnonzero(fits & ~hindered)
    number = np.full(len(positions_a), -1)
    number[kept] = np.arange(len(kept))
    excluded = np.column_stack([number[pairs[:, 0]], pairs[:, 1]])
    order = shape + n_shapes * stand
    return (
        positions_a[kept],
        cations[kept],
        sites[kept],
        excluded[excluded[:, 0] >= 0],
        stands.group[stand[kept]],
        cost[kept],
        order[kept],
    )


def _bound(
    ligand: Ligand, stands: Stands, surface: SurfaceSites, stand: Ints, positions_a: Floats
) -> tuple[Ints, Ints, Bools]:
    """Return cations and sites of each pose, and whether its anchors find open bonds."""
    none = np.full((len(stand), 2), -1, dtype=np.int64)
    cations, sites = none.copy(), none.copy()
    sites[:, 0] = stands.sites[stand]
    fits = np.ones(len(stand), dtype=bool)
    n_bound = stands.cations.shape[1]
    cations[:, :n_bound] = stands.cations[stand]
    if n_bound < 2:
        return cations, sites, fits
    anchors = list(ligand.anchors[:2])
    found = []
    for k, anchor in enumerate(anchors):
        site, cosine = surface.nearest_open(cations[:, k], positions_a[:, anchor])
        found.append(np.where(cosine > SAME_SIDE, site, -1))
        if stands.mode == "bridging":
            fits &= found[-1] >= 0
    sites = np.column_stack(found)
    empty = sites[:, 0] < 0
    sites[empty] = sites[empty][:, ::-1]
    sites[sites[:, 0] < 0, 0] = stands.sites[stand][sites[:, 0] < 0]
    sites[sites[:, 1] == sites[:, 0], 1] = -1
    if stands.mode == "chelating":
        cations[:, 1] = -1  # the same one
    return cations, sites, fits


def _joined(parts: list[tuple[Floats, Ints, Ints, Ints, Ints, Ints, Ints]]) -> list[Any]:
    """Put the poses of several blocks one after the other."""
    offsets = np.cumsum([0, *(len(part[0]) for part in parts)])
    columns = [list(column) for column in zip(*parts, strict=True)]
    columns[3] = [
        pairs + np.array([start, 0])
        for pairs, start in zip(columns[3], offsets[:-1].tolist(), strict=True)
    ]
    return [np.concatenate(column) for column in columns]


def _best_of_groups(group: Ints, cost: Ints, order: Ints, most: int) -> Ints:
    """Return the cheapest poses of each group, so many at most."""
    by_group = np.lexsort((order, cost, group))
    starts = np.r_[True, group[by_group][1:] != group[by_group][:-1]]
    first = np.maximum.accumulate(np.where(starts, np.arange(len(by_group)), 0))
    return np.sort(by_group[np.arange(len(by_group)) - first < most])


def _mode_names(stands: Stands, surface: SurfaceSites, sites: Ints) -> Strings:
    """Name the mode of each pose: a single anion between several cations is bridging."""
    modes = np.full(len(sites), stands.mode, dtype="<U9")
    if stands.is_ion and len(sites) and surface.ions.charges[sites[0, 0]] < 0:
        modes[surface.held[sites[:, 0]] > 1] = "bridging"
    return modes
