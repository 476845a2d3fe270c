"""Edits of a number of steps, and dipoles on a lattice, against every choice of edits."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epicarve.builder.carve import carve
from epicarve.builder.cif import read_cif
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import (
    BalanceOptions,
    Candidates,
    DipoleLattice,
    DipoleLimit,
    EditCharges,
    Effort,
    Highs,
    Program,
    Shell,
    any_feasible,
    fewest_steps,
    possible_edits,
    search_numbers,
)
from epicarve.builder.shapes import Sphere, ions_near

N_FREE = 12


def small_program(name, radius_a, centre, free_dipole_v):
    """A program of about `N_FREE` edits."""
    ions = ions_near(bundled_crystal(name), Sphere(radius_a), np.array(centre), 2.0)
    reach = np.sort(np.maximum(-ions.trim_distance_a, 2.0 * ions.trim_distance_a))
    depth_a = float(reach[np.isfinite(reach)][N_FREE]) - 1e-4
    minima = dict.fromkeys(bundled_crystal(name).charge_of, 1)
    options = BalanceOptions(
        ratio_tolerance=0.2, min_coordination=minima, free_dipole_v=free_dipole_v
    )
    shell = Shell(Candidates.of_one(ions, depth_a, options))
    return Program(shell, possible_edits(shell))


@pytest.mark.parametrize("most_level", [0, 2])
@pytest.mark.parametrize("name", ["PbS", "CsPbCl3", "PbCl2"])
@pytest.mark.parametrize(
    ("radius_a", "centre", "free_dipole_v"),
    [
        (6.3, (0.0, 0.0, 0.0), 0.15),
        (7.4, (0.0, 0.0, 0.0), 0.6),
        (6.8, (0.25, 0.25, 0.25), 0.3),
        (7.1, (0.13, 0.4, 0.72), 0.3),
    ],
)
def test_edits_of_a_number_of_steps_are_found_or_proven_not_to_be(
    name, radius_a, centre, free_dipole_v, most_level
):
    program = small_program(name, radius_a, centre, free_dipole_v)
    n = program.edits.n_columns
    assert n <= 16
    every = np.array(list(product((0.0, 1.0), repeat=n)))
    fits = (every @ program.charges.T == program.charge_limit).all(axis=1)
    fits &= (program.ratio.matrix @ every.T <= program.ratio.limit[:, None] + 1e-6).all(axis=0)
    fits &= (program.local.matrix @ every.T <= program.local.limit[:, None] + 1e-6).all(axis=0)
    (limit,) = program.dipoles
    levels = np.array([limit.level(y) for y in every])
    fits &= levels <= most_level
    most_levels = np.array([float(most_level)])
    least = (every @ program.edits.steps).round().astype(int)
    possible = {
        steps + level * limit.level_steps
        for steps, lowest in zip(least[fits].tolist(), levels[fits].tolist(), strict=True)
        for level in range(lowest, most_level + 1)
    }
    nothing = np.zeros(n, dtype=bool)
    for steps in range(int(program.edits.steps.sum()) + 1)[:25]:
        found = any_feasible(
            Highs(program, 0), np.arange(n), nothing, steps, most_levels, effort=Effort(60.0)
        )
        assert found.decided
        assert (found.y is not None) == (steps in possible)
        by_numbers = search_numbers(
            Highs(program, 0), np.arange(n), nothing, steps, most_levels, effort=Effort(100.0)
        )
        if by_numbers.decided:
            assert (by_numbers.y is not None) == (steps in possible)
        assert by_numbers.decided or most_level > 0 or n == 0
        if found.y is not None:
            assert fits[(every == found.y).all(axis=1)].all()
            assert program.steps(found.y) <= steps
    fewest = fewest_steps(
        Highs(program, 0), np.arange(n), nothing, 24, most_levels, effort=Effort(60.0)
    )
    least = min([*possible, 25])
    assert fewest.least <= least
    assert fewest.least >= least - most_level * limit.level_steps
    if fewest.y is not None:
        assert fits[(every == fewest.y).all(axis=1)].all() or most_level > 0
        assert program.steps(fewest.y) >= least


@settings(max_examples=30, deadline=None)
@given(
    basis=st.sampled_from(
        [
            2.9 * np.eye(3),
            2.1 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]),  # face-centred
            4.4 * np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]),  # body-centred
            np.array([[3.0, 0, 0], [-1.5, 2.6, 0], [0.2, 0.3, 5.1]]),
        ]
    ),
    seed=st.integers(0, 10**6),
    free=st.floats(0.1, 9.0),
)
def test_lattice_of_dipoles_holds_every_dipole_that_is_free(basis, seed, free):
    rng = np.random.default_rng(seed)
    whole = rng.integers(-4, 5, size=(40, 3))
    whole[:3] = np.eye(3)
    start = rng.uniform(-8.0, 8.0, size=3)
    limit = DipoleLimit(moments=(whole @ basis).T, start=start, free=free, level_steps=3)
    lattice = DipoleLattice.of(limit, np.arange(40))
    if lattice is not None:
        assert (lattice.levels == 0).all()
    if lattice is None:  # a free dipole that reaches farther than is looked
        assert free > 4.0
        return
    own = np.linalg.lstsq(lattice.multiples.T.astype(float), limit.moments.T, rcond=None)[0]
    assert abs(np.linalg.det(own)) == pytest.approx(abs(np.linalg.det(basis)))
    box = np.array(list(product(range(-14, 15), repeat=3))) @ basis
    n_free = int((np.linalg.norm(box + start, axis=1) <= free).sum())
    lengths = np.linalg.norm(lattice.allowed @ own + start, axis=1)
    assert (lengths <= free).sum() == n_free


@settings(max_examples=30, deadline=None)
@given(
    origin=st.tuples(*[st.floats(-3.0, 3.0)] * 3),
    net=st.integers(-1, 1),
    free=st.floats(0.5, 6.0),
    seed=st.integers(0, 10**6),
)
def test_neutral_edits_of_a_crystal_lie_on_a_lattice_about_any_point(origin, net, free, seed):
    rng = np.random.default_rng(seed)
    sites = rng.integers(-3, 4, size=(40, 3))
    each = np.where(sites.sum(axis=1) % 2, 1, -1)  # rock salt
    moments = (each[:, None] * (2.8 * sites - np.array(origin))).T
    start, before = rng.uniform(-6.0, 6.0, size=3), int(rng.integers(-2, 3))
    charges = EditCharges(each, net - before, np.array(origin))
    limit = DipoleLimit(moments, start, free, 2, charges)
    lattice = DipoleLattice.of(limit, np.arange(40), 1)
    assert lattice is not None
    points = {tuple(point): n for n, point in enumerate(lattice.allowed.tolist())}
    for _ in range(200):
        y = (rng.uniform(size=40) < 0.5).astype(float)
        if each @ y != net - before:
            continue
        excess = np.linalg.norm(limit.after(y)) / free - 1.000001
        if abs(excess - np.rint(excess)) < 1e-9:
            continue  # on a limit, to rounding
        number = points.get(tuple((lattice.multiples @ y).astype(int).tolist()))
        assert (number is not None) == (limit.level(y) <= 1)
        if number is not None:
            assert lattice.levels[number] == limit.level(y)
            assert lattice.dipoles[number] == pytest.approx(limit.after(y), abs=1e-6)


def test_moments_anywhere_make_no_lattice():
    moments = np.random.default_rng(0).uniform(-9.0, 9.0, size=(3, 40))
    limit = DipoleLimit(moments=moments, start=np.zeros(3), free=2.0, level_steps=3)
    assert DipoleLattice.of(limit, np.arange(40)) is None


INP = """data_InP
_space_group_name_H-M_alt 'F -4 3 m'
_cell_length_a 5.869
_cell_length_b 5.869
_cell_length_c 5.869
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
In1 In 0 0 0
P1 P 0.25 0.25 0.25
"""


def test_indium_phosphide_of_2_nm_is_proven_to_the_step(tmp_path):
    """Branching on single edits leaves a step of twelve open after 5,000 nodes."""
    (tmp_path / "InP.cif").write_text(INP)
    model = carve(read_cif(tmp_path / "InP.cif", {"In": 3, "P": -3}), Sphere(10.0))
    assert model.net_charge == 0
    assert model.report.optimum.gap <= 1e-3


def test_perovskite_of_2_nm_and_a_half_is_proven_to_the_step():
    """Its dipole is nothing or a whole step of the lattice; no other level helps."""
    model = carve(bundled_crystal("CsPbBr3"), Sphere(12.5))
    assert model.report.optimum.gap <= 1e-3


def test_a_search_without_effort_decides_nothing():
    program = small_program("PbS", 6.3, (0.0, 0.0, 0.0), 0.15)
    columns = np.arange(program.edits.n_columns)
    nothing = np.zeros(len(columns), dtype=bool)
    found = any_feasible(Highs(program, 0), columns, nothing, 5, np.zeros(1), effort=Effort(0.0))
    assert found.y is None
    assert not found.decided
