"""Makes docs/reference/recipe.md, every key of a recipe, from the models that check recipes.

Run as ``python docs/make_recipe_reference.py`` (``make reference``). Type, bounds, default and unit
come from the fields, the meaning from the docstrings, the examples from recipe-examples.yaml.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import yaml
from numpydoc.docscrape import ClassDoc

from epicarve.options import Options
from epicarve.workflow.recipes import (
    BulkRecipe,
    HeterostructureRecipe,
    ParticleRecipe,
    StructureRecipe,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
PAGE = HERE / "reference" / "recipe.md"

KINDS: dict[type[Options], str] = {
    ParticleRecipe: "pb3s2cl2-sphere",
    HeterostructureRecipe: "pb4s3cl2-cspbcl3",
    StructureRecipe: "pbs-cube",
    BulkRecipe: "bulk-pb4s3cl2",
}
"""The kinds of recipes, and an example of each that `epicarve new` copies."""

UNITS = {
    "_hartree_bohr": "hartree/bohr",
    "_ev_per_formula_unit": "eV",
    "_per_a": "1/Å",
    "_ev_nm": "eV nmⁿ",
    "_j_m2": "J/m²",
    "_g_cm3": "g/cm³",
    "_ev_a": "eV/Å",
    "_nm": "nm",
    "_mm": "mm",
    "_pt": "points",
    "_ev": "eV",
    "_ry": "Ry",
    "_gb": "10⁹ bytes",
    "_mb": "MB",
    "_a": "Å",
    "_h": "h",
    "_k": "K",
    "_v": "V",
    "_a2": "Å²",
    "_deg": "°",
    "_debye": "debye",
    "_gpa": "GPa",
}
"""Units by the end of a key, longer ends first."""

OTHER_UNITS = {"net_charge": "e", "charge": "e", "oxidation_states": "e", "eps_scf": "hartree"}
"""Units of keys whose name has none."""

WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    NoneType: "none",
    Any: "keys, or a block of text",
}

SIGNS = {"gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ "}

INTRODUCTION = """# The recipe, key by key

A recipe is a YAML file. Here stands every key of it: where it goes, what type and unit it has,
what holds if you leave it out, what it means, and an example. This page is made from the models
that check recipes, so it says what this version accepts. A key that is not here is refused with a
suggestion.

There are four kinds of recipes. The keys at the top decide which one it is:

| kind | has at its top | example |
|---|---|---|
"""

PROFILE = (
    "| `profile` | path | | | A file with the keys of this block at its top, such as `epicarve "
    "machine` writes; the keys beside it go over those of the file. | `profile: mycluster.yaml` |\n"
)
"""The one key that is no field: it is replaced by the keys of its file when a recipe is read."""


def blocks_in(annotation: Any) -> list[type[Options]]:
    """Return the blocks of keys that a value may be."""
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return [annotation]
    return [block for part in get_args(annotation) for block in blocks_in(part)]


def all_blocks() -> dict[type[Options], list[str]]:
    """Return every block with the keys under which it stands; what several share comes once."""
    found: dict[type[Options], list[str]] = {kind: [] for kind in KINDS}
    todo = list(KINDS)
    while todo:
        block = todo.pop(0)
        for key in dict.fromkeys((*own_keys(block), *block.model_fields)):
            for part in blocks_in(block.model_fields[key].annotation):
                if part not in found:
                    todo.append(part)
                places = found.setdefault(part, [])
                if key not in places:
                    places.append(key)
    for block in list(found):
        for base in shared_bases(block):
            found.setdefault(base, [])
    return found


def shared_bases(block: type[Options]) -> list[type[Options]]:
    """Return the classes from which a block has keys beside its own."""
    bases = [each for each in block.__mro__[1:] if issubclass(each, Options)]
    return [base for base in bases if own_keys(base)]


def own_keys(block: type[Options]) -> list[str]:
    """Return the keys that a class adds; kind is told by each kind of shape."""
    own = [key for key in block.model_fields if key in block.__annotations__]
    return [key for key in own if not (key == "kind" and block.model_fields[key].default == "")]


def meaning_of_parameters(documented: type) -> dict[str, str]:
    """Return what each parameter means, from the docstring of a class."""
    entries = ClassDoc(documented, config={"show_class_members": False})["Parameters"]
    return {
        key: " ".join(entry.desc).strip().replace("``", "`")
        for entry in entries
        for key in entry.name.split(", ")
    }


def meanings(block: type[Options]) -> dict[str, str]:
    """Return what each key means, from the docstring of its class and of those before it."""
    found = {"kind": "The word that chooses this shape."}
    for each in reversed(block.__mro__):
        if issubclass(each, Options):
            found |= meaning_of_parameters(each)
    return found


def type_words(annotation: Any, metadata: Any = ()) -> str:
    """Return a type in words, with the bounds that its metadata set to numbers."""
    arguments = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        words = type_words(arguments[0], annotation.__metadata__)
    elif get_origin(annotation) is Literal:
        words = alternatives(f"`{each}`" for each in arguments)
    elif get_origin(annotation) is dict:
        words = f"{{{type_words(arguments[0])}: {type_words(arguments[1])}}}"
    elif get_origin(annotation) is tuple:
        kinds = [each for each in arguments if each is not Ellipsis]
        number = "" if len(kinds) < len(arguments) else f"{len(kinds)}: "
        words = f"list of {number}{alternatives(dict.fromkeys(map(type_words, kinds)))}"
    elif arguments:
        words = alternatives(dict.fromkeys(map(type_words, arguments)))
    else:
        words = WORDS.get(annotation) or link_to(annotation)
    bounds = bounds_of(metadata)
    return re.sub("number", f"number {bounds}", words, count=1) if bounds else words


def link_to(block: type) -> str:
    """Return a link to the section of a block or a record."""
    name = block.named() if issubclass(block, Options) else block.__name__
    return f"[{name}](#{name.lower()})"


def alternatives(words: Iterable[str]) -> str:
    """Return words as a list that ends in or."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def bounds_of(metadata: Any) -> str:
    """Return the bounds of a number, such as ``> 0``."""
    told = []
    for each in metadata:
        if hasattr(each, "metadata"):
            told.append(bounds_of(each.metadata))
        for name, sign in SIGNS.items():
            value = getattr(each, name, None)
            if isinstance(value, int | float) and value is not False:
                told.append(f"{sign}{value:g}")
    return ", ".join(dict.fromkeys(filter(None, told)))


