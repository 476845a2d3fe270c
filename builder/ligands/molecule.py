"""Molecules read from SMILES and files, with all their hydrogen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDetermineBonds

from epicarve.errors import InputError

from .names import NON_METALS

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Ints, Strings

SUFFIXES = (".mol", ".pdb", ".sdf", ".xyz")


def molecule_of_smiles(smiles: str, told: str) -> Chem.Mol:
    """Return the molecule of a SMILES.

    Parameters
    ----------
    smiles : str
        The molecule, with its charge.
    told : str
        Names the ligand in messages.

    Raises
    ------
    InputError
        If it is no SMILES, or that of no single closed-shell molecule.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None or not molecule.GetNumAtoms():
        raise InputError(
            f"ligand {told}: {smiles!r} is no SMILES of a molecule; write it as CC(=O)[O-] for "
            "acetate, or give a name or a file"
        )
    molecule = Chem.AddHs(molecule)
    _refuse(molecule, told)
    for element in Chem.FindPotentialStereo(molecule):
        if element.type != Chem.StereoType.Bond_Double:
            continue
        bond = molecule.GetBondWithIdx(element.centeredOn)
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        is_plain = all(
            end.GetSymbol() == "C" and end.GetHybridization() == Chem.HybridizationType.SP2
            for end in ends
        )
        if is_plain and element.specified != Chem.StereoSpecified.Specified:
            raise InputError(
                f"ligand {told}: its double bond between atoms {bond.GetBeginAtomIdx() + 1} and "
                f"{bond.GetEndAtomIdx() + 1} is neither cis nor trans; write so by / and \\, as in "
                "C/C=C\\C"
            )
    return molecule


def molecule_of_file(path: Path, charge: int | None) -> Chem.Mol:
    """Return the molecule of a file, with the coordinates that it has there.

    Bonds and charges are those of a mol or sdf file; of xyz and pdb files they follow from
    distances and the charge of the whole.

    Parameters
    ----------
    path : Path
        An xyz, mol, sdf or pdb file that lists all hydrogen.
    charge : int, optional
        Charge of the molecule in units of e.

    Raises
    ------
    InputError
        If it can't be read, or no charge is known.
    """
    name, suffix = path.name, path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"ligand file {name}: files of a ligand end with {', '.join(SUFFIXES)}; convert it to "
            "one of these"
        )
    if not path.is_file():
        raise InputError(f"ligand file {name}: there is no such file")
    if suffix in {".xyz", ".pdb"}:
        molecule = _molecule_of_positions(path, charge)
    else:
        with rdBase.BlockLogs():
            read = next(iter(Chem.SDMolSupplier(str(path), removeHs=False)), None)
        if read is None or not read.GetNumAtoms():
            raise InputError(
                f"ligand file {name}: no molecule can be read from it; its valences or its format "
                "may be wrong, which the program that wrote it can mend"
            )
        molecule = read
    _refuse(molecule, name)
    lacking = sum(atom.GetNumImplicitHs() for atom in molecule.GetAtoms())
    if lacking:
        raise InputError(f"ligand file {name}: {lacking} hydrogen atoms are not listed; add them")
    if charge is not None and charge != Chem.GetFormalCharge(molecule):
        raise InputError(
            f"ligand file {name}: it has charge {Chem.GetFormalCharge(molecule):+d} e, not "
            f"{charge:+d}; give one of both"
        )
    if molecule.GetConformer().Is3D():
        Chem.AssignStereochemistryFrom3D(molecule)
    return molecule


def symbols_of(molecule: Chem.Mol) -> Strings:
    """Return the elements of the atoms of a molecule, shape (n_atoms,)."""
    return np.array([atom.GetSymbol() for atom in molecule.GetAtoms()])


def charges_of(molecule: Chem.Mol) -> Ints:
    """Return the formal charges of its atoms in units of e, shape (n_atoms,)."""
    return np.array([atom.GetFormalCharge() for atom in molecule.GetAtoms()], dtype=np.int64)


def bonds_of(molecule: Chem.Mol) -> Ints:
    """Return its bonds as pairs of atoms counted from 0, shape (n_bonds, 2)."""
    pairs = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in molecule.GetBonds()]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def smiles_of(molecule: Chem.Mol) -> str:
    """Return the canonical SMILES of a molecule, without its hydrogen."""
    return Chem.MolToSmiles(Chem.RemoveHs(molecule))


def canonical(smiles: str) -> str:
    """Return the canonical form of a SMILES that is one."""
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles))


def _molecule_of_positions(path: Path, charge: int | None) -> Chem.Mol:
    """Return the molecule of atoms in space: bonds from distances, their orders from the charge."""
    from ase import Atoms  # noqa: PLC0415  (costs a second)
    from ase.data import chemical_symbols  # noqa: PLC0415
    from ase.io import read  # noqa: PLC0415

    name = path.name
    try:
        atoms = read(path, index=-1)
    except Exception as error:
        raise InputError(
            f"ligand file {name}: it can't be read ({error}); write it anew, or as a mol file"
        ) from None
    assert isinstance(atoms, Atoms)
    charge = atoms.info.get("charge") if charge is None else charge
    if charge is None:
        raise InputError(
            f"ligand file {name}: it states no charge; give charge, such as charge: -1"
        )
    elements = [chemical_symbols[number] for number in atoms.numbers.tolist()]
    places = zip(elements, atoms.positions.tolist(), strict=True)
    lines = [f"{symbol} {x:.8f} {y:.8f} {z:.8f}" for symbol, (x, y, z) in places]
    block = "\n".join([str(len(lines)), "", *lines, ""])
    with rdBase.BlockLogs():
        molecule = Chem.MolFromXYZBlock(block)
        try:
            rdDetermineBonds.DetermineBonds(molecule, charge=charge)
        except (ValueError, RuntimeError):
            raise InputError(
                f"ligand file {name}: no bonds fit its {len(lines)} atoms and the charge "
                f"{charge:+d} e; mend the charge or missing hydrogen, or give a mol file, which "
                "has bonds"
            ) from None
    return molecule


def _refuse(molecule: Chem.Mol, told: str) -> None:
    """Raise an InputError if a molecule is no single closed-shell one."""
    pieces = len(Chem.GetMolFrags(molecule))
    if pieces > 1:
        raise InputError(
            f"ligand {told}: it holds {pieces} molecules; give each by itself, or an ion pair by "
            "name, such as methylammonium bromide"
        )
    metals = sorted({*symbols_of(molecule).tolist()} - NON_METALS - {"*"})
    if metals:
        raise InputError(
            f"ligand {told}: it holds {metals[0]}; give a metal with its anions as a pair, such as "
            "PbBr2 or Pb(acetate)2"
        )
    if any(atom.GetAtomicNum() == 0 for atom in molecule.GetAtoms()):
        raise InputError(f"ligand {told}: it holds an atom of no element (*); write which it is")
    if any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()):
        raise InputError(
            f"ligand {told}: it has unpaired electrons; add the hydrogen or the charge that it "
            "lacks, such as [O-] in place of [O]"
        )
