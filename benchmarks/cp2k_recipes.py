"""Tiny CP2K runs with the options that people use, each from a few words, for foreign_folders.py."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from epicarve.dft.cp2k import PROGRAM, local_environment

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
KINDS = "&PDOS\n NLUMO -1\n&END PDOS"
MO = "&MO\n ENERGIES\n OCCUPATION_NUMBERS\n COEFFICIENTS\n NDIGITS 9\n {more}\n&END MO"
MO_FILE = MO.format(more="FILENAME mos\n &EACH\n QS_SCF 0\n &END EACH")
MO_OUT = MO.format(more="&EACH\n QS_SCF 0\n &END EACH")
MOLDEN = "&MO_MOLDEN\n NDIGITS 9\n&END MO_MOLDEN"
CSR = "&S_CSR_WRITE\n {more}\n&END S_CSR_WRITE"


def lists(*atoms: str, more: str = "", pdos: str = "") -> str:
    """Return &PDOS with a list for each of some choices of atoms."""
    ldos = "\n".join(f"&LDOS\n LIST {chosen}\n {more}\n&END LDOS" for chosen in atoms)
    return f"&PDOS\n NLUMO -1\n {pdos}\n{ldos}\n&END PDOS"


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
    "salt-twice": System(SALT, ("Na", "Cl"), FCC.format(h=2.82) + "\nMULTIPLE_UNIT_CELL 2 1 1", periodic=True),
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
            f"&KIND {kind}\n"
            f"{self.kind or _basis(system.element(kind), ghost=kind == 'GH')}\n"
            f"{f'ELEMENT {system.element(kind)}' if kind in system.elements and kind != 'GH' else ''}\n&END KIND\n"
            for kind in system.kinds
        )
        coord = f"&COORD\n{system.atoms}\n&END COORD" if self.coord is None else self.coord
        poisson = "" if system.periodic else "&POISSON\n PERIODIC NONE\n PSOLVER WAVELET\n&END POISSON"
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
            f"&SUBSYS\n&CELL\n{system.cell}\n&END CELL\n{coord}\n{kinds}{self.subsys}\n&END SUBSYS\n"
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


def _basis(element: str, *, ghost: bool) -> str:
    if ghost:
        return "BASIS_SET DZVP-MOLOPT-SR-GTH\nGHOST\nELEMENT H"
    return "BASIS_SET DZVP-MOLOPT-SR-GTH\nPOTENTIAL GTH-PBE"


def _steps(kind: str, n_steps: int, more: str = "") -> str:
    optimiser = f"&{kind}\nMAX_ITER {n_steps}\n OPTIMIZER BFGS\n&END {kind}"
    if kind == "MD":
        optimiser = f"&MD\nENSEMBLE NVE\nSTEPS {n_steps}\nTIMESTEP 0.5\nTEMPERATURE 300\n&END MD"
    return f"{optimiser}\n{more}"


def _trajectory(more: str) -> str:
    return f"&PRINT\n&TRAJECTORY\n{more}\n&END TRAJECTORY\n&END PRINT"


def _topology(form: str, name: str) -> str:
    return f"&TOPOLOGY\nCOORD_FILE_FORMAT {form}\nCOORD_FILE_NAME {name}\n&END TOPOLOGY"


ATOMS = lists("1", "2", "3")
XYZ = f"3\n\n{WATER}\n"
PDB = (
    "REMARK water\nCRYST1    7.000    7.000    7.000  90.00  90.00  90.00 P 1           1\n"
    "ATOM      1  O   HOH     1       3.500   3.500   3.300  1.00  0.00           O\n"
    "ATOM      2  H   HOH     1       4.260   3.500   3.890  1.00  0.00           H\n"
    "ATOM      3  H   HOH     1       2.740   3.500   3.890  1.00  0.00           H\nEND\n"
)
CIF = (
    "data_water\n_cell_length_a 7.0\n_cell_length_b 7.0\n_cell_length_c 7.0\n"
    "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n"
    "_symmetry_space_group_name_H-M 'P 1'\n"
    "loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n"
    "loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n"
    "_atom_site_fract_z\nO1 O 0.5 0.5 0.4714285714\nH1 H 0.6085714286 0.5 0.5557142857\n"
    "H2 H 0.3914285714 0.5 0.5557142857\n"
)
SALT_CIF = (
    "data_salt\n_cell_length_a 5.64\n_cell_length_b 5.64\n_cell_length_c 5.64\n"
    "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n"
    "_symmetry_space_group_name_H-M 'P 1'\nloop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n"
    "loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n"
    "_atom_site_fract_z\nNa1 Na 0 0 0\nNa2 Na 0 0.5 0.5\nNa3 Na 0.5 0 0.5\nNa4 Na 0.5 0.5 0\n"
    "Cl1 Cl 0.5 0.5 0.5\nCl2 Cl 0.5 0 0\nCl3 Cl 0 0.5 0\nCl4 Cl 0 0 0.5\n"
)
BOHR = "&COORD\nUNIT bohr\nO 6.6140414 6.6140414 6.2360962\nH 8.0502333 6.6140414 7.3510346\nH 5.1778496 6.6140414 7.3510346\n&END COORD"  # fmt: skip
OPT = Recipe(
    "h2-long", "ot", run_type="GEO_OPT", motion=_steps("GEO_OPT", 2), project="opt", eps_scf="1e-6"
)

RECIPES: dict[str, Recipe] = {
    # orbital transformation
    "ot-plain": Recipe(scf="ot"),
    "ot-nlumo-all": Recipe(scf="ot", prints="&PDOS\nNLUMO -1\nCOMPONENTS\n&END PDOS"),
    "ot-nlumo-3": Recipe(scf="ot", prints="&PDOS\nNLUMO 3\n&END PDOS"),
    "ot-nlumo-none": Recipe(scf="ot", prints="&PDOS\n&END PDOS"),
    "ot-ldos": Recipe(scf="ot", prints=ATOMS),
    "ot-mo": Recipe(scf="ot", prints=MO_FILE),
    "ot-mo-range": Recipe(scf="ot", prints=MO.format(more="MO_INDEX_RANGE 1 8")),
    "ot-mo-range-pdos": Recipe(scf="ot", prints=MO.format(more="MO_INDEX_RANGE 1 8") + "\n" + KINDS),
    "ot-molden": Recipe(scf="ot", prints=MOLDEN),
    # diagonalisation
    "diag-plain": Recipe(),
    "diag-no-empty": Recipe(scf="diag0", prints=KINDS),
    "diag-all": Recipe(prints="\n".join((ATOMS, MO_FILE, MOLDEN, CSR.format(more="")))),
    "mo-output": Recipe(prints=MO_OUT),
    "mo-file": Recipe(prints=MO_FILE),
    "mo-energies-only": Recipe(prints="&MO\nENERGIES\nOCCUPATION_NUMBERS\n&EACH\nQS_SCF 0\n&END EACH\n&END MO"),
    "mo-range": Recipe(prints=MO.format(more="MO_INDEX_RANGE 2 7")),
    "mo-old-words": Recipe(prints="&MO\nEIGENVALUES\nEIGENVECTORS\nOCCUPATION_NUMBERS\nNDIGITS 9\n&EACH\nQS_SCF 0\n&END EACH\n&END MO"),
    "mo-few-digits": Recipe(prints="&MO\nENERGIES\nCOEFFICIENTS\nOCCUPATION_NUMBERS\n&END MO"),
    "molden": Recipe(prints=MOLDEN),
    "csr-text": Recipe(prints=CSR.format(more="")),
    "csr-binary-upper": Recipe(prints=CSR.format(more="BINARY\nUPPER_TRIANGULAR")),
    "ldos-group": Recipe(prints=lists("1 2 3")),
    "ldos-groups-and-atom": Recipe(prints=lists("1", "2..3")),
    "ldos-components": Recipe(prints=lists("1", "2", "3", more="COMPONENTS", pdos="COMPONENTS")),
    "ldos-backwards": Recipe(prints=lists("3", "2", "1")),
    "ldos-r": Recipe(prints=KINDS.replace("NLUMO -1", "NLUMO -1\n&R_LDOS\nLIST 1\nXRANGE -2 2\nYRANGE -2 2\nZRANGE -2 2\nERANGE -1.0 0.5\n&END R_LDOS")),
    "pdos-filename": Recipe(prints="&PDOS\nNLUMO -1\nFILENAME density\n&END PDOS"),
    # how much is printed, and names
    "level-silent": Recipe(level="SILENT", prints=KINDS),
    "level-low": Recipe(level="LOW", prints=ATOMS),
    "level-high": Recipe(level="HIGH", prints=KINDS),
    "name-blank": Recipe(project='"water dos"', prints=ATOMS),
    "name-hyphens": Recipe(project="water-1-k1-1", prints=ATOMS),
    "name-dots": Recipe(project="water.pbe.v2", prints=MO_FILE),
    # basis, kinds
    "gapw": Recipe(
        dft="BASIS_SET_FILE_NAME EMSL_BASIS_SETS", potentials="ALL_POTENTIALS",
        method="METHOD GAPW",
        kind="BASIS_SET 6-31G*\nPOTENTIAL ALL",
        prints=ATOMS,
    ),
    "kinds-of-element": Recipe("water-labels", prints=ATOMS),
    "kinds-only-of-element": Recipe("water-labels", prints=KINDS),
    "labels-suffix": Recipe("water-suffix", prints=KINDS),
    "kinds-words": Recipe("water-words", prints=ATOMS),
    "kinds-words-wfn": Recipe("water-words"),
    "ghost": Recipe("ghost", prints=lists("1", "2", "3", "4")),
    "ghost-wfn": Recipe("ghost"),
    "bsse": Recipe(
        "two-hf",
        run_type="BSSE",
        extra="&BSSE\n&FRAGMENT\nLIST 1..2\n&END FRAGMENT\n&FRAGMENT\nLIST 3..4\n&END FRAGMENT\n&END BSSE",
        prints=KINDS,
        subsys="&KIND H_ghost\nBASIS_SET DZVP-MOLOPT-SR-GTH\nGHOST\nELEMENT H\n&END KIND\n&KIND F_ghost\nBASIS_SET DZVP-MOLOPT-SR-GTH\nGHOST\nELEMENT F\n&END KIND",
        truth="two-hf",
    ),
    "two-hf": Recipe("two-hf", prints=KINDS),
    "local-basis": Recipe(
        dft="BASIS_SET_FILE_NAME ./my_basis",
        kind="BASIS_SET MINE\nPOTENTIAL GTH-PBE",
        files={"my_basis": "".join(
            f"{element} MINE\n2\n1 0 1 2 1 1\n8.0 0.1 0.05\n1.0 0.6 0.8\n2 2 2 1 1\n0.8 1.0\n"
            for element in ("O", "H"))},
    ),
    "all-electron-one-file": Recipe("hf", dft="BASIS_SET_FILE_NAME EMSL_BASIS_SETS", potentials="ALL_POTENTIALS", method="METHOD GAPW",
        kind="BASIS_SET 6-31G*\nPOTENTIAL ALL", prints=MOLDEN),
    # spins and charges
    "uks-triplet": Recipe("o2", dft="UKS\nMULTIPLICITY 3", prints=lists("1", "2")),
    "uks-triplet-wfn": Recipe("o2", dft="UKS\nMULTIPLICITY 3"),
    "uks-triplet-mo": Recipe("o2", dft="UKS\nMULTIPLICITY 3", prints=MO_FILE),
    "uks-triplet-mo-output": Recipe("o2", dft="UKS\nMULTIPLICITY 3", prints=MO_OUT),
    "uks-triplet-molden": Recipe("o2", dft="UKS\nMULTIPLICITY 3", prints=MOLDEN),
    "uks-ot": Recipe("o2", scf="ot", dft="UKS\nMULTIPLICITY 3", prints=KINDS),
    "uks-singlet": Recipe(dft="LSD", prints=KINDS),
    "roks": Recipe("o2", SCF["ot"].replace("&END OT", "ROTATION\n&END OT"), dft="ROKS\nMULTIPLICITY 3", prints=KINDS),
    "hydroxide": Recipe("oh", dft="CHARGE -1", prints=ATOMS.replace("&LDOS\n LIST 3\n \n&END LDOS", "")),
    "hydroxyl": Recipe("oh", "ot", dft="LSD\nCHARGE 0\nMULTIPLICITY 2", prints=KINDS),
    "smear": Recipe("na4", "smear", prints=lists("1", "2", "3", "4")),
    "smear-wfn": Recipe("na4", "smear"),
    "smear-uks": Recipe("na4", "smear", dft="UKS", prints=KINDS + "\n" + MOLDEN),
    "smear-uks-triplet": Recipe("na4", "smear", dft="UKS\nMULTIPLICITY 3", prints=MO_FILE),
    # other methods
    "xtb": Recipe(method="METHOD xTB\n&xTB\nDO_EWALD F\n&END xTB", prints=KINDS),
    "dftb": Recipe(
        method="METHOD DFTB\n&DFTB\nSELF_CONSISTENT T\nDO_EWALD F\n&PARAMETER\n"
        "PARAM_FILE_PATH DFTB/scc\nPARAM_FILE_NAME scc_parameter\n&END PARAMETER\n&END DFTB",
        truth="none",
    ),
    # periodic
    "salt": Recipe("salt", prints=lists("1", "2")),
    "salt-wfn": Recipe("salt"),
    "salt8-ot": Recipe("salt8", "ot", prints=KINDS),
    "mgo-csr": Recipe("mgo", prints=CSR.format(more="")),
    "silicon": Recipe("si", prints=MO_FILE),
    "k-points": Recipe("si", dft="&KPOINTS\nSCHEME MONKHORST-PACK 2 2 2\n&END KPOINTS", prints=KINDS, truth="none"),
    # geometries
    "opt": OPT,
    "opt-pdos": Recipe(run_type="GEO_OPT", motion=_steps("GEO_OPT", 3), prints=KINDS),
    "opt-pdos-append": Recipe(run_type="GEO_OPT", motion=_steps("GEO_OPT", 3), prints=lists("1", "2", "3", pdos="APPEND")),
    "opt-ldos": Recipe(run_type="GEO_OPT", motion=_steps("GEO_OPT", 3), prints=ATOMS),
    "opt-mo": Recipe(run_type="GEO_OPT", motion=_steps("GEO_OPT", 3), prints=MO_OUT),
    "opt-molden": Recipe(run_type="GEO_OPT", motion=_steps("GEO_OPT", 3), prints=MOLDEN),
    "opt-each": Recipe("h2-long", run_type="GEO_OPT", motion=_steps("GEO_OPT", 4, _trajectory("&EACH\nGEO_OPT 3\n&END EACH"))),
    "opt-bohr": Recipe("h2-long", run_type="GEO_OPT", motion=_steps("GEO_OPT", 2, _trajectory("UNIT bohr"))),
    "opt-pdb": Recipe("h2-long", run_type="GEO_OPT", motion=_steps("GEO_OPT", 2, _trajectory("FORMAT PDB"))),
    "opt-dcd": Recipe("h2-long", run_type="GEO_OPT", motion=_steps("GEO_OPT", 2, _trajectory("FORMAT DCD"))),
    "opt-xmol": Recipe("h2-long", run_type="GEO_OPT", motion=_steps("GEO_OPT", 2, _trajectory("FORMAT XMOL"))),
    "opt-no-trajectory": Recipe("h2-long", run_type="GEO_OPT", motion=_steps("GEO_OPT", 2, "&PRINT\n&TRAJECTORY OFF\n&END TRAJECTORY\n&END PRINT")),
    "opt-low": Recipe(level="LOW", run_type="GEO_OPT", motion=_steps("GEO_OPT", 3), prints=ATOMS),
    "cell-opt": Recipe("salt", run_type="CELL_OPT", extra="STRESS_TENSOR ANALYTICAL", motion=_steps("CELL_OPT", 2)),
    "cell-opt-kinds": Recipe("mgo", run_type="CELL_OPT", extra="STRESS_TENSOR ANALYTICAL", motion=_steps("CELL_OPT", 2), prints=KINDS),
    "md": Recipe("h2-long", run_type="MD", motion=_steps("MD", 4)),
    "md-pdos": Recipe("h2-long", run_type="MD", motion=_steps("MD", 4), prints="&PDOS\nNLUMO -1\n&EACH\nMD 2\n&END EACH\n&END PDOS"),
    "forces": Recipe(run_type="ENERGY_FORCE", scf=SCF["ot"].replace("1e-7", "1e-4"), eps_scf="1e-4", prints=KINDS, glob="", extra="&PRINT\n&FORCES\n&END FORCES\n&END PRINT"),
    "chain": Recipe("h2-long", before=OPT),
    "chain-restart": Recipe("h2-long", before=OPT, tail="&EXT_RESTART\nRESTART_FILE_NAME opt-1.restart\n&END EXT_RESTART\n"),
    "restart-same-project": Recipe("h2-long", project="opt", before=OPT, dft="WFN_RESTART_FILE_NAME opt-RESTART.wfn", prints=lists("1", "2"), scf="SCF_GUESS RESTART\n" + SCF["diag"]),
    "chain-pdos": Recipe("h2-long", project="dos", before=OPT, prints=lists("1", "2"), dft="WFN_RESTART_FILE_NAME opt-RESTART.wfn", scf="SCF_GUESS RESTART\n" + SCF["diag"]),
    # where the coordinates stand
    "coord-bohr": Recipe(coord=BOHR),
    "coord-scaled": Recipe(coord="&COORD\nSCALED\nO 1/2 1/2 33/70\nH 213/350 1/2 389/700\nH 137/350 1/2 389/700\n&END COORD"),
    "coord-xyz": Recipe(coord=_topology("XYZ", "water.xyz"), files={"water.xyz": XYZ}),
    "coord-pdb": Recipe(coord=_topology("PDB", "water.pdb"), files={"water.pdb": PDB}),
    "coord-cif": Recipe(coord=_topology("CIF", "water.cif"), files={"water.cif": CIF}),
    "coord-include": Recipe(head="@SET WHERE atoms.inc\n", coord="&COORD\n@INCLUDE ${WHERE}\n&END COORD", files={"atoms.inc": WATER + "\n"}),
    "coord-project-variable": Recipe(head="@SET NAME water\n", project="${NAME}-pbe", prints=KINDS),
    "coord-centred": Recipe(coord=f"&COORD\n{WATER}\n&END COORD\n&TOPOLOGY\n&CENTER_COORDINATES\n&END CENTER_COORDINATES\n&END TOPOLOGY"),
    "unit-cells": Recipe("salt-twice", coord=f"&COORD\n{SALT}\n&END COORD\n&TOPOLOGY\nMULTIPLE_UNIT_CELL 2 1 1\n&END TOPOLOGY"),
    # further habits
    "wfn-filename": Recipe(scf="&PRINT\n&RESTART\nFILENAME ./saved\n&END RESTART\n&END PRINT\n" + SCF["diag"]),
    "ot-cubes": Recipe(scf="ot", prints="&MO_CUBES\nNLUMO 2\nNHOMO 2\nWRITE_CUBE F\n&END MO_CUBES"),
    "ot-cubes-pdos": Recipe(scf="ot", prints="&MO_CUBES\nNLUMO 2\nNHOMO 2\nWRITE_CUBE F\n&END MO_CUBES\n" + KINDS),
    "added-of-spins": Recipe("o2", scf=SCF["diag"].replace("ADDED_MOS 6", "ADDED_MOS 2 5"), dft="UKS\nMULTIPLICITY 3", prints=KINDS),
    "added-of-spins-wfn": Recipe("o2", scf=SCF["diag"].replace("ADDED_MOS 6", "ADDED_MOS 2 5"), dft="UKS\nMULTIPLICITY 3"),
    "smear-fixed-moment": Recipe("o2", SCF["smear"].replace("&END SMEAR", "FIXED_MAGNETIC_MOMENT 2\n&END SMEAR"), dft="UKS\nMULTIPLICITY 3", prints=KINDS),
    "lone-electron": Recipe("h2", dft="UKS\nCHARGE 1\nMULTIPLICITY 2", prints=KINDS),
    "hydride": Recipe("lih", prints=MO_OUT),
    "upper-case": Recipe("salt-upper", prints=KINDS),
    "upper-case-lists": Recipe("salt-upper", prints=lists("1", "2")),
    "cell-angles": Recipe("si-angles", prints=MOLDEN),
    "cell-cif": Recipe("salt8-cif", scf="ot", coord=_topology("CIF", "salt.cif"), files={"salt.cif": SALT_CIF}, prints=KINDS),
    "cell-cif-wfn": Recipe("salt8-cif", coord=_topology("CIF", "salt.cif"), files={"salt.cif": SALT_CIF}),
    # runs that went wrong
    "not-converged": Recipe(max_scf=2, prints=ATOMS, truth="none"),
    "aborted": Recipe(prints=ATOMS, kind="BASIS_SET NO-SUCH-BASIS\nPOTENTIAL GTH-PBE", truth="none"),
}  # fmt: skip
