"""The reader of .pdos files against files written by the rule of CP2K's Fortran formats."""

import numpy as np
import pytest
from cp2k_runs import only
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from epicarve.dft.read import find_pdos, read_pdos, read_states
from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE


def pdos_text(energies, weights, title="list 1 of 1 atoms,"):
    """A file as CP2K 2023.1's qs_pdos.F writes it: FMT=(I8,2X,2F16.6,n(2X,F16.8))."""
    names = "".join(f"          {name:>8}" for name in "spdf"[: weights.shape[1]])
    lines = [
        f"# Projected DOS for {title} at iteration step i = 0, E(Fermi) =    -0.196877 a.u.",
        "#     MO Eigenvalue [a.u.]      Occupation" + names,
    ]
    for number, (energy, row) in enumerate(zip(energies, weights, strict=True), start=1):
        columns = "".join(f"  {weight:16.8f}" for weight in row)
        lines.append(f"{number:8d}  {energy:16.6f}{2.0:16.6f}{columns}")
    return "\n".join(lines) + "\n"


def new_pdos_text(energies, weights, title="list 1 of 1 atoms,"):
    """A file as CP2K 2026.2's qs_pdos.F writes it, in calculate_projected_dos.

    Its formats there: (A,F12.6,A,F12.6,A) for the energies of the head, (A42,n(10X,A8)) for the
    names of the columns, (I8,2X,2F16.6,n(2X,F16.8)) for the states.
    """
    fermi = "-0.196877 a.u. =    -5.357296 eV"
    names = "".join(f"          {name:>8}" for name in ("Total", *"spdf"[: weights.shape[1]]))
    lines = [
        f"# Projected DOS for {title} at iteration step i = 0",
        f"# E(Fermi) =    {fermi}",
        f"# E(HOCO)  =    {fermi}",
        f"{'#          MO Energy[a.u.]      Occupation':>42}{names}",
    ]
    for number, (energy, row) in enumerate(zip(energies, weights, strict=True), start=1):
        columns = "".join(f"  {weight:16.8f}" for weight in (row.sum(), *row))
        lines.append(f"{number:8d}  {energy:16.6f}{2.0:16.6f}{columns}")
    return "\n".join(lines) + "\n"


tables = hnp.arrays(
    float, st.tuples(st.integers(1, 8), st.integers(1, 4)), elements=st.floats(0.0, 1.0)
)


@pytest.mark.parametrize("layout", [pdos_text, new_pdos_text])
@given(weights=tables)
def test_written_tables_are_read_back(tmp_path_factory, layout, weights):
    path = tmp_path_factory.mktemp("pdos") / "run-list1-1.pdos"
    energies = np.linspace(-1.0, 0.5, len(weights))
    path.write_text(layout(energies, weights))
    pdos = read_pdos(path)
    assert pdos.n_atoms == 1
    np.testing.assert_allclose(pdos.energies_ev, energies * EV_PER_HARTREE, atol=2e-5)
    np.testing.assert_allclose(pdos.weights, weights.sum(axis=1), atol=3e-8)
    assert set(pdos.occupations) == {2.0}


@settings(max_examples=200)
@given(weights=tables, share=st.floats(0.0, 0.999))
def test_a_file_cut_anywhere_is_refused_or_shorter(tmp_path_factory, weights, share):
    path = tmp_path_factory.mktemp("pdos") / "run-list1-1.pdos"
    text = pdos_text(np.linspace(-1.0, 0.5, len(weights)), weights)
    path.write_text(text[: int(len(text) * share)])
    try:
        pdos = read_pdos(path)
    except InputError as error:
        assert str(path) in str(error)
    else:  # a whole number of lines: comparing it with the other files shows that some are missing
        assert len(pdos.energies_ev) < len(weights)


def test_of_appended_steps_the_last_one_counts(tmp_path):
    path = tmp_path / "run-list1-1.pdos"
    first, last = np.full((3, 2), 0.25), np.full((3, 2), 0.5)
    energies = np.array([-1.0, -0.5, 0.0])
    path.write_text(pdos_text(energies, first) + pdos_text(energies, last))
    np.testing.assert_array_equal(read_pdos(path).weights, [1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    "text",
    [
        "1 -0.5 2.0 1.0\n",
        "# anything\n 1 -0.5 2.0 1.0\n",
        "# Projected DOS for atomic kind Pb at iteration step i = 0\n# MO Eigenvalue [a.u.] s\n",
    ],
)
def test_other_layouts_are_refused(tmp_path, text):
    path = tmp_path / "run-k1-1.pdos"
    path.write_text(text)
    with pytest.raises(InputError, match=r"run-k1-1\.pdos: not a \.pdos file"):
        read_pdos(path)


def test_head_without_table_is_refused(tmp_path):
    path = tmp_path / "run-list1-1.pdos"
    path.write_text(pdos_text(np.zeros(0), np.zeros((0, 2))))
    with pytest.raises(InputError, match="no state in it"):
        read_pdos(path)


def test_names_tell_where_a_file_belongs(tmp_path):
    names = [
        "a-b-1-k2-1.pdos",
        "a-b-1-list10-1_3.pdos",
        "a-b-1-list10-1_12.pdos",
        "a-b-1-ALPHA_list9-1.pdos",
        "notes.pdos",
    ]
    for name in names:
        (tmp_path / name).touch()
    found = {file.path.name: file for file in find_pdos(tmp_path)}
    assert set(found) == set(names[:4])
    assert (found[names[1]].step, found[names[2]].step) == (3, 12)
    assert {file.project for file in found.values()} == {"a-b-1"}
    assert found[names[2]].is_list
    assert found[names[2]].index == 10
    assert not found[names[3]].restricted


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ("*BETA_k2*", r"kind 2 of beta states is missing; copy all \.pdos files"),
        ("*ALPHA_k1*", r"kind 1 of alpha states is missing"),
        ("*_k1*", r"kind 1 of alpha states is missing"),
        ("*BETA*", r"the files of one spin are missing"),
    ],
)
def test_a_kind_that_is_missing_is_named(runs, tmp_path, gone, told):
    folder = only(runs("so-triplet"), tmp_path / "run", "*_k*.pdos", "*.inp", "*.out")
    for path in folder.glob(gone):
        path.unlink()
    with pytest.raises(InputError, match=told):
        read_states(folder)
