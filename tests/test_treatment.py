import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from epicarve.builder.carve import TreatmentOptions, carve, treat
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import BalanceOptions
from epicarve.builder.shapes import Cut, Sphere, ions_near
from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A, DEBYE_PER_E_A

BALL = Sphere(9.0)
GALENA = bundled_crystal("PbS")
DOT = carve(GALENA, BALL)


def treated(kind, coverage, **more):
    options = TreatmentOptions(kind=kind, halide="Cl", coverage=coverage, **more)
    return treat(DOT, GALENA, BALL, options)


def places(edits, action):
    return {(e.symbol, tuple(np.round(e.position_a, 3))) for e in edits if e.action == action}


@settings(max_examples=12, deadline=None)
@given(
    kind=st.sampled_from(["halide_rich", "halide_terminated"]),
    coverage=st.floats(0.02, 0.4),
)
def test_treated_models_are_neutral_connected_and_coordinated(kind, coverage):
    try:
        dot = treated(kind, coverage)
    except InputError as error:
        assert "coverage" in str(error)
        return
    assert dot.net_charge == 0
    assert dot.n_components == 1
    assert (3 * dot.coordination >= dot.bulk_coordination).all()
    told = dot.report.treatment
    n_units = told.n_units
    if kind == "halide_rich":
        assert dot.counts == {"Pb": 56 + n_units, "S": 56, "Cl": 2 * n_units}
    else:
        assert dot.counts == {"Pb": 56, "S": 56 - n_units, "Cl": 2 * n_units}


@pytest.mark.parametrize("kind", ["halide_rich", "halide_terminated"])
def test_the_ledger_leads_from_the_plain_cut_to_the_model(kind):
    dot = treated(kind, 0.2)
    ions = ions_near(GALENA, BALL, np.zeros(3), 0.0)
    found = {
        (s, tuple(np.round(p, 3)))
        for s, p in zip(ions.symbols.tolist(), ions.positions_a.tolist(), strict=True)
    }
    for edit in dot.edits:
        place = tuple(np.round(edit.position_a, 3))
        before, _, after = edit.symbol.rpartition("→")
        if edit.action == "substituted":
            found.remove((before, place))
        if edit.action == "removed":
            found.remove((after, place))
        else:
            found.add((after, place))
    assert found == {
        (s, tuple(np.round(p, 3)))
        for s, p in zip(dot.symbols.tolist(), dot.positions_a.tolist(), strict=True)
    }
    assert dot.edits[: len(DOT.edits)] == DOT.edits


def test_added_ions_lie_on_lattice_sites_bonded_to_the_model():
    dot = treated("halide_rich", 0.2)
    new = places(dot.edits[len(DOT.edits) :], "added")
    assert len(new) == 3 * dot.report.treatment.n_units
    nearest = GALENA.cell_a[0, 0] / 2
    for _, place in new:
        distances = np.linalg.norm(DOT.positions_a - place, axis=1)
        assert distances.min() == pytest.approx(nearest, abs=1e-2)


def test_same_treatment_twice_is_the_same():
    first, second = treated("halide_rich", 0.15), treated("halide_rich", 0.15)
    np.testing.assert_array_equal(first.positions_a, second.positions_a)
    assert first.edits == second.edits


def test_a_flat_face_is_left_alone():
    normal = GALENA.direction((1, 0, 0))
    shape = Cut(Sphere(10.0), normal, 0.5)
    half = carve(GALENA, shape)
    dot = treat(
        half, GALENA, shape, TreatmentOptions(kind="halide_rich", halide="Cl", coverage=0.1)
    )
    new = [edit for edit in dot.edits[len(half.edits) :] if edit.action == "added"]
    assert new
    assert all(np.array(edit.position_a) @ normal <= 0.5 for edit in new)


def test_too_much_is_refused_with_what_is_in_reach():
    with pytest.raises(InputError, match=r"takes no more than \d+ of the \d+ units.*or less"):
        treated("halide_terminated", 1.0)


