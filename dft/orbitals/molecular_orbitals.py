"""Orbitals in a basis of atoms, checked, and their weights on the atoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError

from .coop import STATES_AT_ONCE
from .population_options import PARTITIONS
from .populations import momenta_of_functions, require_fitting, summing_matrix

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from epicarve.arrays import Floats, Ints

LEAST_TOLERANCE = 1e-5
"""Deviation from orthonormality that always passes: CP2K leaves out overlaps below its EPS_PGF_ORB,
and Molden files round coordinates to 1e-6 bohr."""

NO_ENERGY_EV = 1e-9
"""Orbital energies that are all smaller than this were never computed."""


@dataclass(frozen=True)
class Orbitals:
    """Orbitals of a finite model as coefficients of basis functions.

    Parameters
    ----------
    path : Path
        The file that they were read from, for messages.
    energies_ev, occupations : ndarray of float, shape (n_states,)
        Energies in eV and occupations; alpha states before beta states.
    spins : ndarray of int, shape (n_states,)
        0 for alpha or restricted, 1 for beta.
    restricted : bool
        Whether each state holds up to two electrons.
    coefficients : ndarray of float, shape (n_functions, n_states)
        One orbital per column.
    atom_of_function : ndarray of int, shape (n_functions,)
        Atom, from 0, that each basis function sits on.
    angular : ndarray of int, shape (n_functions,)
        Angular momentum of each basis function.
    n_digits : int or None
        Digits after the point that the file gives of a coefficient, None if it is binary.
    remedy : str
        What to do if they are not orthonormal, as the end of a sentence.
    left_out : tuple of int
        How many of the lowest orbitals of each spin are left out.
    """

    path: Path
    energies_ev: Floats
    occupations: Floats
    spins: NDArray[np.int8]
    restricted: bool
    coefficients: Floats
    atom_of_function: Ints
    angular: Ints
    n_digits: int | None
    remedy: str
    left_out: tuple[int, ...] = (0, 0)

    @property
    def tolerance(self) -> float:
        """Largest deviation from orthonormality that the digits of the file explain.

        At most half of what `OrbitalStates` allows the weights of a state to miss.
        """
        rounding = 0.0 if self.n_digits is None else 10.0**-self.n_digits
        return float(min(5e-5, LEAST_TOLERANCE + rounding * np.sqrt(len(self.atom_of_function))))

    def require_sound(self, overlap: csr_array, n_atoms: int) -> None:
        """Refuse orbitals that cannot be weighed.

        Parameters
        ----------
        overlap : csr_array, shape (n_functions, n_functions)
            Overlap matrix of the basis functions.
        n_atoms : int
            Number of atoms.

        Raises
        ------
        InputError
            If the energies are missing, the orbitals are on other atoms or not orthonormal in this
            overlap, or the overlap is not symmetric.
        """
        require_energies(self.path, self.energies_ev)
        if (told := int(self.atom_of_function[-1]) + 1) != n_atoms:
            raise InputError(
                f"{self.path}: its orbitals are on {told} atoms, but the run's input or output "
                f"tells of {n_atoms}; keep the files of one run"
            )
        for spin in np.unique(self.spins):
            of_spin = np.flatnonzero(self.spins == spin)
            for start in range(0, len(of_spin), STATES_AT_ONCE):
                self._require_orthonormal(overlap, of_spin[start : start + STATES_AT_ONCE], start)
        require_fitting(overlap, self.coefficients, self.atom_of_function, n_atoms)

    def _require_orthonormal(self, overlap: csr_array, states: Ints, start: int) -> None:
        """Refuse a block of orbitals of one spin that is not orthonormal."""
        block = self.coefficients[:, states]
        with np.errstate(over="ignore", invalid="ignore"):  # a damaged number may be 1e300
            products = block.T @ (overlap @ block)
        deviation = np.abs(products - np.eye(block.shape[1])).max(axis=0)
        worst = int(deviation.argmax())
        number = self.left_out[self.spins[states[0]]] + start + worst + 1
        if not np.isfinite(deviation[worst]):
            raise InputError(
                f"{self.path}: orbital {number} holds a number that is not finite, or "
                "far too large; copy the file again or repeat the run"
            )
        if deviation[worst] > self.tolerance:
            raise InputError(
                f"{self.path}: orbital {number} is not orthonormal in the overlap "
                f"matrix (by {deviation[worst]:.1e}); {self.remedy}"
            )

    def states(
        self, overlap: csr_array, symbols: tuple[str, ...], source: str, partition: str
    ) -> OrbitalStates:
        """Weigh sound orbitals on the atoms.

        Parameters
        ----------
        overlap : csr_array, shape (n_functions, n_functions)
            Overlap matrix of the basis functions.
        symbols : tuple of str
            Element of each atom.
        source : str
            What the states were read from.
        partition : {"lowdin", "mulliken"}
            Whose weights.

        Returns
        -------
        OrbitalStates
            Energies, occupations and weights.

        Raises
        ------
        InputError
            If the overlap matrix is not positive definite.
        """
        parts = PARTITIONS[partition](overlap, self.coefficients)
        names, momentum_of_function = momenta_of_functions(
            symbols, self.atom_of_function, self.angular
        )
        return OrbitalStates(
            energies_ev=self.energies_ev,
            occupations=self.occupations,
            weights=summing_matrix(self.atom_of_function, len(symbols)) @ parts,
            symbols=symbols,
            spins=self.spins,
            restricted=self.restricted,
            source=source if partition == "lowdin" else f"{source}, Mulliken weights",
            orbital_names=names,
            orbital_weights=summing_matrix(momentum_of_function, len(names)) @ parts,
            left_out=self.left_out,
        )


def require_energies(path: Path, energies_ev: Floats) -> None:
    """Refuse orbitals whose energies were never computed.

    Parameters
    ----------
    path : Path
        The file that they are from.
    energies_ev : ndarray of float, shape (n_states,)
        Their energies in eV.

    Raises
    ------
    InputError
        If all energies are zero, or there is no orbital.
    """
    if np.abs(energies_ev).max(initial=0.0) < NO_ENERGY_EV:
        raise InputError(
            f"{path}: the energies of its orbitals are zero, as CP2K before 2026.1 leaves them "
            "after an orbital transformation; rerun it once with &DIAGONALIZATION and ADDED_MOS, "
            "starting from this file"
        )


def around_gap(occupations: Floats, full: float, n_states: int | None) -> slice:
    """Choose the states of one spin that lie nearest to its gap in number.

    Parameters
    ----------
    occupations : ndarray of float, shape (n,)
        Occupations in ascending energy.
    full : float
        Electrons in a full state, 2 or 1.
    n_states : int or None
        How many to choose, half of them occupied where there are so many; None takes all.

    Returns
    -------
    slice
        The states to take.

    Examples
    --------
    >>> around_gap(np.array([2.0, 2.0, 2.0, 2.0, 0.0, 0.0]), 2.0, 4)
    slice(2, 6, None)
    """
    total = len(occupations)
    if n_states is None or n_states >= total:
        return slice(0, total)
    n_occupied = min(total, int(np.floor(max(0.0, occupations.sum()) / full + 0.5)))
    start = min(max(0, n_occupied - n_states // 2), total - n_states)
    return slice(start, start + n_states)
