"""Rules of a check on kinds: basis sets, potentials, grids, functional, and the files of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import (
    data_folder,
    find_file,
    find_moved,
    orbital_basis,
    potential_name,
)
from epicarve.dft.settings import is_too_low, needed_cutoff_ry
from epicarve.files import is_file

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.dft.cp2k_input import CheckContext, Section

_DATA_FILES = (
    (("DFT",), "BASIS_SET_FILE_NAME", "basis sets"),
    (("DFT",), "POTENTIAL_FILE_NAME", "potentials"),
    (("SUBSYS", "KIND"), "POTENTIAL_FILE_NAME", "potentials"),
    (("DFT", "XC", "VDW_POTENTIAL", "PAIR_POTENTIAL"), "PARAMETER_FILE_NAME", "dispersion"),
    (("DFT", "XC", "VDW_POTENTIAL", "NON_LOCAL"), "KERNEL_FILE_NAME", "the dispersion kernel"),
    (("DFT", "XC", "HF", "INTERACTION_POTENTIAL"), "T_C_G_DATA", "truncated Coulomb integrals"),
)
"""Sections below &FORCE_EVAL, a keyword that names a file of CP2K's data, and what that holds."""

_FAMILIES = {"PADE": "LDA", "LDA": "LDA", "PBE": "PBE", "PBE0": "PBE", "PBESOL": "PBE"}
_FAMILIES |= {"BLYP": "BLYP", "B3LYP": "BLYP", "BP": "BP", "HCTH120": "HCTH", "OLYP": "OLYP"}
"""Family of functionals for which potentials are made, by the word in their name."""


def check_files(subject: CheckContext) -> None:
    """Check that every file is there, but for those that an earlier run makes."""
    named = subject.coordinate_file
    if named and not is_file(subject.folder / str(named.values[0])):
        subject.report.error(
            named.line,
            f"the file of coordinates {named.values[0]} is not there",
            _where(str(named.values[0]), subject.folder),
        )
    if data_folder() is None:
        return
    for path, keyword, content in _DATA_FILES:
        named_in = subject.force_eval.all(*path)
        for entry in (each for section in named_in for each in section.entries.get(keyword, ())):
            if entry.values and find_file(str(entry.values[0]), subject.folder) is None:
                subject.report.error(
                    entry.line,
                    f"the file of {content} {entry.values[0]} is not there",
                    _where(str(entry.values[0]), subject.folder),
                )


def _where(name: str, folder: Path) -> str:
    """Say how a file is found that is not where the input says, by a path maybe of elsewhere."""
    own = name.rpartition("/")[2]
    if own == name:
        return "mend its name or put it beside the input"
    found = find_moved(name, folder)
    if found is None:
        return f"write {own} alone, and put it beside the input"
    return (
        f"write {own}, which is {'beside it' if found.parent == folder else 'in the data of CP2K'}"
    )


def check_kinds(subject: CheckContext) -> None:
    """Check that each atom has a kind whose basis set and potential exist and fit each other."""
    atoms = subject.atoms
    if atoms is None or not subject.on_grid:
        return
    bases = subject.data("BASIS_SET_FILE_NAME")
    for label, kind in subject.kinds.items():
        if kind is None:
            subject.report.error(
                atoms.line, f"there is no &KIND {label}", "add it with BASIS_SET and POTENTIAL"
            )
            continue
        element = subject.element(label)
        basis = orbital_basis(kind)
        if basis is None and kind.first("BASIS") is None and not subject.is_ghost(label):
            subject.report.error(kind.line, f"{label} has no basis set", "add BASIS_SET")
        elif basis not in {None, "NONE"} and bases is not None and (element, basis) not in bases:
            where = kind.where("BASIS_SET")
            remedy = _existing(bases, element, str(basis))
            subject.report.error(where, f"there is no basis set {basis} for {label}", remedy)
        if not subject.is_ghost(label) and kind.first("POTENTIAL") is None:
            _check_potential(subject, kind, label, basis)
    used = [kind for kind in subject.kinds.values() if kind is not None]
    for kind in subject.force_eval.all("SUBSYS", "KIND"):
        if kind not in used and kind.parameter and kind.parameter != ("DEFAULT",):
            subject.report.warn(
                kind.line, f"no atom is of &KIND {kind.parameter[0]}", "take it out"
            )


def _check_potential(subject: CheckContext, kind: Section, label: str, basis: str | None) -> None:
    """Check that the potential of a kind exists, and fits method and basis set."""
    potentials, element = subject.potentials(label), subject.element(label)
    potential, where = potential_name(kind), kind.where("POTENTIAL")
    if kind.entry("POTENTIAL") is None:
        subject.report.error(
            kind.line, f"{label} has no potential", f"add POTENTIAL, {_fitting(basis)}"
        )
    elif potential == "ALL" and _method(subject) == "GPW":
        subject.report.error(
            where, f"{label}: POTENTIAL ALL needs METHOD GAPW", "set it in &QS, or use GTH"
        )
    elif potential == "ALL" and element not in {"H", "HE"} and _is_of_valence(basis):
        subject.report.error(
            where,
            f"{label}: POTENTIAL ALL with all electrons, but {basis} is a basis set for the "
            "valence electrons alone",
            "take an all-electron basis set, or a GTH potential",
        )
    elif not potential or potentials is None:
        return
    elif (element, potential) not in potentials:
        remedy = _existing(potentials, element, potential)
        subject.report.error(where, f"there is no potential {potential} for {label}", remedy)
    elif basis:
        _compare_electrons(subject, kind, label, basis)


