"""Keywords of CP2K beyond the settings: where they go, and what is refused."""

import sys
from functools import cache

import pytest
import yaml
from cp2k_input_tools.parser import CP2KInputParser, CP2KInputParserSimplified
from cp2k_program import assert_accepted

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.cli import main
from epicarve.dft.check import check_input
from epicarve.dft.settings import Cp2kSettings, MachineSettings, PeriodicSettings
from epicarve.dft.write import System, read_resources, write_periodic, write_stages
from epicarve.errors import InputError
from epicarve.workflow.recipes import read_recipe

RECIPE = "crystal: {name: PbS}\nshape: {kind: sphere, diameter_nm: 1.2}\n"
FOUR = {
    "GLOBAL": {"PREFERRED_DIAG_LIBRARY": "SCALAPACK"},
    "FORCE_EVAL": {
        "DFT": {
            "SCF": {"EPS_SCF": 1e-7, "OT": {"PRECONDITIONER": "FULL_ALL"}},
            "QS": {"EXTRAPOLATION": "USE_GUESS"},
            "PRINT": {"HIRSHFELD": {"_": True}},
        },
        "SUBSYS": {"KIND": [{"_": "Pb", "MASS": 208.0}, {"_": "Cs", "MASS": 133.0}]},
    },
    "MOTION": {"CONSTRAINT": {"FIXED_ATOMS": [{"LIST": [1, 2]}, {"LIST": "3 4"}]}},
}
FOUR_AS_TEXT = """
&GLOBAL
  PREFERRED_DIAG_LIBRARY SCALAPACK
&END GLOBAL
&FORCE_EVAL
  &DFT
    &SCF
      EPS_SCF 1e-07   ! tight
      &OT
        PRECONDITIONER FULL_ALL
      &END OT
    &END SCF
    &QS
      EXTRAPOLATION USE_GUESS
    &END QS
    &PRINT
      &HIRSHFELD ON
      &END HIRSHFELD
    &END PRINT
  &END DFT
  &SUBSYS
    &KIND Pb
      MASS 208.0
    &END KIND
    &KIND Cs
      MASS 133.0
    &END KIND
  &END SUBSYS
&END FORCE_EVAL
&MOTION
  &CONSTRAINT
    &FIXED_ATOMS
      LIST 1 2
    &END FIXED_ATOMS
    &FIXED_ATOMS
      LIST 3 4
    &END FIXED_ATOMS
  &END CONSTRAINT
&END MOTION
"""


@pytest.fixture(scope="module")
def model():
    return carve(bundled_crystal("Pb3S2Cl2"), Sphere(radius_a=5.0))


def written(model, folder, **settings):
    chain = write_stages(model, Cp2kSettings(**settings), MachineSettings(), folder)
    return {stage.name: folder / stage.input for stage in chain}


@cache
def parser(kind):
    return kind()


def parsed(path, kind=CP2KInputParserSimplified):
    with path.open() as stream:
        return parser(kind).parse(stream)


def nested(place, value):
    """Sections of a place, the value in the last."""
    for name in reversed(place.split(".")):
        value = {name: value}
    return value


