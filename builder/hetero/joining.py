"""Two crystals joined at a flat interface, all ions of both placed by one optimisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import block_diag, coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from epicarve.builder.carve import IonTable, chosen_model, shell_depth_a
from epicarve.builder.interfaces import (
    CONTACT_LIMIT,
    contact_limits_a,
    least_raise_a,
    limits_of_pairs,
    pairs_within,
    refuse_overlap,
    shortest_contact,
)
from epicarve.builder.optimise import SURFACE_A, Candidates, Domain, balance
from epicarve.builder.report import BuildReport, Halves, Junction, ParticleRegistry
from epicarve.errors import InputError

from .bonds_across import adhesion, ions_across
from .film_placement import (
    interface_of,
    laid,
    particle_continuity,
    refuse_what_cannot_be_joined,
    shift_in_particle_a,
)
from .lattice_misfit import misfit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Bools, Floats, Ints
    from epicarve.builder.interfaces import Interface
    from epicarve.builder.model import Model

    from .half_particle import HalfParticle
    from .oriented import OrientedHalf

    Limits = Mapping[frozenset[str], float]

LOOSE_CONTACT = 1.25
"""Ions touch up to this multiple of their bulk contact; where there is no bond across the
interface, such as in a poor registry, contacts hold the two sides together as one piece."""


@dataclass(frozen=True)
class Janus:
    """A joined particle and its two halves.

    Parameters
    ----------
    model : Model
        Both domains, film first, the substrate below z = 0; report.interface tells the
        registry, the misfit and the contacts.
    film, substrate : Model
        The same ions of one domain each, with the coordination and the pieces that it has by
        itself.
    """

    model: Model
    film: Model
    substrate: Model


def join(
    film: HalfParticle,
    substrate: HalfParticle,
    interface: Interface | None = None,
    *,
    gap_a: float | None = None,
) -> Janus:
    """Join a film to a substrate at an interface and choose the ions of both at once.

    The film is placed as the interface says: turned, with its registry, which holds exactly at
    the middle of the film's face, and with its gap. As the film keeps its own lattice, some ions
    away from there can come closer than they do in the cell that the interface strains both
    into; the film is raised by the least height that leaves no two ions of the two plain cuts
    closer than 90 % of their shortest bulk contact.

    Then one 0/1 program (docs/optimisation.md) chooses among the ions of both domains near the
    surface of the whole: each domain neutral, its ratio within its tolerance, every ion
    coordinated, bonds across the interface counted, the whole in one piece, the dipoles of both
    and of the whole small. Of two ions that are too close across the interface one at most is
    kept. Ions deep below the surface of the whole stay, those at the interface among them.

    Parameters
    ----------
    film, substrate : HalfParticle
        The two halves.
    interface : Interface, optional
        How they meet, as `interface_of` or `epicarve.builder.interfaces.best_of_faces` give it
        for these very faces; the best interface of the two faces if not given.
    gap_a : float, optional
        Distance in Å between the outermost cations of both sides, taken as it is.

    Returns
    -------
    Janus
        The model and its halves.

    Raises
    ------
    InputError
        If the crystals are the same, the interface is one of other faces, a shape does not reach
        it, the halves overlap, or no choice of ions satisfies all.

    Examples
    --------
    >>> from epicarve.builder.hetero import sphere_half
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.optimise import BalanceOptions
    >>> quick = BalanceOptions(free_dipole_v=100.0)
    >>> film = sphere_half(bundled_crystal("Pb4S3Br2"), 10.0, (0, 1, 0), "Pb", options=quick)
    >>> substrate = sphere_half(bundled_crystal("CsPbBr3"), 10.0, (1, 0, 0), "CsBr", options=quick)
    >>> found = interface_of(film, substrate)
    >>> told = join(film, substrate, found).model.report.interface
    >>> abs(told.gap_a - found.gap_a - told.raised_a) < 1e-9
    True
    """
    refuse_what_cannot_be_joined(film, substrate)
    found = interface or interface_of(film, substrate)
    strains = misfit(film, substrate, found.film_directions, found.substrate_directions)
    above, below = laid(film, substrate, found)
    limits = contact_limits_a(film.crystal, substrate.crystal)
    cut_above, cut_below = above.plain_cut, below.plain_cut
    raised_a = 0.0 if gap_a is None else gap_a - found.gap_a
    shift_xy = shift_in_particle_a(found, above, below)
    shift_a = np.array([*shift_xy, found.shift_a[2] + raised_a])
    moved = cut_above.shifted(shift_a)
    if gap_a is None:
        raised_a = least_raise_a(moved, cut_below, limits)
        shift_a[2] += raised_a
    else:
        refuse_overlap(moved, cut_below, limits, "give a larger gap_a or leave it out")
    built = found.moved((0.0, 0.0, raised_a))
    above = above.moved(shift_a)
    candidates, middle_a = candidates_of_halves(above, below, limits)
    outcome = balance(candidates)
    model = chosen_model(candidates, outcome).transformed(shift_a=middle_a.tolist())
    ends = (
        IonTable.of(model.domain(film.crystal.name)),
        IonTable.of(model.domain(substrate.crystal.name)),
    )
    kept = np.flatnonzero(outcome.kept)
    bonds = csr_array(candidates.adjacency[kept][:, kept])
    connectivity = csr_array(candidates.connectivity[kept][:, kept])
    is_film = model.domains == film.crystal.name
    vector_a = (above.lattice_point_a - below.lattice_point_a).round(6)
    junction = Junction(
        film=film.crystal.name,
        substrate=substrate.crystal.name,
        film_hkl=film.face.hkl,
        substrate_hkl=substrate.face.hkl,
        film_termination=film.face.layer,
        substrate_termination=substrate.face.layer,
        polarity=built.polarity.charges,
        misfit=strains,
        gap_a=built.gap_a,
        raised_a=raised_a,
        registry=ParticleRegistry(vector_a=_pair(vector_a), shift_a=_pair(shift_xy)),
        continuity=particle_continuity(built, above, below, ends).figures,
        continuity_in_cell=built.continuity.figures,
        ions_across=ions_across(*ends, limits),
        adhesion=adhesion(found),
        shortest_contact=shortest_contact(*ends, limits).closest,
    )
    model = replace(model, report=replace(model.report, interface=junction))
    return Janus(
        model=model,
        film=_alone(model, is_film, bonds, connectivity),
        substrate=_alone(model, ~is_film, bonds, connectivity),
    )


def candidates_of_halves(
    above: OrientedHalf, below: OrientedHalf, limits: Limits
) -> tuple[Candidates, Floats]:
    """Ions of both halves about the middle of the whole, and where that middle lies, in Å."""
    trims = above.trim_distance_a(below), below.trim_distance_a(above)
    heights = [
        side.ions.positions_a[trim <= SURFACE_A, 2]
        for side, trim in zip((above, below), trims, strict=True)
    ]
    lowest, highest = heights[1].min(initial=0.0), heights[0].max(initial=0.0)
    middle_a = np.array([0.0, 0.0, 0.5 * (lowest + highest)])
    domains = tuple(
        Domain(
            ions=replace(
                side.ions,
                positions_a=side.ions.positions_a - middle_a,
                signed_distance_a=trim,
                trim_distance_a=trim,
            ),
            shell_a=shell_depth_a(side.half.crystal, side.half.options),
            options=side.half.options,
            origin_a=side.origin_a - middle_a,
        )
        for side, trim in zip((above, below), trims, strict=True)
    )
    pairs = _pairs_across(above, below, limits)
    n_ions = above.ions.n_ions + below.ions.n_ions
    bonds = pairs.matrix(pairs.bonded, n_ions)
    connectivity = bonds if pairs.bonded.any() else pairs.matrix(pairs.touching, n_ions)
    own = [domain.ions.adjacency() for domain in domains]
    own_links = [d.ions.connectivity(adjacency) for d, adjacency in zip(domains, own, strict=True)]
    return (
        Candidates(
            domains,
            adjacency=csr_array(block_diag(own, format="csr") + bonds),
            connectivity=csr_array(block_diag(own_links, format="csr") + connectivity),
            clashes=np.column_stack([pairs.first, pairs.second])[pairs.clashing].astype(np.int64),
        ),
        middle_a,
    )


@dataclass(frozen=True)
class _Across:
    """Pairs of near ions across the interface: numbers of both, and what each pair is."""

    first: Ints
    second: Ints
    bonded: Bools
    touching: Bools
    clashing: Bools

    def matrix(self, which: Bools, n_ions: int) -> csr_array:
        """Return some of the pairs as a symmetric matrix of all ions."""
        ones = np.ones(int(which.sum()), dtype=np.int32)
        upper = coo_array((ones, (self.first[which], self.second[which])), shape=(n_ions, n_ions))
        return csr_array(upper + upper.T)


def _pairs_across(above: OrientedHalf, below: OrientedHalf, limits: Limits) -> _Across:
    """Find bonds, contacts and clashes across the interface.

    A cation and an anion of the two sides are bonded if they would be in either crystal; elements
    that meet in neither may be as much farther apart than their contact as the bonds of both
    crystals that reach least. A contact is at most `LOOSE_CONTACT` times as long as the bulk's, a
    clash shorter than `CONTACT_LIMIT` times that.

    Raises
    ------
    InputError
        If the halves do not touch.
    """
    rule = dict.fromkeys(limits, 0.0)
    for side in (above, below):
        for pair, limit in side.half.crystal.bond_rule.items():
            rule[frozenset(pair)] = max(limit, rule[frozenset(pair)])
    stretch = min(limit / limits[pair] for pair, limit in rule.items() if limit > 0.0)
    rule = {pair: limit or stretch * limits[pair] for pair, limit in rule.items()}
    reach_a = max(*rule.values(), *(LOOSE_CONTACT * limit for limit in limits.values()))
    pairs = pairs_within(above.ions.positions_a, below.ions.positions_a, reach_a)
    first, second = pairs.first, pairs.second
    symbols = above.ions.symbols[first], below.ions.symbols[second]
    bonded = above.ions.charges[first] * below.ions.charges[second] < 0
    bonded &= pairs.distances_a <= limits_of_pairs(*symbols, rule)
    fraction = pairs.distances_a / limits_of_pairs(*symbols, limits)
    if not (bonded | (fraction <= LOOSE_CONTACT)).any():
        raise InputError(
            f"no ion of {above.half.crystal.name} touches one of {below.half.crystal.name}; give a "
            "smaller gap_a, or shapes that lie over each other"
        )
    return _Across(
        first=first,
        second=second + above.ions.n_ions,
        bonded=bonded,
        touching=fraction <= LOOSE_CONTACT,
        clashing=fraction < CONTACT_LIMIT - 1e-9,
    )


def _alone(model: Model, mine: Bools, bonds: csr_array, connectivity: csr_array) -> Model:
    """Ions of one domain with the coordination and the pieces that they have by themselves."""
    within = csr_array(bonds[mine][:, mine])
    _, components = connected_components(connectivity[mine][:, mine], directed=False)
    return replace(
        model.domain(str(model.domains[mine][0])),
        coordination=np.diff(within.indptr).astype(int),
        components=components.astype(int),
        report=BuildReport(
            part_of=Halves(*model.domain_names),
            optimum=model.report.optimum,
            relocation=model.report.relocation,
        ),
    )


def _pair(vector_a: Floats) -> tuple[float, float]:
    x, y = vector_a.tolist()
    return x, y
