"""What the blocks of a recipe may say: crystal, structure, domain, core, bulk, interface."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from epicarve.builder.cif import whole_charges
from epicarve.builder.crystal import Direction, Indices
from epicarve.builder.optimise import BalanceOptions
from epicarve.builder.orderings import OrderingOptions
from epicarve.builder.shapes import AnyShapeSpec, Finite, Length, PartSpec, refuse_whole_keys
from epicarve.dft.settings import KPOINT_SPACING_PER_A
from epicarve.options import Options

Shift = Annotated[Finite, Field(ge=-1000.0, le=1000.0)]
Gap = Annotated[Length, Field(le=100.0)]


def _whole(data: Any) -> Any:
    """Refuse charges that are no whole numbers, in the words of files."""
    if isinstance(data, dict):
        numbers = {k: v for k, v in data.items() if isinstance(v, int | float)}
        whole_charges("crystal", numbers)
    return data


Charges = Annotated[dict[str, int], BeforeValidator(_whole)]

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
        Formal charges by element or by site label, such as {Fe1: 3, Fe2: 2, O: -2}; taken from the
        CIF or guessed if not given.
    block : str or int, optional
        Name of the data block of the file, or its number among those with atom sites, from 1.
    full_occupancy : bool
        Whether sites of the file occupied to 0.9 or more are taken as full.
    orderings : OrderingOptions, optional
        That the sites of the file are shared by several elements, and how to order them.
    replace : dict of str to str
        Elements to put in the place of others, such as {Br: Cl}; cell and sites stay. Sites that
        both share become those of the new one.
    """

    lone_word: ClassVar[str] = "write {name: PbS} for a bundled crystal, {file: my.cif} for a CIF"
    other_words: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("cif", "path", "structure"), "file"),
        **dict.fromkeys(("formula", "material", "compound"), "name"),
        **dict.fromkeys(("charges", "oxidation"), "oxidation_states"),
    }

    name: str | None = None
    file: Path | None = None
    oxidation_states: Charges | None = None
    block: str | int | None = None
    full_occupancy: bool = False
    orderings: OrderingOptions | None = None
    replace: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _name_or_file(self) -> Self:
        if (self.name is None) == (self.file is None):
            raise ValueError("give either name (of a bundled crystal) or file (a CIF)")
        if self.name is not None and self.oxidation_states is not None:
            raise ValueError("oxidation_states belong to a file; a bundled crystal has its own")
        for key in ("block", "full_occupancy"):
            if self.name is not None and key in self.model_fields_set:
                raise ValueError(f"{key} is for a file; leave it out beside name")
        if self.name is not None and self.orderings is not None:
            raise ValueError("orderings belong to a file; a bundled crystal is ordered")
        return self


class StructureSpec(Options):
    """A cluster whose coordinates are given; a path alone stands for its file.

    Parameters
    ----------
    file : Path
        A file of coordinates that ASE reads, relative to the recipe; its last geometry counts.
    oxidation_states : dict of str to int, optional
        Formal charges by element, such as {Pb: 2, S: -2}; those of a column formal_charge, those of
        the crystal, or guessed if not given.
    crystals : tuple of CrystalSpec
        What it consists of: names of bundled crystals, CIF files, or blocks as those of `crystal`.
        Which ions belong to which of several is found as `epicarve identify` does. May be empty.
    charge : int, optional
        Net charge in e that the formal charges have to sum to; 0 if not given.
    """

    file: Path
    oxidation_states: Charges | None = None
    crystals: tuple[CrystalSpec, ...] = ()
    charge: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _file_alone(cls, data: Any) -> Any:
        if isinstance(data, str | Path):
            return {"file": data}
        if isinstance(data, dict) and isinstance(data.get("crystals"), list | tuple):
            return {**data, "crystals": [_named_or_file(each) for each in data["crystals"]]}
        return data


def _named_or_file(crystal: Any) -> Any:
    """Return the block of a crystal of which only the name or the file is given."""
    if not isinstance(crystal, str | Path):
        return crystal
    return {"file" if str(crystal).lower().endswith(".cif") else "name": crystal}


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
    kpoint_spacing_per_a: float = Field(default=KPOINT_SPACING_PER_A, gt=0, allow_inf_nan=False)


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
    diameter_nm : tuple of float
        Diameters in nm.
    atoms : tuple of int
        Numbers of ions.
    formula_units : tuple of int
        Numbers of formula units.
    """

    other_words: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("radius", "radius_nm"), "diameter_nm, twice the radius"),
        **dict.fromkeys(("size", "sizes", "diameter"), "diameter_nm, in nm"),
    }

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


def filled_from(series: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe as plain data, with the first values of its series where it has none.

    Examples
    --------
    >>> filled_from({"diameter_nm": [2, 3]}, {"shape": {"kind": "sphere"}})
    {'shape': {'kind': 'sphere', 'diameter_nm': 2}}
    """
    first = {
        key: values[0] for key, values in series.items() if isinstance(values, list) and values
    }
    size = {key: first[key] for key in SIZES if key in first}

    def sized(shape: Any) -> Any:
        known = not isinstance(shape, dict) or any(key in shape for key in SIZES)
        return shape if known else shape | size

    filled = dict(recipe)
    if "crystal" in first:
        filled.setdefault("crystal", {"name": first["crystal"]})
    if "shape" in first:
        filled.setdefault("shape", first["shape"])
        filled["series"] = {**series, "shape": [sized(shape) for shape in series["shape"]]}
    if "shape" in filled:
        filled["shape"] = sized(filled["shape"])
    return filled


class InterfaceSpec(Options):
    """How the film lies on the substrate.

    Parameters
    ----------
    film_directions, substrate_directions : pair of tuples of float, optional
        Two lattice vectors [u, v, w] in each face, with halves and thirds where the cell is
        centred; those of the film lie along those of the substrate and span the coincidence cell.
        Those of the best interface of both faces, as `epicarve interface` finds it, if not given.
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

    film_directions: tuple[Direction, Direction] | None = None
    substrate_directions: tuple[Direction, Direction] | None = None
    film_hkl: Indices | None = None
    substrate_hkl: Indices | None = None
    film_termination: str | None = None
    substrate_termination: str | None = None
    registry_a: tuple[Shift, Shift] | None = None
    gap_a: Gap | None = None
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
