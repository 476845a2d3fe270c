"""Joined particles of any two shapes: what always holds, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from epicarve.builder.carve import IonTable
from epicarve.builder.hetero import OrientedHalf, half_of, interface_of, join, sphere_half
from epicarve.builder.interfaces import (
    CONTACT_LIMIT,
    assigned,
    assigned_points,
    best_of_faces,
    contact_limits_a,
    finite_continuity,
)
from epicarve.builder.library import bundled_crystal
from epicarve.builder.model import Model
from epicarve.builder.optimise import BalanceOptions
from epicarve.builder.report import FaceCharges
from epicarve.builder.shapes import (
    BoxSpec,
    Cut,
    Cylinder,
    Intersection,
    Offset,
    Polyhedron,
    Sphere,
    Translated,
)
from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A, DEBYE_PER_E_A
from epicarve.workflow.recipes import parse_recipe, read_recipe
from epicarve.workflow.tasks.build import build

EXAMPLES = Path(__file__).parents[1] / "examples"
FILM, SUBSTRATE = bundled_crystal("Pb4S3Cl2"), bundled_crystal("CsPbCl3")
ALONG = (((1, 0, 0), (0, 0, 1)), ((0, 1, 1), (0, -1, 1)))
UP = np.array([0.0, 0.0, 1.0])
NO_DIPOLE_LIMIT = BalanceOptions(free_dipole_v=100.0)  # quick to prove


def slab(height_nm, width_nm, **options):
    """A box of CsPbCl3 or the like with a (100) face, of few or no broken formula units."""
    lengths = (([1, 0, 0], height_nm), ([0, 1, 0], width_nm), ([0, 0, 1], width_nm))
    faces = [{"hkl": hkl, "length_nm": length_nm} for hkl, length_nm in lengths]
    return BoxSpec(kind="box", faces=faces, centre=(0.0, 0.25, 0.25), **options)


def assert_sound(model, film=FILM, substrate=SUBSTRATE, tolerance=0.02):
    """Whole and domains neutral and in ratio, one piece, coordinated, no contact too short."""
    assert model.net_charge == 0
    assert model.n_components == 1
    assert (model.coordination >= -(-model.bulk_coordination // 3)).all()
    for crystal in (film, substrate):
        domain = model.domain(crystal.name)
        assert domain.net_charge == 0
        unit, total = crystal.formula_unit, sum(crystal.formula_unit.values())
        for symbol, share in unit.items():
            expected = share * domain.n_atoms / total
            assert abs(domain.counts.get(symbol, 0) - expected) <= tolerance * expected + 1e-9
    limits = contact_limits_a(film, substrate)
    above, below = model.domain(film.name), model.domain(substrate.name)
    bulk = np.array([[limits[frozenset((a, b))] for b in below.symbols] for a in above.symbols])
    assert (cdist(above.positions_a, below.positions_a) >= CONTACT_LIMIT * bulk - 1e-6).all()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    radius_a=st.floats(14.0, 18.0),
    fraction=st.floats(0.3, 0.7),
    layer=st.sampled_from(["PbCl2", "CsCl"]),
    y=st.floats(0.0, 1.0),
)
def test_spheres_cut_anywhere(radius_a, fraction, layer, y):
    film = sphere_half(FILM, radius_a, (0, 1, 0), "Pb", fraction=fraction, options=NO_DIPOLE_LIMIT)
    substrate = sphere_half(
        SUBSTRATE,
        radius_a,
        (1, 0, 0),
        layer,
        fraction=1.0 - fraction,
        centre=(0.0, y, 0.3),
        options=NO_DIPOLE_LIMIT,
    )
    janus = join(film, substrate, interface_of(film, substrate, ALONG))
    assert_sound(janus.model)
    assert janus.film.net_charge == janus.substrate.net_charge == 0
    known = {(e.domain, e.symbol, e.position_a) for e in janus.model.edits}
    assert len(known) == len(janus.model.edits)
    # the plain cut and the ledger make the model: no edit is silent
    plain = janus.model.report.plain_cut.n_atoms
    removed = sum(e.action == "removed" for e in janus.model.edits)
    assert plain - removed + len(janus.model.edits) - removed == janus.model.n_atoms


def test_dipoles_of_halves_and_whole_stay_within_the_free_ones(janus):
    assert janus.model.report.optimum.dipole_level == 0
    farthest_a = np.linalg.norm(janus.model.positions_a, axis=1).max()  # the gap lies between
    for model, radius_a in (
        (janus.model, farthest_a),
        (janus.film, 21.0),
        (janus.substrate, 21.0),
    ):
        assert model.dipole_debye <= 0.15 / COULOMB_V_A * radius_a**2 * DEBYE_PER_E_A


def test_interface_layers_stay_whole_and_edits_lie_on_the_surface_of_the_whole():
    film = sphere_half(FILM, 21.0, (0, 1, 0), "Pb", options=NO_DIPOLE_LIMIT)
    substrate = half_of(SUBSTRATE, slab(3.4, 5.0), (1, 0, 0), "PbCl2", NO_DIPOLE_LIMIT)
    janus = join(film, substrate, interface_of(film, substrate, ALONG))
    assert_sound(janus.model)
    assert janus.substrate.n_atoms > 2 * janus.film.n_atoms
    deepest = max(max(c.bonds.lengths_a) for c in (FILM, SUBSTRATE))
    assert all(edit.depth_a <= deepest + 1e-3 for edit in janus.model.edits)
    covered = np.hypot(*janus.model.positions_a[:, :2].T) < 14.0
    face = janus.substrate.positions_a[:, 2].max()
    layer = covered & (np.abs(janus.model.positions_a[:, 2] - face) < 0.3)
    # 3 ions of a PbCl2 layer in each square of the lattice constant
    density = layer.sum() / (np.pi * 14.0**2) * SUBSTRATE.cell_a[0, 0] ** 2
    assert density == pytest.approx(3.0, rel=0.08)


@pytest.mark.parametrize("crystals", [("PbS", "CsPbBr3"), ("CsPbBr3", "PbS")])
def test_any_two_crystals_and_boxes_of_both(crystals):
    first, second = map(bundled_crystal, crystals)
    options = BalanceOptions(ratio_tolerance=0.1, free_dipole_v=100.0)
    halves = [half_of(c, slab(1.4, 2.4), (1, 0, 0), None, options) for c in (first, second)]
    janus = join(*halves, interface_of(*halves, (((0, 1, 0), (0, 0, 1)),) * 2))
    assert_sound(janus.model, first, second, tolerance=0.1)
    interface = janus.model.report.interface
    json.dumps(interface.as_dict(), allow_nan=False)
    assert interface.polarity == FaceCharges(signs="0/0", kind="uncharged", repels=False)
    told = interface.continuity
    assert (told.rms_a is None) == (told.matched_fraction == 0.0) == (told.reason is not None)


def test_sites_and_cations_at_the_rim_count_only_if_matched():
    """Three cations over four sites, one of them an ångström off; the last site at the rim."""
    x = np.array([0.0, 5.0, 10.0, 15.0])
    sites = IonTable(np.full(4, "Cs"), np.ones(4, dtype=int), np.column_stack([x, 0 * x, 0 * x]))
    cations = IonTable(
        np.full(3, "Pb"), np.full(3, 2), sites.positions_a[:3] + [[0, 0, z] for z in (0, 1, 3)]
    )
    for rim, expected in ((10.0, 4 / 6), (20.0, 4 / 7)):
        inside = cations.positions_a[:, 0] <= rim, x <= rim
        found = finite_continuity(
            cations, sites, inside, "substrate", {"film": 3.0, "substrate": 5.0}
        )
        assert found.matched_fraction == pytest.approx(expected)
        assert dict(found.pairs) == {"Pb→Cs": 2}
        assert found.rms_a == pytest.approx(np.sqrt(0.5))
        assert found.sublattice_fraction == pytest.approx(1 / 3)
    nothing = finite_continuity(
        cations,
        sites.shifted(np.array([0, 0, 9.0])),
        inside,
        "film",
        {"film": 5.0, "substrate": 5.0},
    )
    assert (nothing.matched_fraction, nothing.rms_a, dict(nothing.pairs)) == (0.0, None, {})


@given(
    n=st.integers(1, 25), m=st.integers(1, 25), seed=st.integers(0, 99), tolerance=st.floats(0.1, 2)
)
def test_points_are_assigned_as_the_whole_table_would_be(n, m, seed, tolerance):
    random = np.random.default_rng(seed)
    first, second = (random.uniform(0, 3, (size, 3)) for size in (n, m))
    squared = ((first[:, None] - second) ** 2).sum(axis=2)
    one, other = assigned_points(first, second, tolerance), assigned(squared, tolerance)
    assert len(one[0]) == len(other[0])
    assert (one[2] ** 2).sum() == pytest.approx((other[2] ** 2).sum())


def halves_of_the_study(radius_a, layer):
    film = sphere_half(FILM, radius_a, (0, 1, 0), "Pb", options=NO_DIPOLE_LIMIT)
    centre = (0, 0.45, 0.2)
    return film, sphere_half(
        SUBSTRATE, radius_a, (1, 0, 0), layer, centre=centre, options=NO_DIPOLE_LIMIT
    )


@pytest.mark.parametrize("layer", ["PbCl2", "CsCl"])
def test_the_interface_that_is_found_is_the_one_that_is_built(layer):
    film, substrate = halves_of_the_study(14.0, layer)
    found = best_of_faces(film.crystal, film.face, substrate.crystal, substrate.face)
    model = join(film, substrate, found).model
    told = model.report.interface
    # raised only by what the film that keeps its lattice needs, and that is told
    assert told.gap_a == pytest.approx(found.gap_a + told.raised_a)
    assert 0.0 <= told.raised_a < 0.1
    tops = [
        domain.positions_a[domain.charges > 0, 2]
        for domain in map(model.domain, (FILM.name, SUBSTRATE.name))
    ]
    assert told.gap_a == pytest.approx(tops[0].min() - tops[1].max())
    in_cell = found.moved((0.0, 0.0, told.raised_a)).continuity
    assert told.continuity_in_cell == in_cell.figures
    assert set(told.continuity.pairs) == set(in_cell.pairs)
    assert told.continuity.rms_a == pytest.approx(in_cell.rms_a, abs=0.03)
    np.testing.assert_array_equal(model.positions_a, join(film, substrate).model.positions_a)


def test_the_middle_of_the_face_lies_on_the_substrate_as_the_interface_says():
    """With a film of the substrate's own spacing nothing runs out of step, anywhere."""
    _, substrate = halves_of_the_study(14.0, "CsCl")
    a, _, c = FILM.cell_parameters[:3]
    stretch = np.array([[7.926667 / a], [1.0], [7.926667 / c]])
    strained = replace(FILM, name="strained", cell_a=FILM.cell_a * stretch)
    film = sphere_half(strained, 14.0, (0, 1, 0), "Pb", options=NO_DIPOLE_LIMIT)
    row = interface_of(film, substrate, ALONG)
    told = join(film, substrate, row).model.report.interface
    assert told.raised_a == pytest.approx(0.0, abs=2e-3)
    assert told.continuity.rms_a == pytest.approx(row.continuity.rms_a, abs=2e-3)


