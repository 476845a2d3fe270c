"""The chain submitted to a stand-in for PBS, as a real one is not to be had in a test."""

import pytest
from stand_in import STAND_IN

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.run import follow_stage, job_states, submit_chain
from epicarve.dft.settings import Cp2kSettings, MachineSettings
from epicarve.dft.write import write_stages
from epicarve.errors import InputError

# Runs each job at once, at home, if all that it depends on has succeeded.
QSUB = """#!/bin/bash
if [ "$1" = -W ]; then after=${2#depend=afterok:}; shift 2; fi
echo "$PWD $1 ${after:-}" >>"$FAKE_PBS/submitted"
id=$(wc -l <"$FAKE_PBS/submitted").server
code=0
for need in ${after//:/ }; do grep -q "Exit_status = 0" "$FAKE_PBS/$need" || code=271; done
work=$PWD
if [ $code = 0 ]; then
  (cd / && PBS_O_WORKDIR=$work PBS_JOBID=$id bash "$work/$1") >"$work/${1%.job}.log" 2>&1 || code=$?
fi
{
  echo "Job Id: $id"
  echo "    job_state = F"
  echo "    Exit_status = $code"
  echo "    Variable_List = PBS_O_WORKDIR=$work,"
} >"$FAKE_PBS/$id"
echo "$id"
"""

QSTAT = """#!/bin/bash
job=${*: -1}
if [ ! -f "$FAKE_PBS/$job" ]; then echo "qstat: Unknown Job Id $job" >&2; exit 153; fi
if [ "$1" != -x ] && grep -q "job_state = F" "$FAKE_PBS/$job"; then
  echo "qstat: $job Job has finished, use -x" >&2; exit 35
fi
cat "$FAKE_PBS/$job"
"""

SETTINGS = Cp2kSettings(prerelax=None, relax={"max_steps": 9})


@pytest.fixture
def chain(tmp_path, monkeypatch):
    programs = {"qsub": QSUB, "qstat": QSTAT, "stand-in": STAND_IN, "qdel": "#!/bin/bash\n"}
    for name, text in programs.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (tmp_path / "pbs").mkdir()
    monkeypatch.setenv("FAKE_PBS", str(tmp_path / "pbs"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    machine = MachineSettings(
        scheduler="pbs",
        cp2k_command="stand-in",
        partition="long",
        time_limit_h=24,
        qsub_options=("-l mem=4gb",),
    )
    folder = tmp_path / "chain"
    model = carve(bundled_crystal("PbS"), Sphere(radius_a=3.0))
    return folder, write_stages(model, SETTINGS, machine, folder), tmp_path / "pbs"


def test_chain_runs_through_pbs(chain):
    folder, stages, pbs = chain
    script = (folder / stages[0].script).read_text()
    assert "#PBS -q long" in script
    assert "#PBS -l mem=4gb" in script
    assert "#PBS -l walltime=24:0:0" in script
    submit_chain(folder)
    submitted = [line.split() for line in (pbs / "submitted").read_text().splitlines()]
    assert [line[2:] for line in submitted] == [[], ["1.server"], ["2.server"]]
    told = []
    for stage in stages:
        follow_stage(folder, stage, "pbs", told.append)
    assert [line.split(",")[0] for line in told if "complete" in line] == [
        f"{stage.folder}: complete" for stage in stages
    ]
    submit_chain(folder)  # all is complete
    assert len((pbs / "submitted").read_text().splitlines()) == 3


def test_a_failed_job_is_named(chain):
    folder, stages, _ = chain
    (folder / "verdict").write_text("relax\nunconverged\n")
    submit_chain(folder)
    with pytest.raises(InputError, match=r"relax\.out: the last SCF did not converge"):
        follow_stage(folder, stages[0], "pbs", print)


@pytest.mark.parametrize(
    ("letter", "phase"), [("Q", "waiting"), ("H", "waiting"), ("R", "running"), ("F", "ended")]
)
def test_states_of_pbs(chain, letter, phase):
    *_, pbs = chain
    (pbs / "7.server").write_text(f"Job Id: 7.server\n    job_state = {letter}\n")
    assert job_states("pbs", ["7.server", "8.server"])["7.server"].phase == phase
    assert "8.server" not in job_states("pbs", ["8.server"])


def test_a_job_that_still_waits_is_not_submitted_again(chain):
    folder, stages, pbs = chain
    (folder / stages[0].folder / "job.id").write_text("7.server\n")
    told = f"    job_state = Q\n    Variable_List = PBS_O_WORKDIR={folder / stages[0].folder},A=1\n"
    (pbs / "7.server").write_text(f"Job Id: 7.server\n{told}")
    submit_chain(folder)
    submitted = [line.split() for line in (pbs / "submitted").read_text().splitlines()]
    assert [line[1:] for line in submitted] == [
        ["ground-state.job", "7.server"],
        ["states.job", "1.server"],
    ]
