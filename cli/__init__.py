"""The command line: one module per command, heavy imports inside the commands."""

from .main import main

__all__ = ["main"]
