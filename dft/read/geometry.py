"""Where the atoms of a finished CP2K run are, by what the run itself says of them.

A run that moves nothing has the coordinates of its input (or of the restart file that the input
names), which its main output prints. One that moves atoms leaves its last geometry in
PROJECT-1.restart and in its trajectory. What is there twice is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.cp2k_input import BadValueError, find_moved, length_a
from epicarve.dft.output import (
    PRINTED_A,
    STILL_RUN_TYPES,
    last_frame,
    read_restart,
    sharpened_cell_a,
)
from epicarve.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Floats
    from epicarve.dft.cp2k_input import InputAtoms, Section
    from epicarve.dft.output import Cp2kOutput

    from .input import RunInput

SAME_A = 1e-5
"""Coordinates that differ by less are the same: a main output prints six digits after the point."""

FARTHEST_A = 1e9
"""No coordinate is larger."""

MAX_ATOMS = 20_000_000
"""Atoms that MULTIPLE_UNIT_CELL may make; their coordinates take 24 bytes each."""


@dataclass(frozen=True)
class RunGeometry:
    """Atoms and cell that the states of a run are of.

    Parameters
    ----------
    labels : tuple of str
        Name of the kind of each atom.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Cartesian coordinates in Å.
    cell_a : ndarray of float, shape (3, 3), or None
        Cell vectors in Å as rows, None if they are not told.
    periodic : tuple of bool
        Along which of them the model repeats.
    source : str
        Name of the file that the coordinates are from.
    note : str
        What a reader must know of how they were found, empty if nothing.
    """

    labels: tuple[str, ...]
    positions_a: Floats
    cell_a: Floats | None
    periodic: tuple[bool, bool, bool]
    source: str
    note: str = ""


def read_geometry(source: RunInput | None, output: Cp2kOutput | None, folder: Path) -> RunGeometry:
    """Find the last geometry of a run.

    Parameters
    ----------
    source : RunInput or None
        Its input.
    output : Cp2kOutput or None
        Its main output.
    folder : Path
        Where its other files lie.

    Returns
    -------
    RunGeometry
        Its atoms and cell.

    Raises
    ------
    InputError
        If they are not told, or files of the run contradict each other.
    """
    run_type = output.run_type if output and output.run_type else source.run_type if source else ""
    project = output.project if output else source.project if source else ""
    n_steps = output.last_step if output else None
    if run_type not in STILL_RUN_TYPES and n_steps != 0 and (output is None or n_steps is not None):
        try:
            start = _start(source, output, folder)
        except InputError:
            start = None  # the restart file tells all
        return _moved(folder / project, source, output, start)
    return _start(source, output, folder)


def _start(source: RunInput | None, output: Cp2kOutput | None, folder: Path) -> RunGeometry:
    """Return the geometry that a run begins with."""
    printed = _printed(output)
    told = None
    if source is not None:
        try:
            told = _of_input(source)
        except InputError:
            if printed is None:
                raise
    known = told or printed
    if known is None:
        raise InputError(
            f"{folder}: there is neither an input nor a main output with a table of the atoms; put "
            "the input beside the files of the run"
        )
    if told is None or printed is None:
        return _with_cell(known, source, output)
    if len(told.labels) != len(printed.labels):
        raise InputError(
            f"{told.source}: it tells of {len(told.labels)} atoms, but {printed.source} of "
            f"{len(printed.labels)}; keep the files of one run"
        )
    # &CENTER_COORDINATES shifts them all.
    apart = told.positions_a - printed.positions_a
    if np.abs(apart - apart.mean(axis=0)).max() < SAME_A:
        return _with_cell(told, source, output)
    note = (
        f"{told.source} has other coordinates than {printed.source}, which tells what the run "
        "computed and counts"
    )
    kept = RunGeometry(told.labels, printed.positions_a, None, told.periodic, printed.source, note)
    return _with_cell(kept, source, output)


def _printed(output: Cp2kOutput | None) -> RunGeometry | None:
    """Return the table of the main output."""
    if output is None or not output.positions_a:
        return None
    positions_a = np.array(output.positions_a)
    if not np.isfinite(positions_a).all():
        return None
    labels = output.labels or output.symbols
    return RunGeometry(labels, positions_a, None, (True, True, True), output.path.name)


def _of_input(source: RunInput) -> RunGeometry:
    """Return the atoms of an input, or of the restart file that it begins with."""
    subject, restart = source.subject, _external_restart(source)
    if restart is not None:
        path = find_moved(restart, source.path.parent)
        if path is None:
            raise InputError(
                f"{source.path}: it starts from {restart}, which is not beside it; put it there"
            )
        begun = read_restart(path)
        return RunGeometry(
            begun.symbols, begun.positions_a, begun.cell_a, subject.periodic, path.name
        )
    atoms = subject.atoms
    if atoms is None:
        raise InputError(_why_no_atoms(source))
    positions_a = _multiplied(source, atoms)
    if not (np.abs(positions_a) < FARTHEST_A).all():  # NaN is not either
        raise InputError(f"{source.path}: a coordinate is far too large, or no number; mend it")
    labels = atoms.labels * (len(positions_a) // max(1, len(atoms.labels)))
    return RunGeometry(labels, positions_a, None, subject.periodic, _name_of_atoms(source, atoms))


def _multiplied(source: RunInput, atoms: InputAtoms) -> Floats:
    """Return Cartesian coordinates in Å of the atoms of an input and of their copies."""
    repeats, cell = source.subject.repeats("TOPOLOGY"), source.subject.cell
    n_atoms = len(atoms.labels) * float(np.prod([float(n) for n in repeats]))
    if n_atoms > MAX_ATOMS:
        raise InputError(
            f"{source.path}: MULTIPLE_UNIT_CELL makes {n_atoms:.3g} atoms of {len(atoms.labels)}; "
            "mend it"
        )
    positions = np.array(atoms.positions_a).reshape(-1, 3)
    if not atoms.scaled and repeats == (1, 1, 1):
        return positions
    if cell is None:
        what = "SCALED" if atoms.scaled else "of one of several unit cells"
        raise InputError(f"{source.path}: its coordinates are {what}, but &CELL gives no vectors")
    vectors = np.array(cell.vectors_a)
    positions_a = positions @ vectors if atoms.scaled else positions
    # CP2K takes the first vector fastest.
    shifts = np.indices(repeats[::-1]).reshape(3, -1).T[:, ::-1] @ vectors
    return np.asarray((shifts[:, None, :] + positions_a).reshape(-1, 3))


def _name_of_atoms(source: RunInput, atoms: InputAtoms) -> str:
    """Return the name of the file that holds the atoms of an input."""
    named = source.subject.coordinate_file
    has_own = atoms.line.text.split()[:1] == [atoms.labels[0]] if atoms.labels else False
    return str(named.values[0]).rpartition("/")[2] if named and not has_own else source.path.name


def _why_no_atoms(source: RunInput) -> str:
    """Say why the atoms of an input can't be read."""
    subject = source.subject
    topology = subject.force_eval.first("SUBSYS", "TOPOLOGY")
    named = subject.coordinate_file
    name = str(named.values[0]) if named else ""
    broken = [
        finding
        for finding in subject.report.findings
        if "is no atom" in finding.message or (name and name in finding.message)
    ]
    if broken:
        found = broken[-1]
        return f"{source.path}: line {found.line}: {found.message}; {found.remedy}"
    kind = topology.value("COORD_FILE_FORMAT") if topology else None
    if name and find_moved(name, source.path.parent) is None:
        return f"{source.path}: the coordinates {name} are not there; put them beside the input"
    if name and kind not in {"XYZ", "OFF"}:
        return (
            f"{source.path}: its coordinates {name} are of format {kind}, which is not read here; "
            "put the main output beside it, with the table of atoms that PRINT_LEVEL MEDIUM prints"
        )
    return f"{source.path}: it names no coordinates; put the input of the run there"


