"""The unit cell that listed sites and symmetry make, with what shares each of its sites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import gemmi
import numpy as np

from epicarve.builder.crystal import MAX_SITES, neighbours
from epicarve.errors import InputError

from .values import elements as known_elements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.arrays import Floats, Ints, Strings

    from .sites import ListedSite

SPECIAL_A = 0.4
"""Images of one site closer than this, in Å, are one atom on a special position."""

SPLIT_A = 0.1
"""The same of sites that are not full: farther images are split positions."""

SAME_SITE_A = 0.3
"""Entries of a CIF closer than this, in Å, share one site."""

FULL = 0.02
"""How far the occupancies of a full site may miss 1."""

NEARLY_FULL = 0.001
"""Occupancies that miss 1 by no more are those of full sites, rounded."""

LEAST_OCCUPANCY = 0.9
"""Sites occupied to less than this are not taken as full, even when asked for."""

IN_RECIPE = "(in a recipe, or a pair of epicarve compare)"
"""Where keys of a crystal can be given."""

DALTON_PER_A3_IN_G_PER_CM3 = 1.66053906660

LARGEST_SHIFT_A = 0.05
"""Sites that miss their special position by more than this, in Å, are told."""


@dataclass(frozen=True)
class FilledCell:
    """All sites of a unit cell, some of them perhaps shared by several elements or partly empty.

    Parameters
    ----------
    name : str
        Names the file in messages.
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates in [0, 1).
    labels : ndarray of str, shape (n_sites,)
        Label of the first entry of the file that stands on each site.
    occupants : tuple of dict of str to float, length n_sites
        Occupancy of each element on each site.
    kinds : ndarray of str, shape (n_sites,)
        Type of that entry as the file has it.
    charges : ndarray of int, shape (n_sites,)
        Charge in the types of the entries on each site, 0 if none or several stand there.
    mass_u : float
        Mass of the cell in unified atomic mass units, empty places left out.
    hydrogens : float
        Hydrogen atoms in the cell that sites carry without positions of their own.
    multiplicities : tuple of (str, int, int, int)
        Label of each entry whose multiplicity is stated; as stated, as found, and the order of
        its site symmetry.
    space_group : str
        Symbol of the space group.
    notes : tuple of str
        Sites that were moved onto special positions or listed twice.
    """

    name: str
    cell_a: Floats
    fractional: Floats
    labels: Strings
    occupants: tuple[dict[str, float], ...]
    kinds: Strings
    charges: Ints
    mass_u: float
    hydrogens: float
    multiplicities: tuple[tuple[str, int, int, int], ...]
    space_group: str
    notes: tuple[str, ...] = ()

    @property
    def symbols(self) -> Strings:
        """Element of every site; of shared ones the first in alphabetical order."""
        return np.array([min(occupants) for occupants in self.occupants], dtype="U2")

    @property
    def amounts(self) -> dict[str, float]:
        """Atoms of each element in the cell, by the occupancies."""
        found: dict[str, float] = {}
        for occupants in self.occupants:
            for element, share in occupants.items():
                found[element] = found.get(element, 0.0) + share
        return found

    @property
    def volume_a3(self) -> float:
        """Volume of the cell in Å³."""
        return float(abs(np.linalg.det(self.cell_a)))

    @property
    def density_g_cm3(self) -> float:
        """Mass density in g/cm³, empty places left out."""
        return self.mass_u / self.volume_a3 * DALTON_PER_A3_IN_G_PER_CM3

    def is_like(self, other: FilledCell) -> bool:
        """Whether another filling of the same cell is the same crystal, perhaps shifted."""
        if len(self.labels) != len(other.labels):
            return False
        ours, theirs = _distances(self), _distances(other)
        return ours.shape == theirs.shape and bool(np.allclose(ours, theirs, atol=0.02))

    def partly_occupied(self, site: int) -> str:
        """Return that a site is not full, and how a recipe can go on."""
        here = self.occupants[site]
        total = sum(here.values())
        shares = ", ".join(f"{element} {share:.3g}" for element, share in here.items())
        by = f"in all ({shares})" if len(here) > 1 else f"by {next(iter(here))} alone"
        told = f"site {self.labels[site]} is occupied to {total:.3g} {by}"
        if total > 1.0:
            return (
                f"{told}; give full_occupancy: true {IN_RECIPE} to take it as full, or mend the "
                "occupancies"
            )
        if total < LEAST_OCCUPANCY:
            return (
                f"{told}, so places are empty; give a structure with whole ions, in a supercell if "
                "vacancies are ordered"
            )
        return (
            f"{told}, so places are empty; give full_occupancy: true {IN_RECIPE} to take it as "
            "full, or an ordered structure"
        )

    def with_full_sites(self, least: float) -> FilledCell:
        """Return the cell with sites that are occupied to at least `least` counted as full.

        What shares a site keeps its ratio; a note tells the sites.
        """
        totals = [sum(here.values()) for here in self.occupants]
        partial = [total >= least and abs(total - 1.0) > NEARLY_FULL for total in totals]
        occupants = tuple(
            {element: share / total for element, share in here.items()} if rounded else here
            for here, total, rounded in zip(self.occupants, totals, partial, strict=True)
        )
        rounded = dict(zip(self.labels[partial].tolist(), np.array(totals)[partial], strict=True))
        told = ", ".join(f"{label} {total:.3f}" for label, total in rounded.items())
        note = (f"full_occupancy: sites taken as full: {told}",) if rounded else ()
        return replace(self, occupants=occupants, notes=(*self.notes, *note))

    @property
    def sharing(self) -> tuple[str, ...]:
        """Elements that share a site with others, in alphabetical order."""
        return tuple(sorted({e for here in self.occupants if len(here) > 1 for e in here}))

    def with_replaced(self, elements: Mapping[str, str]) -> FilledCell:
        """Return the cell with elements replaced; their shares of a site are added up.

        Raises
        ------
        InputError
            If a new one is not an element.
        """
        unknown = [new for new in elements.values() if new not in known_elements()]
        if unknown:
            raise InputError(f"{self.name}: replace puts {unknown[0]!r}, which is not an element")
        occupants = []
        for here in self.occupants:
            made: dict[str, float] = {}
            for element, share in here.items():
                name = elements.get(element, element)
                made[name] = made.get(name, 0.0) + share
            occupants.append(made)
        changed = [set(old) != set(new) for old, new in zip(self.occupants, occupants, strict=True)]
        return replace(
            self,
            occupants=tuple(occupants),
            kinds=np.where(changed, "", self.kinds),
            charges=np.where(changed, 0, self.charges),
        )


def filled_cell(
    name: str,
    cell_a: Floats,
    sites: Sequence[ListedSite],
    operations: Sequence[gemmi.Op],
    space_group: str,
) -> FilledCell:
    """Fill a cell with the images of listed sites.

    Images of one site within `SPECIAL_A` are one atom. Entries within `SAME_SITE_A` of each other
    share a site if together they don't overfill it; an atom that is listed twice counts once.

    Raises
    ------
    InputError
        If the cell would hold more than `MAX_SITES` sites.
    """
    if len(sites) * len(operations) > 50 * MAX_SITES:
        raise InputError(
            f"{name}: {len(sites)} listed sites under {len(operations)} operations are more than "
            f"the {MAX_SITES} sites that can be worked with; give a smaller cell"
        )
    rotations = np.array([op.rot for op in operations], dtype=float) / gemmi.Op.DEN
    shifts = np.array([op.tran for op in operations], dtype=float) / gemmi.Op.DEN
    points, entries, moved, multiplicities = [], [], [], []
    for number, site in enumerate(sites):
        x, y, z = site.point
        images = rotations[:, :, 0] * x + rotations[:, :, 1] * y + rotations[:, :, 2] * z + shifts
        within_a = SPECIAL_A if site.occupancy > 1.0 - FULL else SPLIT_A
        distinct, off_a = _distinct(images, cell_a, within_a)
        points.append(distinct % 1.0)
        entries += [number] * len(distinct)
        if off_a > LARGEST_SHIFT_A:
            moved.append(f"{site.label} by {off_a:.2f} Å")
        if site.multiplicity is not None:
            order = len(operations) // len(distinct)
            multiplicities.append((site.label, site.multiplicity, len(distinct), order))
        if len(entries) > 2 * MAX_SITES:
            break
    fractional = np.concatenate(points) % 1.0
    of_entry = np.array(entries)
    notes = (
        [f"taken as on a special position, which they miss: {', '.join(moved)}"] if moved else []
    )
    home, twice = _shared(cell_a, fractional, of_entry, sites)
    kept = np.flatnonzero(home == np.arange(len(home)))
    place = {int(site): index for index, site in enumerate(kept.tolist())}
    occupants: list[dict[str, float]] = [{} for _ in kept]
    charges: list[set[int]] = [set() for _ in kept]
    mass = hydrogens = 0.0
    for image, entry in enumerate(entries):
        if image in twice:
            continue
        site = sites[entry]
        here = place[int(home[image])]
        occupants[here][site.element] = occupants[here].get(site.element, 0.0) + site.occupancy
        charges[here].add(site.charge)
        mass += site.mass_u * site.occupancy
        hydrogens += site.hydrogens * site.occupancy
    if twice:
        labels = dict.fromkeys(sites[entries[image]].label for image in sorted(twice))
        notes.append(f"listed twice, counted once: {', '.join(labels)}")
    if len(kept) > MAX_SITES:
        raise InputError(
            f"{name}: more than {MAX_SITES} sites in the cell can't be worked with; give the "
            "primitive or conventional cell of the crystal"
        )
    return FilledCell(
        name=name,
        cell_a=cell_a,
        fractional=fractional[kept],
        labels=np.array([sites[entries[image]].label for image in kept.tolist()]),
        occupants=tuple(occupants),
        kinds=np.array([sites[entries[image]].kind for image in kept.tolist()]),
        charges=np.array([charge.pop() if len(charge) == 1 else 0 for charge in charges]),
        mass_u=mass,
        hydrogens=hydrogens,
        multiplicities=tuple(multiplicities),
        space_group=space_group,
        notes=tuple(notes),
    )


def _distinct(images: Floats, cell_a: Floats, within_a: float) -> tuple[Floats, float]:
    """Return the first of the images on each place, and how far in Å others are from it."""
    left = np.ones(len(images), dtype=bool)
    kept, off_a = [], 0.0
    for index in range(len(images)):
        if not left[index]:
            continue
        away = images - images[index]
        distances = np.linalg.norm((away - np.rint(away)) @ cell_a, axis=1)
        same = left & (distances < within_a)
        off_a = max(off_a, float(distances[same].max()))
        left &= ~same
        kept.append(index)
    return images[kept], off_a


def _shared(
    cell_a: Floats,
    fractional: Floats,
    of_entry: Ints,
    sites: Sequence[ListedSite],
) -> tuple[Ints, set[int]]:
    """Return the image on whose site each image stands, and the images that are listed twice."""
    home = np.arange(len(fractional))
    total = np.array([sites[entry].occupancy for entry in of_entry.tolist()])
    twice: set[int] = set()
    i, j, _, _ = neighbours(cell_a, fractional, SAME_SITE_A)
    for first, second in sorted(zip(i.tolist(), j.tolist(), strict=True)):
        if first > second or home[second] != second or first in twice:
            continue
        if of_entry[first] == of_entry[second]:
            continue  # a split position
        base, other = int(home[first]), sites[of_entry[second]]
        if total[base] + other.occupancy <= 1.0 + FULL:
            home[second] = base
            total[base] += other.occupancy
        elif _same_atom(sites[of_entry[base]], other):
            home[second] = base
            twice.add(second)
    return home, twice


def _same_atom(first: ListedSite, second: ListedSite) -> bool:
    return (first.element, first.charge, first.occupancy) == (
        second.element,
        second.charge,
        second.occupancy,
    )


def _distances(cell: FilledCell) -> Floats:
    """Return pairs of kinds and their distances of up to 5 Å, sorted, shape (n, 2)."""
    kinds = np.unique(
        [" ".join(f"{e}{share:.2f}" for e, share in sorted(o.items())) for o in cell.occupants],
        return_inverse=True,
    )[1]
    i, j, _, distances = neighbours(cell.cell_a, cell.fractional, 5.0)
    pairs = kinds[i] * (kinds.max() + 1) + kinds[j]
    order = np.lexsort((distances, pairs))
    return np.column_stack([pairs[order].astype(float), distances[order]])
