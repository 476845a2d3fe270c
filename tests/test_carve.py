"""What must hold of every carved model, with bonds recounted by distance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from structure_types import STRUCTURE_TYPES

from epicarve.builder.carve import carve
from epicarve.builder.crystal import termination, terminations
from epicarve.builder.hetero import sphere_half
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import BalanceOptions, ratio_deviation, watched
from epicarve.builder.shapes import Cut, Sphere
from epicarve.errors import InputError


def recount(model, crystal):
    """Coordination and pieces from distances alone, not from the lattice."""
    reach = max(crystal.bond_rule.values())
    pairs = cKDTree(model.positions_a).query_pairs(reach, output_type="ndarray")
    distances = np.linalg.norm(
        model.positions_a[pairs[:, 0]] - model.positions_a[pairs[:, 1]], axis=1
    )
    limits = np.array(
        [
            max(crystal.bond_rule.get((a, b), 0), crystal.bond_rule.get((b, a), 0))
            for a, b in zip(model.symbols[pairs[:, 0]], model.symbols[pairs[:, 1]], strict=True)
        ]
    )
    bonded = pairs[distances <= limits]
    coordination = np.bincount(bonded.ravel(), minlength=model.n_atoms)
    graph = np.zeros((model.n_atoms, model.n_atoms), dtype=bool)
    graph[bonded[:, 0], bonded[:, 1]] = True
    return coordination, connected_components(graph, directed=False)[0]


def check(model, crystal, tolerance=0.02):
    assert model.net_charge == 0
    coordination, pieces = recount(model, crystal)
    assert pieces == model.n_components == 1
    np.testing.assert_array_equal(coordination, model.coordination)
    needed = np.ceil(model.bulk_coordination / 3 - 1e-9)
    assert (model.coordination >= needed).all()
    assert ratio_deviation(model.symbols, crystal.formula_unit) <= tolerance + 1e-9


@pytest.mark.parametrize("name", STRUCTURE_TYPES)
def test_spheres_of_every_structure_type(name):
    crystal = bundled_crystal(name)
    radius_a = 10.0 if name == "CsPb2Cl5" else 12.0  # optima that are proven in seconds
    check(carve(crystal, Sphere(radius_a)), crystal)


@settings(max_examples=6, deadline=None)
@given(
    name=st.sampled_from(["PbS", "CsPbCl3", "Pb4S3Cl2", "Pb3S2Cl2"]),
    radius=st.floats(8.0, 13.0),
    centre=st.tuples(*[st.floats(0, 1)] * 3),
)
def test_any_centre_and_radius_gives_a_sound_model_or_names_the_obstacle(name, radius, centre):
    crystal = bundled_crystal(name)
    try:
        model = carve(crystal, Sphere(radius), centre)
    except InputError as error:
        assert name in str(error)
    else:
        check(model, crystal)


def test_ledger_turns_the_plain_cut_into_the_model():
    crystal = bundled_crystal("Pb3S2Cl2")
    model = carve(crystal, Sphere(14.0))
    inside = np.linalg.norm(model.positions_a, axis=1) <= 14.0
    added = {edit.position_a for edit in model.edits if edit.action == "added"}
    removed = [edit for edit in model.edits if edit.action == "removed"]
    assert {tuple(p) for p in model.positions_a[~inside].tolist()} == added
    assert model.report.plain_cut.n_atoms == inside.sum() + len(removed)
    charge = {"Pb": 2, "S": -2, "Cl": -1}
    change = sum(
        charge[edit.symbol] * (1 if edit.action == "added" else -1) for edit in model.edits
    )
    assert model.report.plain_cut.net_charge + change == 0


def test_exact_ratio_when_asked_for():
    crystal = bundled_crystal("Pb3S2Cl2")
    model = carve(crystal, Sphere(21.0), options=BalanceOptions(ratio_tolerance=0))
    counts = model.counts
    assert counts["Pb"] * 2 == counts["S"] * 3 == counts["Cl"] * 3
    assert 4.1 <= model.diameter_nm <= 4.5  # moved ions lie up to half a bond outside
    assert model.report.optimum.gap <= 1e-3


def test_same_call_same_ions():
    crystal = bundled_crystal("Pb4S3Cl2")
    first, second = (carve(crystal, Sphere(12.0)) for _ in range(2))
    np.testing.assert_array_equal(first.positions_a, second.positions_a)
    assert first.symbols.tolist() == second.symbols.tolist()


def test_minimum_coordination_can_be_raised():
    crystal = bundled_crystal("PbS")
    model = carve(crystal, Sphere(12.0), options=BalanceOptions(min_coordination={"S": 3, "Pb": 3}))
    assert model.coordination.min() >= 3
    with pytest.raises(InputError, match="names Br, which is not in PbS"):
        carve(crystal, Sphere(12.0), options=BalanceOptions(min_coordination={"Br": 3}))


def test_too_small_and_impossible_shapes_are_refused():
    crystal = bundled_crystal("PbS")
    with pytest.raises(InputError, match="smaller than the unit cell"):
        carve(crystal, Sphere(2.0))
    with pytest.raises(InputError, match="PbS"):
        carve(crystal, Sphere(8.0), options=BalanceOptions(min_coordination={"Pb": 6, "S": 6}))


def test_terminations_of_the_study():
    film = terminations(bundled_crystal("Pb4S3Cl2"), (0, 1, 0))
    assert film[0].layer == "Pb"
    assert abs(film[0].dipole_e_a) < 1e-6
    assert film[0].offset_a == pytest.approx(0.0, abs=1e-6)
    perovskite = terminations(bundled_crystal("CsPbCl3"), (1, 0, 0))
    assert {cut.layer for cut in perovskite} == {"CsCl", "PbCl2"}
    assert {cut.layer for cut in terminations(bundled_crystal("PbS"), (1, 1, 1))} == {"Pb", "S"}
    with pytest.raises(InputError, match=r"no .* plane ends on a PbCl layer; there are"):
        termination(bundled_crystal("CsPbCl3"), (1, 0, 0), "PbCl")


@pytest.mark.parametrize(
    ("name", "hkl", "layer"),
    [("Pb4S3Cl2", (0, 1, 0), "Pb"), ("CsPbCl3", (1, 0, 0), "PbCl2"), ("PbS", (1, 0, 0), None)],
)
def test_hemispheres_keep_their_face_whole(name, hkl, layer):
    crystal = bundled_crystal(name)
    half = sphere_half(crystal, 14.0, hkl, layer)
    model = half.carved()
    check(model, crystal)
    normal = crystal.direction(hkl)
    height = model.positions_a @ normal
    assert height.max() < 0.0
    lateral = np.linalg.norm(model.positions_a - np.outer(height, normal), axis=1)
    kept = (height > -1.5) & (lateral < 8.0)
    # the plain lattice has just these ions in the outermost layer around the axis
    whole = carve(crystal, Sphere(14.0), half.centre)
    above = whole.positions_a @ normal
    across = np.linalg.norm(whole.positions_a - np.outer(above, normal), axis=1)
    assert kept.sum() == ((above < 0) & (above > -1.5) & (across < 8.0)).sum()


def test_cut_distance_is_that_of_the_intersection():
    points = np.random.default_rng(0).normal(scale=10, size=(200, 3))
    cut = Cut(Sphere(10.0), np.array([0.0, 0.0, 1.0]), 2.0)
    inside = (np.linalg.norm(points, axis=1) <= 10.0) & (points[:, 2] <= 2.0)
    np.testing.assert_array_equal(cut.signed_distance_a(points) <= 0, inside)


@pytest.mark.parametrize("name", ["Pb3S2Cl2", "Pb4S3Cl2", "CsPbCl3"])
def test_a_hundred_thousand_ions_are_proven_to_one_per_cent(name):
    model = carve(bundled_crystal(name), Sphere(92.0 if name == "CsPbCl3" else 85.0))
    assert 90_000 < model.n_atoms < 110_000
    assert model.net_charge == 0
    assert model.n_components == 1
    assert model.report.optimum.gap <= 1e-2


@pytest.mark.parametrize(("name", "radius_a"), [("CsPbCl3", 3.8), ("CsPbBr3", 4.0)])
def test_a_sphere_around_a_single_ion_grows_or_names_the_obstacle(name, radius_a):
    """The plain cut is one Cs at the centre, which has no radius of its own."""
    crystal = bundled_crystal(name)
    assert carve(crystal, Sphere(radius_a)).net_charge == 0
    with pytest.raises(InputError, match="net charge 0"):
        carve(crystal, Sphere(3.5))


@pytest.mark.parametrize("radius_a", [5e4, 1e12, 1e300])
def test_a_shape_beyond_memory_is_refused_before_it_is_made(radius_a):
    with pytest.raises(InputError, match="GB of memory"):
        carve(bundled_crystal("PbS"), Sphere(radius_a))


def test_a_search_tells_what_it_has_come_to():
    lines = []
    with watched(lines.append):
        carve(bundled_crystal("PbS"), Sphere(8.0))
    assert lines[0].startswith("search: ")
    assert lines[-1].endswith("%")
