"""Which geometry the states of a run are of: by input, restart, trajectory and main output."""

import numpy as np
import pytest

from epicarve.dft.check import check_input
from epicarve.dft.output import read_output
from epicarve.dft.read import RunFolder, read_geometry, read_run_input
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR

WATER = np.array([[4.0, 4.0, 4.0], [4.76, 4.0, 4.59], [3.24, 4.0, 4.59]])
MOVED = np.array([[4.0, 4.0, 3.937339], [4.798665, 4.0, 4.597349], [3.201335, 4.0, 4.597349]])
CELL = "ABC 8 8 8\nPERIODIC NONE"
OHH = ("O", "H", "H")
SALT = [(x, y, z) for x, y, z in ((0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0))]


def rows(labels, positions):
    return "\n".join(
        f"{label} {' '.join(map(str, xyz))}" for label, xyz in zip(labels, positions, strict=True)
    )


def input_text(run_type="ENERGY", *, cell=CELL, coord=None, more="", top="", project="w"):
    coord = rows(OHH, WATER) if coord is None else coord
    coord = f"&COORD\n{coord}\n&END COORD" if coord else ""
    return f"""\
&GLOBAL
PROJECT {project}
RUN_TYPE {run_type}
&END GLOBAL
{top}
&FORCE_EVAL
METHOD QS
&DFT
&END DFT
&SUBSYS
&CELL
{cell}
&END CELL
{coord}
{more}
&END SUBSYS
&END FORCE_EVAL
"""


def output_text(run_type="ENERGY", positions=WATER, labels=OHH, steps=0, cell_a=(8, 8, 8)):
    """A main output as CP2K 2023.1 prints it, with what tells of the geometry."""
    kinds = list(dict.fromkeys(labels))
    numbers = {"O": 8, "H": 1, "Na": 11, "Cl": 17}
    element = {label: label.rstrip("0123456789") for label in labels}
    vectors = "".join(
        f" CELL| Vector {name} [angstrom]: {x:9.3f} {y:9.3f} {z:9.3f}   |{name}| = {length:10.6f}\n"
        for name, length, (x, y, z) in zip("abc", cell_a, np.diag(cell_a), strict=True)
    )
    angles = "".join(
        f" CELL| Angle ({pair}), {name} [degree]:                             90.000000\n"
        for pair, name in (("b,c", "alpha"), ("a,c", "beta "), ("a,b", "gamma"))
    )
    named = "".join(
        f"  {i}. Atomic kind: {kind}                      Number of atoms:       1\n"
        for i, kind in enumerate(kinds, 1)
    )
    table = "".join(
        f"{i:7d} {kinds.index(label) + 1:4d} {element[label]:2s}{numbers[element[label]]:5d}"
        f"{x:14.6f}{y:14.6f}{z:14.6f}   6.0000  15.9994\n"
        for i, (label, (x, y, z)) in enumerate(zip(labels, positions, strict=True), 1)
    )
    moves = "".join(
        f" --------  Informations at step = {n:5d} ------------\n"
        for n in range(steps + 1 if steps else 0)
    )
    return f"""\
 CP2K| version string:                                       CP2K version 2023.1
 CP2K| Input file name                                                   run.inp
 GLOBAL| Project name                                                          w
 GLOBAL| Run type {run_type:>63}
{vectors}{angles}{named}
 MODULE QUICKSTEP: ATOMIC COORDINATES IN ANGSTROM

   Atom Kind Element         X             Y             Z       Z(eff)     Mass
{table}


 SCF WAVEFUNCTION OPTIMIZATION

  *** SCF run converged in     8 steps ***

{moves}
  **** **** ******  **  PROGRAM ENDED AT               2023-01-01 00:00:00.000
"""


def restart_text(positions, step, cell=(8.0, 8.0, 8.0), labels=OHH):
    a, b, c = cell
    return f"""\
 &GLOBAL
   PROJECT_NAME w
   RUN_TYPE GEO_OPT
 &END GLOBAL
 &MOTION
   &GEO_OPT
     STEP_START_VAL {step}
   &END GEO_OPT
 &END MOTION
 &FORCE_EVAL
   &SUBSYS
     &CELL
       A {a} 0 0
       B 0 {b} 0
       C 0 0 {c}
       PERIODIC NONE
     &END CELL
     &COORD
{rows(labels, positions)}
     &END COORD
     &TOPOLOGY
       NUMBER_OF_ATOMS {len(labels)}
     &END TOPOLOGY
   &END SUBSYS
 &END FORCE_EVAL
"""


