"""Joining two carved halves across an interface, so that the cation sublattice goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from epicarve.errors import InputError

from .lattice import ions_near
from .model import Edit, Model
from .shapes import Sphere

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .crystal import Crystal
    from .half import Half

    Directions = tuple[tuple[int, int, int], tuple[int, int, int]]

CATION_LAYER_GAP_A = 0.75
"""A layer of cations ends where the next cation is farther than this along the normal, in Å."""

MATCH_FRACTION = 0.2
"""A cation continues a site if it lies within this fraction of the spacing of the sites."""

CONTACT_LIMIT = 0.9
"""Shortest contact across the interface, as a fraction of the bulk's for the pair."""

MAX_RAISE_A = 2.0
ANGLE_TOLERANCE_DEG = 5.0
LIFT_STEP_A = 0.01
REFINEMENT_ROUNDS = 20


@dataclass(frozen=True)
class Registry:
    """Where the film lies on the substrate.

    Parameters
    ----------
    shift_a : ndarray of float, shape (3,)
        Translation of the film in Å, after its face was laid on the substrate's.
    gap_a : float
        Distance in Å between the outermost layers of cations of both sides.
    matched_fraction : float
        Share of the film's face cations that continue a cation site of the substrate.
    rms_a : float
        Root mean square distance in Å, in the plane, of the matched cations from their sites.
    pairs : mapping of str to int
        How many cations of which element continue which, such as {"Pb→Cs": 40}.
    """

    shift_a: NDArray[np.float64]
    gap_a: float
    matched_fraction: float
    rms_a: float
    pairs: Mapping[str, int]


def join(
    film: Half, substrate: Half, film_directions: Directions, substrate_directions: Directions
) -> Model:
    """Join a film to a substrate so that the film's face cations continue the substrate's lattice.

    The substrate's cation lattice is continued beyond its face. The film is laid face to face
    with it, its first layer of cations at the height of the next layer of the substrate, and
    shifted in the plane to the registry with the smallest root mean square distance between
    cations and continued sites (optimal one-to-one assignment). If ions of both sides are then
    closer than 90 % of the shortest bulk contact of their elements, the film is raised until
    they are not. No ion is removed.

    Parameters
    ----------
    film, substrate : Half
        The two halves, each neutral by itself.
    film_directions, substrate_directions : pair of tuples of int
        Two lattice vectors [u, v, w] in each face, those of the film to lie along those of the
        substrate; together they span the coincidence cell.

    Returns
    -------
    Model
        Both domains, the substrate below z = 0; report["interface"] tells the registry, the
        misfit and the contacts.

    Raises
    ------
    InputError
        If the directions do not lie in the faces, do not enclose like angles, or contacts stay
        too short.
    """
    misfit = _misfit(film, substrate, film_directions, substrate_directions)
    upward = substrate.rotation(substrate_directions[0], outward_z=1.0)
    below = substrate.model.transformed(upward)
    above = film.model.transformed(film.rotation(film_directions[0], outward_z=-1.0))
    sites, site_symbols = _continued_cations(substrate, upward, above)
    registry = _best_registry(above, below, sites, site_symbols)
    limits = contact_limits_a(film.crystal, substrate.crystal)
    above, raised_a = _raised(above.transformed(shift_a=registry.shift_a.tolist()), below, limits)
    whole = _merged(above, below, film.crystal, substrate.crystal)
    interface: dict[str, Any] = {
        "film": film.crystal.name,
        "substrate": substrate.crystal.name,
        "film_hkl": list(film.face.hkl),
        "substrate_hkl": list(substrate.face.hkl),
        "film_termination": film.face.layer,
        "substrate_termination": substrate.face.layer,
        "misfit": misfit,
        "gap_a": registry.gap_a + raised_a,
        "raised_a": raised_a,
        "registry": {"shift_a": registry.shift_a[:2].tolist()},
        "continuity": {
            "matched_fraction": registry.matched_fraction,
            "rms_a": registry.rms_a,
            "pairs": dict(registry.pairs),
        },
        "shortest_contact": shortest_contact(above, below, limits),
    }
    optimum = _both_optima(film.model.report["optimum"], substrate.model.report["optimum"])
    return replace(whole, report={"interface": interface, "optimum": optimum})


def contact_limits_a(first: Crystal, second: Crystal) -> dict[frozenset[str], float]:
    """Return the shortest bulk contact in Å of every pair of elements of two crystals.

    A pair that neither crystal holds takes the longest of the shortest contacts that its two
    elements make with ions of the same sign as the partner: no radius is assumed.
    """
    known: dict[frozenset[str], float] = {}
    charge = {**first.charge_of, **second.charge_of}
    for contacts in (first.contacts_a, second.contacts_a):
        for pair, distance in contacts.items():
            known[pair] = min(distance, known.get(pair, np.inf))
    limits = dict(known)
    for one in charge:
        for other in charge:
            pair = frozenset((one, other))
            if pair not in limits:
                alike = [
                    distance
                    for pair_known, distance in known.items()
                    for mine, partner in ((one, other), (other, one))
                    if mine in pair_known
                    and any(charge[s] * charge[partner] > 0 for s in pair_known - {mine} or {mine})
                ]
                limits[pair] = max(alike)
    return limits


