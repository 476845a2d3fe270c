"""The blocks of the pages: Python is run, recipes are validated, command lines are parsed.

Tutorials are run by test_site.py, the programs of python.md by test_public_api.py.
"""

import itertools
import re
import shlex
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import typer
import yaml
from ase.build import bulk
from ase.io import write

import epicarve as ec
from epicarve.analysis.options import AnalysisOptions
from epicarve.cli.main import app
from epicarve.dft.settings import MachineSettings
from epicarve.workflow.recipes import read_recipe

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCKS = [
    (page.name, kind, text)
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md")))
    for kind, text in re.findall(r"^```(\S*)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
]


def blocks(*kinds):
    """The blocks of some kinds, with the name of the page and the number on it."""
    numbers = {}
    for page, kind, text in BLOCKS:
        if kind in kinds:
            numbers[page] = numbers.get(page, 0) + 1
            yield pytest.param(page, text, id=f"{page}-{numbers[page]}")


SMALLER = {
    "21.0, (0, 1, 0)": "7.0, (0, 1, 0)",  # halves of the study
    "21.0, (1, 0, 0)": "7.0, (1, 0, 0)",
    "diameter_nm=4.2": "diameter_nm=1.6",
    'analyse_folder("job")': 'analyse_folder("ran")',  # "once it has run"
    "start=300, stop=400": "start=50, stop=60",
}
"""What pages ask for, and what asks for the same of less."""


@pytest.fixture(scope="module")
def ran(runs):
    return ec.analyse_folder(runs("pb9s6cl6"))


@pytest.fixture
def placed(runs, tmp_path, monkeypatch):
    """Go to a folder, in which the files are placed that a page speaks of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    return lambda page: place(page, tmp_path, runs)


def place(name, folder, runs):
    if name == "overview.md":
        write(folder / "CaF2.cif", bulk("CaF2", "fluorite", a=5.4626, cubic=True))
        shutil.copytree(runs("pb9s6cl6"), folder / "ran")
    if name == "structures.md":
        dot().to_ase().write("relaxed.xyz")
    if name == "weights.md":
        (folder / "run").mkdir()
        for path in runs("pb9s6cl6-orbitals").iterdir():
            shutil.copy(path, folder / "run" / path.name.replace("pb9s6cl6-", "states-"))


GALENA = ec.crystal("PbS")


def of_matching():
    planes = {"film_hkl": (1, 0, 0), "substrate_hkl": (1, 0, 0)}
    return {
        "film_lattice_a": np.diag([8.2, 8.2]),
        "substrate_lattice_a": 5.8 * np.eye(2),
        "interface": ec.find_interfaces(GALENA, ec.crystal("CsPbBr3"), **planes)[0],
        "folder": Path("slab"),
    }


def of_structure():
    model = dot()
    moved = np.random.default_rng(0).normal(0.0, 0.05, (len(model), 3))
    return {
        "symbols": model.symbols,
        "positions_a": model.positions_a,
        "symbols_after": model.symbols,
        "positions_after_a": model.positions_a + moved,
        "model": model,
    }


@cache
def dot():
    return ec.carve(GALENA, ec.Sphere(diameter_nm=1.6))


def of_report(ran):
    options = AnalysisOptions(ipr_max=0.2)
    return {"states": ran.states, "model": ran.model, "options": options, "folder": Path()}


NAMES = {
    "analysis.md": lambda ran: {"analysis": ran, "path": Path("analysis.h5")},
    "matching.md": lambda _: of_matching(),
    "report.md": of_report,
    "structure.md": lambda _: of_structure(),
    "surface.md": lambda _: {"model": dot(), "crystal": GALENA},
    "weights.md": lambda _: {"lead_atoms": np.arange(9), "sulfur_atoms": np.arange(9, 21)},
}
"""What blocks take from the text around them; others stand alone."""


def is_run_elsewhere(block):
    """Whether test_public_api.py or test_doctests.py runs it."""
    page, text = block.values
    return page == "python.md" or (page == "analysis.md" and text.startswith(">>>"))


@pytest.mark.parametrize(
    ("page", "text"), [block for block in blocks("python") if not is_run_elsewhere(block)]
)
def test_python_of_the_pages_runs(page, text, ran, placed):
    placed(page)
    for asked, less in SMALLER.items():
        text = text.replace(asked, less)
    exec(compile(text, page, "exec"), NAMES.get(page, lambda _: {})(ran))


DOT = {"crystal": {"name": "PbS"}, "shape": {"kind": "sphere", "diameter_nm": 2}}
PROFILE = next(text for page, kind, text in BLOCKS if kind == "yaml" and "array_limit:" in text)


def whole(told):
    """A recipe of which a page shows a part."""
    if isinstance(told, list):
        return {**DOT, "ligands": told}
    if "orderings" in told:  # below crystal:
        told = {"crystal": {"file": "shared.cif", **told}}
    if "series" in told and "replace" in told["series"]:
        return {**DOT, "crystal": {"name": "Pb4S3Cl2"}, **told}
    if told.keys() & {"film", "structure", "bulk"}:
        return told
    if told.keys() <= MachineSettings.model_fields.keys():
        told = {"machine": told}
    return {**DOT, **told}


@pytest.mark.parametrize(("page", "text"), [*blocks("yaml")])
def test_recipes_of_the_pages_are_recipes(page, text, tmp_path):
    machine = yaml.safe_load(PROFILE)["machine"]
    (tmp_path / "mycluster.yaml").write_text(yaml.safe_dump(machine))
    (tmp_path / "mytemplates").mkdir()
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    read = yaml.safe_load(text)
    told = whole(read)
    if told != read:
        path.write_text(yaml.safe_dump(told))
    assert read_recipe(path).as_dict()


def command_lines():
    """The calls of epicarve in blocks for a shell, without those of the generated reference."""
    for page, kind, text in BLOCKS:
        if page == "command-line.md" or kind not in {"", "sh", "bash", "console", "text"}:
            continue
        for line in text.replace("\\\n", " ").splitlines():
            if line.removeprefix("$ ").startswith("epicarve "):
                words = shlex.split(line.removeprefix("$ "), comments=True)
                for breaks, part in itertools.groupby(words, {"&&", "|", ";"}.__contains__):
                    command = list(part)
                    if not breaks and command[0] == "epicarve":
                        yield pytest.param(command[1:], id=f"{page}: {' '.join(command)}")


@pytest.mark.parametrize("words", [*command_lines()])
def test_command_lines_of_the_pages_are_parsed(words, tmp_path, monkeypatch):
    """By the parser of the command line itself; nothing is run."""
    monkeypatch.chdir(tmp_path)
    group = typer.main.get_command(app)
    context = group.context_class(group, info_name="epicarve")
    name, command, rest = group.resolve_command(context, list(words))
    with command.make_context(name, rest, parent=context) as parsed:
        assert parsed.params


def test_a_command_line_that_is_wrong_is_seen(tmp_path, monkeypatch):
    for words in (["analyse", "DIR", "--ipr-maximum", "1"], ["analyze", "DIR"]):
        with pytest.raises(
            Exception, match=r"No such option: --ipr-maximum|Did you mean 'analyse'\?"
        ):
            test_command_lines_of_the_pages_are_parsed(words, tmp_path, monkeypatch)
