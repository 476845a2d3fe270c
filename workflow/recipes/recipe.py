"""Recipes: what to build and compute, as YAML that is checked to the last key."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import yaml
from pydantic import ValidationError, model_validator

from epicarve.analysis.options import AnalysisOptions
from epicarve.builder.carve import TreatmentOptions
from epicarve.builder.optimise import BalanceOptions
from epicarve.builder.shapes import KINDS, AnyShapeSpec
from epicarve.dft.settings import Cp2kSettings, MachineSettings
from epicarve.dft.xtb import XtbSettings
from epicarve.errors import InputError, require_kind
from epicarve.files import replaced_file, write_text
from epicarve.options import Options, sentence

from .geometry import relaxed_geometry
from .parts import SIZES, BulkSpec, CoreSpec, CrystalSpec, DomainSpec, InterfaceSpec, SeriesSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

AnyOptions = TypeVar("AnyOptions", bound=Options)


class Recipe(Options):
    """What to build, how to compute it and how to analyse it.

    Parameters
    ----------
    crystal, shape, balance
        A particle of one crystal.
    bulk
        A relaxation of the crystal itself, instead of a shape.
    core
        A core of another crystal in that particle.
    treatment
        A treatment of its surface.
    series
        Values to take in turn, for `epicarve series`.
    film, substrate, interface
        A heterostructure, instead of the three above.
    only : {"film", "substrate"}, optional
        Build that half of the heterostructure alone, ion for ion as it stands in it.
    engine : {"cp2k", "xtb"}
        What computes the states: CP2K, or the embedded GFN1-xTB for trying the tool.
    cp2k, xtb, machine, analysis
        Settings of the engines, of the machine that runs CP2K, and of the analysis.
    """

    crystal: CrystalSpec | None = None
    shape: AnyShapeSpec | None = None
    balance: BalanceOptions = BalanceOptions()
    core: CoreSpec | None = None
    treatment: TreatmentOptions | None = None
    bulk: BulkSpec | None = None
    series: SeriesSpec | None = None
    film: DomainSpec | None = None
    substrate: DomainSpec | None = None
    interface: InterfaceSpec | None = None
    only: Literal["film", "substrate"] | None = None
    engine: Literal["cp2k", "xtb"] = "cp2k"
    cp2k: Cp2kSettings = Cp2kSettings()
    xtb: XtbSettings = XtbSettings()
    machine: MachineSettings = MachineSettings()
    analysis: AnalysisOptions = AnalysisOptions()

    @model_validator(mode="after")
    def _bulk_alone(self) -> Self:
        if self.bulk is None:
            return self
        if self.crystal is None:
            raise ValueError("bulk: needs crystal: beside it")
        particle_only = {"shape", "balance", "core", "treatment", "analysis", "xtb"}
        halves = {"film", "substrate", "interface", "only"}
        extra = [
            key
            for key in type(self).model_fields
            if key in self.model_fields_set & (particle_only | halves)
        ]
        if extra:
            raise ValueError(f"{' and '.join(extra)} can't stand beside bulk; leave it out")
        for key in ("shape", *SIZES):
            if self.series is not None and key in self.series.model_fields_set:
                raise ValueError(f"series.{key} is for particles, not for bulk; leave it out")
        if self.engine != "cp2k":
            raise ValueError("bulk: crystals are relaxed by CP2K alone; leave engine out")
        if self.cp2k.relax is None or not self.cp2k.relax.must_converge:
            raise ValueError("bulk: is a relaxation that has to converge; mend cp2k.relax")
        finite_only = [k for k in ("vacuum_a", "prerelax") if k in self.cp2k.model_fields_set]
        if finite_only:
            raise ValueError(f"cp2k.{finite_only[0]} has no meaning for bulk; leave it out")
        return self

    @model_validator(mode="after")
    def _one_crystal_or_two(self) -> Self:
        if self.bulk is not None:
            return self
        single = {"crystal": self.crystal, "shape": self.shape}
        double = {"film": self.film, "substrate": self.substrate, "interface": self.interface}
        wanted = double if any(value is not None for value in double.values()) else single
        unwanted = single if wanted is double else double
        missing = [key for key, value in wanted.items() if value is None]
        extra = [key for key, value in unwanted.items() if value is not None]
        if wanted is double:
            single_only = ("balance", "core", "treatment", "series")
            extra += [key for key in single_only if key in self.model_fields_set]
        if missing:
            raise ValueError(f"{' and '.join(missing)} missing beside {_rest(wanted, missing)}")
        if extra:
            raise ValueError(
                f"{' and '.join(extra)} can't stand beside film, substrate and interface; "
                "put it under film or substrate, or leave it out"
            )
        if self.only is not None and wanted is single:
            raise ValueError("only: names a half of a heterostructure; add film and substrate")
        relaxed = [d for d in (self.film, self.substrate) if d is not None and d.relaxed]
        if self.only is not None and relaxed:
            raise ValueError("only: gives an unrelaxed half; take relaxed: out, or only:")
        if self.core is not None and self.treatment is not None:
            raise ValueError("treatment can't stand beside core; leave one of them out")
        return self

    @classmethod
    def read(cls, path: Path | str) -> Recipe:
        """Read and check a recipe; CIF files in it are relative to its folder.

        Parameters
        ----------
        path : Path or str
            A YAML file.

        Raises
        ------
        InputError
            If the file can't be read, is not YAML, or a key or value is wrong; one sentence.
        """
        return read_recipe(Path(path))

    def as_dict(self) -> dict[str, Any]:
        """Return what the recipe sets, without defaults, as plain data."""
        return self.model_dump(mode="json", exclude_unset=True)


def _rest(wanted: dict[str, Any], missing: list[str]) -> str:
    there = [key for key in wanted if key not in missing]
    return (
        " and ".join(there) if there else "nothing; a recipe needs a crystal and a shape, or bulk"
    )


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        merge = "tag:yaml.org,2002:merge"
        own = [key for key, _ in node.value if key.tag != merge]
        keys = [self.construct_object(key, deep=True) for key in own]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise yaml.YAMLError(f"key {key!r} is given twice in the block at line {line}")
        return super().construct_mapping(node, deep)


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    path : Path
        A YAML file. CIF files in it are relative to its folder.

    Returns
    -------
    Recipe
        The recipe, with the paths of CIF files made to start where the recipe lies.

    Raises
    ------
    InputError
        If the file can't be read, is not YAML, or a key or value is wrong; one sentence.
    """
    path = Path(path)
    data = read_yaml(path, "it needs at least crystal: and shape:")
    for _, holder, key in named_files(data):
        holder[key] = path.parent / holder[key]
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


