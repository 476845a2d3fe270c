"""Locks of folders: one runner at a time, and none left behind by one that was killed."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

PATIENCE_S = 3.0


@contextmanager
def locked(folder: Path, work: str) -> Iterator[None]:
    """Hold a folder for one kind of work while the context is open.

    The operating system lets go of the lock when the process ends, however it ends.

    Parameters
    ----------
    folder : Path
        The folder; made if it is not there.
    work : str
        The kind of work in a word; works of different kinds do not exclude each other.

    Raises
    ------
    InputError
        If another process holds the folder.

    Notes
    -----
    A folder that is empty in the end is taken away again if it was made here. A process that is
    killed while it starts another leaves the lock to the new one until that has begun its program:
    so a held folder is tried again for three seconds.
    """
    missing = [ancestor for ancestor in (folder, *folder.parents) if not ancestor.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{work}.lock"
    with path.open("a+", encoding="utf-8") as stream:
        if not _taken(stream):
            stream.seek(0)
            raise InputError(
                f"{folder}: another epicarve ({stream.read().strip() or 'unknown'}) is at work in "
                "it; wait for it, stop it, or take another folder"
            )
        stream.truncate(0)
        stream.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        stream.flush()
        try:
            yield
        finally:
            if list(folder.iterdir()) == [path]:  # nothing came of it
                path.unlink()
                for ancestor in missing:
                    if not any(ancestor.iterdir()):
                        ancestor.rmdir()


def _taken(stream: TextIO) -> bool:
    """Take the lock of an open file; False if another process holds on to it."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        except OSError:
            return True  # a file system without locks; the stages' own checks remain
        else:
            return True


def is_locked(folder: Path, work: str) -> bool:
    """Whether a process holds the folder for a kind of work.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> with locked(folder, "run"):
    ...     is_locked(folder, "run")
    True
    >>> is_locked(folder, "run")
    False
    """
    path = folder / f".{work}.lock"
    if not path.is_file():
        return False
    with path.open("a", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False
