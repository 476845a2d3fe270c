"""Ways to share states out among groups of atoms or orbitals, as the report offers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.style import element_colours

from .dos import groups_of_lists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.style import Palette

    from .dos import DensityOfStates
    from .results import Analysis

TITLES = {"shell": "core and surface"}
"""Titles of groups whose names begin alike; others are called by that beginning."""


@dataclass(frozen=True)
class Grouping:
    """Groups that share each state, with their names, colours, weights and densities.

    Parameters
    ----------
    title : str
        By what the states are shared out, such as ``"element"``.
    names : tuple of str
        Name of each group.
    colours : tuple of str
        Colour of each group as ``#rrggbb``.
    weights : ndarray, shape (n_groups, n_states)
        Weight of each group in each state.
    dos : DensityOfStates
        Density of states of each group.
    """

    title: str
    names: tuple[str, ...]
    colours: tuple[str, ...]
    weights: Floats
    dos: DensityOfStates


def groupings(analysis: Analysis, palette: Palette) -> tuple[Grouping, ...]:
    """Return the partitions of the atoms, and the orbitals if the states tell them apart.

    Parameters
    ----------
    analysis : Analysis
        The results.
    palette : {"study", "safe"}
        Which colours.

    Returns
    -------
    tuple of Grouping
        By element first.
    """
    states = analysis.states
    weights = [groups.weights(states.weights) for groups in analysis.partitions]
    if states.orbital_names:
        weights.append(states.orbital_weights)
    weights += [list_weights for _, list_weights in groups_of_lists(states)]
    found = []
    for index, (dos, group_weights) in enumerate(zip(analysis.densities, weights, strict=True)):
        title, names = _describe(dos.groups, analysis) if index else ("element", dos.groups)
        shades = tuple(element_colours(names, palette).values())
        found.append(Grouping(title, names, shades, group_weights, dos))
    return tuple(found)


def _describe(names: Sequence[str], analysis: Analysis) -> tuple[str, tuple[str, ...]]:
    """Return the title of groups and their names without what is the same in all of them."""
    if tuple(names) == analysis.states.orbital_names:
        return "element and angular momentum", tuple(names)
    beginnings = {name.rpartition(":")[0] for name in names}
    domains = () if analysis.model is None else analysis.model.domain_names
    if tuple(names) == domains:
        return "domain", tuple(names)
    if beginnings <= set(domains):
        return "element in domain", tuple(names)
    beginning = names[0].partition(":")[0]
    return TITLES.get(beginning, beginning), tuple(name.partition(":")[2] for name in names)