def xyz_text(positions, step=0, labels=OHH):
    body = "\n".join(
        f"  {label} {x:.10f} {y:.10f} {z:.10f}"
        for label, (x, y, z) in zip(labels, positions, strict=True)
    )
    return f"{len(labels)}\n i = {step}, E = -17.1234567890\n{body}\n"


@pytest.fixture
def run(tmp_path):
    """Write files of a run and return its geometry."""

    def geometry(**files):
        for name, text in files.items():
            (tmp_path / FILES.get(name, name)).write_text(text)
        output = tmp_path / "run.out"
        told = read_output(output) if output.exists() else None
        source = read_run_input(tmp_path / "run.inp") if (tmp_path / "run.inp").exists() else None
        return read_geometry(source, told, tmp_path)

    return geometry


FILES = {"inp": "run.inp", "out": "run.out", "restart": "w-1.restart", "xyz": "w-pos-1.xyz"}


def test_a_trajectory_of_an_earlier_run_does_not_count(run):
    found = run(inp=input_text(), out=output_text(), xyz=xyz_text(MOVED, 4))
    np.testing.assert_allclose(found.positions_a, WATER)
    assert (found.source, found.note) == ("run.inp", "")
    found = run(restart=restart_text(MOVED, 4))
    np.testing.assert_allclose(found.positions_a, WATER)


def test_an_input_that_was_changed_afterwards_does_not_count(run):
    found = run(inp=input_text(coord=rows(OHH, MOVED)), out=output_text())
    np.testing.assert_allclose(found.positions_a, WATER)
    assert found.source == "run.out"
    assert "run.inp has other coordinates than run.out" in found.note
    with pytest.raises(InputError, match=r"tells of 2 atoms, but run\.out of 3"):
        run(inp=input_text(coord=rows(OHH[:2], WATER[:2])))


def test_atoms_moved_to_the_middle_of_the_cell_are_the_same(run):
    found = run(inp=input_text(coord=rows(OHH, WATER - 4.0)), out=output_text())
    np.testing.assert_allclose(found.positions_a, WATER - 4.0)
    assert found.note == ""


@pytest.mark.parametrize("run_type", ["GEO_OPT", "CELL_OPT", "MD"])
def test_a_run_that_moves_atoms_ends_where_its_restart_says(run, run_type):
    files = {"inp": input_text(run_type), "out": output_text(run_type, steps=4)}
    found = run(**files, restart=restart_text(MOVED, 4), xyz=xyz_text(WATER, 3))
    np.testing.assert_allclose(found.positions_a, MOVED)
    assert found.source == "w-1.restart"
    assert found.periodic == (False, False, False)
    found = run(restart=restart_text(MOVED, 4, cell=(7.9, 8.1, 8.2)))
    np.testing.assert_allclose(found.cell_a, np.diag([7.9, 8.1, 8.2]))


def test_without_a_restart_the_trajectory_counts_if_it_is_of_the_last_step(run):
    files = {"inp": input_text("GEO_OPT"), "out": output_text("GEO_OPT", steps=4)}
    found = run(**files, xyz=xyz_text(WATER, 3) + xyz_text(MOVED, 4))
    np.testing.assert_allclose(found.positions_a, MOVED)
    with pytest.raises(InputError, match=r"w-pos-1.xyz ends with step 3; put the restart file"):
        run(xyz=xyz_text(WATER, 3))
    with pytest.raises(InputError, match=r"w-1.restart is of step 2; w-pos-1.xyz ends with step 3"):
        run(restart=restart_text(WATER, 2))


def test_a_trajectory_has_a_unit(run):
    unit = "&MOTION\n&PRINT\n&TRAJECTORY\nUNIT bohr\n&END\n&END\n&END"
    found = run(
        inp=input_text("GEO_OPT", top=unit),
        out=output_text("GEO_OPT", steps=4),
        xyz=xyz_text(MOVED / A_PER_BOHR, 4),
    )
    np.testing.assert_allclose(found.positions_a, MOVED, atol=1e-9)


