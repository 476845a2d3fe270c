"""What a check finds: one mistake each, with the line, the reason and the remedy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .line import Line

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """Something wrong in a CP2K input.

    Parameters
    ----------
    line : int or None
        Number of the line, None if it is of the whole file.
    message : str
        What is wrong.
    remedy : str
        How to mend it.
    severity : {"error", "warning"}
        "error" where CP2K stops or computes something that has no meaning, "warning" where it runs,
        but hardly as it was meant.
    """

    line: int | None
    message: str
    remedy: str
    severity: Severity = "error"


@dataclass
class Report:
    """Collects findings while an input is read."""

    _findings: dict[Finding, None] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, each once, by line; what is of the whole file stands first."""
        return tuple(sorted(self._findings, key=lambda finding: finding.line or 0))

    def include(self, findings: Iterable[Finding]) -> None:
        """Add what was found before."""
        self._findings.update(dict.fromkeys(findings))

    def error(self, line: Line | None, message: str, remedy: str) -> None:
        """Add something that CP2K refuses."""
        self.add(line, message, remedy, "error")

    def warn(self, line: Line | None, message: str, remedy: str) -> None:
        """Add something that CP2K takes, but that is hardly meant."""
        self.add(line, message, remedy, "warning")

    def add(self, line: Line | None, message: str, remedy: str, severity: Severity) -> None:
        """Add a finding."""
        if line is not None and line.included:
            message = f"{line.included}: {message}"
        self._findings[Finding(line.number if line else None, message, remedy, severity)] = None
