"""The particle that a recipe's shape asks for: its centre found, its size reached, carved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .centres import best_centre, locate
from .cut import carve
from .sizing import carve_count

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal, Vector
    from epicarve.builder.model import Model
    from epicarve.builder.optimise import BalanceOptions, TreatmentOptions
    from epicarve.builder.placing import LigandOptions
    from epicarve.builder.shapes import ShapeSpec


@dataclass(frozen=True)
class Particle:
    """A carved model and where it was cut out.

    Parameters
    ----------
    model : Model
        Its ions.
    centre : tuple of float
        Fractional coordinates of the point of the crystal at the origin of the model.
    scale : float
        Factor of the lengths of the shape: 1, unless a number of ions was asked for.
    """

    model: Model
    centre: Vector
    scale: float


def carve_particle(
    crystal: Crystal,
    spec: ShapeSpec,
    options: BalanceOptions | None = None,
    treatment: TreatmentOptions | None = None,
    ligands: LigandOptions | None = None,
) -> Particle:
    """Carve the particle of one crystal that a shape's specification asks for.

    Parameters
    ----------
    crystal : Crystal
        The bulk crystal.
    spec : ShapeSpec
        Shape, size and centre.
    options : BalanceOptions, optional
        Tolerances of the optimisation.
    treatment : TreatmentOptions, optional
        How the surface is treated.
    ligands : LigandOptions, optional
        Ligands on the surface.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import SphereSpec
    >>> spec = SphereSpec(kind="sphere", formula_units=100, centre=(0.1, 0.2, 0.3))
    >>> carve_particle(bundled_crystal("PbS"), spec).model.formula
    'Pb100S100'
    """
    carved: dict[Vector, Model] = {}  # centres that a flat face draws to one point are one

    def carve_at(point: Vector, at_most_a: float = math.inf) -> Model:
        centre = spec.anchored(crystal, point)
        x, y, z = (np.round(centre, 9) % 1.0).tolist()
        if (x, y, z) not in carved:
            carved[x, y, z] = carve_about(centre, at_most_a)
        return carved[x, y, z]

    def carve_about(centre: Vector, at_most_a: float) -> Model:
        n_atoms = spec.n_atoms(crystal)
        if n_atoms is None:
            shape = spec.shape(crystal, centre)
            return carve(
                crystal,
                shape,
                centre,
                options,
                treatment=treatment,
                ligands=ligands,
                at_most_a=at_most_a,
            )
        return carve_count(
            crystal,
            lambda scale: spec.shape(crystal, centre, scale),
            centre,
            n_atoms,
            options,
            treatment=treatment,
            ligands=ligands,
        )

    if spec.centre == "best":
        model, found = best_centre(crystal, carve_at)
        point = found.point
    else:
        point = locate(crystal, spec.centre).point
        model = carve_at(point)
    size = model.report.size
    return Particle(model, spec.anchored(crystal, point), 1.0 if size is None else size.scale)
