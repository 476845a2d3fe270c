"""Ions in three dimensions: a page that opens offline, and stands inside a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.builder.model import composition
from epicarve.builder.output import centred, radii_a
from epicarve.files import write_text
from epicarve.page import encoded, filled, script_data, template
from epicarve.style import colours, element_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.builder.carve import IonTable

SCRIPTS = ("report/data.js", "report/particle.js", "view/view.js")
"""Those of the report that draw a model, and what the page alone does."""

HEIGHT_PX = 440


@dataclass(frozen=True, repr=False)
class View:
    """A page that shows ions, to be turned by the mouse; it loads nothing.

    Parameters
    ----------
    title : str
        What is shown.
    html : str
        The page.
    """

    title: str
    html: str

    def __repr__(self) -> str:
        return f"View({self.title}; write(path) makes a page of it)"

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, so that several stand in one notebook."""
        return (
            f'<iframe title="{escape(self.title)}" srcdoc="{escape(self.html)}" '
            f'style="width:100%;height:{HEIGHT_PX}px;border:1px solid #dcdcdc"></iframe>'
        )

    def write(self, path: Path | str) -> None:
        """Write the page as an HTML file that opens offline."""
        write_text(Path(path), self.html)


def view_of(ions: IonTable, title: str, told: Sequence[str]) -> View:
    """Return a page that shows ions.

    Parameters
    ----------
    ions : IonTable
        Elements, charges and coordinates in Å.
    title : str
        What is shown.
    told : sequence of str
        What is said of each ion when it is pointed at.

    Returns
    -------
    View
        The page; the same ions give the same text.
    """
    elements = element_colours(list(composition(ions.symbols, ions.charges)), "safe")
    data = {
        "atoms": {
            "symbols": ions.symbols.tolist(),
            "positions_a": encoded(centred(ions.positions_a), "float32"),
            "radii_a": encoded(radii_a(ions), "float32"),
            "told": list(told),
        },
        "colours": {"elements": elements, "weights": colours("safe")["weights"]},
    }
    html = filled(
        "view/view.html",
        title=escape(title),
        heading=escape(title),
        data=script_data(data),
        script="\n".join(template(name) for name in SCRIPTS),
    )
    return View(title, html)
