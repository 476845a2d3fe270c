"""Conformers of a ligand, turned to stand on a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers, rdMolAlign, rdMolTransforms

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats

SEED = 7
"""Of the random coordinates from which conformers are embedded."""

N_EMBEDDED = 8
"""Conformers that are embedded; each is used as it is and with its chains stretched."""

MAX_STEPS = 2000
"""Of the force field."""

SAME_RMSD_A = 0.3
"""Conformers that differ by less, in Å, without H on carbon, are the same."""

WINDOW_KCAL = 6.0
"""Conformers more than this above the lowest, in kcal/mol, are left out."""

HEIGHT_KCAL_PER_A = 0.5
"""How much energy 1 Å of height outweighs when conformers are ordered, in kcal/mol."""

BELOW_A = 1.0
"""Conformers with a heavy atom farther below the anchors, in Å, would reach into the surface."""

MULTIPLE_BOND_SHARE = 0.96
"""Of the sum of the covalent radii: a double or triple bond is shorter."""

LINEAR_A = {
    ("C", "N"): (1.18,),
    ("N", "C", "O"): (1.17, 1.22),
    ("N", "C", "S"): (1.18, 1.62),
    ("N", "N", "N"): (1.16, 1.16),
}
"""Bond lengths in Å of linear anions, which force fields get wrong by up to 0.3 Å: by GFN1-xTB."""

ALONG = 0.2
"""Bond directions whose sum is shorter cancel, and tell no direction."""


def conformers_of(
    molecule: Chem.Mol, anchors: Sequence[int], most: int, told: str
) -> tuple[Floats, ...]:
    """Return the conformers of a molecule in Å, each shape (n_atoms, 3), standing on its anchors.

    They are embedded by ETKDGv3 (Wang et al., J. Chem. Inf. Model. 60, 2044, 2020) with a fixed
    seed, once more with their chains all-trans, and relaxed by MMFF94 without its electrostatic
    part, as the cation that is bound screens the charge; by UFF if MMFF94 knows an atom not.
    Those that are the same, or reach below the anchors, are pruned. They are ordered by energy, of
    which 0.5 kcal/mol are taken off for each Å of height, so that extended ones go first: other
    ligands leave no room to fold. Coordinates that the molecule has in a file stand before all.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
        The molecule, with all its hydrogen.
    anchors : sequence of int
        Atoms that bind, counted from 0.
    most : int
        At most so many are returned.
    told : str
        Names the ligand in messages.

    Raises
    ------
    InputError
        If it can't be embedded, or no force field knows it.
    """
    given = tuple(standing(molecule, each_a, anchors) for each_a in _given_a(molecule))
    if molecule.GetNumAtoms() == 1:
        return (np.zeros((1, 3)),)
    linear_a = _linear_a(molecule)
    if linear_a is not None:
        return given or (standing(molecule, linear_a, anchors),)
    embedded = _embedded(molecule, told)
    _stretch(embedded, anchors)
    relaxed = _relaxed(embedded)
    if relaxed is not None:
        return (*given, *_ordered(*relaxed, anchors))[:most]
    if given:
        return given
    elements = ", ".join(sorted({atom.GetSymbol() for atom in molecule.GetAtoms()} - {"H"}))
    raise InputError(
        f"ligand {told}: neither MMFF94 nor UFF knows all of its bonds (of {elements}); give a "
        "file with its geometry, such as a mol file"
    )


def standing(molecule: Chem.Mol, places_a: Floats, anchors: Sequence[int]) -> Floats:
    """Return coordinates with the centre of the anchors at the origin and the body along +z.

    The direction is the sum of the bonds of the anchors to other atoms than each other, so that the
    lone pair of an amine or a phosphine points along -z; hydrogen of ammonium ions does not count.
    """
    places_a = places_a - places_a[list(anchors)].mean(axis=0)
    up = _body(molecule, places_a, anchors)
    length = float(np.linalg.norm(up))
    if length == 0.0:
        return np.asarray(places_a)
    up = up / length
    side = np.eye(3)[int(np.argmin(np.abs(up)))]
    if len(anchors) > 1:  # two anchors lie along x
        side = places_a[anchors[0]] if np.linalg.norm(np.cross(up, places_a[anchors[0]])) else side
    side = side - (side @ up) * up
    side = side / np.linalg.norm(side)
    return np.asarray(places_a @ np.array([side, np.cross(up, side), up]).T)


def _body(molecule: Chem.Mol, places_a: Floats, anchors: Sequence[int]) -> Floats:
    """Return the direction of the body from the anchors."""
    is_cation = Chem.GetFormalCharge(molecule) > 0
    bonded: list[tuple[int, int]] = []
    for anchor in anchors:
        neighbors = [
            n for n in molecule.GetAtomWithIdx(anchor).GetNeighbors() if n.GetIdx() not in anchors
        ]
        heavy = [n for n in neighbors if n.GetSymbol() != "H"]
        bonded += [(anchor, n.GetIdx()) for n in (heavy if is_cation and heavy else neighbors)]
    bonds = np.array([places_a[atom] - places_a[anchor] for anchor, atom in bonded]).reshape(-1, 3)
    bonds /= np.linalg.norm(bonds, axis=1, keepdims=True)
    for direction in (bonds.sum(axis=0), places_a.mean(axis=0)):
        if np.linalg.norm(direction) > ALONG:
            return np.asarray(direction)
    return np.asarray(bonds[0] if len(bonds) else np.zeros(3))


def _ordered(built: Chem.Mol, energies: Floats, anchors: Sequence[int]) -> list[Floats]:
    """Return the conformers that differ, standing on their anchors, in the order of their use."""
    places = [standing(built, c.GetPositions(), anchors) for c in built.GetConformers()]
    heights = np.array([place[:, 2].max() for place in places])
    heavy = [atom.GetIdx() for atom in built.GetAtoms() if atom.GetSymbol() != "H"]
    is_low = np.array([place[heavy, 2].min() < -BELOW_A for place in places])
    is_usable = (energies <= energies.min() + WINDOW_KCAL) & (~is_low | is_low.all())
    ranks = (energies - HEIGHT_KCAL_PER_A * heights).round(3)
    order = [int(i) for i in np.argsort(ranks, kind="stable") if is_usable[i]]
    return [places[i] for i in _different(built, anchors, order)]


def _given_a(molecule: Chem.Mol) -> list[Floats]:
    """Return the coordinates in space that a molecule came with."""
    return [np.asarray(c.GetPositions()) for c in molecule.GetConformers() if c.Is3D()]


def _linear_a(molecule: Chem.Mol) -> Floats | None:
    """Return coordinates in Å of an anion of `LINEAR_A`; None if a molecule is none."""
    symbols = tuple(atom.GetSymbol() for atom in molecule.GetAtoms())
    atoms = list(range(len(symbols)))
    for chain, lengths_a in LINEAR_A.items():
        if Chem.GetFormalCharge(molecule) == -1 and sorted(symbols) == sorted(chain):
            centre = [a for a in atoms if molecule.GetAtomWithIdx(a).GetDegree() == 2]
            ends = sorted((a for a in atoms if a not in centre), key=lambda a: symbols[a])
            order = [*ends[:1], *centre, *ends[1:]]
            if tuple(symbols[atom] for atom in order) == chain:
                places_a = np.zeros((len(symbols), 3))
                places_a[order, 2] = np.cumsum([0.0, *lengths_a])
                return places_a
    return None


def _embedded(molecule: Chem.Mol, told: str) -> Chem.Mol:
    """Return a molecule with each conformer twice, the second one to be stretched."""
    built = Chem.Mol(molecule)
    options = rdDistGeom.ETKDGv3()
    options.randomSeed = SEED  # type: ignore[assignment]  # RDKit's stubs type them wrongly
    options.numThreads = 1  # type: ignore[assignment]
    options.clearConfs = True  # type: ignore[assignment]
    with rdBase.BlockLogs():
        found = list(rdDistGeom.EmbedMultipleConfs(built, N_EMBEDDED, options))
        if not found:
            options.useRandomCoords = True  # type: ignore[assignment]
            found = list(rdDistGeom.EmbedMultipleConfs(built, N_EMBEDDED, options))
    if not found:
        raise InputError(
            f"ligand {told}: no geometry can be built for it; give a file with one, such as a mol "
            "file"
        )
    for conformer in [Chem.Conformer(c) for c in built.GetConformers()]:
        built.AddConformer(conformer, assignId=True)
    return built


def _stretch(built: Chem.Mol, anchors: Sequence[int]) -> None:
    """Turn the chains of the second half of the conformers all-trans."""
    torsions = _trans_torsions(built, anchors)
    conformers = list(built.GetConformers())
    for conformer in conformers[len(conformers) // 2 :]:
        for torsion in torsions:
            rdMolTransforms.SetDihedralDeg(conformer, *torsion, 180.0)


def _trans_torsions(molecule: Chem.Mol, anchors: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Return torsions about single bonds between tetrahedral C, along the longest ways outward."""
    parents: dict[int, int | None] = dict.fromkeys(anchors)
    order = list(anchors)
    for atom in order:
        for neighbor in molecule.GetAtomWithIdx(atom).GetNeighbors():
            index = neighbor.GetIdx()
            if index not in parents and neighbor.GetSymbol() != "H":
                parents[index] = atom
                order.append(index)
    depth = dict.fromkeys(order, 0)
    furthest: dict[int, int] = {}
    for atom in reversed(order):
        parent = parents[atom]
        if parent is not None and (parent not in furthest or depth[atom] + 1 > depth[parent]):
            depth[parent], furthest[parent] = depth[atom] + 1, atom
    torsions = []
    for atom in order:
        before = parents[atom]
        behind = parents[before] if before is not None else None
        if before is None or behind is None or atom not in furthest:
            continue
        bond = molecule.GetBondBetweenAtoms(before, atom)
        ends = [molecule.GetAtomWithIdx(end) for end in (before, atom)]
        is_open = bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing()
        if is_open and all(e.GetHybridization() == Chem.HybridizationType.SP3 for e in ends):
            torsions.append((behind, before, atom, furthest[atom]))
    return torsions


