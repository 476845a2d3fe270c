"""A hemisphere by itself: carved as often as its search needs, and no more."""

import numpy as np
import pytest

from epicarve.builder.carve import candidates
from epicarve.builder.library import bundled_crystal
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.tasks.build import build


@pytest.fixture
def cuts(monkeypatch):
    """Each cut that is balanced: its ions and how far they lie from the surface, as bytes."""
    from epicarve.builder.carve import cut

    balance, seen = cut.balance, []

    def counted(ions, **limits):
        table = np.column_stack([ions.positions_a, ions.signed_distance_a, ions.charges])
        seen.append((np.rint(1e3 * table).astype(np.int64)).tobytes())
        return balance(ions, **limits)

    monkeypatch.setattr(cut, "balance", counted)
    return seen


def hemisphere(**shape):
    shape = {"kind": "hemisphere", "hkl": [1, 0, 0], **shape}
    return build(parse_recipe({"crystal": {"name": "PbS"}, "shape": shape})).model


def test_a_hemisphere_of_a_size_is_balanced_once(cuts):
    hemisphere(diameter_nm=1.8)
    assert len(cuts) == 1


def test_no_size_is_balanced_twice_in_the_search_for_a_number_of_ions(cuts):
    model = hemisphere(atoms=120)
    assert abs(model.n_atoms - 120) <= 12
    assert len(cuts) == len(set(cuts))


def test_each_centre_is_balanced_once_in_the_search_for_the_best(cuts):
    model = hemisphere(diameter_nm=1.6, centre="best")
    assert len(model.report.centres.candidates) == len(candidates(bundled_crystal("PbS")))
    assert len(cuts) <= len(candidates(bundled_crystal("PbS")))
    assert len(cuts) == len(set(cuts))
