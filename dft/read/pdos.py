"""CP2K's projected densities of states (.pdos): weights of kinds and of single atoms in each state.

CP2K projects with the Löwdin weights sum_{mu in A} |(S^1/2 C)_mu,i|^2 (its qs_pdos.F), so those of
all atoms sum to 1 in each state.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from epicarve.arrays import Floats

_FILE_NAME = re.compile(
    r"(?P<project>.+)-(?:(?P<spin>ALPHA|BETA)_)?(?P<target>k|list)(?P<index>\d+)"
    r"(?:-(?P<iteration>\d+(?:_\d+)*))?\.pdos"
)
_STEP = re.compile(rb"^# Projected DOS .* at iteration step i = *(\d+)", re.MULTILINE)
_KIND = re.compile(r"# Projected DOS for atomic kind (?P<kind>\S+) at iteration")
_LIST = re.compile(r"# Projected DOS for list (?P<index>\d+) of (?P<n_atoms>\d+) atoms")
_FERMI = re.compile(r"E\(Fermi\)\s*=\s*(?P<value>-?\d+\.\d+) a\.u\.")
_COLUMN = re.compile(r"s|p[xyz]?|[dfghi](?:[+-]?\d)?")
_LEADING_COLUMNS: dict[tuple[str, ...], int] = {
    ("MO", "Eigenvalue", "[a.u.]", "Occupation"): 3,
    ("MO", "Energy[a.u.]", "Occupation", "Total"): 4,
}
"""Words before the names of angular momenta, and how many columns they name: of CP2K 7.1 to 2026.1,
and of 2026.2 (the lines FMT=fmtstr2 in calculate_projected_dos, CP2K's qs_pdos.F)."""


@dataclass(frozen=True)
class PdosFile:
    """Where a .pdos file belongs, as its name says.

    Parameters
    ----------
    path : Path
        The file.
    project : str
        Name of CP2K's project.
    spin : int
        0 for alpha or restricted, 1 for beta.
    restricted : bool
        Whether the file is of a spin-restricted run.
    is_list : bool
        Whether it is of a list of atoms (&LDOS) rather than of an atomic kind.
    index : int
        Number of the list or kind, from 1.
    step : int
        Step of the optimisation or molecular dynamics that its numbers are of; 0 at the start, and
        of a run without steps. A file that holds several steps counts once for each.
    """

    path: Path
    project: str
    spin: int
    restricted: bool
    is_list: bool
    index: int
    step: int


@dataclass(frozen=True)
class Pdos:
    """The content of a .pdos file.

    Parameters
    ----------
    kind : str
        Atomic kind, empty for a list of atoms.
    n_atoms : int or None
        Number of atoms of a list, None for a kind.
    energies_ev : ndarray of float, shape (n_states,)
        Orbital energies in eV.
    occupations : ndarray of float, shape (n_states,)
        Occupation of each state.
    weights : ndarray of float, shape (n_states,)
        Weight of the kind or list in each state, all angular momenta together.
    momenta : dict of str to ndarray of float, shape (n_states,)
        Weight of each angular momentum, by its letter.
    fermi_ev : float or None
        Fermi energy of its spin in eV; None if the head tells none.
    """

    kind: str
    n_atoms: int | None
    energies_ev: Floats
    occupations: Floats
    weights: Floats
    momenta: dict[str, Floats] = field(default_factory=dict)
    fermi_ev: float | None = None


def find_pdos(folder: Path) -> tuple[PdosFile, ...]:
    """Find the .pdos files of a folder, of all steps.

    Parameters
    ----------
    folder : Path
        Where to look, not below.

    Returns
    -------
    tuple of PdosFile
        Ordered by project, lists after kinds, spin, index and step; empty if there are none.
    """
    found = []
    for path in sorted(folder.glob("[!.]*.pdos")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None or not path.is_file():
            continue
        found += [
            PdosFile(
                path=path,
                project=match["project"],
                spin=int(match["spin"] == "BETA"),
                restricted=match["spin"] is None,
                is_list=match["target"] == "list",
                index=int(match["index"]),
                step=step,
            )
            for step in _steps(path, match["iteration"] or "")
        ]
    return tuple(
        sorted(found, key=lambda f: (f.project, f.is_list, f.spin, f.index, f.step, f.path.name))
    )


def _steps(path: Path, iteration: str) -> list[int]:
    """Return the steps that a file tells of: its name ends in `1_STEP`, or its heads name them."""
    counters = iteration.split("_")
    if len(counters) > 1:
        return [int(counters[1])]
    return sorted({int(step) for step in _STEP.findall(path.read_bytes())}) or [0]


def read_pdos(path: Path, step: int | None = None) -> Pdos:
    """Read one .pdos file in the layout of CP2K 7.1 to 2026.1 or of 2026.2.

    Parameters
    ----------
    path : Path
        The file.
    step : int, optional
        Of a file that holds several steps, which one; the last if not given, or if its heads name
        none.

    Returns
    -------
    Pdos
        Its content.

    Raises
    ------
    InputError
        If the file is empty, cut off, of another layout, or holds something that is no number.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    if not text.strip():
        raise InputError(f"{path}: the file is empty; rerun the stage that writes it")
    if not text.endswith("\n"):
        raise InputError(
            f"{path}: the file is cut off in its last line; copy it again or rerun the stage"
        )
    lines = _lines_of_step(text.splitlines(), step)
    header = list(takewhile(lambda line: line.startswith("#"), lines))
    title, columns, n_leading = _parse_header(path, header)
    if len(header) == len(lines):
        raise InputError(f"{path}: there is no state in it; copy it again or rerun the stage")
    try:
        table = np.loadtxt(lines, ndmin=2)
    except ValueError as error:
        raise InputError(
            f"{path}: not a whole table of numbers ({error}); copy it again or rerun the stage"
        ) from error
    if table.shape[1] != len(columns) + n_leading:
        raise InputError(
            f"{path}: {table.shape[1]} columns stand below the names of "
            f"{len(columns) + n_leading}; copy it again or rerun the stage"
        )
    if not np.isfinite(table).all():
        raise InputError(f"{path}: there is NaN or infinity in it; its run went wrong, repeat it")
    table = table[np.flatnonzero(table[:, 0] == 1)[-1] :] if (table[:, 0] == 1).any() else table
    if not np.array_equal(table[:, 0], np.arange(1, len(table) + 1)):
        raise InputError(f"{path}: its states are not numbered from 1 on; copy it again")
    letters = np.array([name[0] for name in columns])
    fermi = _FERMI.search(" ".join(header))
    with np.errstate(over="ignore"):  # a damaged number may be 1e308
        return Pdos(
            kind=title["kind"] if "kind" in title.groupdict() else "",
            n_atoms=int(title["n_atoms"]) if "n_atoms" in title.groupdict() else None,
            energies_ev=table[:, 1] * EV_PER_HARTREE,
            occupations=table[:, 2],
            weights=table[:, n_leading:].sum(axis=1),
            momenta={
                letter: table[:, n_leading:][:, letters == letter].sum(axis=1)
                for letter in dict.fromkeys(letters.tolist())
            },
            fermi_ev=float(fermi["value"]) * EV_PER_HARTREE if fermi else None,
        )


def _lines_of_step(lines: list[str], step: int | None) -> list[str]:
    """Return the lines of one step of a file, the last one if several heads name it."""
    if step is None:
        return lines
    heads = [i for i, line in enumerate(lines) if line.startswith("# Projected DOS")]
    if not heads:
        return lines
    for start, end in reversed(list(pairwise([*heads, len(lines)]))):
        named = _STEP.match(lines[start].encode())
        if named and int(named[1]) == step:
            return lines[start:end]
    return lines


def _parse_header(path: Path, header: list[str]) -> tuple[re.Match[str], tuple[str, ...], int]:
    """Return the match of the title line, the names of the columns of weights, and the others."""
    title = _KIND.match(header[0]) or _LIST.match(header[0]) if header else None
    words = tuple(header[-1].lstrip("#").split()) if header else ()
    if title is None or words[:4] not in _LEADING_COLUMNS:
        raise InputError(
            f"{path}: not a .pdos file of CP2K 7.1 to 2026.2; its head should name an atomic kind "
            "or a list of atoms, and the columns"
        )
    columns = words[4:]
    unknown = [name for name in columns if not _COLUMN.fullmatch(name)]
    if unknown or not columns:
        raise InputError(
            f"{path}: its column {' '.join(unknown) or 'of weights'} is not known; files of "
            "CP2K 7.1 to 2026.2 have one for each angular momentum"
        )
    return title, columns, _LEADING_COLUMNS[words[:4]]


def read_alike(files: Iterable[PdosFile]) -> list[Pdos]:
    """Read files of one run and spin, and refuse those that differ in their states.

    Parameters
    ----------
    files : iterable of PdosFile
        At least one file.

    Returns
    -------
    list of Pdos
        In the same order; they share the arrays of energies and occupations.

    Raises
    ------
    InputError
        If two files have not the same number of states, energies and occupations.
    """
    contents: list[Pdos] = []
    first: PdosFile | None = None
    for file in files:
        content = read_pdos(file.path, file.step)
        first = first or file
        lead = contents[0] if contents else content
        if len(content.energies_ev) != len(lead.energies_ev):
            raise InputError(
                f"{file.path}: it has {len(content.energies_ev)} states, but {first.path.name} has "
                f"{len(lead.energies_ev)}; one is cut off, or they are of different runs"
            )
        if not (
            np.array_equal(content.energies_ev, lead.energies_ev)
            and np.array_equal(content.occupations, lead.occupations)
            and content.fermi_ev == lead.fermi_ev
        ):
            raise InputError(
                f"{file.path}: its energies, occupations or Fermi energy differ from those of "
                f"{first.path.name}; keep the files of one run"
            )
        contents.append(
            replace(content, energies_ev=lead.energies_ev, occupations=lead.occupations)
        )
    return contents
