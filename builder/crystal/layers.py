"""Whether a crystal is made of layers that hold together by weak forces or by lone cations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .periodic_graph import bonded_units

if TYPE_CHECKING:
    from .crystal import Crystal


def is_layered(crystal: Crystal) -> bool:
    """Tell whether the bonds of a crystal, but for those of cations of charge 1, form layers.

    The cations between the layers of Cs2PbCl4 hold them together as the van der Waals forces
    between those of PbI2 do: weakly, so that dispersion counts.

    Parameters
    ----------
    crystal : Crystal
        The crystal.

    Returns
    -------
    bool
        Whether each bonded unit of the other ions goes on for ever along two directions.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> [name for name in ("PbS", "CsPbCl3", "Cs2PbCl4") if is_layered(bundled_crystal(name))]
    ['Cs2PbCl4']
    """
    bonds = crystal.bonds
    strong = crystal.oxidation_states[bonds.cations] != 1
    i, j, shifts = bonds.cations[strong], bonds.anions[strong], bonds.shifts[strong]
    if not i.size:
        return False
    units, _, periods = bonded_units(crystal.n_sites, i, j, shifts)
    ranks = [np.linalg.matrix_rank(periods[units[i] == unit]) for unit in np.unique(units[i])]
    return all(rank == 2 for rank in ranks)