def check_cutoff(subject: CheckContext) -> None:
    """Check that the finest grid is fine enough for the sharpest Gaussian, by REL_CUTOFF."""
    mgrid = subject.force_eval.first("DFT", "MGRID")
    if mgrid is None or not subject.on_grid or _method(subject).startswith("GAPW"):
        return  # GAPW keeps the sharp functions off the grid
    cutoff, relative = mgrid.number("CUTOFF"), mgrid.number("REL_CUTOFF")
    if cutoff is None or relative is None:
        return
    if relative > cutoff:
        subject.report.warn(
            mgrid.where("REL_CUTOFF"),
            f"REL_CUTOFF {relative:g} Ry is larger than CUTOFF {cutoff:g} Ry",
            "set REL_CUTOFF to 40 to 60 Ry and CUTOFF to some hundred",
        )
        return
    sharpest, owner = 0.0, ""
    for label in subject.kinds:
        basis = subject.basis(label)
        if basis is not None and basis.max_exponent > sharpest:
            sharpest, owner = basis.max_exponent, label
    need = needed_cutoff_ry(sharpest, relative)
    if is_too_low(cutoff, need):
        subject.report.warn(
            mgrid.where("CUTOFF"),
            f"CUTOFF {cutoff:g} Ry is below the need of {owner}'s basis set: its largest exponent "
            f"{sharpest:.2f} times REL_CUTOFF {relative:g} Ry is {need:.0f} Ry",
            f"set CUTOFF to {need:.0f} Ry or more",
        )


def check_functional(subject: CheckContext) -> None:
    """Check that potentials fit the functional, and exact exchange the periodic cell."""
    xc = subject.force_eval.first("DFT", "XC")
    if xc is None or not subject.on_grid:
        return
    family = _functional_family(xc)
    for label, kind in subject.kinds.items():
        words = potential_name(kind).split("-")
        made_for = _FAMILIES.get(words[1]) if words[0] == "GTH" and len(words) > 1 else None
        if kind is not None and family and made_for and made_for != family:
            subject.report.warn(
                kind.where("POTENTIAL"),
                f"the potential of {label} is made for {made_for} functionals, not for {family}",
                f"use a GTH-{'PADE' if family == 'LDA' else family} potential",
            )
    exchange = xc.first("HF")
    cell = subject.cell
    if exchange is None or cell is None or not any(cell.periodic):
        return
    potential = exchange.first("INTERACTION_POTENTIAL")
    kind_of = str(potential.value("POTENTIAL_TYPE")) if potential else "COULOMB"
    if kind_of == "COULOMB":
        subject.report.warn(
            potential.line if potential else exchange.line,
            "exact exchange with the full Coulomb potential in a periodic cell counts images",
            "set POTENTIAL_TYPE TRUNCATED in &INTERACTION_POTENTIAL with a CUTOFF_RADIUS",
        )
    elif potential and kind_of in {"TRUNCATED", "MIX_CL_TRUNC"}:
        radius_a = potential.number("CUTOFF_RADIUS")
        half_a = 0.5 * min(
            height
            for height, periodic in zip(cell.heights_a, cell.periodic, strict=True)
            if periodic
        )
        if radius_a is not None and radius_a >= half_a:
            subject.report.warn(
                potential.where("CUTOFF_RADIUS"),
                f"CUTOFF_RADIUS {radius_a:g} Å is not below half of the cell, {half_a:.2f} Å",
                "make the cell larger or the radius smaller",
            )


def _functional_family(xc: Section) -> str | None:
    """Return the family of functionals, None for one that no potentials are made for."""
    functional = xc.first("XC_FUNCTIONAL")
    if functional is None:
        return None
    names = set(functional.children)
    word = str(functional.parameter[0]) if functional.parameter else ""
    if word in _FAMILIES:
        return _FAMILIES[word]
    if "PBE" in names and names <= {"PBE", "XWPBE", "PBE_HOLE_T_C_LR"}:
        return "PBE"
    if names == {"PADE"}:
        return "LDA"
    return "BLYP" if names == {"BECKE88", "LYP"} else None


def _compare_electrons(subject: CheckContext, kind: Section, label: str, basis: str) -> None:
    """Compare the electrons in the name of a basis set, -q4, with those of the potential."""
    _, mark, number = basis.rpartition("-Q")
    electrons = subject.electrons(label)
    if mark and number.isdigit() and electrons is not None and int(number) != electrons:
        subject.report.error(
            kind.where("BASIS_SET"),
            f"the basis set {basis} is made for {number} electrons, but the potential has "
            f"{electrons}",
            "take basis set and potential with the same q",
        )


def _is_of_valence(basis: str | None) -> bool:
    """Whether the name of a basis set says that it goes with GTH potentials."""
    return basis is not None and "GTH" in basis.split("-")


def _fitting(basis: str | None) -> str:
    """Name the potential that goes with a basis set whose name tells its electrons."""
    mark, number = (basis or "").rpartition("-Q")[1:]
    return f"such as GTH-PBE{f'-q{number}' if mark and number.isdigit() else ''} with PBE"


def _method(subject: CheckContext) -> str:
    qs = subject.force_eval.first("DFT", "QS")
    return str(qs.value("METHOD")) if qs else "GPW"


def _existing(data: dict[tuple[str, str], str], element: str, wrong: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  (only where something is wrong)

    names = [name for symbol, name in data if symbol == element]
    near = get_close_matches(wrong, names, n=3, cutoff=0.4) or names[:3]
    if near:
        return f"take {' or '.join(near)}, or name another file"
    return "name a file that covers this element"
