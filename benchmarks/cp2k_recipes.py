"""Tiny CP2K runs, each from a few words: systems, what varies, the input, and the run itself."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from epicarve.dft.run import PROGRAM, local_environment

LIMIT_SECONDS = 300
"""Longest time that CP2K may take for one of the runs."""

DIAGONALISE = """ADDED_MOS {added}
      &DIAGONALIZATION
      &END DIAGONALIZATION
      &MIXING
        METHOD BROYDEN_MIXING
        ALPHA 0.3
      &END MIXING"""
SCF = {
    "ot": "&OT\n MINIMIZER DIIS\n PRECONDITIONER FULL_SINGLE_INVERSE\n&END OT\n"
    "&OUTER_SCF\n EPS_SCF 1e-7\n MAX_SCF 10\n&END OUTER_SCF",
    "diag": DIAGONALISE.format(added=6),
    "diag0": DIAGONALISE.format(added=0),
    "smear": DIAGONALISE.format(added=12)
    + "\n&SMEAR ON\n METHOD FERMI_DIRAC\n ELECTRONIC_TEMPERATURE [K] 3000\n&END SMEAR",
}


BASIS = "BASIS_SET DZVP-MOLOPT-SR-GTH\nPOTENTIAL GTH-PBE"


@dataclass(frozen=True)
class System:
    """Atoms, kinds and cell of a run."""

    atoms: str
    kinds: tuple[str, ...]
    cell: str
    periodic: bool = False
    elements: dict[str, str] = field(default_factory=dict)

    def element(self, kind: str) -> str:
        """Return the element of a kind."""
        return self.elements.get(kind, kind.capitalize())


CUBE = "ABC 7 7 7\n PERIODIC NONE"
WATER = "O 3.5 3.5 3.3\nH 4.26 3.5 3.89\nH 2.74 3.5 3.89"
SALT = "Na 0 0 0\nCl 2.82 2.82 2.82"
FCC = "A {h} {h} 0.0\n B {h} 0.0 {h}\n C 0.0 {h} {h}"
SYSTEMS = {
    "h2o": System(WATER, ("O", "H"), CUBE),
    "h2": System("H 3.5 3.5 3.13\nH 3.5 3.5 3.87", ("H",), CUBE),
    "h2-long": System("H 2.5 2.5 2.05\nH 2.5 2.5 2.95", ("H",), "ABC 5 5 5\n PERIODIC NONE"),
    "hf": System("H 3.5 3.5 3.0\nF 3.5 3.5 3.92", ("H", "F"), CUBE),
    "lih": System("Li 3.5 3.5 2.7\nH 3.5 3.5 4.3", ("Li", "H"), CUBE),
    "o2": System("O 3.5 3.5 2.9\nO 3.5 3.5 4.1", ("O",), CUBE),
    "oh": System("O 3.5 3.5 3.2\nH 3.5 3.5 4.17", ("O", "H"), CUBE),
    "na4": System(
        "Na 4.4 4.4 6\nNa 7.5 4.4 6\nNa 4.4 7.5 6\nNa 7.5 7.5 6",
        ("Na",),
        "ABC 12 12 12\n PERIODIC NONE",
    ),
    "water-labels": System(
        WATER.replace("H 4", "H1 4").replace("H 2", "H2 2"),
        ("O", "H1", "H2"),
        CUBE,
        elements={"H1": "H", "H2": "H"},
    ),
    "water-suffix": System(
        WATER.replace("O", "O1").replace("H 2", "H2 2"), ("O", "H"), CUBE,
        elements={"O1": "O", "H2": "H"},
    ),
    "water-words": System(
        WATER.replace("O", "OXY").replace("H", "WAT"),
        ("OXY", "WAT"),
        CUBE,
        elements={"OXY": "O", "WAT": "H"},
    ),
    "ghost": System(
        f"{WATER}\nGH 3.5 3.5 1.5", ("O", "H", "GH"), CUBE, elements={"GH": "X"}
    ),
    "two-hf": System(
        "H 3.5 3.5 1.6\nF 3.5 3.5 2.52\nH 3.5 3.5 4.3\nF 3.5 3.5 5.22", ("H", "F"), CUBE
    ),
    "salt": System(SALT, ("Na", "Cl"), FCC.format(h=2.82), periodic=True),
    "mgo": System("Mg 0 0 0\nO 2.105 2.105 2.105", ("Mg", "O"), FCC.format(h=2.105), periodic=True),
    "si": System(
        "SCALED\nSi 0 0 0\nSi 1/4 1/4 1/4", ("Si",), FCC.format(h=2.715), periodic=True
    ),
    "salt-twice": System(
        SALT,
        ("Na", "Cl"),
        FCC.format(h=2.82) + "\nMULTIPLE_UNIT_CELL 2 1 1",
        periodic=True,
    ),
    "salt-upper": System(SALT.upper(), ("NA", "CL"), FCC.format(h=2.82), periodic=True),
    "si-angles": System(
        "SCALED\nSi 0 0 0\nSi 0.25 0.25 0.25",
        ("Si",),
        "ABC 3.8396 3.8396 3.8396\nALPHA_BETA_GAMMA 60 60 60",
        periodic=True,
    ),
    "salt8-cif": System(
        "", ("Na", "Cl"), "CELL_FILE_FORMAT CIF\nCELL_FILE_NAME salt.cif", periodic=True
    ),
    "salt8": System(
        "SCALED\nNa 0 0 0\nNa 0 1/2 1/2\nNa 1/2 0 1/2\nNa 1/2 1/2 0\n"
        "Cl 1/2 1/2 1/2\nCl 1/2 0 0\nCl 0 1/2 0\nCl 0 0 1/2",
        ("Na", "Cl"),
        "ABC 5.64 5.64 5.64",
        periodic=True,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """One run, in few words; `before` is run first in the same folder.

    Parameters
    ----------
    system : str
        Key of `SYSTEMS`.
    scf : str
        Key of `SCF`, or text of its own.
    prints, dft, subsys, motion, glob, head : str
        Further lines of &DFT / &PRINT, &DFT, &SUBSYS, &MOTION, &GLOBAL, and above all.
    run_type, project, level : str
        Those of &GLOBAL.
    coord : str or None
        What stands in &SUBSYS instead of &COORD.
    kind : str
        Lines of each &KIND.
    files : dict of str to str
        Files that lie beside the input.
    truth : str
        "pdos": CP2K's own projections, from the run or from a twin that prints them. "none": CP2K
        prints none of such a run. Else the name of another recipe whose projections they are.
    before : Recipe or None
        A run in the same folder, before this one.
    """

    system: str = "h2o"
    scf: str = "diag"
    prints: str = ""
    dft: str = ""
    subsys: str = ""
    motion: str = ""
    glob: str = ""
    head: str = ""
    run_type: str = "ENERGY"
    project: str = "dos"
    level: str = "MEDIUM"
    coord: str | None = None
    kind: str = ""
    method: str = ""
    cutoff: int = 120
    eps_scf: str = "1e-7"
    max_scf: int = 60
    files: dict[str, str] = field(default_factory=dict)
    truth: str = "pdos"
    before: Recipe | None = None
    extra: str = ""
    tail: str = ""
    potentials: str = "GTH_POTENTIALS"

    def text(self, more_prints: str = "") -> str:
        """Return the input."""
        system = SYSTEMS[self.system]
        kinds = "".join(
            f"&KIND {kind}\n{self.kind or BASIS}\n{_element(system, kind)}\n&END KIND\n"
            for kind in system.kinds
        )
        coord = f"&COORD\n{system.atoms}\n&END COORD" if self.coord is None else self.coord
        poisson = (
            "" if system.periodic else "&POISSON\n PERIODIC NONE\n PSOLVER WAVELET\n&END POISSON"
        )
        motion = f"&MOTION\n{self.motion}\n&END MOTION\n" if self.motion else ""
        return (
            f"{self.head}&GLOBAL\nPROJECT {self.project}\nRUN_TYPE {self.run_type}\n"
            f"PRINT_LEVEL {self.level}\n{self.glob}\n&END GLOBAL\n{motion}"
            "&FORCE_EVAL\nMETHOD Quickstep\n&DFT\n"
            f"BASIS_SET_FILE_NAME BASIS_MOLOPT\nPOTENTIAL_FILE_NAME {self.potentials}\n"
            f"{self.dft}\n&MGRID\nCUTOFF {self.cutoff}\nREL_CUTOFF 30\n&END MGRID\n"
            f"&QS\nEPS_DEFAULT 1e-12\n{self.method}\n&END QS\n{poisson}\n"
            f"&SCF\nEPS_SCF {self.eps_scf}\nMAX_SCF {self.max_scf}\n"
            f"{SCF.get(self.scf, self.scf)}\n&END SCF\n"
            "&XC\n&XC_FUNCTIONAL PBE\n&END XC_FUNCTIONAL\n&END XC\n"
            f"&PRINT\n{self.prints}\n{more_prints}\n&END PRINT\n&END DFT\n"
            f"&SUBSYS\n&CELL\n{system.cell}\n&END CELL\n{coord}\n{kinds}{self.subsys}\n"
            "&END SUBSYS\n"
            f"{self.extra}\n&END FORCE_EVAL\n{self.tail}"
        )

    def run(self, folder: Path, more_prints: str = "") -> None:
        """Run CP2K on it in a new folder; one that is there was run before."""
        if folder.is_dir():
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            inside = Path(scratch) / folder.name
            inside.mkdir()
            if self.before is not None:
                self.before._run_in(inside, more_prints, "before")
            self._run_in(inside, more_prints, "run")
            if not folder.is_dir():
                inside.rename(folder)

    def _run_in(self, folder: Path, more_prints: str, name: str) -> None:
        for path, content in self.files.items():
            (folder / path).write_text(content, encoding="utf-8")
        (folder / f"{name}.inp").write_text(self.text(more_prints), encoding="utf-8")
        subprocess.run(
            [PROGRAM, "-i", f"{name}.inp", "-o", f"{name}.out"],
            cwd=folder,
            env=local_environment(PROGRAM) | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )


def _element(system: System, kind: str) -> str:
    """Return the line that names the element of a kind, where it is not its name."""
    if kind == "GH":
        return "GHOST\nELEMENT H"
    return f"ELEMENT {system.element(kind)}" if kind in system.elements else ""
