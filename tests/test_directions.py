"""Directions of an interface: lattice vectors of centred cells too, one cell on both sides."""

from dataclasses import replace

import numpy as np
import pytest
from crystal_prototypes import PROTOTYPES

from epicarve.builder.hetero import misfit, sphere_half
from epicarve.builder.interfaces import SearchOptions, best_of_faces, search
from epicarve.builder.interfaces.match import MatchOptions
from epicarve.builder.library import bundled_crystal
from epicarve.errors import InputError

CENTRED = {  # film, substrate: all kinds of centring on either side
    ("CaF2", "SrTiO3"): "F on P",
    ("SrTiO3", "CaF2"): "P on F",
    ("ZnS", "NaCl"): "F on F",
    ("TiO2-anatase", "SrTiO3"): "I on P",
    ("La2CuO4", "TiO2-anatase"): "I on I",
    ("CuO", "SrTiO3"): "C on P",
    ("Al2O3", "ZnO"): "R on P",
    ("ZnO", "ZnS"): "P hexagonal on F",
    ("FeTiO3", "Al2O3"): "R on R",
}


@pytest.fixture(scope="module")
def crystal(tmp_path_factory):
    folder, known = tmp_path_factory.mktemp("crystals"), {p.name: p for p in PROTOTYPES}
    return lambda name: known[name].crystal(folder)


def assert_lattice_vector(crystal, uvw):
    """The translation takes every ion onto one of its kind."""
    away = crystal.fractional[:, None] + np.array(uvw, dtype=float) - crystal.fractional
    away -= np.rint(away)
    near = np.linalg.norm(away @ crystal.cell_a, axis=2) < 0.02
    alike = crystal.symbols[:, None] == crystal.symbols
    assert (near & alike).any(axis=1).all()


@pytest.mark.parametrize("names", CENTRED, ids=CENTRED.get)
def test_directions_span_one_cell_on_both_sides(crystal, names):
    film, substrate = map(crystal, names)
    options = SearchOptions(match=MatchOptions(max_area_a2=130.0, max_strain=0.06))
    for found in search(film, substrate, options)[:3]:
        told = found.as_dict()
        spans = []
        for one, key in ((film, "film_directions"), (substrate, "substrate_directions")):
            for uvw in told[key]:
                assert_lattice_vector(one, uvw)
            spans.append(np.array(told[key], dtype=float) @ one.cell_a)
        area, other = (float(np.linalg.norm(np.cross(*span))) for span in spans)
        assert other == pytest.approx(told["area_a2"], rel=1e-5)
        assert area * np.prod(1.0 + found.cell.strain) == pytest.approx(other, rel=1e-5)
        # no smaller cell is left out: the vectors are those of the coincidence cell
        halves = [
            sphere_half(face.crystal, 9.0, face.termination.hkl)
            for face in (found.film, found.substrate)
        ]
        rows = misfit(*halves, found.film_directions, found.substrate_directions)
        for row, a, b in zip(rows, *spans, strict=True):
            assert row.film_a * (1.0 + row.strain) == pytest.approx(row.substrate_a)
            assert row.film_a == pytest.approx(np.linalg.norm(a), rel=1e-5)
            assert row.substrate_a == pytest.approx(np.linalg.norm(b), rel=1e-5)
            assert abs(row.strain) <= 0.1


def test_ceria_on_strontium_titanate_fits_to_two_percent(crystal):
    """3.905 Å against 5.4626/√2 Å of fluorite: the film's shortest vector is half a diagonal."""
    film = sphere_half(crystal("CaF2"), 8.0, (1, 0, 0))
    substrate = sphere_half(crystal("SrTiO3"), 8.0, (1, 0, 0))
    best = best_of_faces(film.crystal, film.face, substrate.crystal, substrate.face)
    rows = misfit(film, substrate, best.film_directions, best.substrate_directions)
    for row in rows:
        assert row.film_a == pytest.approx(5.4626 / np.sqrt(2.0), abs=1e-4)
        assert row.substrate_a == pytest.approx(3.905)
        assert row.strain == pytest.approx(3.905 * np.sqrt(2.0) / 5.4626 - 1.0, abs=1e-5)
        assert sorted(map(abs, row.film_direction)) == [0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("film_directions", "substrate_directions", "said"),
    [
        (((0, 1, 1), (0, -1, 1)), ((0, 1, 0), (0, 0, 1)), "give [0, 1, 1] and [0, 2, 0]"),
        (((0, 0.5, 0), (0, 0, 1)), ((0, 1, 0), (0, 0, 1)), "[0, 0.5, 0] is no lattice vector"),
        (((0, 1, 0), (0, 2, 0)), ((0, 1, 0), (0, 0, 1)), "are parallel"),
        (((0, 1, 0), (0, 0, 1)), ((0, 1, 0), (0, 1, 2)), "choose directions of like angle"),
        (((1, 0, 0), (0, 0, 1)), ((0, 1, 0), (0, 0, 1)), "does not lie in the plane"),
    ],
)
def test_directions_that_span_no_common_cell(crystal, film_directions, substrate_directions, said):
    halves = [sphere_half(crystal(name), 8.0, (1, 0, 0)) for name in ("CaF2", "SrTiO3")]
    with pytest.raises(InputError) as error:
        misfit(*halves, film_directions, substrate_directions)
    assert said in str(error.value)


def test_directions_that_turn_the_other_way_are_taken_for_the_cell_they_span(crystal):
    """The film lies face down: 60° to the left lie on 60° to the right of the substrate."""
    halves = [sphere_half(crystal(name), 8.0, (1, 1, 1)) for name in ("ZnS", "CaF2")]
    same = ((0, 0.5, -0.5), (0.5, 0, -0.5))
    first, second = misfit(*halves, same, same)
    assert first.strain == pytest.approx(5.4626 / 5.4093 - 1.0)
    assert second.strain == pytest.approx(first.strain)
    assert second.film_direction == (0.5, -0.5, 0)  # with the first one, the same cell


def test_any_face_has_a_shortest_direction():
    half = sphere_half(bundled_crystal("CsPbCl3"), 9.0, (1, 0, 0))
    for hkl in ((11, 7, 0), (11, 7, 3), (17, 13, 5), (97, 89, 3)):
        other = replace(half, face=replace(half.face, hkl=hkl))
        uvw = other.shortest_direction
        assert np.dot(uvw, hkl) == 0
        assert any(uvw)
