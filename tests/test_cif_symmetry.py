"""Symmetry of CIFs: names, numbers, origins, operations; and what is stated of the cell."""

import gemmi
import pytest
import spglib
from cif_texts import cif_text, cubic, galena, hexagonal, named, tetragonal

from epicarve.builder.cif import read_cif, settings_named
from epicarve.errors import InputError

IDENTITY = "loop_\n_symmetry_equiv_pos_as_xyz\n'x, y, z'"
TITANIA = {"Ti": 4, "O": -2}
ANATASE = tetragonal(3.784, 9.515)
ORIGIN_1 = ("Ti1 Ti 0 0 0", "O1 O 0 0 0.2081")
ORIGIN_2 = ("Ti1 Ti 0 0.75 0.125", "O1 O 0 0.75 0.3331")


@pytest.fixture
def read(tmp_path):
    def write(text, states=None, **more):
        path = tmp_path / "crystal.cif"
        path.write_text(text)
        return read_cif(path, states or {"Pb": 2, "S": -2}, **more)

    return write


@pytest.mark.parametrize(
    "head",
    [
        named("F 4/m -3 2/m"),
        named("F4/m-32/m"),
        named("Fm-3m"),
        named("F m 3 m"),
        named("fm-3m"),
        named(r"Fm\bar{3}m"),
        named("F m -3 m (No. 225)"),
        "_symmetry_Int_Tables_number 225",
        "_symmetry_Int_Tables_number '225'",
        "_space_group_IT_number 225\n_space_group_name_H-M_alt ?",
        named("no such group") + "\n_symmetry_Int_Tables_number 225",
        "_symmetry_space_group_name_Hall '-F 4 2 3'",
        named("F m -3 m")
        + "\n"
        + IDENTITY
        + "\n_cell_formula_units_Z 4\n_chemical_formula_sum PbS",
    ],
)
def test_names_of_rock_salt(read, head):
    crystal = read(galena(head))
    assert crystal.n_sites == 8
    assert crystal.density_g_cm3 == pytest.approx(7.60, abs=0.01)


@pytest.mark.parametrize("name", ["P2(1)/c", "P 21/c", "P2_1/c", "P 1 21/c 1", "P121/c1"])
def test_names_of_a_monoclinic_group(read, name):
    sites = ("Cu1 Cu 0.1 0.2 0.3", "O1 O 0.4 0.1 0.25")
    crystal = read(
        cif_text((4.68, 3.42, 5.13, 90, 99.5, 90), sites, named(name)), {"Cu": 2, "O": -2}
    )
    assert crystal.n_sites == 8


def test_full_symbols_of_spglib_and_names_of_gemmi_are_known():
    for index in range(1, 531):
        kind = spglib.get_spacegroup_type(index)
        assert kind.number in {
            setting.number for setting in settings_named(kind.international_full)
        }
    for setting in gemmi.spacegroup_table():
        if "(" not in setting.hm:  # P 21212(a) is of another program
            assert setting in settings_named(setting.xhm())
            assert setting in settings_named("".join(setting.xhm().split()))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("R -3 m H", ["R -3 m:H"]),
        ("R-3m:R", ["R -3 m:R"]),
        ("R -3 m", ["R -3 m:H", "R -3 m:R"]),
        ("F d -3 m S", ["F d -3 m:1"]),
        ("F d -3 m Z", ["F d -3 m:2"]),
        ("Fd-3m (origin choice 2)", ["F d -3 m:2"]),
        ("P 6/m c c S", ["P 6/m c c"]),
        ("P 42/m m c (a,b+1/2,c)", []),
        ("anything", []),
    ],
)
def test_choices_in_names(name, expected):
    assert [setting.xhm() for setting in settings_named(name)] == expected


@pytest.mark.parametrize(("sites", "choice"), [(ORIGIN_1, "1"), (ORIGIN_2, "2")])
@pytest.mark.parametrize("head", [named("I 41/a m d"), "_space_group_IT_number 141"])
def test_an_origin_that_is_not_stated_is_the_one_without_short_contacts(read, sites, choice, head):
    crystal = read(cif_text(ANATASE, sites, head), TITANIA)
    assert (crystal.n_sites, crystal.density_g_cm3) == (12, pytest.approx(3.89, abs=0.01))
    assert f"taken as I 41/a m d:{choice}" in " ".join(crystal.notes)
    assert crystal.contacts_a[frozenset(("Ti", "O"))] == pytest.approx(1.93, abs=0.01)


