"""Coincidence cells of two planes: the ratio to pymatgen's ZSLGenerator.

Run ``python benchmarks/matching.py``. Each line is one plane pair and one largest area; all times
are medians of processor time in one run on one machine, ours with its tables emptied before each
repeat. "ZSL" lists pairs of supercells by pymatgen's default tolerances, "cells" all maps up to a
strain, for the film and for the film turned over.
"""

from __future__ import annotations

from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
from pymatgen.analysis.interfaces.zsl import ZSLGenerator

from epicarve.builder.interfaces.match import (
    MatchOptions,
    coincidence_cells,
    hermite_forms,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

FILM_A = np.diag([8.20261, 8.16986])
SUBSTRATES_A = {"CsPbCl3 (100)": 5.605, "CsPbBr3 (100)": 5.94863}
AREAS_A2 = (260.0, 800.0, 1600.0)
MAX_STRAIN = 0.04
REPEATS = 5
TURNED_OVER = np.diag([1.0, -1.0])


def timed(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median time in seconds of a few calls from empty tables, and the result."""
    times = []
    for _ in range(repeats):
        hermite_forms.cache_clear()
        start = process_time()
        result = work()
        times.append(process_time() - start)
    return median(times), result


def pairs_of_pymatgen(substrate_a: NDArray[np.float64], area_a2: float) -> list[Any]:
    """Pairs of supercells that ZSLGenerator lists."""
    film, substrate = (np.hstack([x, np.zeros((2, 1))]) for x in (FILM_A, substrate_a))
    return list(ZSLGenerator(max_area=area_a2)(film, substrate))


def main() -> None:
    """Print a table of times and ratios."""
    pairs_of_pymatgen(5.605 * np.eye(2), 260.0)  # its imports and caches
    print(f"film Pb4S3Br2 (010); strain of the cells up to {MAX_STRAIN:.0%}")
    print("substrate      area/Å²  ZSL/s  pairs  cells  cells/ms  ratio")
    for name, edge_a in SUBSTRATES_A.items():
        substrate = edge_a * np.eye(2)
        for area in AREAS_A2:
            options = MatchOptions(max_area_a2=area, max_strain=MAX_STRAIN)
            theirs, pairs = timed(lambda a=area, s=substrate: pairs_of_pymatgen(s, a), 1)
            own, cells = timed(
                lambda o=options, s=substrate: (
                    coincidence_cells(FILM_A, s, o) + coincidence_cells(FILM_A @ TURNED_OVER, s, o)
                ),
                REPEATS,
            )
            print(
                f"{name} {area:8.0f} {theirs:6.2f} {len(pairs):6d} {len(cells):6d} "
                f"{1e3 * own:9.2f} {theirs / own:6.0f}"
            )


if __name__ == "__main__":
    main()
