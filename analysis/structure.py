"""What a relaxation did to a model: how far ions moved, bonds, phase, cations at the interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field
from scipy.spatial import cKDTree

from epicarve.builder.bonds import BondRule
from epicarve.builder.crystal import CONTACT_RANGE_A, first_shell_limit_a
from epicarve.errors import InputError
from epicarve.options import Options

from .matching import Match, match_atoms, superposed
from .profile import Axis
from .scattering import (
    WAVELENGTH_A,
    Distances,
    RadialDistribution,
    debye_intensity,
    radial_distribution,
)
from .sites import Sites

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.builder.model import Model

    Bonded = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]

PHASE_KEPT = 0.8
"""A domain keeps its phase if at least this part of the bonds that its inner ions had before or
have after is there both before and after."""

STAYS = 0.2
"""A cation stays in line with one across the interface if their offset in the plane changes by no
more than this part of the spacing of the cations in it."""

FIRST_ANGLE_DEG = 5.0
"""First diffraction angle 2θ: below it lies the forward beam."""


class StructureOptions(Options):
    """Range and resolution of the curves of a comparison.

    Parameters
    ----------
    reach_a : float
        Largest distance of the radial distribution in Å.
    width_a : float
        Standard deviation in Å of the Gaussian that stands for each distance.
    wavelength_a : float
        Wavelength of the X-rays in Å; Cu Kα1 by default.
    two_theta_max_deg : float
        Largest diffraction angle in degrees.
    two_theta_step_deg : float
        Step of the diffraction angle in degrees.
    """

    reach_a: float = Field(default=12.0, gt=0)
    width_a: float = Field(default=0.1, ge=0.01)
    wavelength_a: float = Field(default=WAVELENGTH_A, gt=0.5)
    two_theta_max_deg: float = Field(default=70.0, ge=20, lt=180)
    two_theta_step_deg: float = Field(default=0.1, gt=0)


@dataclass(frozen=True)
class Curves:
    """How a geometry looks in scattering.

    Parameters
    ----------
    radial : RadialDistribution
        Neighbours at each distance.
    two_theta_deg : ndarray of float, shape (n_angles,)
        Diffraction angles in degrees.
    intensity : ndarray of float, shape (n_angles,)
        X-ray intensity per atom in electron units.
    """

    radial: RadialDistribution
    two_theta_deg: NDArray[np.float64]
    intensity: NDArray[np.float64]

    @classmethod
    def of(
        cls, symbols: NDArray[np.str_], positions_a: NDArray[np.float64], options: StructureOptions
    ) -> Curves:
        """Compute both curves from one count of all distances."""
        distances = Distances.of(symbols, positions_a)
        angles_deg = np.arange(
            FIRST_ANGLE_DEG, options.two_theta_max_deg, options.two_theta_step_deg
        )
        q_per_a = 4.0 * np.pi * np.sin(np.radians(angles_deg / 2.0)) / options.wavelength_a
        return cls(
            radial=radial_distribution(distances, options.reach_a, options.width_a),
            two_theta_deg=angles_deg,
            intensity=debye_intensity(distances, q_per_a) / distances.n_atoms,
        )


@dataclass(frozen=True)
class Comparison:
    """Two geometries of one model.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Chemical symbols, in the order of the first geometry.
    match : Match
        The second geometry, laid onto the first.
    sites : Sites
        Kinds of places in the first geometry.
    before, after : Curves
        How both look in scattering.
    coordination, bonds, phase : list or dict, or None
        Rows and blocks of structure.json, see `as_dict`; None if the bonds are not known.
    interface : dict or None
        The cations across a flat interface; None if there is none.
    reasons : dict of str to str
        Why something is None.
    """

    symbols: NDArray[np.str_]
    match: Match
    sites: Sites
    before: Curves
    after: Curves
    coordination: list[dict[str, Any]] | None
    bonds: list[dict[str, Any]] | None
    phase: dict[str, dict[str, Any]] | None
    interface: dict[str, Any] | None
    reasons: dict[str, str]

    @classmethod
    def of(
        cls,
        symbols: NDArray[np.str_],
        positions_a: NDArray[np.float64],
        other_symbols: NDArray[np.str_],
        other_positions_a: NDArray[np.float64],
        *,
        model: Model | None = None,
        options: StructureOptions | None = None,
    ) -> Comparison:
        """Compare two geometries of the same atoms, in any order and orientation.

        Parameters
        ----------
        symbols, other_symbols : ndarray of str, shape (n_atoms,)
            Chemical symbols before and after.
        positions_a, other_positions_a : ndarray of float, shape (n_atoms, 3)
            Cartesian coordinates before and after, in Å.
        model : Model, optional
            The model, if the first geometry is one: charges tell the bonds, domains the interface.
        options : StructureOptions, optional
            Range and resolution of the curves.

        Returns
        -------
        Comparison
            All that is told of the two.

        Raises
        ------
        InputError
            If the two are not of the same atoms.
        """
        options = options or StructureOptions()
        match = match_atoms(symbols, positions_a, other_symbols, other_positions_a)
        sites = Sites.of(tuple(symbols.tolist()), model)
        coordination = bonds = phase = interface = None
        reasons: dict[str, str] = {}
        try:
            if model is None:
                raise InputError(
                    "the first geometry is no model of epicarve, so charges and domains are not "
                    "known"
                )
            rule = BondRule.of(model)
        except InputError as error:
            reasons = dict.fromkeys(("coordination", "bonds", "phase", "interface"), str(error))
        else:
            then, now = rule.bonds(model), rule.bonds(model, match.positions_a)
            coordination = _coordination(model, then, now)
            bonds = _bonds(model, rule, then, now)
            phase, unknown = _phases(model, then, now)
            interface, why = _cation_alignment(model, match.positions_a, Axis.of(model, sites))
            reasons = unknown | ({"interface": why} if why else {})
        return cls(
            symbols=symbols,
            match=match,
            sites=sites,
            before=Curves.of(symbols, positions_a, options),
            after=Curves.of(symbols, match.positions_a, options),
            coordination=coordination,
            bonds=bonds,
            phase=phase,
            interface=interface,
            reasons=reasons,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what structure.json says, lengths in Å rounded to 1e-4.

        A part that does not exist is None, and an entry of ``checks`` bears its name and says why.
        """
        shifts_a = self.match.shifts_a
        farthest = int(np.argmax(shifts_a))
        groups = {
            "element": self.symbols,
            "domain": self.sites.domains,
            "position": self.sites.positions,
        }
        return {
            "n_atoms": len(self.symbols),
            "matched_by": self.match.matched_by,
            "rmsd_a": round(self.match.rmsd_a, 4),
            "max_shift_a": round(float(shifts_a[farthest]), 4),
            "max_shift_atom": farthest + 1,
            "rmsd_by": {
                name: {
                    value: round(float(np.sqrt((shifts_a[labels == value] ** 2).mean())), 4)
                    for value in dict.fromkeys(labels.tolist())
                }
                for name, labels in groups.items()
                if labels is not None
            },
            "coordination": self.coordination,
            "bonds": self.bonds,
            "phase": self.phase,
            "interface": self.interface,
            "checks": [
                {"name": name, "ok": False, "message": reason}
                for name, reason in self.reasons.items()
            ],
        }


