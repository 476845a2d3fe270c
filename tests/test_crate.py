"""A folder of results as an RO-Crate, read back by the library that reads crates."""

import json

import pytest
from rocrate.rocrate import ROCrate
from synthetic import particle, states_of
from typer.testing import CliRunner

import epicarve as ec
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.cli.main import app


@pytest.fixture
def folder(tmp_path):
    ec.build(
        {"crystal": {"name": "CsPbCl3"}, "shape": {"kind": "sphere", "diameter_nm": 1.2}}, tmp_path
    )
    (tmp_path / "2-states").mkdir()
    (tmp_path / "2-states" / "states.inp").write_text("&GLOBAL\n&END\n")
    (tmp_path / ".hidden").touch()
    return tmp_path


def test_a_crate_holds_files_and_what_they_were_made_of(folder):
    author = "https://orcid.org/0000-0002-1825-0097"
    licence = "https://creativecommons.org/licenses/by/4.0/"
    content = ec.crate(folder, author=author, licence=licence, date="2026-12-01")
    read = ROCrate(folder)
    assert read.root_dataset["datePublished"].startswith("2026-12-01")
    assert read.root_dataset["author"].id == author
    assert licence in json.dumps(content)
    files = {one.id for one in read.data_entities}
    assert {
        "model.json",
        "model.extxyz",
        "model.cif",
        "preview.png",
        "2-states/states.inp",
    } == files
    assert read.get("model.json")["contentSize"] == str((folder / "model.json").stat().st_size)
    act = read.get("#made")
    assert act["instrument"][0]["softwareVersion"] == ec.__version__
    assert {one.id for one in act["result"]} == files
    crystal, recipe = act["object"]
    assert crystal["citation"] == ec.crystal("CsPbCl3").source
    assert {part["name"] for part in recipe["hasPart"]} == {"crystal", "shape"}


def test_the_same_folder_gives_the_same_bytes_and_nothing_foreign_is_replaced(folder):
    ec.crate(folder)
    before = (folder / "ro-crate-metadata.json").read_bytes()
    ec.crate(folder)
    assert (folder / "ro-crate-metadata.json").read_bytes() == before
    (folder / "ro-crate-metadata.json").write_text('{"@graph": []}')
    with pytest.raises(ec.InputError, match="did not write this crate"):
        ec.crate(folder)


def test_an_analysis_tells_where_its_states_are_from(tmp_path):
    model = particle(5.0)
    Analysis.of(
        states_of(model), AnalysisOptions(ipr_max=0.1), model, provenance={"states": "CP2K 2023.1"}
    ).write(tmp_path)
    ec.crate(tmp_path)
    tools = ROCrate(tmp_path).get("#made")["instrument"]
    assert [one["name"] for one in tools] == ["epicarve", "CP2K 2023.1"]


def test_what_is_wrong_is_one_sentence(folder, tmp_path_factory):
    with pytest.raises(ec.InputError, match="there are no results here"):
        ec.crate(tmp_path_factory.mktemp("empty"))
    with pytest.raises(ec.InputError, match="write it as 2026-12-01"):
        ec.crate(folder, date="yesterday")
    assert not (folder / "ro-crate-metadata.json").exists()


def test_the_command_says_what_it_wrote(folder):
    told = CliRunner().invoke(app, ["crate", str(folder), "--author", "A. Nother"])
    assert told.exit_code == 0 and "ro-crate-metadata.json" in told.stdout
    assert ROCrate(folder).root_dataset["author"]["name"] == "A. Nother"