def _external_restart(source: RunInput) -> str | None:
    """Return the restart file that the coordinates come from, None if the input has its own."""
    section = source.root.first("EXT_RESTART")
    if section is None or section.parameter == (False,):
        return None
    name = section.entry("RESTART_FILE_NAME")
    said = next((word for word in ("RESTART_POS", "RESTART_DEFAULT") if section.entry(word)), None)
    takes = said is None or section.value(said) is not False
    return str(name.values[0]) if name and name.values and takes else None


def _with_cell(
    geometry: RunGeometry, source: RunInput | None, output: Cp2kOutput | None
) -> RunGeometry:
    """Add the cell of the input, or the one that the main output prints where they differ."""
    subject = source.subject if source else None
    given = geometry.cell_a
    if given is None and subject is not None and subject.cell is not None:
        repeats = np.array(subject.repeats("CELL"), dtype=float)
        given = np.array(subject.cell.vectors_a) * repeats[:, None]
    if given is not None and not np.isfinite(given).all():
        given = None
    printed = np.array(output.cell_a) if output and output.cell_a else None
    moves = output is not None and output.moves  # then the printed cell is a later one
    if printed is not None and (
        given is None or (not moves and np.abs(given - printed).max() > PRINTED_A)
    ):
        given = _sharpened(output)
    periodic = subject.periodic if subject is not None else geometry.periodic
    return RunGeometry(
        geometry.labels, geometry.positions_a, given, periodic, geometry.source, geometry.note
    )


