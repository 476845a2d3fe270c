"""The base of all settings: frozen, and strict about keys that it does not know."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from inspect import Parameter, Signature
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .errors import InputError, near_name, wrong_kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class Options(BaseModel):
    """Settings that cannot be changed once made; an unknown key is an error with a suggestion.

    The word none switches off what null does.

    Raises
    ------
    InputError
        If a key is unknown or missing, or a value wrong: one sentence that names it.

    Examples
    --------
    >>> class Size(Options):
    ...     diameter_nm: float = 1.0
    >>> Size(diameter_nm=2)
    Size(diameter_nm=2.0)
    >>> Size(diameter=2)
    Traceback (most recent call last):
    epicarve.errors.InputError: Size: unknown key 'diameter'; did you mean diameter_nm?
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    other_words: ClassVar[Mapping[str, str]] = {}
    """Keys that people write who know other programs, in small letters, and what to write here."""

    lone_word: ClassVar[str] = "it takes keys of its own below it"
    """What to tell of a word that stands in the place of the keys."""

    if not TYPE_CHECKING:  # type checkers make the signature of each class of its fields

        def __init__(self, *unnamed: Any, **values: Any) -> None:
            name = type(self).named()
            if unnamed:
                raise InputError(
                    f"{name}: {reprlib.repr(unnamed[0])} has no name; give each value by name, one "
                    f"of {', '.join(type(self).model_fields)}"
                )
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise InputError(f"{name}: {sentence(error)}") from None

        __init__.__pydantic_base_init__ = True  # blocks within blocks are made without it

    @classmethod
    def given(cls, value: object, what: str) -> Self:
        """Return settings that were given as such, by their keys, or not at all.

        Parameters
        ----------
        value : settings, mapping or None
            What was given; None stands for the defaults.
        what : str
            What it stands for, in the message of an error.

        Raises
        ------
        InputError
            If it is neither, or a key or value is wrong.
        """
        if value is None:
            return cls()
        if isinstance(value, Mapping):
            return cls(**value)
        if isinstance(value, cls):
            return value
        raise wrong_kind(value, what, f"give epicarve.{cls.named()}(...), or a dict of its keys")

    @classmethod
    def named(cls) -> str:
        """Return the name by which users know the class."""
        return cls.__name__.removesuffix("Spec")

    @classmethod
    def _keys(cls) -> list[str]:
        """Return the names of all settings, those of the class itself first."""
        own = [key for key in cls.model_fields if key in cls.__annotations__]
        return own + [key for key in cls.model_fields if key not in own]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Give the class the name and the signature that users see."""
        super().__pydantic_init_subclass__(**kwargs)
        fields = cls.model_fields
        defaults = {
            key: Parameter.empty
            if fields[key].is_required()
            else fields[key].get_default(call_default_factory=True)
            for key in cls._keys()
        }
        cls.__name__ = cls.named()
        cls.__signature__ = Signature(
            [Parameter(key, Parameter.KEYWORD_ONLY, default=each) for key, each in defaults.items()]
        )

    def __repr_name__(self) -> str:
        return self.named()

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show what differs from the defaults."""
        for name, field in type(self).model_fields.items():
            if getattr(self, name) != field.get_default(call_default_factory=True):
                yield name, getattr(self, name)

    def __str__(self) -> str:
        return repr(self)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = cls._keys()
            for key in data:
                if key not in known:
                    raise ValueError(f"unknown key {key!r}; {cls._remedy(str(key), known)}")
            return {key: _meant(cls.model_fields[key].annotation, data[key]) for key in data}
        if isinstance(data, str):
            raise ValueError(cls.lone_word)
        return data

    @classmethod
    def _remedy(cls, key: str, known: list[str]) -> str:
        """Say what to write in the place of a key that is not known, or where to."""
        word = key.lower().replace("-", "_")
        if word in cls.other_words:
            return f"write {cls.other_words[word]}"
        fields = {name: cls.model_fields[name].annotation for name in known}
        blocks = [
            name
            for name in known
            if any(key in each.model_fields for each in _blocks(fields[name]))
        ]
        if blocks:
            *others, last = blocks
            return f"put it under {', '.join(others)}{' or ' if others else ''}{last}"
        for name in known:
            for block in _blocks(fields[name]):
                if word in block.other_words:
                    return f"write {block.other_words[word]}, under {name}"
        return near_name(key, known)


def sentence(error: ValidationError, kinds: Collection[str] = ()) -> str:
    """Tell the first problem that pydantic found, as one sentence.

    Parameters
    ----------
    error : ValidationError
        What it raised.
    kinds : collection of str
        Words that ``kind`` may be, which choose a class and are no keys.
    """
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in {*kinds, "[key]"})
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        message = "missing; add it"
    elif first["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        message = f"it takes keys of its own below it (got {_shown(first['input'])})"
    elif first["type"] == "tuple_type" and isinstance(first["input"], str):
        message = f"it takes a list; write [{_shown(first['input'])}]"
    elif first["type"] in {"float_parsing", "int_parsing"}:
        message = f"it takes a number, without a unit (got {_shown(first['input'])})"
    elif first["type"] == "literal_error":
        message = f"{_shown(first['input'])} is not known; use {first['ctx']['expected']}"
    elif first["type"] == "union_tag_not_found":
        message = "kind is missing; add one" + (f" of {', '.join(kinds)}" if kinds else "")
    elif first["type"] == "union_tag_invalid":
        message = f"kind {first['ctx']['tag']!r} is not known; use {first['ctx']['expected_tags']}"
    elif not message.startswith("unknown key") and not isinstance(first["input"], dict):
        message = f"{message} (got {_shown(first['input'])})"
    return f"{place}: {message}" if place else message


def _shown(value: Any) -> str:
    """Return what was given, shortened: blocks that name each other can be endless."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = 60
    return short.repr(value)


def _blocks(annotation: Any) -> list[type[Options]]:
    """Return the blocks of settings that a setting may be."""
    kinds = [each for each in (annotation, *get_args(annotation)) if isinstance(each, type)]
    return [each for each in kinds if issubclass(each, Options)]


def _meant(annotation: Any, value: Any) -> Any:
    """Return None for the word none where a setting may be None, the value itself otherwise."""
    is_word = isinstance(value, str) and value.lower() in {"none", "null"}
    return None if is_word and NoneType in get_args(annotation) else value
