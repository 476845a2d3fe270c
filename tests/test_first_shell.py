from dataclasses import replace
from functools import cache

import gemmi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structure_types import STRUCTURE_TYPES

from epicarve.builder.carve import carve
from epicarve.builder.crystal import Crystal, first_shell_limit_a, neighbours, shell_limits_a
from epicarve.builder.geometry import BondRule
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.errors import InputError

REACH_A = 9.0

bundled = cache(bundled_crystal)


def moved(crystal, cells, rms_a, seed):
    """A supercell with every ion moved at random, by rms_a in each direction."""
    shifts = np.array(list(np.ndindex(*cells)))
    fractional = (crystal.fractional[None] + shifts[:, None]).reshape(-1, 3) / cells
    cell_a = crystal.cell_a * np.array(cells)[:, None]
    away = np.random.default_rng(seed).normal(0.0, rms_a, fractional.shape)
    return replace(
        crystal,
        cell_a=cell_a,
        symbols=np.tile(crystal.symbols, len(shifts)),
        fractional=(fractional + away @ np.linalg.inv(cell_a)) % 1.0,
        oxidation_states=np.tile(crystal.oxidation_states, len(shifts)),
    )


def commonest(numbers):
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[np.argmax(counts)])


@pytest.mark.parametrize("name", STRUCTURE_TYPES)
@settings(max_examples=6, deadline=None)
@given(
    rms_a=st.floats(0.03, 0.145),  # 0.05 to 0.25 Å in all three directions together
    cells=st.tuples(*[st.integers(2, 3)] * 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_vibrating_crystal_keeps_its_coordination(name, rms_a, cells, seed):
    crystal = bundled(name)
    shaken = moved(crystal, cells if crystal.n_sites <= 20 else (2, 2, 2), rms_a, seed)
    assert shaken.coordination.min() >= 1
    for symbol in crystal.charge_of:
        ideal = set(crystal.coordination[crystal.symbols == symbol].tolist())
        assert commonest(shaken.coordination[shaken.symbols == symbol]) in ideal
    ideal = np.tile(crystal.coordination, np.prod(shaken.n_sites // crystal.n_sites))
    assert np.abs(shaken.coordination - ideal).mean() < 1.0


@pytest.mark.parametrize("seed", range(5))
def test_a_hot_perovskite_keeps_all_bonds_of_lead(seed):
    shaken = moved(bundled("CsPbBr3"), (2, 2, 2), 0.2, seed)
    assert set(shaken.coordination[shaken.symbols == "Pb"].tolist()) == {6}
    assert set(shaken.coordination[shaken.symbols == "Cs"].tolist()) <= {11, 12, 13}


@pytest.mark.parametrize("name", ["CsPbBr3", "CsPbBr3-Pnma", "Pb4S3Br2", "PbS"])
@pytest.mark.parametrize("nearer_a", [0.3, 0.6])
def test_one_short_contact_does_not_end_a_shell(name, nearer_a):
    crystal = moved(bundled(name), (2, 2, 2), 0.02, 1)
    before = crystal.coordination
    bonds = crystal.bonds
    bond = int(np.argmin(bonds.lengths_a))
    ends = crystal.positions_a[bonds.anions[bond]] + bonds.shifts[bond] @ crystal.cell_a
    along = ends - crystal.positions_a[bonds.cations[bond]]
    positions = crystal.positions_a
    positions[bonds.cations[bond]] += nearer_a * along / np.linalg.norm(along)
    broken = replace(crystal, fractional=positions @ np.linalg.inv(crystal.cell_a) % 1.0)
    assert broken.coordination.min() >= 1
    assert (broken.coordination == before).mean() > 0.9


@pytest.mark.parametrize("name", STRUCTURE_TYPES)
@settings(max_examples=4, deadline=None)
@given(
    cells=st.tuples(*[st.integers(1, 2)] * 3),
    origin=st.tuples(*[st.floats(0.0, 1.0, exclude_max=True)] * 3),
    scale=st.floats(0.95, 1.05),
)
def test_the_rule_does_not_hang_on_cell_origin_and_scale(name, cells, origin, scale):
    crystal = bundled(name)
    other = moved(crystal, cells, 0.0, 0)
    other = replace(
        other, cell_a=scale * other.cell_a, fractional=(other.fractional + origin) % 1.0
    )
    for pair, limit in crystal.bond_rule.items():
        assert other.bond_rule[pair] == pytest.approx(scale * limit, rel=1e-6)
    expected = np.tile(crystal.coordination, other.n_sites // crystal.n_sites)
    np.testing.assert_array_equal(other.coordination, expected)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("CsPbBr3", "Br", "Cl"), ("CsPbBr3-Pnma", "Br", "I"), ("PbS", "Pb", "Sn"), ("PbS", "S", "Te")],
)
@pytest.mark.parametrize("rms_a", [0.0, 0.1])
def test_a_mixed_crystal_has_the_coordination_of_the_pure_one(name, old, new, rms_a):
    crystal = moved(bundled(name), (2, 2, 2), rms_a, 3)
    places = np.flatnonzero(crystal.symbols == old)
    symbols = crystal.symbols.copy()
    symbols[np.random.default_rng(0).choice(places, len(places) // 2, replace=False)] = new
    mixed = replace(crystal, symbols=symbols)
    np.testing.assert_array_equal(mixed.coordination, crystal.coordination)


def structure(group, cell, sites):
    """Cell vectors, fractional coordinates and elements, filled by gemmi."""
    small = gemmi.SmallStructure()
    small.cell = gemmi.UnitCell(*cell)
    small.spacegroup_hm = group
    small.setup_cell_images()
    operations = gemmi.find_spacegroup_by_name(group).operations()
    points, symbols = [], []
    for symbol, *place in sites:
        for operation in operations:
            point = np.array(operation.apply_to_xyz(place)) % 1.0
            away = np.array(points).reshape(-1, 3) - point
            if not points or np.abs(away - np.rint(away)).max(axis=1).min() > 1e-4:
                points.append(point)
                symbols.append(symbol)
    return np.array(small.cell.orth.mat.tolist()).T, np.array(points), np.array(symbols)


THIRD = 1 / 3
APATITE = structure(  # Hughes et al. 1989
    "P 63/m",
    (9.397, 9.397, 6.878, 90, 90, 120),
    [
        ("Ca", THIRD, 2 * THIRD, 0.0010),
        ("Ca", -0.00712, 0.24227, 0.25),
        ("P", 0.39809, 0.36895, 0.25),
        ("O", 0.3262, 0.4843, 0.25),
        ("O", 0.5880, 0.4668, 0.25),
        ("O", 0.3415, 0.2569, 0.0704),
        ("F", 0, 0, 0.25),
    ],
)
PHOSGENITE = structure(  # Giuseppetti & Tadini 1974
    "P 4/m b m",
    (8.160, 8.160, 8.883, 90, 90, 90),
    [
        ("Pb", 0.1615, 0.6615, 0.2582),
        ("Cl", 0.3397, 0.8397, 0),
        ("Cl", 0, 0, 0.2564),
        ("O", 0.3140, 0.8140, 0.3719),
        ("O", 0.1930, 0.6930, 0.5),
        ("C", 0.3060, 0.8060, 0.5),
    ],
)
VANADINITE = structure(  # Dai & Hughes 1989
    "P 63/m",
    (10.317, 10.317, 7.338, 90, 90, 120),
    [
        ("Pb", THIRD, 2 * THIRD, 0.007),
        ("Pb", 0.254, 0.004, 0.25),
        ("V", 0.409, 0.384, 0.25),
        ("O", 0.327, 0.495, 0.25),
        ("O", 0.597, 0.471, 0.25),
        ("O", 0.361, 0.270, 0.061),
        ("Cl", 0, 0, 0),
    ],
)
SODALITE = structure(  # Hassan & Grundy 1984
    "P -4 3 n",
    (8.882, 8.882, 8.882, 90, 90, 90),
    [
        ("Na", 0.1777, 0.1777, 0.1777),
        ("Al", 0.25, 0, 0.5),
        ("Si", 0.25, 0.5, 0),
        ("O", 0.1390, 0.1494, 0.4383),
        ("Cl", 0, 0, 0),
    ],
)
LACUOS = structure(  # Palazzi 1981
    "P 4/n m m:2",
    (3.999, 3.999, 8.53, 90, 90, 90),
    [
        ("La", 0.25, 0.25, 0.148),
        ("Cu", 0.75, 0.25, 0.5),
        ("O", 0.75, 0.25, 0),
        ("S", 0.25, 0.25, 0.670),
    ],
)
NASB3F10 = structure(  # a set of structures of PyXtal
    "P 63",
    (8.285, 8.285, 7.600, 90, 90, 120),
    [
        ("Sb", -0.1163, 0.2243, 0.55),
        ("Na", THIRD, 2 * THIRD, 0.467),
        ("F", 0.035, 0.491, 0.581),
        ("F", 0.204, 0.393, 0.294),
        ("F", 0.111, 0.229, 0.640),
        ("F", 2 * THIRD, THIRD, 0.545),
    ],
)
CHARGES = {"Ca": 2, "P": 5, "O": -2, "F": -1, "Pb": 2, "C": 4, "Cl": -1, "V": 5, "Na": 1, "Al": 3}
CHARGES |= {"Si": 4, "La": 3, "Cu": 1, "S": -2, "Sb": 3}


@pytest.mark.parametrize(
    ("crystal", "no_bonds", "coordination"),
    [
        (APATITE, {("P", "F")}, {"P": {4}, "F": {3}, "Ca": {7, 9}}),
        (PHOSGENITE, {("C", "Cl")}, {"C": {3}}),
        (VANADINITE, {("V", "Cl")}, {"V": {4}, "Cl": {6}}),
        (SODALITE, {("Al", "Cl"), ("Si", "Cl")}, {"Al": {4}, "Si": {4}, "Cl": {4}}),
        (LACUOS, {("Cu", "O")}, {"Cu": {4}, "O": {4}}),
        (NASB3F10, set(), {"Na": {6}, "Sb": {5}, "F": {2, 3}}),  # F of three Sb at 2.38 Å
    ],
    ids=["apatite", "phosgenite", "vanadinite", "sodalite", "LaCuOS", "NaSb3F10"],
)
def test_far_pairs_make_no_bonds(crystal, no_bonds, coordination):
    cell_a, fractional, symbols = crystal
    charges = np.array([CHARGES[symbol] for symbol in symbols.tolist()])
    assert charges.sum() == 0
    i, j, _, distances = neighbours(cell_a, fractional, REACH_A)
    opposite = (charges[i] > 0) & (charges[j] < 0)
    i, j, distances = i[opposite], j[opposite], distances[opposite]
    limits = shell_limits_a(i, j, distances, symbols, charges)
    every = {(a, b) for a in set(symbols) for b in set(symbols) if CHARGES[a] > 0 > CHARGES[b]}
    assert every - set(limits) == no_bonds
    reach = [limits.get(pair, 0.0) for pair in zip(symbols[i], symbols[j], strict=True)]
    bonded = distances <= np.array(reach)
    number = np.bincount(np.r_[i[bonded], j[bonded]], minlength=len(symbols))
    for symbol, expected in coordination.items():
        assert set(number[symbols == symbol].tolist()) == expected


def test_strays_in_the_gap_do_not_narrow_it():
    rng = np.random.default_rng(3)
    shells = np.r_[rng.normal(2.9, 0.05, 600), rng.normal(5.0, 0.05, 800)]
    clean = first_shell_limit_a(shells)
    assert 3.1 < clean < 4.8
    strayed = first_shell_limit_a(np.r_[shells, 2.2, 3.4, 3.9, 4.3])
    assert strayed == pytest.approx(clean, abs=0.1)


def test_an_ion_without_a_bond_is_refused_with_its_distances():
    crystal = moved(bundled("PbS"), (2, 2, 2), 0.0, 0)
    i, j, _, _ = neighbours(crystal.cell_a, crystal.fractional, 3.1)
    kept = np.setdiff1d(np.arange(crystal.n_sites), j[i == 0])  # without the sulfur of the first
    charges = crystal.oxidation_states[kept]
    charges[np.flatnonzero(charges > 0)[1 : 1 + charges.sum()]] -= 1
    broken = replace(
        crystal,
        symbols=crystal.symbols[kept],
        fractional=crystal.fractional[kept],
        oxidation_states=charges,
    )
    with pytest.raises(InputError, match=r"site 1 \(Pb\) has no bond: its nearest S lies 5\.14 Å"):
        carve(broken, Sphere(radius_a=8.0))


@pytest.mark.parametrize("name", ["PbS"])
def test_a_vibrating_model_has_the_rule_of_its_ions(name):
    model = carve(bundled(name), Sphere(radius_a=9.0))
    away = np.random.default_rng(2).normal(0.0, 0.08, model.positions_a.shape)
    warm = replace(model, positions_a=model.positions_a + away)
    rule = BondRule.of(warm)
    assert (rule.coordination(warm) == model.coordination).mean() > 0.9


def test_a_crystal_of_far_ions_has_no_bond():
    far = Crystal(
        name="far",
        cell_a=40.0 * np.eye(3),
        symbols=np.array(["Na", "Cl"]),
        fractional=np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
        oxidation_states=np.array([1, -1]),
    )
    with pytest.raises(InputError, match="no ion of opposite charge within 9 Å"):
        far.coordination  # noqa: B018
