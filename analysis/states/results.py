"""Everything that an analysis computes, once, for tables, figures and report to show."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase.formula import Formula

from epicarve.builder.dimensions import largest_distance_nm
from epicarve.builder.output import radii_a, radii_of_elements_a
from epicarve.errors import InputError

from .absorption import Absorption
from .alignment import Alignment, DomainEdges, align, domain_edges, group_edges
from .atoms import KnownAtoms
from .coop import Coop
from .dos import (
    DensityOfStates,
    Groups,
    by_domain,
    by_element,
    by_label,
    by_shell,
    by_species_in_domain,
    density_of_states,
    groups_of_lists,
    list_densities,
    orbital_densities,
)
from .filtered_gap import FilteredGap, Plateau, plateau, sensible_thresholds, threshold_scan
from .gap import Gap
from .localization import Localization
from .own_groups import OWN, own_groups
from .profile import Axis, Profile
from .spectrum import Spectrum, shared_states
from .trap_anatomy import Traps
from .unfiltered_gap import fermi_ev
from .verdicts import AlignmentVerdicts
from .zero import Zero, zeros_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.arrays import Floats
    from epicarve.builder.model import Model
    from epicarve.dft.bands import BulkBands, UnfoldedBands
    from epicarve.dft.states import OrbitalStates
    from epicarve.dft.transitions import Transitions

    from .orbital_picture import OrbitalPicture
    from .sites import Sites
    from .unfiltered_gap import Check


@dataclass(frozen=True, repr=False, eq=False)
class Analysis:
    """Localization, density of states, gaps and alignment of the states of one model.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    options : AnalysisOptions
        What was asked for.
    model : Model or None
        The model, if it is known.
    positions_a : ndarray of float, shape (n_atoms, 3), or None
        Where the atoms are, in Å, if it is known.
    localization : Localization
        Localization of each state.
    gap : Gap
        Plain and filtered gaps.
    threshold_scan : tuple of FilteredGap
        The filtered gap at every threshold where it changes.
    plateau : Plateau or None
        The widest range of `sensible_thresholds` over which the gap moves by less than the
        broadening.
    partitions : tuple of Groups
        Partitions of the atoms: by element first; by domain, and by element within each domain, if
        the model has several domains; by core, surface and interface, if there is more than one of
        them; by labels of the user, and groups of the user's own, if there are any.
    densities : tuple of DensityOfStates
        Density of states by each partition, and by element and angular momentum, and by groups of
        atoms that were projected on together, if the states tell them.
    edges : dict
        Band edges by domain; empty without a model.
    group_edges : dict
        Band edges by the name of the group, of own groups; empty without any.
    alignment : Alignment
        Alignment of the two domains.
    verdicts : AlignmentVerdicts or None
        The alignment by other choices; None unless there are two domains.
    sites : Sites
        What kind of place each atom is.
    traps : Traps
        On which atoms each trap sits.
    profile : Profile or None
        Local density of states and edges in space; None where coordinates are not known, or the
        atoms repeat and there is no model.
    coop : Coop or None
        Overlap populations between groups of atoms; None if the states have none.
    notes : tuple of str
        Sentences that must stand under figures, for instance that a crystal is derived.
    provenance : dict
        What is known of the origin of the states besides what they say themselves.
    vacuum_ev : float or None
        Energy in eV of an electron at rest in vacuum, on the scale of the states, if it is known.
    is_periodic : bool
        Whether the states are of a crystal or slab, so that there is no diameter.
    absorption : Absorption or None
        Transitions between the states, and which traps are bright; None unless asked for.
    uncoupled : Gap or None
        Gaps without spin-orbit coupling, of states that have it.
    bands : tuple of UnfoldedBands
        States along the path of the Brillouin zone of each crystal, if they were asked for.
    bulk_bands : dict of str to BulkBands
        Bands of bulk crystals by their names, to be drawn over them.
    orbital_pictures : tuple of OrbitalPicture
        Orbitals at the edges on grids, if they were asked for.
    """

    states: OrbitalStates
    options: AnalysisOptions
    model: Model | None
    positions_a: Floats | None
    localization: Localization
    gap: Gap
    threshold_scan: tuple[FilteredGap, ...]
    plateau: Plateau | None
    partitions: tuple[Groups, ...]
    densities: tuple[DensityOfStates, ...]
    edges: dict[str, DomainEdges]
    group_edges: dict[str, DomainEdges]
    alignment: Alignment
    verdicts: AlignmentVerdicts | None
    sites: Sites
    traps: Traps
    profile: Profile | None
    coop: Coop | None
    notes: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    vacuum_ev: float | None = None
    is_periodic: bool = False
    absorption: Absorption | None = None
    uncoupled: Gap | None = None
    bands: tuple[UnfoldedBands, ...] = ()
    bulk_bands: dict[str, BulkBands] = field(default_factory=dict)
    orbital_pictures: tuple[OrbitalPicture, ...] = ()

    @classmethod
    def of(
        cls,
        states: OrbitalStates,
        options: AnalysisOptions,
        model: Model | None = None,
        labels: Sequence[object] | None = None,
        positions_a: Floats | None = None,
        *,
        notes: tuple[str, ...] = (),
        provenance: dict[str, Any] | None = None,
        vacuum_ev: float | None = None,
        is_periodic: bool = False,
        transitions: Transitions | None = None,
        bands: tuple[UnfoldedBands, ...] = (),
        bulk_bands: dict[str, BulkBands] | None = None,
    ) -> Analysis:
        """Analyse the states of a model.

        Parameters
        ----------
        states : OrbitalStates
            The states.
        options : AnalysisOptions
            Thresholds, broadening, range.
        model : Model, optional
            The model that the states belong to, for its domains, and for the kind of place of
            each atom.
        labels : sequence, optional
            A label for each atom, by which the atoms are grouped too.
        positions_a : ndarray of float, shape (n_atoms, 3), optional
            Where the atoms are, in Å, if there is no model to tell it.
        notes : tuple of str
            Sentences to stand under figures; the caveat of the states stands there anyway.
        provenance : dict, optional
            What is known of the origin of the states, for summary.json and the report.
        vacuum_ev : float, optional
            Energy in eV of an electron at rest in vacuum, on the scale of the states.
        is_periodic : bool
            Whether the states are of a crystal or slab.
        transitions : Transitions, optional
            The dipole transitions between the states.
        bands : tuple of UnfoldedBands
            The states along paths of Brillouin zones.
        bulk_bands : dict of str to BulkBands, optional
            Bands of bulk crystals by the names of the zones.

        Returns
        -------
        Analysis
            All results.

        Raises
        ------
        InputError
            If the states are not those of the model, there is not one label for each atom, or the
            states lack an overlap population that the options ask for.
        """
        if options.overlap_populations:
            states = states.with_pairs(options.overlap_populations)
        _require_asked(states, options, model, transitions, bands)
        atoms = KnownAtoms.of(states.symbols, model, positions_a, is_periodic=is_periodic)
        sites = atoms.sites
        partitions = partitions_of(atoms, options, labels)
        own = partitions[-1].without_head(OWN) if options.groups else None
        if own is not None:
            sites = replace(sites, groups=own.labels)
        localization = Localization.of(states)
        gap = Gap.of(states, localization, options)
        bare = states.uncoupled
        uncoupled = None if bare is None else Gap.of(bare, Localization.of(bare), options)
        scan = threshold_scan(states.energies_ev, states.is_occupied, localization.ipr)
        used = gap.delocalised
        kept, traps = used.kept, Traps.of(states, used, sites)
        absorption = (
            None
            if transitions is None
            else Absorption.of(transitions, states, used, traps, options)
        )
        edges = {} if model is None else domain_edges(states, kept, model)
        axis = None if model is None else Axis.of(model, sites)
        if axis is None and atoms.positions_a is not None and not is_periodic:
            axis = Axis.radial(atoms.positions_a)
        densities = [density_of_states(states, groups, options) for groups in partitions]
        densities += orbital_densities(states, options) + list_densities(states, options)
        return cls(
            states=states,
            options=options,
            model=model,
            positions_a=atoms.positions_a,
            localization=localization,
            gap=gap,
            threshold_scan=scan,
            plateau=plateau(
                scan,
                options.broadening_ev,
                sensible_thresholds(states.n_atoms, options.n_ipr_band[1]),
            ),
            partitions=tuple(partitions),
            densities=tuple(densities),
            edges=edges,
            group_edges={} if own is None else group_edges(states, kept, own),
            alignment=align(edges, options.broadening_ev),
            verdicts=(
                None
                if model is None
                else AlignmentVerdicts.of(states, (gap, uncoupled), model, options)
            ),
            sites=sites,
            traps=traps,
            profile=None if axis is None else Profile.of(states, kept, axis, options),
            coop=Coop.of(states, localization, options) if states.pairs else None,
            notes=tuple(note for note in (states.caveat, *notes) if note),
            provenance=provenance or {},
            vacuum_ev=vacuum_ev,
            is_periodic=is_periodic,
            absorption=absorption,
            uncoupled=uncoupled,
            bands=bands,
            bulk_bands=bulk_bands or {},
        )

    def __repr__(self) -> str:
        plain, kept = self.gap.homo_lumo_gap_ev, self.gap.filtered
        gaps = [
            f"{name} {'none' if gap is None else f'{gap:.3f} eV'}"
            for name, gap in (
                ("HOMO-LUMO gap", plain),
                (f"gap at IPR ≤ {self.options.ipr_max:g}", kept.gap_ev),
            )
        ]
        return (
            f"Analysis({self.states.n_states} states of {self.states.n_atoms} atoms, "
            f"{', '.join(gaps)}, {len(self.traps.traps)} traps)"
        )

    def _repr_html_(self) -> str:
        """Return the gaps and the figure, for notebooks."""
        from epicarve.analysis.analyse import analysis_card  # noqa: PLC0415  (matplotlib costs half a second)

        return analysis_card(self)

    @property
    def dos(self) -> DensityOfStates:
        """Density of states by element; `densities` holds those by other groups too."""
        return self.densities[0]

    def summary(self) -> dict[str, Any]:
        """Return the content of summary.json."""
        from epicarve.analysis.export import summarise  # noqa: PLC0415  (it takes an analysis)

        return summarise(self)

    @property
    def checks(self) -> list[Check]:
        """What bears on how far the results can be trusted, and why numbers do not exist."""
        from epicarve.analysis.export import checks_of  # noqa: PLC0415  (it takes this)

        return checks_of(self)

    def plot(
        self, name: str = "dos", ax: Axes | Sequence[Axes] | None = None, **look: Any
    ) -> Figure:
        """Draw a figure, to change or to save by matplotlib's means.

        Parameters
        ----------
        name : str
            ``dos``, ``scan``, ``alignment``, ``profile``, ``trap-map``, ``absorption``, ``tauc``,
            ``bands`` or ``orbitals``:
            density of states with localization and gaps; gap by threshold; levels of the domains;
            levels in space; where the traps sit; absorption and its Tauc plots; bands along paths
            of Brillouin zones; the orbitals at the edges.
        ax : Axes or sequence of Axes, optional
            Axes to draw into, one for each panel; a single one takes the density of the figure
            ``"dos"``. If not given, a figure of its own is made.
        **look
            Fields of `FigureOptions` that override those of the options, such as ``title="A"``.

        Raises
        ------
        InputError
            If there is nothing to show in such a figure, a field is wrong, or there is not one
            of the axes for each panel.
        """
        from epicarve.analysis.analyse import drawn  # noqa: PLC0415  (matplotlib costs half a second)

        return drawn(self, name, ax, look)

    def write(self, folder: Path | str, *, hdf5: bool = False) -> dict[str, Any]:
        """Write summary.json, tables, figures and report.html: all of them, or none.

        Parameters
        ----------
        folder : Path or str
            Where to write. The same analysis gives the same bytes.
        hdf5 : bool
            Whether to write analysis.h5 as well.

        Returns
        -------
        dict
            Content of summary.json.
        """
        from epicarve.analysis.analyse import write_analysis  # noqa: PLC0415  (matplotlib costs half a second)

        return write_analysis(Path(folder), self, hdf5=hdf5)

    @cached_property
    def spectrum(self) -> Spectrum:
        """What figures show of the states."""
        states, model = self.states, self.model
        formula = _formula_of(states.symbols) if model is None else model.formula
        domains = () if model is None or len(model.domain_names) < 2 else model.domain_names
        blocks = [(each.names, each.weights(states.weights)) for each in self.partitions]
        if states.orbital_names:
            blocks.append((states.orbital_names, states.orbital_weights))
        return Spectrum(
            label=formula,
            options=self.options,
            energies_ev=states.energies_ev,
            occupied=states.is_occupied,
            spins=states.spins,
            restricted=states.restricted,
            ipr=self.localization.ipr,
            shares=shared_states([*blocks, *groups_of_lists(states)], domains),
            gap=self.gap,
            fermi_ev=fermi_ev(states),
            vacuum_ev=self.vacuum_ev,
            n_atoms=states.n_atoms,
            formula=formula,
            diameter_nm=self.diameter_nm,
            domain_names=domains,
            source=states.source,
            notes=self.notes,
        )

    @property
    def diameter_nm(self) -> float | None:
        """Largest distance between two atoms; None if periodic, or where they are is not known."""
        if self.model is not None:
            return self.model.diameter_nm
        if self.positions_a is None or self.is_periodic:
            return None
        return largest_distance_nm(self.positions_a)

    def shift_of_bulk_ev(self, name: str) -> float:
        """Return what is added to the energies of bulk bands, so that valence edges agree.

        Nothing in a periodic run, whose energies count from the same zero.

        Parameters
        ----------
        name : str
            Name of the crystal.
        """
        bulk_ev = self.bulk_bands[name].valence_edge_ev
        own = self.edges.get(name)
        edge_ev = self.gap.delocalised.valence_edge_ev if own is None else own.valence_edge_ev
        if self.is_periodic or bulk_ev is None or edge_ev is None:
            return 0.0
        return edge_ev - bulk_ev

    @property
    def zero(self) -> Zero:
        """The energy that figures and report count from."""
        return zeros_of([self.spectrum], self.options.figures.zero)[0]

    @property
    def drawn_radii_a(self) -> Floats:
        """Radius in Å at which each atom is drawn, by its element where charges are not known."""
        if self.model is None:
            return radii_of_elements_a(self.states.symbols)
        return radii_a(self.model)

    @property
    def ipr_limit(self) -> float:
        """Threshold of the filter in use as one of the IPR; see `Spectrum.ipr_limit`."""
        return self.spectrum.ipr_limit

    @property
    def ipr_range(self) -> tuple[float, float]:
        """Range of the IPR that figures and report show; see `Spectrum.ipr_range`."""
        return self.spectrum.ipr_range

    @property
    def window_ev(self) -> tuple[float, float]:
        """Range in eV that figures show; see `Spectrum.window_ev`."""
        return self.spectrum.window_ev


def _require_asked(
    states: OrbitalStates,
    options: AnalysisOptions,
    model: Model | None,
    transitions: Transitions | None,
    bands: tuple[UnfoldedBands, ...],
) -> None:
    """Refuse states and models that lack what options ask for."""
    names = () if model is None else model.domain_names
    for name in options.gap_corrections:
        if name not in names:
            told = f"there are {', '.join(names)}" if names else "no model was given"
            raise InputError(f"gap_corrections: there is no domain {name!r}; {told}")
    for name, asked, is_there in (
        ("spin-orbit coupling", options.spin_orbit, states.uncoupled is not None),
        ("transitions", options.transitions, transitions is not None),
        ("bands", options.bands, bool(bands)),
    ):
        if asked and not is_there:
            raise InputError(
                f"{states.source or 'orbital states'}: these states have no {name}, which the "
                "options ask for; analyse the folder of their run, or leave it out"
            )


def partitions_of(
    atoms: KnownAtoms, options: AnalysisOptions, labels: Sequence[object] | None
) -> list[Groups]:
    """Return all partitions of the atoms that say more than the one by element, after that one.

    Own groups stand last.
    """
    partitions = [by_element(atoms.symbols)]
    model = atoms.model
    if model is not None and len(model.domain_names) > 1:
        partitions += [by_domain(model), by_species_in_domain(model)]
    shells = by_shell(atoms.sites)
    if shells is not None and len(shells.names) > 1:
        partitions.append(shells)
    if labels is not None:
        partitions.append(by_label(labels, options.group_by or "group", atoms.n_atoms))
    if options.groups:
        partitions.append(own_groups(options.groups, atoms))
    return partitions


def _formula_of(symbols: Sequence[str]) -> str:
    """Return how many atoms of each element there are, metals first."""
    return str(Formula.from_list(list(symbols)).format("metal"))
