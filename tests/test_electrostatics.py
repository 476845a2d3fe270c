import numpy as np
import pytest
from crystal_prototypes import PROTOTYPES
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.point_charges import (
    EXACT_IONS,
    MESH_ERROR_V,
    electrostatics,
    mesh_potentials_v,
    pairwise_potentials_v,
    potentials_v,
    rank,
)
from epicarve.builder.shapes import Sphere, ions_near
from epicarve.units import COULOMB_V_A

MADELUNG_NACL = 1.747564594633182
MADELUNG_CSCL = 1.762674773070988


def prototype(name, folder):
    return next(p for p in PROTOTYPES if p.name == name).crystal(folder)


def brute_force(positions, charges):
    """Potentials by two plain loops."""
    found = np.zeros(len(charges))
    for i, here in enumerate(positions):
        for j, there in enumerate(positions):
            if i != j:
                found[i] += COULOMB_V_A * charges[j] / np.linalg.norm(there - here)
    return found


def plain_cut(crystal, n_ions):
    radius = (0.75 / np.pi * n_ions * crystal.volume_a3 / crystal.n_sites) ** (1 / 3)
    ions = ions_near(crystal, Sphere(radius), np.zeros(3), 0.0)
    return ions.positions_a, ions.charges


def evjen_block(crystal, n_cells):
    """Ions of a block of cells about the origin; those on its faces, edges, corners by share."""
    half = n_cells / 2
    steps = np.arange(-n_cells // 2 - 1, n_cells // 2 + 2)
    cells = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    points = cells + crystal.fractional
    weight = np.where(np.abs(np.abs(points) - half) < 1e-9, 0.5, np.abs(points) < half)
    weights = weight.prod(axis=-1) * crystal.oxidation_states
    kept = weights != 0
    return points[kept] @ crystal.cell_a, weights[kept]


@settings(max_examples=30, deadline=None)
@given(
    points=arrays(float, (12, 3), elements=st.floats(-20, 20)),
    charges=arrays(int, 12, elements=st.integers(-4, 4)),
)
def test_pairs_equal_two_plain_loops(points, charges):
    points = points + 50.0 * np.arange(12)[:, None]  # no two points coincide
    np.testing.assert_allclose(
        potentials_v(points, charges), brute_force(points, charges), rtol=1e-10, atol=1e-10
    )


def test_blocks_of_pairs_join(monkeypatch):
    positions, charges = plain_cut(bundled_crystal("PbS"), 300)
    whole = pairwise_potentials_v(positions, charges)
    monkeypatch.setattr("epicarve.builder.point_charges.BLOCK_PAIRS", 7 * len(charges))
    np.testing.assert_allclose(pairwise_potentials_v(positions, charges), whole, rtol=1e-12)
    np.testing.assert_allclose(whole, brute_force(positions, charges), rtol=1e-10, atol=1e-9)


def test_rock_salt_cubes_tend_to_the_madelung_constant():
    """Energies of neutral cubes are a cubic polynomial of the edge, up to a fast decay."""
    edges = np.array([8, 10, 12, 14])
    energies = []
    for n in edges:
        points = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        charges = 1 - 2 * (points.sum(axis=1) % 2)
        energies.append(0.5 * charges @ potentials_v(points.astype(float), charges))
    volume_term = np.linalg.solve(np.vander(edges, 4).astype(float), energies)[0]
    assert volume_term == pytest.approx(-0.5 * MADELUNG_NACL * COULOMB_V_A, rel=1e-5)


def test_caesium_chloride_gives_its_madelung_constant(tmp_path):
    crystal = prototype("CsCl", tmp_path)
    positions, charges = evjen_block(crystal, 10)
    potentials = potentials_v(positions, charges)
    nearest = np.linalg.norm(positions[:, None] - crystal.positions_a, axis=-1).argmin(axis=0)
    cs, cl = potentials[nearest]
    distance = crystal.cell_a[0, 0] * np.sqrt(3) / 2
    assert (cl - cs) / 2 * distance / COULOMB_V_A == pytest.approx(MADELUNG_CSCL, rel=2e-4)


@pytest.mark.parametrize("name", ["CaF2", "TiO2-rutile", "SrTiO3", "MgAl2O4"])
def test_middle_of_a_block_agrees_with_pymatgens_ewald_sum(name, tmp_path):
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Lattice, Structure

    crystal = prototype(name, tmp_path)
    structure = Structure(Lattice(crystal.cell_a), crystal.symbols.tolist(), crystal.fractional)
    structure.add_oxidation_state_by_site(crystal.oxidation_states.tolist())
    bulk_ev = EwaldSummation(structure).total_energy
    found = []
    for n_cells in (4, 8):
        positions, charges = evjen_block(crystal, n_cells)
        centred = (crystal.fractional + 0.5 - 1e-6) % 1.0 - 0.5 + 1e-6
        at = np.linalg.norm(positions[:, None] - (centred @ crystal.cell_a)[None], axis=-1).argmin(
            axis=0
        )
        found.append(0.5 * crystal.oxidation_states @ potentials_v(positions, charges)[at])
    extrapolated = (4 * found[1] - found[0]) / 3  # the quadrupole of the block decays as 1/n²
    assert extrapolated == pytest.approx(bulk_ev, rel=1e-3)


@pytest.mark.parametrize("name", ["NaCl", "TiO2-rutile", "Th3P4"])
def test_mesh_is_as_near_to_all_pairs_as_it_states(name, tmp_path):
    crystal = prototype(name, tmp_path)
    positions, charges = plain_cut(crystal, 8000)
    exact = pairwise_potentials_v(positions, charges)
    mesh = mesh_potentials_v(positions, charges)
    assert np.abs(mesh - exact).max() <= MESH_ERROR_V * np.abs(charges).max()
    assert 0.5 * charges @ mesh == pytest.approx(0.5 * charges @ exact, rel=1e-6)


def test_mesh_takes_over_where_it_should():
    positions, charges = plain_cut(bundled_crystal("PbS"), EXACT_IONS + 1500)
    assert len(charges) > EXACT_IONS
    np.testing.assert_array_equal(
        potentials_v(positions, charges), mesh_potentials_v(positions, charges)
    )


def test_energy_does_not_change_when_the_model_is_turned_or_moved():
    dot = carve(bundled_crystal("CsPbCl3"), Sphere(9.0))
    angle = 0.7
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    moved = electrostatics(dot.transformed(turn, (3.0, -5.0, 1.0)))
    still = electrostatics(dot)
    assert moved.energy_ev == pytest.approx(still.energy_ev, rel=1e-12)
    assert moved.dipole_debye == pytest.approx(still.dipole_debye, abs=1e-6)
    assert still.error_v == 0.0


def test_rank_puts_the_lower_energy_first_and_breaks_ties_in_order():
    crystal = bundled_crystal("PbS")
    dots = [carve(crystal, Sphere(radius)) for radius in (7.0, 9.0, 7.0)]
    energies = [electrostatics(dot).energy_ev for dot in dots]
    assert energies[1] < energies[0]
    assert rank(dots) == (1, 0, 2)
