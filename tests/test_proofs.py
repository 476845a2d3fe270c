"""Cuts that are proven only by their symmetry, or by what each domain costs by itself."""

from itertools import product

import numpy as np
import pytest

from epicarve.builder.carve import carve_particle
from epicarve.builder.crystal import Crystal
from epicarve.builder.hetero import half_of, interface_of, join
from epicarve.builder.shapes import HemisphereSpec, SphereSpec

F_CENTRED = ((0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))


def zinc_blende(name, edge_a, charges):
    """A crystal of the ZnS type."""
    sites = zip(charges, (0.0, 0.25), strict=True)
    rows = [(symbol, np.add(shift, at)) for (symbol, at), shift in product(sites, F_CENTRED)]
    return Crystal(
        name=name,
        cell_a=edge_a * np.eye(3),
        symbols=np.array([symbol for symbol, _ in rows]),
        fractional=np.array([point for _, point in rows]),
        oxidation_states=np.array([charges[symbol] for symbol, _ in rows]),
    )


CDSE = zinc_blende("CdSe", 6.052, {"Cd": 2, "Se": -2})
CDS = zinc_blende("CdS", 5.832, {"Cd": 2, "S": -2})
INP = zinc_blende("InP", 5.869, {"In": 3, "P": -3})


@pytest.mark.parametrize(("crystal", "diameter_nm"), [(CDSE, 3.0), (INP, 2.0)])
def test_a_symmetric_sphere_is_proven(crystal, diameter_nm):
    spec = SphereSpec(kind="sphere", diameter_nm=diameter_nm, centre=(0.0, 0.0, 0.0))
    optimum = carve_particle(crystal, spec).model.report.optimum
    assert optimum.gap <= 5e-4


def test_a_joined_particle_is_proven_by_its_domains():
    halves = [
        half_of(crystal, HemisphereSpec(kind="hemisphere", diameter_nm=2.4, hkl=(1, 1, 0)))
        for crystal in (CDSE, CDS)
    ]
    along = ((0.0, 0.0, 1.0), (0.5, -0.5, 0.0))
    interface = interface_of(*halves, (along, along))
    optimum = join(*halves, interface).model.report.optimum
    assert optimum.gap <= 5e-4
