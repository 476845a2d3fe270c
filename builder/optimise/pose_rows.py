"""What poses of ligands need of ions and of each other, as rows of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack

from .rows import Rows
from .surface_region import BULK_SHARE

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

    from .edits import Edits
    from .poses import Poses
    from .surface_region import Shell


class PoseRows:
    """Rows of a program that hold poses of ligands.

    Parameters
    ----------
    shell : Shell
        The ions.
    edits : Edits
        The columns: first edits of ions, then poses.
    poses : Poses
        The poses.
    """

    def __init__(self, shell: Shell, edits: Edits, poses: Poses) -> None:
        self.shell, self.edits, self.poses = shell, edits, poses
        self.n_others = edits.n_columns - poses.n_poses
        self.free_of = np.full(shell.ions.n_ions, -1)
        self.free_of[shell.free] = np.arange(len(shell.free))

    def local(self) -> Rows:
        """Return what poses need of ions and of each other."""
        rows = self._bonded() + self._one_a_site() + self._no_contact() + self._surrounded()
        exclusive = self._at(self.poses.exclusive)
        return rows + Rows(exclusive, np.ones(exclusive.shape[0]))

    def amounts(self) -> Rows:
        """Return the bounds of the numbers of ligands."""
        matrix, limits = [np.zeros((0, self.edits.n_columns))], []
        for amount in self.poses.amounts:
            row = np.r_[np.zeros(self.n_others), amount.weights[self.poses.kind]]
            for sign, limit in ((1.0, amount.most), (-1.0, -amount.fewest)):
                if np.isfinite(limit):
                    matrix.append(sign * row[None])
                    limits.append(limit)
        return Rows(csr_array(np.vstack(matrix)), np.array(limits, dtype=float))

    def _at(self, matrix: csr_array) -> csr_array:
        """Return rows over poses as rows over all columns."""
        return csr_array(
            hstack([csr_array((matrix.shape[0], self.n_others)), matrix], format="csr")
        )

    def _present(self, ions: Ints) -> tuple[csr_array, Floats]:
        """Return what edits change of the presence of ions, and their presence without any."""
        place = self.free_of[ions]
        sign = np.where(self.shell.inside[ions], -1.0, 1.0) * (place >= 0)
        pick = csr_array(
            (sign, (np.arange(len(ions)), np.maximum(place, 0))),
            shape=(len(ions), len(self.shell.free)),
        )
        return csr_array(pick @ self.edits.occupancy), self.shell.base[ions].astype(float)

    def _bonded(self) -> Rows:
        """Hold no ligand by a cation that is not there, and one at most on each of its sites."""
        poses = self.poses
        held, sites = poses.held_by.tocoo(), poses.sites.tocoo()
        n_ions = self.shell.ions.n_ions
        by_pose = csr_array(sites).tocsr()
        first, cation = held.coords
        n_sites = np.diff(by_pose.indptr)[first]
        pose, ion = np.repeat(first, n_sites), np.repeat(cation, n_sites)
        start = np.repeat(by_pose.indptr[first], n_sites)
        within = np.arange(len(pose)) - np.repeat(np.cumsum(n_sites) - n_sites, n_sites)
        site = by_pose.indices[start + within]
        key = ion * n_ions + site
        free = self.free_of[ion] >= 0
        kinds, row = np.unique(key[free], return_inverse=True)
        matrix = csr_array(
            (np.ones(len(row)), (row.reshape(-1), pose[free])), shape=(len(kinds), poses.n_poses)
        )
        matrix.data[:] = 1.0
        change, there = self._present(kinds // n_ions)
        return Rows(csr_array(self._at(matrix) - change), there)

    def _one_a_site(self) -> Rows:
        """Let a site beyond the shell hold one ligand; those in it have one edit anyway."""
        sites = csr_array(self.poses.sites.T)
        taken = np.flatnonzero(np.diff(sites.indptr) * (self.free_of < 0) > 1)
        return Rows(self._at(csr_array(sites[taken])), np.ones(len(taken)))

    def _no_contact(self) -> Rows:
        """Keep an ion, or one of the poses of a site that come too near to it."""
        poses = self.poses
        excludes = poses.excludes.tocoo()
        first_site = poses.sites.indices[poses.sites.indptr[:-1]]
        pose, ion = excludes.coords
        free = self.free_of[ion] >= 0
        pose, ion = pose[free], ion[free]
        n_ions = self.shell.ions.n_ions
        kinds, row = np.unique(first_site[pose] * n_ions + ion, return_inverse=True)
        matrix = csr_array(
            (np.ones(len(row)), (row.reshape(-1), pose)), shape=(len(kinds), poses.n_poses)
        )
        change, there = self._present(kinds % n_ions)
        return Rows(csr_array(self._at(matrix) + change), 1.0 - there)

    def _surrounded(self) -> Rows:
        """Give a ligand on a site of an ion a third of the neighbours of that, rounded up."""
        poses, shell = self.poses, self.shell
        of_ion = np.flatnonzero(poses.is_ion)
        site = poses.sites[of_ion].indices
        bulk = shell.ions.bulk_coordination[site]
        needed = -(-bulk * BULK_SHARE.numerator // BULK_SHARE.denominator)
        near = csr_array(shell.adjacency[site])
        sign = np.where(shell.inside[shell.free], -1.0, 1.0)
        change = csr_array(near[:, shell.free].multiply(sign[None])) @ self.edits.occupancy
        own = csr_array(
            (needed.astype(float), (np.arange(len(site)), of_ion)),
            shape=(len(site), poses.n_poses),
        )
        return Rows(csr_array(self._at(own) - change), near @ shell.base.astype(float))
