"""epicarve: from a crystal to a trap-filtered band gap.

>>> import epicarve as ec
>>> dot = ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=1.6))
>>> dot.net_charge
0

Crystals come from files, ASE, pymatgen or by name; shapes, `Balance` and settings have the keys of
recipes; what functions return shows itself in notebooks, converts to ASE and pymatgen, and is
written by ``write(folder)``. Lengths are in nm, coordinates in Å, energies in eV. Every command of
the command line is a function here too: ``epicarve.inputs``, ``epicarve.interface`` and so on.

Names are imported when first used, so that ``import epicarve`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from epicarve.analysis.options import AnalysisOptions

    # isort: split  (further names: commands, and types of what functions return)
    from epicarve.analysis.results import Analysis as Analysis
    from epicarve.builder.balancing.balance import BalanceOptions as Balance
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.heterostructure import join
    from epicarve.builder.interfaces.find import find_interfaces
    from epicarve.builder.interfaces.interface import Interface as Interface
    from epicarve.builder.interfaces.slab import Slab as Slab
    from epicarve.builder.interfaces.slab import SlabOptions
    from epicarve.builder.janus.half import half_of
    from epicarve.builder.library import bundled_crystal as crystal
    from epicarve.builder.model import Model
    from epicarve.builder.nanocrystal import Core, carve
    from epicarve.builder.shapes.box import BoxSpec as Box
    from epicarve.builder.shapes.ellipsoid import EllipsoidSpec as Ellipsoid
    from epicarve.builder.shapes.kinds import CombinedSpec as Combined
    from epicarve.builder.shapes.rod import PlateletSpec as Platelet
    from epicarve.builder.shapes.rod import RodSpec as Rod
    from epicarve.builder.shapes.sphere import HemisphereSpec as Hemisphere
    from epicarve.builder.shapes.sphere import SphereSpec as Sphere
    from epicarve.builder.shapes.wulff import WulffSpec as Wulff
    from epicarve.dft.inputs import write_cp2k
    from epicarve.dft.lowdin import lowdin_weights as lowdin_weights
    from epicarve.dft.read import read_states
    from epicarve.dft.settings import Cp2kSettings
    from epicarve.dft.settings import MachineSettings as MachineSettings
    from epicarve.dft.states import OrbitalStates as OrbitalStates
    from epicarve.errors import InputError
    from epicarve.workflow.analyse import analyse, analyse_folder
    from epicarve.workflow.build import build
    from epicarve.workflow.campaign import campaign as campaign
    from epicarve.workflow.check import check as check
    from epicarve.workflow.crystals import crystals as crystals
    from epicarve.workflow.cube import cube as cube
    from epicarve.workflow.inputs import inputs as inputs
    from epicarve.workflow.interface import compare as compare
    from epicarve.workflow.interface import interface as interface
    from epicarve.workflow.new import new as new
    from epicarve.workflow.recipe import Recipe
    from epicarve.workflow.run import run
    from epicarve.workflow.series import series as series
    from epicarve.workflow.structure import structure as structure

__version__ = "0.1.0"

__all__ = [
    "AnalysisOptions",
    "Balance",
    "Box",
    "Combined",
    "Core",
    "Cp2kSettings",
    "Crystal",
    "Ellipsoid",
    "Hemisphere",
    "InputError",
    "Model",
    "Platelet",
    "Recipe",
    "Rod",
    "SlabOptions",
    "Sphere",
    "Wulff",
    "analyse",
    "analyse_folder",
    "build",
    "carve",
    "crystal",
    "find_interfaces",
    "half_of",
    "join",
    "read_states",
    "run",
    "write_cp2k",
]

_HOMES = {
    "Analysis": "epicarve.analysis.results",
    "AnalysisOptions": "epicarve.analysis.options",
    "Balance": "epicarve.builder.balancing.balance:BalanceOptions",
    "Box": "epicarve.builder.shapes.box:BoxSpec",
    "Combined": "epicarve.builder.shapes.kinds:CombinedSpec",
    "Core": "epicarve.builder.nanocrystal",
    "Cp2kSettings": "epicarve.dft.settings",
    "Crystal": "epicarve.builder.crystal",
    "Ellipsoid": "epicarve.builder.shapes.ellipsoid:EllipsoidSpec",
    "Hemisphere": "epicarve.builder.shapes.sphere:HemisphereSpec",
    "InputError": "epicarve.errors",
    "Interface": "epicarve.builder.interfaces.interface",
    "MachineSettings": "epicarve.dft.settings",
    "Model": "epicarve.builder.model",
    "OrbitalStates": "epicarve.dft.states",
    "Platelet": "epicarve.builder.shapes.rod:PlateletSpec",
    "Recipe": "epicarve.workflow.recipe",
    "Rod": "epicarve.builder.shapes.rod:RodSpec",
    "Slab": "epicarve.builder.interfaces.slab",
    "SlabOptions": "epicarve.builder.interfaces.slab",
    "Sphere": "epicarve.builder.shapes.sphere:SphereSpec",
    "Wulff": "epicarve.builder.shapes.wulff:WulffSpec",
    "analyse": "epicarve.workflow.analyse",
    "analyse_folder": "epicarve.workflow.analyse",
    "build": "epicarve.workflow.build",
    "campaign": "epicarve.workflow.campaign",
    "carve": "epicarve.builder.nanocrystal",
    "check": "epicarve.workflow.check",
    "compare": "epicarve.workflow.interface",
    "crystal": "epicarve.builder.library:bundled_crystal",
    "crystals": "epicarve.workflow.crystals",
    "cube": "epicarve.workflow.cube",
    "find_interfaces": "epicarve.builder.interfaces.find",
    "half_of": "epicarve.builder.janus.half",
    "inputs": "epicarve.workflow.inputs",
    "interface": "epicarve.workflow.interface",
    "join": "epicarve.builder.heterostructure",
    "lowdin_weights": "epicarve.dft.lowdin",
    "new": "epicarve.workflow.new",
    "read_states": "epicarve.dft.read",
    "run": "epicarve.workflow.run",
    "series": "epicarve.workflow.series",
    "structure": "epicarve.workflow.structure",
    "write_cp2k": "epicarve.dft.inputs",
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
