import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import BalanceOptions, TreatmentOptions
from epicarve.builder.shapes import BoxSpec, Cut, Sphere, ions_near
from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A, DEBYE_PER_E_A

BALL = Sphere(9.0)
GALENA = bundled_crystal("PbS")


def treated(kind, coverage, crystal=GALENA, shape=BALL, balance=None, **more):
    options = TreatmentOptions(kind=kind, halide="Cl", coverage=coverage, **more)
    return carve(crystal, shape, options=balance, treatment=options)


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
    assert dot.report.optimum.bound <= dot.report.optimum.objective + 1e-9
    n_units, counts = dot.report.treatment.n_units, dot.counts
    assert counts["Cl"] == 2 * n_units
    if kind == "halide_rich":
        assert counts["Pb"] - n_units == counts["S"]
    else:
        assert counts["Pb"] == counts["S"] + n_units
        assert dot.report.treatment.n_replaced >= n_units


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
    is_halide = [edit.reason == "halide of the treated surface" for edit in dot.edits]
    assert sum(is_halide) == dot.counts["Cl"]


def test_halides_of_a_rich_surface_stand_on_anion_sites_bonded_to_cations():
    dot = treated("halide_rich", 0.4)
    halides = [edit for edit in dot.edits if edit.symbol.endswith("Cl")]
    told = dot.report.treatment
    assert len(halides) == 2 * told.n_units == told.n_replaced + told.n_added["Cl"]
    nearest = GALENA.cell_a[0, 0] / 2
    lead = dot.positions_a[dot.symbols == "Pb"]
    for edit in halides:
        assert (edit.action, edit.depth_a <= 0.0) in {("added", True), ("substituted", False)}
        distances = np.linalg.norm(lead - edit.position_a, axis=1)
        assert distances.min() == pytest.approx(nearest, abs=1e-2)


@pytest.mark.parametrize("kind", ["halide_rich", "halide_terminated"])
def test_a_native_halide_comes_on_top_of_the_ratio(kind):
    crystal = bundled_crystal("Pb3S2Cl2")
    dot = treated(kind, 0.3, crystal=crystal, shape=Sphere(13.0))
    told = dot.report.treatment
    placed = sum(edit.reason == "halide of the treated surface" for edit in dot.edits)
    assert placed == 2 * told.n_units == told.n_replaced + told.n_added["Cl"]
    if kind == "halide_rich":
        bulk = {**dot.counts, "Cl": dot.counts["Cl"] - placed}
        bulk["Pb"] -= told.n_units
    else:
        bulk = {**dot.counts, "Cl": dot.counts["Cl"] - placed}
        bulk["S"] += told.n_units
    total = sum(bulk.values())
    for symbol, share in crystal.formula_unit.items():
        assert abs(7 * bulk[symbol] / (share * total) - 1) <= 0.02


def test_same_treatment_twice_is_the_same():
    first, second = treated("halide_rich", 0.15), treated("halide_rich", 0.15)
    np.testing.assert_array_equal(first.positions_a, second.positions_a)
    assert first.edits == second.edits


@pytest.mark.parametrize("radius_a", [9.0, 21.0])  # one has too many anions, one too many cations
def test_what_the_cut_has_too_much_of_serves_the_treatment(radius_a):
    shape = Sphere(radius_a)
    still = BalanceOptions(relocations=0)
    alone = carve(GALENA, shape, options=still)
    dot = treated("halide_rich", 0.2, shape=shape, balance=still)
    assert not any(edit.symbol == "Pb" and edit.action == "added" for edit in dot.edits)
    assert len(dot.edits) < len(alone.edits) + 2 * dot.report.treatment.n_units


def test_a_flat_face_is_left_alone():
    normal = GALENA.direction((1, 0, 0))
    shape = Cut(Sphere(10.0), normal, 0.5)
    dot = treated("halide_rich", 0.1, shape=shape)
    new = [edit for edit in dot.edits if edit.action == "added"]
    assert new
    assert all(np.array(edit.position_a) @ normal <= 0.5 for edit in new)


def test_too_much_is_refused_with_what_is_in_reach():
    with pytest.raises(InputError, match=r"takes \d+ of the \d+ units.*or less") as error:
        treated("halide_terminated", 1.0)
    coverage = float(str(error.value).split("set coverage: ")[1].split()[0])
    assert treated("halide_terminated", coverage).net_charge == 0


