"""A finished CP2K run in a folder: its main output, its input, its atoms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from epicarve.dft.output import GHOST
from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE

from .geometry import read_geometry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from epicarve.arrays import Floats
    from epicarve.dft.output import Cp2kOutput

    from .geometry import RunGeometry
    from .input import RunInput
    from .wfn import Wfn

ELECTRON_TOLERANCE = 0.01
"""Largest difference of the summed occupations, as files round them, from whole electrons."""

OWN_TOLERANCE = 1e-4
"""The same of a .wfn file and what it tells itself, in all digits."""


@dataclass(frozen=True)
class Run:
    """One CP2K run that came to a good end, as far as its files tell.

    Parameters
    ----------
    folder : Path
        Where its files lie.
    project : str
        Name of its project.
    output : Cp2kOutput or None
        Its main output; sound. None if it is not there, so that nothing tells how the run ended.
    inputs : tuple of RunInput
        Inputs of its project, that which the output names first; empty if there are none.
    """

    folder: Path
    project: str
    output: Cp2kOutput | None
    inputs: tuple[RunInput, ...]

    @classmethod
    def newest(
        cls,
        folder: Path,
        project: str,
        outputs: Sequence[Cp2kOutput],
        inputs: Sequence[RunInput],
    ) -> Run:
        """Take the newest run of a project.

        Parameters
        ----------
        folder : Path
            Where its files lie.
        project : str
            Name of CP2K's project.
        outputs : sequence of Cp2kOutput
            Its main outputs, the newest first.
        inputs : sequence of RunInput
            Its inputs.

        Raises
        ------
        InputError
            If the run was cut off or did not converge.
        """
        output = outputs[0] if outputs else None
        if output is not None:
            output.require_sound()
        named = output.input_name if output is not None else ""
        ordered = sorted(inputs, key=lambda source: (source.path != folder / named, source.path))
        return cls(folder, project, output, tuple(ordered))

    @property
    def name(self) -> str:
        """What the run is, for the source of its states."""
        if self.output is None:
            return f"CP2K, project {self.project}, without its main output"
        return f"CP2K {self.output.version}, project {self.project}"

    @property
    def last_step(self) -> int | None:
        """Number of the last step of an optimisation or of molecular dynamics, 0 without steps.

        None without a main output.
        """
        return None if self.output is None else self.output.last_step or 0

    @cached_property
    def geometry(self) -> RunGeometry:
        """Atoms and cell of its states, by the input that the main output names.

        Raises
        ------
        InputError
            If they are not told, or files of the run contradict each other.
        """
        return read_geometry(self.inputs[0] if self.inputs else None, self.output, self.folder)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Element of each atom, X of ghosts, from the main output or else from the input."""
        if self.output is not None and self.output.symbols:
            return self.output.symbols
        try:
            labels, subject = self.geometry.labels, self.inputs[0].subject
            return tuple(
                GHOST if subject.is_ghost(label) else subject.element(label).capitalize()
                for label in labels
            )
        except (InputError, IndexError) as error:
            output = "a main output" if self.output is None else self.output.path.name
            why = f" ({error})" if isinstance(error, InputError) else ""
            raise InputError(
                f"{self.folder}: the elements of the atoms are told neither by {output} (a table "
                f"of atomic coordinates) nor by an input file and its coordinates; add either{why}"
            ) from error

    @property
    def fermi_ev(self) -> tuple[float, ...]:
        """Fermi energy in eV that all states share, empty if the main output tells none.

        Where each spin is smeared for itself, CP2K prints the mean of both, which is neither's.
        """
        output = self.output
        if output is None or not output.is_smeared or output.spins_are_smeared_apart:
            return ()
        return tuple(EV_PER_HARTREE * value for value in output.fermi_hartree[-1:])

    @property
    def positions_a(self) -> Floats | None:
        """Coordinates in Å, shape (n_atoms, 3), None if the files of the run do not tell them."""
        try:
            geometry = self.geometry
        except InputError:
            return None
        return geometry.positions_a if len(geometry.labels) == len(self.symbols) else None

    def require_electrons(self, path: Path, occupations: Floats, spins: NDArray[np.int8]) -> None:
        """Refuse occupations that do not sum to the electrons that the main output tells.

        Parameters
        ----------
        path : Path
            The file that the occupations are from.
        occupations : ndarray of float, shape (n_states,)
            Occupation of each state.
        spins : ndarray of int, shape (n_states,)
            0 for alpha or restricted states, 1 for beta states.

        Raises
        ------
        InputError
            If they differ.
        """
        told = () if self.output is None else self.output.n_electrons
        if self.output is None or not told:
            return
        summed = [float(occupations[spins == spin].sum()) for spin in range(len(told))]
        whose = [f"the occupations of spin {spin + 1} sum" for spin in range(len(told))]
        moves = self.output.is_smeared and not self.output.spins_are_smeared_apart
        if moves and len(told) > 1:
            # Smearing moves electrons between the spins; their sum stays.
            summed, told, whose = [sum(summed)], (sum(told),), ["the occupations sum"]
        for n_electrons, found, what in zip(told, summed, whose, strict=True):
            if abs(found - n_electrons) > ELECTRON_TOLERANCE:
                raise InputError(
                    f"{path}: {what} to {found:.3f}, but {self.output.path.name} tells of "
                    f"{n_electrons} electrons; keep the files of one run, with all occupied states"
                )


def require_own_electrons(wfn: Wfn) -> None:
    """Refuse a .wfn file whose occupations do not sum to the electrons that it tells itself.

    Parameters
    ----------
    wfn : Wfn
        The file. Of two spins the sum over both counts, as smearing moves electrons between them.

    Raises
    ------
    InputError
        If they differ.
    """
    summed = sum(float(spin.occupations.sum()) for spin in wfn.spins)
    told = sum(spin.n_electrons for spin in wfn.spins)
    if not abs(summed - told) <= OWN_TOLERANCE:
        raise InputError(
            f"{wfn.path}: the occupations sum to {summed:.5f} instead of {told} electrons; rerun "
            "the stage that writes it"
        )
