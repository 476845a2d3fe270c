"""A sound CP2K input, the files it needs, and mistakes of meaning planted in it one by one."""

from typing import NamedTuple

BASIS = """\
Pb DZVP-MOLOPT-SR-GTH-q4 DZVP-MOLOPT-SR-GTH
 1
 2 0 2 1 2 2 1
  1.93 .1 .2 .3 .4 .5
S DZVP-MOLOPT-SR-GTH-q6 DZVP-MOLOPT-SR-GTH
 1
 2 0 2 1 2 2 1
  2.22 .1 .2 .3 .4 .5
H DZVP-MOLOPT-SR-GTH-q1 DZVP-MOLOPT-SR-GTH
 1
 2 0 1 1 2 1
  10.07 .1 .2 .3
"""

POTENTIALS = """\
Pb GTH-PBE-q4 GTH-PBE
    2    2
     0.617500000    1    0.753143783
Pb GTH-PBE-q14
    2    2   10
     0.5    1    0.75
Pb GTH-PADE-q4
    2    2
     0.617500000    1    0.753143783
S GTH-PBE-q6 GTH-PBE
    2    4
     0.42000000    1    -5.98626038
H GTH-PBE-q1 GTH-PBE
    1
     0.2    2    -4.17890044     0.72446331
"""

INPUT = """\
&GLOBAL
  PROJECT run
  RUN_TYPE ENERGY
&END GLOBAL
&FORCE_EVAL
  METHOD QUICKSTEP
  &DFT
    BASIS_SET_FILE_NAME BASIS
    POTENTIAL_FILE_NAME POTENTIALS
    CHARGE 0
    &MGRID
      CUTOFF 300
      REL_CUTOFF 50
    &END MGRID
    &QS
      EPS_DEFAULT 1.0E-12
    &END QS
    &POISSON
      PERIODIC NONE
      POISSON_SOLVER WAVELET
    &END POISSON
    &SCF
      EPS_SCF 1.0E-6
      MAX_SCF 30
      &OT
        MINIMIZER DIIS
      &END OT
      &OUTER_SCF
        EPS_SCF 1.0E-6
      &END OUTER_SCF
    &END SCF
    &XC
      &XC_FUNCTIONAL PBE
      &END XC_FUNCTIONAL
    &END XC
    &PRINT
      &PDOS
        &LDOS
          LIST 1..4
        &END LDOS
      &END PDOS
    &END PRINT
  &END DFT
  &SUBSYS
    &CELL
      ABC 12 12 12
      PERIODIC NONE
    &END CELL
    &TOPOLOGY
      COORD_FILE_FORMAT XYZ
      COORD_FILE_NAME atoms.xyz
    &END TOPOLOGY
    &KIND Pb
      BASIS_SET DZVP-MOLOPT-SR-GTH-q4
      POTENTIAL GTH-PBE-q4
    &END KIND
    &KIND S
      BASIS_SET DZVP-MOLOPT-SR-GTH-q6
      POTENTIAL GTH-PBE-q6
    &END KIND
  &END SUBSYS
&END FORCE_EVAL
"""

ATOMS = """\
4
PbS twice
Pb 4.5 4.5 6.0
S  7.5 4.5 6.0
Pb 7.5 7.5 6.0
S  4.5 7.5 6.0
"""

FILES = {"BASIS": BASIS, "POTENTIALS": POTENTIALS, "atoms.xyz": ATOMS, "run.inp": INPUT}

PERIODIC = {"PERIODIC NONE": "PERIODIC XYZ", "POISSON_SOLVER WAVELET": "POISSON_SOLVER PERIODIC"}
DIAGONALIZED = {"&OT\n        MINIMIZER DIIS\n      &END OT": "&DIAGONALIZATION\n      &END"}
POLARISED = {"CHARGE 0": "CHARGE 0\n    UKS T"}
SMEARED = "&SMEAR\n        METHOD FERMI_DIRAC\n      &END SMEAR"
KPOINTS = "&KPOINTS\n      SCHEME MONKHORST-PACK 2 2 1\n    &END KPOINTS"
CRYSTAL = {**PERIODIC, **DIAGONALIZED, "&XC\n": f"{KPOINTS}\n    &XC\n"}
GAPW = {"EPS_DEFAULT 1.0E-12": "EPS_DEFAULT 1.0E-12\n      METHOD GAPW"}
ADMM = "&AUXILIARY_DENSITY_MATRIX_METHOD\n    &END"
DISPERSION = (
    "&VDW_POTENTIAL\nPOTENTIAL_TYPE PAIR_POTENTIAL\n&PAIR_POTENTIAL\nTYPE DFTD3\n"
    "PARAMETER_FILE_NAME BASIS\n&END\n&END"
)


