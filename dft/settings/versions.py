"""Versions of CP2K whose inputs can be written."""

from typing import Literal

Version = Literal[
    "2023.1", "2023.2", "2024.1", "2024.2", "2024.3", "2025.1", "2025.2", "2026.1", "2026.2"
]
"""Versions of CP2K whose inputs can be written."""
