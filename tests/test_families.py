import numpy as np
import pytest
from crystal_prototypes import PROTOTYPES
from family_grid import KINDS, PAPER, outcome

from epicarve.builder.cif import read_cif
from epicarve.builder.library import bundled_crystal

THIN_SIZE = 150
CONSTRAINTS = ("neutral", "ratio", "coordination", "pieces", "unit cell")

BY_NAME = {prototype.name: prototype for prototype in PROTOTYPES}


def found_coordination(crystal):
    return {
        symbol: tuple(sorted(set(crystal.coordination[crystal.symbols == symbol].tolist())))
        for symbol in crystal.charge_of
    }


@pytest.mark.parametrize("name", BY_NAME)
def test_bond_rule_finds_the_coordination_of_textbooks(name, tmp_path):
    prototype = BY_NAME[name]
    found = found_coordination(prototype.crystal(tmp_path))
    if prototype.weak is None:
        assert found == prototype.coordination
    else:
        assert found in (prototype.coordination, prototype.weak)


def test_only_three_structures_count_weak_contacts(tmp_path):
    weak = [p.name for p in PROTOTYPES if found_coordination(p.crystal(tmp_path)) == p.weak]
    assert weak == ["CaTiO3", "CsPbBr3-Pnma", "PbFCl"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Pb4S3Br2", {"Br": {7}}),
        ("Pb4S3Cl2", {"Cl": {7}}),
        ("Pb3S2Cl2", {"Cl": {6}, "S": {6}}),
        ("CsPbCl3", {"Cs": {12}, "Pb": {6}, "Cl": {6}}),
    ],
)
def test_bond_rule_finds_the_coordination_of_the_study(name, expected):
    crystal = bundled_crystal(name)
    for symbol, numbers in expected.items():
        assert set(crystal.coordination[crystal.symbols == symbol].tolist()) == numbers


def test_charges_of_each_site_are_read_where_an_element_has_several(tmp_path):
    crystal = BY_NAME["Fe3O4"].crystal(tmp_path)
    tetrahedral = (crystal.symbols == "Fe") & (crystal.coordination == 4)
    octahedral = (crystal.symbols == "Fe") & (crystal.coordination == 6)
    assert set(crystal.oxidation_states[tetrahedral].tolist()) == {3}
    assert sorted(crystal.oxidation_states[octahedral].tolist()) == [2] * 8 + [3] * 8


@pytest.mark.parametrize("name", BY_NAME)
def test_coordination_does_not_hang_on_the_scale_of_the_cell(name, tmp_path):
    prototype = BY_NAME[name]
    text = prototype.cif_text()
    for axis, length in zip("abc", prototype.cell, strict=False):
        text = text.replace(f"_cell_length_{axis} {length}", f"_cell_length_{axis} {length * 1.02}")
    path = tmp_path / "larger.cif"
    path.write_text(text, encoding="utf-8")
    assert found_coordination(read_cif(path)) == found_coordination(prototype.crystal(tmp_path))


@pytest.mark.parametrize(("name", "joined"), [("CdI2", {"I"}), ("PbO", {"Pb"})])
def test_layers_are_linked_by_the_shortest_contacts_between_them(name, joined, tmp_path):
    crystal = BY_NAME[name].crystal(tmp_path)
    links, bonds = crystal.connectivity, crystal.bonds
    added = slice(len(bonds.cations), None)
    ends = np.concatenate([links.cations[added], links.anions[added]])
    assert set(crystal.symbols[ends].tolist()) == joined
    steps = crystal.fractional[links.anions] + links.shifts - crystal.fractional[links.cations]
    assert (np.abs(steps[added] @ crystal.cell_a[:, 2]) > 2.0).all()  # from layer to layer
    assert crystal.coordination.sum() == 2 * len(bonds.cations)  # contacts are no bonds


@pytest.mark.parametrize("name", ["NaCl", "CsCl", "La2CuO4", "Th3P4", "SiO2-quartz", "PbFCl"])
def test_bonds_alone_hold_the_others_together(name, tmp_path):
    crystal = BY_NAME[name].crystal(tmp_path)
    assert crystal.connectivity is crystal.bonds


COMMON = (
    *("NaCl", "ZnO", "CaF2", "ZnS", "TiO2-rutile", "SrTiO3", "CaTiO3", "Cs2AgBiBr6", "MgAl2O4"),
    *("Li2O", "Th3P4", "PbCl2", "CdI2"),
)
"""One of each common family; docs/make_families.py carves all."""


def hold(crystal, kind):
    """The model is as it must be, or the refusal names what stands in the way."""
    model, refusal = outcome(crystal, kind, THIN_SIZE)
    if model is None:
        assert any(word in refusal for word in CONSTRAINTS), refusal


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PAPER)
def test_crystals_of_the_study_carve_to_every_shape(name, kind):
    hold(bundled_crystal(name), kind)


@pytest.mark.parametrize(
    ("name", "kind"), [(name, KINDS[index % 4]) for index, name in enumerate(COMMON)]
)
def test_families_carve_to_one_shape_each(name, kind, tmp_path):
    hold(BY_NAME[name].crystal(tmp_path), kind)
