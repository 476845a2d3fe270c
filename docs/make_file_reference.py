"""Makes docs/reference/files.md, every file that epicarve writes, from the code's own declarations.

Run as ``python docs/make_file_reference.py`` (``make reference``). JSON files are described by the
records that stand in them; the columns of tables must be those that the code declares, what they
mean stands in file-columns.yaml.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml
from make_recipe_reference import meaning_of_parameters, type_words, unit_of
from numpydoc.docscrape import ClassDoc

from epicarve.analysis.compare import (
    BondChange,
    CationAlignment,
    CoordinationChange,
    LigandChange,
    LigandKindChange,
    PhaseChange,
)
from epicarve.analysis.export import STATE_COLUMNS, TABLE_COLUMNS, TRANSITION_COLUMNS
from epicarve.analysis.states import Confinement, SizePoint
from epicarve.builder.model import COLUMNS as MODEL_COLUMNS
from epicarve.builder.model import Edit
from epicarve.builder.recognition import FoundDomain, FoundInterface
from epicarve.builder.report import BuildReport
from epicarve.dft.write import StageResources
from epicarve.record import Record
from epicarve.workflow.tasks.campaign_table import CampaignMember
from epicarve.workflow.tasks.interface import COLUMNS as INTERFACE_COLUMNS
from epicarve.workflow.tasks.series import COLUMNS as SERIES_COLUMNS
from epicarve.workflow.tasks.status import RunStatus

HERE = Path(__file__).parent
PAGE = HERE / "reference" / "files.md"

DECLARED = {
    "states.csv": STATE_COLUMNS.split(","),
    "transitions.csv": TRANSITION_COLUMNS.split(","),
    "series.csv": SERIES_COLUMNS,
    "interfaces.csv": INTERFACE_COLUMNS,
    "table": TABLE_COLUMNS,
    "model.extxyz": MODEL_COLUMNS,
}
"""Columns that the code declares."""

TABLES: dict[str, tuple[str, type]] = {
    "campaign.csv": (
        "campaign: one line per recipe; campaign.json holds the same.",
        CampaignMember,
    ),
    "ligands.csv": (
        "structure: one line per ligand, of a model that has some.",
        LigandChange,
    ),
    "FILE.csv of plot": ("plot --against size: one line per particle.", SizePoint),
    "FILE-fits.csv of plot": ("plot --against size: one line per fit.", Confinement),
}
"""Tables whose columns are the fields of a record, with who writes them."""

JSON: dict[str, tuple[str, tuple[type, ...]]] = {
    "model.json": (
        "build, run, series: what the builder says of a model. At its top stand `formula`, "
        "`n_atoms`, `counts` by element, `net_charge` in e, `diameter_nm`, "
        "`min_coordination` by element, `n_components`, `dipole_debye`, the ledger `edits`, "
        "and the keys of BuildReport.",
        (BuildReport, Edit),
    ),
    "identification.json": (
        "identify: `name`, `n_atoms`, `counts`, `net_charge` in e, `dipole_debye`, `diameter_nm`, "
        "the list `domains`, `interface`, `coordination`, `inner_coordination`, `surface`, "
        "the atoms `unassigned` and `foreign`, and `notes` ([identify](../identify.md)).",
        (FoundDomain, FoundInterface),
    ),
    "structure.json": (
        "structure: `n_atoms`, `rmsd_a`, `max_shift_a`, `max_shift_atom` from 1, `rmsd_by` "
        "element, domain and position, and the parts `coordination`, `bonds`, `phase`, "
        "`interface` and `ligands`, by their names ([structure](../structure.md)).",
        (CoordinationChange, BondChange, PhaseChange, CationAlignment, LigandKindChange),
    ),
    "resources.json": ("inputs, run: the needs of each stage, by its folder.", (StageResources,)),
    "run.json": (
        "run, campaign: how a run stands, for others to read while it goes on.",
        (RunStatus,),
    ),
}
"""JSON files, who writes them, and the records in them."""

INTRODUCTION = """# Files

