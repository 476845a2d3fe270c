"""Reading orbital states from whatever folder a calculation left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.errors import InputError

from .ldos import read_kind_folder, read_ldos_folder
from .orbital_files import (
    find_molden,
    find_text,
    find_wfn,
    load_orbitals,
    read_molden_states,
    read_text_states,
    read_wfn_states,
)
from .output import main_outputs
from .pdos import find_pdos
from .run import Run
from .states import OrbitalStates
from .weighing import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from .overlap_populations import PairsOf
    from .weighing import Weighing

ARCHIVE_NAME = "states.npz"
"""Name of the archive that the embedded engine leaves."""

ENERGY_TOLERANCE_EV = 5e-5
"""Largest difference of the energies of a state in two files, of which .pdos rounds to 3e-5."""


class _Route(NamedTuple):
    """One way to states: which files of a folder it needs, and how they are read."""

    files: str
    of_orbitals: bool
    find: Callable[[Path], Sequence[object]]
    read: Callable[[Path, Weighing], OrbitalStates]


def _find_archive(folder: Path) -> list[Path]:
    return [path for path in (folder / ARCHIVE_NAME,) if path.is_file()]


def _find_lists(folder: Path) -> list[object]:
    return [file for file in find_pdos(folder) if file.is_list]


def _read_archive(folder: Path, _: Weighing) -> OrbitalStates:
    return OrbitalStates.load(folder / ARCHIVE_NAME)


def _read_lists(folder: Path, weighing: Weighing) -> OrbitalStates:
    states, pairs_of = read_ldos_folder(folder), weighing.pairs_of
    return states if pairs_of is None else _with_overlap_populations(states, folder, pairs_of)


def _read_kinds(folder: Path, weighing: Weighing) -> OrbitalStates:
    if weighing.pairs_of is not None:
        raise _no_orbitals(folder)
    return read_kind_folder(folder)


def _with_overlap_populations(
    states: OrbitalStates, folder: Path, pairs_of: PairsOf
) -> OrbitalStates:
    """Add overlap populations, from the orbitals in a folder, to states of its .pdos files."""
    loaded = load_orbitals(folder)
    if loaded is None:
        raise _no_orbitals(folder)
    orbitals = loaded.orbitals
    orbitals.require_energies()
    if (
        loaded.symbols != states.symbols
        or not np.array_equal(orbitals.spins, states.spins)
        or np.abs(orbitals.energies_ev - states.energies_ev).max() > ENERGY_TOLERANCE_EV
    ):
        raise InputError(
            f"{orbitals.path}: its {len(orbitals.spins)} orbitals are not the {states.n_states} "
            "states of the .pdos files beside it; keep the files of one run, or take the .pdos "
            "files away to have all from the orbitals"
        )
    pairs, populations = orbitals.overlap_populations(loaded.overlap, states.symbols, pairs_of)
    return replace(
        states,
        pairs=pairs,
        overlap_populations=populations,
        source=f"{states.source}; overlap populations: {loaded.source}",
    )


def _no_orbitals(folder: Path) -> InputError:
    """Say that overlap populations cannot be had, and what they need."""
    return InputError(
        f"{folder}: overlap populations need the coefficients of the orbitals, and .pdos files "
        "hold weights only; put the .wfn file of the run beside them, with its input and main "
        "output, or rerun it with &MO_MOLDEN in &PRINT of &DFT"
    )


_ROUTES = (
    _Route(ARCHIVE_NAME, False, _find_archive, _read_archive),
    _Route("PROJECT-list1-1.pdos of each atom", False, _find_lists, _read_lists),
    _Route("PROJECT-RESTART.wfn", True, find_wfn, read_wfn_states),
    _Route("orbitals of &MO as text", True, find_text, read_text_states),
    _Route("PROJECT-MOS-1_0.molden", True, find_molden, read_molden_states),
    _Route("PROJECT-k1-1.pdos of each kind", False, find_pdos, _read_kinds),
)
"""In the order of preference: CP2K's own weights before those that are computed, binary numbers
before rounded ones, and last what tells no atom from another."""


def read_states(folder: Path, weighing: Weighing = ALL) -> OrbitalStates:
    """Read the orbital states that a folder holds, whoever made it.

    Parameters
    ----------
    folder : Path
        A folder with `states.npz`; or with CP2K's per-atom .pdos files, or its .wfn file, or its
        orbitals as text or Molden file, of which the first is taken that is there; or one of whose
        subfolders is such a folder, as in a chain of stages. The source of the states says which
        files were used.
    weighing : Weighing
        How to weigh orbitals: so many states of each spin, those around its gap, which a model of
        thousands of atoms needs (the electrons of the states are then those of the window);
        Mulliken's weights; overlap populations. Weights that are in the folder already are not
        looked at where some of the states or Mulliken's weights are asked for, and the orbitals
        must be there too for overlap populations, but in `states.npz`, which holds those that it
        was made with.

    Returns
    -------
    OrbitalStates
        The states. If all there is are the .pdos files of whole kinds, they are `of_kinds`: fit for
        a density of states and the HOMO-LUMO gap, not for an IPR.

    Raises
    ------
    InputError
        If the folder is missing or holds no states, more than one subfolder holds some, or the run
        cannot be trusted.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give the folder of a finished run")
    subfolders = sorted(path for path in folder.iterdir() if path.is_dir())
    for route in _ROUTES:
        holders = [path for path in (folder, *subfolders) if route.find(path)]
        if not holders:
            continue
        if holders[0] != folder and len(holders) > 1:
            _require_sound(folder, *subfolders)
            names = ", ".join(path.name for path in holders)
            raise InputError(
                f"{folder}: several folders below hold states ({names}); name one of them"
            )
        used = _of_orbitals(holders[0]) if weighing.needs_orbitals else route
        return used.read(holders[0], weighing)
    _require_sound(folder, *subfolders)
    looked_for = ", ".join(route.files for route in _ROUTES)
    raise InputError(
        f"{folder}: there are no states in it or in a folder below; looked for {looked_for}, one "
        "of which CP2K's last stage writes"
    )


def _of_orbitals(folder: Path) -> _Route:
    """Return the first way by which orbitals can be read from a folder."""
    routes = [route for route in _ROUTES if route.of_orbitals]
    for route in routes:
        if route.find(folder):
            return route
    raise InputError(
        f"{folder}: it holds weights of all states, and no orbitals of which others could be made; "
        "leave out the number of states (--states) and the kind of weights (--weights), or add of "
        f"the same CP2K run one of {', '.join(route.files for route in routes)}"
    )


def read_places(folder: Path, symbols: tuple[str, ...]) -> NDArray[np.float64] | None:
    """Read where the atoms of states are, from the input of their run.

    Parameters
    ----------
    folder : Path
        The folder that the states were read from.
    symbols : tuple of str
        Element of each atom of the states.

    Returns
    -------
    ndarray of float, shape (n_atoms, 3), or None
        Coordinates in Å; None if no run beside the states tells those of these atoms. Stages in
        other folders do not count, as they have other geometries.
    """
    paths = (folder, *sorted(path for path in folder.iterdir() if path.is_dir()))
    holder = next((path for route in _ROUTES for path in paths if route.find(path)), folder)
    for output in main_outputs(holder):
        try:
            run = Run.of(holder, output.project)
            positions_a = run.positions_a
            if positions_a is not None and run.symbols == symbols:
                return positions_a
        except InputError:
            continue
    return None


def _require_sound(*folders: Path) -> None:
    """Refuse the first main output that is not sound, as it is why there are no states."""
    for folder in folders:
        for output in main_outputs(folder):
            output.require_sound()
