"""How far a running CP2K stage has got, and how long it may still take."""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from epicarve.dft.output import OutputReader
from epicarve.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from typing import TextIO

    from epicarve.dft.settings import Stage

N_TREND = 8
"""How many of the last steps a trend is taken from."""

MOST_SCF_STEPS = 600
"""Steps of an SCF that converges so slowly that nothing can be said of its end."""

_SCF_ROW = re.compile(
    r"\s+(?P<step>\d+)\s+\S+.*?\s(?P<time_s>\d+\.\d)\s+(?P<error>\d+\.\d+(?:E[+-]\d+)?)\s+-?\d+\.\d+"
)
_NUMBER_ROW = re.compile(r"\s*(?P<what>\S.*?)[\s:=]+(?P<value>-?\d+\.\d+(?:E[+-]\d+)?)\s*$")


@dataclass
class Progress:
    """Takes in the main output of a running stage line by line.

    Times come from the output itself, so that they are right also for who looks at a run that
    began long ago.

    Parameters
    ----------
    max_steps : int or None
        Most steps of the stage's relaxation, None if it keeps its geometry.

    Examples
    --------
    >>> progress = Progress()
    >>> progress.feed([
    ...     " eps_scf:                1.00E-06",
    ...     "     1 OT DIIS     0.15E+00    2.0     0.01000000      -130.1 -1.3E+02",
    ...     "     2 OT DIIS     0.15E+00    2.0     0.00100000      -131.2 -1.1E+00",
    ... ])
    >>> progress.scf_step, round(progress.seconds_left)
    (2, 6)
    """

    max_steps: int | None = None
    output: OutputReader = field(default_factory=OutputReader)
    scf_step: int = 0
    _eps_scf: float | None = None
    _scf_errors: deque[float] = field(default_factory=lambda: deque(maxlen=N_TREND))
    _scf_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=N_TREND))
    _force_limit: float | None = None
    _forces: deque[float] = field(default_factory=lambda: deque(maxlen=N_TREND))
    _step_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=N_TREND))

    def feed(self, lines: Iterable[str]) -> None:
        """Take in the next lines."""
        for line in lines:
            self.output.feed([line])
            if "SCF run" in line:
                self.scf_step = 0
                self._scf_errors.clear()
            elif row := _SCF_ROW.match(line):
                self.scf_step = int(row["step"])
                self._scf_errors.append(float(row["error"]))
                self._scf_seconds.append(float(row["time_s"]))
            elif row := _NUMBER_ROW.match(line):
                self._take(row["what"].removeprefix("OPT| ").lower(), float(row["value"]))

    def _take(self, what: str, value: float) -> None:
        match what:
            case "eps_scf":
                self._eps_scf = value
            case "used time" | "used time [s]":
                self._step_seconds.append(value)
            case "max. gradient" | "maximum gradient":
                self._forces.append(value)
            case "conv. limit for gradients" | "maximum gradient tolerance":
                self._force_limit = value

    @property
    def seconds_left(self) -> float | None:
        """Time until the stage is through, in s, by the trend of its last steps; None without one.

        The error of an SCF and the largest force of a relaxation fall about exponentially: the line
        through their logarithms against the step tells how many steps are left.
        """
        if self.max_steps is None:
            return self._scf_seconds_left()
        left = _steps_left(self._forces, self._force_limit)
        if left is None or self.most_seconds_left is None:
            return None
        return min(left * _mean(self._step_seconds), self.most_seconds_left)

    @property
    def most_seconds_left(self) -> float | None:
        """Time in s until a relaxation has made all the steps it may; None if unknown."""
        if self.max_steps is None or not self._step_seconds:
            return None
        return (self.max_steps - self.output.n_geometry_steps) * _mean(self._step_seconds)

    def _scf_seconds_left(self) -> float | None:
        left = _steps_left(self._scf_errors, self._eps_scf)
        if left is None or left > MOST_SCF_STEPS:
            return None
        return left * _mean(self._scf_seconds)


def _steps_left(values: Sequence[float], limit: float | None) -> float | None:
    """Return how many steps falling values need to their limit; None if they do not fall."""
    if limit is None or len(values) < 2 or min(values) <= 0.0:
        return None
    logs = [math.log(value) for value in values]
    middle = 0.5 * (len(logs) - 1)
    offsets = [number - middle for number in range(len(logs))]
    slope = sum(x * y for x, y in zip(offsets, logs, strict=True)) / sum(x * x for x in offsets)
    if slope >= 0.0:
        return None
    return max(0.0, (math.log(limit) - logs[-1]) / slope)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


class Follower:
    """Reads the output of a stage while it is being written.

    Parameters
    ----------
    folder : Path
        The chain's folder.
    stage : Stage
        The stage to follow.
    """

    def __init__(self, folder: Path, stage: Stage) -> None:
        self._path = folder / stage.output
        self._max_steps = stage.relaxation.max_steps if stage.relaxation else None
        self._before = self._status()
        self._stream: TextIO | None = None
        self._inode = 0
        self._pending = ""
        self.progress = Progress(self._max_steps)

    def look(self) -> str:
        """Take in what was written since the last look, and tell how far the stage has got.

        Returns
        -------
        str
            A line without the stage's name, such as ``"running, step 3, SCF 7, energy -1.23
            hartree, about 2 min left"``; empty as long as there is nothing new.
        """
        now = self._status()
        if now is None or now == self._before:
            return ""
        self._before = None
        if self._stream is None or now[0] != self._inode or now[1] < self._stream.tell():
            self.close()
            self._pending = ""
            self.progress = Progress(self._max_steps)
            self._stream = self._path.open(encoding="utf-8", errors="replace")
            self._inode = now[0]
        *lines, self._pending = (self._pending + self._stream.read()).split("\n")
        self.progress.feed(lines)
        return self.told("running")

    def told(self, state: str) -> str:
        """Return a state with step, energy and time left, as far as they are known."""
        progress, output = self.progress, self.progress.output
        words = [state]
        if output.n_geometry_steps:
            words.append(f"step {output.n_geometry_steps}")
        if progress.scf_step:
            words.append(f"SCF {progress.scf_step}")
        if output.energy_hartree is not None:
            words.append(f"energy {output.energy_hartree:.6f} hartree")
        if state == "running" and progress.seconds_left is not None:
            words.append(f"about {duration(progress.seconds_left)} left")
        elif state == "running" and progress.most_seconds_left is not None:
            words.append(f"at most {duration(progress.most_seconds_left)} left")
        return ", ".join(words)

    def close(self) -> None:
        """Let go of the output."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _status(self) -> tuple[int, int, int] | None:
        """Inode, size and age of the output, None if it is not there."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns
