"""States that were read, with what a reader must know of them, and why others were not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from epicarve.dft.states import OrbitalStates

    from .run import Run


@dataclass(frozen=True)
class Reading:
    """States of a run, and where they are from.

    Parameters
    ----------
    states : OrbitalStates
        The states; their notes say what was passed over, and why.
    folder : Path
        The folder that holds the files.
    run : Run or None
        The run of CP2K; None for the archive of the embedded engine.
    is_of_the_end : bool
        Whether the states are of the last geometry of the run, not of an earlier step.
    """

    states: OrbitalStates
    folder: Path
    run: Run | None
    is_of_the_end: bool = True

    @property
    def positions_a(self) -> NDArray[np.float64] | None:
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


def noted(reading: Reading, notes: Sequence[str]) -> Reading:
    """Add notes to the states of a reading."""
    states = reading.states
    return replace(reading, states=replace(states, notes=(*notes, *states.notes)))


def brief(error: InputError, folder: Path) -> str:
    """Return what an error says, without the folder that all files lie in."""
    return str(error).replace(f"{folder}/", "").removeprefix(f"{folder}: ")


def none_usable(errors: Sequence[InputError], folder: Path) -> InputError:
    """Say why nothing can be used: of the best in whole, of others in short."""
    first, *others = dict.fromkeys(str(error) for error in errors)
    shorter = [brief(InputError(other), folder).partition("; ")[0] for other in others]
    return InputError(first + (f" (nor do others serve: {'; '.join(shorter)})" if shorter else ""))
