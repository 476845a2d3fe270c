"""Settings of an analysis: those of a recipe with those asked for, and groups of atoms by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import KnownAtoms, group_pairs, partitions_of
from epicarve.errors import InputError
from epicarve.workflow.recipes import checked

from .model_of_run import MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.builder.model import Model
    from epicarve.dft.orbitals import GroupPair


def options_with(
    options: AnalysisOptions | None, figures: Mapping[str, Any] | None = None, **asked: Any
) -> AnalysisOptions:
    """Return settings with those that were asked for beside them; None asks for nothing.

    Raises
    ------
    InputError
        If a setting is wrong.
    """
    settings = (options or AnalysisOptions()).model_dump()
    settings.update((name, value) for name, value in asked.items() if value is not None)
    if asked.get("broadening_ev") is not None:
        settings["energy_step_ev"] = min(settings["energy_step_ev"], asked["broadening_ev"] / 5.0)
    settings["figures"].update(figures or {})
    return checked(AnalysisOptions, settings, "settings of the analysis")


def labels_of(model: Model | None, options: AnalysisOptions, where: str) -> list[object] | None:
    """Return the labels that the atoms are to be grouped by, None if there are to be none.

    Parameters
    ----------
    model : Model or None
        The model whose column is named.
    options : AnalysisOptions
        Their `group_by` names it.
    where : str
        What to name in messages.

    Raises
    ------
    InputError
        If there is no model, or no such column.
    """
    name = options.group_by
    if not name:
        return None
    if model is None:
        raise InputError(
            f"{where}: there is no {MODEL} in it whose column {name!r} could group the atoms; "
            "add one, or leave group_by out"
        )
    columns = model.every_column
    if name not in columns:
        raise InputError(
            f"{where}: there is no column {name!r} to group by; there are {', '.join(columns)}"
        )
    values: list[object] = columns[name].tolist()
    return values


def requested_pairs(
    atoms: KnownAtoms, options: AnalysisOptions, labels: Sequence[object] | None
) -> tuple[GroupPair, ...]:
    """Return the pairs of groups of atoms that options ask for.

    Parameters
    ----------
    atoms : KnownAtoms
        The atoms, at the geometry of the states.
    options : AnalysisOptions
        Their `overlap_populations` name the pairs.
    labels : sequence or None
        Labels by which the atoms are grouped too.
    """
    if not options.overlap_populations:
        return ()
    return group_pairs(options.overlap_populations, partitions_of(atoms, options, labels))
