"""Claims as tables: what the study says, what the published models and ours show, and a judgement.

A number agrees with another one if it differs by no more than `AGREES` of it, is near to it up to
`NEAR`, and differs beyond; angles and energies are held against absolute limits of the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from epicarve.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AGREES, NEAR = 0.03, 0.10
"""Relative differences up to which numbers agree, and are near."""

SHOWN = 3
"""Digits of a relative difference that are judged, as many as are shown."""

AGREES_EV, NEAR_EV = 0.1, 0.3
"""The same for energies in eV."""

WORDS = ("agrees", "is near", "differs")

Value: TypeAlias = "float | str | tuple[float, ...] | tuple[str, ...] | None"


class Cell(NamedTuple):
    """What stands in a table, and the value behind it."""

    told: str
    value: Value


NOT_GIVEN = Cell("no file given", None)
NOT_FOUND = Cell("not found", None)


@dataclass(frozen=True)
class Stated(Record):
    """What the study says.

    Parameters
    ----------
    told : str
        Its words or number.
    source : str
        Where it stands in the supplement.
    value : float, str or tuple
        The value for comparison; two numbers, least and largest, for a range; None if it is words.
    """

    told: str
    source: str
    value: Any = None


@dataclass(frozen=True)
class Row(Record):
    """A line of a table.

    Parameters
    ----------
    what : str
        What is compared.
    stated : Stated or None
        What the study says; None if it says nothing.
    published, ours : str
        What the published model and ours show.
    published_value, ours_value : float, str, tuple or None
        The values behind them.
    judged : str
        How they differ, by the rule.
    """

    what: str
    stated: Stated | None
    published: str
    ours: str
    published_value: Any
    ours_value: Any
    judged: str


@dataclass(frozen=True)
class Claim(Record):
    """A claim of the study.

    Parameters
    ----------
    title : str
        What it is about.
    how : str
        How the values were obtained and judged.
    rows : tuple of Row
        The table.
    figure : str, optional
        Name of a figure of it.
    """

    title: str
    how: str
    rows: tuple[Row, ...]
    figure: str | None = None

    def differing(self, name: str) -> tuple[str, ...]:
        """Return in what ``published`` or ``ours`` models differ."""
        return tuple(each.what for each in self.rows if f"{name} differs" in each.judged)

    @property
    def judgements(self) -> tuple[str, str]:
        """How often published and our models agree, are near and differ; a dash if never."""
        published, ours = (
            [sum(f"{name} {word}" in each.judged for each in self.rows) for word in WORDS]
            for name in ("published", "ours")
        )
        told = [", ".join(map(str, counts)) if any(counts) else "–" for counts in (published, ours)]
        return told[0], told[1]


def row(
    what: str,
    stated: Stated | None,
    published: Cell,
    ours: Cell,
    rule: Callable[[Any, Any], str] | None,
) -> Row:
    """Return a line of a table, judged by a rule.

    Values are held against that of the study; where it gives none, ours against the published one.

    Parameters
    ----------
    what : str
        What is compared.
    stated : Stated or None
        What the study says.
    published, ours : Cell
        What the models show.
    rule : callable or None
        Takes reference and value, and returns the judgement.
    """
    judged: list[str] = []
    if rule is not None:
        reference = None if stated is None else stated.value
        if reference is not None:
            pairs = [("published", reference, published.value), ("ours", reference, ours.value)]
        else:
            pairs = [("ours", published.value, ours.value)]
        judged = [
            f"{name} {rule(reference, value)}"
            for name, reference, value in pairs
            if reference is not None and value is not None
        ]
    return Row(
        what, stated, published.told, ours.told, published.value, ours.value, "; ".join(judged)
    )


def relative(reference: float | Sequence[float], value: float) -> str:
    """Judge a number by its relative difference from another one, or from a range.

    Examples
    --------
    >>> relative(4.0, 4.1), relative((2.9, 3.3), 3.1), relative(100.0, 80.0)
    ('agrees (+2.5 %)', 'agrees (within)', 'differs (−20 %)')
    """
    if not isinstance(reference, int | float):
        low, high = reference
        if low <= value <= high:
            return "agrees (within)"
        reference = low if value < low else high
    off = round(value / reference - 1.0, SHOWN)
    return f"{_word(abs(off), AGREES, NEAR)} ({_percent(off)})"


def lengths(reference: Sequence[float], value: Sequence[float]) -> str:
    """Judge several numbers by the largest of their relative differences.

    Examples
    --------
    >>> lengths((10.0, 20.0), (10.1, 21.0))
    'is near (+1.0, +5.0 %)'
    """
    off = [round(y / x - 1.0, SHOWN) for x, y in zip(reference, value, strict=True)]
    told = ", ".join(_percent(x).removesuffix(" %") for x in off)
    return f"{_word(max(map(abs, off)), AGREES, NEAR)} ({told} %)"


def deviation(_: object, value: float) -> str:
    """Judge a relative deviation by itself."""
    return _word(round(value, SHOWN), AGREES, NEAR)


def energy(reference: float, value: float) -> str:
    """Judge an energy in eV by its difference.

    Examples
    --------
    >>> energy(1.6, 1.65)
    'agrees (+0.05 eV)'
    """
    off = round(value - reference, 2)
    told = f"{off:+.2f}".replace("-", "−")
    return f"{_word(abs(off), AGREES_EV, NEAR_EV)} ({told} eV)"


def same(reference: object, value: object) -> str:
    """Judge whether two are the same."""
    return "agrees" if value == reference else "differs"


def _word(off: float, agrees: float, near: float) -> str:
    tiny = 1e-9  # so that limits count as within
    if off <= agrees + tiny:
        return "agrees"
    return "is near" if off <= near + tiny else "differs"


def _percent(off: float) -> str:
    """Return a share as signed per cent, large ones without decimals."""
    digits = 0 if abs(off) >= 0.1 else 1
    return f"{100.0 * off:+.{digits}f} %".replace("-", "−") if off else "0.0 %"
