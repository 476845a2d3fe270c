"""Coincidence cells of plane lattices against pymatgen's ZSL and against brute force."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.interfaces.zsl import ZSLGenerator

from epicarve.builder.interfaces.match import (
    MatchOptions,
    StrainRule,
    coincidence_cells,
    common_cell,
    distinct_cells,
    face_group,
    least_strained_cell,
    stated_cell,
    sublattices,
)
from epicarve.builder.library import bundled_crystal
from epicarve.errors import InputError

FILM_A = np.diag([8.20261, 8.16986])  # Pb4S3Br2 (010)
CHLORIDE_A, BROMIDE_A = 5.605 * np.eye(2), 5.94863 * np.eye(2)  # CsPbX3 (100)
MIRROR = np.diag([1.0, -1.0])
SQUARE_TURNS = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [-1, 0]], [[-1, 0], [0, -1]], [[0, -1], [1, 0]]]
)


def lattice(a, b, angle_deg):
    angle = np.radians(angle_deg)
    return np.array([[a, 0.0], [b * np.cos(angle), b * np.sin(angle)]])


lattices = st.builds(lattice, st.floats(4, 9), st.floats(4, 9), st.floats(50, 130))
turns = st.floats(-180.0, 180.0)


def turn(angle_deg):
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.array([[c, s], [-s, c]])


def random_pairs(n):
    random = np.random.default_rng(7)
    for _ in range(n):
        film, substrate = (
            lattice(*random.uniform(4, 10, 2), random.uniform(50, 130)) for _ in range(2)
        )
        yield film, substrate, float(random.uniform(250, 600))


def zsl_of_pymatgen(film_a, substrate_a, area):
    generator = ZSLGenerator(max_area=area)
    film, substrate = (np.hstack([x, np.zeros((2, 1))]) for x in (film_a, substrate_a))
    return sorted(
        tuple(np.rint([m.film_transformation, m.substrate_transformation]).astype(int).ravel())
        for m in generator(film, substrate)
    )


def maps_of(cells):
    """The map of each cell in units of both lattices, up to a half turn, as fractions."""
    found = set()
    for cell in cells:
        (a, b), (c, d) = cell.film_matrix.tolist()
        inverse = np.array([[d, -b], [-c, a]]) @ cell.substrate_matrix
        entries = [Fraction(int(x), a * d - b * c) for x in inverse.ravel()]
        found.add(max(tuple(entries), tuple(-x for x in entries)))
    return found


PAIRS = [
    *random_pairs(20),
    (FILM_A, CHLORIDE_A, 500.0),
    (FILM_A, BROMIDE_A, 500.0),
]


@pytest.mark.parametrize(("film", "substrate", "area"), PAIRS[::3], ids=range(0, len(PAIRS), 3))
def test_pymatgens_pairs_are_cells_and_their_supercells(film, substrate, area):
    """The duplicate rule: every pair comes from a cell of the film, or of the film turned over."""
    pairs = zsl_of_pymatgen(film, substrate, area)
    options = MatchOptions(max_area_a2=area, max_strain=0.1)
    reached = set()
    for side, sign in ((np.eye(2), 1), (MIRROR, -1)):
        for cell in coincidence_cells(film @ side, substrate, options):
            most = int(area / cell.area_a2)
            for factor in sublattices(np.eye(2), most).hermite:
                both = (factor @ cell.film_matrix, factor @ cell.substrate_matrix)
                assert np.sign(np.linalg.det(both[0])) == sign
                reached.add(tuple(np.ravel([row_hermite(m) for m in both])))
    assert set(pairs) <= reached


def row_hermite(matrix):
    """Hermite normal form by the textbook's row operations."""
    (p, q), (s, r) = matrix.tolist()
    while s:
        p, q, s, r = s, r, p - p // s * s, q - p // s * r
    p, q, r = abs(p), q * (1 if p > 0 else -1), abs(r)
    return [[p, q % r], [0, r]]


