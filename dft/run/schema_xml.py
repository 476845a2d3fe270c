"""Makes the compact schema of a CP2K version from the XML in which CP2K describes its input.

Run as ``python -m epicarve.dft.run.schema_xml templates/schemas/2023.1.json.gz [cp2k_input.xml]``;
without an XML file it is that of the installed CP2K (`cp2k.psmp --xml`).
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from epicarve.files import replaced_file

from .cp2k import PROGRAM, local_environment

if TYPE_CHECKING:
    from collections.abc import Hashable


class _Pool:
    """Things that are kept once each and referred to by number."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def number(self, thing: Hashable) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))

    def things(self) -> list[Hashable]:
        return list(self._numbers)


def installed_xml() -> bytes:
    """Return the description that the installed CP2K gives of its input, as XML."""
    with TemporaryDirectory() as folder:
        subprocess.run(
            [PROGRAM, "--xml"],
            cwd=folder,
            env=local_environment(PROGRAM),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        return (Path(folder) / "cp2k_input.xml").read_bytes()


def compact_schema(root: ET.Element) -> bytes:
    """Return the compact schema as the bytes of its file.

    Parameters
    ----------
    root : Element
        The root of cp2k_input.xml, which CP2K writes.

    Returns
    -------
    bytes
        Gzipped JSON, the same for the same XML: tables of keywords (as `KeywordSpec`, with what is
        default left out at the end) and of sections, and the number of the root among these.
    """
    keywords, sections = _Pool(), _Pool()

    def of_keyword(node: ET.Element | None) -> int | None:
        if node is None:
            return None
        kind = node.find("DATA_TYPE")
        assert kind is not None
        enumeration = kind.find("ENUMERATION")
        choices: tuple[str, ...] = ()
        strict = True
        if enumeration is not None:
            choices = tuple(_text(item, "NAME") for item in enumeration.iterfind("ITEM"))
            strict = enumeration.get("strict") == "yes"
        fields: list[Any] = [
            tuple(name.text or "" for name in node.iterfind("NAME")),
            kind.get("kind"),
            int(_text(kind, "N_VAR")),
            node.get("repeats") == "yes",
            choices,
            strict,
            _text(node, "DEFAULT_UNIT"),
            _text(node, "DEFAULT_VALUE"),
            _text(node, "LONE_KEYWORD_VALUE"),
            node.get("removed") == "yes",
            _text(node, "DEPRECATION_NOTICE"),
        ]
        usual = [None, None, 1, False, (), True, "", "", "", False, ""]
        while fields[-1] == usual[len(fields) - 1]:
            fields.pop()
        return keywords.number(tuple(fields))

    def of_section(node: ET.Element) -> int:
        return sections.number(
            (
                _text(node, "NAME"),
                node.get("repeats") == "yes",
                of_keyword(node.find("SECTION_PARAMETERS")),
                of_keyword(node.find("DEFAULT_KEYWORD")),
                tuple(of_keyword(keyword) for keyword in node.iterfind("KEYWORD")),
                tuple(of_section(section) for section in node.iterfind("SECTION")),
            )
        )

    number = of_section(root)
    tables = {"keywords": keywords.things(), "sections": sections.things(), "root": number}
    return gzip.compress(json.dumps(tables, separators=(",", ":")).encode(), 9, mtime=0)


def _text(node: ET.Element, tag: str) -> str:
    return (node.findtext(tag) or "").strip()


if __name__ == "__main__":
    target, *source = map(Path, sys.argv[1:])
    xml = source[0].read_bytes() if source else installed_xml()
    with replaced_file(target) as temporary:
        temporary.write_bytes(compact_schema(ET.fromstring(xml)))
