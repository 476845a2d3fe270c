import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epicarve.builder.interfaces import (
    Stack,
    contact_gap_a,
    nearest_squared_a2,
    reduced_lattice_a,
    registry_grid_a,
    tightest_contact,
)
from epicarve.errors import InputError

LIMITS = {
    frozenset({"Pb"}): 3.6,
    frozenset({"Cl"}): 3.9,
    frozenset({"Cs"}): 5.6,
    frozenset({"Pb", "Cl"}): 2.8,
    frozenset({"Cs", "Cl"}): 3.9,
    frozenset({"Pb", "Cs"}): 4.8,
}
CHARGES = {"Pb": 2, "Cl": -1, "Cs": 1}

lattices = st.builds(
    lambda a, b, skew: np.array([[a, 0.0], [skew, b]]),
    st.floats(3.0, 9.0),
    st.floats(3.0, 9.0),
    st.floats(-20.0, 20.0),
)


def stack(lattice, symbols, points):
    charges = np.array([CHARGES[symbol] for symbol in symbols])
    return Stack(lattice, np.array(symbols), charges, points, np.arange(len(points)))


@st.composite
def sides(draw):
    """A film with heights above 0 and a substrate below it, of some ions each."""
    lattice = draw(lattices)
    found = []
    for low, high in ((0.0, 8.0), (-8.0, 0.0)):
        n = draw(st.integers(1, 6))
        parts = draw(arrays(float, (n, 2), elements=st.floats(-1, 1)))
        heights = draw(arrays(float, n, elements=st.floats(low, high)))
        symbols = draw(st.lists(st.sampled_from(sorted(CHARGES)), min_size=n, max_size=n))
        found.append(stack(lattice, symbols, np.column_stack([parts @ lattice, heights])))
    return found


def all_distances(film, substrate, shift, gap):
    """Fractions of the bulk contact over a patch of images, by plain sums."""
    steps = np.arange(-14, 15)
    cells = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    images = cells @ film.lattice_a
    found = []
    for one, here in zip(film.symbols.tolist(), film.positions_a, strict=True):
        for other, there in zip(substrate.symbols.tolist(), substrate.positions_a, strict=True):
            step = here - there + [*shift, gap]
            flat = np.linalg.norm(images + step[:2], axis=1)
            found.append(np.hypot(flat, step[2]).min() / LIMITS[frozenset((one, other))])
    return np.array(found)


@settings(max_examples=60, deadline=None)
@given(lattice=lattices, part=arrays(float, 2, elements=st.floats(-3, 3)))
def test_nearest_image_is_the_nearest_of_a_patch(lattice, part):
    steps = np.arange(-30, 31)
    cells = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    reduced = reduced_lattice_a(lattice)
    assert abs(np.linalg.det(reduced)) == pytest.approx(abs(np.linalg.det(lattice)))
    change = reduced @ np.linalg.inv(lattice)
    np.testing.assert_allclose(change, np.rint(change), atol=1e-8)
    expected = ((cells @ reduced + part @ lattice) ** 2).sum(axis=1).min()
    assert nearest_squared_a2(part @ lattice, lattice) == pytest.approx(expected, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(both=sides(), part=arrays(float, 2, elements=st.floats(-1, 1)), fraction=st.floats(0.7, 1))
def test_gap_is_where_a_film_from_above_is_stopped(both, part, fraction):
    film, substrate = both
    shift = part @ film.lattice_a
    gap = float(contact_gap_a(film, substrate, LIMITS, shift, fraction))
    if gap == -np.inf:
        for height in np.linspace(-20.0, 20.0, 41):
            assert all_distances(film, substrate, shift, height).min() >= fraction
        return
    touching = all_distances(film, substrate, shift, gap).min()
    assert touching == pytest.approx(fraction, abs=1e-9)
    for height in np.linspace(0.01, 20.0, 60):
        assert all_distances(film, substrate, shift, gap + height).min() >= fraction - 1e-9
    contact = tightest_contact(film, substrate, LIMITS, shift, gap)
    assert contact.fraction_of_bulk == pytest.approx(fraction, abs=1e-9)
    pair = frozenset((contact.film, contact.substrate))
    assert contact.distance_a == pytest.approx(fraction * LIMITS[pair], abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(both=sides())
def test_grid_equals_one_registry_after_the_other(both):
    film, substrate = both
    grid = registry_grid_a(film.lattice_a, (5, 7))
    gaps = contact_gap_a(film, substrate, LIMITS, grid)
    assert gaps.shape == (5, 7)
    for i, j in ((0, 0), (2, 3), (4, 6)):
        assert gaps[i, j] == contact_gap_a(film, substrate, LIMITS, grid[i, j])
    moved = grid + np.array([2, -1]) @ film.lattice_a
    np.testing.assert_allclose(contact_gap_a(film, substrate, LIMITS, moved), gaps, atol=1e-6)


def test_blocks_of_registries_join(monkeypatch):
    lattice = np.diag([5.6, 5.6])
    net = stack(lattice, ["Cs", "Cl"], np.array([[0.0, 0.0, 0.0], [2.8, 2.8, 0.0]]))
    grid = registry_grid_a(lattice, (12, 12))
    whole = contact_gap_a(net, net, LIMITS, grid)
    monkeypatch.setattr("epicarve.builder.interfaces.contacts.BLOCK_DISTANCES", 200)
    np.testing.assert_array_equal(contact_gap_a(net, net, LIMITS, grid), whole)


def test_sides_must_share_lattice_and_limits():
    one = stack(np.diag([5.6, 5.6]), ["Cs"], np.zeros((1, 3)))
    other = stack(np.diag([5.6, 5.7]), ["Cs"], np.zeros((1, 3)))
    with pytest.raises(InputError, match=r"differ by 0\.1 Å"):
        contact_gap_a(one, other, LIMITS)
    with pytest.raises(InputError, match="no contact of Cs with Cs"):
        contact_gap_a(one, one, {})