def _relaxed(embedded: Chem.Mol) -> tuple[Chem.Mol, Floats] | None:
    """Return a molecule with its conformers relaxed, and their energies in kcal/mol.

    A force field that leaves a double or triple bond as long as a single one does not know it; None
    if no force field knows all bonds.
    """
    for relax in (_mmff, _uff):
        built = Chem.Mol(embedded)
        with rdBase.BlockLogs():
            energies = relax(built)
        if energies is not None and _is_sound(built):
            return built, energies
    return None


def _mmff(built: Chem.Mol) -> Floats | None:
    """Relax conformers by MMFF94 without electrostatics; return their energies in kcal/mol."""
    options = rdForceFieldHelpers.MMFFGetMoleculeProperties(built)
    if options is None:
        return None
    options.SetMMFFEleTerm(False)
    energies = []
    for conformer in built.GetConformers():
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(
            built, options, confId=conformer.GetId()
        )
        field.Minimize(maxIts=MAX_STEPS)
        energies.append(field.CalcEnergy())
    return np.array(energies)


def _uff(built: Chem.Mol) -> Floats | None:
    """Relax conformers by UFF; return their energies in kcal/mol."""
    if not rdForceFieldHelpers.UFFHasAllMoleculeParams(built):
        return None
    energies = []
    for conformer in built.GetConformers():
        field = rdForceFieldHelpers.UFFGetMoleculeForceField(built, confId=conformer.GetId())
        field.Minimize(maxIts=MAX_STEPS)
        energies.append(field.CalcEnergy())
    return np.array(energies)


