"""Dipole transitions: integrals, invariance, sum rule, spectra of real runs, refusals."""

import csv
import io
import shutil
from dataclasses import replace
from itertools import product
from math import gamma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh, sqrtm
from scipy.spatial.transform import Rotation

import epicarve as ec
from epicarve.analysis.export import absorption_csv, transitions_csv, traps_csv
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.dft.orbitals import GaussianShell, Orbitals, overlap_matrix, solid_harmonics
from epicarve.dft.states import OrbitalStates
from epicarve.dft.transitions import Transitions, position_between
from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE


def by_quadrature(one, other, vector):
    """Position between two shells, the first at zero, by Gauss and Hermite: exact."""
    nodes, weights = np.polynomial.hermite.hermgauss(8)
    grid = np.array(list(product(nodes, repeat=3)))
    weight = np.prod(list(product(weights, repeat=3)), axis=1)
    found = 0.0
    for a, c in zip(one.exponents, one.contraction(), strict=True):
        for b, d in zip(other.exponents, other.contraction(), strict=True):
            points = grid / np.sqrt(a + b) + b * vector / (a + b)
            front = c * d / (a + b) ** 1.5 * np.exp(-a * b / (a + b) * vector @ vector)
            left = solid_harmonics(points, one.angular)[one.angular]
            right = solid_harmonics(points - vector, other.angular)[other.angular]
            found = found + front * np.einsum("n,nx,na,nb->xab", weight, points, left, right)
    return found


def positions_of_functions(positions, shells):
    """Position between all basis functions, counted from zero, and their overlap."""
    overlap = overlap_matrix(positions, shells)
    every = np.eye(overlap.shape[0])
    found = position_between(positions, shells, every, every)
    return found + positions.mean(axis=0)[:, None, None] * overlap.toarray(), overlap


exponents = st.floats(0.1, 3.0)


@given(
    angular=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    first=st.tuples(exponents, exponents),
    second=st.tuples(exponents, exponents),
    share=st.floats(-0.5, 1.0),
    vector=st.tuples(*3 * [st.floats(-1.5, 1.5)]),
)
@settings(max_examples=40)
def test_positions_are_those_of_quadrature(angular, first, second, share, vector):
    one = GaussianShell(angular[0], first, (1.0, share))
    other = GaussianShell(angular[1], second, (1.0, 0.3))
    positions = np.array([np.zeros(3), vector])
    found, _ = positions_of_functions(positions, [(one,), (other,)])
    n = one.n_functions
    between = by_quadrature(one, other, positions[1])
    assert np.abs(found[:, :n, n:] - between).max() < 1e-9
    assert np.abs(found[:, n:, :n] - between.transpose(0, 2, 1)).max() < 1e-9


def orbitals_of(energies, coefficients, n_occupied, *, full=2.0):
    """Orbitals of energies in hartree, the lowest of them full."""
    n = len(energies)
    return Orbitals(
        path=Path("a.wfn"),
        energies_ev=EV_PER_HARTREE * np.asarray(energies),
        occupations=np.where(np.arange(n) < n_occupied, full, 0.0),
        spins=np.zeros(n, dtype=np.int8),
        restricted=full == 2.0,
        coefficients=coefficients,
        atom_of_function=np.zeros(len(coefficients), dtype=int),
        angular=np.zeros(len(coefficients), dtype=int),
        n_digits=None,
        remedy="",
    )


def hydrogen_levels(angular, widths):
    """Energies in hartree and radial orbitals of a hydrogen atom in normalised Gaussians."""

    def integral(power):  # of r^power exp(-(a + b) r²) from zero on
        return 0.5 * gamma((power + 1) / 2) / sums ** ((power + 1) / 2)

    sums, b, twice = widths[:, None] + widths, widths, 2 * angular
    overlap = integral(twice + 2)
    kinetic = b * (twice + 3) * overlap - 2.0 * b**2 * integral(twice + 4)
    norm = np.sqrt(np.diag(overlap))
    metric = np.outer(norm, norm)
    return eigh((kinetic - integral(twice + 1)) / metric, overlap / metric)


