"""From two geometries of a model to what changed between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.compare import (
    Comparison,
    StructureOptions,
    diffraction_csv,
    ligands_csv,
    radial_csv,
)
from epicarve.analysis.figures import structure_figure, write_figure
from epicarve.analysis.options import FigureOptions
from epicarve.builder.extxyz import read_atoms
from epicarve.builder.model import Model
from epicarve.builder.output import notes_of_model
from epicarve.dft.read import RunFolder
from epicarve.errors import InputError
from epicarve.files import filled_folder, write_json, write_text
from epicarve.version import __version__
from epicarve.workflow.recipes import geometry_of_states, relaxed_geometry

from .model_of_run import MODEL

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Strings


@dataclass(frozen=True)
class ComparedGeometries:
    """A comparison of two geometries, and where these are from.

    Parameters
    ----------
    comparison : Comparison
        What changed.
    provenance : dict
        Version, files, options, and what the model was made of.
    """

    comparison: Comparison
    provenance: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the content of structure.json."""
        return {**self.comparison.as_dict(), "provenance": self.provenance}


def structure(
    before: Path | str,
    after: Path | str | None = None,
    out: Path | str | None = None,
    *,
    options: StructureOptions | None = None,
    figures: FigureOptions | None = None,
) -> dict[str, Any]:
    """Compare two geometries of a model, such as before and after relaxation.

    Parameters
    ----------
    before : Path or str
        A model.extxyz, any file of coordinates that ASE reads, or a folder that epicarve made.
    after : Path or str, optional
        The same atoms in any order; a folder stands for its relaxed geometry. If not given,
        `before` is a folder that holds both.
    out : Path or str, optional
        Folder for structure.json, radial.csv, diffraction.csv, the figure and, of a model with
        ligands, ligands.csv; nothing is written without it.
    options : StructureOptions, optional
        Range and resolution of the curves.
    figures : FigureOptions, optional
        Look and formats of the figure.

    Returns
    -------
    dict
        Content of structure.json.

    Raises
    ------
    InputError
        If a geometry is missing or not whole, or the two are not of the same atoms.
    """
    return compared(before, after, out, options=options, figures=figures).as_dict()


def compared(
    before: Path | str,
    after: Path | str | None = None,
    out: Path | str | None = None,
    *,
    options: StructureOptions | None = None,
    figures: FigureOptions | None = None,
) -> ComparedGeometries:
    """Compare two geometries of a model and return the comparison, in memory; see `structure`."""
    before = Path(before)
    if after is None and before.is_file():
        raise InputError(f"{before}: this is one geometry; give a second, or the folder of a run")
    after = before if after is None else Path(after)
    options, look = options or StructureOptions(), figures or FigureOptions()
    first = before / MODEL if before.is_dir() else before
    second = _relaxed(after) if after.is_dir() else after
    model, symbols, positions_a = _geometry(first)
    _, other_symbols, other_positions_a = _geometry(second)
    comparison = Comparison.of(
        symbols, positions_a, other_symbols, other_positions_a, model=model, options=options
    )
    made_by = None if model is None else model.report.provenance
    found = ComparedGeometries(
        comparison,
        {
            "version": __version__,
            "before": first.name,
            "after": second.name,
            "options": options.model_dump(mode="json"),
            **({} if made_by is None else {"model": made_by.as_dict()}),
        },
    )
    if out is not None:
        notes = () if model is None else notes_of_model(model)
        figure = structure_figure(comparison, notes, look)
        with filled_folder(Path(out), "structure.json") as scratch:
            write_json(scratch / "structure.json", found.as_dict())
            write_text(scratch / "radial.csv", radial_csv(comparison))
            write_text(scratch / "diffraction.csv", diffraction_csv(comparison))
            if comparison.ligands:
                write_text(scratch / "ligands.csv", ligands_csv(comparison))
            for suffix in look.formats:
                write_figure(figure, scratch / f"structure.{suffix}")
    return found


def _relaxed(folder: Path) -> Path:
    """Return the geometry of the states of a run, or the end of its last relaxation."""
    return geometry_of_states(RunFolder(folder)) or relaxed_geometry(folder)


def _geometry(path: Path) -> tuple[Model | None, Strings, Floats]:
    """Read a geometry: the model if the file is one, and in any case elements and positions."""
    atoms = read_atoms(path)
    if "formal_charge" in atoms.arrays:
        model = Model.read(path)
        return model, model.symbols, model.positions_a
    return None, np.array(list(atoms.symbols)), np.array(atoms.positions)