def _is_sound(built: Chem.Mol) -> bool:
    """Whether all double and triple bonds of the first conformer are shorter than single ones."""
    places_a = built.GetConformers()[0].GetPositions()
    table = Chem.GetPeriodicTable()
    for bond in built.GetBonds():
        ends = [bond.GetBeginAtom(), bond.GetEndAtom()]
        single_a = sum(table.GetRcovalent(end.GetAtomicNum()) for end in ends)
        first, second = (places_a[end.GetIdx()] for end in ends)
        is_multiple = bond.GetBondTypeAsDouble() >= 2.0
        if is_multiple and np.linalg.norm(first - second) > MULTIPLE_BOND_SHARE * single_a:
            return False
    return True


def _different(built: Chem.Mol, anchors: Sequence[int], order: Sequence[int]) -> list[int]:
    """Return the conformers, in their order, that are none of those before, whatever is turned."""
    skeleton = Chem.RWMol(built)
    skeleton.BeginBatchEdit()
    for atom in built.GetAtoms():
        if atom.GetSymbol() == "H" and not {n.GetIdx() for n in atom.GetNeighbors()} & set(anchors):
            skeleton.RemoveAtom(atom.GetIdx())
    skeleton.CommitBatchEdit()
    numbers = [c.GetId() for c in built.GetConformers()]
    kept: list[int] = []
    for place in order:
        if all(
            rdMolAlign.GetBestRMS(skeleton, skeleton, numbers[place], numbers[other]) >= SAME_RMSD_A
            for other in kept
        ):
            kept.append(place)
    return kept
