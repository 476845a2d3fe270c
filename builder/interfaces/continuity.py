"""Whether the cation sublattice of one crystal goes on in another across their interface.

One layer of cations at an interface can belong to both crystals: cations of the one lie where the
lattice of the other, continued beyond the interface, has cations too. The score measures that.
With ℓ = (volume / number of cations)^(1/3), the mean spacing of the cations of the crystal whose
lattice is continued:

- its continued sites are the cation sites beyond the interface, from the first one up to ℓ/2
  deeper; the cations of the other side are those from its outermost one up to ℓ/2 deeper;
- a cation continues a site if they are at most ℓ/4 apart in three dimensions: nearer to the site
  than to the middle between two sites. Each continues at most one (optimal assignment,
  periodic in the plane);
- matched fraction = 2 × matched / (sites + cations): 1 if the two layers are one and the same, and
  less if sites stay empty or cations have no site.

Both sides are continued in turn, and the better of the two counts. No table says which element
may continue which; contacts (`contact_limits`) enter where they keep the film from its sites.

Where one layer is a sublattice of the other, the denser one keeps the matched fraction below 1.
Beside it stands

- sublattice fraction = matched / the smaller of sites and cations, with matches within a quarter
  of the smaller mean spacing of both crystals: 1 if the denser layer holds all of the sparser.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from epicarve.builder.report import ContinuityFigures

from .contacts import pairs_within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from epicarve.arrays import Bools, Floats, Ints, Strings
    from epicarve.builder.carve import IonTable
    from epicarve.builder.crystal import Crystal

    from .face import Face
    from .stack import Stack

    Side = Literal["film", "substrate"]

LAYER_IN_SPACINGS = 0.5
"""A layer of cations, counted from its outermost one, is so many mean spacings deep."""

TOLERANCE_IN_SPACINGS = 0.25
"""A cation continues a site if it lies within this many mean cation spacings of it."""

CONTINUOUS = 0.9
"""Matched fraction from which the cations count as one subnetwork."""


@dataclass(frozen=True)
class Continuity:
    """How far the cations of two crystals are one subnetwork at their interface.

    Parameters
    ----------
    continued : {"film", "substrate"}
        The side whose lattice is continued.
    n_matched, n_sites, n_cations : int
        Matched pairs, continued sites and cations of the other side, in one cell.
    n_close : int
        Matched pairs that are close for the denser of both crystals too.
    rms_a : float or None
        Root mean square distance in Å of matched cations from their sites; None without any.
    spacing_a : float
        Mean cation spacing in Å of the continued crystal.
    pairs : mapping of str to int
        Which species of the film continues into which of the substrate: {"Pb→Cs": 2}.
    matched_film, matched_substrate : ndarray of int, shape (n_matched,)
        The pairs, as indices of the film's and of the substrate's ions of the boundary.
    """

    continued: Side
    n_matched: int
    n_sites: int
    n_cations: int
    n_close: int
    rms_a: float | None
    spacing_a: float
    pairs: Mapping[str, int]
    matched_film: Ints
    matched_substrate: Ints

    @classmethod
    def of(
        cls,
        matched: tuple[Ints, Ints, Floats],
        symbols: tuple[Strings, Strings],
        counts: tuple[int, int],
        continued: Side,
        spacings_a: Mapping[Side, float],
    ) -> Self:
        """Return the continuity of pairs, as `assigned` gives them.

        Parameters
        ----------
        matched : tuple of ndarray
            Which cations or sites of the film, which of the substrate, and distances in Å.
        symbols : pair of ndarray of str
            Elements of those of film and substrate.
        counts : pair of int
            How many of film and substrate there are to be matched.
        continued : {"film", "substrate"}
            Which side is continued.
        spacings_a : mapping of {"film", "substrate"} to float
            Mean cation spacings in Å of both crystals.
        """
        film, substrate, distances = matched
        ends = symbols[0][film].tolist(), symbols[1][substrate].tolist()
        pairs = Counter(f"{one}→{other}" for one, other in zip(*ends, strict=True))
        n_sites, n_cations = counts if continued == "film" else counts[::-1]
        return cls(
            continued=continued,
            n_matched=len(film),
            n_sites=n_sites,
            n_cations=n_cations,
            n_close=int((distances <= matching_tolerance_a(min(spacings_a.values()))).sum()),
            rms_a=float(np.sqrt((distances**2).mean())) if len(film) else None,
            spacing_a=spacings_a[continued],
            pairs=dict(sorted(pairs.items())),
            matched_film=film,
            matched_substrate=substrate,
        )

    @property
    def matched_fraction(self) -> float:
        """2 × matched / (sites + cations), from 0 to 1; 0 where there are none of either."""
        return float(matched_fraction(self.n_matched, self.n_sites + self.n_cations))

    @property
    def sublattice_fraction(self) -> float:
        """Close matches / the smaller of sites and cations, from 0 to 1."""
        return self.n_close / max(min(self.n_sites, self.n_cations), 1)

    @property
    def is_continuous(self) -> bool:
        """Whether the matched fraction is at least `CONTINUOUS`."""
        return self.matched_fraction >= CONTINUOUS

    @property
    def rms_in_spacings(self) -> float | None:
        """The root mean square distance as a fraction of the mean cation spacing."""
        return None if self.rms_a is None else self.rms_a / self.spacing_a

    @property
    def rank(self) -> tuple[float, float]:
        """Sorts the most continuous first."""
        rms_a = np.inf if self.rms_a is None else self.rms_a
        return (-round(self.matched_fraction, 6), round(rms_a, 4))

    @property
    def figures(self) -> ContinuityFigures:
        """What files say of it."""
        return ContinuityFigures(
            matched_fraction=self.matched_fraction,
            continuous=self.is_continuous,
            sublattice_fraction=self.sublattice_fraction,
            rms_a=self.rms_a,
            rms_in_spacings=self.rms_in_spacings,
            pairs=dict(self.pairs),
            reason=None if self.pairs else unmatched(matching_tolerance_a(self.spacing_a)),
            continued=self.continued,
            n_matched=self.n_matched,
            n_sites=self.n_sites,
            n_cations=self.n_cations,
            spacing_a=self.spacing_a,
        )


def finite_continuity(
    film: IonTable,
    substrate: IonTable,
    under_both: tuple[Bools, Bools],
    continued: Side,
    spacings_a: Mapping[Side, float],
) -> Continuity:
    """Return the continuity of cations and continued sites that do not repeat, as in a particle.

    Parameters
    ----------
    film, substrate : IonTable
        Continued sites for the one side, the outermost cations for the other.
    under_both : pair of ndarray of bool, shape (n_ions,)
        Which of each lie where film and substrate cover each other. Beyond, only matched ones
        count: a site at the rim whose cation the shape cuts off is not an empty one.
    continued : {"film", "substrate"}
        Which side is continued.
    spacings_a : mapping of {"film", "substrate"} to float
        Mean cation spacings in Å of both crystals.
    """
    tolerance_a = matching_tolerance_a(spacings_a[continued])
    matched = assigned_points(film.positions_a, substrate.positions_a, tolerance_a)
    counted = []
    for inside, which in zip(under_both, matched[:2], strict=True):
        counts = inside.copy()
        counts[which] = True
        counted.append(int(counts.sum()))
    symbols = film.symbols, substrate.symbols
    return Continuity.of(matched, symbols, (counted[0], counted[1]), continued, spacings_a)


def matched_fraction(n_matched: ArrayLike, n_to_match: int) -> Floats:
    """Return twice the number of matched pairs divided by that of sites and cations together."""
    return 2.0 * np.asarray(n_matched) / max(n_to_match, 1)


def matching_tolerance_a(spacing_a: float) -> float:
    """Return the largest distance in Å of a cation from the site that it continues."""
    return TOLERANCE_IN_SPACINGS * spacing_a


def unmatched(tolerance_a: float) -> str:
    """Say why there is no root mean square distance of matched cations."""
    return f"no cation lies within {tolerance_a:.2f} Å of a continued site"


def cation_spacing_a(crystal: Crystal) -> float:
    """Return the mean spacing of the cations of a crystal in Å: (volume per cation)^(1/3).

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> round(cation_spacing_a(bundled_crystal("CsPbCl3")), 2)
    4.45
    """
    n_cations = int((crystal.oxidation_states > 0).sum())
    return float((crystal.volume_a3 / n_cations) ** (1.0 / 3.0))


def meeting_cations(face: Face, *, is_continued: bool, spacing_a: float) -> Stack:
    """Return the cations with which a side meets the other one, below or beyond its face.

    Parameters
    ----------
    face : Face
        The face of the side.
    is_continued : bool
        Whether the lattice of this side is continued: then sites beyond the face, otherwise its
        outermost cations.
    spacing_a : float
        Mean cation spacing in Å of the side that is continued; half of it is looked at.
    """
    depth_a = LAYER_IN_SPACINGS * spacing_a
    return face.continued_cations(depth_a) if is_continued else face.outermost_cations(depth_a)


def assigned(squared_a2: Floats, tolerance_a: float) -> tuple[Ints, Ints, Floats]:
    """Assign rows to columns one to one: most pairs within a tolerance, then least squares.

    Parameters
    ----------
    squared_a2 : ndarray of float, shape (n, m)
        Squared distances in Å².
    tolerance_a : float
        Longest distance of a pair in Å.

    Returns
    -------
    rows, columns : ndarray of int, shape (n_pairs,)
        The pairs.
    distances_a : ndarray of float, shape (n_pairs,)
        Their distances in Å.

    Examples
    --------
    >>> assigned(np.array([[0.01, 0.04], [0.0, 9.0]]), 1.0)[1]
    array([1, 0])
    """
    limit = tolerance_a**2
    # a pair beyond the tolerance costs more than all pairs within it together
    refused = limit * (min(squared_a2.shape) + 1.0)
    costs = np.where(squared_a2 <= limit, squared_a2, refused)
    rows, columns = linear_sum_assignment(costs)
    chosen = squared_a2[rows, columns] <= limit
    rows, columns = rows[chosen], columns[chosen]
    return rows, columns, np.sqrt(squared_a2[rows, columns])


def assigned_points(
    first_a: Floats, second_a: Floats, tolerance_a: float
) -> tuple[Ints, Ints, Floats]:
    """Assign points to points as `assigned` does, in time that grows with their number.

    Parameters
    ----------
    first_a, second_a : ndarray of float, shapes (n, 3) and (m, 3)
        Coordinates in Å.
    tolerance_a : float
        Longest distance of a pair in Å.

    Returns
    -------
    first, second : ndarray of int, shape (n_pairs,)
        The pairs.
    distances_a : ndarray of float, shape (n_pairs,)
        Their distances in Å.

    Examples
    --------
    >>> points = np.array([[0.0, 0.0, 0.0], [0.3, 0.0, 0.0]])
    >>> assigned_points(points, points[:1] + 0.1, 1.0)[0]
    array([0])
    """
    near = pairs_within(first_a, second_a, tolerance_a)
    n_first, n_second = len(first_a), len(second_a)
    size = n_first + n_second
    ones = np.ones(len(near.first), dtype=np.int8)
    linked = coo_array((ones, (near.first, near.second + n_first)), shape=(size, size))
    cluster = connected_components(linked, directed=False)[1][near.first]
    alone = np.bincount(cluster, minlength=1)[cluster] == 1
    found = [(near.first[alone], near.second[alone], near.distances_a[alone])]
    for crowd in np.unique(cluster[~alone]).tolist():
        rows = np.unique(near.first[cluster == crowd])
        columns = np.unique(near.second[cluster == crowd])
        apart = first_a[rows, None] - second_a[columns]
        i, j, distances = assigned((apart**2).sum(axis=2), tolerance_a)
        found.append((rows[i], columns[j], distances))
    first, second, distances_a = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.argsort(first)
    return first[order], second[order], distances_a[order]
