"""Wulff polyhedra against pymatgen's, and signed facets of polar crystals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epicarve.builder.crystal import Crystal
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Facet, wulff_facets, wulff_polyhedron
from epicarve.errors import InputError

GALENA = bundled_crystal("PbS")


@pytest.fixture(scope="module")
def zinc_blende():
    fcc = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    return Crystal(
        name="ZnS",
        cell_a=5.41 * np.eye(3),
        symbols=np.array(["Zn"] * 4 + ["S"] * 4),
        fractional=np.vstack([fcc, fcc + 0.25]),
        oxidation_states=np.array([2] * 4 + [-2] * 4),
    )


@settings(max_examples=15, deadline=None)
@given(
    energies=st.tuples(st.floats(0.5, 2.0), st.floats(0.5, 2.0), st.floats(0.5, 2.0)),
    name=st.sampled_from(["PbS", "CsPbBr3-Pnma"]),
)
def test_same_body_as_pymatgen(energies, name):
    from pymatgen.analysis.wulff import WulffShape
    from pymatgen.core.lattice import Lattice

    crystal = bundled_crystal(name)
    planes = [(1, 0, 0), (1, 1, 0), (1, 1, 1)]
    if name != "PbS":
        planes = [*planes, (0, 1, 0), (0, 0, 1)]
        energies = (*energies, 1.0, 1.1)
    peer = WulffShape(Lattice(crystal.cell_a), planes, list(energies))
    ours = wulff_polyhedron(
        crystal, [Facet(plane, e) for plane, e in zip(planes, energies, strict=True)], 10.0
    )
    theirs = np.array(peer.wulff_convex.points)
    width = max(np.linalg.norm(theirs[:, None] - theirs[None], axis=2).ravel())
    assert ours.diameter_a == pytest.approx(10.0)
    assert ours.volume_a3 == pytest.approx(peer.volume * (10.0 / width) ** 3, rel=1e-6)


def test_truncated_octahedron_in_closed_form():
    """Equal edges when γ(100)/γ(111) = 2/√3: volume 8√2 a³, diameter √10 a."""
    facets = [Facet((1, 1, 1), np.sqrt(3)), Facet((1, 0, 0), 2.0)]
    body = wulff_polyhedron(GALENA, facets, np.sqrt(10.0))
    assert len(body.vertices_a) == 24
    assert body.volume_a3 == pytest.approx(8.0 * np.sqrt(2.0))


def test_opposite_facets_of_a_polar_crystal_differ(zinc_blende):
    group = zinc_blende.symmetry
    assert len(group.equivalent_planes((1, 1, 1))) == 4
    assert (-1, -1, -1) not in group.equivalent_planes((1, 1, 1))
    facets = [Facet((1, 1, 1), 1.0), Facet((-1, -1, -1), 1.4)]
    body = wulff_polyhedron(zinc_blende, facets, 20.0)
    along = np.array([[1.0, 1, 1], [-1, -1, -1]]) / np.sqrt(3.0)
    near, far = -body.signed_distance_a(np.zeros((1, 3)))[0], body.offsets_a.max()
    assert far / near == pytest.approx(1.4)
    heights = (body.vertices_a @ along.T).max(axis=0)
    assert heights[0] == pytest.approx(near)
    assert heights[1] > heights[0] * 1.3


def test_tetrahedron_from_one_signed_facet(zinc_blende):
    body = wulff_polyhedron(zinc_blende, [Facet((1, 1, 1), 1.0)], 10.0)
    assert len(body.vertices_a) == 4
    assert body.volume_a3 == pytest.approx(1000.0 / (6.0 * np.sqrt(2.0)))


def test_multiples_of_a_plane_are_the_plane():
    found = [
        {facet.hkl for facet in wulff_facets(GALENA, [Facet(hkl, 1.0)], symmetry=True)}
        for hkl in ((2, 0, 0), (0, -3, 0))
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 6


@pytest.mark.parametrize(
    ("facets", "symmetry", "complaint"),
    [
        ([Facet((1, 0, 0), 1.0), Facet((0, 0, -1), 2.0)], True, "same facet by symmetry"),
        ([Facet((1, 0, 0), 1.0), Facet((1, 1, 1), 2.0)], False, "leave the body open"),
        ([Facet((h, 0, 0), 1.0) for h in (1, -1)], False, "leave the body open"),
    ],
)
def test_facets_that_make_no_body(facets, symmetry, complaint):
    with pytest.raises(InputError, match=complaint):
        wulff_polyhedron(GALENA, facets, 20.0, symmetry=symmetry)
