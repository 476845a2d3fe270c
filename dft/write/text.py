"""Trees of CP2K inputs from the YAML fragments."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping


def merged(names: list[str], values: Mapping[str, object]) -> dict[str, Any]:
    """Fill the values into fragments of templates/cp2k and merge these, the later over the earlier.

    Parameters
    ----------
    names : list of str
        Names of the fragments without suffix.
    values : mapping
        What stands for each ``${name}`` in them.
    """
    tree: dict[str, Any] = {}
    for name in names:
        _merge(tree, yaml.safe_load(Template(_fragment(name)).substitute(values)))
    return tree


@cache
def _fragment(name: str) -> str:
    return (files("epicarve.templates") / "cp2k" / f"{name}.yaml").read_text(encoding="utf-8")


def _merge(tree: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Merge `other` into `tree`: sections are joined, values replaced."""
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = value
