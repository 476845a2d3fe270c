"""The published hemisphere of the study: orbitals to start from, and where its edges lie.

The run itself takes an hour on one core (docs/study-half.md). Its orbitals to begin with are those
of a run in the minimal basis, SZV-MOLOPT-SR-GTH, projected onto DZVP-MOLOPT-SR-GTH:

    python benchmarks/study_half.py start SZV-RESTART.wfn start.xyz ground-state-RESTART.wfn

The weights that the tests keep, and the coordinates that the group published, tell where along its
dipole the states near the gap lie:

    python benchmarks/study_half.py edges half_pb4s3cl2_OPT.xyz
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
from ase.io import read
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.dft.cp2k_input import data_folder
from epicarve.dft.orbitals import overlap_matrix, read_basis_set
from epicarve.dft.read import read_wfn
from epicarve.dft.states import OrbitalStates
from epicarve.units import A_PER_BOHR

ARCHIVE = Path(__file__).parents[1] / "tests" / "fixtures" / "study-half-pb4s3cl2.tar.xz"
CHARGES = {"Pb": 2, "S": -2, "Cl": -1}
ELECTRONS = {"Pb": 4, "S": 6, "Cl": 7}
DEBYE_PER_E_A = 4.803205
NEAR_EV = 0.5
DEEP_EV = (1.0, 2.0)


def project(source: Path, coordinates: Path, out: Path) -> None:
    """Write the occupied orbitals of the minimal basis in the larger one, as a .wfn file."""
    atoms = read(coordinates)
    symbols = atoms.get_chemical_symbols()
    files = [data_folder() / "BASIS_MOLOPT"]
    large, small = (
        {e: read_basis_set(files, e, f"{size}-MOLOPT-SR-GTH-q{q}") for e, q in ELECTRONS.items()}
        for size in ("DZVP", "SZV")
    )
    positions = np.tile(atoms.positions / A_PER_BOHR, (2, 1))
    both = overlap_matrix(positions, [of[e] for of in (large, small) for e in symbols])
    n_large = sum(2 * shell.angular + 1 for e in symbols for shell in large[e])
    wfn = read_wfn(source)
    n_occupied = wfn.spins[0].n_electrons // 2
    own = both[:n_large, :n_large].toarray()
    shared = both[:n_large, n_large:] @ wfn.coefficients(0, 0, n_occupied)
    orbitals = cho_solve(cho_factor(own), shared)
    norms = orbitals.T @ (own @ orbitals)
    rows = solve_triangular(cholesky(norms, lower=True), orbitals.T, lower=True)
    off = np.abs(np.linalg.eigvalsh(norms) - 1.0).max()
    print(f"{n_occupied} orbitals in {n_large} functions; norms within {off:.1e} of 1 before")
    momenta = [[2 * shell.angular + 1 for shell in large[e]] for e in symbols]
    with out.open("wb") as stream:  # records as `epicarve.dft.read.read_wfn` reads them
        for record in (
            np.array([len(symbols), 1, n_large, 1, len(momenta[0])], dtype="<i4"),
            np.ones(len(symbols), dtype="<i4"),
            np.full(len(symbols), len(momenta[0]), dtype="<i4"),
            np.array(momenta, dtype="<i4"),
            np.array([n_occupied, n_occupied, n_occupied, 2 * n_occupied], dtype="<i4"),
            np.concatenate([np.zeros(n_occupied), np.full(n_occupied, 2.0)]),
            *rows,
        ):
            data = np.ascontiguousarray(record).tobytes()
            length = np.int32(len(data)).tobytes()
            stream.write(length + data + length)


def tell_edges(coordinates: Path) -> None:
    """Print gap, dipole, and where along it the states near the gap lie."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(ARCHIVE, folder)
        states = OrbitalStates.load(Path(folder) / "states.npz")
        energy = (Path(folder) / "ground-state-scf.txt").read_text().split()[-1]
    atoms = read(coordinates)
    if tuple(atoms.get_chemical_symbols()) != states.symbols:
        raise SystemExit(f"{coordinates} is not of the 611 atoms in their order")
    gap = Analysis.of(states, AnalysisOptions(ipr_max=0.03)).gap
    positions_a = atoms.positions - atoms.positions.mean(axis=0)
    dipole = np.array([CHARGES[symbol] for symbol in states.symbols]) @ positions_a
    along = dipole / np.linalg.norm(dipole)
    places_nm = states.weights.T @ positions_a / 10.0
    mean_nm = places_nm @ along
    valence_ev, conduction_ev = gap.filtered.valence_edge_ev, gap.filtered.conduction_edge_ev
    energies_ev = states.energies_ev
    first, second = (
        int(np.abs(energies_ev - edge).argmin()) for edge in (valence_ev, conduction_ev)
    )
    below = (energies_ev < valence_ev) & (energies_ev > valence_ev - NEAR_EV)
    above = (energies_ev > conduction_ev) & (energies_ev < conduction_ev + NEAR_EV)
    deep = (energies_ev < valence_ev - DEEP_EV[0]) & (energies_ev > valence_ev - DEEP_EV[1])
    apart = places_nm[second] - places_nm[first]
    print(
        f"energy {energy} hartree; gap {gap.homo_lumo_gap_ev:.3f} eV, {gap.filtered.gap_ev:.3f} eV"
    )
    print(f"dipole {np.linalg.norm(dipole) * DEBYE_PER_E_A:.0f} D")
    print(f"{np.ptp(positions_a @ along) / 10:.2f} nm along it; mean places along it in nm:")
    homo = int(np.abs(energies_ev - gap.homo_ev).argmin())
    for name, place in (
        ("HOMO", mean_nm[homo]),
        ("valence edge", mean_nm[first]),
        (f"its first {NEAR_EV:g} eV, {below.sum()} states", mean_nm[below].mean()),
        ("conduction edge", mean_nm[second]),
        (f"its first {NEAR_EV:g} eV, {above.sum()} states", mean_nm[above].mean()),
        ("{:g} to {:g} eV below the valence edge".format(*DEEP_EV), mean_nm[deep].mean()),
    ):
        print(f"  {name}: {place:+.2f}")
    print(
        f"edges {np.linalg.norm(apart):.2f} nm apart, {apart @ along:.2f} nm of it along the dipole"
    )


def main() -> None:
    """Project orbitals, or tell where states lie."""
    parser = argparse.ArgumentParser(description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    start, edges = tasks.add_parser("start"), tasks.add_parser("edges")
    for name in ("source", "coordinates", "out"):
        start.add_argument(name, type=Path)
    edges.add_argument("coordinates", type=Path)
    asked = parser.parse_args()
    if asked.task == "start":
        project(asked.source, asked.coordinates, asked.out)
    else:
        tell_edges(asked.coordinates)


if __name__ == "__main__":
    main()
