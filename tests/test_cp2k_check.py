"""Checking inputs: each family of errors is found on its line and told with a remedy."""

import pytest

from epicarve.dft.check import check_input
from epicarve.errors import InputError

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
    &TOPOLOGY
      COORD_FILE_FORMAT XYZ
      COORD_FILE_NAME atoms.xyz
    &END TOPOLOGY
  &END SUBSYS
&END FORCE_EVAL
"""


@pytest.fixture
def check(tmp_path):
    (tmp_path / "atoms.xyz").write_text("1\n\nPb 0 0 0\n")
    (tmp_path / "BASIS_MOLOPT").write_text("")

    def check(old="", new=""):
        (tmp_path / "run.inp").write_text(GOOD.replace(old, new, 1) if old else GOOD)
        return check_input(tmp_path / "run.inp")

    return check


def test_a_sound_input_gives_no_finding(check):
    assert check() == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("CUTOFF", "CUTTOFF", 11, ("invalid keyword 'CUTTOFF'", "write CUTOFF")),
        ("&MGRID", "&MGIRD", 10, ("invalid section 'MGIRD'", "write MGRID")),
        ("150.0", "lots", 11, ("could not convert string to float", "right type")),
        ("MAX_SCF 30", "MAX_SCF 3.5", 14, ("invalid literal for int", "right type")),
        ("150.0", "[parsec] 150", 11, ("'parsec'", "unit")),
        ("150.0", "[flurbs] 150", 11, ("'flurbs' is not defined", "unit")),
        ("QUICKSTEP", "QUICKSTOP", 6, ("invalid keyword 'QUICKSTOP'", "manual")),
        ("CHARGE 0", "CHARGE 0\n    CHARGE 1", 10, ("only be mentioned once", "keep one")),
        ("CHARGE 0", "CHARGE ${q}", 9, ("undefined variable 'q'", "variable")),
        ("BASIS_MOLOPT", "'BASIS", 8, ("unterminated string", "quotes")),
        ("CHARGE 0", "=!=", 9, ("not a keyword or section", "manual")),
        ("&END MGRID", "&END SCF", 12, ("does not close the section", "mend its name")),
        ("&END GLOBAL", "&END GLOBAL\n&END", 5, ("closes no section", "remove it")),
        ("&END FORCE_EVAL", "", None, ("'FORCE_EVAL' not closed", "add the &END")),
        ("atoms.xyz", "atom.xyz", 23, ("coordinates atom.xyz is not there", "mend its name")),
    ],
)
def test_an_error_is_found_on_its_line(check, old, new, line, words):
    (finding,) = check(old, new)
    assert finding.line == line
    message, remedy = words
    assert message in finding.message
    assert remedy in finding.remedy


def test_all_errors_are_found_at_once(check, tmp_path):
    text = GOOD.replace("CUTOFF", "CUTTOFF").replace("&OT", "&OTT").replace("RUN_TYPE", "RUNTYPE")
    (tmp_path / "run.inp").write_text(text)
    findings = check_input(tmp_path / "run.inp")
    assert [finding.line for finding in findings] == [3, 11, 15]


def test_included_files_are_looked_for_beside_the_input(check, tmp_path):
    (tmp_path / "scf.inc").write_text("MAX_SCF 12\n")
    assert check("MAX_SCF 30", "@INCLUDE scf.inc") == ()
    (finding,) = check("MAX_SCF 30", "@INCLUDE none.inc")
    assert finding.line == 14
    assert "none.inc could not be opened" in finding.message


@pytest.mark.parametrize("text", ["", "just words\n"])
def test_a_file_without_sections(tmp_path, text):
    (tmp_path / "run.inp").write_text(text)
    (finding,) = check_input(tmp_path / "run.inp")
    assert finding.message == "there is no section in it"


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "binary.inp").write_bytes(b"\x80\xff\x00")
    for name, message in (("none.inp", "no such file"), ("binary.inp", "not a text file")):
        with pytest.raises(InputError, match=message):
            check_input(tmp_path / name)
