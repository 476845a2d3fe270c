"""What several files of one run tell of the same states: compared, and put together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.errors import InputError

from .ldos import SAME_ENERGY_EV

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Bools, Floats
    from epicarve.dft.orbitals import Orbitals
    from epicarve.dft.states import OrbitalStates
    from epicarve.dft.weighed_states import States, WeighedStates

    from .orbital_files import LoadedOrbitals
    from .wfn import Wfn

SAME_OCCUPATION = 1e-3
"""Occupations of one state that two files tell differ by less."""


class Levels(NamedTuple):
    """Energies and occupations of all states of a run, as one of its files tells them.

    Parameters
    ----------
    path : Path
        The file.
    energies_ev, occupations : tuple of ndarray, shape (n_states,)
        Of each spin, energies in eV and occupations from the lowest state on.
    left_out : tuple of int
        How many of the lowest states of each spin are left out.
    """

    path: Path
    energies_ev: tuple[Floats, ...]
    occupations: tuple[Floats, ...]
    left_out: tuple[int, ...] = (0, 0)

    @classmethod
    def of_states(cls, path: Path, states: WeighedStates) -> Levels:
        """Take the levels of states that were read from a file."""
        return cls._by_spin(path, states)

    @classmethod
    def of_orbitals(cls, orbitals: Orbitals) -> Levels:
        """Take the levels of orbitals."""
        return cls._by_spin(orbitals.path, orbitals)

    @classmethod
    def _by_spin(cls, path: Path, levels: WeighedStates | Orbitals) -> Levels:
        spins = [levels.spins == spin for spin in np.unique(levels.spins)]
        return cls(
            path,
            tuple(levels.energies_ev[mine] for mine in spins),
            tuple(levels.occupations[mine] for mine in spins),
            levels.left_out,
        )

    @classmethod
    def of_wfn(cls, wfn: Wfn) -> Levels:
        """Take the levels of a .wfn file."""
        return cls(
            wfn.path,
            tuple(spin.energies_ev for spin in wfn.spins),
            tuple(spin.occupations for spin in wfn.spins),
        )


def require_agreement(levels: Levels, others: Levels) -> None:
    """Refuse states that another file of the run contradicts.

    Parameters
    ----------
    levels : Levels
        The states.
    others : Levels
        What the other file tells of them, from the lowest on. Where one has more states than the
        other, those that both have are compared.

    Raises
    ------
    InputError
        If an energy or an occupation differs.
    """
    named = f"it and {others.path.name} beside it"
    mend = (
        "they are of different runs or steps, so keep the files of one, or name the step (--step)"
    )
    n_spins = len(levels.energies_ev), len(others.energies_ev)
    if n_spins[0] != n_spins[1]:
        raise InputError(
            f"{levels.path}: {named} tell of {n_spins[0]} and {n_spins[1]} spins; {mend}"
        )
    for of_file, of_other, what, unit, tolerance in (
        (levels.energies_ev, others.energies_ev, "the energy", " eV", SAME_ENERGY_EV),
        (levels.occupations, others.occupations, "the occupation", "", SAME_OCCUPATION),
    ):
        for told, other, first in zip(of_file, of_other, levels.left_out, strict=False):
            shared = other[first : first + len(told)]
            differences = np.abs(told[: len(shared)] - shared)
            if differences.max(initial=0.0) > tolerance:
                worst = int(differences.argmax())
                raise InputError(
                    f"{levels.path}: {named} contradict each other: {what} of state "
                    f"{first + worst + 1} is {told[worst]:.4f}{unit} in the one and "
                    f"{shared[worst]:.4f}{unit} in the other; {mend}"
                )


def with_further_states(states: States, others: Levels) -> States:
    """Take the lowest empty energy beyond states of whose weights nothing more is known.

    Parameters
    ----------
    states : WeighedStates
        States with weights, all of the lowest of each spin.
    others : Levels
        Levels of the same run that agree with them, and may go further.

    Returns
    -------
    WeighedStates
        With `lumo_beyond_ev` and a note if there are further states.
    """
    beyond = np.full(2, np.inf)
    n_further = 0
    for spin, energies_ev in enumerate(others.energies_ev):
        n_known = int(np.count_nonzero(states.spins == spin))
        n_further += max(0, len(energies_ev) - n_known)
        beyond[spin] = energies_ev[n_known:].min(initial=np.inf)
    if not n_further:
        return states
    note = (
        f"{n_further} further empty states of {others.path.name} have no weights of atoms here: "
        "the HOMO-LUMO gap takes them in, but densities and IPR end below them"
    )
    return replace(states, lumo_beyond_ev=beyond, notes=(*states.notes, note))


def beside_orbitals(states: OrbitalStates, path: Path, loaded: LoadedOrbitals) -> OrbitalStates:
    """Keep those states of .pdos files whose orbitals are known, for overlap populations of them.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    path : Path
        One of the .pdos files.
    loaded : LoadedOrbitals
        The orbitals.

    Raises
    ------
    InputError
        If they are not the orbitals of these states.
    """
    orbitals = loaded.orbitals
    if loaded.symbols != states.symbols:
        raise InputError(f"{orbitals.path}: its atoms are not those of {path.name} beside it")
    if any(orbitals.left_out):
        raise InputError(
            f"{orbitals.path}: its lowest orbitals are left out, so that overlap populations of "
            f"some states of {path.name} beside it cannot be had"
        )
    require_agreement(Levels.of_states(path, states), Levels.of_orbitals(orbitals))
    n_orbitals = np.bincount(orbitals.spins, minlength=2)
    kept = states.numbers <= n_orbitals[states.spins]
    if np.count_nonzero(kept) < n_orbitals.sum():
        raise InputError(
            f"{path}: it holds {states.n_states} states and {orbitals.path.name} beside it "
            f"{n_orbitals.sum()}, so that overlap populations of some would lack weights"
        )
    source = f"{states.source}; overlap populations: {loaded.source}"
    everything = Levels.of_states(path, states)
    return with_further_states(replace(restricted_to(states, kept), source=source), everything)


def restricted_to(states: OrbitalStates, kept: Bools) -> OrbitalStates:
    """Return some of the states of each spin, the lowest of them."""
    return replace(
        states,
        energies_ev=states.energies_ev[kept],
        occupations=states.occupations[kept],
        weights=states.weights[:, kept],
        spins=states.spins[kept],
        orbital_weights=states.orbital_weights[:, kept]
        if states.orbital_names
        else np.zeros((0, 0)),
    )
