"""Job scripts of the chain, run with a stand-in for CP2K that fails on demand."""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from stand_in import STAND_IN, run_stages

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.settings import Cp2kSettings, MachineSettings, RelaxSettings
from epicarve.dft.write import write_stages
from epicarve.errors import InputError

# The stand-in moves lead by some Å, further than a pre-relaxation may by default.
SETTINGS = Cp2kSettings(relax=RelaxSettings(max_steps=9), prerelax={"max_rmsd_a": None})


@pytest.fixture
def model():
    return carve(bundled_crystal("PbS"), Sphere(radius_a=3.0))


@pytest.fixture
def stand_in(tmp_path):
    path = tmp_path / "bin" / "stand-in"
    path.parent.mkdir()
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def chain(model, tmp_path):
    folder = tmp_path / "chain"
    return folder, write_stages(model, SETTINGS, MachineSettings(), folder)


def calls(folder):
    path = folder / "calls"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def run(folder, stand_in, **environment):
    return subprocess.run(
        ["./run.sh"],
        cwd=folder,
        env={**os.environ, "EPICARVE_CP2K": stand_in, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def ask_complete(folder, stand_in, stage):
    environment = {**os.environ, "EPICARVE_CP2K": stand_in, "EPICARVE_ASK": "complete"}
    command = ["bash", f"{stage.name}.job"]
    return (
        subprocess.run(command, cwd=folder / stage.folder, env=environment, check=False).returncode
        == 0
    )


def test_all_scripts_are_bash(chain):
    folder, stages = chain
    scripts = [folder / stage.script for stage in stages]
    for script in (*scripts, *folder.glob("*.sh")):
        subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o755), (0o002, 0o775), (0o077, 0o700)])
