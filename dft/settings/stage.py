"""The chain of CP2K runs: which stages there are, in which order, and how their files are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .options import PrerelaxSettings

if TYPE_CHECKING:
    from .options import Cp2kSettings, RelaxSettings

START = "start.xyz"
"""Path of the coordinates of the model below the chain's folder."""


@dataclass(frozen=True)
class Stage:
    """One CP2K run of the chain, in a folder of its own.

    Parameters
    ----------
    number : int
        Place in the chain, from 1; 0 for joining, which is no run of CP2K.
    name : {"join", "relax-ligands", "prerelax", "relax", "ground-state", "states"}
        What the stage does; its files and CP2K's project bear this name.
    relaxation : RelaxSettings or None
        How far the geometry is relaxed, None where it stays.
    previous : Stage or None
        The stage whose geometry, and orbitals if it has any, this one takes up.
    """

    number: int
    name: str
    relaxation: RelaxSettings | None
    previous: Stage | None

    @property
    def folder(self) -> str:
        """Name of the stage's folder, for instance ``"2-relax"``."""
        return f"{self.number}-{self.name}"

    @property
    def input(self) -> str:
        """Path of CP2K's input below the chain's folder."""
        return f"{self.folder}/{self.name}.inp"

    @property
    def output(self) -> str:
        """Path of CP2K's main output below the chain's folder."""
        return f"{self.folder}/{self.name}.out"

    @property
    def script(self) -> str:
        """Path of the job script below the chain's folder."""
        return f"{self.folder}/{self.name}.job"

    @property
    def key(self) -> str:
        """Path of the file, below the chain's folder, that says from what the stage was computed.

        Its first line changes whenever the input, the geometry or a stage before does.
        """
        return f"{self.folder}/{self.name}.key"

    @property
    def coordinates(self) -> str:
        """Path of the coordinates from which the stage starts, below the chain's folder.

        They are those of the model until the stage runs; its script then puts in the last ones of
        the `trajectory` of the stage before.
        """
        return f"{self.folder}/{self.name}.xyz"

    @property
    def trajectory(self) -> str:
        """Path of the file whose last geometry the stage hands on, below the chain's folder.

        A stage that keeps the geometry hands on what it was given.
        """
        if self.relaxation is not None:
            return f"{self.folder}/{self.name}-pos-1.xyz"
        return self.previous.trajectory if self.previous else START

    @property
    def most_move_a(self) -> float | None:
        """How far, rms in Å, the atoms may have moved in the geometry handed on; None for any."""
        if isinstance(self.relaxation, PrerelaxSettings):
            return self.relaxation.max_rmsd_a
        return None

    @property
    def restart(self) -> str:
        """Path of CP2K's restart file, which holds cell and atoms, below the chain's folder."""
        return f"{self.folder}/{self.name}-1.restart"

    @property
    def orbitals(self) -> str | None:
        """Path of the file of orbitals below the chain's folder, None after GFN1-xTB.

        Its orbitals are of another basis set than those of the density functional.
        """
        return None if self.is_tight_binding else f"{self.folder}/{self.name}-RESTART.wfn"

    @property
    def is_tight_binding(self) -> bool:
        """Whether the stage is computed with GFN1-xTB."""
        return self.name in {RELAX_LIGANDS, "prerelax"}


RELAX_LIGANDS = "relax-ligands"
"""Name of the stage that relaxes the ligands and holds the ions of the crystal."""

JOIN = Stage(0, "join", None, None)
"""Joining two relaxed halves: a job between those of the halves and those of the whole."""


def stages(settings: Cp2kSettings, *, with_ligands: bool = False) -> tuple[Stage, ...]:
    """List the stages of a calculation in the order in which they run.

    Parameters
    ----------
    settings : Cp2kSettings
        Settings; they say whether the model is pre-relaxed and relaxed.
    with_ligands : bool
        Whether the model has ligands, which are then relaxed first.

    Returns
    -------
    tuple of Stage
        Numbered from 1; the ground state and the states are always the last two.

    Examples
    --------
    >>> from epicarve.dft.settings import Cp2kSettings
    >>> [stage.folder for stage in stages(Cp2kSettings(prerelax=None))]
    ['1-relax', '2-ground-state', '3-states']
    """
    planned = {
        RELAX_LIGANDS: settings.relax_ligands if with_ligands else None,
        "prerelax": settings.prerelax,
        "relax": settings.relax,
        "ground-state": None,
        "states": None,
    }
    chain: list[Stage] = []
    for name, relaxation in planned.items():
        if relaxation is None and name in {RELAX_LIGANDS, "prerelax", "relax"}:
            continue
        previous = chain[-1] if chain else None
        chain.append(Stage(len(chain) + 1, name, relaxation, previous))
    return tuple(chain)


def periodic_stages(relaxation: RelaxSettings | None) -> tuple[Stage]:
    """Return the one stage of a crystal or a slab: its relaxation, or without one its ground state.

    Examples
    --------
    >>> [stage.folder for stage in periodic_stages(None)]
    ['1-ground-state']
    """
    name = "relax" if relaxation is not None else "ground-state"
    return (Stage(1, name, relaxation, None),)
