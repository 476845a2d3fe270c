"""Reading orbital states from whatever folder a calculation left.

Every file that states can be read from is a candidate. Candidates are tried in the order of their
worth; each gives states, or the reason why it cannot. The first usable one is taken, and the
reasons of those that were passed over become notes of the states. What makes all numbers of a run
doubtful (it was cut off, did not converge, or its files contradict each other) is refused as a
whole.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from epicarve.dft.orbitals import ALL, require_energies
from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError

from .agreement import Levels, require_agreement, with_further_states, with_overlap_populations
from .files import step_in_name
from .known_faults import notes_of_faults, notes_of_unasked
from .ldos import covers_atoms, read_kinds, read_lists, with_lists
from .orbital_files import load_molden, load_text, load_wfn, wfn_of_run
from .run_folder import RunFolder
from .wfn import read_wfn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from epicarve.dft.orbitals import Weighing
    from epicarve.dft.output import Cp2kOutput

    from .atom_basis import AtomBasis
    from .files import RunFiles
    from .orbital_files import Load
    from .pdos import PdosFile
    from .run import Run
    from .wfn import Wfn

ARCHIVE_NAME = "states.npz"
"""Name of the archive that the embedded engine leaves."""

ROUTES = {
    "archive": ARCHIVE_NAME,
    "lists": "PROJECT-list1-1.pdos of each atom",
    "wfn": "PROJECT-RESTART.wfn",
    "text": "orbitals of &MO as text",
    "molden": "PROJECT-MOS-1_0.molden",
    "kinds": "PROJECT-k1-1.pdos of each kind",
}
"""Ways to states and the files that they need, in the order of preference: CP2K's own weights
before those that are computed, binary numbers before rounded ones, and last what tells no atom from
another."""


NO_OUTPUT = "No main output of CP2K lies beside these states, so that convergence is unknown."
"""What stands wherever states of a run without its main output are shown."""


@dataclass(frozen=True)
class Reading:
    """States of a run, and where they are from.

    Parameters
    ----------
    states : OrbitalStates
        The states; their notes say what was passed over, and why.
    folder : Path
        The folder that holds the files.
    run : Run or None
        The run of CP2K; None for the archive of the embedded engine.
    is_of_the_end : bool
        Whether the states are of the last geometry of the run, not of an earlier step.
    """

    states: OrbitalStates
    folder: Path
    run: Run | None
    is_of_the_end: bool = True

    @property
    def positions_a(self) -> NDArray[np.float64] | None:
        """Coordinates of the atoms in Å, shape (n_atoms, 3), None if no input tells them.

        Those of stages in other folders do not count, as they have other geometries.
        """
        if self.run is None or not self.is_of_the_end:
            return None
        try:
            same = self.run.symbols == self.states.symbols
            return self.run.positions_a if same else None
        except InputError:
            return None


class _Candidate(NamedTuple):
    """One way to the states of a run; its step is None if its file's name tells none."""

    route: str
    step: int | None
    path: Path
    read: Callable[[Weighing], OrbitalStates]


def read_states(
    folder: Path | RunFolder,
    weighing: Weighing = ALL,
    *,
    project: str | None = None,
    step: int | None = None,
    routes: Collection[str] = tuple(ROUTES),
) -> OrbitalStates:
    """Return the states of `read_folder`."""
    return read_folder(folder, weighing, project=project, step=step, routes=routes).states


