"""What each domain of several costs at least by itself, whatever the edits of the others are.

Without the rows of the others' charges, ratios and dipoles, and with their edits free of cost, the
program of one domain is small and its fewest steps are proven soon. The whole has as many at least
as all domains together, and a solution of so many leaves each domain its own and the spare ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .dual_bounds import Priced


@dataclass(frozen=True)
class Alone:
    """One domain by itself, over its own edits and those of others that touch it.

    Parameters
    ----------
    priced : Priced
        Its program with the prices of its relaxation.
    columns : ndarray of int
        Its columns in the program of the whole.
    is_own : ndarray of bool, shape (n_own_columns,)
        Which of them are edits of the domain itself.
    least : int
        Steps that its edits and its dipole have at least.
    """

    priced: Priced
    columns: NDArray[np.int64]
    is_own: NDArray[np.bool_]
    least: int

    def settled(self, steps: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Own edits left undone and done, as columns of the whole, where there are so many steps.

        Parameters
        ----------
        steps : int
            Most steps of the edits and the dipole of the domain.
        """
        relaxed = self.priced.relaxed
        room = steps + self.priced.highs.most_bonds * steps / self.priced.highs.weight
        is_settled = self.is_own & (relaxed.reduced > room - relaxed.value)
        is_done = relaxed.y > 0.5
        return self.columns[is_settled & ~is_done], self.columns[is_settled & is_done]

    def most_level(self, steps: int) -> float:
        """Largest level of its dipole where the domain has so many steps."""
        room = steps + self.priced.highs.most_bonds * steps / self.priced.highs.weight
        return float(self.priced.most_levels(room)[0])
