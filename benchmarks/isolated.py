"""Calls in a process of their own, with limits, so that any fault becomes a verdict."""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

GIB = 2**30
CHUNK = 1 << 16

Verdict = Literal["value", "refused", "traceback", "memory", "hang", "died"]


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    Parameters
    ----------
    verdict : str
        "value" if it returned, "refused" if it raised an InputError, else the fault: "traceback",
        "memory" (it took, or asked for, more than the limit), "hang", or "died" (a signal).
    value : object
        What it returned, None if it did not.
    text : str
        Sentence of the refusal, or the end of the traceback.
    cpu_s : float
        Processor time in s.
    """

    verdict: Verdict
    value: Any
    text: str
    cpu_s: float


def isolated(
    function: Callable[..., Any], *arguments: object, limit_s: float = 60.0, memory_gib: float = 4.0
) -> Outcome:
    """Call a function in a forked process and tell what became of it.

    Parameters
    ----------
    function : callable
        What to call; what it returns must be picklable.
    *arguments : object
        Its arguments.
    limit_s : float
        Processor time in s after which the call counts as hanging; six times as much of the
        clock's.
    memory_gib : float
        Memory in GiB, of addresses, that it may take beside what the caller has.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process == 0:
        os.close(reader)
        _child(writer, function, arguments, limit_s, memory_gib)
    os.close(writer)
    answer = _answer(reader, process, 6.0 * limit_s)
    os.close(reader)
    _, status, usage = os.wait4(process, 0)
    cpu_s = usage.ru_utime + usage.ru_stime
    if answer:
        verdict, value, text = pickle.loads(answer)
        return Outcome(verdict, value, text, cpu_s)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number in {signal.SIGXCPU, signal.SIGKILL} and cpu_s >= 0.9 * limit_s:
        return Outcome("hang", None, f"stopped after {cpu_s:.0f} s of processor time", cpu_s)
    if number == signal.SIGKILL:
        return Outcome("hang", None, f"stopped after {6.0 * limit_s:.0f} s", cpu_s)
    return Outcome("died", None, f"signal {number}, status {status}", cpu_s)


def _child(
    writer: int,
    function: Callable[..., Any],
    arguments: tuple[object, ...],
    limit_s: float,
    memory_gib: float,
) -> None:
    """Make the call, send what became of it, and end the process."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    have = int(_field_of_statm(0) * os.sysconf("SC_PAGE_SIZE") + memory_gib * GIB)
    resource.setrlimit(resource.RLIMIT_AS, (have, have))
    seconds = round(limit_s)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
    try:
        answer = ("value", function(*arguments), "")
    except InputError as error:
        answer = ("refused", None, str(error))
    except MemoryError:
        answer = ("memory", None, _end_of_traceback())
    except BaseException:
        answer = ("traceback", None, _end_of_traceback())
    with os.fdopen(writer, "wb") as pipe:
        pickle.dump(answer, pipe)
    os._exit(0)


def _field_of_statm(number: int) -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[number])


def _end_of_traceback() -> str:
    lines = traceback.format_exc().strip().splitlines()
    places = [line.strip() for line in lines if line.lstrip().startswith("File ")]
    return f"{lines[-1]} at {places[-1] if places else '?'}"


def _answer(reader: int, process: int, limit_s: float) -> bytes:
    """Read what the child sends; end the child where nothing comes in time."""
    chunks = []
    deadline = time.monotonic() + limit_s
    while True:
        left_s = deadline - time.monotonic()
        ready, _, _ = select.select([reader], [], [], max(left_s, 0.0))
        if not ready:
            os.kill(process, signal.SIGKILL)
            return b""
        chunk = os.read(reader, CHUNK)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
