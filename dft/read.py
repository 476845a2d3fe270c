"""Reading orbital states from whatever folder a calculation left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .ldos import read_ldos_folder
from .output import main_outputs
from .pdos import find_pdos
from .states import OrbitalStates

if TYPE_CHECKING:
    from pathlib import Path

ARCHIVE_NAME = "states.npz"
"""Name of the archive that the embedded engine leaves."""


def read_states(folder: Path) -> OrbitalStates:
    """Read the orbital states that a folder holds, whoever made it.

    Parameters
    ----------
    folder : Path
        A folder with `states.npz`, or with CP2K's per-atom .pdos files; or one of whose subfolders
        is such a folder, as in a chain of stages.

    Returns
    -------
    OrbitalStates
        The states.

    Raises
    ------
    InputError
        If the folder is missing or holds no states, more than one subfolder holds some, or the run
        cannot be trusted.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give the folder of a finished run")
    subfolders = sorted(path for path in folder.iterdir() if path.is_dir())
    holders = [path for path in (folder, *subfolders) if _holds_states(path)]
    if not holders:
        for path in (folder, *subfolders):
            for output in main_outputs(path):
                output.require_sound()
        raise InputError(
            f"{folder}: there are no states in it or in a folder below; looked for {ARCHIVE_NAME} "
            "and for CP2K's PROJECT-list1-1.pdos, which its last stage writes"
        )
    if holders[0] != folder and len(holders) > 1:
        names = ", ".join(path.name for path in holders)
        raise InputError(f"{folder}: several folders below hold states ({names}); name one of them")
    holder = holders[0]
    if (holder / ARCHIVE_NAME).is_file():
        return OrbitalStates.load(holder / ARCHIVE_NAME)
    return read_ldos_folder(holder)


def _holds_states(folder: Path) -> bool:
    return (folder / ARCHIVE_NAME).is_file() or bool(find_pdos(folder))