def test_the_films_lattice_can_be_the_one_that_goes_on():
    substrate = sphere_half(FILM, 12.0, (0, 1, 0), "Pb", options=NO_DIPOLE_LIMIT)
    film = sphere_half(SUBSTRATE, 12.0, (1, 0, 0), "CsCl", options=NO_DIPOLE_LIMIT)
    found = interface_of(film, substrate)
    told = join(film, substrate, found).model.report.interface
    assert told.continuity.continued == found.continued == "film"
    assert told.continuity.matched_fraction == 1.0
    assert set(told.continuity.pairs) == set(found.continuity.pairs)
    assert told.continuity.rms_a == pytest.approx(found.continuity.rms_a, abs=0.03)


def test_an_interface_of_other_faces_is_refused():
    film, substrate = halves_of_the_study(10.0, "CsCl")
    other = halves_of_the_study(10.0, "PbCl2")[1]
    with pytest.raises(InputError, match="join the halves of the interface"):
        join(film, other, interface_of(film, substrate))


def test_a_registry_that_is_told_is_taken_and_the_found_one_gives_the_same_particle():
    film, substrate = halves_of_the_study(14.0, "CsCl")
    along = interface_of(film, substrate, ALONG)
    found = join(film, substrate, along).model
    interface = found.report.interface
    vector_a = np.array(interface.registry.vector_a)
    half_a_cell = np.array([0.5 * 7.926667, 0.0])
    same, other = (
        join(film, substrate, interface_of(film, substrate, ALONG, registry)).model
        for registry in (vector_a, vector_a + half_a_cell)
    )
    assert same.symbols.tolist() == found.symbols.tolist()
    np.testing.assert_allclose(same.positions_a, found.positions_a, atol=1e-5)
    told = other.report.interface
    assert told.continuity.matched_fraction < 0.5
    moved = np.array(told.registry.vector_a) - vector_a - half_a_cell
    steps = moved @ np.linalg.inv([[3.9633335, 3.9633335], [-3.9633335, 3.9633335]])
    assert np.abs(steps - np.rint(steps)).max() < 1e-4  # moved on by the substrate's lattice
    raised = join(film, substrate, along, gap_a=interface.gap_a + 0.2).model
    assert raised.report.interface.gap_a == pytest.approx(interface.gap_a + 0.2)
    with pytest.raises(InputError, match="give a smaller gap_a"):
        join(film, substrate, along, gap_a=interface.gap_a + 4.0)


