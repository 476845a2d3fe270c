"""Interfaces of two crystals by keyword, as users ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.builder.crystal import Crystal
from epicarve.builder.interfaces.match import MatchOptions, StrainRule
from epicarve.errors import require_kind

from .find import SearchOptions, search

if TYPE_CHECKING:
    from .interface import Interface


def find_interfaces(
    film: Crystal,
    substrate: Crystal,
    *,
    max_index: int = 1,
    film_hkl: tuple[int, int, int] | None = None,
    substrate_hkl: tuple[int, int, int] | None = None,
    match: MatchOptions | None = None,
    strain: StrainRule | None = None,
) -> tuple[Interface, ...]:
    """Return the best interface of every pair of faces of two crystals, most continuous first.

    Parameters
    ----------
    film, substrate : Crystal
        The two crystals.
    max_index : int
        Largest Miller index of the planes.
    film_hkl, substrate_hkl : tuple of int, optional
        A plane to look at instead of all up to the index, which is much faster.
    match : MatchOptions, optional
        Largest area and strain of the coincidence cells.
    strain : StrainRule, optional
        Who gives way.

    Returns
    -------
    tuple of Interface
        One for each pair of terminations that has a coincidence cell; see `search` for the order.

    Raises
    ------
    InputError
        If something is of a wrong type, both crystals are the same, the search would take too
        long, or no pair of planes has a coincidence cell.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> crystals = bundled_crystal("Pb4S3Br2"), bundled_crystal("CsPbBr3")
    >>> best = find_interfaces(*crystals, film_hkl=(0, 1, 0), substrate_hkl=(1, 0, 0))[0]
    >>> best.film_termination, best.substrate_termination, best.continuity.matched_fraction
    ('Pb', 'PbBr2', 1.0)
    """
    for side, crystal in (("film", film), ("substrate", substrate)):
        remedy = "give a Crystal, such as epicarve.crystal('PbS')"
        require_kind(crystal, Crystal, f"find_interfaces: the {side}", remedy)
    options = SearchOptions(
        max_index=max_index,
        film_hkl=film_hkl,
        substrate_hkl=substrate_hkl,
        match=match or MatchOptions(),
        strain=strain or StrainRule(),
    )
    return search(film, substrate, options)
