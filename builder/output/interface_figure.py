"""Interfaces side by side, seen along the interface: the cations, and where they continue."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.spatial import cKDTree

from epicarve.builder.crystal import plane_name
from epicarve.style import caption, colours, element_colours, figure_style

from .summary import UNPUBLISHED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from epicarve.arrays import Bools, Floats, Ints, Strings
    from epicarve.builder.interfaces import Interface, Stack

HEIGHT_A = 13.5
"""How much of each side is shown, in Å."""

WIDTH_A = 20.0
DEPTH_A = 8.0
"""Thickness of the slice that is seen, in Å."""

EDGE_A = 0.3
"""Ions that lie less than this outside the picture, in Å, are shown."""

CATION_RADIUS_A, ANION_RADIUS_A, SITE_RADIUS_A = 0.95, 0.5, 1.35
PANEL_WIDTH_IN, PANEL_HEIGHT_IN = 2.15, 3.55
PANELS_IN_ROW = 4


@dataclass(frozen=True)
class _Scene:
    """Ions of the slice: right, up and towards the eye in Å; film, orange, symbols and charges."""

    points: Floats
    symbols: Strings
    charges: Ints
    in_film: Bools
    continuing: Bools


def draw_interfaces(path: Path, interfaces: Sequence[Interface], notes: Sequence[str] = ()) -> None:
    """Draw the figure of some interfaces into a PNG or SVG, whose suffix tells the format."""
    figure = interfaces_figure(interfaces, notes)
    with figure_style():
        figure.savefig(path, dpi=220, metadata={"Software": None} if path.suffix == ".png" else {})


def interfaces_figure(interfaces: Sequence[Interface], notes: Sequence[str] = ()) -> Figure:
    """Draw interfaces side by side, the substrate below.

    Each is seen along the first lattice vector of the substrate's face. Where the interface is
    continuous, cations of the film on the crystallographic site that continues the substrate's
    are orange, as in Fig. S17 of the study. Rings are the continued sites, dotted where no cation
    lies in them. Where both outermost layers are charged, their signs stand beside the gap, the
    film's first.

    Parameters
    ----------
    interfaces : sequence of Interface
        What to draw, from left to right.
    notes : sequence of str
        What stands under the picture, of each its first line.
    """
    symbols = dict.fromkeys(
        symbol
        for interface in interfaces
        for face in (interface.film, interface.substrate)
        for symbol in face.crystal.charge_of
    )
    shades = element_colours(list(symbols))
    columns = min(len(interfaces), PANELS_IN_ROW)
    rows = -(-len(interfaces) // PANELS_IN_ROW)
    width = max(PANEL_WIDTH_IN * columns, 4.4)
    lines = textwrap.wrap(caption(notes), int(19 * width))
    foot = 0.34 + 0.12 * len(lines)
    height = PANEL_HEIGHT_IN * rows + foot
    with figure_style():
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        for k, interface in enumerate(interfaces):
            row, column = divmod(k, PANELS_IN_ROW)
            left = (width - PANEL_WIDTH_IN * columns) / 2.0 + PANEL_WIDTH_IN * column
            low = height - PANEL_HEIGHT_IN * (row + 1)
            box = (left / width, low / height, PANEL_WIDTH_IN / width, PANEL_HEIGHT_IN / height)
            _draw_panel(figure.add_axes(box), interface, shades)
        marks = [_mark(symbol, shades[symbol]) for symbol in symbols]
        marks.append(_mark("continues the substrate", colours()["continued"]))
        marks.append(_mark("continued site", "none"))
        figure.legend(
            handles=marks,
            loc="center",
            ncol=len(marks),
            bbox_to_anchor=(0.5, (foot - 0.17) / height),
            handletextpad=0.1,
            columnspacing=0.9,
        )
        if lines:
            figure.text(
                0.02, 0.04 / height, "\n".join(lines), va="bottom", fontsize=5.5, color="0.35"
            )
    return figure


def _mark(label: str, colour: str) -> Line2D:
    return Line2D([], [], marker="o", ls="", ms=6, mfc=colour, mec="0.25", mew=0.4, label=label)


def _draw_panel(axes: Axes, interface: Interface, shades: dict[str, str]) -> None:
    scene = _scene(interface)
    _draw_bonds(axes, interface, scene)
    order = np.argsort(scene.points[:, 2], kind="stable")
    base = np.array([to_rgb(shades[symbol]) for symbol in scene.symbols.tolist()])
    base[scene.continuing] = to_rgb(colours()["continued"])
    size = 2.0 * np.where(scene.charges > 0, CATION_RADIUS_A, ANION_RADIUS_A)
    ions = _discs(axes, scene.points[order, :2], size[order])
    ions.set(facecolors=base[order], edgecolors=base[order] * 0.55, linewidth=0.3, zorder=2.0)
    axes.add_collection(ions)
    _draw_sites(axes, interface)
    half = WIDTH_A / 2.0
    axes.axhline(0.0, color="0.45", lw=0.6, ls=(0, (4, 3)), zorder=0.5)
    axes.set_xlim(-half - 1.2, half + 1.2)
    axes.set_ylim(-HEIGHT_A - 4.4, HEIGHT_A + 2.9)
    axes.set_aspect("equal")
    axes.axis("off")
    film, substrate = interface.film, interface.substrate
    for height, face, align in (
        (HEIGHT_A + 1.2, film, "bottom"),
        (-HEIGHT_A - 1.1, substrate, "top"),
    ):
        crystal = face.crystal
        status = f", {crystal.status}" if crystal.status in UNPUBLISHED else ""
        axes.text(
            0.0,
            height,
            f"{crystal.name} {plane_name(face.termination.hkl)}{status}",
            ha="center",
            va=align,
            fontsize=7,
        )
    continuity = interface.continuity
    pairs = ", ".join(continuity.pairs) or "none"
    rms = "" if continuity.rms_a is None else f", rms {continuity.rms_a:.2f} Å"
    polarity = interface.polarity
    signs = "" if polarity.kind == "uncharged" else f", {polarity.signs}"
    text = f"matched {continuity.matched_fraction:.2f}{rms}\n{pairs}, gap {interface.gap_a:.2f} Å"
    text += signs
    axes.text(0.0, -HEIGHT_A - 2.9, text, ha="center", va="top", fontsize=6.5, color="0.25")


def _scene(interface: Interface) -> _Scene:
    """Return the ions of the slice, film and substrate."""
    film, substrate = interface.sides(HEIGHT_A, HEIGHT_A)
    continued = interface.boundary.film
    if interface.continued == "substrate":
        continued = continued.chosen(interface.continuity.matched_film)
    orbits = interface.film.crystal.symmetry.orbits
    orange = np.isin(orbits[film.sites], orbits[continued.sites])
    orange &= interface.continuity.is_continuous
    parts = []
    for stack, is_film in ((film, True), (substrate, False)):
        points, ions = _tiled(stack)
        marked = orange[ions] if is_film else np.zeros(len(ions), dtype=bool)
        film_ions = np.full(len(ions), is_film)
        parts.append((points, stack.symbols[ions], stack.charges[ions], film_ions, marked))
    return _Scene(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _tiled(stack: Stack) -> tuple[Floats, Ints]:
    """Repeat a stack over the slice; points (right, up, towards the eye) and ions they copy.

    The eye looks along x, the first lattice vector of the substrate's face.
    """
    reach = WIDTH_A + DEPTH_A
    heights = stack.area_a2 / np.linalg.norm(stack.lattice_a[::-1], axis=1)
    counts = np.ceil(reach / heights).astype(int) + 1
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in counts)), axis=-1).reshape(-1, 2)
    moved = stack.positions_a[:, None, :].repeat(len(steps), axis=1)
    moved[:, :, :2] += steps @ stack.lattice_a
    points = moved.reshape(-1, 3)[:, [1, 2, 0]]
    ions = np.repeat(np.arange(stack.n_ions), len(steps))
    inside = np.abs(points[:, 1]) <= HEIGHT_A
    inside &= (np.abs(points[:, 0]) <= WIDTH_A / 2.0 + EDGE_A) & (points[:, 2] >= -EDGE_A)
    inside &= points[:, 2] < DEPTH_A - EDGE_A
    return points[inside], ions[inside]


def _draw_bonds(axes: Axes, interface: Interface, scene: _Scene) -> None:
    """Draw lines between bonded ions, within each crystal and across the interface."""
    rule: dict[tuple[str, str], float] = dict(interface.film.crystal.bond_rule)
    for pair, limit in interface.substrate.crystal.bond_rule.items():
        rule[pair] = max(limit, rule.get(pair, 0.0))
    cations, anions = np.flatnonzero(scene.charges > 0), np.flatnonzero(scene.charges < 0)
    pairs = cKDTree(scene.points[cations]).query_ball_tree(
        cKDTree(scene.points[anions]), max(rule.values())
    )
    own = {
        True: interface.film.crystal.bond_rule,
        False: interface.substrate.crystal.bond_rule,
    }
    lines = []
    for i, partners in enumerate(pairs):
        for j in partners:
            one, other = cations[i], anions[j]
            same = scene.in_film[one] == scene.in_film[other]
            limits = own[bool(scene.in_film[one])] if same else rule
            limit = limits.get((str(scene.symbols[one]), str(scene.symbols[other])), 0.0)
            if np.linalg.norm(scene.points[one] - scene.points[other]) <= limit:
                lines.append(scene.points[[one, other], :2])
    axes.add_collection(LineCollection(lines, colors="0.72", linewidths=0.5, zorder=1.0))


def _draw_sites(axes: Axes, interface: Interface) -> None:
    """Draw a ring at each continued site, dotted if no cation lies in it."""
    boundary, continuity = interface.boundary, interface.continuity
    if interface.continued == "film":
        sites = boundary.film.shifted(interface.shift_a)
        taken = continuity.matched_film
    else:
        sites, taken = boundary.substrate, continuity.matched_substrate
    filled = np.isin(np.arange(sites.n_ions), taken)
    for chosen, style in ((filled, "-"), (~filled, ":")):
        points, _ = _tiled(sites.chosen(chosen))
        sizes = np.full(len(points), 2.0 * SITE_RADIUS_A)
        rings = _discs(axes, points[:, :2], sizes)
        rings.set(facecolor="none", edgecolor="0.15", linewidth=0.8, linestyle=style, zorder=3.0)
        axes.add_collection(rings)


def _discs(axes: Axes, points: Floats, diameters: Floats) -> EllipseCollection:
    return EllipseCollection(
        diameters,
        diameters,
        np.zeros(len(diameters)),
        units="xy",
        offsets=points,
        transOffset=axes.transData,
    )
