"""The lines that describe a model, a particle or a heterostructure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .terminal import LONGEST_DERIVATION, not_yet_reported

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from epicarve.builder.model import Model
    from epicarve.builder.report import (
        CoreShell,
        Covered,
        GivenStructure,
        Junction,
        NotRelocated,
        Optimality,
        Origin,
        Relocation,
        SurfaceFigures,
    )

FACING = {
    "like": "like charges face each other",
    "opposite": "opposite charges face each other",
}
"""How the outermost layers of two faces are told if both are charged."""


def _counted(counts: Mapping[str, int]) -> str:
    return " : ".join(f"{n} {symbol}" for symbol, n in counts.items())


def _ligands(covered: Covered | None) -> Iterator[tuple[str, str]]:
    """Yield the lines that tell the ligands of a model, if it has any."""
    if covered is None:
        return
    for name, kind in covered.kinds.items():
        modes = ", ".join(f"{n} {mode}" for mode, n in kind.modes.items())
        yield (
            name,
            f"{kind.n_placed} on {kind.n_sites} sites, {kind.per_nm2:.2f} per nm²"
            f"{f' ({modes})' if modes else ''}",
        )
    spare = covered.spare_bonds
    yield (
        "bonds that ligands fill",
        f"{covered.filled_bonds}, "
        + (f"proven: {spare} more at most" if spare else "proven to be the most"),
    )
    nearest = covered.nearest
    if nearest is not None:
        yield (
            "nearest contact of a ligand",
            f"{nearest.pair} {nearest.distance_a:.2f} Å, {nearest.of_radii:.2f} of the radii",
        )


def facts_of_model(model: Model) -> dict[str, object]:
    """Return the lines that describe a model: what, and its value."""
    report = model.report
    removed = sum(edit.action == "removed" for edit in model.edits)
    facts: dict[str, object] = {"ions": f"{model.n_ions}  ({_counted(model.ion_counts)})"}
    if model.has_molecules:
        facts["atoms"] = f"{model.n_atoms}  ({_counted(model.counts)})"
    facts |= {
        "net charge": f"{model.net_charge:+d} e" if model.net_charge else "0",
        "diameter": f"{model.diameter_nm:.2f} nm",
    }
    if report.stoichiometry is not None:
        deviation = report.stoichiometry.deviation
        facts["deviation from bulk ratio"] = f"{100 * deviation:.2f} %"
    facts |= {
        "fewest opposite neighbours": ", ".join(
            f"{symbol} {n}" for symbol, n in model.min_coordination.items()
        ),
        **_half_bonded(report.surface),
        "connected pieces": model.n_components,
        "dipole": f"{model.dipole_debye:.0f} D",
    }
    if report.structure is None:
        facts["edits of the plain cut"] = f"{removed} removed, {len(model.edits) - removed} added"
    else:
        facts |= dict(_structure(report.structure))
    cost = {} if report.optimum is None else {"cost of the edits": _cost(report.optimum)}
    if report.relocation is not None:
        cost["ions moved afterwards"] = _moved(report.relocation)
    if report.part_of is None:
        facts |= cost
    facts |= dict(_ligands(report.ligands))
    if report.centres is not None:
        facts["centre"] = f"{report.centres.chosen}: {report.centres.why}"
    if report.orderings is not None:
        tied = sum(variant.tied_with_lowest for variant in report.orderings)
        facts["orderings"] = f"{len(report.orderings)}, {tied} of them tied for the lowest"
    if report.core_shell is not None:
        facts["core and shell"] = _core_and_shell(report.core_shell)
    if report.part_of is not None:
        facts["part of"] = f"{report.part_of.film} on {report.part_of.substrate}"
        facts |= {f"{what} of both": told for what, told in cost.items()}
    if report.interface is not None:
        facts |= dict(_junction(report.interface))
    for name, origin in report.origins.items():
        facts |= dict(_origin(name, origin))
    return facts


def _structure(given: GivenStructure) -> Iterator[tuple[str, str]]:
    """Yield the lines on coordinates that were given, and what was taken to be true of them."""
    yield "structure", given.source
    yield (
        "oxidation states",
        ", ".join(
            f"{symbol} {'/'.join(f'{q:+d}' for q in charges)}"
            for symbol, charges in given.oxidation_states.items()
        ),
    )
    for name, limits in given.longest_bonds_a.items():
        told = ", ".join(f"{pair} {limit:.2f}" for pair, limit in limits.items())
        yield f"longest bonds in {name}", f"{told} Å"
    for name, elements in given.bulk_coordination.items():
        told = ", ".join(f"{s} {'/'.join(map(str, n))}" for s, n in elements.items())
        yield f"bulk neighbours in {name}", told
    if notes := not_yet_reported(given.notes):
        yield "notes", "\n".join(notes)


def _cost(optimum: Optimality) -> str:
    return f"{optimum.objective:.2f} Å, proven optimal to {100 * optimum.gap:.2g} %"


def _moved(relocation: Relocation | NotRelocated) -> str:
    from epicarve.builder.report import NotRelocated

    if isinstance(relocation, NotRelocated):
        return f"none: {relocation.reason}"
    unheld = relocation.without_dipole_limit
    return (
        f"{relocation.n_moved}, a heuristic: point-charge energy {_fall(relocation.gained_ev)} eV "
        f"({_fall(unheld.gained_ev)} eV and {unheld.dipole_debye:.0f} D without a limit of the "
        f"dipole), dipole {relocation.dipole_debye_before:.0f} → {relocation.dipole_debye:.0f} D, "
        f"ions on wrong sites {relocation.n_wrong_sign_before} → {relocation.n_wrong_sign}, "
        f"the edits then cost {relocation.fidelity_a:.1f} Å"
    )


def _fall(gained_ev: float) -> str:
    """Return a change of energy in whole eV, a fall with its sign and none without."""
    return str(-round(gained_ev))


def _half_bonded(surface: SurfaceFigures | None) -> dict[str, str]:
    """Return the line on ions with less than half of their valence, if any is known."""
    if surface is None or surface.half_bonded is None:
        return {}
    told = ", ".join(f"{symbol} {n}" for symbol, n in surface.half_bonded.items() if n)
    return {"ions below half their valence": told or "none"}


def _core_and_shell(parts: CoreShell) -> str:
    return (
        f"{parts.n_core} ions {parts.core}, {parts.n_shell} {parts.shell}, "
        f"both on the lattice of {parts.lattice}"
    )


def _junction(found: Junction) -> Iterator[tuple[str, str]]:
    """Yield the lines on the interface of a heterostructure."""
    from epicarve.builder.crystal import direction_name, plane_name

    yield (
        "interface",
        f"{found.film} {plane_name(found.film_hkl)} on "
        f"{found.substrate} {plane_name(found.substrate_hkl)}, gap {found.gap_a:.2f} Å",
    )
    polarity = found.polarity
    yield (
        "faces",
        f"{found.film_termination} on {found.substrate_termination}, "
        f"charges {polarity.signs}: {facing(polarity.signs, polarity.kind)}",
    )
    strains = (
        f"{row.strain:+.2%} along {direction_name(row.substrate_direction)}" for row in found.misfit
    )
    yield "misfit", ", ".join(strains)
    continuity = found.continuity
    matched = f"{100 * continuity.matched_fraction:.0f} %"
    pairs = ", ".join(f"{n} {pair}" for pair, n in continuity.pairs.items())
    yield (
        "cations continued",
        f"{matched}: {continuity.reason}"
        if continuity.rms_a is None
        else f"{matched} ({pairs}), rms {continuity.rms_a:.2f} Å",
    )
    across, adhesion = found.ions_across, found.adhesion
    bonds = across.reason
    if across.n_bonds is not None and across.valence is not None:
        bonds = f"{across.n_bonds} of valence {across.valence:.1f} in all"
    yield (
        "bonds across",
        f"{bonds}; {across.n_facing_like} of {across.n_facing} ions face one of their own sign",
    )
    yield (
        "work of adhesion",
        f"{adhesion.work_j_m2:.2f} J/m² of rigid ions, "
        + ("of polar faces" if adhesion.is_polar else f"{adhesion.registry_off_a:.2f} Å from here")
        if adhesion.work_j_m2 is not None
        else f"none: {adhesion.reason}",
    )
    contact = found.shortest_contact
    yield (
        "shortest contact across",
        f"{contact.pair} {contact.distance_a:.2f} Å, "
        f"{100 * contact.fraction_of_bulk:.0f} % of their contact",
    )
    for name, fit in (found.relaxed_halves or {}).items():
        yield (
            f"{name} relaxed",
            f"turned by {fit.rotation_deg:.2f}°, {fit.n_cations} interface cations off "
            f"by {fit.residual_rms_a:.2f} Å rms",
        )


def _origin(name: str, origin: Origin) -> Iterator[tuple[str, str]]:
    """Yield the lines on where a crystal is from."""
    from epicarve.builder.library import bundled_names

    told = " ".join(origin.derivation.split())
    if origin.status == "given":
        yield name, f"{origin.source}, space group {origin.space_group}"
    elif name in bundled_names() and not origin.source.startswith("file "):
        yield name, f"{origin.status}; `epicarve crystals {name}` tells from what"
    elif len(told) > LONGEST_DERIVATION:
        yield name, f"{origin.status}; model.json tells from what (provenance, crystal)"
    else:
        yield name, f"{origin.status}: {told}" if told else origin.status
    if notes := not_yet_reported(origin.notes):
        yield f"{name}: notes", "\n".join(notes)


def facing(signs: str, kind: str) -> str:
    """Return what the charges of two faces, such as ``"+/0"``, mean for them."""
    if kind in FACING:
        return FACING[kind]
    film, substrate = signs.split("/")
    if film == substrate:
        return "neither face is charged"
    return f"only the {'film' if substrate == '0' else 'substrate'}'s face is charged"
