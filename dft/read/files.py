"""Which files of a folder states can be read from, and which run each of them is of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import InputLines, Report, without_comment
from epicarve.dft.output import main_outputs
from epicarve.errors import InputError

from .molog import has_orbitals
from .pdos import find_pdos
from .run import Run, readable_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from epicarve.dft.output import Cp2kOutput

    from .input import RunInput
    from .pdos import PdosFile

_ITERATION = re.compile(r"-(\d+(?:_\d+)*)$")


@dataclass(frozen=True)
class RunFiles:
    """The files of one project that states can be read from.

    Parameters
    ----------
    folder : Path
        Where they lie.
    project : str
        Name of the project, as the main output, the input or the names of the files tell.
    outputs : tuple of Cp2kOutput
        Main outputs of the project, the newest first; they need not be sound.
    pdos : tuple of PdosFile
        Projected densities of states, of all steps.
    wfn, text, molden : tuple of Path
        Files of orbitals, the newest first.
    overlaps : tuple of Path
        Overlap matrices, the newest first.
    """

    folder: Path
    project: str
    outputs: tuple[Cp2kOutput, ...]
    pdos: tuple[PdosFile, ...]
    wfn: tuple[Path, ...]
    text: tuple[Path, ...]
    molden: tuple[Path, ...]
    overlaps: tuple[Path, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that states could be read from."""
        return not (self.pdos or self.wfn or self.text or self.molden)

    def at_step(self, step: int) -> tuple[PdosFile, ...]:
        """Return the .pdos files of one step."""
        return tuple(file for file in self.pdos if file.step == step)

    def last_step(self, run: Run) -> int:
        """Return the last step that the main output or a .pdos file tells of, 0 without steps."""
        return max(run.last_step or 0, *(file.step for file in self.pdos), 0)

    def require_sound(self) -> None:
        """Refuse a run that was cut off or did not converge.

        Raises
        ------
        InputError
            If its newest main output says so.
        """
        for output in self.outputs[:1]:
            output.require_sound()

    def run(self) -> Run:
        """Return the run that wrote the files.

        Raises
        ------
        InputError
            If it was cut off or did not converge.
        """
        return Run.of(self.folder, self.project, self.outputs)


def files_of_runs(folder: Path) -> tuple[RunFiles, ...]:
    """Sort the files of a folder by the project of CP2K that wrote them.

    A file belongs to the project of a main output or an input if its name begins with that of the
    project, or is one that the input gives (FILENAME); else to a project of its own beginning.

    Parameters
    ----------
    folder : Path
        Where to look, not below.

    Returns
    -------
    tuple of RunFiles
        One for each project that has such files: those with a main output first, then by name.

    Raises
    ------
    InputError
        If a main output is damaged, or the input that it names cannot be followed.
    """
    outputs = main_outputs(folder)
    inputs = readable_inputs(folder, outputs)
    owners = _Owners.of(outputs, inputs)
    pdos = find_pdos(folder)
    paths = {suffix: _files(folder, suffix) for suffix in ("wfn", "MOLog", "molden")}
    text = [path for path in (*paths["MOLog"], *(o.path for o in outputs)) if has_orbitals(path)]
    overlaps = _files(folder, "csr", "*S_SPIN_1*")
    of_pdos = {file: owners.project(file.path, file.project) for file in pdos}
    of_path = {
        path: owners.project(path, _beginning(path))
        for path in (*paths["wfn"], *text, *paths["molden"], *overlaps)
    }
    projects = {*of_pdos.values(), *of_path.values()}
    with_output = {output.project for output in outputs}

    def own(candidates: Iterable[Path], project: str) -> tuple[Path, ...]:
        return _newest_first(path for path in candidates if of_path[path] == project)

    found = [
        RunFiles(
            folder=folder,
            project=project,
            outputs=tuple(output for output in outputs if output.project == project),
            pdos=tuple(file for file in pdos if of_pdos[file] == project),
            wfn=own(paths["wfn"], project),
            text=own(text, project),
            molden=own(paths["molden"], project),
            overlaps=own(overlaps, project),
        )
        for project in sorted(projects, key=lambda name: (name not in with_output, name))
    ]
    return tuple(files for files in found if not files.is_empty)


def step_in_name(path: Path) -> int | None:
    """Return the step that the name of a file of orbitals ends in, None if in none.

    Examples
    --------
    >>> from pathlib import Path
    >>> step_in_name(Path("run-MOS-1_12.molden")), step_in_name(Path("run-RESTART.wfn"))
    (12, None)
    """
    match = _ITERATION.search(path.stem)
    counters = match[1].split("_") if match else []
    return int(counters[1]) if len(counters) > 1 else None


@dataclass(frozen=True)
class _Owners:
    """What tells which project a file belongs to."""

    projects: tuple[str, ...]
    of_output: dict[Path, str]
    of_name: dict[str, str]

    @classmethod
    def of(cls, outputs: Iterable[Cp2kOutput], inputs: Iterable[RunInput]) -> _Owners:
        of_output = {output.path: output.project for output in outputs}
        of_input = {source.path: source.project for source in inputs}
        named = {name: project for path, project in of_input.items() for name in _names_given(path)}
        projects = dict.fromkeys((*of_output.values(), *of_input.values()))
        return cls(tuple(projects), of_output, named)

    def project(self, path: Path, beginning: str) -> str:
        """Return the project that a file belongs to."""
        if path in self.of_output:
            return self.of_output[path]
        named = [p for p in self.projects if path.name.startswith(f"{p}-")]
        if named:
            return max(named, key=len)
        names = (path.name, _ITERATION.sub("", path.stem), beginning)
        return next((self.of_name[name] for name in names if name in self.of_name), beginning)


def _names_given(path: Path) -> set[str]:
    """Return the names of files that an input gives and that do not begin with the project's.

    CP2K takes a name that begins with "=" as it is, and puts its own endings after one with a path.
    """
    given = set()
    try:
        for line in InputLines(path, Report()):
            key, _, rest = without_comment(line.text).strip().partition(" ")
            name = rest.strip().strip("'\"")
            if key.upper() == "FILENAME" and name.startswith(("=", "./", "/")):
                given.add(name.lstrip("=").rpartition("/")[2])
    except InputError:
        return set()
    return given


def _beginning(path: Path) -> str:
    """Return the beginning of a name that stands for a project: RUN of RUN-RESTART.wfn."""
    stem = _ITERATION.sub("", path.stem)
    return stem.rpartition("-")[0] or stem


def _files(folder: Path, suffix: str, pattern: str = "*") -> list[Path]:
    found = (path for path in folder.glob(f"{pattern}.{suffix}") if path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def _newest_first(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Order files: whole SCFs before their single steps, then by iteration, then by age."""

    def age(path: Path) -> tuple[int, tuple[int, ...], int]:
        match = _ITERATION.search(path.stem)
        iteration = tuple(int(number) for number in match[1].split("_")) if match else ()
        return -len(iteration), iteration, path.stat().st_mtime_ns

    return tuple(sorted(paths, key=age, reverse=True))