def test_lattice_points_lie_the_same_way_to_every_face_of_a_kind():
    for y in (0.2, 0.45):
        substrate = sphere_half(SUBSTRATE, 14.0, (1, 0, 0), "CsCl", centre=(0, y, 0.2))
        below = OrientedHalf.of(substrate, (0, 1, 1), 1.0)
        cell = [substrate.face_vector_a(u) @ below.turn.T for u in ((0, 1, 0), (0, 0, 1))]
        is_cs = below.ions.symbols == "Cs"
        away = below.ions.positions_a[is_cs, :2] - below.lattice_point_a
        cells = away @ np.linalg.inv(np.array(cell)[:, :2])  # Cs at the corners of the cells
        np.testing.assert_allclose(cells, np.rint(cells), atol=1e-9)


def test_clashes_are_edits_with_their_reason():
    options = BalanceOptions(ratio_tolerance=0.2, free_dipole_v=100.0)
    film = sphere_half(FILM, 10.0, (0, 1, 0), "Pb", options=options)
    substrate = sphere_half(SUBSTRATE, 10.0, (1, 0, 0), "PbCl2", options=options)
    along = interface_of(film, substrate, ALONG)
    gap_a = join(film, substrate, along).model.report.interface.gap_a
    model = join(film, substrate, along, gap_a=gap_a - 0.06).model
    assert_sound(model, tolerance=0.2)
    clashes = [edit for edit in model.edits if "too close" in edit.reason]
    assert clashes
    assert all(edit.action == "removed" for edit in clashes)


