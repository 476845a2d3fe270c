"""SLURM and PBS as the runner speaks to them: submit a folder, and ask how its jobs are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

COMMANDS = {"slurm": ("sbatch", "squeue"), "pbs": ("qsub", "qstat")}
"""Commands that submit and ask, of each scheduler."""

_SUBMIT_ARRAY = """
job=$(sbatch --parsable --array="$1" "$2") || exit 1
job=${job%%;*}
echo "$job $3" >>"$4"
echo "$job"
"""

_SLURM_WAITS = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SUSPENDED"}
_SLURM_RUNS = {"RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING", "STOPPED", "RESIZING"}
_PBS_WAITS, _PBS_RUNS = "HQSTUW", "REB"


@dataclass(frozen=True)
class JobState:
    """What a scheduler says of a job.

    Parameters
    ----------
    phase : {"waiting", "running", "ended", "unknown"}
        How far it is; unknown if the scheduler has forgotten it, or does not answer.
    word : str
        The scheduler's own word and its reason, for instance ``"PENDING (Resources)"``.
    """

    phase: Literal["waiting", "running", "ended", "unknown"]
    word: str


FORGOTTEN = JobState("ended", "")
"""State of a job that the scheduler knows no more."""


def require_scheduler(name: Literal["slurm", "pbs"]) -> None:
    """Refuse a machine without the commands of its scheduler.

    Raises
    ------
    InputError
        If one of them is not on PATH.
    """
    for command in COMMANDS[name]:
        if shutil.which(command) is None:
            raise InputError(
                f"{command} is not on PATH, so nothing can be submitted from here; log in where "
                "the scheduler is, set machine.scheduler, or run with --on local"
            )


def own_command() -> str:
    """Return the command that starts this very epicarve, as EPICARVE holds it for the scripts."""
    return os.environ.get("EPICARVE", f"{sys.executable} -m epicarve")


def submit_chain(folder: Path) -> None:
    """Run the submit.sh of a chain's folder; what waits, runs or is complete is left alone.

    Raises
    ------
    InputError
        If the scheduler refuses a job or does not answer, with its words.
    """
    answer = subprocess.run(
        ["bash", "submit.sh"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "EPICARVE": own_command()},
        start_new_session=True,  # a runner that is stopped leaves no job half submitted
    )
    if answer.returncode != 0:
        raise InputError(
            f"{folder}: not submitted: {_last_line(answer.stderr)}; mend machine: in the recipe, "
            "and run the same command again"
        )


def submit_array(
    script: Path,
    n_tasks: int,
    variables: Mapping[str, str],
    *,
    record: str,
    note: str,
    at_once: int | None = None,
) -> str:
    """Submit a script to SLURM as an array of tasks from 1 on, in the script's folder.

    The job is recorded by the process that submits it, so that it is known even if this one is
    killed at that very moment.

    Parameters
    ----------
    script : Path
        The script.
    n_tasks : int
        How many tasks.
    variables : mapping of str to str
        More environment variables for the tasks.
    record : str
        Name of a file in the script's folder, to which a line with the job and the note is added.
    note : str
        What to note.
    at_once : int, optional
        Most tasks that run at once.

    Returns
    -------
    str
        The job's number.

    Raises
    ------
    InputError
        If SLURM refuses it, with its words.
    """
    tasks = f"1-{n_tasks}" if at_once is None else f"1-{n_tasks}%{at_once}"
    answer = subprocess.run(
        ["bash", "-c", _SUBMIT_ARRAY, "bash", tasks, script.name, note, record],
        cwd=script.parent,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if answer.returncode != 0:
        raise InputError(
            f"{script}: not submitted: {_last_line(answer.stderr)}; mend machine: in the recipe, "
            "and run the same command again"
        )
    return answer.stdout.strip()


def tried_job(script: Path) -> str:
    """Ask SLURM whether it would take a job script, without submitting it, and return its words.

    Returns
    -------
    str
        Empty if there is no SLURM to ask.
    """
    if shutil.which("sbatch") is None:
        return ""
    answer = _ask("sbatch", "--test-only", str(script))
    return _last_line(answer.stderr or answer.stdout).removeprefix("sbatch: ")


def job_states(scheduler: Literal["slurm", "pbs"], jobs: Iterable[str]) -> dict[str, JobState]:
    """Ask a scheduler for the states of jobs.

    Parameters
    ----------
    scheduler : {"slurm", "pbs"}
        Whom to ask.
    jobs : iterable of str
        Their numbers.

    Returns
    -------
    dict of str to JobState
        By number, of an array by ``"JOB_TASK"``. What the scheduler has forgotten is left out; if
        it does not answer, each of the jobs is unknown.
    """
    jobs = list(dict.fromkeys(jobs))
    found: dict[str, JobState] = {}
    for job in jobs:
        # One by one: a single forgotten number would spoil the answer for all of them.
        found |= _slurm_states(job) if scheduler == "slurm" else _pbs_states(job)
    return found


def _slurm_states(job: str) -> dict[str, JobState]:
    answer = _ask("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%i|%T|%r")
    if answer.returncode != 0:
        forgotten = "Invalid job id" in answer.stderr
        return {} if forgotten else {job: JobState("unknown", _last_line(answer.stderr))}
    states = {}
    for line in answer.stdout.splitlines():
        number, word, reason = line.split("|", 2)
        states[number] = JobState(_slurm_phase(word), _with_reason(word, reason))
    return states


def _slurm_phase(word: str) -> Literal["waiting", "running", "ended"]:
    if word in _SLURM_WAITS:
        return "waiting"
    return "running" if word in _SLURM_RUNS else "ended"


def _pbs_states(job: str) -> dict[str, JobState]:
    answer = _ask("qstat", "-x", "-f", "-w", job)
    if answer.returncode != 0:
        forgotten = re.search("Unknown Job|has finished", answer.stderr)
        return {} if forgotten else {job: JobState("unknown", _last_line(answer.stderr))}
    letter = re.search(r"job_state = (\w)", answer.stdout)
    status = re.search(r"Exit_status = (-?\d+)", answer.stdout)
    comment = re.search(r"comment = (.*)", answer.stdout)
    if letter is None:
        return {job: JobState("unknown", "no job_state in the answer of qstat")}
    word = f"{letter[1]}{f', exit code {status[1]}' if status else ''}"
    return {job: JobState(_pbs_phase(letter[1]), _with_reason(word, comment[1] if comment else ""))}


def _pbs_phase(letter: str) -> Literal["waiting", "running", "ended"]:
    if letter in _PBS_WAITS:
        return "waiting"
    return "running" if letter in _PBS_RUNS else "ended"


def _ask(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def _with_reason(word: str, reason: str) -> str:
    return f"{word} ({reason})" if reason.strip() not in {"", "None"} else word


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("sbatch: error: ") if lines else "no reason given"
