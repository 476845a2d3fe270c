"""The base of all settings: frozen, and strict about keys that it does not know."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Options(BaseModel):
    """Settings that cannot be changed once made; an unknown key is an error with a suggestion."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = list(cls.model_fields)
            for key in data:
                if key not in known:
                    near = get_close_matches(str(key), known, n=1, cutoff=0.5)
                    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                    raise ValueError(f"unknown key {key!r}; {hint}")
        return data
