"""A CP2K input as a tree of sections, checked name by name against the schema of a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .line import Line
from .schemas import schema, versions
from .units import BadValueError
from .values import default_values, parsed_values, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .finding import Report
    from .lines import InputText
    from .schemas import SectionSpec
    from .values import Value


class Entry(NamedTuple):
    """A keyword as it stands in an input.

    Parameters
    ----------
    line : Line
        Where.
    values : tuple
        Its values, in the keyword's own unit; empty if they could not be read.
    """

    line: Line
    values: tuple[Value, ...]


class Section:
    """A section as it stands in an input.

    Parameters
    ----------
    name : str
        Its name in capitals, empty for the whole input.
    line : Line
        Where it begins.
    spec : SectionSpec
        What CP2K expects of it.
    parent : Section or None
        The section that it stands in.
    """

    def __init__(
        self, name: str, line: Line, spec: SectionSpec, parent: Section | None = None
    ) -> None:
        self.name = name
        self.line = line
        self.spec = spec
        self.parent = parent
        self.parameter: tuple[Value, ...] = ()
        self.entries: dict[str, list[Entry]] = {}
        self.children: dict[str, list[Section]] = {}

    def all(self, *path: str) -> Iterator[Section]:
        """Yield every section at a path of names below this one."""
        if not path:
            yield self
            return
        for child in self.children.get(path[0], ()):
            yield from child.all(*path[1:])

    def first(self, *path: str) -> Section | None:
        """Return the first section at a path of names below this one, None if there is none."""
        return next(self.all(*path), None)

    def on(self, *path: str) -> Section | None:
        """Return the first section at a path whose parameter does not switch it off."""
        section = self.first(*path)
        return None if section is None or section.parameter in {(False,), ("OFF",)} else section

    def entry(self, name: str) -> Entry | None:
        """Return the first mention of a keyword, None if it is not given."""
        found = self.entries.get(name)
        return found[0] if found else None

    def values(self, name: str) -> tuple[Value, ...]:
        """Return the values of a keyword, or CP2K's default."""
        entry = self.entry(name)
        if entry is not None:
            return entry.values
        spec = self.spec.keyword(name)
        return default_values(spec) if spec else ()

    def value(self, name: str) -> Value | None:
        """Return the first value of a keyword, or of CP2K's default; None if there is neither."""
        return next(iter(self.values(name)), None)

    def number(self, name: str) -> float | None:
        """Return the first value of a keyword as a number, None if there is none."""
        value = self.value(name)
        return float(value) if isinstance(value, int | float) else None

    def where(self, name: str) -> Line:
        """Return the line of a keyword, that of the section if the keyword is not given."""
        entry = self.entry(name)
        return entry.line if entry else self.line

    @property
    def place(self) -> tuple[str, ...]:
        """Names of the sections that lead here, its own the last."""
        return (*self.parent.place, self.name) if self.parent else ()


def read_tree(text: InputText, version: str, report: Report) -> Section:
    """Read an input and tell what in it CP2K does not understand.

    Parameters
    ----------
    text : InputText
        The lines of the input.
    version : str
        Version of CP2K, one of `epicarve.dft.cp2k_input.schemas.versions()`.
    report : Report
        Is told what is wrong.

    Returns
    -------
    Section
        The whole input; what is not understood is left out.
    """
    root = Section("", Line("", 0), schema(version))
    open_section: Section = root
    skipped = 0  # how deep in a section that CP2K does not know
    report.include(text.findings)
    for line in text.lines:
        if line.text[0] != "&":
            if not skipped:
                _take_keyword(open_section, line, version, report)
            continue
        name, rest = line.name, line.rest
        if name == "END":
            if skipped:
                skipped -= 1
            else:
                open_section = _closed(open_section, rest, line, report)
            continue
        spec = open_section.spec.section(name) if not skipped else None
        if spec is None:
            if not skipped:
                _refuse_section(open_section, name, line, version, report)
            skipped += 1
            continue
        opened = Section(name, line, spec, open_section)
        open_section = _opened(open_section, opened, rest, version, report)
    while open_section.parent is not None and not text.is_cut_off:
        report.error(open_section.line, f"&{open_section.name} is not closed", "add its &END")
        open_section = open_section.parent
    return root


def _refuse_section(section: Section, name: str, line: Line, version: str, report: Report) -> None:
    message = f"&{name} is no section of {_called(section)}"
    if section.name == "PW_DFT":
        report.warn(line, f"{message} that is known here", "check that CP2K is built with SIRIUS")
    elif section.name == "XC_FUNCTIONAL" and name.split("_", maxsplit=1)[0] in {
        "LDA",
        "GGA",
        "MGGA",
        "HYB",
    }:
        report.warn(line, f"{message} that is known here", "check that CP2K's libxc has it")
    else:
        report.error(line, message, _where_known(section, name, version))


def _opened(parent: Section, section: Section, rest: str, version: str, report: Report) -> Section:
    name, line, spec = section.name, section.line, section.spec
    siblings = parent.children.setdefault(name, [])
    if siblings and not spec.repeats:
        message = f"&{name} stands in {_called(parent)} already, in line {siblings[0].line.number}"
        report.error(line, message, "join the two")
    siblings.append(section)
    if spec.parameter is not None:
        try:
            section.parameter = parsed_values(spec.parameter, rest)
        except BadValueError as error:
            message = str(error).replace("SECTION_PARAMETERS", "the parameter")
            remedy = _choice_elsewhere(section, None, rest, version) or error.remedy
            report.add(line, f"&{name}: {message}", remedy, error.severity)
    elif _words_of(rest, line, report):
        report.warn(line, f"&{name} has no parameter, CP2K ignores {rest.strip()}", "take it out")
    return section