def test_bad_wishes_are_told():
    with pytest.raises(InputError, match="needs cation, one of Cs, Pb"):
        crystal = bundled_crystal("CsPbCl3")
        treat(DOT, crystal, BALL, TreatmentOptions(kind="halide_rich", halide="Cl", coverage=0.1))
    with pytest.raises(InputError, match="S carries -2 e here"):
        treat(DOT, GALENA, BALL, TreatmentOptions(kind="halide_rich", halide="S", coverage=0.1))
    with pytest.raises(InputError, match="does not lie on the lattice"):
        options = TreatmentOptions(kind="halide_rich", halide="Cl", coverage=0.1)
        treat(DOT.transformed(shift_a=(0.5, 0, 0)), GALENA, BALL, options)


@settings(max_examples=8, deadline=None)
@given(
    free_v=st.sampled_from([0.02, 0.05, 0.15, 1.0]),
    coverage=st.floats(0.05, 0.3),
    kind=st.sampled_from(["halide_rich", "halide_terminated"]),
)
def test_the_dipole_limit_of_the_recipe_holds_for_the_treatment(free_v, coverage, kind):
    options = TreatmentOptions(kind=kind, halide="Cl", coverage=coverage)
    try:
        dot = treat(DOT, GALENA, BALL, options, balance=BalanceOptions(free_dipole_v=free_v))
    except InputError as error:
        assert "coverage" in str(error)
        return
    told = dot.report.treatment.optimum
    free_debye = free_v / COULOMB_V_A * 9.0**2 * DEBYE_PER_E_A  # of the ball, a little wider
    assert dot.dipole_debye <= (1 + told.dipole_level) * free_debye + 1e-6
    assert told.bound_a <= told.objective_a + 1e-9


def test_a_looser_dipole_limit_costs_less():
    options = TreatmentOptions(kind="halide_rich", halide="Cl", coverage=0.15)
    costs = [
        treat(
            DOT, GALENA, BALL, options, balance=BalanceOptions(free_dipole_v=free_v)
        ).report.treatment.optimum.objective_a
        for free_v in (100.0, 0.15, 0.01)
    ]
    assert costs[0] <= costs[1] + 1e-9 <= costs[2] + 2e-9


@pytest.mark.parametrize("symmetry", ["inversion", "rotations", "full"])
def test_symmetry_of_the_recipe_is_kept(symmetry):
    # about an ion of +2 e pairs of ions never make the whole neutral
    balance = BalanceOptions(symmetry=symmetry, ratio_tolerance=0.2, net_charge=-2)
    dot = carve(GALENA, BALL, options=balance)
    options = TreatmentOptions(kind="halide_terminated", halide="Cl", coverage=0.3)
    after = treat(dot, GALENA, BALL, options, balance=balance)
    assert after.net_charge == -2
    assert after.report.treatment.n_units > 0
    turns = {
        "inversion": [-np.eye(3)],
        "rotations": [np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])],
        "full": [-np.eye(3), np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])],
    }[symmetry]
    for turn in turns:
        distances, image = cKDTree(after.positions_a).query(after.positions_a @ turn.T)
        assert distances.max() < 1e-6
        assert (after.symbols == after.symbols[image]).all()


def test_symmetry_that_the_model_lacks_is_told():
    options = TreatmentOptions(kind="halide_rich", halide="Cl", coverage=0.2)
    with pytest.raises(InputError, match="does not keep symmetry full"):
        treat(
            treated("halide_rich", 0.1),
            GALENA,
            BALL,
            options,
            balance=BalanceOptions(symmetry="full"),
        )


def test_a_net_charge_stays():
    balance = BalanceOptions(net_charge=2, ratio_tolerance=0.2)
    dot = carve(GALENA, BALL, options=balance)
    options = TreatmentOptions(kind="halide_rich", halide="Cl", coverage=0.1)
    assert treat(dot, GALENA, BALL, options, balance=balance).net_charge == dot.net_charge == 2
