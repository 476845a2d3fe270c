"""Chains of ligands cut to a length, for calculations that can't afford the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem

from epicarve.errors import InputError

from .anchors import Anchoring
from .names import STEMS

if TYPE_CHECKING:
    from collections.abc import Iterable

STRAIGHT = {f"{stem}yl": number for stem, number in STEMS.items()}
"""Numbers of carbon atoms of unbranched alkyl groups."""


def cut_chains(
    molecule: Chem.Mol, anchors: Anchoring, length: int | str, told: str
) -> tuple[Chem.Mol, Anchoring]:
    """Return a molecule whose chains have at most so many carbon atoms, and its anchors.

    Each chain that is cut ends as CH3. The carbon atom of the group that binds counts: oleate of
    length 3 is propionate; and so is oleate of length ``ethyl``, the group behind its carboxylate.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
        The molecule, with all its hydrogen.
    anchors : Anchoring
        The atoms that bind.
    length : int or str
        Number of carbon atoms, or the alkyl group behind the group that binds.
    told : str
        Names the ligand in messages.

    Raises
    ------
    InputError
        If all chains are shorter, or one is branched or no chain of carbon up to there.
    """
    heads = _heads(molecule, anchors)
    kept_behind, counted = _behind_head(length, told), isinstance(length, int)
    cuts: set[int] = set()
    longest = int(any(molecule.GetAtomWithIdx(atom).GetSymbol() == "C" for atom in heads))
    is_reached = counted and longest >= kept_behind
    for head in sorted(heads):
        of_head = int(counted and molecule.GetAtomWithIdx(head).GetSymbol() == "C")
        for first in _onward(molecule, head, heads):
            chain, rest = _chain(molecule, heads, first, kept_behind - of_head, told)
            longest = max(longest, len(chain) + of_head)
            is_reached |= len(chain) == kept_behind - of_head
            cuts |= set(rest)
    if not is_reached:
        has = f"its longest chain has {longest} carbon atoms" if longest else "it has no chain"
        raise InputError(
            f"ligand {told}: {has}, which length {length} exceeds; leave length out, or name a "
            "longer ligand"
        )
    return _cut(molecule, cuts, anchors)


def _behind_head(length: int | str, told: str) -> int:
    """Return the number of carbon atoms that is asked for."""
    if isinstance(length, str):
        if length not in STRAIGHT:
            raise InputError(
                f"ligand {told}: length {length!r} is no alkyl group; give a number of carbon "
                f"atoms, or one of {', '.join(list(STRAIGHT)[:4])}, ..."
            )
        return STRAIGHT[length]
    if length < 1:
        raise InputError(f"ligand {told}: length {length} leaves no carbon atom; give 1 or more")
    return length


def _heads(molecule: Chem.Mol, anchors: Anchoring) -> set[int]:
    """Return the atoms of the group that binds: anchors, their centre, and its other O and N."""
    atoms = set(anchors.atoms)
    has_centre = anchors.group in {"phosphine oxide", "phosphine chalcogenide", "acid"}
    if has_centre or len(atoms) > 1:
        centres = {n for atom in atoms for n in _onward(molecule, atom, atoms)}
        return (
            atoms
            | centres
            | {
                n
                for centre in centres
                for n in _onward(molecule, centre, atoms)
                if molecule.GetAtomWithIdx(n).GetSymbol() in {"O", "N"}
            }
        )
    return atoms


def _onward(molecule: Chem.Mol, atom: int, seen: Iterable[int]) -> list[int]:
    """Return the neighbours of an atom, but hydrogen and those seen already."""
    neighbors = molecule.GetAtomWithIdx(atom).GetNeighbors()
    return sorted(n.GetIdx() for n in neighbors if n.GetSymbol() != "H" and n.GetIdx() not in seen)


def _chain(
    molecule: Chem.Mol, heads: set[int], first: int, most: int, told: str
) -> tuple[list[int], list[int]]:
    """Return the carbon atoms of a chain, at most so many, and what is bonded behind them."""
    chain: list[int] = []
    following = [first]
    while following and len(chain) < most:
        atom = molecule.GetAtomWithIdx(following[0])
        if len(following) > 1 or atom.GetSymbol() != "C" or atom.IsInRing():
            what = "branched" if len(following) > 1 else "no open chain of carbon"
            raise InputError(
                f"ligand {told}: it is {what} at atom {following[0] + 1}, nearer than it shall be "
                "cut; give what shall be left by its name or its SMILES"
            )
        chain.append(following[0])
        following = _onward(molecule, chain[-1], {*heads, *chain})
    return chain, following


def _cut(molecule: Chem.Mol, cuts: set[int], anchors: Anchoring) -> tuple[Chem.Mol, Anchoring]:
    """Return a molecule without some atoms and all behind them, with hydrogen in their place.

    Its atoms are in the order of its canonical SMILES, so it is the same whatever it was cut of.
    """
    if not cuts:
        return molecule, anchors
    kept, edge = set(anchors.atoms), list(anchors.atoms)
    while edge:
        neighbors = molecule.GetAtomWithIdx(edge.pop()).GetNeighbors()
        new = {n.GetIdx() for n in neighbors} - kept - cuts
        kept |= new
        edge += sorted(new)
    left = Chem.RWMol(molecule)
    left.RemoveAllConformers()
    for cut in cuts:
        for neighbor in left.GetAtomWithIdx(cut).GetNeighbors():
            neighbor.SetNoImplicit(False)
    left.BeginBatchEdit()
    for atom in range(molecule.GetNumAtoms()):
        if atom not in kept:
            left.RemoveAtom(atom)
    left.CommitBatchEdit()
    Chem.SanitizeMol(left)
    Chem.AssignStereochemistry(left, cleanIt=True, force=True)
    usual = Chem.AddHs(Chem.MolFromSmiles(Chem.MolToSmiles(Chem.RemoveHs(left))))
    place = dict(zip(sorted(kept), usual.GetSubstructMatch(left), strict=True))
    atoms = sorted(place[atom] for atom in anchors.atoms)
    return usual, Anchoring(anchors.group, tuple(atoms))
