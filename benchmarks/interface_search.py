"""Search of the interfaces of Pb4S3Cl2 and CsPbCl3, against what pymatgen does of it.

Run: python benchmarks/interface_search.py

Ours looks at all planes up to index 1, all terminations, coincidence cells up to 260 Å² and 6 %,
and all registries; it scores the continuity of every pair of terminations, and the energy, with
a scan of registry and gap, of the ten best. pymatgen lists the coincidence cells of the same
planes (SubstrateAnalyzer) and builds the interfaces of one pair of planes at one registry and a
gap that is given to it (CoherentInterfaceBuilder), both with its defaults; it scores neither.
Processor time of one thread, to which both are held; imports are not counted.
"""

from __future__ import annotations

import warnings
from time import process_time
from typing import TYPE_CHECKING

from pymatgen.analysis.interfaces.coherent_interfaces import CoherentInterfaceBuilder
from pymatgen.analysis.interfaces.substrate_analyzer import SubstrateAnalyzer
from pymatgen.core import Lattice, Structure
from threadpoolctl import threadpool_limits

from epicarve.builder.library import bundled_crystal
from epicarve.workflow.tasks.interface import interface

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 3
FILM, SUBSTRATE = "Pb4S3Cl2", "CsPbCl3"


def structure(name: str) -> Structure:
    """Return a bundled crystal as pymatgen knows it."""
    crystal = bundled_crystal(name)
    return Structure(Lattice(crystal.cell_a), crystal.symbols.tolist(), crystal.fractional)


def of_pymatgen() -> int:
    """Search and build with pymatgen, as its defaults are; returns how many were built."""
    film, substrate = structure(FILM), structure(SUBSTRATE)
    list(SubstrateAnalyzer(film_max_miller=1, substrate_max_miller=1).calculate(film, substrate))
    builder = CoherentInterfaceBuilder(
        substrate_structure=substrate,
        film_structure=film,
        film_miller=(0, 1, 0),
        substrate_miller=(1, 0, 0),
    )
    return sum(1 for pair in builder.terminations for _ in builder.get_interfaces(pair))


def seconds(call: Callable[[], object]) -> float:
    """Return the least processor time of some calls."""
    times = []
    for _ in range(ROUNDS):
        start = process_time()
        call()
        times.append(process_time() - start)
    return min(times)


def main() -> None:
    """Print both times and their ratio."""
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        ours = seconds(lambda: interface(bundled_crystal(FILM), bundled_crystal(SUBSTRATE)))
        theirs = seconds(of_pymatgen)
    print(f"epicarve  search, continuity of all, energy of 10   {ours:6.2f} s")
    print(f"pymatgen  cells of all, one pair of planes built    {theirs:6.2f} s")
    print(f"ratio pymatgen / epicarve                           {theirs / ours:6.1f}")


if __name__ == "__main__":
    main()
