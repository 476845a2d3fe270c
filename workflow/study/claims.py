"""All claims of the study, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .interface_claims import interface_claims
from .state_claims import state_claims
from .structure_claims import structure_claims

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rows import Claim
    from .subjects import Subject


def claims_of(subjects: Sequence[Subject]) -> tuple[Claim, ...]:
    """Return what the study claims, what its published models show, and what ours do.

    Parameters
    ----------
    subjects : sequence of Subject
        The models.
    """
    return (*structure_claims(subjects), *interface_claims(subjects), *state_claims(subjects))
