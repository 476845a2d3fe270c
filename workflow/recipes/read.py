"""Recipes read from YAML that is checked to the last key, and written with their files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import ValidationError

from epicarve.builder.shapes import KINDS
from epicarve.dft.settings import MachineSettings, is_own_file
from epicarve.dft.write import own_templates
from epicarve.errors import InputError, require_kind
from epicarve.files import is_file, replaced_file, write_text
from epicarve.options import Options, sentence

from .recipe import Recipe, kind_of_recipe
from .relaxed_geometry_file import relaxed_geometry

if TYPE_CHECKING:
    from collections.abc import Iterator


LEVEL = "cp2k"
"""The part of a recipe that names data files and templates of CP2K."""

MACHINE, PROFILE = "machine", "profile"
"""The part of a recipe that names a profile of a machine, and the key that does beside others."""

NOTHING = {"none", "null"}
"""Words that switch a setting off."""

AnyOptions = TypeVar("AnyOptions", bound=Options)

PLAIN = {
    LEVEL: "file; mend its path",
    "ligands": "molecule of a ligand; mend its path",
    "figures": "style file; give one of matplotlib's kind",
    "groups": "file of a group of atoms; give one of text, or extended XYZ with a column",
}
"""Files that are copied as they are, by the part of the recipe that names them."""


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key given twice is an error, and a version stays as it is written."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        merge = "tag:yaml.org,2002:merge"
        own = [key for key, _ in node.value if key.tag != merge]
        keys = [self.construct_object(key, deep=True) for key in own]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise yaml.YAMLError(f"key {key!r} is given twice in the block at line {line}")
        for key, value in node.value:
            if key.value == "version" and value.tag == "tag:yaml.org,2002:float":
                value.tag = "tag:yaml.org,2002:str"  # 2023.10 is not 2023.1
        return super().construct_mapping(node, deep)


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    path : Path
        A YAML file. Files in it are relative to its folder.

    Returns
    -------
    Recipe
        The recipe, with the paths of files made to start where the recipe lies.

    Raises
    ------
    InputError
        If the file can't be read, is not YAML, or a key or value is wrong; one sentence.
    """
    path = Path(path)
    data = read_yaml(path, "it needs at least crystal: and shape:, or structure:")
    for part, holder, key in named_files(data):
        beside = path.parent / holder[key]
        if (part, key) != (LEVEL, "file") or is_file(beside) or is_own_file(Path(holder[key])):
            holder[key] = str(beside)  # else it is one of CP2K's data
    return parse_recipe(data, str(path))


def as_recipe(recipe: Recipe | Mapping[str, Any] | Path | str) -> Recipe:
    """Return a recipe, given as such, as its keys, or as the path of its file.

    Raises
    ------
    InputError
        If the file can't be read, or a key or value is wrong.

    Examples
    --------
    >>> as_recipe({"crystal": {"name": "PbS"}, "shape": {"kind": "sphere", "atoms": 60}}).engine
    'cp2k'
    """
    if isinstance(recipe, Recipe):
        return recipe
    if isinstance(recipe, Mapping):
        return parse_recipe(dict(recipe))
    require_kind(recipe, (str, Path), "the recipe", "give a Recipe, its keys, or a path")
    return read_recipe(Path(recipe))


def write_recipe(recipe: Recipe, folder: Path, name: str = "recipe.yaml") -> None:
    """Write a recipe, with the files that it names in a folder beside it.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    folder : Path
        Where to write; it can be moved or copied as a whole. Files that lie there already stay.
    name : str
        Name of the file of the recipe.

    Raises
    ------
    InputError
        If a file that the recipe names can't be read.
    """
    data = recipe.as_dict()
    for part, holder, key in named_files(data):
        sources = file_sources(part, holder, key)
        inside = f"files/{part}"
        if key == "templates":
            inside = holder[key] = f"{inside}/{Path(holder[key]).name}"
        for source in sources:
            if source.parent == folder and key != "templates":
                holder[key] = source.name
                continue
            if key != "templates":
                holder[key] = f"{inside}/{source.name}"
            with replaced_file(folder / inside / source.name) as copy:
                shutil.copyfile(source, copy)
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    write_text(folder / name, text)


def file_sources(part: str, holder: Any, key: Any) -> tuple[Path, ...]:
    """Return what has to be read where a recipe names a file, as `named_files` yields it.

    That is nothing for a file of CP2K's data, and each template of a folder.

    Raises
    ------
    InputError
        If it is not there.
    """
    path = Path(holder[key])
    if key == "templates":
        return tuple(own_templates(path).values())
    if part == LEVEL and not is_own_file(path):
        return ()
    told = PLAIN.get(part.partition("/")[0])
    if told is None:
        return (relaxed_geometry(path),)
    if not is_file(path):
        raise InputError(f"{path}: there is no such {told}")
    return (path,)


