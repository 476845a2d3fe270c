"""A small Janus particle of the study's crystals, and made-up states on it."""

from functools import cache

import numpy as np

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
