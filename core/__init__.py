"""epicarve: from a crystal to a trap-filtered band gap.

>>> import epicarve as ec
>>> dot = ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=1.6))
>>> dot.net_charge
0

Crystals come from files, ASE, pymatgen or by name; shapes, `Balance` and settings have the keys of
recipes. What functions return shows itself in notebooks; crystals, models and slabs convert to ASE
and pymatgen; models and analyses are written by ``write(folder)``. Lengths are in nm, coordinates
in Å, energies in eV. Every command of the command line is a function here too: ``epicarve.inputs``,
``epicarve.interface`` and so on.

Names are imported when first used, so that ``import epicarve`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

if TYPE_CHECKING:
    from epicarve.analysis.options import AnalysisOptions, FigureOptions
    from epicarve.analysis.states import Analysis
    from epicarve.builder.assemble import Core, carve, join
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.hetero import half_of
    from epicarve.builder.interfaces import Interface, Slab, SlabOptions, find_interfaces
    from epicarve.builder.library import bundled_crystal as crystal
    from epicarve.builder.model import Model
    from epicarve.builder.optimise import BalanceOptions as Balance
    from epicarve.builder.optimise import TreatmentOptions as Treatment
    from epicarve.builder.placing import LigandOptions as Ligands
    from epicarve.builder.recognition import Identification, identify
    from epicarve.builder.shapes import BoxSpec as Box
    from epicarve.builder.shapes import CombinedSpec as Combined
    from epicarve.builder.shapes import EllipsoidSpec as Ellipsoid
    from epicarve.builder.shapes import HemisphereSpec as Hemisphere
    from epicarve.builder.shapes import PlateletSpec as Platelet
    from epicarve.builder.shapes import RodSpec as Rod
    from epicarve.builder.shapes import SphereSpec as Sphere
    from epicarve.builder.shapes import WulffSpec as Wulff
    from epicarve.dft.orbitals import lowdin_weights
    from epicarve.dft.read import read_states
    from epicarve.dft.settings import Cp2kSettings, MachineSettings, PeriodicSettings
    from epicarve.dft.states import OrbitalStates
    from epicarve.dft.write import write_cp2k
    from epicarve.workflow.recipes import Recipe
    from epicarve.workflow.tasks.analyse import analyse, analyse_folder
    from epicarve.workflow.tasks.build import build
    from epicarve.workflow.tasks.campaign import campaign
    from epicarve.workflow.tasks.check import check
    from epicarve.workflow.tasks.crate import crate
    from epicarve.workflow.tasks.crystals import crystals
    from epicarve.workflow.tasks.cube import cube
    from epicarve.workflow.tasks.inputs import inputs
    from epicarve.workflow.tasks.interface import compare, interface
    from epicarve.workflow.tasks.machine import machine
    from epicarve.workflow.tasks.new import new
    from epicarve.workflow.tasks.orbital import orbital
    from epicarve.workflow.tasks.passivate import passivate
    from epicarve.workflow.tasks.plot import plot
    from epicarve.workflow.tasks.report import report
    from epicarve.workflow.tasks.run import run
    from epicarve.workflow.tasks.series import series
    from epicarve.workflow.tasks.structure import structure
    from epicarve.workflow.tasks.study import study
    from epicarve.workflow.tasks.table import table

    from .errors import GuessWarning, InputError

__all__ = [
    "Analysis",
    "AnalysisOptions",
    "Balance",
    "Box",
    "Combined",
    "Core",
    "Cp2kSettings",
    "Crystal",
    "Ellipsoid",
    "FigureOptions",
    "GuessWarning",
    "Hemisphere",
    "Identification",
    "InputError",
    "Interface",
    "Ligands",
    "MachineSettings",
    "Model",
    "OrbitalStates",
    "PeriodicSettings",
    "Platelet",
    "Recipe",
    "Rod",
    "Slab",
    "SlabOptions",
    "Sphere",
    "Treatment",
    "Wulff",
    "analyse",
    "analyse_folder",
    "build",
    "campaign",
    "carve",
    "check",
    "compare",
    "crate",
    "crystal",
    "crystals",
    "cube",
    "find_interfaces",
    "half_of",
    "identify",
    "inputs",
    "interface",
    "join",
    "lowdin_weights",
    "machine",
    "new",
    "orbital",
    "passivate",
    "plot",
    "read_states",
    "report",
    "run",
    "series",
    "structure",
    "study",
    "table",
    "write_cp2k",
]

_HOMES = {
    "Analysis": "epicarve.analysis.states.results",
    "AnalysisOptions": "epicarve.analysis.options",
    "Balance": "epicarve.builder.optimise.options:BalanceOptions",
    "Box": "epicarve.builder.shapes.box:BoxSpec",
    "Combined": "epicarve.builder.shapes.kinds:CombinedSpec",
    "Core": "epicarve.builder.assemble.nanocrystal",
    "Cp2kSettings": "epicarve.dft.settings.options",
    "Crystal": "epicarve.builder.crystal.crystal",
    "Ellipsoid": "epicarve.builder.shapes.ellipsoid:EllipsoidSpec",
    "FigureOptions": "epicarve.analysis.options",
    "GuessWarning": "epicarve.errors",
    "Hemisphere": "epicarve.builder.shapes.sphere:HemisphereSpec",
    "Identification": "epicarve.builder.recognition.identification",
    "InputError": "epicarve.errors",
    "Interface": "epicarve.builder.interfaces.interface",
    "Ligands": "epicarve.builder.placing.options:LigandOptions",
    "MachineSettings": "epicarve.dft.settings.machine",
    "Model": "epicarve.builder.model",
    "OrbitalStates": "epicarve.dft.states",
    "PeriodicSettings": "epicarve.dft.settings.options",
    "Platelet": "epicarve.builder.shapes.rod:PlateletSpec",
    "Recipe": "epicarve.workflow.recipes.recipe",
    "Rod": "epicarve.builder.shapes.rod:RodSpec",
    "Slab": "epicarve.builder.interfaces.slab",
    "SlabOptions": "epicarve.builder.interfaces.slab",
    "Sphere": "epicarve.builder.shapes.sphere:SphereSpec",
    "Treatment": "epicarve.builder.optimise.treatment_options:TreatmentOptions",
    "Wulff": "epicarve.builder.shapes.wulff:WulffSpec",
    "analyse": "epicarve.workflow.tasks.analyse",
    "analyse_folder": "epicarve.workflow.tasks.analyse",
    "build": "epicarve.workflow.tasks.build",
    "campaign": "epicarve.workflow.tasks.campaign",
    "carve": "epicarve.builder.assemble.nanocrystal",
    "check": "epicarve.workflow.tasks.check",
    "compare": "epicarve.workflow.tasks.interface",
    "crate": "epicarve.workflow.tasks.crate",
    "crystal": "epicarve.builder.library.bundled:bundled_crystal",
    "crystals": "epicarve.workflow.tasks.crystals",
    "cube": "epicarve.workflow.tasks.cube",
    "find_interfaces": "epicarve.builder.interfaces.keyword_search",
    "half_of": "epicarve.builder.hetero.half_particle",
    "identify": "epicarve.builder.recognition.identify",
    "inputs": "epicarve.workflow.tasks.inputs",
    "interface": "epicarve.workflow.tasks.interface",
    "join": "epicarve.builder.assemble.heterostructure",
    "lowdin_weights": "epicarve.dft.orbitals.lowdin",
    "machine": "epicarve.workflow.tasks.machine",
    "new": "epicarve.workflow.tasks.new",
    "orbital": "epicarve.workflow.tasks.orbital",
    "passivate": "epicarve.workflow.tasks.passivate",
    "plot": "epicarve.workflow.tasks.plot",
    "report": "epicarve.workflow.tasks.report",
    "read_states": "epicarve.dft.read.folder",
    "run": "epicarve.workflow.tasks.run",
    "series": "epicarve.workflow.tasks.series",
    "structure": "epicarve.workflow.tasks.structure",
    "study": "epicarve.workflow.tasks.study",
    "table": "epicarve.workflow.tasks.table",
    "write_cp2k": "epicarve.dft.write.stage_inputs",
}
"""Where each name lives, and after a colon what it is called there; as in the block above."""


def __getattr__(name: str) -> Any:
    """Import a public name from the module where it lives, on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'epicarve' has no attribute {name!r}")
    home, _, called = _HOMES[name].partition(":")
    return getattr(import_module(home), called or name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
