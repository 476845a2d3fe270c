"""Ways to share states out among groups of atoms or orbitals, as the report offers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.style import element_colours

if TYPE_CHECKING:
    from epicarve.arrays import Floats
    from epicarve.style import Palette

    from .results import Analysis


@dataclass(frozen=True)
class Grouping:
    """Groups that share each state, with their names, colours and weights.

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
    """

    title: str
    names: tuple[str, ...]
    colours: tuple[str, ...]
    weights: Floats


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
    return tuple(
        Grouping(
            shares.title,
            shares.names,
            tuple(element_colours(shares.names, palette).values()),
            shares.weights,
        )
        for shares in analysis.spectrum.shares
    )
