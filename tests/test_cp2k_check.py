"""Checking inputs: what CP2K does not understand is found on its line and told with a remedy."""

import io
import json
import subprocess
import sys
from functools import partial
from importlib.resources import files
from typing import get_args

import pytest
from cp2k_input_tools.parser import CP2KInputParser
from hypothesis import given, settings
from hypothesis import strategies as st

from epicarve.dft.check import check_input
from epicarve.dft.cp2k_input import (
    BadValueError,
    InputText,
    Report,
    read_tree,
    real,
    schema,
    tokens,
    unit_size,
    versions,
)
from epicarve.dft.run import compact_schema
from epicarve.dft.settings import Version
from epicarve.errors import InputError
from epicarve.workflow.tasks.check import inputs_in

GOOD = """&GLOBAL
  PROJECT run
  RUN_TYPE ENERGY
&END GLOBAL
&FORCE_EVAL
  METHOD QUICKSTEP
  &DFT
    BASIS_SET_FILE_NAME BASIS_MOLOPT
    CHARGE 0
    &MGRID
      CUTOFF 150.0
    &END MGRID
    &SCF
      MAX_SCF 30
      &OT
        MINIMIZER DIIS
      &END OT
    &END SCF
  &END DFT
  &SUBSYS
    &CELL
      ABC 10 10 10
    &END CELL
    &COORD
      He 0 0 0
    &END COORD
    &KIND He
      GHOST
    &END KIND
  &END SUBSYS
&END FORCE_EVAL
"""


@pytest.fixture
def check(tmp_path):
    def check(old="", new="", version="2023.1"):
        (tmp_path / "run.inp").write_text(GOOD.replace(old, new, 1) if old else GOOD)
        return check_input(tmp_path / "run.inp", version)

    return check


@pytest.fixture(scope="module")
def parser():
    """The parser of cp2k-input-tools with its schema of 2024.1."""
    return CP2KInputParser()


@pytest.fixture(scope="module")
def peer(parser):
    """Whether cp2k-input-tools takes a text."""

    def takes(text):
        try:
            parser.parse(io.StringIO(text))
        except Exception:
            return False
        return True

    return takes


SYNTAX = [
    ("CUTOFF", "CUTTOFF", 11, "CUTTOFF is no keyword of &MGRID", "write CUTOFF"),
    ("&MGRID", "&MGIRD", 10, "&MGIRD is no section of &DFT", "write &MGRID"),
    (
        "ABC 10 10 10",
        "SYMMETRY HEXAGONAL_GAMMA_120\n      ABC 10 10 10",
        22,
        "'HEXAGONAL_GAMMA_120' is no choice of SYMMETRY",
        "leave SYMMETRY out, or choose another: CP2K knows it from 2023.2 on, not in 2023.1",
    ),
    ("150.0", "lots", 11, "'lots' is no number", "such as 1.5"),
    ("150.0", "", 11, "CUTOFF needs a value", "give one value"),
    ("150.0", "150.0 200.0", 11, "CUTOFF takes 1 value, 2 are given", "one value"),
    ("150.0", "150/0", 11, "divides by zero", "number"),
    ("MAX_SCF 30", "MAX_SCF 3.5", 14, "'3.5' is no integer", "integer"),
    ("MAX_SCF 30", "MAX_SCF 5..3", 14, "'5..3' counts backwards", "write 3..5"),
    ("MAX_SCF 30", "MAX_SCF 3000000000", 14, "larger than", "2^31"),
    ("150.0", "[parsec] 150", 11, "unit 'parsec' is not defined", "unit"),
    ("150.0", "[nm] 150", 11, "unit 'nm' does not fit CUTOFF, which is in Ry", "same kind"),
    ("150.0", "[eV 150", 11, "[eV is no unit", "brackets"),
    ("QUICKSTEP", "QUICKSTOP", 6, "'QUICKSTOP' is no choice of METHOD", "write QUICKSTEP"),
    ("&OT", "&OT PERHAPS", 15, "'PERHAPS' is neither true nor false", "T or F"),
    ("CHARGE 0", "CHARGE 0\n    CHARGE 1", 10, "CHARGE is given in line 9 already", "keep one"),
    ("&OT", "&OT\n&END\n&OT", 17, "&OT stands in &SCF already, in line 15", "join"),
    ("CHARGE 0", "CHARGE ${q}", 9, "undefined variable 'q'", "@SET q VALUE"),
    ("CHARGE 0", "CHARGE $1q", 9, "can't be the name of a variable", "letters"),
    ("CHARGE 0", "CHARGE ${q", 9, "${ without }", "close"),
    ("CHARGE 0", "@SET q", 9, "@SET needs a name and a value", "@SET NAME VALUE"),
    ("CHARGE 0", "@INCLUDE none.inc", 9, "none.inc could not be opened", "name"),
    ("CHARGE 0", "@IF 0", 9, "the @IF has no @ENDIF", "add it"),
    ("BASIS_MOLOPT", '"BASIS', 8, "unterminated string", "quotes"),
    ("CHARGE 0", "CHARGE = = 0", 9, "one = too many", "separator"),
    ("CHARGE 0", "=!=", 9, "=!= is no keyword of &DFT", "manual"),
    ("CHARGE 0", "MGRID", 9, "MGRID is no keyword of &DFT", "write &MGRID: it is a section"),
    ("MAX_SCF 30", "CHARGE 1", 14, "CHARGE is no keyword of &SCF", "move it to &DFT"),
    ("&END MGRID", "&END SCF", 12, "does not close &MGRID", "mend its name"),
    ("&END OT", "", 15, "&OT is not closed", "add its &END"),
    ("&END GLOBAL", "&END GLOBAL\n&END", 5, "closes no section", "remove it"),
    ("&END GLOBAL", "&END GLOBAL\nCHARGE 0", 5, "CHARGE stands in no section", "put it"),
    ("&END FORCE_EVAL", "", 5, "&FORCE_EVAL is not closed", "add its &END"),
    ("&KIND He", "&KIND He\nAUX_BASIS_SET NONE", 28, "not available any more", "BASIS_SET AUX"),
]


