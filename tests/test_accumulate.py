"""Products added in place, against numpy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epicarve.dft.matrix_root import add_product

ORDERS = st.sampled_from("CF")
SIZES = st.integers(0, 9)


def matrix(rng, shape, order):
    """A part of a larger matrix."""
    larger = np.array(rng.normal(size=(shape[0] + 3, shape[1] + 2)), order=order)
    return larger[2 : 2 + shape[0], 1 : 1 + shape[1]]


@given(SIZES, SIZES, SIZES, st.tuples(ORDERS, ORDERS, ORDERS), st.floats(-3.0, 3.0))
def test_any_layout_gives_the_product(m, n, k, orders, factor):
    rng = np.random.default_rng(0)
    shapes = ((m, n), (m, k), (k, n))
    target, left, right = (matrix(rng, *one) for one in zip(shapes, orders, strict=True))
    around = target.base.copy()
    expected = target + factor * (left @ right)
    add_product(target, factor, left, right)
    np.testing.assert_allclose(target, expected, atol=1e-12)
    around[2 : 2 + m, 1 : 1 + n] = target
    np.testing.assert_array_equal(target.base, around)  # nothing beside it has changed


@pytest.mark.parametrize(
    ("target", "left", "told"),
    [
        (np.zeros((2, 2)), np.ones((2, 3)), "is not"),
        (np.zeros((3, 2)), np.ones((2, 2)), "is not"),
        (np.zeros((4, 4))[::2, ::2], np.ones((2, 2)), "contiguous"),
        (np.zeros((2, 2), dtype=np.float32), np.ones((2, 2)), "float32"),
    ],
)
def test_what_does_not_fit_is_refused(target, left, told):
    with pytest.raises(ValueError, match=told):
        add_product(target, 1.0, left, np.ones((2, 2)))
