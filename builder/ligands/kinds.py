"""X-type or L-type: what follows from the charge, and what to give in the place of an acid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rdkit import Chem

from epicarve.errors import InputError

from .molecule import smiles_of

if TYPE_CHECKING:
    from collections.abc import Callable

ACIDS = ("[O;H1;$(O-C=O)]", "[O;H1;$(O-[P,S]=O)]", "[S;H1;X2]", "[F,Cl,Br,I;H1]")
"""SMARTS of atoms that give up their hydrogen when they bind, the most acid first."""

ALCOHOL = "[O;H1;X2]"
AMINE = "[N;X3;+0;!$(N[C,P,S]=[O,S,N])]"


def kind_of(
    molecule: Chem.Mol,
    asked: Literal["X", "L"] | None,
    told: str,
    *,
    is_anchored: bool,
    named: Callable[[Chem.Mol], str | None],
) -> Literal["X", "L"]:
    """Return whether a molecule is an X-type or an L-type ligand.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
        The molecule, with all its hydrogen.
    asked : {"X", "L"}, optional
        What the user takes it for.
    told : str
        Names the ligand in messages.
    is_anchored : bool
        Whether the user chose what binds.
    named : callable
        Returns the name of a molecule, if it has one.

    Raises
    ------
    InputError
        If it is not of the kind that was asked for, or an acid that would bind as an anion.
    """
    charge = Chem.GetFormalCharge(molecule)
    if charge != 0:
        if asked == "L":
            raise InputError(
                f"ligand {told}: it has charge {charge:+d} e and is X-type; leave kind out, or "
                "give the neutral molecule"
            )
        return "X"
    if asked == "X":
        raise InputError(f"ligand {told}: {_remedy(molecule, named)}")
    if asked is None and not is_anchored and _acid_atom(molecule, ACIDS) is not None:
        raise InputError(
            f"ligand {told}: {_remedy(molecule, named)}, or kind: L if it shall bind as it is"
        )
    return "L"


def _remedy(molecule: Chem.Mol, named: Callable[[Chem.Mol], str | None]) -> str:
    """Tell the ion to give in the place of a neutral molecule."""
    for patterns, charge in (((*ACIDS, ALCOHOL), -1), ((AMINE,), 1)):
        atom = _acid_atom(molecule, patterns)
        if atom is None:
            continue
        ion = Chem.RWMol(Chem.RemoveHs(molecule))
        # hydrogen follows the heavy atoms it is taken from or given to
        heavy = [a.GetIdx() for a in molecule.GetAtoms() if a.GetSymbol() != "H"]
        site = ion.GetAtomWithIdx(heavy.index(atom))
        site.SetFormalCharge(charge)
        site.SetNumExplicitHs(0)
        site.SetNoImplicit(False)
        Chem.SanitizeMol(ion)
        name = named(ion)
        return f"it is neutral; give {f'{name}, ' if name else ''}{smiles_of(ion)}"
    return "it is neutral; give an ion with its charge, such as CC(=O)[O-], or leave kind out"


def _acid_atom(molecule: Chem.Mol, patterns: tuple[str, ...]) -> int | None:
    """Return the first atom that a pattern fits; None if none does."""
    for smarts in patterns:
        match = molecule.GetSubstructMatch(Chem.MolFromSmarts(smarts))
        if match:
            return int(match[0])
    return None
