"""Molecular ions that are known by their bonds: their names and their charges."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from collections.abc import Sequence

    import networkx as nx

    from epicarve.arrays import Floats, Ints, Strings
else:
    nx = lazy_loader.load("networkx")  # crystals without molecules need none of it

TRIPLE_BOND_A = 1.3
"""Ions of C and N alone have double or triple bonds, of at most this length in Å: a longer one is
that of a molecule whose hydrogen is not listed."""

STARS = """
    NH4 1: NH4
    C(NH2)3 1: C NH2 NH2 NH2
    CH(NH2)2 1: CH NH2 NH2
    CH3C(NH2)2 1: C CH3 NH2 NH2
    H3O 1: OH3
    NO 1: N O
    H2O 0: OH2
    NH3 0: NH3
    OH -1: OH
    SH -1: SH
    SeH -1: SeH
    NH2 -1: NH2
    BH4 -1: BH4
    CN -1: C N
    OCN -1: C O N
    SCN -1: C S N
    SeCN -1: C Se N
    N3 -1: N N N
    NO2 -1: N O O
    NO3 -1: N O O O
    HCOO -1: CH O O
    CH3COO -1: C CH3 O O
    HCO3 -1: C OH O O
    HSO3 -1: S OH O O
    HSO4 -1: S OH O O O
    HSeO4 -1: Se OH O O O
    H2PO4 -1: P OH OH O O
    H2AsO4 -1: As OH OH O O
    H2PO2 -1: PH2 O O
    CF3SO3 -1: S CF3 O O O
    CH3SO3 -1: S CH3 O O O
    ClO2 -1: Cl O O
    ClO3 -1: Cl O O O
    ClO4 -1: Cl O O O O
    BrO3 -1: Br O O O
    BrO4 -1: Br O O O O
    IO3 -1: I O O O
    IO4 -1: I O O O O
    BF4 -1: B F F F F
    BCl4 -1: B Cl Cl Cl Cl
    B(OH)4 -1: B OH OH OH OH
    PF6 -1: P F F F F F F
    AsF6 -1: As F F F F F F
    HF2 -1: FH F
    I3 -1: I I I
    Br3 -1: Br Br Br
    SO3 -2: S O O O
    SO4 -2: S O O O O
    S2O3 -2: S S O O O
    SeO3 -2: Se O O O
    SeO4 -2: Se O O O O
    CO3 -2: C O O O
    CS3 -2: C S S S
    NCN -2: C N N
    HPO3 -2: PH O O O
    HPO4 -2: P OH O O O
    HAsO4 -2: As OH O O O
    C2 -2: C C
    O2 -2: O O
    S2 -2: S S
    Se2 -2: Se Se
    Te2 -2: Te Te
    PO3F -2: P F O O O
    BO3 -3: B O O O
    PO4 -3: P O O O O
    PS4 -3: P S S S S
    AsO3 -3: As O O O
    AsO4 -3: As O O O O
    AsS3 -3: As S S S
    AsS4 -3: As S S S S