@pytest.fixture
def epicarve(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["epicarve", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        told = capsys.readouterr()
        return stop.value.code or 0, told.out, " ".join(told.err.split())

    return call


def test_keywords_go_over_those_of_the_templates(model, tmp_path):
    plain = written(model, tmp_path / "plain")
    extra = written(model, tmp_path / "extra", extra=FOUR)
    for name in ("relax", "ground-state"):
        before, after = parsed(plain[name]), parsed(extra[name])
        dft, qs = after["force_eval"]["dft"], before["force_eval"]["dft"]["qs"]
        assert after["global"].pop("preferred_diag_library") == "scalapack"
        assert dft["scf"]["eps_scf"] == 1e-7
        assert dft["scf"]["outer_scf"] == {"eps_scf": 1e-7, "max_scf": 20}
        assert dft["scf"]["ot"] == {"minimizer": "diis", "preconditioner": "full_all"}
        assert dft["qs"] == {**qs, "extrapolation": "use_guess"}
        assert after["global"] == before["global"]
        kinds = before["force_eval"]["subsys"]["kind"]
        kinds["Pb"] |= {"mass": 208.0}
        assert after["force_eval"]["subsys"]["kind"] == kinds  # no Cs in this model
        fixed = after["motion"]["constraint"]["fixed_atoms"]
        assert [each["list"] for each in fixed] == [(1, 2), (3, 4)]
        assert extra[name].read_text().count("&FIXED_ATOMS") == 2


def test_the_states_keep_their_scf_and_the_chain_says_so(model, tmp_path):
    plain = written(model, tmp_path / "plain")["states"]
    extra = written(model, tmp_path / "extra", extra=FOUR)["states"]
    before, after = parsed(plain)["force_eval"], parsed(extra)["force_eval"]
    assert after["dft"]["scf"] == before["dft"]["scf"]
    assert after["dft"]["qs"]["extrapolation"] == "use_guess"
    assert after["dft"]["print"]["pdos"] == before["dft"]["print"]["pdos"]
    needs = read_resources(tmp_path / "extra")
    assert "FORCE_EVAL.DFT.SCF does not go into 4-states" in needs["4-states"].note
    assert "KIND does not go into 1-prerelax" in needs["1-prerelax"].note
    assert "kind" not in parsed(tmp_path / "extra/1-prerelax/prerelax.inp")["force_eval"]["subsys"]


def test_text_and_other_spellings_say_the_same(model, tmp_path):
    by_name = written(model, tmp_path / "names", extra=FOUR)
    by_text = written(model, tmp_path / "text", extra=FOUR_AS_TEXT)
    assert parsed(by_name["relax"]) == parsed(by_text["relax"])
    source = tmp_path / "part.inp"
    source.write_text(FOUR_AS_TEXT)
    canonical = parsed(source, CP2KInputParser)  # of cp2k-input-tools, with its + and lower case
    assert "+force_eval" in canonical
    by_peer = written(model, tmp_path / "peer", extra=canonical)
    assert parsed(by_name["relax"]) == parsed(by_peer["relax"])


def test_a_stage_has_its_own_over_that_of_all(model, tmp_path):
    def scf(value):
        return nested("FORCE_EVAL.DFT.SCF", {"EPS_SCF": value})

    relax = {"extra": scf(1e-5)}
    inputs = written(model, tmp_path, extra=scf(1e-7), relax=relax, prerelax={"extra": scf(1e-4)})
    found = {name: parsed(path)["force_eval"]["dft"]["scf"] for name, path in inputs.items()}
    assert [found[name]["eps_scf"] for name in inputs] == [1e-4, 1e-5, 1e-7, 1e-3]
    outer = [found[name]["outer_scf"]["eps_scf"] for name in list(inputs)[:3]]
    assert outer == [1e-4, 1e-5, 1e-7]  # EPS_SCF of both loops, as eps_scf sets it


def test_the_outer_loop_may_differ_where_it_is_said(model, tmp_path):
    asked = nested("FORCE_EVAL.DFT.SCF", {"EPS_SCF": 1e-7, "OUTER_SCF": {"EPS_SCF": 1e-8}})
    scf = parsed(written(model, tmp_path, extra=asked)["relax"])["force_eval"]["dft"]["scf"]
    assert (scf["eps_scf"], scf["outer_scf"]["eps_scf"]) == (1e-7, 1e-8)


def test_keywords_without_a_name_and_those_that_repeat(model, tmp_path):
    metadyn = {"EXT_LAGRANGE_SS": {"*": [1.0, 2.0]}, "METAVAR": {"COLVAR": 1}}
    text = written(
        model, tmp_path, prerelax=None, extra=nested("MOTION.FREE_ENERGY.METADYN", metadyn)
    )["ground-state"].read_text()
    assert "&EXT_LAGRANGE_SS\n            1.0\n            2.0\n" in text
    assert "&METAVAR\n            COLVAR 1\n" in text


@pytest.mark.parametrize("version", ["2023.1", "2024.1", "2026.2"])
def test_every_version_understands_four_sections(model, version, tmp_path):
    for path in written(model, tmp_path, version=version, extra=FOUR).values():
        errors = [each for each in check_input(path, version) if each.severity == "error"]
        assert not errors


@pytest.mark.cp2k
@pytest.mark.parametrize("extra", [FOUR, FOUR_AS_TEXT], ids=["names", "text"])
def test_cp2k_accepts_four_sections(model, tmp_path, extra):
    for path in written(model, tmp_path, extra=extra).values():
        assert_accepted(path)


def test_a_crystal_takes_them_too(tmp_path):
    system = System.of_crystal(bundled_crystal("PbS"))
    extra = nested("FORCE_EVAL.DFT.SCF.MIXING", {"ALPHA": 0.3})
    settings = PeriodicSettings(kpoints=(2, 2, 2), extra=extra)
    (stage,) = write_periodic(system, settings, MachineSettings(), tmp_path)
    mixing = parsed(tmp_path / stage.input)["force_eval"]["dft"]["scf"]["mixing"]
    assert mixing == {"method": "broyden_mixing", "alpha": 0.3, "nbuffer": 8}


def test_the_same_bytes_twice_and_through_a_recipe(model, tmp_path):
    first, second = (written(model, tmp_path / name, extra=FOUR) for name in "ab")
    for name, path in first.items():
        assert path.read_bytes() == second[name].read_bytes()
    (tmp_path / "r.yaml").write_text(RECIPE + yaml.safe_dump({"cp2k": {"extra": FOUR}}))
    recipe = read_recipe(tmp_path / "r.yaml")
    assert recipe.cp2k.extra == FOUR
    assert recipe.as_dict()["cp2k"] == {"extra": FOUR}


SCF = "extra.FORCE_EVAL.DFT.SCF"


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (nested("FORCE_EVAL.DFT.SCF", {"EPS_SCFF": 1}), f"{SCF}.EPS_SCFF: .*; write EPS_SCF$"),
        (
            nested("FORCE_EVAL.DFT.SCFF", {"EPS_SCF": 1}),
            "extra.FORCE_EVAL.DFT.SCFF: .*; write &SCF$",
        ),
        (nested("FORCE_EVAL.DFT.SCF", {"EPS_SCF": "tight"}), f"{SCF}.EPS_SCF: .*no number"),
        (nested("FORCE_EVAL.DFT.SCF", {"EPS_SCF": None}), f"{SCF}.EPS_SCF: None is no value"),
        (nested("FORCE_EVAL.DFT.SCF", {"EPS_SCF": [1, {}]}), f"{SCF}.EPS_SCF: .*give blocks"),
        (nested("FORCE_EVAL.DFT.SCF", {"EPS_SCF": []}), f"{SCF}.EPS_SCF: .*no value"),
        (nested("FORCE_EVAL.DFT.SCF", {"eps_scf": 1, "EPS_SCF": 1}), f"{SCF}.EPS_SCF: .*twice"),
        (nested("FORCE_EVAL.DFT.SCF", {"CHOLESKY": "a\n&END"}), f"{SCF}.CHOLESKY: .*lines"),
        (nested("FORCE_EVAL.DFT.SCF", {"CHOLESKY": "OUT"}), f"{SCF}.CHOLESKY: .*no choice"),
        (nested("FORCE_EVAL.DFT.SCF", {True: 1}), f"{SCF}: True is no name"),
        (nested("FORCE_EVAL.SUBSYS.KIND.Pb", {"MASS": 1}), "KIND: .*missing; give it under _"),
        (nested("FORCE_EVAL.SUBSYS.KIND", {"_": "Pb2", "MASS": 1}), "KIND: Pb2 is no element"),
        ("&FORCE_EVAL\n&DFT\nCHARGES 1\n&END\n&END", "FORCE_EVAL.DFT.CHARGES: .*write CHARGE$"),
        ("&FORCE_EVAL\n&DFT\n", "extra.FORCE_EVAL: &FORCE_EVAL is not closed"),
        ("@SET A 1\n&FORCE_EVAL\n&END", "give a mapping of CP2K's sections"),
        ("&FORCE_EVAL\n@INCLUDE a\n&END", "no @ can stand here"),
        (7, "extra: give a mapping of CP2K's sections"),
        ({"FORCE_EVAL": [{}, {}]}, "extra.FORCE_EVAL: there are two"),
    ],
)
def test_what_cp2k_does_not_understand_is_refused_by_its_place(extra, told):
    with pytest.raises(InputError, match=told):
        Cp2kSettings(extra=extra)
    with pytest.raises(InputError, match=told):
        Cp2kSettings(relax={"extra": extra})


