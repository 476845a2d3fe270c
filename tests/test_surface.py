import numpy as np
import pytest
from crystal_prototypes import PROTOTYPES

from epicarve.builder.geometry import CLASSES, nearest_planes, surface_of
from epicarve.builder.library import bundled_crystal
from epicarve.builder.model import Model
from epicarve.builder.shapes import Cut, Polyhedron, Sphere, ions_near

CUBE = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
OCTAHEDRON = [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1)]


@pytest.fixture
def rock_salt(tmp_path):
    return next(p for p in PROTOTYPES if p.name == "NaCl").crystal(tmp_path)


def polyhedron(crystal, hkls, offset_a):
    normals = np.array([sign * crystal.direction(hkl) for hkl in hkls for sign in (1, -1)])
    return Polyhedron(normals, np.full(len(normals), offset_a))


def plain_cut(crystal, shape):
    """Every ion in a shape, neither balanced nor connected."""
    ions = ions_near(crystal, shape, np.zeros(3), 0.0)
    return Model(
        symbols=ions.symbols,
        positions_a=ions.positions_a,
        charges=ions.charges,
        domains=np.full(ions.n_ions, crystal.name),
        sites=ions.sites,
        coordination=np.asarray(ions.adjacency().sum(axis=1), dtype=int),
        bulk_coordination=ions.bulk_coordination,
        components=np.zeros(ions.n_ions, dtype=int),
    )


@pytest.mark.parametrize("n", [5, 11])
def test_cube_of_rock_salt_is_counted_as_by_hand(rock_salt, n):
    step = rock_salt.cell_a[0, 0] / 2
    cube = polyhedron(rock_salt, CUBE, step * (n - 1) / 2 + 0.1)
    surface = surface_of(plain_cut(rock_salt, cube), [rock_salt])
    inner = n - 2
    found = surface.figures()
    assert found.classes == {
        "bulk": inner**3,
        "terrace": 6 * inner**2,
        "edge": 12 * inner,
        "corner": 8,
    }
    assert sum(found.broken_bonds.values()) == 6 * n**2
    on_terrace = surface.classes == "terrace"
    planes, counts = np.unique(surface.labels[on_terrace], return_counts=True)
    assert planes.tolist() == ["(-1,0,0)", "(0,-1,0)", "(0,0,-1)", "(0,0,1)", "(0,1,0)", "(1,0,0)"]
    assert set(counts.tolist()) == {inner**2}
    for_corner = surface.labels[surface.classes == "corner"]
    assert len(set(for_corner.tolist())) == 8
    assert all(label.count("1") == 3 for label in for_corner.tolist())


def test_octahedron_of_rock_salt_has_six_corners_and_twelve_edges(rock_salt):
    octahedron = polyhedron(rock_salt, OCTAHEDRON, 14.2)
    surface = surface_of(plain_cut(rock_salt, octahedron), [rock_salt])
    counts = surface.figures().classes
    assert counts["corner"] == 6
    assert counts["edge"] == 12 * 7
    on_terrace = surface.labels[surface.classes == "terrace"]
    assert all(label.count("1") == 3 for label in on_terrace.tolist())


def test_normals_of_a_sphere_point_outward():
    galena = bundled_crystal("PbS")
    dot = plain_cut(galena, Sphere(15.0))
    surface = surface_of(dot, [galena])
    ions = surface.classes != "bulk"
    np.testing.assert_array_equal(ions, dot.is_surface)
    outward = dot.positions_a[ions] / np.linalg.norm(dot.positions_a[ions], axis=1)[:, None]
    cosines = (surface.normals[ions] * outward).sum(axis=1)
    assert np.median(cosines) > 0.9
    assert (surface.labels[~ions] == "-").all()


def test_a_turned_and_moved_model_has_the_same_surface():
    crystal = bundled_crystal("Pb4S3Br2")
    dot = plain_cut(crystal, Sphere(12.0))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    still = surface_of(dot, [crystal])
    moved = surface_of(dot.transformed(turn, (5.0, 1.0, -3.0)), [crystal], {crystal.name: turn})
    np.testing.assert_array_equal(moved.classes, still.classes)
    np.testing.assert_array_equal(moved.labels, still.labels)
    np.testing.assert_allclose(moved.normals, still.normals @ turn.T, atol=1e-6)


def test_flat_face_of_a_hemisphere_is_a_terrace_of_its_plane():
    crystal = bundled_crystal("CsPbCl3")
    normal = crystal.direction((1, 0, 0))
    half = plain_cut(crystal, Cut(Sphere(17.0), normal, 0.1))
    surface = surface_of(half, [crystal])
    height = half.positions_a @ normal
    away_from_rim = np.linalg.norm(half.positions_a, axis=1) < 10.0
    face = half.is_surface & (height > height.max() - 0.1) & away_from_rim
    assert face.sum() > 10
    assert set(surface.labels[face].tolist()) == {"(1,0,0)"}
    assert set(surface.classes[face].tolist()) == {"terrace"}


def test_blocks_and_columns_agree(tmp_path):
    from ase.io import read

    crystal = bundled_crystal("PbS")
    dot = plain_cut(crystal, Sphere(12.0))
    surface = surface_of(dot, [crystal])
    path = tmp_path / "model.extxyz"
    dot.write_extxyz(path, surface.columns)
    back = read(path)
    assert back.arrays["surface"].tolist() == surface.classes.tolist()
    assert back.arrays["plane"].tolist() == surface.labels.tolist()
    np.testing.assert_array_equal(Model.read(path).coordination, dot.coordination)
    found = surface.figures()
    assert list(found.classes) == list(CLASSES)
    assert sum(found.planes["PbS"].values()) == dot.is_surface.sum()
    assert sum(found.composition.surface.values()) == dot.is_surface.sum()
    assert found.composition.whole == dot.counts


def test_higher_indices_are_found_when_asked_for(rock_salt):
    normal = np.array([[2.0, 1.0, 0.0]]) / np.sqrt(5)
    assert nearest_planes(rock_salt, normal, max_index=2).tolist() == [[2, 1, 0]]
    assert nearest_planes(rock_salt, normal).tolist() == [[1, 1, 0]]