"""
"""Name and charge of ions in which all atoms but hydrogen are bonded to one, which comes first; all
with the hydrogen that they bear."""

FEWEST_BONDS = 3
"""C and N of molecules that are not known have as many, if all hydrogen is listed."""

PLAIN_VALENCES = {"H": 1, "F": 1, "Cl": 1, "Br": 1, "I": 1, "O": 2, "S": 2, "C": 4, "N": 4}
"""Bonds of the atoms of an ammonium ion: N has four and bears a charge, of the others none does."""


@dataclass(frozen=True)
class KnownIon:
    """Name and charge of a molecular ion.

    Parameters
    ----------
    name : str
        A short formula, such as ``CH3NH3``.
    charge : int
        Its charge in units of e; 0 of a neutral molecule.
    """

    name: str
    charge: int


def skeleton(symbols: Sequence[str], bonds: Ints) -> nx.Graph[int]:
    """Return the bonds between all atoms but hydrogen, each labelled with the hydrogen that it has.

    Hydrogen between two others belongs to the first.

    Examples
    --------
    >>> bonds = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (1, 6), (1, 7)]
    >>> [label for _, label in skeleton("CNHHHHHH", bonds).nodes(data="label")]
    ['CH3', 'NH3']
    """
    pairs = [(int(first), int(second)) for first, second in bonds]
    heavy = [atom for atom, symbol in enumerate(symbols) if symbol != "H"] or list(
        range(len(symbols))
    )
    hydrogens = {
        atom: [end for pair in pairs if atom in pair for end in pair if end in heavy]
        for atom in range(len(symbols))
        if atom not in heavy
    }
    borne = Counter(ends[0] for ends in hydrogens.values() if ends)
    graph: nx.Graph[int] = nx.Graph()
    for atom in heavy:
        n_hydrogen = borne[atom]
        label = f"{symbols[atom]}{'H' if n_hydrogen else ''}{n_hydrogen if n_hydrogen > 1 else ''}"
        graph.add_node(atom, label=label)
    graph.add_edges_from(pair for pair in pairs if set(pair) <= set(heavy))
    graph.add_edges_from((ends[0], ends[1]) for ends in hydrogens.values() if len(ends) == 2)
    return graph


def known_ion(symbols: Strings, bonds: Ints, lengths_a: Floats) -> KnownIon | None:
    """Return the ion that atoms with these bonds are; None if it is not known.

    The atoms are matched to `STARS` by their bonds, whatever their order; or they are an ammonium
    ion: all N have four bonds, and all C four, or three with a double bond to another such C.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    bonds : ndarray of int, shape (n_bonds, 2)
        Atoms that are bonded, counted from 0.
    lengths_a : ndarray of float, shape (n_bonds,)
        Lengths of the bonds in Å.

    Examples
    --------
    >>> import numpy as np
    >>> bonds = np.array([(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (1, 6), (1, 7)])
    >>> known_ion(np.array(list("CNHHHHHH")), bonds, np.full(7, 1.1))
    KnownIon(name='CH3NH3', charge=1)
    """
    elements = symbols.tolist()
    graph = skeleton(elements, bonds)
    if set(elements) <= {"C", "N"} and float(lengths_a.max(initial=0.0)) > TRIPLE_BOND_A:
        return None
    for ion, star in _known():
        if nx.is_isomorphic(graph, star, node_match=_same_label):
            return ion
    return _ammonium(elements, bonds, graph)


def hydrogen_lacks(symbols: Strings, bonds: Ints) -> bool:
    """Whether C or N of a molecule has too few bonds for a file that lists all hydrogen."""
    number = Counter(int(atom) for pair in bonds for atom in pair)
    return any(
        symbol in {"C", "N"} and number[atom] < FEWEST_BONDS
        for atom, symbol in enumerate(symbols.tolist())
    )


@cache
def _known() -> tuple[tuple[KnownIon, nx.Graph[int]], ...]:
    """Return the ions of the table, with their skeletons."""
    found = []
    for line in STARS.strip().splitlines():
        told, _, atoms = line.partition(":")
        name, charge = told.split()
        star: nx.Graph[int] = nx.Graph()
        for number, label in enumerate(atoms.split()):
            star.add_node(number, label=label)
            if number:
                star.add_edge(0, number)
        found.append((KnownIon(name, int(charge)), star))
    return tuple(found)


def _same_label(one: dict[str, str], other: dict[str, str]) -> bool:
    return one["label"] == other["label"]


def _ammonium(elements: list[str], bonds: Ints, graph: nx.Graph[int]) -> KnownIon | None:
    """Return the ammonium ion that atoms are: its charge is its number of N."""
    n_bonds = Counter(int(atom) for pair in bonds for atom in pair)
    unsaturated = []
    for atom, element in enumerate(elements):
        lacking = PLAIN_VALENCES.get(element, -1) - n_bonds[atom]
        if element == "C" and lacking == 1:
            unsaturated.append(atom)
        elif lacking != 0:
            return None
    if len(nx.max_weight_matching(graph.subgraph(unsaturated), maxcardinality=True)) * 2 < len(
        unsaturated
    ):
        return None
    charge = elements.count("N")
    return KnownIon(_ammonium_name(graph), charge) if charge else None


def _ammonium_name(graph: nx.Graph[int]) -> str:
    """Return a short formula: of chains as they are written, else that of the whole."""
    labels = dict(graph.nodes(data="label"))
    ends = [atom for atom in graph if graph.degree(atom) < 2]
    counts = Counter(labels.values())
    if len(ends) == 2 and nx.is_connected(graph) and graph.number_of_edges() == len(labels) - 1:
        path = nx.shortest_path(graph, *ends)
        chain = [labels[atom] for atom in path]
        if chain[-1] != "NH3":
            chain.reverse()
        inner, n_carbon = set(chain[1:-1]), len(chain) - 1
        if chain[-1] == "NH3" and inner <= {"CH2"}:
            if chain[0] == "NH3":
                n_inner = n_carbon - 1
                middle = {0: "", 1: "CH2"}.get(n_inner, f"(CH2){n_inner}")
                return f"NH3{middle}NH3"
            if chain[0] == "CH3":
                return "CH3NH3" if n_carbon == 1 else f"C{n_carbon}H{2 * n_carbon + 1}NH3"
    methyl = counts["CH3"]
    for n, head in ((2, "NH2"), (3, "NH"), (4, "N")):
        if counts == {"CH3": n, head: 1}:
            return f"(CH3){methyl}{head}"
    hydrogens = sum(int(label.partition("H")[2] or ("H" in label)) for label in counts.elements())
    heavy = Counter(label.partition("H")[0] for label in counts.elements())
    order = ["C", "H", *sorted(set(heavy) - {"C"})]
    numbers = heavy | Counter({"H": hydrogens})
    return "".join(f"{e}{numbers[e] if numbers[e] > 1 else ''}" for e in order if numbers[e])
