"""What job scripts ask for: from the estimate, the recipe, or a profile that recipes share."""

import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.cli.main import app
from epicarve.dft.run import submit_array
from epicarve.dft.settings import Cp2kSettings, MachineSettings, Stage, stages
from epicarve.dft.write import (
    FUNCTIONS_PER_CORE,
    NODE_CORES,
    NODE_GB,
    System,
    scf_step_seconds,
    stage_resources,
    write_stages,
)
from epicarve.errors import InputError
from epicarve.workflow.recipes import read_recipe, write_recipe

LEVEL = Cp2kSettings()
CHAIN = {stage.name: stage for stage in stages(LEVEL)}

# Seconds of processor time of one SCF step of CP2K 2023.1 on one core with OpenBLAS; the table of
# docs/running.md.
MEASURED = [
    # points, functions, states, diagonalised, seconds
    (2_299_968, 16, 10, False, 2.2),
    (941_192, 273, 57, False, 1.04),
    (2_863_288, 1_092, 228, False, 6.5),
    (2_863_288, 1_092, 228, True, 7.1),
    (0, 756, 228, False, 0.13),
    (27_700_000, 1_547, 323, False, 40.0),
    (9_663_597, 1_547, 323, False, 13.0),
    (9_663_597, 1_547, 323, True, 24.0),
    (44_738_875, 7_943, 1_622, False, 157.0),
    (44_738_875, 7_943, 1_622, True, 380.0),
    (11_390_625, 2_444, 1_622, True, 26.0),
]


@pytest.mark.parametrize("run", MEASURED, ids=str)
def test_seconds_of_a_step_are_those_of_runs(run):
    points, functions, states, diagonalizes, measured = run
    told = scf_step_seconds(points, functions, states, diagonalizes=diagonalizes)
    assert 1 / 1.6 < told / measured < 1.6


@cache
def cube(n_ions):
    """Ions of PbS in a cubic box of that many."""
    edge_a = 2.97 * n_ions ** (1 / 3) + 10.0
    symbols = ("Pb", "S") * (n_ions // 2)
    return System("PbS", symbols, np.zeros((len(symbols), 3)), edge_a * np.eye(3), 0)


def needs(n_ions, stage="relax", level=LEVEL, **machine):
    return stage_resources(cube(n_ions), level, CHAIN[stage], MachineSettings(**machine))


@given(n_ions=st.integers(2, 1500), stage=st.sampled_from(list(CHAIN)))
def test_what_is_not_stated_fits_nodes_and_the_work(n_ions, stage):
    need = needs(2 * n_ions, stage)
    cores = need.ranks * need.threads_per_rank
    busy = max(1.0, need.functions / FUNCTIONS_PER_CORE)
    assert not need.mismatch
    assert need.ranks % need.nodes == 0 and cores <= need.nodes * NODE_CORES
    assert busy / 2 <= cores <= max(2.0 * busy, 2)
    assert need.memory_gb / need.nodes <= need.asked_gb <= NODE_GB
    assert min(need.time_h, 168.0) <= need.asked_h
    if need.nodes == 1:
        assert math.isqrt(need.ranks) ** 2 == need.ranks or need.ranks == 2


stated = st.fixed_dictionaries(
    {},
    optional={
        "nodes": st.integers(1, 8),
        "ranks_per_node": st.integers(1, 64),
        "threads_per_rank": st.integers(1, 16),
        "memory_gb": st.floats(1.0, 1000.0),
        "time_limit_h": st.floats(0.1, 100.0),
    },
)


@given(n_ions=st.integers(2, 1000), machine=stated)
def test_what_is_stated_stays(n_ions, machine):
    need = needs(2 * n_ions, **machine)
    asked = {
        "nodes": need.nodes,
        "ranks_per_node": need.ranks // need.nodes,
        "threads_per_rank": need.threads_per_rank,
        "memory_gb": need.asked_gb,
        "time_limit_h": need.asked_h,
    }
    assert machine.items() <= asked.items()


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        ({"nodes": 1, "ranks_per_node": 1, "threads_per_rank": 1}, "1 core asked for, about 83"),
        ({"nodes": 4}, ""),
        ({"nodes": 2, "ranks_per_node": 128}, "256 cores asked for, about 83 can be kept busy"),
        ({"memory_gb": 1000}, r"1000 GB asked for, about \d+ needed"),
        ({"time_limit_h": 0.1}, r"0.1 h asked for, about .* needed: submit again to go on"),
        ({"time_limit_h": 500}, r"500 h asked for, about [\d.]+ h needed$"),
    ],
)
def test_a_mismatch_of_a_factor_of_two_is_told(machine, told):
    found = needs(512, **machine).mismatch
    assert re.search(told, found) if told else not found


def test_too_few_nodes_for_the_memory_are_told():
    told = "256 GB asked for, about .* needed: give more nodes, or their memory_gb"
    assert re.search(told, needs(3000, nodes=1, level=Cp2kSettings(cutoff_ry=900)).mismatch)
    assert not needs(3000, level=Cp2kSettings(cutoff_ry=900)).mismatch