def test_an_origin_that_is_stated_wrongly_is_refused_with_the_right_one(read):
    head = named("I 41/a m d :2") + "\n_cell_formula_units_Z 4\n_chemical_formula_sum 'O2 Ti'"
    with pytest.raises(InputError, match=r"8 'O2 Ti' in the cell.*states 4.*agree as I 41/a m d:1"):
        read(cif_text(ANATASE, ORIGIN_1, head), TITANIA)


def test_two_origins_that_both_make_sense_are_refused(read):
    """In origin 1 zinc blende's cell holds 8 sites, in origin 2 sixteen; both are far apart."""
    head = named("F d -3 m")
    with pytest.raises(InputError, match="F d -3 m:1 and F d -3 m:2 give different crystals"):
        read(
            cif_text(cubic(12.0), ("Na1 Na 0 0 0", "Cl1 Cl 0.5 0.5 0.5"), head), {"Na": 1, "Cl": -1}
        )


def test_a_refusal_names_what_would_tell_the_readings_apart(read):
    sites = ("Na1 Na 0 0 0", "Cl1 Cl 0.5 0.5 0.5")
    with pytest.raises(InputError, match=r"'F d -3 m:1' or 'F d -3 m:2', or state .*units_Z"):
        read(cif_text(cubic(12.0), sites, named("F d -3 m")), {"Na": 1, "Cl": -1})
    with pytest.raises(InputError, match=r"the one operation .*take the list .* out if F m -3 m"):
        read(galena(named("F m -3 m") + "\n" + IDENTITY))


def test_no_centring_is_proposed_for_a_list_without_symmetry(read):
    head = IDENTITY + "\n_cell_formula_units_Z 4\n_chemical_formula_sum 'Pb S'"
    with pytest.raises(InputError, match=r"give 1 'Pb S' .* states 4") as refusal:
        read(galena(head))
    assert "agree as" not in str(refusal.value)


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        (named("F 4/x -3 2/m"), "'F 4/x -3 2/m' is not known"),
        ("_symmetry_Int_Tables_number 412", "number 412 is not known"),
        (named("F 4/x -3 2/m") + "\n" + IDENTITY, "identity is the only operation listed"),
        (named("F m -3 m") + "\n" + IDENTITY, "give different crystals"),
        (named("P m -3 m") + "\n_symmetry_Int_Tables_number 225", "give different crystals"),
        (named("R -3 m :H"), "does not have the symmetry of R -3 m:H"),
        ("loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\nx+1/2,y+1/2,z\nx,y+1/2,z+1/2", "form no group"),
        ("loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n2x,y,z", "no symmetry operation such as"),
        ("loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\nx,x,z", "changes volumes"),
        ("", "no symmetry in the file"),
        (named("?"), "no symmetry in the file"),
    ],
)
def test_symmetry_that_is_not_understood_is_never_p1(read, head, complaint):
    with pytest.raises(InputError, match=complaint):
        read(galena(head))


@pytest.mark.parametrize(
    "stated",
    [
        "_cell_formula_units_Z 4\n_chemical_formula_sum 'Pb S'",
        "_exptl_crystal_density_diffrn 7.6",
        "_exptl_crystal_density_diffrn 7600",
    ],
)
def test_contents_choose_between_operations_and_name(read, stated):
    crystal = read(galena(f"{named('F m -3 m')}\n{stated}\n{IDENTITY}"))
    assert crystal.n_sites == 8
    assert "operations listed are not those of 'F m -3 m'" in crystal.notes[0]