@pytest.mark.parametrize("mistake", SYNTAX, ids=lambda mistake: mistake[3])
def test_an_error_is_found_on_its_line(check, peer, mistake):
    old, new, line, words, remedy = mistake
    (finding,) = check(old, new)
    assert finding.severity == "error"
    assert finding.line == line
    assert words in finding.message
    assert remedy in finding.remedy
    if not any(way in new for way in LET_PASS):
        assert not peer(GOOD.replace(old, new, 1))


LET_PASS = ("GAMMA_120", "AUX_BASIS_SET", "= =", "3000000000", "[eV 150")
"""What CP2K refuses and the peer does not."""

SOUND = [
    ("CUTOFF", "cutoff"),
    ("150.0", "[eV] 2000.0 ! in eV"),
    ("150.0", "1.5D2"),
    ("150.0", "[eV*K^-1*K] 1E2"),
    ("ABC 10 10 10", "ABC 3*9.9 9.9 1/3*30"),
    ("ABC 10 10 10", "ABC 9. \\\n 9. 9."),
    ("ABC 10 10 10", "ABC 9., 9., 9."),
    ("ABC 10 10 10", "ABC [nm] 1 1 1"),
    ("RUN_TYPE", "PROGRAM CP2K\n  RUN_TYPE"),
    ("&OT", "&OT .TRUE. # on"),
    ("&END OT", "&END"),
    ("&END OT", "&end section ot"),
    ("CHARGE 0", "@SET q 0\n    CHARGE ${q}"),
    ("CHARGE 0", "CHARGE ${q-0}"),
    ("CHARGE 0", "@SET q 0\n    CHARGE $q"),
    ("CHARGE 0", "@IF 0\n  NONSENSE\n@ENDIF\nCHARGE 0"),
    ("CHARGE 0", "@SET a b\n@IF ${a} == b\nCHARGE 0\n@ENDIF"),
    ("CHARGE 0", "@SET a b\n@IF ${a} /= b\nNONSENSE\n@ENDIF"),
    ("PROJECT run", "PROJECT_NAME 'run'"),
    ("&END GLOBAL", "&END GLOBAL\n# a comment\n! another\n"),
]
OWN_WAY = ("3*9.9", "[nm]", "9., 9., 9.", "section ot")
"""What CP2K takes and the peer does not."""


@pytest.mark.parametrize(("old", "new"), SOUND)
def test_what_cp2k_takes_is_taken(check, peer, old, new):
    errors = [finding for finding in check(old, new) if finding.severity == "error"]
    assert errors == []
    assert peer(GOOD.replace(old, new, 1)) is not any(way in new for way in OWN_WAY)


def test_all_errors_are_found_at_once(tmp_path):
    text = GOOD.replace("CUTOFF", "CUTTOFF").replace("&OT", "&OTT").replace("RUN_TYPE", "RUNTYPE")
    (tmp_path / "run.inp").write_text(text)
    assert [finding.line for finding in check_input(tmp_path / "run.inp")] == [3, 11, 15]


def test_findings_are_told_up_to_a_number(tmp_path):
    (tmp_path / "run.inp").write_text("&GLOBAL\n" + "NONSENSE\n" * 900 + "&END\n")
    assert len(check_input(tmp_path / "run.inp")) == 50


