"""The kinds of recipes: a particle, a heterostructure, a given structure, a bulk crystal."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from epicarve.analysis.options import AnalysisOptions
from epicarve.builder.optimise import BalanceOptions, TreatmentOptions
from epicarve.builder.placing import LigandOptions
from epicarve.builder.shapes import AnyShapeSpec
from epicarve.dft.settings import Cp2kSettings, MachineSettings
from epicarve.dft.xtb import XtbSettings
from epicarve.options import Options

from .blocks import (
    SIZES,
    BulkSpec,
    CoreSpec,
    CrystalSpec,
    DomainSpec,
    InterfaceSpec,
    SeriesSpec,
    StructureSpec,
    filled_from,
)

KEYS = (
    *("crystal", "shape", "balance", "core", "treatment", "ligands"),
    *("structure", "bulk", "series"),
    *("film", "substrate", "interface", "only"),
    *("engine", "cp2k", "xtb", "machine", "analysis"),
)
"""Keys of recipes of any kind, in the order in which they are written."""


class Recipe(Options):
    """What to compute, and how: what recipes of all kinds have in common.

    Parameters
    ----------
    engine : {"cp2k", "xtb"}
        What computes: CP2K, or the embedded GFN1-xTB for trying the tool.
    cp2k
        Settings of CP2K.
    machine
        The machine that runs it, and what its jobs ask for.
    """

    engine: Literal["cp2k", "xtb"] = "cp2k"
    cp2k: Cp2kSettings = Cp2kSettings()
    machine: MachineSettings = MachineSettings()

    kept_apart: ClassVar[str] = (
        "are of one kind of recipe; give the keys to epicarve.build or run, or Recipe.read a file"
    )
    """Ends the sentence that refuses a key of another kind of recipe."""

    @model_validator(mode="before")
    @classmethod
    def _keys_of_one_kind(cls, data: Any) -> Any:
        """Refuse keys of other kinds of recipes, and say what is missing beside what is there."""
        if not isinstance(data, dict) or not set(data) <= set(KEYS):
            return data  # refused with a suggestion
        others = [key for key in KEYS if key not in cls.model_fields]
        foreign = [key for key in others if data.get(key) is not None]
        if foreign:
            raise ValueError(f"{' and '.join(foreign)} {cls.kept_apart}")
        needed = [key for key, field in cls.model_fields.items() if field.is_required()]
        missing = [key for key in needed if data.get(key) is None]
        if missing:
            there = " and ".join(key for key in needed if key not in missing)
            nothing = "nothing; a recipe needs a crystal and a shape, a structure, or bulk"
            raise ValueError(f"{' and '.join(missing)} missing beside {there or nothing}")
        return {key: value for key, value in data.items() if key not in others}

    @classmethod
    def read(cls, path: Path | str) -> Recipe:
        """Read and check a recipe; CIF files in it are relative to its folder.

        Parameters
        ----------
        path : Path or str
            A YAML file.

        Returns
        -------
        Recipe
            A `ParticleRecipe`, `HeterostructureRecipe`, `StructureRecipe` or `BulkRecipe`.

        Raises
        ------
        InputError
            If the file can't be read, is not YAML, or a key or value is wrong; one sentence.
        """
        from .read import read_recipe  # noqa: PLC0415  (it makes recipes)

        return read_recipe(Path(path))

    def as_dict(self) -> dict[str, Any]:
        """Return what the recipe sets, without defaults, as plain data."""
        data = self.model_dump(mode="json", exclude_unset=True)
        return {key: data[key] for key in KEYS if key in data}


class ModelRecipe(Recipe):
    """A model that is built, computed and analysed.

    Parameters
    ----------
    xtb
        Settings of the embedded engine.
    analysis
        Thresholds, groups and figures of the analysis.
    """

    xtb: XtbSettings = XtbSettings()
    analysis: AnalysisOptions = AnalysisOptions()

    @model_validator(mode="after")
    def _orbitals_for_the_analysis(self) -> Self:
        if told := self.lacking_for_analysis:
            raise ValueError(told)
        return self

    @property
    def lacking_for_analysis(self) -> str:
        """Why what the analysis is asked for can't be had, empty if it can."""
        asked = self.analysis.of_orbitals
        if not asked:
            return ""
        name = f"analysis.{asked[0]}"
        if self.engine == "xtb":
            return (
                f"{name} takes the orbitals of CP2K, and the engine xtb leaves none; leave it out, "
                "or take the engine cp2k"
            )
        if self.cp2k.smearing_k is not None and asked != ("bands",):
            return f"{name} takes full and empty states; leave it or cp2k.smearing_k out"
        if self.analysis.spin_orbit and self.cp2k.multiplicity is not None:
            return f"{name} is for closed shells; leave it or cp2k.multiplicity out"
        return ""


