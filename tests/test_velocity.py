"""The velocity form: gradients, commutators with pseudopotentials, and what a run tells of them."""

import csv
import io
import re
import shutil
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import epicarve as ec
from epicarve.analysis.export import transitions_csv
from epicarve.dft.orbitals import (
    GaussianShell,
    PopulationOptions,
    project,
    solid_harmonics,
)
from epicarve.dft.pseudopotentials import Projectors, nonlocal_projectors
from epicarve.dft.read import read_folder
from epicarve.dft.transitions import (
    NonlocalPotential,
    Transitions,
    position_and_gradient_between,
)

# Entries of CP2K's GTH_POTENTIALS and NLCC_POTENTIALS.
O_ENTRY = """    2    4
     0.24455430    2   -16.66721480     2.48731132
    2
     0.22095592    1    18.33745811
     0.21133247    0
"""
C_NLCC_ENTRY = """    2    2
     0.31479300    2    -6.92377020     1.14022012
   NLCC    1
     0.27440900    1    58.71286000
    2
     0.30228391    1     9.59529760   # s
     0.36875800    1    -0.01046200
"""


def grid_of(order=14):
    nodes, weights = np.polynomial.hermite.hermgauss(order)
    points = np.array(list(product(nodes, repeat=3)))
    return points, np.prod(list(product(weights, repeat=3)), axis=1)


def values(shell, points):
    """A shell of one primitive without its exponential, shape (n, 2l + 1)."""
    r2 = (points**2).sum(axis=1, keepdims=True)
    front = shell.contraction()[0] * r2**shell.squares
    return front * solid_harmonics(points, shell.angular)[shell.angular]


def integral(one, other, vector, factor):
    """∫ of two shells, the first at zero, times what `factor` makes of points, (n, ...)."""
    a, b = one.exponents[0], other.exponents[0]
    points, weight = grid_of()
    points = points / np.sqrt(a + b) + b * vector / (a + b)
    front = (a + b) ** -1.5 * np.exp(-a * b / (a + b) * vector @ vector)
    left, right = values(one, points), values(other, points - vector)
    return front * np.einsum("n,na,nb,nx->xab", weight, left, right, factor(points))


exponents = st.floats(0.15, 3.0)
vectors = st.tuples(*3 * [st.floats(-1.5, 1.5)])


@given(
    angular=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    a=exponents,
    b=exponents,
    vector=vectors,
)
@settings(max_examples=40)
def test_gradients_are_those_of_shifted_overlaps(angular, a, b, vector):
    """∇ of a function is minus its derivative by the place of its atom."""
    one, other = (GaussianShell(l, (e,), (1.0,)) for l, e in zip(angular, (a, b), strict=True))  # noqa: E741
    places = np.array([np.zeros(3), vector])
    n = one.n_functions
    kets = np.eye(n + other.n_functions)[:, n:]
    bras = np.eye(len(kets))[:, :n]
    _, found = position_and_gradient_between(places, [(one,), (other,)], bras, kets)
    step = 1e-4
    for axis in range(3):
        moved = [
            project(
                places + sign * step * np.eye(3)[axis] * [[0], [1]],
                [(one,), ()],
                [(), (other,)],
                np.eye(n),
            ).T
            for sign in (1, -1)
        ]
        expected = -(moved[0] - moved[1]) / (2 * step)
        assert np.abs(found[axis] - expected).max() < 1e-6


def test_more_bras_than_kets_have_the_same_elements():
    """The overlaps are with the fewer of both, and either way round the same."""
    places = np.array([[0.0, 0.1, 0.2], [1.0, 2.0, -1.0]])
    shells = [(GaussianShell(0, (0.3,), (1.0,)), GaussianShell(2, (0.6,), (1.0,)))] * 2
    orbitals = np.random.default_rng(0).normal(size=(12, 5))
    whole = position_and_gradient_between(places, shells, orbitals, orbitals)
    part = position_and_gradient_between(places, shells, orbitals, orbitals[:, :2])
    for all_of_them, some in zip(whole, part, strict=True):
        assert np.abs(all_of_them[:, :, :2] - some).max() < 1e-12


@given(
    momenta=st.tuples(st.integers(0, 3), st.integers(0, 2)),
    n=st.integers(1, 3),
    a=exponents,
    radius=st.floats(0.4, 1.2),
    vector=vectors,
)
@settings(max_examples=40)
def test_commutators_are_those_of_quadrature(momenta, n, a, radius, vector):
    angular, momentum = momenta
    shell = GaussianShell(angular, (a,), (1.0,))
    strengths = np.random.default_rng(n).normal(size=(n, n))
    strengths = strengths + strengths.T
    own = Projectors(momentum, radius, tuple(map(tuple, strengths.tolist())))
    vector = np.array(vector)
    places = np.array([np.zeros(3), vector])
    potential = NonlocalPotential.of(places, [(shell,), ()], [(), (own,)])
    every = np.eye(shell.n_functions)
    found = potential.commutator(every, every)
    bare, moved = (
        np.concatenate([integral(shell, p, vector, factor) for p in own.shells], axis=2)
        for factor in (lambda points: np.ones((len(points), 1)), lambda points: points)
    )
    matrix = np.kron(strengths, np.eye(2 * momentum + 1))
    for axis in range(3):
        half = moved[axis] @ matrix @ bare[0].T
        assert np.abs(found[axis] - (half - half.T)).max() < 1e-8 * np.abs(strengths).max()


