"""What a stage of CP2K needs: functions, states, memory, disk, cores and time.

The rules, with the runs they were compared to, stand in docs/cp2k.md and docs/running.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.dft.settings import (
    MachineSettings,
    PeriodicSettings,
    basis_elements,
    chosen_cutoff_ry,
    cutoff_note,
)
from epicarve.files import read_json
from epicarve.record import Record
from epicarve.units import A_PER_BOHR

from .electrons import n_added_mos, n_valence_electrons
from .layout import NODE_GB, mismatches, roomier_layout, usual_layout
from .level import level_note
from .walltime import UNKNOWN_HOURS, asked_hours, core_hours, wall_hours

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.dft.settings import LevelSettings, Stage

    from .system import System

RESOURCES = "resources.json"
"""Path below the chain's folder of what each stage needs, as estimated."""

PROCESS_GB = 0.15
"""Memory of one process of CP2K that holds nothing yet."""

BYTES_PER_POINT = {0: 340.0, 2: 550.0, 3: 550.0}
"""Memory for each point of the finest grid, by number of periodic directions: all grids, densities
and potentials; in small periodic cells the margins of the grids weigh more."""

MIXED_BYTES_PER_POINT = 300.0
"""What Broyden mixing adds in finite models: densities and residuals of the eight steps before."""

MATRICES = {"transformation": 4, "diagonalization": 10}
"""Dense matrices of the size of the basis set that are held at once, by how orbitals are found."""

XTB_FUNCTIONS = 9
"""Most basis functions of an atom in GFN1-xTB: s, p and d."""

PDOS_ROW_BYTES = 88
"""Bytes of a line of a .pdos file with s, p and d."""

XYZ_ROW_BYTES = 63
"""Bytes of a line of a trajectory."""

RESTART_COPIES = 2
"""Files of orbitals that a stage keeps while it runs: the last one and the one before
(templates/cp2k/restartable.yaml)."""

SHARED_GRIDS = 1.5
"""How much more the grids take that several processes share: their parts overlap."""

MEMORY_MARGIN, LEAST_GB = 1.25, 2.0
"""How much more memory is asked for than is estimated, and the least of a node in 1e9 bytes."""

ROUNDED = ("memory_gb", "disk_gb", "time_h")
"""Estimates, of which two digits are told."""

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
    time_h : float
        Wall time in hours on the cores that the job asks for.
    nodes, ranks, threads_per_rank : int
        Nodes, MPI processes on all of them, and OpenMP threads of each, as the job asks for them:
        those stated, and those that the estimate needs.
    asked_gb, asked_h : float
        Memory of each node in 1e9 bytes and hours, as the job asks for them.
    note : str
        What is to be told of the cutoff, and of what was chosen to fit the memory.
    mismatch : str
        What is asked for that is not within a factor of two of what is needed; empty if nothing.
    """

    functions: int
    states: int
    grid_points: int
    memory_gb: float
    disk_gb: float
    time_h: float
    nodes: int
    ranks: int
    threads_per_rank: int
    asked_gb: float
    asked_h: float
    note: str
    mismatch: str

    def as_dict(self) -> dict[str, Any]:
        """Return the estimate as plain data, its numbers to two digits."""
        plain = super().as_dict()
        return plain | {name: float(f"{plain[name]:.2g}") for name in ROUNDED}


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
        What is stated of the jobs.

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
    if stage.is_tight_binding:
        functions, points = XTB_FUNCTIONS * system.n_atoms, 0
    diagonalizes = (
        stage.name == "states"
        or settings.smearing_k is not None
        or isinstance(settings, PeriodicSettings)
    )
    spins = 1 if settings.multiplicity is None else 2
    kpoints = math.prod(settings.kpoints) if isinstance(settings, PeriodicSettings) else 1
    held = MATRICES["diagonalization" if diagonalizes else "transformation"]
    matrices = held * spins * 8 * functions**2
    if isinstance(settings, PeriodicSettings):
        matrices *= 2 * kpoints  # complex, one for each k-point
    exchange_gb = settings.exchange_memory_mb / 1e3 * (settings.xc.is_hybrid and points > 0)

    def held_gb(ranks: int) -> float:
        each_gb = exchange_gb + PROCESS_GB
        grids = shared_grids_gb(system, settings, stage, points, ranks)
        return matrices / BYTES_PER_GB + grids + ranks * each_gb

    machine = (machine or MachineSettings()).of_stage(stage.name)
    layout = usual_layout(functions, machine)
    layout = roomier_layout(layout, held_gb(layout.ranks), machine)
    memory_gb = held_gb(layout.ranks)
    time_h = wall_hours(
        core_hours(
            stage,
            points,
            functions,
            states,
            diagonalizes=diagonalizes,
            matrices=spins * (2 * kpoints if kpoints > 1 else 1),
        ),
        layout.cores,
    )
    least_h = {"least_h": UNKNOWN_HOURS} if settings.xc.is_hybrid and points else {}
    orbitals = 8 * functions * states * spins
    copies = 0 if stage.is_tight_binding else 1 if stage.name == "states" else RESTART_COPIES
    disk = float(orbitals * copies)
    if stage.relaxation is not None:
        disk += stage.relaxation.max_steps * system.n_atoms * XYZ_ROW_BYTES
    if stage.name == "states":
        disk += (system.n_atoms + len(elements)) * states * spins * PDOS_ROW_BYTES
    notes = (cutoff_note(settings, elements), level_note(elements, settings))
    return StageResources(
        functions=functions,
        states=states,
        grid_points=points,
        memory_gb=memory_gb,
        disk_gb=disk / BYTES_PER_GB,
        time_h=time_h,
        nodes=layout.nodes,
        ranks=layout.ranks,
        threads_per_rank=layout.threads_per_rank,
        asked_gb=machine.memory_gb or _asked_gb(memory_gb / layout.nodes),
        asked_h=machine.time_limit_h or asked_hours(time_h, **least_h),
        note="; ".join(filter(None, notes)) if points else "",
        mismatch=mismatches(layout, functions, memory_gb, time_h, machine),
    )


def shared_grids_gb(
    system: System, settings: LevelSettings, stage: Stage, grid_points: int, ranks: int
) -> float:
    """Return the memory in 1e9 bytes of grids, densities and potentials of all processes."""
    of_point = BYTES_PER_POINT[system.dimensions]
    if not system.dimensions and settings.smearing_k is not None and stage.name != "states":
        of_point += MIXED_BYTES_PER_POINT
    return grid_points * of_point * (SHARED_GRIDS if ranks > 1 else 1.0) / BYTES_PER_GB


def _grid_points(system: System, cutoff_ry: float) -> int:
    """Points of a grid that holds plane waves up to a cutoff: π / √E apart (E in Ry, a in bohr)."""
    lengths_bohr = np.linalg.norm(system.cell_a, axis=1) / A_PER_BOHR
    return int(np.prod(np.ceil(lengths_bohr * math.sqrt(cutoff_ry) / math.pi)))


def _asked_gb(memory_gb: float) -> float:
    """Return the memory of a node to ask for: a quarter more than estimated, in whole GB."""
    return float(max(LEAST_GB, min(math.ceil(MEMORY_MARGIN * memory_gb), NODE_GB)))
