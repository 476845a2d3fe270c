"""Trees of CP2K inputs from the YAML fragments."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import yaml

from epicarve.errors import InputError
from epicarve.files import is_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIX = ".yaml"
TABLES = {"functionals"}
"""What is no template among the YAML files of templates/cp2k."""


def merged(
    names: list[str], values: Mapping[str, object], own: Path | None = None
) -> dict[str, Any]:
    """Fill the values into fragments of templates/cp2k and merge these, the later over the earlier.

    Parameters
    ----------
    names : list of str
        Names of the fragments without suffix.
    values : mapping
        What stands for each ``${name}`` in them.
    own : Path, optional
        A folder whose templates take the place of those of the same name.

    Raises
    ------
    InputError
        If a template of that folder is not one.
    """
    mine = own_templates(own) if own is not None else {}
    tree: dict[str, Any] = {}
    for name in names:
        if name in mine:
            _merge(tree, _filled(mine[name], values))
        else:
            _merge(tree, yaml.safe_load(Template(_fragment(name)).substitute(values)))
    return tree


def own_templates(folder: Path) -> dict[str, Path]:
    """Return the templates of a user's folder by name.

    Raises
    ------
    InputError
        If there is no such folder, or a template in it takes the place of none.
    """
    if not is_folder(folder):
        raise InputError(f"cp2k.templates: there is no folder {folder}; mend its path")
    known = sorted(
        name.removesuffix(SUFFIX)
        for name in (item.name for item in (files("epicarve.templates") / "cp2k").iterdir())
        if name.endswith(SUFFIX) and name.removesuffix(SUFFIX) not in TABLES
    )
    found = {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}
    if not found:
        raise InputError(
            f"cp2k.templates: {folder} holds no templates; copy one of {', '.join(known)} into it, "
            f"each NAME{SUFFIX}"
        )
    for name, path in found.items():
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}{SUFFIX}?" if near else f"there are {', '.join(known)}"
            raise InputError(f"cp2k.templates: {path} takes the place of no template; {hint}")
    return found


def _filled(path: Path, values: Mapping[str, object]) -> dict[str, Any]:
    """Return the tree of a user's template."""
    where = f"cp2k.templates: {path}"
    try:
        tree = yaml.safe_load(Template(path.read_text(encoding="utf-8")).substitute(values))
    except KeyError as error:
        name = str(error.args[0])
        near = get_close_matches(name, list(values), n=1, cutoff=0.5)
        hint = f"did you mean ${{{near[0]}}}?" if near else f"there are {', '.join(values)}"
        raise InputError(f"{where}: nothing stands for ${{{name}}}; {hint}") from error
    except (yaml.YAMLError, ValueError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"{where}: not valid YAML ({said})") from error
    except OSError as error:
        raise InputError(f"{where}: {error.strerror}; mend the file") from error
    if not _is_tree(tree):
        raise InputError(
            f"{where}: it is no tree of CP2K's sections; see the templates of epicarve"
        )
    checked: dict[str, Any] = _lowered(tree)
    return checked


def _is_tree(tree: object) -> bool:
    """Whether sections are nested by names."""
    if not isinstance(tree, dict):
        return False
    return all(
        isinstance(key, str) and (not isinstance(value, dict) or _is_tree(value))
        for key, value in tree.items()
    )


def _lowered(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tree with its names in small letters, as those of the bundled templates are."""
    return {
        key.lower(): _lowered(value) if isinstance(value, dict) else value
        for key, value in tree.items()
    }


@cache
def _fragment(name: str) -> str:
    return (files("epicarve.templates") / "cp2k" / f"{name}{SUFFIX}").read_text(encoding="utf-8")


def _merge(tree: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Merge `other` into `tree`: sections are joined, values replaced."""
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = value
