"""What users see when input is wrong, or when something about it had to be guessed."""

from __future__ import annotations

import inspect
import sys
import warnings
from difflib import get_close_matches
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class InputError(ValueError):
    """Bad input, told in one sentence; the command line prints it and exits with code 2.

    Raise it with a message that names the thing, the value and the remedy, for instance
    ``"CaF2.cif: site F1 is occupied to 0.50; give an ordered structure"``.
    """


class GuessWarning(UserWarning):
    """Something that the input does not tell was guessed; the message says what, and as what."""


def warn_of_guess(message: str) -> None:
    """Issue a `GuessWarning` that points to the line outside of epicarve that asked."""
    depth, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_own(frame):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, GuessWarning, stacklevel=depth)


def require_kind(value: object, kind: type | tuple[type, ...], what: str, remedy: str) -> None:
    """Refuse a value of the wrong type.

    Parameters
    ----------
    value : object
        What was given.
    kind : type or tuple of types
        What it must be.
    what, remedy : str
        What it stands for, and how to make a right one.

    Raises
    ------
    InputError
        If it is of another type.

    Examples
    --------
    >>> require_kind("PbS", int, "carve: the crystal", 'give epicarve.crystal("PbS")')
    Traceback (most recent call last):
    epicarve.errors.InputError: carve: the crystal is of type str; give epicarve.crystal("PbS")
    """
    if not isinstance(value, kind):
        raise wrong_kind(value, what, remedy)


def near_name(name: str, known: Sequence[str]) -> str:
    """Return what to tell of a name that is not known: the one it is close to, or all.

    Examples
    --------
    >>> near_name("radius", ("radius_a", "centre")), near_name("x", ("radius_a", "centre"))
    ('did you mean radius_a?', 'known are radius_a, centre')
    """
    near = get_close_matches(name, known, n=1, cutoff=0.65)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def refusing_unknown_names(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return a function that refuses arguments of unknown names by an `InputError`.

    Examples
    --------
    >>> @refusing_unknown_names
    ... def cut(radius_a: float) -> float:
    ...     return radius_a
    >>> cut(radius=1.0)
    Traceback (most recent call last):
    epicarve.errors.InputError: cut: unknown argument 'radius'; did you mean radius_a?
    """
    known = tuple(inspect.signature(function).parameters)

    @wraps(function)
    def refusing(*given: Arguments.args, **named: Arguments.kwargs) -> Result:
        for name in named:
            if name not in known:
                told = near_name(name, known)
                raise InputError(f"{function.__name__}: unknown argument {name!r}; {told}")
        return function(*given, **named)

    return refusing


def wrong_kind(value: object, what: str, remedy: str) -> InputError:
    """Return the error of a value of the wrong type; see `require_kind`."""
    if isinstance(value, type):
        return InputError(f"{what} is a class, not one of its kind; {remedy}")
    return InputError(f"{what} is of type {type(value).__name__}; {remedy}")


def _is_own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "epicarve"