def test_a_surface_that_takes_no_unit_is_told():
    faces = [{"hkl": hkl, "length_nm": 1.2} for hkl in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    cube = BoxSpec(faces=faces).shape(GALENA, (0.25, 0.25, 0.25))
    thin = BalanceOptions(shell_nm=0.05)  # no empty site lies so near
    with pytest.raises(InputError, match=r"take no unit of the treatment.*leave treatment out"):
        carve(
            GALENA,
            cube,
            (0.25, 0.25, 0.25),
            thin,
            treatment=TreatmentOptions(kind="halide_rich", halide="Cl", coverage=0.1),
        )


def test_bad_wishes_are_told():
    with pytest.raises(InputError, match="needs cation, one of Cs, Pb"):
        treated("halide_rich", 0.1, crystal=bundled_crystal("CsPbCl3"))
    with pytest.raises(InputError, match="S carries -2 e here"):
        options = TreatmentOptions(kind="halide_rich", halide="S", coverage=0.1)
        carve(GALENA, BALL, treatment=options)
    with pytest.raises(InputError, match=r"no anion of a charge below -1.*use kind: halide_rich"):
        treated("halide_terminated", 0.1, crystal=bundled_crystal("PbCl2"))


@settings(max_examples=8, deadline=None)
@given(
    free_v=st.sampled_from([0.02, 0.05, 0.15, 1.0]),
    coverage=st.floats(0.05, 0.3),
    kind=st.sampled_from(["halide_rich", "halide_terminated"]),
)
def test_the_dipole_limit_of_the_recipe_holds_for_the_treatment(free_v, coverage, kind):
    dot = treated(kind, coverage, balance=BalanceOptions(free_dipole_v=free_v))
    free_debye = free_v / COULOMB_V_A * 9.0**2 * DEBYE_PER_E_A  # of the ball, a little wider
    assert dot.dipole_debye <= (1 + dot.report.optimum.dipole_level) * free_debye + 1e-6


def test_a_looser_dipole_limit_costs_less():
    costs = [
        treated("halide_rich", 0.15, balance=BalanceOptions(free_dipole_v=free_v))
        for free_v in (100.0, 0.15, 0.01)
    ]
    costs = [dot.report.optimum.objective for dot in costs]
    assert costs[0] <= costs[1] + 1e-9 <= costs[2] + 2e-9


@pytest.mark.parametrize("symmetry", ["inversion", "rotations", "full"])
@pytest.mark.parametrize("kind", ["halide_rich", "halide_terminated"])
def test_symmetry_of_the_recipe_is_kept(symmetry, kind):
    # about an ion of +2 e pairs of ions never make the whole neutral
    balance = BalanceOptions(symmetry=symmetry, ratio_tolerance=0.2, net_charge=-2)
    after = treated(kind, 0.3, balance=balance)
    assert after.net_charge == -2
    told = after.report.treatment
    assert after.counts["Cl"] == 2 * told.n_units > 0
    turns = {
        "inversion": [-np.eye(3)],
        "rotations": [np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])],
        "full": [-np.eye(3), np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])],
    }[symmetry]
    for turn in turns:
        distances, image = cKDTree(after.positions_a).query(after.positions_a @ turn.T)
        assert distances.max() < 1e-6
        assert (after.symbols == after.symbols[image]).all()


def test_the_minimum_coordination_of_the_recipe_holds_for_the_treatment():
    balance = BalanceOptions(min_coordination={"S": 3})
    dot = treated("halide_rich", 0.1, shape=Sphere(21.0), balance=balance)
    assert min(dot.min_coordination[symbol] for symbol in ("S", "Cl")) == 3


def test_a_net_charge_is_as_asked_for():
    balance = BalanceOptions(net_charge=2, ratio_tolerance=0.2)
    assert treated("halide_rich", 0.1, balance=balance).net_charge == 2


@pytest.mark.parametrize("halide", ["Na", "Clx", "O"])
def test_what_is_no_halogen_is_refused(halide):
    with pytest.raises(InputError, match=f"{halide} is no halogen.*give F, Cl, Br, I"):
        carve(
            GALENA,
            BALL,
            treatment=TreatmentOptions(kind="halide_rich", halide=halide, coverage=0.1),
        )
