"""The rigid-ion energy against Madelung constants, 3D Ewald sums, plain sums and symmetry."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epicarve.builder.crystal import Crystal
from epicarve.builder.interfaces import (
    SearchOptions,
    Stack,
    contact_gap_a,
    nearest_squared_a2,
    registry_grid_a,
    search,
)
from epicarve.builder.interfaces.energy import (
    Interaction,
    Repulsion,
    balanced_strength,
    born_repulsion,
    interface_energy,
    long_range_transform,
    neutral_sides,
    short_range_part,
)
from epicarve.builder.interfaces.energy import interaction as interaction_module
from epicarve.builder.library import bundled_crystal
from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A

MADELUNG_NACL = 1.747564594633182
MADELUNG_SQUARE = 1.615542626712824  # of one (100) layer of rock salt


def half(name, n_cells, cut, side, axis=2):
    """Cells of a crystal above (side 1) or below (side -1) a cut across an axis, at z = 0."""
    crystal = bundled_crystal(name)
    order = np.roll([0, 1, 2], 2 - axis)
    cell = crystal.cell_a[np.ix_(order, order)]
    assert cell == pytest.approx(np.diag(np.diag(cell)))
    a = cell[2, 2]
    symbols, charges, points = [], [], []
    for n in range(-n_cells - 1, n_cells + 2):
        points.append(crystal.positions_a[:, order] + np.array([0.0, 0.0, n * a - cut * a]))
        symbols.append(crystal.symbols)
        charges.append(crystal.oxidation_states)
    z = np.concatenate(points)[:, 2] * side
    kept = (z > 0) & (z < n_cells * a)
    return Stack(
        cell[:2, :2],
        np.concatenate(symbols)[kept],
        np.concatenate(charges)[kept],
        np.concatenate(points)[kept],
        np.tile(np.arange(crystal.n_sites), len(points))[kept],
    )


def strained(stack, lattice):
    points = stack.positions_a.copy()
    points[:, :2] = points[:, :2] @ np.linalg.inv(stack.lattice_a) @ lattice
    return replace(stack, lattice_a=lattice, positions_a=points)


def turned(stack):
    """The stack turned by half a turn about x."""
    turn = np.array([1.0, -1.0, -1.0])
    return replace(
        stack, lattice_a=stack.lattice_a * turn[:2], positions_a=stack.positions_a * turn
    )


@pytest.fixture(scope="module")
def sides():
    """CsPbBr3 on CsPbCl3 in a skewed common cell: four species, and no symmetry to help."""
    lattice = np.array([[5.9, 0.0], [0.4, 5.7]])
    film = strained(half("CsPbBr3", 1, 0.25, 1), lattice)
    substrate = strained(half("CsPbCl3", 2, 0.25, -1), lattice)
    return film, substrate, born_repulsion(bundled_crystal("CsPbBr3"), bundled_crystal("CsPbCl3"))


def interlocked(seed, lattice):
    """Two neutral stacks whose ions overlap in height, kept apart in the plane."""
    rng = np.random.default_rng(seed)
    grid = registry_grid_a(lattice, (3, 2)).reshape(-1, 2)
    found = []
    for symbols, charges, flat, low in (
        (["Pb", "S", "S"], [2, -1, -1], grid[:3], 0.0),
        (["Cs", "Pb", "Cl"], [1, 2, -3], grid[3:], -2.0),
    ):
        heights = low + rng.permutation([0.0, 1.3, 2.5]) + rng.uniform(0.0, 0.3)
        points = np.column_stack([flat, heights])
        found.append(
            Stack(lattice, np.array(symbols), np.array(charges), points, np.arange(len(symbols)))
        )
    return found


def without_repulsion(symbols):
    pairs = {frozenset((a, b)) for a in symbols for b in symbols}
    return Repulsion(10, dict.fromkeys(pairs, 3.0), dict.fromkeys(pairs, 0.0))


def ewald_3d_ev(stacks, height=90.0):
    """Energy of stacks in pymatgen's 3D Ewald sum, with the correction for a slab in vacuum."""
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Lattice, Structure

    lattice = np.zeros((3, 3))
    lattice[:2, :2] = stacks[0].lattice_a
    lattice[2, 2] = height
    points = np.concatenate([stack.positions_a for stack in stacks])
    charges = np.concatenate([stack.charges for stack in stacks])
    symbols = np.concatenate([stack.symbols for stack in stacks])
    structure = Structure(Lattice(lattice), symbols, points, coords_are_cartesian=True)
    structure.add_oxidation_state_by_site(charges.tolist())
    dipole = charges @ points[:, 2]
    slab = 2.0 * np.pi * COULOMB_V_A * dipole**2 / (stacks[0].area_a2 * height)
    return EwaldSummation(structure, acc_factor=14.0).total_energy + slab