# ---- flat faces -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        Polyhedron(np.vstack([np.eye(3), -np.eye(3)]), np.array([9.0, 8.0, 6.0, 9.0, 8.0, 7.0])),
        Cylinder(8.0, 12.0, UP),
        Cut(Sphere(9.0), UP, 6.0),
        Cut(Cut(Sphere(9.0), UP, 6.0), np.array([1.0, 0.0, 0.0]), 3.0),
        Translated(Cut(Sphere(9.0), UP, 5.0), UP),
        Offset(Polyhedron(np.vstack([np.eye(3), -np.eye(3)]), np.full(6, 5.0)), 1.0),
        Intersection((Sphere(20.0), Cylinder(8.0, 12.0, UP))),
    ],
    ids=lambda shape: type(shape).__name__,
)
def test_flat_face_and_the_body_without_it(shape):
    offset_a, body = shape.flat_face(UP)
    assert offset_a == pytest.approx(6.0)
    points = np.random.default_rng(5).uniform(-10.0, 10.0, size=(4000, 3))
    beneath = points[:, 2] < offset_a
    assert (
        (shape.signed_distance_a(points) <= 0) == (beneath & (body.signed_distance_a(points) <= 0))
    ).all()
    assert shape.flat_face(np.array([0.6, 0.0, 0.8])) is None


