"""A line of a CP2K input."""

from __future__ import annotations

import re
from typing import NamedTuple

_HEAD = re.compile(r'&?("[^"]*"|[^\s,:;=#!\\]*)')


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

    @property
    def name(self) -> str:
        """The word that it begins with in capitals, without & and quotation marks."""
        head = _HEAD.match(self.text)
        return head[1].strip('"').upper() if head else ""

    @property
    def rest(self) -> str:
        """What follows the name."""
        head = _HEAD.match(self.text)
        return self.text[head.end() :] if head else self.text
