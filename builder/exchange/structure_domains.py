"""Which crystal each ion of a given structure belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.recognition import identify
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Strings
    from epicarve.builder.crystal import Crystal


def domains_found(
    name: str, symbols: Strings, positions_a: Floats, crystals: Sequence[Crystal]
) -> Strings:
    """Return the name of the crystal of each ion, as `identify` finds them.

    Ions on no site belong to the crystal of the nearest ion on a site, of those that hold their
    element if any does.

    Parameters
    ----------
    name : str
        What to call the structure in messages.
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å.
    crystals : sequence of Crystal
        Two or more, of different names.

    Raises
    ------
    InputError
        If one of the crystals is not found.
    """
    from ase import Atoms  # noqa: PLC0415  (costs half a second)

    found = identify(Atoms(symbols.tolist(), positions=positions_a), crystals)
    domains = np.full(len(symbols), "", dtype=object)
    for lattice in found.lattices:
        domains[lattice.members] = lattice.crystal.name
    has_site = domains != ""
    names = [crystal.name for crystal in crystals]
    missing = [crystal for crystal in names if crystal not in domains]
    if missing:
        raise InputError(
            f"{name}: nothing of {' and '.join(missing)} is found in it; `epicarve identify` tells "
            "what it is made of; name what is there, or none"
        )
    holds = {crystal.name: {*crystal.symbols.tolist()} for crystal in crystals}
    for symbol in np.unique(symbols[~has_site]).tolist():
        own = [crystal for crystal in names if symbol in holds[crystal]] or names
        lost = np.flatnonzero((symbols == symbol) & ~has_site)
        sites = np.flatnonzero(has_site & np.isin(domains, own))
        nearest = cKDTree(positions_a[sites]).query(positions_a[lost])[1]
        domains[lost] = domains[sites[nearest]]
    return domains.astype(str)
