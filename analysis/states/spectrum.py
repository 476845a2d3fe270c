"""What figures and tables show of the states of one run, whether computed now or read again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError, near_name

from .dos import DensityOfStates, broadened
from .own_groups import OWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.arrays import Bools, Floats

    from .filtered_gap import FilteredGap
    from .gap import Gap

LOWEST_PART, HIGHEST_PART = 0.7, 1.5
"""Ends of the axis of the IPR, as parts of the smallest and the largest that a state can have."""

EDGE_MARGIN_EV = 1.0
"""Energies beyond a filtered edge that figures show at least, in eV."""

WINDOW_MARGIN = 3.0
"""Standard deviations of the broadening by which figures reach beyond the outermost states."""

TITLES = {
    "element": "element",
    "orbital": "element and angular momentum",
    "domain": "domain",
    "domain-element": "element in domain",
    "shell": "core and surface",
    OWN: "own groups",
}
"""What groups are called, by the word that asks for them; own groups are called by their column."""


@dataclass(frozen=True, eq=False)
class SharedStates:
    """Groups of atoms or orbitals, and how they share each state.

    Parameters
    ----------
    kind : str
        By what the states are shared out: a key of `TITLES`, or the name of the user's column.
    names : tuple of str
        Name of each group, without what is the same in all.
    weights : ndarray, shape (n_groups, n_states)
        Weight of each group in each state.
    """

    kind: str
    names: tuple[str, ...]
    weights: Floats

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        weights: Floats,
        elements: Sequence[str],
        domains: Sequence[str] = (),
    ) -> SharedStates:
        """Tell by their names what groups are, if they are not the elements.

        Parameters
        ----------
        names : sequence of str
            As in the columns of dos.csv, such as ``"Pb:s"``, ``"shell:core"``.
        weights : ndarray, shape (n_groups, n_states)
            Weight of each group in each state.
        elements, domains : sequence of str
            Names of all elements, and of the domains if there are several.

        Examples
        --------
        >>> found = SharedStates.of(["shell:core", "shell:surface"], np.ones((2, 1)) / 2, ["Pb"])
        >>> found.kind, found.names
        ('shell', ('core', 'surface'))
        """
        names = tuple(names)
        heads = {name.rpartition(":")[0] for name in names}
        if names == tuple(domains):
            return cls("domain", names, weights)
        if heads <= set(domains):
            return cls("domain-element", names, weights)
        if heads <= set(elements) and all(len(name.rpartition(":")[2]) == 1 for name in names):
            return cls("orbital", names, weights)
        kind = names[0].partition(":")[0]
        return cls(kind, tuple(name.partition(":")[2] for name in names), weights)

    @property
    def title(self) -> str:
        """What the groups are called."""
        return TITLES.get(self.kind, self.kind)


def shared_states(
    blocks: Sequence[tuple[tuple[str, ...], Floats]], domains: Sequence[str] = ()
) -> tuple[SharedStates, ...]:
    """Return groups with their weights, given names as in dos.csv; elements are the first block."""
    (elements, weights), *further = blocks
    return (
        SharedStates("element", elements, weights),
        *(SharedStates.of(names, of_groups, elements, domains) for names, of_groups in further),
    )


@dataclass(frozen=True, eq=False)
class Spectrum:
    """States of one run with gaps, localization and shares of groups: what figures draw.

    Parameters
    ----------
    label : str
        Name of the run.
    options : AnalysisOptions
        What the analysis was asked for.
    energies_ev : ndarray, shape (n_states,)
        Energies in eV, alpha before beta, each ascending.
    occupied : ndarray of bool, shape (n_states,)
        Which states are occupied.
    spins : ndarray of int, shape (n_states,)
        0 for alpha or restricted states, 1 for beta.
    restricted : bool
        Whether each state holds up to two electrons.
    ipr : ndarray, shape (n_states,), or None
        Inverse participation ratio; None where weights are of whole kinds of atoms.
    shares : tuple of SharedStates
        Groups that share the states, those of elements first.
    gap : Gap
        Plain and filtered gaps; of whole kinds without edges.
    fermi_ev, vacuum_ev : float or None
        Fermi energy, and vacuum level, in eV, if known.
    n_atoms : int or None
        Number of atoms.
    formula : str or None
        What they are.
    diameter_nm : float or None
        Largest distance between two atoms, if it is known where they are.
    domain_names : tuple of str
        Names of the domains, if there are several.
    source : str
        What the states are from.
    notes : tuple of str
        Sentences that must stand under figures.
    """

    label: str
    options: AnalysisOptions
    energies_ev: Floats
    occupied: Bools
    spins: NDArray[np.int8]
    restricted: bool
    ipr: Floats | None
    shares: tuple[SharedStates, ...]
    gap: Gap
    fermi_ev: float | None
    vacuum_ev: float | None
    n_atoms: int | None
    formula: str | None
    diameter_nm: float | None
    domain_names: tuple[str, ...]
    source: str
    notes: tuple[str, ...]

    def shared_by(self, kind: str) -> SharedStates:
        """Return the groups of a kind.

        Parameters
        ----------
        kind : str
            A key of `TITLES`, or the name of the user's column.

        Raises
        ------
        InputError
            If the states are not known by such groups.
        """
        known = {shares.kind: shares for shares in self.shares}
        if kind not in known:
            raise InputError(
                f"{self.label}: its states are not shared out by {kind!r}; "
                f"{near_name(kind, tuple(known))}"
            )
        return known[kind]

    def has_shares(self, kind: str) -> bool:
        """Whether the states are known by groups of a kind."""
        return any(shares.kind == kind for shares in self.shares)

    def density(self, kind: str = "element", broadening_ev: float | None = None) -> DensityOfStates:
        """Return the density of states of groups, on a grid that holds every state whole.

        Parameters
        ----------
        kind : str
            As for `shared_by`.
        broadening_ev : float, optional
            Standard deviation of the Gaussians in eV; that of the analysis if not given. Steps of
            energy are at most a fifth of it.
        """
        shares = self.shared_by(kind)
        return self.broadened(shares.names, shares.weights, broadening_ev)

    def broadened(
        self, names: tuple[str, ...], weights: Floats, broadening_ev: float | None = None
    ) -> DensityOfStates:
        """Broaden the states, given what each group holds of them; see `density`."""
        options = self.options
        if broadening_ev is not None:
            step_ev = min(options.energy_step_ev, broadening_ev / 5.0)
            options = options.model_copy(
                update={"broadening_ev": broadening_ev, "energy_step_ev": step_ev}
            )
        return broadened(self, names, weights, options)

    def named(self, label: str) -> Spectrum:
        """Return the same under another name."""
        return replace(self, label=label)

    @property
    def filter_in_use(self) -> FilteredGap:
        """The filter that tells traps from edges."""
        return self.gap.delocalised

    @property
    def ipr_limit(self) -> float:
        """Threshold of the filter in use as one of the IPR: no more than the highest there can be.

        That is 1, or the highest of the states, as Mulliken weights may give more.
        """
        assert self.ipr is not None and self.n_atoms is not None
        used, highest = self.filter_in_use, float(self.ipr.max())
        limit = used.limit if used.measure == "IPR" else used.limit / self.n_atoms
        return min(limit, max(1.0, highest))

    @property
    def ipr_range(self) -> tuple[float, float]:
        """Range of the IPR that figures and report show: all that a state can have, and more."""
        assert self.ipr is not None and self.n_atoms is not None
        low = min(1.0 / self.n_atoms, self.ipr_limit)
        return LOWEST_PART * low, HIGHEST_PART * max(1.0, float(self.ipr.max()))

    @cached_property
    def window_ev(self) -> tuple[float, float]:
        """Range in eV that figures show: around the gap, with the filtered edges inside it.

        It ends at the lowest and the highest state, beyond which nothing is known.
        """
        options, used = self.options, self.filter_in_use
        homo_ev, lumo_ev, energies_ev = self.gap.homo_ev, self.gap.lumo_ev, self.energies_ev
        lowest = float(energies_ev.min())
        highest = float(max(energies_ev.max(), -np.inf if lumo_ev is None else lumo_ev))
        below = -np.inf if homo_ev is None else homo_ev - options.window_below_ev
        above = np.inf if lumo_ev is None else lumo_ev + options.window_above_ev
        if used.valence_edge_ev is not None:
            below = min(below, used.valence_edge_ev - EDGE_MARGIN_EV)
        if used.conduction_edge_ev is not None:
            above = max(above, used.conduction_edge_ev + EDGE_MARGIN_EV)
        margin_ev = WINDOW_MARGIN * options.broadening_ev
        return max(below, lowest - margin_ev), min(above, highest + margin_ev)


def kind_of_groups(asked: str, spectra: Sequence[Spectrum]) -> str:
    """Return the kind of groups that figures show: the one asked for, own groups, or elements."""
    if asked:
        return asked
    return OWN if all(spectrum.has_shares(OWN) for spectrum in spectra) else "element"
