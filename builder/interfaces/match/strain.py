"""The lattice that two crystals share at an interface, and how each is strained to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from epicarve.errors import InputError
from epicarve.options import Options

if TYPE_CHECKING:
    from epicarve.arrays import Floats

    from .cells import CoincidenceCell

REFUSED_STRAIN = 0.1
"""Principal strains of larger magnitude are refused unless the caller allows them."""


class StrainRule(Options):
    """Who gives way at an interface.

    Parameters
    ----------
    fixed : {"substrate", "film", "split"}
        Whose lattice the interface takes: the substrate's (the film is strained to it), the
        film's, or one between.
    film_share : float
        For "split", the film's share of the logarithmic strain, from 0 (as "film") to 1 (as
        "substrate"). Two layers of thickness h and in-plane modulus M share it as
        h_s M_s / (h_f M_f + h_s M_s); equal ones by halves.
    max_strain : float
        Largest magnitude of a principal strain of either side.
    """

    fixed: Literal["substrate", "film", "split"] = "substrate"
    film_share: float = Field(default=0.5, ge=0.0, le=1.0)
    max_strain: float = Field(default=REFUSED_STRAIN, ge=0.0, lt=1.0)

    @property
    def share(self) -> float:
        """The film's share of the logarithmic strain under this rule."""
        return {"substrate": 1.0, "film": 0.0, "split": self.film_share}[self.fixed]


@dataclass(frozen=True)
class CommonCell:
    """A lattice that film and substrate share, and the maps that take each of them to it.

    Parameters
    ----------
    lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors in Å as rows, right-handed, in the substrate's frame.
    film_deformation, substrate_deformation : ndarray of float, shape (2, 2)
        In-plane coordinates (rows) of each side, in the frame of its lattice, times this matrix
        are those in the common cell. The film's holds its rotation.
    film_strain, substrate_strain : ndarray of float, shape (2,)
        Principal strains of each side, the one of larger magnitude first.
    """

    lattice_a: Floats
    film_deformation: Floats
    substrate_deformation: Floats
    film_strain: Floats
    substrate_strain: Floats


def common_cell(
    cell: CoincidenceCell,
    film_lattice_a: Floats,
    substrate_lattice_a: Floats,
    rule: StrainRule | None = None,
) -> CommonCell:
    """Return the lattice that both sides of a coincidence cell share under a strain rule.

    The map of the film's supercell onto the substrate's is D = R P: a rotation R, then a stretch
    P along two axes at right angles. The film takes R Pˢ, with s its share, and the substrate
    P^(s−1): each is stretched along the same axes, and neither is turned by the strain.

    Parameters
    ----------
    cell : CoincidenceCell
        The matching supercells.
    film_lattice_a, substrate_lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors in Å as rows.
    rule : StrainRule, optional
        Who gives way; the film alone if not given.

    Returns
    -------
    CommonCell
        The lattice, and deformation and strain of each side.

    Raises
    ------
    InputError
        If the strain of a side is above the rule's limit.

    Examples
    --------
    >>> from epicarve.builder.interfaces.match import coincidence_cells
    >>> film, substrate = np.diag([8.20261, 8.16986]), 5.605 * np.eye(2)
    >>> cell = coincidence_cells(film, substrate)[0]
    >>> shared = common_cell(cell, film, substrate, StrainRule(fixed="split"))
    >>> shared.film_strain.round(4).tolist(), shared.substrate_strain.round(4).tolist()
    ([-0.017, -0.015], [0.0173, 0.0152])
    """
    rule = rule or StrainRule()
    film = cell.film_matrix @ np.asarray(film_lattice_a, dtype=float)
    substrate = cell.substrate_matrix @ np.asarray(substrate_lattice_a, dtype=float)
    left, stretches, right = np.linalg.svd(np.linalg.solve(film, substrate))
    turn = left @ right
    on_film = turn @ _stretched(right, stretches**rule.share)
    on_substrate = _stretched(right, stretches ** (rule.share - 1.0))
    strains = [
        _principal_strains(stretches**rule.share),
        _principal_strains(stretches ** (rule.share - 1.0)),
    ]
    for side, strain in zip(("film", "substrate"), strains, strict=True):
        if abs(strain[0]) > rule.max_strain + 1e-9:
            raise InputError(
                f"the {side} would be strained by {strain[0]:+.1%}, more than "
                f"{rule.max_strain:.0%}; choose another cell or rule, or raise max_strain"
            )
    return CommonCell(
        lattice_a=substrate @ on_substrate,
        film_deformation=on_film,
        substrate_deformation=on_substrate,
        film_strain=strains[0],
        substrate_strain=strains[1],
    )


def _stretched(axes: Floats, stretches: Floats) -> Floats:
    """Symmetric matrix that stretches along the rows of axes."""
    return np.asarray(axes.T @ np.diag(stretches) @ axes)


def _principal_strains(stretches: Floats) -> Floats:
    """Strains of the stretches, the one of larger magnitude first."""
    strains = stretches - 1.0
    return np.asarray(strains[np.argsort(-np.abs(strains), kind="stable")])