def test_all_scripts_can_be_run_and_the_umask_holds(model, tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        stages = write_stages(model, SETTINGS, MachineSettings(scheduler="pbs"), tmp_path)
    finally:
        os.umask(before)
    scripts = {*tmp_path.glob("*.sh"), *(tmp_path / stage.script for stage in stages)}
    assert {path.name for path in scripts} >= {"run.sh", "submit.sh", "stage.sh", "relax.job"}
    for path in tmp_path.rglob("*"):
        wanted = mode if path in scripts or path.is_dir() else mode & 0o666
        assert path == tmp_path or path.stat().st_mode & 0o777 == wanted, path


def test_scripts_of_an_earlier_version_can_be_run_once_written_again(model, chain):
    folder, _ = chain
    (folder / "run.sh").chmod(0o644)
    write_stages(model, SETTINGS, MachineSettings(), folder)
    assert os.access(folder / "run.sh", os.X_OK)


def test_script_asks_for_what_the_machine_settings_say(model, tmp_path):
    machine = MachineSettings(
        nodes=4,
        ranks_per_node=16,
        threads_per_rank=2,
        time_limit_h=36.5,
        partition="genoa",
        account="project-1",
        sbatch_options=("--mem=120G",),
        modules=("2023", "CP2K/2023.1-foss-2023a"),
        prologue=("ulimit -s unlimited",),
        cp2k_command="mpirun cp2k.psmp",
    )
    stages = write_stages(model, SETTINGS, machine, tmp_path)
    script = (tmp_path / stages[1].script).read_text()
    for line in (
        "#SBATCH --nodes=4",
        "#SBATCH --ntasks-per-node=16",
        "#SBATCH --cpus-per-task=2",
        "#SBATCH --time=1-12:30:0",
        "#SBATCH --partition=genoa",
        "#SBATCH --account=project-1",
        "#SBATCH --mem=120G",
        "  module load CP2K/2023.1-foss-2023a",
        "  ulimit -s unlimited",
        "  export OMP_NUM_THREADS=2",
        "cp2k_command='mpirun cp2k.psmp'",
    ):
        assert line in script.splitlines()
    subprocess.run(["bash", "-n", tmp_path / stages[1].script], check=True)


@pytest.mark.parametrize(
    "bad",
    [
        {"partition": "a b"},
        {"modules": ("cp2k; rm -r x",)},
        {"prologue": ("two\nlines",)},
        {"sbatch_options": ("mem=1",)},
    ],
)
def test_machine_settings_stay_on_their_line(bad):
    with pytest.raises(ValueError, match="pattern"):
        MachineSettings(**bad)


def test_chain_runs_in_order_and_hands_on_the_geometry(chain, stand_in):
    folder, stages = chain
    result = run(folder, stand_in, OMP_NUM_THREADS="3")
    assert result.returncode == 0, result.stderr
    assert calls(folder) == ["prerelax", "relax", "ground-state", "states"]
    lines = [line.split()[1:] for line in (folder / "calls").read_text().splitlines()]
    assert {line[0] for line in lines} == {"3"}
    # The stand-in writes the number of its call into the coordinates of lead.
    assert lines[1][1:] == ["Pb", "1.0", "2.0", "3.1"]
    assert lines[2][1:] == lines[3][1:] == ["Pb", "1.0", "2.0", "3.2"]
    start = (folder / "start.xyz").read_text()
    assert (folder / stages[0].coordinates).read_text() == start


def test_complete_stages_are_not_repeated(chain, stand_in):
    folder, _ = chain
    run(folder, stand_in)
    assert "4-states: complete already" in run(folder, stand_in).stdout
    assert len(calls(folder)) == 4


def test_writing_the_same_inputs_again_repeats_nothing(chain, stand_in, model):
    folder, _ = chain
    run(folder, stand_in)
    write_stages(model, SETTINGS, MachineSettings(), folder)
    run(folder, stand_in)
    assert len(calls(folder)) == 4


def test_changed_settings_repeat_the_stages_that_they_touch(chain, stand_in, model):
    folder, _ = chain
    run(folder, stand_in)
    changed = SETTINGS.model_copy(update={"cutoff_ry": 300.0})
    write_stages(model, changed, MachineSettings(), folder)
    run(folder, stand_in)
    assert calls(folder)[4:] == ["relax", "ground-state", "states"]


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ("unconverged", "2-relax: the SCF did not converge; read relax.out"),
        ("cut", "2-relax: CP2K was cut off; read relax.out"),
        ("stuck", "2-relax: the geometry did not converge in the steps allowed; read relax.out"),
        ("crash", "2-relax: CP2K stopped with an error; read relax.out"),
    ],
)
def test_a_failed_stage_stops_the_chain_with_a_sentence(chain, stand_in, verdict, sentence):
    folder, _ = chain
    (folder / "verdict").write_text(f"relax\n{verdict}\n")
    result = run(folder, stand_in)
    assert result.returncode == 1
    assert result.stderr.strip() == sentence
    assert calls(folder) == ["prerelax", "relax"]


@pytest.mark.parametrize("verdict", ["unconverged", "cut", "stuck"])
def test_a_failed_relaxation_goes_on_from_its_last_geometry(chain, stand_in, verdict):
    folder, _ = chain
    (folder / "verdict").write_text(f"relax\n{verdict}\n")
    run(folder, stand_in)
    (folder / "verdict").unlink()
    assert run(folder, stand_in).returncode == 0
    assert calls(folder) == ["prerelax", "relax", "relax", "ground-state", "states"]
    lines = (folder / "calls").read_text().splitlines()
    assert lines[1].endswith("3.1")  # from the pre-relaxation
    assert lines[2].endswith("3.2")  # from the failed relaxation
    lines = (folder / "inputs").read_text().splitlines()
    # Orbitals that were being written when the run was cut off are no start.
    assert lines[2] == ("relax.inp " if verdict == "cut" else "relax.resumed relax-RESTART.wfn")