def _numbers(model: Model, bonded: Bonded) -> NDArray[np.int64]:
    return np.bincount(np.concatenate(bonded[:2]), minlength=model.n_atoms)


def _coordination(model: Model, then: Bonded, now: Bonded) -> list[dict[str, Any]]:
    """Count neighbours of the ions of each element in each domain, before and after."""
    before, after = _numbers(model, then), _numbers(model, now)
    rows = []
    for domain in model.domain_names:
        for symbol in model.domain(domain).counts:
            ions = (model.domains == domain) & (model.symbols == symbol)
            rows.append(
                {
                    "domain": domain,
                    "element": symbol,
                    "n_atoms": int(ions.sum()),
                    "mean_before": round(float(before[ions].mean()), 4),
                    "mean_after": round(float(after[ions].mean()), 4),
                    "n_changed": int((before[ions] != after[ions]).sum()),
                    "histogram_before": _histogram(before[ions]),
                    "histogram_after": _histogram(after[ions]),
                }
            )
    return rows


def _histogram(numbers: NDArray[np.int64]) -> dict[str, int]:
    values, counts = np.unique(numbers, return_counts=True)
    return {str(value): n for value, n in zip(values.tolist(), counts.tolist(), strict=True)}


def _bonds(model: Model, rule: BondRule, then: Bonded, now: Bonded) -> list[dict[str, Any]]:
    """Describe the bond lengths of each pair of elements, before and after."""
    rows = []
    for (cation, anion), limit_a in rule.longest_a.items():
        row: dict[str, Any] = {"pair": f"{cation}-{anion}", "longest_bond_a": round(limit_a, 4)}
        for when, (cations, anions, lengths_a) in (("before", then), ("after", now)):
            of_pair = (model.symbols[cations] == cation) & (model.symbols[anions] == anion)
            row[when] = _lengths(lengths_a[of_pair])
        rows.append(row)
    return rows


def _lengths(lengths_a: NDArray[np.float64]) -> dict[str, float | int] | None:
    """Describe some bond lengths; None if there is none."""
    if not len(lengths_a):
        return None
    return {
        "n_bonds": len(lengths_a),
        "mean_a": round(float(lengths_a.mean()), 4),
        "std_a": round(float(lengths_a.std()), 4),
        "min_a": round(float(lengths_a.min()), 4),
        "max_a": round(float(lengths_a.max()), 4),
    }


