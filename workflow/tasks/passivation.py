"""Traps of a run with what they come from, and edits that answer them, as they are written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve.files import filled_folder, write_json, write_text
from epicarve.version import __version__
from epicarve.workflow.recipes import write_recipe

from .series import csv_text

if TYPE_CHECKING:
    from epicarve.analysis.states import Trap, TrapCause
    from epicarve.builder.model import Model
    from epicarve.builder.passivation import Proposal
    from epicarve.workflow.recipes import StructureRecipe

TOLD = "passivate.json"

COLUMNS = (
    *("state", "side", "energy_ev", "depth_ev", "cause", "why"),
    *("proposal", "kind", "edit", "n_atoms", "point_charges_ev", "dipole_debye", "n_traps"),
)
"""Columns of passivate.csv, a line for each trap and each proposal that answers it."""


@dataclass(frozen=True)
class AnsweredTrap:
    """A trap, what it comes from, and which proposals answer it.

    Parameters
    ----------
    trap : Trap
        The trap.
    energy_ev : float
        Its energy in eV.
    cause : TrapCause
        What it comes from.
    proposals : tuple of int
        Ranks of the proposals, from 1.
    """

    trap: Trap
    energy_ev: float
    cause: TrapCause
    proposals: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return what stands of it in passivate.json; states and ions count from 1."""
        return {
            "state": self.trap.state + 1,
            "side": self.trap.side,
            "energy_ev": round(self.energy_ev, 6),
            "depth_ev": round(self.trap.depth_ev, 6),
            "cause": self.cause.kind,
            "why": self.cause.told,
            "proposals": list(self.proposals),
        }


@dataclass(frozen=True)
class RankedEdit:
    """A proposal as it is written.

    Parameters
    ----------
    rank : int
        Its place, from 1.
    proposal : Proposal
        What is changed.
    edit : str
        The change in words.
    n_traps : int
        Number of traps that it answers.
    model : Model
        The changed model, as its recipe builds it.
    recipe : StructureRecipe
        The recipe; its file has to be written first.
    """

    rank: int
    proposal: Proposal
    edit: str
    n_traps: int
    model: Model
    recipe: StructureRecipe

    @property
    def name(self) -> str:
        """Name of its files without their ends."""
        return f"proposal-{self.rank}"

    def as_dict(self) -> dict[str, Any]:
        """Return what stands of it in passivate.json."""
        energy_ev = self.proposal.energy_ev
        return {
            "proposal": self.rank,
            "kind": self.proposal.change.kind,
            "edit": self.edit,
            "n_atoms": self.proposal.change.n_atoms,
            "point_charges_ev": None if energy_ev is None else round(energy_ev, 4),
            "dipole_debye": round(self.model.dipole_debye, 3),
            "n_traps": self.n_traps,
            "formula": self.model.formula,
            "recipe": f"{self.name}.yaml",
        }


@dataclass(frozen=True)
class Passivation:
    """Traps of a run and edits that answer them, the best first.

    Parameters
    ----------
    folder : Path
        The run.
    traps : tuple of AnsweredTrap
        Its traps.
    edits : tuple of RankedEdit
        The proposals by rank.
    """

    folder: Path
    traps: tuple[AnsweredTrap, ...]
    edits: tuple[RankedEdit, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the content of passivate.json."""
        return {
            "provenance": {"version": __version__},
            "traps": [trap.as_dict() for trap in self.traps],
            "proposals": [edit.as_dict() for edit in self.edits],
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return the lines of passivate.csv; a trap without a proposal has one."""
        told = {edit.rank: edit.as_dict() for edit in self.edits}
        return [
            {key: {**trap.as_dict(), **told.get(rank, {})}.get(key) for key in COLUMNS}
            for trap in self.traps
            for rank in trap.proposals or (0,)
        ]

    def write(self, folder: Path | str) -> None:
        """Write recipes with their coordinates, passivate.json and passivate.csv: all, or none.

        Parameters
        ----------
        folder : Path or str
            Where to write; made if it is not there.
        """
        folder = Path(folder)
        earlier = [path.name for path in folder.glob("proposal-*.*")] if folder.is_dir() else []
        with filled_folder(folder, TOLD, earlier) as scratch:
            for edit in self.edits:
                named = scratch / f"{edit.name}.extxyz"
                edit.model.write_extxyz(named)
                spec = edit.recipe.structure.model_copy(update={"file": named})
                recipe = edit.recipe.model_copy(update={"structure": spec})
                write_recipe(recipe, scratch, f"{edit.name}.yaml")
            write_text(scratch / "passivate.csv", csv_text(self.rows(), COLUMNS))
            write_json(scratch / TOLD, self.as_dict())
