"""Models from and to files and the objects of ASE and pymatgen."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from ase import Atoms
from ase.io import read

from epicarve.builder.model import COLUMNS, Edit, Model
from epicarve.builder.report import BuildReport, Provenance
from epicarve.errors import InputError, require_kind
from epicarve.files import is_file, is_folder, read_json

from .ascii import from_ascii, in_ascii
from .crystals import KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from pymatgen.core.structure import Molecule

    from epicarve.arrays import Floats

MODEL = "model.extxyz"
"""Name of the file with the ions of a model."""

DERIVED = {"numbers", "positions", "initial_charges", "is_surface"}
"""Arrays of atoms that a model tells by other means."""


def model_of_file(path: Path) -> Model:
    """Read a model; see `Model.read`."""
    if is_folder(path):
        path = path / MODEL
    if not is_file(path):
        raise InputError(f"{path}: there is no such file; give a folder with a {MODEL}")
    try:
        atoms = cast("Atoms", read(path, format="extxyz"))
    except Exception as error:  # ase raises whatever its parsers raise
        raise _no_model(path, str(error)) from error
    beside = path.with_suffix(".json")
    told = read_json(beside) if beside.is_file() else {}
    edits = told.get("edits", [])
    report = BuildReport.of({key: part for key, part in told.items() if part}, str(beside))
    if report.provenance is None:
        report = replace(report, provenance=Provenance.of_statements(atoms.info))
    return _model(
        str(path), atoms.symbols, atoms.positions, atoms.arrays, edits=edits, report=report
    )


def atoms_of_model(model: Model) -> Atoms:
    """Return a model as ASE Atoms; see `Model.to_ase`."""
    atoms = Atoms(
        symbols=model.symbols.tolist(),
        positions=model.positions_a,
        charges=model.charges,
        info={KEY: in_ascii(_told(model))},
    )
    for name, column in _columns(model).items():
        atoms.arrays[name] = np.array(column)
    return atoms


def model_of_atoms(atoms: Atoms) -> Model:
    """Return the model that ASE Atoms hold; see `Model.from_ase`."""
    require_kind(atoms, Atoms, "from_ase: what was given", "give ase.Atoms")
    told = from_ascii(atoms.info.get(KEY))
    return _of_record(f"{len(atoms)} atoms", atoms.symbols, atoms.positions, atoms.arrays, told)


def molecule_of_model(model: Model) -> Molecule:
    """Return a model as pymatgen Molecule; see `Model.to_pymatgen`."""
    from pymatgen.core.periodic_table import Species  # noqa: PLC0415  (costs a second)
    from pymatgen.core.structure import Molecule  # noqa: PLC0415

    ions = zip(model.symbols.tolist(), model.charges.tolist(), strict=True)
    return Molecule(
        [Species(*ion) for ion in ions],
        model.positions_a,
        charge=model.net_charge,
        site_properties={name: column.tolist() for name, column in _columns(model).items()},
        properties={KEY: _told(model)},
    )


def model_of_molecule(molecule: Molecule) -> Model:
    """Return the model that a pymatgen Molecule holds; see `Model.from_pymatgen`."""
    from pymatgen.core.structure import IMolecule  # noqa: PLC0415  (costs a second)

    require_kind(molecule, IMolecule, "from_pymatgen: what was given", "give a Molecule")
    columns = {name: np.array(values) for name, values in molecule.site_properties.items()}
    return _of_record(
        f"{len(molecule)} atoms",
        [getattr(site.specie, "symbol", str(site.specie)) for site in molecule],
        molecule.cart_coords,
        columns,
        (molecule.properties or {}).get(KEY),
    )


def _of_record(
    name: str,
    symbols: Any,
    positions_a: Floats,
    columns: Mapping[str, NDArray[Any]],
    told: Any,
) -> Model:
    """Return the model of ions that bear what `_told` says of them."""
    if not isinstance(told, dict) or not {"formula", "edits", "report"} <= set(told):
        raise _no_model(name, "they don't say what they were made of")
    report = BuildReport.of(told["report"], name)
    model = _model(name, symbols, positions_a, columns, edits=told["edits"], report=report)
    if model.formula != told["formula"]:
        raise InputError(
            f"{name}: the ions are {model.formula}, but were {told['formula']} when the model was "
            "converted, so coordination and ledger are not theirs; change the recipe instead"
        )
    return model


def _model(
    name: str,
    symbols: Any,
    positions_a: Floats,
    columns: Mapping[str, NDArray[Any]],
    *,
    edits: Iterable[Mapping[str, Any]],
    report: BuildReport,
) -> Model:
    """Return the model of ions with their columns, ledger and report."""
    lacking = [column for column in COLUMNS if column not in columns]
    if lacking:
        raise _no_model(name, f"there is no column {lacking[0]}")
    own: dict[str, Any] = {}
    for column, key in COLUMNS.items():
        own[key] = np.asarray(columns[column], dtype=str if key == "domains" else int)
    further = {
        column: np.array(values, dtype=str if values.dtype == object else None)
        for column, values in columns.items()
        if column not in {*COLUMNS, *DERIVED} and np.ndim(values) == 1
    }
    return Model(
        symbols=np.array(list(symbols)),
        positions_a=np.array(positions_a, dtype=float),
        **own,
        edits=tuple(Edit.of(edit) for edit in edits),
        report=report,
        columns=further,
    )


def _columns(model: Model) -> dict[str, NDArray[Any]]:
    """Return all columns of a model by the names that files have."""
    return {**model.every_column, "is_surface": model.is_surface}


def _told(model: Model) -> dict[str, Any]:
    """Return what a model knows besides its columns."""
    edits = [asdict(edit) for edit in model.edits]
    return {"formula": model.formula, "edits": edits, "report": model.report.as_dict()}


def _no_model(name: object, reason: str) -> InputError:
    return InputError(
        f"{name}: not a model that epicarve wrote ({reason}); give a {MODEL}, or atoms of to_ase"
    )
