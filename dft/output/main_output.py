"""CP2K's main output: did the run end, did it converge, what is its energy and its atoms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .reader import VERSION_LINE, OutputReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from .scf import GeometryStep, ScfRun

_HEAD_BYTES = 65536
"""A main output names its version of CP2K within these first bytes."""

_OTHER_SUFFIXES = {
    *(".pdos", ".wfn", ".xyz", ".inp", ".restart", ".csr", ".molden", ".MOLog", ".cube", ".npz"),
}
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?\Z")
STILL_RUN_TYPES = {"", "ENERGY", "ENERGY_FORCE", "WFN_OPT", "SPECTRA", "LINEAR_RESPONSE"}
"""Run types that leave atoms and cell where the input puts them."""

_LONGEST_LINE = 65536
"""Characters that are read at once; what CP2K prints is 80 to some hundred wide."""


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
        Total energy after the last SCF in hartree, None if it is not printed.
    energies_hartree : tuple of float
        Every total energy that is printed, in hartree.
    scf : tuple of ScfRun
        Every SCF: its steps, its end and its energy.
    steps : tuple of GeometryStep
        What is told of each geometry step.
    forces_hartree_bohr : tuple of tuple of float
        The last table of forces on the atoms in hartree/bohr; empty if none is printed.
    timings_s : dict of str to float
        Seconds spent in each routine and what it calls, the longest of all processes.
    symbols : tuple of str
        Element of each atom from the last table of coordinates; empty if none is printed.
    warnings : tuple of str
        CP2K's warnings, each once.
    abort : str
        The words with which CP2K aborted, empty if it did not.
    input_name : str
        Name of the input file, empty if it is not told.
    started : str
        When the run began, by its own clock, such that later times sort after earlier ones; empty
        if it is not told.
    n_electrons : tuple of int
        Electrons of each spin at the start, one number if restricted; empty if they are not told.
    run_type : str
        What CP2K was asked to do, such as ``"GEO_OPT"``; empty if it is not told.
    print_level : str
        How much the run prints; ``"SILENT"`` tells neither energies nor steps.
    n_kpoints : int
        Points of the Brillouin zone, 1 for a run without k-points.
    is_smeared : bool
        Whether electrons are spread over states around the Fermi energy.
    spins_are_smeared_apart : bool
        Whether each spin keeps its number of electrons while they are smeared.
    fermi_hartree : tuple of float
        Fermi energies that the last SCF printed, in hartree; empty if it did not.
    labels : tuple of str
        Name of the kind of each atom in that table, as the input gives it; empty if not printed.
    positions_a : tuple of tuple of float
        Coordinates in Å in that table, to six digits; empty if there is none.
    cell_a : tuple of tuple of float or None
        Vectors of the last cell that is printed, in Å to three digits; None if there is none.
    cell_lengths_a, cell_angles : tuple of float or None
        Lengths of its vectors in Å and its angles in degrees, to six digits.
    last_step : int or None
        Number of the last step of an optimisation or of molecular dynamics; None without one.
    """

    path: Path
    version: str
    project: str
    ended: bool
    scf_converged: bool | None
    n_geometry_steps: int
    geometry_converged: bool
    energy_hartree: float | None
    energies_hartree: tuple[float, ...]
    scf: tuple[ScfRun, ...]
    steps: tuple[GeometryStep, ...]
    forces_hartree_bohr: tuple[tuple[float, float, float], ...]
    timings_s: dict[str, float]
    symbols: tuple[str, ...]
    warnings: tuple[str, ...]
    abort: str
    input_name: str
    n_electrons: tuple[int, ...]
    run_type: str = ""
    print_level: str = ""
    n_kpoints: int = 1
    is_smeared: bool = False
    spins_are_smeared_apart: bool = False
    fermi_hartree: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    positions_a: tuple[tuple[float, float, float], ...] = ()
    cell_a: tuple[tuple[float, float, float], ...] | None = None
    cell_lengths_a: tuple[float, float, float] | None = None
    cell_angles: tuple[float, float, float] | None = None
    last_step: int | None = None
    started: str = ""

    @property
    def moves(self) -> bool:
        """Whether the run may have moved atoms or cell; not if its type is not told."""
        return self.run_type not in STILL_RUN_TYPES

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
        # A silent run tells only what went wrong: an SCF that did not converge is a warning.
        is_silent = self.print_level == "SILENT" and not self.scf
        if self.scf_converged is None and not is_silent:
            raise InputError(f"{self.path}: there is no finished SCF in it; give a run with energy")
        if self.scf_converged is False:
            raise InputError(
                f"{self.path}: the last SCF did not converge, so its states mean nothing; allow "
                "more steps or start from a better geometry"
            )
        if must_relax and not self.geometry_converged:
            raise InputError(
                f"{self.path}: the geometry did not converge in {self.n_geometry_steps} steps; "
                "allow more steps or larger forces"
            )

    def require_gamma(self) -> None:
        """Refuse a run with k-points, whose states are not those of one molecule or cell.

        Raises
        ------
        InputError
            If the run has more than one k-point.
        """
        if self.n_kpoints > 1:
            raise InputError(
                f"{self.path}: the run has {self.n_kpoints} k-points, of which CP2K writes neither "
                "projections nor orbitals that could be weighed; rerun it at Γ, without &KPOINTS, "
                "in a supercell"
            )


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
        If there is no such file, it is empty, it is no output of CP2K, or it is damaged.
    """
    reader = OutputReader()
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            reader.feed(_whole_lines(stream))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; run CP2K first") from None
    reader.check()
    if not _VERSION.match(reader.version):
        what = "not an output of CP2K" if path.stat().st_size else "empty"
        raise InputError(f"{path}: the file is {what}; give the main output of a CP2K run")
    if reader.damage:
        raise InputError(f"{path}: damaged, {reader.damage}; copy it again, or repeat the run")
    return Cp2kOutput(
        path=path,
        version=reader.version,
        project=reader.project,
        ended=reader.ended,
        scf_converged=reader.scf_converged,
        n_geometry_steps=reader.n_geometry_steps,
        geometry_converged=reader.geometry_converged,
        energy_hartree=reader.energy_hartree,
        energies_hartree=tuple(reader.energies_hartree),
        scf=tuple(reader.scf),
        steps=tuple(reader.steps),
        forces_hartree_bohr=tuple(reader.forces),
        timings_s=reader.timings_s,
        symbols=tuple(reader.symbols),
        warnings=tuple(reader.warnings),
        abort=" ".join(reader.abort),
        input_name=reader.input_name,
        n_electrons=tuple(reader.n_electrons[spin] for spin in sorted(reader.n_electrons)),
        run_type=reader.run_type,
        print_level=reader.print_level,
        n_kpoints=reader.n_kpoints,
        is_smeared=reader.smeared,
        spins_are_smeared_apart=reader.smeared_apart,
        fermi_hartree=tuple(reader.fermi_hartree),
        labels=reader.geometry.labels,
        positions_a=tuple(reader.geometry.positions_a),
        cell_a=reader.geometry.cell_a,
        cell_lengths_a=reader.geometry.cell_lengths_a,
        cell_angles=reader.geometry.cell_angles,
        last_step=reader.last_step,
        started=reader.started,
    )


def _whole_lines(stream: TextIO) -> Iterator[str]:
    """Yield lines, but not a last one that was cut off, without ever holding a very long one."""
    while line := stream.readline(_LONGEST_LINE):
        if line.endswith("\n"):
            yield line


def main_outputs(folder: Path) -> tuple[Cp2kOutput, ...]:
    """Find and read the main outputs of CP2K in a folder, the newest first.

    Those that began later count as newer, of equal ones that which ended, then the younger file.

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
        if path.name.startswith(".") or not path.is_file() or path.suffix in _OTHER_SUFFIXES:
            continue
        if path.stat().st_size == 0 and path.suffix in {".out", ".log"}:
            empty.append(path)
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
        if VERSION_LINE.encode() in head:
            found.append(read_output(path))
    if empty and not found:
        read_output(empty[0])  # refuses it by name

    def age(output: Cp2kOutput) -> tuple[str, bool, int]:
        return output.started, output.ended, output.path.stat().st_mtime_ns

    return tuple(sorted(found, key=age, reverse=True))