def plain_repulsion_ev(film, substrate, born, shift, gap):
    steps = np.arange(-12, 13)
    cells = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    images = np.column_stack([cells @ film.lattice_a, np.zeros(len(cells))])
    place = np.array([*shift, gap])
    total = 0.0
    for a, q, here in zip(film.symbols.tolist(), film.charges, film.positions_a, strict=True):
        for b, p, there in zip(
            substrate.symbols.tolist(), substrate.charges, substrate.positions_a, strict=True
        ):
            if q < 0 or p < 0:
                r = np.linalg.norm(here + place - there + images, axis=1)
                c = born.coefficients[frozenset((a, b))]
                total += COULOMB_V_A * abs(q * p) * c * (r ** -float(born.exponent)).sum()
    return total


@pytest.mark.parametrize("power", [1, 8, 10, 12])
def test_parts_of_a_power_are_its_narrow_and_its_wide_gaussians(power):
    from scipy.integrate import quad
    from scipy.special import gamma

    split, r, k = 0.9, np.array([0.3, 1.0, 2.7, 4.0]), np.array([0.4, 2.0, 6.0])
    values, slopes = short_range_part(power, r**2, split)
    transform = long_range_transform(power, k**2, split)
    for one, value in zip(r, values, strict=True):
        narrow = quad(
            lambda t, r=one: t ** (power / 2 - 1) * np.exp(-t * r * r),
            split**2,
            split**2 + 60.0 / one**2,
            limit=200,
        )[0]
        assert value == pytest.approx(narrow / gamma(power / 2), rel=1e-8)
    for one, value in zip(k, transform, strict=True):
        wide = quad(
            lambda t, k=one: (np.pi / t) ** 1.5 * t ** (power / 2 - 1) * np.exp(-k * k / 4 / t),
            0.0,
            split**2,
        )[0]
        assert value == pytest.approx(wide / gamma(power / 2), rel=1e-8)
    step = 1e-5
    ahead, behind = (short_range_part(power, (r + s) ** 2, split)[0] for s in (step, -step))
    np.testing.assert_allclose(slopes * r, (ahead - behind) / (2 * step), rtol=1e-6)


@pytest.mark.parametrize("name", ["PbS", "Pb4S3Br2", "Pb3S2Cl2", "CsPbBr3-Pnma"])
def test_strength_balances_the_lattice_energy_of_pymatgen(name):
    """Coulomb energy goes as 1/length and repulsion as its tenth power: at rest, E_C = -10 E_r."""
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Lattice, Structure

    crystal = bundled_crystal(name)
    structure = Structure(Lattice(crystal.cell_a), crystal.symbols.tolist(), crystal.fractional)
    structure.add_oxidation_state_by_site(crystal.oxidation_states.tolist())
    expected = EwaldSummation(structure).total_energy
    i, j, _, distances = structure.get_neighbor_list(12.0)
    q, contacts = crystal.oxidation_states, crystal.contacts_a
    terms = [
        abs(q[a] * q[b]) * contacts[frozenset(crystal.symbols[[a, b]].tolist())] ** 9 / r**10
        for a, b, r in zip(i.tolist(), j.tolist(), distances.tolist(), strict=True)
        if q[a] < 0 or q[b] < 0
    ]
    ten_repulsions_ev = balanced_strength(crystal, 10) * 0.5 * COULOMB_V_A * sum(terms)
    assert ten_repulsions_ev == pytest.approx(-expected, rel=1e-5)


def test_strength_of_rock_salt_is_madelungs_constant_over_its_neighbours():
    """By hand: nearest anions at d, and the anions' own net at √2 d; farther ions add little."""
    beta = balanced_strength(bundled_crystal("PbS"), 10)
    opposite = sum(
        count * distance**-10.0 for count, distance in ((6, 1), (8, 3**0.5), (24, 5**0.5))
    )
    alike = 12 * 2**-5.0 + 6 * 4**-5.0 + 24 * 6**-5.0 + 12 * 8**-5.0
    # energy per pair of ions: opposite pairs once, anion pairs half, σ = √2 d for these
    assert beta * (opposite + 0.5 * 2**4.5 * alike) == pytest.approx(MADELUNG_NACL, rel=2e-3)


