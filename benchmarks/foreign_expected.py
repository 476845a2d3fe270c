"""Which folders of foreign_folders.py are to be refused, and with which words."""

from __future__ import annotations

EXPECTED: dict[str, tuple[str, ...]] = {}
"""Words that the sentence must hold, by pattern of the folder's name; the first pattern counts."""

MAY_LACK: tuple[str, ...] = ()
"""Folders that tell no empty state, as none was printed."""
