"""Which atoms of a molecule bind: groups found by pattern, or those that were asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from rdkit import Chem, rdBase

from epicarve.errors import InputError

from .molecule import smiles_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class Anchoring(NamedTuple):
    """Atoms that bind, counted from 0, and the name of their group."""

    group: str
    atoms: tuple[int, ...]


class _Pattern(NamedTuple):
    """SMARTS of one anchor of a group; anchors that are bonded to one atom are one group."""

    group: str
    smarts: str
    is_shared: bool = False


PATTERNS = (
    _Pattern("carboxylate", "[O;X1;$([O-]C=O),$(O=C[O-])]", True),
    _Pattern("dithiocarboxylate", "[S;X1;$([S-]C=S),$(S=C[S-])]", True),
    _Pattern(
        "thiocarboxylate",
        "[O,S;X1;$([O-]C=S),$(S=C[O-]),$([S-][C;!$(C=[N,C])]=O),$(O=C[S-])]",
        True,
    ),
    _Pattern("phosphonate", "[O;X1;$([O-]P),$(O=P[O-])]", True),
    _Pattern("dithiophosphinate", "[S;X1;$([S-]P=S),$(S=P[S-])]", True),
    _Pattern("sulfonate", "[O;X1;$([O-][S;X4]),$(O=[S;X4][O-])]", True),
    _Pattern("sulfinate", "[O;X1;$([O-][S;X3]),$(O=[S;X3][O-])]", True),
    _Pattern("thiolate", "[S;-;X1;$(S[#6;!$(C=[O,S]);!$(C#N)])]"),
    _Pattern("hydrosulfide", "[S;-;H1;X1]"),
    _Pattern("alkoxide", "[O;-;X1;$(O[#6;!$(C=[O,S]);!$(C#N)])]"),
    _Pattern("hydroxide", "[O;-;H1;X1]"),
    _Pattern("halide", "[F,Cl,Br,I;-;X0]"),
    _Pattern("N-cyanate", "[N;$([N-]=C=O),$(N#C[O-])]"),
    _Pattern("O-cyanate", "[O;$(O=C=[N-]),$([O-]C#N)]"),
    _Pattern("N-thiocyanate", "[N;$([N-]=C=S),$(N#C[S-])]"),
    _Pattern("S-thiocyanate", "[S;$(S=C=[N-]),$([S-]C#N)]"),
    _Pattern("cyanide", "[C;-;X1]#N"),
    _Pattern("azide", "[N;-;X1;$([N-]=[N+]=[N-])]"),
    _Pattern("ammonium", "[N;+;X4]"),
    _Pattern("amidinium", "[N;$([N+]=C[N;X3]),$([N;X3;+0]C=[N+])]", True),
    _Pattern("pyridinium", "[n;+;X3]"),
    _Pattern("phosphonium", "[P;+;X4]"),
    _Pattern("amine", "[N;X3;+0;!$(N[C,P,S]=[O,S,N]);!$(N-N=*);!$(N-C#N)]"),
    _Pattern("pyridine", "[n;X2;+0]"),
    _Pattern("phosphine", "[P;X3;+0]"),
    _Pattern("phosphine oxide", "[O;X1;$(O=[P;+0;!$(P[O-]);!$(P[OH])])]"),
    _Pattern("phosphine chalcogenide", "[S,Se;X1;+0;$(*=[P;+0;!$(P[S-])])]"),
)
"""Groups that bind; an anion of several O, such as a phosphinate, goes by that of its family."""

WEAK_PATTERNS = (
    _Pattern("alcohol", "[O;X2;H1;+0;$(O[#6;!$(C=O)])]"),
    _Pattern("water", "[O;X2;H2;+0]"),
    _Pattern("acid", "[O;X1;$(O=[C,P,S][OH])]", True),
    _Pattern("thiol", "[S;X2;H1;+0]"),
    _Pattern("nitrile", "[N;X1;$(N#C[#6])]"),
)
"""Groups that bind where a molecule has none of the others."""

CATIONS = frozenset({"ammonium", "amidinium", "pyridinium", "phosphonium"})
"""Groups that take the place of a cation."""


def anchoring(molecule: Chem.Mol, asked: int | str | Sequence[int] | None, told: str) -> Anchoring:
    """Return the atoms of a molecule that bind.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
        The molecule, with all its hydrogen.
    asked : int, str, sequence of int or None
        Numbers of atoms counted from 1, the name of a group, or a SMARTS; None if the group shall
        be found.
    told : str
        Names the ligand in messages.

    Raises
    ------
    InputError
        If no group is found, or several that differ.
    """
    if isinstance(asked, str):
        return _by_word(molecule, asked, told)
    if asked is not None:
        return _by_number(molecule, [asked] if isinstance(asked, int) else asked, told)
    found = _groups(molecule, PATTERNS) or _groups(molecule, WEAK_PATTERNS)
    if not found:
        raise InputError(
            f"ligand {told}: no group that binds is known in it (carboxylate, thiolate, amine, "
            "...); say which atom does by anchor: its number, or a SMARTS such as '[N]'"
        )
    first = _equivalent(molecule, found)
    if first is None:
        places = " or ".join(
            f"{each.group} ({_atoms_told(molecule, each.atoms)})" for each in found
        )
        names = sorted({each.group for each in found})
        choice = (
            f"anchor: {names[0]}"
            if len(names) > 1
            else f"anchor: {found[0].atoms[0] + 1}, the number of an atom"
        )
        raise InputError(
            f"ligand {told}: it may bind by {places}; choose one, for instance by {choice}"
        )
    return first


def _by_word(molecule: Chem.Mol, asked: str, told: str) -> Anchoring:
    """Return the atoms of a group or of a SMARTS."""
    named = [each for each in (*PATTERNS, *WEAK_PATTERNS) if each.group == asked]
    if named:
        found = _groups(molecule, named)
    else:
        with rdBase.BlockLogs():
            query = Chem.MolFromSmarts(asked)
        if query is None:
            known = ", ".join(each.group for each in (*PATTERNS, *WEAK_PATTERNS))
            raise InputError(
                f"ligand {told}: anchor {asked!r} is neither a SMARTS nor one of the groups {known}"
            )
        found = _matches(molecule, query)
    if not found:
        raise InputError(
            f"ligand {told}: anchor {asked!r} is not found in {smiles_of(molecule)}; choose an "
            "atom or a group that it has"
        )
    first = _equivalent(molecule, found)
    if first is None:
        places = " or ".join(_atoms_told(molecule, each.atoms) for each in found)
        raise InputError(
            f"ligand {told}: anchor {asked!r} is found at {places}, which differ; give the number "
            "of the atom"
        )
    return first


def _by_number(molecule: Chem.Mol, asked: Sequence[int], told: str) -> Anchoring:
    """Return the atoms of given numbers, counted from 1."""
    heavy = molecule.GetNumHeavyAtoms()
    for number in asked:
        if not 1 <= number <= molecule.GetNumAtoms():
            raise InputError(
                f"ligand {told}: anchor {number} is no atom of it; atoms are counted from 1 to "
                f"{molecule.GetNumAtoms()} ({heavy} without hydrogen)"
            )
        if molecule.GetAtomWithIdx(number - 1).GetSymbol() == "H":
            raise InputError(
                f"ligand {told}: anchor {number} is hydrogen, which binds to no cation"
            )
    return _named(molecule, sorted({number - 1 for number in asked}))


def _named(molecule: Chem.Mol, atoms: Sequence[int]) -> Anchoring:
    """Return atoms with the name of the group that they are, else with their elements."""
    for each in _groups(molecule, (*PATTERNS, *WEAK_PATTERNS)):
        if set(each.atoms) == set(atoms):
            return each
    symbols = "".join(molecule.GetAtomWithIdx(atom).GetSymbol() for atom in atoms)
    return Anchoring(symbols, tuple(atoms))


def _matches(molecule: Chem.Mol, query: Chem.Mol) -> list[Anchoring]:
    """Return the anchors of each match: atoms with a map number, else all but C and H, else all."""
    mapped = [atom.GetIdx() for atom in query.GetAtoms() if atom.GetAtomMapNum()]
    found = []
    for match in molecule.GetSubstructMatches(query):
        atoms = [match[place] for place in mapped]
        atoms = atoms or [a for a in match if molecule.GetAtomWithIdx(a).GetSymbol() not in "CH"]
        found.append(_named(molecule, sorted(atoms or match)))
    return found


def _groups(molecule: Chem.Mol, patterns: Sequence[_Pattern]) -> list[Anchoring]:
    """Return all groups of a molecule that match one of the patterns."""
    found: list[Anchoring] = []
    for pattern in patterns:
        members: dict[int, list[int]] = {}
        for match in molecule.GetSubstructMatches(_query(pattern.smarts)):
            atom = match[0]
            heavy = [n.GetIdx() for n in molecule.GetAtomWithIdx(atom).GetNeighbors()]
            members.setdefault(heavy[0] if pattern.is_shared else atom, []).append(atom)
        found += [Anchoring(pattern.group, tuple(sorted(atoms))) for atoms in members.values()]
    return found


def _equivalent(molecule: Chem.Mol, found: list[Anchoring]) -> Anchoring | None:
    """Return the first of groups that the symmetry of the molecule makes the same; None if not."""
    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False))
    kinds = {(each.group, *sorted(ranks[atom] for atom in each.atoms)) for each in found}
    return found[0] if len(kinds) == 1 else None


def _atoms_told(molecule: Chem.Mol, atoms: Sequence[int]) -> str:
    """Return atoms as users count them, such as ``O3, O4``."""
    return ", ".join(f"{molecule.GetAtomWithIdx(a).GetSymbol()}{a + 1}" for a in atoms)


@cache
def _query(smarts: str) -> Chem.Mol:
    query = Chem.MolFromSmarts(smarts)
    assert query is not None
    return query
