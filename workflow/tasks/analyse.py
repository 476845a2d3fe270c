"""From output files to states, gap, figure and report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from epicarve.analysis.states import (
    Analysis,
    KindAnalysis,
    KnownAtoms,
)
from epicarve.builder.model import Model
from epicarve.builder.output import notes_of_model
from epicarve.dft.bulk_displacement import known_displacements
from epicarve.dft.cp2k_input import periodicity
from epicarve.dft.orbitals import PopulationOptions
from epicarve.dft.read import RunFolder, read_folder
from epicarve.dft.states import KindStates, OrbitalStates
from epicarve.errors import InputError, require_kind
from epicarve.workflow.recipes import (
    ModelRecipe,
    parse_recipe,
    with_files_beside,
)

from .analysis_settings import labels_of, options_with, requested_pairs
from .model_of_run import (
    at_geometry,
    given_model,
    made_by,
    model_as_computed,
    relaxation_of,
)
from .orbital_states import edge_pictures
from .zones import bands_of_reading, read_bulk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.dft.cp2k_input import CheckContext
    from epicarve.workflow.recipes import Recipe


@overload
def analyse(
    source: OrbitalStates,
    *,
    model: Model | None = None,
    ipr_max: float | None = None,
    n_ipr_max: float | None = None,
    broadening_ev: float | None = None,
    group_by: str | None = None,
    groups: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
    overlap_populations: Sequence[tuple[str, str]] | None = None,
    options: AnalysisOptions | None = None,
) -> Analysis: ...


@overload
def analyse(
    source: Path | str,
    out: Path | str | None = None,
    *,
    ipr_max: float | None = None,
    n_ipr_max: float | None = None,
    broadening_ev: float | None = None,
    group_by: str | None = None,
    groups: Mapping[str, Any] | None = None,
    hdf5: bool = False,
    figures: Mapping[str, Any] | None = None,
    n_states: int | None = None,
    weights: str = "lowdin",
    overlap_populations: Sequence[tuple[str, str]] | None = None,
    project: str | None = None,
    step: int | None = None,
    orbitals: bool = False,
    spin_orbit: bool | None = None,
    transitions: bool | None = None,
    bands: bool | None = None,
    bulk_bands: Mapping[str, Path | str] | Path | str | None = None,
    options: AnalysisOptions | None = None,
    model: Model | Path | str | None = None,
    oxidation_states: Mapping[str, int] | None = None,
) -> dict[str, Any]: ...


def analyse(
    source: OrbitalStates | Path | str,
    out: Path | str | None = None,
    *,
    hdf5: bool = False,
    **asked: Any,
) -> Analysis | dict[str, Any]:
    """Analyse states, and write nothing; or the states in a folder, and write all that is found.

    Parameters
    ----------
    source : OrbitalStates, Path or str
        States, such as those of `epicarve.read_states`; or a folder as for `analyse_folder`.
    out : Path or str, optional
        Where the results of a folder are written; the folder itself if not given.
    hdf5 : bool
        Whether to write analysis.h5 as well.
    model : Model, optional
        The model that states belong to: names the domains, and the places of the atoms. The model
        of a folder is the one in it if none is given.
    **asked
        Thresholds, broadening, groups and look as for `analyse_folder`.

    Returns
    -------
    Analysis or dict
        Of states, all results, with ``plot()`` and ``write(folder)``; of a folder, the content of
        summary.json.

    Raises
    ------
    InputError
        If the states are not those of the model, have no weights of atoms, or a setting is wrong;
        of a folder as `analyse_folder`.
    """
    if not isinstance(source, OrbitalStates):
        require_kind(source, (str, Path), "analyse: what was given", "give states or a folder")
        return analyse_folder(source, **asked).write(source if out is None else out, hdf5=hdf5)
    if out is not None or hdf5:
        raise InputError("analyse: of states nothing is written; call write(folder) of the result")
    return analysis_of(source, **asked)


def analysis_of(
    states: OrbitalStates,
    *,
    model: Model | None = None,
    options: AnalysisOptions | None = None,
    **settings: Any,
) -> Analysis:
    """Analyse states in memory; see `analyse`."""
    if model is not None:
        require_kind(model, Model, "analyse: model", "give a Model, or leave it out")
    options = options_with(options, **settings)
    return Analysis.of(
        states,
        options,
        model,
        labels_of(model, options, "analyse"),
        notes=() if model is None else notes_of_model(model),
        provenance=made_by(model),
    )


def analyse_folder(
    folder: Path | str,
    *,
    ipr_max: float | None = None,
    n_ipr_max: float | None = None,
    broadening_ev: float | None = None,
    group_by: str | None = None,
    groups: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
    n_states: int | None = None,
    weights: str = "lowdin",
    overlap_populations: Sequence[tuple[str, str]] | None = None,
    project: str | None = None,
    step: int | None = None,
    orbitals: bool = False,
    spin_orbit: bool | None = None,
    transitions: bool | None = None,
    bands: bool | None = None,
    bulk_bands: Mapping[str, Path | str] | Path | str | None = None,
    options: AnalysisOptions | None = None,
    model: Model | Path | str | None = None,
    oxidation_states: Mapping[str, int] | None = None,
) -> Analysis | KindAnalysis:
    """Analyse the states in a folder, whoever made them, and write nothing.

    Parameters
    ----------
    folder : Path or str
        A folder with CP2K output (one per-atom LDOS file for each atom, the .wfn file, or orbitals
        as text or Molden file), or one that `epicarve.run` made. From .pdos files of whole kinds
        come only the plain gap and the density of states, with a figure. If it holds a
        model.extxyz, domains are named after it.
    ipr_max, n_ipr_max : float, optional
        Thresholds of the trap filters, fixed and size-aware; override those of `options`.
    broadening_ev : float, optional
        Standard deviation of the Gaussians, in eV; overrides that of `options`. Steps of energy are
        at most a fifth of it.
    group_by : str, optional
        Column of model.extxyz by whose values the atoms are grouped too; overrides that of
        `options`.
    groups : mapping, optional
        Groups of one's own by name, as in `AnalysisOptions`, such as ``{"rim": "Pb<6"}``; override
        those of `options`.
    figures : mapping, optional
        Fields of `FigureOptions`, such as ``{"formats": ["pdf"]}``, that override those of
        `options`.
    n_states : int, optional
        Weigh only this many orbitals of each spin, those around the gap; weights that the folder
        holds are not used.
    weights : {"lowdin", "mulliken"}
        Whose weights; Mulliken's are computed from orbitals.
    overlap_populations : sequence of pairs of str, optional
        Pairs of groups of atoms, such as ``[("Pb", "S")]``, to have the overlap populations of;
        overrides those of `options`. The orbitals must be in the folder, not their weights alone.
    project : str, optional
        Which project of CP2K, where the folder holds several that can be used.
    step : int, optional
        Which step of an optimisation or of molecular dynamics; the last one if not given.
    orbitals : bool
        Whether the orbitals at the edges of the filter in use are drawn too, in a figure and in the
        report. The .wfn file must be in the folder.
    spin_orbit : bool, optional
        Whether the states get spin-orbit coupling, with the gaps without it beside; overrides that
        of `options`. Orbitals must be in the folder, and the input of their run.
    transitions : bool, optional
        Whether oscillator strengths and absorption are computed, and which traps are bright;
        overrides that of `options`. The model must be finite, and its orbitals in the folder, full
        or empty.
    bands : bool, optional
        Whether the states are projected on the plane waves along the path of the Brillouin zone of
        each crystal in the model; overrides that of `options`. Orbitals must be in the folder, and
        the input of their run.
    bulk_bands : Path, str, or mapping of str to these, optional
        A file of CP2K's &BAND_STRUCTURE with the bands of the bulk crystal, or one by the name of
        each crystal, to be drawn over `bands`, which it asks for.
    options : AnalysisOptions, optional
        Settings; those of the recipe in model.json if there is one, else the defaults.
    model : Model, Path or str, optional
        The model that the states are of, where it is not in the folder: what epicarve wrote, or any
        file of coordinates that ASE reads, its atoms in the order of the run.
    oxidation_states : mapping of str to int, optional
        Formal charges by element of such coordinates; guessed if not given, with a warning.

    Returns
    -------
    Analysis or KindAnalysis
        All results, the model at the geometry of its states among them; the latter where all there
        is are .pdos files of whole kinds.

    Raises
    ------
    InputError
        If the folder holds no finished, whole and consistent output, the column is not there, a
        setting is wrong, or the model is another one.
    """
    folder = Path(folder)
    run_folder = RunFolder(folder)
    given = None if model is None else given_model(model, oxidation_states)
    if given is None and oxidation_states is not None:
        raise InputError("oxidation_states are for a model of coordinates; give its file as model")
    model = model_as_computed(run_folder) if given is None else given
    recipe = _recipe_of(model, folder)
    if options is None and isinstance(recipe, ModelRecipe):
        options = recipe.analysis
    options = options_with(
        options,
        ipr_max=ipr_max,
        n_ipr_max=n_ipr_max,
        broadening_ev=broadening_ev,
        group_by=group_by,
        groups=groups,
        figures=figures,
        overlap_populations=overlap_populations,
        spin_orbit=spin_orbit,
        transitions=transitions,
        bands=True if bulk_bands is not None else bands,
    )
    labels = labels_of(model, options, str(folder))
    if options.spin_orbit and orbitals:
        raise InputError(
            "orbitals are drawn without spin-orbit coupling; leave orbitals or spin_orbit out"
        )
    weighing = PopulationOptions(
        n_states,
        weights,
        coefficients=options.transitions or options.bands or bool(options.overlap_populations),
        spin_orbit=options.spin_orbit,
    )
    reading = read_folder(run_folder, weighing, project=project, step=step)
    relaxation = relaxation_of(folder)
    relaxed = {} if relaxation is None else {"relaxation": relaxation.as_dict()}
    provenance = {**relaxed, **made_by(model)}
    inputs = () if reading.run is None else reading.run.inputs
    vacuum_ev, is_periodic = _surroundings(inputs[0].subject if inputs else None)
    if isinstance(reading.states, KindStates):
        if options.groups:
            raise InputError(
                f"{folder}: it holds weights of whole kinds of atoms, which can't be shared out "
                "among groups; leave groups out, or add the .wfn file of the run"
            )
        return KindAnalysis.of(reading.states, options, provenance, vacuum_ev)
    notes = () if model is None else notes_of_model(model)
    if relaxation is not None and not relaxation.converged:
        notes += (
            f"The relaxation stopped after {relaxation.n_steps} steps, at a largest force of "
            f"{relaxation.max_force_ev_a:.2f} eV/Å.",
        )
    if relaxation is not None and model is not None:
        measured = [known_displacements().get(name) for name in model.domain_names]
        notes += tuple(
            f"{one.sentence}, this model by {relaxation.rmsd_a:.2f} Å."
            for one in measured
            if one is not None and one.rms_a > 0.0  # nothing moves where symmetry fixes all ions
        )
    states = reading.states
    if given is not None and reading.positions_a is not None:
        model = at_geometry(given, states.symbols, reading.positions_a)
    if reading.orbitals is not None and options.overlap_populations:
        atoms = KnownAtoms.of(states.symbols, model, reading.positions_a, is_periodic=is_periodic)
        pairs = requested_pairs(atoms, options, labels)
        states = reading.with_overlap_populations(pairs)
    of_light = reading.transitions() if options.transitions else None
    own_bands = (
        bands_of_reading(reading, states, options, recipe, is_periodic=is_periodic)
        if options.bands
        else ()
    )
    positions_a = reading.positions_a if model is None else None
    del reading  # orbitals may take gigabytes
    analysis = Analysis.of(
        states,
        options,
        model,
        labels,
        positions_a,
        notes=notes,
        provenance=provenance,
        vacuum_ev=vacuum_ev,
        is_periodic=is_periodic,
        transitions=of_light,
        bands=own_bands,
        bulk_bands=read_bulk(bulk_bands, own_bands),
    )
    if not orbitals:
        return analysis
    pictures = edge_pictures(folder, analysis.spectrum, project)
    return replace(analysis, orbital_pictures=pictures)


def _recipe_of(model: Model | None, folder: Path) -> Recipe | None:
    """Return the recipe that a model was built from, None if it is not known."""
    origin = None if model is None else model.report.provenance
    told = origin.recipe if origin else None
    return parse_recipe(with_files_beside(told, folder)) if told else None


def _surroundings(subject: CheckContext | None) -> tuple[float | None, bool]:
    """Return the vacuum level of a run in eV, if its input tells it, and whether it is periodic.

    In a run of CP2K without periodic images, the potential of a finite model goes to zero far away,
    so that its energies count from vacuum. GFN1-xTB's do not: its parameters shift them.
    """
    if subject is None:
        return None, False
    if any(subject.periodic):
        return None, True
    poisson = subject.dft.first("POISSON") if subject.dft is not None else None
    is_isolated = poisson is not None and not any(periodicity(str(poisson.value("PERIODIC"))))
    return (0.0 if is_isolated else None), False