def test_entries_of_cp2k_have_their_projectors():
    assert nonlocal_projectors(O_ENTRY) == (Projectors(0, 0.22095592, ((18.33745811,),)),)
    s, p = nonlocal_projectors(C_NLCC_ENTRY)
    assert (s.matrix.tolist(), p.matrix.tolist()) == ([[9.5952976]], [[-0.010462]])
    assert nonlocal_projectors("    1    0    0\n     0.20000000    0\n") == ()
    with pytest.raises(ValueError, match="cut off"):
        nonlocal_projectors(O_ENTRY.rpartition("18.3")[0])


@pytest.mark.parametrize(("name", "tolerance"), [("h2", 0.01), ("h2o", 0.02)])
def test_both_forms_agree_in_a_large_basis(runs, name, tolerance):
    """Sums of all transitions by which a dipole polarisability is made up, of real runs."""
    found = ec.analyse_folder(runs("large-basis") / name, transitions=True)
    light = found.absorption.transitions
    assert light.no_velocity == ""
    (own,) = light.of_spins
    length, velocity = (
        (f / own.energies_ev**2).sum() for f in (own.strengths, own.velocity_strengths)
    )
    assert velocity == pytest.approx(length, rel=tolerance)
    rows = list(csv.DictReader(io.StringIO(transitions_csv(found))))
    assert sum(float(row["velocity_strength"]) for row in rows) == pytest.approx(
        light.total_velocity_strength, abs=0.02
    )
    summary = found.summary()
    told = summary["transitions"]
    assert told["velocity_strength_sum"] == pytest.approx(light.total_velocity_strength, abs=1e-5)
    checks = {check["name"]: check for check in summary["checks"]}
    assert checks["velocity_form"]["ok"]
    assert "% of those in the length form" in checks["velocity_form"]["message"]


def test_strengths_of_all_electrons_sum_to_their_number(runs):
    found = ec.analyse_folder(runs("large-basis") / "h2-all-electrons", transitions=True)
    light = found.absorption.transitions
    assert light.total_strength == pytest.approx(2.0, rel=0.01)
    assert light.total_velocity_strength == pytest.approx(2.0, rel=0.01)
    (own,) = light.of_spins
    first = np.argmax(own.strengths[0] > 0.1)
    assert own.velocity_strengths[0, first] == pytest.approx(own.strengths[0, first], rel=0.005)


def test_the_commutator_is_no_small_part(runs):
    loaded = read_folder(runs("large-basis") / "h2o", PopulationOptions(coefficients=True)).orbitals
    basis = loaded.basis()
    bare = NonlocalPotential.of(basis.positions_bohr, basis.shells, [()] * 3)
    of_run = loaded.transitions()
    alone = Transitions.of(loaded.orbitals, basis.positions_bohr, basis.shells, bare)
    misses = []
    for each in (of_run, alone):
        (own,) = each.of_spins
        low = own.energies_ev < 40.0
        misses.append(np.abs(own.velocity_strengths - own.strengths)[low].sum())
    assert misses[0] < 0.6 * misses[1]


def test_a_velocity_that_is_not_known_is_told_with_its_cause(runs, tmp_path):
    home = runs("pb9s6cl6-orbitals")
    shutil.copytree(home, tmp_path / "run")
    path = tmp_path / "run/pb9s6cl6.inp"
    path.write_text(re.sub(r"POTENTIAL +GTH-PBE-q4", "POTENTIAL GTH-OWN-q4", path.read_text()))
    found = ec.analyse_folder(tmp_path / "run", transitions=True)
    told = found.summary()
    assert told["transitions"]["velocity_ratio"] is None
    assert told["transitions"]["strength_sum"] == pytest.approx(32.280, abs=1e-3)
    reasons = {check["name"]: check["message"] for check in told["checks"]}
    assert "GTH-OWN-Q4 of Pb is in none" in reasons["transitions.velocity_ratio"]
    for line, cause in (
        ("&HF\n FRACTION 0.25\n&END HF", "exact exchange"),
        ("", "a functional of the kinetic-energy density"),
    ):
        text = (home / "pb9s6cl6.inp").read_text()
        if line:
            text = text.replace("&XC_FUNCTIONAL", f"{line}\n&XC_FUNCTIONAL", 1)
        else:
            text = re.sub(r"&XC_FUNCTIONAL PBE", "&XC_FUNCTIONAL TPSS", text)
        path.write_text(text)
        found = ec.analyse_folder(tmp_path / "run", transitions=True)
        assert f"{cause} does not commute" in found.absorption.transitions.no_velocity