class SeriesRecipe(Recipe):
    """A recipe that can stand for several.

    Parameters
    ----------
    series : optional
        Values to take in turn, for `epicarve series` and `epicarve campaign`.
    """

    series: SeriesSpec | None = None

    @model_validator(mode="before")
    @classmethod
    def _first_of_series(cls, data: Any) -> Any:
        """Let what the series gives be left out elsewhere: its first values stand there."""
        of_particles = isinstance(data, dict) and data.get("bulk") is None
        series = data.get("series") if of_particles else None
        return filled_from(series, data) if isinstance(series, dict) else data


class ParticleRecipe(ModelRecipe, SeriesRecipe):
    """A particle of one crystal.

    Parameters
    ----------
    crystal
        The crystal that is carved.
    shape
        The shape and size of the particle.
    balance
        What the cut must satisfy, and what may be done to reach it.
    core : optional
        A core of another crystal.
    treatment : optional
        A treatment of its surface.
    ligands : optional
        Ligands on its surface.
    """

    crystal: CrystalSpec
    shape: AnyShapeSpec
    balance: BalanceOptions = BalanceOptions()
    core: CoreSpec | None = None
    treatment: TreatmentOptions | None = None
    ligands: LigandOptions | None = None

    kept_apart: ClassVar[str] = "names a half of a heterostructure; add film and substrate"

    @model_validator(mode="after")
    def _core_or_treatment(self) -> Self:
        if self.core is not None and self.treatment is not None:
            raise ValueError("treatment can't stand beside core; leave one of them out")
        return self


class HeterostructureRecipe(ModelRecipe):
    """Two particles of different crystals, joined at an interface.

    Parameters
    ----------
    film
        The half that lies on the substrate.
    substrate
        The half on which the film lies.
    interface
        How the film lies on the substrate; ``best`` for the interface that ranks first.
    only : {"film", "substrate"}, optional
        Build that half alone, ion for ion as it stands in the whole.
    """

    film: DomainSpec
    substrate: DomainSpec
    interface: InterfaceSpec
    only: Literal["film", "substrate"] | None = None

    kept_apart: ClassVar[str] = (
        "can't stand beside film, substrate and interface; put it under film or substrate, or "
        "leave it out"
    )

    @model_validator(mode="after")
    def _whole_or_unrelaxed(self) -> Self:
        if self.only is not None and (self.film.relaxed or self.substrate.relaxed):
            raise ValueError("only: gives an unrelaxed half; take relaxed: out, or only:")
        return self


class StructureRecipe(ModelRecipe):
    """A cluster whose coordinates are given.

    Parameters
    ----------
    structure
        The coordinates, and what they consist of.
    """

    structure: StructureSpec

    kept_apart: ClassVar[str] = (
        "can't stand beside structure, whose ions are those of its file; leave it out"
    )


class BulkRecipe(SeriesRecipe):
    """A crystal itself, relaxed by CP2K.

    Parameters
    ----------
    crystal
        The crystal that is relaxed.
    bulk
        How its cell is relaxed.
    """

    crystal: CrystalSpec
    bulk: BulkSpec

    kept_apart: ClassVar[str] = "can't stand beside bulk; leave it out"

    @model_validator(mode="after")
    def _bulk_alone(self) -> Self:
        for key in ("shape", *SIZES):
            if self.series is not None and key in self.series.model_fields_set:
                raise ValueError(f"series.{key} is for particles, not for bulk; leave it out")
        if self.engine != "cp2k":
            raise ValueError("bulk: crystals are relaxed by CP2K alone; leave engine out")
        if self.cp2k.relax is None or not self.cp2k.relax.must_converge:
            raise ValueError("bulk: is a relaxation that has to converge; mend cp2k.relax")
        finite_only = [
            k for k in ("vacuum_a", "relax_ligands", "prerelax") if k in self.cp2k.model_fields_set
        ]
        if finite_only:
            raise ValueError(f"cp2k.{finite_only[0]} has no meaning for bulk; leave it out")
        return self


def is_series(recipe: Recipe) -> bool:
    """Whether a recipe stands for several."""
    return isinstance(recipe, SeriesRecipe) and recipe.series is not None


def kind_of_recipe(data: dict[str, Any]) -> type[Recipe]:
    """Return the kind of recipe that has the keys of plain data.

    Examples
    --------
    >>> kind_of_recipe({"crystal": {"name": "PbS"}, "bulk": {}}).__name__
    'BulkRecipe'
    """
    if data.get("bulk") is not None:
        return BulkRecipe
    if any(data.get(key) is not None for key in ("film", "substrate", "interface")):
        return HeterostructureRecipe
    if data.get("structure") is not None:
        return StructureRecipe
    return ParticleRecipe
