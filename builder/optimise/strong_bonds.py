"""Strong bonds: those that carry a fair share of an ion's valence.

Neighbours are counted out to the end of the first shell, where a bond may carry a hundredth of what
the shortest carries. So of its strong bonds each ion that is kept must keep some as well.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from epicarve.builder.crystal import bond_valences, is_molecule

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.crystal import Crystal

    from .candidates import Candidates

STRONG_SHARE = 0.25
"""A bond is strong if it carries this share of what the strongest of the ion carries in bulk."""

KEPT_SHARE = Fraction(1, 3)
"""Share of its strong bonds in bulk that an ion must keep, rounded up."""

ROUNDING = 1e-6


def strong_bonds_needed(ions: Candidates, chosen: Ints, minimum: Ints) -> tuple[csr_array, Ints]:
    """Return which neighbours are bonded strongly, and how many of these each ion must keep.

    Left out are ions that have enough of them if they have as many of the neighbours in bulk as
    they need.

    Parameters
    ----------
    ions : Candidates
        The ions.
    chosen : ndarray of int
        Those that are looked at.
    minimum : ndarray of int, shape (n_ions,)
        Fewest opposite neighbours that each must keep.

    Returns
    -------
    csr_array of int, shape (n_ions, n_ions), and ndarray of int, shape (n_ions,)
        1 for each strong bond of the ion in the row; the number that it must keep.
    """
    crystals = [domain.ions.crystal for domain in ions.domains]
    wanted = np.array([domain.options.strong_bonds for domain in ions.domains])
    needed = np.zeros(ions.n_ions, dtype=np.int64)
    of_bulk = [strong_in_bulk(crystal) for crystal in crystals]
    sites = [domain.ions.sites for domain in ions.domains]
    number = np.concatenate([n[at] for (n, _), at in zip(of_bulk, sites, strict=True)])
    least_v = np.concatenate([v[at] for (_, v), at in zip(of_bulk, sites, strict=True)])
    needed[chosen] = -(-number[chosen] * KEPT_SHARE.numerator // KEPT_SHARE.denominator)
    needed[~wanted[ions.domain]] = 0
    n_weak = ions.bulk_coordination - number  # the neighbours that it keeps may be all of these
    needed[minimum - n_weak >= needed] = 0
    rows = np.flatnonzero(needed)
    near = ions.adjacency[rows].tocoo()
    first, second = rows[near.coords[0]], near.coords[1]
    lengths_a = np.linalg.norm(ions.positions_a[first] - ions.positions_a[second], axis=1)
    valences = _valences(ions.symbols[first], ions.symbols[second], lengths_a)
    is_strong = ~(valences < least_v[first] - ROUNDING)
    places = first[is_strong], second[is_strong]
    ones = np.ones(len(places[0]), dtype=np.int32)
    return csr_array((ones, places), shape=(ions.n_ions, ions.n_ions)), needed


def strong_in_bulk(crystal: Crystal) -> tuple[Ints, Floats]:
    """Return the number of strong bonds of each site, and the least valence of such a bond.

    Where no parameters of a bond of an ion are known, all its bonds are strong. Bonds to molecules
    count as weak for ions that have others, and as strong for molecules.

    Examples
    --------
    Three of the seven bonds of Cl in Pb4S3Cl2 are strong, and the two to Pb of that in CsPbCl3:

    >>> from epicarve.builder.library import bundled_crystal
    >>> crystal = bundled_crystal("Pb4S3Cl2")
    >>> strong_in_bulk(crystal)[0][crystal.symbols == "Cl"].tolist()[:1]
    [3]
    >>> strong_in_bulk(bundled_crystal("CsPbCl3"))[0].tolist()
    [12, 6, 2, 2, 2]
    """
    bonds, symbols = crystal.bonds, crystal.symbols
    valences = _valences(symbols[bonds.cations], symbols[bonds.anions], bonds.lengths_a)
    ends, valences = np.concatenate([bonds.cations, bonds.anions]), np.tile(valences, 2)
    strongest = np.zeros(crystal.n_sites)
    np.maximum.at(strongest, ends, np.nan_to_num(valences))
    strongest[ends[np.isnan(valences)]] = 0.0
    least = STRONG_SHARE * strongest
    is_strong = ~(valences < least[ends] - ROUNDING)
    return np.bincount(ends[is_strong], minlength=crystal.n_sites), least


def _valences(first: Strings, second: Strings, lengths_a: Floats) -> Floats:
    """Return the valence of each bond, 0 of one to a molecule, shape (n_bonds,)."""
    names = np.unique(np.concatenate([first, second]))
    molecules = [name for name in names.tolist() if is_molecule(name)]
    to_molecule = np.isin(first, molecules) | np.isin(second, molecules)
    return np.where(to_molecule, 0.0, bond_valences(first, second, lengths_a))
