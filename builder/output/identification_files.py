"""What an identification leaves: JSON, the atoms with their sites, and a picture."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epicarve.builder.crystal import direction_name, plane_name
from epicarve.builder.extxyz import write_extxyz
from epicarve.files import filled_folder, refuse_file_name, write_json
from epicarve.style import figure_style, pair_colours

from .preview import ANION_RADIUS_A, CATION_RADIUS_A, centred, draw_discs, draw_scale_bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from epicarve.arrays import Bools, Floats
    from epicarve.builder.recognition import Identification

NAME = "identification"

FOREIGN_RADIUS_A = 0.7
FADE = 0.5
"""How far towards white the deepest ions fade."""

UNASSIGNED, FOREIGN = "#d62728", "#b8b8b8"
"""Colours of ions without a site, and of atoms that no crystal holds."""


def write_identification(found: Identification, folder: Path | str) -> None:
    """Write identification.json, identification.png and identification.extxyz, or none of them.

    Parameters
    ----------
    found : Identification
        What was found.
    folder : Path or str
        Where to write; made if it is not there.
    """
    folder = Path(folder)
    refuse_file_name(folder, f"{NAME}.json, {NAME}.png and {NAME}.extxyz")
    with filled_folder(folder, f"{NAME}.extxyz") as scratch:
        write_json(scratch / f"{NAME}.json", found.as_dict())
        write_extxyz(
            scratch / f"{NAME}.extxyz",
            found.symbols,
            found.positions_a,
            {"domain": found.domain_of, "site": found.site_of},
        )
        draw_identification(scratch / f"{NAME}.png", found)


def draw_identification(path: Path, found: Identification) -> None:
    """Draw a particle with its domains and the ions on no site, seen along its interface.

    Two views, the normal of the interface upward: across the substrate's first direction, and
    along it.

    Parameters
    ----------
    path : Path
        The PNG to write.
    found : Identification
        What was found.
    """
    points = centred(found.positions_a @ found.axes.T)
    groups = _groups(found)
    extent = 1.18 * float(np.abs(points).max()) + 1.5
    lines = textwrap.wrap(_caption(found), 112)
    height = 3.6 + 0.14 * len(lines)
    with figure_style():
        figure = Figure(figsize=(6.4, height))
        FigureCanvasAgg(figure)
        bottom = 1.0 - 3.3 / height
        for left, axis, title in ((0.0, 0, "along y"), (0.5, 1, "along x")):
            axes = figure.add_axes((left, bottom, 0.5, 3.0 / height))
            eye = -1.0 if axis == 0 else 1.0
            view = np.eye(3)[[axis, 2, 1 - axis]] * np.array([[1.0], [1.0], [eye]])
            _draw_view(axes, found, points @ view.T, groups, extent)
            axes.text(0.0, -0.97 * extent, title, ha="center", fontsize=6.5, color="0.35")
        draw_scale_bar(figure.axes[0], extent)
        style: dict[str, Any] = {"marker": "o", "ls": "", "ms": 6, "mec": "0.25", "mew": 0.4}
        marks = [
            Line2D([], [], mfc=colour, label=f"{name} ({int(which.sum())})", **style)
            for name, (colour, which) in groups.items()
            if which.any()
        ]
        figure.legend(
            handles=marks, loc="lower center", ncol=len(marks), bbox_to_anchor=(0.5, bottom - 0.035)
        )
        title = f"{found.name}   {found.n_atoms} atoms, {found.diameter_nm.largest:.1f} nm"
        figure.text(0.5, 1.0 - 0.07 / height, title, ha="center", va="top", fontsize=8)
        if lines:
            figure.text(
                0.02, 0.05 / height, "\n".join(lines), va="bottom", fontsize=5.5, color="0.35"
            )
        figure.savefig(path, dpi=220, metadata={"Software": None})


def _groups(found: Identification) -> dict[str, tuple[str, Bools]]:
    """Return the atoms that share a colour, by what they are."""
    names = [name for name in dict.fromkeys(found.domain_of.tolist()) if name != "none"]
    first, red, *others = pair_colours(8)  # that red is near to the one of ions on no site
    colours = [first, *others, red]
    groups = {
        name: (colour, found.domain_of == name)
        for name, colour in zip(sorted(names), colours, strict=False)
    }
    none = found.domain_of == "none"
    groups["on no site"] = (UNASSIGNED, none & found.is_ion)
    groups["foreign"] = (FOREIGN, none & ~found.is_ion)
    return groups


def _draw_view(
    axes: Axes,
    found: Identification,
    points: Floats,
    groups: dict[str, tuple[str, Bools]],
    extent: float,
) -> None:
    """Draw one view; the third coordinate points to the eye."""
    base, radii = np.zeros((len(points), 3)), np.full(len(points), ANION_RADIUS_A)
    for colour, which in groups.values():
        base[which] = to_rgb(colour)
    radii[found.is_cation] = CATION_RADIUS_A
    radii[~found.is_ion] = FOREIGN_RADIUS_A
    order = np.argsort(points[:, 2], kind="stable")
    depth = (points[:, 2].max() - points[:, 2]) / max(float(np.ptp(points[:, 2])), 1.0)
    shades = base + (1.0 - base) * (FADE * depth)[:, None]
    draw_discs(axes, points[order, :2], 0.8 * radii[order], shades[order], extent)


def _caption(found: Identification) -> str:
    """Return a sentence on each domain, and one on their interface."""
    told = [
        f"{one.told}: {one.core_cell.told}; {100 * one.assigned_fraction:.0f} % of {one.n_atoms} "
        "ions on their sites."
        for one in found.domains
    ]
    meeting = found.interface
    if meeting is not None:
        told.append(
            f"{plane_name(meeting.film_hkl)} {meeting.film_termination} of {meeting.film} on "
            f"{plane_name(meeting.substrate_hkl)} {meeting.substrate_termination} of "
            f"{meeting.substrate}"
        )
        if meeting.film_directions is not None and meeting.substrate_directions is not None:
            pairs = zip(meeting.film_directions, meeting.substrate_directions, strict=True)
            along = " and ".join(
                f"{direction_name(one)} along {direction_name(other)}" for one, other in pairs
            )
            told[-1] += f", {along}"
        told[-1] += f"; gap {meeting.gap_a:.2f} Å."
    return " ".join((*told, *found.notes))
