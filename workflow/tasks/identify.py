"""What a particle is made of, and a recipe that builds the like of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from epicarve.builder.cif import crystal_cif
from epicarve.builder.crystal import one_word
from epicarve.builder.recognition import Identification, identify, ordered_symbols, shape_of
from epicarve.errors import InputError
from epicarve.files import write_text
from epicarve.workflow.recipes import as_recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.recognition import Domain


def identified(
    particle: Path | str,
    crystals: Sequence[str] | None = None,
    out: Path | str | None = None,
    recipe: Path | str | None = None,
) -> Identification:
    """Identify a particle, and write what is asked for.

    Parameters
    ----------
    particle : Path or str
        A file that ASE reads, or a folder with a model.
    crystals : sequence of str, optional
        Names of bundled crystals, or CIF files.
    out : Path or str, optional
        Folder for identification.json, identification.png and identification.extxyz.
    recipe : Path or str, optional
        File for a recipe of the like of it.

    Raises
    ------
    InputError
        As for `epicarve.identify`, or if there is no recipe for what was found.
    """
    found = identify(particle, crystals)
    texts = recipe_texts(found, Path(recipe)) if recipe is not None else {}
    if out is not None:
        found.write(out)
    for path, text in texts.items():
        write_text(path, text)
    return found


def recipe_texts(found: Identification, path: Path) -> dict[Path, str]:
    """Return a recipe that builds the like of a particle ideally, and the CIF files that it names.

    Parameters
    ----------
    found : Identification
        A particle of one domain, or of two that meet at an interface.
    path : Path
        Where the recipe will lie; CIF files lie beside it.

    Raises
    ------
    InputError
        If there is no domain, or there are several and no single interface.
    """
    if not found.domains:
        raise InputError(f"{found.name}: no crystal was found, so there is no recipe; leave it out")
    if len(found.domains) > 1 and found.interface is None:
        raise InputError(
            f"{found.name}: {len(found.domains)} domains without a single interface; recipes are "
            "of one domain, or of two that meet"
        )
    texts: dict[Path, str] = {}
    crystals = [_crystal(domain, path, texts) for domain in found.lattices]
    meeting = found.interface
    if meeting is None:
        shape = shape_of(found.lattices[0])
        data: dict[str, Any] = {"crystal": crystals[0], "shape": _plain(shape.spec)}
        agreements = [shape.agreement]
    else:
        faces = meeting.film_hkl, meeting.substrate_hkl
        shapes = [shape_of(*each) for each in zip(found.lattices, faces, strict=True)]
        agreements = [shape.agreement for shape in shapes]
        film, substrate = (
            {"crystal": crystal, "shape": _plain(shape.spec)}
            for crystal, shape in zip(crystals, shapes, strict=True)
        )
        interface: dict[str, Any] = {
            "film_hkl": list(meeting.film_hkl),
            "substrate_hkl": list(meeting.substrate_hkl),
            "film_termination": meeting.film_termination,
            "substrate_termination": meeting.substrate_termination,
        }
        if meeting.film_directions is not None and meeting.substrate_directions is not None:
            interface["film_directions"] = [list(uvw) for uvw in meeting.film_directions]
            interface["substrate_directions"] = [list(uvw) for uvw in meeting.substrate_directions]
            interface["registry_a"] = list(meeting.registry_a)
        data = {"film": film, "substrate": substrate, "interface": interface}
    as_recipe(data)
    told = " and ".join(f"{100 * agreement:.0f} %" for agreement in agreements)
    head = (
        f"# The like of {found.name}, ideal: unrelaxed, neutral, in the shape that comes nearest\n"
        f"# ({told} of the sites that hold ions or lie inside do both).\n"
    )
    texts[path] = head + yaml.safe_dump(
        data, sort_keys=False, allow_unicode=True, default_flow_style=None
    )
    return texts


def _crystal(domain: Domain, path: Path, texts: dict[Path, str]) -> dict[str, Any]:
    """Return what a recipe says of a crystal; add the CIF file if it needs one."""
    pattern, ordering = domain.pattern, domain.ordering
    if pattern.bundled is not None and (ordering is None or ordering.is_own):
        told: dict[str, Any] = {"name": pattern.bundled}
        return {**told, "replace": dict(pattern.replaced)} if pattern.replaced else told
    if pattern.bundled is not None and ordering is not None and ordering.crystal is not None:
        return {"name": ordering.crystal}
    crystal = _ordered(domain)
    file = path.with_name(f"{one_word(path.stem)}-{crystal.name}.cif")
    texts[file] = crystal_cif(crystal)
    return {"file": file.name}


def _ordered(domain: Domain) -> Crystal:
    """Return the crystal of a domain with its anions where they were found."""
    crystal, ordering = domain.crystal, domain.ordering
    if ordering is None or ordering.is_own:
        return crystal
    symbols = ordered_symbols(crystal, ordering)
    charge_of = dict(zip(crystal.symbols.tolist(), crystal.oxidation_states.tolist(), strict=True))
    changed = replace(
        crystal,
        name=f"{crystal.name}-ordered",
        symbols=symbols,
        oxidation_states=np.array([charge_of[symbol] for symbol in symbols.tolist()]),
        status="derived",
        derivation=" ".join(
            [crystal.derivation, f"Reordered: {ordering.told}; cell and places not relaxed."]
        ).strip(),
    )
    return replace(changed, space_group=changed.symmetry.symbol)


def _plain(spec: Any) -> dict[str, Any]:
    told: dict[str, Any] = spec.model_dump(mode="json", exclude_unset=True)
    return {"kind": told.pop("kind"), **told}
