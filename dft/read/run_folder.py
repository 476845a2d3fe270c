"""A folder with files of CP2K runs, each of which is read once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import without_comment
from epicarve.dft.output import main_outputs
from epicarve.errors import InputError
from epicarve.files import is_file

from .files import ITERATION, RunFiles
from .input import read_run_input
from .molog import has_orbitals
from .pdos import find_pdos
from .run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from epicarve.dft.output import Cp2kOutput

    from .input import RunInput


class RunFolder:
    """A folder and what the main outputs and inputs in it tell, read when it is first asked for.

    Parameters
    ----------
    path : Path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def below(self) -> tuple[RunFolder, ...]:
        """The folders in it, by name."""
        return tuple(RunFolder(path) for path in sorted(self.path.iterdir()) if path.is_dir())

    @cached_property
    def outputs(self) -> tuple[Cp2kOutput, ...]:
        """Main outputs in it, the newest first.

        Raises
        ------
        InputError
            If one is damaged.
        """
        return main_outputs(self.path)

    @cached_property
    def inputs(self) -> tuple[RunInput, ...]:
        """Inputs in it, those that main outputs name first.

        Others that cannot be followed are left out, as they may be of another program or run.

        Raises
        ------
        InputError
            If an input that a main output names cannot be followed.
        """
        named = {self.path / o.input_name: o.version for o in self.outputs if o.input_name}
        found = [read_run_input(path, told) for path, told in named.items() if is_file(path)]
        newest = self.outputs[0].version if self.outputs else ""
        for path in sorted(self.path.glob("[!.]*.inp")):
            if path not in named and path.is_file():
                with suppress(InputError):
                    found.append(read_run_input(path, newest))
        return tuple(found)

    @cached_property
    def runs(self) -> tuple[RunFiles, ...]:
        """Its files that states can be read from, by the project of CP2K that wrote them.

        A file belongs to the project of a main output or an input if its name begins with that of
        the project, or is one that the input gives (FILENAME); else to a project of its own
        beginning. Projects with a main output stand first, then by name.

        Raises
        ------
        InputError
            If a main output is damaged, or the input that it names cannot be followed.
        """
        owners = _Owners.of(self.outputs, self.inputs)
        pdos = find_pdos(self.path)
        paths = {suffix: _files(self.path, suffix) for suffix in ("wfn", "MOLog", "molden")}
        texts = (*paths["MOLog"], *(output.path for output in self.outputs))
        text = [path for path in texts if has_orbitals(path)]
        overlaps = _files(self.path, "csr", "*S_SPIN_1*")
        of_pdos = {file: owners.project(file.path, file.project) for file in pdos}
        of_path = {
            path: owners.project(path, _beginning(path))
            for path in (*paths["wfn"], *text, *paths["molden"], *overlaps)
        }
        with_output = {output.project for output in self.outputs}

        def own(candidates: Iterable[Path], project: str) -> tuple[Path, ...]:
            return _newest_first(path for path in candidates if of_path[path] == project)

        found = [
            RunFiles(
                folder=self.path,
                project=project,
                outputs=tuple(o for o in self.outputs if o.project == project),
                inputs=tuple(source for source in self.inputs if source.project == project),
                pdos=tuple(file for file in pdos if of_pdos[file] == project),
                wfn=own(paths["wfn"], project),
                text=own(text, project),
                molden=own(paths["molden"], project),
                overlaps=own(overlaps, project),
            )
            for project in sorted(
                {*of_pdos.values(), *of_path.values()},
                key=lambda name: (name not in with_output, name),
            )
        ]
        return tuple(files for files in found if not files.is_empty)

    def run(self, project: str) -> Run:
        """Return the newest run of a project, whether it left states or not.

        Raises
        ------
        InputError
            If it was cut off or did not converge, or its input cannot be followed.
        """
        return Run.newest(
            self.path,
            project,
            [output for output in self.outputs if output.project == project],
            [source for source in self.inputs if source.project == project],
        )


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
        named = {name: source.project for source in inputs for name in _names_given(source)}
        projects = dict.fromkeys((*of_output.values(), *of_input.values()))
        return cls(tuple(projects), of_output, named)

    def project(self, path: Path, beginning: str) -> str:
        """Return the project that a file belongs to."""
        if path in self.of_output:
            return self.of_output[path]
        named = [p for p in self.projects if path.name.startswith(f"{p}-")]
        if named:
            return max(named, key=len)
        names = (path.name, ITERATION.sub("", path.stem), beginning)
        return next((self.of_name[name] for name in names if name in self.of_name), beginning)


def _names_given(source: RunInput) -> set[str]:
    """Return the names of files that an input gives and that do not begin with the project's.

    CP2K takes a name that begins with "=" as it is, and puts its own endings after one with a path.
    """
    given = set()
    for line in source.text.lines:
        key, _, rest = without_comment(line.text).strip().partition(" ")
        name = rest.strip().strip("'\"")
        if key.upper() == "FILENAME" and name.startswith(("=", "./", "/")):
            given.add(name.lstrip("=").rpartition("/")[2])
    return given


def _beginning(path: Path) -> str:
    """Return the beginning of a name that stands for a project: RUN of RUN-RESTART.wfn."""
    stem = ITERATION.sub("", path.stem)
    return stem.rpartition("-")[0] or stem


def _files(folder: Path, suffix: str, pattern: str = "*") -> list[Path]:
    found = (path for path in folder.glob(f"{pattern}.{suffix}") if path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def _newest_first(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Order files: whole SCFs before their single steps, then by iteration, then by age."""

    def age(path: Path) -> tuple[int, tuple[int, ...], int]:
        match = ITERATION.search(path.stem)
        iteration = tuple(int(number) for number in match[1].split("_")) if match else ()
        return -len(iteration), iteration, path.stat().st_mtime_ns

    return tuple(sorted(paths, key=age, reverse=True))
