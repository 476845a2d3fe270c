"""Formal charges by element, as crystals have them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Strings
    from epicarve.builder.crystal import Crystal


class ElementCharges(NamedTuple):
    """Formal charges by element.

    Parameters
    ----------
    sign : dict of str to int
        1 for cations, -1 for anions.
    single : dict of str to int
        The charge in e of each element that has only one.
    """

    sign: dict[str, int]
    single: dict[str, int]

    @classmethod
    def of(cls, crystals: Sequence[Crystal], library: Sequence[Crystal]) -> ElementCharges:
        """Return the charges in some crystals; of elements not in them, those in a library."""
        sign: dict[str, int] = {}
        single: dict[str, int] = {}
        for crystal in (*crystals, *library):
            for symbol, found in crystal.charges_of.items():
                if symbol not in sign:
                    sign[symbol] = 1 if crystal.charge_of[symbol] > 0 else -1
                    if len(found) == 1:
                        single[symbol] = found[0]
        return cls(sign, single)

    def counted(self, symbols: Strings) -> dict[str, int]:
        """Count atoms by element: cations first, each by ascending charge, then by symbol."""

        def rank(symbol: str) -> tuple[bool, int, str]:
            charge = self.single.get(symbol, self.sign.get(symbol, 0))
            return charge <= 0, charge, symbol

        counts = Counter(symbols.tolist())
        return {symbol: counts[symbol] for symbol in sorted(counts, key=rank)}
