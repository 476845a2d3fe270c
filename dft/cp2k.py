"""Running the chain of CP2K stages on this machine, without a scheduler."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .output import read_output
from .output_reader import OutputReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from .stages import Stage

PROGRAM = "cp2k.psmp"
"""The program of CP2K that runs the stages on this machine."""

POLL_SECONDS = 0.5
"""How often the output of a running stage is looked at."""


def run_stages(
    folder: Path,
    chain: tuple[Stage, ...],
    on_progress: Callable[[str], None] | None = None,
    command: str = PROGRAM,
) -> None:
    """Run the stages that `write_stages` wrote, each by its own job script.

    A stage that is complete is left alone and an interrupted relaxation goes on, so that the
    function can be called again after a failure.

    Parameters
    ----------
    folder : Path
        The chain's folder.
    chain : tuple of Stage
        The stages in the order in which they run.
    on_progress : callable, optional
        Called with a short line whenever a stage has got further, and when it is complete.
    command : str
        The command that starts CP2K.

    Raises
    ------
    InputError
        If CP2K is not there, or a stage was cut off or did not converge.
    """
    program = shlex.split(command)[0]
    if shutil.which(program) is None:
        raise InputError(
            f"{program} is not on PATH; install CP2K (Debian: apt-get install cp2k), submit "
            f"{folder / 'submit.sh'} on a cluster, or use the engine xtb"
        )
    for stage in chain:
        _run(folder, stage, command, _Follower(stage, on_progress or (lambda _: None)))


class _Follower:
    """Reads the output of a running stage and tells what is new in it."""

    def __init__(self, stage: Stage, tell: Callable[[str], None]) -> None:
        self._stage = stage
        self._tell = tell
        self._reader = OutputReader()
        self._stream: TextIO | None = None
        self._pending = ""
        self._told = ""

    def look(self, output: Path) -> None:
        """Take in what has been written since the last look."""
        if self._stream is None:
            self._stream = output.open(encoding="utf-8", errors="replace")
        *lines, self._pending = (self._pending + self._stream.read()).split("\n")
        self._reader.feed(lines)
        self.say("running")

    def say(self, state: str) -> None:
        """Tell the stage's state, its step and its energy, unless that was the last thing told."""
        line = f"{self._stage.folder}: {state}"
        if self._reader.n_geometry_steps:
            line += f", step {self._reader.n_geometry_steps}"
        if self._reader.energies_hartree:
            line += f", energy {self._reader.energies_hartree[-1]:.6f} hartree"
        if line != self._told:
            self._tell(line)
        self._told = line

    def close(self) -> None:
        """Let go of the output."""
        if self._stream is not None:
            self._stream.close()


def _run(folder: Path, stage: Stage, command: str, follower: _Follower) -> None:
    """Run one stage's script to its end, follow its output, and refuse a failure."""
    output = folder / stage.output
    before = _age_ns(output)
    with TemporaryFile("w+", encoding="utf-8") as messages:
        process = subprocess.Popen(
            ["bash", Path(stage.script).name],
            cwd=folder / stage.folder,
            env=local_environment(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=messages,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                time.sleep(POLL_SECONDS)
                if _age_ns(output) not in {None, before}:
                    follower.look(output)
        finally:
            follower.close()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
        messages.seek(0)
        said = messages.read().split("\n")
    must_relax = stage.relaxation is not None and stage.relaxation.must_converge
    if output.is_file():
        read_output(output).require_sound(must_relax=must_relax)
    if process.returncode != 0:
        sentence = next((line for line in said if line.startswith(stage.folder)), said[0])
        raise InputError(f"{folder / stage.folder}: {sentence or 'the stage failed'}")
    follower.say("complete")


def _age_ns(path: Path) -> int | None:
    """Time of the last change, None if the file is not there (the script removes old output)."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def local_environment(command: str) -> dict[str, str]:
    """Return the environment of a local run: the command, few threads, and leave for root."""
    environment = {
        "OMP_NUM_THREADS": str(min(4, os.cpu_count() or 1)),
        # Threads that spin while they wait slow each other down many times on a shared machine.
        "OMP_WAIT_POLICY": "PASSIVE",
        **os.environ,
        "EPICARVE_CP2K": command,
    }
    if os.geteuid() == 0:  # Open MPI refuses to run as root, as in a container, without these
        environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    return environment
