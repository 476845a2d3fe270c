"""Energy score of an interface: registry and gap at which rigid ions of both sides bind best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import minimum_filter
from scipy.optimize import minimize

from epicarve.builder.interfaces import (
    CONTACT_LIMIT,
    Contact,
    common_lattice_a,
    contact_gap_a,
    registry_grid_a,
    tightest_contact,
)
from epicarve.errors import InputError
from epicarve.threads import one_blas_thread
from epicarve.units import J_M2_PER_EV_A2

from .interaction import Interaction

if TYPE_CHECKING:
    from epicarve.arrays import Floats
    from epicarve.builder.interfaces import Interface, Stack

    from .repulsion import Repulsion

CLOSEST_FRACTION = 0.65
"""No gap is looked at where a contact is shorter than this fraction of the bulk's."""

SPACING_A = 0.5
"""Registries of the map are at most so far apart, in Å."""

GAP_STEP_A = 0.2
"""Gaps of the map are so far apart, in Å; a parabola through the lowest three tells between."""

CLEARANCE_A = 0.5
"""The map's gaps end so far, in Å, above the contact of the registry that touches first."""

N_REFINED = 6
"""Local minima of the map that are refined."""

LIKE_MINIMA_EV = 1e-3
"""Minima of the map that agree to this, in eV per cell, are taken for symmetry equivalents."""

BOUND_EV_A2 = 1e-5
"""Sides that gain less than this, in eV/Å², do not bind: the gain is that of the last digits."""

SAME_EV = 1e-6
"""Refined minima that agree to this, in eV per cell, are the same; the first is taken."""

ROUNDING_EV = 1e-9
"""Places whose energies differ by less than this, in eV per cell, are equal by symmetry."""

LATTICE_GRAIN = 1e-5
"""A registry this close to a lattice point, as a fraction of the cell, is put on it."""

DEPTH_A = 12.0
"""Sides so deep, in Å, interact as half-crystals do, to 10⁻⁴ J/m² or better."""

CURVE_LENGTH_A = 6.0
CURVE_STEP_A = 0.1


@dataclass(frozen=True)
class InterfaceEnergy:
    """Rigid-ion interaction of two sides at their best registry and gap.

    All energies are against the same two sides infinitely far apart. Sides that do not bind have
    no gap of their own: `is_bound` is False, and the place told is the one of least energy among
    those where the sides just touch, no contact being shorter than the bulk's.

    Parameters
    ----------
    is_bound : bool
        Whether rigid ions hold the sides together at any registry.
    energy_ev_a2 : float
        Interaction in eV per Å² of interface at the minimum; negative if the sides bind.
    shift_a : ndarray of float, shape (2,)
        Translation of the film in the plane in Å at the minimum, inside the first cell.
    gap_a : float
        How far the film is raised at the minimum, in Å.
    contact : Contact
        The pair across the interface that is shortest against its bulk contact, at the minimum.
    vacuum_a : float
        How far in Å the film could sink at this registry until a contact is 90 % of the bulk's:
        empty height. Below 0 where one already is shorter.
    gaps_a, curve_ev_a2 : ndarray of float, shape (n_gaps,)
        Gaps in Å and the energies in eV/Å² there, at the best registry.
    shifts_a : ndarray of float, shape (n, m, 2)
        Registries of the map: translations of the film in Å.
    map_ev_a2, map_gaps_a : ndarray of float, shape (n, m)
        Lowest energy in eV/Å² of each registry, and the gap in Å at which it has it.
    film_dipole_e_per_a, substrate_dipole_e_per_a : float
        Dipole of each side along the normal, per area, in e/Å. A neutral side has no field
        outside however large its dipole, so it does not enter the energy; a dipole that grows
        with the number of layers says that the face is polar.
    """

    is_bound: bool
    energy_ev_a2: float
    shift_a: Floats
    gap_a: float
    contact: Contact
    vacuum_a: float
    gaps_a: Floats
    curve_ev_a2: Floats
    shifts_a: Floats
    map_ev_a2: Floats
    map_gaps_a: Floats
    film_dipole_e_per_a: float
    substrate_dipole_e_per_a: float

    @property
    def energy_j_m2(self) -> float:
        """Interaction in J/m² at the minimum."""
        return self.energy_ev_a2 * J_M2_PER_EV_A2

    @property
    def adhesion_j_m2(self) -> float:
        """Work of adhesion in J/m²: what it takes to part the two rigid sides, if positive."""
        return -self.energy_j_m2

    def as_dict(self, interface: Interface) -> dict[str, Any]:
        """Return the numbers for interface.json, beside the interface that they are about.

        ``registry_off_a`` is how far, in Å, the registry of least energy lies from the
        interface's own, and ``gap_a`` is counted as the interface's is: between outermost
        cations.
        """
        return {
            "is_bound": self.is_bound,
            "adhesion_j_m2": self.adhesion_j_m2,
            "registry": {"shift_a": self.shift_a.tolist()},
            "registry_off_a": interface.registry_distance_a(self.shift_a),
            "gap_a": interface.gap_a + self.gap_a - interface.shift_a[2],
            "vacuum_a": self.vacuum_a,
            "shortest_contact": self.contact.closest.as_dict(),
            "film_dipole_e_per_a": self.film_dipole_e_per_a,
            "substrate_dipole_e_per_a": self.substrate_dipole_e_per_a,
        }