def _sharpened(output: Cp2kOutput | None) -> Floats | None:
    """Return the cell of a main output to six digits, None if it does not print so many."""
    if (
        output is None
        or output.cell_a is None
        or output.cell_lengths_a is None
        or output.cell_angles is None
    ):
        return None
    sharp = sharpened_cell_a(output.cell_a, output.cell_lengths_a, output.cell_angles)
    return None if sharp is None else np.array(sharp)


def _moved(
    stem: Path, source: RunInput | None, output: Cp2kOutput | None, start: RunGeometry | None
) -> RunGeometry:
    """Return the last geometry of a run that moves atoms: of its restart file, or its trajectory.

    Either counts if it is of the last step that the main output tells.
    """
    restart, trajectory = (stem.with_name(stem.name + end) for end in ("-1.restart", "-pos-1.xyz"))
    last = output.last_step if output else None
    labels = start.labels if start else ()
    told = []
    if restart.is_file():
        found = read_restart(restart)
        if last is None or found.step == last:
            if labels and len(labels) != len(found.symbols):
                raise _other_atoms(restart, len(found.symbols), len(labels))
            periodic = found.periodic
            return RunGeometry(
                found.symbols, found.positions_a, found.cell_a, periodic, restart.name
            )
        told.append(f"{restart.name} is of step {found.step}")
    if trajectory.is_file() and start is not None and _cell_is_held(output, source):
        frame = last_frame(trajectory)
        if last is None or frame.step == last:
            if len(labels) != len(frame.symbols):
                raise _other_atoms(trajectory, len(frame.symbols), len(labels))
            values = frame.values * _trajectory_unit_a(source)
            return RunGeometry(labels, values, start.cell_a, start.periodic, trajectory.name)
        told.append(f"{trajectory.name} ends with step {frame.step}")
    what = "; ".join(told) or "neither is there"
    raise InputError(
        f"{stem.parent}: the geometry of the last step{'' if last is None else f', {last},'} is "
        f"wanted from {restart.name} or {trajectory.name}, but {what}; put the restart file of "
        "this run there"
    )


def _other_atoms(path: Path, found: int, wanted: int) -> InputError:
    return InputError(
        f"{path}: it has {found} atoms, but the run {wanted}; keep the files of one run"
    )


def _cell_is_held(output: Cp2kOutput | None, source: RunInput | None) -> bool:
    """Whether the cell stays what it is at the start, so that a trajectory tells all."""
    run_type = output.run_type if output else source.run_type if source else ""
    motion = source.root.first("MOTION") if source else None
    md = motion.first("MD") if motion else None
    ensemble = str(md.value("ENSEMBLE")) if md else ""
    return run_type != "CELL_OPT" and not (run_type == "MD" and ensemble.startswith("NP"))


def _trajectory_unit_a(source: RunInput | None) -> float:
    """Return the unit of the trajectory's coordinates in Å."""
    section: Section | None = source.root.first("MOTION", "PRINT", "TRAJECTORY") if source else None
    unit = str(section.value("UNIT")) if section and section.entry("UNIT") else "angstrom"
    try:
        return length_a(unit)
    except BadValueError as error:
        where = source.path if source else "the input"
        raise InputError(f"{where}: &TRAJECTORY: UNIT: {error}; {error.remedy}") from error
