"""Several runs, aligned and broadened for one figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.analysis.states import DensityOfStates, core_levels, kind_of_groups, zeros_of
from epicarve.errors import InputError

from .dos import window_of
from .dos_panel import in_order
from .run_notes import notes_of_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.analysis.options import FigureOptions
    from epicarve.analysis.states import Spectrum, Zero

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
        kind = kind_of_groups(look.groups, spectra)
        found = [spectrum.density(kind, look.broadening_ev) for spectrum in spectra]
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

    def label(self, *, restricted: bool) -> str:
        """Return the words beside a density, the unit in a line of its own."""
        unit = "eV$^{-1}$ atom$^{-1}$" if self.per_atom else "states eV$^{-1}$"
        return f"DOS{'' if restricted else ', α ↑ β ↓'}\n({unit})"

    def notes(self) -> tuple[str, ...]:
        """Return what must be known of the comparison, and the notes of the runs, each once."""
        found = [WHAT_STANDS]
        filters = {one.filter_in_use.told for one in self.spectra if one.ipr is not None}
        if len(filters) > 1:
            known = [one for one in self.spectra if one.ipr is not None]
            told = "; ".join(
                f"{', '.join(one.label for one in known if one.filter_in_use.told == name)}: {name}"
                for name in dict.fromkeys(one.filter_in_use.told for one in known)
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
        labels, notes = zip(*((one.label, one.notes) for one in self.spectra), strict=True)
        return (*found, *notes_of_runs(labels, notes))


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
