"""Carving: what every model must satisfy, what it costs, and what is refused."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epicarve.builder.carve import carve
from epicarve.builder.hetero import sphere_half
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import BalanceOptions, Substitution
from epicarve.builder.shapes import Sphere
from epicarve.errors import InputError

RADIUS_4_2_NM = 21.0


def carved(name, radius_a, centre=(0.0, 0.0, 0.0), **options):
    return carve(bundled_crystal(name), Sphere(radius_a), centre, BalanceOptions(**options))


def optimum(model):
    return model.report.optimum


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(["PbS", "CsPbCl3", "Pb4S3Cl2", "Pb3S2Cl2", "PbCl2"]),
    centre=st.tuples(*[st.floats(0.0, 1.0)] * 3),
    radius_a=st.floats(11.0, 15.0),
)
def test_every_model_is_neutral_connected_and_coordinated(name, centre, radius_a):
    model = carved(name, radius_a, centre, ratio_tolerance=0.1)
    assert model.net_charge == 0
    assert model.n_components == 1
    assert (model.coordination >= -(-model.bulk_coordination // 3)).all()
    assert model.report.stoichiometry.deviation <= 0.1 + 1e-9
    assert 0.0 <= optimum(model).gap <= 0.2
    assert sum(optimum(model).costs_a.values()) == pytest.approx(optimum(model).objective, abs=1e-4)


@pytest.mark.parametrize("name", ["Pb3S2Cl2", "Pb4S3Cl2", "CsPbCl3", "PbS"])
def test_gap_of_the_4_2_nm_spheres(name):
    model = carved(name, RADIUS_4_2_NM)
    assert optimum(model).gap <= 1e-3
    assert optimum(model).dipole_level == 0
    assert model.dipole_debye < 25.0


@pytest.mark.parametrize(
    ("name", "hkl", "layer"), [("Pb4S3Cl2", (0, 1, 0), "Pb"), ("CsPbCl3", (1, 0, 0), "PbCl2")]
)
def test_gap_and_face_of_the_4_2_nm_hemispheres(name, hkl, layer):
    crystal = bundled_crystal(name)
    model = sphere_half(crystal, RADIUS_4_2_NM, hkl, layer).carved()
    assert optimum(model).gap <= 1e-3
    normal = crystal.direction(hkl)
    for edit in model.edits:  # the flat face is whole: edits lie on the round one
        assert np.linalg.norm(edit.position_a) > RADIUS_4_2_NM - max(crystal.bonds.lengths_a) - 1e-3
        assert np.array(edit.position_a) @ normal <= 0.0


def test_gap_of_a_hundred_thousand_atoms():
    model = carved("PbS", 86.0)
    assert model.n_atoms > 95_000
    assert optimum(model).gap <= 1e-2


@pytest.mark.parametrize("radius_a", [20.5, 21.0, 21.5])
def test_exact_3_2_2(radius_a):
    model = carved("Pb3S2Cl2", radius_a, ratio_tolerance=0.0)
    assert model.report.stoichiometry.deviation == 0.0
    assert model.net_charge == 0
    assert 3 * model.counts["S"] == 2 * model.counts["Pb"]


def test_given_net_charge():
    assert carved("PbS", 12.0, net_charge=2).net_charge == 2


def test_substitution_makes_an_odd_charge_reachable():
    with pytest.raises(InputError, match="net_charge"):
        carved("PbS", 9.0, net_charge=1)
    rule = Substitution(replace="S", by="Cl", charge=-1)
    model = carved("PbS", 9.0, net_charge=1, substitutions=(rule,))
    replaced = [edit for edit in model.edits if edit.action == "substituted"]
    assert model.net_charge == 1
    assert model.counts["Cl"] % 2 == 1
    assert {edit.symbol for edit in replaced} <= {"S→Cl"}
    assert model.n_atoms == sum(model.counts.values())


@pytest.mark.parametrize("symmetry", ["inversion", "full"])
def test_inversion_leaves_no_dipole(symmetry):
    model = carved("Pb4S3Cl2", 14.0, symmetry=symmetry, ratio_tolerance=0.2)
    inverted = np.round(-model.positions_a, 3) + 0.0
    assert {tuple(p) for p in inverted} == {tuple(p) for p in np.round(model.positions_a, 3) + 0.0}
    assert model.dipole_debye == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("CsPbCl3", {"min_coordination": {"Cs": 13}}, "has 12 in bulk"),
        ("CsPbCl3", {"min_coordination": {"Xe": 1}}, "Xe, which is not in CsPbCl3"),
        ("PbS", {"net_charge": 3}, "net_charge: 2"),
        ("PbS", {"min_coordination": {"Pb": 6, "S": 6}}, "in the way is coordination"),
        ("PbS", {"symmetry": "full"}, "symmetry: none"),
        ("Pb3S2Cl2", {"symmetry": "inversion"}, "no inversion centre"),
        ("PbS", {"substitutions": ({"replace": "Cl", "by": "Br"},)}, "does not hold"),
        ("PbS", {"substitutions": ({"replace": "S", "by": "Br"},)}, "no charge is known of Br"),
        ("PbS", {"substitutions": ({"replace": "S", "by": "Pb"},)}, "same sign"),
        ("PbS", {"substitutions": ({"replace": "S", "by": "Clx", "charge": -1},)}, "no element"),
    ],
)
def test_contradictions_are_told(name, options, says):
    with pytest.raises(InputError, match=says):
        carved(name, 9.0, **options)


def test_shape_too_large_is_refused_with_the_estimate():
    with pytest.raises(InputError, match=r"about 1\.\de\+08 ions"):
        carved("PbS", 700.0)


def test_shape_between_ions_is_refused():
    with pytest.raises(InputError, match="smaller than the unit cell"):
        carved("PbS", 1.0, (0.25, 0.25, 0.25))