def shortest_contact(
    above: Model, below: Model, limits: Mapping[frozenset[str], float]
) -> dict[str, Any]:
    """Return the pair across the interface that is shortest against its bulk contact."""
    i, j, distances = _pairs(above, below, max(limits.values()))
    if len(i) == 0:
        return {"pair": None, "distance_a": None, "fraction_of_bulk": None}
    bulk = _limits_of(above.symbols[i], below.symbols[j], limits)
    worst = int(np.argmin(np.round(distances / bulk, 9)))
    return {
        "pair": f"{above.symbols[i[worst]]}-{below.symbols[j[worst]]}",
        "distance_a": float(distances[worst]),
        "fraction_of_bulk": float(distances[worst] / bulk[worst]),
    }


def _both_optima(film: Mapping[str, Any], substrate: Mapping[str, Any]) -> dict[str, Any]:
    """Add up the optima of two halves that were balanced each on its own."""
    total = {key: film[key] + substrate[key] for key in ("objective", "bound", "n_free")}
    gap = (total["objective"] - total["bound"]) / total["objective"] if total["objective"] else 0.0
    return {
        "objective": total["objective"],
        "bound": total["bound"],
        "gap": gap,
        "n_free": total["n_free"],
    }


def _misfit(
    film: Half, substrate: Half, film_directions: Directions, substrate_directions: Directions
) -> list[dict[str, Any]]:
    """Strain of the film that would make each direction fit the substrate's."""
    vectors = (
        [film.face_vector_a(uvw) for uvw in film_directions],
        [substrate.face_vector_a(uvw) for uvw in substrate_directions],
    )
    angles = []
    for a, b in vectors:
        cosine = abs(a @ b) / np.linalg.norm(a) / np.linalg.norm(b)
        angles.append(float(np.degrees(np.arccos(min(1.0, cosine)))))
    if abs(angles[0] - angles[1]) > ANGLE_TOLERANCE_DEG:
        raise InputError(
            f"the directions enclose {angles[0]:.1f}° in {film.crystal.name} but "
            f"{angles[1]:.1f}° in {substrate.crystal.name}; choose directions of like angle"
        )
    rows = []
    for uvw_film, uvw_substrate, a, b in zip(
        film_directions, substrate_directions, *vectors, strict=True
    ):
        film_a, substrate_a = float(np.linalg.norm(a)), float(np.linalg.norm(b))
        rows.append(
            {
                "film_direction": list(uvw_film),
                "substrate_direction": list(uvw_substrate),
                "film_a": film_a,
                "substrate_a": substrate_a,
                "strain": substrate_a / film_a - 1.0,
            }
        )
    return rows


def _face_cations(model: Model, side: float) -> NDArray[np.int64]:
    """Ions of the outermost layer of cations; side is the sign of the face's normal along z."""
    cations = np.flatnonzero(model.charges > 0)
    heights = side * model.positions_a[cations, 2]
    order = np.argsort(-heights, kind="stable")
    steps = -np.diff(heights[order])
    ends = np.flatnonzero(steps > CATION_LAYER_GAP_A)
    n_layer = int(ends[0]) + 1 if len(ends) else len(order)
    return cations[order[:n_layer]]