def test_a_keyword_of_another_version_is_named_so(check):
    new = "MAX_SCF 30\n      IGNORE_CONVERGENCE_FAILURE T"
    (finding,) = check("MAX_SCF 30", new)
    assert finding.line == 15
    assert finding.remedy == "leave it out: CP2K knows it from 2024.1 on, not in 2023.1"
    assert check("MAX_SCF 30", new, "2024.1") == ()
    old = "&END SCF\n    &PRINT\n      &PDOS\n      &END\n    &END"
    assert check("&END SCF", old, "2026.1") == ()
    (finding,) = check("&END SCF", old, "2026.2")
    assert "up to 2026.1" in finding.remedy


def test_what_depends_on_the_build_is_a_warning(check):
    new = "&XC\n&XC_FUNCTIONAL\n&GGA_C_OF_TOMORROW\n&END\n&END\n&END\n    &SCF"
    (finding,) = check("&SCF", new)
    assert finding.severity == "warning"
    assert "libxc" in finding.remedy


def test_included_files_are_looked_for_beside_the_input(check, tmp_path):
    (tmp_path / "scf.inc").write_text("MAX_SCF 12\nEPS_SCF small\n")
    (finding,) = check("MAX_SCF 30", "@INCLUDE scf.inc")
    assert finding.line == 14
    assert finding.message == "scf.inc:2: EPS_SCF: 'small' is no number"
    (tmp_path / "scf.inc").write_text("@INCLUDE 'scf.inc'\n")
    (finding,) = check("MAX_SCF 30", "@INCLUDE scf.inc")
    assert "includes itself" in finding.message


def test_a_line_that_is_taken_for_a_directive(check):
    (finding,) = check("PROJECT run", "PROJECT me@home")
    assert finding.severity == "warning"
    assert "CP2K drops this line" in finding.message


@pytest.mark.parametrize("text", ["", "# just a comment\n"])
def test_a_file_without_sections(tmp_path, text):
    (tmp_path / "run.inp").write_text(text)
    (finding,) = check_input(tmp_path / "run.inp")
    assert finding.message.endswith("there is no section in it")


def test_files_that_cannot_be_read(check, tmp_path):
    (tmp_path / "binary.inp").write_bytes(b"\x80\x00\x00")
    for name, message in (("none.inp", "no such file"), ("binary.inp", "not a text file")):
        with pytest.raises(InputError, match=message):
            check_input(tmp_path / name)
    with pytest.raises(InputError, match=r"no schema of CP2K 1\.0; choose one of 2023\.1"):
        check(version="1.0")


