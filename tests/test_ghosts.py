"""Ghost atoms, which are basis functions without a nucleus, in runs of CP2K."""

import csv

import numpy as np
import pytest
from cp2k_runs import only, read_kind_folder

from epicarve.dft.read import read_states
from epicarve.workflow.tasks.analyse import analyse

PATTERNS = {
    "lists": ("*list*.pdos", "*.inp", "*.out"),
    "lists, no input": ("*list*.pdos", "*.out"),
    "lists, no output": ("*list*.pdos", "*.inp"),
    "wfn": ("*.wfn", "*.inp", "*.out", "BASIS*"),
    "wfn, no output": ("*.wfn", "*.inp", "BASIS*"),
    "molden": ("*.molden", "*.inp", "*.out"),
}


@pytest.mark.parametrize("kept", PATTERNS.values(), ids=PATTERNS)
def test_a_ghost_is_an_atom_of_its_own_by_every_way_to_the_states(runs, tmp_path, kept):
    """A water molecule and functions of H above it: CP2K's kinds O, H and GH."""
    states = read_states(only(runs("ghost"), tmp_path / "run", *kept))
    assert states.symbols == ("O", "H", "H", "X")
    known = read_kind_folder(runs("ghost"))
    names = {"O": "O", "H": "H", "Gh": "X"}
    assert sorted(known.symbols) == sorted(names)
    for kind, weights in zip(known.symbols, known.weights, strict=True):
        mine = np.array(states.symbols) == names[kind]
        summed = states.weights[mine].sum(axis=0)
        np.testing.assert_allclose(summed, weights[: states.n_states], atol=1e-6)


def test_a_ghost_has_a_column_and_a_place(runs, tmp_path):
    analyse(runs("ghost"), tmp_path, figures={"formats": ["svg"]})
    with (tmp_path / "states.csv").open() as stream:
        assert {"w_O", "w_H", "w_X"} <= set(next(csv.reader(stream)))
    last = (tmp_path / "traps.extxyz").read_text().splitlines()[-1].split()
    assert last[0] == "X"
    assert [float(word) for word in last[1:4]] == [3.5, 3.5, 1.5]