def write_recipe(recipe: Recipe, folder: Path) -> None:
    """Write a recipe as recipe.yaml, with the files that it names in a folder beside it.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    folder : Path
        Where to write; it can be moved or copied as a whole.

    Raises
    ------
    InputError
        If a file that the recipe names can't be read.
    """
    data = recipe.as_dict()
    for part, holder, key in named_files(data):
        source = relaxed_geometry(Path(holder[key]))
        holder[key] = f"files/{part}/{source.name}"
        with replaced_file(folder / holder[key]) as copy:
            shutil.copyfile(source, copy)
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    write_text(folder / "recipe.yaml", text)


def named_files(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the files that a recipe as plain data names: in which part, in which block, its key."""
    for part in ("crystal", "core", "film", "substrate"):
        block = data.get(part)
        if not isinstance(block, dict):
            continue
        crystal = block if part == "crystal" else block.get("crystal")
        for holder, key in ((crystal, "file"), (block, "relaxed")):
            if isinstance(holder, dict) and isinstance(holder.get(key), str):
                yield part, holder, key


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
    """Check a recipe given as plain data; `where` names it in the message of an InputError."""
    return checked(Recipe, data, where)


def checked(kind: type[AnyOptions], data: dict[str, Any], where: str) -> AnyOptions:
    """Check plain data against settings; `where` names it in the message of an InputError."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise InputError(f"{where}: {sentence(error, KINDS)}") from error
