"""What model.json says of a model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from epicarve.builder.geometry import surface_of
from epicarve.builder.optimise import ratio_deviation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model


UNPUBLISHED = ("derived", "computed")
"""Status of crystals whose coordinates were made here, which has to be said."""


def described(
    model: Model,
    crystals: Sequence[Crystal],
    provenance: Mapping[str, Any],
    rotations: Mapping[str, NDArray[np.float64]] | None = None,
) -> Model:
    """Return the model with all that files say of it: surface, domains, origins.

    Parameters
    ----------
    model : Model
        The finished model.
    crystals : sequence of Crystal
        The crystals of its domains; domains are named after them.
    provenance : mapping
        Version and recipe; the crystals' sources are added here.
    rotations : mapping of str to ndarray, shape (3, 3), optional
        How each crystal that was turned lies in the model.
    """
    surface = surface_of(model, crystals, rotations)
    report = {**model.report, "surface": surface.summary()}
    return _with_origins_of(
        replace(model, report=report, columns=surface.columns), crystals, provenance
    )


def summarise(
    model: Model, crystals: Sequence[Crystal], provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the content of model.json of a model whose crystals are given.

    The parameters are those of `described`.

    Returns
    -------
    dict
        Formula, counts, charge, size, stoichiometry against bulk, coordination, pieces, domains,
        dipole, edits, optimum and provenance. Whole numbers and strings only besides Å, nm, debye.
    """
    return summary_of(_with_origins_of(model, crystals, provenance))


def summary_of(model: Model) -> dict[str, Any]:
    """Return the content of model.json: what follows from the ions, the ledger, and the report."""
    report = model.report
    numbers = {
        "formula": model.formula,
        "n_atoms": model.n_atoms,
        "counts": model.counts,
        "net_charge": model.net_charge,
        "diameter_nm": round(model.diameter_nm, 4),
        "stoichiometry": report.get("stoichiometry"),
        "min_coordination": _min_coordination(model),
        "n_components": model.n_components,
        "domains": report.get("domains"),
        "dipole_debye": round(model.dipole_debye, 3),
        "edits": [edit.as_dict() for edit in model.edits],
    }
    last = {"provenance": report.get("provenance", {})}
    further = {key: value for key, value in report.items() if key not in {*numbers, *last}}
    return {**numbers, **further, **last}


def notes_of_model(model: Model) -> tuple[str, ...]:
    """Return the sentences that must stand wherever a model is shown, as its report knows them."""
    return notes_of_origins(model.report.get("provenance", {}).get("crystal", {}))


def _with_origins_of(
    model: Model, crystals: Sequence[Crystal], provenance: Mapping[str, Any]
) -> Model:
    """Return the model with what its crystals tell in its report."""
    domains = {crystal.name: model.domain(crystal.name) for crystal in crystals}
    per_domain = {
        crystal.name: {
            "formula": domains[crystal.name].formula,
            "n_atoms": domains[crystal.name].n_atoms,
            "counts": domains[crystal.name].counts,
            "net_charge": domains[crystal.name].net_charge,
            "diameter_nm": round(domains[crystal.name].diameter_nm, 4),
            "stoichiometry": _stoichiometry(domains[crystal.name], crystal),
            "min_coordination": _min_coordination(domains[crystal.name]),
            "dipole_debye": round(domains[crystal.name].dipole_debye, 3),
        }
        for crystal in crystals
    }
    report = {
        **model.report,
        "stoichiometry": _whole_stoichiometry(model, crystals, domains),
        "domains": per_domain,
        "provenance": with_origins(provenance, crystals),
    }
    return replace(model, report=report)


def with_origins(provenance: Mapping[str, Any], crystals: Sequence[Crystal]) -> dict[str, Any]:
    """Return the block ``provenance`` of a model.json: what is given, and the crystals' sources."""
    return {
        **provenance,
        "crystal": {crystal.name: _origin(crystal) for crystal in crystals},
        "sources": sorted({crystal.source for crystal in crystals}),
    }


def derived_notes(crystals: Sequence[Crystal]) -> tuple[str, ...]:
    """Return a note for every derived or computed crystal, to stand wherever it is shown.

    Its first line names the crystal, the second says how it was made.
    """
    return notes_of_origins({crystal.name: _origin(crystal) for crystal in crystals})


def notes_of_origins(origins: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the same notes from the block ``provenance.crystal`` of a model.json."""
    return tuple(
        f"{origin['status'].capitalize()} crystal: {name}.\n{origin['derivation']}"
        for name, origin in origins.items()
        if origin["status"] in UNPUBLISHED
    )


def notes_of_crystals(crystals: Sequence[Crystal]) -> tuple[str, ...]:
    """Return what was assumed when crystals were read, such as guessed charges."""
    return tuple(f"{crystal.name}: {note}" for crystal in crystals for note in crystal.notes)


def _stoichiometry(model: Model, crystal: Crystal) -> dict[str, Any]:
    return {
        "target": crystal.formula_unit,
        "actual": model.counts,
        "deviation": round(ratio_deviation(model.symbols, crystal.formula_unit), 6),
    }


def _whole_stoichiometry(
    model: Model, crystals: Sequence[Crystal], domains: Mapping[str, Model]
) -> dict[str, Any]:
    """Like that of a domain; of several domains, the target is what their ions would be in bulk."""
    if len(crystals) == 1:
        return _stoichiometry(model, crystals[0])
    target: dict[str, float] = dict.fromkeys(model.counts, 0.0)
    for crystal in crystals:
        units = domains[crystal.name].n_atoms / sum(crystal.formula_unit.values())
        for symbol, share in crystal.formula_unit.items():
            target[symbol] += share * units
    worst = max(abs(model.counts[symbol] / count - 1.0) for symbol, count in target.items())
    return {
        "target": {symbol: round(count, 2) for symbol, count in target.items()},
        "actual": model.counts,
        "deviation": round(worst, 6),
    }


def _min_coordination(model: Model) -> dict[str, int]:
    """Fewest opposite neighbours of any ion of each element."""
    return {
        symbol: int(model.coordination[model.symbols == symbol].min()) for symbol in model.counts
    }


def listed_charges(crystal: Crystal) -> dict[str, int | list[int]]:
    """Return the charge of each element, a list where it has several."""
    return {
        symbol: charges[0] if len(charges) == 1 else list(charges)
        for symbol, charges in crystal.charges_of.items()
    }


def _origin(crystal: Crystal) -> dict[str, Any]:
    return {
        "status": crystal.status,
        "source": crystal.source,
        "derivation": crystal.derivation,
        "space_group": crystal.space_group,
        "cell": [round(value, 5) for value in crystal.cell_parameters],
        "oxidation_states": listed_charges(crystal),
        "longest_bonds_a": {
            f"{cation}-{anion}": round(limit, 6)
            for (cation, anion), limit in crystal.bond_rule.items()
        },
        "notes": list(crystal.notes),
    }
