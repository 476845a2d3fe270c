"""A finished CP2K run in a folder: its main output, its input, its atoms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE

from .atom_basis import read_positions_a
from .output import main_outputs
from .run_input import read_run_input

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from .output import Cp2kOutput
    from .run_input import RunInput
    from .wfn import Wfn

_ELEMENT = re.compile(r"[A-Z][a-z]?")

ELECTRON_TOLERANCE = 0.01
"""Largest difference of the summed occupations, as files round them, from whole electrons."""


@dataclass(frozen=True)
class Run:
    """One CP2K run that came to a good end.

    Parameters
    ----------
    folder : Path
        Where its files lie.
    output : Cp2kOutput
        Its main output; sound.
    inputs : tuple of RunInput
        Inputs of its project, that which the output names first; empty if there are none.
    """

    folder: Path
    output: Cp2kOutput
    inputs: tuple[RunInput, ...]

    @classmethod
    def of(cls, folder: Path, project: str) -> Run:
        """Find the run of a project.

        Parameters
        ----------
        folder : Path
            Where to look, not below.
        project : str
            Name of CP2K's project.

        Returns
        -------
        Run
            The newest run of that name.

        Raises
        ------
        InputError
            If its main output is missing, or the run was cut off or did not converge.
        """
        output = next((o for o in main_outputs(folder) if o.project == project), None)
        if output is None:
            raise InputError(
                f"{folder}: the main output of project {project} is not there (the file given to "
                "cp2k's -o); put it beside the others, as it tells whether the run converged"
            )
        output.require_sound()
        named = [folder / output.input_name] if output.input_name else []
        paths = dict.fromkeys([*named, *sorted(folder.glob("[!.]*.inp"))])
        inputs = [read_run_input(path) for path in paths if path.is_file()]
        return cls(folder, output, tuple(i for i in inputs if i.project == project))

    @property
    def name(self) -> str:
        """What the run is, for the source of its states."""
        return f"CP2K {self.output.version}, project {self.output.project}"

    @property
    def symbols(self) -> tuple[str, ...]:
        """Element of each atom, from the main output or else from the input's coordinates."""
        if self.output.symbols:
            return self.output.symbols
        for source in self.inputs:
            matches = [_ELEMENT.match(label) for label in source.labels]
            symbols = tuple(match[0] for match in matches if match)
            if symbols and len(symbols) == len(matches):
                return symbols
        raise InputError(
            f"{self.folder}: the elements of the atoms are told neither by "
            f"{self.output.path.name} (a table of atomic coordinates) nor by an input file and its "
            "coordinates; add either"
        )

    @property
    def fermi_ev(self) -> tuple[float, ...]:
        """Fermi energy in eV, or one for each spin; empty if no electron is smeared."""
        told = self.output.fermi_hartree if self.output.is_smeared else ()
        return tuple(EV_PER_HARTREE * value for value in told[-2:])

    @property
    def positions_a(self) -> NDArray[np.float64] | None:
        """Coordinates in Å, shape (n_atoms, 3), None if no input tells those of all atoms."""
        for source in self.inputs:
            try:
                positions_a = read_positions_a(source.path)
            except InputError:
                continue
            if len(positions_a) == len(self.symbols):
                return positions_a
        return None

    def require_electrons(
        self, path: Path, occupations: NDArray[np.float64], spins: NDArray[np.int8]
    ) -> None:
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
        told = self.output.n_electrons
        if not told:
            return
        summed = [float(occupations[spins == spin].sum()) for spin in range(len(told))]
        whose = [f"the occupations of spin {spin + 1} sum" for spin in range(len(told))]
        if self.output.is_smeared and len(told) > 1:
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
    if not abs(summed - told) <= ELECTRON_TOLERANCE:
        raise InputError(
            f"{wfn.path}: the occupations sum to {summed:.3f} instead of {told} electrons; rerun "
            "the stage that writes it"
        )
