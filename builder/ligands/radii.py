"""Van der Waals radii, by which contacts of ligands are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Strings


def vdw_radii_a(symbols: Strings) -> Floats:
    """Return the van der Waals radius in Å of each atom, by Alvarez (2013), shape (n_atoms,).

    Raises
    ------
    InputError
        If that of an element is not known.

    Examples
    --------
    >>> vdw_radii_a(np.array(["C", "H"])).tolist()
    [1.77, 1.2]
    """
    from ase.data import atomic_numbers  # noqa: PLC0415
    from ase.data.vdw_alvarez import vdw_radii  # noqa: PLC0415

    radii_a = vdw_radii[[atomic_numbers[symbol] for symbol in symbols.tolist()]]
    unknown = symbols[np.isnan(radii_a)]
    if len(unknown):
        raise InputError(
            f"the van der Waals radius of {unknown[0]} is not known, by which contacts of ligands "
            "are judged; leave the ligands out"
        )
    return np.asarray(radii_a, dtype=float)
