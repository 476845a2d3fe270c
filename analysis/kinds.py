"""What can be had from weights of whole kinds of atoms: the density of states and the plain gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from epicarve.analysis.export import (
    alignment_fields,
    dos_csv,
    filtered_fields,
    kind_states_csv,
    plateau_fields,
    provenance_fields,
)
from epicarve.analysis.figures import (
    density_label,
    draw_density,
    framed_figure,
    scale_density,
    write_figure,
)
from epicarve.analysis.states import (
    SIDES,
    Alignment,
    FilteredGap,
    by_element,
    checks_of_states,
    density_of_states,
    list_densities,
    missing_plain,
    no_ipr,
    orbital_densities,
    plain_fields,
    window_around,
    zero_of,
)
from epicarve.errors import InputError
from epicarve.files import filled_folder, write_json, write_text
from epicarve.style import colours, element_colours

from .analyse import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from epicarve.analysis.states import DensityOfStates
    from epicarve.dft.states import OrbitalStates

    from .options import AnalysisOptions

HEADROOM = 1.2
"""Height of the panel of the figure over its peak."""


@dataclass(frozen=True, repr=False, eq=False)
class KindAnalysis:
    """Density of states and plain gap of states whose weights are of whole kinds of atoms.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    options : AnalysisOptions
        Broadening, range and look.
    densities : tuple of DensityOfStates
        By kind, by kind and angular momentum, and by groups of atoms that were projected on
        together.
    provenance : dict
        What is known of the origin of the states besides what they say themselves.
    """

    states: OrbitalStates
    options: AnalysisOptions
    densities: tuple[DensityOfStates, ...]
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        states: OrbitalStates,
        options: AnalysisOptions,
        provenance: dict[str, Any] | None = None,
    ) -> KindAnalysis:
        """Analyse states of whole kinds."""
        by_kind = density_of_states(states, by_element(states.symbols), options)
        further = orbital_densities(states, options) + list_densities(states, options)
        return cls(states, options, (by_kind, *further), provenance or {})

    def __repr__(self) -> str:
        gap_ev = self.states.gap_ev()
        told = "none" if gap_ev is None else f"{gap_ev:.3f} eV"
        kinds = " ".join(self.states.symbols)
        return f"KindAnalysis({self.states.n_states} states of {kinds}, HOMO-LUMO gap {told})"

    @property
    def dos(self) -> DensityOfStates:
        """Density of states by kind."""
        return self.densities[0]

    def plot(self) -> Figure:
        """Draw the density of states; see `figure`."""
        return self.figure((self.states.caveat,) if self.states.caveat else ())

    def write(self, folder: Path | str, *, hdf5: bool = False) -> dict[str, Any]:
        """Write summary.json, states.csv, dos.csv and the figure dos: all of them, or none.

        Parameters
        ----------
        folder : Path or str
            Where to write.
        hdf5 : bool
            Whether analysis.h5 was asked for, which there is none of.

        Returns
        -------
        dict
            What summary.json holds: the plain gap; what needs an IPR is None, and a check says why.

        Raises
        ------
        InputError
            If analysis.h5 was asked for.
        """
        if hdf5:
            raise InputError(
                f"there is no analysis.h5 without weights of atoms; {no_ipr(self.states)}"
            )
        summary = self.summary()
        with filled_folder(Path(folder), instead_of=RESULTS) as scratch:
            write_json(scratch / "summary.json", summary)
            write_text(scratch / "states.csv", kind_states_csv(self))
            write_text(scratch / "dos.csv", dos_csv(self))
            figure = self.plot()
            for suffix in self.options.figures.formats:
                write_figure(figure, scratch / f"dos.{suffix}")
        return summary

    def summary(self) -> dict[str, Any]:
        """Collect what was found under the keys of `summarise`, None where an IPR is needed."""
        states = self.states
        no_filter = filtered_fields(
            FilteredGap("IPR", self.options.ipr_max, np.zeros(0, bool), None, None, None, None)
        )
        summary: dict[str, Any] = {
            **plain_fields(states),
            "ipr_max": self.options.ipr_max,
            "filtered": no_filter,
            "size_aware": no_filter,
            "threshold_scan": [],
            "plateau": plateau_fields(None),
            "edge_filter": None,
            "traps": {
                side: {"n_traps": None, "kinds": [], "sentence": f"no {side} traps can be told"}
                for side in SIDES
            },
            "domains": {},
            "alignment": alignment_fields(Alignment()),
            "profile": None,
            "overlap_populations": [],
        }
        reasons, checks = missing_plain(states), checks_of_states(states)
        known = {told["name"] for told in checks}
        return {
            **summary,
            "checks": [
                *checks,
                *(
                    {"name": name, "ok": False, "message": reasons.get(name, no_ipr(states))}
                    for name in _names_of_none(summary)
                    if name not in known
                ),
            ],
            "provenance": provenance_fields(states, self.options, self.provenance),
        }

    def figure(self, notes: tuple[str, ...] = ()) -> Figure:
        """Draw the density of states, stacked by kind, with the gap shaded."""
        states, look = self.states, self.options.figures
        window_ev = window_around(states, self.options)
        zero = zero_of(states, look.zero)
        zero_ev = zero.energy_ev
        dos = self.densities[0].within(*window_ev)
        with framed_figure(look, notes) as figure:
            axes = figure.subplots()
            axes.set_xlim(*(energy_ev - zero_ev for energy_ev in window_ev))
            shades = element_colours(dos.groups, look.palette)
            marks = [Patch(color=colour, label=name) for name, colour in shades.items()]
            homo_ev, gap_ev = states.homo_ev, states.gap_ev()
            if homo_ev is not None and gap_ev is not None and gap_ev > 0.0:
                shade = colours(look.palette)["plain_gap"]
                axes.axvspan(homo_ev - zero_ev, homo_ev + gap_ev - zero_ev, color=shade, lw=0)
                gap = f"HOMO–LUMO gap, {gap_ev:.2f} eV"
                marks.append(Patch(color=shade, label=gap))
            draw_density(axes, dos, shades, zero_ev)
            peak = float(dos.total.max(initial=0.0)) or 1.0
            scale_density(axes, peak, HEADROOM, restricted=states.restricted)
            axes.set_ylabel(density_label(restricted=states.restricted))
            axes.set_xlabel(zero.label)
            figure.legend(handles=marks, loc="outside upper center", ncols=min(len(marks), 4))
        return figure


def _names_of_none(block: dict[str, Any], head: str = "") -> Iterator[str]:
    """Yield the dotted name of each number of a summary that does not exist."""
    for key, value in block.items():
        if isinstance(value, dict):
            yield from _names_of_none(value, f"{head}{key}.")
        elif value is None:
            yield f"{head}{key}"
