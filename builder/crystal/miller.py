"""Miller indices and directions as recipes and options give them, with three numbers or four."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, PlainSerializer, WrapValidator

from epicarve.errors import InputError
from epicarve.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .crystal import Crystal

MAX_INDEX = 99
"""Largest magnitude of an index; planes of higher ones have no atomic layers to speak of."""

SAME_LENGTH = 0.01
"""Axes a and b of a hexagonal cell may differ by this share: relaxed cells are not quite so."""

SAME_ANGLE_DEG = 0.5

Triple = tuple[int, int, int]
Vector = tuple[float, float, float]
Number = int | Annotated[float, Field(allow_inf_nan=False)]


class FourIndices(tuple[float, ...]):
    """Three indices that were written with four, which only hexagonal axes have.

    A plane (hkil) has i = −(h + k). A direction [uvtw] has t = −(u + v), and is the lattice vector
    [u − t, v − t, w].

    Parameters
    ----------
    three : iterable of float
        The three indices that are meant.
    written : tuple of float
        The four.

    Examples
    --------
    >>> hkl = FourIndices((1, 0, 0), (1, 0, -1, 0))
    >>> hkl == (1, 0, 0), hkl.written
    (True, (1, 0, -1, 0))
    """

    written: tuple[float, ...]

    def __new__(cls, three: Any, written: tuple[float, ...]) -> FourIndices:
        """Make the tuple of three, and keep what was written."""
        made = super().__new__(cls, three)
        made.written = written
        return made


def plane_name(hkl: Sequence[int]) -> str:
    """Return Miller indices as one word.

    Examples
    --------
    >>> plane_name((1, -1, 0))
    '(1-10)'
    """
    return f"({''.join(map(str, hkl))})"


def direction_name(uvw: Sequence[float]) -> str:
    """Return a lattice vector in brackets.

    Examples
    --------
    >>> direction_name((0, 0.5, -0.5))
    '[0 0.5 -0.5]'
    """
    return f"[{' '.join(f'{x:g}' for x in uvw)}]"


def refuse_four_indices(crystal: Crystal, *parts: Any) -> None:
    """Refuse four indices in settings of a crystal whose axes are not hexagonal.

    Parameters
    ----------
    crystal : Crystal
        What the indices are about.
    parts : Options, tuple or None
        Indices, or settings that hold some at any depth.

    Raises
    ------
    InputError
        If there are any, and the cell does not have a = b, α = β = 90° and γ = 120°.
    """
    for part in parts:
        if isinstance(part, FourIndices) and not _is_hexagonal(crystal):
            raise InputError(
                f"{crystal.name}: four indices {list(part.written)} belong to hexagonal axes, "
                f"a = b and γ = 120°, which its cell does not have; write three, {list(part)}"
            )
        if isinstance(part, Options):
            refuse_four_indices(crystal, *dict(part).values())
        elif isinstance(part, tuple) and not isinstance(part, FourIndices):
            refuse_four_indices(crystal, *part)


def _is_hexagonal(crystal: Crystal) -> bool:
    a, b, _, *angles = crystal.cell_parameters
    away = np.abs(np.array(angles) - [90.0, 90.0, 120.0]).max()
    return bool(abs(a - b) <= SAME_LENGTH * a and away <= SAME_ANGLE_DEG)


def _plane(value: Any, three: Callable[[Any], Any]) -> Any:
    """Check Miller indices, three or four."""
    numbers = _numbers(value, "plane")
    if numbers is None or len(numbers) == 3:
        return value if isinstance(value, FourIndices) else three(value)
    h, k, i, l = numbers  # noqa: E741
    if i != -(h + k):
        raise ValueError(
            f"{list(numbers)} is no plane (hkil): its third index must be −(h + k) = {-(h + k)}"
        )
    return FourIndices(three((h, k, l)), tuple(numbers))


def _direction(value: Any, three: Callable[[Any], Any]) -> Any:
    """Check a direction, three numbers or four."""
    numbers = _numbers(value, "direction")
    if numbers is None or len(numbers) == 3:
        return value if isinstance(value, FourIndices) else three(value)
    u, v, t, w = numbers
    if t != -(u + v):
        raise ValueError(
            f"{list(numbers)} is no direction [uvtw]: its third index must be −(u + v) = {-(u + v)}"
        )
    return FourIndices(three((u - t, v - t, w)), tuple(numbers))


def _numbers(value: Any, what: str) -> tuple[Any, ...] | None:
    """Three or four indices, None if they are no numbers; refuse what means nothing."""
    if isinstance(value, (int, float, str)):
        raise ValueError(
            f"{value!r} is not a list of three integers; write [0, 1, 0] "
            "(YAML reads 010 without brackets as the octal number 8)"
        )
    if not isinstance(value, (list, tuple)):
        return None
    if len(value) < 3:
        return None
    if len(value) > 4:
        raise ValueError(
            f"not the indices of a {what}; give three such as [0, 1, 0], or four of hexagonal "
            "axes such as [1, 0, -1, 0]"
        )
    if any(isinstance(x, bool) or not isinstance(x, (int, float)) for x in value):
        if len(value) == 3:
            return None
        raise ValueError(f"the indices of a {what} are whole numbers, such as [1, 0, -1, 0]")
    if all(x == 0 for x in value):
        zeros = ", ".join("0" * len(value))
        raise ValueError(f"[{zeros}] is no plane and no direction; give indices such as [0, 1, 0]")
    if not all(abs(x) <= MAX_INDEX for x in value):
        raise ValueError(f"indices go up to {MAX_INDEX}; give smaller ones")
    return tuple(value)


def _written(value: tuple[float, ...]) -> tuple[float, ...]:
    return value.written if isinstance(value, FourIndices) else value


AsWritten = PlainSerializer(_written, return_type=tuple[Number, ...])

Indices = Annotated[Triple, WrapValidator(_plane), AsWritten]
"""Miller indices (hkl), or (hkil) of hexagonal axes, as three numbers."""

Direction = Annotated[tuple[Number, Number, Number], WrapValidator(_direction), AsWritten]
"""A lattice vector [uvw], or [uvtw] of hexagonal axes; three numbers, halves and thirds too."""
