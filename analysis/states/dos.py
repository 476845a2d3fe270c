"""Fractional density of states of groups of atoms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.sparse import csr_array

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.arrays import Bools, Floats, Strings
    from epicarve.builder.model import Model
    from epicarve.dft.weighed_states import WeighedStates

    from .sites import Sites

REACH = 6.0
"""Standard deviations after which a Gaussian counts as zero (its tail beyond holds 2e-9)."""

SHARED_WEIGHT = 1e-4
"""Weights of groups sum to more than 1 by more than this if they share atoms."""

WIDEST_EMPTY_EV = 10.0
"""Wider stretches without a state, as between core levels and valence bands, are left out of the
grid of energies."""


class Levels(Protocol):
    """What a density of states is made of besides weights: states of one spin or of two."""

    @property
    def energies_ev(self) -> Floats:
        """Energies in eV, shape (n_states,)."""

    @property
    def spins(self) -> NDArray[np.int8]:
        """0 for alpha or restricted states, 1 for beta, shape (n_states,)."""

    @property
    def restricted(self) -> bool:
        """Whether each state holds up to two electrons."""


@dataclass(frozen=True)
class Groups:
    """A partition of the atoms: each atom is in exactly one group.

    Parameters
    ----------
    names : tuple of str
        Name of each group.
    members : ndarray of bool, shape (n_groups, n_atoms)
        Which atoms each group holds.

    Examples
    --------
    >>> Groups.of_labels(["Pb", "S", "Pb"]).names
    ('Pb', 'S')
    """

    names: tuple[str, ...]
    members: Bools

    @classmethod
    def of_labels(cls, labels: Sequence[str]) -> Groups:
        """Put atoms of the same label into a group; groups stand in order of first appearance."""
        names = tuple(dict.fromkeys(labels))
        return cls(names=names, members=np.array(labels) == np.array(names)[:, None])

    @property
    def labels(self) -> Strings:
        """Name of the group of each atom, shape (n_atoms,)."""
        return np.asarray(np.array(self.names)[self.members.argmax(axis=0)])

    def without_head(self, head: str) -> Groups:
        """Return the same with names that lack what stands before the colon."""
        return replace(self, names=tuple(name.removeprefix(f"{head}:") for name in self.names))

    def weights(self, atom_weights: Floats) -> Floats:
        """Sum weights of shape (n_atoms, n_states) over each group: (n_groups, n_states)."""
        return np.asarray(self.members.astype(float) @ atom_weights)


def by_element(symbols: Sequence[str]) -> Groups:
    """Group the atoms by element, given the element of each."""
    return Groups.of_labels(symbols)


def by_domain(model: Model) -> Groups:
    """Group the atoms by domain."""
    return Groups.of_labels(model.domains.tolist())


def by_species_in_domain(model: Model) -> Groups:
    """Group the atoms by domain and element, each group named ``"domain:element"``."""
    pairs = zip(model.domains.tolist(), model.symbols.tolist(), strict=True)
    return Groups.of_labels([f"{domain}:{symbol}" for domain, symbol in pairs])


def by_shell(sites: Sites) -> Groups | None:
    """Group the atoms into core, surface and interface, each group named ``"shell:core"``.

    What is surface follows from the coordination against bulk, not from the distance to the
    centre. None if that is not known of the atoms.
    """
    if sites.positions is None:
        return None
    return Groups.of_labels([f"shell:{position}" for position in sites.positions.tolist()])


def by_label(labels: Sequence[object], name: str, n_atoms: int) -> Groups:
    """Group the atoms by labels of the user's own, each group named ``"NAME:label"``.

    Parameters
    ----------
    labels : sequence
        A label for each atom.
    name : str
        What the labels tell, such as the name of a column of the model.
    n_atoms : int
        Number of atoms.

    Returns
    -------
    Groups
        In order of first appearance.

    Raises
    ------
    InputError
        If there is not one label for each atom.

    Examples
    --------
    >>> by_label([1, 1, 2], name="ring", n_atoms=3).names
    ('ring:1', 'ring:2')
    """
    if len(labels) != n_atoms:
        raise InputError(
            f"there are {len(labels)} labels {name!r} for {n_atoms} atoms; give one for each atom"
        )
    return Groups.of_labels([f"{name}:{label}" for label in labels])


def fractional_dos(
    energies_ev: Floats,
    group_weights: Floats,
    grid_ev: Floats,
    broadening_ev: float,
) -> Floats:
    r"""Return the density of states of each group on a regular grid of energies.

    .. math:: g_G(E) = \sum_i W_{Gi}\, \delta_\sigma(E - \varepsilon_i)

    with a normalised Gaussian for δ, cut off after `REACH` standard deviations. States beyond the
    grid count with the tail that reaches into it.

    Parameters
    ----------
    energies_ev : ndarray, shape (n_states,)
        Energies in eV.
    group_weights : ndarray, shape (n_groups, n_states)
        Weight of each group in each state.
    grid_ev : ndarray, shape (n_grid,)
        Ascending energies in eV.
    broadening_ev : float
        Standard deviation of the Gaussian in eV.

    Returns
    -------
    ndarray, shape (n_groups, n_grid)
        States per eV. A state counts once, whether it holds one electron or two: the integral over
        all energies is the sum of the weights.

    Examples
    --------
    >>> grid_ev = np.linspace(-1.0, 1.0, 201)
    >>> dos = fractional_dos(np.array([0.0]), np.array([[0.25], [0.75]]), grid_ev, 0.1)
    >>> (dos.sum(axis=1) * 0.01).round(6).tolist()
    [0.25, 0.75]
    """
    reach_ev = REACH * broadening_ev
    firsts = np.searchsorted(grid_ev, energies_ev - reach_ev)
    ends = np.searchsorted(grid_ev, energies_ev + reach_ev, side="right")
    n_reached = ends - firsts
    starts = np.concatenate([[0], np.cumsum(n_reached)])
    points = np.arange(starts[-1]) + np.repeat(firsts - starts[:-1], n_reached)
    distances = (grid_ev[points] - np.repeat(energies_ev, n_reached)) / broadening_ev
    gaussians = np.exp(-0.5 * distances**2) / (broadening_ev * np.sqrt(2.0 * np.pi))
    broadening = csr_array((gaussians, points, starts), shape=(len(energies_ev), len(grid_ev)))
    return np.asarray(group_weights @ broadening)


@dataclass(frozen=True)
class DensityOfStates:
    """Density of states of each group of atoms, per spin.

    Parameters
    ----------
    grid_ev : ndarray, shape (n_grid,)
        Energies in eV.
    groups : tuple of str
        Names of the groups.
    density : ndarray, shape (n_spins, n_groups, n_grid)
        States per eV. A spin-restricted state counts once though it holds two electrons; of
        unrestricted states, alpha comes first, then beta.
    """

    grid_ev: Floats
    groups: tuple[str, ...]
    density: Floats

    @property
    def total(self) -> Floats:
        """Sum over the groups in states per eV, shape (n_spins, n_grid)."""
        return np.asarray(self.density.sum(axis=1))

    def within(self, below_ev: float, above_ev: float) -> DensityOfStates:
        """Return the part of it between two energies in eV."""
        part = (self.grid_ev >= below_ev) & (self.grid_ev <= above_ev)
        return DensityOfStates(self.grid_ev[part], self.groups, self.density[:, :, part])


def density_of_states(
    states: WeighedStates, groups: Groups, options: AnalysisOptions
) -> DensityOfStates:
    """Broaden all states of a model, on a grid that holds each of them whole.

    Parameters
    ----------
    states : WeighedStates
        The states.
    groups : Groups
        A partition of their atoms.
    options : AnalysisOptions
        Broadening and step.

    Returns
    -------
    DensityOfStates
        Its integral over the grid is the number of states of each spin.
    """
    return broadened(states, groups.names, groups.weights(states.weights), options)


def orbital_densities(states: WeighedStates, options: AnalysisOptions) -> list[DensityOfStates]:
    """Return the density of states by element and angular momentum; empty if it is not known."""
    if not states.orbital_names:
        return []
    return [broadened(states, states.orbital_names, states.orbital_weights, options)]


def list_densities(states: WeighedStates, options: AnalysisOptions) -> list[DensityOfStates]:
    """Return the density of states of the groups of atoms that were projected on together."""
    return [broadened(states, *groups, options) for groups in groups_of_lists(states)]


def groups_of_lists(
    states: WeighedStates,
) -> list[tuple[tuple[str, ...], Floats]]:
    """Share the states out among the groups of atoms that were projected on together.

    Parameters
    ----------
    states : WeighedStates
        Their `list_weights` tell the weight of each group in each state.

    Returns
    -------
    list of (names, weights)
        All groups and the rest of the atoms together if they share no atoms, else each group beside
        the rest; weights have shape (n_groups, n_states) and sum to 1 in each state. Empty without
        groups.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from epicarve.dft.states import OrbitalStates
    >>> states = OrbitalStates([-1.0], [2.0], [[0.25], [0.75]], ("H", "O"))
    >>> groups_of_lists(replace(states, list_names=("list:1",), list_weights=[[0.75]]))
    [(('list:1', 'list:other atoms'), array([[0.75],
           [0.25]]))]
    """
    if not states.list_names:
        return []
    names, weights = states.list_names, states.list_weights
    if (weights.sum(axis=0) <= 1.0 + SHARED_WEIGHT).all():
        return [_with_rest(names, weights)]
    # "list:1" and its atoms become the two groups "list 1:its atoms" and "list 1:other atoms".
    alone = [f"{name.replace(':', ' ')}:its atoms" for name in names]
    return [_with_rest((name,), row[None]) for name, row in zip(alone, weights, strict=True)]


def _with_rest(names: tuple[str, ...], weights: Floats) -> tuple[tuple[str, ...], Floats]:
    """Add the atoms that are in none of some groups as a group of their own."""
    rest = 1.0 - weights.sum(axis=0)
    if (rest <= SHARED_WEIGHT).all():
        return names, weights
    return (*names, f"{names[0].partition(':')[0]}:other atoms"), np.vstack([weights, rest])


def broadened(
    states: Levels,
    names: tuple[str, ...],
    group_weights: Floats,
    options: AnalysisOptions,
) -> DensityOfStates:
    """Broaden all states, given what each group holds of them.

    Parameters
    ----------
    states : Levels
        The states.
    names : tuple of str
        Names of the groups.
    group_weights : ndarray, shape (n_groups, n_states)
        Weight of each group in each state.
    options : AnalysisOptions
        Broadening and step.

    Returns
    -------
    DensityOfStates
        On the grid of `energy_grid_ev`.
    """
    grid_ev = energy_grid_ev(states, options)
    density = [
        fractional_dos(
            states.energies_ev[states.spins == spin],
            group_weights[:, states.spins == spin],
            grid_ev,
            options.broadening_ev,
        )
        for spin in ((0,) if states.restricted else (0, 1))
    ]
    return DensityOfStates(grid_ev=grid_ev, groups=names, density=np.stack(density))


def energy_grid_ev(states: Levels, options: AnalysisOptions) -> Floats:
    """Return multiples of the energy step, in eV, that hold every broadened state whole.

    They are evenly spaced but for stretches of more than `WIDEST_EMPTY_EV` without a state.
    """
    step_ev, margin_ev = options.energy_step_ev, (REACH + 1) * options.broadening_ev
    energies_ev = np.sort(states.energies_ev)
    wide = np.diff(energies_ev) > max(WIDEST_EMPTY_EV, 2.0 * margin_ev + 2.0 * step_ev)
    firsts = energies_ev[np.concatenate([[True], wide])]
    lasts = energies_ev[np.concatenate([wide, [True]])]
    stretches = [
        np.arange(
            np.floor((first - margin_ev) / step_ev), np.ceil((last + margin_ev) / step_ev) + 1
        )
        for first, last in zip(firsts, lasts, strict=True)
    ]
    return np.asarray(np.concatenate(stretches) * step_ev)
