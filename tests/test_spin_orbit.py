"""Spin-orbit coupling: overlaps with projectors, angular momentum, splittings, Kramers pairs."""

import json
import re
import shutil
from itertools import product
from math import gamma, pi

import numpy as np
import pytest
from ase.io import read
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import sqrtm
from scipy.spatial.transform import Rotation

import epicarve as ec
from epicarve.dft.orbitals import (
    GaussianShell,
    overlap_matrix,
    project,
    read_basis_set,
    solid_harmonics,
)
from epicarve.dft.pseudopotentials import Projectors, spin_orbit_projectors
from epicarve.dft.spin_orbit import (
    SpinOrbitPotential,
    coupled_states,
    known_projectors,
    rotation_generators,
)
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR, EV_PER_HARTREE

# Pb of GTH_SOC_POTENTIALS of CP2K (M. Krack, 2023).
PB_ENTRY = """    2    2
     0.61750000    1     4.67238428
    3  SOC
     0.62235881    3     0.87991768     2.08114784    -1.43125710
                                       -5.01469016     3.69548994
                                                      -2.93320421
     0.81200202    2     0.15345679     0.47889785
                                       -0.56663958
                         0.27466972    -0.02305844
                                        0.02728312
     1.02501525    1     0.30170206
                         0.01870296
"""


def by_quadrature(one, other, vector):
    """Overlap of two shells of one exponent each, by Gauss and Hermite, exact for polynomials."""
    a, b = one.exponents[0], other.exponents[0]
    nodes, weights = np.polynomial.hermite.hermgauss(12)
    centre = b * vector / (a + b)
    grid = np.array(list(product(nodes, repeat=3))) / np.sqrt(a + b) + centre
    weight = np.prod(list(product(weights, repeat=3)), axis=1) / (a + b) ** 1.5
    weight *= np.exp(-a * b / (a + b) * vector @ vector)

    def polynomial(shell, points):
        power = shell.angular + 2 * shell.squares + 1.5
        norm = 0.5 * gamma(power) / (2 * shell.exponents[0]) ** power
        norm *= 4 * pi / (2 * shell.angular + 1)
        r2 = (points**2).sum(axis=1, keepdims=True) ** shell.squares
        return solid_harmonics(points, shell.angular)[shell.angular] * r2 / np.sqrt(norm)

    values = polynomial(one, grid), polynomial(other, grid - vector)
    return np.einsum("n,na,nb->ab", weight, *values)


@given(
    momenta=st.tuples(st.integers(0, 3), st.integers(1, 3)),
    squares=st.integers(0, 2),
    exponents=st.tuples(st.floats(0.1, 3.0), st.floats(0.2, 3.0)),
    vector=st.tuples(*3 * [st.floats(-1.5, 1.5)]),
)
@settings(max_examples=60, deadline=None)
def test_overlaps_with_projectors_are_those_of_quadrature(momenta, squares, exponents, vector):
    (l1, l2), (a, b) = momenta, exponents
    one = GaussianShell(l1, (a,), (1.0,))
    other = GaussianShell(l2, (b,), (1.0,), squares=squares)
    vector = np.array(vector)
    places, every = np.array([np.zeros(3), vector]), np.eye(one.n_functions)
    found = project(places, [(one,), ()], [(), (other,)], every).T
    assert np.abs(found - by_quadrature(one, other, vector)).max() < 1e-9


@pytest.mark.parametrize("angular", [1, 2, 3])
def test_angular_momentum_has_its_commutators_and_square(angular):
    x, y, z = rotation_generators(angular)
    size = 2 * angular + 1
    assert np.abs(x @ y - y @ x + z).max() < 1e-12  # L = -i G, [Lx, Ly] = i Lz
    assert np.abs(y @ z - z @ y + x).max() < 1e-12
    squares = -(x @ x + y @ y + z @ z)
    assert np.abs(squares - angular * (angular + 1) * np.eye(size)).max() < 1e-12


def radial(shell):
    """The normalised radial function of a shell of one exponent."""
    power, exponent = shell.angular + 2 * shell.squares, shell.exponents[0]
    norm = 0.5 * gamma(power + 1.5) / (2 * exponent) ** (power + 1.5)
    return lambda r: r**power * np.exp(-exponent * r * r) / np.sqrt(norm)


