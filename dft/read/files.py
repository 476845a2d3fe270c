"""Which files of a folder states can be read from, and which run each of them is of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .run import Run

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.dft.output import Cp2kOutput

    from .input import RunInput
    from .pdos import PdosFile

ITERATION = re.compile(r"-(\d+(?:_\d+)*)$")
"""How the name of a file ends that is of one step, without its suffix."""


@dataclass(frozen=True)
class RunFiles:
    """The files of one project that states can be read from.

    Parameters
    ----------
    folder : Path
        Where they lie.
    project : str
        Name of the project, as the main output, the input or the names of the files tell.
    outputs : tuple of Cp2kOutput
        Main outputs of the project, the newest first; they need not be sound.
    inputs : tuple of RunInput
        Inputs of the project.
    pdos : tuple of PdosFile
        Projected densities of states, of all steps.
    wfn, text, molden : tuple of Path
        Files of orbitals, the newest first.
    overlaps : tuple of Path
        Overlap matrices, the newest first.
    """

    folder: Path
    project: str
    outputs: tuple[Cp2kOutput, ...]
    inputs: tuple[RunInput, ...]
    pdos: tuple[PdosFile, ...]
    wfn: tuple[Path, ...]
    text: tuple[Path, ...]
    molden: tuple[Path, ...]
    overlaps: tuple[Path, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that states could be read from."""
        return not (self.pdos or self.wfn or self.text or self.molden)

    def at_step(self, step: int) -> tuple[PdosFile, ...]:
        """Return the .pdos files of one step."""
        return tuple(file for file in self.pdos if file.step == step)

    @property
    def last_step(self) -> int:
        """The last step that the main output or a .pdos file tells of, 0 without steps."""
        return max(self.run.last_step or 0, *(file.step for file in self.pdos), 0)

    def require_sound(self) -> None:
        """Refuse a run that was cut off or did not converge.

        Raises
        ------
        InputError
            If its newest main output says so.
        """
        for output in self.outputs[:1]:
            output.require_sound()

    @cached_property
    def run(self) -> Run:
        """The run that wrote the files.

        Raises
        ------
        InputError
            If it was cut off or did not converge.
        """
        return Run.newest(self.folder, self.project, self.outputs, self.inputs)


def step_in_name(path: Path) -> int | None:
    """Return the step that the name of a file of orbitals ends in, None if in none.

    Examples
    --------
    >>> from pathlib import Path
    >>> step_in_name(Path("run-MOS-1_12.molden")), step_in_name(Path("run-RESTART.wfn"))
    (12, None)
    """
    match = ITERATION.search(path.stem)
    counters = match[1].split("_") if match else []
    return int(counters[1]) if len(counters) > 1 else None
