"""The models of the study: how ours are built, and the files of those that were published."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = files("epicarve.examples")

PUBLISHED_IN = "https://github.com/nlesc-nano/Quantum-Dots-Models-Library-for-DFT-Simulations"
"""Where the study's group published its relaxed models (MIT licence)."""

ENDING = "_OPT"
"""How names of published files end."""


@dataclass(frozen=True)
class StudyModel:
    """A model of the study.

    Parameters
    ----------
    name : str
        Name of our model, under which results of it are given.
    told : str
        What it is.
    recipe : mapping
        The recipe that builds ours.
    made_by : str
        That recipe in words.
    file : str
        Name of the published file.
    """

    name: str
    told: str
    recipe: Mapping[str, Any]
    made_by: str
    file: str

    @property
    def published_name(self) -> str:
        """Name of the published model, under which results of it are given."""
        return self.file.rpartition(".")[0].removesuffix(ENDING)


def study_models() -> tuple[StudyModel, ...]:
    """Return the models of the study.

    Examples
    --------
    >>> [(one.name, one.published_name) for one in study_models()][:2]
    [('pb3s2cl2-sphere', 'pb3s2cl2_4nm'), ('pb4s3cl2-sphere', 'pb4s3cl2_4nm')]
    """
    sphere, cube = "pb3s2cl2-sphere", "pb4s3cl2-cspbcl3-cube"
    return (
        _of_example(sphere, "Pb3S2Cl2 sphere", "pb3s2cl2_4nm"),
        _of_example(sphere, "Pb4S3Cl2 sphere", "pb4s3cl2_4nm", crystal="Pb4S3Cl2"),
        _of_example(sphere, "Pb4S3Br2 sphere", "pb4s3br2_4nm", crystal="Pb4S3Br2"),
        _of_example("pb4s3cl2-hemisphere", "Pb4S3Cl2 hemisphere", "half_pb4s3cl2"),
        _of_example(cube, "Pb4S3Cl2 on CsPbCl3", "cspbcl3_pb4s3cl2"),
        _of_example(cube, "Pb4S3Br2 on CsPbCl3", "cspbcl3_pb4s3br2", film="Pb4S3Br2"),
    )


def _of_example(example: str, told: str, file: str, **crystals: str) -> StudyModel:
    """Return a model by an example, if need be with another crystal in a place."""
    text = (EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8")
    recipe: dict[str, Any] = deepcopy(yaml.safe_load(text))
    name, made_by = example, f"examples/{example}.yaml"
    for place, crystal in crystals.items():
        holder = recipe if place == "crystal" else recipe[place]
        before = str(holder["crystal"]["name"])
        holder["crystal"] = {"name": crystal}
        name = name.replace(before.lower(), crystal.lower())
        made_by += f" with {crystal} for {before}"
    return StudyModel(name, told, recipe, made_by, f"{file}{ENDING}.xyz")
