"""epicarve identify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .terminal import AsJson, console, facts_table, print_json, progress

if TYPE_CHECKING:
    from epicarve.builder.recognition import FoundDomain, FoundInterface, Identification


def identify(
    arguments: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Any file of coordinates that ASE reads.")
    ],
    *,
    crystals: Annotated[
        list[str] | None,
        typer.Option(
            "--crystals", metavar="NAME...", help="Bundled names or CIF files to look for."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Folder for JSON, picture and atoms."),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option("--recipe", metavar="FILE", help="Write a recipe of the like of it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find which crystals a particle is made of, and how they lie on each other."""
    particle, crystals = _sorted_out(arguments, crystals or [])
    with progress("identify"):
        from epicarve.workflow.tasks.identify import identified

        found = identified(particle, crystals or None, out, recipe)
    if as_json:
        print_json(found.as_dict())
        return
    console().print(facts_table(found.name, _facts(found)))
    for domain in found.domains:
        console().print(facts_table(domain.told, _facts_of_domain(domain)))
    if found.interface is not None:
        title = f"{found.interface.film} on {found.interface.substrate}"
        console().print(facts_table(title, _facts_of_interface(found.interface)))
    for note in found.notes:
        console().print(f"[yellow]note[/] {note}")
    if out is not None:
        console().print(f"identification, picture and atoms in {out}", soft_wrap=True)
    if recipe is not None:
        console().print(f"recipe in {recipe}", soft_wrap=True)


def _sorted_out(arguments: list[str], crystals: list[str]) -> tuple[Path, list[str]]:
    """Return the file and the crystals: of the latter several may follow one --crystals."""
    from epicarve.builder.library import bundled_names
    from epicarve.errors import InputError

    known = set(bundled_names())
    others = [one for one in arguments if one not in known and not one.lower().endswith(".cif")]
    file = others[0] if others else arguments[0]
    more = [one for one in arguments if one != file]
    if len(others) > 1 or (more and not crystals):
        raise InputError(
            f"identify: one file at a time, but {', '.join(others if others[1:] else arguments)} "
            "are named; name crystals behind --crystals"
        )
    return Path(file), [*crystals, *more]


def _facts(found: Identification) -> dict[str, object]:
    size = found.diameter_nm
    volume = "" if size.equal_volume is None else f", of equal volume {size.equal_volume:.2f}"
    facts: dict[str, object] = {
        "atoms": f"{found.n_atoms}: {_counted(found.counts)}",
        "net charge": "not known" if found.net_charge is None else f"{found.net_charge} e",
        "dipole": "not known" if found.dipole_debye is None else f"{found.dipole_debye:.0f} debye",
        "diameter": f"{size.largest:.2f} nm, by gyration {size.gyration:.2f}{volume}",
        "crystals": " and ".join(domain.told for domain in found.domains) or "none found",
    }
    if found.coordination:
        facts["neighbours"] = ", ".join(
            f"{symbol} {one.mean:.2f}" for symbol, one in found.coordination.items()
        )
    if found.surface:
        facts["surface"] = _counted(found.surface)
    if found.unassigned:
        facts["on no site"] = _counted(found.unassigned)
    if found.foreign:
        facts["foreign"] = _counted(found.foreign)
    return facts


def _facts_of_domain(domain: FoundDomain) -> dict[str, object]:
    n = domain.n_atoms
    spread = domain.core_cell_spread
    facts: dict[str, object] = {
        "ions": f"{n}: {_counted(domain.counts)}",
        "on their sites": f"{100 * domain.assigned_fraction:.1f} %, {domain.rms_a:.2f} Å rms; "
        f"displaced {100 * domain.n_displaced / n:.1f} %, without a site "
        f"{100 * domain.n_unassigned / n:.1f} %",
        "cell of the core": domain.core_cell.told
        + ("" if spread is None else f" (± {spread.a:.2f}, {spread.b:.2f}, {spread.c:.2f})"),
        "cell of the crystal": domain.crystal_cell.told,
    }
    ordering = domain.ordering
    if ordering is not None and ordering.next_agreement is not None:
        equal = f"; equal to {', '.join(domain.equal_orderings)}" if domain.equal_orderings else ""
        known = None if ordering.is_own else ordering.crystal
        of = "" if known is None else f" ({known})"
        facts["ordering"] = (
            f"{ordering.told}{of}{equal}: {100 * ordering.agreement:.0f} % of the anions in the "
            f"core, next best {100 * ordering.next_agreement:.0f} %"
        )
    if domain.substituted:
        facts["other elements"] = ", ".join(f"{n} {told}" for told, n in domain.substituted.items())
    if domain.next_best is not None:
        other = domain.next_best
        told = f" ({other.ordering})" if other.ordering and other.crystal == domain.crystal else ""
        facts["next best"] = f"{other.crystal}{told}, {100 * other.score_share:.0f} % of the score"
    return facts


def _facts_of_interface(found: FoundInterface) -> dict[str, object]:
    from epicarve.builder.crystal import direction_name, plane_name

    facts: dict[str, object] = {
        "planes": f"{plane_name(found.film_hkl)} on {plane_name(found.substrate_hkl)}, "
        f"{found.tilt_deg:.1f}° apart",
        "faces": f"{found.film_termination} on {found.substrate_termination}",
    }
    if found.film_directions is not None and found.substrate_directions is not None:
        pairs = zip(found.film_directions, found.substrate_directions, strict=True)
        facts["directions"] = ", ".join(
            f"{direction_name(one)} along {direction_name(other)}" for one, other in pairs
        )
    facts["registry"] = f"{found.registry_a[0]:.2f}, {found.registry_a[1]:.2f} Å"
    facts["gap"] = f"{found.gap_a:.2f} Å between the outermost cations"
    for one in (found.continuity, found.other_continuity):
        pairs_told = ", ".join(f"{n} {pair}" for pair, n in one.pairs.items()) or "none"
        rms = "" if one.rms_a is None else f", {one.rms_a:.2f} Å rms"
        facts[f"cations, {one.continued} continued"] = (
            f"{one.matched_fraction:.2f} matched ({pairs_told} of {one.n_sites} sites{rms})"
        )
    return facts


def _counted(counts: dict[str, int]) -> str:
    return " ".join(f"{n} {symbol}" for symbol, n in counts.items())
