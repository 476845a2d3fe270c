"""Transitions between Kramers pairs: what may not change, and a real run."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.transform import Rotation

import epicarve as ec
from epicarve.analysis.export import transitions_csv
from epicarve.dft.orbitals import GaussianShell, Orbitals, overlap_matrix
from epicarve.dft.spin_orbit import (
    CoupledStates,
    SpinOrbitPotential,
    coupled_states,
    known_projectors,
)
from epicarve.dft.transitions import Transitions, position_between
from epicarve.units import EV_PER_HARTREE

SHELLS = [
    (
        GaussianShell(0, (0.5, 0.1), (0.3, 0.8)),
        GaussianShell(1, (0.6, 0.12), (0.4, 0.7)),
        GaussianShell(2, (0.2,), (1.0,)),
    )
] * 3
PLACES = np.array([[0.1, 0.2, 0.3], [1.0, 2.5, 4.0], [-3.0, 1.5, 2.0]])
ELEMENTS = ("Pb", "I", "I")
N_OCCUPIED = 6


def orbitals_at(positions):
    """Orthonormal orbitals of a bent PbI2, the eigenstates of its overlap, which turn along."""
    overlap = overlap_matrix(positions, SHELLS).toarray()
    values, vectors = np.linalg.eigh(overlap)
    return Orbitals(
        path=Path("a.wfn"),
        energies_ev=-EV_PER_HARTREE * values[::-1],
        occupations=np.where(np.arange(len(values)) < N_OCCUPIED, 2.0, 0.0),
        spins=np.zeros(len(values), dtype=np.int8),
        restricted=True,
        coefficients=(vectors / np.sqrt(values))[:, ::-1],
        atom_of_function=np.repeat(np.arange(3), 9),
        angular=np.array([0, *3 * [1], *5 * [2]] * 3),
        n_digits=None,
        remedy="",
    )


def coupled_at(positions, orbitals, share=1.0):
    known = [known_projectors(element, "GTH-PBE") for element in ELEMENTS]
    potential = SpinOrbitPotential.of(positions, SHELLS, known)
    return coupled_states(orbitals.energies_ev, share * potential.between(orbitals.coefficients))


def transitions_at(positions, share=1.0):
    orbitals = orbitals_at(positions)
    coupled = coupled_at(positions, orbitals, share)
    return Transitions.of_coupled(orbitals, positions, SHELLS, coupled)


def test_without_coupling_they_are_those_of_the_scalar_states():
    expected = Transitions.of(orbitals_at(PLACES), PLACES, SHELLS)
    found = transitions_at(PLACES, share=0.0)
    (scalar,), (pairs,) = expected.of_spins, found.of_spins
    assert np.abs(pairs.strengths - scalar.strengths).max() < 1e-10
    assert np.abs(pairs.dipoles_bohr - np.abs(scalar.dipoles_bohr)).max() < 1e-10
    assert found.complete_to_ev == pytest.approx(expected.complete_to_ev)
    assert found.n_electrons == expected.n_electrons
    assert "length form" in found.no_velocity


def test_strengths_do_not_change_when_a_molecule_is_turned_and_shifted():
    (bare,) = transitions_at(PLACES, share=0.0).of_spins
    (expected,) = transitions_at(PLACES).of_spins
    assert np.abs(expected.strengths - bare.strengths).max() > 0.01
    turned = Rotation.from_euler("zyx", [0.3, 1.1, -0.7]).apply(PLACES)
    for moved in (turned, PLACES + np.array([30.0, -20.0, 10.0])):
        (found,) = transitions_at(moved).of_spins
        assert np.abs(found.strengths - expected.strengths).max() < 1e-9


def test_mixtures_within_a_pair_change_nothing():
    orbitals = orbitals_at(PLACES)
    found = coupled_at(PLACES, orbitals)
    generator = np.random.default_rng(2)
    spinors = found.spinors.copy()
    for pair in range(len(found.energies_ev)):
        mixed = generator.normal(size=(2, 2)) + 1j * generator.normal(size=(2, 2))
        unitary, _ = np.linalg.qr(mixed)
        spinors[:, :, 2 * pair : 2 * pair + 2] = spinors[:, :, 2 * pair : 2 * pair + 2] @ unitary
    mixtures = CoupledStates(found.energies_ev, spinors)
    (expected,), (other,) = (
        Transitions.of_coupled(orbitals, PLACES, SHELLS, each).of_spins
        for each in (found, mixtures)
    )
    assert np.abs(other.dipoles_bohr - expected.dipoles_bohr).max() < 1e-10


def test_all_squares_together_are_those_without_coupling():
    """The pairs are a unitary mixture of the scalar states with both spins."""
    orbitals = orbitals_at(PLACES)
    coupled = coupled_at(PLACES, orbitals)
    every = np.arange(len(coupled.energies_ev))
    for along in position_between(PLACES, SHELLS, *2 * [orbitals.coefficients]):
        found = coupled.root_mean_squares(along, every, every)
        assert np.square(found).sum() == pytest.approx(np.square(along).sum(), rel=1e-12)


def test_p_levels_that_split_share_their_strength_by_their_weight():
    """From s to p: a third to j = 1/2 and two thirds to j = 3/2, of equal energies."""
    place = np.zeros((1, 3))
    shells = [(GaussianShell(0, (0.3,), (1.0,)), GaussianShell(1, (0.3,), (1.0,)))]
    overlap = overlap_matrix(place, shells).toarray()
    orbitals = Orbitals(
        path=Path("a.wfn"),
        energies_ev=np.array([-10.0, 0.0, 0.0, 0.0]),
        occupations=np.array([2.0, 0.0, 0.0, 0.0]),
        spins=np.zeros(4, dtype=np.int8),
        restricted=True,
        coefficients=np.linalg.inv(np.real(sqrtm(overlap))),
        atom_of_function=np.zeros(4, dtype=int),
        angular=np.array([0, 1, 1, 1]),
        n_digits=None,
        remedy="",
    )
    potential = SpinOrbitPotential.of(place, shells, [known_projectors("Pb", "GTH-PBE")])
    coupled = coupled_states(orbitals.energies_ev, potential.between(orbitals.coefficients))
    (found,) = Transitions.of_coupled(orbitals, place, shells, coupled).of_spins
    squares = np.square(found.dipoles_bohr).sum(axis=0)[0]
    assert found.energies_ev[0, 1] - found.energies_ev[0, 0] > 0.1
    assert squares[0] / squares.sum() == pytest.approx(1 / 3, abs=1e-10)


def test_a_run_has_its_absorption_with_coupling(runs, tmp_path):
    folder = runs("pb9s6cl6-orbitals")
    found = ec.analyse_folder(folder, spin_orbit=True, transitions=True, n_ipr_max=5.0)
    bare = ec.analyse_folder(folder, transitions=True, n_ipr_max=5.0)
    summary, without = found.summary(), bare.summary()
    told = summary["transitions"]
    assert told["n_transitions"] == without["transitions"]["n_transitions"]
    assert told["onset_ev"] >= summary["homo_lumo_gap_ev"] - 1e-6
    assert told["onset_ev"] < without["transitions"]["onset_ev"]
    assert told["strength_sum"] == pytest.approx(without["transitions"]["strength_sum"], rel=0.02)
    assert told["velocity_ratio"] is None
    reasons = {check["name"]: check["message"] for check in summary["checks"]}
    assert "length form alone" in reasons["transitions.velocity_ratio"]
    rows = list(csv.DictReader(io.StringIO(transitions_csv(found))))
    assert float(rows[0]["energy_ev"]) == pytest.approx(told["onset_ev"], abs=1e-5)
    assert {row["velocity_strength"] for row in rows} == {""}
    assert min(float(row["dipole_x_debye"]) for row in rows) >= 0.0
    found.write(tmp_path)
    assert (tmp_path / "absorption.png").exists()
