"""Real runs of CP2K, committed with its own projections, and what tests do with them."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Gap, Localization
from epicarve.dft.read import read_folder, read_states
from epicarve.units import EV_PER_HARTREE

FIXTURES = Path(__file__).parent / "fixtures"
RUNS = {
    "pb9s6cl6-orbitals": "restricted, DZVP",
    "so-triplet": "unrestricted, labels that are no elements",
    "cs4pbbr6": "with caesium",
    "pb49s33cl32": "114 atoms, overlap in an upper triangle with a threshold",
    "zn2s2-gapw": "all electrons, smeared, not set up by epicarve",
    "pbs-bulk": "periodic, triclinic, two basis sets, not set up by epicarve",
    "co-cation": "all electrons, charged doublet, functions up to g, not set up by epicarve",
}
read_ldos_folder = partial(read_states, routes=("lists",))
read_wfn_states = partial(read_states, routes=("wfn",))
read_text_states = partial(read_states, routes=("text",))
read_molden_states = partial(read_states, routes=("molden",))


def states_in(folder, *how, **which):
    """The states in a folder, be they of atoms or of whole kinds of atoms."""
    return read_folder(folder, *how, **which).states


read_kind_folder = partial(states_in, routes=("kinds",))


FINITE = [name for name in RUNS if name != "pbs-bulk"]


def only(folder, target, *patterns):
    """Copy the files of some patterns."""
    target.mkdir(exist_ok=True)
    for pattern in patterns:
        for path in folder.glob(pattern):
            shutil.copy(path, target)
    return target


COMMON = ("*.inp", "job.in", "*.out", "*.log", "*.xyz", "*BASIS*", "EMSL*")


def require_same(states, folder, tolerance=1e-6):
    """States equal CP2K's projections on atoms and on kinds, for every state."""
    atoms, kinds = read_ldos_folder(folder), read_kind_folder(folder)
    assert states.symbols == atoms.symbols
    assert states.restricted == atoms.restricted
    np.testing.assert_array_equal(states.spins, atoms.spins)
    np.testing.assert_allclose(states.weights, atoms.weights, atol=tolerance)
    # A .pdos file has energies to 1e-6 hartree.
    hartree = 1e-6 * EV_PER_HARTREE
    np.testing.assert_allclose(states.energies_ev, atoms.energies_ev, atol=0.51 * hartree)
    np.testing.assert_allclose(states.occupations, atoms.occupations, atol=1e-6)
    assert states.lumo_ev - states.homo_ev == pytest.approx(atoms.lumo_ev - atoms.homo_ev, abs=3e-5)
    ipr, known = ((s.weights**2).sum(axis=0) for s in (states, atoms))
    np.testing.assert_allclose(ipr, known, atol=tolerance)
    kept, known = (
        Gap.of(s, Localization.of(s), AnalysisOptions(ipr_max=0.25)).filtered.kept
        for s in (states, atoms)
    )
    np.testing.assert_array_equal(kept, known)
    # by angular momentum too, whose columns are each rounded to 8 digits
    assert sorted(states.orbital_names) == sorted(atoms.orbital_names)
    rows = [states.orbital_names.index(name) for name in atoms.orbital_names]
    np.testing.assert_allclose(states.orbital_weights[rows], atoms.orbital_weights, atol=tolerance)
    for name, of_kind in zip(kinds.symbols, kinds.weights, strict=True):
        element = name.rstrip("0123456789")
        summed = states.weights[np.array(states.symbols) == element].sum(axis=0)
        np.testing.assert_allclose(summed, of_kind, atol=tolerance)
