"""The runs of foreign_folders.py: options of CP2K that people use, one run a line."""

# ruff: noqa: E501  (one run a line)

from __future__ import annotations

from cp2k_recipes import SALT, SCF, WATER, Recipe

# fmt: off
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
BOHR = "&COORD\nUNIT bohr\nO 6.6140414 6.6140414 6.2360962\nH 8.0502333 6.6140414 7.3510346\nH 5.1778496 6.6140414 7.3510346\n&END COORD"

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
    "ghost": Recipe("ghost", prints=lists("1", "2", "3", "4") + "\n" + MOLDEN),
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
    "xtb-csr": Recipe(method="METHOD xTB\n&xTB\nDO_EWALD F\n&END xTB", prints=KINDS + "\n" + CSR.format(more="")),
    # periodic
    "salt": Recipe("salt", prints=lists("1", "2")),
    "salt8-ot": Recipe("salt8", "ot", prints=KINDS),
    "mgo-csr": Recipe("mgo", prints=CSR.format(more="") + "\n" + KINDS),
    "silicon": Recipe("si", prints=MO_FILE + "\n" + KINDS),
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
    "cell-opt": Recipe("salt", run_type="CELL_OPT", extra="STRESS_TENSOR ANALYTICAL", motion=_steps("CELL_OPT", 2), prints=KINDS),
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
    "unit-cells": Recipe("salt-twice", coord=f"&COORD\n{SALT}\n&END COORD\n&TOPOLOGY\nMULTIPLE_UNIT_CELL 2 1 1\n&END TOPOLOGY", prints=KINDS),
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
    "cell-angles": Recipe("si-angles", prints=MOLDEN + "\n" + KINDS),
    "cell-cif": Recipe("salt8-cif", coord=_topology("CIF", "salt.cif"), files={"salt.cif": SALT_CIF}, prints=KINDS),
    # runs that went wrong
    "not-converged": Recipe(max_scf=2, prints=ATOMS, truth="none"),
    "aborted": Recipe(prints=ATOMS, kind="BASIS_SET NO-SUCH-BASIS\nPOTENTIAL GTH-PBE", truth="none"),
}
