"""Plain data with ASCII texts alone, as ASE writes no others into its files."""

from __future__ import annotations

from html import unescape
from typing import Any


def in_ascii(data: Any) -> Any:
    """Return plain data whose texts hold ASCII alone; `from_ascii` is the way back.

    Examples
    --------
    >>> in_ascii({"pairs": {"Pb→Cs": 4}})
    {'pairs': {'Pb&#8594;Cs': 4}}
    >>> from_ascii(_)
    {'pairs': {'Pb→Cs': 4}}
    """
    if isinstance(data, str):
        return data.replace("&", "&amp;").encode("ascii", "xmlcharrefreplace").decode()
    if isinstance(data, dict):
        return {in_ascii(key): in_ascii(value) for key, value in data.items()}
    return [in_ascii(each) for each in data] if isinstance(data, list | tuple) else data


def from_ascii(data: Any) -> Any:
    """Return what `in_ascii` was given."""
    if isinstance(data, str):
        return unescape(data)
    if isinstance(data, dict):
        return {from_ascii(key): from_ascii(value) for key, value in data.items()}
    return [from_ascii(each) for each in data] if isinstance(data, list | tuple) else data
