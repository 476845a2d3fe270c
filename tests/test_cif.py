"""Reading CIF files: charges given, stated and guessed; and bad files."""

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from pymatgen.core import Structure
from pymatgen.io.cif import CifWriter

from epicarve.builder.cif import read_cif
from epicarve.builder.library import bundled_crystal
from epicarve.errors import InputError

FLUORITE = """data_CaF2
_cell_length_a 5.4626
_cell_length_b 5.4626
_cell_length_c 5.4626
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'F m -3 m'
_space_group_IT_number 225
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Ca1 Ca 0 0 0 1
F1 F 0.25 0.25 0.25 1
"""


@pytest.fixture
def cif(tmp_path):
    def write(text):
        path = tmp_path / "crystal.cif"
        path.write_text(text)
        return path

    return write


def test_fluorite_with_guessed_charges(cif):
    crystal = read_cif(cif(FLUORITE))
    assert crystal.formula == "CaF2"
    assert crystal.charge_of == {"Ca": 2, "F": -1}
    assert "guessed" in crystal.notes[0]
    assert set(crystal.coordination[crystal.symbols == "Ca"]) == {8}
    assert set(crystal.coordination[crystal.symbols == "F"]) == {4}


def test_charges_given_by_the_user_are_not_guessed(cif):
    crystal = read_cif(cif(FLUORITE), {"Ca": 2, "F": -1})
    assert crystal.notes == ()
    with pytest.raises(InputError, match="lacks F"):
        read_cif(cif(FLUORITE), {"Ca": 2})
    with pytest.raises(InputError, match="names Cl, which is not in the crystal"):
        read_cif(cif(FLUORITE), {"Ca": 2, "F": -1, "Cl": -1})
    with pytest.raises(InputError, match=r"carries \+4 e"):
        read_cif(cif(FLUORITE), {"Ca": 3, "F": -1})


def test_charges_in_site_types(cif):
    text = FLUORITE.replace("Ca1 Ca ", "Ca1 Ca2+ ").replace("F1 F ", "F1 F1- ")
    crystal = read_cif(cif(text))
    assert crystal.charge_of == {"Ca": 2, "F": -1}
    assert crystal.notes == ()


def test_rounded_special_positions_are_not_doubled(cif):
    wurtzite = FLUORITE.replace("5.4626", "3.8227", 2).replace("5.4626", "6.2607")
    wurtzite = wurtzite.replace("_gamma 90", "_gamma 120").replace("F m -3 m", "P 63 m c")
    wurtzite = wurtzite.replace("225", "186")
    wurtzite = wurtzite.replace("Ca1 Ca 0 0 0 1", "Zn1 Zn 0.333 0.667 0 1")
    wurtzite = wurtzite.replace("F1 F 0.25 0.25 0.25 1", "S1 S 0.333 0.667 0.3748 1")
    crystal = read_cif(cif(wurtzite))
    assert crystal.n_sites == 4
    assert crystal.coordination.tolist() == [4, 4, 4, 4]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("0.25 0.25 0.25 1", "0.25 0.25 0.25 0.5"), "site F1 is occupied to 0.5 by F alone"),
        (
            ("_space_group_name_H-M_alt 'F m -3 m'\n_space_group_IT_number 225\n", ""),
            "no symmetry in the file",
        ),
        (("F1 F 0.25 0.25 0.25 1", "F1 F 0.05 0.05 0.05 1"), "overlap, 0.47 Å apart"),
        (("_atom_site_fract_x", "_atom_site_x"), "no atom sites"),
        (("loop_", "loop_ loop_"), "not a CIF"),
        (("_cell_length_a 5.4626\n", "_cell_length_a 0\n"), "no volume"),
    ],
)
def test_bad_files_are_one_sentence(cif, change, complaint):
    assert change[0] in FLUORITE
    with pytest.raises(InputError, match=complaint) as error:
        read_cif(cif(FLUORITE.replace(*change)))
    assert "crystal" in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="give the path of a CIF"):
        read_cif(tmp_path / "nothing.cif")


def test_elements_that_cannot_balance(cif):
    text = FLUORITE.replace("Ca1 Ca", "Au1 Au").replace("F1 F ", "Ag1 Ag ")
    with pytest.raises(InputError, match="give oxidation_states"):
        read_cif(cif(text))


def test_cell_orientation_follows_the_cif_convention(cif):
    crystal = read_cif(cif(FLUORITE))
    np.testing.assert_allclose(crystal.cell_a, 5.4626 * np.eye(3), atol=1e-9)


@pytest.mark.parametrize("name", ["PbS", "Pb4S3Br2", "CsPb2Cl5", "Pb3S2Cl2-I213"])
def test_what_other_programs_write_is_read_without_a_note(name, tmp_path):
    crystal = bundled_crystal(name)
    symbols = crystal.symbols.tolist()
    structure = Structure(crystal.cell_a, symbols, crystal.fractional)
    atoms = Atoms(symbols, cell=crystal.cell_a, scaled_positions=crystal.fractional, pbc=True)
    CifWriter(structure).write_file(tmp_path / "all.cif")
    CifWriter(structure, symprec=0.01).write_file(tmp_path / "symmetry.cif")
    CifWriter(structure.get_primitive_structure()).write_file(tmp_path / "primitive.cif")
    write(tmp_path / "ase.cif", atoms)
    for path in tmp_path.iterdir():
        again = read_cif(path, crystal.charge_of)
        assert again.notes == ()
        assert again.formula == crystal.formula
        assert again.density_g_cm3 == pytest.approx(crystal.density_g_cm3, rel=1e-4)
