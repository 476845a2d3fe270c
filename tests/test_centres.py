"""Centres by name, the largest void, the search for the best, and sizes by number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structure_types import STRUCTURE_TYPES

from epicarve.builder.carve import (
    best_centre,
    candidates,
    carve,
    carve_count,
    carve_particle,
    largest_void,
    locate,
    scale_for_count,
    site_labels,
)
from epicarve.builder.crystal import Crystal
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere, SphereSpec
from epicarve.errors import InputError

PEROVSKITE = bundled_crystal("CsPbBr3")
THIOHALIDE = bundled_crystal("Pb4S3Br2")


def nearest_ion_a(crystal, points):
    away = points[:, None, :] - crystal.fractional[None]
    cells = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    away = (away - np.floor(away))[:, :, None, :] - cells
    return np.linalg.norm(away @ crystal.cell_a, axis=3).min(axis=(1, 2))


@pytest.mark.parametrize("name", STRUCTURE_TYPES)
def test_no_point_is_further_from_all_ions_than_the_void(name):
    crystal = bundled_crystal(name)
    void, radius_a = largest_void(crystal)
    points = np.random.default_rng(3).uniform(size=(4000, 3))
    assert nearest_ion_a(crystal, points).max() <= radius_a + 1e-3
    assert nearest_ion_a(crystal, np.array([void.point]))[0] == pytest.approx(radius_a, abs=1e-3)


@settings(max_examples=15, deadline=None)
@given(shift=st.tuples(*[st.floats(0, 1)] * 3))
def test_void_moves_with_the_crystal(shift):
    moved = Crystal(
        name="moved",
        cell_a=PEROVSKITE.cell_a,
        symbols=PEROVSKITE.symbols,
        fractional=(PEROVSKITE.fractional + shift) % 1.0,
        oxidation_states=PEROVSKITE.oxidation_states,
    )
    assert largest_void(moved)[1] == pytest.approx(largest_void(PEROVSKITE)[1], abs=1e-3)


def test_names_lead_to_ions_and_bonds():
    labels = site_labels(THIOHALIDE)
    assert set(labels) == {"Pb1", "Pb2", "Pb3", "S1", "S2", "Br"}
    assert [labels.count(label) for label in ("Pb1", "Pb3", "Br")] == [4, 8, 8]
    assert locate(THIOHALIDE, "Pb").point == locate(THIOHALIDE, "Pb1").point
    third = locate(THIOHALIDE, "Pb3").point
    assert any(np.allclose(third, site) for site in THIOHALIDE.fractional)
    bond = locate(THIOHALIDE, "S-Pb").point
    shortest = min(
        length
        for length, anion in zip(THIOHALIDE.bonds.lengths_a, THIOHALIDE.bonds.anions, strict=True)
        if THIOHALIDE.symbols[anion] == "S"
    )
    assert nearest_ion_a(THIOHALIDE, np.array([bond]))[0] == pytest.approx(shortest / 2)
    assert locate(PEROVSKITE, (0.1, 0.2, 0.3)).point == (0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    ("where", "complaint"),
    [
        ("Xe", "there are the ions Cs, Pb, Br"),
        ("Cs-Pb", "no bond Cs-Pb for a centre; there are Pb-Br, Cs-Br"),
        ("Pb-Br-Pb", "no bond"),
        ("Pb-", "no centre 'Pb-'"),
        ("Best", "void and best"),
    ],
)
def test_unknown_centres_are_one_sentence(where, complaint):
    with pytest.raises(InputError, match=complaint):
        locate(PEROVSKITE, where)


def test_candidates_are_not_equivalent_and_cover_every_ion():
    group = THIOHALIDE.symmetry
    found = candidates(THIOHALIDE)
    for number, centre in enumerate(found):
        assert not any(group.are_equivalent(centre.point, c.point) for c in found[:number])
    assert set(site_labels(THIOHALIDE)) <= {centre.name for centre in found}


def test_best_centre_is_the_cheapest_and_says_why():
    galena = bundled_crystal("PbS")
    model, centre = best_centre(galena, lambda point, _: carve(galena, Sphere(9.0), point))
    table = model.report.centres
    costs = {row.name: row.objective for row in table.candidates}
    assert list(costs) == ["Pb", "S", "Pb-S", "void"]
    assert table.chosen == centre.name == min(costs, key=costs.get)
    assert f"{min(costs.values()):.2f} Å; next is" in table.why
    for row in table.candidates:
        alone = carve(galena, Sphere(9.0), row.centre)
        assert alone.report.optimum.objective == pytest.approx(row.objective, abs=1e-4)


def test_the_best_centre_is_the_same_where_dear_ones_are_left_out():
    crystal = bundled_crystal("CsPbCl3")

    def whole(point, _):
        return carve(crystal, Sphere(7.0), point)

    def cheap(point, most_a):
        return carve(crystal, Sphere(7.0), point, at_most_a=most_a)

    (every, centre), (model, same) = (best_centre(crystal, each) for each in (whole, cheap))
    assert (same.name, model) == (centre.name, every)
    rows = zip(every.report.centres.candidates, model.report.centres.candidates, strict=True)
    left_out = [(row.objective, other.at_least) for row, other in rows if other.at_least]
    assert left_out
    assert all(objective >= least - 1e-3 for objective, least in left_out)
    assert min(least for _, least in left_out) > model.report.optimum.objective


def test_best_centre_tells_which_candidates_fail():
    galena = bundled_crystal("PbS")

    def only_sulphur(point, _):
        if galena.symbols[0] == "Pb" and point == locate(galena, "S").point:
            return carve(galena, Sphere(8.0), point)
        raise InputError("not here")

    model, centre = best_centre(galena, only_sulphur)
    assert centre.name == "S"
    errors = [row.error for row in model.report.centres.candidates]
    assert errors == ["not here", None, "not here", "not here"]
    with pytest.raises(InputError, match="no centre gives a model; with Pb: never"):
        best_centre(galena, lambda *_: (_ for _ in ()).throw(InputError("never")))


@settings(max_examples=30, deadline=None)
@given(n_atoms=st.integers(50, 3000))
def test_plain_cut_of_a_generic_centre_holds_the_number_asked_for(n_atoms):
    from epicarve.builder.shapes import ions_near

    centre = (0.1 * 2**0.5, 0.1 * 3**0.5, 0.1 * 7**0.5)  # no two ions equally far
    scale = scale_for_count(PEROVSKITE, Sphere, centre, n_atoms)
    found = ions_near(PEROVSKITE, Sphere(scale), np.array(centre), 0.0).n_ions
    assert abs(found - n_atoms) <= max(1, n_atoms // 1000)


def test_sizes_by_number_of_ions_and_formula_units():
    crystal = bundled_crystal("Pb3S2Cl2")
    assert abs(carve_count(crystal, Sphere, (0.0, 0.0, 0.0), 700).n_atoms - 700) <= 1
    spec = SphereSpec(kind="sphere", formula_units=60)
    particle = carve_particle(crystal, spec)
    assert abs(particle.model.n_atoms - 420) <= 4
    assert particle.model.report.size.asked_atoms == 420
    assert carve_particle(crystal, spec).model.edits == particle.model.edits
