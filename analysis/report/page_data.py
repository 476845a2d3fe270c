"""The data that the report carries, for its scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.export import SPIN_NAMES, labels
from epicarve.analysis.states import DEGENERATE_EV, groupings
from epicarve.builder.output import centred
from epicarve.page import encoded
from epicarve.style import colours, element_colours

from .html import words_html
from .model_data import drawn_bonds, orbital_data

if TYPE_CHECKING:
    from epicarve.analysis.states import Analysis
    from epicarve.arrays import Ints
    from epicarve.style import Palette

WEIGHT_BYTES = 3_000_000
"""Most atomic weights in a report, a byte each: 2,000 states of 1,500 atoms."""

PALETTE: Palette = "safe"
"""Colours of the report: told apart with any colour vision."""


def payload(analysis: Analysis) -> dict[str, Any]:
    """Collect the data of the report's scripts as plain data for JSON.

    Parameters
    ----------
    analysis : Analysis
        The results.

    Returns
    -------
    dict
        Arrays stand as base64 of their little-endian bytes. Energies and IPR are whole, so that the
        page finds the same gap as `trap_filter`; it broadens the states itself, by the weights of
        groups; the weights of a state on atoms are given to 1/255 of its largest one, for the
        states of `weighted_states`; negative ones are shown as none. Orbitals are those of
        `orbital_data`.
    """
    states, gap = analysis.states, analysis.gap
    numbers, _ = labels(states)
    weighted = weighted_states(analysis)
    weights = np.clip(states.weights[:, weighted], 0.0, None)  # Mulliken's may be negative
    largest = weights.max(axis=0, initial=0.0)
    levels = np.rint(255.0 * weights / np.where(largest > 0.0, largest, 1.0)).T
    palette = colours(PALETTE)
    return {
        "n_atoms": states.n_atoms,
        "ipr_max": analysis.ipr_limit,
        "degenerate_ev": DEGENERATE_EV,
        "homo_ev": gap.homo_ev,
        "lumo_ev": gap.lumo_ev,
        "zero_ev": analysis.zero.energy_ev,
        "zero_label": analysis.zero.label,
        "broadening_ev": analysis.options.broadening_ev,
        "window_ev": list(analysis.window_ev),
        "ipr_range": list(analysis.ipr_range),
        "first_state": int(nearest_to_gap(analysis)[0]),
        "spin_names": ["both"] if states.restricted else list(SPIN_NAMES),
        "states": {
            "energies_ev": encoded(states.energies_ev, "float64"),
            "occupations": encoded(states.occupations, "float32"),
            "ipr": encoded(analysis.localization.ipr, "float64"),
            "occupied": encoded(states.is_occupied, "uint8"),
            "numbers": encoded(np.array(numbers), "int32"),
            "spins": encoded(states.spins, "uint8"),
        },
        "weighted": {
            "states": encoded(weighted, "int32"),
            "largest": encoded(largest, "float32"),
            "weights": encoded(levels, "uint8"),
            "note": _note_of_weights(len(weighted), states.n_states),
        },
        "groups": [
            {
                "title": grouping.title,
                "names": list(grouping.names),
                "labels": [words_html(name) for name in grouping.names],
                "colours": list(grouping.colours),
                "weights": encoded(grouping.weights, "float32"),
            }
            for grouping in groupings(analysis, PALETTE)
        ],
        "atoms": _atoms(analysis),
        "orbitals": [orbital_data(picture) for picture in analysis.orbital_pictures],
        "colours": {
            "elements": element_colours(tuple(dict.fromkeys(states.symbols)), PALETTE),
            **{name: palette[name] for name in ("weights", "ipr", "filtered_gap", "plain_gap")},
        },
    }


def nearest_to_gap(analysis: Analysis) -> Ints:
    """Return all states by their distance from the middle of the gap, the nearest first."""
    distance_ev = np.abs(analysis.states.energies_ev - analysis.gap.middle_ev)
    return np.argsort(distance_ev, kind="stable")


def weighted_states(analysis: Analysis) -> Ints:
    """Return the states whose atomic weights the report carries: those nearest to the gap."""
    n_states = WEIGHT_BYTES // analysis.states.n_atoms
    return np.sort(nearest_to_gap(analysis)[:n_states])


def _note_of_weights(n_weighted: int, n_states: int) -> str:
    """Say which states can colour the model."""
    if n_weighted == n_states:
        return "Every state colours the model."
    return (
        f"The {n_weighted} states nearest to the gap, of {n_states}, colour the model; the weights "
        "of the others are not in this page."
    )


def _atoms(analysis: Analysis) -> dict[str, Any] | None:
    """Return the atoms, centred, with what is known of their places; None without positions."""
    if analysis.positions_a is None:
        return None
    model, sites = analysis.model, analysis.sites
    domains = places = bonds = [""] * analysis.states.n_atoms
    if model is not None:
        held = model.coordination if sites.coordination is None else sites.coordination
        both = zip(held.tolist(), model.bulk_coordination.tolist(), strict=True)
        domains, bonds = model.domains.tolist(), [f"{now} of {bulk}" for now, bulk in both]
    if sites.positions is not None:
        places = sites.positions.tolist()
    return {
        "symbols": list(analysis.states.symbols),
        "domains": domains,
        "domain_labels": {name: words_html(name) for name in dict.fromkeys(domains)},
        "places": places,
        "bonds": bonds,
        "positions_a": encoded(centred(analysis.positions_a), "float32"),
        "radii_a": encoded(analysis.drawn_radii_a, "float32"),
        "pairs": encoded(drawn_bonds(analysis), "int32"),
    }
