"""Guessed oxidation states of the sites of a crystal: composition first, then bond valences."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from math import gcd, log
from typing import TYPE_CHECKING

import numpy as np

from .bond_valence import REACH_A, mean_log_likelihood, valence_sums
from .neighbour_list import neighbours
from .oxidation_guess import Guess, guesses, lacks_partner, state_shares

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from epicarve.arrays import Floats, Ints, Strings

CLOSE = 20.0
"""A guess this many times less likely than the best is told beside it."""

RARE_SHARE = 0.05
"""An oxidation state that an element has more seldom than this is doubted, and told as rare."""

LEAST_SHARE = 0.02
"""States that an element has more seldom than this are not thought of in mixed valence."""

SPLIT = 0.4
"""Bond-valence sums tell two charges of an element apart if they lie this far apart per unit."""

SAME_SUM = 1e-3
"""Sites whose bond-valence sums differ by less are alike."""


@dataclass(frozen=True)
class Sites:
    """The single ions of a unit cell, as a file lists them.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates.
    symbols : ndarray of str, shape (n_sites,)
        Element of each site.
    labels : sequence of str
        Label of each site.
    stated : sequence of int or None
        Charge of each site as the file states it.
    total : int
        What their charges sum to, in units of e: the opposite of those of the molecules.
    beside : tuple of ndarray, shapes (n, 3) and (n,)
        Fractional coordinates and elements of the atoms of molecules.
    """

    cell_a: Floats
    fractional: Floats
    symbols: Strings
    labels: Sequence[str]
    stated: Sequence[int | None]
    total: int = 0
    beside: tuple[Floats, Strings] = (np.empty((0, 3)), np.empty(0, dtype="U2"))

    @property
    def counts(self) -> dict[str, int]:
        """Number of sites of each element."""
        elements, counts = np.unique(self.symbols, return_counts=True)
        return dict(zip(elements.tolist(), counts.tolist(), strict=True))

    @property
    def valence_sums(self) -> Floats:
        """Sum of the bond valences of each site, positive for cations, shape (n_sites,)."""
        points, symbols = self.beside
        fractional = np.concatenate([self.fractional, points])
        first, second, _, lengths_a = neighbours(self.cell_a, fractional, REACH_A)
        every = np.concatenate([self.symbols, symbols])
        return valence_sums(first, second, lengths_a, every)[: len(self.symbols)]

    @property
    def known(self) -> dict[str, int]:
        """Charges of the elements all sites of which have the same one by the file."""
        by_element: dict[str, set[int | None]] = {}
        for symbol, charge in zip(self.symbols.tolist(), self.stated, strict=True):
            by_element.setdefault(symbol, set()).add(charge)
        return {
            symbol: charge
            for symbol, charges in by_element.items()
            for charge in charges
            if len(charges) == 1 and charge is not None
        }


@dataclass(frozen=True)
class SiteGuess:
    """Guessed charges of sites.

    Parameters
    ----------
    charges : ndarray of int, shape (n_sites,)
        Charge of each site in units of e.
    note : str
        How they were guessed, and what else is likely.
    """

    charges: Ints
    note: str


def guess_charges(sites: Sites) -> SiteGuess | None:
    """Guess the charge of every site, None if no whole charges are clear.

    Each element takes one charge if its composition allows it; of several likely choices the one
    that fits the bond valences best is taken. If it does not, one element may have two charges,
    as in Pb3O4: they are told apart by the bond valences of its sites, or not guessed.

    What the file states of some elements holds. Anions have full shells: those that bind their
    like, such as S2 of charge -2, are no single ions.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> galena = bundled_crystal("PbS")
    >>> labels, stated = galena.symbols.tolist(), [None] * 8
    >>> sites = Sites(galena.cell_a, galena.fractional, galena.symbols, labels, stated)
    >>> guess_charges(sites).note
    'oxidation states guessed from the composition: Pb +2, S -2'
    """
    symbols, known = sites.symbols, sites.known
    close = likely_guesses(sites.counts, known, sites.total)
    sums = None
    if len(close) != 1 or _is_rare(close[0]):
        sums = sites.valence_sums
        mixed = None if close and not _is_rare(close[0]) else _mixed(sites, sums)
        if mixed is not None:
            return SiteGuess(mixed, _describe_by_site(mixed, symbols, sites.labels))
    if not close:
        return None
    if sums is not None and len(close) > 1:
        fit = {id(g): g.log_probability + _fit(g.charges, symbols, sums) for g in close}
        close.sort(key=lambda guess: -fit[id(guess)])
    best = close[0].charges
    by = "composition" if len(close) == 1 else "composition and bond valences"
    note = describe_guesses(close, by, known)
    return SiteGuess(np.array([best[symbol] for symbol in symbols.tolist()]), note)


def likely_guesses(
    counts: Mapping[str, int], known: Mapping[str, int], total: int = 0
) -> list[Guess]:
    """Return the likeliest charges of single ions, best first, and those that are likely as well.

    Parameters
    ----------
    counts : mapping of str to int
        Ions of each element.
    known : mapping of str to int
        Charges that hold.
    total : int
        What the charges sum to, in units of e.

    Examples
    --------
    >>> [guess.charges for guess in likely_guesses({"Pt": 1, "Se": 2}, {})]
    [{'Pt': 4, 'Se': -2}]
    """
    ranking = [
        guess
        for guess in guesses(counts, total)
        if all(guess.charges[element] == charge for element, charge in known.items())
        and not any(lacks_partner(e, q) for e, q in guess.charges.items() if e not in known)
    ]
    return [g for g in ranking if ranking[0].log_probability - g.log_probability <= log(CLOSE)]


def describe_guesses(likely: Sequence[Guess], by: str, known: Mapping[str, int]) -> str:
    """Return the note of guessed charges: by what, what else is likely, and what is rare."""
    best, others = likely[0].charges, [_describe(guess.charges) for guess in likely[1:]]
    note = f"oxidation states guessed from the {by}: {_describe(best)}"
    if others:
        note += f"; likely as well: {'; or '.join(others)}"
    rare = {e: q for e, q in best.items() if state_shares(e)[q] < RARE_SHARE and e not in known}
    if rare:
        note += f"; rare, so check: {_describe(rare)}"
    return note


def _is_rare(guess: Guess) -> bool:
    return any(
        state_shares(element)[charge] < RARE_SHARE for element, charge in guess.charges.items()
    )


def _fit(charges: Mapping[str, int], symbols: Strings, sums: Floats) -> float:
    """Log-likelihood of the bond valences, each element counted once."""
    return sum(
        mean_log_likelihood(element, charge, sums[symbols == element])
        for element, charge in charges.items()
    )


def _mixed(sites: Sites, sums: Floats) -> Ints | None:
    """Charges with two of one cation, told apart by its bond-valence sums; None if unclear."""
    symbols, counts, known = sites.symbols, sites.counts, sites.known
    found: list[tuple[float, Ints]] = []
    for element in counts:
        if element in known:
            continue
        ions = np.flatnonzero(symbols == element)
        ions = ions[np.argsort(sums[ions], kind="stable")]
        others = {e: n for e, n in counts.items() if e != element}
        for charges in _charges_of(others, known):
            rest = sites.total - sum(others[e] * charge for e, charge in charges.items())
            for low, high, n_low in _splits(element, sums[ions], rest):
                each = np.array([charges.get(symbol, low) for symbol in symbols.tolist()])
                each[ions[n_low:]] = high
                shares = [state_shares(e)[q] for e, q in (*charges.items(), (element, low))]
                fit = _fit(charges, symbols, sums) + float(np.log(shares).sum())
                fit += log(state_shares(element)[high]) + 0.5 * (
                    mean_log_likelihood(element, low, sums[ions[:n_low]])
                    + mean_log_likelihood(element, high, sums[ions[n_low:]])
                )
                found.append((fit, each))
    found.sort(key=lambda one: -one[0])
    if not found or (len(found) > 1 and found[0][0] - found[1][0] < log(CLOSE)):
        return None
    return found[0][1]


def _charges_of(counts: Mapping[str, int], known: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Yield all ways to give each element one of its ordinary charges."""
    states = [
        [known[e]]
        if e in known
        else [q for q, s in state_shares(e).items() if s >= LEAST_SHARE and not lacks_partner(e, q)]
        for e in counts
    ]
    for charges in product(*states):
        yield dict(zip(counts, charges, strict=True))


