"""The bundled crystals against what the literature says of them, and against pymatgen."""

from importlib.resources import as_file

import gemmi
import numpy as np
import pytest
from pymatgen.io.cif import CifParser
from structure_types import SINGLE_IONS

from epicarve.builder.crystal import Crystal, first_shell_limit_a
from epicarve.builder.library import FOLDER, bundled_crystal, bundled_names
from epicarve.errors import InputError

NAMES = bundled_names()


@pytest.mark.parametrize("name", NAMES)
def test_file_states_source_status_and_its_own_bond_rule(name):
    crystal = bundled_crystal(name)
    assert crystal.source
    assert crystal.status in {"published", "computed", "derived"}
    assert bool(crystal.derivation) == (crystal.status != "published")
    with as_file(FOLDER / f"{name}.cif") as path:
        block = gemmi.cif.read(str(path)).sole_block()
        first_line = path.read_text().splitlines()[0]
    assert crystal.status.upper() in first_line
    tags = ["_epicarve_bond_cation", "_epicarve_bond_anion", "_epicarve_bond_max_length"]
    stated = {(row[0], row[1]): float(row[2]) for row in block.find(tags)}
    assert stated == {pair: pytest.approx(d, abs=1e-3) for pair, d in crystal.bond_rule.items()}


@pytest.mark.parametrize("name", SINGLE_IONS)
def test_unit_cell_equals_pymatgens(name):
    crystal = bundled_crystal(name)
    with as_file(FOLDER / f"{name}.cif") as path:
        structure = CifParser(path).parse_structures(primitive=False)[0]
    assert len(structure) == crystal.n_sites
    assert structure.volume == pytest.approx(crystal.volume_a3, rel=1e-9)
    assert structure.composition.reduced_formula in {
        structure.composition.__class__(crystal.formula).reduced_formula
    }
    theirs = np.sort(structure.distance_matrix[np.triu_indices(len(structure), 1)])
    cell = crystal.cell_a
    delta = crystal.fractional[:, None] - crystal.fractional[None, :]
    shifts = np.stack(np.meshgrid(*[[-2, -1, 0, 1, 2]] * 3), axis=-1).reshape(-1, 1, 1, 3)
    ours = np.linalg.norm((delta + shifts) @ cell, axis=-1).min(axis=0)
    np.testing.assert_allclose(np.sort(ours[np.triu_indices(len(ours), 1)]), theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "density", "neighbours"),
    [
        ("Pb3S2Cl2", 6.95, {"Cl": {6}, "S": {6}, "Pb": {8}}),
        ("Pb3S2Cl2-X1X3", 6.95, {"Cl": {6}, "S": {6}, "Pb": {8}}),
        ("Pb3S2Cl2-I213", 6.95, {"Cl": {6}, "S": {6}, "Pb": {8}}),
        ("Pb4S3Br2", 7.30, {"Br": {7}, "S": {6}, "Pb": {8}}),
        ("Pb4S3Cl2", None, {"Cl": {7}, "S": {6}, "Pb": {8}}),
        ("Pb4S3I2", 7.38, {"I": {7}, "S": {6}, "Pb": {8}}),
        ("CsPbCl3", None, {"Cs": {12}, "Pb": {6}, "Cl": {6}}),
        ("CsPbBr3-Pnma", None, {"Cs": {12}, "Pb": {6}, "Br": {6}}),
        ("PbS", 7.60, {"Pb": {6}, "S": {6}}),
        ("PbCl2", 5.91, {"Pb": {9}, "Cl": {4, 5}}),
        ("CsPb2Cl5", None, {"Pb": {8}}),
        ("Cs2PbCl4", None, {"Pb": {6}}),
    ],
)
def test_densities_and_coordination_are_those_of_the_literature(name, density, neighbours):
    crystal = bundled_crystal(name)
    if density is not None:
        assert crystal.density_g_cm3 == pytest.approx(density, rel=0.015)
    for symbol, expected in neighbours.items():
        assert set(crystal.coordination[crystal.symbols == symbol].tolist()) == expected


def test_pb4s3br2_bromide_has_the_published_pentagonal_bipyramid():
    crystal = bundled_crystal("Pb4S3Br2")
    bonds = crystal.bonds
    bromide = int(np.flatnonzero(crystal.symbols == "Br")[0])
    lengths = np.sort(bonds.lengths_a[bonds.anions == bromide])
    np.testing.assert_allclose(lengths, [3.08, 3.18, 3.37, 3.64, 3.65, 3.66, 3.74], atol=0.006)


def test_shell_limit_is_scale_free():
    distances = np.array([2.8, 2.9, 3.3, 4.9, 5.2, 6.0])
    assert first_shell_limit_a(distances) == pytest.approx(4.1)
    assert first_shell_limit_a(7.0 * distances) == pytest.approx(7.0 * 4.1)


def make(symbols, fractional, charges, a=5.0):
    return Crystal(
        name="test",
        cell_a=a * np.eye(3),
        symbols=np.array(symbols),
        fractional=np.array(fractional, dtype=float),
        oxidation_states=np.array(charges),
    )


def test_overlap_charge_and_zero_states_are_refused():
    half = [0.5, 0.5, 0.5]
    with pytest.raises(InputError, match=r"overlap, 0\.05 Å apart"):
        make(["Na", "Na", "Cl"], [[0, 0, 0], [0.01, 0, 0], half], [1, 1, -2])
    with pytest.raises(InputError, match=r"carries \+1 e with Cl -1, Na \+2|Na \+2, Cl -1"):
        make(["Na", "Cl"], [[0, 0, 0], half], [2, -1])
    with pytest.raises(InputError, match="oxidation state 0"):
        make(["Au", "Au"], [[0, 0, 0], half], [0, 0])


def test_planes():
    crystal = bundled_crystal("Pb4S3Cl2")
    np.testing.assert_allclose(crystal.direction((0, 1, 0)), [0, 1, 0], atol=1e-12)
    assert crystal.spacing_a((0, 2, 0)) == pytest.approx(crystal.cell_parameters[1])
    with pytest.raises(InputError, match="no plane"):
        crystal.direction((0, 0, 0))


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(InputError, match="did you mean Pb3S2Cl2"):
        bundled_crystal("Pb3S2C12")