def test_half_written_orbitals_give_way_to_those_before(chain, stand_in):
    folder, _ = chain
    (folder / "verdict").write_text("ground-state\nunconverged\n")
    run(folder, stand_in)
    wfn = folder / "3-ground-state" / "ground-state-RESTART.wfn"
    whole = wfn.read_bytes()
    wfn.rename(f"{wfn}.bak-1")
    for half in (b"", whole[:-4], whole[:-4] + bytes(4), bytes(len(whole))):
        wfn.write_bytes(half)
        (folder / "verdict").write_text("ground-state\nunconverged\n")
        run(folder, stand_in)
        assert (folder / "inputs").read_text().splitlines()[-1] == (
            "ground-state.resumed ground-state-RESTART.wfn"
        )
        text = (folder / "3-ground-state" / "ground-state.resumed").read_text()
        assert "WFN_RESTART_FILE_NAME ground-state-RESTART.wfn" in text
        wfn.rename(f"{wfn}.bak-1")


def test_asking_runs_nothing(chain, stand_in):
    folder, stages = chain
    ask = partial(ask_complete, folder, stand_in)
    assert [ask(stage) for stage in stages] == [False] * 4
    run(folder, stand_in)
    assert [ask(stage) for stage in stages] == [True] * 4
    assert len(calls(folder)) == 4
    start = folder / "start.xyz"
    start.write_text(start.read_text().replace("Pb ", "Pb1", 1))
    assert [ask(stage) for stage in stages] == [False, True, True, True]


def test_a_copied_folder_is_as_complete_as_its_original(chain, stand_in, tmp_path):
    """Copies may lose the times of files."""
    folder, _ = chain
    run(folder, stand_in)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, copy_function=shutil.copy)
    for path in copy.rglob("*.inp"):
        path.touch()
    assert "4-states: complete already" in run(copy, stand_in).stdout
    assert len(calls(copy)) == 4


def test_two_runs_of_a_stage_do_not_overlap(chain, stand_in):
    """The second waits for the first, and finds its work done."""
    folder, _ = chain
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda _: run(folder, stand_in), range(3)))
    assert [result.returncode for result in results] == [0, 0, 0]
    assert sorted(calls(folder)) == ["ground-state", "prerelax", "relax", "states"]


def test_a_half_written_last_geometry_is_passed_over(chain, stand_in):
    folder, _ = chain
    (folder / "verdict").write_text("relax\ncut\n")
    run(folder, stand_in)
    with (folder / "2-relax/relax-pos-1.xyz").open("a") as trajectory:
        trajectory.write("       4\n i = 2\n Pb 9.0 9.0")
    (folder / "verdict").unlink()
    run(folder, stand_in)
    assert (folder / "calls").read_text().splitlines()[2].endswith("3.2")


def test_a_prerelaxation_that_goes_too_far_is_not_taken_up(model, tmp_path, stand_in):
    folder = tmp_path / "chain"
    write_stages(model, Cp2kSettings(relax={"max_steps": 9}), MachineSettings(), folder)
    assert run(folder, stand_in).returncode == 0
    lines = [line.split()[-4:] for line in (folder / "calls").read_text().splitlines()]
    start = (folder / "start.xyz").read_text().splitlines()[2].split()
    assert lines[0] == lines[1] == start
    assert lines[2] == ["Pb", "1.0", "2.0", "3.2"]  # a relaxation may go anywhere
    assert run(folder, stand_in).returncode == 0
    assert calls(folder) == ["prerelax", "relax", "ground-state", "states"]


def test_a_prerelaxation_need_not_converge(chain, stand_in):
    folder, _ = chain
    (folder / "verdict").write_text("prerelax\nstuck\n")
    assert run(folder, stand_in).returncode == 0


