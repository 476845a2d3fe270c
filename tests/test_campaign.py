"""Campaigns on this machine: one table, no lost result, whatever fails or is killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from epicarve.errors import InputError
from epicarve.workflow.tasks.campaign import campaign
from epicarve.workflow.tasks.campaign_table import COLUMNS

MEMBER = {
    "crystal": {"name": "PbS"},
    "shape": {"kind": "sphere", "diameter_nm": 0.6},
    "engine": "xtb",
    "xtb": {"max_steps": 1},
    "analysis": {"ipr_max": 0.5},
}


def write(path, **changes):
    path.write_text(yaml.safe_dump({**MEMBER, **changes}))


@pytest.fixture(scope="module")
def recipes(tmp_path_factory):
    """Two that are done, one that cannot be built, and one that is no recipe."""
    folder = tmp_path_factory.mktemp("recipes")
    write(folder / "one.yaml")
    write(folder / "small.yaml", shape={"kind": "sphere", "diameter_nm": 0.5})
    (folder / "typo.yaml").write_text("crystl: {name: PbS}\n")
    write(folder / "many.yaml", series={"diameter_nm": [0.65]})
    return folder


def test_a_killed_campaign_loses_nothing(recipes, tmp_path):
    command = [sys.executable, "-m", "epicarve", "campaign", recipes, "-o", tmp_path, "--jobs", "1"]
    killed = subprocess.Popen([*map(str, command)], stderr=subprocess.DEVNULL)
    first = tmp_path / "many-0.65nm" / "run.json"
    while not first.is_file():
        assert killed.poll() is None
        time.sleep(0.1)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    table = campaign(recipes, tmp_path, n_jobs=2)
    states = {member.name: member.state for member in table.members}
    assert states == {"many-0.65nm": "done", "one": "done", "small": "failed", "typo": "failed"}
    told = {member.name: member.told for member in table.members}
    assert "smaller than the unit cell" in told["small"]
    assert "unknown key 'crystl'" in told["typo"]
    assert json.loads((tmp_path / "campaign.json").read_text()) == {"campaign": table.rows()}
    with (tmp_path / "campaign.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["formula"] for row in rows if row["state"] == "done"] == ["Pb2S2", "Pb2S2"]
    # Once more: what is done is not done again.
    ages = [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("*/summary.json"))]
    assert campaign(recipes, tmp_path) == table
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("*/summary.json"))] == ages


def test_a_member_that_dies_is_named(tmp_path, monkeypatch):
    """A crash, or the system's out-of-memory killer, ends a process without a word."""
    write(tmp_path / "dies.yaml")
    python = tmp_path / "python"
    python.write_text("#!/bin/bash\nkill -9 $$\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    (member,) = campaign(tmp_path, tmp_path / "out").members
    assert member.state == "failed"
    assert member.told == "the run ended with code -9"


def test_what_is_no_campaign_is_refused(tmp_path):
    write(tmp_path / "single.yaml")
    with pytest.raises(InputError, match="holds no series"):
        campaign(tmp_path / "single.yaml", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no recipes in it"):
        campaign(tmp_path / "empty", tmp_path / "out")
    write(tmp_path / "single.yml")
    with pytest.raises(InputError, match="two members are called single"):
        campaign(tmp_path, tmp_path / "out")