def test_a_layer_of_rock_salt_on_a_half_crystal_gives_madelungs_constants():
    crystal = bundled_crystal("PbS")
    substrate = half("PbS", 3, 0.25, -1)
    film = half("PbS", 1, 0.25, 1)
    layer = film.chosen(film.positions_a[:, 2] < 0.3 * crystal.cell_a[0, 0])
    found = Interaction(layer, substrate, without_repulsion(("Pb", "S")), (0.0, 1.0))
    energy = found.energies_ev(np.zeros((1, 2)), np.zeros(1))[0, 0]
    distance = crystal.cell_a[0, 0] / 2
    expected = 0.5 * (MADELUNG_SQUARE - MADELUNG_NACL) * COULOMB_V_A * 4 / distance
    assert energy / layer.n_ions == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("gap", [-0.4, 0.3, 2.0])
def test_energy_equals_3d_ewald_and_plain_sums(sides, gap):
    film, substrate, born = sides
    shift = np.array([1.3, 0.7])
    raised = film.shifted([*shift, gap])
    coulomb = ewald_3d_ev([raised, substrate]) - ewald_3d_ev([raised]) - ewald_3d_ev([substrate])
    expected = coulomb + plain_repulsion_ev(film, substrate, born, shift, gap)
    found = Interaction(film, substrate, born, (-0.5, 3.0))
    assert found.energies_ev(shift[None], np.array([gap]))[0, 0] == pytest.approx(
        expected, abs=1e-4
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_sides_that_interlock_in_height_are_exact(seed):
    lattice = np.array([[9.0, 0.0], [1.0, 7.0]])
    film, substrate = interlocked(seed, lattice)
    assert film.positions_a[:, 2].min() < substrate.positions_a[:, 2].max()
    born = without_repulsion(("Pb", "S", "Cs", "Cl"))
    coulomb = ewald_3d_ev([film, substrate]) - ewald_3d_ev([film]) - ewald_3d_ev([substrate])
    found = Interaction(film, substrate, born, (0.0, 1.0))
    energy = found.energies_ev(np.zeros((1, 2)), np.zeros(1))[0, 0]
    assert energy == pytest.approx(coulomb, abs=1e-4)


@settings(max_examples=15, deadline=None)
@given(
    x=st.floats(-9, 9),
    y=st.floats(-9, 9),
    gap=st.floats(-0.3, 4.0),
    split=st.sampled_from([0.7, 1.2]),
)
def test_energy_does_not_depend_on_where_it_is_split(sides, x, y, gap, split):
    film, substrate, born = sides
    place = (np.array([[x, y]]), np.array([gap]))
    expected = Interaction(film, substrate, born, (-0.3, 4.0)).energies_ev(*place)[0, 0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interaction_module, "SPLIT_PER_A", split)
        found = Interaction(film, substrate, born, (-0.3, 4.0)).energies_ev(*place)[0, 0]
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(x=st.floats(-9, 9), y=st.floats(-9, 9), gap=st.floats(-0.3, 4.0))
def test_slope_and_symmetry(sides, x, y, gap):
    film, substrate, born = sides
    both = Interaction(film, substrate, born, (-0.5, 4.5))
    energy, slope = both.energy_and_slope((x, y), gap)
    assert both.energies_ev(np.array([[x, y]]), np.array([gap]))[0, 0] == pytest.approx(
        energy, rel=1e-10, abs=1e-9
    )
    step = 1e-4
    for axis, change in enumerate(np.eye(3) * step):
        ahead, behind = (
            both.energy_and_slope((x + s * change[0], y + s * change[1]), gap + s * change[2])[0]
            for s in (1, -1)
        )
        assert slope[axis] == pytest.approx((ahead - behind) / (2 * step), rel=1e-4, abs=1e-4)
    moved = np.array([x, y]) + np.array([1, -2]) @ film.lattice_a
    assert both.energy_and_slope(moved, gap)[0] == pytest.approx(energy, rel=1e-9, abs=1e-8)
    upside = Interaction(turned(substrate), turned(film), born, (-0.5, 4.5))
    assert upside.energy_and_slope((-x, y), gap)[0] == pytest.approx(energy, rel=1e-9, abs=1e-8)


def test_map_of_many_registries_equals_one_after_the_other(sides, monkeypatch):
    film, substrate, born = sides
    both = Interaction(film, substrate, born, (0.0, 3.0))
    shifts = registry_grid_a(film.lattice_a, (4, 3)).reshape(-1, 2)
    gaps = np.array([0.2, 1.0, 3.0])
    monkeypatch.setattr(interaction_module, "BLOCK_DISTANCES", 1)
    found = both.energies_ev(shifts, gaps)
    for i in (0, 5, 11):
        for j in (0, 2):
            one = both.energy_and_slope(shifts[i], gaps[j])[0]
            assert found[i, j] == pytest.approx(one, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("name", "cut"), [("PbS", 0.25), ("CsPbCl3", 0.25), ("CsPbCl3", 0.75)])
def test_halves_of_a_cubic_crystal_find_its_own_spacing(name, cut):
    """The balance of the virials is the balance of forces on every plane of a cubic crystal."""
    crystal = bundled_crystal(name)
    film, substrate = half(name, 3, cut, 1), half(name, 3, cut, -1)
    found = interface_energy(film, substrate, born_repulsion(crystal, crystal))
    assert found.gap_a == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_allclose(found.shift_a, 0.0, atol=1e-3)
    assert found.contact.fraction_of_bulk == pytest.approx(1.0, abs=1e-3)
    assert found.adhesion_j_m2 > 0.0


@pytest.mark.parametrize(
    ("name", "axis", "cut", "gap_a"),
    [("Pb4S3Br2", 1, 0.0, -0.03), ("CsPbBr3-Pnma", 1, 0.125, -0.01), ("PbCl2", 1, 0.0, 0.05)],
)
def test_halves_of_other_crystals_come_back_to_nearly_their_place(name, axis, cut, gap_a):
    """The figures of docs/interface-energy.md: how far a gap of the model can be trusted."""
    crystal = bundled_crystal(name)
    film, substrate = half(name, 2, cut, 1, axis), half(name, 2, cut, -1, axis)
    found = interface_energy(film, substrate, born_repulsion(crystal, crystal))
    assert found.gap_a == pytest.approx(gap_a, abs=0.01)


def test_minimum_is_below_its_map_and_curve(sides):
    film, substrate, born = sides
    found = interface_energy(film, substrate, born)
    assert found.map_ev_a2.shape == (12, 12)
    assert found.energy_ev_a2 <= found.map_ev_a2.min() + 1e-3  # a parabola may dip too far
    assert found.energy_ev_a2 <= found.curve_ev_a2.min() + 1e-9
    assert found.curve_ev_a2[-1] == pytest.approx(0.0, abs=1e-4)
    resting = contact_gap_a(film, substrate, born.contacts_a, found.shift_a)
    assert found.vacuum_a == pytest.approx(found.gap_a - resting)
    assert (found.vacuum_a >= 0.0) == (found.contact.fraction_of_bulk >= 0.9)
    assert found.film_dipole_e_per_a == pytest.approx(0.0, abs=1e-9)
    assert found.is_bound
    assert found.energy_j_m2 == pytest.approx(found.energy_ev_a2 * 1.602176634e-19 * 1e20)


def test_minimum_does_not_depend_on_cell_place_or_side(sides):
    film, substrate, born = sides
    expected = interface_energy(film, substrate, born)
    moved = interface_energy(film.shifted((0.9, -2.3, 0.6)), substrate, born)
    assert moved.energy_ev_a2 == pytest.approx(expected.energy_ev_a2, abs=1e-7)
    assert moved.gap_a + 0.6 == pytest.approx(expected.gap_a, abs=1e-3)
    upside = interface_energy(turned(substrate), turned(film), born)
    assert upside.energy_ev_a2 == pytest.approx(expected.energy_ev_a2, abs=1e-7)
    matrix = np.array([[2, 1], [0, 1]])
    large = interface_energy(film.supercell(matrix), substrate.supercell(matrix), born)
    assert large.energy_ev_a2 == pytest.approx(expected.energy_ev_a2, abs=1e-7)
    assert large.gap_a == pytest.approx(expected.gap_a, abs=1e-3)


def test_dipoles_are_told_and_do_not_act_across_the_gap(sides):
    film, substrate, born = sides
    polar = Stack(
        film.lattice_a,
        np.append(film.symbols, ["Pb", "Br"]),
        np.append(film.charges, [2, -2]),
        np.vstack([film.positions_a, [[1.0, 1.0, 30.0], [1.0, 1.0, 40.0]]]),
        np.append(film.sites, [0, 1]),
    )
    gaps = (0.0, 3.0)
    place = (np.array([[0.3, 0.2]]), np.array([0.5, 2.5]))
    plain = Interaction(film, substrate, born, gaps).energies_ev(*place)
    found = Interaction(polar, substrate, born, gaps).energies_ev(*place)
    np.testing.assert_allclose(found, plain, atol=1e-5)
    dipole = interface_energy(polar, substrate, born).film_dipole_e_per_a
    assert dipole == pytest.approx(-20.0 / film.area_a2)


def test_bad_input_is_refused(sides):
    film, substrate, born = sides
    with pytest.raises(InputError, match="the film carries -2 e per cell"):
        interface_energy(film.chosen(np.arange(film.n_ions) != 0), substrate, born)
    with pytest.raises(InputError, match="strain both into one coincidence cell"):
        interface_energy(half("PbS", 1, 0.25, 1), substrate, born)
    with pytest.raises(InputError, match="exponent 9"):
        born_repulsion(bundled_crystal("PbS"), bundled_crystal("PbS"), 9)


def test_charges_that_do_not_hold_a_crystal_together_are_refused():
    pairs_of_like_ions = Crystal(
        "wrong",
        np.diag([18.0, 6.0, 6.0]),
        np.array(["Pb", "Pb", "Au", "Au"]),
        np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.5, 0.0, 0.0], [0.6, 0.0, 0.0]]),
        np.array([1, 1, -1, -1]),
    )
    with pytest.raises(InputError, match="repel each other by"):
        balanced_strength(pairs_of_like_ions, 10)


