"""Where a cut may have its centre: ions, bonds, voids, and the search for the best."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import Voronoi

from epicarve.arrays import whole_points
from epicarve.builder.crystal import is_molecule
from epicarve.builder.optimise import TooDearError
from epicarve.builder.point_charges import rank
from epicarve.builder.report import ChosenCentre, TriedCentre
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from epicarve.builder.crystal import Crystal, SpaceGroup
    from epicarve.builder.model import Model

VOID_REACH_A = 9.0
"""How far around the unit cell, in Å, ions are looked at for the largest empty sphere."""

VOID_GRAIN = 6
"""Decimals to which voids are compared: fractional coordinates, and radii in Å."""

SAME_COST_A = 1e-4
"""Costs in Å that differ by no more are the same."""


@dataclass(frozen=True)
class Centre:
    """A point of a crystal with a name.

    Parameters
    ----------
    name : str
        What lies there, for instance ``"Pb2"``, ``"Pb1-S2"`` or ``"void"``.
    point : tuple of float
        Fractional coordinates.
    """

    name: str
    point: tuple[float, float, float]


def site_labels(crystal: Crystal, group: SpaceGroup | None = None) -> tuple[str, ...]:
    """Return a label for every site: its element, numbered by orbit where there are several.

    The number of a molecule stands behind a line below: ``SO4_2``.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> list(dict.fromkeys(site_labels(bundled_crystal("Pb4S3Br2"))))
    ['Pb1', 'Pb2', 'Pb3', 'S1', 'S2', 'Br']
    """
    orbits = (group or crystal.symmetry).orbits
    firsts: dict[str, list[int]] = {}
    for orbit in dict.fromkeys(orbits.tolist()):
        firsts.setdefault(str(crystal.symbols[orbit]), []).append(orbit)
    name = {
        orbit: symbol
        if len(of_symbol) == 1
        else f"{symbol}{'_' if is_molecule(symbol) else ''}{number}"
        for symbol, of_symbol in firsts.items()
        for number, orbit in enumerate(of_symbol, start=1)
    }
    return tuple(name[orbit] for orbit in orbits.tolist())


def largest_void(crystal: Crystal) -> tuple[Centre, float]:
    """Return the centre of the largest sphere that holds no ion, and its radius in Å.

    The centres of locally largest empty spheres are the corners of the Voronoi cells of the
    ions; of equally large ones the first in lexicographic order is taken.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> void, radius_a = largest_void(bundled_crystal("PbS"))
    >>> void.point, round(radius_a, 3)
    ((0.25, 0.25, 0.25), 2.57)
    """
    heights = 1.0 / np.linalg.norm(np.linalg.inv(crystal.cell_a), axis=0)
    reach = np.ceil(VOID_REACH_A / heights)
    cells = whole_points(-reach, reach + 1)
    ions = (crystal.fractional + cells[:, None]).reshape(-1, 3)
    corners = Voronoi(ions @ crystal.cell_a).vertices @ np.linalg.inv(crystal.cell_a)
    grain = 10.0**-VOID_GRAIN
    corners = corners[((corners > -grain) & (corners < 1.0 - grain)).all(axis=1)]
    corners = np.unique(np.round(corners, VOID_GRAIN) + 0.0, axis=0)
    away = (corners[:, None, :] - crystal.fractional[None, :, :])[:, :, None, :] - cells
    radii = np.linalg.norm(away @ crystal.cell_a, axis=3).min(axis=(1, 2)).round(VOID_GRAIN - 2)
    x, y, z = corners[int(np.argmax(radii))].tolist()
    return Centre("void", (x, y, z)), float(radii.max())


def locate(crystal: Crystal, where: str | Sequence[float]) -> Centre:
    """Return the centre that a recipe names.

    Parameters
    ----------
    crystal : Crystal
        The crystal.
    where : str or sequence of float
        Fractional coordinates; an ion (``"Pb"`` or, by orbit, ``"Pb2"``); the middle of the
        shortest bond of two ions (``"Pb-S"``); ``"void"``, the centre of the largest empty
        sphere.

    Raises
    ------
    InputError
        If there is no such ion or bond; the message lists those there are.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> locate(bundled_crystal("CsPbCl3"), "Pb-Cl").point
    (0.25, 0.5, 0.5)
    """
    if not isinstance(where, str):
        x, y, z = where
        return Centre("given", (float(x), float(y), float(z)))
    if where == "void":
        return largest_void(crystal)[0]
    labels = site_labels(crystal)
    ends = where.split("-")
    for end in ends:
        _sites_called(crystal, labels, end, where)
    if len(ends) == 1:
        site = _sites_called(crystal, labels, where, where)[0]
        x, y, z = crystal.fractional[site].tolist()
        return Centre(where, (x, y, z))
    symbol_of = dict(zip(labels, crystal.symbols.tolist(), strict=True))
    found = [
        bond
        for bond in _bond_middles(crystal, labels)
        if len(ends) == 2 and _joins(bond.name.split("-"), ends, symbol_of)
    ]
    if not found:
        there = ", ".join(bond.name for bond in _bond_middles(crystal, labels))
        raise InputError(f"{crystal.name}: no bond {where} for a centre; there are {there}")
    return Centre(where, found[0].point)


def candidates(crystal: Crystal) -> tuple[Centre, ...]:
    """Return the centres of the asymmetric unit that `best_centre` tries, no two equivalent.

    One ion of each orbit, the middle of the shortest bond of each pair of orbits, the largest
    void, and the origin of the cell.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> [centre.name for centre in candidates(bundled_crystal("CsPbCl3"))]
    ['Cs', 'Pb', 'Cl', 'Pb-Cl', 'Cs-Cl', 'void']
    """
    group = crystal.symmetry
    labels = site_labels(crystal, group)
    first_of = {label: labels.index(label) for label in dict.fromkeys(labels)}
    every = [
        *(locate(crystal, label) for label in first_of),
        *_bond_middles(crystal, labels),
        largest_void(crystal)[0],
        Centre("origin", (0.0, 0.0, 0.0)),
    ]
    kept: list[Centre] = []
    for centre in every:
        if not any(group.are_equivalent(centre.point, other.point) for other in kept):
            kept.append(centre)
    return tuple(kept)


def best_centre(
    crystal: Crystal, carve_at: Callable[[tuple[float, float, float], float], Model]
) -> tuple[Model, Centre]:
    """Carve with every candidate for a centre and keep the model that is cut at least cost.

    Parameters
    ----------
    crystal : Crystal
        The crystal.
    carve_at : callable
        Carves the model for the fractional coordinates of a centre; raises `TooDearError` where it
        is proven to cost more than its second argument, in Å.

    Returns
    -------
    Model, Centre
        The model of the least objective; of several such, the one of the lowest point-charge
        energy per ion, then of the smallest dipole, then the first candidate. Its report tells
        under ``centres`` which was chosen, why, and all others: what their models cost, or what
        they cost at least where that is more than the best model's.

    Raises
    ------
    InputError
        That of the first candidate, if none gives a model.
    """
    rows: list[TriedCentre] = []
    found: list[tuple[float, Centre, Model]] = []
    for centre in candidates(crystal):
        x, y, z = np.round(centre.point, 6).tolist()
        row = TriedCentre(
            name=centre.name, centre=(x, y, z), n_atoms=None, objective=None, error=None
        )
        best = min((each[0] for each in found), default=math.inf)
        try:
            model = carve_at(centre.point, best + SAME_COST_A)
        except TooDearError as error:
            rows.append(replace(row, at_least=round(error.least_a, 4)))
            continue
        except InputError as error:
            rows.append(replace(row, error=str(error)))
            continue
        optimum = model.report.optimum
        assert optimum is not None  # every carved model has one
        objective = round(optimum.objective, 4)
        found.append((objective, centre, model))
        dipole_debye = round(model.dipole_debye, 2)
        rows.append(
            replace(row, n_atoms=model.n_atoms, objective=objective, dipole_debye=dipole_debye)
        )
    if not found:
        raise InputError(f"no centre gives a model; with {rows[0].name}: {rows[0].error}")
    found.sort(key=lambda each: each[0])
    equals = [each for each in found if each[0] == found[0][0]]
    objective, centre, model = equals[rank([each[2] for each in equals])[0]]
    why = f"least cost of edits, {objective:.2f} Å"
    if len(equals) > 1:
        names = ", ".join(each[1].name for each in equals)
        why += f"; of the equals {names} the lowest point-charge energy per ion"
    else:
        least = min((row.at_least for row in rows if row.at_least is not None), default=math.inf)
        if len(found) > 1 and found[1][0] <= least:
            why += f"; next is {found[1][1].name} with {found[1][0]:.2f} Å"
        elif least < math.inf:
            why += f"; all others cost {least:.2f} Å at least"
    table = ChosenCentre(chosen=centre.name, why=why, candidates=tuple(rows))
    return replace(model, report=replace(model.report, centres=table)), centre


def _sites_called(crystal: Crystal, labels: tuple[str, ...], name: str, where: str) -> list[int]:
    """Sites with this label, or of this element."""
    found = [site for site, label in enumerate(labels) if label == name]
    found = found or [site for site, symbol in enumerate(crystal.symbols) if symbol == name]
    if not found:
        raise InputError(
            f"{crystal.name}: no centre {where!r}; there are the ions "
            f"{', '.join(dict.fromkeys(labels))}, bonds such as "
            f"{_bond_middles(crystal, labels)[0].name}, void and best"
        )
    return found


def _bond_middles(crystal: Crystal, labels: tuple[str, ...]) -> list[Centre]:
    """Middle of the shortest bond of each pair of orbits, shortest first."""
    bonds = crystal.bonds
    found: dict[str, Centre] = {}
    for bond in np.argsort(bonds.lengths_a.round(4), kind="stable").tolist():
        cation, anion = int(bonds.cations[bond]), int(bonds.anions[bond])
        ends = crystal.fractional[cation], crystal.fractional[anion] + bonds.shifts[bond]
        x, y, z = (0.5 * (ends[0] + ends[1])).tolist()
        name = f"{labels[cation]}-{labels[anion]}"
        found.setdefault(name, Centre(name, (x, y, z)))
    return list(found.values())


def _joins(labels: list[str], ends: list[str], symbol_of: Mapping[str, str]) -> bool:
    """Whether two ends, each a label or an element, are those of a bond, in either order."""

    def fits(label: str, end: str) -> bool:
        return end in {label, symbol_of[label]}

    return any(
        fits(labels[0], first) and fits(labels[1], second) for first, second in (ends, ends[::-1])
    )
