"""Files that cannot be read or written: one sentence, exit code 2, nothing half-written."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from epicarve.builder.model import Model
from epicarve.cli import main
from epicarve.dft.read import read_states
from epicarve.errors import InputError
from epicarve.workflow.recipes import relaxed_geometry
from epicarve.workflow.tasks.analyse import analyse

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """Run the command line; its exit code and what it says on standard error, in one line."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["epicarve", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        error = " ".join(capsys.readouterr().err.split())
        assert "Traceback" not in error
        return stopped.value.code, error

    return run


def unpacked(name, target, *keep):
    shutil.unpack_archive(FIXTURES / f"cp2k-{name}.tar.xz", target)
    for path in target.iterdir():
        if keep and not any(map(path.match, keep)):
            path.unlink()
    return target


WFN = ("*.wfn", "*.inp", "*.out", "*.xyz", "*BASIS*")


def test_an_empty_overlap_is_computed_and_told(tmp_path):
    run = unpacked("cs4pbbr6", tmp_path / "run", *WFN)
    (run / "cs4pbbr6-S_SPIN_1-1_0.csr").touch()
    states = read_states(run)
    assert "computed" in states.source
    assert any("not a whole overlap matrix (it is empty)" in note for note in states.notes)


@pytest.mark.parametrize("keep", [WFN, ()])
def test_a_coordinate_that_is_no_number(tmp_path, told, keep):
    run = unpacked("cs4pbbr6", tmp_path / "run", *keep)
    (xyz,) = run.glob("*.xyz")
    lines = xyz.read_text().splitlines()
    lines[3] = " ".join([lines[3].split()[0], "NaN", *lines[3].split()[2:]])
    xyz.write_text("\n".join(lines) + "\n")
    if keep:  # the overlap is computed from the coordinates
        code, error = told("analyse", run)
        assert code == 2
        assert f"{xyz.name} announces 11 atoms, but line 4 of it holds none" in error
    else:  # the weights are in the folder: the atoms are left out
        analyse(run, tmp_path / "out")
        assert not (tmp_path / "out" / "traps.extxyz").exists()


@pytest.mark.parametrize("content", ['{"formula": ', "null"])
def test_a_model_json_that_is_cut(tmp_path, told, content):
    run = unpacked("pb9s6cl6", tmp_path / "run")
    (run / "model.json").write_text(content)
    code, error = told("analyse", run)
    assert code == 2
    assert "model.json: not a whole JSON file" in error


def test_a_geometry_of_the_states_that_is_cut(tmp_path, told):
    run = unpacked("pb9s6cl6", tmp_path / "run")
    (xyz,) = run.glob("*-states/states.xyz")
    xyz.write_text(xyz.read_text()[:200])
    code, error = told("analyse", run)
    assert code == 2
    assert "states.xyz: there is no whole geometry in it" in error


def test_a_folder_that_is_a_file_and_a_link_to_nothing(tmp_path, told):
    run = unpacked("cs4pbbr6", tmp_path / "run")
    (tmp_path / "afile").touch()
    code, error = told("analyse", run, "-o", tmp_path / "afile")
    assert code == 2
    assert "afile: " in error
    first = next(run.glob("*list1-1.pdos"))
    first.unlink()
    first.symlink_to(tmp_path / "nowhere")
    states = read_states(run)  # the orbitals beside serve
    assert ".wfn" in states.source
    assert any("atom 1 (Pb) has no list of its own" in note for note in states.notes)


@pytest.mark.parametrize("step", ["nan", "inf", "0"])
def test_a_step_that_is_no_length(tmp_path, told, step):
    run = unpacked("cs4pbbr6", tmp_path / "run", *WFN)
    code, error = told("cube", run, "homo", "--step", step, "-o", tmp_path / "homo.cube")
    assert code == 2
    assert "step of a grid must be positive" in error


def test_hidden_files_beside_are_not_read(tmp_path):
    run = unpacked("cs4pbbr6", tmp_path / "run")
    expected = analyse(run, tmp_path / "out")
    for path in list(run.iterdir()):
        (run / f"._{path.name}").write_bytes(bytes([0, 5, 22, 7]) + bytes(100))
    assert np.isclose(analyse(run, tmp_path / "again")["homo_ev"], expected["homo_ev"])


def test_an_analysis_takes_away_what_an_earlier_one_left(tmp_path):
    run = unpacked("cs4pbbr6", tmp_path / "run")
    out = tmp_path / "out"
    analyse(run, out, overlap_populations=[("Pb", "Br")], figures={"formats": ["png", "pdf"]})
    (out / "notes.txt").touch()
    analyse(run, out, figures={"formats": ["svg"]})
    left = {path.name for path in out.iterdir()}
    assert {"dos.svg", "scan.svg", "notes.txt", "summary.json", "report.html"} <= left
    assert not {name for name in left if name.endswith((".png", ".pdf"))}
    assert "coop.csv" not in left


def test_names_longer_than_a_file_can_have_are_of_no_file(tmp_path):
    long = "a" * 300
    with pytest.raises(InputError, match="there is no such folder"):
        read_states(tmp_path / long)
    with pytest.raises(InputError, match="no such file or folder"):
        relaxed_geometry(tmp_path / long)
    with pytest.raises(InputError, match="there is no such file"):
        Model.read(tmp_path / long)


@pytest.mark.parametrize(
    ("file", "arguments"),
    [
        ("model.cif", ("build", "sphere.yaml", "-o", "mine")),
        ("run.sh", ("inputs", "sphere.yaml", "-o", "mine")),
        ("summary.json", ("analyse", "run", "-o", "mine")),
        ("coop.csv", ("analyse", "run", "-o", "mine")),  # would be taken away
        ("structure.json", ("structure", "a.xyz", "a.xyz", "-o", "mine")),
        ("interfaces.csv", ("interface", "PbS", "CsPbBr3", "-o", "mine")),
    ],
)
def test_files_of_others_are_not_replaced(told, tmp_path, file, arguments):
    unpacked("cs4pbbr6", tmp_path / "run", *WFN)
    (tmp_path / "sphere.yaml").write_text(
        "crystal: {name: PbS}\nshape: {kind: sphere, diameter_nm: 1}\nbalance: {relocations: 0}\n"
    )
    (tmp_path / "a.xyz").write_text("2\n\nPb 0 0 0\nS 0 0 2.9\n")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / file).write_text('{"by": "me"}\n')
    (mine / "notes.txt").write_text("harmless\n")
    code, error = told(*arguments)
    assert code == 2
    assert f"mine: {file}" in error
    assert "there already, not written by epicarve" in error
    assert sorted(path.name for path in mine.iterdir()) == sorted([file, "notes.txt"])
    assert (mine / file).read_text() == '{"by": "me"}\n'


def test_own_results_are_replaced_beside_files_of_others(told, tmp_path):
    recipe = tmp_path / "sphere.yaml"
    for diameter in (1.0, 1.2):
        recipe.write_text(
            f"crystal: {{name: PbS}}\nshape: {{kind: sphere, diameter_nm: {diameter}}}\n"
        )
        code, _ = told("build", "sphere.yaml", "-o", "mine")
        assert code == 0
        (tmp_path / "mine" / "notes.txt").write_text("harmless\n")
    assert (tmp_path / "mine" / "notes.txt").read_text() == "harmless\n"
    assert '"diameter_nm": 1.2' in (tmp_path / "mine" / "model.json").read_text()