def unit_of(key: str) -> str:
    """Return the unit of a key, empty if it has none."""
    endings = (unit for ending, unit in UNITS.items() if key.endswith(ending))
    return OTHER_UNITS.get(key) or next(endings, "")


def default_words(field: Any) -> str:
    """Return what holds if a key is left out."""
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, Options):
        return "its defaults"
    if value is None:
        return "none"
    if value in ((), {}, ""):
        return "empty"
    return f"`{flow(value)}`"


def flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(
        plain, default_flow_style=True, allow_unicode=True, width=1000, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def read_examples() -> dict[str, list[dict[str, Any]]]:
    """Return examples of blocks by the name of the block."""
    text = (HERE / "recipe-examples.yaml").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)
    return found


def example_of(key: str, names: list[str], examples: dict[str, list[dict[str, Any]]]) -> str:
    """Return an example of a key from the first of some blocks that has one, else nothing."""
    given = (block[key] for name in names for block in examples.get(name, []) if key in block)
    value = next(given, None)
    return "" if value is None else f"`{key}: {flow(value)}`"


def section(
    block: type[Options],
    places: list[str],
    everything: dict[type[Options], list[str]],
    examples: dict[str, list[dict[str, Any]]],
) -> str:
    """Return what the page says of a block."""
    summary = " ".join(ClassDoc(block, config={"show_class_members": False})["Summary"])
    lines = [f"### {block.named()}\n\n{summary}"]
    if places:
        lines[0] += f" Stands under {', '.join(f'`{place}`' for place in places)}."
    names = [each.named() for each in everything if issubclass(each, block)]
    told = meanings(block)
    rows = "| key | type | unit | default | meaning | example |\n|---|---|---|---|---|---|\n"
    for key in own_keys(block):
        field = block.model_fields[key]
        kind = type_words(field.annotation, field.metadata)
        blocks = blocks_in(field.annotation)
        shown = example_of(key, names, examples)
        if not shown and blocks:
            shown = f"see {type_words(blocks[0])}"
        cells = (f"`{key}`", kind, unit_of(key), default_words(field), told[key], shown)
        rows += "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    if block.named() == "MachineSettings":
        rows += PROFILE
    if own_keys(block):
        lines.append(rows.rstrip())
    more = [f"[{base.named()}](#{base.named().lower()})" for base in shared_bases(block)]
    if more:
        lines.append(f"It has the keys of {' and '.join(more)} too.")
    return "\n\n".join(lines) + "\n"


def page() -> str:
    """Return the whole page."""
    everything, examples = all_blocks(), read_examples()
    text = INTRODUCTION
    for kind, example in KINDS.items():
        needed = [f"`{key}`" for key, field in kind.model_fields.items() if field.is_required()]
        text += (
            f"| [{kind.named()}](#{kind.named().lower()}) | {', '.join(needed)} | `{example}` |\n"
        )
    text += "\nWhere a key takes none, write `null` or `none`. Paths are relative to the recipe.\n"
    for kind, example in KINDS.items():
        recipe = (HERE.parent / "examples" / f"{example}.yaml").read_text(encoding="utf-8")
        text += f"\n## {title(kind)}\n\n`epicarve new {example}` copies this one:\n\n"
        text += f"```yaml\n{recipe}```\n\n" + section(kind, [], everything, examples)
    text += "\n## Blocks\n\n"
    rest = [block for block in everything if block not in KINDS]
    text += "\n".join(section(block, everything[block], everything, examples) for block in rest)
    return text


def title(kind: type[Options]) -> str:
    """Return the name of a kind of recipe in words."""
    return f"Recipe of a {kind.named().removesuffix('Recipe').lower()}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
