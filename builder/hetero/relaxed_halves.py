"""Halves relaxed elsewhere, laid back onto the joined particle by its interface cations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.carve import IonTable
from epicarve.builder.extxyz import read_atoms
from epicarve.builder.geometry import kabsch, match_atoms
from epicarve.builder.interfaces import (
    LAYER_IN_SPACINGS,
    cation_spacing_a,
    contact_limits_a,
    refuse_overlap,
    shortest_contact,
)
from epicarve.builder.report import LaidHalf
from epicarve.errors import InputError

from .bonds_across import ions_across

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Floats, Strings
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.geometry import Fit
    from epicarve.builder.model import Model

    from .joining import Janus

SAME_ION_A = 2.0
"""Ions in the order of the unrelaxed half may have moved so far, as root mean square in Å, and
each ion in another order, when all are laid on the unrelaxed ones as well as they can be."""


def join_relaxed(
    janus: Janus,
    film_crystal: Crystal,
    substrate_crystal: Crystal,
    *,
    film: Path | None = None,
    substrate: Path | None = None,
) -> Model:
    """Put the relaxed geometry of one or both halves in the place of the unrelaxed one.

    Each relaxed half is turned and shifted as a rigid body such that its interface cations, the
    outermost layer at the face (more layers where those of one lie on a line), come as near as
    possible in the least squares to where they lie in the joined model. Its ions may be in any
    order, and the half anywhere and turned in any way.

    Parameters
    ----------
    janus : Janus
        The joined particle and its unrelaxed halves.
    film_crystal, substrate_crystal : Crystal
        What they consist of.
    film, substrate : Path, optional
        Files with the relaxed geometry of a half; the last geometry counts. A half without one
        stays as it is.

    Returns
    -------
    Model
        The joined particle; report.interface.relaxed_halves tells for each half the rms in Å
        that is left over the interface cations, their number, the angle of the rotation in degrees,
        and the rms displacement in Å of all its ions; shortest_contact is told anew.

    Raises
    ------
    InputError
        If a file can't be read or holds other ions, or the relaxed halves overlap.
    """
    if film is None and substrate is None:
        return janus.model
    model = janus.model
    told: dict[str, LaidHalf] = {}
    depth_a = LAYER_IN_SPACINGS * cation_spacing_a(substrate_crystal)
    positions = model.positions_a.copy()
    for half, path, side in ((janus.film, film, -1.0), (janus.substrate, substrate, 1.0)):
        if path is None:
            continue
        name = half.domain_names[0]
        atoms = read_atoms(path)
        symbols, positions_a = np.array(list(atoms.symbols)), np.array(atoms.positions)
        relaxed = _in_order(half, symbols, positions_a, path)
        fit, n_cations = _laid_back(half, relaxed, side, depth_a)
        moved = fit.applied(relaxed)
        positions[model.domains == name] = moved
        away = np.linalg.norm(moved - half.positions_a, axis=1)
        told[name] = LaidHalf(
            n_cations=n_cations,
            residual_rms_a=round(fit.rms_a, 6),
            rotation_deg=round(fit.angle_deg, 6),
            displacement_rms_a=round(float(np.sqrt((away**2).mean())), 6),
        )
    joined = replace(model, positions_a=positions)
    crystals = film_crystal, substrate_crystal
    limits = contact_limits_a(*crystals)
    above, below = (IonTable.of(joined.domain(crystal.name)) for crystal in crystals)
    remedy = "join halves that are relaxed less, or give a larger gap_a"
    refuse_overlap(above, below, limits, remedy)
    junction = model.report.interface
    assert junction is not None  # every joined model has one
    junction = replace(
        junction,
        ions_across=ions_across(above, below, limits),
        shortest_contact=shortest_contact(above, below, limits).closest,
        relaxed_halves=told,
    )
    return replace(joined, report=replace(model.report, interface=junction))


def _laid_back(half: Model, relaxed_a: Floats, side: float, depth_a: float) -> tuple[Fit, int]:
    """Fit a relaxed half by its interface cations, and say how many these are.

    They are those of the outermost layer, `depth_a` deep; of more layers if those of one lie on a
    line, as in the smallest particles.
    """
    ions, n_layers, cations = IonTable.of(half), 1, np.zeros(0, dtype=np.int64)
    while len(cations) < int((ions.charges > 0).sum()):
        cations = ions.face_cations(side, n_layers * depth_a)
        fit = kabsch(relaxed_a[cations], half.positions_a[cations])
        if fit.is_unique:
            return fit, len(cations)
        n_layers += 1
    raise InputError(
        f"{half.domain_names[0]}: its {len(cations)} cations lie on a line and leave open how the "
        "relaxed half is turned; make it larger"
    )


def _in_order(half: Model, symbols: Strings, positions_a: Floats, path: Path) -> Floats:
    """Relaxed positions in the order of the unrelaxed ions."""
    there = {str(s): int((symbols == s).sum()) for s in np.unique(symbols)}
    if there != dict(sorted(half.counts.items())):
        found = "".join(f"{symbol}{n}" for symbol, n in there.items())
        raise InputError(
            f"{path}: it holds {found}, but the half of {half.domain_names[0]} is {half.formula}; "
            "give the relaxed geometry of that very half (only: film or only: substrate)"
        )
    in_order = bool((symbols == half.symbols).all())
    if in_order and kabsch(positions_a, half.positions_a).rms_a <= SAME_ION_A:
        return positions_a
    try:
        match = match_atoms(half.symbols, half.positions_a, symbols, positions_a)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if match.is_mirrored or match.shifts_a.max() > SAME_ION_A:
        raise InputError(
            f"{path}: its ions can't be told one by one from those of the half of "
            f"{half.domain_names[0]}; give them in the order of that half, or relax it less"
        )
    return np.asarray(positions_a[match.order])