@pytest.mark.parametrize(
    ("film", "substrate", "max_strain"),
    [
        (FILM_A, CHLORIDE_A, 0.2),
        (lattice(5.0, 5.1, 61.0), lattice(5.05, 5.0, 119.0), 0.1),
        (lattice(4.0, 9.0, 80.0), lattice(4.1, 8.8, 104.0), 0.25),  # shears of a long cell
        (lattice(4.0, 4.0, 90.0), lattice(4.0, 4.0, 90.0), 0.0),
    ],
)
def test_cells_are_those_of_brute_force(film, substrate, max_strain):
    area = 100.0
    entries = np.array(list(product(range(-6, 7), repeat=4))).reshape(-1, 2, 2)
    entries = entries[np.linalg.det(entries) > 0.5]
    found = {}
    for target in sublattices(substrate, int(area / abs(np.linalg.det(substrate)))).matrices:
        maps = np.linalg.solve(entries @ film, target @ substrate)
        stretches = np.linalg.svd(maps, compute_uv=False)
        fits = np.abs(stretches - 1.0).max(axis=1) <= max_strain + 1e-9
        for matrix in entries[fits]:
            (a, b), (c, d) = matrix.tolist()
            numbers = (np.array([[d, -b], [-c, a]]) @ target).ravel()
            key = tuple(Fraction(int(x), a * d - b * c) for x in numbers)
            key = max(key, tuple(-x for x in key))
            size = abs(np.linalg.det(target @ substrate))
            found[key] = min(found.get(key, np.inf), size)
    cells = coincidence_cells(
        film, substrate, MatchOptions(max_area_a2=area, max_strain=max_strain)
    )
    assert len(cells) == len(found) > 0
    assert maps_of(cells) == set(found)
    assert sum(cell.area_a2 for cell in cells) == pytest.approx(sum(found.values()))


@settings(max_examples=40, deadline=None)
@given(lattices, lattices, turns)
def test_what_a_cell_says_of_itself(film, substrate, angle):
    film = film @ turn(angle)
    for cell in coincidence_cells(film, substrate, MatchOptions(max_area_a2=150.0)):
        above, below = cell.film_matrix @ film, cell.substrate_matrix @ substrate
        assert np.linalg.det(above) > 0
        assert cell.area_a2 == pytest.approx(np.linalg.det(below))
        deformation = np.linalg.solve(above, below)
        stretches = np.linalg.svd(deformation, compute_uv=False)
        assert sorted(cell.strain) == pytest.approx(sorted(stretches - 1.0), abs=1e-9)
        assert abs(cell.strain[0]) >= abs(cell.strain[1]) - 1e-12
        stretch = turn(cell.rotation_deg).T @ deformation  # symmetric once the turn is taken off
        assert stretch[0, 1] == pytest.approx(stretch[1, 0], abs=1e-9)
        assert np.trace(stretch) > 0


@settings(max_examples=25, deadline=None)
@given(lattices, lattices, turns, st.integers(-3, 3), st.integers(-3, 3))
def test_bases_and_frames_do_not_matter(film, substrate, angle, m, n):
    options = MatchOptions(max_area_a2=140.0, max_strain=0.0801)
    changed = np.array([[1, m], [0, 1]]) @ np.array([[1, 0], [n, 1]]) @ film @ turn(angle)
    cells = coincidence_cells(film, substrate, options)
    others = coincidence_cells(changed, substrate[::-1], options)

    def numbers(found):
        return sorted((round(c.area_a2, 5), *c.strain.round(5)) for c in found)

    np.testing.assert_allclose(numbers(cells), numbers(others), atol=2e-5)


@settings(max_examples=25, deadline=None)
@given(lattices, lattices)
def test_swapped_lattices_match_alike(film, substrate):
    """A stretch s of the film is a stretch 1/s of the substrate."""
    options = MatchOptions(max_area_a2=200.0, max_strain=0.1)
    there = coincidence_cells(film, substrate, options)
    back = coincidence_cells(substrate, film, MatchOptions(max_area_a2=300.0, max_strain=0.12))
    turned = {
        tuple(np.ravel([row_hermite(c.film_matrix), row_hermite(c.substrate_matrix)])) for c in back
    }
    for cell in there:
        forms = (row_hermite(cell.substrate_matrix), row_hermite(cell.film_matrix))
        assert tuple(np.ravel(forms)) in turned


