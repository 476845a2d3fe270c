"""Values of CIFs as people and programs write them: read right, or refused by their true cause."""

import numpy as np
import pytest
from cif_texts import cif_text, cubic, galena, hexagonal, named
from hypothesis import given
from hypothesis import strategies as st

from epicarve.builder.cif import number, oxidation_number, read_cif, site_type
from epicarve.errors import InputError
from epicarve.workflow.recipes import CrystalSpec
from epicarve.workflow.tasks.build import load_crystal

LEAD = {"Pb": 2, "S": -2}
TYPES = "\nloop_\n_atom_type_symbol\n_atom_type_oxidation_number\n"


@pytest.fixture
def read(tmp_path):
    def write(content, states=LEAD, **more):
        path = tmp_path / "crystal.cif"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_cif(path, states, **more)

    return write


@given(st.floats(-1e6, 1e6), st.integers(1, 99))
def test_numbers_are_read_with_and_without_uncertainty(value, uncertainty):
    assert number(f"{value:.6f}") == pytest.approx(value, abs=1e-6)
    assert number(f"{value:.6f}({uncertainty})") == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    "text", ["nan", "inf", "1e999", "0,5", "1/0", "x", "1_0", "--1", "0x1", "5 6"]
)
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="is not a finite number"):
        number(text)


@pytest.mark.parametrize("text", ["1.6", "II", "2.270", "99", "nan", "+", "++2"])
def test_what_is_no_oxidation_number(text):
    with pytest.raises(ValueError, match="no whole oxidation number"):
        oxidation_number(text)


@pytest.mark.parametrize("text", ["2", "+2", "2+", "2.0", "2(1)", "2+(1)", "'2'", "2.00"])
def test_oxidation_numbers_of_a_file(read, text):
    crystal = read(galena() + TYPES + f"Pb {text}\nS -2\n", None)
    assert crystal.charge_of == LEAD
    assert crystal.notes == ()


@pytest.mark.parametrize("text", ["?", "."])
def test_oxidation_numbers_that_are_not_stated_are_guessed(read, text):
    assert "guessed" in " ".join(read(galena() + TYPES + f"Pb {text}\nS -2\n", None).notes)


def test_an_oxidation_number_that_is_not_whole_is_refused_unless_others_are_given(read):
    text = galena() + TYPES + "Pb 1.6\nS -2\n"
    with pytest.raises(InputError, match=r"oxidation_number of Pb: '1.6' is no whole"):
        read(text, None)
    assert read(text).charge_of == LEAD


@pytest.mark.parametrize(
    ("name", "is_label", "element"),
    [
        ("Pb2+", False, "Pb"),
        ("PB", False, "Pb"),
        ("O-2", False, "O"),
        ("Cval", False, "C"),
        ("Siv", False, "Si"),
        ("11B", False, "B"),
        ("D", False, "H"),
        ("T", False, "H"),
        ("Wat", False, "O"),
        ("OH2", False, "O"),
        ("O-H", True, "O"),
        ("Ob1", True, "O"),
        ("OW2", True, "O"),
        ("CL1", True, "Cl"),
        ("CaM2", True, "Ca"),
        ("H1A", True, "H"),
    ],
)
def test_elements_of_types_and_labels(name, is_label, element):
    assert site_type(name, is_label=is_label).element == element


@pytest.mark.parametrize(
    ("name", "is_label"),
    [("X", False), ("Vac", False), ("Du", False), ("T1", True), ("M2", True), ("7", False)],
)
def test_names_that_are_no_element(name, is_label):
    with pytest.raises(ValueError, match="is no element"):
        site_type(name, is_label=is_label)


def test_the_formula_decides_between_two_readings():
    assert site_type("CO1", ["C", "O", "Ca"], is_label=True).element == "C"
    assert site_type("CO1", ["Co", "O"], is_label=True).element == "Co"