def test_a_cell_that_moved_is_told_by_the_restart_alone(run):
    with pytest.raises(InputError, match="the geometry of the last step, 4, is wanted"):
        run(
            inp=input_text("CELL_OPT"),
            out=output_text("CELL_OPT", steps=4),
            xyz=xyz_text(MOVED, 4),
        )


def test_an_optimisation_without_a_step_is_where_it_began(run):
    found = run(inp=input_text("GEO_OPT"), out=output_text("GEO_OPT", steps=0))
    with_none = run(inp=input_text("GEO_OPT"), xyz=xyz_text(MOVED, 4))
    np.testing.assert_allclose(found.positions_a, WATER)
    np.testing.assert_allclose(with_none.positions_a, WATER)


@pytest.mark.parametrize(
    "parts",
    [
        ("UNIT bohr\n" + rows(OHH, WATER / A_PER_BOHR), CELL, ""),
        ("UNIT [nm]\n" + rows(OHH, WATER / 10.0), CELL, ""),
        ("SCALED\n" + rows(OHH, WATER / 8.0), CELL, ""),
        ("SCALED .TRUE.\nO 1/2 1/2 0.5\nH 4.76/8 1/2 4.59/8\nH 3.24/8 1/2 4.59/8", CELL, ""),
        ("SCALED\n" + rows(OHH, WATER / 8.0), f"A {8 / A_PER_BOHR} 0 0\nB 0 8 0\nC 0 0 8", ""),
        (rows(("O1", "H_a", "HW"), WATER), CELL, ""),
        ("", CELL, "&TOPOLOGY\nCOORD_FILE_NAME /scratch/me/w.xyz\nCOORDINATE XYZ\n&END"),
        ("@SET Z 4.59\nO 4 4 4\nH 4.76 4 ${Z}\nH 3.24 4 $Z", CELL, ""),
        ("@INCLUDE 'w.inc'", CELL, ""),
    ],
)
@pytest.mark.parametrize("printed", [True, False])
def test_coordinates_as_people_give_them(run, tmp_path, parts, printed):
    coord, cell, more = parts
    (tmp_path / "w.xyz").write_text(xyz_text(WATER))
    (tmp_path / "w.inc").write_text(rows(OHH, WATER))
    cell = cell.replace("A 15", "A [bohr] 15")
    output = {"out": output_text()} if printed else {}
    found = run(inp=input_text(coord=coord, cell=cell, more=more), **output)
    np.testing.assert_allclose(found.positions_a, WATER, atol=1e-9)
    assert found.source in {"run.inp", "w.xyz"}
    np.testing.assert_allclose(found.cell_a, np.diag([8.0, 8.0, 8.0]), atol=1e-9)


def test_copies_of_a_unit_cell_stand_as_cp2k_puts_them(run):
    """CP2K 2023.1: the first vector fastest, all atoms of a copy together."""
    cell = "ABC 5 6 7\nMULTIPLE_UNIT_CELL 2 1 2"
    more = "&TOPOLOGY\nMULTIPLE_UNIT_CELL 2 1 2\n&END"
    found = run(inp=input_text(coord="SCALED\nNa 0 0 0\nCl 1/2 1/2 1/2", cell=cell, more=more))
    assert found.labels == ("Na", "Cl") * 4
    np.testing.assert_allclose(
        found.positions_a[::2], [[0, 0, 0], [5, 0, 0], [0, 0, 7], [5, 0, 7]], atol=1e-12
    )
    np.testing.assert_allclose(found.cell_a, np.diag([10.0, 6.0, 14.0]), atol=1e-9)


@pytest.mark.parametrize("kind", ["PDB", "CIF", "CRD", "G96"])
def test_formats_that_are_not_read_are_taken_from_the_main_output(run, kind):
    more = f"&TOPOLOGY\nCOORD_FILE_NAME geo.x\nCOORD_FILE_FORMAT {kind}\n&END"
    files = {"inp": input_text(coord="", more=more), "geo.x": "ATOM\n"}
    with pytest.raises(InputError, match=f"are of format {kind}, which is not read here"):
        run(**files)
    found = run(out=output_text(labels=("O1", "H", "H")))
    np.testing.assert_allclose(found.positions_a, WATER)
    assert found.labels == ("O1", "H", "H")


