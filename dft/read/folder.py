"""Reading orbital states from whatever folder a calculation left: which run in it is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.dft.orbitals import ALL, PopulationOptions
from epicarve.dft.states import KindStates, OrbitalStates
from epicarve.errors import InputError
from epicarve.files import is_folder

from .orbital_files import wfn_of_run
from .reading import Reading, brief, none_usable
from .routes import ARCHIVE_NAME, ROUTES, Asked, best_route, holds_states, no_orbitals, read_run
from .run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from epicarve.dft.output import Cp2kOutput

    from .atom_basis import AtomBasis
    from .files import RunFiles
    from .wfn import Wfn


def read_states(
    folder: Path | str,
    *,
    n_states: int | None = None,
    weights: str = "lowdin",
    project: str | None = None,
    step: int | None = None,
    routes: Collection[str] = tuple(ROUTES),
    spin_orbit: bool = False,
) -> OrbitalStates:
    """Read the orbital states that a folder holds, whoever made it.

    Parameters
    ----------
    folder : Path or str
        A folder with output of CP2K, or of an epicarve run; see `read_folder`.
    n_states : int, optional
        Weigh only this many orbitals of each spin, those around the gap.
    weights : {"lowdin", "mulliken"}
        Whose weights; Mulliken's are computed from orbitals.
    project : str, optional
        Which project of CP2K, where the folder holds several that can be used.
    step : int, optional
        Which step of an optimisation or of molecular dynamics; the last one if not given.
    routes : collection of str
        Which of `ROUTES` to try.
    spin_orbit : bool
        Whether the states get spin-orbit coupling, which takes orbitals and the input of their run.

    Returns
    -------
    OrbitalStates
        The states; their notes tell what was not used, and why.

    Raises
    ------
    InputError
        As for `read_folder`, and if there are weights of whole kinds of atoms alone.
    """
    weighing = PopulationOptions(n_states, weights, spin_orbit=spin_orbit)
    states = read_folder(Path(folder), weighing, project=project, step=step, routes=routes).states
    if isinstance(states, KindStates):
        raise InputError(
            f"{folder}: there are weights of whole kinds of atoms alone, so that no state has an "
            "IPR; epicarve.analyse_folder gives their density of states and the HOMO-LUMO gap"
        )
    return states


def read_folder(
    folder: Path | RunFolder,
    weighing: PopulationOptions = ALL,
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
    weighing : PopulationOptions
        How orbitals will be weighed: so many states of each spin, those around its gap, which a
        model of thousands of atoms needs (the electrons of the states are then those of the
        window); Mulliken's weights. Weights that are in the folder already are not looked at where
        some of the states or Mulliken's weights are asked for. With `coefficients` the orbitals
        must be there too, but in `states.npz`, which holds the overlap populations that it was
        made with.
    project : str, optional
        Which project of CP2K, where the folder holds several that can be used.
    step : int, optional
        Which step of an optimisation or of molecular dynamics; the last one if not given.
    routes : collection of str
        Which of `ROUTES` to try.

    Returns
    -------
    Reading
        The states. If all there is are the .pdos files of whole kinds, they are `KindStates`: fit
        for a density of states and the HOMO-LUMO gap, not for an IPR.

    Raises
    ------
    InputError
        If the folder is missing or holds no usable states, more than one project or subfolder holds
        some, or the run cannot be trusted.
    """
    home = RunFolder(folder) if isinstance(folder, Path) else folder
    folder = home.path
    if not is_folder(folder):
        raise InputError(f"{folder}: there is no such folder; give the folder of a finished run")
    asked = Asked(weighing, project, step, tuple(route for route in ROUTES if route in routes))
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


def _with_orbitals(home: RunFolder, project: str | None) -> list[RunFiles]:
    """Return the runs of a folder that left a .wfn file, of any or of one project."""
    return [files for files in home.runs if files.wfn and project in {None, files.project}]


def wfn_of_folder(folder: Path, project: str | None = None) -> tuple[RunFiles, Wfn, AtomBasis]:
    """Read the newest .wfn file of a run that is whole, and the basis functions of its orbitals.

    Parameters
    ----------
    folder : Path
        Where to look; if there is none, in the one folder below that has one, or of a chain of
        stages in that of the states.
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
    home = RunFolder(folder)
    found = _with_orbitals(home, project)
    if not found and is_folder(folder):
        below = {each.path.name: of for each in home.below if (of := _with_orbitals(each, project))}
        states = [name for name in below if name.endswith("-states")] or list(below)
        found = below[states[0]] if len(states) == 1 else []
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
    raise none_usable(errors, folder)


def _of_subfolders(folder: Path, holders: Sequence[RunFolder], asked: Asked) -> Reading:
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
        raise none_usable(errors, folder)
    return readings[0].noted([f"not used: {brief(error, folder)}" for error in errors])


def _reading(home: RunFolder, asked: Asked) -> Reading | None:
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
            return Reading(folder, OrbitalStates.load(archive))
        except InputError as error:
            if not any(holds_states(files, asked) for files in home.runs):
                raise
            passed = [f"not used: {brief(error, folder)}"]
    found = [files for files in home.runs if holds_states(files, asked)]
    if not found:
        if has_archive:
            raise no_orbitals(folder)
        return None
    return _of_projects(folder, found, asked).noted(passed)


def _of_projects(folder: Path, found: Sequence[RunFiles], asked: Asked) -> Reading:
    """Read the states of the one project in a folder that can be used."""
    names = ", ".join(files.project for files in found)
    if asked.project is not None:
        for files in found:
            if files.project == asked.project:
                return read_run(files, asked)
        raise InputError(
            f"{folder}: there are no states of project {asked.project} in it; there are some of "
            f"{names}"
        )
    whole = [files for files in found if files.outputs] or found
    if len(whole) == 1:
        others = ", ".join(files.project for files in found if files is not whole[0])
        note = f"files of other projects beside it were not looked at (--project {others})"
        return read_run(whole[0], asked).noted([note] if others else [])
    readings: list[Reading] = []
    errors: list[InputError] = []
    for files in whole:
        others = ", ".join(other.project for other in whole if other is not files)
        try:
            files.require_sound()
        except InputError as error:
            raise InputError(f"{error}, or take another project (--project {others})") from None
        try:
            readings.append(read_run(files, asked))
        except InputError as error:
            errors.append(error)
    if len(readings) > 1:
        raise InputError(
            f"{folder}: it holds states of several projects ({names}); choose one by --project NAME"
        )
    if not readings:
        raise none_usable(errors, folder)
    project = readings[0].run.project if readings[0].run else ""
    notes = [f"taken is project {project}, as the others cannot be used"]
    return readings[0].noted([*notes, *(f"not used: {brief(error, folder)}" for error in errors)])


def _worth(home: RunFolder, asked: Asked) -> int | None:
    """Return the best route of a folder below, None if it holds no states."""
    if "archive" in asked.routes and (home.path / ARCHIVE_NAME).is_file():
        return 0
    worths = [best_route(files, asked) for files in home.runs]
    return min((worth for worth in worths if worth is not None), default=None)


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
