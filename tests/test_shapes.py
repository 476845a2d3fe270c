"""Shapes: closed forms, brute-force sampling, and what recipes may say of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epicarve.builder.carve import carve_particle
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import (
    Capsule,
    Cut,
    Cylinder,
    Difference,
    Ellipsoid,
    HalfSpace,
    Intersection,
    Offset,
    Polyhedron,
    Sphere,
    Translated,
    Union,
    sphere_part,
)
from epicarve.errors import InputError
from epicarve.workflow.recipes import parse_recipe

SEED = 7
lengths = st.floats(2.0, 20.0)
seeds = st.integers(0, 2**31 - 1)


def unit(vector):
    return np.asarray(vector, dtype=float) / np.linalg.norm(vector)


AXIS = unit([1.0, 2.0, -0.5])
TURN = np.linalg.qr(np.random.default_rng(SEED).normal(size=(3, 3)))[0]
CUBE = Polyhedron(np.vstack([np.eye(3), -np.eye(3)]), np.array([4.0, 5, 6, 4, 5, 6]))

SHAPES = {
    "sphere": Sphere(6.0),
    "ellipsoid": Ellipsoid(np.array([3.0, 5.0, 8.0]), TURN),
    "cylinder": Cylinder(4.0, 7.0, AXIS),
    "capsule": Capsule(3.0, 14.0, AXIS),
    "polyhedron": CUBE,
    "cut": Cut(Sphere(6.0), AXIS, 1.5),
    "part": sphere_part(6.0, AXIS, 0.3),
    "intersection": Intersection((CUBE, Sphere(5.5))),
    "half": Intersection((Sphere(6.0), HalfSpace(AXIS, -1.0))),
    "union": Union((Sphere(4.0), Translated(Sphere(5.0), np.array([5.0, 0.0, 1.0])))),
    "difference": Difference(Sphere(7.0), Ellipsoid(np.array([3.0, 5.0, 5.0]), TURN)),
    "grown": Offset(CUBE, 1.0),
    "shrunk": Offset(CUBE, -1.0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_distance_is_never_beyond_a_point_of_the_other_side(name):
    """Brute force: |d(p)| is at most the distance to any sampled point across the surface."""
    shape = SHAPES[name]
    low, high = shape.bounds_a
    points = np.random.default_rng(SEED).uniform(low - 2.0, high + 2.0, size=(3000, 3))
    distance = shape.signed_distance_a(points)
    inside, outside = points[distance <= 0], points[distance > 0]
    assert len(inside) > 100
    assert len(outside) > 100
    between = np.linalg.norm(inside[:, None] - outside[None], axis=2)
    slack = between + distance[distance <= 0][:, None] - distance[distance > 0][None]
    assert slack.min() >= -1e-9  # also: the distance changes by no more than the way gone


@pytest.mark.parametrize("name", SHAPES)
def test_box_holds_the_shape(name):
    shape = SHAPES[name]
    low, high = shape.bounds_a
    points = np.random.default_rng(SEED).uniform(low - 5.0, high + 5.0, size=(20000, 3))
    held = points[shape.signed_distance_a(points) <= 0.0]
    assert (held >= low).all()
    assert (held <= high).all()


def sampled_volume(shape, n=200_000):
    low, high = shape.bounds_a
    points = np.random.default_rng(SEED).uniform(low, high, size=(n, 3))
    return float((shape.signed_distance_a(points) <= 0.0).mean() * np.prod(high - low))


@pytest.mark.parametrize(
    ("shape", "volume"),
    [
        (Sphere(6.0), 4 / 3 * np.pi * 6**3),
        (Ellipsoid(np.array([3.0, 5.0, 8.0]), TURN), 4 / 3 * np.pi * 120),
        (Cylinder(4.0, 7.0, AXIS), np.pi * 16 * 7),
        (Capsule(3.0, 14.0, AXIS), np.pi * 9 * 8 + 4 / 3 * np.pi * 27),
        (CUBE, 8 * 120),
        (Difference(Sphere(6.0), Sphere(4.0)), 4 / 3 * np.pi * (216 - 64)),
    ],
)
def test_volumes_in_closed_form(shape, volume):
    assert sampled_volume(shape) == pytest.approx(volume, rel=0.015)


@given(fraction=st.floats(0.02, 0.98))
def test_part_of_a_sphere_keeps_its_share(fraction):
    part = sphere_part(1.0, np.array([0.0, 0.0, 1.0]), fraction)
    bottom = float(part.shape.shift_a[2]) - 1.0  # the pole of the cap, below the plane z = 0
    height = -bottom
    assert height**2 * (3.0 - height) / 4.0 == pytest.approx(fraction, abs=1e-9)


@given(axes=st.tuples(lengths, lengths, lengths), away=st.floats(-0.9, 30.0), seed=seeds)
def test_ellipsoid_is_exact_along_its_normals(axes, away, seed):
    """From a point of the surface along its normal the distance is the way gone.

    Inward that holds up to the smallest radius of curvature, min(a)²/max(a).
    """
    semi = np.array(axes)
    direction = unit(np.random.default_rng(seed).normal(size=3))
    on = semi * direction
    normal = unit(on / semi**2)
    step = away * (semi.min() ** 2 / semi.max() if away < 0 else 1.0)
    found = Ellipsoid(semi, np.eye(3)).signed_distance_a((on + step * normal)[None])
    assert found[0] == pytest.approx(step, abs=1e-8)


def test_ellipsoid_on_its_axes_and_in_its_centre():
    egg = Ellipsoid(np.array([3.0, 5.0, 8.0]), np.eye(3))
    points = np.array([[0.0, 0.0, 0.0], [0, 0, 9], [0, 6, 0], [1, 0, 0], [0, 0, 1e-9], [3, 0, 0]])
    expected = [-3.0, 1.0, 1.0, -2.0, -3.0, 0.0]
    assert egg.signed_distance_a(points) == pytest.approx(expected, abs=1e-6)


@given(radius=lengths, length=lengths, around=st.floats(0, 40), along=st.floats(-40, 40))
def test_rods_in_closed_form(radius, length, around, along):
    across = unit(np.cross(AXIS, [0.0, 0.0, 1.0]))
    point = (around * across + along * AXIS)[None]
    out = np.array([around - radius, abs(along) - length / 2])
    flat = np.linalg.norm(out.clip(0)) if (out > 0).any() else out.max()
    assert Cylinder(radius, length, AXIS).signed_distance_a(point)[0] == pytest.approx(flat)
    beyond = max(abs(along) - length / 2, 0.0)
    round_ = np.hypot(around, beyond) - radius
    rod = Capsule(radius, length + 2 * radius, AXIS)
    assert rod.signed_distance_a(point)[0] == pytest.approx(round_, abs=1e-9)


@given(seed=seeds)
def test_combinations_hold_what_their_parts_say(seed):
    points = np.random.default_rng(seed).uniform(-9, 9, size=(200, 3))
    a, b = CUBE, Translated(Sphere(5.0), np.array([2.0, 1.0, 0.0]))
    in_a, in_b = a.signed_distance_a(points) <= 0, b.signed_distance_a(points) <= 0
    for shape, expected in (
        (Union((a, b)), in_a | in_b),
        (Intersection((a, b)), in_a & in_b),
        (Difference(a, b), in_a & ~in_b),
    ):
        assert ((shape.signed_distance_a(points) <= 0) == expected).all()
        assert shape.trim_distance_a(points) == pytest.approx(shape.signed_distance_a(points))


def test_fixed_face_stays_fixed_in_combinations():
    cut = Cut(Sphere(10.0), np.array([0.0, 0.0, 1.0]), 0.0)
    below, above = np.array([[0.0, 0.0, -0.1]]), np.array([[0.0, 0.0, 0.1]])
    for shape in (cut, Intersection((cut, Sphere(20.0))), Translated(cut, np.zeros(3))):
        assert shape.trim_distance_a(below)[0] < -9.0
        assert shape.trim_distance_a(above)[0] == np.inf
    filled = Union((cut, Translated(Sphere(2.0), np.array([0.0, 0.0, 1.0]))))
    assert filled.trim_distance_a(above)[0] == pytest.approx(-1.1)


@given(seed=seeds)
def test_polyhedron_vertices_lie_on_three_faces(seed):
    random = np.random.default_rng(seed)
    normals = random.normal(size=(20, 3))
    normals = (
        np.vstack([normals, -normals]) / np.linalg.norm(np.vstack([normals] * 2), axis=1)[:, None]
    )
    body = Polyhedron(normals, random.uniform(3.0, 9.0, size=40))
    heights = body.vertices_a @ normals.T - body.offsets_a
    assert heights.max() < 1e-6
    assert ((np.abs(heights) < 1e-6).sum(axis=1) >= 3).all()
    points = random.uniform(*body.bounds_a, size=(100, 3))
    inside = (points @ normals.T <= body.offsets_a).all(axis=1)
    assert ((body.signed_distance_a(points) <= 0) == inside).all()


def recipe(**shape):
    return parse_recipe({"crystal": {"name": "CsPbBr3"}, "shape": shape})


PERPENDICULAR = [{"hkl": hkl, "length_nm": 2.0} for hkl in ([1, 0, 0], [0, 1, 0], [0, 0, 1])]


@pytest.mark.parametrize(
    "shape",
    [
        {"kind": "sphere", "diameter_nm": 2.2},
        {"kind": "sphere", "diameter_nm": 2.6, "cuts": [{"hkl": [1, 0, 0], "termination": "CsBr"}]},
        {"kind": "sphere", "diameter_nm": 2.6, "cuts": [{"hkl": [1, 1, 1], "offset_nm": 0.6}]},
        {"kind": "hemisphere", "diameter_nm": 2.6, "hkl": [1, 0, 0], "fraction": 0.7},
        {"kind": "ellipsoid", "diameters_nm": [2.0, 2.4, 3.0], "along": [[1, 1, 0], [0, 0, 1]]},
        {"kind": "rod", "direction": [0, 0, 1], "diameter_nm": 1.8, "length_nm": 3.4},
        {"kind": "rod", "direction": [1, 1, 0], "diameter_nm": 1.8, "length_nm": 3, "ends": "flat"},
        {"kind": "platelet", "hkl": [0, 0, 1], "diameter_nm": 3.0, "thickness_nm": 1.3},
        {"kind": "box", "faces": PERPENDICULAR, "centre": "Pb"},
        {
            "kind": "difference",
            "parts": [
                {"kind": "sphere", "diameter_nm": 3.4},
                {"kind": "sphere", "diameter_nm": 1.2},
            ],
        },
        {
            "kind": "union",
            "parts": [
                {"kind": "sphere", "diameter_nm": 2.0},
                {"kind": "sphere", "diameter_nm": 2.0, "shift_nm": [1.5, 0, 0], "grow_nm": 0.1},
            ],
        },
    ],
    ids=lambda shape: shape["kind"],
)
def test_every_kind_gives_a_neutral_particle(shape):
    asked = recipe(**{"centre": [0.1, 0.2, 0.3], **shape})
    model = carve_particle(bundled_crystal("CsPbBr3"), asked.shape).model
    assert model.net_charge == 0
    assert model.n_components == 1
    assert model.n_atoms > 60


def test_cut_ends_on_the_layer_asked_for():
    asked = recipe(
        kind="sphere",
        diameter_nm=3.0,
        centre=[0.1, 0.2, 0.3],
        cuts=[{"hkl": [1, 0, 0], "offset_nm": 0.3, "termination": "PbBr2"}],
    )
    crystal = bundled_crystal("CsPbBr3")
    model = carve_particle(crystal, asked.shape).model
    height = model.positions_a[:, 0]
    face = set(model.symbols[height > height.max() - 0.5].tolist())
    assert face == {"Pb", "Br"}
    assert abs(height.max() - 3.0) < crystal.cell_a[0, 0] / 2


def test_box_faces_on_named_layers_are_nearest_to_the_lengths():
    crystal = bundled_crystal("CsPbBr3")
    faces = [{**face, "termination": "CsBr"} for face in PERPENDICULAR]
    box = recipe(kind="box", faces=faces).shape.shape(crystal, (0.0, 0.0, 0.0))
    a = crystal.cell_a[0, 0]
    low, high = box.bounds_a
    assert high - low == pytest.approx(np.full(3, 2.5 * a))  # 2 cells and half a gap on each side
    assert abs(20.0 - 2.5 * a) < a  # no other cut of this kind is nearer on either side


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        ({"kind": "sphere", "diameter_nm": -3}, "greater than 0"),
        ({"kind": "sphere"}, "give one of diameter_nm, atoms, formula_units"),
        ({"kind": "sphere", "diameter_nm": 3, "atoms": 100}, "diameter_nm and atoms given"),
        ({"kind": "sphere", "atoms": 10, "formula_units": 2}, "both set the size"),
        ({"kind": "sphere", "atoms": 10**9}, "the limit is"),
        ({"kind": "sphere", "diameter_nm": 3, "centre": [0, 0]}, "not a centre"),
        ({"kind": "sphere", "diameter_nm": 3, "centre": "Xe"}, "there are the ions Cs, Pb, Br"),
        ({"kind": "sphere", "diameter_nm": 3, "grow_nm": -2}, "shrink it less"),
        ({"kind": "sphere", "diameter_nm": 3, "cuts": [{"hkl": [0, 0, 0]}]}, "no plane"),
        (
            {"kind": "hemisphere", "diameter_nm": 3, "hkl": [1, 0, 0], "fraction": 1.0},
            "less than 1",
        ),
        ({"kind": "rod", "direction": [0, 0, 1], "diameter_nm": 3, "length_nm": 2}, "ends: flat"),
        (
            {"kind": "hemisphere", "diameter_nm": 3, "hkl": [1, 0, 0], "grow_nm": 0.1},
            "off its atomic layer",
        ),
        ({"kind": "ellipsoid", "diameters_nm": [1, 2, -3]}, "greater than 0"),
        (
            {"kind": "ellipsoid", "diameters_nm": [3, 3, 3], "along": [[1, 0, 0], [2, 0, 0]]},
            "not parallel",
        ),
        ({"kind": "box", "faces": [*PERPENDICULAR[:2], PERPENDICULAR[0]]}, "leave the body open"),
        (
            {
                "kind": "intersection",
                "parts": [
                    {"kind": "sphere", "diameter_nm": 2},
                    {"kind": "sphere", "diameter_nm": 2, "shift_nm": [4, 0, 0]},
                ],
            },
            "do not overlap",
        ),
        (
            {
                "kind": "difference",
                "parts": [
                    {"kind": "sphere", "diameter_nm": 2},
                    {"kind": "sphere", "diameter_nm": 3},
                ],
            },
            "holds no ion",
        ),
        (
            {
                "kind": "union",
                "parts": [{"kind": "sphere", "diameter_nm": 2}, {"kind": "sphere", "atoms": 30}],
            },
            "belongs to the whole",
        ),
        (
            {"kind": "sphere", "diameter_nm": 2, "cuts": [{"hkl": [1, 0, 0], "offset_nm": -2}]},
            "holds no ion",
        ),
    ],
)
def test_bad_shapes_are_one_sentence(shape, complaint):
    with pytest.raises(InputError, match=complaint) as error:
        carve_particle(bundled_crystal("CsPbBr3"), recipe(**shape).shape)
    assert "\n" not in str(error.value)
