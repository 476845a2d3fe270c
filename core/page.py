"""Pieces of HTML pages: templates filled, arrays and pictures inlined, small tables."""

from __future__ import annotations

import base64
import json
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


HEAD = "text-align:left;white-space:nowrap;vertical-align:top"
"""Style of the names of rows in a card."""


def template(name: str) -> str:
    """Return a file of epicarve.templates by its path in it."""
    return files("epicarve.templates").joinpath(name).read_text("utf-8")


def filled(name: str, **values: str) -> str:
    """Return a file of epicarve.templates with its placeholders filled."""
    return Template(template(name)).substitute(values)


def script_data(data: Mapping[str, Any]) -> str:
    """Return plain data as JSON that can stand in a script of a page."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def encoded(array: NDArray[Any], dtype: str) -> dict[str, str]:
    """Write an array as base64 of its little-endian bytes, the last index fastest."""
    little = np.ascontiguousarray(array, dtype=np.dtype(dtype).newbyteorder("<"))
    return {"dtype": dtype, "data": base64.b64encode(little.tobytes()).decode("ascii")}


def card(heading: str, rows: Mapping[str, object], png: bytes | None = None) -> str:
    """Return a small table beside a picture, as a notebook shows an object.

    Parameters
    ----------
    heading : str
        HTML of the heading.
    rows : mapping of str to object
        What the rows tell; those without a word are left out.
    png : bytes, optional
        The picture.

    Examples
    --------
    >>> "8</td>" in card("PbS", {"ions": 8}), "note" in card("PbS", {"note": ""})
    (True, False)
    """
    cells = "".join(
        f'<tr><th style="{HEAD}">{escape(name)}</th><td style="text-align:left">'
        f"{escape(str(told))}</td></tr>"
        for name, told in rows.items()
        if told != ""
    )
    table = f"<table>{cells}</table>"
    if png is not None:
        image = base64.b64encode(png).decode("ascii")
        picture = f'<img style="max-width:32rem" alt="" src="data:image/png;base64,{image}">'
        table = f'<div style="display:flex;align-items:flex-start">{table}{picture}</div>'
    return f"<div><b>{heading}</b>{table}</div>"