@pytest.mark.parametrize(
    ("element", "potential", "angular"),
    [
        ("Pb", "GTH-PBE-q4", 1),
        ("Pb", "GTH-PBE-q4", 2),
        ("I", "GTH-PBE-q7", 1),
        ("Br", "GTH-PBE-q7", 1),
        ("Te", "GTH-PBE-q6", 1),
        ("Se", "GTH-PBE-q6", 1),
    ],
)
def test_an_atom_splits_as_its_radial_integrals_say(element, potential, angular):
    shell = GaussianShell(angular, (0.12,), (1.0,))
    known = known_projectors(element, potential)
    (own,) = [each for each in known if each.angular == angular]
    integrals = [
        quad(lambda r, p=p: r * r * radial(shell)(r) * radial(p)(r), 0, 40)[0] for p in own.shells
    ]
    strength = np.array(integrals) @ own.matrix @ np.array(integrals)
    potential = SpinOrbitPotential.of(np.zeros((1, 3)), [(shell,)], [known])
    size = 2 * angular + 1
    energies_ev = coupled_states(np.zeros(size), potential.between(np.eye(size))).energies_ev
    expected = strength * np.repeat([-(angular + 1) / 2, angular / 2], [angular, angular + 1])
    assert energies_ev / EV_PER_HARTREE == pytest.approx(np.sort(expected), abs=1e-9)


def of_molecule(positions):
    """All spin-orbit energies of PbI in a basis of s, p and d functions, made orthonormal."""
    shells = (
        GaussianShell(0, (0.5, 0.1), (0.3, 0.8)),
        GaussianShell(1, (0.6, 0.12), (0.4, 0.7)),
        GaussianShell(1, (0.05,), (1.0,)),
        GaussianShell(2, (0.2,), (1.0,)),
    )
    basis = [shells, shells]
    known = [known_projectors("Pb", "GTH-PBE"), known_projectors("I", "GTH-PBE")]
    root = np.linalg.inv(np.real(sqrtm(overlap_matrix(positions, basis).toarray())))
    between = SpinOrbitPotential.of(positions, basis, known).between(root)
    return between, coupled_states(np.zeros(len(root)), between)


def test_energies_do_not_change_when_a_molecule_is_turned_and_shifted():
    positions = np.array([[0.1, 0.2, 0.3], [1.0, 2.5, 4.0]])
    turned = Rotation.from_euler("zyx", [0.3, 1.1, -0.7]).apply(positions) + 1.7
    energies = [of_molecule(each)[1].energies_ev for each in (positions, turned)]
    assert np.abs(energies[0]).max() > 0.1
    assert np.abs(energies[0] - energies[1]).max() < 1e-9


def test_kramers_pairs_are_degenerate_and_have_one_weight_on_each_function():
    between, found = of_molecule(np.array([[0.0, 0.0, 0.0], [1.0, 2.5, 4.0]]))
    assert np.abs(between + between.transpose(0, 2, 1)).max() < 1e-12
    generator = np.random.default_rng(1)
    energies_ev = np.sort(generator.normal(size=between.shape[1]))
    found = coupled_states(energies_ev, between)
    weights = found.weights(np.eye(len(energies_ev)))
    assert weights.sum(axis=0) == pytest.approx(np.ones(len(energies_ev)), abs=1e-12)
    up, down = found.spinors[:, :, 6:8]  # any mixture of the pair
    mixture = np.array([0.6, 0.8j * np.exp(0.4j)])
    mixed = np.abs(up @ mixture) ** 2 + np.abs(down @ mixture) ** 2
    assert mixed == pytest.approx(weights[:, 3], abs=1e-12)


def test_entries_of_the_data_file_are_the_bundled_numbers(tmp_path):
    assert spin_orbit_projectors(PB_ENTRY) == known_projectors("Pb", "GTH-PBE-q4")
    own = tmp_path / "GTH_SOC_POTENTIALS"
    own.write_text("Pb GTH-PBE-q4 GTH-PBE\n" + PB_ENTRY.replace("0.01870296", "0.02000000"))
    assert known_projectors("Pb", "gth-pbe", (own,))[1] == Projectors(2, 1.02501525, ((0.02,),))
    assert known_projectors("Pb", "GTH-BLYP-q4", (own,)) is None
    with pytest.raises(ValueError, match="cut off"):
        spin_orbit_projectors(PB_ENTRY.rpartition("0.02728312")[0])


def test_a_run_has_the_gap_with_coupling_and_that_without(runs, tmp_path):
    folder = runs("pb9s6cl6-orbitals")
    bare = ec.analyse(folder, tmp_path / "bare")
    coupled = ec.analyse(folder, tmp_path / "coupled", spin_orbit=True)
    without = coupled["without_spin_orbit"]
    assert bare["without_spin_orbit"] == {}
    assert without["homo_lumo_gap_ev"] == pytest.approx(bare["homo_lumo_gap_ev"], abs=2e-5)
    assert without["size_aware"]["gap_ev"] == pytest.approx(bare["size_aware"]["gap_ev"], abs=1e-4)
    assert coupled["homo_lumo_gap_ev"] == pytest.approx(1.974, abs=1e-3)
    checks = {check["name"]: check for check in coupled["checks"]}
    assert checks["spin_orbit"]["ok"]
    assert "without it the HOMO-LUMO gap is 2.170 eV" in checks["spin_orbit"]["message"]
    assert json.loads((tmp_path / "coupled/summary.json").read_text()) == coupled
    states = ec.read_states(folder, spin_orbit=True)
    assert states.weights.sum(axis=0) == pytest.approx(np.ones(states.n_states), abs=1e-4)
    assert states.n_electrons == pytest.approx(bare["n_electrons"])
    assert any("among half of them" in note for note in states.notes)


