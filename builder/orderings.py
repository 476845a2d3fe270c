"""Ordered variants of a crystal in which elements share sites, ranked by electrostatic energy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from epicarve.errors import InputError
from epicarve.options import Options

from .cif import read_structure, text_of
from .crystal import Crystal
from .oxidation import charges_of_elements
from .spacegroup import space_group_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import gemmi
    from numpy.typing import NDArray

SAME_SITE_A = 0.3
"""Entries of a CIF closer than this, in Å, share one site."""

OCCUPANCY_GRAIN = 0.02
"""How far the occupancies of a site may miss 1, and counts of the cell a whole number."""

MAX_ORDERINGS = 50_000
"""Assignments that are looked at; more are refused."""

SAME_ENERGY_EV = 1e-4
"""Energies closer than this, in eV per formula unit, keep the order of enumeration."""


class OrderingOptions(Options):
    """How shared sites are ordered.

    Parameters
    ----------
    rank : int
        Which of the variants to take, 1 for that of the lowest electrostatic energy.
    keep_symmetry : bool, optional
        Whether all sites that the CIF's symmetry makes equal take the same element. If not
        given, they do where the composition allows it.
    tie_ev : float
        Variants within this energy, in eV per formula unit, of the lowest are told as tied
        with it: point charges do not rank them.
    """

    rank: int = Field(default=1, ge=1)
    keep_symmetry: bool | None = None
    tie_ev: float = Field(default=0.1, ge=0.0, allow_inf_nan=False)


@dataclass(frozen=True)
class Ordering:
    """One ordered variant.

    Parameters
    ----------
    crystal : Crystal
        The crystal, derived.
    energy_ev : float
        Electrostatic (Ewald) energy of its formal charges in eV per formula unit.
    above_lowest_ev : float
        The same above the lowest of all variants.
    n_equivalent : int
        Number of assignments that the symmetry of the shared structure makes equal to it.
    assignment : dict of str to str
        Element on each shared site of the CIF, several as ``"S2Cl2"``.
    tied : bool
        Whether it lies so near the lowest that point charges do not tell them apart.
    """

    crystal: Crystal
    energy_ev: float
    above_lowest_ev: float
    n_equivalent: int
    assignment: dict[str, str]
    tied: bool

    def as_dict(self) -> dict[str, Any]:
        """Return a row of the table in model.json."""
        return {
            "assignment": self.assignment,
            "space_group": self.crystal.space_group,
            "energy_ev": round(self.energy_ev, 4),
            "above_lowest_ev": round(self.above_lowest_ev, 4) + 0.0,
            "n_equivalent": self.n_equivalent,
            "tied_with_lowest": self.tied,
        }


@dataclass(frozen=True)
class _Shared:
    """The sites of the unit cell of a CIF, some of them shared by several elements."""

    path: Path
    cell_a: NDArray[np.float64]
    fractional: NDArray[np.float64]
    labels: NDArray[np.str_]
    occupants: tuple[dict[str, float], ...]

    @property
    def mixed(self) -> dict[tuple[str, ...], list[int]]:
        """The shared sites by the elements that share them."""
        found: dict[tuple[str, ...], list[int]] = {}
        for site, occupants in enumerate(self.occupants):
            if len(occupants) > 1:
                found.setdefault(tuple(sorted(occupants)), []).append(site)
        return found

    @property
    def symbols(self) -> NDArray[np.str_]:
        """Element of every site; of shared ones the first in alphabetical order."""
        return np.array([min(occupants) for occupants in self.occupants], dtype="U2")

    def counts(self, elements: tuple[str, ...], sites: list[int]) -> dict[str, int]:
        """Whole numbers of ions of each element on the sites that they share."""
        found = {}
        for element in elements:
            total = sum(self.occupants[site][element] for site in sites)
            if abs(total - round(total)) > OCCUPANCY_GRAIN * len(sites):
                raise InputError(
                    f"{self.path}: the occupancies give {total:.2f} {element} in the cell, not a "
                    "whole number; give a supercell in which they do"
                )
            found[element] = round(total)
        if sum(found.values()) != len(sites):
            raise InputError(
                f"{self.path}: the occupancies of {', '.join(elements)} do not fill the "
                f"{len(sites)} sites that they share; give occupancies that do"
            )
        return found


def read_orderings(
    path: Path,
    oxidation_states: Mapping[str, int] | None = None,
    options: OrderingOptions | None = None,
) -> tuple[Ordering, ...]:
    """Read a CIF with shared sites and return its ordered variants, lowest energy first.

    Every site must be fully occupied, by one element or by several. Sites with the same
    elements exchange them freely, as long as the composition of the cell stays. Of variants
    that the symmetry of the shared structure makes equal, one is kept. The energy is that of
    the formal charges, an Ewald sum by pymatgen.

    Parameters
    ----------
    path : Path
        The CIF file.
    oxidation_states : mapping of str to int, optional
        Formal charge of each element; guessed from the composition if not given.
    options : OrderingOptions, optional
        Whether the CIF's symmetry is kept, and what counts as a tie.

    Raises
    ------
    InputError
        If a site is not fully occupied, no site is shared, the occupancies give no whole
        numbers of ions, or there are too many variants.
    """
    options = options or OrderingOptions()
    block, structure = read_structure(path)
    shared = _read_shared(path, structure)
    variants = _variants(shared, options.keep_symmetry)
    charge_of, notes = charges_of_elements(path, variants[0][0], oxidation_states)
    charges = np.array(
        [[charge_of[symbol] for symbol in symbols.tolist()] for symbols, _ in variants]
    )
    units = np.gcd.reduce(np.unique(variants[0][0], return_counts=True)[1])
    energies = ewald_energies_ev(shared.cell_a, shared.fractional, charges) / units
    order = np.argsort(np.round(energies / SAME_ENERGY_EV), kind="stable").tolist()
    lowest = float(energies[order[0]])
    tied = energies - lowest <= options.tie_ev
    derivation = text_of(block, "_epicarve_derivation")
    found = []
    for rank, index in enumerate(order, start=1):
        symbols, n_equivalent = variants[index]
        assignment = _assignment(shared, symbols)
        above = float(energies[index]) - lowest
        told = (
            f"Ordering {rank} of {len(order)}: "
            f"{', '.join(f'{element} on {label}' for label, element in assignment.items())}; "
            f"{above:.3f} eV per formula unit above the lowest Ewald energy; {int(tied.sum())} "
            f"of {len(order)} lie within {options.tie_ev:g} eV of it, which point charges do "
            "not tell apart."
        )
        crystal = Crystal(
            name=path.stem,
            cell_a=shared.cell_a,
            symbols=symbols,
            fractional=shared.fractional,
            oxidation_states=charges[index],
            status="derived",
            source=text_of(block, "_epicarve_source") or f"file {path.name}",
            derivation=f"{derivation} {told}".strip(),
            notes=notes,
        )
        crystal = replace(crystal, space_group=crystal.symmetry.symbol)
        energy = float(energies[index])
        found.append(Ordering(crystal, energy, above, n_equivalent, assignment, bool(tied[index])))
    return tuple(found)


def ewald_energies_ev(
    cell_a: NDArray[np.float64],
    fractional: NDArray[np.float64],
    charges: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the electrostatic energy of a unit cell for many sets of charges, in eV.

    The energy is the quadratic form q·M·q with pymatgen's Ewald matrix M of unit charges, so
    the sums over the lattice are done once for all sets.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates.
    charges : ndarray of int, shape (n_sets, n_sites)
        Charges in units of e; those of each set sum to 0.

    Examples
    --------
    Rock salt: the Madelung constant 1.747565 times 14.39965 eV Å over the bond of 3 Å.

    >>> from epicarve.builder.library import bundled_crystal
    >>> galena = bundled_crystal("PbS")
    >>> energy = ewald_energies_ev(6.0 * np.eye(3), galena.fractional,
    ...                            galena.oxidation_states[None, :] // 2)
    >>> (energy / 4).round(4).tolist()
    [-8.3881]
    """
    from pymatgen.analysis.ewald import EwaldSummation  # noqa: PLC0415  (costs seconds)
    from pymatgen.core.lattice import Lattice  # noqa: PLC0415
    from pymatgen.core.structure import Structure  # noqa: PLC0415

    # the element is of no matter; unit charges make the matrix that of the lattice alone
    structure = Structure(Lattice(cell_a), ["H"] * len(fractional), fractional)
    structure.add_oxidation_state_by_site([1] * len(fractional))
    summation = EwaldSummation(structure)  # type: ignore[no-untyped-call]
    matrix = np.asarray(summation.total_energy_matrix)
    return np.asarray(np.einsum("si,ij,sj->s", charges, matrix, charges, optimize=True))