def test_a_cell_in_a_file_is_taken_from_the_main_output(run):
    cell = "CELL_FILE_NAME c.cell\nCELL_FILE_FORMAT CP2K"
    found = run(inp=input_text(cell=cell), out=output_text(cell_a=(7.123456, 8.0, 9.5)))
    np.testing.assert_allclose(found.cell_a, np.diag([7.123456, 8.0, 9.5]), atol=1e-9)


def test_a_cell_that_the_run_did_not_have_does_not_count(run):
    found = run(inp=input_text(cell="ABC 9 8 8"), out=output_text(cell_a=(8.0, 8.0, 8.0)))
    np.testing.assert_allclose(found.cell_a, np.diag([8.0, 8.0, 8.0]), atol=1e-9)


def test_a_run_that_starts_from_a_restart_file(run, tmp_path):
    top = "&EXT_RESTART\nRESTART_FILE_NAME old/first-1.restart\n&END"
    files = {"inp": input_text(top=top), "out": output_text(positions=MOVED)}
    found = run(**files)
    np.testing.assert_allclose(found.positions_a, MOVED)
    assert found.source == "run.out"
    exact = MOVED + 3e-7
    (tmp_path / "first-1.restart").write_text(restart_text(exact, 4))
    found = run()
    np.testing.assert_array_equal(found.positions_a, exact)
    assert found.source == "first-1.restart"
    (tmp_path / "first-1.restart").unlink()
    (tmp_path / "run.out").unlink()
    with pytest.raises(InputError, match=r"old/first-1\.restart, which is not beside it"):
        run()


@pytest.mark.parametrize("word", ["RESTART_POS", "RESTART_DEFAULT"])
def test_a_restart_file_that_gives_no_coordinates(run, word):
    top = f"&EXT_RESTART\nRESTART_FILE_NAME first-1.restart\n{word} F\n&END"
    found = run(inp=input_text(top=top), out=output_text())
    assert (found.source, found.note) == ("run.inp", "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"coord": "O 4 4 nan\n"}, "line .*O 4 4 nan is no atom"),
        ({"coord": "O 4 4 1e999\n"}, "is no atom"),
        ({"coord": "O 4 4\n"}, "is no atom"),
        ({"coord": ""}, "it names no coordinates"),
        (
            {"coord": "", "more": "&TOPOLOGY\nCOORD_FILE_NAME no.xyz\nCOORDINATE XYZ\n&END"},
            "the coordinates no.xyz are not there; put them beside the input",
        ),
        (
            {
                "cell": "ABC 5 6 7\nMULTIPLE_UNIT_CELL 1000 1000 1000",
                "more": "&TOPOLOGY\nMULTIPLE_UNIT_CELL 1000 1000 1000\n&END",
            },
            r"MULTIPLE_UNIT_CELL makes 3e\+09 atoms of 3",
        ),
        ({"coord": "SCALED\nO 0 0 0", "cell": "PERIODIC NONE"}, "SCALED, but &CELL gives no"),
    ],
)
def test_what_cannot_be_followed_is_one_sentence(run, changes, said):
    with pytest.raises(InputError, match=said):
        run(inp=input_text(**changes))


def test_lists_out_of_range_take_no_memory(tmp_path):
    text = input_text().replace(
        "&END DFT", "&PRINT\n&PDOS\n&LDOS\nLIST 1..2000000000\n&END\n&END\n&END\n&END DFT"
    )
    (tmp_path / "run.inp").write_text(text)
    with pytest.raises(InputError, match="the lists of &LDOS name more than"):
        read_run_input(tmp_path / "run.inp")


@pytest.mark.parametrize("place", ["PDOS", "DOS"])
def test_lists_of_old_and_new_inputs(tmp_path, place):
    lists = "&LDOS\nLIST 1..2\n&END\n&LDOS\nLIST 3\n&END"
    text = input_text().replace("&END DFT", f"&PRINT\n&{place}\n{lists}\n&END\n&END\n&END DFT")
    (tmp_path / "run.inp").write_text(text)
    assert read_run_input(tmp_path / "run.inp").lists == ((1, 2), (3,))


def test_a_project_with_blanks_is_one_word(tmp_path):
    (tmp_path / "run.inp").write_text(input_text(project='"a b"'))
    (tmp_path / "run.out").write_text(
        output_text().replace(
            "name                                                          w", "name  a b"
        )
    )
    found = RunFolder(tmp_path).run("ab")
    assert found.output.project == "ab"
    assert [source.project for source in found.inputs] == ["ab"]