def test_a_hydrogen_atom_has_the_strengths_of_the_books():
    """2p: 0.4162, 3p: 0.0791 (H. A. Bethe, E. E. Salpeter, 1957, table 13); all: one electron."""
    widths = 0.003 * 2.2 ** np.arange(18)
    (ground, *_), of_s = hydrogen_levels(0, widths)
    energies, of_p = hydrogen_levels(1, widths)
    n = len(widths)
    coefficients = np.zeros((4 * n, 3 * n + 1))
    coefficients[:n, 0] = of_s[:, 0]
    for m in range(3):
        coefficients[n + m :: 3, 1 + m :: 3] = of_p
    shells = [tuple(GaussianShell(l, (a,), (1.0,)) for l in (0, 1) for a in widths.tolist())]  # noqa: E741
    place = np.array([[1.0, -2.0, 0.5]])
    found = Transitions.of(
        orbitals_of([ground, *np.repeat(energies, 3)], coefficients, 1, full=1.0),
        place,
        shells,
    )
    (of_spin,) = found.of_spins
    levels = of_spin.strengths.reshape(-1, 3).sum(axis=1)
    assert ground == pytest.approx(-0.5, abs=1e-4)
    assert levels[:2] == pytest.approx([0.4162, 0.0791], abs=2e-4)
    assert found.total_strength == pytest.approx(1.0, abs=2e-4)
    assert found.sum_rule == found.total_strength
    assert found.complete_to_ev == pytest.approx((energies[-1] - ground) * EV_PER_HARTREE)


def molecule(positions):
    """Transitions between orthonormal orbitals of two atoms, by a Hamiltonian that turns along."""
    shells = [
        (
            GaussianShell(0, (0.5, 0.1), (0.3, 0.8)),
            GaussianShell(1, (0.6, 0.12), (0.4, 0.7)),
            GaussianShell(2, (0.2,), (1.0,)),
        ),
        (GaussianShell(0, (0.3,), (1.0,)), GaussianShell(1, (0.15,), (1.0,))),
    ]
    dipoles, overlap = positions_of_functions(positions, shells)
    dense = overlap.toarray()
    root = np.linalg.inv(np.real(sqrtm(dense)))
    axis = positions[1] - positions[0]
    axis = axis / np.linalg.norm(axis)
    along = np.tensordot(axis, dipoles, axes=1) - axis @ positions[0] * dense
    energies, vectors = np.linalg.eigh(root @ (0.3 * along - 0.5 * dense @ dense) @ root)
    return Transitions.of(orbitals_of(energies, root @ vectors, 5), positions, shells)


def of_levels(transitions):
    """Summed strengths between degenerate sets, which no rotation within a set changes."""
    (found,) = transitions.of_spins
    ends_ev = found.energies_ev[0]
    starts_ev = -found.energies_ev[:, 0]
    rows, columns = (
        np.cumsum(np.diff(each, prepend=each[0]) > 1e-6) for each in (starts_ev, ends_ev)
    )
    summed = np.zeros((rows[-1] + 1, columns[-1] + 1))
    np.add.at(summed, (rows[:, None], columns), found.strengths)
    return summed


def test_strengths_do_not_change_when_a_molecule_is_turned_and_shifted():
    positions = np.array([[0.1, 0.2, 0.3], [1.0, 2.5, 2.0]])
    turned = Rotation.from_euler("zyx", [0.3, 1.1, -0.7]).apply(positions)
    expected = of_levels(molecule(positions))
    assert expected.max() > 0.1
    for moved in (turned, positions + np.array([30.0, -20.0, 10.0])):
        assert np.abs(of_levels(molecule(moved)) - expected).max() < 1e-9


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def analysis(runs):
    return ec.analyse_folder(
        runs("pb9s6cl6-orbitals"), transitions=True, n_ipr_max=5.0, groups={"a": "1-5"}
    )


