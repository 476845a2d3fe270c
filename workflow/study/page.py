"""The page of the study as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .models import PUBLISHED_IN
from .rows import AGREES, AGREES_EV, NEAR, NEAR_EV

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .rows import Claim, Row
    from .subjects import Subject

LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

_FORMULA = re.compile(r"(?<![\w-])(?:(?:Pb|Cs|Cl|Br|S|I|X)\d*){2,}(?!\w)")
"""Formulas of two elements or more, so that Fig. S11 is none; X stands for a halide."""

HEADER = "| | study | published | ours | judged |\n|---|---|---|---|---|"


def low_numbers(text: str) -> str:
    """Set the numbers of formulas low, but not in code.

    Examples
    --------
    >>> low_numbers("Pb3S2Cl2 as in Fig. S11: `Pb3S2Cl2`; Pb3S2Cl2-X1X3")
    'Pb₃S₂Cl₂ as in Fig. S11: `Pb3S2Cl2`; Pb₃S₂Cl₂-X1X3'
    """
    parts = text.split("`")
    parts[::2] = [
        _FORMULA.sub(lambda found: found.group().translate(LOW), part) for part in parts[::2]
    ]
    return "`".join(parts)


def page_of(
    subjects: Sequence[Subject], claims: Sequence[Claim], figures: Mapping[str, str]
) -> str:
    """Return the page.

    Parameters
    ----------
    subjects : sequence of Subject
        The models.
    claims : sequence of Claim
        What is compared.
    figures : mapping of str to str
        Path of each figure beside the page, by its name, and what it shows under ``path: words``.
    """
    blocks = [_head(subjects), _models(subjects), *_shown("study-models.png", figures)]
    blocks.append(_overview(claims))
    for claim in claims:
        blocks.append(f"## {claim.title}")
        blocks.append("\n".join([HEADER, *(_line(each) for each in claim.rows)]))
        blocks.append(claim.how)
        if claim.figure is not None:
            blocks += _shown(claim.figure, figures)
    blocks += _shown("study-states.png", figures)
    notes = _notes(subjects)
    blocks += ["## Notes on the models", notes] if notes else []
    return low_numbers("\n\n".join(blocks)) + "\n"


def _head(subjects: Sequence[Subject]) -> str:
    with_folder = any(one.published is not None for one in subjects)
    command = f"epicarve study{' DIR' if with_folder else ''} -o OUT"
    given = (
        "DIR holds the files that the group published"
        if with_folder
        else "OUT is the folder of this page; with the folder of the published files as DIR it "
        "tells them too"
    )
    return f"""# The study, claim by claim

You see each claim of the study beside what its published models and ours say, with the numbers, and
which of them agree.

This page was made by `{command}`, where {given}
(in the repository: `make study MODELS=DIR`). Its numbers are in [study.json](study.json), its
curves in [study-pair-distribution.csv](study-pair-distribution.csv).

- **study**: Toso, Imran et al., [Nat. Commun. 2022, 13, 3976](https://doi.org/10.1038/s41467-022-31699-1);
  sections (§), figures and tables are those of its Supplementary Information.
- **published**: the relaxed models of the study's group
  ([Quantum-Dots-Models-Library]({PUBLISHED_IN}), MIT),
  recognised from elements and coordinates alone, as by `epicarve identify`.
- **ours**: built here from the recipes below and bundled crystals, not relaxed, recognised in the
  same way.
- **judged**: against the study's number; where it gives none, ours against the published model. A
  number *agrees* within {100 * AGREES:.0f} %, *is near* within {100 * NEAR:.0f} %, and *differs*
  beyond; energies within {AGREES_EV:g} and {NEAR_EV:g} eV. Words agree if they are the same."""


def _models(subjects: Sequence[Subject]) -> str:
    lines = ["| model | recipe of ours | published file |", "|---|---|---|"]
    for one in subjects:
        file = f"`{one.model.file}`" + ("" if one.published is not None else ", not given")
        path, blank, change = one.model.made_by.partition(" ")
        recipe = f"`{path}`{blank}{change}"
        lines.append(f"| {one.model.told} | {recipe} | {file} |")
    return "\n".join(lines)


def _overview(claims: Sequence[Claim]) -> str:
    """Count the judgements of each claim, and name what differs."""
    lines = [
        "## In short",
        "",
        "| claim | published: agrees, is near, differs | ours: agrees, is near, differs |",
        "|---|---|---|",
    ]
    for claim in claims:
        published, ours = claim.judgements
        lines.append(f"| {claim.title} | {published} | {ours} |")
    differing = [
        f"- {claim.title}, {name}: {'; '.join(whats)}."
        for claim in claims
        for name in ("published", "ours")
        if (whats := claim.differing(name))
    ]
    if differing:
        lines += ["", "What differs:", "", *differing]
    return "\n".join(lines)


def _line(each: Row) -> str:
    stated = "–" if each.stated is None else f"{each.stated.told} ({each.stated.source})"
    cells = (each.what, stated, each.published, each.ours, each.judged or "–")
    return "| " + " | ".join(cells) + " |"


def _notes(subjects: Sequence[Subject]) -> str:
    lines = []
    for one in subjects:
        for whose, measured in (("published", one.published), ("ours", one.ours)):
            notes = () if measured is None else measured.found.notes
            lines += [f"- {one.model.told}, {whose}: {note}" for note in notes]
    return "\n".join(lines)


def _shown(name: str, figures: Mapping[str, str]) -> list[str]:
    if name not in figures:
        return []
    path, _, words = figures[name].partition(": ")
    return [f"![{words}]({path})\n\n*{words}*"]
