"""What a stage of CP2K needs: functions, states, memory, disk, and a sensible number of cores.

The rule is written down, with the runs it was compared to, in docs/cp2k.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.dft.settings import (
    PeriodicSettings,
    basis_elements,
    chosen_cutoff_ry,
    cutoff_note,
)
from epicarve.files import read_json
from epicarve.record import Record
from epicarve.units import A_PER_BOHR

from .electrons import n_added_mos, n_valence_electrons
from .level import level_note

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.dft.settings import LevelSettings, MachineSettings, Stage

    from .system import System

RESOURCES = "resources.json"
"""Path below the chain's folder of what each stage needs, as estimated."""

PROCESS_GB = 0.15
"""Memory of one process of CP2K that holds nothing yet."""

BYTES_PER_POINT = {0: 340.0, 2: 550.0, 3: 550.0}
"""Memory for each point of the finest grid, by number of periodic directions: all grids, densities
and potentials; in small periodic cells the margins of the grids weigh more."""

MATRICES = {"transformation": 4, "diagonalization": 10}
"""Dense matrices of the size of the basis set that are held at once, by how orbitals are found."""

XTB_FUNCTIONS = 9
"""Most basis functions of an atom in GFN1-xTB: s, p and d."""

PDOS_ROW_BYTES = 88
"""Bytes of a line of a .pdos file with s, p and d."""

XYZ_ROW_BYTES = 63
"""Bytes of a line of a trajectory."""

FUNCTIONS_PER_CORE = 80
"""Basis functions that keep a core busy; more cores mostly wait for each other."""

RESTART_COPIES = 4
"""Files of orbitals that a relaxation keeps: the last one and three before."""

BYTES_PER_GB = 1e9


@dataclass(frozen=True)
class StageResources(Record):
    """What one stage needs, as resources.json tells it.

    Parameters
    ----------
    functions : int
        Basis functions; for GFN1-xTB at most.
    states : int
        Orbitals of one spin that are computed.
    grid_points : int
        Points of the finest grid; 0 without one.
    memory_gb : float
        Memory of all processes together in 1e9 bytes, with that number of them.
    disk_gb : float
        Files that the stage leaves in 1e9 bytes.
    ranks, threads_per_rank : int
        MPI processes, and OpenMP threads of each: a suggestion, or where the memory is limited
        those of the machine's settings.
    note : str
        What is to be told of the cutoff, and of what was chosen to fit the memory.
    """

    functions: int
    states: int
    grid_points: int
    memory_gb: float
    disk_gb: float
    ranks: int
    threads_per_rank: int
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Return the estimate as plain data, numbers of GB to two digits."""
        plain = super().as_dict()
        return plain | {name: float(f"{plain[name]:.2g}") for name in ("memory_gb", "disk_gb")}


def read_resources(folder: Path) -> dict[str, StageResources]:
    """Return what each stage of a chain needs, by its folder.

    Parameters
    ----------
    folder : Path
        Folder of the chain.

    Raises
    ------
    InputError
        If its resources.json is not as it was written.
    """
    path = folder / RESOURCES
    return {stage: StageResources.of(told, str(path)) for stage, told in read_json(path).items()}


def stage_resources(
    system: System,
    settings: LevelSettings,
    stage: Stage,
    machine: MachineSettings | None = None,
) -> StageResources:
    """Estimate what a stage needs.

    Parameters
    ----------
    system : System
        What is calculated.
    settings : LevelSettings
        How.
    stage : Stage
        The stage.
    machine : MachineSettings, optional
        Where they limit the memory, their processes and threads count, and each of few processes is
        counted with all grids.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.dft.settings import Stage
    >>> from epicarve.dft.write import System
    >>> bulk = System.of_crystal(bundled_crystal("PbS"))
    >>> need = stage_resources(bulk, PeriodicSettings(), Stage(1, "relax", None, None))
    >>> need.functions, need.states, need.ranks
    (104, 20, 1)
    """
    elements = basis_elements(system.symbols, settings)
    electrons = n_valence_electrons(system, elements, settings)
    multiplicity = settings.multiplicity or 1
    functions = sum(elements[symbol].functions for symbol in system.symbols)
    states = math.ceil((electrons + multiplicity - 1) / 2)
    if stage.name == "states" or settings.smearing_k is not None:
        states += n_added_mos(electrons, functions, settings.added_mos, multiplicity)
    points = _grid_points(system, chosen_cutoff_ry(settings, elements.values()))
    if stage.name == "prerelax":
        functions, points = XTB_FUNCTIONS * system.n_atoms, 0
    ranks, threads = _cores(functions)
    copies = 1
    if machine is not None and machine.memory_gb is not None:
        ranks, threads = machine.nodes * machine.ranks_per_node, machine.threads_per_rank
        copies = ranks
    diagonalizes = (
        stage.name == "states"
        or settings.smearing_k is not None
        or isinstance(settings, PeriodicSettings)
    )
    spins = 1 if settings.multiplicity is None else 2
    held = MATRICES["diagonalization" if diagonalizes else "transformation"]
    matrices = held * spins * 8 * functions**2
    if isinstance(settings, PeriodicSettings):
        matrices *= 2 * math.prod(settings.kpoints)  # complex, one for each k-point
    exchange = settings.exchange_memory_mb * 1e6 * (settings.xc.is_hybrid and points > 0)
    memory = matrices + copies * grids_gb(system, points) * BYTES_PER_GB
    orbitals = 8 * functions * states * spins
    disk = float(orbitals)
    if stage.relaxation is not None:
        frames = stage.relaxation.max_steps * system.n_atoms * XYZ_ROW_BYTES
        disk = orbitals * RESTART_COPIES * (stage.name != "prerelax") + frames
    if stage.name == "states":
        disk += (system.n_atoms + len(elements)) * states * spins * PDOS_ROW_BYTES
    notes = (cutoff_note(settings, elements), level_note(elements, settings))
    return StageResources(
        functions=functions,
        states=states,
        grid_points=points,
        memory_gb=(memory + ranks * exchange) / BYTES_PER_GB + ranks * PROCESS_GB,
        disk_gb=disk / BYTES_PER_GB,
        ranks=ranks,
        threads_per_rank=threads,
        note="; ".join(filter(None, notes)) if points else "",
    )


def grids_gb(system: System, grid_points: int) -> float:
    """Return the memory of grids, densities and potentials in 1e9 bytes."""
    return grid_points * BYTES_PER_POINT[system.dimensions] / BYTES_PER_GB


def _grid_points(system: System, cutoff_ry: float) -> int:
    """Points of a grid that holds plane waves up to a cutoff: π / √E apart (E in Ry, a in bohr)."""
    lengths_bohr = np.linalg.norm(system.cell_a, axis=1) / A_PER_BOHR
    return int(np.prod(np.ceil(lengths_bohr * math.sqrt(cutoff_ry) / math.pi)))


def _cores(functions: int) -> tuple[int, int]:
    """Return a square number of processes, as CP2K spreads matrices on squares, and threads."""
    cores = max(1.0, functions / FUNCTIONS_PER_CORE)
    threads = 1 if cores < 32 else 4
    return max(1, round(math.sqrt(cores / threads))) ** 2, threads
