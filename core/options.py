"""The base of all settings: frozen, and strict about keys that it does not know."""

from __future__ import annotations

from difflib import get_close_matches
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, model_validator


class Options(BaseModel):
    """Settings that cannot be changed once made; an unknown key is an error with a suggestion.

    The word none switches off what null does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = list(cls.model_fields)
            for key in data:
                if key not in known:
                    near = get_close_matches(str(key), known, n=1, cutoff=0.65)
                    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                    raise ValueError(f"unknown key {key!r}; {hint}")
            return {key: _meant(cls.model_fields[key].annotation, data[key]) for key in data}
        return data


def _meant(annotation: Any, value: Any) -> Any:
    """Return None for the word none where a setting may be None, the value itself otherwise."""
    is_word = isinstance(value, str) and value.lower() in {"none", "null"}
    return None if is_word and NoneType in get_args(annotation) else value