@pytest.mark.parametrize(
    ("name", "gaps_ev"), [("CsPbCl3", (1.7711, 0.8701)), ("PbS", (0.2526, -0.0370))]
)
def test_bulk_gaps_are_those_of_the_tables_of_the_group(runs, name, gaps_ev):
    """Bloch states at R and L of runs with the settings of QDEX, benchmarks/bulk_bands.

    All phases of the cell are -1 there, so they are orbitals of 2 x 2 x 2 cells; the gap is that
    between levels of mostly empty and of mostly occupied states.
    """
    folder = runs("bulk-corners")
    cell = read(folder / name / "cell.extxyz")
    electrons = {"Pb": 4, "S": 6, "Cl": 7, "Cs": 9}
    basis = [
        read_basis_set([folder / "BASIS_MOLOPT_UZH"], e, f"DZVP-MOLOPT-PBE-GTH-q{electrons[e]}")
        for e in cell.symbols
    ]
    energies_ev, *of_cell = np.loadtxt(folder / name / "states.txt")
    shifts = list(product((0, 1), repeat=3))
    orbitals = np.concatenate([(-1.0) ** sum(n) * np.array(of_cell) for n in shifts]) / np.sqrt(8)
    places = np.concatenate([cell.positions + n @ cell.cell.array for n in shifts]) / A_PER_BOHR
    known = [known_projectors(e, f"GTH-PBE-q{electrons[e]}") for e in cell.symbols]
    potential = SpinOrbitPotential.of(
        places, basis * 8, known * 8, 2.0 * cell.cell.array / A_PER_BOHR
    )
    found = coupled_states(energies_ev, potential.between(orbitals))
    is_empty = np.arange(len(energies_ev)) >= sum(electrons[e] for e in cell.symbols) // 2
    of_empty = is_empty @ found.weights(np.eye(len(energies_ev)))
    bare_ev = energies_ev[is_empty].min() - energies_ev[~is_empty].max()
    coupled_ev = found.energies_ev[of_empty > 0.5].min() - found.energies_ev[of_empty < 0.5].max()
    assert (bare_ev, coupled_ev) == pytest.approx(gaps_ev, abs=5e-4)


def test_parameters_of_another_potential_of_the_same_name_are_told(runs, tmp_path):
    notes = ec.read_states(runs("pb9s6cl6-orbitals"), spin_orbit=True).notes
    assert not any("another potential" in note for note in notes)
    folder = tmp_path / "uzh"
    shutil.copytree(runs("pb9s6cl6-orbitals"), folder)
    path = folder / "pb9s6cl6.inp"
    path.write_text(path.read_text().replace("GTH_POTENTIALS", "POTENTIAL_UZH"))
    notes = ec.read_states(folder, spin_orbit=True).notes
    assert any("Pb are those of another potential called GTH-PBE-Q4" in note for note in notes)
    assert any("for p is 0.812 bohr, that of the run's 0.853 bohr" in note for note in notes)


def test_what_has_no_coupling_is_refused_with_its_cause(runs, tmp_path):
    with pytest.raises(
        InputError, match="closed shells, and these orbitals are those of two spins"
    ):
        ec.read_states(runs("so-triplet"), spin_orbit=True)
    with pytest.raises(InputError, match="no mulliken weights"):
        ec.read_states(tmp_path, spin_orbit=True, weights="mulliken")
    with pytest.raises(InputError, match="drawn without spin-orbit coupling"):
        ec.analyse(runs("pb9s6cl6-orbitals"), tmp_path, spin_orbit=True, orbitals=True)
    folder = tmp_path / "other"
    shutil.copytree(runs("pb9s6cl6-orbitals"), folder)
    path = folder / "pb9s6cl6.inp"
    path.write_text(re.sub(r"POTENTIAL +GTH-PBE-q4", "POTENTIAL GTH-BLYP-q4", path.read_text()))
    with pytest.raises(InputError, match="of POTENTIAL GTH-BLYP-Q4 of Pb; put CP2K's file"):
        ec.read_states(folder, spin_orbit=True)