def test_sides_that_do_not_bind_are_told_so_and_just_touch():
    """One cell of PbS on one of CsPbCl3: the nets share no wave but the shortest ones."""
    lattice = np.eye(2) * 5.7
    film, substrate = (
        strained(half(name, 2, 0.25, side), lattice) for name, side in (("PbS", 1), ("CsPbCl3", -1))
    )
    born = born_repulsion(bundled_crystal("PbS"), bundled_crystal("CsPbCl3"))
    found = interface_energy(film, substrate, born)
    assert not found.is_bound
    assert found.energy_ev_a2 > 0.0
    assert found.contact.fraction_of_bulk == pytest.approx(1.0, abs=1e-9)
    assert (np.diff(found.curve_ev_a2) < 0.0).all()


@pytest.fixture(scope="module")
def study():
    """Best interfaces of the study's planes by continuity, with their energies."""
    found = {}
    for film, substrate, hkl in (
        ("Pb4S3Br2", "CsPbBr3", (0, 1, 0)),
        ("PbS", "CsPbBr3", (1, 0, 0)),
    ):
        crystals = bundled_crystal(film), bundled_crystal(substrate)
        options = SearchOptions(film_hkl=hkl, substrate_hkl=(1, 0, 0))
        born = born_repulsion(*crystals)
        for interface in search(*crystals, options):
            layers = interface.film.termination.layer, interface.substrate.termination.layer
            if (film, *layers) not in found:
                sides = neutral_sides(interface)
                found[film, *layers] = interface, interface_energy(*sides, born), sides
    return found


