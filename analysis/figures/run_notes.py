"""Notes of several runs, each said once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from epicarve.style import caption

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]|\.\d)")


def notes_of_runs(labels: Sequence[str], notes: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the notes of some runs behind the names of these, then those of all.

    Notes that differ by numbers alone are one note, with the range of these.

    Parameters
    ----------
    labels : sequence of str
        Name of each run.
    notes : sequence of sequences of str
        Sentences of each run.

    Returns
    -------
    tuple of str
        Sentences.

    Examples
    --------
    >>> notes_of_runs(["A", "B", "C"], [["Force 0.5 eV/Å.", "By xTB."], ["By xTB."],
    ...     ["Force 0.7 eV/Å.", "By xTB."]])
    ('A, C: Force 0.5 to 0.7 eV/Å.', 'By xTB.')
    """
    alike: dict[str, list[tuple[int, str]]] = {}
    for run, own in enumerate(notes):
        for note in own:
            alike.setdefault(_NUMBER.sub("#", note), []).append((run, note))
    of_runs: dict[tuple[int, ...], list[str]] = {}
    for found in alike.values():
        runs = tuple(dict.fromkeys(run for run, _ in found))
        of_runs.setdefault(runs, []).append(_as_one([note for _, note in found]))
    shared = of_runs.pop(tuple(range(len(notes))), [])
    some = (
        f"{', '.join(labels[run] for run in runs)}: {caption(told)}"
        for runs, told in of_runs.items()
    )
    return (*some, *shared)


def _as_one(notes: Sequence[str]) -> str:
    """Return sentences that differ by numbers as one, with the range of each number."""
    ranges = []
    for values in zip(*(_NUMBER.findall(note) for note in notes), strict=True):
        low, high = min(values, key=float), max(values, key=float)
        ranges.append(low if float(low) == float(high) else f"{low} to {high}")
    told = iter(ranges)
    return _NUMBER.sub(lambda _: next(told), notes[0])
