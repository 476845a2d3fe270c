"""Example recipes to start from."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

import yaml

from epicarve.errors import InputError
from epicarve.files import write_text
from epicarve.workflow.recipes import named_files

EXAMPLES = files("epicarve.examples")


def example_names() -> tuple[str, ...]:
    """Names of the example recipes in alphabetical order."""
    there = [item.name for item in EXAMPLES.iterdir() if item.name.endswith(".yaml")]
    return tuple(sorted(name.removesuffix(".yaml") for name in there))


def new(name: str, file: Path | str | None = None) -> Path:
    """Write an example recipe, and the files that it names beside it.

    Parameters
    ----------
    name : str
        One of `example_names`.
    file : Path or str, optional
        Where to write it, ``NAME.yaml`` in the current folder if not given.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        If there is no such example, or one of the files exists already.
    """
    names = example_names()
    if name not in names:
        near = get_close_matches(name, names, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        raise InputError(f"no example {name!r}; {hint}")
    target = Path(file) if file is not None else Path(f"{name}.yaml")
    text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    named = [holder[key] for _, holder, key in named_files(yaml.safe_load(text))]
    texts = {target: text} | {
        target.parent / file: (EXAMPLES / file).read_text(encoding="utf-8") for file in named
    }
    for path in texts:
        if path.exists():
            raise InputError(f"{path}: exists already; give another file name or folder")
    for path, content in texts.items():
        write_text(path, content)
    return target


def command_for(recipe: Path) -> str:
    """Return the command that an example is for: build, series, run, campaign or compare."""
    keys = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    if "bulk" in keys:
        return "campaign" if "series" in keys else "run"
    return "compare" if "pairs" in keys else "series" if "series" in keys else "build"
