"""What the rules of a check look at: one &FORCE_EVAL with its atoms, cell and kinds."""

from __future__ import annotations

import re
from copy import copy
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from .atomic_numbers import ATOMIC_NUMBERS
from .atoms import InputAtoms, coord_atoms, xyz_atoms
from .cell import InputCell, cell_vectors, periodicity
from .data_files import BasisEntry, basis_entry, entries, valence_electrons
from .lines import find_moved

if TYPE_CHECKING:
    from pathlib import Path

    from .finding import Report
    from .tree import Entry, Section
    from .values import Value

LEAST_VOLUME_A3 = 1e-6
"""A cell of less volume in Å³ is flat."""

LONGEST_EDGE_A = 1e6
"""No cell is larger than this in Å."""

GRID_METHODS = {"GPW", "GAPW", "GAPW_XC", "LRIGPW", "RIGPW", "OFGPW"}
"""Methods that need basis sets, potentials and a Poisson solver on grids."""

SEMIEMPIRICAL = {"MNDO", "MNDOD", "AM1", "PM3", "PM6", "PM6-FM", "PDG", "RM1", "PNNL"}
"""Semi-empirical methods."""


class CheckContext:
    """One &FORCE_EVAL with what belongs to it.

    Parameters
    ----------
    root : Section
        The whole input.
    force_eval : Section
        The section &FORCE_EVAL.
    folder : Path
        Where the input lies and CP2K runs.
    version : str
        Version of CP2K.
    report : Report
        Takes the findings.
    """

    def __init__(
        self, root: Section, force_eval: Section, folder: Path, version: str, report: Report
    ) -> None:
        self.root = root
        self.force_eval = force_eval
        self.folder = folder
        self.version = version
        self.report = report

    def reporting_to(self, report: Report) -> CheckContext:
        """Return the same, with what was read of it so far, for rules that report elsewhere."""
        other = copy(self)
        other.report = report
        return other

    @property
    def dft(self) -> Section | None:
        """The section &DFT."""
        return self.force_eval.first("DFT")

    @property
    def scf(self) -> Section | None:
        """The section &SCF."""
        return self.force_eval.first("DFT", "SCF")

    @cached_property
    def is_quickstep(self) -> bool:
        """Whether the forces come from CP2K's density functional programs."""
        return self.force_eval.value("METHOD") in {"QS", "QUICKSTEP"}

    @cached_property
    def on_grid(self) -> bool:
        """Whether basis sets, potentials and grids are used, not a semi-empirical method."""
        qs = self.force_eval.first("DFT", "QS")
        method = qs.value("METHOD") if qs else "GPW"
        return self.is_quickstep and self.dft is not None and method in GRID_METHODS

    @property
    def own_basis(self) -> str:
        """The method that brings its own basis functions, such as ``"XTB"``, empty if none does."""
        qs = self.force_eval.first("DFT", "QS")
        brings = self.is_quickstep and qs is not None and not self.on_grid
        return str(qs.value("METHOD")) if brings and qs is not None else ""

    @cached_property
    def is_semiempirical(self) -> bool:
        """Whether a semi-empirical method gives the forces."""
        qs = self.force_eval.first("DFT", "QS")
        return self.is_quickstep and qs is not None and qs.value("METHOD") in SEMIEMPIRICAL

    @cached_property
    def kpoints(self) -> Section | None:
        """The section of k-points, which SCHEME GAMMA is to CP2K too; None without any."""
        section = self.force_eval.first("DFT", "KPOINTS")
        return None if section is None or section.value("SCHEME") == "NONE" else section

    @cached_property
    def diagonalises(self) -> bool:
        """Whether orbitals are found by diagonalisation: what CP2K does unless told otherwise."""
        qs = self.force_eval.first("DFT", "QS")
        orbital_free = qs is not None and True in {qs.value("LS_SCF"), qs.value("ALMO_SCF")}
        return self.scf is not None and self.scf.on("OT") is None and not orbital_free

    @property
    def run_type(self) -> str:
        """What CP2K is asked to do."""
        section = self.root.first("GLOBAL")
        return str(section.value("RUN_TYPE")) if section else "ENERGY_FORCE"

    @cached_property
    def cell(self) -> InputCell | None:
        """The cell, None if the input gives none that can be read, or a flat one."""
        section = self.force_eval.first("SUBSYS", "CELL")
        if section is None:
            return None
        vectors = cell_vectors(section)
        if vectors is None or max(abs(x) for vector in vectors for x in vector) > LONGEST_EDGE_A:
            return None
        cell = InputCell(vectors, self.periodic, section)
        return cell if cell.volume_a3 > LEAST_VOLUME_A3 else None

    @property
    def periodic(self) -> tuple[bool, bool, bool]:
        """Along which vectors of its cell the model repeats; all if it is not said."""
        section = self.force_eval.first("SUBSYS", "CELL")
        return periodicity(str(section.value("PERIODIC"))) if section else (True, True, True)

    def repeats(self, section: str) -> tuple[int, int, int]:
        """Return how often MULTIPLE_UNIT_CELL of a section repeats along each vector.

        Parameters
        ----------
        section : {"TOPOLOGY", "CELL"}
            The former repeats the atoms, the latter the cell.
        """
        found = self.force_eval.first("SUBSYS", section)
        values = found.values("MULTIPLE_UNIT_CELL") if found else ()
        if len(values) != 3 or not all(isinstance(n, int) and n > 0 for n in values):
            return 1, 1, 1
        a, b, c = (int(n) for n in values if isinstance(n, int))
        return a, b, c

    @property
    def n_copies(self) -> int:
        """How many times the atoms are repeated."""
        return prod(self.repeats("TOPOLOGY"))

    @property
    def coordinate_file(self) -> Entry | None:
        """Where the file of coordinates is named, None if it is not."""
        topology = self.force_eval.first("SUBSYS", "TOPOLOGY")
        entry = topology.entry("COORD_FILE_NAME") if topology else None
        return entry if entry and entry.values else None

    @cached_property
    def atoms(self) -> InputAtoms | None:
        """The atoms, None if they stand in a file that is not there or not XYZ."""
        coord = self.force_eval.first("SUBSYS", "COORD")
        if coord is not None and coord.entries:
            return coord_atoms(coord, self.report)
        topology = self.force_eval.first("SUBSYS", "TOPOLOGY")
        if topology is None or topology.value("COORD_FILE_FORMAT") not in {"XYZ", "OFF"}:
            return None
        name = self.coordinate_file
        path = find_moved(str(name.values[0]), self.folder) if name else None
        if name is None or path is None:
            return None
        return xyz_atoms(path, name.line, self.report)

    @cached_property
    def _given_kinds(self) -> dict[str, Section]:
        return {
            str(section.parameter[0]).upper(): section
            for section in self.force_eval.all("SUBSYS", "KIND")
            if section.parameter
        }

    def kind(self, label: str) -> Section | None:
        """Return the &KIND of the atoms with a label, None where there is none."""
        given = self._given_kinds
        names = (label.upper(), _letters(label), "DEFAULT")  # in the order of CP2K
        return next((given[name] for name in names if name in given), None)

    @cached_property
    def kinds(self) -> dict[str, Section | None]:
        """The &KIND of each different label among the atoms, None where there is none."""
        labels = dict.fromkeys(self.atoms.labels) if self.atoms else {}
        return {label: self.kind(label) for label in labels}

    def element(self, label: str) -> str:
        """Return the element of a label in capitals."""
        kind = self.kind(label)
        if kind is not None and kind.entry("ELEMENT"):
            return str(kind.value("ELEMENT")).upper()
        return _letters(label)

    def is_ghost(self, label: str) -> bool:
        """Whether a label stands for a place without nucleus and electrons."""
        kind = self.kinds.get(label)
        if kind is not None and kind.value("GHOST") is True:
            return True
        return self.element(label) == "X"

    def basis(self, label: str) -> BasisEntry | None:
        """Return the orbital basis set of a label, None if it can't be read."""
        data, name = self.data("BASIS_SET_FILE_NAME"), orbital_basis(self.kinds.get(label))
        text = data.get((self.element(label), name)) if data and name else None
        try:
            return basis_entry(text) if text else None
        except ValueError:
            return None  # Slater functions, and other forms

    def electrons(self, label: str) -> int | None:
        """Return the valence electrons of a label, None if its potential can't be read."""
        kind = self.kinds.get(label)
        if self.is_ghost(label):
            return 0
        data = self.potentials(label)
        text = data.get((self.element(label), potential_name(kind))) if data else None
        if text is None or (kind is not None and kind.entry("CORE_CORRECTION")):
            return None
        try:
            return valence_electrons(text)
        except (ValueError, IndexError):
            return None

    def potentials(self, label: str) -> dict[tuple[str, str], str] | None:
        """Return the entries of the file that has the potential of a label, None without it."""
        kind = self.kinds.get(label)
        own = kind.entry("POTENTIAL_FILE_NAME") if kind else None
        if own is None or not own.values:
            return self.data("POTENTIAL_FILE_NAME")
        path = find_moved(str(own.values[0]), self.folder)
        return None if path is None else entries(path)

    def data_files(self, keyword: str) -> list[str]:
        """Return the data files that a keyword of &DFT names, or CP2K's default."""
        if self.dft is None:
            return []
        mentions = [entry.values for entry in self.dft.entries.get(keyword, ())]
        return [str(values[0]) for values in mentions if values] or [str(self.dft.value(keyword))]

    def data(self, keyword: str) -> dict[tuple[str, str], str] | None:
        """Return the entries of the data files that a keyword of &DFT names, None without files."""
        if self.dft is None:
            return None
        found: dict[tuple[str, str], str] = {}
        for name in self.data_files(keyword):
            path = find_moved(name, self.folder)
            if path is None:
                return None
            found = entries(path) | found
        return found


