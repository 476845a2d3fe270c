"""Half particles of the study: orbitals to start from, and where the states near the gap lie.

Two runs with PBE at the same level (docs/study-half.md), of the half particle that the group
published and of one of ours. Each takes hours on one core. Their orbitals to begin with are those
of a run in the minimal basis, SZV-MOLOPT-SR-GTH, projected onto DZVP-MOLOPT-SR-GTH:

    python benchmarks/study_half.py start SZV-RESTART.wfn start.xyz ground-state-RESTART.wfn

A run that was analysed is packed for the tests, with the coordinates where they are ours:

    python benchmarks/study_half.py pack RUN recipe.yaml ARCHIVE.tar.xz [ours.xyz]

Gaps, traps and where along the dipole the states near the gap lie, of ours, and beside it of the
group's if their coordinates are given:

    python benchmarks/study_half.py edges [half_pb4s3cl2_OPT.xyz] [--figure FILE.png]
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import shutil
import tarfile
import tempfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from ase.io import read
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.dft.cp2k_input import data_folder
from epicarve.dft.orbitals import overlap_matrix, read_basis_set
from epicarve.dft.read import read_states, read_wfn
from epicarve.dft.states import OrbitalStates
from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from ase import Atoms

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures"
PUBLISHED = FIXTURES / "study-half-pb4s3cl2.tar.xz"
OURS = FIXTURES / "own-half-pb4s3cl2.tar.xz"
COORDINATES = "coordinates.xyz"
CHARGES = {"Pb": 2, "S": -2, "Cl": -1}
ELECTRONS = {"Pb": 4, "S": 6, "Cl": 7}
DEBYE_PER_E_A = 4.803205
IPR_MAX = 0.03
KEPT_EV = 3.0
NEAR_EV = 0.5
DEEP_EV = (1.0, 2.0)
ROUNDED = 2**19
"""Weights are kept to 1/ROUNDED, so that they compress."""


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


def pack(run: Path, recipe: Path, out: Path, coordinates: Path | None) -> None:
    """Pack what the tests keep of a run: inputs, results and the states near the gap."""
    states = read_states(run)
    frontier_ev = states.edges_ev()
    first, last = np.searchsorted(
        states.energies_ev, (frontier_ev[0] - KEPT_EV, frontier_ev[1] + KEPT_EV)
    )
    near = slice(first, last)
    kept = replace(
        states,
        energies_ev=states.energies_ev[near],
        occupations=states.occupations[near],
        spins=states.spins[near],
        weights=np.round(states.weights[:, near] * ROUNDED) / ROUNDED,
        orbital_weights=states.orbital_weights[:, near],
        left_out=(int(first), 0),
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        kept.save(folder / "states.npz")
        shutil.copy(recipe, folder / "recipe.yaml")
        for name in ("summary.json", "states.csv"):
            shutil.copy(run / name, folder / name)
        for stage in ("ground-state", "states"):
            (path,) = run.glob(f"*-{stage}/{stage}.inp")
            shutil.copy(path, folder / path.name)
        (path,) = run.glob("*-ground-state/ground-state.out")
        (folder / "ground-state-scf.txt").write_text(scf_steps(path))
        if coordinates is not None:
            shutil.copy(coordinates, folder / COORDINATES)
        with tarfile.open(out, "w:xz", preset=9 | lzma.PRESET_EXTREME) as archive:
            for path in sorted(folder.iterdir()):
                member = tarfile.TarInfo(path.name)
                member.size = path.stat().st_size
                archive.addfile(member, io.BytesIO(path.read_bytes()))
    print(f"{kept.n_states} of {states.n_states} states; {out.stat().st_size / 1e6:.2f} MB")


def scf_steps(output: Path) -> str:
    """Return the table of SCF steps of a main output, and the energy."""
    lines = output.read_text().splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if line.split()[:2] == ["Step", "Update"])
    end = next(n for n, line in enumerate(lines) if "SCF run converged" in line)
    energy = next(line for line in reversed(lines) if line.startswith(" ENERGY|"))
    return "".join([*lines[start : end + 1], "\n", energy])


@dataclass(frozen=True)
class Half:
    """States near the gap of a half particle, with where its atoms are."""

    states: OrbitalStates
    atoms: Atoms
    summary: dict[str, Any]
    energy_hartree: str

    @classmethod
    def unpacked(cls, archive: Path, coordinates: Path | None = None) -> Half:
        """Read an archive, and the coordinates from another place where it has none."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shutil.unpack_archive(archive, folder)
            half = cls(
                OrbitalStates.load(folder / "states.npz"),
                read(coordinates or folder / COORDINATES),
                json.loads((folder / "summary.json").read_text()),
                (folder / "ground-state-scf.txt").read_text().split()[-1],
            )
        if tuple(half.atoms.get_chemical_symbols()) != half.states.symbols:
            raise SystemExit(f"{coordinates} is not of these atoms in their order")
        return half

    @cached_property
    def analysis(self) -> Analysis:
        """States, IPR and gap with the filter of the study."""
        return Analysis.of(self.states, AnalysisOptions(ipr_max=IPR_MAX))

    @cached_property
    def positions_nm(self) -> np.ndarray:
        """Positions from the mean of all."""
        return (self.atoms.positions - self.atoms.positions.mean(axis=0)) / 10.0

    @cached_property
    def dipole_d(self) -> np.ndarray:
        """Dipole of the oxidation states."""
        charges = np.array([CHARGES[symbol] for symbol in self.states.symbols])
        return charges @ self.positions_nm * 10.0 * DEBYE_PER_E_A

    @cached_property
    def along(self) -> np.ndarray:
        """Direction of the dipole."""
        return self.dipole_d / np.linalg.norm(self.dipole_d)

    @cached_property
    def places_nm(self) -> np.ndarray:
        """Mean place of each state."""
        return self.states.weights.T @ self.positions_nm

    def state_at(self, energy_ev: float) -> int:
        """Return the state of an energy."""
        return int(np.abs(self.states.energies_ev - energy_ev).argmin())

    def table(self) -> dict[str, str]:
        """Return what there is to tell, in words, by what it is."""
        gap, energies_ev = self.analysis.gap, self.states.energies_ev
        mean_nm = self.places_nm @ self.along
        valence_ev, conduction_ev = gap.filtered.valence_edge_ev, gap.filtered.conduction_edge_ev
        first, second = self.state_at(valence_ev), self.state_at(conduction_ev)
        below = (energies_ev < valence_ev) & (energies_ev > valence_ev - NEAR_EV)
        above = (energies_ev > conduction_ev) & (energies_ev < conduction_ev + NEAR_EV)
        deep = (energies_ev < valence_ev - DEEP_EV[0]) & (energies_ev > valence_ev - DEEP_EV[1])
        apart = self.places_nm[second] - self.places_nm[first]
        spread = self.places_nm[above].mean(axis=0) - self.places_nm[below].mean(axis=0)
        told = {
            "ions": self.atoms.get_chemical_formula(mode="metal"),
            "energy, hartree": self.energy_hartree,
            "dipole of the oxidation states, D": f"{np.linalg.norm(self.dipole_d):.0f}",
            "gap between HOMO and LUMO, eV": f"{gap.homo_lumo_gap_ev:.3f}",
            "gap after the filter, eV": f"{gap.filtered.gap_ev:.3f}",
            "gap after the size-aware filter, eV": f"{gap.size_aware.gap_ev:.3f}",
            "traps at the edges": f"{gap.filtered.n_valence_traps}, "
            f"{gap.filtered.n_conduction_traps}",
            "IPR of HOMO, LUMO": ", ".join(
                f"{self.analysis.localization.ipr[self.state_at(ev)]:.3f}"
                for ev in (gap.homo_ev, gap.lumo_ev)
            ),
            "length along the dipole, nm": f"{np.ptp(self.positions_nm @ self.along):.2f}",
        }
        for name, place_nm in (
            ("HOMO", mean_nm[self.state_at(gap.homo_ev)]),
            ("valence edge", mean_nm[first]),
            (f"its first {NEAR_EV:g} eV", mean_nm[below].mean()),
            ("LUMO", mean_nm[self.state_at(gap.lumo_ev)]),
            ("conduction edge", mean_nm[second]),
            (f"the first {NEAR_EV:g} eV of that", mean_nm[above].mean()),
            ("{:g} to {:g} eV below the valence edge".format(*DEEP_EV), mean_nm[deep].mean()),
        ):
            told[f"  {name}, nm"] = f"{place_nm:+.2f}"
        told["states in these 0.5 eV"] = f"{below.sum()}, {above.sum()}"
        told["edges apart, along the dipole, nm"] = (
            f"{np.linalg.norm(apart):.2f}, {apart @ self.along:.2f}"
        )
        told["those 0.5 eV apart, along the dipole, nm"] = (
            f"{np.linalg.norm(spread):.2f}, {spread @ self.along:.2f}"
        )
        return told


