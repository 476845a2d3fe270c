"""Weights from .wfn files of others against CP2K's own projections on kinds beside them.

Beside that, the IPR and what the size-aware filter keeps against scipy's dense root of the same
overlap, atom by atom.

Run ``python benchmarks/foreign_cp2k.py DIR...`` with folders of CP2K runs that hold a .wfn file,
per-kind .pdos files, the main output and the input. Tried on two runs of CP2K 9.0 in the public
repository compchem-cybertraining/Tutorials_CP2K (folders 1_c3n4 and 2_adamantane of 5_tddft).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.linalg import sqrtm

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Gap, Localization
from epicarve.dft.read import RunFolder, load_wfn, read_states
from epicarve.units import EV_PER_HARTREE


def main() -> None:
    """Print a line for each folder."""
    print(f"{'atoms':>6} {'states':>7} {'gap (eV)':>9} {'same in .pdos':>14} "
          f"{'energy (Ha)':>12} {'weight':>9} {'IPR':>9} {'kept':>9}  folder")  # fmt: skip
    for folder in map(Path, sys.argv[1:]):
        states = read_states(folder, routes=("wfn",))
        kinds = read_states(folder, routes=("kinds",))
        energies, weights = [], []
        for spin in np.unique(states.spins):
            ours, theirs = states.spins == spin, kinds.spins == spin
            # A .pdos file may hold more empty states than the .wfn file.
            n_common = min(ours.sum(), theirs.sum())
            known = kinds.weights[:, theirs][:, :n_common]
            found = states.weights[:, ours][:, :n_common]
            summed = [found[np.array(states.symbols) == kind].sum(axis=0) for kind in kinds.symbols]
            weights.append(np.abs(summed - known).max())
            apart = states.energies_ev[ours][:n_common] - kinds.energies_ev[theirs][:n_common]
            energies.append(np.abs(apart).max() / EV_PER_HARTREE)
        gaps = [
            None if s.lumo_ev is None or s.homo_ev is None else s.lumo_ev - s.homo_ev
            for s in (states, kinds)
        ]
        told = ["none" if gap is None else f"{gap:.5f}" for gap in gaps]
        localization, ipr = Localization.of(states), plain_ipr(folder)
        kept = Gap.of(states, localization, AnalysisOptions()).size_aware.kept
        same = np.array_equal(kept, states.n_atoms * ipr <= AnalysisOptions().n_ipr_max)
        print(f"{states.n_atoms:>6} {states.n_states:>7} {told[0]:>9} {told[1]:>14} "
              f"{max(energies):>12.1e} {max(weights):>9.1e} "
              f"{np.abs(localization.ipr - ipr).max():>9.1e} {'same' if same else 'differ':>9}"
              f"  {folder}")  # fmt: skip


def plain_ipr(folder: Path) -> np.ndarray:
    """Compute the IPR of each orbital as its formula stands, with scipy's root."""
    (wfn,) = folder.glob("*.wfn")
    run_folder = RunFolder(folder)
    loaded = load_wfn(wfn, run_folder.run(run_folder.outputs[0].project))
    orthogonal = np.real(sqrtm(loaded.overlap.toarray())) @ loaded.orbitals.coefficients
    atoms = range(len(loaded.symbols))
    on_atom = [orthogonal[loaded.orbitals.atom_of_function == atom] for atom in atoms]
    return sum((rows**2).sum(axis=0) ** 2 for rows in on_atom)


if __name__ == "__main__":
    main()
