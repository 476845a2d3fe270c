"""Names of ligands and their SMILES: whole families by rule, the rest by table."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import NamedTuple


class NamedMolecule(NamedTuple):
    """What a name stands for.

    Parameters
    ----------
    smiles : str
        The molecule.
    group : str or None
        Which of its groups binds, if the name settles it.
    """

    smiles: str
    group: str | None = None


STEMS = {
    **{"meth": 1, "eth": 2, "prop": 3, "but": 4, "pent": 5, "hex": 6, "hept": 7, "oct": 8},
    **{"non": 9, "dec": 10, "undec": 11, "dodec": 12, "tridec": 13, "tetradec": 14},
    **{"pentadec": 15, "hexadec": 16, "heptadec": 17, "octadec": 18, "icos": 20, "docos": 22},
}
"""Number of carbon atoms by the stem of a name."""

OLEYL = r"CCCCCCCC/C=C\CCCCCCCC"

ALKYL = {
    **{f"{stem}yl": "C" * number for stem, number in STEMS.items()},
    **{"oleyl": OLEYL, "linoleyl": r"CCCCCCCC/C=C\C/C=C\CCCCC"},
    **{"lauryl": "C" * 12, "cetyl": "C" * 16, "stearyl": "C" * 18},
    **{"isopropyl": "C(C)C", "isobutyl": "CC(C)C", "tert-butyl": "C(C)(C)C", "allyl": "CC=C"},
    **{"cyclohexyl": "C1CCCCC1", "phenyl": "c1ccccc1", "benzyl": "Cc1ccccc1"},
    **{"phenethyl": "CCc1ccccc1", "phenylethyl": "CCc1ccccc1"},
}
"""Groups in names, as SMILES from the atom by which they are attached."""

LONGEST_FIRST = sorted(ALKYL, key=len, reverse=True)
"""Names of groups, each before those that it begins with."""

HEADS = {
    "phosphine oxide": ("O=P", (3,)),
    "phosphine sulfide": ("S=P", (3,)),
    "phosphine selenide": ("[Se]=P", (3,)),
    "phosphine": ("P", (1, 2, 3)),
    "phosphinate": ("[O-]P(=O)", (2,)),
    "phosphonate": ("[O-]P(=O)([O-])", (1,)),
    "dithiocarbamate": ("[S-]C(=S)N", (2,)),
    "amine": ("N", (1, 2, 3)),
    "ammonium": ("[NH{hydrogens}+]", (1, 2, 3, 4)),
}
"""Ends of names behind their groups: SMILES that the groups follow, and how many they may be."""

ALKANES = {
    "anoate": "{}C(=O)[O-]",
    "anesulfonate": "{}CS(=O)(=O)[O-]",
    "anethiolate": "{}C[S-]",
    "anethiol": "{}CS",
    "anol": "{}CO",
    "oxide": "{}C[O-]",
}
"""Ends of names behind a stem: SMILES behind all of its carbon atoms but the last."""

TABLE = {
    **{"fluoride": "[F-]", "chloride": "[Cl-]", "bromide": "[Br-]", "iodide": "[I-]"},
    **{"hydroxide": "[OH-]", "hydrosulfide": "[SH-]"},
    **{"cyanate": "[N-]=C=O", "thiocyanate": "[S-]C#N", "cyanide": "[C-]#N"},
    "azide": "[N-]=[N+]=[N-]",
    **{"formate": "C(=O)[O-]", "acetate": "CC(=O)[O-]", "propionate": "CCC(=O)[O-]"},
    **{"butyrate": "CCCC(=O)[O-]", "valerate": "CCCCC(=O)[O-]", "caproate": "CCCCCC(=O)[O-]"},
    **{"caprylate": "C" * 7 + "C(=O)[O-]", "caprate": "C" * 9 + "C(=O)[O-]"},
    **{"laurate": "C" * 11 + "C(=O)[O-]", "myristate": "C" * 13 + "C(=O)[O-]"},
    **{"palmitate": "C" * 15 + "C(=O)[O-]", "stearate": "C" * 17 + "C(=O)[O-]"},
    "oleate": r"CCCCCCCC/C=C\CCCCCCCC(=O)[O-]",
    "elaidate": "CCCCCCCC/C=C/CCCCCCCC(=O)[O-]",
    "linoleate": r"CCCCC/C=C\C/C=C\CCCCCCCC(=O)[O-]",
    "erucate": r"CCCCCCCC/C=C\CCCCCCCCCCCC(=O)[O-]",
    **{"isobutyrate": "CC(C)C(=O)[O-]", "pivalate": "CC(C)(C)C(=O)[O-]"},
    "2-ethylhexanoate": "CCCCC(CC)C(=O)[O-]",
    **{"acrylate": "C=CC(=O)[O-]", "trifluoroacetate": "FC(F)(F)C(=O)[O-]"},
    **{"benzoate": "c1ccccc1C(=O)[O-]", "phenylacetate": "c1ccccc1CC(=O)[O-]"},
    "cinnamate": "c1ccccc1/C=C/C(=O)[O-]",
    **{"benzenesulfonate": "c1ccccc1S(=O)(=O)[O-]", "tosylate": "Cc1ccc(cc1)S(=O)(=O)[O-]"},
    **{"triflate": "FC(F)(F)S(=O)(=O)[O-]", "dodecyl sulfate": "C" * 12 + "OS(=O)(=O)[O-]"},
    "dodecylbenzenesulfonate": "C" * 12 + "c1ccc(cc1)S(=O)(=O)[O-]",
    "benzenethiolate": "c1ccccc1[S-]",
    "phenolate": "c1ccccc1[O-]",
    "ethylenediamine": "NCCN",
    **{"water": "O", "ammonia": "N", "aniline": "Nc1ccccc1", "pyridine": "n1ccccc1"},
    **{"ammonium": "[NH4+]", "anilinium": "[NH3+]c1ccccc1", "pyridinium": "[nH+]1ccccc1"},
    **{"formamidinium": "NC=[NH2+]", "acetamidinium": "CC(N)=[NH2+]"},
    "guanidinium": "NC(N)=[NH2+]",
}
"""Names that no rule makes."""

SETTLED = {"cyanate": "N-cyanate", "thiocyanate": "S-thiocyanate"}
"""Of names whose ions bind by either end, the group that binds unless another is asked for."""

OTHER_WORDS = {
    **{"F": "fluoride", "Cl": "chloride", "Br": "bromide", "I": "iodide"},
    **{"OH": "hydroxide", "SH": "hydrosulfide", "OCN": "cyanate", "NCO": "cyanate"},
    **{"SCN": "thiocyanate", "NCS": "thiocyanate", "CN": "cyanide", "N3": "azide"},
    **{"HCOO": "formate", "CH3COO": "acetate", "OAc": "acetate"},
    **{"H2O": "water", "NH3": "ammonia", "NH4": "ammonium", "CH3NH2": "methylamine"},
    **{"CH3NH3": "methylammonium", "MA": "methylammonium", "FA": "formamidinium"},
    **{"GA": "guanidinium", "BA": "butylammonium", "PEA": "phenethylammonium"},
    **{"TOP": "trioctylphosphine", "TOPO": "trioctylphosphine oxide"},
    "DDAB": "didodecyldimethylammonium bromide",
}
"""Formulas and short names that stand for names."""

TIMES = {"": 1, "di": 2, "bis": 2, "tri": 3, "tris": 3, "tetra": 4, "tetrakis": 4}

NON_METALS = frozenset(
    {*("H", "He", "B", "C", "N", "O", "F", "Ne", "Si", "P", "S", "Cl"), *("Ar", "Ge", "As", "Se")}
    | {"Br", "Kr", "Te", "I", "Xe", "At", "Rn"}
)
"""Elements that are the cation of no pair."""


class NamedPair(NamedTuple):
    """The ions of a neutral unit, by their names; that of a metal by its symbol."""

    cation: str
    anion: str
    n_anions: int | None = None


def named_molecule(name: str) -> NamedMolecule | None:
    """Return what a name stands for; None if it is not known.

    Examples
    --------
    >>> named_molecule("butanoate").smiles, named_molecule("dimethylamine").smiles
    ('CCCC(=O)[O-]', 'N(C)(C)')
    """
    name = usual_name(name)
    if name in TABLE:
        return NamedMolecule(TABLE[name], SETTLED.get(name))
    for end, smiles in ALKANES.items():
        number = STEMS.get(name.removesuffix(end)) if name.endswith(end) else None
        if number:
            return NamedMolecule(smiles.format("C" * (number - 1)))
    for end, (smiles, numbers) in HEADS.items():
        body = name.removesuffix(end)
        acid = end == "phosphonate" and body.startswith("hydrogen ")
        groups = _groups(body.removeprefix("hydrogen ") if acid else body)
        if not name.endswith(end) or len(groups) not in numbers:
            continue
        head = "[O-]P(=O)(O)" if acid else smiles.format(hydrogens=4 - len(groups))
        return NamedMolecule(head + "".join(f"({group})" for group in groups))
    return None


def named_pair(name: str) -> NamedPair | None:
    """Return the ions of a neutral unit such as ``PbBr2`` or an ammonium halide; None if none.

    Examples
    --------
    >>> named_pair("Pb(oleate)2"), named_pair("methylammonium bromide")[:2]
    (NamedPair(cation='Pb', anion='oleate', n_anions=2), ('methylammonium', 'bromide'))
    """
    name = OTHER_WORDS.get(name, name).strip()
    formula = re.fullmatch(r"([A-Z][a-z]?)(?:\((.+)\)|(F|Cl|Br|I))(\d*)", name)
    if formula and formula[1] not in NON_METALS:
        return NamedPair(formula[1], formula[2] or formula[3], int(formula[4] or 1))
    salt = re.fullmatch(r"(.+)(F|Cl|Br|I)", name)
    if salt and salt[1] in OTHER_WORDS:
        return NamedPair(OTHER_WORDS[salt[1]], salt[2])
    first, _, last = name.rpartition(" ")
    if first and named_molecule(first) and named_molecule(last):
        return NamedPair(first, last)
    return None


def usual_name(name: str) -> str:
    """Return a name as the tables have it: formulas by their names, others in small letters."""
    name = " ".join(name.split())
    return OTHER_WORDS.get(name, name.lower().removeprefix("n-"))


def near_names(name: str) -> str:
    """Say what to write in the place of a name that is not known."""
    from ase.data import atomic_names, chemical_symbols  # noqa: PLC0415

    lower = usual_name(name)
    if lower.endswith(("ic acid", "thiol")):
        ion = lower.removesuffix("ic acid") + "ate" if lower.endswith("acid") else f"{lower}ate"
        known = named_molecule(ion)
        if known is not None:
            return f"it is neutral: give {ion}, {known.smiles}"
    first, _, last = lower.rpartition(" ")
    if first.title() in atomic_names and named_molecule(last):
        symbol = chemical_symbols[atomic_names.index(first.title())]
        return f"write {symbol}({last})2, with the number of anions that makes it neutral"
    near = get_close_matches(lower, [*TABLE, *family_names()], n=1, cutoff=0.75)
    return (
        f"did you mean {near[0]}?" if near else "give its smiles, such as CC(=O)[O-], or its file"
    )


@cache
def family_names() -> tuple[str, ...]:
    """Return the names that rules make of unbranched chains."""
    single = [f"{stem}{end}" for end in ALKANES for stem in STEMS]
    grouped = [
        f"{times}{group}{end}"
        for times, number in (("", 1), ("di", 2), ("tri", 3), ("tetra", 4))
        for end, (_, numbers) in HEADS.items()
        if number in numbers
        for group in ALKYL
    ]
    acids = [f"hydrogen {group}phosphonate" for group in ALKYL]
    return tuple(single + grouped + acids)


def _groups(body: str) -> list[str]:
    """Return the SMILES of the groups that a name lists, the longest first; none if unclear."""
    found: list[str] = []
    while body:
        written = _first_group(body)
        if written is None:
            return []
        times, group, length = written
        found += [ALKYL[group]] * TIMES[times]
        body = body[length:].removeprefix("-")
    return found


def _first_group(body: str) -> tuple[str, str, int] | None:
    """Return how often and which group a name begins with, and how many letters that takes."""
    for group in LONGEST_FIRST:
        for times in TIMES:
            for written in (f"{times}{group}", f"{times}({group})"):
                if body.startswith(written):
                    return times, group, len(written)
    return None
