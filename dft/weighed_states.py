"""One-electron states with weights: what those of atoms and those of whole kinds have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from epicarve.errors import InputError

from .occupations import is_partly_filled, occupied_states

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.arrays import Bools, Floats, Ints

WEIGHT_SUM_TOLERANCE = 1e-4
"""Largest deviation from 1 of a state's summed weights (files carry 8 digits per column)."""


@dataclass(frozen=True)
class WeighedStates:
    """One-electron states, in ascending energy within each spin, with weights of parts of a model.

    They are made as `epicarve.dft.states.OrbitalStates` or `epicarve.dft.states.KindStates`.

    Parameters
    ----------
    energies_ev : ndarray of float, shape (n_states,)
        Orbital energies in eV.
    occupations : ndarray of float, shape (n_states,)
        Electrons in each state: 0 to 2 if spin-restricted, 0 to 1 otherwise.
    weights : ndarray of float, shape (n_rows, n_states)
        Löwdin weight of each atom, or of each kind of atoms, in each state; every column sums to 1.
    symbols : tuple of str, length n_rows
        Chemical symbol of each atom, or name of each kind.
    spins : ndarray of int, shape (n_states,)
        0 for alpha (or spin-restricted) states, 1 for beta states. Alpha states come first.
    restricted : bool
        Whether each state holds up to two electrons.
    source : str
        What the states were read from or computed with, for the reader of a summary.
    caveat : str
        A sentence that must stand wherever these energies are shown, empty if there is none
        (GFN1-xTB energies are for trying the tool, not for publishing).
    orbital_names : tuple of str
        Element and angular momentum, such as ``"Pb:s"``, of the rows of `orbital_weights`; empty if
        the source does not tell them apart.
    orbital_weights : ndarray of float, shape (n_orbitals, n_states)
        Weight of the orbitals of each element and angular momentum in each state.
    left_out : tuple of int
        How many of the lowest states of each spin are left out. If there are some, what is summed
        over the occupied states is not that of the model.
    fermi_ev : ndarray of float, shape (0,), (1,) or (2,)
        Fermi energy in eV that the source tells, one for each spin if they have their own; empty if
        it tells none.
    list_names : tuple of str
        Names of groups of atoms that were projected on together (&LDOS), such as ``"list:1"``. They
        may share atoms, and need not hold all.
    list_weights : ndarray of float, shape (n_lists, n_states)
        Weight of each of these groups in each state.
    lumo_beyond_ev : ndarray of float, shape (0,) or (2,)
        Of each spin the lowest energy in eV of the empty states whose weights are not known, all
        above those that are; infinity where there is none.
    notes : tuple of str
        What a reader must know of where the states are from, a sentence each.

    Raises
    ------
    InputError
        If shapes disagree, a number is not finite, energies descend, or weights do not sum to 1.
    """

    row_name: ClassVar[str]
    """What the rows of the weights are."""

    _dtypes: ClassVar[dict[str, type[Any]]] = {
        "energies_ev": np.float64,
        "occupations": np.float64,
        "weights": np.float64,
        "spins": np.int8,
        "orbital_weights": np.float64,
        "fermi_ev": np.float64,
        "list_weights": np.float64,
        "lumo_beyond_ev": np.float64,
    }

    energies_ev: Floats
    occupations: Floats
    weights: Floats
    symbols: tuple[str, ...]
    spins: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, dtype=np.int8))
    restricted: bool = True
    source: str = ""
    caveat: str = ""
    orbital_names: tuple[str, ...] = ()
    orbital_weights: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    left_out: tuple[int, ...] = (0, 0)
    fermi_ev: Floats = field(default_factory=lambda: np.zeros(0))
    list_names: tuple[str, ...] = ()
    list_weights: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    lumo_beyond_ev: Floats = field(default_factory=lambda: np.zeros(0))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._convert()
        self._require_sound()

    def _convert(self) -> None:
        """Make arrays of whatever was given, lists for instance."""
        where = self.source or "orbital states"
        object.__setattr__(self, "symbols", tuple(map(str, self.symbols)))
        for name, dtype in self._dtypes.items():
            try:
                array = np.asarray(getattr(self, name), dtype=dtype)
            except (TypeError, ValueError) as error:
                raise InputError(f"{where}: {name} are no array of numbers ({error})") from error
            object.__setattr__(self, name, array)
        if self.spins.size == 0:
            object.__setattr__(self, "spins", np.zeros(len(self.energies_ev), dtype=np.int8))

    def _require_sound(self) -> None:
        """Refuse what cannot be the states of a model."""
        where, n_states = self.source or "orbital states", len(self.energies_ev)
        if n_states == 0:
            raise InputError(f"{where}: there is no state in it; give the output of a finished run")
        if self.weights.shape != (len(self.symbols), n_states):
            raise InputError(
                f"{where}: weights have shape {self.weights.shape}, but there are "
                f"{len(self.symbols)} {self.row_name} and {n_states} states; do the files belong "
                "together?"
            )
        if self.occupations.shape != (n_states,) or self.spins.shape != (n_states,):
            raise InputError(f"{where}: energies, occupations and spins differ in length")
        orbitals_fit = self.orbital_weights.shape == (len(self.orbital_names), n_states)
        if self.orbital_names and not orbitals_fit:
            raise InputError(
                f"{where}: weights of orbitals have shape {self.orbital_weights.shape}, but there "
                f"are {len(self.orbital_names)} names of orbitals and {n_states} states"
            )
        if self.list_names and self.list_weights.shape != (len(self.list_names), n_states):
            raise InputError(
                f"{where}: weights of lists have shape {self.list_weights.shape}, but there are "
                f"{len(self.list_names)} names of lists and {n_states} states"
            )
        for name, array in (
            ("an energy", self.energies_ev),
            ("an occupation", self.occupations),
            ("a weight", self.weights),
            ("an orbital's weight", self.orbital_weights),
            ("a Fermi energy", self.fermi_ev),
            ("a list's weight", self.list_weights),
        ):
            if not np.isfinite(array).all():
                raise InputError(f"{where}: {name} is not a finite number; repeat the run")
        if np.any(np.diff(self.spins) < 0):
            raise InputError(f"{where}: beta states stand before alpha states")
        for spin in np.unique(self.spins):
            if np.any(np.diff(self.energies_ev[self.spins == spin]) < -1e-5):
                raise InputError(f"{where}: energies descend; is a block of states repeated?")
        sums = self.weights.sum(axis=0)
        worst = int(np.argmax(np.abs(sums - 1.0)))
        if abs(sums[worst] - 1.0) > WEIGHT_SUM_TOLERANCE:
            raise InputError(
                f"{where}: the atomic weights of state {worst + 1} sum to {sums[worst]:.6f} "
                "instead of 1; an atom's projection is missing or counted twice"
            )

    @property
    def n_states(self) -> int:
        """Number of states, both spins together."""
        return len(self.energies_ev)

    @property
    def is_window(self) -> bool:
        """Whether the lowest states of the calculation are left out."""
        return any(self.left_out)

    @property
    def numbers(self) -> Ints:
        """Number of each state within its spin, from 1, those left out counted."""
        of_spin = self.spins.astype(int)
        n_alpha = int(np.count_nonzero(of_spin == 0))
        before = np.array(self.left_out)[of_spin] - np.where(of_spin == 0, 0, n_alpha)
        return np.asarray(np.arange(self.n_states) + before + 1)

    @property
    def n_electrons(self) -> float:
        """Sum of the occupations."""
        return float(self.occupations.sum())

    @property
    def full(self) -> float:
        """Electrons in a full state: 2 if spin-restricted, else 1."""
        return 2.0 if self.restricted else 1.0

    @cached_property
    def is_occupied(self) -> Bools:
        """Whether a state is among those that the electrons fill, shape (n_states,)."""
        return occupied_states(self.energies_ev, self.occupations, self.spins, self.full)

    @property
    def homo_ev(self) -> float | None:
        """Energy in eV of the highest occupied state, None if there is none."""
        return self.edges_ev()[0]

    @property
    def lumo_ev(self) -> float | None:
        """Energy in eV of the lowest empty state, None if there is none."""
        return self.edges_ev()[1]

    def edges_ev(self, spin: int | None = None) -> tuple[float | None, float | None]:
        """Return the energies in eV of the highest occupied and the lowest empty state.

        Parameters
        ----------
        spin : {0, 1}, optional
            Whose states; those of both if not given.
        """
        mine = self._of_spin(spin)
        occupied = self.energies_ev[mine & self.is_occupied]
        beyond = self.lumo_beyond_ev if spin is None else self.lumo_beyond_ev[spin : spin + 1]
        empty = np.concatenate([self.energies_ev[mine & ~self.is_occupied], beyond])
        empty = empty[np.isfinite(empty)]
        return (
            float(occupied.max()) if occupied.size else None,
            float(empty.min()) if empty.size else None,
        )

    def is_metallic(self, spin: int | None = None) -> bool:
        """Tell whether states at the Fermi energy are partly filled, so that there is no gap.

        Parameters
        ----------
        spin : {0, 1}, optional
            Whose states; those of either if not given.
        """
        mine = self._of_spin(spin)
        return is_partly_filled(self.occupations[mine], self.is_occupied[mine], self.full)

    def gap_ev(self, spin: int | None = None) -> float | None:
        """Return LUMO minus HOMO in eV, 0 for a metal, None if one of them is missing.

        Parameters
        ----------
        spin : {0, 1}, optional
            Whose states; those of both if not given.
        """
        homo_ev, lumo_ev = self.edges_ev(spin)
        if self.is_metallic(spin):
            return 0.0
        return None if homo_ev is None or lumo_ev is None else lumo_ev - homo_ev

    def _of_spin(self, spin: int | None) -> Bools:
        """Return which states are of a spin."""
        return np.asarray(self.spins >= 0 if spin is None else self.spins == spin)


States = TypeVar("States", bound=WeighedStates)
"""States of the one kind or the other."""
