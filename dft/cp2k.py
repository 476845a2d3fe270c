"""Running the chain of CP2K stages on this machine, without a scheduler."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .output import OutputReader, read_output

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from .stages import Stage

PROGRAM = "cp2k.psmp"
"""The program of CP2K that runs the stages on this machine."""

POLL_SECONDS = 0.5
"""How often the output of a running stage is looked at."""


@dataclass(frozen=True)
class StageProgress:
    """How far a running chain is.

    Parameters
    ----------
    stage : Stage
        The stage that runs or has just ended.
    n_stages : int
        Number of stages of the chain.
    geometry_step : int
        Step of the relaxation, 0 before the first and where nothing is relaxed.
    energy_hartree : float or None
        The last total energy in hartree.
    complete : bool
        Whether the stage is complete.
    """

    stage: Stage
    n_stages: int
    geometry_step: int
    energy_hartree: float | None
    complete: bool


def run_stages(
    folder: Path,
    chain: tuple[Stage, ...],
    on_progress: Callable[[StageProgress], None] | None = None,
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
        Called whenever something is new in a stage's output, and when a stage is complete.
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
        _run(folder, stage, command, _Reporter(stage, len(chain), on_progress))


@dataclass
class _Reporter:
    """Follows the output of a stage and reports what is new in it."""

    stage: Stage
    n_stages: int
    on_progress: Callable[[StageProgress], None] | None

    def __post_init__(self) -> None:
        self._reader = OutputReader()
        self._stream: TextIO | None = None
        self._pending = ""

    def look(self, output: Path) -> None:
        """Take in what has been written to the output since the last look."""
        if self._stream is None:
            if not output.is_file():
                return
            self._stream = output.open(encoding="utf-8", errors="replace")
        *lines, self._pending = (self._pending + self._stream.read()).split("\n")
        if lines:
            self._reader.feed(lines)
            self.report(complete=False)

    def report(self, *, complete: bool) -> None:
        """Tell how far the stage is."""
        if self.on_progress is not None:
            self.on_progress(
                StageProgress(
                    stage=self.stage,
                    n_stages=self.n_stages,
                    geometry_step=self._reader.n_geometry_steps,
                    energy_hartree=self._reader.energy_hartree,
                    complete=complete,
                )
            )

    def close(self) -> None:
        """Let go of the output."""
        if self._stream is not None:
            self._stream.close()


def _run(folder: Path, stage: Stage, command: str, reporter: _Reporter) -> None:
    """Run one stage's script to its end, follow its output, and refuse a failure."""
    output = folder / stage.output
    age_ns = output.stat().st_mtime_ns if output.is_file() else 0
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
                if output.is_file() and output.stat().st_mtime_ns != age_ns:
                    reporter.look(output)
        finally:
            reporter.close()
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
    reporter.report(complete=True)


def local_environment(command: str) -> dict[str, str]:
    """Return the environment of a local run: the command, few threads, and leave for root."""
    environment = {"OMP_NUM_THREADS": str(min(4, os.cpu_count() or 1)), **os.environ}
    environment["EPICARVE_CP2K"] = command
    if os.geteuid() == 0:  # Open MPI refuses to run as root, as in a container, without these
        environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    return environment