def test_exact_exchange_is_given_a_day():
    need = needs(16, level=Cp2kSettings(functional="HSE06"))
    assert need.asked_h == 24.0 and needs(16).asked_h < 24.0


@pytest.fixture
def model():
    return carve(bundled_crystal("PbS"), Sphere(radius_a=3.0))


def scripts(model, folder, **machine):
    chain = write_stages(model, LEVEL, MachineSettings(**machine), folder)
    return {stage.name: (folder / stage.script).read_text() for stage in chain}


def test_the_header_tells_what_it_rests_on(model, tmp_path):
    text = scripts(model, tmp_path)["relax"]
    assert {"#SBATCH --nodes=1", "#SBATCH --ntasks-per-node=1", "#SBATCH --mem=1907M"} <= set(
        text.splitlines()
    )
    assert "# estimated: " in text
    assert "# from the estimate: cores, memory, time; counted with nodes of 64 cores and" in text
    text = scripts(
        model, tmp_path, nodes=1, ranks_per_node=8, threads_per_rank=1, time_limit_h=9, memory_gb=8
    )["relax"]
    assert "from the estimate" not in text
    assert "# 8 cores asked for, about 1 can be kept busy" in text.splitlines()


def test_settings_of_one_stage_go_over_those_of_all(model, tmp_path):
    texts = scripts(
        model,
        tmp_path,
        partition="long",
        time_limit_h=24,
        stages={"relax": {"time_limit_h": 48}, "states": {"partition": None, "memory_gb": 20}},
    )
    assert "#SBATCH --time=2-0:0:0" in texts["relax"]
    assert "#SBATCH --time=1-0:0:0" in texts["prerelax"]
    assert "--partition=long" in texts["relax"] and "--partition" not in texts["states"]
    assert "#SBATCH --mem=19073M" in texts["states"]


def test_a_misspelt_stage_is_refused():
    with pytest.raises(InputError, match="ground-state"):
        MachineSettings(stages={"groundstate": {"nodes": 1}})


def test_what_slurm_and_pbs_are_asked_for(model, tmp_path):
    asked = {
        "nodes": 2,
        "ranks_per_node": 4,
        "threads_per_rank": 8,
        "memory_gb": 100,
        "gpus": 4,
        "email": "me@example.org",
    }
    text = scripts(model, tmp_path / "slurm", **asked, qos="high", constraint="zen4&ib")["relax"]
    assert {
        "#SBATCH --mem=95367M",
        "#SBATCH --gpus-per-node=4",
        "#SBATCH --mail-user=me@example.org",
        "#SBATCH --qos=high",
        "#SBATCH --constraint=zen4&ib",
    } <= set(text.splitlines())
    text = scripts(model, tmp_path / "pbs", **asked, scheduler="pbs")["relax"]
    assert (
        "#PBS -l select=2:ncpus=32:mpiprocs=4:ompthreads=8:mem=95367mb:ngpus=4" in text.splitlines()
    )
    assert "#PBS -M me@example.org" in text
    with pytest.raises(InputError, match=r"machine\.qos: PBS has no such option"):
        scripts(model, tmp_path / "no", scheduler="pbs", qos="high")
    assert not (tmp_path / "no").exists()


def test_half_the_memory_is_told(tmp_path):
    data = {"crystal": {"name": "PbS"}, "shape": {"kind": "sphere", "diameter_nm": 1.2}}
    recipe = tmp_path / "recipe.yaml"

    def told(**machine):
        recipe.write_text(yaml.safe_dump({**data, "machine": machine}))
        command = ["inputs", str(recipe), "-o", str(tmp_path / "job"), "--json"]
        done = CliRunner().invoke(app, command)
        if done.exception:
            return done.exception
        return [stage["resources"] for stage in json.loads(done.stdout)["stages"]]

    most_gb = max(need["memory_gb"] for need in told())
    half = told(memory_gb=most_gb / 2)
    assert all(f"to fit {most_gb / 2:g} GB" in need["note"] for need in half)
    assert all(need["memory_gb"] <= most_gb / 2 for need in half)
    assert isinstance(told(memory_gb=0.3), InputError)


PROFILE = """partition: long
time_limit_h: 24
modules: [cp2k/2024.1]
stages: {relax: {time_limit_h: 48, account: mine}}
"""

GOOD = "crystal: {name: PbS}\nshape: {kind: sphere, diameter_nm: 1.2}\n"


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cluster.yaml").write_text(PROFILE)

    def write(machine):
        path = tmp_path / "mine" / "recipe.yaml"
        path.write_text(f"{GOOD}machine: {machine}\n")
        return path

    return write


