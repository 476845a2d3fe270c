"""Overlap populations between groups of atoms: of each state, broadened (COOP), and summed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.orbitals import OrbitalGroup
from epicarve.dft.states import ANGULAR_MOMENTA
from epicarve.errors import InputError

from .dos import DensityOfStates, broadened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.arrays import Bools, Floats
    from epicarve.dft.orbitals import GroupPair
    from epicarve.dft.states import OrbitalStates

    from .dos import Groups
    from .localization import Localization


@dataclass(frozen=True)
class Coop:
    """Crystal orbital overlap populations of pairs of groups of atoms.

    Parameters
    ----------
    pairs : tuple of pairs of str
        Names of the two groups of each pair.
    populations : ndarray, shape (n_pairs, n_states)
        Overlap population of each pair in each state, for one electron in it: positive where the
        state bonds the groups, negative where it antibonds.
    curves : DensityOfStates
        The same broadened, per eV; its groups are the names of the pairs, such as ``"Pb-S"``. As in
        a density of states, a spin-restricted state counts once though it holds two electrons.
    icoop : ndarray, shape (n_pairs,), or None
        Sum over all states of population times occupation: the overlap population between the
        groups in the whole model, in electrons. None where the lowest states are not known.
    homo, lumo : ndarray, shape (n_pairs,), or None
        Populations in the highest occupied and the lowest empty state. Of a degenerate one, the
        mean over its set, which is the same however the states of the set are mixed. None if there
        is no such state.

    Examples
    --------
    >>> from epicarve.analysis.states import Localization
    >>> from epicarve.analysis.options import AnalysisOptions
    >>> from epicarve.dft.states import OrbitalStates
    >>> states = OrbitalStates(
    ...     energies_ev=np.array([-9.0, -3.0]),
    ...     occupations=np.array([2.0, 0.0]),
    ...     weights=np.full((2, 2), 0.5),
    ...     symbols=("H", "H"),
    ...     pairs=(("H", "H"),),
    ...     overlap_populations=np.array([[0.375, -1.5]]),
    ... )
    >>> coop = Coop.of(states, Localization.of(states), AnalysisOptions())
    >>> coop.icoop.tolist(), coop.homo.tolist(), coop.lumo.tolist()
    ([0.75], [0.375], [-1.5])
    """

    pairs: tuple[tuple[str, str], ...]
    populations: Floats
    curves: DensityOfStates
    icoop: Floats | None
    homo: Floats | None
    lumo: Floats | None

    @classmethod
    def of(
        cls, states: OrbitalStates, localization: Localization, options: AnalysisOptions
    ) -> Coop:
        """Broaden and sum the overlap populations of states."""
        names = tuple(f"{first}-{second}" for first, second in states.pairs)
        populations = states.overlap_populations

        def at(edge_ev: float | None, eligible: Bools) -> Floats | None:
            if edge_ev is None:
                return None
            state = int(np.flatnonzero(eligible & (states.energies_ev == edge_ev))[0])
            of_set = localization.sets == localization.sets[state]
            return np.asarray(populations[:, of_set].mean(axis=1))

        return cls(
            pairs=states.pairs,
            populations=populations,
            curves=broadened(states, names, populations, options),
            icoop=None if states.is_window else populations @ states.occupations,
            homo=at(states.homo_ev, states.is_occupied),
            lumo=at(states.lumo_ev, ~states.is_occupied),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each pair, such as ``"Pb-S"``."""
        return self.curves.groups

    def integrated(self) -> Floats:
        """Integrate the curves from below, with as many electrons as a full state holds.

        Returns
        -------
        ndarray, shape (n_spins, n_pairs, n_grid)
            The overlap population, in electrons, if all states below an energy were filled and
            those above were empty. Where the lowest states are not known it counts from the first
            that is.
        """
        step_ev = self.curves.grid_ev[1] - self.curves.grid_ev[0]
        n_electrons = 2.0 / len(self.curves.density)
        return np.asarray(self.curves.density.cumsum(axis=-1) * step_ev * n_electrons)


def group_pairs(
    asked: Sequence[tuple[str, str]], partitions: Sequence[Groups]
) -> tuple[GroupPair, ...]:
    """Find the groups of some names among partitions of the atoms.

    Parameters
    ----------
    asked : sequence of pairs of str
        Names of groups, each with an angular momentum after a colon if only its functions count.
    partitions : sequence of Groups
        Partitions of the atoms.

    Returns
    -------
    tuple of pairs of OrbitalGroup
        The pairs, in the order asked.

    Raises
    ------
    InputError
        If there is no such group.

    Examples
    --------
    >>> from epicarve.analysis.states import by_element
    >>> ((lead, sulfur),) = group_pairs([("Pb:s", "S")], [by_element(("Pb", "S", "S"))])
    >>> lead.momentum, sulfur.atoms.tolist()
    (0, [False, True, True])
    """
    known = {
        name: members
        for partition in reversed(partitions)
        for name, members in zip(partition.names, partition.members, strict=True)
    }

    def group(name: str) -> OrbitalGroup:
        if name in known:
            return OrbitalGroup(name, known[name])
        atoms, _, letter = name.rpartition(":")
        if atoms in known and len(letter) == 1 and letter in ANGULAR_MOMENTA:
            return OrbitalGroup(name, known[atoms], ANGULAR_MOMENTA.index(letter))
        named = ", ".join(name for partition in partitions for name in partition.names)
        raise InputError(
            f"overlap_populations: there is no group {name!r}; there are {named}, and each of them "
            "with an angular momentum, such as :s"
        )

    return tuple((group(first), group(second)) for first, second in asked)
