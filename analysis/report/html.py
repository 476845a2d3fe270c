"""Pieces of HTML: tables, numbers, formulas."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from epicarve.analysis.figures import HTML, pretty_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value = str | float | None


def formula_html(formula: str) -> str:
    """Set the numbers of a chemical formula low.

    Examples
    --------
    >>> formula_html("Pb4S3Cl2")
    'Pb<sub>4</sub>S<sub>3</sub>Cl<sub>2</sub>'
    """
    return re.sub(r"(\d+)", r"<sub>\1</sub>", escape(formula))


def words_html(text: str) -> str:
    """Return words for a page, the numbers of formulas in them low.

    Examples
    --------
    >>> words_html("CsPbCl3:Pb & CP2K")
    'CsPbCl<sub>3</sub>:Pb &amp; CP2K'
    """
    return pretty_words(escape(text), HTML)


def signed(value: float, digits: int) -> str:
    """Write a number with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[Value]],
    *,
    sorts: bool = False,
    digits: Mapping[str, int] | None = None,
    states: Sequence[int] | None = None,
    links: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
) -> str:
    """Return an HTML table; columns of words are set left, columns of numbers right.

    Parameters
    ----------
    header : sequence of str
        Heading of each column. Cells of a column ``"kept"`` can be found by that class.
    rows : sequence of sequences
        Cells: words, whole numbers as they are, other numbers rounded; None is shown as "none".
    sorts : bool
        Whether a click on a heading sorts the table.
    digits : mapping, optional
        Decimals by column; 3 where not given.
    states : sequence of int, optional
        Index of the state that each row shows, and that a click selects.
    links : sequence of str, optional
        Address within the page to which the first cell of each row leads.
    classes : sequence of str, optional
        Class of each row.
    """
    rounded_to = [(digits or {}).get(name, 3) for name in header]
    words = [all(isinstance(row[column], str) for row in rows) for column in range(len(header))]
    head = "".join(
        f"<th{' class=text' if is_words else ''}>{words_html(name)}</th>"
        for name, is_words in zip(header, words, strict=True)
    )
    body = []
    for index, row in enumerate(rows):
        cells = [
            _cell(value, places, name)
            for name, value, places in zip(header, row, rounded_to, strict=True)
        ]
        if links is not None:
            cells[0] = f'<td><a href="{escape(links[index])}">{escape(str(row[0]))}</a></td>'
        attributes = f' class="{classes[index]}"' if classes is not None else ""
        attributes += f' data-state="{states[index]}"' if states is not None else ""
        body.append(f"<tr{attributes}>{''.join(cells)}</tr>")
    lines = "\n".join(body)
    kind = ' class="sorts"' if sorts else ""
    return f"<table{kind}>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>"


def _cell(value: Value, digits: int, name: str) -> str:
    """Return one cell of a table."""
    if value is None:
        return '<td class="missing">none</td>'
    if isinstance(value, str):
        return f'<td class="text{" kept" if name == "kept" else ""}">{words_html(value)}</td>'
    return f"<td>{value}</td>" if isinstance(value, int) else f"<td>{signed(value, digits)}</td>"