def read_folder(
    folder: Path | RunFolder,
    weighing: Weighing = ALL,
    *,
    project: str | None = None,
    step: int | None = None,
    routes: Collection[str] = tuple(ROUTES),
) -> Reading:
    """Read the orbital states that a folder holds, whoever made it.

    Parameters
    ----------
    folder : Path or RunFolder
        A folder with `states.npz`; or with CP2K's .pdos files, or its .wfn file, or its orbitals as
        text or Molden file; or one of whose subfolders is such a folder, as in a chain of stages.
        The source of the states says which files were used, and their notes which were not, and
        why.
    weighing : Weighing
        How to weigh orbitals: so many states of each spin, those around its gap, which a model of
        thousands of atoms needs (the electrons of the states are then those of the window);
        Mulliken's weights; overlap populations. Weights that are in the folder already are not
        looked at where some of the states or Mulliken's weights are asked for, and the orbitals
        must be there too for overlap populations, but in `states.npz`, which holds those that it
        was made with.
    project : str, optional
        Which project of CP2K, where the folder holds several that can be used.
    step : int, optional
        Which step of an optimisation or of molecular dynamics; the last one if not given.
    routes : collection of str
        Which of `ROUTES` to try.

    Returns
    -------
    Reading
        The states. If all there is are the .pdos files of whole kinds, they are `of_kinds`: fit for
        a density of states and the HOMO-LUMO gap, not for an IPR.

    Raises
    ------
    InputError
        If the folder is missing or holds no usable states, more than one project or subfolder holds
        some, or the run cannot be trusted.
    """
    home = RunFolder(folder) if isinstance(folder, Path) else folder
    folder = home.path
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give the folder of a finished run")
    asked = _Asked(weighing, project, step, tuple(route for route in ROUTES if route in routes))
    reading = _reading(home, asked)
    if reading is not None:
        return reading
    worths = {below: worth for below in home.below if (worth := _worth(below, asked)) is not None}
    best = [below for below, worth in worths.items() if worth == min(worths.values())]
    if len(best) == 1:
        reading = _reading(best[0], asked)
        if reading is not None:
            return reading
    _require_sound(home, *home.below)
    if best:
        return _of_subfolders(folder, best, asked)
    _refuse_kpoints(home, *home.below)
    looked_for = ", ".join(ROUTES.values())
    raise InputError(
        f"{folder}: there are no states in it or in a folder below; looked for {looked_for}, one "
        "of which CP2K's last stage writes"
    )


def wfn_of_folder(folder: Path, project: str | None = None) -> tuple[RunFiles, Wfn, AtomBasis]:
    """Read the newest .wfn file of a run that is whole, and the basis functions of its orbitals.

    Parameters
    ----------
    folder : Path
        Where to look, not below.
    project : str, optional
        Which project of CP2K, where the folder holds .wfn files of several.

    Returns
    -------
    files : RunFiles
        The files of the run.
    wfn : Wfn
        Its .wfn file.
    basis : AtomBasis
        Its atoms and basis functions.

    Raises
    ------
    InputError
        If there is none, the run cannot be trusted, or its input is missing or of another run.
    """
    found = [
        files for files in RunFolder(folder).runs if files.wfn and project in {None, files.project}
    ]
    if not found:
        raise InputError(
            f"{folder}: there is no .wfn file in it{f' of project {project}' if project else ''}, "
            "of which cube files are made; give the folder of a finished run, of a chain that of "
            "its last stage (4-states)"
        )
    whole = [files for files in found if files.outputs] or found
    if len(whole) > 1:
        names = ", ".join(files.project for files in whole)
        raise InputError(
            f"{folder}: it holds .wfn files of several projects ({names}); choose one by --project "
            "NAME"
        )
    run, errors = whole[0].run, []
    for path in whole[0].wfn:
        try:
            return whole[0], *wfn_of_run(path, run)
        except InputError as error:
            errors.append(error)
    raise _none_usable(errors, folder)


class _Asked(NamedTuple):
    """What is to be read of a folder."""

    weighing: Weighing
    project: str | None
    step: int | None
    routes: Sequence[str]


def _of_subfolders(folder: Path, holders: Sequence[RunFolder], asked: _Asked) -> Reading:
    """Read the states of the one folder below another that can be used."""
    readings: list[Reading] = []
    errors: list[InputError] = []
    for holder in holders:
        try:
            reading = _reading(holder, asked)
        except InputError as error:
            errors.append(error)
        else:
            readings += [reading] if reading is not None else []
    if len(readings) > 1:
        names = ", ".join(reading.folder.name for reading in readings)
        raise InputError(f"{folder}: several folders below hold states ({names}); name one of them")
    if not readings:
        raise _none_usable(errors, folder)
    return _noted(readings[0], [f"not used: {_brief(error, folder)}" for error in errors])


