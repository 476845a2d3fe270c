"""Arrangements of ions on shared sites whose pairs occur as often as in a random mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import neighbours

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings

    from .shared_sites import SharedSites

N_SHELLS = 4
"""Shells of neighbours whose pairs are looked at."""

REACH_A = 9.0
"""How far, in Å, neighbours are looked for."""

SAME_SHELL_A = 0.1
"""Distances that differ by less, in Å, are of one shell."""

STEPS_PER_SITE = 200
MAX_STEPS = 40_000

FIRST_HEAT, LAST_HEAT = 0.05, 1e-4
"""Rise of the objective that an exchange may cost at the start and at the end."""


def quasirandom_symbols(shared: SharedSites, seed: int) -> tuple[Strings, float]:
    """Return an arrangement near a random mixture, with the counted numbers of ions.

    Ions of the sites that share the same elements are exchanged, by simulated annealing, until
    each pair of elements is as frequent in the first `N_SHELLS` shells of neighbours as in a
    random mixture of the same ratio (special quasirandom structures: Zunger et al., Phys. Rev.
    Lett. 1990, 65, 353; annealing: van de Walle et al., Calphad 2013, 42, 13).

    Parameters
    ----------
    shared : SharedSites
        The sites.
    seed : int
        Of the exchanges; the same one gives the same arrangement.

    Returns
    -------
    symbols : ndarray of str, shape (n_sites,)
        Element of every site.
    deviation : float
        Largest deviation of the share of a pair of elements in a shell from that of a random
        mixture.
    """
    rng = np.random.default_rng(seed)
    symbols = shared.cell.symbols
    worst = 0.0
    for elements, sites in shared.mixed.items():
        counts = shared.counts(elements)
        start = np.repeat(np.arange(len(elements)), [counts[element] for element in elements])
        rng.shuffle(start)
        shells = _shells(shared.cell.cell_a, shared.cell.fractional[sites])
        kinds, deviation = _annealed(start, len(elements), shells, rng)
        symbols[sites] = np.array(elements)[kinds]
        worst = max(worst, deviation)
    return symbols, worst


def _shells(cell_a: Floats, fractional: Floats) -> Floats:
    """Return how often two sites are neighbours in each shell, shape (n_shells, n, n)."""
    i, j, _, distances = neighbours(cell_a, fractional, REACH_A)
    order = np.argsort(distances, kind="stable")
    shell = np.zeros(len(distances), dtype=int)
    shell[order] = np.cumsum(np.diff(distances[order], prepend=distances[order][:1]) > SAME_SHELL_A)
    found = np.zeros((N_SHELLS, len(fractional), len(fractional)))
    inner = shell < N_SHELLS
    np.add.at(found, (shell[inner], i[inner], j[inner]), 1.0)
    return found[found.any(axis=(1, 2))]


def _annealed(
    kinds: Ints, n_kinds: int, shells: Floats, rng: np.random.Generator
) -> tuple[Ints, float]:
    """Exchange kinds of sites until their pairs are as frequent as in a random mixture."""
    n_sites = len(kinds)
    share = np.bincount(kinds, minlength=n_kinds) / n_sites
    random = np.outer(share, share)
    weights = 1.0 / np.arange(1, len(shells) + 1)
    n_pairs = shells.sum(axis=(1, 2))[:, None, None]
    present = np.eye(n_kinds)[kinds]
    around = shells @ present  # neighbours of each kind in each shell, (n_shells, n, n_kinds)
    pairs = present.T @ around / n_pairs

    def miss(of_pairs: Floats) -> float:
        return float(np.sqrt((weights * ((of_pairs - random) ** 2).sum(axis=(1, 2))).sum()))

    now, best, best_kinds = miss(pairs), np.inf, kinds.copy()
    n_steps = min(STEPS_PER_SITE * n_sites, MAX_STEPS) if len(shells) else 0
    for heat in np.geomspace(FIRST_HEAT, LAST_HEAT, n_steps):
        if now < best:
            best, best_kinds = now, kinds.copy()
        a, b = rng.integers(n_sites, size=2).tolist()
        if kinds[a] == kinds[b]:
            continue
        change = np.zeros(n_kinds)
        change[kinds[b]], change[kinds[a]] = 1.0, -1.0
        cross = change[None, :, None] * (around[:, a] - around[:, b])[:, None, :]
        own = shells[:, a, a] + shells[:, b, b] - 2.0 * shells[:, a, b]
        new = pairs + (cross + cross.transpose(0, 2, 1)) / n_pairs
        new += own[:, None, None] * np.outer(change, change) / n_pairs
        later = miss(new)
        if later > now and rng.random() >= np.exp((now - later) / heat):
            continue
        around += (shells[:, :, a] - shells[:, :, b])[:, :, None] * change
        kinds[[a, b]] = kinds[[b, a]]
        pairs, now = new, later
    kinds = best_kinds if best < now else kinds
    present = np.eye(n_kinds)[kinds]
    deviation = np.abs(present.T @ shells @ present / n_pairs - random)
    return kinds, float(deviation.max(initial=0.0))
