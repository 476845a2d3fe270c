"""What can be had from weights of whole kinds of atoms: the density of states and the plain gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .dos import (
    by_element,
    density_of_states,
    groups_of_lists,
    list_densities,
    orbital_densities,
)
from .gap import Gap
from .spectrum import Spectrum, shared_states
from .unfiltered_gap import fermi_ev
from .zero import Zero, zeros_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.dft.states import KindStates

    from .dos import DensityOfStates
    from .unfiltered_gap import Check


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
    vacuum_ev : float or None
        Energy in eV of an electron at rest in vacuum, on the scale of the states, if it is known.
    """

    coop: ClassVar[None] = None
    """Overlap populations, which need orbitals."""

    states: KindStates
    options: AnalysisOptions
    densities: tuple[DensityOfStates, ...]
    provenance: dict[str, Any] = field(default_factory=dict)
    vacuum_ev: float | None = None

    @classmethod
    def of(
        cls,
        states: KindStates,
        options: AnalysisOptions,
        provenance: dict[str, Any] | None = None,
        vacuum_ev: float | None = None,
    ) -> KindAnalysis:
        """Analyse states of whole kinds."""
        by_kind = density_of_states(states, by_element(states.symbols), options)
        further = orbital_densities(states, options) + list_densities(states, options)
        return cls(states, options, (by_kind, *further), provenance or {}, vacuum_ev)

    def __repr__(self) -> str:
        gap_ev = self.states.gap_ev()
        told = "none" if gap_ev is None else f"{gap_ev:.3f} eV"
        kinds = " ".join(self.states.symbols)
        return f"KindAnalysis({self.states.n_states} states of {kinds}, HOMO-LUMO gap {told})"

    @cached_property
    def spectrum(self) -> Spectrum:
        """What figures show of the states: no IPR, and no filter that parts traps from edges."""
        states = self.states
        blocks = [(states.symbols, states.weights)]
        if states.orbital_names:
            blocks.append((states.orbital_names, states.orbital_weights))
        return Spectrum(
            label=states.source,
            options=self.options,
            energies_ev=states.energies_ev,
            occupied=states.is_occupied,
            spins=states.spins,
            restricted=states.restricted,
            ipr=None,
            shares=shared_states([*blocks, *groups_of_lists(states)]),
            gap=Gap.unfiltered(
                states.homo_ev, states.lumo_ev, self.options, is_metallic=states.is_metallic()
            ),
            fermi_ev=fermi_ev(states),
            vacuum_ev=self.vacuum_ev,
            n_atoms=None,
            formula=None,
            diameter_nm=None,
            domain_names=(),
            source=states.source,
            notes=self.notes,
        )

    @property
    def zero(self) -> Zero:
        """The energy that figures count from."""
        return zeros_of([self.spectrum], self.options.figures.zero)[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that must stand under figures."""
        return (self.states.caveat,) if self.states.caveat else ()

    @property
    def dos(self) -> DensityOfStates:
        """Density of states by kind."""
        return self.densities[0]

    def summary(self) -> dict[str, Any]:
        """Return the content of summary.json: what needs an IPR is None, and a check says why."""
        from epicarve.analysis.export import summarise_kinds  # noqa: PLC0415  (it takes this)

        return summarise_kinds(self)

    @property
    def checks(self) -> list[Check]:
        """What bears on how far the results can be trusted, and why numbers do not exist."""
        from epicarve.analysis.export import checks_of_kinds  # noqa: PLC0415  (it takes this)

        return checks_of_kinds(self)

    def plot(self, ax: Axes | Sequence[Axes] | None = None, **look: Any) -> Figure:
        """Draw the density of states, stacked by kind, with the gap shaded.

        Parameters
        ----------
        ax : Axes or sequence of Axes, optional
            Axes to draw into; a figure of its own is made if not given.
        **look
            Fields of `FigureOptions` that override those of the options.
        """
        from epicarve.analysis.analyse import drawn  # noqa: PLC0415  (it draws)

        return drawn(self, "dos", ax, look)

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
            Content of summary.json.

        Raises
        ------
        InputError
            If analysis.h5 was asked for.
        """
        from epicarve.analysis.kinds import write_kinds  # noqa: PLC0415  (it draws)

        return write_kinds(Path(folder), self, hdf5=hdf5)