def test_a_stage_alone_wants_the_one_before(chain, stand_in):
    folder, stages = chain
    result = subprocess.run(
        ["bash", "states.job"],
        cwd=folder / stages[-1].folder,
        env={**os.environ, "EPICARVE_CP2K": stand_in},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "../2-relax/relax-pos-1.xyz is missing; run the stage before" in result.stderr


def test_local_run_tells_its_progress(chain, stand_in):
    folder, stages = chain
    told = []
    run_stages(folder, stages, told.append, command=stand_in)
    complete = [line.partition(":")[0] for line in told if ": complete" in line]
    assert complete == [stage.folder for stage in stages]
    assert calls(folder) == ["prerelax", "relax", "ground-state", "states"]


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ("unconverged", r"2-relax/relax\.out: the last SCF did not converge"),
        ("cut", r"2-relax/relax\.out: the run was cut off"),
        ("stuck", r"2-relax/relax\.out: the geometry did not converge in 1 steps"),
        ("crash", r"2-relax: CP2K stopped with an error"),
    ],
)
def test_local_run_names_what_failed(chain, stand_in, verdict, sentence):
    folder, stages = chain
    (folder / "verdict").write_text(f"relax\n{verdict}\n")
    with pytest.raises(InputError, match=sentence):
        run_stages(folder, stages, command=stand_in)


def test_a_full_disk_is_called_so(chain, stand_in):
    folder, stages = chain
    (folder / "verdict").write_text("relax\ncrash\n")
    (folder / "2-relax" / ".space").symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"2-relax: the disk is full; read relax\.out"):
        run_stages(folder, stages, command=stand_in)


def test_a_killed_runner_leaves_a_stage_that_the_next_one_waits_for(chain, stand_in):
    folder, stages = chain
    (folder / "verdict").write_text("relax\nslow\n")
    code = (
        "import sys; from pathlib import Path; from epicarve.dft.run import run_stage\n"
        "from epicarve.dft.settings import Cp2kSettings, stages\n"
        "for stage in stages(Cp2kSettings()):\n"
        "    run_stage(Path(sys.argv[1]), stage, print, command=sys.argv[2])"
    )
    killed = subprocess.Popen([sys.executable, "-c", code, str(folder), stand_in])
    while calls(folder) != ["prerelax", "relax"]:
        assert killed.poll() is None
        time.sleep(0.05)
    killed.kill()
    killed.wait()
    told = []
    run_stages(folder, stages, told.append, command=stand_in)
    assert calls(folder) == ["prerelax", "relax", "ground-state", "states"]
    assert any(line.startswith("2-relax: running, step 1") for line in told)


def test_local_run_without_cp2k_says_what_to_do(chain):
    folder, stages = chain
    with pytest.raises(InputError, match=r"no-such-cp2k is not on PATH; install CP2K"):
        run_stages(folder, stages, command="no-such-cp2k")


def test_submit_chains_the_jobs(chain, tmp_path):
    folder, _ = chain
    bin_folder = tmp_path / "slurm"
    bin_folder.mkdir()
    sbatch = bin_folder / "sbatch"
    sbatch.write_text('#!/bin/bash\necho "$@" >>calls\nwc -l <calls | tr -d " "\n')
    sbatch.chmod(0o755)
    subprocess.run(
        ["bash", "submit.sh"],
        cwd=folder,
        env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
        check=True,
        capture_output=True,
    )
    first, second, *_, last = (folder / "calls").read_text().splitlines()
    assert "--dependency" not in first
    assert first.endswith("1-prerelax/prerelax.job")
    assert "--dependency=afterok:1 " in second
    assert "--dependency=afterok:3 " in last
    assert f"--chdir={folder}/4-states" in last


def test_an_element_without_basis_leaves_nothing(model, tmp_path):
    broken = model.symbols.copy()
    broken[0] = "U"
    folder = tmp_path / "none"
    with pytest.raises(InputError, match="U has no basis set DZVP-MOLOPT-SR-GTH"):
        write_stages(
            type(model)(**{**vars(model), "symbols": broken}), SETTINGS, MachineSettings(), folder
        )
    assert not folder.exists()
