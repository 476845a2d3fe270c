"""The best choice of ions by trying all, straight from the definitions, for a few free ions."""

import numpy as np
from scipy.sparse.csgraph import connected_components

from epicarve.builder.crystal import bond_valences
from epicarve.builder.optimise import DIPOLE_COST_A, GRAIN_A, STEP_A
from epicarve.units import COULOMB_V_A


def sums(values):
    """Sum of every subset of values, in the order of the subsets' bits."""
    total = np.zeros(1, dtype=values.dtype)
    for value in values:
        total = np.concatenate([total, total + value])
    return total


def best_choices(ions, max_free):
    """Steps and bonds of the best of all choices of candidates; None if none satisfies.

    Dipoles are reckoned from coordinates in whole grains. One that is a whole number of levels but
    for that rounding may count either way: the best for the lower and for the higher count is told.
    Of more than `max_free` free ions, "too many" is said.
    """
    dense = ions.adjacency.toarray()
    inside = ions.signed_distance_a <= 1e-6
    fixed = inside & (ions.trim_distance_a < -ions.depth_a - 1e-6)
    one, other = ions.clashes.T
    both = inside[one] & inside[other]
    fixed[one[both]] = fixed[other[both]] = False
    free = ~fixed & (ions.trim_distance_a <= 0.5 * ions.depth_a + 1e-6)
    free[one[fixed[other]]] = free[other[fixed[one]]] = False
    minimum = np.array(
        [
            ions.domains[domain].options.min_coordination.get(symbol, -(-int(bulk) // 3))
            for domain, symbol, bulk in zip(
                ions.domain, ions.symbols.tolist(), ions.bulk_coordination, strict=True
            )
        ]
    )
    strong, needed = _strong_bonds(ions, dense, minimum)
    needed = np.where(fixed, np.minimum(needed, strong @ (free | fixed)), needed)

    def lacks(kept):
        return (dense @ kept < minimum) | (strong @ kept < needed)

    while (hopeless := free & lacks(free | fixed)).any():
        free &= ~hopeless
    if free.sum() > max_free:
        return "too many"
    base = fixed | (inside & free)
    chosen = np.flatnonzero(free)
    sign = np.where(inside[chosen], -1, 1)
    depth_steps = 1 + np.floor((np.abs(ions.signed_distance_a) + 1e-6) / STEP_A).astype(int)
    bonds = sums(sign * (ions.bulk_coordination - 2 * (dense @ base))[chosen])
    steps = sums(depth_steps[chosen]) + int(depth_steps[inside & ~base].sum())
    allowed = np.full(2 ** len(chosen), True)
    for number, domain in enumerate(ions.domains):
        mine = ions.domain == number
        allowed &= _is_balanced(ions, domain, base & mine, chosen, sign * mine[chosen])
    allowed = np.flatnonzero(allowed)
    lower, higher = _dipole_steps(ions, inside, base, chosen, sign)

    def best(total):
        for choice in allowed[np.lexsort((bonds[allowed], total[allowed]))]:
            kept = base.copy()
            flipped = chosen[(choice >> np.arange(len(chosen))) & 1 == 1]
            kept[flipped] = ~kept[flipped]
            if (kept[one] & kept[other]).any() or lacks(kept)[kept].any():
                continue
            if connected_components(ions.connectivity[kept][:, kept])[0] == 1:
                return int(total[choice]), int(bonds[choice])
        return None

    found = best(steps + lower)
    if found is None:
        return None
    return found, found if (lower == higher).all() else best(steps + higher)


def _strong_bonds(ions, dense, minimum):
    """Which neighbours are strong ones, and how many of them each ion must keep.

    Those that carry a quarter or more of the valence of the ion's strongest bond in bulk; a third
    of as many as the bulk has, rounded up. Ions are left out that have enough of them in any case
    if they have as many neighbours of their own crystal as they need.
    """
    apart = np.linalg.norm(ions.positions_a[:, None] - ions.positions_a, axis=2)
    first, second = np.nonzero(dense)
    valence = np.full(dense.shape, np.nan)
    valence[first, second] = bond_valences(
        ions.symbols[first], ions.symbols[second], apart[first, second]
    )
    least, needed = np.zeros(ions.n_ions), np.zeros(ions.n_ions, dtype=int)
    for number, domain in enumerate(ions.domains):
        crystal, bonds = domain.ions.crystal, domain.ions.crystal.bonds
        cations, anions = crystal.symbols[bonds.cations], crystal.symbols[bonds.anions]
        values = bond_valences(cations, anions, bonds.lengths_a)
        for site in range(crystal.n_sites):
            own = values[(bonds.cations == site) | (bonds.anions == site)]
            mine = np.flatnonzero(ions.domain == number)[domain.ions.sites == site]
            least[mine] = 0.25 * own.max() - 1e-6
            if domain.options.strong_bonds:
                n_strong = int((own >= 0.25 * own.max() - 1e-6).sum())
                third = -(-n_strong // 3)
                enough = minimum[mine] - (len(own) - n_strong) >= third
                needed[mine] = np.where(enough, 0, third)
    return ((dense > 0) & ~(valence < least[:, None])).astype(int), needed


def _is_balanced(ions, domain, held, chosen, sign):
    """Whether each choice gives a domain its charge and its ratio."""
    charge = ions.charges[held].sum() + sums(sign * ions.charges[chosen])
    n_ions = held.sum() + sums(sign)
    fits = (charge == domain.options.net_charge) & (n_ions > 0)
    unit = domain.ions.crystal.formula_unit
    for symbol, share in unit.items():
        count = (held & (ions.symbols == symbol)).sum()
        count = count + sums(sign * (ions.symbols[chosen] == symbol))
        expected = share * n_ions / sum(unit.values())
        fits &= np.abs(count - expected) <= domain.options.ratio_tolerance * expected + 1e-9
    return fits


def _dipole_steps(ions, inside, base, chosen, sign):
    """Cost of the dipoles of each choice in steps, at least and at most."""
    parts = [(ions.domain == n, d.origin_a, d.options) for n, d in enumerate(ions.domains)]
    if len(parts) > 1:
        parts.append((np.full(ions.n_ions, True), np.zeros(3), ions.domains[0].options))
    costs = np.zeros((2, 2 ** len(chosen)), dtype=int)
    for mine, origin_a, options in parts:
        arms = (ions.charges * mine)[:, None] * (ions.positions_a - origin_a)
        square = np.zeros(2 ** len(chosen))
        for axis in range(3):
            square += (arms[base, axis].sum() + sums(sign * arms[chosen, axis])) ** 2
        dipole = np.sqrt(square)
        radius = np.linalg.norm((ions.positions_a - origin_a)[inside & mine], axis=1).max()
        limit = options.free_dipole_v / COULOMB_V_A * radius**2
        price = max(1, round(DIPOLE_COST_A * limit / radius / STEP_A))
        rounding = 0.5 * GRAIN_A * np.sqrt(3.0) * (1 + np.abs(ions.charges[chosen]).sum())
        rounding = rounding + dipole * GRAIN_A / radius
        for number, uncertain in enumerate((-rounding, rounding)):
            excess = np.ceil((dipole + uncertain) / limit - 1.0 - 1e-6)
            costs[number] += price * np.maximum(0, excess).astype(int)
    return costs
