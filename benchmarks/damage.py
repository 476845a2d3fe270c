"""Ways to damage a file, as transfers, editors and hurried people do; all follow from a seed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

_NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+\.?\d*(?:[eEdD][-+]?\d+)?")

ODD_NUMBERS = (
    b"nan", b"NaN", b"inf", b"-inf", b"1e400", b"-1e400", b"1e30", b"-1", b"0", b"1e-300", b"",
    b"?", b".", b"***", b"99999999999999999999", b"1,5", b"0x1F", b"1e9", b"-0.0", b"1/0", b"1.2.3",
)  # fmt: skip

ODD_WORDS = (
    b"", b"\x00", b"\xff\xfe", b"null", b"none", b"yes", b"'", b'"', b"{}", b"[]", b"*", b"&x",
    b"&END", b"data_", b"loop_", b"Xx", b"\xc3\xa9", b"!!python/object:os.system", b"---", b"\t",
    b"a" * 5000,
)  # fmt: skip


def truncated(data: bytes, rng: Generator) -> bytes:
    """Cut the end off, as a full disk or a broken transfer does."""
    return data[: int(rng.integers(0, max(len(data), 1)))]


def byte_changed(data: bytes, rng: Generator) -> bytes:
    """Change one byte."""
    if not data:
        return b"\x00"
    at = int(rng.integers(len(data)))
    return data[:at] + bytes([int(rng.integers(256))]) + data[at + 1 :]


def digit_changed(data: bytes, rng: Generator) -> bytes:
    """Change one digit of one number."""
    return _in_a_number(data, rng, lambda number: _other_digit(number, rng))


def number_replaced(data: bytes, rng: Generator) -> bytes:
    """Put something else in the place of a number."""
    return _in_a_number(data, rng, lambda _: ODD_NUMBERS[int(rng.integers(len(ODD_NUMBERS)))])


def sign_changed(data: bytes, rng: Generator) -> bytes:
    """Turn the sign of a number."""
    return _in_a_number(data, rng, lambda n: n[1:] if n.startswith(b"-") else b"-" + n)


def word_replaced(data: bytes, rng: Generator) -> bytes:
    """Put something else in the place of a word."""
    words = list(re.finditer(rb"\S+", data))
    if not words:
        return ODD_WORDS[int(rng.integers(len(ODD_WORDS)))]
    word = words[int(rng.integers(len(words)))]
    odd = ODD_WORDS[int(rng.integers(len(ODD_WORDS)))]
    return data[: word.start()] + odd + data[word.end() :]


def words_swapped(data: bytes, rng: Generator) -> bytes:
    """Swap two words of a file."""
    words = list(re.finditer(rb"\S+", data))
    if len(words) < 2:
        return data + b" " + data
    first, second = sorted(rng.choice(len(words), 2, replace=False).tolist())
    a, b = words[first], words[second]
    between = data[a.end() : b.start()]
    return data[: a.start()] + b.group() + between + a.group() + data[b.end() :]


def line_lost(data: bytes, rng: Generator) -> bytes:
    """Take a line out."""
    lines = data.splitlines(keepends=True)
    if lines:
        del lines[int(rng.integers(len(lines)))]
    return b"".join(lines)


def line_doubled(data: bytes, rng: Generator) -> bytes:
    """Write a line twice."""
    lines = data.splitlines(keepends=True)
    if lines:
        at = int(rng.integers(len(lines)))
        lines.insert(at, lines[at])
    return b"".join(lines)


def lines_swapped(data: bytes, rng: Generator) -> bytes:
    """Swap two lines."""
    lines = data.splitlines(keepends=True)
    if len(lines) > 1:
        first, second = rng.choice(len(lines), 2, replace=False).tolist()
        lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def block_lost(data: bytes, rng: Generator) -> bytes:
    """Take a stretch out of the middle."""
    first, second = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    return data[:first] + data[second:]


def block_repeated(data: bytes, rng: Generator) -> bytes:
    """Write a stretch several times."""
    first, second = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    second = min(second, first + 2000)
    return data[:second] + data[first:second] * int(rng.integers(1, 30)) + data[second:]


def other_encoding(data: bytes, rng: Generator) -> bytes:
    """Save as an editor of another system does."""
    text = data.decode("utf-8", errors="replace")
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: text.encode("utf-16"),
        lambda: b"\xef\xbb\xbf" + data,
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: data.replace(b"\n", b"\r"),
        lambda: data.replace(b" ", b"\t"),
        lambda: data.replace(b".", b","),
        lambda: b"",
    )
    return kinds[int(rng.integers(len(kinds)))]()


TEXT = (
    truncated, byte_changed, digit_changed, number_replaced, number_replaced, sign_changed,
    word_replaced, words_swapped, line_lost, line_doubled, lines_swapped, block_lost,
    block_repeated, other_encoding,
)  # fmt: skip
"""Kinds of damage to a text, each as likely as it stands here."""

BINARY = (truncated, byte_changed, byte_changed, block_lost, block_repeated)
"""Kinds of damage to a file that is no text."""


def damaged(data: bytes, rng: Generator, *, text: bool = True) -> tuple[bytes, str]:
    """Return a damaged copy of a file's content, and the name of the damage."""
    kinds = TEXT if text else BINARY
    kind = kinds[int(rng.integers(len(kinds)))]
    return kind(data, rng), kind.__name__


def _in_a_number(data: bytes, rng: Generator, change: Callable[[bytes], bytes]) -> bytes:
    numbers = list(_NUMBER.finditer(data))
    if not numbers:
        return data + b" nan"
    number = numbers[int(rng.integers(len(numbers)))]
    return data[: number.start()] + change(number.group()) + data[number.end() :]


def _other_digit(number: bytes, rng: Generator) -> bytes:
    digits = [i for i, byte in enumerate(number) if chr(byte).isdigit()]
    at = digits[int(rng.integers(len(digits)))]
    other = (number[at] - ord("0") + int(rng.integers(1, 10))) % 10
    return number[:at] + str(other).encode() + number[at + 1 :]