def test_elements_of_labels(tmp_path):
    labels = ("OW", "HW", "Cl1", "Pb_2", "Hb", "CA")
    text = input_text(coord=rows(labels, np.arange(18.0).reshape(6, 3)))
    (tmp_path / "run.inp").write_text(text)
    assert RunFolder(tmp_path).run("w").symbols == ("O", "H", "Cl", "Pb", "H", "Ca")


def test_check_tells_where_a_file_of_another_machine_is(tmp_path):
    more = "&TOPOLOGY\nCOORD_FILE_NAME /scratch/me/w.xyz\nCOORDINATE XYZ\n&END"
    (tmp_path / "run.inp").write_text(input_text(coord="", more=more))
    told = [finding.remedy for finding in check_input(tmp_path / "run.inp")]
    assert "write w.xyz alone, and put it beside the input" in told
    (tmp_path / "w.xyz").write_text(xyz_text(WATER))
    told = [finding.remedy for finding in check_input(tmp_path / "run.inp")]
    assert "write w.xyz, which is beside it" in told


SMEAR = "                        Smear method:                                FERMI_DIRAC\n"
APART = "      Spin channel alpha and spin channel beta are smeared independently, keeping  fixed\n"
SPINS = " Spin 1\n\n Number of electrons:  19\n Spin 2\n\n Number of electrons:  17\n"
FERMI = "  Fermi energy:                                                -0.10014161636373\n"


@pytest.mark.parametrize(
    ("lines", "counts", "fermi_ev", "is_sound"),
    [
        (SMEAR, (18, 18), (-2.724992,), True),  # Na4 at 2000 K
        (SMEAR, (18, 17), (-2.724992,), False),
        (SMEAR + APART, (18, 18), (), False),
        (SMEAR + APART, (19, 17), (), True),
        ("", (18, 18), (), False),
        ("", (19, 17), (), True),
    ],
)
def test_smearing_moves_electrons_between_the_spins(tmp_path, lines, counts, fermi_ev, is_sound):
    text = (
        output_text()
        .replace(" SCF WAVE", f"{lines}{SPINS} SCF WAVE")
        .replace("\n\n  ***", f"\n\n{FERMI}  ***")
    )
    (tmp_path / "run.out").write_text(text)
    (tmp_path / "run.inp").write_text(input_text())
    run = RunFolder(tmp_path).run("w")
    assert run.fermi_ev == pytest.approx(fermi_ev, abs=1e-6)
    occupations = np.ones(sum(counts))
    spins = np.repeat(np.arange(2, dtype=np.int8), counts)
    if is_sound:
        run.require_electrons(tmp_path / "w.wfn", occupations, spins)
        return
    with pytest.raises(InputError, match=r"the occupations .*sum to"):
        run.require_electrons(tmp_path / "w.wfn", occupations, spins)


def test_a_silent_run_tells_only_what_went_wrong(tmp_path):
    text = output_text().replace(
        " GLOBAL| Run", f" GLOBAL| Global print level {'SILENT':>53}\n GLOBAL| Run"
    )
    text = text.replace(" SCF WAVEFUNCTION OPTIMIZATION\n", "").replace(
        "  *** SCF run converged in     8 steps ***\n", ""
    )
    path = tmp_path / "run.out"
    path.write_text(text)
    read_output(path).require_sound()
    path.write_text(text.replace("SILENT", "   LOW"))
    with pytest.raises(InputError, match="there is no finished SCF in it"):
        read_output(path).require_sound()
    warning = " *** WARNING in qs_scf.F:601 :: SCF run NOT converged ***\n"
    path.write_text(text.replace("\n  **** **** ", f"\n{warning}  **** **** "))
    with pytest.raises(InputError, match="the last SCF did not converge"):
        read_output(path).require_sound()


def test_a_run_with_k_points_is_told_so(tmp_path):
    path = tmp_path / "run.out"
    path.write_text(
        output_text().replace(
            " SCF WAVE", f" BRILLOUIN| List of Kpoints [2 Pi/Bohr] {4:>39}\n SCF WAVE"
        )
    )
    with pytest.raises(InputError, match="the run has 4 k-points"):
        read_output(path).require_gamma()
