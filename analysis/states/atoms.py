"""What is known of the atoms of some states: elements, coordinates, model, kinds of places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .sites import Sites

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Strings
    from epicarve.builder.model import Model


@dataclass(frozen=True)
class KnownAtoms:
    """What is known of the atoms of some states.

    Parameters
    ----------
    symbols : tuple of str
        Element of each atom.
    positions_a : ndarray of float, shape (n_atoms, 3), or None
        Coordinates in Å.
    sites : Sites
        What kind of place each atom is.
    model : Model or None
        Their model.
    is_periodic : bool
        Whether they repeat.
    """

    symbols: tuple[str, ...]
    positions_a: Floats | None
    sites: Sites
    model: Model | None
    is_periodic: bool

    @classmethod
    def of(
        cls,
        symbols: tuple[str, ...],
        model: Model | None = None,
        positions_a: Floats | None = None,
        *,
        is_periodic: bool = False,
    ) -> KnownAtoms:
        """Gather what is known of the atoms of some states; positions of a model count first.

        Raises
        ------
        InputError
            If the model is of other atoms.
        """
        if model is not None:
            require_same_atoms(symbols, model)
            positions_a = model.positions_a
        return cls(symbols, positions_a, Sites.of(symbols, model), model, is_periodic)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.symbols)

    @cached_property
    def crystals(self) -> Strings:
        """Name of the crystal that each atom belongs to: its domain, or what is identified."""
        if self.model is not None:
            return self.model.domains
        from ase import Atoms  # noqa: PLC0415  (only here)

        from epicarve.builder.recognition import identify  # noqa: PLC0415  (takes a second)

        positions_a = self.particle_a("domains")
        return identify(Atoms(list(self.symbols), positions=positions_a)).domain_of

    def located_a(self, what: str) -> Floats:
        """Return the coordinates in Å; `what` says for the message what they are wanted for."""
        if self.positions_a is None:
            raise InputError(
                f"{what} need the coordinates of the atoms, which nothing here tells; put the "
                "input of the run beside it, or give the model (--model)"
            )
        return self.positions_a

    def particle_a(self, what: str) -> Floats:
        """Return the coordinates in Å of a particle, which does not repeat."""
        positions_a = self.located_a(what)
        if self.is_periodic:
            raise InputError(
                f"{what} are told of a particle, but the run repeats in space; choose its atoms by "
                "number, element or height"
            )
        return positions_a


def require_same_atoms(symbols: tuple[str, ...], model: Model) -> None:
    """Refuse states that belong to another model, by their atoms."""
    if symbols != tuple(model.symbols.tolist()):
        raise InputError(
            f"the states are of {len(symbols)} atoms and the model is {model.formula}, of "
            f"{model.n_atoms}, in another order or of other elements; give the model whose states "
            "these are"
        )