def _continued_cations(
    substrate: Half, upward: NDArray[np.float64], film: Model
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """First layer of cation sites of the substrate's lattice beyond its face, in its frame."""
    crystal = substrate.crystal
    normal = crystal.direction(substrate.face.hkl)
    spacing = crystal.spacing_a(substrate.face.hkl)
    reach_a = float(np.linalg.norm(film.positions_a[:, :2], axis=1).max()) + 3.0 * spacing
    ions = ions_near(crystal, Sphere(reach_a), np.array(substrate.centre), 0.0)
    heights = ions.positions_a @ normal
    beyond = (ions.charges > 0) & (heights > 0.0) & (heights < 2.0 * spacing)
    first = heights[beyond].min() + CATION_LAYER_GAP_A
    layer = beyond & (heights <= first)
    return ions.positions_a[layer] @ upward.T, ions.symbols[layer]


def _best_registry(
    film: Model,
    substrate: Model,
    sites: NDArray[np.float64],
    site_symbols: NDArray[np.str_],
) -> Registry:
    """Try every registry that puts a central face cation on a site, refine each, take the best."""
    face = _face_cations(film, side=-1.0)
    points = film.positions_a[face][:, :2]
    tree = cKDTree(sites[:, :2])
    spacing = float(np.median(tree.query(sites[:, :2], k=2)[0][:, 1]))
    central = np.argsort(np.linalg.norm(points, axis=1).round(6), kind="stable")[:8]
    near_sites = np.argsort(np.linalg.norm(sites[:, :2], axis=1).round(6), kind="stable")[:8]
    found = []
    for start in (sites[s, :2] - points[c] for c in central for s in near_sites):
        shift = start
        for _ in range(REFINEMENT_ROUNDS):
            nearest = tree.query(points + shift)[1]
            step = (sites[nearest, :2] - points - shift).mean(axis=0)
            shift = shift + step
            if np.abs(step).max() < 1e-9:
                break
        miss = tree.query(points + shift)[0]
        rms = float(np.sqrt((miss**2).mean()))
        found.append(
            (round(rms, 6), round(float(np.linalg.norm(shift)), 6), shift.round(9).tolist())
        )
    shift_xy = np.array(min(found)[2])
    offsets = cdist(points + shift_xy, sites[:, :2])
    rows, columns = linear_sum_assignment(offsets**2)
    distances = offsets[rows, columns]
    matched = distances <= MATCH_FRACTION * spacing
    pairs: dict[str, int] = {}
    for row, column in zip(rows[matched].tolist(), columns[matched].tolist(), strict=True):
        key = f"{film.symbols[face[row]]}→{site_symbols[column]}"
        pairs[key] = pairs.get(key, 0) + 1
    height = float(sites[:, 2].mean() - film.positions_a[face, 2].mean())
    substrate_face = substrate.positions_a[_face_cations(substrate, side=1.0), 2]
    return Registry(
        shift_a=np.array([*shift_xy, height]),
        gap_a=float(sites[:, 2].mean() - substrate_face.mean()),
        matched_fraction=float(matched.mean()),
        rms_a=float(np.sqrt((distances[matched] ** 2).mean())) if matched.any() else float("inf"),
        pairs=dict(sorted(pairs.items())),
    )


def _pairs(
    above: Model, below: Model, reach_a: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """All pairs of an ion above and an ion below that are closer than reach_a."""
    close = cKDTree(above.positions_a).sparse_distance_matrix(
        cKDTree(below.positions_a), reach_a, output_type="ndarray"
    )
    close = np.sort(close, order=["i", "j"])
    return close["i"], close["j"], close["v"]


def _limits_of(
    first: NDArray[np.str_], second: NDArray[np.str_], limits: Mapping[frozenset[str], float]
) -> NDArray[np.float64]:
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return np.array([limits[frozenset(pair)] for pair in pairs])


def _raised(
    above: Model, below: Model, limits: Mapping[frozenset[str], float]
) -> tuple[Model, float]:
    """Raise the film by the least height that leaves no contact shorter than the limit."""
    for lift in np.arange(0.0, MAX_RAISE_A, LIFT_STEP_A):
        lifted = above.transformed(shift_a=(0.0, 0.0, float(lift)))
        worst = shortest_contact(lifted, below, limits)["fraction_of_bulk"]
        if worst is None or worst >= CONTACT_LIMIT:
            return lifted, float(lift)
    raise InputError(
        f"ions across the interface stay closer than {CONTACT_LIMIT:.0%} of their bulk contact "
        f"even {MAX_RAISE_A} Å higher; choose other terminations or directions"
    )


def _merged(above: Model, below: Model, film: Crystal, substrate: Crystal) -> Model:
    """Put both halves into one model, film first, with the bonds across the interface."""
    rule = {**film.bond_rule}
    for pair, limit in substrate.bond_rule.items():
        rule[pair] = max(limit, rule.get(pair, 0.0))
    i, j, distances = _pairs(above, below, max(rule.values()))
    longest = np.array(
        [
            max(rule.get((a, b), 0.0), rule.get((b, a), 0.0))
            for a, b in zip(above.symbols[i].tolist(), below.symbols[j].tolist(), strict=True)
        ]
    )
    bonded = distances <= longest
    i, j = i[bonded], j[bonded]
    n_above, n_below = above.n_atoms, below.n_atoms
    pieces = coo_array(
        (np.ones(len(i)), (above.components[i], below.components[j] + above.n_components)),
        shape=(above.n_components + below.n_components,) * 2,
    )
    _, piece_of = connected_components(pieces, directed=False)
    components = np.concatenate([above.components, below.components + above.n_components])
    added = np.concatenate([np.bincount(i, minlength=n_above), np.bincount(j, minlength=n_below)])
    edits: tuple[Edit, ...] = above.edits + below.edits

    def both(name: str) -> Any:
        return np.concatenate([getattr(above, name), getattr(below, name)])

    return Model(
        symbols=both("symbols"),
        positions_a=both("positions_a"),
        charges=both("charges"),
        domains=both("domains"),
        sites=both("sites"),
        coordination=both("coordination") + added,
        bulk_coordination=both("bulk_coordination"),
        components=piece_of[components].astype(int),
        edits=edits,
    )
