"""Several runs in one figure, over one axis of energies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from epicarve.analysis.states import DensityOfStates, core_levels, zeros_of
from epicarve.errors import InputError
from epicarve.style import caption, colours, element_colours, pair_colours

from .canvas import AnyAxes, fits_width, framed_axes, pretty_group, pretty_words
from .dos import window_of
from .dos_panel import LOWEST, draw_density, in_order, scale_density
from .levels_panel import (
    colour_localization,
    draw_localization,
    legend_of_marks,
    markers,
    scale_localization,
    shade_gaps,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epicarve.analysis.options import FigureOptions
    from epicarve.analysis.states import Spectrum, Zero

IPR_INCHES, DOS_INCHES = 0.62, 0.85
"""Heights of the panels of the IPR and of a density of one spin, of each run."""

AXES_SHARE = 0.8
"""Part of the width of a figure that its panels take."""

LEVEL_INCHES = 0.27
"""Height of the bar of a run in the panel of gaps."""

WHAT_STANDS = (
    "Numbers: filtered gap (HOMO–LUMO gap), traps at the valence edge + at the conduction edge."
)
"""What the numbers beside the name of a run are."""

HEADROOM = 1.12
"""Height of a panel over the highest density."""


@dataclass(frozen=True)
class Compared:
    """Runs with what their figure draws of them.

    Parameters
    ----------
    spectra : tuple of Spectrum
        The runs.
    zeros : tuple of Zero
        Where each counts from.
    densities : tuple of DensityOfStates
        Density of the groups of each, in one unit, with the groups in one order.
    window_ev : pair of float
        Range in eV that is shown, counted from the zeros.
    per_atom : bool
        Whether densities are divided by the number of atoms.
    look : FigureOptions
        What was asked for.
    """

    spectra: tuple[Spectrum, ...]
    zeros: tuple[Zero, ...]
    densities: tuple[DensityOfStates, ...]
    window_ev: tuple[float, float]
    per_atom: bool
    look: FigureOptions

    @classmethod
    def of(cls, spectra: Sequence[Spectrum], look: FigureOptions) -> Compared:
        """Align the runs and broaden their states.

        Raises
        ------
        InputError
            If there is no run, a run lacks the zero or the groups, or densities are to be divided
            by numbers of atoms that are not known.
        """
        if not spectra:
            raise InputError("plot: there is nothing to draw; name one analysed folder or more")
        zeros = tuple(zeros_of(spectra, look.zero))
        sizes = {spectrum.n_atoms for spectrum in spectra}
        if look.per_atom and None in sizes:
            lacking = next(one.label for one in spectra if one.n_atoms is None)
            raise InputError(
                f"{lacking}: its number of atoms is not known, so its density of states cannot be "
                "given per atom; leave out per_atom"
            )
        per_atom = look.per_atom if look.per_atom is not None else len(sizes) > 1
        per_atom = per_atom and None not in sizes
        found = [spectrum.density(look.groups, look.broadening_ev) for spectrum in spectra]
        names = tuple(dict.fromkeys(name for dos in found for name in dos.groups))
        densities = tuple(
            in_order(
                DensityOfStates(
                    dos.grid_ev,
                    dos.groups,
                    dos.density / (one.n_atoms if per_atom and one.n_atoms else 1),
                ),
                names,
            )
            for dos, one in zip(found, spectra, strict=True)
        )
        windows = [
            tuple(end - zero.energy_ev for end in window_of(one, zero.energy_ev, look))
            for one, zero in zip(spectra, zeros, strict=True)
        ]
        window_ev = min(low for low, _ in windows), max(high for _, high in windows)
        shown = tuple(
            dos.within(*(end + zero.energy_ev for end in window_ev))
            for dos, zero in zip(densities, zeros, strict=True)
        )
        return cls(tuple(spectra), zeros, shown, window_ev, per_atom, look)

    @property
    def peak(self) -> float:
        """Highest density that is drawn."""
        return max(float(dos.total.max(initial=0.0)) for dos in self.densities) or 1.0

    @property
    def ipr_range(self) -> tuple[float, float]:
        """Range of the IPR of all runs that have one."""
        ranges = [one.ipr_range for one in self.spectra if one.ipr is not None]
        return min(low for low, _ in ranges), max(high for _, high in ranges)

    @property
    def group_names(self) -> tuple[str, ...]:
        """Names of the groups of all runs, in the order in which they are stacked."""
        return tuple(dict.fromkeys(name for dos in self.densities for name in dos.groups))

    def window_of(self, number: int) -> tuple[float, float]:
        """Return the range that is shown of a run, on its own scale."""
        low, high = (end + self.zeros[number].energy_ev for end in self.window_ev)
        return low, high

    def _shared(self, note: str) -> bool:
        """Whether a note is of all runs."""
        return all(note in one.notes for one in self.spectra)

    def notes(self) -> tuple[str, ...]:
        """Return what must be known of the comparison, and the notes of the runs, each once."""
        found = [WHAT_STANDS]
        filters = {one.filter_in_use.told for one in self.spectra if one.ipr is not None}
        if len(filters) > 1:
            told = "; ".join(
                f"{one.label}: {one.filter_in_use.told}"
                for one in self.spectra
                if one.ipr is not None
            )
            found.append(f"Traps are told by different thresholds: {told}.")
        elif filters:
            found.append(f"Kept are states with {filters.pop()}.")
        if self.look.zero.startswith("core"):
            levels = core_levels(self.spectra, self.look.zero.partition(":")[2])
            told = "; ".join(
                f"{one.label}: {level.energy_ev:.2f} eV, spread {level.spread_ev:.2f} eV".replace(
                    "-", "−"
                )
                for one, level in zip(self.spectra, levels, strict=True)
            )
            found.append(f"Level of {levels[0].name.replace(':', ' ')}: {told}.")
        for one in self.spectra:
            own = [note for note in one.notes if not self._shared(note)]
            if own:
                found.append(f"{one.label}: {caption(own)}")
        found += dict.fromkeys(n for one in self.spectra for n in one.notes if self._shared(n))
        return tuple(found)


def comparison_figure(
    spectra: Sequence[Spectrum], look: FigureOptions, ax: AnyAxes = None
) -> Figure:
    """Draw the density of states, the IPR, the gaps and the traps of several runs.

    One axis of energies, counted from `FigureOptions.zero` of each run. Each run has a panel of
    the IPR and one of the density, in the same unit, to the same scale and with its groups in the
    same order; or, overlaid, all share a panel of the IPR, one of the whole density and one of the
    gaps, each run in a colour of its own. Above the panels of a run, or beside its bar, stand its
    name, its gaps and its traps: so many at the valence edge + so many at the conduction edge.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The runs, from above.
    look : FigureOptions
        The look.
    ax : Axes or sequence of Axes, optional
        Axes to draw into, one for each panel from above.

    Returns
    -------
    matplotlib.figure.Figure
        In that look.

    Raises
    ------
    InputError
        As `Compared.of`; and if no panel is left, or the axes are not as many as the panels.
    """
    compared = Compared.of(spectra, look)
    return _overlaid(compared, ax) if look.overlaid else _stacked(compared, ax)


def _stacked(compared: Compared, ax: AnyAxes) -> Figure:
    """Draw the panels of each run below each other."""
    look, per_unit = compared.look, DOS_INCHES / HEADROOM
    kinds, inches = [], []
    for number, one in enumerate(compared.spectra):
        if "ipr" in look.panels and one.ipr is not None:
            kinds.append((number, "ipr"))
            inches.append(IPR_INCHES)
        if "dos" in look.panels:
            kinds.append((number, "dos"))
            inches.append(per_unit * (HEADROOM - (0.0 if one.restricted else LOWEST)))
    _require_panels(kinds)
    labels = [f"{kind} of {compared.spectra[number].label}" for number, kind in kinds]
    layout = {"sharex": True, "height_ratios": inches}
    height = sum(inches) + 0.17 * len(compared.spectra) + 0.7
    with framed_axes(look, labels, compared.notes(), height, ax, **layout) as frame:
        seen: set[int] = set()
        for axes, (number, kind) in zip(frame.axes, kinds, strict=True):
            draw = _draw_ipr if kind == "ipr" else _draw_dos
            draw(axes, compared, number)
            if number not in seen:
                words = _heading(compared.spectra[number], AXES_SHARE * frame.width_inches)
                size = mpl.rcParams["font.size"]
                axes.set_title(words, loc="left", pad=2.5, fontsize=size, linespacing=1.1)
            seen.add(number)
            axes.yaxis.minorticks_off()  # in panels so low they are noise
        frame.axes[-1].set_xlabel(compared.zeros[0].label)
        frame.align_labels()
        frame.legend(_legend(compared, {kind for _, kind in kinds}), 9)
    return frame.figure


def _draw_ipr(axes: Axes, compared: Compared, number: int) -> None:
    """Draw the IPR of the states of one run."""
    spectrum, zero_ev = compared.spectra[number], compared.zeros[number].energy_ev
    palette = compared.look.palette
    red = colours(palette)["ipr"]
    axes.set_xlim(*compared.window_ev)
    shade_gaps(axes, spectrum.gap, zero_ev, palette)
    scale_localization(axes, *compared.ipr_range)
    draw_localization(axes, spectrum, zero_ev, compared.window_of(number), red)
    colour_localization(axes, spectrum.ipr_limit, red)


def _draw_dos(axes: Axes, compared: Compared, number: int) -> None:
    """Draw the density of the groups of one run."""
    spectrum, zero_ev = compared.spectra[number], compared.zeros[number].energy_ev
    look = compared.look
    axes.set_xlim(*compared.window_ev)
    shade_gaps(axes, spectrum.gap, zero_ev, look.palette)
    shades = element_colours(compared.group_names, look.palette, look.colours)
    draw_density(axes, compared.densities[number], shades, zero_ev, look)
    scale_density(axes, compared.peak, HEADROOM, restricted=spectrum.restricted)
    axes.set_ylabel(_label(compared, restricted=spectrum.restricted))


def _label(compared: Compared, *, restricted: bool) -> str:
    """Return the words beside a density, the unit in a line of its own."""
    unit = "eV$^{-1}$ atom$^{-1}$" if compared.per_atom else "states eV$^{-1}$"
    return f"DOS{'' if restricted else ', α ↑ β ↓'}\n({unit})"


def numbers_of(spectrum: Spectrum) -> str:
    """Return gaps and traps of a run, as `WHAT_STANDS` tells."""
    gap = spectrum.gap
    plain, used = gap.homo_lumo_gap_ev, gap.delocalised
    plain_told = "none" if plain is None else f"{plain:.2f}"
    told = "no gap" if plain is None else f"HOMO–LUMO {plain:.2f} eV"
    if used.gap_ev is not None:
        told = f"{used.gap_ev:.2f} ({plain_told}) eV"
    if used.n_valence_traps is not None and used.n_conduction_traps is not None:
        told += f", traps {used.n_valence_traps} + {used.n_conduction_traps}"
    return told.replace("-", "−")


def _heading(spectrum: Spectrum, width_inches: float) -> str:
    """Return name and numbers of a run, in two lines if one is too long."""
    name, told = pretty_words(spectrum.label), numbers_of(spectrum)
    line = f"{name}:  {told}"
    return line if fits_width(line, width_inches) else f"{name}:\n{told}"


def _legend(compared: Compared, kinds: set[str]) -> list[Patch | Line2D]:
    """Name groups, marks and gaps."""
    look = compared.look
    handles: list[Patch | Line2D] = []
    if "dos" in kinds:
        shades = element_colours(compared.group_names, look.palette, look.colours)
        handles += [
            Patch(color=shades[name], label=pretty_group(name)) for name in compared.group_names
        ]
    if "ipr" in kinds:
        restricted = all(one.restricted for one in compared.spectra)
        red = colours(look.palette)["ipr"]
        handles += legend_of_marks(red, restricted=True)
        handles += [] if restricted else legend_of_marks(red, restricted=False)[2:]
    shades = colours(look.palette)
    if any(one.filter_in_use.gap_ev is not None for one in compared.spectra):
        handles.append(Patch(color=shades["filtered_gap"], label="filtered gap"))
    handles.append(Patch(color=shades["plain_gap"], label="HOMO–LUMO gap"))
    return handles


def _require_panels(kinds: Sequence[Any]) -> None:
    """Refuse a figure without a panel."""
    if not kinds:
        raise InputError(
            "plot: no panel is left; panels ipr need weights of atoms, and dos is always there"
        )


def _overlaid(compared: Compared, ax: AnyAxes) -> Figure:
    """Draw all runs into the same panels, each in a colour of its own."""
    look, spectra = compared.look, compared.spectra
    with_ipr = [i for i, one in enumerate(spectra) if one.ipr is not None]
    inches = {"gaps": LEVEL_INCHES * (len(spectra) + 0.6)}
    if "ipr" in look.panels and with_ipr:
        inches["ipr"] = 1.1
    if "dos" in look.panels:
        inches["dos"] = 1.7 if all(one.restricted for one in spectra) else 2.3
    names = [pretty_words(one.label) for one in spectra]
    shades = _colours_of_runs(compared)
    layout = {"sharex": True, "height_ratios": list(inches.values())}
    height = sum(inches.values()) + 0.75
    with framed_axes(look, list(inches), compared.notes(), height, ax, **layout) as frame:
        for axes, kind in zip(frame.axes, inches, strict=True):
            axes.set_xlim(*compared.window_ev)
            if kind == "gaps":
                _draw_bars(axes, compared, shades)
            elif kind == "ipr":
                scale_localization(axes, *compared.ipr_range)
                for i in with_ipr:
                    zero_ev, window_ev = compared.zeros[i].energy_ev, compared.window_of(i)
                    draw_localization(axes, spectra[i], zero_ev, window_ev, shades[i], sticks=False)
            else:
                _draw_totals(axes, compared, shades)
        frame.axes[-1].set_xlabel(compared.zeros[0].label)
        frame.align_labels()
        handles = [
            Line2D([], [], color=shade, lw=1.2, label=name)
            for name, shade in zip(names, shades, strict=True)
        ]
        if "ipr" in inches:
            restricted = all(len(markers(one)) == 1 for one in spectra)
            handles += legend_of_marks("0.3", restricted=True)
            handles += [] if restricted else legend_of_marks("0.3", restricted=False)[2:]
        frame.legend(handles, 9)
    return frame.figure


def _colours_of_runs(compared: Compared) -> list[str]:
    """Return the colour of each run: the user's own by its label, else one of a palette in turn."""
    look = compared.look
    in_turn = pair_colours(len(compared.spectra), look.palette)
    return [
        look.colours.get(one.label, shade)
        for one, shade in zip(compared.spectra, in_turn, strict=True)
    ]


