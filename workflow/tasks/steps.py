"""What has to be done for a recipe, in which order: a directed graph of steps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from epicarve.dft.settings import JOIN, periodic_stages, stages
from epicarve.workflow.recipes import BulkRecipe, HeterostructureRecipe

if TYPE_CHECKING:
    import networkx as nx

    from epicarve.dft.settings import Stage
    from epicarve.workflow.recipes import Recipe

Engine = Literal["cp2k", "xtb"]

HALVES = ("film", "substrate")
"""Keys of the halves in a recipe, and the folders in which they are relaxed before joining."""


@dataclass(frozen=True)
class Step:
    """One step of a calculation.

    Parameters
    ----------
    part : {"", "film", "substrate"}
        The model it works on, the whole or a half, which is also the folder it works in.
    task : {"cp2k", "relax", "join", "states", "analyse", "crystal"}
        A run of CP2K; a relaxation or the states by the embedded engine; joining the relaxed
        halves; the analysis; the relaxed crystal as a file.
    stage : Stage or None
        The run of CP2K, or joining by its job script.
    """

    part: str
    task: Literal["cp2k", "relax", "join", "states", "analyse", "crystal"]
    stage: Stage | None = None

    @property
    def name(self) -> str:
        """Name of the step, such as ``"film/2-relax"``."""
        own = self.stage.folder if self.stage is not None else self.task
        return f"{self.part}/{own}" if self.part else own


def step_graph(recipe: Recipe, engine: Engine, *, with_ligands: bool = False) -> nx.DiGraph:
    """Return the steps of a recipe after its model is built, and which has to wait for which.

    Parameters
    ----------
    recipe : Recipe
        The recipe; without a series.
    engine : {"cp2k", "xtb"}
        What computes.
    with_ligands : bool
        Whether its model has ligands.

    Returns
    -------
    networkx.DiGraph
        Its nodes are the names of the steps, each with a `Step` as the attribute ``step``; they
        stand in an order in which they can be done one after the other.

    Examples
    --------
    >>> from epicarve.workflow.recipes import parse_recipe
    >>> asked = {"crystal": {"name": "PbS"}, "shape": {"kind": "sphere", "diameter_nm": 2}}
    >>> list(step_graph(parse_recipe(asked), "cp2k"))
    ['1-prerelax', '2-relax', '3-ground-state', '4-states', 'analyse']
    """
    import networkx as nx  # noqa: PLC0415  (few commands need it)

    graph = nx.DiGraph()
    if isinstance(recipe, BulkRecipe):
        relaxations = [Step("", "cp2k", stage) for stage in periodic_stages(recipe.cp2k.relax)]
        _add_line(graph, [*relaxations, Step("", "crystal")])
        return graph
    ends = [_add_line(graph, _half_steps(recipe, engine, half)) for half in halves(recipe, engine)]
    begin = []
    if ends:
        begin = [Step("", "join", JOIN if engine == "cp2k" else None)]
    if engine == "cp2k":
        chain = stages(recipe.cp2k, with_ligands=with_ligands)
        begin += [Step("", "cp2k", stage) for stage in chain]
    else:
        begin += [Step("", "relax"), Step("", "states")]
    _add_line(graph, [*begin, Step("", "analyse")])
    graph.add_edges_from((end, begin[0].name) for end in ends)
    return graph


def halves(recipe: Recipe, engine: Engine) -> tuple[str, ...]:
    """Return which halves of a recipe are relaxed by themselves before they are joined."""
    if not isinstance(recipe, HeterostructureRecipe):
        return ()
    if not recipe.interface.relax_halves or recipe.only is not None:
        return ()
    return tuple(
        half
        for half in HALVES
        if getattr(recipe, half).relaxed is None and _half_steps(recipe, engine, half)
    )


def half_recipe(recipe: Recipe, half: str) -> Recipe:
    """Return the recipe of one half alone."""
    return recipe.model_copy(update={"only": half})


def _half_steps(recipe: Recipe, engine: Engine, half: str) -> list[Step]:
    if engine == "xtb":
        return [Step(half, "relax")]
    return [Step(half, "cp2k", stage) for stage in stages(recipe.cp2k) if stage.relaxation]


def _add_line(graph: nx.DiGraph, steps: list[Step]) -> str:
    """Add steps that follow each other, and return the name of the last one."""
    for step in steps:
        graph.add_node(step.name, step=step)
    graph.add_edges_from((one.name, other.name) for one, other in pairwise(steps))
    return steps[-1].name
