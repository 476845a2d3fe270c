"""The optimisation against brute force: every choice of up to 22 free ions."""

import itertools
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from epicarve.builder.balancing.balance import BalanceOptions, balance
from epicarve.builder.balancing.candidates import Candidates
from epicarve.builder.balancing.frame import GRAIN_A
from epicarve.builder.balancing.program import DIPOLE_COST_A
from epicarve.builder.balancing.shell import STEP_A
from epicarve.builder.lattice import ions_near
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Cut, Sphere
from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A

CRYSTALS = ("PbS", "CsPbCl3", "Pb4S3Cl2", "Pb3S2Cl2", "PbCl2", "CsPb2Cl5")
MAX_FREE = 22


def sums(values: np.ndarray) -> np.ndarray:
    """Sum of every subset of values, in the order of the subsets' bits."""
    total = np.zeros(1, dtype=values.dtype)
    for value in values:
        total = np.concatenate([total, total + value])
    return total


def brute_force(ions, adjacency, depth_a, options):
    """Steps and bonds of the best of all choices, straight from the definitions; None if none.

    Dipoles are reckoned from coordinates in whole grains. One that is a whole number of levels but
    for that rounding may count either way: what is best is told for the lower and the higher count.
    """
    dense = adjacency.toarray()
    inside = ions.signed_distance_a <= 1e-6
    fixed = inside & (ions.trim_distance_a < -depth_a - 1e-6)
    free = ~fixed & (ions.trim_distance_a <= 0.5 * depth_a + 1e-6)
    bulk = ions.bulk_coordination
    minimum = np.array(
        [
            options.min_coordination.get(s, -(-int(n) // 3))
            for s, n in zip(ions.symbols, bulk, strict=True)
        ]
    )
    while (hopeless := free & (dense @ (free | fixed) < minimum)).any():
        free &= ~hopeless
    if free.sum() > MAX_FREE:
        return "too many"
    base = fixed | (inside & free)
    chosen = np.flatnonzero(free)
    sign = np.where(inside[chosen], -1, 1)
    held = dense @ base
    steps = 1 + np.floor((np.abs(ions.signed_distance_a[chosen]) + 1e-6) / STEP_A).astype(int)
    bonds = sign * (bulk - 2 * held)[chosen]
    charge = ions.charges[base].sum() + sums(sign * ions.charges[chosen])
    number = base.sum() + sums(sign)
    fits = (charge == options.net_charge) & (number > 0)
    unit = ions.crystal.formula_unit
    for symbol, share in unit.items():
        count = (base & (ions.symbols == symbol)).sum() + sums(
            sign * (ions.symbols[chosen] == symbol)
        )
        expected = share * number / sum(unit.values())
        fits &= np.abs(count - expected) <= options.ratio_tolerance * expected + 1e-9
    radius = np.linalg.norm(ions.positions_a[inside], axis=1).max()
    limit = options.free_dipole_v / COULOMB_V_A * radius**2
    price = max(1, round(DIPOLE_COST_A * limit / radius / STEP_A))
    arms = ions.charges[:, None] * ions.positions_a
    square = np.zeros(len(charge))
    for axis in range(3):
        square += (arms[base, axis].sum() + sums(sign * arms[chosen, axis])) ** 2
    dipole = np.sqrt(square)
    rounding = 0.5 * GRAIN_A * np.sqrt(3.0) * (1 + np.abs(ions.charges[chosen]).sum())
    rounding = rounding + dipole * GRAIN_A / radius
    every_steps, every_bonds = sums(steps), sums(bonds)
    candidates = np.flatnonzero(fits)

    def best(uncertain):
        level = np.maximum(0, np.ceil((dipole + uncertain) / limit - 1.0 - 1e-6)).astype(int)
        total = every_steps + price * level
        order = candidates[np.lexsort((every_bonds[candidates], total[candidates]))]
        for choice in order:
            kept = base.copy()
            flipped = chosen[(choice >> np.arange(len(chosen))) & 1 == 1]
            kept[flipped] = ~kept[flipped]
            if (dense[kept][:, kept].sum(axis=1) < minimum[kept]).any():
                continue
            if connected_components(adjacency[kept][:, kept])[0] > 1:
                continue
            return int(total[choice]), int(every_bonds[choice])
        return None

    lower = best(-rounding)
    return None if lower is None else (lower, best(rounding))


@settings(max_examples=240, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(CRYSTALS),
    centre=st.tuples(*[st.floats(0.0, 1.0)] * 3) | st.just((0.0, 0.0, 0.0)),
    radius_a=st.floats(4.0, 9.0),
    tilt=st.none() | st.floats(0.0, 1.5),
    n_candidates=st.integers(4, 12) | st.integers(4, 15) | st.integers(4, MAX_FREE),
    tolerance=st.sampled_from([0.0, 0.02, 0.1, 0.3]),
    fewer=st.integers(0, 2),
    charge=st.sampled_from([0, 0, 0, 1, -2]),
    free_dipole_v=st.sampled_from([0.05, 0.15, 1.0]),
)
@example("PbCl2", (0.0, 0.0, 0.0), 5.75, 0.0625, 21, 0.0, 1, 0, 0.05)  # a dipole of six levels
def test_equals_brute_force(  # noqa: PLR0917
    name, centre, radius_a, tilt, n_candidates, tolerance, fewer, charge, free_dipole_v
):
    crystal = bundled_crystal(name)
    shape = Sphere(radius_a)
    if tilt is not None:
        shape = Cut(shape, np.array([np.sin(tilt), 0.0, np.cos(tilt)]), 1.0)
    ions = ions_near(crystal, shape, np.array(centre), 2.0)
    reach = np.sort(np.maximum(-ions.trim_distance_a, 2.0 * ions.trim_distance_a))
    reach = reach[np.isfinite(reach) & (reach < 4.0)]
    assume(len(reach) > n_candidates and reach[n_candidates] - reach[n_candidates - 1] > 1e-3)
    depth_a = 0.5 * float(reach[n_candidates] + reach[n_candidates - 1])
    minima = {
        s: max(1, -(-int(crystal.coordination[crystal.symbols == s].min()) // 3) - fewer)
        for s in crystal.charge_of
    }
    options = BalanceOptions(
        ratio_tolerance=tolerance,
        min_coordination=minima,
        net_charge=charge,
        free_dipole_v=free_dipole_v,
    )
    adjacency = ions.adjacency()
    best = brute_force(ions, adjacency, depth_a, options)
    assume(best != "too many")
    try:
        with mock.patch("epicarve.builder.balancing.relaxation.explain", return_value="infeasible"):
            found = balance(Candidates.of_one(ions, depth_a, options))
    except InputError:
        assert best is None
        return
    assert best is not None
    forced = forced_steps(ions, adjacency, depth_a, options)
    lower, upper = best
    assert lower <= (round(found.fidelity_a / STEP_A) - forced, found.broken_bonds) <= upper
    assert found.gap <= 1e-9


def forced_steps(ions, adjacency, depth_a, options):
    """Steps of the ions of the plain cut that can't have their minimum in any choice."""
    inside = ions.signed_distance_a <= 1e-6
    free = ions.trim_distance_a <= 0.5 * depth_a + 1e-6
    minimum = np.array([options.min_coordination[s] for s in ions.symbols])
    there = free.copy()
    while (hopeless := (adjacency @ there < minimum) & there & is_free(ions, depth_a)).any():
        there &= ~hopeless
    gone = inside & ~there
    steps = 1 + np.floor((np.abs(ions.signed_distance_a) + 1e-6) / STEP_A).astype(int)
    return int(steps[gone].sum())


def is_free(ions, depth_a):
    inside = ions.signed_distance_a <= 1e-6
    return ~(inside & (ions.trim_distance_a < -depth_a - 1e-6))


def test_sums_are_of_subsets():
    values = np.array([1, 10, 100])
    assert sums(values).tolist() == [
        sum(v for bit, v in enumerate(values) if subset >> bit & 1) for subset in range(8)
    ]
    assert len(list(itertools.product((0, 1), repeat=3))) == len(sums(values))
