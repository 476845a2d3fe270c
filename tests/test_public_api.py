"""The front door: what `import epicarve` offers, as users meet it."""

import ast
import inspect
import os
import re
import subprocess
import sys
from base64 import b64decode
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
from ase.build import bulk
from ase.io import write
from browser import browser
from matplotlib import pyplot as plt
from mypy import api
from nbclient import NotebookClient

import epicarve as ec

ROOT = Path(__file__).parents[1]
PROGRAM = Path(__file__).parent / "programs" / "front_door.py"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
PROGRAMS = [found for found in BLOCK.findall(PAGE) if found[0].count("\n") > 1]
PNG = b"\x89PNG"

JOB = {
    "crystal": {"name": "CsPbCl3"},
    "shape": {"kind": "sphere", "diameter_nm": 1.2},
    "engine": "xtb",
    "xtb": {"max_steps": 0},
    "analysis": {"ipr_max": 0.2, "figures": {"formats": ["png"]}},
}


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("door") / "job"
    ec.run(JOB, folder)
    return folder


@pytest.fixture(scope="module")
def dot():
    return ec.carve(ec.crystal("Pb3S2Cl2"), ec.Sphere(diameter_nm=3.2))


def test_dir_shows_the_public_names_alone():
    assert dir(ec) == sorted(ec.__all__)
    assert not [name for name in dir(ec) if name.startswith("_")]
    assert all(getattr(ec, name).__doc__ for name in ec.__all__)


