"""Well-formed output of CP2K at the study's size, for benchmarks: per-atom densities, orbitals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, triu

from epicarve.builder.carve import carve_particle
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import SphereSpec
from epicarve.dft.cp2k_input import ATOMIC_NUMBERS
from epicarve.dft.orbitals import GaussianShell, overlap_matrix
from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from epicarve.arrays import Floats

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


def parts_of_sphere(sizes: Sequence[int | None]) -> Iterator[tuple[list[str], Floats]]:
    """Yield elements and places in Å of so many atoms about the middle of the study's sphere."""
    sphere = SphereSpec(kind="sphere", diameter_nm=4.2)
    model = carve_particle(bundled_crystal("Pb3S2Cl2"), sphere).model
    order = np.argsort(np.linalg.norm(model.positions_a, axis=1), kind="stable")
    for n_atoms in sizes:
        chosen = np.sort(order[:n_atoms])
        yield model.symbols[chosen].tolist(), model.positions_a[chosen]


def symbols_of(n_atoms: int) -> list[str]:
    """Element of each atom."""
    return [SYMBOLS[i % len(SYMBOLS)] for i in range(n_atoms)]


def write_ldos_folder(folder: Path, n_atoms: int) -> int:
    """Write one .pdos file for each atom, and the main output, as CP2K 2023.1 does.

    A state spreads over the atoms around a random one, with a random width: some are traps. The
    gap lies at the share of states that are filled in the study. Returns the number of states.
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
    (folder / "states.out").write_text(_main_output(symbols_of(n_atoms)))
    return n_states


EXPONENTS_AND_COEFFICIENTS = {
    "Pb": """
        1.933597551820 -0.128503344 -0.101796893  0.015280202  0.005350345  0.014172607
        0.981424884833  0.574812595  0.383708446 -0.134233849  0.075210283 -0.095091389
        0.222223023415 -0.960047108 -0.673075164  0.502933226 -0.366898196  0.404788663
        0.077758928722 -0.206626081 -0.887877389  0.243024446 -1.159690407 -0.640460684
        0.073967768161 -0.082212261  1.917996277  0.131891978  1.651684865  1.791004947
    """,
    "S": """
        2.215854692813  0.170962878 -0.080726544  0.092191824  0.057845138  0.113762895
        1.131470525271  0.127069406 -0.209877314 -0.162197094 -0.094737442  0.350414094
        0.410168143974 -0.733925382  0.683497090 -0.605594738 -0.369172638  0.866785685
        0.140587330023 -0.176971634 -0.625512740 -0.213309790  1.155699505  0.217880463
    """,
    "Cl": """
        2.379078117601  0.349064979  0.153138206  0.116462270  0.160067892  0.074898028
        1.470718465013  0.023265904  0.170051510 -0.193945394 -0.212781226  0.303856570
        0.461213474057 -1.015492630 -0.702516267 -0.463529682 -0.439023237  0.766878436
        0.150014717415 -0.402599992  0.681437337 -0.299834715  1.036634179  0.154947398
    """,
}
"""DZVP-MOLOPT-SR-GTH of CP2K's BASIS_MOLOPT: each line an exponent in 1/bohr² and its coefficients
in two s, two p and one d shell, 13 functions for each atom."""

ANGULAR = (0, 0, 1, 1, 2)
RECORD = np.dtype(
    [("head", "<i4"), ("row", "<i4"), ("column", "<i4"), ("value", "<f8"), ("tail", "<i4")]
)


def shells_of(symbols: list[str]) -> list[tuple[GaussianShell, ...]]:
    """Basis functions of each atom of a particle of Pb, S and Cl."""
    shells = {}
    for symbol, text in EXPONENTS_AND_COEFFICIENTS.items():
        exponents, *columns = np.array(text.split(), dtype=float).reshape(-1, 6).T.tolist()
        shells[symbol] = tuple(
            GaussianShell(angular, tuple(exponents), tuple(column))
            for angular, column in zip(ANGULAR, columns, strict=True)
        )
    return [shells[symbol] for symbol in symbols]


def overlap_of(symbols: list[str], positions_a: np.ndarray) -> csr_array:
    """Overlap of the basis functions of a particle of Pb, S and Cl."""
    return overlap_matrix(positions_a / A_PER_BOHR, shells_of(symbols))


def local_orbitals(overlap: csr_array, positions_a: np.ndarray, n_states: int) -> np.ndarray:
    """Make orbitals of random shape about random atoms, 3 to 20 Å wide, orthonormal in S."""
    rng = np.random.default_rng(0)
    centres = positions_a[rng.integers(len(positions_a), size=n_states)]
    widths_a = rng.uniform(3.0, 20.0, n_states)
    distances = np.linalg.norm(positions_a[:, None] - centres, axis=2)
    envelope = np.repeat(np.exp(-((distances / widths_a) ** 2)), 13, axis=0)
    orbitals = rng.normal(size=envelope.shape) * envelope
    metric = orbitals.T @ (overlap @ orbitals)
    return np.linalg.solve(np.linalg.cholesky(metric), orbitals.T).T


def write_orbitals_folder(
    folder: Path, symbols: list[str], positions_a: np.ndarray, n_window: int
) -> None:
    """Write the .wfn file, the overlap and the main output of a particle, as CP2K 2023.1 does.

    The states around the gap are orthonormal; those that nobody reads are zero.
    """
    folder.mkdir(parents=True)
    n_atoms = len(symbols)
    n_states = round(STATES_PER_ATOM * n_atoms)
    n_occupied = round(OCCUPIED_SHARE * n_states)
    overlap = overlap_of(symbols, positions_a)
    n_functions = overlap.shape[0]
    window = local_orbitals(overlap, positions_a, n_window)
    upper = triu(overlap, format="coo")
    records = np.empty(upper.nnz, dtype=RECORD)
    records["head"] = records["tail"] = 16
    records["row"], records["column"] = upper.coords[0] + 1, upper.coords[1] + 1
    records["value"] = upper.data
    records.tofile(folder / "states-S_SPIN_1-1_0.csr")
    energies = np.linspace(-0.75, 0.05, n_states)
    occupations = np.where(np.arange(n_states) < n_occupied, 2.0, 0.0)
    first = n_occupied - n_window // 2
    with (folder / "states-RESTART.wfn").open("wb") as stream:

        def record(kind: str, numbers: np.ndarray | list[int]) -> None:
            body = np.asarray(numbers, dtype=kind).tobytes()
            length = len(body).to_bytes(4, "little")
            stream.write(length + body + length)

        record("<i4", [n_atoms, 1, n_functions, 1, 5])
        record("<i4", [1] * n_atoms)
        record("<i4", [5] * n_atoms)
        record("<i4", [1, 1, 3, 3, 5] * n_atoms)
        record("<i4", [n_states, n_occupied, n_occupied + 1, 2 * n_occupied])
        record("<f8", np.concatenate([energies, occupations]))
        for state in range(n_states):
            inside = first <= state < first + n_window
            record("<f8", window[:, state - first] if inside else np.zeros(n_functions))
    (folder / "states.out").write_text(_main_output(symbols))


def _main_output(symbols: list[str]) -> str:
    """Return what a reader needs of the main output: names, atoms, and a good end."""
    return OUTPUT.format(
        atoms="\n".join(
            f"{i:7d}    1 {symbol:2} {ATOMIC_NUMBERS[symbol]:4d}"
            "     0.000000     0.000000     0.000000   6.0000    32.06"
            for i, symbol in enumerate(symbols, start=1)
        )
    )