def _words_of(rest: str, line: Line, report: Report) -> list[str]:
    """Return the words behind the name of a section, none if they can't be told apart."""
    try:
        return tokens(rest)
    except BadValueError as error:
        report.error(line, str(error), error.remedy)
        return []


def _closed(section: Section, rest: str, line: Line, report: Report) -> Section:
    """Close a section and return the one that is open then."""
    words = [word.upper() for word in _words_of(rest, line, report)]
    if words[:1] == ["SECTION"]:
        words = words[1:]
    if section.parent is None:
        report.error(line, "this &END closes no section", "remove it or add the section's head")
        return section
    if not words or words == [section.name]:
        return section.parent
    outer: Section | None = section
    while outer is not None and outer.name != words[0]:
        outer = outer.parent
    if outer is None:
        message = f"{line.text} does not close &{section.name}, which is open"
        report.error(line, message, "mend its name")
        return section.parent
    while section is not outer and section.parent is not None:
        report.error(section.line, f"&{section.name} is not closed", "add its &END")
        section = section.parent
    return outer.parent or outer


def _take_keyword(section: Section, line: Line, version: str, report: Report) -> None:
    name = line.name
    if section.parent is None:
        message = f"{name} stands in no section"
        report.error(line, message, "put it into its section or make it a comment")
        return
    spec = section.spec.keyword(name)
    rest = line.rest
    if spec is None:
        spec, rest = section.spec.default_keyword, line.text
    if spec is None:
        if name != "DESCRIBE":
            message = f"{name or line.text} is no keyword of {_called(section)}"
            report.error(line, message, _where_known(section, name, version))
        return
    main = spec.names[0]
    if spec.removed:
        message = f"{name} is not available any more in CP2K {version}"
        report.error(line, message, spec.notice or f"see the manual of &{section.name}")
        return
    if spec.notice:
        report.warn(line, f"{name} is outdated", spec.notice)
    try:
        values = parsed_values(spec, rest)
    except BadValueError as error:
        said = str(error) if name in str(error) else f"{name}: {error}"
        remedy = _choice_elsewhere(section, name, rest, version) or error.remedy
        report.add(line, said, remedy, error.severity)
        values = ()
    mentions = section.entries.setdefault(main, [])
    if mentions and not spec.repeats:
        message = f"{name} is given in line {mentions[0].line.number} already"
        report.error(line, message, "keep one of the lines")
    mentions.append(Entry(line, values))


def _called(section: Section) -> str:
    return f"&{section.name}" if section.name else "an input"


def _where_known(section: Section, name: str, version: str) -> str:
    """Say how a name that CP2K does not know is mended: spelling, version, or place."""
    from difflib import get_close_matches  # noqa: PLC0415  (only where something is wrong)

    known = (*section.spec.keyword_names, *section.spec.section_names)
    if name in section.spec.section_names:
        return f"write &{name}: it is a section"
    if name in section.spec.keyword_names:
        return f"write {name} without &: it is a keyword"
    if elsewhere := _other_versions(section, name, version):
        return f"leave it out: CP2K {elsewhere}, not in {version}"
    places = [f"into {path}" for path in _below(section, name)]
    if not places and (near := get_close_matches(name, known, n=1)):
        return f"write {'&' if near[0] in section.spec.section_names else ''}{near[0]}"
    for outer in _outer(section):
        if outer.spec.keyword(name) or outer.spec.section(name):
            places = places or [f"to {_called(outer)}"]
    if places:
        return f"move it {' or '.join(places)}"
    return f"see CP2K's manual of {_called(section)}"


def _below(section: Section, name: str) -> list[str]:
    """Return the next sections below one that know a name, at most three."""
    level = {"": section.spec}
    for _ in range(2):
        level = {
            f"{path}&{child}": inner
            for path, spec in level.items()
            for child in spec.section_names
            if (inner := spec.section(child)) is not None
        }
        found = [path for path, spec in level.items() if spec.keyword(name) or spec.section(name)]
        if found:
            return sorted(found, key=len)[:3]
    return []


def _other_versions(section: Section, name: str, version: str) -> str:
    """Say which versions know a name, nothing if none does."""
    return _known_in([other for other in versions() if _knows(section, name, other)], version)


def _known_in(known: list[str], version: str) -> str:
    if not known:
        return ""
    return f"knows it from {known[0]} on" if known[0] > version else f"knew it up to {known[-1]}"


def _choice_elsewhere(section: Section, name: str | None, rest: str, version: str) -> str:
    """Say how a choice is mended that another version knows, nothing if there is none.

    The name is that of a keyword, or None for the parameter of the section.
    """
    for choice in (word.upper() for word in rest.split()):
        known = []
        for other in versions():
            spec = _same_section(section, other)
            keyword = spec and (spec.keyword(name) if name else spec.parameter)
            if keyword and choice in keyword.choices:
                known.append(other)
        if known and version not in known:
            whole = f"leave {name} out" if name else "leave the word out"
            return f"{whole}, or choose another: CP2K {_known_in(known, version)}, not in {version}"
    return ""


def _outer(section: Section) -> Iterator[Section]:
    while section.parent is not None:
        section = section.parent
        yield section


def _knows(section: Section, name: str, version: str) -> bool:
    spec = _same_section(section, version)
    return spec is not None and bool(spec.keyword(name) or spec.section(name))


def _same_section(section: Section, version: str) -> SectionSpec | None:
    """Return what another version expects of a section, None if it knows none there."""
    spec: SectionSpec | None = schema(version)
    for step in section.place:
        spec = spec.section(step) if spec else None
    return spec
