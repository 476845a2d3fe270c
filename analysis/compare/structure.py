"""What a relaxation did to a model: how far ions moved, bonds, phase, cations at the interface."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from epicarve.analysis.states import Axis, Sites
from epicarve.builder.geometry import SAME_ORDER_A, BondRule, Match, match_by_part
from epicarve.errors import InputError
from epicarve.options import Options
from epicarve.record import plain

from .bond_changes import (
    BondChange,
    CoordinationChange,
    PhaseChange,
    bond_rows,
    coordination_rows,
    phases,
)
from .cations import CationAlignment, cation_alignment
from .ligand_binding import of_ligands
from .ligand_changes import LigandChange, ligand_changes, ligand_kinds
from .scattering import (
    WAVELENGTH_A,
    Distances,
    RadialDistribution,
    debye_intensity,
    radial_distribution,
)

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Strings
    from epicarve.builder.model import Model

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
    two_theta_deg: Floats
    intensity: Floats

    @classmethod
    def of(cls, symbols: Strings, positions_a: Floats, options: StructureOptions) -> Curves:
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
    coordination : tuple of CoordinationChange, or None
        Neighbours by element and domain; None if the bonds are not known.
    bonds : tuple of BondChange, or None
        Bonds by pair of elements; None if they are not known.
    phase : dict of str to PhaseChange, or None
        Inner bonds by domain; None if they are not known.
    interface : CationAlignment or None
        The cations across a flat interface; None if there is none.
    ligands : tuple of LigandChange, or None
        What became of each ligand; None if that is not known. Coordination, bonds and phase are
        those of the crystal's ions alone.
    reasons : dict of str to str
        Why something is None.
    """

    symbols: Strings
    match: Match
    sites: Sites
    before: Curves
    after: Curves
    coordination: tuple[CoordinationChange, ...] | None
    bonds: tuple[BondChange, ...] | None
    phase: dict[str, PhaseChange] | None
    interface: CationAlignment | None
    ligands: tuple[LigandChange, ...] | None
    reasons: dict[str, str]

    @classmethod
    def of(
        cls,
        symbols: Strings,
        positions_a: Floats,
        other_symbols: Strings,
        other_positions_a: Floats,
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
        crystal = np.ones(len(symbols), bool) if model is None else ~of_ligands(model)
        match = match_by_part(symbols, positions_a, other_symbols, other_positions_a, crystal)
        sites = Sites.of(tuple(symbols.tolist()), model)
        coordination = bonds = phase = interface = ligands = None
        reasons: dict[str, str] = {}
        try:
            if model is None:
                raise InputError(
                    "the first geometry is no model of epicarve, so charges and domains are not "
                    "known"
                )
            bare = _part(model, crystal)
            rule = BondRule.of(bare)
        except InputError as error:
            reasons = dict.fromkeys(
                ("coordination", "bonds", "phase", "interface", "ligands"), str(error)
            )
        else:
            after_a = match.positions_a[crystal]
            ions, moved = bare.ions, bare.ions_at(after_a)
            then, now = rule.bonds(bare), rule.bonds(bare, after_a)
            coordination = coordination_rows(ions, then, now)
            bonds = bond_rows(ions, rule, then, now)
            phase, unknown = phases(ions, then, now, moved.positions_a)
            ligands = ligand_changes(model, rule, match.positions_a)
            interface, why = cation_alignment(
                bare, after_a, Axis.of(bare, Sites.of(tuple(bare.symbols.tolist()), bare))
            )
            reasons = unknown | ({"interface": why} if why else {})
        if not match.is_close:
            remedy = "list the atoms of both in the same order"
            if match.matched_by == "order":
                remedy = (
                    "the atoms are taken in the order of both files, so see that it is the same"
                )
            reasons["match"] = (
                "no orientation and order was found in which the two lie within "
                f"{SAME_ORDER_A:g} Å of each other: displacements, bonds and phase mean little "
                f"unless the model changed that much; {remedy}"
            )
        if match.is_mirrored:
            reasons["match"] = "the second geometry is the mirror image of the first, laid back"
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
            ligands=ligands,
            reasons=reasons,
        )

    @property
    def farthest(self) -> int:
        """The atom that moved the most."""
        return int(np.argmax(self.match.shifts_a))

    def as_dict(self) -> dict[str, Any]:
        """Return what structure.json says, lengths in Å rounded to 1e-4.

        A part that does not exist is None, and an entry of ``checks`` bears its name and says why.
        """
        shifts_a = self.match.shifts_a
        groups = {
            "element": self.symbols,
            "domain": self.sites.domains,
            "position": self.sites.positions,
        }
        return {
            "n_atoms": len(self.symbols),
            "matched_by": self.match.matched_by,
            "mirrored": self.match.is_mirrored,
            "rmsd_a": round(self.match.rmsd_a, 4),
            "max_shift_a": round(float(shifts_a[self.farthest]), 4),
            "max_shift_atom": self.farthest + 1,
            "rmsd_by": {
                name: {
                    value: round(float(np.sqrt((shifts_a[labels == value] ** 2).mean())), 4)
                    for value in dict.fromkeys(labels.tolist())
                }
                for name, labels in groups.items()
                if labels is not None
            },
            "coordination": plain(self.coordination),
            "bonds": plain(self.bonds),
            "phase": plain(self.phase),
            "interface": plain(self.interface),
            "ligands": None if self.ligands is None else plain(ligand_kinds(self.ligands)),
            "checks": [
                {"name": name, "ok": False, "message": reason}
                for name, reason in self.reasons.items()
            ],
        }


def _part(model: Model, chosen: Bools) -> Model:
    """Return the model of some of the atoms, with its report; itself if they are all."""
    if chosen.all():
        return model
    own = {
        each.name: getattr(model, each.name)[chosen]
        for each in fields(model)
        if each.name not in {"edits", "report", "columns"}
    }
    return replace(
        model, **own, columns={name: column[chosen] for name, column in model.columns.items()}
    )


def ligands_csv(comparison: Comparison) -> str:
    """Return what became of each ligand, a line for each under the names of `LigandChange`.

    Parameters
    ----------
    comparison : Comparison
        The results.
    """
    rows = [change.as_dict() for change in comparison.ligands or ()]
    lines = [",".join(each.name for each in fields(LigandChange))]
    lines += [",".join("" if v is None else str(v) for v in row.values()) for row in rows]
    return "\n".join(lines) + "\n"


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


def _csv(names: list[str], columns: list[Floats]) -> str:
    rows = [",".join(f"{value:.6g}" for value in row) for row in np.stack(columns, axis=1).tolist()]
    return "\n".join([",".join(names), *rows]) + "\n"
