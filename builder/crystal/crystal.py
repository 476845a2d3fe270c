"""A bulk crystal: cell, ions with oxidation states, bond rule, source and status."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from epicarve.errors import InputError

from .first_shell import shell_limits_a
from .molecules import refuse_molecular_units
from .neighbour_list import neighbours, refuse_cell, refuse_overlaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .spacegroup import SpaceGroup

CONTACT_RANGE_A = 9.0
"""How far, in Å, neighbours are looked for when the first coordination shell is derived."""

TORUS_CELLS = 6
"""Cells along each axis of the block, closed on itself, in which the bulk's pieces are told."""

LIKE_CONTACT = 1.02
"""Contacts longer than the shortest by less than this factor join pieces along with it."""

DALTON_PER_A3_IN_G_PER_CM3 = 1.66053906660


@dataclass(frozen=True)
class Bonds:
    """The cation-anion bonds of one unit cell, each counted once from its cation.

    Parameters
    ----------
    cations, anions : ndarray of int, shape (n_bonds,)
        Sites of the unit cell that are bonded.
    shifts : ndarray of int, shape (n_bonds, 3)
        Unit cell in which the anion lies when the cation lies in cell (0, 0, 0).
    lengths_a : ndarray of float, shape (n_bonds,)
        Bond lengths in Å.
    """

    cations: NDArray[np.int64]
    anions: NDArray[np.int64]
    shifts: NDArray[np.int64]
    lengths_a: NDArray[np.float64]


