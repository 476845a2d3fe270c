"""A folder of results as a research object: its metadata in the form of RO-Crate."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve.errors import InputError
from epicarve.files import is_file, read_json, write_json
from epicarve.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rocrate.rocrate import ROCrate

METADATA = "ro-crate-metadata.json"
"""Name of the file that makes a folder a crate."""

SOFTWARE = "#epicarve"
"""What stands for epicarve in a crate."""

RESULTS = ("summary.json", "model.json", "bulk.json")
"""Files of which one has to be there; the first tells what was computed."""

FORMATS = {
    ".cif": "chemical/x-cif",
    ".csv": "text/csv",
    ".extxyz": "chemical/x-xyz",
    ".html": "text/html",
    ".inp": "text/plain",
    ".json": "application/json",
    ".out": "text/plain",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".xyz": "chemical/x-xyz",
    ".yaml": "application/yaml",
}
"""Formats by the end of a file's name."""


def crate(
    folder: Path | str,
    *,
    author: str | None = None,
    licence: str | None = None,
    date: str | None = None,
) -> dict[str, Any]:
    """Write the metadata that make a folder of results an RO-Crate, to be archived as it is.

    Parameters
    ----------
    folder : Path or str
        What `epicarve build`, `run` or `analyse` filled. Its files stay as they are;
        ro-crate-metadata.json is written beside them.
    author : str, optional
        Who made it: a name, or an ORCID such as ``https://orcid.org/0000-0000-0000-0000``.
    licence : str, optional
        Address of the licence of the data.
    date : str, optional
        The day that it is published, as in ``2026-12-01``; that of the results if not given.

    Returns
    -------
    dict
        What is written: files, the recipe, crystals with their sources, and the software.

    Raises
    ------
    InputError
        If the folder holds no results, the date is no day, or rocrate is not installed.
    """
    folder = Path(folder)
    found = [folder / name for name in RESULTS if is_file(folder / name)]
    if not found:
        raise InputError(
            f"{folder}: there are no results here ({', '.join(RESULTS)}); name a folder that "
            "epicarve build, run or analyse filled"
        )
    _refuse_foreign(folder / METADATA)
    try:
        from rocrate.rocrate import ROCrate  # noqa: PLC0415  (optional)
    except ImportError as error:
        raise InputError(
            "a crate needs rocrate, which is not installed; pip install 'epicarve[crate]'"
        ) from error
    told = [read_json(path) for path in found]
    made = ROCrate(version="1.1")
    made.name = f"{told[0].get('formula') or folder.resolve().name}, computed with epicarve"
    made.description = "A model, its inputs and its states, with what they were made of."
    made.root_dataset["datePublished"] = date_of(date, found[0])
    if licence is not None:
        made.license = licence
    if author is not None:
        made.root_dataset["author"] = _author(made, author)
    files = [_add_file(made, folder, path) for path in _files_in(folder)]
    _add_provenance(made, told, files)
    content: dict[str, Any] = made.metadata.generate()
    write_json(folder / METADATA, content)
    return content


def date_of(date: str | None, results: Path) -> str:
    """Return the day that was given, or that on which the results were written.

    Raises
    ------
    InputError
        If what was given is no day.
    """
    if date is None:
        return datetime.fromtimestamp(results.stat().st_mtime, UTC).date().isoformat()
    try:
        return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError as error:
        raise InputError(f"date {date!r} is no day; write it as 2026-12-01") from error


def _refuse_foreign(path: Path) -> None:
    if is_file(path):
        ids = [each.get("@id") for each in read_json(path).get("@graph", [])]
        if SOFTWARE not in ids:
            raise InputError(f"{path}: epicarve did not write this crate; move it elsewhere")


def _files_in(folder: Path) -> Iterator[Path]:
    """Return the files of a folder, except hidden ones, locks and the metadata."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts)
        if path.is_file() and not hidden and path.suffix != ".lock" and parts != (METADATA,):
            yield path


def _add_file(made: ROCrate, folder: Path, path: Path) -> Any:
    name = path.relative_to(folder).as_posix()
    properties: dict[str, Any] = {"name": name, "contentSize": str(path.stat().st_size)}
    if path.suffix in FORMATS:
        properties["encodingFormat"] = FORMATS[path.suffix]
    return made.add_file(path, name, properties=properties)


def _author(made: ROCrate, author: str) -> Any:
    from rocrate.model.person import Person  # noqa: PLC0415  (optional)

    is_address = re.match(r"https?://", author) is not None
    name = None if is_address else {"name": author}
    return made.add(Person(made, author if is_address else "#author", properties=name))


def _add_provenance(made: ROCrate, told: list[dict[str, Any]], files: list[Any]) -> None:
    """Add the software, the crystals with their sources, and the act that joins them."""
    from rocrate.model.contextentity import ContextEntity  # noqa: PLC0415  (optional)

    def entity(identifier: str, kind: str, **properties: Any) -> Any:
        return made.add(ContextEntity(made, identifier, properties={"@type": kind, **properties}))

    provenance = told[0].get("provenance", {})
    model = provenance.get("model", told[-1].get("provenance", {}))
    tools = [
        entity(
            SOFTWARE,
            "SoftwareApplication",
            name="epicarve",
            softwareVersion=provenance.get("version", __version__),
        )
    ]
    if provenance.get("states"):
        engine = str(provenance["states"])
        tools.append(entity("#states", "SoftwareApplication", name=engine))
    objects = [
        entity(
            f"#crystal-{name}",
            "CreativeWork",
            name=name,
            description=f"{origin['status']}; {origin.get('derivation', '')}".removesuffix("; "),
            citation=origin["source"],
        )
        for name, origin in model.get("crystal", {}).items()
    ]
    if "recipe" in model:
        recipe = {key: str(value) for key, value in model["recipe"].items()}
        values = [
            entity(f"#recipe-{key}", "PropertyValue", name=key, value=value)
            for key, value in recipe.items()
        ]
        objects.append(entity("#recipe", "CreativeWork", name="recipe", hasPart=values))
    act = made.add_action(
        tools[0],
        identifier="#made",
        object=objects,
        result=files,
        properties={"name": "carved, computed and analysed"},
    )
    act["instrument"] = tools
