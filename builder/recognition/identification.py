"""What is found of a particle: its domains, its interface, and the particle as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from epicarve.record import Record, plain

from .core_cell import CellConstants
from .orderings import SiteOrdering

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Bools, Floats, Strings

    from .domain import Domain
    from .figures import CoordinationFigures, Diameters
    from .meeting import FoundInterface

Matrix = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class NextBest(Record):
    """What the ions of a domain were also taken for.

    Parameters
    ----------
    crystal : str
        The crystal.
    ordering : str or None
        How its anions stand.
    score_share : float
        Its score, as a share of that of the domain.
    """

    crystal: str
    ordering: str | None
    score_share: float


@dataclass(frozen=True)
class FoundDomain(Record):
    """A crystal in a particle.

    Parameters
    ----------
    crystal : str
        Its name; that of a crystal with another halide tells which crystal it was made of.
    told : str
        The name in words, such as ``"CsPbBr3-Pnma with I for Br"``.
    ordering : SiteOrdering or None
        Which anion stands on which orbit of sites.
    equal_orderings : tuple of str
        Orderings that the crystal has, in other orientations, as good.
    core_cell : CellConstants
        Cell in the core in Å and degrees, in the setting of the crystal.
    core_cell_spread : CellConstants or None
        Standard deviation from place to place in the core; None where that is too small.
    core_cell_method : {"lattice vectors", "whole lattice"}
        Whether the cell was measured from site to same site, or with places in the cell held.
    crystal_cell : CellConstants
        The crystal's own cell.
    orientation : tuple of tuples of float
        Rotation (3 × 3) from the cartesian frame of the crystal to that of the file; it acts on
        column vectors.
    origin_a : tuple of float
        Where the origin of the cell lies, in Å.
    n_atoms : int
        Ions of the domain.
    n_assigned, n_displaced, n_unassigned : int
        Of these, ions within a quarter of the distance of nearest neighbours of their site, up to
        half of it, and without a site.
    assigned_fraction : float
        n_assigned / n_atoms.
    n_substituted : int
        Ions on a site of another element.
    substituted : dict of str to int
        These by element: ``{"Cl on S": 70}``.
    n_empty : int
        Empty sites inside.
    rms_a : float
        Root mean square distance in Å of assigned ions from their sites.
    counts : dict of str to int
        Ions by element.
    next_best : NextBest or None
        What else the ions were taken for.
    """

    crystal: str
    told: str
    ordering: SiteOrdering | None
    equal_orderings: tuple[str, ...]
    core_cell: CellConstants
    core_cell_spread: CellConstants | None
    core_cell_method: str
    crystal_cell: CellConstants
    orientation: Matrix
    origin_a: tuple[float, float, float]
    n_atoms: int
    n_assigned: int
    n_displaced: int
    n_unassigned: int
    assigned_fraction: float
    n_substituted: int
    substituted: dict[str, int]
    n_empty: int
    rms_a: float
    counts: dict[str, int]
    next_best: NextBest | None


@dataclass(frozen=True, repr=False)
class Identification:
    """What a particle is made of.

    Parameters
    ----------
    name : str
        Name of the file, or the formula.
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å.
    counts : dict of str to int
        Atoms by element, cations first.
    net_charge : int or None
        Sum of the formal charges in e; None where an atom has none that is known.
    dipole_debye : float or None
        Dipole of the formal charges about the centroid.
    diameter_nm : Diameters
        Its size.
    domains : tuple of FoundDomain
        The crystals; of two that meet the film first.
    interface : FoundInterface or None
        How the first two domains lie on each other.
    coordination : dict of str to CoordinationFigures
        Opposite neighbours by element.
    inner_coordination : dict of str to CoordinationFigures
        The same of the ions that have ions on all sites around them.
    surface : dict of str to int
        Ions that lack a neighbour on a site around them, by element.
    unassigned : dict of str to int
        Ions without a site, by element.
    foreign : dict of str to int
        Molecules by formula, and other atoms that no crystal holds by element.
    notes : tuple of str
        What has to be known beside the numbers.
    domain_of : ndarray of str, shape (n_atoms,)
        Name of the domain on whose site each atom stands, or ``none``.
    site_of : ndarray of str, shape (n_atoms,)
        That site, as the number in the cell of its crystal, or ``none``.
    lattices : tuple of Domain
        The domains with their lattices and all their ions.
    is_ion, is_cation : ndarray of bool, shape (n_atoms,)
        Whether each atom is of an element that a crystal holds, and a cation of it.
    axes : ndarray of float, shape (3, 3)
        Unit vectors as rows along which the particle is seen best: z along the normal of the
        interface, if there is one.
    """

    name: str
    symbols: Strings
    positions_a: Floats
    counts: dict[str, int]
    net_charge: int | None
    dipole_debye: float | None
    diameter_nm: Diameters
    domains: tuple[FoundDomain, ...]
    interface: FoundInterface | None
    coordination: dict[str, CoordinationFigures]
    inner_coordination: dict[str, CoordinationFigures]
    surface: dict[str, int]
    unassigned: dict[str, int]
    foreign: dict[str, int]
    notes: tuple[str, ...]
    domain_of: Strings
    site_of: Strings
    lattices: tuple[Domain, ...]
    is_ion: Bools
    is_cation: Bools
    axes: Floats

    def __repr__(self) -> str:
        told = " and ".join(domain.told for domain in self.domains) or "no crystal"
        return f"Identification({self.name}: {told}, {len(self.symbols)} atoms)"

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.symbols)

    def as_dict(self) -> dict[str, Any]:
        """Return the content of identification.json."""
        keys = (
            *("name", "n_atoms", "counts", "net_charge", "dipole_debye", "diameter_nm", "domains"),
            *("interface", "coordination", "inner_coordination", "surface", "unassigned"),
            *("foreign", "notes"),
        )
        told: dict[str, Any] = {key: plain(getattr(self, key)) for key in keys}
        return told

    def write(self, folder: Path | str) -> None:
        """Write identification.json, identification.png and identification.extxyz, or none.

        Parameters
        ----------
        folder : Path or str
            Where to write; made if it is not there.
        """
        from epicarve.builder.output import write_identification  # noqa: PLC0415  (it draws)

        write_identification(self, folder)
