"""States of a run as its files hold them, with what a reader must know of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from epicarve.dft.orbitals import pair_names
from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError

from .agreement import with_further_states
from .ldos import with_lists

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from epicarve.arrays import Floats
    from epicarve.dft.bands import UnfoldedBands, Zone
    from epicarve.dft.orbitals import GroupPair
    from epicarve.dft.spin_orbit import CoupledStates, SpinOrbitPotential
    from epicarve.dft.states import AnyStates
    from epicarve.dft.transitions import Transitions
    from epicarve.dft.weighed_states import States

    from .agreement import Levels
    from .orbital_files import LoadedOrbitals
    from .pdos import PdosFile
    from .run import Run


@dataclass(frozen=True)
class Beside:
    """What the run and its other files tell of states.

    Parameters
    ----------
    run : Run
        The run.
    step : int or None
        The step that the states are of, None of a run without steps.
    caveat : str
        What must stand wherever the states are shown, empty if nothing.
    notes : tuple of str
        What a reader must know.
    levels : Levels or None
        Energies of all states, by another file.
    pdos : tuple of PdosFile
        Projections of the same step, some of them maybe on groups of atoms.
    """

    run: Run
    step: int | None
    caveat: str
    notes: tuple[str, ...]
    levels: Levels | None
    pdos: tuple[PdosFile, ...]

    def added_to(self, states: States) -> States:
        """Return states with all that is told of them."""
        states = replace(
            states,
            source=states.source if self.step is None else f"{states.source}, step {self.step}",
            caveat=self.caveat,
            notes=(*states.notes, *self.notes),
        )
        if self.levels is not None and not states.is_window:
            states = with_further_states(states, self.levels)
        return with_lists(states, self.pdos, self.run)


@dataclass(frozen=True)
class Reading:
    """States of a run: their weights, or orbitals that are weighed when they are asked for.

    Parameters
    ----------
    folder : Path
        The folder that holds the files.
    projected : OrbitalStates, KindStates or None
        States whose weights are in the folder.
    orbitals : LoadedOrbitals or None
        Their orbitals, if weights, overlap populations or transitions are to be computed.
    partition : {"lowdin", "mulliken"}
        Whose weights are computed of orbitals.
    spin_orbit : SpinOrbitPotential or None
        What couples the orbitals, if that was asked for.
    beside : Beside or None
        What the run of CP2K tells; None for the archive of the embedded engine.
    passed : tuple of str
        What was passed over, and why.
    is_of_the_end : bool
        Whether the states are of the last geometry of the run, not of an earlier step.
    """

    folder: Path
    projected: AnyStates | None
    orbitals: LoadedOrbitals | None = None
    partition: str = "lowdin"
    spin_orbit: SpinOrbitPotential | None = None
    beside: Beside | None = None
    passed: tuple[str, ...] = ()
    is_of_the_end: bool = True

    @cached_property
    def states(self) -> AnyStates:
        """The states; their notes say what was passed over, and why.

        Raises
        ------
        InputError
            If the overlap matrix of the orbitals is not positive definite.
        """
        states = self.projected
        if states is None:
            assert self.orbitals is not None
            if self.spin_orbit is None:
                states = self.orbitals.states(self.partition)
            else:
                states = self._coupled[0]
        if self.beside is not None:
            states = self.beside.added_to(states)
        return replace(states, notes=(*self.passed, *states.notes))

    @cached_property
    def _coupled(self) -> tuple[OrbitalStates, CoupledStates]:
        """The states with spin-orbit coupling, and what they are made of."""
        assert self.orbitals is not None
        assert self.spin_orbit is not None
        return self.orbitals.spin_orbit_states(self.spin_orbit)

    def with_overlap_populations(self, pairs: Sequence[GroupPair]) -> OrbitalStates:
        """Return the states with the overlap populations of pairs of groups.

        Parameters
        ----------
        pairs : sequence of pairs of OrbitalGroup
            Groups of the atoms of the states.

        Raises
        ------
        InputError
            If the coefficients of the orbitals were not read, or a group has no function.
        """
        if self.orbitals is None or not isinstance(self.states, OrbitalStates):
            raise no_coefficients(self.folder)
        populations = self.orbitals.overlap_populations(pairs)
        return replace(self.states, pairs=pair_names(pairs), overlap_populations=populations)

    def transitions(self) -> Transitions:
        """Return the dipole transitions between the states.

        Raises
        ------
        InputError
            If the states are those of the embedded engine, or as
            `dft.read.orbital_files.LoadedOrbitals.transitions`.
        """
        coupled = None if self.spin_orbit is None else self._coupled[1]
        return self._loaded("transitions are computed").transitions(coupled)

    def bands(self, zone: Zone, within_ev: tuple[float, float]) -> UnfoldedBands:
        """Return the states of a range of energies in eV on the plane waves of a crystal's zone.

        Raises
        ------
        InputError
            If the states are those of the embedded engine, or as
            `dft.read.orbital_files.LoadedOrbitals.bands`.
        """
        return self._loaded("bands are made").bands(zone, within_ev)

    def _loaded(self, use: str) -> LoadedOrbitals:
        """Return the orbitals, or refuse what is made of them."""
        if self.orbitals is None:
            raise InputError(
                f"{self.folder}: states.npz of the embedded engine holds no orbitals, of which "
                f"{use}; leave them out, or run the model with CP2K"
            )
        return self.orbitals

    @property
    def run(self) -> Run | None:
        """The run of CP2K; None for the archive of the embedded engine."""
        return None if self.beside is None else self.beside.run

    @property
    def positions_a(self) -> Floats | None:
        """Coordinates of the atoms in Å, shape (n_atoms, 3), None if no input tells them.

        Those of stages in other folders do not count, as they have other geometries.
        """
        if self.run is None or not self.is_of_the_end:
            return None
        try:
            same = self.run.symbols == self.states.symbols
            return self.run.positions_a if same else None
        except InputError:
            return None

    def noted(self, notes: Sequence[str]) -> Reading:
        """Return the same with more that was passed over before."""
        return replace(self, passed=(*notes, *self.passed))


def no_coefficients(folder: Path) -> InputError:
    """Say that what is made of orbitals cannot be had, and what it needs."""
    return InputError(
        f"{folder}: overlap populations, transitions and bands need the coefficients of the "
        "orbitals, and .pdos files hold weights only; put the .wfn file of the run beside them, "
        "with its input and main output, or rerun it with &MO_MOLDEN in &PRINT of &DFT"
    )


def brief(error: InputError, folder: Path) -> str:
    """Return what an error says, without the folder that all files lie in."""
    return str(error).replace(f"{folder}/", "").removeprefix(f"{folder}: ")


def none_usable(errors: Sequence[InputError], folder: Path) -> InputError:
    """Say why nothing can be used: of the best in whole, of others in short."""
    first, *others = dict.fromkeys(str(error) for error in errors)
    shorter = [brief(InputError(other), folder).partition("; ")[0] for other in others]
    return InputError(first + (f" (nor do others serve: {'; '.join(shorter)})" if shorter else ""))