def _phases(
    model: Model, then: Bonded, now: Bonded
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Tell of each domain whether the bonds of its inner ions are still the same."""
    inner = _numbers(model, then) >= model.bulk_coordination
    keys = []
    for cations, anions, _ in (then, now):
        chosen = inner[cations] | inner[anions]
        keys.append(np.unique(cations[chosen] * model.n_atoms + anions[chosen]))
    phases, reasons = {}, {}
    for name in model.domain_names:
        of_domain = model.domains == name
        before, after = (
            key[of_domain[key // model.n_atoms] & of_domain[key % model.n_atoms]] for key in keys
        )
        either = np.union1d(before, after).size
        kept = np.intersect1d(before, after).size / either if either else None
        phases[name] = {
            "kept": None if kept is None else kept >= PHASE_KEPT,
            "bonds_kept": None if kept is None else round(kept, 4),
            "n_bonds": len(before),
        }
        if kept is None:
            reasons[f"phase.{name}.kept"] = reasons[f"phase.{name}.bonds_kept"] = (
                f"no ion of {name} has all its bulk neighbours, so there is no inner part to judge"
            )
    return phases, reasons


def _cation_alignment(
    model: Model, after_a: NDArray[np.float64], axis: Axis
) -> tuple[dict[str, Any] | None, str]:
    """Follow the offsets in the plane between cations across a flat interface.

    They are taken between the nearest cations of the two domains: those within the first shell of
    distances before. The second domain is laid onto itself, so that only what the first one does
    relative to it counts.
    """
    if axis.normal is None:
        return None, "the model has no flat interface between two domains"
    normal, cations = np.array(axis.normal), model.charges > 0
    above, below = (
        np.flatnonzero(cations & (model.domains == name)) for name in model.domain_names
    )
    near = cKDTree(model.positions_a[above]).sparse_distance_matrix(
        cKDTree(model.positions_a[below]), CONTACT_RANGE_A, output_type="ndarray"
    )
    if len(np.unique(near["i"])) < 2:
        return None, f"fewer than two cations have one of the other domain in {CONTACT_RANGE_A:g} Å"
    near = np.sort(near[near["v"] <= first_shell_limit_a(near["v"])], order=["i", "j"])
    first, second = above[near["i"]], below[near["j"]]

    def apart(positions_a: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        vectors = positions_a[first] - positions_a[second]
        heights = vectors @ normal
        return heights, vectors - heights[:, None] * normal

    heights, offsets = apart(model.positions_a)
    second_domain = model.domains == model.domain_names[1]
    heights_after, offsets_after = apart(superposed(after_a, model.positions_a, second_domain))
    moved_a = np.linalg.norm(offsets_after - offsets, axis=1)
    layer = model.positions_a[np.unique(first)]
    spacing_a = float(np.median(cKDTree(layer).query(layer, k=2)[0][:, 1]))
    return {
        "n_pairs": len(near),
        "spacing_a": round(spacing_a, 4),
        "gap_before_a": round(float(heights.mean()), 4),
        "gap_after_a": round(float(heights_after.mean()), 4),
        "rms_offset_before_a": _rms(offsets),
        "rms_offset_after_a": _rms(offsets_after),
        "rms_change_a": round(float(np.sqrt((moved_a**2).mean())), 4),
        "in_line_fraction": round(float((moved_a <= STAYS * spacing_a).mean()), 4),
    }, ""


def _rms(vectors_a: NDArray[np.float64]) -> float:
    return round(float(np.sqrt((vectors_a**2).sum(axis=1).mean())), 4)


def radial_csv(comparison: Comparison) -> str:
    """Return the radial distributions: a line per distance, each curve before and after.

    Parameters
    ----------
    comparison : Comparison
        The results.

    Returns
    -------
    str
        Comma-separated values under the header ``distance_a,total_before,total_after,...``;
        neighbours per Å and atom. ``Pb-S_before`` counts S around Pb.
    """
    before, after = comparison.before.radial, comparison.after.radial
    names = ["distance_a", *(f"{n}_{when}" for n in before.names for when in ("before", "after"))]
    length = min(len(before.distances_a), len(after.distances_a))
    curves = [c for pair in zip(before.values, after.values, strict=True) for c in pair]
    return _csv(names, [before.distances_a[:length], *(curve[:length] for curve in curves)])


def diffraction_csv(comparison: Comparison) -> str:
    """Return the diffraction patterns under the header ``two_theta_deg,before,after``.

    Parameters
    ----------
    comparison : Comparison
        The results.

    Returns
    -------
    str
        Comma-separated values; intensity per atom in electron units.
    """
    before, after = comparison.before, comparison.after
    columns = [before.two_theta_deg, before.intensity, after.intensity]
    return _csv(["two_theta_deg", "before", "after"], columns)


def _csv(names: list[str], columns: list[NDArray[np.float64]]) -> str:
    rows = [",".join(f"{value:.6g}" for value in row) for row in np.stack(columns, axis=1).tolist()]
    return "\n".join([",".join(names), *rows]) + "\n"
