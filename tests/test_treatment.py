import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epicarve.builder.carve import TreatmentOptions, carve, treat
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Cut, Sphere, ions_near
from epicarve.errors import InputError

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
    told = dot.report["treatment"]
    n_units = told["n_units"]
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
    assert len(new) == 3 * dot.report["treatment"]["n_units"]
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
