"""Recipes: what to build and compute, as YAML that is checked to the last key."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from epicarve.analysis.options import AnalysisOptions
from epicarve.builder.balancing.balance import BalanceOptions
from epicarve.builder.orderings import OrderingOptions
from epicarve.builder.shapes.kinds import KINDS, AnyShapeSpec, PartSpec
from epicarve.builder.shapes.spec import Finite, Indices, Length, refuse_whole_keys
from epicarve.builder.treatment import TreatmentOptions
from epicarve.dft.settings import Cp2kSettings, MachineSettings
from epicarve.dft.xtb import XtbSettings
from epicarve.errors import InputError
from epicarve.files import replaced_file, write_text
from epicarve.options import Options

from .geometry import relaxed_geometry

if TYPE_CHECKING:
    from collections.abc import Iterator

AnyOptions = TypeVar("AnyOptions", bound=Options)

SIZES = ("diameter_nm", "atoms", "formula_units")
"""Keys of a shape that set its size, of which it takes one."""


class CrystalSpec(Options):
    """A bundled crystal by name, or a CIF file.

    Parameters
    ----------
    name : str, optional
        Name of a bundled crystal.
    file : Path, optional
        A CIF file, relative to the recipe.
    oxidation_states : dict of str to int, optional
        Formal charge of each element; taken from the CIF or guessed if not given.
    orderings : OrderingOptions, optional
        That the sites of the file are shared by several elements, and how to order them.
    replace : dict of str to str
        Elements to put in the place of others, such as {Br: Cl}; cell and sites stay.
    """

    name: str | None = None
    file: Path | None = None
    oxidation_states: dict[str, int] | None = None
    orderings: OrderingOptions | None = None
    replace: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _name_or_file(self) -> Self:
        if (self.name is None) == (self.file is None):
            raise ValueError("give either name (of a bundled crystal) or file (a CIF)")
        if self.name is not None and self.oxidation_states is not None:
            raise ValueError("oxidation_states belong to a file; a bundled crystal has its own")
        if self.name is not None and self.orderings is not None:
            raise ValueError("orderings belong to a file; a bundled crystal is ordered")
        return self


class DomainSpec(Options):
    """One half of a heterostructure.

    Parameters
    ----------
    crystal : CrystalSpec
        What it consists of.
    shape : shape
        Its shape; one of its flat faces meets the other half: that of a hemisphere, a cut, or
        the one that the interface names.
    balance : BalanceOptions
        Tolerances of the optimisation.
    relaxed : Path, optional
        A file with the geometry of this very half relaxed elsewhere, or the folder of a run of
        it (see `only`), relative to the recipe; it is laid back by its interface cations.
    """

    crystal: CrystalSpec
    shape: AnyShapeSpec
    balance: BalanceOptions = BalanceOptions()
    relaxed: Path | None = None


class CoreSpec(Options):
    """A core of another crystal with the same structure and the same charges.

    Parameters
    ----------
    crystal : CrystalSpec
        What it consists of; what lies around it is the recipe's crystal.
    shape : shape
        Its shape about the centre of the particle, its size in nm.
    lattice : {"core", "shell"}
        Whose cell and sites both take.
    """

    crystal: CrystalSpec
    shape: PartSpec
    lattice: Literal["core", "shell"] = "core"

    @model_validator(mode="after")
    def _part_of_the_whole(self) -> Self:
        refuse_whole_keys(self.shape)
        return self


class BulkSpec(Options):
    """A crystal itself, relaxed by CP2K in its primitive cell.

    Parameters
    ----------
    variable_cell : bool
        Whether the cell relaxes with the ions.
    kpoint_spacing_per_a : float
        Largest distance of neighbouring k-points in 1/Å, with the factor 2π; the grid is the
        coarsest Monkhorst-Pack grid that is as dense and keeps the symmetry of the crystal.
    """

    variable_cell: bool = False
    kpoint_spacing_per_a: float = Field(default=0.3, gt=0, allow_inf_nan=False)


class SeriesSpec(Options):
    """Values to take in turn; every combination of them is one particle, or one bulk crystal.

    Parameters
    ----------
    crystal : tuple of str
        Names of bundled crystals.
    replace : tuple of dict of str to str
        Elements to put in the place of others; {} leaves the crystal as it is.
    ordering : tuple of int
        Ranks of orderings, for a file with shared sites.
    shape : tuple of shapes
        Whole shapes.
    diameter_nm, atoms, formula_units : tuple of numbers
        Sizes.
    """

    crystal: tuple[str, ...] = ()
    replace: tuple[dict[str, str], ...] = ()
    ordering: tuple[int, ...] = ()
    shape: tuple[AnyShapeSpec, ...] = ()
    diameter_nm: tuple[Length, ...] = ()
    atoms: tuple[int, ...] = ()
    formula_units: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _something_in_turn(self) -> Self:
        given = [key for key in type(self).model_fields if getattr(self, key)]
        if not given:
            raise ValueError(
                f"a series needs a list of values for one of {', '.join(type(self).model_fields)}"
            )
        sizes = [key for key in SIZES if key in given]
        if len(sizes) > 1:
            raise ValueError(f"{' and '.join(sizes)} both set the size; give one of them")
        return self


class InterfaceSpec(Options):
    """How the film lies on the substrate.

    Parameters
    ----------
    film_directions, substrate_directions : pair of tuples of int, optional
        Two lattice vectors [u, v, w] in each face; those of the film lie along those of the
        substrate and span the coincidence cell. Those of the best interface of both faces, as
        `epicarve interface` finds it, if not given.
    film_hkl, substrate_hkl : tuple of int, optional
        Miller indices of the faces that meet, along their outward normals; needed for a shape
        with several faces, such as a box.
    film_termination, substrate_termination : str, optional
        Formula of the outermost layer of each, if the shape does not tell it; the most natural
        cut if not given.
    registry_a : pair of float, optional
        From a lattice point of the substrate to one of the film, in Å along the substrate's
        first direction and across it; found if not given.
    gap_a : float, optional
        Distance in Å of the outermost layers of cations of both; found if not given.
    relax_halves : bool
        Whether `epicarve run` and `inputs` relax each half by itself before they are joined, as far
        as the engine relaxes at all. A half with `relaxed` is not relaxed again.
    """

    film_directions: tuple[Indices, Indices] | None = None
    substrate_directions: tuple[Indices, Indices] | None = None
    film_hkl: Indices | None = None
    substrate_hkl: Indices | None = None
    film_termination: str | None = None
    substrate_termination: str | None = None
    registry_a: tuple[Finite, Finite] | None = None
    gap_a: Length | None = None
    relax_halves: bool = True

    @model_validator(mode="before")
    @classmethod
    def _best(cls, data: Any) -> Any:
        return {} if data == "best" else data

    @model_validator(mode="after")
    def _directions_of_both(self) -> Self:
        if (self.film_directions is None) != (self.substrate_directions is None):
            raise ValueError("give film_directions and substrate_directions, or neither of them")
        if self.registry_a is not None and self.film_directions is None:
            raise ValueError("registry_a needs film_directions and substrate_directions beside it")
        return self


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
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
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
    except (yaml.YAMLError, UnicodeDecodeError) as error:
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
        raise InputError(f"{where}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    """Tell the first problem that pydantic found, as one sentence."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in KINDS)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        message = "missing; add it"
    elif first["type"] == "union_tag_not_found":
        message = f"kind is missing; add one of {', '.join(KINDS)}"
    elif first["type"] == "union_tag_invalid":
        message = f"kind {first['ctx']['tag']!r} is not known; use {first['ctx']['expected_tags']}"
    elif not message.startswith("unknown key") and not isinstance(first["input"], dict):
        message = f"{message} (got {first['input']!r})"
    return f"{place}: {message}" if place else message