def _splits(element: str, sums: Floats, total: int) -> Iterator[tuple[int, int, int]]:
    """Yield the two charges of a cation, and how many sites have the lower, that give a total.

    The sums ascend; the sites of the lower charge are those of the lowest sums.
    """
    states = sorted(q for q, s in state_shares(element).items() if q > 0 and s >= LEAST_SHARE)
    for low, high in combinations(states, 2):
        n_high, rest = divmod(total - low * len(sums), high - low)
        n_low = len(sums) - n_high
        if rest == 0 and 0 < n_low < len(sums):
            apart = sums[n_low] - sums[n_low - 1]
            if apart >= SPLIT * (high - low):
                yield low, high, n_low


def _describe(charges: Mapping[str, int]) -> str:
    return ", ".join(f"{symbol} {charge:+d}" for symbol, charge in charges.items())


def _describe_by_site(charges: Ints, symbols: Strings, labels: Sequence[str]) -> str:
    """Return the note of guessed charges of which an element has several."""
    parts = []
    for symbol in np.unique(symbols).tolist():
        of_element = np.flatnonzero(symbols == symbol).tolist()
        several = np.unique(charges[of_element]).tolist()
        for charge in several:
            where = [labels[site] for site in of_element if charges[site] == charge]
            names = ", ".join(dict.fromkeys(where))
            parts.append(f"{symbol} {charge:+d}" + (f" ({names})" if len(several) > 1 else ""))
    return f"oxidation states guessed from the composition and bond valences: {', '.join(parts)}"


def mean_charge(sites: Sites) -> tuple[str, str] | None:
    """Return the cation whose mean charge is no whole number, with the mean as text; or None.

    All other elements carry their likeliest charge.
    """
    counts = sites.counts
    likeliest = {
        element: max(state_shares(element).items(), key=lambda item: item[1])[0]
        for element in counts
    }
    likeliest.update(sites.known)
    for element, count in counts.items():
        others = sum(counts[e] * charge for e, charge in likeliest.items() if e != element)
        total = sites.total - others
        states = [q for q, s in state_shares(element).items() if q > 0 and s >= LEAST_SHARE]
        if not total % count:  # a whole charge, but none that is known
            continue
        if len(states) > 1 and min(states) * count < total < max(states) * count:
            unit = gcd(total, count)
            return element, f"+{total // unit}/{count // unit}"
    return None
