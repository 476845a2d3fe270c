"""All that the builder says of a model beyond its ions."""

from __future__ import annotations

from dataclasses import dataclass

from epicarve.record import Record

from .junction import Halves, Junction
from .ligands import Covered
from .optimum import ChosenCentre, FoundSize, NotRelocated, Optimality, Relaxation, Relocation
from .origins import GivenStructure, Origin, Provenance
from .stoichiometry import (
    Composition,
    CoreShell,
    DomainFigures,
    OrderedVariant,
    PlainCut,
    SurfaceFigures,
    Treatment,
)


@dataclass(frozen=True)
class BuildReport(Record):
    """What was found of a model, in the order of model.json; None where there is nothing to say.

    Parameters
    ----------
    part_of : Halves
        The whole, if the model is one of its halves.
    interface : Junction
        Where its two halves meet.
    stoichiometry : Composition
        Its elements against its bulk.
    domains : dict of str to DomainFigures
        Its domains by name.
    plain_cut : PlainCut
        The ions inside the shape.
    optimum : Optimality
        What the edits cost, and how far that is proven least.
    relocation : Relocation or NotRelocated
        The ions moved after that, or why none were; None if none should be.
    size : FoundSize
        The size, if a number of ions was asked for.
    centres : ChosenCentre
        The centre, if the best was asked for.
    core_shell : CoreShell
        Core and shell.
    treatment : Treatment
        What was done to the surface.
    ligands : Covered
        The ligands on it.
    orderings : tuple of OrderedVariant
        The orderings of its crystal, if that has shared sites.
    surface : SurfaceFigures
        The surface.
    relaxation : Relaxation
        How far the embedded engine relaxed it.
    provenance : Provenance
        What it was made of.
    """

    part_of: Halves | None = None
    interface: Junction | None = None
    stoichiometry: Composition | None = None
    domains: dict[str, DomainFigures] | None = None
    plain_cut: PlainCut | None = None
    optimum: Optimality | None = None
    relocation: Relocation | NotRelocated | None = None
    size: FoundSize | None = None
    centres: ChosenCentre | None = None
    core_shell: CoreShell | None = None
    treatment: Treatment | None = None
    ligands: Covered | None = None
    orderings: tuple[OrderedVariant, ...] | None = None
    surface: SurfaceFigures | None = None
    relaxation: Relaxation | None = None
    provenance: Provenance | None = None

    @property
    def origins(self) -> dict[str, Origin]:
        """Where each crystal is from, by name; empty if it is not told."""
        return {} if self.provenance is None else self.provenance.crystal

    @property
    def structure(self) -> GivenStructure | None:
        """The coordinates that the model was given as; None of a carved one, which has a ledger."""
        return None if self.provenance is None else self.provenance.structure
