"""Threads of BLAS."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread.

    It shares out products of some thousand numbers already; its threads then spin while they wait
    for the next one, which costs more than many small products take.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    """Look for the libraries once: that takes a millisecond."""
    return ThreadpoolController()