def test_blocks_without_end_are_refused():
    endless = {}
    endless["FORCE_EVAL"] = endless
    with pytest.raises(InputError, match="nested too deeply"):
        Cp2kSettings(extra=endless)


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("GLOBAL.PROJECT", "a", "PROJECT: .*find each other's files"),
        ("GLOBAL.PROJECT_NAME", "a", "PROJECT: .*find each other's files"),
        ("GLOBAL.RUN_TYPE", "MD", "set prerelax and relax"),
        ("FORCE_EVAL.METHOD", "FIST", "METHOD: GPW"),
        ("FORCE_EVAL.DFT.CHARGE", 1, "set charge instead"),
        ("FORCE_EVAL.DFT.MULTIP", 3, "set multiplicity instead"),
        ("FORCE_EVAL.DFT.LSD", True, "set multiplicity instead"),
        ("FORCE_EVAL.DFT.MGRID.CUTOFF", 300, "set cutoff_ry instead"),
        ("FORCE_EVAL.DFT.SCF.SMEAR.METHOD", "FERMI_DIRAC", "set smearing_k instead"),
        ("FORCE_EVAL.DFT.XC.XC_FUNCTIONAL.TPSS", {}, "set functional instead"),
        ("FORCE_EVAL.DFT.XC.HF.SCREENING.EPS_SCHWARZ", 1e-8, "set functional instead"),
        ("FORCE_EVAL.DFT.XC.VDW_POTENTIAL.PAIR_POTENTIAL.R_CUTOFF", 9, "set dispersion instead"),
        ("FORCE_EVAL.DFT.PRINT.PDOS.NLUMO", -1, "PDOS: .*read what it prints"),
        ("FORCE_EVAL.SUBSYS.CELL.ABC", [9, 9, 9], "CELL: .*vacuum_a"),
        ("FORCE_EVAL.SUBSYS.TOPOLOGY.COORD_FILE_NAME", "a.xyz", "TOPOLOGY: the atoms"),
        ("MOTION.GEO_OPT.MAX_ITER", 3, "set max_steps under relax"),
        ("MOTION.PRINT.TRAJECTORY.FORMAT", "DCD", "TRAJECTORY: .*leave it out"),
    ],
)
def test_what_the_tool_relies_on_names_its_setting(place, value, told):
    with pytest.raises(InputError, match=told):
        Cp2kSettings(extra=nested(place, value))


