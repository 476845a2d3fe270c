"""The program as users meet it: what it prints, leaves behind and answers to bad input."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from epicarve.builder.model import Model
from epicarve.cli import main
from epicarve.workflow.tasks.new import example_names

EXAMPLES = Path(__file__).parents[1] / "examples"
STUDY = ("pb3s2cl2-sphere", "pb4s3cl2-hemisphere", "pb4s3cl2-cspbcl3")
CHATTER = """
import os, sys
from epicarve.workflow.tasks import crystals
listed = crystals.crystals
def chatty(*given):
    os.write(1, b"HighsMipSolverData says something\\n")
    return listed(*given)
crystals.crystals = chatty
sys.argv = ["epicarve", "crystals", "--json"]
from epicarve.cli import main
main()
"""
SMALL = "crystal: {name: PbS}\nshape: {kind: sphere, diameter_nm: 1.2}\nengine: xtb\n"


@pytest.fixture
def epicarve(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["epicarve", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        told = capsys.readouterr()
        return stop.value.code or 0, told.out, told.err

    return call


@pytest.fixture(scope="module")
def already():
    """What `of_study` has built."""
    return {}


@pytest.fixture
def of_study(epicarve, already, tmp_path_factory):
    """Build a model of the study on its first use: its folder, and what was printed."""

    def build(name):
        if name not in already:
            folder = tmp_path_factory.mktemp(name)
            code, out, _ = epicarve("build", EXAMPLES / f"{name}.yaml", "-o", folder, "--json")
            assert code == 0
            already[name] = folder, out
        return already[name]

    return build


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("name", STUDY)
def test_models_of_the_study(of_study, name):
    folder, out = of_study(name)
    told = json.loads((folder / "model.json").read_text())
    assert json.loads(out) == told
    assert told["net_charge"] == 0
    assert told["n_components"] == 1
    assert told["stoichiometry"]["deviation"] <= 0.02
    for domain in told["domains"].values():
        assert domain["net_charge"] == 0
        assert domain["stoichiometry"]["deviation"] <= 0.02
    assert 4.0 <= told["diameter_nm"] <= 4.5
    assert told["optimum"]["gap"] <= 1e-3
    assert files_below(folder) == ["model.cif", "model.extxyz", "model.json", "preview.png"]


def test_the_hemisphere_is_the_film_of_the_heterostructure(of_study):
    alone, whole = (Model.read(of_study(name)[0] / "model.extxyz") for name in STUDY[1:])
    film = whole.domain("Pb4S3Cl2")
    assert alone.symbols.tolist() == film.symbols.tolist()
    np.testing.assert_allclose(pdist(alone.positions_a), pdist(film.positions_a), atol=1e-6)


def test_same_recipe_same_bytes(epicarve, of_study, tmp_path):
    first, _ = of_study(STUDY[1])
    epicarve("build", EXAMPLES / f"{STUDY[1]}.yaml", "-o", tmp_path)
    assert files_below(first) == files_below(tmp_path)
    for name in files_below(first):
        assert (first / name).read_bytes() == (tmp_path / name).read_bytes()


def test_whole_chain_with_the_embedded_engine(epicarve, tmp_path):
    recipe = tmp_path / "dot.yaml"
    recipe.write_text(SMALL + "xtb: {max_steps: 3}\n")
    code, out, _ = epicarve("run", recipe, "-o", tmp_path / "run")
    assert code == 0
    assert "HOMO-LUMO gap" in out
    assert str(tmp_path / "run" / "report.html") in out.replace("\n", "")
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    assert summary["provenance"]["relaxation"]["n_steps"] == 3
    assert "xTB" in (tmp_path / "run/report.html").read_text()
    states = (tmp_path / "run/2-states/states.npz").stat()
    code, out, _ = epicarve("run", recipe, "-o", tmp_path / "run", "--json")
    assert json.loads(out) == summary
    assert (tmp_path / "run/2-states/states.npz").stat() == states  # not computed again
    code, out, _ = epicarve(
        "analyse", tmp_path / "run", "-o", tmp_path / "again", "--ipr-max", "0.5", "--json",
        "--formats", "pdf, svg", "--width", "double", "--palette", "safe",
    )  # fmt: skip
    assert json.loads(out)["ipr_max"] == 0.5
    figures = {"formats": ["pdf", "svg"], "width": "double", "palette": "safe", "zero": "homo"}
    assert figures.items() <= json.loads(out)["provenance"]["options"]["figures"].items()
    made = files_below(tmp_path / "again")
    assert {"dos.pdf", "dos.svg", "scan.pdf"} <= set(map(str, made))
    assert not any(str(name).endswith(".png") for name in made)
    code, _, err = epicarve("analyse", tmp_path / "run", "--formats", "gif")
    assert code == 2
    assert "figures.formats.0: 'gif' is not known; use 'png', 'svg' or 'pdf'" in err
    assert json.loads(out)["homo_lumo_gap_ev"] == summary["homo_lumo_gap_ev"]


@pytest.mark.parametrize(("word", "command"), [("carve", "build"), ("DOS", "analyse")])
def test_a_command_answers_to_other_words(epicarve, word, command):
    code, _, err = epicarve(word)
    assert (code, err) == (
        2,
        f"epicarve: no command is called {word}; epicarve {command} does that\n",
    )


@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [
        (SMALL.replace("diameter_nm", "diametre_nm"), "did you mean diameter_nm"),
        (SMALL.replace("1.2", "0.3"), "smaller than the unit cell"),
        (SMALL.replace("name: PbS", "file: none.cif"), "none.cif"),
        (SMALL.replace("PbS", "PbZ"), "did you mean PbS"),
        (SMALL.replace("sphere", "hemisphere").replace("1.2", "1.2, hkl: 010"), "[0, 1, 0]"),
    ],
)
@pytest.mark.parametrize("command", ["build", "inputs", "run"])
def test_bad_recipes_leave_nothing(epicarve, tmp_path, command, recipe, complaint):
    path = tmp_path / "dot.yaml"
    path.write_text(recipe)
    code, out, err = epicarve(command, path, "-o", tmp_path / "out")
    assert code == 2
    assert complaint in err
    assert "Traceback" not in err
    assert out == ""
    assert files_below(tmp_path) == ["dot.yaml"]


def test_element_without_basis_set(epicarve, tmp_path):
    (tmp_path / "UO2.cif").write_text(
        "data_UO2\n_cell_length_a 5.47\n_cell_length_b 5.47\n_cell_length_c 5.47\n"
        "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n"
        "_space_group_name_H-M_alt 'F m -3 m'\nloop_\n_atom_site_label\n_atom_site_type_symbol\n"
        "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
        "U1 U 0 0 0\nO1 O 0.25 0.25 0.25\n"
    )
    path = tmp_path / "dot.yaml"
    path.write_text("crystal: {file: UO2.cif}\nshape: {kind: sphere, diameter_nm: 1.2}\n")
    code, _, err = epicarve("inputs", path, "-o", tmp_path / "out")
    assert code == 2
    assert "U" in err
    assert "basis" in err
    assert files_below(tmp_path) == ["UO2.cif", "dot.yaml"]


@pytest.mark.parametrize("content", [{}, {"cp2k.out": ""}])
def test_analyse_of_nothing(epicarve, tmp_path, content):
    folder = tmp_path / "run"
    folder.mkdir()
    for name, text in content.items():
        (folder / name).write_text(text)
    code, _, err = epicarve("analyse", folder, "-o", tmp_path / "out")
    assert code == 2
    assert err.startswith("epicarve: ")
    assert not (tmp_path / "out").exists()
    assert epicarve("analyse", tmp_path / "nowhere")[0] == 2


def test_crystals(epicarve):
    code, out, _ = epicarve("crystals", "--json")
    assert code == 0
    names = {crystal["name"] for crystal in json.loads(out)}
    wanted = (
        "Pb4S3Br2 Pb4S3Cl2 Pb4S3I2 Pb3S2Cl2 Pb3S2Cl2-I213 CsPbCl3 CsPbCl3-Pnma CsPbBr3 CsPb2Cl5 "
        "Cs2PbCl4 PbS PbCl2"
    )
    assert set(wanted.split()) <= names
    _, out, _ = epicarve("crystals")
    assert names <= set(out.split()), "names are what a recipe takes: none is cut short"
    _, out, _ = epicarve("crystals", "Pb4S3Cl2")
    assert "computed" in out
    assert "CP2K 2023.1" in out
    assert "QD_Builder" in out
    code, _, err = epicarve("crystals", "Pb4S3Cl")
    assert code == 2
    assert "did you mean Pb4S3Cl2" in err


def test_new_writes_every_example_once(epicarve, tmp_path):
    assert set(STUDY) <= set(example_names())
    for name in example_names():
        code, _, _ = epicarve("new", name, tmp_path / f"{name}.yaml")
        assert code == 0
        assert (tmp_path / f"{name}.yaml").read_text() == (EXAMPLES / f"{name}.yaml").read_text()
    code, _, err = epicarve("new", STUDY[0], tmp_path / f"{STUDY[0]}.yaml")
    assert code == 2
    assert "exists already" in err
    code, _, err = epicarve("new", "pb3s2cl2", tmp_path / "x.yaml")
    assert code == 2
    assert "pb3s2cl2" in err


def test_help_of_every_command_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from epicarve.cli.main import app\n"
        "names = ('crystals', 'new', 'build', 'inputs', 'run', 'analyse', 'structure')\n"
        "for command in ([], *([name] for name in names)):\n"
        "    assert CliRunner().invoke(app, [*command, '--help']).exit_code == 0\n"
        "heavy = ('numpy', 'ase', 'pymatgen', 'scipy', 'matplotlib')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_libraries_print_does_not_get_into_standard_output():
    done = subprocess.run(
        [sys.executable, "-c", CHATTER], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)
    assert done.stderr == ""


def test_inputs_of_a_heterostructure_tell_the_stages_of_its_halves(epicarve, tmp_path, monkeypatch):
    halves = {
        half: {
            "crystal": {"name": name},
            "shape": {"kind": "hemisphere", "diameter_nm": 1.4, "hkl": [1, 0, 0]},
        }
        for half, name in (("film", "PbS"), ("substrate", "CsPbBr3"))
    }
    path = tmp_path / "two.yaml"
    path.write_text(json.dumps({**halves, "interface": "best"}))
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = epicarve("inputs", path, "-o", tmp_path / "out")
    assert code == 0
    table = [
        line.split()[0] for line in out.splitlines() if " × " in line and line.startswith("  ")
    ]
    written = {str(found.parent.relative_to(tmp_path / "out")) for found in tmp_path.rglob("*.inp")}
    assert written <= {*table}
    assert {"film: 1-prerelax → 2-relax", "substrate: 1-prerelax → 2-relax"} <= {*out.splitlines()}
    assert "0-join → 1-prerelax → 2-relax → 3-ground-state → 4-states" in out
