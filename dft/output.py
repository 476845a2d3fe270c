"""CP2K's main output: did the run end, did it converge, what is its energy and its atoms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_VERSION_LINE = " CP2K| version string:"
_HEAD_BYTES = 65536
"""A main output names its version of CP2K within these first bytes."""

_OTHER_SUFFIXES = {
    *(".pdos", ".wfn", ".xyz", ".inp", ".restart", ".csr", ".molden", ".MOLog", ".cube", ".npz"),
}
_ATOM_ROW = re.compile(
    r"\s+\d+\s+\d+\s+(?P<element>[A-Z][a-z]?)\s+\d+\s+(?P<xyz>(?:-?\d+\.\d+\s+){3})"
)
_ELECTRONS = re.compile(r" Number of electrons:\s+(?P<n>\d+)$")
_SOURCE_LINE = re.compile(r"\S+\.F:\d+$")
_ABORT_WORDS = slice(11, 79)
"""Columns of an abort message, right of the drawing."""


@dataclass(frozen=True)
class Cp2kOutput:
    """What a main output of CP2K says of its run.

    Parameters
    ----------
    path : Path
        The file.
    version : str
        Version of CP2K, for instance ``"2023.1"``.
    project : str
        Name of the project, which begins the names of the run's files.
    ended : bool
        Whether the run ended by itself and was not cut off.
    scf_converged : bool or None
        Whether the last SCF converged; None if none came to its end.
    n_geometry_steps : int
        Steps of a geometry optimisation, 0 without one.
    geometry_converged : bool
        Whether a geometry optimisation came to its end.
    energy_hartree : float or None
        The last total energy in hartree.
    symbols : tuple of str
        Element of each atom from the last table of coordinates; empty if none is printed.
    warnings : tuple of str
        CP2K's warnings, each once.
    abort : str
        The words with which CP2K aborted, empty if it did not.
    input_name : str
        Name of the input file, empty if it is not told.
    n_electrons : tuple of int
        Electrons of each spin, one number if restricted; empty if they are not told.
    """

    path: Path
    version: str
    project: str
    ended: bool
    scf_converged: bool | None
    n_geometry_steps: int
    geometry_converged: bool
    energy_hartree: float | None
    symbols: tuple[str, ...]
    warnings: tuple[str, ...]
    abort: str
    input_name: str
    n_electrons: tuple[int, ...]

    def require_sound(self, *, must_relax: bool = False) -> None:
        """Refuse an output whose numbers cannot be trusted.

        Parameters
        ----------
        must_relax : bool
            Whether the geometry has to be converged as well.

        Raises
        ------
        InputError
            If the run was aborted or cut off, or did not converge.
        """
        if self.abort:
            raise InputError(
                f"{self.path}: CP2K aborted: {self.abort}; mend its input and rerun it"
            )
        if not self.ended:
            raise InputError(
                f"{self.path}: the run was cut off before its end (time limit, memory, or still "
                "running); run it to its end"
            )
        if self.scf_converged is None:
            raise InputError(f"{self.path}: there is no finished SCF in it; give a run with energy")
        if not self.scf_converged:
            raise InputError(
                f"{self.path}: the last SCF did not converge, so its states mean nothing; allow "
                "more steps or start from a better geometry"
            )
        if must_relax and not self.geometry_converged:
            raise InputError(
                f"{self.path}: the geometry did not converge in {self.n_geometry_steps} steps; "
                "allow more steps or larger forces"
            )


@dataclass
class OutputReader:
    """Takes in a main output line by line, also while CP2K is still writing it.

    Examples
    --------
    >>> reader = OutputReader()
    >>> reader.feed([" OPTIMIZATION STEP:      3", "  *** SCF run converged in     8 steps ***"])
    >>> reader.n_geometry_steps, reader.scf_converged
    (3, True)
    """

    version: str = ""
    project: str = ""
    ended: bool = False
    scf_converged: bool | None = None
    n_geometry_steps: int = 0
    geometry_converged: bool = False
    energy_hartree: float | None = None
    symbols: list[str] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)
    abort: list[str] = field(default_factory=list)
    input_name: str = ""
    n_electrons: dict[int, int] = field(default_factory=dict)
    _spin: int = 1
    _in_atoms: bool = False
    _in_abort: bool = False

    def feed(self, lines: Iterable[str]) -> None:
        """Take in the next lines."""
        for line in lines:
            if self._in_atoms:
                self._feed_atom(line)
            elif self._in_abort:
                self._feed_abort(line)
            else:
                self._feed_line(line)

    def _feed_line(self, line: str) -> None:
        if "SCF run converged" in line:
            self.scf_converged = True
        elif "SCF run NOT converged" in line:
            self.scf_converged = False
            self.warnings["SCF run NOT converged"] = None
        elif "*** WARNING in" in line:
            self.warnings[line.partition("::")[2].strip(" *\n")] = None
        elif line.startswith(" ENERGY| Total FORCE_EVAL"):
            self.energy_hartree = float(line.rsplit(maxsplit=1)[-1])
        elif "OPTIMIZATION STEP:" in line:
            self.n_geometry_steps = int(line.rsplit(maxsplit=1)[-1])
        elif "GEOMETRY OPTIMIZATION COMPLETED" in line:
            self.geometry_converged = True
        elif "ATOMIC COORDINATES IN" in line:
            self._in_atoms = True
            self.symbols = []
        elif line.startswith(_VERSION_LINE):
            # A run appended to the same file starts anew.
            self.__init__(version=line.rpartition("CP2K version")[2].split()[0])  # type: ignore[misc]
        elif "[ABORT]" in line:
            self._in_abort = True
        elif "PROGRAM ENDED AT" in line:
            self.ended = True
        else:
            self._feed_description(line)

    def _feed_description(self, line: str) -> None:
        """Take in a line that tells what is calculated, not how it went."""
        if line.startswith(" CP2K| Input file name"):
            self.input_name = line.rsplit(maxsplit=1)[-1]
        elif line.startswith(" GLOBAL| Project name"):
            self.project = line.rsplit(maxsplit=1)[-1]
        elif line.rstrip() in {" Spin 1", " Spin 2"}:
            self._spin = int(line.rstrip()[-1])
        elif electrons := _ELECTRONS.match(line):
            self.n_electrons[self._spin] = int(electrons["n"])

    def _feed_atom(self, line: str) -> None:
        row = _ATOM_ROW.match(line)
        if row:
            self.symbols.append(row["element"])
        elif self.symbols:
            self._in_atoms = False
            self._feed_line(line)

    def _feed_abort(self, line: str) -> None:
        words = _SOURCE_LINE.sub("", line[_ABORT_WORDS].strip())
        if line.startswith(" ****"):
            self._in_abort = False
        elif words:
            self.abort.append(words)


def read_output(path: Path) -> Cp2kOutput:
    """Read a main output of CP2K.

    Parameters
    ----------
    path : Path
        The file that CP2K wrote to, by ``-o`` or from its standard output.

    Returns
    -------
    Cp2kOutput
        What it says; the run need not have ended.

    Raises
    ------
    InputError
        If there is no such file, it is empty, or it is no output of CP2K.
    """
    reader = OutputReader()
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            reader.feed(lines)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; run CP2K first") from None
    if not reader.version:
        what = "not an output of CP2K" if path.stat().st_size else "empty"
        raise InputError(f"{path}: the file is {what}; give the main output of a CP2K run")
    return Cp2kOutput(
        path=path,
        version=reader.version,
        project=reader.project,
        ended=reader.ended,
        scf_converged=reader.scf_converged,
        n_geometry_steps=reader.n_geometry_steps,
        geometry_converged=reader.geometry_converged,
        energy_hartree=reader.energy_hartree,
        symbols=tuple(reader.symbols),
        warnings=tuple(reader.warnings),
        abort=" ".join(reader.abort),
        input_name=reader.input_name,
        n_electrons=tuple(reader.n_electrons[spin] for spin in sorted(reader.n_electrons)),
    )


def main_outputs(folder: Path) -> tuple[Cp2kOutput, ...]:
    """Find and read the main outputs of CP2K in a folder, the newest first.

    Parameters
    ----------
    folder : Path
        Where to look, not below.

    Returns
    -------
    tuple of Cp2kOutput
        Files that name their version of CP2K, whatever they are called; empty if there are none.

    Raises
    ------
    InputError
        If there are none but an empty file with the name of an output.
    """
    found: list[Cp2kOutput] = []
    empty: list[Path] = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix in _OTHER_SUFFIXES:
            continue
        if path.stat().st_size == 0 and path.suffix in {".out", ".log"}:
            empty.append(path)
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
        if _VERSION_LINE.encode() in head:
            found.append(read_output(path))
    if empty and not found:
        read_output(empty[0])  # refuses it by name
    return tuple(sorted(found, key=lambda output: -output.path.stat().st_mtime_ns))