def _draw_totals(axes: Axes, compared: Compared, shades: Sequence[str]) -> None:
    """Draw the whole density of each run; beta points down."""
    for dos, zero, shade in zip(compared.densities, compared.zeros, shades, strict=True):
        for total, sign in zip(dos.total, (1.0, -1.0), strict=False):
            axes.plot(dos.grid_ev - zero.energy_ev, sign * total, color=shade, lw=0.9)
            if compared.look.filled:
                axes.fill_between(
                    dos.grid_ev - zero.energy_ev, sign * total, color=shade, alpha=0.15, lw=0
                )
    restricted = all(one.restricted for one in compared.spectra)
    scale_density(axes, compared.peak, HEADROOM, restricted=restricted)
    axes.set_ylabel(_label(compared, restricted=restricted))


def _draw_bars(axes: Axes, compared: Compared, shades: Sequence[str]) -> None:
    """Draw the gaps of each run as a bar: pale the filtered one, full that of HOMO and LUMO."""
    for row, (one, zero, shade) in enumerate(
        zip(compared.spectra, compared.zeros, shades, strict=True)
    ):
        gap, used, zero_ev = one.gap, one.filter_in_use, zero.energy_ev
        for lower_ev, upper_ev, height, opacity in (
            (used.valence_edge_ev, used.conduction_edge_ev, 0.32, 0.35),
            (gap.homo_ev, gap.lumo_ev, 0.32, 1.0),
        ):
            if lower_ev is None or upper_ev is None or lower_ev >= upper_ev:
                continue
            left, wide = lower_ev - zero_ev, upper_ev - lower_ev
            axes.barh(row + 0.2, wide, height, left, color=shade, alpha=opacity, lw=0)
        axes.annotate(
            numbers_of(one),
            (0.0, row),
            xycoords=("axes fraction", "data"),
            xytext=(3, 6),
            textcoords="offset points",
            va="center",
        )
    axes.set_ylim(len(compared.spectra) - 0.5, -0.65)
    axes.set_yticks([])
    axes.set_ylabel("Gaps")
