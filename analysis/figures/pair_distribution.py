"""The figure of pair distributions of several particles, two geometries of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from epicarve.analysis.options import FigureOptions
from epicarve.style import pair_colours

from .canvas import framed_axes
from .formulas import pretty_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epicarve.analysis.compare import RadialDistribution

PANEL_INCHES = 1.45

FIRST_A = 2.0
"""The axis begins here, in Å: no two ions are nearer to each other."""

HEADROOM = 1.12


@dataclass(frozen=True)
class DistributionPanel:
    """Pair distributions of one particle.

    Parameters
    ----------
    title : str
        What the particle is.
    curves : mapping of str to RadialDistribution
        Its geometries by name, the first drawn full, the second broken.
    pairs : tuple of str
        Pairs of elements that are drawn, as the distributions name them.
    marks_a : mapping of str to float
        Distances in Å to be marked, by pair.
    """

    title: str
    curves: Mapping[str, RadialDistribution]
    pairs: tuple[str, ...]
    marks_a: Mapping[str, float]


def pair_distribution_figure(
    panels: Sequence[DistributionPanel], mark: str, look: FigureOptions | None = None
) -> Figure:
    """Draw how dense elements lie around each other against the distance, a panel a particle.

    Parameters
    ----------
    panels : sequence of DistributionPanel
        The particles.
    mark : str
        What the marked distances are.
    look : FigureOptions, optional
        Width and palette.

    Returns
    -------
    matplotlib.figure.Figure
        Ions of one element per Å³ at a distance r from those of the other, R(r)/4πr².
    """
    look = look or FigureOptions(width="double")
    kinds = tuple(dict.fromkeys(_kind(pair) for panel in panels for pair in panel.pairs))
    colours = dict(zip(kinds, pair_colours(len(kinds), look.palette), strict=True))
    names = tuple(dict.fromkeys(name for panel in panels for name in panel.curves))
    dashes = dict(zip(names, ("-", (0, (4, 1.5)), ":"), strict=False))
    height = PANEL_INCHES * len(panels) + 0.6
    with framed_axes(look, [one.title for one in panels], (), height, sharex=True) as frame:
        for axes, panel in zip(frame.axes, panels, strict=True):
            _draw(axes, panel, colours, dashes)
        frame.axes[-1].set_xlabel("Distance (Å)")
        handles = [Line2D([], [], color=c, lw=1.2, label=kind) for kind, c in colours.items()]
        handles += [
            Line2D([], [], color="0.3", ls=style, lw=1.0, label=name)
            for name, style in dashes.items()
        ]
        handles.append(Line2D([], [], color="0.3", marker="v", ls="", ms=4, mec="none", label=mark))
        frame.legend(handles, 8)
        frame.align_labels()
    return frame.figure


def _draw(
    axes: Axes,
    panel: DistributionPanel,
    colours: Mapping[str, str],
    dashes: Mapping[str, object],
) -> None:
    highest = 0.0
    for name, radial in panel.curves.items():
        shown = radial.distances_a >= FIRST_A
        r = radial.distances_a[shown]
        for pair in panel.pairs:
            density = radial.values[radial.names.index(pair)][shown] / (4.0 * np.pi * r**2)
            axes.plot(r, density, color=colours[_kind(pair)], ls=dashes[name], lw=1.0)
            highest = max(highest, float(density.max()))
        axes.set_xlim(r[0], r[-1])
    axes.set_ylim(0.0, HEADROOM * highest)
    for pair, at_a in panel.marks_a.items():
        axes.plot(
            [at_a],
            [1.06 * highest],
            marker="v",
            ms=5,
            mec="none",
            color=colours[_kind(pair)],
            clip_on=False,
        )
    axes.set_ylabel("Ions (Å$^{-3}$)")
    axes.annotate(
        pretty_words(panel.title),
        (1.0, 1.0),
        xycoords="axes fraction",
        xytext=(-5, -5),
        textcoords="offset points",
        ha="right",
        va="top",
    )


def _kind(pair: str) -> str:
    """Return a pair with its halide as X, cation first, so that panels share colours.

    Examples
    --------
    >>> _kind("Br-Pb"), _kind("Pb-S")
    ('Pb-X', 'Pb-S')
    """
    named = ["X" if one in {"F", "Cl", "Br", "I"} else one for one in pair.split("-")]
    return "-".join(sorted(named))
