"""Spin-orbit states of the orbitals of a run, weighed on its atoms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.matrix_root import root_product
from epicarve.dft.orbitals import momenta_of_functions, summing_matrix
from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError

from .coupled_states import coupled_states

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from epicarve.arrays import Floats
    from epicarve.dft.orbitals import Orbitals

    from .coupled_states import CoupledStates
    from .potential import SpinOrbitPotential

WHOLE = 1e-3
"""How far an occupation may be from 0 or 2."""


def spin_orbit_states(
    orbitals: Orbitals,
    overlap: csr_array,
    potential: SpinOrbitPotential,
    symbols: tuple[str, ...],
    source: str,
) -> tuple[OrbitalStates, CoupledStates]:
    """Couple the orbitals of a closed shell by spin and orbit, and weigh them on the atoms.

    Coupling is exact within the states given; those left out are not mixed in. What half of them
    give stands among the notes, to tell how far that matters.

    Parameters
    ----------
    orbitals : Orbitals
        Orbitals without spin-orbit coupling, sound in this overlap.
    overlap : csr_array, shape (n_functions, n_functions)
        Overlap matrix of the basis functions.
    potential : SpinOrbitPotential
        The coupling.
    symbols : tuple of str
        Element of each atom.
    source : str
        What they were read from.

    Returns
    -------
    states : OrbitalStates
        A state for each Kramers pair, which holds two electrons; `uncoupled` are the same without
        spin-orbit coupling.
    coupled : CoupledStates
        The pairs as mixtures of the orbitals.

    Raises
    ------
    InputError
        If shells are open or occupations are no whole numbers, or the overlap matrix is not
        positive definite.
    """
    if not orbitals.restricted:
        raise InputError(
            f"{orbitals.path}: spin-orbit coupling is computed for closed shells, and these "
            "orbitals are those of two spins; leave it out, or run the model spin-restricted"
        )
    n_occupied = round(float(orbitals.occupations.sum()) / 2.0)
    aufbau = np.where(np.arange(len(orbitals.energies_ev)) < n_occupied, 2.0, 0.0)
    if np.abs(orbitals.occupations - aufbau).max() > WHOLE:
        raise InputError(
            f"{orbitals.path}: spin-orbit coupling is computed for closed shells, and some of "
            "these orbitals are partly filled; leave it out, or run the model without smearing"
        )
    between_ev = potential.between(orbitals.coefficients)
    coupled = coupled_states(orbitals.energies_ev, between_ev)
    amplitudes = root_product(overlap, orbitals.coefficients)
    names, momentum = momenta_of_functions(symbols, orbitals.atom_of_function, orbitals.angular)
    of_atoms = summing_matrix(orbitals.atom_of_function, len(symbols))
    of_momenta = summing_matrix(momentum, len(names))
    parts = np.square(amplitudes)
    uncoupled = OrbitalStates(
        energies_ev=orbitals.energies_ev,
        occupations=aufbau,
        weights=of_atoms @ parts,
        symbols=symbols,
        source=source,
        orbital_names=names,
        orbital_weights=of_momenta @ parts,
        left_out=orbitals.left_out,
    )
    parts = coupled.weights(amplitudes)
    states = replace(
        uncoupled,
        energies_ev=coupled.energies_ev,
        weights=of_atoms @ parts,
        orbital_weights=of_momenta @ parts,
        source=f"{source}, spin-orbit coupling among them",
        notes=(_convergence(orbitals.energies_ev, between_ev, coupled.energies_ev, n_occupied),),
        uncoupled=uncoupled,
    )
    return states, coupled


def _convergence(
    energies_ev: Floats, between_ev: Floats, coupled_ev: Floats, n_occupied: int
) -> str:
    """Say what becomes of the gap if only the half of the states next to it are coupled."""
    n = len(energies_ev)
    reach = n // 4
    near = np.arange(max(0, n_occupied - reach), min(n, n_occupied + reach))
    if not 0 < n_occupied < n or reach == 0:
        return f"Spin-orbit coupling mixes the {n} states that were read."
    lumo = n_occupied - int(near[0])
    of_half = coupled_states(energies_ev[near], between_ev[:, near][:, :, near]).energies_ev
    more_ev = np.diff(of_half)[lumo - 1] - np.diff(coupled_ev)[n_occupied - 1]
    below_ev = energies_ev[n_occupied - 1] - energies_ev[0]
    above_ev = energies_ev[-1] - energies_ev[n_occupied]
    return (
        f"Spin-orbit coupling mixes the {n} states that were read, from {below_ev:.1f} eV below "
        f"the highest occupied one to {above_ev:.1f} eV above the lowest empty one; among half of "
        f"them the HOMO-LUMO gap is {abs(more_ev):.2f} eV "
        f"{'larger' if more_ev > 0.0 else 'smaller'}."
    )