@given(st.text(alphabet="&END\n ABC.=,\"\\$@{}!#[]019'", max_size=80))
def test_no_text_brings_the_reader_down(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.inp"
    path.write_text(GOOD.replace("CHARGE 0", text))
    for finding in check_input(path):
        assert finding.message
        assert finding.remedy


def test_numbers_as_fortran_reads_them():
    values = {"1.D2": 100.0, "-.5e-1": -0.05, "2/4": 0.5, "3*2": 6.0, "1.0+2": 100.0, "-7": -7.0}
    for text, value in values.items():
        assert real(text) == pytest.approx(value)
    assert real("SQRT(16)") == 4.0
    assert real("-COS(60.0)") == pytest.approx(-0.5)
    for text in ("", "1..2", "nan", "inf", "1_0", "0x1", "SQRT(-1)", "1e"):
        with pytest.raises(BadValueError):
            real(text)


def test_tokens_are_split_as_cp2k_does():
    assert tokens('a=1, "b c" d # e') == ["a", "1", "b c", "d"]
    with pytest.raises(BadValueError, match="unterminated"):
        tokens('a "b')


def test_units_agree_with_those_of_the_peer():
    from cp2k_input_tools.keyword_helpers import UREG

    for unit in ("angstrom", "hartree", "eV", "Ry", "K_e", "fs", "bar", "GPa", "deg", "amu"):
        powers, size = unit_size(unit)
        base = {"length": "bohr", "energy": "hartree", "time": "fs", "pressure": "bar"}
        to = (base | {"mass": "m_e", "angle": "rad"})[next(iter(powers))]
        assert UREG.parse_expression(unit).to(to).magnitude == pytest.approx(size, rel=1e-6)


def test_schemas_are_those_of_the_xml(parser):
    """The shipped file is what the script makes of the XML that cp2k-input-tools ships."""
    shipped = files("epicarve.templates") / "schemas" / "2024.1.json.gz"
    assert compact_schema(parser._spec.getroot()) == shipped.read_bytes()
    assert versions() == get_args(Version)


def test_a_schema_knows_aliases_choices_and_defaults():
    dft = schema("2023.1").section("FORCE_EVAL").section("DFT")
    assert dft.keyword("WFN_RESTART_FILE_NAME") == dft.keyword("RESTART_FILE_NAME")
    poisson = dft.section("POISSON")
    assert "WAVELET" in poisson.keyword("PSOLVER").choices
    assert poisson.keyword("PERIODIC").default == "XYZ"


def test_a_tree_holds_values_in_the_unit_of_their_keyword(tmp_path):
    (tmp_path / "run.inp").write_text(GOOD)
    tree = read_tree(InputText.read(tmp_path / "run.inp"), "2023.1", Report())
    assert tree.first("FORCE_EVAL", "SUBSYS", "CELL").values("ABC") == pytest.approx((10, 10, 10))
    assert tree.first("FORCE_EVAL", "DFT", "SCF").number("EPS_SCF") == 1e-5


def test_the_command(tmp_path):
    path = tmp_path / "run.inp"
    path.write_text(GOOD.replace("CUTOFF", "CUTTOFF"))
    command = [sys.executable, "-m", "epicarve", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == f"{path}:11: error: CUTTOFF is no keyword of &MGRID; write CUTOFF\n"
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["line"] == 11
    assert finding["severity"] == "error"
    done = subprocess.run([*command, "--cp2k", "7.1"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "choose one of 2023.1" in done.stderr


def test_several_files_and_folders_are_checked_at_once(tmp_path, capsys):
    (tmp_path / "job" / "2-relax").mkdir(parents=True)
    good, bad = tmp_path / "job" / "2-relax" / "relax.inp", tmp_path / "job" / "bad.inp"
    good.write_text(GOOD)
    bad.write_text(GOOD.replace("CUTOFF", "CUTTOFF"))
    for named in ([tmp_path / "job"], [good, bad, good]):
        assert inputs_in(named) in ([bad, good], [good, bad])
    run = partial(subprocess.run, capture_output=True, text=True, check=False)
    told = run([sys.executable, "-m", "epicarve", "check", str(tmp_path / "job")])
    assert told.returncode == 1
    assert f"{bad}:11: error: CUTTOFF" in told.stdout
    assert f"{good}: nothing wrong found" in told.stdout


def test_standard_input_is_checked_as_if_it_lay_here():
    run = partial(subprocess.run, capture_output=True, text=True, check=False)
    command = [sys.executable, "-m", "epicarve", "check", "-"]
    told = run(command, input=GOOD.replace("CUTOFF", "CUTTOFF"))
    assert told.returncode == 1
    assert told.stdout == "-:11: error: CUTTOFF is no keyword of &MGRID; write CUTOFF\n"
    assert run(command, input=GOOD).stdout == "-: nothing wrong found\n"


def test_a_folder_without_inputs_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"there is no \*\.inp"):
        inputs_in([tmp_path])


def test_a_crystal_file_is_no_cp2k_input(tmp_path):
    path = tmp_path / "PbS.cif"
    path.write_text("data_PbS\n_cell_length_a 5.936\nloop_\n_atom_site_label\nPb1\n")
    (finding,) = check_input(path)
    assert "no CP2K input" in finding.message


DAMAGE = [
    ("150.0", "1e400", "larger than any number"),
    ("150.0", "1e308*1e308", "larger than any number"),
    ("150.0", "NaN", "is no number"),
    ("150.0", "[m^999] 1", "is no unit"),
    ("150.0", "[m^-99] 1", "is no unit"),
    ("10 10 10", "1e300 1e300 1e300", "beyond any sense"),
    ("He 0 0 0", "He 0 0 1e300", "is no atom"),
    ("He 0 0 0", "He 0 NaN 0", "is no atom"),
    ("BASIS_MOLOPT", "B" * 5000, "is not there"),
    ("&END GLOBAL", '&END GLOBAL "', "unterminated string"),
    ("&OT", '&OT "', "unterminated string"),
    ("MAX_SCF 30", "MAX_SCF " + "9" * 5000, "larger than CP2K's integers"),
]


@pytest.mark.parametrize(("old", "new", "words"), DAMAGE, ids=[words for *_, words in DAMAGE])
def test_damage_is_told_on_its_line(check, old, new, words):
    assert any(words in finding.message for finding in check(old, new))


HOSTILE = ("1e400", "NaN", "-1", "9" * 30, '"', "[eV", "[m^9]", "${a", "\\", "1/0", "&", "@IF", "é")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_damage_is_told_or_taken(tmp_path_factory, data):
    words = GOOD.split(" ")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(words) - 1))
        words[at] = data.draw(st.sampled_from(HOSTILE) | st.text(max_size=5))
    text = " ".join(words)[: data.draw(st.integers(1, len(GOOD)) | st.none())]
    path = tmp_path_factory.getbasetemp() / "damaged.inp"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        found = check_input(path)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert all(finding.message and finding.remedy for finding in found)
