"""Values of CP2K keywords: tokens, types and units, as CP2K itself reads them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from .units import BadValueError, unit_size

if TYPE_CHECKING:
    from .schemas import KeywordSpec

Value = bool | int | float | str | range
"""One value; a range of integers such as 1..5 stays a range."""

_TOKEN = re.compile(r'"([^"]*)"|([^\s,:;=#!\\"][^\s,:;=#!\\]*)|([#!])|([,:;=])|(\S)')
_PLAIN = re.compile(r'[,:;=#!\\"]')
_INTEGER = re.compile(r"[+-]?\d+(\*[+-]?\d+)*\Z")
_RANGE = re.compile(r"(\d+)\.\.(\d+)\Z")
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(?:[edq]([+-]?\d+)|([+-]\d+))?\Z", re.IGNORECASE)
_FUNCTION = re.compile(r"[+-]?(COS|EXP|LOG|LOG10|SIN|SQRT|TAN)\(([^()]*)\)\Z")
_LOGICAL = {
    **dict.fromkeys(("0", "F", ".F.", "FALSE", ".FALSE.", "N", "NO", "OFF"), False),
    **dict.fromkeys(("1", "T", ".T.", "TRUE", ".TRUE.", "Y", "YES", "ON"), True),
}


def tokens(text: str) -> list[str]:
    """Split what follows a keyword: at space, single separators and quotes, up to a comment.

    Examples
    --------
    >>> tokens('1..3, 7 "two words" # of them')
    ['1..3', '7', 'two words']
    """
    if not _PLAIN.search(text):
        return text.split()
    found: list[str] = []
    separated = False
    for match in _TOKEN.finditer(text):
        quoted, plain, comment, separator, stray = match.groups()
        if comment:
            break
        if stray == '"':
            raise BadValueError(
                'unterminated string: a " without its other half', "mend the quotes"
            )
        if stray:
            raise BadValueError(f"{stray} in the middle of a line", "take it out")
        if separator:
            if separated:
                raise BadValueError(f"one {separator} too many", "leave one separator")
            separated = True
            continue
        separated = False
        found.append(plain if quoted is None else quoted)
    return found


def parsed_values(spec: KeywordSpec, text: str) -> tuple[Value, ...]:
    """Return the values of a keyword, those with a unit in the keyword's own unit.

    Parameters
    ----------
    spec : KeywordSpec
        What CP2K expects.
    text : str
        What follows the keyword on its line.

    Raises
    ------
    BadValueError
        If CP2K does not take it.
    """
    if spec.kind == "string":
        return (_string(text),)
    given = tokens(text)
    if not given:
        if spec.lone:
            given = spec.lone.split()
        elif spec.n_values < 1:
            return ()
        else:
            what = "a value" if spec.n_values == 1 else f"{spec.n_values} values"
            raise BadValueError(f"{spec.names[0]} needs {what}", _hint(spec))
    if spec.kind == "real" and spec.unit:
        values = _with_units(spec, given)
    else:
        values = tuple(_value(spec, token) for token in given)
    count = sum(len(value) if isinstance(value, range) else 1 for value in values)
    if 0 < spec.n_values != count:
        plural = "" if spec.n_values == 1 else "s"
        raise BadValueError(
            f"{spec.names[0]} takes {spec.n_values} value{plural}, {count} are given", _hint(spec)
        )
    return values


def default_values(spec: KeywordSpec) -> tuple[Value, ...]:
    """Return the values that hold if a keyword is not given; empty if it has none."""
    if not spec.default:
        return ()
    try:
        return parsed_values(spec._replace(n_values=-1), f"{spec.default}")
    except BadValueError:
        return ()  # CP2K prints some defaults in words


def _with_units(spec: KeywordSpec, given: list[str]) -> tuple[Value, ...]:
    """Read numbers, each in the unit that was named last, in brackets, before it."""
    factor = 1.0
    values: list[Value] = []
    for token in given:
        if token[0] == "[":
            if token[-1] != "]":
                raise BadValueError(
                    f"{token} is no unit", "write it in brackets without space, such as [eV]"
                )
            factor = _factor(token[1:-1], spec)
        else:
            values.append(_finite(real(token) * factor, token))
    return tuple(values)


def _factor(unit: str, spec: KeywordSpec) -> float:
    powers, size = unit_size(unit)
    if spec.unit == "internal_cp2k":
        return 1.0
    own_powers, own_size = unit_size(spec.unit)
    if powers != own_powers:
        # CP2K compares the kinds of quantity, not their powers.
        raise BadValueError(
            f"unit {unit!r} does not fit {spec.names[0]}, which is in {spec.unit}",
            "use a unit of the same kind",
            "error" if set(powers) != set(own_powers) else "warning",
        )
    return size / own_size


def _value(spec: KeywordSpec, token: str) -> Value:
    match spec.kind:
        case "real":
            return real(token)
        case "integer":
            return _integer(token)
        case "logical":
            if token.upper() not in _LOGICAL:
                raise BadValueError(f"{token!r} is neither true nor false", "write T or F")
            return _LOGICAL[token.upper()]
        case "keyword":
            choice = token.strip().upper()
            if choice in spec.choices:
                return choice
            if not spec.strict and _INTEGER.match(token):
                return choice
            raise BadValueError(
                f"{token!r} is no choice of {spec.names[0]}", _nearest_choice(spec, choice)
            )
    return token


def real(token: str) -> float:
    """Read a number, or a product or quotient of numbers such as 1/3.

    Raises
    ------
    BadValueError
        If it is none.
    """
    if "/" not in token and "*" not in token:
        return _finite(_number(token), token)
    value = 1.0
    for operator, factor in re.findall(r"(^|[*/])([^*/]*)", token):
        number = _number(factor)
        if operator == "/" and number == 0:
            raise BadValueError(f"{token!r} divides by zero", "give a number")
        value = value / number if operator == "/" else value * number
    return _finite(value, token)


def _finite(value: float, token: str) -> float:
    if not math.isfinite(value):
        raise BadValueError(f"{token[:40]!r} is larger than any number", "give less than 1e308")
    return value


def _number(token: str) -> float:
    if plain_number := _REAL.match(token):
        mantissa, exponent, bare_exponent = plain_number.groups()
        sign = -1 if token[0] == "-" else 1
        value = float(f"{mantissa}e{exponent or bare_exponent or 0}")
        if math.isinf(value):
            raise BadValueError(f"{token!r} is larger than any number of CP2K", "give a number")
        return value * sign
    if (function := _FUNCTION.match(token)) and _REAL.match(function[2]):
        argument = _number(function[2])
        in_degrees = {"COS": math.cos, "SIN": math.sin, "TAN": math.tan}
        plain = {"EXP": math.exp, "LOG": math.log, "LOG10": math.log10, "SQRT": math.sqrt}
        sign = -1 if token[0] == "-" else 1
        try:
            if function[1] in in_degrees:
                return sign * in_degrees[function[1]](math.radians(argument))
            return sign * plain[function[1]](argument)
        except (ValueError, OverflowError) as error:
            raise BadValueError(f"{token!r}: {error}", "give a number") from error
    raise BadValueError(f"{token!r} is no number", "give a number, such as 1.5 or 1e-6")


def _integer(token: str) -> int | range:
    if _INTEGER.match(token):
        value = 1
        for factor in token.split("*"):
            value *= int(factor[:20])
        if abs(value) > 2**31 - 1:
            raise BadValueError(f"{token!r} is larger than CP2K's integers", "give less than 2^31")
        return value
    if bounds := _RANGE.match(token):
        first, last = int(bounds[1][:20]), int(bounds[2][:20])
        if first > last:
            raise BadValueError(f"{token!r} counts backwards", f"write {last}..{first}")
        return range(first, last + 1)
    raise BadValueError(f"{token!r} is no integer", "give an integer, or a range such as 1..5")


def _string(text: str) -> str:
    """Return the rest of a line, or what stands between quotation marks at its beginning."""
    text = text.strip()
    if text.startswith('"'):
        inner, closing, _ = text[1:].partition('"')
        if not closing:
            raise BadValueError(
                'unterminated string: a " without its other half', "mend the quotes"
            )
        return inner
    return "" if text[:1] in {"#", "!"} else text


def _hint(spec: KeywordSpec) -> str:
    kinds = {"integer": "integers", "real": "numbers", "logical": "T or F"}
    if spec.kind == "keyword":
        return _nearest_choice(spec, "")
    if spec.n_values == 1:
        return "give one value"
    return f"give {spec.n_values} {kinds.get(spec.kind, 'words')}"


def _nearest_choice(spec: KeywordSpec, wrong: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  (only where something is wrong)

    near = get_close_matches(wrong, spec.choices, n=1)
    if near:
        return f"write {near[0]}"
    some = ", ".join(spec.choices[:8]) + (", ..." if len(spec.choices) > 8 else "")
    return f"choose one of {some}"
