"""Orbitals of a run from its files, .wfn, CP2K's text or Molden, with their overlap."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.bands import DomainStates, FourierBasis, UnfoldedBands
from epicarve.dft.orbitals import (
    Orbitals,
    around_gap,
    function_pairs,
    overlap_matrix,
    overlap_populations,
    require_energies,
)
from epicarve.dft.spin_orbit import spin_orbit_states
from epicarve.dft.transitions import Transitions
from epicarve.errors import InputError

from .atom_basis import read_atom_basis
from .csr import read_csr
from .known_faults import require_right_energies
from .molden import read_molden
from .molog import read_molog
from .nonlocal_potential import nonlocal_potential_of_run
from .run import require_own_electrons
from .wfn import read_wfn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scipy.sparse import csr_array

    from epicarve.arrays import Floats
    from epicarve.dft.bands import Zone
    from epicarve.dft.orbitals import GroupPair
    from epicarve.dft.spin_orbit import CoupledStates, SpinOrbitPotential
    from epicarve.dft.states import OrbitalStates
    from epicarve.dft.transitions import NonlocalPotential

    from .atom_basis import AtomBasis
    from .run import Run
    from .wfn import Wfn


@dataclass(frozen=True)
class LoadedOrbitals:
    """Orbitals of a run that are orthonormal in the overlap of their functions.

    Parameters
    ----------
    orbitals : Orbitals
        The orbitals.
    overlap : csr_array, shape (n_functions, n_functions)
        Overlap matrix of the basis functions.
    symbols : tuple of str
        Element of each atom, X of a ghost.
    source : str
        What they were read from.
    basis : callable
        Reads the basis functions.
    run : Run
        The run.
    fermi_ev : tuple of float
        Fermi energy in eV; empty if none is told.

    Raises
    ------
    InputError
        If they are not, or not on these atoms.
    """

    orbitals: Orbitals
    overlap: csr_array
    symbols: tuple[str, ...]
    source: str
    basis: Callable[[], AtomBasis]
    run: Run
    fermi_ev: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        self.orbitals.require_sound(self.overlap, len(self.symbols))

    def states(self, partition: str = "lowdin") -> OrbitalStates:
        """Weigh the orbitals on the atoms.

        Parameters
        ----------
        partition : {"lowdin", "mulliken"}
            Whose weights.

        Raises
        ------
        InputError
            If the overlap matrix is not positive definite.
        """
        states = self.orbitals.states(self.overlap, self.symbols, self.source, partition)
        return replace(states, fermi_ev=np.array(self.fermi_ev))

    def spin_orbit_states(
        self, potential: SpinOrbitPotential
    ) -> tuple[OrbitalStates, CoupledStates]:
        """Couple the orbitals by spin and orbit, and weigh them on the atoms.

        Parameters
        ----------
        potential : SpinOrbitPotential
            The coupling.

        Raises
        ------
        InputError
            If they are not those of a closed shell, or the overlap matrix is not positive definite.
        """
        return spin_orbit_states(self.orbitals, self.overlap, potential, self.symbols, self.source)

    def overlap_populations(self, pairs: Sequence[GroupPair]) -> Floats:
        """Return the overlap population of pairs of groups in each orbital.

        Parameters
        ----------
        pairs : sequence of pairs of OrbitalGroup
            Groups of basis functions.

        Returns
        -------
        ndarray, shape (n_pairs, n_states)
            The populations, for one electron in each orbital.

        Raises
        ------
        InputError
            If a group has no function.
        """
        atoms, angular = self.orbitals.atom_of_function, self.orbitals.angular
        functions = function_pairs(pairs, atoms, angular)
        return overlap_populations(self.overlap, self.orbitals.coefficients, atoms, functions)

    def transitions(self, coupled: CoupledStates | None = None) -> Transitions:
        """Return the dipole transitions between the orbitals, or the pairs that are made of them.

        What is nonlocal in the Hamiltonian is not always known, so that the velocity form may be
        missing. Of pairs it is not computed.

        Parameters
        ----------
        coupled : CoupledStates, optional
            The pairs, of spin-orbit coupling.

        Raises
        ------
        InputError
            If there are none, orbitals are partly filled, the model is periodic, or its basis
            functions are not known.
        """
        basis = self.basis()
        if basis.translations_bohr is not None:
            raise InputError(
                f"{self.orbitals.path}: a periodic cell has no unique positions, so "
                "transitions are computed of finite models; leave transitions out, or rerun a "
                "particle with PERIODIC NONE in &CELL and &POISSON"
            )
        if coupled is not None:
            return Transitions.of_coupled(
                self.orbitals, basis.positions_bohr, basis.shells, coupled
            )
        potential: NonlocalPotential | str
        try:
            potential = nonlocal_potential_of_run(self.run, basis)
        except InputError as error:
            potential = str(error)
        return Transitions.of(self.orbitals, basis.positions_bohr, basis.shells, potential)

    def bands(self, zone: Zone, within_ev: tuple[float, float]) -> UnfoldedBands:
        """Project the orbitals of a range of energies on the plane waves of a crystal's zone.

        Parameters
        ----------
        zone : Zone
            The crystal, and the atoms that count.
        within_ev : tuple of float
            Lowest and highest energy in eV.

        Raises
        ------
        InputError
            If their basis functions are not known, or there is none in the range.
        """
        basis, orbitals = self.basis(), self.orbitals
        inside = (orbitals.energies_ev >= within_ev[0]) & (orbitals.energies_ev <= within_ev[1])
        states = np.flatnonzero(inside)
        if not states.size:
            raise InputError(f"{orbitals.path}: no orbital lies within the window of figures")
        coefficients = np.where(
            zone.atoms[orbitals.atom_of_function][:, None], orbitals.coefficients[:, states], 0.0
        )
        norms = np.einsum("fs,fs->s", coefficients, self.overlap @ coefficients)
        waves = FourierBasis.of(basis.positions_bohr, basis.shells)
        energies_ev = orbitals.energies_ev[states]
        found = DomainStates(states, energies_ev, coefficients, norms)
        return UnfoldedBands.of(zone, waves, found)


Load = Callable[[int | None], LoadedOrbitals]
"""Reads orbitals of a file: so many states of each spin, those around its gap, or all."""


def load_wfn(
    path: Path, run: Run, overlap: Path | None = None, n_states: int | None = None
) -> LoadedOrbitals:
    """Read the orbitals of a .wfn file with their overlap.

    Parameters
    ----------
    path : Path
        The .wfn file.
    run : Run
        The run that wrote it.
    overlap : Path, optional
        The file of &S_CSR_WRITE. If not given, the overlap is computed from the input, the
        coordinates and the file of basis sets.
    n_states : int, optional
        How many states of each spin, those around its gap; all if not given. Memory is 8 bytes for
        each basis function and state, and that of the overlap matrix, twice for overlap
        populations.

    Returns
    -------
    LoadedOrbitals
        Restricted, or alpha before beta.

    Raises
    ------
    InputError
        If a file is missing, damaged or of another run.
    """
    wfn = read_wfn(path)
    require_own_electrons(wfn)
    require_energies(path, wfn.energies_ev)
    spins = np.repeat(np.arange(len(wfn.spins)), [len(s.energies_ev) for s in wfn.spins])
    occupations = np.concatenate([spin.occupations for spin in wfn.spins])
    run.require_electrons(path, occupations, spins.astype(np.int8))
    return _with_overlap(_wfn_orbitals(wfn, n_states), run, overlap, n_states)


def load_text(
    path: Path, run: Run, overlap: Path | None = None, n_states: int | None = None
) -> LoadedOrbitals:
    """Read the orbitals of a .MOLog file or a main output, as `load_wfn`.

    They are as exact as the digits of the text.
    """
    orbitals = read_molog(path)
    require_right_energies(orbitals, run)
    below = np.repeat(np.arange(2, dtype=np.int8), orbitals.left_out)
    full = np.full(len(below), 2.0 if orbitals.restricted else 1.0)
    run.require_electrons(
        path,
        np.concatenate([full, orbitals.occupations]),
        np.concatenate([below, orbitals.spins]),
    )
    return _with_overlap(_window(orbitals, n_states), run, overlap, n_states)


def load_molden(path: Path, run: Run, n_states: int | None = None) -> LoadedOrbitals:
    """Read the orbitals of a Molden file, which holds all that their overlap needs.

    They are as exact as the digits of the file.
    """
    basis, orbitals = read_molden(path)
    run.require_electrons(path, orbitals.occupations, orbitals.spins)
    symbols = basis.symbols
    with suppress(InputError):  # the file does not tell which atoms are ghosts
        symbols = run.symbols if len(run.symbols) == len(symbols) else symbols
    return LoadedOrbitals(
        _window(orbitals, n_states),
        overlap_matrix(basis.positions_bohr, basis.shells),
        symbols,
        f"{run.name}, {_describe(path, n_states)}, overlap of its own basis functions",
        lambda: basis,
        run,
        run.fermi_ev,
    )


def wfn_of_run(path: Path, run: Run) -> tuple[Wfn, AtomBasis]:
    """Read a .wfn file and the basis functions of its orbitals.

    Raises
    ------
    InputError
        If it is damaged, or the run's input is missing or of another run.
    """
    if not run.inputs:
        raise InputError(f"{run.folder}: {path.name} needs the input of its run; put it beside it")
    wfn = read_wfn(path)
    return wfn, _basis_of(run, path, wfn.n_functions)


def _wfn_orbitals(wfn: Wfn, n_states: int | None) -> Orbitals:
    """Read the orbitals around the gap of each spin."""
    full = 2.0 / len(wfn.spins)
    chosen = [around_gap(spin.occupations, full, n_states) for spin in wfn.spins]
    parts = [wfn.coefficients(i, window.start, window.stop) for i, window in enumerate(chosen)]
    pairs = list(zip(wfn.spins, chosen, strict=True))
    return Orbitals(
        path=wfn.path,
        energies_ev=np.concatenate([spin.energies_ev[window] for spin, window in pairs]),
        occupations=np.concatenate([spin.occupations[window] for spin, window in pairs]),
        spins=np.repeat(np.arange(len(parts), dtype=np.int8), [part.shape[1] for part in parts]),
        restricted=len(parts) == 1,
        coefficients=parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1),
        atom_of_function=wfn.atom_of_function,
        angular=wfn.angular,
        n_digits=None,
        remedy="the overlap, coordinates or basis set beside it are of another run",
        left_out=_left_out(chosen),
    )


def _left_out(windows: Sequence[slice]) -> tuple[int, ...]:
    """Return how many orbitals of each spin lie below its window; 0 for a spin that is not."""
    starts = [window.start for window in windows]
    return (*starts, 0) if len(starts) == 1 else tuple(starts)


def _window(orbitals: Orbitals, n_states: int | None) -> Orbitals:
    """Keep the states around the gap of each spin."""
    full = 2.0 if orbitals.restricted else 1.0
    of_spins = [np.flatnonzero(orbitals.spins == spin) for spin in np.unique(orbitals.spins)]
    windows = [around_gap(orbitals.occupations[of_spin], full, n_states) for of_spin in of_spins]
    kept = np.concatenate([o[window] for o, window in zip(of_spins, windows, strict=True)])
    return replace(
        orbitals,
        energies_ev=orbitals.energies_ev[kept],
        occupations=orbitals.occupations[kept],
        spins=orbitals.spins[kept],
        coefficients=orbitals.coefficients[:, kept],
        left_out=tuple(np.add(orbitals.left_out, _left_out(windows)).tolist()),
    )


def _describe(path: Path, n_states: int | None) -> str:
    """Say which orbitals were used."""
    which = "orbitals" if n_states is None else f"{n_states} orbitals around the gap of each spin"
    return f"{which} of {path.name}"


def _with_overlap(
    orbitals: Orbitals, run: Run, overlap: Path | None, n_states: int | None
) -> LoadedOrbitals:
    """Put their overlap beside the orbitals of a run."""
    if overlap is not None:
        matrix, origin = read_csr(overlap, len(orbitals.atom_of_function)), overlap.name
    else:
        matrix, origin = _computed(run, orbitals)
    source = f"{run.name}, {_describe(orbitals.path, n_states)}, overlap {origin}"
    basis = partial(_basis_of_functions, run, orbitals.path, len(orbitals.atom_of_function))
    return LoadedOrbitals(orbitals, matrix, run.symbols, source, basis, run, run.fermi_ev)


def _computed(run: Run, orbitals: Orbitals) -> tuple[csr_array, str]:
    """Compute the overlap from the input of a run."""
    if not run.inputs:
        raise InputError(
            f"{run.folder}: {orbitals.path.name} needs an overlap matrix; add the file of "
            "&S_CSR_WRITE, or the input of the run, from which it can be computed"
        )
    basis = _basis_of(run, orbitals.path, len(orbitals.atom_of_function))
    overlap = overlap_matrix(basis.positions_bohr, basis.shells, basis.translations_bohr)
    return overlap, f"computed from {run.inputs[0].path.name}"


def _basis_of_functions(run: Run, path: Path, n_functions: int) -> AtomBasis:
    """Read atoms and basis functions of orbitals whose overlap may be CP2K's own."""
    if not run.inputs:
        raise InputError(
            f"{run.folder}: transitions and bands need the input of the run, which names basis "
            f"sets; put it beside {path.name}"
        )
    lacking = (
        "neither transitions nor bands can be computed; leave them out, or take a method with "
        "basis sets"
    )
    return _basis_of(run, path, n_functions, lacking)


def _basis_of(
    run: Run,
    path: Path,
    n_functions: int,
    lacking: str = "the overlap cannot be computed; add &S_CSR_WRITE to &DFT / &PRINT and rerun it",
) -> AtomBasis:
    """Read atoms and basis functions of a run, which must be those of its orbitals."""
    source = run.inputs[0]
    method = source.subject.own_basis
    if method:
        raise InputError(
            f"{path}: METHOD {method} of {source.path.name} has basis functions of its own, so "
            f"that {lacking}"
        )
    basis = read_atom_basis(run)
    told = sum(2 * shell.angular + 1 for shells in basis.shells for shell in shells)
    if told != n_functions:
        raise InputError(
            f"{path}: its orbitals have {n_functions} basis functions, but {source.path.name} "
            f"tells of {told} on {len(basis.symbols)} atoms; keep the files of one run"
        )
    return basis