def test_cells_come_by_area_then_strain():
    cells = coincidence_cells(FILM_A, BROMIDE_A, MatchOptions(max_area_a2=600.0))
    keys = [(round(c.area_a2, 6), round(c.max_strain, 8)) for c in cells]
    assert len(cells) > 10
    assert keys == sorted(keys)
    again = coincidence_cells(FILM_A, BROMIDE_A, MatchOptions(max_area_a2=600.0))
    assert [c.film_matrix.tolist() for c in cells] == [c.film_matrix.tolist() for c in again]


def test_the_study_has_the_cell_turned_by_45_degrees():
    for substrate in (CHLORIDE_A, BROMIDE_A):
        best = coincidence_cells(FILM_A, substrate)[0]
        assert np.abs(np.linalg.det(best.substrate_matrix)) == pytest.approx(2.0)
        assert np.abs(np.linalg.det(best.film_matrix)) == pytest.approx(1.0)
        assert abs(best.rotation_deg) == pytest.approx(45.0)
    side_a = np.sqrt(2.0) * BROMIDE_A[0, 0]
    assert best.strain == pytest.approx([side_a / 8.16986 - 1.0, side_a / 8.20261 - 1.0])


def test_symmetry_leaves_one_of_each_kind():
    rectangle = np.array([np.eye(2), -np.eye(2), MIRROR, -MIRROR], dtype=int)
    square = np.concatenate([SQUARE_TURNS, SQUARE_TURNS @ MIRROR.astype(int)])
    cells = coincidence_cells(FILM_A, CHLORIDE_A, MatchOptions(max_area_a2=600.0))
    alone = rectangle[:1]
    assert len(distinct_cells(cells, alone, alone)) == 2 * len(cells)
    assert len(distinct_cells(cells, rectangle[:2], alone)) == len(cells)
    kept = distinct_cells(cells, rectangle, square)
    # the orbit of each cell kept under both groups gives back the whole list
    every = set()
    for cell in kept:
        for w, v in product(rectangle, square):
            if round(np.linalg.det(w)) == round(np.linalg.det(v)):
                x = np.linalg.inv(cell.film_matrix @ w) @ cell.substrate_matrix @ v
                every.add(tuple(x.ravel().round(6) + 0.0))
    forward = [np.linalg.inv(c.film_matrix) @ c.substrate_matrix for c in cells]
    assert every == {tuple((s * x).ravel().round(6) + 0.0) for x in forward for s in (1, -1)}
    numbers = {(round(c.area_a2, 4), *c.strain.round(6)) for c in cells}
    assert numbers == {(round(c.area_a2, 4), *c.strain.round(6)) for c in kept}


def test_group_of_a_face():
    bromide = bundled_crystal("Pb4S3Br2")
    group = bromide.symmetry.point_group
    found = face_group(group, (0, 1, 0), np.array([[0.0, 0, 1], [1, 0, 0]]))
    assert sorted(found.tolist()) == [
        [[-1, 0], [0, -1]],
        [[-1, 0], [0, 1]],
        [[1, 0], [0, -1]],
        [[1, 0], [0, 1]],
    ]
    # a hexagonal net: {111} of rock salt, in half diagonals of the faces of its cube
    cubic = bundled_crystal("PbS").symmetry.point_group
    threefold = face_group(cubic, (1, 1, 1), np.array([[0.5, -0.5, 0.0], [0.0, 0.5, -0.5]]))
    assert len(threefold) == 6
    assert not (threefold == -np.eye(2)).all(axis=(1, 2)).any()  # 3m has no half turn
    proper = threefold[np.linalg.det(threefold) > 0]
    assert {tuple(np.linalg.matrix_power(w, 3).ravel()) for w in proper} == {(1, 0, 0, 1)}