class Mistake(NamedTuple):
    """A mistake: its name, what it replaces in which file, and words of line, finding, remedy."""

    name: str
    changes: dict[str, str]
    line: str
    words: str
    remedy: str
    severity: str = "error"
    file: str = "run.inp"


def after(text: str, more: str) -> dict[str, str]:
    """Put more behind a text."""
    return {text: f"{text}\n      {more}"}


def hybrid(potential: str) -> dict[str, str]:
    """Put exact exchange with a potential behind the functional, in a periodic cell."""
    section = f"&END XC_FUNCTIONAL\n      &HF\n{potential}\n      &END HF"
    return {**PERIODIC, "&END XC_FUNCTIONAL": section}


def symmetric(cell: str, symmetry: str) -> dict[str, str]:
    """Put a periodic cell with a symmetry in place of the box."""
    return {**PERIODIC, "ABC 12 12 12": f"{cell}\n      SYMMETRY {symmetry}"}


MISTAKES = [
    Mistake(
        "OT and diagonalisation",
        after("&SCF", "&DIAGONALIZATION\n      &END"),
        "&DIAGONALIZATION",
        "exclude each other",
        "take out one",
    ),
    Mistake(
        "OT with ADDED_MOS", after("&SCF", "ADDED_MOS 5"), "ADDED_MOS 5", "no OT", "take it out"
    ),
    Mistake("OT with smearing", after("&SCF", SMEARED), "&SMEAR", "can't be smeared", "take out"),
    Mistake(
        "smearing without empty states",
        {**DIAGONALIZED, "MAX_SCF 30": f"MAX_SCF 30\n      {SMEARED}"},
        "&SMEAR",
        "needs empty states",
        "set ADDED_MOS",
    ),
    Mistake(
        "OT with k-points",
        {**PERIODIC, "&XC\n": f"{KPOINTS}\n    &XC\n"},
        "&OT",
        "no OT with k-points",
        "&DIAGONALIZATION",
    ),
    Mistake(
        "noise",
        {"EPS_DEFAULT 1.0E-12": "EPS_DEFAULT 1.0E-9"},
        "EPS_DEFAULT",
        "too coarse",
        "1e-12 or less",
        "warning",
    ),
    Mistake(
        "outer loop tighter than the inner",
        {"&OUTER_SCF\n        EPS_SCF 1.0E-6": "&OUTER_SCF\n        EPS_SCF 1.0E-8"},
        "EPS_SCF 1.0E-8",
        "each inner one ends at",
        "the same EPS_SCF",
        "warning",
    ),
    Mistake("odd electrons", {"CHARGE 0": "CHARGE 1"}, "CHARGE 1", "19 electrons, an odd", "UKS T"),
    Mistake(
        "multiplicity of the wrong parity",
        {"CHARGE 0": "UKS T\n    MULTIPLICITY 2"},
        "MULTIPLICITY 2",
        "impossible with 20 electrons",
        "odd one",
    ),
    Mistake(
        "multiplicity beyond the electrons",
        {"CHARGE 0": "UKS T\n    MULTIPLICITY 23"},
        "MULTIPLICITY 23",
        "there are 20",
        "smaller",
    ),
    Mistake(
        "multiplicity without spin",
        {"CHARGE 0": "MULTIPLICITY 3"},
        "MULTIPLICITY 3",
        "no effect",
        "UKS T",
    ),
    Mistake(
        "more empty states than basis functions",
        {**DIAGONALIZED, "MAX_SCF 30": "MAX_SCF 30\n      ADDED_MOS 500"},
        "ADDED_MOS 500",
        "only 42",
        "ADDED_MOS 42",
        "warning",
    ),
    Mistake(
        "virtual states of OT",
        {"&PDOS\n": "&MO\n        MO_INDEX_RANGE 1 20\n      &END MO\n      &PDOS\n"},
        "MO_INDEX_RANGE",
        "wrong energies past the highest occupied state, 10",
        "&DIAGONALIZATION",
        "warning",
    ),
    Mistake(
        "periodicity of cell and solver",
        {"ABC 12 12 12\n      PERIODIC NONE": "ABC 12 12 12"},
        "PERIODIC NONE",
        "PERIODIC is XYZ in &CELL, but NONE",
        "the same",
        "warning",
    ),
    Mistake(
        "solver for crystals",
        {"POISSON_SOLVER WAVELET": "POISSON_SOLVER PERIODIC"},
        "POISSON_SOLVER",
        "knows only XYZ",
        "WAVELET",
    ),
    Mistake("box not cubic", {"12 12 12": "12 12 14"}, "POISSON_SOLVER", "cubic cell", "3*14"),
    Mistake(
        "box not rectangular",
        {"ABC 12 12 12": "ABC 12 12 12\n      ALPHA_BETA_GAMMA 90 90 80"},
        "POISSON_SOLVER",
        "right angles",
        "change the cell",
    ),
    Mistake(
        "wavelets for a slab",
        {"PERIODIC NONE": "PERIODIC XY"},
        "POISSON_SOLVER",
        "knows NONE, XZ and XYZ",
        "turn",
    ),
    Mistake(
        "MT in a small box",
        {"12 12 12": "5 5 5", "WAVELET": "MT"},
        "&CELL",
        "smaller than twice the 3.00 Å",
        "6.00 Å",
    ),
    Mistake(
        "MT for a crystal",
        {**PERIODIC, "POISSON_SOLVER WAVELET": "POISSON_SOLVER MT"},
        "&CELL",
        "knows NONE and two",
        "PERIODIC",
    ),
    Mistake("atoms outside", {"12 12 12": "7 7 7"}, "COORD_FILE_NAME", "0.50 Å outside", "larger"),
    Mistake("tight box", {"12 12 12": "9 9 9"}, "COORD_FILE_NAME", "1.50 Å", "2 Å", "warning"),
    Mistake(
        "atoms on top of each other",
        {"S  4.5 7.5": "S  4.7 4.5"},
        "COORD_FILE_NAME",
        "Pb 1 and S 4 are 0.20 Å apart",
        "mend the coordinates",
        file="atoms.xyz",
    ),
    Mistake(
        "contact through the cell",
        {**PERIODIC, "12 12 12": "3.7 12 12"},
        "COORD_FILE_NAME",
        "0.70 Å apart",
        "the cell",
    ),
    Mistake("no cell", {"ABC 12 12 12": ""}, "&CELL", "no size", "give ABC"),
    Mistake("flat cell", {"12 12 12": "12 0 12"}, "&CELL", "no volume", "vectors"),
    Mistake(
        "no kind", {"S  4.5": "H  4.5"}, "COORD_FILE_NAME", "no &KIND H", "add", file="atoms.xyz"
    ),
    Mistake(
        "kind of no atom",
        {"&KIND S": "&KIND H\n      BASIS_SET DZVP-MOLOPT-SR-GTH-q1\n    &END KIND\n    &KIND S"},
        "&KIND H",
        "no atom is of &KIND H",
        "take it out",
        "warning",
    ),
    Mistake(
        "unknown basis set",
        {"DZVP-MOLOPT-SR-GTH-q6": "DZVP-MOLOP-SR-GTH-q6"},
        "BASIS_SET DZVP-MOLOP-",
        "no basis set DZVP-MOLOP-SR-GTH-Q6 for S",
        "DZVP-MOLOPT-SR-GTH-Q6",
    ),
    Mistake(
        "unknown potential",
        {"GTH-PBE-q6": "GTH-PBE-q5"},
        "POTENTIAL GTH-PBE-q5",
        "no potential GTH-PBE-Q5 for S",
        "GTH-PBE-Q6",
    ),
    Mistake(
        "electrons of basis set and potential",
        {"GTH-PBE-q4\n": "GTH-PBE-q14\n"},
        "BASIS_SET DZVP-MOLOPT-SR-GTH-q4",
        "made for 4 electrons, but the potential has 14",
        "same q",
    ),
    Mistake(
        "all electrons on the grid",
        {"POTENTIAL GTH-PBE-q6": "POTENTIAL ALL"},
        "POTENTIAL ALL",
        "needs METHOD GAPW",
        "GTH",
    ),
    Mistake(
        "potential of another functional",
        {"POTENTIAL GTH-PBE-q4": "POTENTIAL GTH-PADE-q4"},
        "POTENTIAL GTH-PADE-q4",
        "made for LDA functionals, not for PBE",
        "GTH-PBE",
        "warning",
    ),
    Mistake("no coordinates", {"NAME atoms": "NAME atom"}, "COORD_FILE_NAME", "not there", "name"),
    Mistake("no basis file", {"NAME BASIS": "NAME BASE"}, "NAME BASE", "basis sets BASE", "beside"),
    Mistake("no potentials", {"NAME POT": "NAME PET"}, "NAME PET", "PETENTIALS is not", "beside"),
    Mistake(
        "cut-off coordinates",
        {"4\n": "5\n"},
        "COORD_FILE_NAME",
        "5 atoms",
        "mend",
        file="atoms.xyz",
    ),
    Mistake(
        "atoms from two places",
        {"&KIND Pb": "&COORD\n      Pb 4 4 4\n      Pb 6 6 6\n    &END COORD\n    &KIND Pb"},
        "&COORD",
        "2 atoms stand here and 4 in the file",
        "keep one",
    ),
    Mistake("no atoms", {"COORD_FILE_NAME atoms.xyz": ""}, "&SUBSYS", "no atoms", "add &COORD"),
    Mistake("list beyond the atoms", {"1..4": "1..5"}, "LIST 1..5", "atom 5, but", "take it out"),
    Mistake("list from zero", {"1..4": "0 1"}, "LIST 0 1", "atom 0", "from 1"),
    Mistake("list of nothing", {"LIST 1..4\n": "\n"}, "&LDOS", "without LIST", "add LIST"),
    Mistake("coarse grid", {"CUTOFF 300": "CUTOFF 90"}, "CUTOFF 90", "111 Ry", "111 Ry", "warning"),
    Mistake(
        "grids the wrong way round",
        {"REL_CUTOFF 50": "REL_CUTOFF 400"},
        "REL_CUTOFF 400",
        "larger than CUTOFF",
        "40 to 60",
        "warning",
    ),
    Mistake(
        "k-points through the vacuum",
        {**DIAGONALIZED, "PERIODIC NONE": "PERIODIC XZ", "&XC\n": f"{KPOINTS}\n    &XC\n"},
        "SCHEME",
        "2 k-points along B",
        "give 1",
    ),
    Mistake(
        "cell relaxation without stress",
        {"RUN_TYPE ENERGY": "RUN_TYPE CELL_OPT", **PERIODIC},
        "&FORCE_EVAL",
        "needs the stress tensor",
        "STRESS_TENSOR ANALYTICAL",
    ),
    Mistake(
        "relaxation that is not run",
        {"&FORCE_EVAL\n": "&MOTION\n&GEO_OPT\n&END\n&END\n&FORCE_EVAL\n"},
        "&GEO_OPT",
        "RUN_TYPE is ENERGY",
        "RUN_TYPE GEO_OPT",
        "warning",
    ),
    Mistake(
        "exact exchange of all images",
        hybrid(""),
        "&HF",
        "counts images",
        "TRUNCATED",
        "warning",
    ),
    Mistake(
        "exact exchange beyond the cell",
        hybrid(
            "&INTERACTION_POTENTIAL\nPOTENTIAL_TYPE TRUNCATED\nCUTOFF_RADIUS 7\n"
            "T_C_G_DATA BASIS\n&END"
        ),
        "CUTOFF_RADIUS 7",
        "not below half of the cell, 6.00 Å",
        "larger",
        "warning",
    ),
    Mistake(
        "no file of dispersion",
        {
            "&END XC_FUNCTIONAL": "&END XC_FUNCTIONAL\n&VDW_POTENTIAL\n"
            "POTENTIAL_TYPE PAIR_POTENTIAL\n&PAIR_POTENTIAL\nTYPE DFTD3\n"
            "PARAMETER_FILE_NAME d3.dat\n&END\n&END"
        },
        "PARAMETER_FILE_NAME",
        "file of dispersion d3.dat",
        "mend its name",
    ),
    Mistake(
        "no potential",
        {"      POTENTIAL GTH-PBE-q6\n": ""},
        "&KIND S",
        "S has no potential",
        "GTH-PBE-q6",
    ),
    Mistake(
        "all electrons in a basis set of the valence electrons",
        {**GAPW, "POTENTIAL GTH-PBE-q6": "POTENTIAL ALL"},
        "POTENTIAL ALL",
        "for the valence electrons alone",
        "all-electron basis set",
    ),
    Mistake(
        "hexagonal cell of 120 degrees",
        symmetric("ABC 12 12 12\n      ALPHA_BETA_GAMMA 90 90 120", "HEXAGONAL"),
        "SYMMETRY HEXAGONAL",
        "12, 12, 12, 90, 90, 120 into 12, 12, 12, 90, 90, 60",
        "leave SYMMETRY out",
    ),
    Mistake(
        "cell that is not cubic",
        symmetric("ABC 12 12.5 13", "CUBIC"),
        "SYMMETRY CUBIC",
        "into 12.5, 12.5, 12.5",
        "leave SYMMETRY out",
    ),
    Mistake(
        "tetragonal about another axis",
        symmetric("ABC 12 13 13", "TETRAGONAL"),
        "SYMMETRY TETRAGONAL",
        "into 12.5, 12.5, 13",
        "leave SYMMETRY out",
    ),
    Mistake(
        "monoclinic about another axis",
        symmetric("ABC 12 12 12\n      ALPHA_BETA_GAMMA 90 90 95", "MONOCLINIC"),
        "SYMMETRY MONOCLINIC",
        "90, 90, 95 into 12, 12, 12, 90, 90, 90",
        "leave SYMMETRY out",
    ),
    Mistake(
        "cell that is turned",
        symmetric("A 0 12 0\n      B 12.5 0 0\n      C 0 0 13", "ORTHORHOMBIC"),
        "SYMMETRY ORTHORHOMBIC",
        "the directions of the vectors",
        "leave SYMMETRY out",
    ),
    Mistake(
        "exact exchange with k-points",
        {**DIAGONALIZED, **hybrid(""), "&XC\n": f"{KPOINTS}\n    &XC\n"},
        "&HF",
        "no exact exchange with k-points",
        "supercell",
    ),
    Mistake(
        "DFT+U with k-points",
        {
            **CRYSTAL,
            "POTENTIAL GTH-PBE-q4": "&DFT_PLUS_U\n L 1\n U_MINUS_J 0.1\n&END\nPOTENTIAL GTH-PBE-q4",
        },
        "&DFT_PLUS_U",
        "no DFT+U with k-points",
        "supercell",
    ),
    Mistake(
        "another diagonalisation with k-points",
        {**CRYSTAL, "&DIAGONALIZATION": "&DIAGONALIZATION\n ALGORITHM DAVIDSON"},
        "ALGORITHM DAVIDSON",
        "no Davidson diagonalisation with k-points",
        "STANDARD",
    ),
    Mistake(
        "window of energies with k-points",
        {
            **CRYSTAL,
            "MAX_SCF 30": "MAX_SCF 30\nADDED_MOS 4\n&SMEAR\nWINDOW_SIZE 0.1\n&END",
        },
        "&SMEAR",
        "no METHOD ENERGY_WINDOW",
        "FERMI_DIRAC",
    ),
    Mistake(
        "moment with k-points",
        {
            **CRYSTAL,
            **POLARISED,
            "MAX_SCF 30": "MAX_SCF 30\nADDED_MOS 4\n&SMEAR\nMETHOD FERMI_DIRAC\n"
            "FIXED_MAGNETIC_MOMENT 2\n&END",
        },
        "FIXED_MAGNETIC_MOMENT",
        "can't keep the moment",
        "take it out",
    ),
    Mistake(
        "projections with k-points", CRYSTAL, "&PDOS", "leaves out &PDOS", "supercell", "warning"
    ),
    Mistake(
        "projections at the gamma point by name",
        {**CRYSTAL, "&XC\n": "&KPOINTS\n      SCHEME GAMMA\n    &END\n    &XC\n"},
        "&PDOS",
        "leaves out &PDOS",
        "supercell",
        "warning",
    ),
    Mistake(
        "Molden file with k-points",
        {**CRYSTAL, "&PDOS\n": "&MO_MOLDEN\n&END\n&PDOS\n"},
        "&MO_MOLDEN",
        "leaves out &MO_MOLDEN",
        "supercell",
        "warning",
    ),
    Mistake(
        "projections of linear scaling",
        {"EPS_DEFAULT 1.0E-12": "EPS_DEFAULT 1.0E-12\n      LS_SCF"},
        "&PDOS",
        "with LS_SCF (line 17) CP2K leaves out &PDOS",
        "in place of LS_SCF",
        "warning",
    ),
    Mistake(
        "diagonalisation without mixing",
        {**DIAGONALIZED, "MAX_SCF 30": "MAX_SCF 30\n&MIXING\nMETHOD NONE\n&END"},
        "METHOD NONE",
        "without mixing",
        "BROYDEN_MIXING",
    ),
    Mistake(
        "mixing of a semi-empirical method",
        {
            **DIAGONALIZED,
            "EPS_DEFAULT 1.0E-12": "METHOD PM6",
            "MAX_SCF 30": "MAX_SCF 30\n&MIXING\nMETHOD BROYDEN_MIXING\n&END",
        },
        "METHOD BROYDEN_MIXING",
        "no BROYDEN_MIXING with METHOD PM6",
        "DIRECT_P_MIXING",
    ),
    Mistake(
        "projections of a semi-empirical method",
        {"EPS_DEFAULT 1.0E-12": "METHOD PM6"},
        "&PDOS",
        "with METHOD PM6 CP2K leaves out",
        "GFN1-xTB",
        "warning",
    ),
    Mistake(
        "ROKS, diagonalised",
        {
            **DIAGONALIZED,
            "CHARGE 0": "ROKS\n    MULTIPLICITY 3",
            "MAX_SCF 30": "MAX_SCF 30\n&MIXING\nMETHOD PULAY_MIXING\n&END",
        },
        "METHOD PULAY_MIXING",
        "crashes where ROKS",
        "UKS in place",
    ),
    Mistake(
        "ROKS by OT that does not rotate",
        {"CHARGE 0": "ROKS\n    MULTIPLICITY 3"},
        "&OT",
        "does not rotate",
        "ROTATION T",
    ),
    Mistake(
        "ROKS with smearing",
        {
            **DIAGONALIZED,
            "CHARGE 0": "ROKS\n    MULTIPLICITY 3",
            "MAX_SCF 30": f"MAX_SCF 30\nADDED_MOS 5\n{SMEARED}",
        },
        "&SMEAR",
        "no smearing with ROKS",
        "UKS in place",
    ),
    Mistake(
        "ADMM without its basis set",
        {**hybrid(""), "&QS": f"{ADMM}\n    &QS"},
        "&KIND Pb",
        "no auxiliary basis set",
        "AUX_FIT",
    ),
    Mistake(
        "ADMM, purified, without OT",
        {**hybrid(""), **DIAGONALIZED, "&QS": f"{ADMM}\n    &QS"},
        "&AUXILIARY",
        "MO_DIAG, CP2K's default, needs OT",
        "METHOD NONE",
    ),
    Mistake(
        "ADMM with charges constrained, purified",
        {
            **hybrid(""),
            "&QS": ADMM.replace(
                "\n", "\nMETHOD CHARGE_CONSTRAINED_PROJECTION\nADMM_PURIFICATION_METHOD CAUCHY\n"
            )
            + "\n    &QS",
        },
        "CAUCHY",
        "goes with no purification",
        "METHOD NONE",
    ),
    Mistake(
        "dispersion without a functional",
        {"&END XC_FUNCTIONAL": f"&END XC_FUNCTIONAL\n{DISPERSION}"},
        "TYPE DFTD3",
        "whose functional",
        "REFERENCE_FUNCTIONAL PBE",
    ),
    Mistake(
        "dispersion that is not switched on",
        {
            "&END XC_FUNCTIONAL": "&END XC_FUNCTIONAL\n"
            + DISPERSION.replace("POTENTIAL_TYPE PAIR_POTENTIAL\n", "")
        },
        "&PAIR_POTENTIAL",
        "has no effect",
        "POTENTIAL_TYPE PAIR_POTENTIAL",
        "warning",
    ),
    Mistake(
        "no functional theory",
        {INPUT[INPUT.index("  &DFT") : INPUT.index("  &SUBSYS")]: ""},
        "&FORCE_EVAL",
        "needs a &DFT",
        "add it",
    ),
]


def planted(mistake: Mistake) -> dict[str, str]:
    """Return the files with one mistake in them, by name."""
    files = dict(FILES)
    for old, new in mistake.changes.items():
        assert old in files[mistake.file], old
        files[mistake.file] = files[mistake.file].replace(old, new)
    return files