def _reading(home: RunFolder, asked: _Asked) -> Reading | None:
    """Read the states of a folder; None if it holds none."""
    folder = home.path
    archive = folder / ARCHIVE_NAME
    has_archive = (
        "archive" in asked.routes
        and archive.is_file()
        and asked.project is None
        and asked.step is None
    )
    passed: list[str] = []
    if has_archive and not asked.weighing.needs_orbitals:
        try:
            return Reading(OrbitalStates.load(archive), folder, None)
        except InputError as error:
            if not any(_holds(files, asked) for files in home.runs):
                raise
            passed = [f"not used: {_brief(error, folder)}"]
    found = [files for files in home.runs if _holds(files, asked)]
    if not found:
        if has_archive:
            raise _no_orbitals(folder)
        return None
    return _noted(_of_projects(folder, found, asked), passed)


def _of_projects(folder: Path, found: Sequence[RunFiles], asked: _Asked) -> Reading:
    """Read the states of the one project in a folder that can be used."""
    names = ", ".join(files.project for files in found)
    if asked.project is not None:
        for files in found:
            if files.project == asked.project:
                return _of_run(files, asked)
        raise InputError(
            f"{folder}: there are no states of project {asked.project} in it; there are some of "
            f"{names}"
        )
    whole = [files for files in found if files.outputs] or found
    if len(whole) == 1:
        others = ", ".join(files.project for files in found if files is not whole[0])
        note = f"files of other projects beside it were not looked at (--project {others})"
        return _noted(_of_run(whole[0], asked), [note] if others else [])
    readings: list[Reading] = []
    errors: list[InputError] = []
    for files in whole:
        others = ", ".join(other.project for other in whole if other is not files)
        try:
            files.require_sound()
        except InputError as error:
            raise InputError(f"{error}, or take another project (--project {others})") from None
        try:
            readings.append(_of_run(files, asked))
        except InputError as error:
            errors.append(error)
    if len(readings) > 1:
        raise InputError(
            f"{folder}: it holds states of several projects ({names}); choose one by --project NAME"
        )
    if not readings:
        raise _none_usable(errors, folder)
    project = readings[0].run.project if readings[0].run else ""
    notes = [f"taken is project {project}, as the others cannot be used"]
    return _noted(
        readings[0], [*notes, *(f"not used: {_brief(error, folder)}" for error in errors)]
    )


def _of_run(files: RunFiles, asked: _Asked) -> Reading:
    """Read the states of a run from the first of its files that can be used."""
    run = files.run
    errors: list[InputError] = []
    for candidate in _candidates(files, run, asked):
        try:
            states = candidate.read(asked.weighing)
        except InputError as error:
            errors.append(error)
        else:
            reading = _completed(candidate, states, files, run)
            passed = dict.fromkeys(_brief(error, files.folder) for error in errors)
            return _noted(reading, [f"not used: {reason}" for reason in passed])
    if errors:
        raise _none_usable(errors, files.folder)
    raise _no_orbitals(files.folder) if asked.step is None else _no_step(files, run, asked.step)


def _candidates(files: RunFiles, run: Run, asked: _Asked) -> list[_Candidate]:
    """List the ways to the states of a run, those of its end first, then by worth."""
    loads = list(_loads(files, run, asked))
    found = [
        _Candidate(route, step, path, partial(_weighed, load))
        for route, step, path, load in loads
        if route in asked.routes
    ]
    if not asked.weighing.needs_orbitals:
        for step in {file.step for file in files.pdos}:
            if asked.step in {None, step}:
                pdos = files.at_step(step)
                found += _of_pdos(pdos, step, run, [load for *_, load in loads])
    places, last = list(ROUTES), files.last_step

    def worth(candidate: _Candidate) -> tuple[int, int]:
        step = last if candidate.step is None else candidate.step
        return -step, places.index(candidate.route)

    return sorted((each for each in found if each.route in asked.routes), key=worth)


