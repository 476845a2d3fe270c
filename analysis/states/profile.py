"""The band diagram in space: local density of states and band edges, slice by slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .dos import broadened

if TYPE_CHECKING:
    from epicarve.analysis.options import AnalysisOptions
    from epicarve.arrays import Bools, Floats, Ints
    from epicarve.builder.model import Model
    from epicarve.dft.states import OrbitalStates

    from .sites import Sites

SEPARATED = 0.95
"""A plane is an interface if at least this part of each domain lies on its own side."""

PRESENT = 0.5
"""A state is present in a slice that holds at least this part of what it would hold of a state
spread evenly over all atoms."""

FEWEST_AT_PLANE = 3


@dataclass(frozen=True)
class Axis:
    """A coordinate in Å along which a model is cut into slices.

    Parameters
    ----------
    kind : {"normal", "radius"}
        Height over the plane of the interface, or distance from the centroid of the atoms.
    coordinates_a : ndarray, shape (n_atoms,)
        Of each atom. Along a normal, 0 is the interface and the first domain lies above it.
    normal : tuple of float or None
        The direction in the frame of the model, for "normal".
    """

    kind: str
    coordinates_a: Floats
    normal: tuple[float, float, float] | None = None

    @classmethod
    def of(cls, model: Model, sites: Sites) -> Axis:
        """Take the normal of a flat interface between two domains, else the radius.

        The normal is the direction in which the ions at the interface spread least. The interface
        is flat if a plane across it leaves `SEPARATED` of each domain on its own side, so a core
        in a shell and a particle of one domain are cut into shells.
        """
        names = model.domain_names
        at_interface = None if sites.positions is None else sites.positions == "interface"
        if len(names) == 2 and at_interface is not None and at_interface.sum() >= FEWEST_AT_PLANE:
            plane = model.positions_a[at_interface]
            first = model.domains == names[0]
            normal = np.linalg.svd(plane - plane.mean(axis=0))[2][-1]
            heights = model.positions_a @ normal
            if heights[first].mean() < heights[~first].mean():
                normal, heights = -normal, -heights
            heights = heights - _border(heights, first)
            if min((heights[first] > 0).mean(), (heights[~first] < 0).mean()) >= SEPARATED:
                x, y, z = normal.tolist()
                return cls("normal", heights, (x, y, z))
        return cls.radial(model.positions_a)

    @classmethod
    def radial(cls, positions_a: Floats) -> Axis:
        """Take the distance in Å from the centroid of atoms."""
        return cls("radius", np.linalg.norm(positions_a - positions_a.mean(axis=0), axis=1))


def _border(heights: Floats, above: Bools) -> float:
    """Return the height that leaves fewest ions on the wrong side, in the middle of its gap."""
    order = np.argsort(heights, kind="stable")
    wrong_below = np.concatenate([[0], np.cumsum(above[order])])
    wrong_above = np.concatenate([[0], np.cumsum(~above[order][::-1])])[::-1]
    cut = int(np.argmin((wrong_below + wrong_above)[1:-1])) + 1
    return float(heights[order[cut - 1 : cut + 1]].mean())


@dataclass(frozen=True)
class Profile:
    """Local density of states and band edges along an axis.

    Parameters
    ----------
    axis : Axis
        The axis.
    borders_a : ndarray, shape (n_slices + 1,)
        Where the slices begin and end, in Å; 0 is one of them.
    n_atoms : ndarray of int, shape (n_slices,)
        Atoms in each slice.
    grid_ev : ndarray, shape (n_grid,)
        Energies in eV.
    density : ndarray, shape (n_slices, n_grid)
        States per eV in each slice, both spins together. The slices sum to the total.
    valence_edge_ev, conduction_edge_ev : ndarray, shape (n_slices,)
        Energy in eV of the highest occupied and of the lowest empty state among those that the trap
        filter keeps and that are present in the slice (see `PRESENT`); NaN where there is none.
    """

    axis: Axis
    borders_a: Floats
    n_atoms: Ints
    grid_ev: Floats
    density: Floats
    valence_edge_ev: Floats
    conduction_edge_ev: Floats

    @classmethod
    def of(
        cls, states: OrbitalStates, kept: Bools, axis: Axis, options: AnalysisOptions
    ) -> Profile:
        """Cut a model into slices and gather the states in each.

        Parameters
        ----------
        states : OrbitalStates
            The states.
        kept : ndarray of bool, shape (n_states,)
            Which of them count as delocalised.
        axis : Axis
            Coordinate of each atom.
        options : AnalysisOptions
            Thickness of the slices, broadening and step.

        Returns
        -------
        Profile
            The profile.
        """
        thickness_a = options.slice_a
        slice_of = np.floor(axis.coordinates_a / thickness_a).astype(int)
        first, last = int(slice_of.min()), int(slice_of.max())
        n_slices = last - first + 1
        members = np.arange(first, last + 1)[:, None] == slice_of
        n_atoms = members.sum(axis=1)
        weights = members.astype(float) @ states.weights
        even = n_atoms[:, None] / states.n_atoms
        present = kept & (weights >= PRESENT * even) & (n_atoms > 0)[:, None]
        occupied = np.where(present & states.is_occupied, states.energies_ev, -np.inf).max(axis=1)
        empty = np.where(present & ~states.is_occupied, states.energies_ev, np.inf).min(axis=1)
        names = tuple(str(i) for i in range(n_slices))
        dos = broadened(states, names, weights, options)
        return cls(
            axis=axis,
            borders_a=np.asarray(np.arange(first, last + 2) * thickness_a, dtype=float),
            n_atoms=n_atoms,
            grid_ev=dos.grid_ev,
            density=np.asarray(dos.density.sum(axis=0)),
            valence_edge_ev=np.where(np.isfinite(occupied), occupied, np.nan),
            conduction_edge_ev=np.where(np.isfinite(empty), empty, np.nan),
        )

    @property
    def centres_a(self) -> Floats:
        """Middle of each slice in Å, shape (n_slices,)."""
        return np.asarray(0.5 * (self.borders_a[:-1] + self.borders_a[1:]))