def with_files_beside(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a recipe as plain data whose files are the copies of `write_recipe` in a folder.

    Files without a copy stay as they are named.
    """
    told = deepcopy(data)
    for part, holder, key in named_files(told):
        copy = folder / "files" / part / Path(holder[key]).name
        if is_file(copy):
            holder[key] = copy
    return told


def named_files(data: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the files that a recipe as plain data names: in which part, in which block, its key."""
    structure = data.get("structure")
    if isinstance(structure, str):
        yield "structure", data, "structure"
    elif isinstance(structure, dict):
        if isinstance(structure.get("file"), str):
            yield "structure", structure, "file"
        listed = structure.get("crystals")
        for index, each in enumerate(listed if isinstance(listed, list) else []):
            part = f"structure/crystal-{index + 1}"
            if isinstance(each, dict) and isinstance(each.get("file"), str):
                yield part, each, "file"
            elif isinstance(each, str) and each.lower().endswith(".cif"):
                yield part, listed, index
    for part in ("crystal", "core", "film", "substrate"):
        block = data.get(part)
        if not isinstance(block, dict):
            continue
        crystal = block if part == "crystal" else block.get("crystal")
        for holder, key in ((crystal, "file"), (block, "relaxed")):
            if isinstance(holder, dict) and isinstance(holder.get(key), str):
                yield part, holder, key
    yield from _files_of_ligands(data.get("ligands"))
    level = data.get("cp2k")
    if isinstance(level, dict):
        yield from ((LEVEL, *named) for named in _files_of_level(level))
    yield from ((MACHINE, *named) for named in _profiles(data))
    if isinstance(data.get("analysis"), dict):
        yield from _files_of_analysis(data["analysis"])


def _files_of_ligands(ligands: Any) -> Iterator[tuple[str, Any, str]]:
    """Yield the files that ligands are read from, as `named_files` does."""
    kinds = ligands.get("kinds") if isinstance(ligands, dict) else ligands
    for number, kind in enumerate(kinds if isinstance(kinds, list | tuple) else []):
        if isinstance(kind, dict) and isinstance(kind.get("file"), str):
            yield f"ligands/{number + 1}", kind, "file"


def _files_of_analysis(analysis: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the files that settings of the analysis name, as `named_files` does."""
    figures, groups = analysis.get("figures"), analysis.get("groups")
    if isinstance(figures, dict) and isinstance(figures.get("style"), str):
        yield "figures", figures, "style"
    for number, group in enumerate(groups.values() if isinstance(groups, dict) else []):
        if isinstance(group, dict) and isinstance(group.get("file"), str):
            yield f"groups/{number + 1}", group, "file"


def _profiles(data: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the profile of a machine, if one is named."""
    machine = data.get(MACHINE)
    if isinstance(machine, str | Path) and str(machine).lower() not in NOTHING:
        yield data, MACHINE
    elif isinstance(machine, dict) and isinstance(machine.get(PROFILE), str | Path):
        yield machine, PROFILE


def _files_of_level(level: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """Yield the files of basis sets and potentials, and the folder of templates."""
    for key in ("basis", "potential", "auxiliary_basis"):
        block = level.get(key)
        each = block if isinstance(block, dict) else {}
        for entry in [each] if "name" in each else each.values():
            if isinstance(entry, dict) and isinstance(entry.get("file"), str):
                yield entry, "file"
    if isinstance(level.get("templates"), str) and level["templates"].lower() not in NOTHING:
        yield level, "templates"


def read_yaml(path: Path, needs: str) -> dict[str, Any]:
    """Read a YAML file that holds keys at its top; `needs` says which, for the message.

    Raises
    ------
    InputError
        If it can't be read, is not YAML, or holds no keys.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except OSError as error:
        raise InputError(f"{path}: no recipe that can be read; give a YAML file") from error
    except RecursionError as error:
        raise InputError(f"{path}: not a recipe: its blocks are nested without end") from error
    except (yaml.YAMLError, ValueError) as error:  # of text, dates and numbers
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: not a recipe; {needs}")
    return data


def parse_recipe(data: dict[str, Any], where: str = "recipe") -> Recipe:
    """Check a recipe given as plain data; `where` names it in the message of an InputError.

    The settings of a machine's profile that it names take their place in it, so that the recipe is
    whole without that file.
    """
    for holder, key in list(_profiles(data)):
        stated = {} if holder is data else {k: v for k, v in holder.items() if k != PROFILE}
        data = {**data, MACHINE: _over_profile(Path(holder[key]), stated)}
    return checked(kind_of_recipe(data), data, where)


def read_machine(path: Path) -> MachineSettings:
    """Read and check the profile of a machine: a file with the keys of `machine:` at its top.

    Raises
    ------
    InputError
        If it can't be read, or a key or value is wrong.
    """
    return checked(MachineSettings, _profile(path), str(path))


def _profile(path: Path) -> dict[str, Any]:
    if not is_file(path):
        raise InputError(
            f"{path}: there is no such profile of a machine; epicarve machine FILE writes one, or "
            "give its keys, such as machine: {scheduler: slurm}"
        )
    data = read_yaml(path, "a profile of a machine has the keys of machine:, such as nodes:")
    if PROFILE in data:
        raise InputError(f"{path}: profile: a profile can't rest on another; write its keys here")
    return data


def _over_profile(path: Path, stated: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a profile, with what is stated beside it over them."""
    settings = read_machine(path).model_dump(mode="json", exclude_unset=True)
    stages = {**settings.get("stages", {})}
    own = stated.get("stages")
    for name, block in own.items() if isinstance(own, dict) else ():
        both = isinstance(block, dict) and isinstance(stages.get(name), dict)
        stages[name] = {**stages[name], **block} if both else block
    return settings | stated | ({"stages": stages} if stages else {})


def checked(kind: type[AnyOptions], data: dict[str, Any], where: str) -> AnyOptions:
    """Check plain data against settings; `where` names it in the message of an InputError."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise InputError(f"{where}: {sentence(error, KINDS)}") from error
