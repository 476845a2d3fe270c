"""Orbitals of an orbital transformation: rotated to states, or refused; never drawn as they are."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from epicarve.dft.read import read_csr, read_wfn
from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE
from epicarve.workflow.tasks.cube import cube

FIXTURES = Path(__file__).parent / "fixtures"
NAME = "triplet-SO"


def record(array):
    data = np.ascontiguousarray(array).tobytes()
    length = np.int32(len(data)).tobytes()
    return length + data + length


@pytest.fixture(scope="module")
def diagonalised(tmp_path_factory):
    folder = tmp_path_factory.mktemp("triplet")
    shutil.unpack_archive(FIXTURES / "cp2k-so-triplet.tar.xz", folder)
    return next(path.parent for path in folder.rglob("*.wfn"))


@pytest.fixture
def transformed(diagonalised, tmp_path):
    """What OT leaves of the same run: occupied orbitals in any rotation, without energies."""
    for pattern in ("*.inp", "*.log", "BASIS*"):
        for path in diagonalised.glob(pattern):
            shutil.copy(path, tmp_path)
    wfn = read_wfn(diagonalised / f"{NAME}-RESTART.wfn")
    data = wfn.path.read_bytes()
    head, place = b"", 0
    for _ in range(4):
        length = int(np.frombuffer(data[place : place + 4], "<i4")[0]) + 8
        head, place = head + data[place : place + length], place + length
    overlap = read_csr(diagonalised / f"{NAME}-S_SPIN_1-1_0.csr", wfn.n_functions)
    draw = np.random.default_rng(7)
    matrices = {}
    for number, spin in enumerate(wfn.spins):
        n = spin.n_electrons
        orbitals = wfn.coefficients(number, 0, len(spin.energies_ev))
        half = (overlap @ orbitals) * (spin.energies_ev / EV_PER_HARTREE)
        matrices[number + 1] = half @ (overlap @ orbitals).T
        rotation = np.linalg.qr(draw.normal(size=(n, n)))[0]
        head += record(np.array([n, n, n + 1, n], "<i4"))
        head += record(np.concatenate([np.zeros(n), np.ones(n)]))
        head += b"".join(record(column) for column in (orbitals[:, :n] @ rotation).T)
    (tmp_path / wfn.path.name).write_bytes(head)
    return tmp_path, matrices


def write_matrix(folder, matrix, spin):
    rows = [
        f"{i:8d}{j:8d}{value:24.14E}\n"
        for (i, j), value in zip(np.ndindex(matrix.shape), matrix.ravel(), strict=True)
    ]
    rows = [f"{int(r[:8]) + 1:8d}{int(r[8:16]) + 1:8d}{r[16:]}" for r in rows]
    (folder / f"{NAME}-KS_SPIN_{spin}-1_0.csr").write_text("".join(rows))


def overlap_of(one, other):
    return abs(float((one.values * other.values).sum() * one.step_bohr**3)) / one.norm


@pytest.mark.parametrize("state", ["homo", "homo-1", "lumo", 3])
def test_orbitals_that_are_no_states_are_refused(transformed, state):
    folder, _ = transformed
    with pytest.raises(InputError, match="are no states but any rotation of the occupied ones"):
        cube(folder, state)


@pytest.mark.parametrize("spin", ["alpha", "beta"])
def test_the_kohn_sham_matrix_turns_them_to_states(diagonalised, transformed, spin):
    folder, matrices = transformed
    for number, matrix in matrices.items():
        write_matrix(folder, matrix, number)
    for state in ("homo", "homo-3"):
        known = cube(diagonalised, state, spin=spin, step_a=0.4)
        found = cube(folder, state, spin=spin, step_a=0.4)
        assert overlap_of(known, found) == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(InputError, match="no state lumo"):
        cube(folder, "lumo", spin=spin)


def test_the_matrix_of_another_spin_is_not_taken(transformed):
    folder, matrices = transformed
    write_matrix(folder, matrices[2], 1)
    with pytest.raises(InputError, match="not the Kohn-Sham matrix of the orbitals in"):
        cube(folder, "homo")


def test_text_of_the_run_holds_states(diagonalised, transformed):
    folder, _ = transformed
    shutil.copy(diagonalised / f"{NAME}-mos-1_0.MOLog", folder)
    known = cube(diagonalised, "lumo", spin="beta", step_a=0.4)
    found = cube(folder, "lumo", spin="beta", step_a=0.4)
    assert overlap_of(known, found) == pytest.approx(1.0, abs=1e-5)
