"""Writing files so that a crash leaves the old file or none."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


SCRIPTS = {".sh", ".job"}
"""Suffixes of files that can be run."""


def is_file(path: Path) -> bool:
    """Return whether a file is there; a name that no file can have is of none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or with a character of no name
        return False


def is_folder(path: Path) -> bool:
    """Return whether a folder is there; a name that no folder can have is of none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Hand out a temporary path beside `path` and rename it to `path` on success.

    Parameters
    ----------
    path : Path
        The file to write. Its folder is made if it is not there.

    Yields
    ------
    Path
        A path in the same folder, with the same suffix, to write to.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with replaced_file(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # less the umask
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    InputError
        If it is cut off or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it holds no object")
    except ValueError as error:
        raise InputError(f"{path}: not a whole JSON file ({error}); copy it again") from None
    return content


FILE_SUFFIXES = {".cif", ".extxyz", ".json", ".pdb", ".png", ".poscar", ".vasp", ".xyz"}


def refuse_file_name(folder: Path, holds: str) -> None:
    """Refuse the name of one file of atoms where a folder is filled with several.

    Parameters
    ----------
    folder : Path
        What was given.
    holds : str
        What is written into it.

    Raises
    ------
    InputError
        If there is no such folder and the name ends like that of a file.
    """
    if folder.suffix.lower() in FILE_SUFFIXES and not folder.is_dir():
        raise InputError(
            f"{folder}: write fills a folder with {holds}; name a folder, or write one file by "
            f"to_ase().write({str(folder)!r})"
        )


@contextmanager
def filled_folder(
    folder: Path, known_by: str | None, instead_of: Iterable[str] = ()
) -> Iterator[Path]:
    """Hand out a scratch folder and move all it holds into `folder` only if nothing failed.

    Files of an earlier result are replaced; other files there are left alone.

    Parameters
    ----------
    folder : Path
        Where the files shall end up. Made only on success.
    known_by : str or None
        Name of a file that is written here each time. Only where it is there already, files of the
        same name as new ones are those of an earlier result; a JSON file must tell its provenance.
        None if the user named each file, so that all may be replaced.
    instead_of : iterable of str
        Names of files of an earlier result, which are taken away if they are not written anew.

    Yields
    ------
    Path
        The scratch folder to write into.

    Raises
    ------
    InputError
        If a file would be replaced that is of no earlier result.
    """
    folder = Path(folder)
    missing = [ancestor for ancestor in (folder, *folder.parents) if not ancestor.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    done = False
    try:
        yield scratch
        stale = [Path(name) for name in instead_of if not (scratch / name).exists()]
        new = [path.relative_to(scratch) for path in sorted(scratch.rglob("*")) if path.is_file()]
        if known_by is not None and not _is_result(folder / known_by):
            _refuse_to_replace(folder, [*new, *stale], known_by)
            new.sort(key=lambda name: name != Path(known_by))  # first, if all ends midway
        for name in new:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / name).replace(folder / name)
        for name in stale:
            (folder / name).unlink(missing_ok=True)
        done = True
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if not done:
            for ancestor in missing:
                if ancestor.is_dir() and not any(ancestor.iterdir()):
                    ancestor.rmdir()


def _is_result(known_by: Path) -> bool:
    """Return whether a file is one that tells of an earlier result."""
    if known_by.suffix != ".json" or not is_file(known_by):
        return is_file(known_by)
    try:
        return "provenance" in read_json(known_by)
    except InputError:
        return False


def _refuse_to_replace(folder: Path, names: Iterable[Path], known_by: str) -> None:
    """Refuse to touch files that are there already."""
    if there := [str(name) for name in names if (folder / name).exists()]:
        more = f" and {len(there) - 1} more that would be replaced" if len(there) > 1 else ""
        raise InputError(
            f"{folder}: {there[0]}{more} there already, not written by epicarve (no {known_by} of "
            "its own beside it); name another folder, or move them away"
        )


def write_text(path: Path, text: str) -> None:
    r"""Write `text` to `path` in UTF-8, atomically; a script can be run.

    Who may read it, may run it: the umask holds for scripts as for other files.

    Examples
    --------
    >>> import tempfile
    >>> script = Path(tempfile.mkdtemp()) / "run.sh"
    >>> write_text(script, "#!/bin/sh\n")
    >>> os.access(script, os.X_OK)
    True
    """
    with replaced_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        if path.suffix in SCRIPTS:
            mode = temporary.stat().st_mode
            temporary.chmod(mode | (mode & 0o444) >> 2)


def holds_text(path: Path, text: str) -> bool:
    """Return whether `path` is as `write_text` would leave it."""
    if not path.is_file() or (path.suffix in SCRIPTS and not os.access(path, os.X_OK)):
        return False
    return path.read_text(encoding="utf-8") == text


def write_json(path: Path, data: Any) -> None:
    """Write `data` to `path` as indented JSON, atomically; NaN is refused, as JSON has none."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
