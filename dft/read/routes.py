"""The ways to the states of one run: each of its files from which they can be had.

Every file that states can be read from is a candidate. Candidates are tried in the order of their
worth; each gives states, or the reason why it cannot. The first usable one is taken, and the
reasons of those that were passed over become notes of the states. What makes all numbers of a run
doubtful (it was cut off, did not converge, or its files contradict each other) is refused as a
whole.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from epicarve.dft.orbitals import require_energies
from epicarve.errors import InputError

from .agreement import Levels, beside_orbitals, require_agreement
from .files import step_in_name
from .known_faults import notes_of_faults, notes_of_unrequested
from .ldos import covers_atoms, read_kinds, read_lists
from .orbital_files import load_molden, load_text, load_wfn
from .reading import Beside, Reading, brief, no_coefficients, none_usable
from .spin_orbit import notes_of_other_potentials, spin_orbit_of_run
from .wfn import read_wfn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from epicarve.dft.orbitals import PopulationOptions
    from epicarve.dft.spin_orbit import SpinOrbitPotential
    from epicarve.dft.states import AnyStates

    from .files import RunFiles
    from .orbital_files import Load, LoadedOrbitals
    from .pdos import PdosFile
    from .run import Run

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


class Asked(NamedTuple):
    """What is to be read of a folder."""

    weighing: PopulationOptions
    project: str | None
    step: int | None
    routes: Sequence[str]


class _Found(NamedTuple):
    """States whose weights are known, or orbitals to be weighed, or the former with the latter."""

    projected: AnyStates | None = None
    orbitals: LoadedOrbitals | None = None
    spin_orbit: SpinOrbitPotential | None = None
    notes: tuple[str, ...] = ()

    def levels(self, path: Path) -> Levels:
        """Return the energies and occupations that were read from a file."""
        if self.projected is not None:
            return Levels.of_states(path, self.projected)
        assert self.orbitals is not None
        return Levels.of_orbitals(self.orbitals.orbitals)


class _Candidate(NamedTuple):
    """One way to the states of a run; its step is None if its file's name tells none."""

    route: str
    step: int | None
    path: Path
    read: Callable[[], _Found]


def read_run(files: RunFiles, asked: Asked) -> Reading:
    """Read the states of a run from the first of its files that can be used."""
    run = files.run
    errors: list[InputError] = []
    for candidate in _candidates(files, run, asked):
        try:
            found = candidate.read()
        except InputError as error:
            errors.append(error)
        else:
            passed = dict.fromkeys(brief(error, files.folder) for error in errors)
            reading = _completed(candidate, found, files, asked)
            return reading.noted([f"not used: {reason}" for reason in passed])
    if errors:
        raise none_usable(errors, files.folder)
    raise no_orbitals(files.folder) if asked.step is None else _no_step(files, run, asked.step)


def _candidates(files: RunFiles, run: Run, asked: Asked) -> list[_Candidate]:
    """List the ways to the states of a run, those of its end first, then by worth."""
    loads = list(_loads(files, run, asked))
    found = [
        _Candidate(route, step, path, partial(_orbitals, load, run, asked.weighing))
        for route, step, path, load in loads
        if route in asked.routes
    ]
    if not asked.weighing.needs_orbitals:
        for step in {file.step for file in files.pdos}:
            if asked.step in {None, step}:
                pdos, of_orbitals = files.at_step(step), [load for *_, load in loads]
                found += _of_pdos(pdos, run, of_orbitals, asked.weighing)
    places, last = list(ROUTES), files.last_step

    def worth(candidate: _Candidate) -> tuple[int, int]:
        step = last if candidate.step is None else candidate.step
        return -step, places.index(candidate.route)

    return sorted((each for each in found if each.route in asked.routes), key=worth)


def _orbitals(load: Load, run: Run, weighing: PopulationOptions) -> _Found:
    loaded = load(weighing.n_states)
    if not weighing.spin_orbit:
        return _Found(orbitals=loaded)
    potential = spin_orbit_of_run(run, loaded.basis)
    notes = notes_of_other_potentials(run, loaded.basis())
    return _Found(orbitals=loaded, spin_orbit=potential, notes=notes)


