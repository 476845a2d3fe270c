from types import SimpleNamespace

import numpy as np
import pytest
from pymatgen.core.bond_valence import BV_PARAMS, ELECTRONEG, calculate_bv_sum
from structure_types import SINGLE_IONS

from epicarve.builder.crystal import bond_valence, bond_valences, neighbours
from epicarve.builder.library import bundled_crystal

SOFTNESS_A = 0.37


def test_lengths_of_unit_valence_are_those_of_pymatgen():
    # its sums take b = 0.31 Å; the length of valence 1 does not hang on b
    for cation in BV_PARAMS:
        for anion in ELECTRONEG:
            if cation == anion:
                continue
            near = SimpleNamespace(specie=anion, nn_distance=2.5)
            valence = calculate_bv_sum(SimpleNamespace(specie=cation), [near])
            length_a = 2.5 + 0.31 * np.log(abs(valence))
            ours = bond_valence(cation.symbol, anion.symbol, 2.5)
            assert ours == pytest.approx(np.exp((length_a - 2.5) / SOFTNESS_A), rel=1e-9)


def test_no_valence_without_parameters_or_of_two_metals():
    assert bond_valence("Pb", "Cs", 3.0) is None
    assert bond_valence("Cl", "Cl", 2.0) is None
    assert bond_valence("Xe", "F", 2.0) is None
    lengths_a = np.array([2.0, 3.0])
    found = bond_valences(np.array(["Xe", "Cs"]), np.array(["F", "Cl"]), lengths_a)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(bond_valence("Cs", "Cl", 3.0))


@pytest.mark.parametrize("name", SINGLE_IONS)
def test_sums_of_bundled_crystals_come_near_the_formal_charges(name):
    crystal = bundled_crystal(name)
    i, j, _, lengths_a = neighbours(crystal.cell_a, crystal.fractional, 5.0)
    opposite = crystal.oxidation_states[i] * crystal.oxidation_states[j] < 0
    i, j, lengths_a = i[opposite], j[opposite], lengths_a[opposite]
    valences = bond_valences(crystal.symbols[i], crystal.symbols[j], lengths_a)
    sums = np.bincount(i, valences, minlength=crystal.n_sites)
    off = np.abs(sums / np.abs(crystal.oxidation_states) - 1.0)
    heavy = crystal.symbols != "Cs"  # its bonds are too long in the cubic perovskites, as known
    assert off[heavy].max() < 0.375  # 0.374 in HgTe, less in all others
