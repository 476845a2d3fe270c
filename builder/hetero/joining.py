"""Two crystals joined at a flat interface, all ions of both placed by one optimisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import block_diag, coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from epicarve.builder.carve import Ions, chosen_model, shell_depth_a
from epicarve.builder.crystal import refuse_one_name, refuse_same
from epicarve.builder.interfaces import (
    CONTACT_LIMIT,
    LAYER_IN_SPACINGS,
    TOLERANCE_IN_SPACINGS,
    Polarity,
    cation_spacing_a,
    contact_limits_a,
    limits_of_pairs,
    pairs_within,
    refuse_overlap,
    shortest_contact,
    unmatched,
)
from epicarve.builder.optimise import SURFACE_A, Candidates, Domain, balance
from epicarve.errors import InputError

from .lattice_misfit import misfit
from .oriented import Placed
from .registry import best_shift_a, continuity, least_raise_a

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from epicarve.builder.model import Model

    from .half_particle import Half
    from .lattice_misfit import Directions

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
        Both domains, film first, the substrate below z = 0; report["interface"] tells the
        registry, the misfit and the contacts.
    film, substrate : Model
        The same ions of one domain each, with the coordination and the pieces that it has by
        itself.
    """

    model: Model
    film: Model
    substrate: Model


def join(
    film: Half,
    substrate: Half,
    film_directions: Directions,
    substrate_directions: Directions,
    *,
    registry_a: Sequence[float] | None = None,
    gap_a: float | None = None,
) -> Janus:
    """Join a film to a substrate and choose the ions of both at once.

    First the film is placed. Its first layer of cations comes to lie at the height of the next
    layer of cations of the substrate's lattice, beyond the face, with the shift in the plane at
    which they continue that layer best, and is raised by the least height that leaves no two
    ions of the two plain cuts closer than 90 % of their shortest bulk contact. A registry and a
    gap that are given are taken as they are.

    Then one 0/1 program (docs/optimisation.md) chooses among the ions of both domains near the
    surface of the whole: each domain neutral, its ratio within its tolerance, every ion
    coordinated, bonds across the interface counted, the whole in one piece, the dipoles of both
    and of the whole small. Of two ions that are too close across the interface one at most is
    kept. Ions deep below the surface of the whole stay, those at the interface among them.

    Parameters
    ----------
    film, substrate : Half
        The two halves.
    film_directions, substrate_directions : pair of tuples of float
        Two lattice vectors [u, v, w] in each face, those of the film to lie along those of the
        substrate; together they span the coincidence cell. Halves and thirds occur where a cell
        is centred.
    registry_a : sequence of float, length 2, optional
        Where the film's lattice lies on the substrate's, in Å along the first direction of the
        substrate and across it: from a lattice point of the substrate to one of the film, both
        taken as `Placed.lattice_point_a` says.
    gap_a : float, optional
        Distance in Å between the outermost layers of cations of both sides.

    Returns
    -------
    Janus
        The model and its halves.

    Raises
    ------
    InputError
        If the crystals are the same, the directions do not lie in the faces or do not span one
        cell, a shape does not reach the interface, the halves overlap, or no choice of
        ions satisfies all.
    """
    _refuse_what_cannot_be_joined(film, substrate)
    strains = misfit(film, substrate, film_directions, substrate_directions)
    below = Placed.of(substrate, substrate_directions[0], outward_z=1.0)
    above = Placed.of(film, film_directions[0], outward_z=-1.0)
    limits = contact_limits_a(film.crystal, substrate.crystal)
    cut_above, cut_below = above.plain_cut, below.plain_cut
    spacing_a = cation_spacing_a(substrate.crystal)
    depth_a = LAYER_IN_SPACINGS * spacing_a
    face = cut_above.face(-1.0, depth_a)
    reach_a = float(np.linalg.norm(face.positions_a[:, :2], axis=1).max())
    sites = below.continued_cations(reach_a, depth_a)
    if registry_a is None:
        shift_xy = best_shift_a(face, sites)
    else:
        cell = [substrate.face_vector_a(uvw) @ below.turn.T for uvw in substrate_directions]
        wanted = below.lattice_point_a + registry_a - above.lattice_point_a
        shift_xy = _shortest(wanted, np.array(cell)[:, :2])
    top_a = float(cut_below.face(1.0, depth_a).positions_a[:, 2].mean())
    next_a = float(sites.positions_a[:, 2].mean()) if gap_a is None else top_a + gap_a
    shift_a = np.array([*shift_xy, next_a - face.positions_a[:, 2].mean()])
    raised_a = 0.0
    if gap_a is None:
        raised_a = least_raise_a(cut_above.shifted(shift_a), cut_below, limits)
        shift_a[2] += raised_a
    else:
        moved = cut_above.shifted(shift_a)
        refuse_overlap(moved, cut_below, limits, "give a larger gap_a or leave it out")
    above = above.moved(shift_a)
    candidates, middle_a = candidates_of_halves(above, below, limits)
    outcome = balance(candidates)
    model = chosen_model(candidates, outcome).transformed(shift_a=middle_a.tolist())
    ends = Ions.of(model.domain(film.crystal.name)), Ions.of(model.domain(substrate.crystal.name))
    tolerance_a = TOLERANCE_IN_SPACINGS * spacing_a
    going_on = continuity(ends[0].face(-1.0, depth_a), sites, tolerance_a)
    kept = np.flatnonzero(outcome.kept)
    bonds = csr_array(candidates.adjacency[kept][:, kept])
    links = csr_array(candidates.links[kept][:, kept])
    is_film = model.domains == film.crystal.name
    interface: dict[str, Any] = {
        "film": film.crystal.name,
        "substrate": substrate.crystal.name,
        "film_hkl": list(film.face.hkl),
        "substrate_hkl": list(substrate.face.hkl),
        "film_termination": film.face.layer,
        "substrate_termination": substrate.face.layer,
        "polarity": Polarity.of(film.face, substrate.face).as_dict(),
        "misfit": strains,
        "gap_a": next_a + raised_a - top_a,
        "raised_a": raised_a,
        "registry": {
            "vector_a": (above.lattice_point_a - below.lattice_point_a).round(6).tolist(),
            "shift_a": shift_xy.tolist(),
        },
        "continuity": {
            "matched_fraction": going_on.matched_fraction,
            "rms_a": going_on.rms_a,
            "pairs": dict(going_on.pairs),
            **({} if going_on.pairs else {"reason": unmatched(tolerance_a)}),
        },
        "n_bonds_across": int(bonds[is_film][:, ~is_film].sum()),
        "shortest_contact": shortest_contact(*ends, limits),
    }
    model = replace(model, report={"interface": interface, **model.report})
    return Janus(
        model=model,
        film=_alone(model, is_film, bonds, links),
        substrate=_alone(model, ~is_film, bonds, links),
    )


