"""Carve every crystal family in every shape and size, and write docs/families.md.

Run ``python docs/make_families.py``; it takes some minutes. Each case is checked as it is made:
net charge 0, one connected piece, minimum coordination held.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from crystal_prototypes import PROTOTYPES, Prototype  # noqa: E402
from family_grid import KINDS, SIZES, crystals, outcome  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = """# Crystal families

You see for which families of crystals bonds and coordination come out as in the textbooks, and how
many ions models of three sizes have.

Every crystal below is read from a CIF, with no cutoff, radius or coordination number set by
hand: bonds end at the widest gap, as a ratio, between cation-anion distances ([the bond
rule](crystals.md)). The numbers it finds are held against textbooks in `tests/test_families.py`.

Each is carved as a sphere, a hemisphere on (001), a box of {{100}}, {{010}}, {{001}} and a
Wulff polyhedron of these and {{111}} with equal energies, at the volume of {sizes} ions.
A cell of the table tells the ions of the three models. All are neutral to the electron,
connected, and keep the minimum coordination; where none can, the error says what stands in the
way. This page is written by `docs/make_families.py`, which carves {n_cases} models anew:
{n_models} carved, {n_refused} refused with a reason.

The prototypes serve to test the rule and the carving. Their numbers are those commonly quoted from
the sources named, not checked against the originals; crystals to build from are
[bundled](crystals.md).

"""

WEAK = """
## Weak contacts

Three structures have contacts that textbooks leave out or name apart, and the rule counts them:

| crystal | textbook | counted | why |
|---|---|---|---|
"""


class Case(NamedTuple):
    """What became of one crystal in one shape at one size."""

    family: str
    crystal: str
    kind: str
    size: int
    n_atoms: int | None
    refusal: str


def carved(folder: Path) -> Iterator[Case]:
    """Carve the whole grid."""
    for family, crystal in crystals(folder):
        for kind in KINDS:
            for size in SIZES:
                model, refusal = outcome(crystal, kind, size)
                n_atoms = None if model is None else model.n_atoms
                yield Case(family, crystal.name, kind, size, n_atoms, refusal)


def page(cases: Iterable[Case]) -> str:
    """Return docs/families.md."""
    every = list(cases)
    refusals = list(dict.fromkeys(case.refusal for case in every if case.refusal))
    by_name = {prototype.name: prototype for prototype in PROTOTYPES}
    lines = ["| family | crystal | coordination | " + " | ".join(KINDS) + " | source |"]
    lines.append("|---" * (4 + len(KINDS)) + "|")
    for name in dict.fromkeys(case.crystal for case in every):
        of_crystal = [case for case in every if case.crystal == name]
        cells = [
            " · ".join(_cell(case, refusals) for case in of_crystal if case.kind == kind)
            for kind in KINDS
        ]
        prototype = by_name.get(name)
        told = (
            (_coordination(prototype), *cells, prototype.source)
            if prototype
            else ("", *cells, "bundled")
        )
        lines.append(f"| {of_crystal[0].family} | {name} | " + " | ".join(told) + " |")
    notes = [f"{number}. {text}" for number, text in enumerate(refusals, start=1)]
    weak = [
        f"| {p.name} | {_numbers(p.coordination)} | {_numbers(p.weak)} | {p.source} |"
        for p in PROTOTYPES
        if p.weak is not None
    ]
    head = HEAD.format(
        sizes=", ".join(map(str, SIZES)),
        n_cases=len(every),
        n_models=sum(case.n_atoms is not None for case in every),
        n_refused=sum(case.n_atoms is None for case in every),
    )
    told_refusals = ["", "Refused, by number in the table:", "", *notes] if notes else []
    return head + "\n".join([*lines, *told_refusals]) + "\n" + WEAK + "\n".join(weak) + "\n"


def _cell(case: Case, refusals: list[str]) -> str:
    if case.n_atoms is not None:
        return str(case.n_atoms)
    return f"[{refusals.index(case.refusal) + 1}]"


def _coordination(prototype: Prototype) -> str:
    return _numbers(prototype.weak or prototype.coordination)


def _numbers(coordination: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{s} {'/'.join(map(str, n))}" for s, n in coordination.items())


def main() -> None:
    """Write the page."""
    with TemporaryDirectory() as folder:
        text = page(carved(Path(folder)))
    (HERE / "families.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