def test_a_run_has_its_transitions(analysis):
    summary = analysis.summary()
    found = summary["transitions"]
    assert found["n_transitions"] == 57 * 15
    assert found["n_electrons"] == 114.0
    assert found["onset_ev"] == pytest.approx(summary["homo_lumo_gap_ev"], abs=1e-5)
    assert found["strength_sum"] == pytest.approx(32.280, abs=1e-3)
    checks = {check["name"]: check for check in summary["checks"]}
    assert "28 % of the 114 electrons" in checks["transitions"]["message"]
    rows = rows_of(transitions_csv(analysis))
    assert (rows[0]["from"], rows[0]["to"], rows[0]["spin"]) == ("57", "58", "both")
    assert float(rows[0]["strength"]) == pytest.approx(0.01964, abs=1e-5)
    dipole = [float(rows[0][f"dipole_{axis}_debye"]) / 2.541746 for axis in "xyz"]  # e bohr
    ev = float(rows[0]["energy_ev"])
    assert 4 / 3 * ev / EV_PER_HARTREE * np.dot(dipole, dipole) == pytest.approx(0.01964, abs=1e-5)
    assert min(float(row["strength"]) for row in rows) >= 0.001
    assert sum(float(row["strength"]) for row in rows) == pytest.approx(32.28, abs=0.05)


def test_absorption_is_the_sum_of_transitions_as_far_as_none_is_missing(analysis):
    rows = rows_of(transitions_csv(analysis))
    table = [[float(value) for value in row.values()] for row in rows_of(absorption_csv(analysis))]
    energy_ev, total, of_traps = np.array(table).T
    assert energy_ev[-1] == pytest.approx(3.932, abs=0.02)
    centres, strengths = (
        np.array([float(row[name]) for row in rows]) for name in ("energy_ev", "strength")
    )
    gaussians = np.exp(-0.5 * ((3.0 - centres) / 0.1) ** 2) / (0.1 * np.sqrt(2.0 * np.pi))
    at_3_ev = total[np.argmin(np.abs(energy_ev - 3.0))]
    assert at_3_ev == pytest.approx(strengths @ gaussians, rel=1e-2)
    assert of_traps.max() > 0.1
    assert (of_traps <= total + 1e-9).all()
    axes = analysis.plot("absorption").axes[0]
    assert axes.get_xlim() == pytest.approx((1.67, 3.92), abs=0.01)


def test_traps_are_bright_or_dark_and_all_is_written(analysis, tmp_path):
    png = analysis.options.figures.model_copy(update={"formats": ("png",)})
    options = analysis.options.model_copy(update={"figures": png})
    found = replace(analysis, options=options).write(tmp_path)["transitions"]
    assert (tmp_path / "absorption.csv").read_text() == absorption_csv(analysis)
    assert (tmp_path / "transitions.csv").read_text() == transitions_csv(analysis)
    assert (tmp_path / "absorption.png").exists()
    assert "Absorption of independent particles" in (tmp_path / "report.html").read_text()
    traps = rows_of(traps_csv(analysis))
    assert list(traps[0])[-3:] == ["strength", "light", "group"]
    for side in ("valence", "conduction"):
        for light in ("bright", "dark"):
            told = [row for row in traps if (row["side"], row["light"]) == (side, light)]
            assert found[f"n_{light}_{side}_traps"] == len(told)
    for row in traps:
        is_bright = float(row["strength"]) >= 0.1 * found["edge_strength"]
        assert row["light"] == ("bright" if is_bright else "dark")


