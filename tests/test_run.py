"""Graphs of steps, their execution, locks, schedulers and status, without CP2K and SLURM."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading

import networkx as nx
import pytest
from stand_in import STAND_IN

from epicarve.cli import main
from epicarve.dft.run import require_scheduler
from epicarve.errors import InputError
from epicarve.locks import is_locked, locked
from epicarve.workflow.recipes import parse_recipe, read_recipe, write_recipe
from epicarve.workflow.tasks.executor import execute
from epicarve.workflow.tasks.inputs import inputs
from epicarve.workflow.tasks.run import run
from epicarve.workflow.tasks.status import key_of, read_status
from epicarve.workflow.tasks.steps import step_graph

JANUS = {
    "film": {
        "crystal": {"name": "Pb4S3Cl2"},
        "shape": {"kind": "hemisphere", "diameter_nm": 1.3, "hkl": [0, 1, 0], "termination": "Pb"},
        "balance": {"free_dipole_v": 5.0},
    },
    "substrate": {
        "crystal": {"name": "CsPbCl3"},
        "shape": {
            "kind": "hemisphere",
            "diameter_nm": 1.3,
            "hkl": [1, 0, 0],
            "termination": "CsCl",
            "centre": [0, 0.2, 0.2],
        },
        "balance": {"free_dipole_v": 5.0},
    },
    "interface": {
        "film_directions": [[1, 0, 0], [0, 0, 1]],
        "substrate_directions": [[0, 1, 1], [0, -1, 1]],
    },
    "engine": "xtb",
    "xtb": {"max_steps": 3, "electronic_temperature_k": 2000},
    "analysis": {"ipr_max": 0.5},
}


def tiny(**more):
    return parse_recipe(
        {
            "crystal": {"name": "PbS"},
            "shape": {"kind": "sphere", "diameter_nm": 0.6},
            "engine": "xtb",
            "xtb": {"max_steps": 2},
            "analysis": {"ipr_max": 0.5},
            **more,
        }
    )


def test_graph_of_halves_joined_after_relaxation():
    graph = step_graph(parse_recipe(JANUS), "cp2k")
    assert nx.is_directed_acyclic_graph(graph)
    assert set(graph.predecessors("0-join")) == {"film/2-relax", "substrate/2-relax"}
    assert nx.has_path(graph, "film/1-prerelax", "analyse")
    assert list(graph)[-1] == "analyse"
    assert list(graph.predecessors("1-prerelax")) == ["0-join"]
    embedded = step_graph(parse_recipe(JANUS), "xtb")
    assert set(embedded.predecessors("join")) == {"film/relax", "substrate/relax"}


@pytest.mark.parametrize("change", ["off", "given", "none"])
def test_halves_that_need_no_relaxation_are_not_relaxed(change, tmp_path):
    data = json.loads(json.dumps(JANUS))
    if change == "off":
        data["interface"]["relax_halves"] = False
    elif change == "given":
        for half in ("film", "substrate"):
            data[half]["relaxed"] = str(tmp_path)
    else:
        data["cp2k"] = {"relax": None, "prerelax": None}
    assert not any("join" in name for name in step_graph(parse_recipe(data), "cp2k"))


def test_steps_run_as_soon_as_those_before_are_through():
    seen, meet = [], threading.Barrier(2, timeout=20)
    graph = nx.DiGraph([("film", "join"), ("substrate", "join"), ("join", "analyse")])
    for name in graph:
        graph.nodes[name]["action"] = lambda _, name=name: seen.append(name)
    for name in ("film", "substrate"):  # each waits for the other: they run at the same time
        graph.nodes[name]["action"] = lambda _, name=name: (meet.wait(), seen.append(name))
    assert execute(graph, n_threads=2) == {}
    assert set(seen[:2]) == {"film", "substrate"}
    assert seen[2:] == ["join", "analyse"]


def test_a_failed_step_keeps_those_after_it_from_running():
    def fail(_):
        raise InputError("no")

    seen = []
    graph = nx.DiGraph([("a", "b"), ("b", "c")])
    graph.add_node("d")
    for name in graph:
        graph.nodes[name]["action"] = lambda _, name=name: seen.append(name)
    graph.nodes["a"]["action"] = fail
    failures = execute(graph, n_threads=1)
    assert {name: str(error) for name, error in failures.items()} == {"a": "no"}
    assert seen == ["d"]


def test_a_lock_goes_with_its_process(tmp_path):
    held = (
        "import sys, time; from pathlib import Path; from epicarve.locks import locked\n"
        "with locked(Path(sys.argv[1]), 'run'):\n    print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", held, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    assert is_locked(tmp_path, "run")
    with pytest.raises(InputError, match=rf"another epicarve \(process {process.pid} on .*wait"):
        run(tiny(), tmp_path)
    process.kill()
    process.wait()
    assert not is_locked(tmp_path, "run")
    with locked(tmp_path, "run"), locked(tmp_path, "campaign"):
        pass


def test_a_lock_that_a_starting_child_still_holds_is_waited_for(tmp_path):
    held = (
        "import os, sys, time; from pathlib import Path; from epicarve.locks import locked\n"
        "with locked(Path(sys.argv[1]), 'run'):\n"
        "    if os.fork() == 0:\n        time.sleep(1)\n        os._exit(0)\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", held, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.wait()
    assert is_locked(tmp_path, "run")
    with locked(tmp_path, "run"):
        pass


def test_embedded_run_joins_relaxed_halves_and_repeats_nothing(tmp_path):
    told = []
    summary = run(parse_recipe(JANUS), tmp_path, on_progress=told.append)
    steps = list(dict.fromkeys(line.partition(":")[0] for line in told))
    assert steps == ["build", "film/relax", "substrate/relax", "join", "relax", "states", "analyse"]
    model = json.loads((tmp_path / "model.json").read_text())
    assert set(model["interface"]["relaxed_halves"]) == {"Pb4S3Cl2", "CsPbCl3"}
    assert str(tmp_path) not in (tmp_path / "model.json").read_text()
    assert summary["n_electrons"] % 2 == 0
    made = [*tmp_path.rglob("relaxed.extxyz"), tmp_path / "2-states" / "states.npz"]
    assert len(made) == 4
    ages = [path.stat().st_mtime_ns for path in made]
    assert run(parse_recipe(JANUS), tmp_path) == summary
    assert [path.stat().st_mtime_ns for path in made] == ages
    assert read_status(tmp_path).state == "done"


def test_copied_folder_relaxes_halves_and_joins_them(tmp_path):
    stand_in = tmp_path / "stand-in"
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    recipe = parse_recipe({**JANUS, "engine": "cp2k"})
    built, stages = inputs(recipe, tmp_path / "written")
    assert "relaxed_halves" not in built.summary["interface"]
    folder = tmp_path / "copied"
    shutil.copytree(tmp_path / "written", folder, copy_function=shutil.copy)
    environment = {
        **os.environ,
        "EPICARVE_CP2K": str(stand_in),
        "EPICARVE": f"{sys.executable} -m epicarve",
        "STAND_IN_MOVES": "s/^S /S /",  # all ions stay
    }
    first, second = (
        subprocess.run(
            ["./run.sh"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for _ in range(2)
    )
    assert first.returncode == 0, first.stderr
    halves = ["1-prerelax", "2-relax"]
    order = [*halves, *halves, "0-join", *(stage.folder for stage in stages)]
    assert first.stdout.splitlines() == [f"{name}: complete" for name in order]
    assert second.stdout.splitlines() == [f"{name}: complete already" for name in order]
    model = json.loads((folder / "model.json").read_text())
    for told in model["interface"]["relaxed_halves"].values():
        assert told["displacement_rms_a"] < 1e-5
    assert (folder / "film" / "calls").read_text().count("relax") == 2


def test_status_says_why_a_run_failed(tmp_path):
    recipe = tiny(xtb={"max_scf_cycles": 1})
    with pytest.raises(InputError, match="not converged"):
        run(recipe, tmp_path)
    status = read_status(tmp_path)
    assert status.state == "failed"
    assert "max_scf_cycles" in status.told


def test_a_written_recipe_can_be_moved(tmp_path):
    cif = tmp_path / "here" / "rocksalt.cif"
    cif.parent.mkdir()
    cif.write_text("data_x\n")
    recipe = parse_recipe(
        {"crystal": {"file": str(cif)}, "shape": {"kind": "sphere", "diameter_nm": 2}}
    )
    write_recipe(recipe, tmp_path / "there")
    (tmp_path / "there").rename(tmp_path / "moved")
    again = read_recipe(tmp_path / "moved" / "recipe.yaml")
    assert again.crystal.file.read_text() == "data_x\n"
    assert key_of(again) == key_of(recipe)
    cif.write_text("data_y\n")
    assert key_of(again) != key_of(recipe)


def test_without_a_scheduler_it_is_said_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"sbatch is not on PATH.*--on local"):
        run(tiny(), tmp_path / "out", on="slurm")
    with pytest.raises(InputError, match="qsub is not on PATH"):
        require_scheduler("pbs")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_sentence(monkeypatch, capsys):
    def full():
        raise OSError(errno.ENOSPC, "No space left on device", "out/model.json")

    monkeypatch.setattr(sys.modules["epicarve.cli.main"], "app", full)
    with pytest.raises(SystemExit, match="2"):
        main()
    told = capsys.readouterr().err
    assert told == (
        "epicarve: the disk is full at out/model.json; free some space and run the same command "
        "again\n"
    )