def _read_shared(path: Path, structure: gemmi.SmallStructure) -> _Shared:
    """Put entries of the CIF that lie on each other onto one site."""
    entry_of = {}
    for number, entry in enumerate(structure.sites):
        entry_of[str(number)] = entry.label
        entry.label = str(number)
    cell_a = np.array(structure.cell.orth.mat.tolist()).T
    points: list[NDArray[np.float64]] = []
    labels: list[str] = []
    occupants: list[dict[str, float]] = []
    for entry in structure.get_all_unit_cell_sites():
        point = np.array(entry.fract.tolist()) % 1.0
        away = np.array(points).reshape(-1, 3) - point
        distances = np.linalg.norm((away - np.rint(away)) @ cell_a, axis=1)
        element = str(entry.element.name)
        if points and distances.min() < SAME_SITE_A:
            here = occupants[int(np.argmin(distances))]
            here[element] = here.get(element, 0.0) + entry.occ
        else:
            points.append(point)
            labels.append(entry_of[entry.label])
            occupants.append({element: entry.occ})
    for label, here in zip(labels, occupants, strict=True):
        if abs(sum(here.values()) - 1.0) > OCCUPANCY_GRAIN:
            raise InputError(
                f"{path}: site {label} is occupied to {sum(here.values()):.2f} in all; "
                "orderings need sites that are shared but full"
            )
    shared = _Shared(path, cell_a, np.array(points), np.array(labels), tuple(occupants))
    if not shared.mixed:
        raise InputError(f"{path}: no site is shared by several elements; leave orderings out")
    return shared