def test_a_trap_apart_from_the_edges_is_dark():
    """A localised state far from a pair of atoms, which shares no place with the edges on these."""
    positions = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 40.0]])
    shells = [(GaussianShell(0, (0.3,), (1.0,)), GaussianShell(1, (0.3,), (1.0,)))] * 3
    overlap = overlap_matrix(positions, shells)
    coefficients = np.zeros((12, 4))
    coefficients[[0, 4], 0] = coefficients[[2, 6], 2] = 1.0  # s and pz of the pair
    coefficients[8, 1] = coefficients[10, 3] = 1.0  # s and pz of the atom far away
    raw = coefficients.T @ (overlap @ coefficients)
    coefficients = coefficients @ np.linalg.inv(np.real(sqrtm(raw)))
    levels = orbitals_of([-0.3, -0.2, 0.1, 0.4], coefficients, 2)
    weights = np.array([[0.5, 0.0, 0.5, 0.0], [0.5, 0.0, 0.5, 0.0], [0.0, 1.0, 0.0, 1.0]])
    states = OrbitalStates(levels.energies_ev, levels.occupations, weights, ("H", "H", "H"))
    found = Analysis.of(
        states,
        AnalysisOptions(ipr_max=0.6),
        transitions=Transitions.of(levels, positions, shells),
    )
    (trap,) = found.traps.traps
    assert (trap.side, trap.state) == ("valence", 1)
    assert found.absorption.edge_strength > 0.1
    assert found.absorption.is_bright(trap) is False
    assert found.summary()["transitions"]["n_dark_valence_traps"] == 1


@pytest.mark.parametrize("kind", ["*.MOLog", "*.molden"])
def test_text_and_molden_files_have_the_same_transitions(runs, tmp_path, kind):
    home = runs("pb9s6cl6-orbitals")
    for pattern in (kind, "*.inp", "*.out", "*.xyz", "BASIS*"):
        for path in home.glob(pattern):
            shutil.copy(path, tmp_path)
    expected = ec.analyse_folder(home, transitions=True).absorption.transitions.of_spins[0]
    found = ec.analyse_folder(tmp_path, transitions=True).absorption.transitions.of_spins[0]
    assert np.abs(found.strengths - expected.strengths).max() < 1e-4


def test_transitions_keep_the_spin(runs):
    found = ec.analyse_folder(runs("so-triplet"), transitions=True)
    alpha, beta = found.absorption.transitions.of_spins
    assert (len(alpha.occupied), len(beta.occupied)) == (7, 5)
    assert set(found.states.spins[beta.empty]) == {1}
    assert found.absorption.transitions.n_electrons == 12.0
    reasons = {check.name: check.message for check in found.checks}
    assert "no delocalised states" in reasons["transitions.edge_strength"]
    assert found.summary()["transitions"]["n_bright_valence_traps"] is None


def test_options_ask_for_transitions_as_the_recipe_in_a_folder_does(runs):
    options = AnalysisOptions(transitions=True)
    asked = ec.analyse_folder(runs("pb9s6cl6-orbitals"), options=options)
    assert asked.absorption is not None
    assert asked.summary()["provenance"]["options"]["transitions"]
    off = ec.analyse_folder(runs("pb9s6cl6-orbitals"), options=options, transitions=False)
    assert off.absorption is None


def test_what_has_no_transitions_is_refused_with_its_cause(runs, tmp_path):
    out = tmp_path / "out"
    for name, cause in (
        ("pbs-bulk", "a periodic cell has no unique positions"),
        ("zn2s2-gapw", "some of these are partly filled"),
    ):
        with pytest.raises(InputError, match=cause):
            ec.analyse(runs(name), out, transitions=True)
    home = runs("pb9s6cl6-orbitals")
    with pytest.raises(InputError, match="without spin-orbit coupling"):
        ec.analyse(home, out, bands=True, spin_orbit=True)
    states = ec.read_states(home)
    for asked in ("transitions", "spin_orbit"):
        with pytest.raises(InputError, match="analyse the folder of their run"):
            ec.analyse(states, options=AnalysisOptions(**{asked: True}))
    for pattern in ("*.pdos", "*.out", "*.inp", "*.xyz"):
        for path in home.glob(pattern):
            shutil.copy(path, tmp_path)
    with pytest.raises(InputError, match="transitions and bands need the coefficients"):
        ec.analyse(tmp_path, out, transitions=True)
    assert not out.exists()
    shells, place = [(GaussianShell(0, (1.0,), (1.0,)),)], np.zeros((1, 3))
    for n_occupied, cause in ((1, "it holds no empty orbital"), (0, "no occupied orbital")):
        with pytest.raises(InputError, match=cause):
            Transitions.of(orbitals_of([-1.0], np.eye(1), n_occupied), place, shells)
