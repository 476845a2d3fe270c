"""A small Janus particle of the study's crystals, and made-up states on it."""

from functools import cache

import numpy as np

import epicarve as ec
from epicarve.dft.states import OrbitalStates
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.tasks.build import build

RECIPE = {
    "film": {
        "crystal": {"name": "Pb4S3Cl2"},
        "shape": {"kind": "hemisphere", "diameter_nm": 1.2, "hkl": [0, 1, 0], "termination": "Pb"},
    },
    "substrate": {
        "crystal": {"name": "CsPbCl3"},
        "shape": {
            "kind": "hemisphere",
            "diameter_nm": 1.2,
            "hkl": [1, 0, 0],
            "termination": "PbCl2",
            "centre": [0, 0.2, 0.2],
        },
    },
    "interface": {
        "film_directions": [[1, 0, 0], [0, 0, 1]],
        "substrate_directions": [[0, 1, 1], [0, -1, 1]],
    },
    "engine": "xtb",
    "xtb": {"max_steps": 0},
    "analysis": {"figures": {"formats": ["png"]}},
}


@cache
def built():
    return build(parse_recipe(RECIPE))


def janus():
    return built().model


def states_on(model, columns, energies_ev, n_occupied):
    """Restricted states with the given weights of atoms, made to sum to 1, as columns."""
    weights = np.stack(columns, axis=1).astype(float)
    return OrbitalStates(
        energies_ev=np.array(energies_ev, dtype=float),
        occupations=np.where(np.arange(len(energies_ev)) < n_occupied, 2.0, 0.0),
        weights=weights / weights.sum(axis=0),
        symbols=tuple(model.symbols.tolist()),
        source="a test",
    )


@cache
def joined():
    """Pb4S3Cl2 on CsPbCl3, as in the study but of 2.6 nm: found, and joined."""
    film, substrate = (
        ec.half_of(
            ec.crystal(name),
            ec.Hemisphere(diameter_nm=2.6, hkl=hkl, termination=layer, centre=centre),
            balance={"relocations": 0, "strong_bonds": False, "ratio_tolerance": 0.1},
        )
        for name, hkl, layer, centre in (
            ("Pb4S3Cl2", (0, 1, 0), "Pb", (0, 0, 0)),
            ("CsPbCl3", (1, 0, 0), "PbCl2", (0, 0.2, 0.2)),
        )
    )
    planes = {"film_hkl": (0, 1, 0), "substrate_hkl": (1, 0, 0)}
    best = next(
        one
        for one in ec.find_interfaces(film.crystal, substrate.crystal, **planes)
        if (one.film_termination, one.substrate_termination) == ("Pb", "PbCl2")
    )
    return ec.join(film, substrate, best)
