from dataclasses import replace

import numpy as np
from heterostructure import janus
from scipy.spatial.distance import cdist

from epicarve.analysis.states import Sites
from epicarve.builder.geometry import BondRule
from epicarve.builder.report import BuildReport


def test_positions_against_brute_force():
    model = janus()
    sites = Sites.of(tuple(model.symbols.tolist()), model)
    rule = BondRule.of(model)
    distances_a = cdist(model.positions_a, model.positions_a)
    shortest_a = min(rule.longest_a.values())
    for i in range(model.n_atoms):
        at_interface = False
        for j in np.flatnonzero(model.domains != model.domains[i]):
            cation, anion = (i, j) if model.charges[i] > 0 else (j, i)
            pair = (str(model.symbols[cation]), str(model.symbols[anion]))
            at_interface |= distances_a[i, j] <= max(rule.longest_a.get(pair, 0.0), shortest_a)
        if at_interface:
            assert sites.positions[i] == "interface"
        else:
            fewer = model.coordination[i] < model.bulk_coordination[i]
            assert sites.positions[i] == ("surface" if fewer else "core")


def test_a_particle_of_one_domain_has_no_interface_however_it_is_cut():
    film = janus().domain("Pb4S3Cl2")
    sites = Sites.of(tuple(film.symbols.tolist()), film)
    assert set(sites.positions) <= {"surface", "core"}
    assert ((sites.positions == "surface") == film.is_surface).all()


def test_coordination_is_that_of_the_geometry_and_surface_that_of_the_cut():
    model = janus()
    lead = int(np.flatnonzero(model.symbols == "Pb")[0])
    moved = model.positions_a.copy()
    moved[lead] += 100.0
    sites = Sites.of(tuple(model.symbols.tolist()), replace(model, positions_a=moved))
    assert sites.coordination[lead] == 0 < model.coordination[lead]


def test_what_cannot_be_known_is_none_with_a_reason():
    model = replace(janus(), report=BuildReport())
    shaken = np.random.default_rng(1).normal(0.0, 0.6, model.positions_a.shape)
    sites = Sites.of(
        tuple(model.symbols.tolist()), replace(model, positions_a=model.positions_a + shaken)
    )
    assert sites.positions is None
    assert "model.json" in sites.reason
    assert sites.coordination.tolist() == model.coordination.tolist()
    assert Sites.of(("Pb",), None).reason == "no model was given, only the elements are known"