def _variants(shared: _Shared, keep_symmetry: bool | None) -> list[tuple[NDArray[np.str_], int]]:
    """Elements of all sites for each distinct ordering, and how many are equal to it."""
    kinds = np.unique([" ".join(sorted(here)) for here in shared.occupants], return_inverse=True)
    group = space_group_of(shared.cell_a, shared.fractional, kinds[1] + 1, str(shared.path))
    permutations = group.site_permutations(shared.fractional)
    if keep_symmetry is not False:
        found = list(_assignments(shared, shared.labels))
        if found or keep_symmetry:
            if not found:
                raise InputError(
                    f"{shared.path}: no ordering keeps the symmetry and the composition; set "
                    "keep_symmetry: false"
                )
            return _distinct(found, permutations)
    centring = (group.rotations == np.eye(3, dtype=int)).all(axis=(1, 2))
    cells = permutations[centring].min(axis=0)  # first site that a lattice vector leads to
    return _distinct(list(_assignments(shared, cells)), permutations)


def _assignments(shared: _Shared, units: NDArray[Any]) -> Iterator[NDArray[np.str_]]:
    """All ways to put elements on the shared sites; sites of one unit take the same element."""
    choices = []
    for elements, sites in shared.mixed.items():
        counts = shared.counts(elements, sites)
        blocks = [
            [site for site in sites if units[site] == unit]
            for unit in dict.fromkeys(units[sites].tolist())
        ]
        choices.append(list(_filled(shared.path, counts, blocks)))
    if np.prod([len(choice) for choice in choices], dtype=float) > MAX_ORDERINGS:
        raise InputError(_too_many(shared.path))
    for parts in product(*choices):
        symbols = shared.symbols
        for part in parts:
            for site, element in part.items():
                symbols[site] = element
        yield symbols


def _filled(path: Path, counts: dict[str, int], blocks: list[list[int]]) -> list[dict[int, str]]:
    """All ways to fill blocks of sites with the counted elements, each block with one."""
    partial: list[tuple[dict[str, int], dict[int, str]]] = [(counts, {})]
    for block in blocks:
        partial = [
            (
                {**left, element: left[element] - len(block)},
                {**placed, **dict.fromkeys(block, element)},
            )
            for left, placed in partial
            for element in left
            if left[element] >= len(block)
        ]
        if len(partial) > MAX_ORDERINGS:
            raise InputError(_too_many(path))
    return [placed for _, placed in partial]


def _too_many(path: Path) -> str:
    return (
        f"{path}: more than {MAX_ORDERINGS} orderings of the shared sites; give a smaller cell "
        "or set keep_symmetry: true"
    )


def _distinct(
    found: list[NDArray[np.str_]], permutations: NDArray[np.int64]
) -> list[tuple[NDArray[np.str_], int]]:
    """One ordering of each set that the symmetry makes equal, and the size of the set."""
    elements = np.unique(found)
    codes = np.searchsorted(elements, np.array(found)).astype(np.uint8)
    names = [min(row[turned].tobytes() for turned in permutations) for row in codes]
    first = {name: found[index] for index, name in reversed(list(enumerate(names)))}
    return [(first[name], names.count(name)) for name in dict.fromkeys(names)]


def _assignment(shared: _Shared, symbols: NDArray[np.str_]) -> dict[str, str]:
    """Which element stands on each shared site of the CIF, with numbers where several do."""
    mixed = sorted(site for sites in shared.mixed.values() for site in sites)
    found = {}
    for label in dict.fromkeys(shared.labels[mixed].tolist()):
        here = symbols[mixed][shared.labels[mixed] == label]
        elements, counts = np.unique(here, return_counts=True)
        told = [f"{element}{count}" for element, count in zip(elements, counts, strict=True)]
        found[str(label)] = str(elements[0]) if len(elements) == 1 else "".join(told)
    return found
