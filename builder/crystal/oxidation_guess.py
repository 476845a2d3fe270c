"""Likely whole oxidation states of a composition, from how often each occurs in crystals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from math import gcd, log, prod
from typing import TYPE_CHECKING

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMMON_SHARE = 0.02
"""Least share that a common oxidation state is given, however seldom the table holds it."""

UNCOUNTED = 0.05
"""Of elements that the table lacks (Au, Pt, Os), how likely other states are beside common ones."""

INVERTED = log(0.05)
"""Log-probability of a cation that is more electronegative than an anion."""

PNICTOGENS = {"P", "As", "Sb", "Bi"}
LATER = {"S", "Se", "Te", "Cl", "Br", "I"}
"""More electronegative than pnictogens by the convention of formulas (As2Te3), though Pauling's
number of Te is below that of As."""

MOST_COMBINATIONS = 50_000
"""Combinations that are looked at; if there are more, those of rare states are left out."""

RARER_AND_RARER = (0.0, 0.001, 0.005, 0.02, 0.05, 0.2, 1.0)
"""Shares below which states are left out, one after the other, until few enough are left."""


FULL_SHELL = {
    "C": -4,
    **dict.fromkeys(("N", "P", "As", "Sb"), -3),
    **dict.fromkeys(("O", "S", "Se", "Te"), -2),
}
"""Charges of anions with a full shell. Anions of less charge, such as S -1, are bonded to each
other; crystals with such bonds are refused as covalent units."""


@dataclass(frozen=True)
class Guess:
    """One charge for each element of a composition, with the logarithm of its probability."""

    charges: dict[str, int]
    log_probability: float


@cache
def state_shares(element: str) -> dict[int, float]:
    """Return how the oxidation states of an element are shared out among known crystals.

    The counts are those of the Inorganic Crystal Structure Database as pymatgen holds them;
    the states that pymatgen calls common have a share of `COMMON_SHARE` at least.

    Raises
    ------
    InputError
        If no oxidation state of the element is known.

    Examples
    --------
    >>> shares = state_shares("Pb")
    >>> max(shares, key=shares.get)
    2
    """
    from pymatgen.analysis.bond_valence import PRIOR_PROB  # noqa: PLC0415  (costs 0.5 s)
    from pymatgen.core.periodic_table import Element  # noqa: PLC0415

    counts = {
        int(kind.oxi_state): float(count)
        for kind, count in PRIOR_PROB.items()
        if kind.symbol == element and kind.oxi_state
    }
    total = sum(counts.values()) or 1.0
    shares = {state: count / total for state, count in counts.items()}
    common = [int(state) for state in Element(element).common_oxidation_states]
    if not counts:
        weights = {int(state): UNCOUNTED for state in Element(element).oxidation_states}
        weights.update(dict.fromkeys(common, 1.0))
        shares = {state: weight / sum(weights.values()) for state, weight in weights.items()}
    for state in common:
        shares[state] = max(shares.get(state, 0.0), COMMON_SHARE)
    if not shares:
        raise InputError(f"no oxidation state of {element} is known; give oxidation_states")
    return shares


def lacks_partner(element: str, charge: int) -> bool:
    """Whether an ion would need a bond to its like, as in S2 of charge -2.

    Examples
    --------
    >>> lacks_partner("S", -1), lacks_partner("S", -2), lacks_partner("Cl", -1)
    (True, False, False)
    """
    return FULL_SHELL.get(element, charge) < charge < 0


def is_usual(element: str, charge: int) -> bool:
    """Whether single ions of an element have a charge often enough to be thought of.

    Examples
    --------
    >>> is_usual("Pb", 2), is_usual("La", 2), is_usual("S", -1)
    (True, False, False)
    """
    share = state_shares(element).get(charge, 0.0)
    return share >= COMMON_SHARE and not lacks_partner(element, charge)


def guesses(counts: Mapping[str, int], total: int = 0) -> tuple[Guess, ...]:
    """Return all ways to give each element one whole charge so that they balance, best first.

    The composition is reduced first, so that the number of formula units does not matter. The
    probability is the product of the shares of the states, and lower where a cation is more
    electronegative than an anion.

    Parameters
    ----------
    counts : mapping of str to int
        Ions of each element.
    total : int
        What their charges sum to, in units of e.

    Examples
    --------
    >>> [guess.charges for guess in guesses({"In": 4, "P": 4})][0]
    {'In': 3, 'P': -3}
    >>> guesses({"Fe": 3, "O": 4})
    ()
    """
    ordered = dict(sorted(counts.items()))
    found = [Guess(charges, _log_probability(charges)) for charges in _balanced(ordered, total)]
    return tuple(sorted(found, key=lambda guess: (-guess.log_probability, str(guess.charges))))


def _balanced(counts: dict[str, int], total: int) -> Iterator[dict[str, int]]:
    unit = gcd(*counts.values(), total)
    numbers = [count // unit for count in counts.values()]
    for least in RARER_AND_RARER:
        states = [_states(element, least) for element in counts]
        if prod(map(len, states)) <= MOST_COMBINATIONS:
            break
    for charges in product(*states[:-1]):
        left = total // unit - sum(n * charge for n, charge in zip(numbers, charges, strict=False))
        last, rest = divmod(left, numbers[-1])
        if rest == 0 and last in states[-1]:
            yield dict(zip(counts, (*charges, last), strict=True))


def _states(element: str, least: float) -> list[int]:
    """Return the oxidation states that have a share, the most frequent one in any case."""
    shares = state_shares(element)
    return sorted(q for q, share in shares.items() if share >= min(least, max(shares.values())))


def _log_probability(charges: dict[str, int]) -> float:
    total = sum(log(state_shares(element)[charge]) for element, charge in charges.items())
    cations = [element for element, charge in charges.items() if charge > 0]
    anions = [element for element, charge in charges.items() if charge < 0]
    if any(_is_more_negative(*pair) for pair in product(cations, anions)):
        total += INVERTED
    return total


def _is_more_negative(first: str, second: str) -> bool:
    """Whether an element is more electronegative than another."""
    from pymatgen.core.periodic_table import Element  # noqa: PLC0415

    if first in LATER and second in PNICTOGENS:
        return True
    if first in PNICTOGENS and second in LATER:
        return False
    return bool(Element(first).X > Element(second).X)