def neutral_sides(interface: Interface, depth_a: float = DEPTH_A) -> tuple[Stack, Stack]:
    """Return film and substrate of an interface as whole neutral repeats, both cuts at z = 0.

    Parameters
    ----------
    interface : Interface
        The interface; its registry and gap are not used.
    depth_a : float
        Least depth in Å of each side.
    """
    film, substrate = interface.sides(
        interface.film.whole_depth_a(depth_a), interface.substrate.whole_depth_a(depth_a)
    )
    return film.shifted([-step for step in interface.shift_a]), substrate


def interface_energy(
    film: Stack, substrate: Stack, repulsion: Repulsion, spacing_a: float = SPACING_A
) -> InterfaceEnergy:
    """Find the registry and the gap at which two rigid sides bind best.

    Point charges and Born's repulsion (`born_repulsion`), periodic in the plane. A map of
    registries is scanned over all gaps from where the ions would overlap; the best local minima
    of the map are refined in x, y and gap with analytic slopes.

    Parameters
    ----------
    film, substrate : Stack
        The two sides in one lattice, film above, both neutral.
    repulsion : Repulsion
        Repulsion between the elements of both crystals.
    spacing_a : float
        Largest distance in Å between registries of the map.

    Returns
    -------
    InterfaceEnergy
        Energies at the minimum, its curve over the gap, and the map.

    Raises
    ------
    InputError
        If the lattices differ, a side is not neutral, or the sides do not meet.

    Examples
    --------
    Two halves of rock salt, cut midway between (100) layers, go back to where they were:

    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.interfaces.energy import born_repulsion
    >>> from epicarve.builder.interfaces import Stack
    >>> galena = bundled_crystal("PbS")
    >>> a = galena.cell_a[0, 0]
    >>> above = galena.positions_a + [0.0, 0.0, 0.25 * a]
    >>> both = (np.eye(2) * a, galena.symbols, galena.oxidation_states)
    >>> sites = np.arange(galena.n_sites)
    >>> film, substrate = Stack(*both, above, sites), Stack(*both, above - [0.0, 0.0, a], sites)
    >>> found = interface_energy(film, substrate, born_repulsion(galena, galena))
    >>> abs(found.gap_a) < 0.01, round(found.adhesion_j_m2, 1)
    (True, 0.8)
    """
    with one_blas_thread():
        return _interface_energy(film, substrate, repulsion, spacing_a)


def _interface_energy(
    film: Stack, substrate: Stack, repulsion: Repulsion, spacing_a: float
) -> InterfaceEnergy:
    lattice = common_lattice_a(film, substrate)
    n, m = np.ceil(np.linalg.norm(lattice, axis=1) / spacing_a).astype(int).tolist()
    grid = registry_grid_a(lattice, (n, m))
    shifts = grid.reshape(-1, 2)
    lowest, touching = (
        contact_gap_a(film, substrate, repulsion.contacts_a, shifts, fraction)
        for fraction in (CLOSEST_FRACTION, 1.0)
    )
    if not np.isfinite(lowest).all():
        raise InputError(
            "ions of film and substrate pass each other without touching at some registry; "
            "give stacks of whole layers"
        )
    first, last = float(lowest.min()), float(touching.max()) + CLEARANCE_A
    interaction = Interaction(film, substrate, repulsion, (first, last + CURVE_LENGTH_A))
    gaps = first + GAP_STEP_A * np.arange(
        int(np.ceil((last - first) / GAP_STEP_A)) + 1, dtype=float
    )
    energies = interaction.energies_ev(shifts, gaps, wanted=gaps >= lowest[:, None] - 1e-9)
    map_ev, map_gaps = _between_samples(energies, gaps)
    refined = [
        _refined(interaction, shifts[start], float(map_gaps[start]), spacing_a)
        for start in _starts(map_ev.reshape(n, m))
    ]
    lowest_ev = min(energy for energy, _, _ in refined)
    energy, best, gap = next(one for one in refined if one[0] < lowest_ev + SAME_EV)
    area = film.area_a2
    is_bound = energy < -BOUND_EV_A2 * area and gap < interaction.gaps_a[1]
    if not is_bound:
        energy, best, gap = _at_contact(interaction, shifts, touching, gaps, energies)
    contact_a, resting_a = (
        float(contact_gap_a(film, substrate, repulsion.contacts_a, best, fraction))
        for fraction in (CLOSEST_FRACTION, CONTACT_LIMIT)
    )
    curve_gaps = contact_a + np.arange(0.0, gap - contact_a + CURVE_LENGTH_A, CURVE_STEP_A)
    curve_gaps = curve_gaps[curve_gaps <= interaction.gaps_a[1]]
    return InterfaceEnergy(
        is_bound=is_bound,
        energy_ev_a2=energy / area,
        shift_a=best,
        gap_a=gap,
        contact=tightest_contact(film, substrate, repulsion.contacts_a, best, gap),
        vacuum_a=gap - resting_a,
        gaps_a=curve_gaps,
        curve_ev_a2=interaction.energies_ev(best[None], curve_gaps)[0] / area,
        shifts_a=grid,
        map_ev_a2=map_ev.reshape(n, m) / area,
        map_gaps_a=map_gaps.reshape(n, m),
        film_dipole_e_per_a=float(film.charges @ film.positions_a[:, 2]) / area,
        substrate_dipole_e_per_a=float(substrate.charges @ substrate.positions_a[:, 2]) / area,
    )


