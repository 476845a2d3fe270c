from dataclasses import replace

import numpy as np
import pytest
from heterostructure import janus

from epicarve.builder.carve import carve
from epicarve.builder.geometry import BondRule
from epicarve.builder.library import bundled_crystal
from epicarve.builder.report import BuildReport
from epicarve.builder.shapes import Sphere
from epicarve.errors import InputError


@pytest.mark.parametrize("name", ["Pb3S2Cl2", "CsPbCl3", "PbCl2"])
def test_bonds_are_those_of_the_carving(name):
    model = carve(bundled_crystal(name), Sphere(radius_a=9.0))
    rule = BondRule.of(model)
    assert rule.coordination(model).tolist() == model.coordination.tolist()


def test_the_recorded_rule_gives_the_bonds_of_each_domain_and_across():
    model = janus()
    rule = BondRule.of(model)
    assert set(rule.limits_a) == {"Pb4S3Cl2", "CsPbCl3"}
    assert rule.coordination(model).tolist() == model.coordination.tolist()
    apart = model.positions_a + np.where(model.domains == "CsPbCl3", -50.0, 0.0)[:, None]
    cations, anions, _ = rule.bonds(model, apart)
    assert (model.domains[cations] == model.domains[anions]).all()
    assert len(cations) < len(rule.bonds(model)[0])


def test_lengths_are_the_distances_of_the_bonded_ions():
    model = janus()
    cations, anions, lengths_a = BondRule.of(model).bonds(model)
    vectors = model.positions_a[cations] - model.positions_a[anions]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), lengths_a)
    assert (model.charges[cations] > 0).all()
    assert (model.charges[anions] < 0).all()
    assert len({*zip(cations.tolist(), anions.tolist(), strict=True)}) == len(cations)


def test_a_relaxed_model_without_its_record_has_no_rule():
    model = replace(janus(), report=BuildReport())
    shaken = np.random.default_rng(1).normal(0.0, 0.6, model.positions_a.shape)
    relaxed = replace(model, positions_a=model.positions_a + shaken)
    with pytest.raises(InputError, match=r"keep model\.json beside"):
        BondRule.of(relaxed)
    recorded = replace(relaxed, report=janus().report)
    assert BondRule.of(recorded).coordination(recorded).sum() > 0
