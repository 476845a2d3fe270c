"""One ligand: its molecule, what of it binds, its kind, and its conformers."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from rdkit import Chem, rdBase
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from epicarve.errors import InputError

from .anchors import CATIONS, anchoring
from .chain import cut_chains
from .conformers import conformers_of
from .kinds import kind_of
from .ligand import Ligand
from .molecule import (
    bonds_of,
    canonical,
    charges_of,
    molecule_of_file,
    molecule_of_smiles,
    smiles_of,
    symbols_of,
)
from .names import TABLE, family_names, named_molecule, near_names, usual_name

if TYPE_CHECKING:
    from pathlib import Path

    from .ligand import Mode
    from .names import NamedMolecule
    from .spec import LigandSpec


def single_ligand(spec: LigandSpec, folder: Path, max_conformers: int) -> Ligand:
    """Return the ligand that was asked for.

    Parameters
    ----------
    spec : LigandSpec
        What it is.
    folder : Path
        Where files are looked for.
    max_conformers : int
        At most so many conformers are kept.

    Raises
    ------
    InputError
        If it is not known, can't be read or built, or it is not clear what binds.
    """
    told = next(str(each) for each in (spec.name, spec.smiles, spec.file) if each is not None)
    named = None
    if spec.file is not None:
        molecule = molecule_of_file(folder / spec.file, spec.charge)
    elif spec.smiles is not None:
        molecule = molecule_of_smiles(spec.smiles, told)
    else:
        named = named_molecule(told) or _unknown(told)
        molecule = molecule_of_smiles(canonical(named.smiles), told)
    _refuse_contradictions(spec, molecule, told)
    kind = kind_of(molecule, spec.kind, told, is_anchored=spec.anchor is not None, named=named_as)
    asked = spec.anchor if spec.anchor is not None or named is None else named.group
    anchors = anchoring(molecule, asked, told)
    whole = molecule
    if spec.length is not None:
        molecule, anchors = cut_chains(molecule, anchors, spec.length, told)
    charge = Chem.GetFormalCharge(molecule)
    binds_by_two = len(anchors.atoms) > 1 and anchors.group not in CATIONS
    modes: tuple[Mode, ...] = (
        ("terminal", "chelating", "bridging") if binds_by_two else ("terminal",)
    )
    is_whole = molecule is whole
    return Ligand(
        name=_name(spec, molecule, is_whole=is_whole),
        kind=kind,
        charge=charge,
        symbols=symbols_of(molecule),
        charges=charges_of(molecule),
        bonds=bonds_of(molecule),
        anchors=anchors.atoms,
        group=anchors.group,
        modes=modes,
        conformers_a=conformers_of(molecule, anchors.atoms, max_conformers, told),
        source=spec.file if spec.file is not None and is_whole else smiles_of(molecule),
    )


def named_as(molecule: Chem.Mol) -> str | None:
    """Return the name of a molecule, if it has one: that of the table before those of rules."""
    smiles = smiles_of(molecule)
    for name, of_name in _by_carbon().get(_n_carbon(smiles), ()):
        if canonical(of_name) == smiles:
            return name
    return None


@cache
def _by_carbon() -> dict[int, list[tuple[str, str]]]:
    """Return all names with their SMILES, by the number of carbon atoms."""
    found: dict[int, list[tuple[str, str]]] = {}
    for name in (*TABLE, *family_names()):
        named = named_molecule(name)
        if named is not None:
            found.setdefault(_n_carbon(named.smiles), []).append((name, named.smiles))
    return found


def _n_carbon(smiles: str) -> int:
    """Return the number of carbon atoms in a SMILES of non-metals."""
    return smiles.replace("Cl", "").lower().count("c")


def _name(spec: LigandSpec, molecule: Chem.Mol, *, is_whole: bool) -> str:
    """Return what a ligand is called: as it was given, or by what is left of its chain."""
    if spec.smiles is None and spec.file is None:
        name = usual_name(str(spec.name))
        return name if is_whole else named_as(molecule) or f"{name}-{spec.length}"
    if spec.name is not None:
        return spec.name
    return named_as(molecule) or re.sub(r"[+-]\d*$", "", CalcMolFormula(molecule))


def _refuse_contradictions(spec: LigandSpec, molecule: Chem.Mol, told: str) -> None:
    """Raise an InputError if a stated charge or a known name is that of another molecule."""
    charge = Chem.GetFormalCharge(molecule)
    if spec.charge is not None and spec.charge != charge:
        raise InputError(
            f"ligand {told}: {smiles_of(molecule)} has charge {charge:+d} e, not {spec.charge:+d}; "
            "leave charge out, or write a SMILES of that charge"
        )
    known = named_molecule(spec.name) if spec.name and (spec.smiles or spec.file) else None
    if known and canonical(known.smiles) != smiles_of(molecule):
        raise InputError(
            f"ligand {told}: {smiles_of(molecule)} is not {told}, which is {known.smiles}; give it "
            "another name"
        )


def _unknown(name: str) -> NamedMolecule:
    """Raise an InputError that tells what to write in the place of a name that is not known."""
    with rdBase.BlockLogs():
        is_smiles = Chem.MolFromSmiles(name) is not None
    if is_smiles:
        raise InputError(
            f"ligand {name!r} is no name that is known, but a SMILES; write smiles: '{name}'"
        )
    raise InputError(f"ligand {name!r} is not known; {near_names(name)}")
