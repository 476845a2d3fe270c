"""How the two halves of a heterostructure meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from epicarve.record import Record


@dataclass(frozen=True)
class Halves(Record):
    """The whole that a half was taken from.

    Parameters
    ----------
    film, substrate : str
        Names of its crystals.
    """

    film: str
    substrate: str


@dataclass(frozen=True)
class FaceCharges(Record):
    """The charges that two faces turn to each other.

    Parameters
    ----------
    signs : str
        Signs of the outermost layers, the film's first: ``"+/-"``.
    kind : {"like", "opposite", "uncharged"}
        Whether both layers have like or opposite charges, or one of them has none.
    repels : bool
        Whether like charges of polar cuts face each other.
    """

    signs: str
    kind: Literal["like", "opposite", "uncharged"]
    repels: bool


@dataclass(frozen=True)
class FittedDirection(Record):
    """Two directions that lie along each other, and how far their lengths differ.

    Parameters
    ----------
    film_direction, substrate_direction : tuple of number
        Lattice vectors [u, v, w].
    film_a, substrate_a : float
        Their lengths in Å.
    strain : float
        Strain of the film that would make it fit: substrate_a = film_a (1 + strain).
    """

    film_direction: tuple[int | float, int | float, int | float]
    substrate_direction: tuple[int | float, int | float, int | float]
    film_a: float
    substrate_a: float
    strain: float


@dataclass(frozen=True)
class ParticleRegistry(Record):
    """How a film lies on a substrate.

    Parameters
    ----------
    vector_a : tuple of float
        From a lattice point of the substrate to one of the film, (x, y) in Å.
    shift_a : tuple of float
        How far the film's face was shifted, (x, y) in Å.
    """

    vector_a: tuple[float, float]
    shift_a: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class ContinuityFigures(Record):
    """How far the cations of two crystals are one subnetwork.

    Parameters
    ----------
    matched_fraction : float
        2 × matched / (sites + cations), from 0 to 1.
    continuous : bool
        Whether that counts as one subnetwork.
    sublattice_fraction : float
        Close matches / the smaller of sites and cations, from 0 to 1: 1 if all of the sparser layer
        is found in the denser.
    rms_a, rms_in_spacings : float or None
        Root mean square distance of matched cations from their sites, in Å and in mean cation
        spacings; None without any.
    pairs : dict of str to int
        Which species of the film continues into which of the substrate.
    reason : str, optional
        Why none is matched.
    continued : {"film", "substrate"}
        The side whose lattice is continued.
    n_matched, n_sites, n_cations : int
        Matched pairs, continued sites and cations of the other side.
    spacing_a : float
        Mean cation spacing of the continued crystal in Å.
    """

    matched_fraction: float
    continuous: bool
    sublattice_fraction: float
    rms_a: float | None
    rms_in_spacings: float | None
    pairs: dict[str, int]
    reason: str | None = None
    continued: Literal["film", "substrate"]
    n_matched: int
    n_sites: int
    n_cations: int
    spacing_a: float


@dataclass(frozen=True)
class ClosestPair(Record):
    """The shortest contact across an interface, as measured by the bulk.

    Parameters
    ----------
    pair : str
        Elements of film and substrate: ``"Pb-Cl"``.
    distance_a : float
        Their distance in Å.
    fraction_of_bulk : float
        Distance over their contact: the shortest one of these elements in bulk, or that told of
        them where they meet in neither.
    """

    pair: str
    distance_a: float
    fraction_of_bulk: float


@dataclass(frozen=True)
class IonsAcross(Record):
    """Bonds and contacts between the ions of the two sides.

    Parameters
    ----------
    n_bonds : int or None
        Cations and anions whose contact has at least 4 % of the cation's charge as bond valence.
    valence : float or None
        Sum of the bond valences of these bonds; None, as the number, for some `reason`.
    nearest_opposite_a : float or None
        Shortest distance in Å of a cation and an anion; None if there is none within 6 Å.
    n_facing : int
        Ions of both sides that have an ion of the other side within 1.25 times their contact.
    n_facing_like : int
        Of these, ions whose nearest one of the other side is of their own sign.
    reason : str, optional
        Why bonds are not counted.
    """

    n_bonds: int | None
    valence: float | None
    nearest_opposite_a: float | None
    n_facing: int
    n_facing_like: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Adhesion(Record):
    """The energy of rigid ions in the cell of an interface.

    Parameters
    ----------
    work_j_m2 : float, optional
        Work of adhesion in J/m² at the best registry and gap of the rigid ions.
    registry_off_a : float, optional
        How far, in Å, that registry lies from the one that is built.
    is_polar : bool, optional
        Whether a cut is polar: the energy then is that of a face without the charges it needs.
    reason : str, optional
        Why there is none.
    """

    work_j_m2: float | None = None
    registry_off_a: float | None = None
    is_polar: bool | None = None
    reason: str | None = None


@dataclass(frozen=True)
class LaidHalf(Record):
    """A relaxed half laid back onto the joined particle.

    Parameters
    ----------
    n_cations : int
        Interface cations that it was laid by.
    residual_rms_a : float
        Root mean square distance in Å that is left over them.
    rotation_deg : float
        Angle of the rotation in degrees.
    displacement_rms_a : float
        Root mean square displacement of all its ions in Å.
    """

    n_cations: int
    residual_rms_a: float
    rotation_deg: float
    displacement_rms_a: float


@dataclass(frozen=True)
class Junction(Record):
    """The interface of a joined particle.

    Parameters
    ----------
    film, substrate : str
        Names of the crystals.
    film_hkl, substrate_hkl : tuple of int
        The planes.
    film_termination, substrate_termination : str
        The outermost layers.
    polarity : FaceCharges
        The charges that face each other.
    misfit : tuple of FittedDirection
        The two directions along each other.
    gap_a : float
        Distance in Å between the outermost cations of both sides.
    raised_a : float
        How much of it keeps ions away from the middle of the face apart.
    registry : ParticleRegistry
        How the film lies on the substrate.
    continuity, continuity_in_cell : ContinuityFigures
        How far the cations are one subnetwork: in the particle, and in the cell of the interface.
    ions_across : IonsAcross
        Bonds and contacts between the ions of the two sides.
    adhesion : Adhesion
        The energy of rigid ions in the cell of the interface.
    shortest_contact : ClosestPair
        The shortest contact across the interface.
    relaxed_halves : dict of str to LaidHalf, optional
        By crystal, how the halves that were relaxed elsewhere were laid back.
    """

    film: str
    substrate: str
    film_hkl: tuple[int, int, int]
    substrate_hkl: tuple[int, int, int]
    film_termination: str
    substrate_termination: str
    polarity: FaceCharges
    misfit: tuple[FittedDirection, ...]
    gap_a: float
    raised_a: float
    registry: ParticleRegistry
    continuity: ContinuityFigures
    continuity_in_cell: ContinuityFigures
    ions_across: IonsAcross
    adhesion: Adhesion
    shortest_contact: ClosestPair
    relaxed_halves: dict[str, LaidHalf] | None = None