def _letters(label: str) -> str:
    """Return the element, in capitals, of a label as CP2K takes it: O of OW, Cl of CL1, H of Hb.

    The first two letters are an element, or else the first; other words stay as they are.
    """
    letters = re.sub(r"[^A-Z].*", "", label.upper())
    elements = (letters[:2], letters[:1])
    return next((name for name in elements if name.capitalize() in ATOMIC_NUMBERS), letters)


def orbital_basis(kind: Section | None) -> str | None:
    """Return the name, in capitals, of the orbital basis set of a kind, None without one."""
    for entry in kind.entries.get("BASIS_SET", ()) if kind else ():
        words = _words(entry.values)
        if len(words) == 1 or words[:1] == ["ORB"]:
            return words[-1]
    return None


def auxiliary_basis(kind: Section) -> bool:
    """Return whether a kind names or holds a basis set in which ADMM computes exact exchange."""
    named = [entry.values for entry in kind.entries.get("BASIS_SET", ())]
    held = [section.parameter for section in kind.all("BASIS")]
    return any(_words(values)[:1] == ["AUX_FIT"] for values in (*named, *held))


def potential_name(kind: Section | None) -> str:
    """Return the name, in capitals, of the potential of a kind, empty without one."""
    entry = kind.entry("POTENTIAL") if kind else None
    words = _words(entry.values) if entry else []
    return words[-1] if words and words[0] not in {"UPF", "ECP"} else ""


def _words(values: tuple[Value, ...]) -> list[str]:
    return [str(value).upper() for value in values]