def _weighed(load: Load, weighing: Weighing) -> OrbitalStates:
    return load(weighing.n_states).states(weighing)


def _loads(
    files: RunFiles, run: Run, asked: _Asked
) -> Iterator[tuple[str, int | None, Path, Load]]:
    """Yield route, step and file of all orbitals, CP2K's own overlap before a computed one."""

    def is_asked_for(path: Path) -> bool:
        step = step_in_name(path)
        return asked.step in {None, files.last_step if step is None else step}

    for route, paths, load in (("wfn", files.wfn, load_wfn), ("text", files.text, load_text)):
        for path in filter(is_asked_for, paths):
            for overlap in (*files.overlaps[:1], None):
                yield route, step_in_name(path), path, partial(load, path, run, overlap)
    for path in filter(is_asked_for, files.molden):
        yield "molden", step_in_name(path), path, partial(load_molden, path, run)


def _of_pdos(
    pdos: Sequence[PdosFile], step: int, run: Run, loads: Sequence[Load]
) -> Iterator[_Candidate]:
    """Yield the ways to states by the .pdos files of one step."""

    def lists(weighing: Weighing) -> OrbitalStates:
        states = read_lists(pdos, run)
        if weighing.pairs_of is None:
            return states
        errors = []
        for load in loads:
            try:
                return with_overlap_populations(states, pdos[0].path, load(None), weighing.pairs_of)
            except InputError as error:
                errors.append(error)
        raise _none_usable(errors, run.folder) if errors else _no_coefficients(run.folder)

    def kinds(weighing: Weighing) -> OrbitalStates:
        if weighing.pairs_of is not None:
            raise _no_coefficients(run.folder)
        return read_kinds(pdos, run)

    if any(file.is_list for file in pdos):
        try:
            has_lists = covers_atoms(pdos, run)
        except InputError:
            has_lists = True  # reading them tells why not
        if has_lists:
            yield _Candidate("lists", step, pdos[0].path, lists)
    yield _Candidate("kinds", step, pdos[0].path, kinds)


def _completed(candidate: _Candidate, states: OrbitalStates, files: RunFiles, run: Run) -> Reading:
    """Compare states with what other files of the run tell of them, and add what these know more.

    Raises
    ------
    InputError
        If they contradict each other.
    """
    last = files.last_step
    step = last if candidate.step is None else candidate.step
    notes = [*notes_of_unasked(run, candidate.route, candidate.path), *notes_of_faults(run)]
    if run.output is None:
        notes.append(NO_OUTPUT)
        states = replace(states, caveat=NO_OUTPUT)
    with suppress(InputError):
        notes += [note for note in (run.geometry.note,) if note]
    if step < last:
        notes.append(f"the states are of step {step}, but the run went on to step {last}")
    if last:
        states = replace(states, source=f"{states.source}, step {step}")
    states = replace(states, notes=(*states.notes, *notes))
    beside = files.at_step(step)
    levels = _levels_beside(candidate, files, run, beside) if step == last else None
    if levels is not None:
        require_agreement(states, candidate.path, levels)
        if not states.is_window:
            states = with_further_states(states, levels)
    return Reading(with_lists(states, beside, run), files.folder, run, is_of_the_end=step == last)


def _levels_beside(
    candidate: _Candidate, files: RunFiles, run: Run, beside: Sequence[PdosFile]
) -> Levels | None:
    """Return what another file of the run tells of the energies, None if none can be read."""
    try:
        if candidate.route == "lists" and files.wfn:
            wfn = read_wfn(files.wfn[0])
            require_energies(wfn.path, wfn.energies_ev)
            return Levels.of_wfn(wfn)
        if candidate.route not in {"lists", "kinds"} and beside:
            return Levels.of_states(beside[0].path, read_kinds(beside, run))
    except InputError:
        return None  # it was not chosen, so what is wrong with it need not matter
    return None


