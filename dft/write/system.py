"""What a CP2K run computes: atoms, cell, and along which directions both repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.model import LIGAND
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.interfaces import Slab
    from epicarve.builder.model import Model


@dataclass(frozen=True)
class System:
    """Atoms in a cell.

    Parameters
    ----------
    title : str
        A line that says what it is, for instance a formula.
    symbols : tuple of str
        Chemical symbols.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Cartesian coordinates in Å.
    cell_a : ndarray of float, shape (3, 3)
        Cell vectors in Å as rows.
    dimensions : {0, 2, 3}
        Whether it repeats along no vector (finite), the first two (slab), or all (bulk).
    charge : int
        Net charge in e.
    ligand_atoms : tuple of int
        Which atoms are those of ligands, counted from 0.
    """

    title: str
    symbols: tuple[str, ...]
    positions_a: Floats
    cell_a: Floats
    dimensions: int
    charge: int = 0
    ligand_atoms: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.dimensions not in {0, 2, 3}:
            raise InputError(
                f"dimensions: {self.dimensions} periodic directions; give 0, 2 (a slab) or 3"
            )
        if self.dimensions == 2 and not np.allclose(self.cell_a[2, :2], 0.0):
            raise InputError("the third vector of a slab's cell has to lie along z; turn the cell")

    @classmethod
    def of_model(cls, model: Model, vacuum_a: float, *, cubic: bool = True) -> System:
        """Put a model into the middle of a box with vacuum around it.

        Parameters
        ----------
        model : Model
            The model.
        vacuum_a : float
            Space between the outermost nuclei and the faces in Å; of a cube along the longest
            extent.
        cubic : bool
            Whether the box is a cube, or fits the model.
        """
        edges_a, positions_a = boxed(model.positions_a, vacuum_a, cubic=cubic)
        symbols = tuple(model.symbols.tolist())
        ligand_atoms = np.flatnonzero(np.char.startswith(model.domains, LIGAND))
        return cls(
            model.formula,
            symbols,
            positions_a,
            np.diag(edges_a),
            0,
            int(model.net_charge),
            tuple(ligand_atoms.tolist()),
        )

    @classmethod
    def of_crystal(cls, crystal: Crystal) -> System:
        """Take the unit cell of a crystal.

        Examples
        --------
        >>> from epicarve.builder.library import bundled_crystal
        >>> System.of_crystal(bundled_crystal("PbS")).n_atoms
        8
        """
        positions_a = crystal.atoms.fractional @ crystal.cell_a
        symbols = tuple(crystal.atoms.symbols.tolist())
        return cls(crystal.name, symbols, positions_a, np.array(crystal.cell_a), 3)

    @classmethod
    def of_slab(cls, slab: Slab) -> System:
        """Take a slab with its vacuum."""
        symbols = tuple(slab.symbols.tolist())
        return cls(slab.formula, symbols, slab.positions_a, slab.cell_a, 2, slab.net_charge)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.symbols)

    @property
    def crystal_ranges(self) -> tuple[str, ...]:
        """The atoms of the crystal, counted from 1, as ranges that CP2K reads.

        Examples
        --------
        >>> atoms = ("Pb", "C", "O", "Cl", "Cl")
        >>> System("PbCOCl2", atoms, np.zeros((5, 3)), np.eye(3), 0, 0, (1, 2)).crystal_ranges
        ('1', '4..5')
        """
        atoms = np.setdiff1d(np.arange(self.n_atoms), self.ligand_atoms) + 1
        runs = np.split(atoms, np.flatnonzero(np.diff(atoms) > 1) + 1)
        return tuple(
            f"{run[0]}..{run[-1]}" if run.size > 1 else str(run[0]) for run in runs if run.size
        )

    @property
    def heights_a(self) -> Floats:
        """Distances between opposite faces of the cell in Å."""
        reciprocal = np.linalg.inv(self.cell_a).T
        heights: Floats = 1.0 / np.linalg.norm(reciprocal, axis=1)
        return heights

    def kpoints(self, spacing_per_a: float) -> tuple[int, int, int]:
        """Return the coarsest grid of k-points that is as dense as asked along each direction.

        Parameters
        ----------
        spacing_per_a : float
            Largest distance of neighbouring k-points in 1/Å, with the factor 2π.

        Examples
        --------
        >>> from epicarve.builder.library import bundled_crystal
        >>> System.of_crystal(bundled_crystal("PbS")).kpoints(0.3)
        (4, 4, 4)
        """
        a, b, c = np.maximum(np.ceil(2.0 * np.pi / (self.heights_a * spacing_per_a) - 1e-9), 1.0)
        return int(a), int(b), int(c) if self.dimensions == 3 else 1

    def xyz_text(self) -> str:
        """Return the atoms as the text of an XYZ file."""
        rows = zip(self.symbols, self.positions_a.tolist(), strict=True)
        lines = [f"{symbol:<2} {x:14.8f} {y:14.8f} {z:14.8f}" for symbol, (x, y, z) in rows]
        return "\n".join([str(self.n_atoms), self.title, *lines]) + "\n"


def boxed(positions_a: Floats, vacuum_a: float, *, cubic: bool = True) -> tuple[Floats, Floats]:
    """Put coordinates into the middle of the smallest box that leaves `vacuum_a` on each side.

    Parameters
    ----------
    positions_a : ndarray of float, shape (n_atoms, 3)
        Cartesian coordinates in Å.
    vacuum_a : float
        Space between the outermost nuclei and the faces in Å; of a cube along the longest extent.
    cubic : bool
        Whether the box is a cube.

    Returns
    -------
    edges_a : ndarray of float, shape (3,)
        Edges of the box in Å, rounded up to 1e-3.
    positions_a : ndarray of float, shape (n_atoms, 3)
        The coordinates, shifted.

    Examples
    --------
    >>> import numpy as np
    >>> edges_a, moved_a = boxed(np.array([[0.0, 0.0, 0.0], [3.0, 1.0, 0.0]]), vacuum_a=4.0)
    >>> edges_a.tolist(), moved_a.tolist()
    ([11.0, 11.0, 11.0], [[4.0, 5.0, 5.5], [7.0, 6.0, 5.5]])
    """
    low, high = positions_a.min(axis=0), positions_a.max(axis=0)
    edges_a = np.ceil((high - low + 2.0 * vacuum_a) * 1e3 - 1e-6) / 1e3
    if cubic:
        edges_a = np.full(3, edges_a.max())
    return edges_a, positions_a - 0.5 * (low + high) + 0.5 * edges_a
