"""The grid of crystal families, shapes and sizes that every carve is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from crystal_prototypes import PROTOTYPES
from scipy.spatial import ConvexHull

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import (
    BoxSpec,
    FacePair,
    FacetSpec,
    HemisphereSpec,
    Polyhedron,
    SphereSpec,
    WulffSpec,
)
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model
    from epicarve.builder.shapes import ShapeSpec

PAPER = ("Pb3S2Cl2", "Pb4S3Cl2", "CsPbCl3")
"""The crystals of the study's three models."""

KINDS = ("sphere", "hemisphere", "box", "wulff")
AXES = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
DIAGONALS = ((1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1))
SIZES = (150, 500, 1500)
"""Ions that the volume of the shape holds in bulk."""


def crystals(folder: Path) -> Iterator[tuple[str, Crystal]]:
    """Every crystal of the grid with the name of its family."""
    for name in PAPER:
        yield "paper", bundled_crystal(name)
    for prototype in PROTOTYPES:
        yield prototype.family, prototype.crystal(folder)


def spec_of(kind: str) -> ShapeSpec:
    """Shape of the grid with lengths of 1 nm, each face along a plane of low index."""
    if kind == "sphere":
        return SphereSpec(kind="sphere", diameter_nm=1.0)
    if kind == "hemisphere":
        return HemisphereSpec(kind="hemisphere", diameter_nm=1.0, hkl=(0, 0, 1))
    if kind == "box":
        faces = tuple(FacePair(hkl=hkl, length_nm=1.0) for hkl in AXES)
        return BoxSpec(kind="box", faces=faces)
    energies = tuple(
        FacetSpec(hkl=tuple(sign * index for index in hkl), energy=1.0)
        for hkl in AXES + DIAGONALS
        for sign in (1, -1)
    )
    return WulffSpec(kind="wulff", diameter_nm=1.0, energies=energies)


def carve_case(crystal: Crystal, kind: str, n_ions: int) -> Model:
    """Carve one case of the grid, its shape scaled to the volume of so many ions."""
    spec = spec_of(kind)
    centre = spec.anchored(crystal, (0.0, 0.0, 0.0))
    volume_nm3 = n_ions * crystal.volume_a3 / crystal.n_sites / 1000.0
    unit = spec.shape(crystal, centre)
    if isinstance(unit, Polyhedron):
        unit_nm3 = ConvexHull(unit.vertices_a).volume / 1000.0
    else:
        unit_nm3 = np.pi / 6.0 * (0.5 if kind == "hemisphere" else 1.0)
    return carve(crystal, spec.shape(crystal, centre, (volume_nm3 / unit_nm3) ** (1 / 3)), centre)


def outcome(crystal: Crystal, kind: str, n_ions: int) -> tuple[Model | None, str]:
    """Carve a case and hold it against what must be true; a model, or what was refused."""
    try:
        model = carve_case(crystal, kind, n_ions)
    except InputError as error:
        return None, str(error)
    assert model.net_charge == 0
    assert model.n_components == 1
    needed = -(-model.bulk_coordination // 3)
    assert (model.coordination >= needed).all()
    return model, ""
