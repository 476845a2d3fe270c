"""Well-formed input at the study's size, for benchmarks: a folder of CP2K's per-atom densities.

python benchmarks/synthetic.py FOLDER [ATOMS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

SYMBOLS = ("Pb", "S", "Pb", "Cl", "Pb", "S", "Cl")
"""Elements in the ratio of Pb3S2Cl2; atom i has the i-th of them, over and over."""

STUDY_ATOMS, STUDY_STATES = 1502, 5100
"""Size of the free-standing nanocrystal of the study."""

STATES_PER_ATOM = STUDY_STATES / STUDY_ATOMS
OCCUPIED_SHARE = 0.87

OUTPUT = """ CP2K| version string:                                       CP2K version 2023.1
 GLOBAL| Project name                                                     states

 MODULE QUICKSTEP: ATOMIC COORDINATES IN ANGSTROM

   Atom Kind Element         X             Y             Z       Z(eff)     Mass

{atoms}

  *** SCF run converged in     1 steps ***

 ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]:             -1234.567890123456789

  **** **** ******  **  PROGRAM ENDED AT
"""


def symbols_of(n_atoms: int) -> list[str]:
    """Element of each atom."""
    return [SYMBOLS[i % len(SYMBOLS)] for i in range(n_atoms)]


def write_ldos_folder(folder: Path, n_atoms: int) -> None:
    """Write one .pdos file for each atom, and the main output, as CP2K 2023.1 does.

    A state spreads over the atoms around a random one, with a random width: some are traps. The
    gap lies at the share of states that are filled in the study.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    n_states = round(STATES_PER_ATOM * n_atoms)
    n_occupied = round(OCCUPIED_SHARE * n_states)
    energies = np.sort(rng.uniform(-0.75, -0.23, n_occupied)).tolist()
    energies += np.sort(rng.uniform(-0.16, 0.05, n_states - n_occupied)).tolist()
    occupations = [2.0] * n_occupied + [0.0] * (n_states - n_occupied)
    place = rng.uniform(size=(3, n_atoms, 1))
    centre, width = rng.uniform(size=(3, 1, n_states)), rng.uniform(0.1, 1.0, n_states)
    weights = np.exp(-((place - centre) ** 2).sum(axis=0) / width**2)
    weights *= rng.uniform(size=(n_atoms, n_states))
    weights /= weights.sum(axis=0)
    head = [f"{i + 1:8d}  {energies[i]:16.6f}{occupations[i]:16.6f}" for i in range(n_states)]
    row = "%s  %16.8f  %16.8f  %16.8f\n"
    names = "".join(f"          {name:>8}" for name in "spd")
    columns = f"#     MO Eigenvalue [a.u.]      Occupation{names}\n"
    for atom, mine in enumerate(weights, start=1):
        parts = [(share * mine).tolist() for share in (0.2, 0.7, 0.1)]
        cells = [cell for cells in zip(head, *parts, strict=True) for cell in cells]
        title = f"# Projected DOS for list {atom} of 1 atoms, at iteration step i = 0"
        (folder / f"states-list{atom}-1.pdos").write_text(
            f"{title}, E(Fermi) =    -0.196877 a.u.\n{columns}" + row * n_states % tuple(cells)
        )
    atoms = "\n".join(
        f"{i:7d}    1 {symbol:2}   16     0.000000     0.000000     0.000000   6.0000    32.0600"
        for i, symbol in enumerate(symbols_of(n_atoms), start=1)
    )
    (folder / "states.out").write_text(OUTPUT.format(atoms=atoms))


if __name__ == "__main__":
    write_ldos_folder(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else STUDY_ATOMS)