def test_energy_finds_the_registry_that_continues_the_cations(study):
    """Two scores that share no number: the cation lattice, and charges with a repulsion."""
    interface, energy, sides = study["Pb4S3Br2", "Pb", "CsBr"]
    assert interface.continuity.matched_fraction == 1.0
    off = energy.shift_a - interface.shift_a[:2]
    assert np.sqrt(nearest_squared_a2(off, sides[0].lattice_a)) < 0.2
    assert energy.gap_a == pytest.approx(interface.shift_a[2], abs=0.3)
    assert energy.contact.fraction_of_bulk >= 0.9


def test_continuous_interface_binds_better_than_galena(study):
    continuous = study["Pb4S3Br2", "Pb", "CsBr"][1].adhesion_j_m2
    galena = max(
        energy.adhesion_j_m2 for (film, *_), (_, energy, _) in study.items() if film == "PbS"
    )
    assert continuous > 1.2 * galena


def test_twelve_angstrom_are_deep_enough(study):
    interface, energy, _ = study["Pb4S3Br2", "Pb", "CsBr"]
    born = born_repulsion(interface.film.crystal, interface.substrate.crystal)
    deep = interface_energy(*neutral_sides(interface, 25.0), born)
    assert deep.energy_j_m2 == pytest.approx(energy.energy_j_m2, abs=1e-4)
    shallow, substrate = neutral_sides(interface)
    assert shallow.charges.sum() == substrate.charges.sum() == 0
