"""The bundled crystals as tables and dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from epicarve.builder.crystal import coordination_of
from epicarve.builder.library import bundled_crystal, bundled_names
from epicarve.builder.output import listed_charges

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal


def crystals(name: str | None = None) -> list[dict[str, Any]]:
    """Describe the bundled crystals, or one of them.

    Parameters
    ----------
    name : str, optional
        Name of a bundled crystal; all if not given.

    Returns
    -------
    list of dict
        For each: name, formula, space_group, status, source, derivation, cell (Å and degrees),
        density_g_cm3, oxidation_states, bonds (longest bond in Å per pair) and coordination.

    Raises
    ------
    InputError
        If there is no crystal of this name.

    Examples
    --------
    >>> crystals("CsPbCl3")[0]["coordination"]
    {'Cs': [12], 'Pb': [6], 'Cl': [6]}
    """
    return [describe(crystal) for crystal in crystals_named(name)]


def crystals_named(name: str | None = None) -> tuple[Crystal, ...]:
    """Return all bundled crystals, or the one of a name."""
    names = bundled_names() if name is None else (name,)
    return tuple(bundled_crystal(each) for each in names)


def describe(crystal: Crystal) -> dict[str, Any]:
    """Describe one crystal as plain data, for tables and JSON."""
    return {
        "name": crystal.name,
        "formula": crystal.formula,
        "space_group": crystal.space_group,
        "status": crystal.status,
        "source": crystal.source,
        "derivation": crystal.derivation,
        "cell": [round(value, 5) for value in crystal.cell_parameters],
        "n_sites": crystal.n_sites,
        "density_g_cm3": round(crystal.density_g_cm3, 3),
        "oxidation_states": listed_charges(crystal),
        "bonds": {f"{c}-{a}": round(limit, 3) for (c, a), limit in crystal.bond_rule.items()},
        "coordination": coordination_of(crystal),
        "notes": list(crystal.notes),
    }