def tell_edges(halves: dict[str, Half]) -> None:
    """Print what each half particle is like, side by side."""
    tables = {name: half.table() for name, half in halves.items()}
    for name in next(iter(tables.values())):
        told = "   ".join(f"{table[name]:>22}" for table in tables.values())
        print(f"{name:42}{told}")
    for name, half in halves.items():
        for traps in half.summary["traps"].values():
            print(f"{name}: {traps['sentence']}")


def draw_edges(halves: dict[str, Half], path: Path) -> None:
    """Draw each state at its mean place along the dipole."""
    figure, panels = plt.subplots(
        1, len(halves), figsize=(6.7, 3.2), sharex=True, sharey=True, layout="constrained"
    )
    for panel, (name, half) in zip(np.atleast_1d(panels), halves.items(), strict=True):
        gap = half.analysis.gap.filtered
        energies_ev = half.states.energies_ev - gap.valence_edge_ev
        traps = half.analysis.localization.ipr > IPR_MAX
        mean_nm = half.places_nm @ half.along
        for chosen, colour, label in (
            (~traps, "0.35", f"IPR ≤ {IPR_MAX}"),
            (traps, "tab:red", f"IPR > {IPR_MAX}"),
        ):
            panel.scatter(mean_nm[chosen], energies_ev[chosen], 5, colour, lw=0, label=label)
        for edge_ev in (0.0, gap.gap_ev):
            panel.axhline(edge_ev, color="tab:blue", lw=0.8)
        panel.set_title(f"{name}, {np.linalg.norm(half.dipole_d):.0f} D", fontsize=9)
        panel.set_xlabel("mean place along the dipole, nm")
        panel.set_ylim(-1.5, gap.gap_ev + 1.5)
    np.atleast_1d(panels)[0].set_ylabel("energy above the valence edge, eV")
    np.atleast_1d(panels)[-1].legend(fontsize=7, loc="upper left")
    figure.savefig(path, dpi=200)


def main() -> None:
    """Project orbitals, pack a run, or tell where states lie."""
    parser = argparse.ArgumentParser(description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    start = tasks.add_parser("start")
    for name in ("source", "coordinates", "out"):
        start.add_argument(name, type=Path)
    packing = tasks.add_parser("pack")
    for name in ("run", "recipe", "out"):
        packing.add_argument(name, type=Path)
    packing.add_argument("coordinates", type=Path, nargs="?")
    edges = tasks.add_parser("edges")
    edges.add_argument("published", type=Path, nargs="?")
    edges.add_argument("--figure", type=Path)
    asked = parser.parse_args()
    if asked.task == "start":
        project(asked.source, asked.coordinates, asked.out)
    elif asked.task == "pack":
        pack(asked.run, asked.recipe, asked.out, asked.coordinates)
    else:
        halves = {"ours": Half.unpacked(OURS)}
        if asked.published is not None:
            halves = {"the study's": Half.unpacked(PUBLISHED, asked.published), **halves}
        tell_edges(halves)
        if asked.figure is not None:
            draw_edges(halves, asked.figure)


if __name__ == "__main__":
    main()
