"""What several files of one run tell of the same states: compared, and put together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.errors import InputError

from .ldos import SAME_ENERGY_EV

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from epicarve.dft.orbitals import PairsOf
    from epicarve.dft.states import OrbitalStates

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
    """

    path: Path
    energies_ev: tuple[NDArray[np.float64], ...]
    occupations: tuple[NDArray[np.float64], ...]

    @classmethod
    def of_states(cls, path: Path, states: OrbitalStates) -> Levels:
        """Take the levels of states that were read from a file."""
        spins = [states.spins == spin for spin in np.unique(states.spins)]
        return cls(
            path,
            tuple(states.energies_ev[mine] for mine in spins),
            tuple(states.occupations[mine] for mine in spins),
        )

    @classmethod
    def of_wfn(cls, wfn: Wfn) -> Levels:
        """Take the levels of a .wfn file."""
        return cls(
            wfn.path,
            tuple(spin.energies_ev for spin in wfn.spins),
            tuple(spin.occupations for spin in wfn.spins),
        )


def require_agreement(states: OrbitalStates, path: Path, others: Levels) -> None:
    """Refuse states that another file of the run contradicts.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    path : Path
        The file that they were read from.
    others : Levels
        What the other file tells of them. Where one has more states than the other, those that both
        have are compared.

    Raises
    ------
    InputError
        If an energy or an occupation differs.
    """
    named = f"it and {others.path.name} beside it"
    mend = (
        "they are of different runs or steps, so keep the files of one, or name the step (--step)"
    )
    spins = np.unique(states.spins).tolist()
    if len(spins) != len(others.energies_ev):
        raise InputError(
            f"{path}: {named} tell of {len(spins)} and {len(others.energies_ev)} spins; {mend}"
        )
    for spin, energies_ev, occupations in zip(
        spins, others.energies_ev, others.occupations, strict=True
    ):
        mine = np.flatnonzero(states.spins == spin)
        numbers = states.numbers[mine]
        shared = mine[numbers <= len(energies_ev)]
        rows = states.numbers[shared] - 1
        for told, other, what, unit, tolerance in (
            (states.energies_ev, energies_ev, "the energy", " eV", SAME_ENERGY_EV),
            (states.occupations, occupations, "the occupation", "", SAME_OCCUPATION),
        ):
            differences = np.abs(told[shared] - other[rows])
            if differences.max(initial=0.0) > tolerance:
                worst = int(differences.argmax())
                one, two = told[shared[worst]], other[rows[worst]]
                raise InputError(
                    f"{path}: {named} contradict each other: {what} of state {rows[worst] + 1} is "
                    f"{one:.4f}{unit} in the one and {two:.4f}{unit} in the other; {mend}"
                )


def with_further_states(states: OrbitalStates, others: Levels) -> OrbitalStates:
    """Take the lowest empty energy beyond states of whose weights nothing more is known.

    Parameters
    ----------
    states : OrbitalStates
        States with weights, all of the lowest of each spin.
    others : Levels
        Levels of the same run that agree with them, and may go further.

    Returns
    -------
    OrbitalStates
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


def with_overlap_populations(
    states: OrbitalStates, path: Path, loaded: LoadedOrbitals, pairs_of: PairsOf
) -> OrbitalStates:
    """Add overlap populations, from orbitals of the same run, to states of its .pdos files.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    path : Path
        One of the .pdos files.
    loaded : LoadedOrbitals
        The orbitals; states beyond them are left out.
    pairs_of : callable
        Gives the pairs of groups of atoms.

    Raises
    ------
    InputError
        If they are not the orbitals of these states.
    """
    orbitals = loaded.orbitals
    if loaded.symbols != states.symbols:
        raise InputError(f"{orbitals.path}: its atoms are not those of {path.name} beside it")
    levels = Levels(
        orbitals.path,
        *(
            tuple(values[orbitals.spins == spin] for spin in np.unique(orbitals.spins))
            for values in (orbitals.energies_ev, orbitals.occupations)
        ),
    )
    require_agreement(states, path, levels)
    n_orbitals = np.array([len(energies_ev) for energies_ev in levels.energies_ev])
    kept = states.numbers <= n_orbitals[states.spins]
    if np.count_nonzero(kept) < n_orbitals.sum():
        raise InputError(
            f"{path}: it holds {states.n_states} states and {orbitals.path.name} beside it "
            f"{n_orbitals.sum()}, so that overlap populations of some would lack weights"
        )
    pairs, populations = orbitals.overlap_populations(loaded.overlap, states.symbols, pairs_of)
    source = f"{states.source}; overlap populations: {loaded.source}"
    everything = Levels.of_states(path, states)
    cut = restricted_to(states, kept)
    cut = replace(cut, pairs=pairs, overlap_populations=populations, source=source)
    return with_further_states(cut, everything)


def restricted_to(states: OrbitalStates, kept: NDArray[np.bool_]) -> OrbitalStates:
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
