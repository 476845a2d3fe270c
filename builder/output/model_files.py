"""Writing a model or a slab: extended XYZ, CIF, JSON, and a picture of a model."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import gemmi
import numpy as np

from epicarve.builder.crystal import cell_parameters
from epicarve.builder.extxyz import write_extxyz
from epicarve.builder.report import Provenance
from epicarve.files import filled_folder, refuse_file_name, write_json, write_text
from epicarve.version import __version__

from .preview import draw_model
from .summary import derived_notes, notes_of_model, summary_of, with_origins

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from epicarve.arrays import Floats, Strings
    from epicarve.builder.interfaces import Slab
    from epicarve.builder.model import Model

CIF_MARGIN_A = 5.0

CIF_LINE = 78
"""Characters in a line of text; CIF 1.0 allowed 80."""

SITE_TAGS = (
    "label",
    "type_symbol",
    "fract_x",
    "fract_y",
    "fract_z",
    "U_iso_or_equiv",
    "occupancy",
    "disorder_group",
)


def write_model(folder: Path, model: Model) -> None:
    """Write model.extxyz, model.cif, model.json and preview.png: all of them, or none.

    Parameters
    ----------
    folder : Path
        Where to write; made if it is not there.
    model : Model
        The model; notes, such as that a crystal is derived, stand in the CIF and under the picture.
    """
    refuse_file_name(folder, "model.extxyz, model.cif, model.json and preview.png")
    notes = notes_of_model(model)
    with filled_folder(folder, "model.json") as scratch:
        model.write_extxyz(scratch / "model.extxyz")
        write_text(scratch / "model.cif", cif_text(model, notes))
        write_json(scratch / "model.json", summary_of(model))
        draw_model(scratch / "preview.png", model, notes)


def write_slab(folder: Path, slab: Slab) -> None:
    """Write model.extxyz, model.cif and model.json of a periodic slab: all of them, or none.

    Parameters
    ----------
    folder : Path
        Where to write; made if it is not there.
    slab : Slab
        The slab; it repeats along the first two vectors of its cell. Notes, such as that a crystal
        is derived, stand in the CIF.
    """
    refuse_file_name(folder, "model.extxyz, model.cif and model.json")
    report = slab.report
    crystals = (report.interface.film.crystal, report.interface.substrate.crystal)
    asked = Provenance(version=__version__, slab=report.options.model_dump(mode="json"))
    provenance = with_origins(asked, crystals)
    summary = {**slab.as_dict(), "provenance": provenance.as_dict()}
    with filled_folder(folder, "model.json") as scratch:
        write_extxyz(
            scratch / "model.extxyz",
            slab.symbols,
            slab.positions_a,
            slab.columns,
            cell_a=slab.cell_a,
            periodic=(True, True, False),
            told=provenance.statements,
        )
        notes = derived_notes(crystals)
        text = cif_of(
            slab.formula,
            slab.symbols,
            slab.fractional,
            slab.cell_a,
            notes=notes,
            provenance=provenance,
        )
        write_text(scratch / "model.cif", text)
        write_json(scratch / "model.json", summary)


def cif_text(model: Model, notes: Sequence[str] = ()) -> str:
    """Return the model as a CIF in a cubic P 1 box with `CIF_MARGIN_A` of vacuum around it."""
    low, high = model.positions_a.min(axis=0), model.positions_a.max(axis=0)
    edge = float((high - low).max()) + 2.0 * CIF_MARGIN_A
    fractional = (model.positions_a - 0.5 * (low + high)) / edge + 0.5
    cell_a, provenance = edge * np.eye(3), model.report.provenance
    return cif_of(
        model.formula, model.symbols, fractional, cell_a, notes=notes, provenance=provenance
    )


def cif_of(
    name: str,
    symbols: Strings,
    fractional: Floats,
    cell_a: Floats,
    *,
    notes: Sequence[str] = (),
    provenance: Provenance | None = None,
) -> str:
    """Return ions in a cell as a CIF in P 1, with all of them listed.

    Parameters
    ----------
    name : str
        Name of the data block.
    symbols : ndarray of str, shape (n_ions,)
        Elements.
    fractional : ndarray of float, shape (n_ions, 3)
        Coordinates in units of the cell's vectors.
    cell_a : ndarray of float, shape (3, 3)
        Cell vectors in Å as rows, right-handed; only their lengths and angles are written.
    notes : sequence of str
        Sentences that stand above it as comments.
    provenance : Provenance, optional
        By what and of what it was made: `_audit_creation_method` and `_atom_sites_special_details`
        of the core dictionary of CIF, and `_epicarve_recipe_sha256`.
    """
    structure = gemmi.SmallStructure()
    structure.name = name
    structure.cell = gemmi.UnitCell(*cell_parameters(cell_a))
    structure.spacegroup_hm = "P 1"
    block = structure.make_cif_block()
    for place, (tag, text) in enumerate(_told(provenance).items()):
        block.set_pair(tag, gemmi.cif.quote(text))
        block.move_item(-1, place)
    sites = block.init_loop("_atom_site_", SITE_TAGS)
    seen: Counter[str] = Counter()
    labels = []
    for symbol in symbols.tolist():
        seen[symbol] += 1
        labels.append(f"{symbol}{seen[symbol]}")
    n_ions = len(labels)
    axes = [[f"{x:.9g}" for x in axis] for axis in np.round(fractional, 9).T.tolist()]
    constants = [[value] * n_ions for value in ("0", "1", ".")]
    sites.set_all_values([labels, symbols.tolist(), *axes, *constants])
    block.set_pair("_symmetry_Int_Tables_number", "1")
    block.init_loop("_symmetry_equiv_pos_", ["as_xyz"]).add_row(["'x, y, z'"])
    comments = "".join(f"# {' '.join(note.split())}\n" for note in notes)
    return comments + str(block.as_string())


def _told(provenance: Provenance | None) -> dict[str, str]:
    """Return what a CIF says of where it is from, by tag."""
    told = {} if provenance is None else provenance.statements
    words = {"crystals": "Crystals", "sources": "Sources", "derivations": "Derived or computed"}
    details = [f"{word}: {told[key]}" for key, word in words.items() if key in told]
    lines = [line for text in details for line in textwrap.wrap(text, CIF_LINE)]
    tags = {
        "_audit_creation_method": told.get("made_by", ""),
        "_epicarve_recipe_sha256": told.get("recipe_sha256", ""),
        "_atom_sites_special_details": "\n".join(lines),
    }
    return {tag: text for tag, text in tags.items() if text}