@settings(max_examples=30, deadline=None)
@given(lattices, lattices, turns, st.floats(0.0, 1.0))
def test_both_sides_reach_the_common_cell(film, substrate, angle, share):
    film = film @ turn(angle)
    rules = [
        StrainRule(fixed="substrate"),
        StrainRule(fixed="film"),
        StrainRule(fixed="split", film_share=share),
    ]
    for cell in coincidence_cells(film, substrate, MatchOptions(max_area_a2=120.0))[:5]:
        for rule in rules:
            shared = common_cell(cell, film, substrate, rule)
            above = cell.film_matrix @ film @ shared.film_deformation
            below = cell.substrate_matrix @ substrate @ shared.substrate_deformation
            np.testing.assert_allclose(above, shared.lattice_a, atol=1e-9)
            np.testing.assert_allclose(below, shared.lattice_a, atol=1e-9)
            symmetric = shared.substrate_deformation
            np.testing.assert_allclose(symmetric, symmetric.T, atol=1e-12)
            film_stretches = np.linalg.svd(shared.film_deformation, compute_uv=False)
            np.testing.assert_allclose(
                np.sort(film_stretches - 1.0), np.sort(shared.film_strain), atol=1e-12
            )
            # the logarithmic strains of film and substrate add up to the whole
            whole = np.log1p(np.sort(cell.strain))
            parts = np.log1p(np.sort(shared.film_strain))
            parts = parts - np.log1p(np.sort(shared.substrate_strain))[::-1]
            np.testing.assert_allclose(parts, whole, atol=1e-9)
            if rule.fixed != "split":
                rigid = getattr(shared, f"{rule.fixed}_strain")
                np.testing.assert_allclose(rigid, 0.0, atol=1e-12)


def test_large_strain_is_refused_unless_allowed():
    film, substrate = 5.0 * np.eye(2), 5.7 * np.eye(2)
    cell = coincidence_cells(film, substrate, MatchOptions(max_area_a2=40.0, max_strain=0.15))[0]
    with pytest.raises(InputError, match=r"film would be strained by \+14.0%, more than 10%"):
        common_cell(cell, film, substrate)
    allowed = common_cell(cell, film, substrate, StrainRule(max_strain=0.15))
    assert allowed.film_strain == pytest.approx([0.14, 0.14])


def test_the_film_may_be_larger_than_the_largest_area():
    """The area is that of the substrate's supercell, 25 Å²; the film's is 27 Å²."""
    options = MatchOptions(max_area_a2=25.0, max_strain=0.06)
    (cell,) = distinct_cells(
        coincidence_cells(5.2 * np.eye(2), 5.0 * np.eye(2), options), SQUARE_TURNS, SQUARE_TURNS
    )
    assert cell.area_a2 == pytest.approx(25.0)


def test_the_least_strained_cell_is_there_where_none_is_within_the_strain():
    options = MatchOptions(max_area_a2=70.0, max_strain=0.01)
    assert coincidence_cells(FILM_A, CHLORIDE_A, options) == ()
    nearest = least_strained_cell(FILM_A, CHLORIDE_A, 70.0)
    assert nearest.max_strain == pytest.approx(0.03364, abs=1e-5)
    assert least_strained_cell(FILM_A, CHLORIDE_A, 5.0) is None


@pytest.mark.parametrize(("signs", "turned"), [((1, 1), 45.0), ((1, -1), 45.0), ((-1, -1), -135.0)])
def test_a_cell_that_is_told_is_the_one_that_is_found(signs, turned):
    """A second vector told the other way round is turned round, for both sides alike."""
    (found, _) = coincidence_cells(FILM_A, CHLORIDE_A, MatchOptions(max_area_a2=70.0))
    film, substrate = np.eye(2, dtype=int), np.array([[1, 1], [-1, 1]])
    film = film * [[signs[0]], [signs[1]]]
    told = stated_cell(FILM_A, CHLORIDE_A, film, substrate)
    assert told.area_a2 == pytest.approx(found.area_a2)
    np.testing.assert_allclose(told.strain, found.strain)
    assert told.rotation_deg == pytest.approx(turned)
    assert np.linalg.det(told.film_matrix) > 0


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (np.array([[1.0, 2.0], [2.0, 4.0]]), "parallel"),
        (np.eye(3), "two rows"),
        (np.array([[np.nan, 0.0], [0.0, 1.0]]), "two rows"),
    ],
)
def test_bad_lattices_are_refused(bad, what):
    with pytest.raises(InputError, match=what):
        coincidence_cells(bad, CHLORIDE_A)
    with pytest.raises(InputError, match=what):
        coincidence_cells(CHLORIDE_A, bad)


def test_an_endless_list_is_refused():
    with pytest.raises(InputError, match="lower the largest area"):
        coincidence_cells(FILM_A, CHLORIDE_A, MatchOptions(max_area_a2=1e6))
