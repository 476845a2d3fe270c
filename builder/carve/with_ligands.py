"""Models with their ligands: atoms, columns, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import refuse_molecules
from epicarve.builder.ligands import near_anchor, near_pairs, vdw_radii_a
from epicarve.builder.model import COLUMNS, ION, LIGAND, MOLECULE, Model
from epicarve.builder.placing import crystal_radii_a
from epicarve.builder.report import Covered, LigandFigures, NearestContact
from epicarve.errors import InputError

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from epicarve.arrays import Ints
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.ligands import Ligand
    from epicarve.builder.optimise import (
        Balance,
        BalanceOptions,
        Candidates,
        Cover,
        TreatmentOptions,
    )
    from epicarve.builder.placing import Placement

LIGAND_SHARE = 1.5
"""How far outside a shape ligands may take sites, as a share of the depth of the shell."""

LOOKED_AT = 1.2
"""Contacts beyond this share of the sum of two radii are not told."""


def refuse_covered(
    crystal: Crystal, options: BalanceOptions, treatment: TreatmentOptions | None
) -> None:
    """Refuse what ligands can't stand beside."""
    refuse_molecules(crystal, "ligands")
    if treatment is not None:
        raise InputError(
            "ligands can't stand beside treatment; name the halide among the ligands, as chloride"
        )
    if options.symmetry != "none":
        raise InputError("ligands can't stand beside balance.symmetry; leave one of them out")


def refuse_none_placed(crystal: Crystal, placed: Placement, cover: Cover) -> None:
    """Refuse a model without a ligand that was asked for."""
    for number, kind in enumerate(placed.kinds):
        if not kind.is_bounded and not (placed.poses.kind[cover.poses] == number).any():
            raise InputError(
                f"{crystal.name}: no {kind.name} is placed, as the fewest edits leave none to "
                "balance and no bond to fill; say how many there shall be by number, of_sites or "
                "per_nm2"
            )


def anchors_of(ions: Candidates, cover: Cover | None) -> Ints:
    """Return the anchors of ligands at each ion of a cut, shape (n_ions,)."""
    if ions.poses is None or cover is None:
        return np.zeros(ions.n_ions, dtype=int)
    return np.asarray(ions.poses.anchored[cover.poses].sum(axis=0)).astype(int)


def with_ligands(
    model: Model, ions: Candidates, placed: Placement, outcome: Balance, cover: Cover
) -> Model:
    """Return a model with the atoms of its ligands after its ions.

    Parameters
    ----------
    model : Model
        The ions of the model; coordination counts the anchors of ligands.
    ions : Candidates
        What they were chosen from.
    placed : Placement
        The poses that could be chosen.
    outcome : Balance
        The ions that were chosen.
    cover : Cover
        The poses that were.

    Returns
    -------
    Model
        Each ligand in a domain named after it, ``ligand:acetate``. The columns ``molecule`` and
        ``ion`` tell which atoms belong together. Its report tells how many there are of each.
    """
    poses, chosen, kept = placed.poses, cover.poses, np.flatnonzero(outcome.kept)
    ligand_of = [placed.kinds[kind].ligand for kind in poses.kind[chosen].tolist()]
    n_atoms = np.array([ligand.n_atoms for ligand in ligand_of], dtype=int)
    around = poses.anchored[chosen]
    bonded = around.multiply(poses.held_by[chosen] > 0)
    on_site = poses.is_ion[chosen]
    bound = np.where(on_site, around[:, kept].sum(axis=1), bonded.sum(axis=1)).astype(int)
    own = {
        "charges": _joined([ligand.charges for ligand in ligand_of], int),
        "domains": np.repeat(
            np.array([LIGAND + each.label for each in ligand_of], dtype=str), n_atoms
        ),
        "sites": np.full(n_atoms.sum(), -1),
        "coordination": np.repeat(bound, n_atoms),
        "bulk_coordination": np.repeat(bound, n_atoms),
        "components": np.zeros(n_atoms.sum(), dtype=int),
    }
    number = np.where(n_atoms > 1, np.cumsum(n_atoms > 1) - 1, -1)
    names = np.array([_ion_name(ligand) for ligand in ligand_of], dtype=str)
    covered = replace(
        model,
        symbols=np.r_[model.symbols, _joined([ligand.symbols for ligand in ligand_of], str)],
        positions_a=np.vstack(
            [model.positions_a, *(placed.positions_a[pose] for pose in chosen.tolist())]
        ),
        **{key: np.r_[getattr(model, key), own[key]] for key in COLUMNS.values()},
        columns={
            MOLECULE: np.r_[np.full(model.n_atoms, -1), np.repeat(number, n_atoms)],
            ION: np.r_[model.symbols, np.repeat(names, n_atoms)],
        },
    )
    before = model.coordination - anchors_of(ions, cover)[kept]
    report = replace(
        model.report,
        ligands=Covered(
            kinds=_figures(placed, cover),
            area_nm2=round(placed.area_nm2, 3),
            filled_bonds=cover.filled,
            spare_bonds=cover.spare,
            broken_bonds_before=_broken(model, before),
            broken_bonds_after=_broken(model, model.coordination),
            contact=placed.contact,
            nearest=_nearest(covered, ions, placed, kept, cover),
        ),
    )
    return replace(covered, report=report)