def test_a_list_of_all_sites_beside_the_name_is_no_contradiction(read):
    points = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
    rows = [f"Pb{i} Pb {x} {y} {z}" for i, (x, y, z) in enumerate(points)]
    rows += [f"S{i} S {0.5 - x} {0.5 - y} {0.5 - z}" for i, (x, y, z) in enumerate(points)]
    crystal = read(galena(named("F m -3 m") + "\n" + IDENTITY, tuple(rows)))
    assert crystal.n_sites == 8
    assert crystal.notes == ()


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        ("_cell_formula_units_Z 8\n_chemical_formula_sum PbS", "give 4 'PbS' .* states 8"),
        ("_chemical_formula_sum 'Pb2 S'", "give Pb4 S4, but the formula states 'Pb2 S'"),
        ("_chemical_formula_sum 'H2 O Pb S'", "holds H, O, of which the list of sites has none"),
        ("_chemical_formula_sum 'Pb'", "hold S, which the formula 'Pb' does not"),
        ("_exptl_crystal_density_diffrn 1.9", "give 7.60 g/cm³, .* states 1.9"),
        ("_cell_volume 52.3", "cell of 209.16 Å³, but _cell_volume states 52.3 Å³"),
    ],
)
def test_contradictions_name_both_numbers(read, stated, complaint):
    with pytest.raises(InputError, match=complaint):
        read(galena(named("F m -3 m") + "\n" + stated))


@pytest.mark.parametrize(
    "stated",
    [
        "_chemical_formula_sum 'S Pb'\n_cell_formula_units_Z 4",
        "_chemical_formula_sum 'Pb4 S4'\n_cell_formula_units_Z 4",  # as pymatgen does
        "_chemical_formula_sum 'Pb2 S2'\n_cell_formula_units_Z 2",
        "_chemical_formula_sum 'Pb1 S1'",
        "_chemical_formula_structural PbS\n_cell_formula_units_Z 4",
        "_chemical_formula_moiety 'Pb 2+, S 2-'",
        "_chemical_formula_sum ?\n_cell_formula_units_Z ?\n_exptl_crystal_density_diffrn ?",
        "_chemical_formula_sum 'Galena'",
        "_cell_volume 209.2(1)\n_exptl_crystal_density_diffrn 7.59(2)",
        "_chemical_formula_sum PbS\n_cell_formula_units_Z 2\n_exptl_crystal_density_diffrn 7.6",
    ],
)
def test_what_files_state_rightly_is_not_refused(read, stated):
    assert read(galena(named("F m -3 m") + "\n" + stated)).n_sites == 8


def test_hydrogen_that_is_not_in_the_list(read):
    sites = ("Ni1 Ni 0 0 0 0", "O1 O 0.333333 0.666667 0.24 1")
    more = {"columns": ("attached_hydrogens",)}
    cell, states = hexagonal(3.126, 4.605), {"Ni": 2, "O": -1}
    with pytest.raises(InputError, match=r"sites carry 2 hydrogen atoms .* but 0 are listed"):
        read(cif_text(cell, sites, named("P -3 m 1"), **more), states)
    head = named("P -3 m 1") + "\n_chemical_formula_sum 'H2 Ni O2'\n_cell_formula_units_Z 1"
    with pytest.raises(InputError, match="formula 'H2 Ni O2' holds H"):
        read(cif_text(cell, sites, head, **more), states)


def test_multiplicities_are_compared(read):
    sites = ("Pb1 Pb 0 0 0 4", "S1 S 0.5 0.5 0.5 4")
    columns = ("symmetry_multiplicity",)
    assert read(galena(sites=sites, columns=columns)).n_sites == 8
    with pytest.raises(InputError, match=r"symmetry gives 1 sites Pb1 .* states 4"):
        read(galena(named("P 1"), sites, columns=columns))


@pytest.mark.parametrize(("third", "told"), [("0.3333", False), ("0.333", False), ("0.32", True)])
def test_rounded_special_positions(read, third, told):
    sites = (f"Zn1 Zn {third} {1 - float(third):.4f} 0", "O1 O 1/3 2/3 0.382")
    crystal = read(cif_text(hexagonal(3.25, 5.207), sites, named("P 63 m c")), {"Zn": 2, "O": -2})
    assert crystal.n_sites == 4
    assert ("which they miss" in " ".join(crystal.notes)) is told