def _refuse_what_cannot_be_joined(film: Half, substrate: Half) -> None:
    refuse_same(film.crystal, substrate.crystal, ("film", "substrate"))
    refuse_one_name(film.crystal, substrate.crystal)
    for half in (film, substrate):
        if half.options.symmetry != "none":
            raise InputError(
                f"{half.crystal.name}: symmetry {half.options.symmetry} can't be kept beside an "
                "interface; take balance.symmetry out"
            )


def _shortest(shift_a: NDArray[np.float64], cell_a: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shortest of the shifts in the plane that differ by cells, shape (2,)."""
    steps = np.arange(-1, 2)
    around = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    shifts = shift_a - (np.rint(shift_a @ np.linalg.inv(cell_a)) + around) @ cell_a
    lengths = np.linalg.norm(shifts, axis=1).round(6)
    return np.asarray(shifts[np.lexsort((*shifts.T.round(6), lengths))[0]])


def candidates_of_halves(
    above: Placed, below: Placed, limits: Limits
) -> tuple[Candidates, NDArray[np.float64]]:
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
    links = bonds if pairs.bonded.any() else pairs.matrix(pairs.touching, n_ions)
    own = [domain.ions.adjacency() for domain in domains]
    own_links = [d.ions.links(adjacency) for d, adjacency in zip(domains, own, strict=True)]
    return (
        Candidates(
            domains,
            adjacency=csr_array(block_diag(own, format="csr") + bonds),
            links=csr_array(block_diag(own_links, format="csr") + links),
            clashes=np.column_stack([pairs.first, pairs.second])[pairs.clashing].astype(np.int64),
        ),
        middle_a,
    )


@dataclass(frozen=True)
class _Across:
    """Pairs of near ions across the interface: numbers of both, and what each pair is."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    bonded: NDArray[np.bool_]
    touching: NDArray[np.bool_]
    clashing: NDArray[np.bool_]

    def matrix(self, which: NDArray[np.bool_], n_ions: int) -> csr_array:
        """Return some of the pairs as a symmetric matrix of all ions."""
        ones = np.ones(int(which.sum()), dtype=np.int32)
        upper = coo_array((ones, (self.first[which], self.second[which])), shape=(n_ions, n_ions))
        return csr_array(upper + upper.T)


def _pairs_across(above: Placed, below: Placed, limits: Limits) -> _Across:
    """Find bonds, contacts and clashes across the interface.

    A cation and an anion of the two sides are bonded if they would be in either crystal. A
    contact is at most `LOOSE_CONTACT` times as long as the bulk's, a clash shorter than
    `CONTACT_LIMIT` times that.

    Raises
    ------
    InputError
        If the halves do not touch.
    """
    rule = dict.fromkeys(limits, 0.0)
    for side in (above, below):
        for pair, limit in side.half.crystal.bond_rule.items():
            rule[frozenset(pair)] = max(limit, rule[frozenset(pair)])
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


def _alone(model: Model, mine: NDArray[np.bool_], bonds: csr_array, links: csr_array) -> Model:
    """Ions of one domain with the coordination and the pieces that they have by themselves."""
    within = csr_array(bonds[mine][:, mine])
    _, components = connected_components(links[mine][:, mine], directed=False)
    interface = model.report["interface"]
    return replace(
        model.domain(str(model.domains[mine][0])),
        coordination=np.diff(within.indptr).astype(int),
        components=components.astype(int),
        report={
            "part_of": {key: interface[key] for key in ("film", "substrate")},
            "optimum": model.report["optimum"],
        },
    )
