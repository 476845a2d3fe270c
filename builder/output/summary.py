"""What model.json says of a model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from epicarve.builder.geometry import surface_of
from epicarve.builder.model import LIGAND
from epicarve.builder.optimise import ratio_deviation
from epicarve.builder.report import Composition, DomainFigures, Origin, Provenance, told_bonds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model


UNPUBLISHED = ("derived", "computed")
"""Status of crystals whose coordinates were made here, which has to be said."""


def described(
    model: Model,
    crystals: Sequence[Crystal],
    provenance: Provenance,
    rotations: Mapping[str, Floats] | None = None,
) -> Model:
    """Return the model with all that files say of it: surface, domains, origins.

    Parameters
    ----------
    model : Model
        The finished model.
    crystals : sequence of Crystal
        The crystals of its domains; domains are named after them.
    provenance : Provenance
        Version and what was asked for; the crystals' sources are added here.
    rotations : mapping of str to ndarray, shape (3, 3), optional
        How each crystal that was turned lies in the model.
    """
    surface = surface_of(model, crystals, rotations)
    model = with_domains(model, crystals, provenance)
    report = replace(model.report, surface=surface.figures())
    columns = {name: column[model.ion_of] for name, column in surface.columns.items()}
    return replace(model, report=report, columns={**model.of_molecules, **columns})


def with_domains(model: Model, crystals: Sequence[Crystal], provenance: Provenance) -> Model:
    """Return the model with what files say of its domains and of the origins of their crystals.

    Parameters
    ----------
    model : Model
        The finished model.
    crystals : sequence of Crystal
        The crystals of its domains, which are named after them; of another domain no bulk is known.
    provenance : Provenance
        Version and what was asked for; the crystals' sources are added here.
    """
    known = {crystal.name: crystal for crystal in crystals}
    names = dict.fromkeys((*known, *model.domain_names))
    domains = {name: model.domain(name) for name in names}
    report = replace(
        model.report,
        stoichiometry=_whole_composition(model, crystals, domains),
        domains={
            name: DomainFigures(
                formula=domain.formula,
                n_atoms=domain.n_atoms,
                counts=domain.counts,
                ions=domain.ion_counts if domain.has_molecules else None,
                net_charge=domain.net_charge,
                diameter_nm=round(domain.diameter_nm, 4),
                stoichiometry=_composition(domain, known[name]) if name in known else None,
                min_coordination=domain.min_coordination,
                dipole_debye=round(domain.dipole_debye, 3),
            )
            for name, domain in domains.items()
        },
        provenance=with_origins(provenance, crystals),
    )
    return replace(model, report=report)


def summary_of(model: Model) -> dict[str, Any]:
    """Return the content of model.json: what follows from the ions, the ledger, and the report."""
    told = model.report.as_dict()
    edits = [edit.as_dict() for edit in model.edits]
    return {
        "formula": model.formula,
        "n_atoms": model.n_atoms,
        "counts": model.counts,
        **({"ions": model.ion_counts} if model.has_molecules else {}),
        "net_charge": model.net_charge,
        "diameter_nm": round(model.diameter_nm, 4),
        "stoichiometry": told.pop("stoichiometry", None),
        "min_coordination": model.min_coordination,
        "n_components": model.n_components,
        "domains": told.pop("domains", None),
        "dipole_debye": round(model.dipole_debye, 3),
        **({"edits": edits} if model.report.structure is None else {}),
        **{key: part for key, part in told.items() if key != "provenance"},
        "provenance": told.get("provenance", {}),
    }


def notes_of_model(model: Model) -> tuple[str, ...]:
    """Return the sentences that must stand wherever a model is shown, as its report knows them."""
    if model.report.structure is not None:  # the coordinates are those of a file
        return _notes_of_origins(model.report.origins, "crystal for bonds and bulk neighbours")
    return _notes_of_origins(model.report.origins)


def with_origins(provenance: Provenance, crystals: Sequence[Crystal]) -> Provenance:
    """Return where a model or slab is from: what is given, and the crystals' sources."""
    return replace(
        provenance,
        crystal={crystal.name: _origin(crystal) for crystal in crystals},
        sources=tuple(sorted({crystal.source for crystal in crystals})),
    )


def derived_notes(crystals: Sequence[Crystal]) -> tuple[str, ...]:
    """Return a note for every derived or computed crystal, to stand wherever it is shown.

    Its first line names the crystal, the second says how it was made.
    """
    return _notes_of_origins({crystal.name: _origin(crystal) for crystal in crystals})


def _notes_of_origins(origins: Mapping[str, Origin], role: str = "crystal") -> tuple[str, ...]:
    return tuple(
        f"{origin.status.capitalize()} {role}: {name}.\n{origin.derivation}"
        for name, origin in origins.items()
        if origin.status in UNPUBLISHED
    )


def notes_of_crystals(crystals: Sequence[Crystal]) -> tuple[str, ...]:
    """Return what was assumed when crystals were read, such as guessed charges."""
    return tuple(f"{crystal.name}: {note}" for crystal in crystals for note in crystal.notes)


def _composition(model: Model, crystal: Crystal) -> Composition:
    return Composition(
        target=dict(crystal.formula_unit),
        actual=model.ion_counts,
        deviation=round(ratio_deviation(model.ions.symbols, crystal.formula_unit), 6),
    )


def _whole_composition(
    model: Model, crystals: Sequence[Crystal], domains: Mapping[str, Model]
) -> Composition | None:
    """Like that of a domain; of several domains, the target is what their ions would be in bulk.

    None where the bulk of a domain is not known.
    """
    known = {crystal.name for crystal in crystals}
    if any(name not in known and not name.startswith(LIGAND) for name in domains):
        return None
    if len(crystals) == 1:
        return _composition(domains[crystals[0].name], crystals[0])
    every = [domains[crystal.name].counts for crystal in crystals]
    actual = {
        symbol: sum(counts.get(symbol, 0) for counts in every)
        for symbol in model.counts
        if any(symbol in counts for counts in every)
    }
    target: dict[str, float] = dict.fromkeys(actual, 0.0)
    for crystal in crystals:
        units = domains[crystal.name].n_atoms / sum(crystal.formula_unit.values())
        for symbol, share in crystal.formula_unit.items():
            target[symbol] += share * units
    worst = max(abs(actual[symbol] / count - 1.0) for symbol, count in target.items())
    return Composition(
        target={symbol: round(count, 2) for symbol, count in target.items()},
        actual=actual,
        deviation=round(worst, 6),
    )


def listed_charges(crystal: Crystal) -> dict[str, int | list[int]]:
    """Return the charge of each element, a list where it has several."""
    return {
        symbol: charges[0] if len(charges) == 1 else list(charges)
        for symbol, charges in crystal.charges_of.items()
    }


def _origin(crystal: Crystal) -> Origin:
    return Origin(
        status=crystal.status,
        source=crystal.source,
        derivation=crystal.derivation,
        space_group=crystal.space_group,
        cell=tuple(round(value, 5) for value in crystal.cell_parameters),
        oxidation_states=listed_charges(crystal),
        longest_bonds_a=told_bonds(crystal.bond_rule),
        notes=tuple(crystal.notes),
    )
