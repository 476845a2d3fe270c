"""CIF files as text and blocks: encodings, repeated tags, several crystals in one file."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gemmi

from epicarve.errors import InputError

from .values import UNKNOWN, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LARGEST_FILE_BYTES = 100_000_000
"""Larger files are not read."""

SITE_TAG = "_atom_site_fract_x"
"""A block that has it holds a crystal."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DOTTED_TAG = re.compile(r"(?m)^(\s*_[A-Za-z_]+)\.(?=[A-Za-z])")
_PARSED_PLACE = re.compile(r"^string:")


@dataclass(frozen=True)
class CifBlock:
    """One data block of a CIF.

    Parameters
    ----------
    path : Path
        The file.
    block : gemmi.cif.Block
        The block.
    notes : tuple of str
        What must be said of the choice among several blocks.
    """

    path: Path
    block: gemmi.cif.Block
    notes: tuple[str, ...] = ()

    def text(self, *tags: str) -> str:
        """Return the value of the first tag that states one, on one line; empty if none does.

        Raises
        ------
        InputError
            If the tag stands in the block with two different values.
        """
        for tag in tags:
            values = self._values(tag)
            if len(values) > 1:
                raise InputError(
                    f"{self.path}: {tag} is stated {len(values)} times, as "
                    f"{' and '.join(map(repr, values))}; keep the right one"
                )
            if values:
                return values[0]
        return ""

    def number(self, *tags: str) -> float | None:
        """Return the number that the first tag with a value states, None if none does.

        Raises
        ------
        InputError
            If the value is no finite number.
        """
        text = self.text(*tags)
        try:
            return number(text)
        except ValueError as error:
            tag = next(tag for tag in tags if self.text(tag))
            raise InputError(f"{self.path}: {tag}: {error}") from error

    def column(self, *tags: str) -> list[str]:
        """Return the values of the first of these tags that the block has, without quotes."""
        for tag in tags:
            values = self.block.find_values(tag)
            if len(values):
                return [_plain(value) for value in values]
        return []

    def table(self, needed: Sequence[str], optional: Sequence[str] = ()) -> list[list[str]]:
        """Return the rows of a loop, without quotes; an optional column that lacks is empty."""
        table = self.block.find([*needed, *(f"?{tag}" for tag in optional)])
        width = len(needed) + len(optional)
        there = [table.has_column(column) for column in range(width)]
        return [
            [_plain(row[column]) if there[column] else "" for column in range(width)]
            for row in table
        ]

    def count_of_loops(self, tag: str) -> int:
        """Return in how many loops of the block a tag stands."""
        loops = (item.loop for item in self.block if item.loop is not None)
        return sum(tag.lower() in {each.lower() for each in loop.tags} for loop in loops)

    def _values(self, tag: str) -> list[str]:
        """Return the different values that a tag is given, in their order."""
        pairs: list[Any] = [item.pair for item in self.block]  # None, or tag and value
        found = [pair[1] for pair in pairs if pair is not None and pair[0].lower() == tag.lower()]
        if not found:
            found = list(self.block.find_values(tag))[:1]
        texts = map(_plain, found)
        return list(dict.fromkeys(text for text in texts if text not in UNKNOWN))


def read_block(path: Path, name: str | int | None = None) -> CifBlock:
    """Read the block of a CIF that holds a crystal.

    Parameters
    ----------
    path : Path
        The file; text as UTF-8, UTF-16, UTF-32 or Latin-1.
    name : str or int, optional
        Name of the block, or its number among those that hold a crystal, from 1; the first one
        if not given, which is told when there are more.

    Raises
    ------
    InputError
        If the file is missing, no CIF, or has no such block.
    """
    text = _text(path)
    if f"{SITE_TAG}" not in text and "_atom_site.fract_x" in text:
        text = _DOTTED_TAG.sub(r"\1_", text)
    try:
        document = gemmi.cif.read_string(text, check_level=0)
    except (ValueError, RuntimeError) as error:
        detail = _PARSED_PLACE.sub("line ", " ".join(str(error).split()))
        raise InputError(f"{path}: not a CIF that can be parsed ({detail})") from error
    crystals = [block for block in document if len(block.find_values(SITE_TAG))]
    if not crystals:
        raise InputError(f"{path}: {_why_no_sites(text)}")
    names = [block.name for block in crystals]
    if name is None:
        others = ", ".join(names[1:])
        notes = (f"block {names[0]} was read; block: takes another: {others}",) if others else ()
        return CifBlock(path, crystals[0], notes)
    wanted = str(name)
    same = [block for block in crystals if block.name.lower() == wanted.lower()]
    if not same and wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(crystals):
        same = [crystals[int(wanted) - 1]]
    if len(same) != 1:
        fault = "stands twice; give its number" if same else "is not there"
        raise InputError(
            f"{path}: block {wanted!r} {fault}; the blocks with atom sites are {', '.join(names)}"
        )
    return CifBlock(path, same[0])


def _plain(value: str) -> str:
    """Return a value without quotes and on one line; ? and . stay."""
    return value if value in UNKNOWN else " ".join(gemmi.cif.as_string(value).split())


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a file; give the path of a CIF")
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            raise InputError(
                f"{path}: {size / 1e6:.0f} MB are too much for the CIF of a crystal; give a file "
                f"of at most {LARGEST_FILE_BYTES / 1e6:.0f} MB"
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: no such file, or not readable; give the path of a CIF"
        ) from error
    if data.startswith(b"\x1f\x8b"):
        raise InputError(f"{path}: compressed; unpack it with gunzip first")
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: its text is damaged ({error.reason}); save it anew as UTF-8"
        ) from error
    if "\0" in text:
        raise InputError(f"{path}: not a text file, or damaged: it holds zero bytes; give a CIF")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")


def _encoding(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if data[1:200:2].count(0) > 90:
        return "utf-16-le"
    if data[0:200:2].count(0) > 90:
        return "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _why_no_sites(text: str) -> str:
    if "_atom_site_Cartn_x" in text or "_atom_site.Cartn_x" in text:
        return (
            "its atoms have cartesian coordinates (_atom_site_Cartn_x); give a CIF with "
            f"fractional ones ({SITE_TAG})"
        )
    return f"no atom sites with {SITE_TAG}; give a crystal structure"
