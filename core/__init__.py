"""epicarve: from a crystal to a trap-filtered band gap.

Every command of the command line is a function of the same name and meaning here. They are
imported when first used, so that ``import epicarve`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "InputError": "epicarve.errors",
    "Crystal": "epicarve.builder.crystal.crystal",
    "Model": "epicarve.builder.model",
    "OrbitalStates": "epicarve.dft.states",
    "lowdin_weights": "epicarve.dft.orbitals.lowdin",
    "Analysis": "epicarve.analysis.states.results",
    "AnalysisOptions": "epicarve.analysis.options",
    "crystals": "epicarve.workflow.tasks.crystals",
    "new": "epicarve.workflow.tasks.new",
    "build": "epicarve.workflow.tasks.build",
    "series": "epicarve.workflow.tasks.series",
    "interface": "epicarve.workflow.tasks.interface",
    "compare": "epicarve.workflow.tasks.interface",
    "inputs": "epicarve.workflow.tasks.inputs",
    "check": "epicarve.workflow.tasks.check",
    "run": "epicarve.workflow.tasks.run",
    "campaign": "epicarve.workflow.tasks.campaign",
    "analyse": "epicarve.workflow.tasks.analyse",
    "structure": "epicarve.workflow.tasks.structure",
    "cube": "epicarve.workflow.tasks.cube",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import a public name from the module where it lives, on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'epicarve' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
