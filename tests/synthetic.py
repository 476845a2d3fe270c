"""A particle of rock salt and states with bands and traps, for tests of figures and report."""

import numpy as np

from epicarve.builder.model import Model
from epicarve.dft.states import OrbitalStates

BOND_A = 2.97


def particle(radius_a=5.0, domains=("PbS", "CsPbCl3")):
    """A sphere cut from rock salt, its halves named after the domains from top to bottom."""
    reach = int(radius_a / BOND_A) + 1
    sites = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), -1)
    sites = sites.reshape(-1, 3)
    positions_a = BOND_A * sites
    inside = np.linalg.norm(positions_a, axis=1) <= radius_a
    sites, positions_a = sites[inside], positions_a[inside]
    rank = np.argsort(np.argsort(-positions_a[:, 2], kind="stable"))
    of_domain = np.minimum(rank * len(domains) // len(sites), len(domains) - 1)
    is_cation = sites.sum(axis=1) % 2 == 0
    filled = {tuple(site) for site in sites.tolist()}
    steps = np.concatenate([np.eye(3, dtype=int), -np.eye(3, dtype=int)])
    bonds = [sum(tuple(near) in filled for near in (site + steps).tolist()) for site in sites]
    return Model(
        symbols=np.where(is_cation, "Pb", np.where(of_domain == 0, "S", "Cl")),
        positions_a=positions_a + 0.0,
        charges=np.where(is_cation, 2, -2),
        domains=np.array(domains)[of_domain],
        sites=is_cation.astype(int),
        coordination=np.array(bonds),
        bulk_coordination=np.full(len(sites), 6),
        components=np.zeros(len(sites), dtype=int),
    )


def states_of(model, n_states=60, restricted=True, seed=0, **changes):
    """Two bands 2 eV apart with two traps in the gap below and one above, for each spin."""
    rng = np.random.default_rng(seed)
    n_occupied, n_spins = n_states // 2, 1 if restricted else 2
    energies_ev, weights = [], []
    for _ in range(n_spins):
        valence = -5.0 - rng.gamma(2.0, 1.0, n_occupied)
        conduction = -3.0 + rng.gamma(2.0, 1.0, n_states - n_occupied)
        valence[:2], conduction[0] = (-4.6, -4.4), -3.3
        order = np.argsort(np.concatenate([valence, conduction]), kind="stable")
        energies_ev.append(np.concatenate([valence, conduction])[order])
        spread = rng.gamma(4.0, 1.0, (model.n_atoms, n_states))
        for trap in (n_occupied - 2, n_occupied - 1, n_occupied):
            atom = rng.integers(model.n_atoms)
            apart_a = np.linalg.norm(model.positions_a - model.positions_a[atom], axis=1)
            spread[:, trap] = np.exp(-apart_a / 1.2)
        weights.append(spread / spread.sum(axis=0))
    electrons = np.where(np.arange(n_states) < n_occupied, 2.0 / n_spins, 0.0)
    fields = {
        "energies_ev": np.concatenate(energies_ev),
        "occupations": np.tile(electrons, n_spins),
        "weights": np.concatenate(weights, axis=1),
        "symbols": tuple(model.symbols.tolist()),
        "spins": np.repeat(np.arange(n_spins), n_states).astype(np.int8),
        "restricted": restricted,
        "source": "synthetic states",
    }
    return OrbitalStates(**{**fields, **changes})
