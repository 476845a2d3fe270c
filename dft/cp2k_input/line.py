"""A line of a CP2K input."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """One line of an input, continuations joined.

    Parameters
    ----------
    text : str
        What stands on it, without space around it.
    number : int
        Number of its (first) line in the input; a line of an included file bears the number of the
        line that includes it.
    included : str
        The included file and the number of the line there, empty for a line of the input itself.
    """

    text: str
    number: int
    included: str = ""