def test_coordinates_as_points_and_fractions(read):
    fluoride = ("F1 F1- .5 . .", "K1 K1+ .5 .5 .5", "Mn1 Mn2+ . . .")
    crystal = read(cif_text(cubic(4.187), fluoride, named("P m -3 m")), None)
    assert crystal.formula == "KMnF3"
    assert crystal.charge_of == {"K": 1, "Mn": 2, "F": -1}
    assert "are read as 0" in crystal.notes[0]
    thirds = ("Zn1 Zn 1/3 2/3 0", "O1 O 1/3 2/3 0.382")
    crystal = read(cif_text(hexagonal(3.25, 5.207), thirds, named("P 63 m c")), {"Zn": 2, "O": -2})
    assert sorted(crystal.fractional[:, 0].tolist()) == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize(
    ("sites", "more", "complaint"),
    [
        (("Pb1 Pb 0 0 0", "S1 S .5 .5 .5", "H1 H ? ? ?"), {}, "site H1: coordinate x is not known"),
        (("? ? ? ? ?",), {}, "no atom sites"),
        (("Pb1 Pb 0 0 nan", "S1 S .5 .5 .5"), {}, "site Pb1: coordinate z: 'nan' is not a finite"),
        (("Pb1 Pb 0 0 0,1", "S1 S .5 .5 .5"), {}, "write a decimal point"),
        (("Pb1 Pb 0 0 1e9", "S1 S .5 .5 .5"), {}, "no fraction of the cell"),
        (("Pb1 X 0 0 0", "S1 S .5 .5 .5"), {}, "site Pb1: its _atom_site_type_symbol 'X' is no"),
        (("M1 0 0 0", "S1 .5 .5 .5"), {"types": False}, "site M1: its label 'M1' is no element"),
        (("Wat1 0 0 0", "Pb1 .5 .5 .5"), {"types": False}, "sites carry 4 hydrogen atoms"),
        (("Pb1 Pb 0 0 0 -1", "S1 S .5 .5 .5 1"), {"columns": ("occupancy",)}, "no share from 0"),
    ],
)
def test_sites_that_are_refused_by_their_true_cause(read, sites, more, complaint):
    with pytest.raises(InputError, match=complaint):
        read(galena(sites=sites, **more))


def test_dummies_empty_sites_and_deuterium(read):
    sites = ("Pb1 Pb 0 0 0 1 ?", "S1 S .5 .5 .5 . .", "H1 H ? ? ? 1 dum", "O1 O .25 .25 .25 0 .")
    crystal = read(galena(sites=sites, columns=("occupancy", "calc_flag")))
    assert (crystal.formula, len(crystal.notes)) == ("PbS", 2)
    deuteride = ("Li1 Li 0 0 0", "D1 D .5 .5 .5")
    head = named("F m -3 m") + "\n_chemical_formula_sum 'Li D'\n_exptl_crystal_density_diffrn 0.89"
    crystal = read(cif_text(cubic(4.07), deuteride, head), {"Li": 1, "H": -1})
    assert (crystal.formula, "deuterium" in crystal.notes[0]) == ("LiH", True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(read, encoding):
    assert read(galena().encode(encoding)).n_sites == 8


def test_old_line_ends_latin_1_and_dotted_tags(read):
    assert read(galena().replace("\n", "\r").encode()).n_sites == 8
    assert read(b"# M\xfcller\n" + galena().encode()).n_sites == 8
    dotted = galena().replace("_atom_site_", "_atom_site.").replace("_cell_", "_cell.")
    assert read(dotted).n_sites == 8


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\x1f\x8b\x08", "compressed"),
        (b"data_x\n\0\0_cell_length_a 1\n", "zero bytes"),
        (galena().replace("_fract_", "_Cartn_"), "cartesian coordinates"),
        (galena().replace("_cell_length_b 5.936\n", ""), "_cell_length_b is not stated"),
        (galena().replace("_cell_length_b 5.936", "_cell_length_b abc"), "_cell_length_b: 'abc'"),
        (galena() + "_cell_length_a 6.0\n", "_cell_length_a is stated 2 times"),
        (galena() + galena().partition("loop_")[2].join(["loop_", ""]), "in two loops"),
        (b"", "no atom sites"),
        (b"hello", "not a CIF that can be parsed"),
    ],
)
def test_files_that_are_refused_by_their_true_cause(read, content, complaint):
    with pytest.raises(InputError, match=complaint):
        read(content)


