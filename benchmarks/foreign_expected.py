"""Which folders of foreign_folders.py are to be refused, and with which words; what can't be known.

Each sentence was judged by hand: whether it names the true cause, and a remedy that helps.
"""

from __future__ import annotations

NO_ENERGIES = ("the energies of its orbitals are zero", "&DIAGONALIZATION and ADDED_MOS")
NO_OVERLAP = ("needs an overlap matrix", "or the input of the run")
NO_BASIS = ("the file of basis sets BASIS_OF_OURS is neither beside it nor in CP2K's data",)
NOTHING = ("there are no states in it", "one of which CP2K's last stage writes")
CUT = ("the run was cut off before its end", "run it to its end")
PROJECTS = ("it holds states of several projects", "choose one by --project NAME")
KIND_MISSING = ("the .pdos file of kind 2 of beta states is missing",)
NO_STEP = ("the geometry of the last step", "put the restart file of this run there")
UNCONVERGED = ("the last SCF did not converge", "allow more steps")

EXPECTED: dict[str, tuple[str, ...]] = {
    # whatever else the folder holds
    "*+output-cut": CUT,
    "aborted+no-output": NOTHING,
    "aborted+two-projects-chosen": ("there are no states of project dos in it",),
    "aborted+*": ("CP2K aborted", "NO-SUCH-BASIS"),
    "not-converged+only-*": NO_OVERLAP,
    "not-converged+*": UNCONVERGED,
    "k-points+two-projects-chosen": ("there are no states of project dos in it",),
    "k-points+*": ("k-points", "rerun it at Γ"),
    "*+two-projects": PROJECTS,
    # energies are zero after an orbital transformation
    "ot-plain+no-wfn": NOTHING,
    "ot-plain+*": NO_ENERGIES,
    "ot-molden+*": NO_ENERGIES,
    "ot-mo-range+no-wfn": ("gives wrong energies past the highest occupied state",),
    "ot-mo-range*+*": NO_ENERGIES,
    "ot-nlumo-*+*": NO_ENERGIES,
    "ot-cubes+no-wfn": NOTHING,
    "ot-cubes*+*": NO_ENERGIES,
    "ot-mo+*": NO_ENERGIES,
    "ot-ldos+*": NO_ENERGIES,
    "opt+no-wfn": NOTHING,
    "opt+*": NO_ENERGIES,
    "uks-ot+*": NO_ENERGIES,
    "roks+*": NO_ENERGIES,
    "hydroxyl+*": NO_ENERGIES,
    "forces+*": NO_ENERGIES,
    "salt8-ot+*": NO_ENERGIES,
    # PRINT_LEVEL SILENT leaves projections alone
    "level-silent+no-last-pdos": ("an atom's projection is missing or counted twice",),
    "level-silent+no-*": NOTHING,
    # bases that no file holds, fragments of a run, coordinates in forms that are not read
    "dftb+no-wfn": NOTHING,
    "dftb+no-input*": NO_OVERLAP,
    "dftb+only-*": NO_OVERLAP,
    "xtb*+only-*": NO_OVERLAP,
    "xtb-csr+no-csr": ("METHOD XTB", "add &S_CSR_WRITE"),
    "xtb+*": ("METHOD XTB", "add &S_CSR_WRITE"),
    "dftb+*": ("METHOD DFTB", "add &S_CSR_WRITE"),
    "bsse+no-output": NO_STEP,
    "bsse+no-wfn": ("differ from those of dos-k1-1.pdos",),
    "bsse+only-pdos": ("differ from those of dos-k1-1.pdos",),
    "coord-pdb+no-output": ("of format PDB, which is not read here", "put the main output beside"),
    "coord-cif+no-output": ("of format CIF, which is not read here", "put the main output beside"),
    "coord-include+no-coordinates": ("@INCLUDE: atoms.inc could not be opened", "mend its name"),
    # what orbitals need is not there
    "*+no-wfn": NOTHING,
    "*+no-input*": NO_OVERLAP,
    "*+only-wfn": NO_OVERLAP,
    "*+only-orbitals": NO_OVERLAP,
    "*+no-basis": NO_BASIS,
    "*+no-restart": NO_STEP,
    "*+no-last-pdos": KIND_MISSING,
}
"""Words that the sentence must hold, by pattern of the folder's name; the first pattern counts."""

MAY_LACK: tuple[str, ...] = ("ot-mo+*", "diag-no-empty+*")
"""Folders that tell no empty state, as none is in their files."""

NOT_TOLD: tuple[str, ...] = (
    "ghost+only-orbitals",
    "not-converged+no-output",
    "not-converged+only-pdos",
)
"""Folders in which no file tells what went on: a Molden file calls a ghost atom hydrogen, and
without the main output only a note says that convergence is unknown."""