def _at_contact(
    interaction: Interaction,
    shifts_a: Floats,
    touching_a: Floats,
    gaps_a: Floats,
    energies_ev: Floats,
) -> tuple[float, Floats, float]:
    """Energy in eV, registry and gap of least energy where the sides just touch."""
    above = np.clip(np.searchsorted(gaps_a, touching_a), 1, len(gaps_a) - 1)
    weight = (touching_a - gaps_a[above - 1]) / (gaps_a[above] - gaps_a[above - 1])
    rows = np.arange(len(shifts_a))
    low, high = energies_ev[rows, above - 1], energies_ev[rows, above]
    low = np.where(np.isfinite(low), low, high)
    here = low + weight * (high - low)
    best = int(np.flatnonzero(here < here.min() + ROUNDING_EV)[0])
    gap = float(touching_a[best])
    return interaction.energy_and_slope(shifts_a[best], gap)[0], shifts_a[best], gap


def _between_samples(energies_ev: Floats, gaps_a: Floats) -> tuple[Floats, Floats]:
    """Lowest energy of each registry and its gap, by a parabola where both neighbours are known."""
    rows = np.arange(len(energies_ev))
    lowest = energies_ev.argmin(axis=1)
    at = np.clip(lowest, 1, len(gaps_a) - 2)
    before, here, after = (energies_ev[rows, at + step] for step in (-1, 0, 1))
    found, place = energies_ev[rows, lowest], gaps_a[lowest]
    inner = (at == lowest) & np.isfinite(before)
    bend = before[inner] - 2.0 * here[inner] + after[inner]
    tilt = 0.5 * (after[inner] - before[inner])
    step = np.where(bend > 0.0, -tilt / np.where(bend > 0.0, bend, 1.0), 0.0)
    found[inner] += 0.5 * tilt * step
    place[inner] += step * (gaps_a[1] - gaps_a[0])
    return found, place


def _starts(map_ev: Floats) -> list[int]:
    """Flat indices of the lowest local minima of a map, one of each set of like ones."""
    is_minimum = map_ev <= minimum_filter(map_ev, size=3, mode="wrap") + LIKE_MINIMA_EV
    places = np.flatnonzero(is_minimum)
    values = map_ev.ravel()[places]
    starts: list[int] = []
    for index in np.lexsort((places, np.rint(values / LIKE_MINIMA_EV))).tolist():
        if not starts or values[index] > map_ev.ravel()[starts[-1]] + LIKE_MINIMA_EV:
            starts.append(int(places[index]))
        if len(starts) == N_REFINED:
            break
    return starts


def _refined(
    interaction: Interaction, shift_a: Floats, gap_a: float, reach_a: float
) -> tuple[float, Floats, float]:
    """Energy in eV, registry inside the first cell and gap of the minimum near a start."""
    start = np.array([*shift_a, gap_a])
    low, high = start - 2.0 * reach_a, start + 2.0 * reach_a
    low[2], high[2] = max(low[2], interaction.gaps_a[0]), interaction.gaps_a[1]
    found = minimize(
        lambda place: interaction.energy_and_slope(place[:2], float(place[2])),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        options={"ftol": 1e-12, "gtol": 1e-5},
    )
    parts = found.x[:2] @ np.linalg.inv(interaction.lattice_a)
    parts -= np.floor(parts + LATTICE_GRAIN)
    parts[np.abs(parts) < LATTICE_GRAIN] = 0.0
    return float(found.fun), parts @ interaction.lattice_a, float(found.x[2])