@pytest.mark.parametrize(("key", "setting"), [("BASIS_SET", "basis"), ("POTENTIAL", "potential")])
def test_electrons_are_counted_by_the_basis(key, setting):
    kind = {"_": "Pb", key: "DZVP-GTH"}
    with pytest.raises(InputError, match=f"KIND.{key}: a setting says it; set {setting} instead"):
        Cp2kSettings(extra=nested("FORCE_EVAL.SUBSYS.KIND", kind))


def test_sections_that_a_setting_switches_on_take_more(model, tmp_path):
    screening = nested("FORCE_EVAL.DFT.XC.HF.SCREENING", {"EPS_SCHWARZ": 1e-8})
    path = written(model, tmp_path, functional="PBE0", extra=screening)["ground-state"]
    assert parsed(path)["force_eval"]["dft"]["xc"]["hf"]["screening"]["eps_schwarz"] == 1e-8


def test_what_has_no_meaning_is_refused_before_anything_is_written(model, tmp_path):
    both = nested("FORCE_EVAL.DFT.SCF.DIAGONALIZATION", {"ALGORITHM": "STANDARD"})
    with pytest.raises(InputError, match=r"cp2k.extra: with it 1-prerelax would be wrong: .*&OT"):
        written(model, tmp_path / "run", extra=both)
    assert not (tmp_path / "run").exists()
    instead = {"OT": {"_": False}, "DIAGONALIZATION": {}, "MAX_SCF": 100}
    written(model, tmp_path / "run", extra=nested("FORCE_EVAL.DFT.SCF", instead))


def test_what_is_hardly_meant_is_told(model, tmp_path):
    loose = nested("FORCE_EVAL.DFT.QS", {"EPS_DEFAULT": 1e-5})
    written(model, tmp_path, extra=loose)
    note = read_resources(tmp_path)["3-ground-state"].note
    assert note.startswith("cp2k.extra in 3-ground-state: ")
    assert "EPS_DEFAULT 1e-05 is too coarse for EPS_SCF 1e-06" in note


def test_the_command_refuses_with_the_path_inside_the_recipe(epicarve, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"{RECIPE}cp2k: {{extra: {{FORCE_EVAL: {{DFT: {{SCF: {{EPS_SCFF: 1}}}}}}}}}}")
    code, _, told = epicarve("inputs", recipe, "-o", tmp_path / "out")
    assert code == 2
    assert "cp2k.extra.FORCE_EVAL.DFT.SCF.EPS_SCFF: EPS_SCFF is no keyword of &SCF" in told
    assert "write EPS_SCF" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("nothing", ["none", "None", "null", "~"])
@pytest.mark.parametrize(
    "key", ["dispersion", "prerelax", "relax", "smearing_k", "multiplicity", "cutoff_ry", "extra"]
)
def test_none_and_null_switch_off(key, nothing, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"{RECIPE}cp2k: {{version: 2024.1, {key}: {nothing}}}")
    assert getattr(read_recipe(recipe).cp2k, key) is None
