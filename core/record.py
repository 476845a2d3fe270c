"""The base of results that stand in JSON files: typed in memory, plain data at the edge."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from pydantic import TypeAdapter, ValidationError

from .errors import InputError
from .options import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Record:
    """Named results; a field whose default is None is left out of files where it is None.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Size(Record):
    ...     diameter_nm: float
    ...     asked_nm: float | None = None
    >>> Size(2.0).as_dict(), Size.of({"diameter_nm": 2.0}, "size.json") == Size(2.0)
    ({'diameter_nm': 2.0}, True)
    """

    def as_dict(self) -> dict[str, Any]:
        """Return the results as plain data, as they stand in files."""
        told = {field: getattr(self, field.name) for field in fields(self)}
        return {
            field.name: plain(value)
            for field, value in told.items()
            if value is not None or field.default is MISSING
        }

    @classmethod
    def of(cls, told: Mapping[str, Any], where: str) -> Self:
        """Return what `as_dict` told.

        Parameters
        ----------
        told : mapping
            Plain data; keys that are not known are left out.
        where : str
            What to name in messages.

        Raises
        ------
        InputError
            If something is missing or of a wrong type.
        """
        try:
            found: Self = TypeAdapter(cls).validate_python(told)
        except ValidationError as error:
            raise InputError(f"{where}: {sentence(error)}; give it as epicarve wrote it") from None
        return found


def plain(value: Any) -> Any:
    """Return a value with all records in it as plain data, tuples as lists."""
    if isinstance(value, Record):
        return value.as_dict()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    return value