def test_type_checkers_see_the_names_that_are_there():
    tree = ast.parse(Path(ec.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname or alias.name: (
            f"epicarve.{found.module}" if found.level else found.module,
            alias.name,
        )
        for found in block.body
        for alias in found.names
    }
    assert set(seen) == set(ec._HOMES)
    assert set(ec.__all__) <= set(seen)
    for name, (home, called) in seen.items():
        assert getattr(import_module(home), called) is getattr(ec, name)


def test_commands_and_types_are_there_too():
    for name in set(ec._HOMES) - set(ec.__all__):
        assert getattr(ec, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        ec.nonsense  # noqa: B018


def test_the_import_is_fast():
    timed = (
        "import time; begun = time.process_time(); import epicarve; dir(epicarve);"
        "print(time.process_time() - begun)"
    )
    runs = [subprocess.check_output([sys.executable, "-c", timed]) for _ in range(3)]
    assert min(map(float, runs)) < 0.1


def test_the_program_passes_the_type_checker_of_a_user(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import epicarve as ec\n"
        "shape: int = ec.Sphere(diameter_nm='wide')\n"
        "ec.carve('PbS', shape)\n"
        "ec.analyse(ec.read_states('job')).gap.missing\n",
        encoding="utf-8",
    )
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'users'}"
    here = Path.cwd()
    os.chdir(tmp_path)  # away from the settings of this repository
    try:
        told, errors, status = api.run(["--strict", cache, str(program)])
        assert (status, errors) == (0, ""), told
        told, _, _ = api.run(["--strict", cache, str(bad)])
    finally:
        os.chdir(here)
    assert [line.split(":")[1] for line in told.splitlines()[:-1]] == ["2", "2", "3", "3", "4"]


def test_the_program_runs(tmp_path):
    write(tmp_path / "CaF2.cif", bulk("CaF2", "fluorite", a=5.4626, cubic=True))
    recipe = "crystal: {name: PbS}\nshape: {kind: sphere, diameter_nm: 3.2}\n"
    (tmp_path / "recipe.yaml").write_text(recipe, encoding="utf-8")
    arguments = [tmp_path / "CaF2.cif", tmp_path / "job", tmp_path]
    subprocess.run([sys.executable, PROGRAM, *arguments], check=True)
    assert (tmp_path / "dos.pdf").is_file() and (tmp_path / "result" / "report.html").is_file()


@pytest.mark.filterwarnings("ignore")
def test_the_programs_of_the_page_run(tmp_path, monkeypatch, capsys):
    """Each with no name of the one before, in one folder and one Python, that starts once."""
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    assert len(PROGRAMS) >= 10
    for program, expected in PROGRAMS:
        exec(compile(program, "docs/python.md", "exec"), {"__name__": "__main__"})
        printed = capsys.readouterr().out
        if expected:
            assert printed == expected, program
    plt.close("all")
    assert (tmp_path / "own.png").is_file() and (tmp_path / "dot.html").is_file()


def test_the_notebook_runs_and_shows_what_it_makes(tmp_path):
    notebook = nbformat.read(ROOT / "docs" / "first-steps.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # kept without results
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    shown = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    *objects, figure, wrong = shown
    for index, words in (
        (0, "space group"),
        (1, "proven gap"),
        (2, "<iframe"),
        (3, "matched fraction"),
        (4, "Å²"),
        (5, "HOMO-LUMO gap"),
    ):
        data = objects[index][-1]["data"]
        assert words in data["text/html"]
        assert data["text/plain"].count("\n") == 0
        pictures = re.findall(r"data:image/png;base64,([^\"]+)", data["text/html"])
        assert all(b64decode(picture).startswith(PNG) for picture in pictures)
        assert len(pictures) == (index != 2)
    assert b64decode(figure[-1]["data"]["image/png"]).startswith(PNG)
    assert wrong[0]["ename"] == "InputError"
    assert wrong[0]["evalue"].startswith("Sphere: diameter_nm: Input should be greater than 0")


@pytest.mark.chromium
def test_the_view_turns_offline_and_tells_the_ions(dot, tmp_path):
    dot.view().write(tmp_path / "dot.html")
    assert dot.view().html == dot.view().html
    with browser() as page:
        page.open(tmp_path / "dot.html")
        page.settle()
        assert page.complaints == []
        assert [url for url in page.requests if not url.startswith("about:")] == [
            (tmp_path / "dot.html").as_uri()
        ]
        before = page.run("byId('model').toDataURL()")
        page.run("particle.rotate(0.5, 0.2)")
        assert page.run("byId('model').toDataURL()") != before
        assert page.run("particle.n") == len(dot)
        page.run(
            "byId('model').dispatchEvent(new PointerEvent('pointermove', {"
            "clientX: byId('model').clientWidth / 2, clientY: byId('model').clientHeight / 2}))"
        )
        assert re.fullmatch(
            r"(Pb|S|Cl) \d+, Pb3S2Cl2, bonds \d+ of \d+", page.run("byId('ion').textContent")
        )


def test_an_analysis_in_memory_is_that_of_the_command_line(job, tmp_path):
    before = sorted(job.rglob("*"))
    result = ec.analyse_folder(job)
    of_states = ec.analyse(ec.read_states(job), model=ec.Model.read(job), ipr_max=0.2)
    assert sorted(job.rglob("*")) == before
    summary = result.write(tmp_path / "memory")
    assert ec.analyse(job, tmp_path / "line") == summary
    for path in (tmp_path / "line").iterdir():
        assert path.read_bytes() == (tmp_path / "memory" / path.name).read_bytes()
    assert result.gap.filtered.gap_ev == of_states.gap.filtered.gap_ev
    assert result.summary()["filtered"] == summary["filtered"]
    assert {"HOMO-LUMO", "IPR"} <= set(re.findall(r"HOMO-LUMO|IPR", repr(result)))
    assert all("\n" not in repr(one) for one in (result, ec.read_states(job)))
    grouped = ec.analyse(ec.read_states(job), model=ec.Model.read(job), group_by="surface")
    assert len(grouped.partitions) > len(of_states.partitions)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: ec.Sphere(diameter_nm=-5), "Sphere: diameter_nm: Input should be greater than 0"),
        (lambda: ec.Sphere(diameter=5), "Sphere: unknown key 'diameter'; did you mean diameter_nm"),
        (lambda: ec.Sphere(5), "Sphere: 5 has no name; give each value by name"),
        (lambda: ec.Sphere(diameter_nm="wide"), r"Sphere: diameter_nm: .*\(got 'wide'\)"),
        (ec.Sphere, "Sphere: no size given"),
        (lambda: ec.Hemisphere(diameter_nm=3), "Hemisphere: hkl: missing; add it"),
        (lambda: ec.Balance(ratio_tolerance=2), "Balance: ratio_tolerance: .*less than 1"),
        (
            lambda: ec.Cp2kSettings(functional="B3"),
            "Cp2kSettings: functional: .*known are LDA, PBE, ",
        ),
        (
            lambda: ec.carve("PbS", ec.Sphere(diameter_nm=3)),
            "give a Crystal, such as",
        ),
        (lambda: ec.carve(ec.crystal("PbS"), 3.0), r"give a shape such as epicarve\.Sphere"),
        (
            lambda: ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=3), 0.02),
            r"balance is of type float; give epicarve\.Balance",
        ),
        (
            lambda: ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=3), treatment="Cl"),
            r"treatment is of type str; give epicarve\.Treatment",
        ),
        (
            lambda: ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=3), treatmnt=None),
            "carve: unknown argument 'treatmnt'; did you mean treatment?",
        ),
        (lambda: ec.join(None, None, None, gap=1), "join: .* 'gap'; did you mean gap_a?"),
        (
            lambda: ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=1.6)).write("dot.xyz"),
            r"name a folder, or write one file by to_ase\(\)\.write\('dot\.xyz'\)",
        ),
        (lambda: ec.carve(ec.crystal("PbS"), ec.Sphere), "the shape is a class, not one of its"),
        (lambda: ec.crystal("PbSs"), "did you mean PbS"),
        (lambda: ec.crystal("pbs"), "did you mean PbS"),
        (lambda: ec.crystal("CaF2.cif"), r"epicarve\.Crystal\.from_file\('CaF2\.cif'\)"),
        (lambda: ec.find_interfaces("PbS", ec.crystal("CsPbCl3")), "the film is of type str"),
        (lambda: ec.build({"crystal": {"name": "PbS"}}), "shape missing beside crystal"),
        (lambda: ec.Recipe(crystal={"name": "PbS"}), "give the keys to epicarve.build or run"),
        (lambda: ec.build(3), "give a Recipe, its keys, or a path"),
        (lambda: ec.write_cp2k("dot", None, "x"), "the model is of type str"),
        (lambda: ec.read_states("nowhere"), "there is no such folder"),
        (lambda: ec.analyse(3), "give states or a folder"),
        (
            lambda: ec.Core(ec.crystal("PbS"), ec.Sphere(diameter_nm=3, centre="best")),
            "belongs to the whole particle",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(wrong, sentence):
    with pytest.raises(ec.InputError, match=sentence) as caught:
        wrong()
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None or caught.value.__suppress_context__


def test_shapes_and_options_have_the_names_and_signatures_of_what_is_typed():
    for name in ("Sphere", "Wulff", "Balance", "Treatment", "Cp2kSettings"):
        assert getattr(ec, name).__name__ == name
    told = str(inspect.signature(ec.Hemisphere))
    assert "unnamed" not in told
    assert {"hkl", "diameter_nm=None"} <= {part.strip() for part in told.strip("()").split(",")}


def test_a_half_of_another_plane_is_refused():
    film, substrate = ec.crystal("PbS"), ec.crystal("CsPbBr3")
    best = ec.find_interfaces(film, substrate, film_hkl=(1, 0, 0), substrate_hkl=(1, 0, 0))[0]
    halves = [
        ec.half_of(crystal, ec.Hemisphere(diameter_nm=2.6, hkl=(1, 1, 0)))
        for crystal in (film, substrate)
    ]
    with pytest.raises(ec.InputError, match=r"give half_of a shape with hkl=\(1, 0, 0\)"):
        ec.join(*halves, best)
    with pytest.raises(ec.InputError, match="in the order in which interfaces were looked for"):
        ec.join(*halves[::-1], best)


def test_the_balance_of_a_half_may_be_a_dict_too():
    shape = ec.Hemisphere(diameter_nm=2.0, hkl=(1, 0, 0))
    given = ec.half_of(ec.crystal("PbS"), shape, balance={"net_charge": 2})
    assert given.options == ec.Balance(net_charge=2)
    with pytest.raises(ec.InputError, match="net_charge"):
        ec.half_of(ec.crystal("PbS"), shape, balance={"net_charg": 2})


def test_shapes_say_what_they_are():
    assert repr(ec.Sphere(diameter_nm=4.2)) == "Sphere(diameter_nm=4.2)"
    assert repr(ec.Balance()) == "Balance()"
    assert ec.Sphere(diameter_nm=4.2) == eval(
        repr(ec.Sphere(diameter_nm=4.2)), vars(ec) | {"Sphere": ec.Sphere}
    )
    built = ec.build({"crystal": {"name": "PbS"}, "shape": ec.Sphere(diameter_nm=3.2)})
    told = built.model.report.provenance.recipe
    assert told["shape"] == {"kind": "sphere", "diameter_nm": 3.2}


def test_the_recipe_and_the_call_carve_the_same(dot):
    recipe = {"crystal": {"name": "Pb3S2Cl2"}, "shape": {"kind": "sphere", "diameter_nm": 3.2}}
    assert ec.build(recipe).model == dot
    assert dot.report.provenance.shape == {"kind": "sphere", "diameter_nm": 3.2}
