"""Weights of angular momenta, from CP2K's own files and from the embedded engine."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from heterostructure import janus

from epicarve.dft.read import read_states
from epicarve.dft.states import OrbitalStates
from epicarve.dft.xtb import orbital_states
from epicarve.workflow.tasks.analyse import analyse

FIXTURES = Path(__file__).parent / "fixtures"


def summed_by_element(states):
    symbols = np.array(states.symbols)
    elements = [name.split(":")[0] for name in states.orbital_names]
    for element in dict.fromkeys(elements):
        rows = [row for row, e in enumerate(elements) if e == element]
        yield (
            states.orbital_weights[rows].sum(axis=0),
            states.weights[symbols == element].sum(axis=0),
        )


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    shutil.unpack_archive(FIXTURES / "cp2k-pb9s6cl6.tar.xz", folder)
    return folder


def test_of_cp2k_they_are_the_columns_of_the_kinds(chain):
    states = read_states(chain)
    assert states.orbital_names[:3] == ("Pb:s", "Pb:p", "Pb:d")
    path = chain / "4-states/states-k1-1.pdos"
    columns = path.read_text().splitlines()[1].split()[5:]
    table = np.loadtxt(path)[:, 3:]
    for letter in "spd":
        rows = [name.startswith(letter) for name in columns]
        found = states.orbital_weights[states.orbital_names.index(f"Pb:{letter}")]
        np.testing.assert_allclose(found, table[:, rows].sum(axis=1), atol=1e-12)
    for of_orbitals, of_atoms in summed_by_element(states):
        np.testing.assert_allclose(of_orbitals, of_atoms, atol=1e-6)


def test_of_lists_alone_they_are_those_of_the_kinds(chain, tmp_path):
    folder = tmp_path / "lists"
    shutil.copytree(chain / "4-states", folder)
    whole = read_states(folder)
    for path in folder.glob("*-k*.pdos"):
        path.unlink()
    states = read_states(folder)
    assert sorted(states.orbital_names) == sorted(whole.orbital_names)
    rows = [states.orbital_names.index(name) for name in whole.orbital_names]
    np.testing.assert_allclose(states.orbital_weights[rows], whole.orbital_weights, atol=1e-6)


def test_of_the_embedded_engine_they_sum_to_the_atoms(tmp_path):
    states = orbital_states(janus().domain("CsPbCl3"))
    assert {"Cs:s", "Pb:p", "Cl:p"} <= set(states.orbital_names)
    for of_orbitals, of_atoms in summed_by_element(states):
        np.testing.assert_allclose(of_orbitals, of_atoms, atol=1e-9)
    assert (states.orbital_weights >= 0.0).all()
    states.save(tmp_path / "states.npz")
    again = OrbitalStates.load(tmp_path / "states.npz")
    assert again.orbital_names == states.orbital_names
    np.testing.assert_array_equal(again.orbital_weights, states.orbital_weights)


def test_of_whole_kinds_the_density_is_shared_out_by_angular_momentum(chain, tmp_path):
    folder = tmp_path / "kinds"
    shutil.copytree(chain / "4-states", folder)
    for path in folder.glob("*-list*.pdos"):
        path.unlink()
    analyse(folder, tmp_path / "out")
    columns = (tmp_path / "out/dos.csv").read_text().splitlines()
    names = columns[0].split(",")
    assert {"Pb", "Pb:s", "Pb:p", "Pb:d", "Cl:p"} <= set(names)
    table = np.array([row.split(",") for row in columns[1:]], dtype=float)
    of = {name: table[:, i] for i, name in enumerate(names)}
    parts = sum(of[f"Pb:{letter}"] for letter in "spd")
    np.testing.assert_allclose(parts, of["Pb"], atol=3e-6)