def test_a_profile_holds_what_is_not_stated_beside_it(recipe, tmp_path):
    alone = read_recipe(recipe("cluster.yaml")).machine
    assert (alone.partition, alone.of_stage("relax").time_limit_h) == ("long", 48)
    beside = read_recipe(
        recipe("{profile: cluster.yaml, partition: short, stages: {relax: {time_limit_h: 9}}}")
    )
    assert (beside.machine.partition, beside.machine.time_limit_h) == ("short", 24)
    relax = beside.machine.of_stage("relax")
    assert (relax.time_limit_h, relax.account) == (9, "mine")
    write_recipe(beside, tmp_path / "copy")
    assert read_recipe(tmp_path / "copy" / "recipe.yaml").machine == beside.machine


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ("nodez: 2\n", "cluster.yaml: unknown key 'nodez'; did you mean nodes"),
        ("profile: other.yaml\n", "a profile can't rest on another"),
        ("nodes\n", "a profile of a machine has the keys of machine:"),
        (None, "cluster.yaml: there is no such profile"),
    ],
)
def test_a_wrong_profile_is_named(recipe, tmp_path, profile, told):
    path = recipe("cluster.yaml")
    file = tmp_path / "mine" / "cluster.yaml"
    file.unlink() if profile is None else file.write_text(profile)
    with pytest.raises(InputError, match=re.escape(told)):
        read_recipe(path)


def test_another_version_of_the_module_is_told(recipe, tmp_path):
    command = ["inputs", str(recipe("cluster.yaml")), "-o", str(tmp_path / "job"), "--json"]
    (note,) = [
        note
        for note in json.loads(CliRunner().invoke(app, command).stdout)["notes"]
        if note.startswith("modules:")
    ]
    assert "cp2k/2024.1 is another version than the 2023.1" in note


def answering(folder, monkeypatch, text):
    """Put an sbatch on PATH that answers with a text, and keeps what it is called with."""
    program = folder / "bin" / "sbatch"
    program.parent.mkdir()
    program.write_text(f'#!/bin/bash\necho "$@" >>"{folder}/calls"\n{text}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


def test_machine_writes_a_profile_and_tries_it(tmp_path, monkeypatch):
    answering(tmp_path, monkeypatch, 'echo "sbatch: Job 7 to start at noon" >&2')
    file = tmp_path / "my cluster.yaml"
    command = ["machine", str(file)]
    written = CliRunner().invoke(app, command).stdout
    assert written.rstrip().endswith(f"epicarve machine {shlex.quote(str(file))}")
    tried = CliRunner().invoke(app, command).stdout
    assert tried.count("#SBATCH --nodes=") == len(CHAIN)
    assert tried.count("sbatch: Job 7 to start at noon") == len(CHAIN)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == len(CHAIN) and all(call.startswith("--test-only ") for call in calls)


def test_all_of_the_profile_to_start_from_is_right(tmp_path):
    file = tmp_path / "machine.yaml"
    CliRunner().invoke(app, ["machine", str(file)])
    lines = file.read_text().splitlines()[4:]
    keys = [re.sub(r"^# ", "", line) for line in lines]
    settings = MachineSettings.model_validate(yaml.safe_load("\n".join(keys)))
    assert set(MachineSettings.model_fields) == settings.model_fields_set


def test_an_array_runs_no_more_tasks_at_once_than_allowed(tmp_path, monkeypatch):
    answering(tmp_path, monkeypatch, "echo 12")
    script = tmp_path / "array.job"
    assert submit_array(script, 9, {}, record="jobs", note="a", at_once=3) == "12"
    assert "--array=1-9%3" in (tmp_path / "calls").read_text()


def test_printed_commands_can_be_pasted(tmp_path):
    file = tmp_path / "my particle.yaml"
    said = CliRunner().invoke(app, ["new", "pbs-wulff", str(file)]).stdout
    assert shlex.split(said.partition("next: ")[2]) == [
        *("epicarve", "build", str(file), "-o", "my particle"),
    ]


def test_ctrl_c_is_one_sentence(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(GOOD.replace("1.2", "6"))
    command = [sys.executable, "-m", "epicarve", "build", str(recipe), "-o", str(tmp_path / "out")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as build:
        assert build.stderr.readline().startswith("epicarve: ")  # it is at work
        build.send_signal(signal.SIGINT)
        said = build.stderr.read()
    assert build.returncode == 130
    assert said.splitlines()[-1] == "epicarve: stopped; run the same command again to go on"
    assert "Traceback" not in said and not (tmp_path / "out").exists()


def test_ctrl_c_still_holds_after_the_solvers():
    """OR-Tools would leave SIGINT at what ends a program without a word."""
    code = (
        "import os, signal; import epicarve as ec\n"
        "ec.carve(ec.crystal('PbS'), ec.Sphere(diameter_nm=1.4))\n"
        "try: os.kill(os.getpid(), signal.SIGINT)\n"
        "except KeyboardInterrupt: print('caught')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "caught\n"


def test_the_shell_completes_commands():
    asked = {
        "_EPICARVE_COMPLETE": "complete_bash",
        "COMP_WORDS": "epicarve mach",
        "COMP_CWORD": "1",
    }
    code = "import sys; sys.argv[0] = 'epicarve'; from epicarve.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["machine"]


def test_a_stage_of_its_own_has_more_memory():
    machine = MachineSettings(memory_gb=8, stages={"states": {"memory_gb": 64}})
    states = Stage(4, "states", None, None)
    assert stage_resources(cube(64), LEVEL, states, machine).asked_gb == 64