def _loads(files: RunFiles, run: Run, asked: Asked) -> Iterator[tuple[str, int | None, Path, Load]]:
    """Yield route, step and file of all orbitals, CP2K's own overlap before a computed one."""

    def is_requested(path: Path) -> bool:
        step = step_in_name(path)
        return asked.step in {None, files.last_step if step is None else step}

    for route, paths, load in (("wfn", files.wfn, load_wfn), ("text", files.text, load_text)):
        for path in filter(is_requested, paths):
            for overlap in (*files.overlaps[:1], None):
                yield route, step_in_name(path), path, partial(load, path, run, overlap)
    for path in filter(is_requested, files.molden):
        yield "molden", step_in_name(path), path, partial(load_molden, path, run)


def _of_pdos(
    pdos: Sequence[PdosFile], run: Run, loads: Sequence[Load], weighing: PopulationOptions
) -> Iterator[_Candidate]:
    """Yield the ways to states by the .pdos files of one step."""
    path, step = pdos[0].path, pdos[0].step

    def lists() -> _Found:
        states = read_lists(pdos, run)
        if not weighing.coefficients:
            return _Found(states)
        errors = []
        for load in loads:
            try:
                loaded = load(None)
                return _Found(beside_orbitals(states, path, loaded), loaded)
            except InputError as error:
                errors.append(error)
        raise none_usable(errors, run.folder) if errors else no_coefficients(run.folder)

    def kinds() -> _Found:
        if weighing.coefficients:
            raise no_coefficients(run.folder)
        return _Found(read_kinds(pdos, run))

    if any(file.is_list for file in pdos):
        try:
            has_lists = covers_atoms(pdos, run)
        except InputError:
            has_lists = True  # reading them tells why not
        if has_lists:
            yield _Candidate("lists", step, path, lists)
    yield _Candidate("kinds", step, path, kinds)


def _completed(candidate: _Candidate, found: _Found, files: RunFiles, asked: Asked) -> Reading:
    """Compare states with what other files of the run tell of them, and take what these know more.

    Raises
    ------
    InputError
        If they contradict each other.
    """
    run, last = files.run, files.last_step
    step = last if candidate.step is None else candidate.step
    notes = [*notes_of_unrequested(run, candidate.route, candidate.path), *notes_of_faults(run)]
    notes += found.notes
    if run.output is None:
        notes.append(NO_OUTPUT)
    with suppress(InputError):
        notes += [note for note in (run.geometry.note,) if note]
    if step < last:
        notes.append(f"the states are of step {step}, but the run went on to step {last}")
    pdos = files.at_step(step)
    levels = _levels_beside(candidate, files, run, pdos) if step == last else None
    if levels is not None:
        require_agreement(found.levels(candidate.path), levels)
    return Reading(
        files.folder,
        projected=found.projected,
        orbitals=found.orbitals,
        partition=asked.weighing.partition,
        spin_orbit=found.spin_orbit,
        beside=Beside(
            run=run,
            step=step if last else None,
            caveat=NO_OUTPUT if run.output is None else "",
            notes=tuple(notes),
            levels=None if found.spin_orbit else levels,
            pdos=() if found.spin_orbit else pdos,
        ),
        is_of_the_end=step == last,
    )


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


def holds_states(files: RunFiles, asked: Asked) -> bool:
    """Whether a run has files for one of the routes."""
    return best_route(files, asked) is not None


def best_route(files: RunFiles, asked: Asked) -> int | None:
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


def no_orbitals(folder: Path) -> InputError:
    """Say that weights cannot be computed, and what they need."""
    needed = ", ".join(ROUTES[route] for route in ("wfn", "text", "molden"))
    return InputError(
        f"{folder}: it holds weights of all states, and no orbitals of which others could be made; "
        "leave out the number of states (--states) and the kind of weights (--weights), or add of "
        f"the same CP2K run one of {needed}"
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
