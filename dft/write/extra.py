"""Keywords of CP2K beyond the settings, and templates of one's own: put over what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from epicarve.dft.check import check_input
from epicarve.dft.cp2k_input import as_list, read_fragment, without_comment
from epicarve.dft.settings import RELAX_LIGANDS, relied_on
from epicarve.errors import InputError
from epicarve.files import write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from epicarve.dft.cp2k_input import Finding, Section
    from epicarve.dft.settings import LevelSettings, Stage

    from .memory import StagePlan
    from .system import System

TIGHT_BINDING = {
    ("FORCE_EVAL", "SUBSYS", "KIND"): "GFN1-xTB has kinds of its own",
    ("FORCE_EVAL", "DFT", "XC"): "GFN1-xTB has no functional",
}

OWN = {
    RELAX_LIGANDS: {
        **TIGHT_BINDING,
        ("MOTION", "CONSTRAINT", "FIXED_ATOMS"): "it holds the ions of the crystal",
    },
    "prerelax": TIGHT_BINDING,
    "states": {("FORCE_EVAL", "DFT", "SCF"): "it diagonalises once in the converged potential"},
}
"""Sections of a stage into which what all stages have does not go, and why."""


def put_extra(tree: dict[str, Any], system: System, settings: LevelSettings, stage: Stage) -> None:
    """Put the keywords of all stages, then those of this one, over the input of a stage.

    Parameters
    ----------
    tree : dict
        The input, as for `input_text`.
    system : System
        Its atoms; kinds of other elements are left out.
    settings : LevelSettings
        Their `extra` is that of all stages.
    stage : Stage
        The stage.
    """
    if settings.extra is not None:
        root = read_fragment(settings.extra, settings.version)
        for place in OWN.get(stage.name, ()):
            for section in root.all(*place[:-1]):
                section.children.pop(place[-1], None)
        _merge(tree, root, system)
    if stage.relaxation is not None and stage.relaxation.extra is not None:
        _merge(tree, read_fragment(stage.relaxation.extra, settings.version), system)


def without_own(plan: StagePlan) -> StagePlan:
    """Return a stage as it is without extra keywords and templates of one's own."""
    stage, nothing = plan.stage, {"extra": None}
    if stage.relaxation is not None:
        stage = replace(stage, relaxation=stage.relaxation.model_copy(update=nothing))
    settings = plan.settings.model_copy(update={**nothing, "templates": None})
    return plan._replace(settings=settings, stage=stage)


def checked_notes(
    plan: StagePlan, text: str, plain: str, data: Mapping[str, str]
) -> tuple[str, ...]:
    """Check the input of a stage with extra keywords, or templates of one's own, in its meaning.

    Parameters
    ----------
    plan : StagePlan
        The stage.
    text, plain : str
        Its input, with them and without.
    data : mapping of str to str
        Files of basis sets and potentials that go with the input, by name.

    Returns
    -------
    tuple of str
        What is hardly meant, and which of the keywords the stage does not take.

    Raises
    ------
    InputError
        If something is wrong with the input that is not without them, or a template changes what
        settings say or the tool relies on.
    """
    folder = plan.stage.folder
    templates = plan.settings.templates is not None
    extra = without_own(plan)._replace(settings=plan.settings) != plan or plan.settings.extra
    own = " and ".join(["cp2k.extra"] * bool(extra) + ["cp2k.templates"] * templates)
    if templates:
        _refuse_changes(plan, text, plain)
    before = {(each.message, each.remedy) for each in _findings(plan, plain, data)}
    found = _findings(plan, text, data)
    found = tuple(each for each in found if (each.message, each.remedy) not in before)
    lines = text.splitlines()
    for each in found:
        if each.severity == "error":
            where = f" ({lines[each.line - 1].strip()})" if each.line else ""
            raise InputError(
                f"{own}: with it {folder} would be wrong: {each.message}{where}; {each.remedy}"
            )
    told = [f"{own} in {folder}: {each.message}; {each.remedy}" for each in found]
    return (*told, *_left_out(plan))


def _refuse_changes(plan: StagePlan, text: str, plain: str) -> None:
    """Refuse templates that change what settings say, or what the tool relies on."""
    version = plan.settings.version
    asked, written = (relied_on(each, version) for each in (plain, text))
    for place, remedy in asked:
        if asked[place, remedy] != written[place, remedy]:
            raise InputError(
                f"cp2k.templates: with them {place} of {plan.stage.folder} would change; {remedy}"
            )


def _findings(plan: StagePlan, text: str, data: Mapping[str, str]) -> tuple[Finding, ...]:
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / plan.stage.input
        write_text(path, text)
        write_text(Path(scratch) / plan.stage.coordinates, plan.system.xyz_text())
        for name, content in data.items():
            write_text(path.parent / name, content)
        return check_input(path, plan.settings.version)


def _left_out(plan: StagePlan) -> Iterator[str]:
    if plan.settings.extra is not None:
        root = read_fragment(plan.settings.extra, plan.settings.version)
        for place, why in OWN.get(plan.stage.name, {}).items():
            if root.first(*place):
                yield f"cp2k.extra.{'.'.join(place)} does not go into {plan.stage.folder}: {why}"


def _merge(tree: dict[str, Any], section: Section, system: System) -> None:
    """Put keywords in the place of those there, and sections into those there."""
    spec = section.spec
    for name, entries in section.entries.items():
        keyword = spec.keyword(entries[0].line.name)
        if keyword is None:  # the default keyword, which has no name
            tree["*"] = [[entry.line.text] for entry in entries]
            continue
        # A new one is in capitals, as some sections have a section and a keyword of one name.
        key = next((key for key in tree if spec.keyword(key.upper()) == keyword), name)
        tree[key] = [[entry.line.rest.strip()] for entry in entries]
        if key == "eps_scf":  # one setting in the templates; with either alone the looser holds
            for outer in as_list(tree.get("outer_scf", [])):
                outer[key] = tree[key]
    for name, sections in section.children.items():
        key = name.lower()
        there = as_list(tree.get(key, []))
        merged = list(there)
        for each in sections:
            if name == "KIND" and _parameter(each).capitalize() not in system.symbols:
                continue
            same = _same(each, there, alone=len(sections) == 1)
            if same is None:
                same = {}
                merged.append(same)
            if parameter := without_comment(each.line.rest).strip():
                same["_"] = parameter
            _merge(same, each, system)
        if merged:
            tree[key] = merged


def _same(section: Section, there: list[dict[str, Any]], *, alone: bool) -> dict[str, Any] | None:
    """Return the section that one goes into: of what repeats, that of the same parameter."""
    if not section.spec.repeats or (section.spec.parameter is None and alone and len(there) == 1):
        return there[0] if there else None
    wanted = _parameter(section).upper()
    named = (each for each in there if wanted and str(each.get("_", "")).upper() == wanted)
    return next(named, None)


def _parameter(section: Section) -> str:
    return str(section.parameter[0]) if section.parameter else ""