# ---- recipes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("pb4s3cl2-cspbcl3-cuboid", 0.02),
        ("pb4s3cl2-cspbcl3-cap", 0.02),
        ("pb4s3cl2-cspbcl3-cube", 0.3),  # CsCl on five faces, as in the study's model
    ],
)
def test_examples(name, tolerance, tmp_path):
    built = build(EXAMPLES / f"{name}.yaml", tmp_path)
    assert_sound(built.model, tolerance=tolerance)
    assert built.summary["optimum"]["gap"] <= 1e-3
    assert built.summary["interface"]["continuity"]["matched_fraction"] == 1.0
    assert Model.read(tmp_path / "model.extxyz").n_atoms == built.model.n_atoms


def changed(recipe, path, value):
    *keys, last = path.split(".")
    changed = parse_recipe(recipe).as_dict()
    inner = changed
    for key in keys:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (
            "film",
            {
                "crystal": {"name": "CsPbCl3"},
                "shape": {
                    "kind": "hemisphere",
                    "diameter_nm": 2.0,
                    "hkl": [0, 1, 0],
                    "termination": "PbCl2",
                },
            },
            "are both CsPbCl3; give two different",
        ),
        ("film.shape.fraction", 1.2, "less than 1"),
        ("film.shape.fraction", -0.1, "greater than 0"),
        ("interface.gap_a", 1.2, "film and substrate overlap: "),
        ("interface.substrate_hkl", [0, 1, 0], "is cut along [1, 0, 0]"),
        ("interface.film_termination", "S", "ends on Pb, but the interface shall end on S"),
        ("film.shape", {"kind": "sphere", "diameter_nm": 3.0}, "which face of the sphere"),
        (
            "film.shape",
            {
                "kind": "ellipsoid",
                "diameters_nm": [3, 3, 3],
                "cuts": [{"hkl": [0, 1, 0], "offset_nm": 9}],
            },
            "has no flat face",
        ),
        ("substrate.balance", {"symmetry": "rotations"}, "can't be kept beside an interface"),
        ("interface.film_directions", [[1, 0, 0], [0, 1, 0]], "does not lie in the plane"),
        ("interface", None, "interface missing"),
    ],
)
def test_bad_recipes(study, path, value, complaint):
    with pytest.raises(InputError) as error:
        build(parse_recipe(changed(study, path, value)))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_only_needs_a_heterostructure():
    with pytest.raises(InputError, match="add film and substrate"):
        parse_recipe(
            {
                "crystal": {"name": "PbS"},
                "shape": {"kind": "sphere", "diameter_nm": 2},
                "only": "film",
            }
        )


def test_no_flat_face_where_the_interface_shall_be():
    recipe = read_recipe(EXAMPLES / "pb4s3cl2-cspbcl3-cuboid.yaml").as_dict()
    recipe["interface"]["substrate_hkl"] = [1, 1, 0]
    with pytest.raises(InputError, match=r"box has no flat face \[1, 1, 0\]"):
        build(parse_recipe(recipe))
