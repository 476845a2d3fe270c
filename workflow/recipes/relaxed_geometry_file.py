"""Where the relaxed geometry lies in the folder of a run."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.dft.settings import Cp2kSettings, stages
from epicarve.errors import InputError
from epicarve.files import is_file, is_folder

if TYPE_CHECKING:
    from epicarve.dft.read import RunFolder

RELAXED = "1-relax/relaxed.extxyz"
"""Geometry that the embedded engine relaxed."""

STATES_GEOMETRY = "states.xyz"
"""Geometry of CP2K's last stage, in that stage's folder."""


def relaxed_geometry(path: Path) -> Path:
    """Return the file with the relaxed geometry: the path itself, or what a run left in a folder.

    Parameters
    ----------
    path : Path
        A file that ASE can read, or a folder that `epicarve.run` filled: with the embedded
        engine, or with CP2K, where the last relaxation counts.

    Raises
    ------
    InputError
        If there is no such file, or the folder holds no relaxed geometry.
    """
    path = Path(path)
    if is_file(path):
        return path
    if not is_folder(path):
        raise InputError(f"{path}: no such file or folder; give the relaxed geometry of the half")
    chain_stages = stages(Cp2kSettings(), with_ligands=True)
    names = {stage.name: stage for stage in chain_stages if stage.relaxation}
    last_first = [
        found
        for name in reversed(names)
        for found in sorted(path.glob(f"*-{name}/{name}-pos-1.xyz"), reverse=True)
    ]
    embedded = [path / RELAXED] if (path / RELAXED).is_file() else []
    for found in (*embedded, *last_first):
        return found
    raise InputError(
        f"{path}: no relaxed geometry in it; give a file, or the folder of an epicarve run that "
        "has relaxed its model"
    )


def geometry_of_states(folder: RunFolder) -> Path | None:
    """Return the geometry that the states of a run are of; None if it is that of the model.

    The stage of the states has the geometry of the start until it runs.
    """
    of_stages = (
        path
        for stage in folder.below
        if stage.path.name.endswith("-states")
        and (path := stage.path / STATES_GEOMETRY).is_file()
        and stage.outputs
    )
    return next(chain(folder.path.glob(RELAXED), of_stages), None)