def _holds(files: RunFiles, asked: _Asked) -> bool:
    """Whether a run has files for one of the routes."""
    return _best_route(files, asked) is not None


def _best_route(files: RunFiles, asked: _Asked) -> int | None:
    """Return the place among `ROUTES` of the best one for which a run has files."""
    has = {
        "lists": any(file.is_list for file in files.pdos),
        "wfn": bool(files.wfn),
        "text": bool(files.text),
        "molden": bool(files.molden),
        "kinds": bool(files.pdos),
    }
    return next(
        (i for i, route in enumerate(ROUTES) if has.get(route) and route in asked.routes), None
    )


def _worth(home: RunFolder, asked: _Asked) -> int | None:
    """Return the best route of a folder below, None if it holds no states."""
    if "archive" in asked.routes and (home.path / ARCHIVE_NAME).is_file():
        return 0
    worths = [_best_route(files, asked) for files in home.runs]
    return min((worth for worth in worths if worth is not None), default=None)


def _noted(reading: Reading, notes: Sequence[str]) -> Reading:
    """Add notes to the states of a reading."""
    states = reading.states
    return replace(reading, states=replace(states, notes=(*notes, *states.notes)))


def _brief(error: InputError, folder: Path) -> str:
    """Return what an error says, without the folder that all files lie in."""
    return str(error).replace(f"{folder}/", "").removeprefix(f"{folder}: ")


def _none_usable(errors: Sequence[InputError], folder: Path) -> InputError:
    """Say why nothing can be used: of the best in whole, of others in short."""
    first, *others = dict.fromkeys(str(error) for error in errors)
    brief = [_brief(InputError(other), folder).partition("; ")[0] for other in others]
    return InputError(first + (f" (nor do others serve: {'; '.join(brief)})" if brief else ""))


def _no_orbitals(folder: Path) -> InputError:
    """Say that weights cannot be computed, and what they need."""
    needed = ", ".join(ROUTES[route] for route in ("wfn", "text", "molden"))
    return InputError(
        f"{folder}: it holds weights of all states, and no orbitals of which others could be made; "
        "leave out the number of states (--states) and the kind of weights (--weights), or add of "
        f"the same CP2K run one of {needed}"
    )


def _no_coefficients(folder: Path) -> InputError:
    """Say that overlap populations cannot be had, and what they need."""
    return InputError(
        f"{folder}: overlap populations need the coefficients of the orbitals, and .pdos files "
        "hold weights only; put the .wfn file of the run beside them, with its input and main "
        "output, or rerun it with &MO_MOLDEN in &PRINT of &DFT"
    )


def _no_step(files: RunFiles, run: Run, step: int) -> InputError:
    """Say that there are no states of a step, and of which there are some."""
    orbitals = (step_in_name(path) for path in (*files.wfn, *files.text, *files.molden))
    steps = {files.last_step if number is None else number for number in orbitals}
    steps |= {file.step for file in files.pdos}
    told = ", ".join(str(number) for number in sorted(steps))
    return InputError(
        f"{files.folder}: there are no states of step {step} in it; there are some of step {told}"
    )


def _require_sound(*folders: RunFolder) -> None:
    """Refuse the first project whose newest output is not sound, as it is why no states are."""
    for folder in folders:
        newest: dict[str, Cp2kOutput] = {}
        for output in folder.outputs:
            newest.setdefault(output.project, output)
        for output in newest.values():
            output.require_sound()


def _refuse_kpoints(*folders: RunFolder) -> None:
    """Refuse a run with k-points, which leaves no states that could be read."""
    for folder in folders:
        for output in folder.outputs:
            output.require_gamma()
        for path in sorted(folder.path.glob("[!.]*.kp")):
            raise InputError(
                f"{path}: the run has k-points, of which CP2K writes neither projections nor "
                "orbitals that could be weighed; rerun it at Γ, without &KPOINTS, in a supercell"
            )