def _ion_name(ligand: Ligand) -> str:
    return str(ligand.symbols[0]) if ligand.n_atoms == 1 else ligand.label


def _joined(parts: list[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)


def _broken(model: Model, coordination: Ints) -> dict[str, int]:
    """Return the bonds that the ions of each element lack."""
    lacking = np.maximum(model.bulk_coordination - coordination, 0)
    return {symbol: int(lacking[model.symbols == symbol].sum()) for symbol in model.counts}


def _nearest(
    model: Model, ions: Candidates, placed: Placement, kept: Ints, cover: Cover
) -> NearestContact | None:
    """Return the nearest contact of ligands with ions and each other, but for their own bonds."""
    chosen, n_ions = cover.poses, len(kept)
    ligand_of = [placed.kinds[kind].ligand for kind in placed.poses.kind[chosen].tolist()]
    if not ligand_of:
        return None
    owner = np.repeat(np.arange(len(chosen)), [ligand.n_atoms for ligand in ligand_of])
    at_anchor = np.concatenate([near_anchor(ligand) for ligand in ligand_of])
    atoms_a, ions_a = model.positions_a[n_ions:], model.positions_a[:n_ions]
    radii_a = vdw_radii_a(model.symbols[n_ions:])
    crystal = ions.domains[0].ions.crystal
    ion_radii = crystal_radii_a(crystal)[model.sites[:n_ions]]
    atom, ion, shares = near_pairs(atoms_a, radii_a, ions_a, ion_radii, LOOKED_AT)
    bound = placed.poses.held_by[chosen][:, kept].tocsr()
    is_bond = at_anchor[atom] & (np.asarray(bound[owner[atom], ion]).reshape(-1) > 0)
    one, other, of_ligands = near_pairs(atoms_a, radii_a, atoms_a, radii_a, LOOKED_AT)
    apart = owner[one] < owner[other]
    first = np.r_[atom[~is_bond], one[apart]] + n_ions
    second = np.r_[ion[~is_bond], other[apart] + n_ions]
    shares = np.r_[shares[~is_bond], of_ligands[apart]]
    if len(shares) == 0:
        return None
    which = int(np.argmin(shares))
    i, j = int(first[which]), int(second[which])
    return NearestContact(
        pair=f"{model.symbols[i]}-{model.symbols[j]}",
        distance_a=round(float(np.linalg.norm(model.positions_a[i] - model.positions_a[j])), 4),
        of_radii=round(float(shares[which]), 4),
    )


def _figures(placed: Placement, cover: Cover) -> dict[str, LigandFigures]:
    poses, chosen, area = placed.poses, cover.poses, placed.area_nm2
    figures: dict[str, LigandFigures] = {}
    for number, kind in enumerate(placed.kinds):
        mine = chosen[poses.kind[chosen] == number]
        modes, counts = np.unique(placed.modes[mine], return_counts=True)
        figures[kind.ligand.name] = LigandFigures(
            kind=kind.ligand.kind if kind.pair is None else kind.pair.kind,
            charge=kind.ligand.charge,
            n_placed=len(mine),
            modes=dict(zip(modes.tolist(), counts.tolist(), strict=True)),
            n_sites=kind.n_sites,
            of_sites=round(len(mine) / kind.n_sites, 4),
            per_nm2=round(len(mine) / area, 4) if area else 0.0,
            source=kind.ligand.source,
            unit=None if kind.pair is None else kind.pair.name,
        )
    return figures
