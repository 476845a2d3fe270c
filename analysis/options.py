"""What a user can set about the analysis."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from epicarve.errors import near_name
from epicarve.options import Options
from epicarve.style import Palette, Width, require_colour

from .selection import GRAMMAR, parse_selection

ZEROS = ("homo", "fermi", "middle", "edge", "vacuum", "core", "none")
"""Words for the energy that figures count from."""

PANELS: tuple[Literal["ipr", "dos", "coop"], ...] = ("ipr", "dos", "coop")
"""Panels of the density of states, from above."""

N_IPR_OF_1S_ENVELOPE = 2.815
"""N·IPR of the 1S envelope sin(πr/R)/r over a sphere of radius R: the most delocalised state that a
quantum dot can have is still no flat one. It is (4π/3)π³ ∫sin⁴x/x² dx / (4π (∫sin²x dx)²), both
integrals from 0 to π."""


class FigureOptions(Options):
    """The look of all figures, and the formats they are written in.

    Parameters
    ----------
    formats : tuple of {"png", "svg", "pdf"}
        A file of each figure is written in each of them.
    width : {"single", "double"}
        Columns of a journal's page that a figure spans: one (85 mm) or two (170 mm).
    width_mm, height_mm : float, optional
        Size of a figure in mm, in the place of `width` and of the height that its panels need.
    font : str, optional
        Family of the letters, which must be installed; DejaVu Sans if not given.
    font_size_pt : float, optional
        Size of the letters; those of the axes are half a point larger. 7 if not given.
    palette : {"study", "safe"}
        Colours of the study, or ones that can be told apart with any colour vision. The report
        always has the latter.
    colours : dict of str to str
        Own colours by element or by the name of a group, such as ``{"Pb": "black"}``.
    style : Path, optional
        A style file of matplotlib, laid over the project's own; what is set by the other options
        counts more.
    title : str
        Words over a figure; none if empty.
    legend : bool
        Whether colours and marks are told.
    caption : bool
        Whether the notes stand below.
    zero : str
        Energy that figures and report count from, which aligns several runs: ``homo``; ``fermi``,
        the Fermi energy that the source tells; ``middle`` of the HOMO-LUMO gap; ``edge``, the
        valence edge of the filter in use; ``vacuum``; ``core``, a core level that all runs have, or
        a named one, as in ``core:Pb:d``; an energy with a name, as in ``E(ref)=-5.1``, or one for
        each run, ``E(ref)=-5.1,-4.9``; ``none`` for the zero of each source.
    window_ev : pair of float, optional
        Range of energies that is shown, counted from the zero.
    panels : tuple of {"ipr", "dos", "coop"}
        Panels of the density of states that are drawn, if there is something to show.
    groups : str
        By what the density is coloured: ``element``, ``orbital`` (element and angular momentum),
        ``domain``, ``domain-element``, ``shell`` (core and surface), ``own`` (groups of one's own),
        or a column that the atoms are grouped by. If empty, own groups where there are some, else
        elements.
    broadening_ev : float, optional
        Standard deviation of the Gaussians in figures, in eV; that of the analysis if not given.
    filled : bool
        Whether densities of groups are areas, or lines.
    stacked : bool
        Whether densities of groups stand on each other, or all start from zero.
    per_atom : bool, optional
        Whether densities are divided by the number of atoms. If not given, they are where several
        runs of different numbers of atoms are compared.
    overlaid : bool
        Whether the sums of several runs share one panel, and do not each have their own.

    Examples
    --------
    >>> FigureOptions(formats=("pdf",), palette="safe").width
    'single'
    >>> FigureOptions(zero="edges")
    Traceback (most recent call last):
    epicarve.errors.InputError: FigureOptions: zero: 'edges' is no energy to count from; did you \
mean edge? (got 'edges')
    """

    formats: tuple[Literal["png", "svg", "pdf"], ...] = Field(default=("png", "svg"), min_length=1)
    width: Width = "single"
    width_mm: float | None = Field(default=None, ge=30, le=1000)
    height_mm: float | None = Field(default=None, ge=20, le=1000)
    font: str | None = None
    font_size_pt: float | None = Field(default=None, ge=3, le=40)
    palette: Palette = "study"
    colours: dict[str, str] = Field(default_factory=dict)
    style: Path | None = None
    title: str = ""
    legend: bool = True
    caption: bool = True
    zero: str = "homo"
    window_ev: tuple[float, float] | None = None
    panels: tuple[Literal["ipr", "dos", "coop"], ...] = Field(default=PANELS, min_length=1)
    groups: str = ""
    broadening_ev: float | None = Field(default=None, ge=0.001, le=10)
    filled: bool = True
    stacked: bool = True
    per_atom: bool | None = None
    overlaid: bool = False

    @field_validator("zero")
    @classmethod
    def _known_zero(cls, zero: str) -> str:
        if zero in ZEROS or zero.startswith("core:"):
            return zero
        name, equals, energies = zero.rpartition("=")
        try:
            if equals and name and all(math.isfinite(float(e)) for e in energies.split(",")):
                return zero
        except ValueError:
            raise ValueError(
                f"{energies!r} are no energies; give numbers in eV, as in 'E(ref)=-5.1'"
            ) from None
        raise ValueError(f"{zero!r} is no energy to count from; {near_name(zero, ZEROS)}")

    @field_validator("window_ev")
    @classmethod
    def _ascending(cls, window_ev: tuple[float, float] | None) -> tuple[float, float] | None:
        if window_ev is not None and window_ev[0] >= window_ev[1]:
            raise ValueError("the first energy must be the lower one")
        return window_ev

    @field_validator("colours")
    @classmethod
    def _drawable(cls, colours: dict[str, str]) -> dict[str, str]:
        for name, colour in colours.items():
            require_colour(name, colour)
        return colours


class GroupFile(Options):
    """A file that tells which atoms a group holds.

    Parameters
    ----------
    file : Path
        A number of an atom, from 1, on each line; or the name of its group on the line of each
        atom; or, with a column, extended XYZ of the same atoms.
    column : str
        Column of extended XYZ that holds the name of the group of each atom; empty of other files.
    """

    file: Path
    column: str = ""


class AnalysisOptions(Options):
    """Thresholds of the trap filter, and broadening and range of the density of states.

    Parameters
    ----------
    ipr_max : float
        States of a larger inverse participation ratio are traps. The default is the one of Toso,
        Imran et al., Nat. Commun. 2022, 13, 3976, for nanocrystals of 700 to 1500 atoms.
    n_ipr_max : float
        The same for the size-aware filter: states of a larger N·IPR, with N the number of atoms,
        are traps. By default four times the value of an ideal 1S envelope, because a band edge
        lives on one sublattice: a 1S envelope on a quarter of the atoms is still delocalised, and
        anything much narrower is not. This is an N_eff of at least 9 % of the atoms at any size.
    n_ipr_band : pair of float
        The size-aware gap is told at both of these thresholds too, as no single one is right: at
        an N_eff of at least 17 % and of at least 5 % of the atoms if not said otherwise. Plateaus
        end at the second.
    broadening_ev : float
        Standard deviation in eV of the Gaussian that stands for each state. Level offsets below it
        count as none.
    energy_step_ev : float
        Spacing in eV of the energies at which the density of states is given.
    window_below_ev, window_above_ev : float
        How far figures and report reach below the HOMO and above the LUMO, in eV. They reach
        further where a filtered edge lies beyond. Tables always hold all states.
    slice_a : float
        Thickness in Å of the slices of the profile in space.
    group_by : str
        A column of model.extxyz, such as ``plane`` or one of the user's own: the atoms are grouped
        by its values too. Empty for none.
    groups : dict of str to str or GroupFile
        Groups of one's own by name: numbers of atoms counted from 1 (``"1-40,55"``), elements
        (``"Pb,Cl"``), an element and its number of neighbours (``"Pb<6"`` by the bonds of the
        model, ``"Pb<6@3.2A"`` by atoms of other elements within a distance), the distance from the
        centroid (``"r<0.8nm"``), the height over a plane through it (``"z>0.3nm"``,
        ``"(1,1,0)>0.3nm"``), the distance from the interface (``"interface<0.5nm"``), a domain or a
        position (``"domain:PbS"``, ``"position:surface"``), or several of these joined by ``&``,
        which all must hold. Without a model, domains are identified. Atoms in no group are the
        group ``rest``.
    overlap_populations : tuple of pairs of str
        Pairs of groups of atoms, such as ``(("Pb", "S"),)``, whose overlap populations are told of
        each state and broadened to a COOP. Groups are named as in the columns of dos.csv; a letter
        of an angular momentum can be added, as in ``"Pb:s"``.
    spin_orbit : bool
        Whether the states get spin-orbit coupling, with the gaps without it beside. It takes the
        orbitals of a run of CP2K.
    transitions : bool
        Whether oscillator strengths and absorption are computed, and which traps are bright; with
        `spin_orbit` between Kramers pairs. It takes the orbitals of a run of CP2K of a finite
        model.
    bands : bool
        Whether the states are projected on the plane waves along the path of the Brillouin zone of
        each crystal. It takes the orbitals of a run of CP2K.
    gap_corrections : dict of str to float
        By how many eV the functional's gap of each domain is too small, by the name of the domain,
        such as ``{"CsPbCl3": 1.2}``: the type of the alignment is told with them too. Negative for
        a gap that is too large.
    figures : FigureOptions
        Look and formats of the figures.

    Examples
    --------
    >>> AnalysisOptions(ipr_max=0.05).ipr_max
    0.05
    """

    ipr_max: float = Field(default=0.03, gt=0, le=1)
    n_ipr_max: float = Field(default=round(4 * N_IPR_OF_1S_ENVELOPE, 1), ge=1)
    n_ipr_band: tuple[Annotated[float, Field(ge=1)], Annotated[float, Field(ge=1)]] = (6.0, 20.0)
    broadening_ev: float = Field(default=0.1, ge=0.001, le=10)
    energy_step_ev: float = Field(default=0.02, ge=0.0002)
    window_below_ev: float = Field(default=4.0, gt=0)
    window_above_ev: float = Field(default=3.0, gt=0)
    slice_a: float = Field(default=3.0, gt=0)
    group_by: str = ""
    groups: dict[str, str | GroupFile] = Field(default_factory=dict)
    overlap_populations: tuple[tuple[str, str], ...] = ()
    spin_orbit: bool = False
    transitions: bool = False
    bands: bool = False
    gap_corrections: dict[str, Annotated[float, Field(ge=-20, le=20)]] = Field(default_factory=dict)
    figures: FigureOptions = FigureOptions()

    @field_validator("groups", mode="before")
    @classmethod
    def _readable_groups(cls, groups: Any) -> Any:
        """Read each choice of atoms, so that what is wrong is told before anything is computed."""
        if not isinstance(groups, dict):
            raise ValueError("give a choice of atoms by the name of each group")
        return {name: _readable_group(str(name), what) for name, what in groups.items()}

    @model_validator(mode="after")
    def _resolve_the_broadening(self) -> Self:
        """Refuse a grid too coarse to show the Gaussian of a single state."""
        if self.energy_step_ev > self.broadening_ev / 2:
            raise ValueError(
                f"energy_step_ev {self.energy_step_ev:g} is more than half of broadening_ev "
                f"{self.broadening_ev:g}; make the step smaller"
            )
        return self

    @model_validator(mode="after")
    def _order_the_band(self) -> Self:
        """Refuse a band of thresholds whose second end is not above the first."""
        strict, loose = self.n_ipr_band
        if strict >= loose:
            raise ValueError(
                f"n_ipr_band goes from {strict:g} to {loose:g}; give the smaller threshold first"
            )
        return self

    @model_validator(mode="after")
    def _tell_groups_apart(self) -> Self:
        """Refuse a column named as own groups are."""
        if self.groups and self.group_by == "own":
            raise ValueError("group_by: a column own can't stand beside groups; name it otherwise")
        return self

    @model_validator(mode="after")
    def _name_each_pair_once(self) -> Self:
        """Refuse a pair that is named twice, in either order."""
        pairs = [frozenset(pair) for pair in self.overlap_populations]
        for pair, names in zip(pairs, self.overlap_populations, strict=True):
            if pairs.count(pair) > 1:
                raise ValueError(
                    f"overlap_populations names the pair {names[0]}, {names[1]} twice; once is "
                    "enough, in either order"
                )
        return self

    @model_validator(mode="after")
    def _couple_alone(self) -> Self:
        """Refuse what is computed of orbitals without spin-orbit coupling beside that."""
        for name in ("overlap_populations", "bands"):
            if self.spin_orbit and getattr(self, name):
                raise ValueError(
                    f"{name} are computed without spin-orbit coupling; leave {name} or spin_orbit "
                    "out"
                )
        return self

    @property
    def of_orbitals(self) -> tuple[str, ...]:
        """What is asked for that takes the orbitals of a run of CP2K."""
        return tuple(name for name in ("spin_orbit", "transitions", "bands") if getattr(self, name))


def _readable_group(name: str, what: Any) -> str | GroupFile:
    """Return what a group holds, as far as it can be told without the atoms."""
    if name == "rest" or not name.strip() or any(letter in ':,=/\\"' for letter in name):
        raise ValueError(
            f"a group can't be called {name!r}: 'rest' is what no group holds, and names have none "
            'of : , = / \\ "'
        )
    if isinstance(what, dict):
        return GroupFile.model_validate(what)
    if isinstance(what, GroupFile):
        return what
    if not isinstance(what, str):
        raise ValueError(f"{name}: {GRAMMAR}; or give a file: {{file: PATH}}")
    try:
        parse_selection(what)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return what
