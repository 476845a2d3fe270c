"""Running the chain of CP2K stages: on this machine, or as jobs that are followed."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import TYPE_CHECKING, Literal

from epicarve.dft.output import read_output
from epicarve.dft.write import JOB_ID
from epicarve.errors import InputError

from .progress import Follower
from .scheduler import FORGOTTEN, JobState, job_states, own_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from epicarve.dft.settings import Stage

PROGRAM = "cp2k.psmp"
"""The program of CP2K that runs the stages on this machine."""

POLL_SECONDS = 0.5
"""How often the output of a stage that runs on this machine is looked at."""

JOB_POLL_SECONDS = (1.0, 30.0)
"""How often a scheduler is asked for a job: at first, and at most after long waiting."""


class Stopped(Exception):  # noqa: N818  (no error, the user wanted it)
    """The runner was told to stop."""


def run_stage(
    folder: Path,
    stage: Stage,
    tell: Callable[[str], None],
    *,
    command: str | None = PROGRAM,
    stop: Event | None = None,
) -> None:
    """Run one stage's script to its end on this machine, and follow its output.

    A stage that is complete is left alone and an interrupted one goes on, so that the function can
    be called again after a failure. One that still runs, because its runner was killed, is waited
    for.

    Parameters
    ----------
    folder : Path
        The chain's folder.
    stage : Stage
        The stage to run.
    tell : callable
        Called with a short line whenever the stage has got further.
    command : str or None
        The command that starts CP2K; None within a job, where the script knows it.
    stop : Event, optional
        Ends the stage when it is set.

    Raises
    ------
    InputError
        If CP2K is not there, or the stage was cut off or did not converge.
    Stopped
        If `stop` was set.
    """
    if command is not None and shutil.which(program := shlex.split(command)[0]) is None:
        raise InputError(
            f"{program} is not on PATH; install CP2K (Debian: apt-get install cp2k), submit "
            f"{folder / 'submit.sh'} on a cluster, or use the engine xtb"
        )
    stop = stop or Event()
    follower = Follower(folder, stage)
    with TemporaryFile("w+", encoding="utf-8") as messages:
        process = subprocess.Popen(
            ["bash", Path(stage.script).name],
            cwd=folder / stage.folder,
            env=local_environment(command),
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        told = ""
        try:
            while process.poll() is None and not stop.wait(POLL_SECONDS):
                told = _report_news(stage, follower.look(), told, tell)
        finally:
            follower.look()
            follower.close()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
        if stop.is_set():
            raise Stopped
        messages.seek(0)
        said = messages.read()
    if process.returncode != 0:
        raise _failure(folder, stage, said)
    tell(f"{stage.folder}: {follower.told('complete')}")


def follow_stage(
    folder: Path,
    stage: Stage,
    scheduler: Literal["slurm", "pbs"],
    tell: Callable[[str], None],
    stop: Event | None = None,
) -> None:
    """Wait for the job of a stage that `submit_chain` submitted, and follow its output.

    The job needs nobody who follows it: it runs on when this function or its machine is killed.

    Parameters
    ----------
    folder : Path
        The chain's folder.
    stage : Stage
        The stage to follow.
    scheduler : {"slurm", "pbs"}
        Whom to ask for the job.
    tell : callable
        Called with a short line whenever there is something new.
    stop : Event, optional
        Ends the following, not the job, when it is set.

    Raises
    ------
    InputError
        If the job ended and the stage is not complete, with the reason.
    Stopped
        If `stop` was set.
    """
    stop = stop or Event()
    job_file = folder / stage.folder / JOB_ID
    job = job_file.read_text(encoding="utf-8").strip() if job_file.is_file() else ""
    follower = Follower(folder, stage)
    state, told, begun = FORGOTTEN, "", time.monotonic()
    try:
        while job:
            state = job_states(scheduler, [job]).get(job, FORGOTTEN)
            news = follower.look()
            if state.phase in {"waiting", "unknown"}:
                news = f"{state.phase}, job {job}: {state.word}"
            told = _report_news(stage, news, told, tell)
            if state.phase == "ended":
                break
            shortest, longest = JOB_POLL_SECONDS
            if stop.wait(min(longest, shortest + 0.05 * (time.monotonic() - begun))):
                raise Stopped
    finally:
        follower.close()
    if not _is_complete_soon(folder, stage, state):
        logs = sorted((folder / stage.folder).glob("*.log"), key=lambda path: path.stat().st_mtime)
        said = logs[-1].read_text(encoding="utf-8", errors="replace") if logs else ""
        raise _failure(folder, stage, said, job, state)
    tell(f"{stage.folder}: {follower.told('complete')}")


def is_complete(folder: Path, stage: Stage) -> bool:
    """Ask the script of a stage whether its result is there and still what it would compute."""
    answer = subprocess.run(
        ["bash", Path(stage.script).name],
        cwd=folder / stage.folder,
        env={**os.environ, "EPICARVE_ASK": "complete"},
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return answer.returncode == 0


def is_in_job() -> bool:
    """Whether this process runs in a job of SLURM, PBS, LSF or Grid Engine."""
    names = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "SGE_TASK_ID")
    return any(name in os.environ for name in names)


def local_environment(command: str | None) -> dict[str, str]:
    """Return the environment of a local run: the command, few threads, and leave for root."""
    environment = {
        "OMP_NUM_THREADS": str(min(4, os.cpu_count() or 1)),
        # Threads that spin while they wait slow each other down many times on a shared machine.
        "OMP_WAIT_POLICY": "PASSIVE",
        **os.environ,
        "EPICARVE": own_command(),
    }
    if command is not None:
        environment["EPICARVE_CP2K"] = command
    if os.geteuid() == 0:  # Open MPI refuses to run as root, as in a container, without these
        environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    return environment


def _report_news(stage: Stage, news: str, told: str, tell: Callable[[str], None]) -> str:
    """Tell what is new of a stage, and return the last thing told."""
    if not news or news == told:
        return told
    tell(f"{stage.folder}: {news}")
    return news


def _is_complete_soon(folder: Path, stage: Stage, state: JobState) -> bool:
    """Whether a stage is complete; what a node wrote may take seconds to be seen from here."""
    tries = 5 if state.word.startswith("COMPLETED") else 1
    for _ in range(tries):
        if is_complete(folder, stage):
            return True
        if tries > 1:
            time.sleep(1.0)
    return False


def _failure(
    folder: Path, stage: Stage, said: str, job: str = "", state: JobState = FORGOTTEN
) -> InputError:
    """Return why a stage failed: by its scheduler, by CP2K's output, or by its script's words."""
    where = folder / stage.folder
    if state.word and not state.word.startswith(("COMPLETED", "FAILED", "F,")):
        return InputError(
            f"{where}: job {job} ended as {state.word}; run the same command again to go on where "
            "it stopped"
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    sentence = next((line for line in lines if line.startswith(f"{stage.folder}: ")), None)
    output = folder / stage.output
    if output.is_file() and "disk is full" not in (sentence or ""):
        must_relax = stage.relaxation is not None and stage.relaxation.must_converge
        try:
            read_output(output).require_sound(must_relax=must_relax)
        except InputError as error:
            return error
    return InputError(f"{where}: {sentence or (lines or ['the stage failed'])[-1]}")