def test_a_tag_twice_with_one_value_is_no_fault(read):
    text = galena(named("F m -3 m") + "\n_chemical_formula_sum 'Pb S'\n_chemical_formula_sum ''")
    assert read(text).formula == "PbS"
    assert read(galena() + "_cell_length_a 5.936\n").n_sites == 8


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (cubic(1e9), "Å long"),
        (cubic(1e-3), "no volume"),
        ((5.9, 5.9, 5.9, 1, 1, 1.99), "no volume|thin"),
        ((5.9, 5.9, 5.9, 60, 60, 170), "no volume"),
        ((5.9, 5.9, 5.9, 0, 90, 90), "no volume"),
        ((1e-200, 1e200, 1e200, 90, 90, 90), "no volume|Å long"),
        ((0.2, 900, 900, 90, 90, 90), "thin"),
        ((-5.9, 5.9, 5.9, 90, 90, 90), "no volume"),
    ],
)
def test_absurd_cells_are_refused_before_they_cost_memory(read, cell, complaint):
    with pytest.raises(InputError, match=complaint):
        read(cif_text(cell, ("Pb1 Pb 0 0 0", "S1 S 0.5 0.5 0.5"), named("P 1")))


def test_too_many_sites_are_refused(read):
    rows = tuple(f"Pb{i} Pb 0.{i:05d} 0 0" for i in range(11_000))
    with pytest.raises(InputError, match="sites that can be worked with"):
        read(cif_text(cubic(900), rows, named("F m -3 m")))


def test_several_blocks(read, tmp_path):
    zinc = ("Zn1 Zn 0 0 0", "S1 S 0.25 0.25 0.25")
    second = cif_text(cubic(5.409), zinc, named("F -4 3 m")).replace("data_x", "data_blende")
    text = "data_paper\n_journal_year 1999\n" + galena() + second
    states = {"Pb": 2, "Zn": 2, "S": -2}
    crystal = read(text)
    assert (crystal.formula, crystal.notes) == (
        "PbS",
        ("block x was read; block: takes another: blende",),
    )
    for block in ("blende", "BLENDE", 2, "2"):
        assert read(text, {"Zn": 2, "S": -2}, block=block).formula == "ZnS"
    with pytest.raises(InputError, match=r"block 'paper' is not there; .* x, blende"):
        read(text, states, block="paper")
    spec = CrystalSpec(file=tmp_path / "crystal.cif", block="blende")
    assert load_crystal(spec).formula == "ZnS"


def test_full_occupancy_is_asked_for(read):
    def text(share):
        sites = (f"Pb1 Pb 0 0 0 {share}", "S1 S 0.5 0.5 0.5 1")
        return galena(sites=sites, columns=("occupancy",))

    with pytest.raises(
        InputError, match=r"Pb1 is occupied to 0.985 by Pb alone.*full_occupancy: true"
    ):
        read(text("0.985(5)"))
    crystal = read(text("0.985(5)"), full_occupancy=True)
    assert crystal.n_sites == 8
    assert "Pb1 0.985" in crystal.notes[0]
    with pytest.raises(
        InputError, match=r"Pb1 is occupied to 0.75 by Pb alone, so places are empty"
    ):
        read(text("0.75"), full_occupancy=True)


def test_contacts_are_bounded_by_element(read):
    hydride = ("Li1 Li 0 0 0", "H1 H 0.14 0 0")
    with pytest.raises(
        InputError, match=r"overlap, 0\.57 Å apart; check the place of the hydrogen"
    ):
        read(cif_text(cubic(4.08), hydride, named("P 1")), {"Li": 1, "H": -1})
    lead = ("Pb1 Pb 0 0 0", "S1 S 0.2 0 0")
    with pytest.raises(InputError, match=r"overlap, 1\.19 Å apart; remove the duplicate"):
        read(galena(named("P 1"), lead))


def test_coordinates_of_a_crystal_made_in_python_are_finite():
    from epicarve.builder.crystal import Crystal

    with pytest.raises(InputError, match="not a finite number"):
        Crystal(
            "x",
            5.0 * np.eye(3),
            np.array(["Na", "Cl"]),
            np.array([[0, 0, 0], [np.nan, 0, 0]]),
            np.array([1, -1]),
        )
    with pytest.raises(InputError, match="no volume"):
        Crystal("x", np.inf * np.eye(3), np.array(["Na"]), np.zeros((1, 3)), np.array([0]))


def test_a_single_site_without_a_loop(read):
    head = galena().partition("loop_")[0]
    place = "".join(f"_atom_site_fract_{axis} 0\n" for axis in "xyz")
    with pytest.raises(InputError, match=r"Po has oxidation state 0|no whole oxidation states"):
        read(f"{head}_atom_site_label Po\n_atom_site_type_symbol Po\n{place}", {"Po": 0})
