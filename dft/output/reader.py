"""Takes in CP2K's main output line by line, 2023.1 to 2026.2, and notices where it is damaged.

Numbers that CP2K prints twice are compared: the energy of a run with that of its SCF, atomic
numbers with symbols, forces with their sum, the numbers of steps with their order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from epicarve.units import EV_PER_HARTREE

from .geometry import PrintedGeometry
from .scf import AGREEMENT_HARTREE, GeometryStep, ScfRun, differ_in_a_digit

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION_LINE = " CP2K| version string:"

_ENERGY = re.compile(
    r" ENERGY\| Total FORCE_EVAL \(.*\) energy \[(?P<unit>[^\]]+)\]:?(?P<value>.*)"
)
_SCF_STEP = re.compile(
    r" {1,6}(?P<step>\d+) \S.*\s(?P<change>\S+)\s+(?P<energy>-?\d+\.\d{10})\s+\S+$"
)
_STEP_INFO = re.compile(
    r" (?:-+  Informations at step =|OPT\| Step number)\s*(?P<number>\d+)[ -]*$"
)
_MD_STEP = re.compile(r" (?:MD\| Step number|STEP NUMBER\s+=)\s+(?P<number>\d+)\s*$")
_STEP_VALUE = re.compile(
    r" (?: Total Energy  |OPT\| Total energy \[(?P<unit>[^\]]+)\]|(?P<gradient> Max\. gradient|"
    r"OPT\| Maximum gradient))\s*=?\s*(?P<value>\S+)$"
)
_PRESSURE = re.compile(
    r" (?: I|OPT\| I)nternal [Pp]ressure \[(?P<unit>\w+)\]\s*=?\s*(?P<value>\S+)$"
)
_FORCES_OLD = re.compile(r"\s+(\d+)\s+\d+\s+[A-Z][a-z]?\s+(\S+)\s+(\S+)\s+(\S+)$")
_FORCES_NEW = re.compile(r" FORCES\|\s+(\d+)\s+(\S+)\s+(\S+)\s+(\S+)\s+\S+$")
_FORCES_SUM = re.compile(r" (?:FORCES\| Sum|SUM OF ATOMIC FORCES)\s+(\S+)\s+(\S+)\s+(\S+)")
_TIMING = re.compile(r" (\S+)\s+(\d+)\s+\d+\.\d\s+(\S+)\s+(\S+)\s+(\S+)\s+(?P<total>\d+\.\d{3})$")
_FERMI = re.compile(r" {1,6}Fermi energy:\s+(?P<value>\S+)$")
_STARTED = re.compile(r"PROGRAM STARTED AT\s+(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*)")
_ELECTRONS = re.compile(r" Number of electrons:\s+(?P<n>\d+)\s*$")
_SOURCE_LINE = re.compile(r"\S+\.F:\d+$")
_ABORT_WORDS = slice(11, 79)
"""Columns of an abort message, right of the drawing."""

_GPA = {"bar": 1e-4, "kbar": 0.1, "GPa": 1.0, "MPa": 1e-3, "Pa": 1e-9}
_HARTREE = {"a.u.": 1.0, "hartree": 1.0, "Ry": 0.5, "eV": 1.0 / EV_PER_HARTREE}
_FRAME = " --------------------------"
"""The line above and below the head of a geometry step."""

SUM_TOLERANCE = 1e-6
"""A column of forces and its printed sum differ by less than this per atom, in hartree/bohr."""


@dataclass
class OutputReader:
    """Takes in a main output line by line, also while CP2K is still writing it.

    Examples
    --------
    >>> reader = OutputReader()
    >>> reader.feed([" OPTIMIZATION STEP:      1", "  *** SCF run converged in     8 steps ***"])
    >>> reader.n_geometry_steps, reader.scf_converged
    (1, True)
    """

    version: str = ""
    project: str = ""
    input_name: str = ""
    started: str = ""
    n_electrons: dict[int, int] = field(default_factory=dict)
    ended: bool = False
    n_atoms: int | None = None
    run_type: str = ""
    print_level: str = ""
    n_kpoints: int = 1
    smeared: bool = False
    smeared_apart: bool = False
    fermi_hartree: list[float] = field(default_factory=list)
    geometry: PrintedGeometry = field(default_factory=PrintedGeometry)
    scf: list[ScfRun] = field(default_factory=list)
    energies_hartree: list[float] = field(default_factory=list)
    step_numbers: list[int] = field(default_factory=list)
    last_step: int | None = None
    steps: list[GeometryStep] = field(default_factory=list)
    geometry_converged: bool = False
    forces: list[tuple[float, float, float]] = field(default_factory=list)
    timings_s: dict[str, float] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    abort: list[str] = field(default_factory=list)
    damage: str = ""
    _energy_is_old: bool = True
    _inside: str = ""
    _framed: int = 0
    _spin: int = 1
    _line: int = 0

    @property
    def symbols(self) -> list[str]:
        """Element of each atom, from the last table of coordinates."""
        return self.geometry.symbols

    @property
    def scf_converged(self) -> bool | None:
        """Whether the last SCF converged; None if there is none, or it did not come to its end."""
        return self.scf[-1].converged if self.scf else None

    @property
    def n_geometry_steps(self) -> int:
        """Steps of the geometry optimisation so far."""
        return len(self.step_numbers)

    @property
    def energy_hartree(self) -> float | None:
        """The energy after the last SCF in hartree, None before it is printed."""
        return None if self._energy_is_old else self.energies_hartree[-1]

    def feed(self, lines: Iterable[str]) -> None:
        """Take in the next lines."""
        for raw in lines:
            line = raw.rstrip("\n")
            self._line += 1
            if self._framed:
                self._feed_frame(line)
            match self._inside:
                case "atoms":
                    self._feed_atom(line)
                case "forces":
                    self._feed_force(line)
                case "abort":
                    self._feed_abort(line)
                case _:
                    self._feed_line(line)

    def check(self) -> None:
        """Look for what can be told only at the end of the output."""
        if self.n_atoms is not None and self.symbols and len(self.symbols) != self.n_atoms:
            self._damaged(f"there are {self.n_atoms} atoms, but {len(self.symbols)} in the table")
        if self.forces and self.n_atoms is not None and len(self.forces) != self.n_atoms:
            self._damaged(f"there are {self.n_atoms} atoms, but {len(self.forces)} forces")

    def _damaged(self, what: str) -> None:
        self.damage = self.damage or f"line {self._line}: {what}"

    def _feed_line(self, line: str) -> None:
        if line.startswith("  "):
            self._feed_scf(line)
        elif line.startswith((" ENERGY|", " OPT", " *** WARNING", " -")):
            self._feed_step(line)
        elif "ATOMIC COORDINATES IN" in line:
            self._inside = "atoms"
            self.geometry.begin(line)
        elif "ATOMIC FORCES in [a.u.]" in line or line.startswith(
            " FORCES| Atomic forces [hartree"
        ):
            self._inside, self.forces = "forces", []
        elif line.startswith(VERSION_LINE):
            # A run appended to the same file starts anew.
            word = (line.rpartition("CP2K version")[2].split() or [""])[0]
            self.__init__(version=word, started=self.started, _line=self._line)  # type: ignore[misc]
        elif line.startswith(" SCF WAVEFUNCTION OPTIMIZATION"):
            self.scf.append(ScfRun())
            self.fermi_hartree = []
            self._energy_is_old = True
        elif "GEOMETRY OPTIMIZATION COMPLETED" in line:
            self.geometry_converged = True
        elif "[ABORT]" in line:
            self._inside = "abort"
        elif "PROGRAM ENDED AT" in line:
            self.ended = True
        elif timing := _TIMING.match(line):
            self.timings_s[timing[1]] = float(timing["total"])
        else:
            self._feed_description(line)

    def _feed_description(self, line: str) -> None:
        """Take in a line that tells what is calculated, not how it went."""
        if line.startswith(" CP2K| Input file name"):
            self.input_name = line.removeprefix(" CP2K| Input file name").strip()
        elif line.startswith(" GLOBAL| Project name"):
            # CP2K takes the blanks out of a name when it names files.
            self.project = "".join(line.removeprefix(" GLOBAL| Project name").split())
        elif line.startswith(" GLOBAL| Run type"):
            self.run_type = line.rsplit(maxsplit=1)[-1]
        elif line.startswith(" GLOBAL| Global print level"):
            self.print_level = line.rsplit(maxsplit=1)[-1]
        elif line.startswith(" BRILLOUIN| List of Kpoints"):
            count = line.rsplit(maxsplit=1)[-1]
            self.n_kpoints = int(count) if count.isdecimal() else 1
        elif step := _MD_STEP.match(line):
            self.last_step = int(step["number"])
        elif line.startswith(" CELL| "):
            self.geometry.take_cell(line)
        elif line.rstrip() in {" Spin 1", " Spin 2"}:
            self._spin = int(line.rstrip()[-1])
        elif electrons := _ELECTRONS.match(line):
            self.n_electrons[self._spin] = int(electrons["n"])

    def _feed_scf(self, line: str) -> None:
        """Take in a line that is set in by two columns: of an SCF, or the last of the output."""
        if step := _SCF_STEP.match(line):
            run = self._scf_run()
            run.n_steps += 1
            run.change = _number(step["change"])
            run.energy_hartree = float(step["energy"])
            run.mixes = " OT " not in line
        elif "SCF run converged in" in line:
            self._scf_run().converged = True
        elif "outer SCF loop FAILED" in line:
            self._scf_run().converged = False
        elif line.startswith("  Total energy:"):
            self._take_total(line.rsplit(maxsplit=1)[-1])
        elif fermi := _FERMI.match(line):
            self._take_fermi(fermi["value"])
        elif "Smear method:" in line:
            self.smeared = True
        elif ". Atomic kind:" in line:
            self.geometry.take_kind(line)
        elif "smeared independently" in line:
            self.smeared_apart = True
        elif "- Atoms:" in line:
            count = line.rsplit(maxsplit=1)[-1]
            self.n_atoms = int(count) if count.isdigit() else None
        elif line.startswith(("  Total Energy  ", "  Max. gradient", "  Internal Pressure")):
            self._feed_step(line)
        elif "PROGRAM ENDED AT" in line:
            self.ended = True
        elif started := _STARTED.search(line):
            self.started = started["time"]

    def _feed_step(self, line: str) -> None:
        """Take in energies, geometry steps and warnings."""
        if found := _ENERGY.match(line):
            self._take_energy(found["unit"], found["value"])
        elif line.startswith(" OPTIMIZATION STEP:"):
            self._take_step(line.rsplit(maxsplit=1)[-1])
        elif "*** WARNING in" in line:
            said = line.partition("::")[2].strip(" *")
            self.warnings[said] = None
            if "SCF run NOT converged" in said:
                self._scf_run().converged = False
        elif line == _FRAME:
            self._framed = 1 if self._framed == 0 else 0
        elif info := _STEP_INFO.match(line):
            self.steps.append(GeometryStep(int(info["number"])))
            self.last_step = int(info["number"])
        elif self.steps and (value := _STEP_VALUE.match(line)):
            number = _number(value["value"])
            if value["gradient"]:
                self.steps[-1].max_gradient_hartree_bohr = number
            elif number is not None:
                number *= _HARTREE.get(value["unit"] or "a.u.", 1.0)
                self.steps[-1].energy_hartree = number
                if self.energy_hartree is not None:
                    self._compare(self.energy_hartree, number, "the energy of the step")
        elif self.steps and (pressure := _PRESSURE.match(line)):
            number, scale = _number(pressure["value"]), _GPA.get(pressure["unit"])
            if number is not None and scale is not None:
                self.steps[-1].pressure_gpa = number * scale

    def _feed_frame(self, line: str) -> None:
        """Hold that a line of 26 dashes is followed by the head of a step."""
        if self._framed == 1 and line != _FRAME:
            if not line.startswith(" OPTIMIZATION STEP:"):
                self._damaged(f"the head of a geometry step reads {line.strip()!r}")
            self._framed = 2
        elif self._framed == 2:
            self._framed = 3 if line == _FRAME else 0

    def _take_step(self, word: str) -> None:
        number = int(word) if word.isdigit() else -1
        if number < 0 or (self.step_numbers and number != self.step_numbers[-1] + 1):
            self._damaged(f"geometry step {word} follows {self.step_numbers[-1:] or 'none'}")
        self.step_numbers.append(number)
        self.last_step = number

    def _take_total(self, word: str) -> None:
        """Take in the energy that a finished SCF prints, which its last step has told already."""
        run, value = self._scf_run(), _number(word)
        before = run.energy_hartree
        run.energy_hartree = value
        if value is None:
            self._damaged(f"an energy reads {word!r}")
        elif before is not None:
            self._compare(value, before, "the energy of the last step of the SCF")

    def _take_fermi(self, word: str) -> None:
        value = _number(word)
        if value is None:
            self._damaged(f"a Fermi energy reads {word!r}")
        else:
            self.fermi_hartree.append(value)

    def _take_energy(self, unit: str, word: str) -> None:
        value = _number(word)
        scale = _HARTREE.get(unit)
        if value is None or scale is None:
            self._damaged(f"an energy reads {word.strip()!r} {unit}")
            return
        self.energies_hartree.append(value * scale)
        self._energy_is_old = False
        scf = self.scf[-1] if self.scf else None
        if scf is not None and scf.converged and scf.energy_hartree is not None:
            energy, error = self.energies_hartree[-1], scf.error_hartree(self.run_type)
            self._compare(energy, scf.energy_hartree, "the energy of the SCF", error)

    def _compare(
        self, energy: float, other: float, whose: str, error: float = AGREEMENT_HARTREE
    ) -> None:
        """Notice a number that differs from its other printing in one digit."""
        if differ_in_a_digit(energy, other, error):
            self._damaged(
                f"the energy {energy:.7f} hartree does not agree with {whose}, {other:.7f}"
            )

    def _feed_atom(self, line: str) -> None:
        wrong = self.geometry.take_atom(line)
        if wrong:
            self._damaged(wrong)
        elif wrong is None and (self.symbols or (line.strip() and "Atom" not in line)):
            self._inside = ""
            self._feed_line(line)

    def _feed_force(self, line: str) -> None:
        total = _FORCES_SUM.match(line)
        row = None if total else (_FORCES_OLD.match(line) or _FORCES_NEW.match(line))
        if row:
            values = [_number(word) for word in row.groups()[1:]]
            known = [value for value in values if value is not None]
            if len(known) < 3 or int(row[1]) != len(self.forces) + 1:
                self._damaged(f"the force on an atom reads {line.strip()!r}")
                return
            self.forces.append((known[0], known[1], known[2]))
        elif total:
            self._inside = ""
            for column, word in enumerate(total.groups()):
                gap = sum(force[column] for force in self.forces) - (_number(word) or 0.0)
                if abs(gap) > SUM_TOLERANCE * max(1, len(self.forces)):
                    self._damaged("the forces do not add up to their sum")
        elif self.forces and not line.strip():
            self._inside = ""

    def _feed_abort(self, line: str) -> None:
        words = _SOURCE_LINE.sub("", line[_ABORT_WORDS].strip())
        if line.startswith(" ****"):
            self._inside = ""
        elif words:
            self.abort.append(words)

    def _scf_run(self) -> ScfRun:
        """Return the SCF at hand; some programs of CP2K announce none."""
        if not self.scf:
            self.scf.append(ScfRun())
        return self.scf[-1]


def _number(word: str) -> float | None:
    """Return a number as CP2K prints it, None for what is none (Python takes 1_0 and nan too)."""
    word = word.strip()
    if not word or set(word) - set("+-.0123456789eEdD"):
        return None
    try:
        return float(word.replace("D", "E").replace("d", "e"))
    except ValueError:
        return None
