"""A model of the study with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .rows import NOT_GIVEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from .measured import Measured
    from .models import StudyModel
    from .rows import Cell
    from .run_results import RunResults


@dataclass(frozen=True)
class Subject:
    """A model of the study: ours, the published one, and results of both.

    Parameters
    ----------
    model : StudyModel
        The model.
    ours : Measured
        What is measured on ours.
    published : Measured or None
        What is measured on the published one; None without its file.
    our_results, published_results : RunResults or None
        Results of both, as far as they were given.
    """

    model: StudyModel
    ours: Measured
    published: Measured | None
    our_results: RunResults | None = None
    published_results: RunResults | None = None

    def cells(self, tell: Callable[[Measured], Cell]) -> tuple[Cell, Cell]:
        """Return what is told of the published model and of ours."""
        published = NOT_GIVEN if self.published is None else tell(self.published)
        return published, tell(self.ours)
