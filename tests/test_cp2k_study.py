"""The inputs of the study's three models before the real CP2K and its own schema."""

import subprocess
from pathlib import Path

import pytest
from cp2k_input_tools.parser import CP2KInputParserSimplified

from epicarve.dft.cp2k import local_environment
from epicarve.dft.schema_xml import installed_xml
from epicarve.workflow.inputs import inputs

EXAMPLES = Path(__file__).parents[1] / "examples"
STUDY = ("pb3s2cl2-sphere", "pb4s3cl2-hemisphere", "pb4s3cl2-cspbcl3")

pytestmark = pytest.mark.cp2k


@pytest.fixture(scope="module")
def parser(tmp_path_factory):
    schema = tmp_path_factory.mktemp("schema") / "cp2k_input.xml"
    schema.write_bytes(installed_xml())
    return CP2KInputParserSimplified(xmlspec=schema)


@pytest.mark.parametrize("name", STUDY)
def test_cp2k_and_its_schema_accept_every_stage(name, parser, tmp_path):
    built, stages = inputs(EXAMPLES / f"{name}.yaml", tmp_path)
    assert [stage.name for stage in stages] == ["prerelax", "relax", "ground-state", "states"]
    for stage in stages:
        path = tmp_path / stage.input
        checked = subprocess.run(
            ["cp2k.psmp", "--check", path.name],
            cwd=path.parent,
            env=local_environment("cp2k.psmp"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout
        with path.open() as stream:
            assert parser.parse(stream)["global"]["project_name"] == stage.name
    with (tmp_path / stages[-1].input).open() as stream:
        lists = sum(line.split() == ["&LDOS"] for line in stream)
    assert lists == built.model.n_atoms