@dataclass(frozen=True)
class Crystal:
    """An ordered ionic crystal with integer formal charges.

    Parameters
    ----------
    name : str
        Name of the crystal, used for the domain that is carved from it.
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    symbols : ndarray of str, shape (n_sites,)
        Element of every site of the conventional unit cell.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates in [0, 1).
    oxidation_states : ndarray of int, shape (n_sites,)
        Formal charge of every site in units of e; they sum to 0.
    space_group : str
        Hermann-Mauguin symbol, as the source states it.
    status : {"published", "computed", "derived", "given"}
        Whether the coordinates were published, computed from first principles, derived here
        without that, or given by the user.
    source : str
        Where the numbers come from.
    derivation : str
        How derived or computed numbers were made, empty for published ones.
    notes : tuple of str
        What was assumed when the crystal was read, for instance guessed oxidation states.

    Raises
    ------
    InputError
        If the cell has no volume, sites overlap or are too many, there are molecular ions, the
        cell is not neutral, or a site has no opposite ion in reach.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> galena = bundled_crystal("PbS")
    >>> galena.formula, round(galena.density_g_cm3, 2), galena.coordination.tolist()
    ('PbS', 7.6, [6, 6, 6, 6, 6, 6, 6, 6])
    """

    name: str
    cell_a: NDArray[np.float64]
    symbols: NDArray[np.str_]
    fractional: NDArray[np.float64]
    oxidation_states: NDArray[np.int64]
    space_group: str = "P 1"
    status: str = "given"
    source: str = ""
    derivation: str = ""
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        refuse_cell(self.name, self.cell_a, self.fractional)
        refuse_overlaps(self.name, self.cell_a, self.fractional, self.symbols)
        refuse_molecular_units(self.name, self.cell_a, self.fractional, self.symbols)
        self._require_whole_charges()
        neutral = int(self.oxidation_states.sum())
        if neutral != 0:
            states = ", ".join(
                f"{symbol} {'/'.join(f'{q:+d}' for q in charges)}"
                for symbol, charges in self.charges_of.items()
            )
            raise InputError(
                f"{self.name}: the unit cell carries {neutral:+d} e with {states}; "
                "give oxidation_states that balance"
            )
        if (self.oxidation_states == 0).any():
            symbol = self.symbols[self.oxidation_states == 0][0]
            raise InputError(
                f"{self.name}: {symbol} has oxidation state 0, so this is not an ionic crystal; "
                "give oxidation_states"
            )

    def _require_whole_charges(self) -> None:
        charges = np.asarray(self.oxidation_states, dtype=float)
        broken = np.flatnonzero(charges != np.rint(charges))
        if broken.size:
            raise InputError(
                f"{self.name}: {self.symbols[broken[0]]} has oxidation state "
                f"{charges[broken[0]]:g}, not a whole number; give each site its own"
            )
        object.__setattr__(self, "oxidation_states", charges.astype(np.int64))

    @property
    def n_sites(self) -> int:
        """Number of ions in the unit cell."""
        return len(self.symbols)

    @property
    def positions_a(self) -> NDArray[np.float64]:
        """Cartesian coordinates of the sites in Å, shape (n_sites, 3)."""
        return self.fractional @ self.cell_a

    @property
    def volume_a3(self) -> float:
        """Volume of the unit cell in Å³."""
        return float(abs(np.linalg.det(self.cell_a)))

    @property
    def cell_parameters(self) -> tuple[float, float, float, float, float, float]:
        """Lengths a, b, c in Å and angles α, β, γ in degrees."""
        return cell_parameters(self.cell_a)

    @cached_property
    def charge_of(self) -> dict[str, int]:
        """Oxidation state of each element, cations first.

        Of an element with several the mean, rounded: it tells their sign, and no more; see
        `charges_of`.
        """
        totals: dict[str, list[int]] = {}
        for symbol, charge in zip(
            self.symbols.tolist(), self.oxidation_states.tolist(), strict=True
        ):
            totals.setdefault(symbol, []).append(int(charge))
        mean = {symbol: round(sum(q) / len(q)) for symbol, q in totals.items()}
        return dict(sorted(mean.items(), key=lambda item: (item[1] <= 0, item[1], item[0])))

    @cached_property
    def charges_of(self) -> dict[str, tuple[int, ...]]:
        """All oxidation states of each element, ascending, in the order of `charge_of`."""
        return {
            symbol: tuple(np.unique(self.oxidation_states[self.symbols == symbol]).tolist())
            for symbol in self.charge_of
        }

    @cached_property
    def formula_unit(self) -> dict[str, int]:
        """Ions of each element in one formula unit, for instance {"Pb": 3, "S": 2, "Cl": 2}."""
        counts = {symbol: int((self.symbols == symbol).sum()) for symbol in self.charge_of}
        divisor = int(np.gcd.reduce(list(counts.values())))
        return {symbol: n // divisor for symbol, n in counts.items()}

    @property
    def formula(self) -> str:
        """Reduced formula, cations first."""
        return "".join(f"{s}{n if n > 1 else ''}" for s, n in self.formula_unit.items())

    @property
    def density_g_cm3(self) -> float:
        """Mass density in g/cm³."""
        from ase.data import atomic_masses, atomic_numbers  # noqa: PLC0415  (costs 0.2 s)

        mass = sum(atomic_masses[atomic_numbers[symbol]] for symbol in self.symbols.tolist())
        return float(mass / self.volume_a3 * DALTON_PER_A3_IN_G_PER_CM3)

    @cached_property
    def contacts_a(self) -> dict[frozenset[str], float]:
        """Shortest distance in Å of every pair of elements, bonded or not."""
        i, j, _, distances = neighbours(self.cell_a, self.fractional, CONTACT_RANGE_A)
        shortest: dict[frozenset[str], float] = {}
        for first in self.charge_of:
            for second in self.charge_of:
                of_pair = (self.symbols[i] == first) & (self.symbols[j] == second)
                if of_pair.any():
                    shortest[frozenset((first, second))] = float(distances[of_pair].min())
        return shortest

    @cached_property
    def bond_rule(self) -> dict[tuple[str, str], float]:
        """Longest bond in Å of each (cation, anion) pair of elements that makes bonds.

        The limit stands in the middle of the widest gap, as a ratio, between the distances of the
        pair: the crystal's own first coordination shell, with no table of radii; see
        `shell_limits_a` for how strays in the gap are treated, and pairs that make no bonds.
        """
        i, j, _, distances = neighbours(self.cell_a, self.fractional, CONTACT_RANGE_A)
        opposite = (self.oxidation_states[i] > 0) & (self.oxidation_states[j] < 0)
        found = shell_limits_a(
            i[opposite], j[opposite], distances[opposite], self.symbols, self.oxidation_states
        )
        order = list(self.charge_of)
        return dict(sorted(found.items(), key=lambda item: [order.index(s) for s in item[0]]))

    @cached_property
    def bonds(self) -> Bonds:
        """All bonds of the unit cell by `bond_rule`, in a fixed order.

        Raises
        ------
        InputError
            If an ion has none.
        """
        reach_a = max(self.bond_rule.values(), default=0.0)
        i, j, shifts, distances = neighbours(self.cell_a, self.fractional, reach_a)
        limits = np.zeros(len(i))
        for (cation, anion), limit in self.bond_rule.items():
            limits[(self.symbols[i] == cation) & (self.symbols[j] == anion)] = limit
        opposite = (self.oxidation_states[i] > 0) & (self.oxidation_states[j] < 0)
        bonded = opposite & (distances <= limits)
        found = Bonds(i[bonded], j[bonded], shifts[bonded], distances[bonded])
        alone = np.setdiff1d(np.arange(self.n_sites), np.r_[found.cations, found.anions])
        if alone.size:
            raise InputError(self._loneliness(int(alone[0]), len(alone)))
        return found

    def _loneliness(self, site: int, n_alone: int) -> str:
        """Say how far an ion without a bond is from others."""
        i, j, _, distances = neighbours(self.cell_a, self.fractional, CONTACT_RANGE_A)
        signs = np.sign(self.oxidation_states)
        near = np.flatnonzero((i == site) & (signs[j] == -signs[site]))
        told = f"there is no ion of opposite charge within {CONTACT_RANGE_A:.0f} Å"
        if near.size:
            nearest = near[np.argmin(distances[near])]
            pair = sorted((site, int(j[nearest])), key=lambda ion: -signs[ion])
            cation, anion = self.symbols[pair].tolist()
            told = (
                f"its nearest {self.symbols[j[nearest]]} lies {distances[nearest]:.2f} Å away, and "
                f"{cation}-{anion} bonds of this crystal end at "
                f"{self.bond_rule.get((cation, anion), 0.0):.2f} Å"
            )
        others = f", nor have {n_alone - 1} others" if n_alone > 1 else ""
        return (
            f"{self.name}: site {site + 1} ({self.symbols[site]}) has no bond{others}: {told}; "
            "check cell and sites, or relax the crystal"
        )

    @cached_property
    def links(self) -> Bonds:
        """The bonds and, where these leave the bulk in pieces, the contacts between the pieces.

        Layers, chains and molecules of a crystal such as CdI2 or PbO are held together by the
        shortest contacts between them, of whatever charge: they count as links when a model is
        asked to be one piece, but not as bonds. Each pair stands in it once, in either order.
        """
        links = self.bonds
        while len(np.unique(pieces := self._pieces(links))) > 1:
            i, j, shifts, lengths = neighbours(self.cell_a, self.fractional, CONTACT_RANGE_A)
            wrapped = np.ravel_multi_index(tuple(shifts.T % TORUS_CELLS), (TORUS_CELLS,) * 3)
            apart = np.flatnonzero(pieces[0, i] != pieces[wrapped, j])
            if len(apart) == 0:
                break  # farther apart than contacts are looked for
            near = apart[lengths[apart] <= LIKE_CONTACT * lengths[apart].min()]
            links = Bonds(
                np.concatenate([links.cations, i[near]]),
                np.concatenate([links.anions, j[near]]),
                np.concatenate([links.shifts, shifts[near]]),
                np.concatenate([links.lengths_a, lengths[near]]),
            )
        return links

    def _pieces(self, links: Bonds) -> NDArray[np.int64]:
        """Piece of each site of a block of cells closed on itself, shape (n_cells, n_sites)."""
        size = (TORUS_CELLS,) * 3
        cells = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij"), axis=-1).reshape(-1, 3)
        there = np.ravel_multi_index(
            tuple(np.moveaxis((cells[:, None, :] + links.shifts) % TORUS_CELLS, 2, 0)), size
        )
        first = np.arange(len(cells))[:, None] * self.n_sites + links.cations
        second = there * self.n_sites + links.anions
        n_nodes = len(cells) * self.n_sites
        ones = np.ones(first.size, dtype=np.int8)
        graph = coo_array((ones, (first.ravel(), second.ravel())), shape=(n_nodes, n_nodes))
        _, label = connected_components(graph, directed=False)
        return np.asarray(label, dtype=np.int64).reshape(len(cells), self.n_sites)

    @cached_property
    def coordination(self) -> NDArray[np.int64]:
        """Number of opposite neighbours of every site in bulk, shape (n_sites,)."""
        return np.asarray(
            np.bincount(self.bonds.cations, minlength=self.n_sites)
            + np.bincount(self.bonds.anions, minlength=self.n_sites)
        )

    @cached_property
    def symmetry(self) -> SpaceGroup:
        """The space group of the ions, with element and charge of each respected.

        Examples
        --------
        >>> from epicarve.builder.library import bundled_crystal
        >>> group = bundled_crystal("PbS").symmetry
        >>> group.symbol, len(group.point_group), len(group.equivalent_planes((1, 1, 1)))
        ('Fm-3m', 48, 8)
        """
        from .spacegroup import space_group  # noqa: PLC0415  (spglib is not always needed)

        charged = zip(self.symbols.tolist(), self.oxidation_states.tolist(), strict=True)
        names = [f"{symbol}{charge:+d}" for symbol, charge in charged]
        kinds = np.unique(names, return_inverse=True)[1] + 1
        return space_group(self.cell_a, self.fractional, kinds, self.name)

    def direction(self, hkl: tuple[int, int, int]) -> NDArray[np.float64]:
        """Return the unit normal of the lattice planes (hkl), cartesian, shape (3,)."""
        if not any(hkl):
            raise InputError(f"{self.name}: hkl [0, 0, 0] is no plane; give Miller indices")
        normal = np.linalg.inv(self.cell_a) @ np.array(hkl, dtype=float)
        return np.asarray(normal / np.linalg.norm(normal))

    def spacing_a(self, hkl: tuple[int, int, int]) -> float:
        """Return the spacing of the lattice planes (hkl) in Å, hkl reduced to coprime indices."""
        coprime = np.array(hkl) // np.gcd.reduce(hkl)
        return float(1.0 / np.linalg.norm(np.linalg.inv(self.cell_a) @ coprime))


def cell_parameters(
    cell_a: NDArray[np.float64],
) -> tuple[float, float, float, float, float, float]:
    """Return lengths a, b, c in Å and angles α, β, γ in degrees of a cell, its vectors as rows."""
    a, b, c = np.linalg.norm(cell_a, axis=1)
    u, v, w = cell_a / np.array([[a], [b], [c]])
    angles = np.degrees(np.arccos(np.clip([v @ w, u @ w, u @ v], -1.0, 1.0)))
    return (float(a), float(b), float(c), float(angles[0]), float(angles[1]), float(angles[2]))
