"""Recipes of a PbS molecule at many levels of theory, with files of one's own beside them."""

import yaml

from epicarve.workflow.recipes import read_recipe
from epicarve.workflow.tasks.inputs import inputs

MOLECULE = "2\nPbS\nPb 0.0 0.0 0.0\nS 0.0 0.0 2.35\n"
RECIPE = {"structure": {"file": "pbs.xyz", "oxidation_states": {"Pb": 2, "S": -2}}}
TINY = {"cutoff_ry": 80, "rel_cutoff_ry": 30, "vacuum_a": 2.5, "prerelax": None}
OWN = """# even-tempered, one's own
S OWN-GTH-q6
3
2 0 1 1 1 1
 1.6 1.0 1.0
2 0 1 1 1 1
 0.5 1.0 1.0
2 0 1 1 1 1
 0.15 1.0 1.0
"""
VERSIONS = ("2023.1", "2026.2")


def nested(place, value):
    """Sections of a place, the value in the last."""
    for name in reversed(place.split(".")):
        value = {name: value}
    return value


FOUR = {
    "GLOBAL": {"PREFERRED_DIAG_LIBRARY": "SCALAPACK"},
    "FORCE_EVAL": {
        "DFT": {"MGRID": {"NGRIDS": 4}, "QS": {"EXTRAPOLATION": "USE_GUESS"}},
        "SUBSYS": {"KIND": {"_": "Pb", "MASS": 208.0}},
    },
}
GROUP = {
    "method": "GAPW",
    "functional": "HLE17",
    "basis": "DZVP-MOLOPT-GGA-GTH",
    "poisson_solver": "multipole",
    "extra": {
        "FORCE_EVAL": {
            "DFT": {
                "MGRID": {"NGRIDS": 4},
                "SCF": {"OT": {"N_DIIS": 7}},
                "XC": {"XC_GRID": {"XC_DERIV": "SPLINE3"}},
            }
        }
    },
}
SZV = {"basis": "SZV-MOLOPT-SR-GTH"}
LEVELS = {
    "group": GROUP,
    "scan-d3": {**SZV, "functional": "SCAN", "dispersion": "D3(BJ)"},
    "own-basis": {
        "basis": {"S": {"name": "OWN-GTH", "file": "own.basis"}, "others": "SZV-MOLOPT-SR-GTH"}
    },
    "plus-u": {**SZV, "plus_u": {"S": {"l": "p", "u_ev": 2.0}}},
    "four-sections": {**SZV, "extra": FOUR},
    "templates": {**SZV, "templates": "mine"},
    "libxc": {**SZV, "functional": ["XC_MGGA_X_R2SCAN", "MGGA_C_R2SCAN"]},
    "r2scan-d3": {**SZV, "functional": "r2SCAN", "dispersion": "D3(BJ)"},
    "pbe0": {**SZV, "functional": "PBE0"},
    "hse06": {**SZV, "functional": "HSE06", "dispersion": "D3"},
    "b3lyp": {**SZV, "functional": "B3LYP", "method": "gapw"},
    "all-electron": {
        "method": "gapw",
        "basis": {"S": "6-31G*", "others": "SZV-MOLOPT-SR-GTH"},
        "potential": {"S": "ALL"},
    },
    "mgga-basis": {"functional": "SCAN", "basis": "DZVP-MOLOPT-MGGA-GTH"},
    "two-potential-files": {"basis": {"S": "TZVP-MOLOPT-GGA-GTH"}},
}
TEMPLATE = """# A gentler minimiser.
force_eval:
  dft:
    scf:
      eps_scf: ${eps_scf}
      max_scf: 25
      ot: {minimizer: CG, preconditioner: FULL_ALL}
      outer_scf: {eps_scf: "${eps_scf}", max_scf: 10}
"""


def fill(folder):
    """Put a molecule, a basis set and a folder of templates into the folder of a recipe."""
    (folder / "pbs.xyz").write_text(MOLECULE)
    (folder / "own.basis").write_text(OWN)
    (folder / "mine").mkdir()
    (folder / "mine" / "orbital-transformation.yaml").write_text(TEMPLATE)
    return folder


def recipe_of(folder, **level):
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, "cp2k": {**TINY, **level}}))
    return read_recipe(path)


def written(folder, **level):
    """Write the chain of a recipe; inputs by stage."""
    _, stages = inputs(recipe_of(folder, **level), folder / "out")
    return {stage.name: folder / "out" / stage.input for stage in stages}


def once(level):
    """The level with a single step of the SCF in the ground state."""
    extra = level.get("extra", {})
    dft = extra.get("FORCE_EVAL", {}).get("DFT", {})
    scf = {**dft.get("SCF", {}), "MAX_SCF": 1, "OUTER_SCF": {"MAX_SCF": 0}}
    one = {**extra.get("FORCE_EVAL", {}), "DFT": {**dft, "SCF": scf}}
    return {**level, "relax": None, "extra": {**extra, "FORCE_EVAL": one}}