Every file that epicarve writes: who writes it, its columns or keys, and their units. Names end in
their unit where they have one (`energy_ev`, `gap_a`). Energies in tables count from CP2K's own
zero; figures and reports may count from another. The same input gives the same bytes: no file holds
a time or an absolute path, but for the day in ro-crate-metadata.json. A folder is filled whole or
not at all.

Described elsewhere:

| file | by | where |
|---|---|---|
| summary.json | analyse, run | [its keys](../analysis.md#summaryjson) |
| interface.json | interface, compare | [interfaces.csv](#interfacescsv), [more](../interfaces.md) |
| bulk.json, crystal.cif | run with `bulk:` | [bulk crystals](../bulk.md) |
| study.md, study.json | study | [the study](../study.md) |
| report.html, figures | analyse, run | [report and figures](../report.md) |
| `0-prerelax/`, `1-relax/`, ... | inputs, run | [the CP2K chain](../cp2k.md) |
| states.npz | run with `engine: xtb` | arrays of [OrbitalStates](api/dft.md) by their names |
| ro-crate-metadata.json | crate | [RO-Crate 1.1](../running.md#to-an-archive) |
| analysis.h5 | analyse --hdf5 | groups states, dos, coop, profile: [write_hdf5](api/analysis.md) |
| *.cube | cube | Gaussian's format, Å and e/bohr³ as CP2K's own |
"""


def columns_section(name: str, told: dict[str, Any]) -> str:
    """Return what the page says of a table whose columns are described by hand."""
    columns = told.get("columns", {})
    missing = [each for each in DECLARED.get(name, ()) if each not in columns]
    missing = [each for each in missing if not any(matches(key, each) for key in columns)]
    if missing:
        raise SystemExit(f"docs/file-columns.yaml: {name} lacks {', '.join(missing)}")
    text = f"\n## {name}\n\nBy {told['by']}. {told['what'].strip()}\n"
    if columns:
        text += "\n| column | unit | meaning |\n|---|---|---|\n"
        text += "".join(f"| `{key}` | {unit_of(key)} | {what} |\n" for key, what in columns.items())
    return text


def matches(pattern: str, column: str) -> bool:
    """Whether a pattern with one star describes a column."""
    before, star, after = pattern.partition("*")
    return column == pattern or bool(star and column.startswith(before) and column.endswith(after))


def records_in(annotation: Any) -> list[type]:
    """Return the records that a value may hold."""
    if isinstance(annotation, type) and is_dataclass(annotation):
        return [annotation] if issubclass(annotation, Record) else []
    return [record for part in get_args(annotation) for record in records_in(part)]


def record_rows(record: type) -> str:
    """Return the table of a record."""
    hints, told = get_type_hints(record), meaning_of_parameters(record)
    text = "\n| key | type | unit | meaning |\n|---|---|---|---|\n"
    for field in fields(record):
        kind = type_words(hints[field.name])
        cells = (f"`{field.name}`", kind, unit_of(field.name), told.get(field.name, ""))
        text += "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    return text


def json_section(name: str, told: str, records: tuple[type, ...]) -> str:
    """Return what the page says of a JSON file, with all records in it."""
    text = f"\n## {name}\n\nBy {told}\n"
    todo, seen = list(records), set[type]()
    while todo:
        record = todo.pop(0)
        if record in seen:
            continue
        seen.add(record)
        summary = " ".join(ClassDoc(record, config={"show_class_members": False})["Summary"])
        text += f"\n### {record.__name__}\n\n{summary}\n" + record_rows(record)
        todo += [part for hint in get_type_hints(record).values() for part in records_in(hint)]
    return text


def page() -> str:
    """Return the whole page."""
    described = yaml.safe_load((HERE / "file-columns.yaml").read_text(encoding="utf-8"))
    text = INTRODUCTION
    for name, told in described.items():
        text += columns_section(name, told)
    for name, (by, record) in TABLES.items():
        text += f"\n## {name}\n\nBy {by}\n" + record_rows(record)
    for name, (by, records) in JSON.items():
        text += json_section(name, by, records)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
