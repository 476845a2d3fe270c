"""Keywords of CP2K beyond the settings: which a setting or a stage owns, and so are refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import (
    ATOMIC_NUMBERS,
    FragmentError,
    InputText,
    Report,
    read_fragment,
    read_tree,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from epicarve.dft.cp2k_input import Section

SETTINGS = {
    "GLOBAL.RUN_TYPE": "prerelax and relax (null leaves a relaxation out)",
    "FORCE_EVAL.DFT.CHARGE": "charge",
    "FORCE_EVAL.DFT.MULTIPLICITY": "multiplicity",
    "FORCE_EVAL.DFT.RELAX_MULTIPLICITY": "multiplicity",
    "FORCE_EVAL.DFT.UKS": "multiplicity",
    "FORCE_EVAL.DFT.ROKS": "multiplicity",
    "FORCE_EVAL.DFT.QS.METHOD": "method",
    "FORCE_EVAL.DFT.BASIS_SET_FILE_NAME": "basis",
    "FORCE_EVAL.DFT.POTENTIAL_FILE_NAME": "potential",
    "FORCE_EVAL.DFT.MGRID.CUTOFF": "cutoff_ry",
    "FORCE_EVAL.DFT.MGRID.REL_CUTOFF": "rel_cutoff_ry",
    "FORCE_EVAL.DFT.POISSON.POISSON_SOLVER": "poisson_solver",
    "FORCE_EVAL.DFT.SCF.ADDED_MOS": "added_mos",
    "FORCE_EVAL.DFT.SCF.SMEAR": "smearing_k",
    "FORCE_EVAL.DFT.XC.XC_FUNCTIONAL": "functional",
    "FORCE_EVAL.DFT.XC.HF.FRACTION": "functional",
    "FORCE_EVAL.DFT.XC.HF.INTERACTION_POTENTIAL": "functional",
    "FORCE_EVAL.DFT.XC.HF.MEMORY.MAX_MEMORY": "exchange_memory_mb",
    "FORCE_EVAL.DFT.XC.VDW_POTENTIAL.POTENTIAL_TYPE": "dispersion",
    "FORCE_EVAL.DFT.XC.VDW_POTENTIAL.NON_LOCAL": "dispersion",
    "FORCE_EVAL.DFT.XC.VDW_POTENTIAL.PAIR_POTENTIAL.TYPE": "dispersion",
    "FORCE_EVAL.DFT.XC.VDW_POTENTIAL.PAIR_POTENTIAL.REFERENCE_FUNCTIONAL": "functional",
    "FORCE_EVAL.SUBSYS.KIND.BASIS_SET": "basis",
    "FORCE_EVAL.SUBSYS.KIND.BASIS": "basis",
    "FORCE_EVAL.SUBSYS.KIND.POTENTIAL": "potential",
    "FORCE_EVAL.SUBSYS.KIND.POTENTIAL_FILE_NAME": "potential",
    "FORCE_EVAL.SUBSYS.KIND.DFT_PLUS_U.L": "plus_u",
    "FORCE_EVAL.SUBSYS.KIND.DFT_PLUS_U.U_MINUS_J": "plus_u",
    "MOTION.GEO_OPT.MAX_ITER": "max_steps under relax or prerelax",
    "MOTION.GEO_OPT.MAX_FORCE": "max_force_hartree_bohr under relax or prerelax",
    "MOTION.CELL_OPT.MAX_ITER": "max_steps under relax",
    "MOTION.CELL_OPT.MAX_FORCE": "max_force_hartree_bohr under relax",
}
"""What a setting says, by place, and the setting."""

UNSET = {
    "functional": "FORCE_EVAL.DFT.XC.HF",
    "dispersion": "FORCE_EVAL.DFT.XC.VDW_POTENTIAL",
    "plus_u": "FORCE_EVAL.SUBSYS.KIND.DFT_PLUS_U",
}
"""Sections that nothing goes into unless the setting switches them on."""

NAMES = "the stages find each other's files by it"
ATOMS = "the atoms and their cell are those of the model"
ELECTRONS = "the electrons are counted by it"
READ = "the stages after it, or the analysis, read what it prints"
METHOD = "GPW or GAPW, and GFN1-xTB in the pre-relaxation, are what is computed"
ALONE = "a stage computes one system by one method"

FIXED = {
    "GLOBAL.PROJECT": NAMES,
    "GLOBAL.PROGRAM_NAME": ALONE,
    "GLOBAL.OUTPUT_FILE_NAME": NAMES,
    "GLOBAL.PRINT_LEVEL": "outputs are read as LOW prints them; switch single sections of PRINT on",
    "EXT_RESTART": "the job scripts say from where a stage goes on",
    "MULTIPLE_FORCE_EVALS": ALONE,
    "FARMING": ALONE,
    "FORCE_EVAL.METHOD": METHOD,
    "FORCE_EVAL.PRINT.FORCES": READ,
    "FORCE_EVAL.PRINT.PROGRAM_RUN_INFO": READ,
    "FORCE_EVAL.DFT.QS.LS_SCF": METHOD,
    "FORCE_EVAL.DFT.QS.ALMO_SCF": METHOD,
    "FORCE_EVAL.DFT.WFN_RESTART_FILE_NAME": NAMES,
    "FORCE_EVAL.DFT.POISSON.PERIODIC": ATOMS,
    "FORCE_EVAL.DFT.KPOINTS": "a model has the Γ point alone, and the grid of a crystal is set by "
    "kpoint_spacing_per_a under bulk",
    "FORCE_EVAL.DFT.SCF.PRINT.RESTART": READ,
    "FORCE_EVAL.DFT.SCF.PRINT.PROGRAM_RUN_INFO": READ,
    "FORCE_EVAL.DFT.PRINT.PDOS": READ,
    "FORCE_EVAL.DFT.PRINT.DOS": READ,
    "FORCE_EVAL.SUBSYS.CELL": f"{ATOMS}, and vacuum_a is the space around a particle",
    "FORCE_EVAL.SUBSYS.COORD": ATOMS,
    "FORCE_EVAL.SUBSYS.TOPOLOGY": ATOMS,
    "FORCE_EVAL.SUBSYS.PRINT.ATOMIC_COORDINATES": READ,
    "FORCE_EVAL.SUBSYS.KIND.POTENTIAL_TYPE": ELECTRONS,
    "FORCE_EVAL.SUBSYS.KIND.ELEC_CONF": ELECTRONS,
    "FORCE_EVAL.SUBSYS.KIND.ELEMENT": ELECTRONS,
    "FORCE_EVAL.SUBSYS.KIND.GHOST": ELECTRONS,
    "FORCE_EVAL.SUBSYS.KIND.CORE_CORRECTION": ELECTRONS,
    "MOTION.GEO_OPT.PRINT.PROGRAM_RUN_INFO": READ,
    "MOTION.CELL_OPT.PRINT.PROGRAM_RUN_INFO": READ,
    "MOTION.PRINT.TRAJECTORY": READ,
    "MOTION.PRINT.RESTART": READ,
    "MOTION.PRINT.CELL": READ,
}
"""What no setting says and what stays as it is, by place, and why."""


def refuse_extra(extra: object, version: str, unset: Collection[str]) -> None:
    """Refuse keywords that CP2K does not understand, or that change what must stay as it is.

    Parameters
    ----------
    extra : mapping or str
        As for `read_fragment`.
    version : str
        Version of CP2K.
    unset : collection of str
        Which of `UNSET` are not switched on.

    Raises
    ------
    FragmentError
        If there are any.
    """
    root = read_fragment(extra, version)
    if len(root.children.get("FORCE_EVAL", ())) > 1:
        raise FragmentError(("FORCE_EVAL",), f"there are two, but {ALONE}; join them")
    owners = SETTINGS | {UNSET[setting]: setting for setting in unset}
    for place in _given(root, owners):
        said = f"a setting says it; set {owners[place]} instead"
        raise FragmentError(tuple(place.split(".")), said)
    for place in _given(root, FIXED):
        raise FragmentError(tuple(place.split(".")), f"{FIXED[place]}; leave it out")
    for kind in root.all("FORCE_EVAL", "SUBSYS", "KIND"):
        name = str(kind.parameter[0]) if kind.parameter else ""
        if name.capitalize() not in ATOMIC_NUMBERS:
            raise FragmentError(
                ("FORCE_EVAL", "SUBSYS", "KIND"),
                f"{name or 'a kind without parameter'} is no element, but the kinds are elements; "
                "give the symbol of one as the parameter, under _",
            )


def relied_on(text: str, version: str) -> dict[tuple[str, str], object]:
    """Return what an input says of what settings own, and of what must stay as it is.

    Parameters
    ----------
    text : str
        An input.
    version : str
        Version of CP2K.

    Returns
    -------
    dict
        Content by place, and how to change it.
    """
    root = read_tree(InputText.of(text, Path()), version, Report())
    remedies = {place: f"set {setting} instead" for place, setting in SETTINGS.items()}
    remedies |= {place: f"{why}; leave it as it is" for place, why in FIXED.items()}
    found: dict[tuple[str, str], object] = {}
    for place, remedy in remedies.items():
        *sections, name = place.split(".")
        found[place, remedy] = [
            (
                [_content(inner) for inner in section.children.get(name, ())],
                [entry.values for entry in section.entries.get(keyword.names[0], ())]
                if (keyword := section.spec.keyword(name))
                else [],
            )
            for section in root.all(*sections)
            if _holds(section, name)
        ]
    return found


def _holds(section: Section, name: str) -> bool:
    keyword = section.spec.keyword(name)
    named = keyword is not None and section.entries.get(keyword.names[0])
    return bool(section.children.get(name) or named)


def _content(section: Section) -> object:
    """Return all that stands in a section, in no order of its keywords."""
    return (
        section.parameter,
        {name: [entry.values for entry in entries] for name, entries in section.entries.items()},
        {name: [_content(s) for s in inner] for name, inner in section.children.items()},
    )


def _given(root: Section, places: Collection[str]) -> Iterator[str]:
    """Yield those of some places at which a section or a keyword stands."""
    for place in places:
        *sections, name = place.split(".")
        if any(_holds(section, name) for section in root.all(*sections)):
            yield place
