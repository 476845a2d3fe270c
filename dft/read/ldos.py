"""Orbital states from CP2K's per-atom local densities of states (&PDOS / &LDOS / LIST i)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.states import KindStates, OrbitalStates
from epicarve.errors import InputError

from .pdos import read_alike, read_pdos

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from epicarve.arrays import Floats
    from epicarve.dft.weighed_states import States, WeighedStates

    from .input import RunInput
    from .pdos import Pdos, PdosFile
    from .run import Run

_ELEMENT = re.compile(r"[A-Z][a-z]?")
_ROUNDING = 5e-9
"""Half of the last digit of a weight in a .pdos file."""

SAME_ENERGY_EV = 0.005
"""Energies of one state that two files tell differ by less; .pdos files round them to 3e-5 eV, and
CP2K may repeat the SCF between two of them."""

MOST_RANGES = 4
"""A list of more ranges of atoms is named by how many atoms it has."""


def covers_atoms(files: Sequence[PdosFile], run: Run) -> bool:
    """Tell whether a run was asked for a list of each single atom, so that an IPR can be had.

    Parameters
    ----------
    files : sequence of PdosFile
        The .pdos files of one step of a run.
    run : Run
        The run.

    Raises
    ------
    InputError
        If nothing tells what the atoms are.
    """
    lists = {file.index for file in files if file.is_list}
    if not lists:
        return False
    source = _source(run)
    if source is None:
        return len(lists) == len(run.symbols)
    alone = {atoms[0] for atoms in source.lists if len(atoms) == 1}
    return alone >= set(range(1, len(run.symbols) + 1))


def read_lists(files: Sequence[PdosFile], run: Run) -> OrbitalStates:
    """Read energies, occupations and atomic weights from the lists of single atoms.

    Parameters
    ----------
    files : sequence of PdosFile
        All .pdos files of one step of a run: one list for each atom at least.
    run : Run
        The run; its input tells which atom each list is of, or they stand in the order of the
        atoms.

    Returns
    -------
    OrbitalStates
        Restricted, or alpha before beta.

    Raises
    ------
    InputError
        If a file is missing, cut off or of another run, or an atom has no list.
    """
    _require_one_kind_of_run(files)
    folder, symbols, source = run.folder, run.symbols, _source(run)
    blocks: list[tuple[Pdos, Floats]] = []
    orbitals: list[dict[str, Floats]] = []
    for spin in sorted({file.spin for file in files if file.is_list}):
        chosen = [file for file in files if file.spin == spin]
        contents = dict(zip(chosen, read_alike(chosen), strict=True))
        of_atom = _of_atoms(folder, contents, symbols, source)
        weights = np.array([pdos.weights for pdos in of_atom])
        kinds = _kinds_by_element(contents, symbols)
        _compare_with_kinds(folder, kinds, symbols, weights)
        orbitals.append(_orbital_weights(kinds or _atoms_by_element(of_atom, symbols)))
        blocks.append((next(iter(contents.values())), weights))
    states = _joined(
        folder,
        blocks,
        orbitals,
        symbols,
        f"{run.name}, LDOS of each atom",
        restricted=files[0].restricted,
        kind=OrbitalStates,
    )
    run.require_electrons(files[0].path, states.occupations, states.spins)
    return states


def read_kinds(files: Sequence[PdosFile], run: Run) -> KindStates:
    """Read energies, occupations and weights of whole kinds.

    Parameters
    ----------
    files : sequence of PdosFile
        The .pdos files of one step of a run: one for each kind and spin, and maybe lists.
    run : Run
        The run.

    Returns
    -------
    KindStates
        Restricted, or alpha before beta.

    Raises
    ------
    InputError
        If a file is missing, cut off or of another run.
    """
    kinds = [file for file in files if not file.is_list]
    if not kinds:
        raise InputError(
            f"{run.folder}: there are no .pdos files of kinds beside those of lists; copy all of "
            "them"
        )
    _require_one_kind_of_run(kinds)
    _require_all_kinds(kinds)
    blocks, orbitals = [], []
    for spin in sorted({file.spin for file in kinds}):
        contents = read_alike(file for file in kinds if file.spin == spin)
        blocks.append((contents[0], np.array([pdos.weights for pdos in contents])))
        orbitals.append(_orbital_weights({pdos.kind.capitalize(): [pdos] for pdos in contents}))
    names = tuple(pdos.kind.capitalize() for pdos in contents)
    states = _joined(
        run.folder,
        blocks,
        orbitals,
        names,
        f"{run.name}, PDOS of each kind",
        restricted=kinds[0].restricted,
        kind=KindStates,
    )
    run.require_electrons(kinds[0].path, states.occupations, states.spins)
    return states


def with_lists(states: States, files: Sequence[PdosFile], run: Run) -> States:
    """Add the weights of the groups of atoms that a run projected on together.

    Lists of single atoms that make up all atoms are no such groups.

    Parameters
    ----------
    states : WeighedStates
        States of the run.
    files : sequence of PdosFile
        The .pdos files of the step of the states.
    run : Run
        The run.

    Returns
    -------
    WeighedStates
        With `list_names` and `list_weights`; as they are if there are no groups. Where a group
        cannot be added, `notes` says why.
    """
    try:
        source, all_alone = _source(run), covers_atoms(files, run)
    except InputError:
        source, all_alone = _source(run), False
    lists = [file for file in files if file.is_list]
    names: list[str] = []
    weights: list[Floats] = []
    for index in sorted({file.index for file in lists}):
        try:
            own = [file for file in lists if file.index == index]
            atoms = () if source is None else _listed(own[0], source)
            if all_alone and len(atoms) < 2:
                continue
            weights.append(_weights_of_list(states, own))
            names.append(f"list:{index}{_named_atoms(atoms)}")
        except InputError as error:
            told = str(error).replace(f"{run.folder}/", "")
            note = f"list {index} is not shown as a group: {told}"
            states = replace(states, notes=(*states.notes, note))
    if not names:
        return states
    return replace(states, list_names=tuple(names), list_weights=np.array(weights))


def _weights_of_list(states: WeighedStates, files: Sequence[PdosFile]) -> Floats:
    """Weight of a list in each of some states, whose numbers and energies the files must tell."""
    if {file.spin for file in files} != set(np.unique(states.spins).tolist()):
        raise InputError(f"{files[0].path}: the file of one spin is missing; copy all .pdos files")
    found = np.empty(states.n_states)
    for file in files:
        pdos = read_pdos(file.path, file.step)
        mine = states.spins == file.spin
        numbers = states.numbers[mine]
        told = pdos.energies_ev[numbers - 1] if numbers.max() <= len(pdos.energies_ev) else None
        if told is None or np.abs(told - states.energies_ev[mine]).max() > SAME_ENERGY_EV:
            raise InputError(f"{file.path}: its energies are not those of the states shown")
        found[mine] = pdos.weights[numbers - 1]
    return found


def _named_atoms(atoms: Sequence[int]) -> str:
    """Name the atoms of a list, or how many there are: `` (atoms 1-3 7)``."""
    ranges: list[list[int]] = []
    for atom in sorted(set(atoms)):
        if ranges and atom == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], atom]
        else:
            ranges.append([atom])
    if not ranges:
        return ""
    if len(ranges) > MOST_RANGES:
        return f" ({len(set(atoms))} atoms)"
    return f" (atoms {' '.join('-'.join(map(str, ends)) for ends in ranges)})"


def _source(run: Run) -> RunInput | None:
    """Return the input of a run that has its lists."""
    return next((source for source in run.inputs if source.lists), None)


def _require_all_kinds(files: Sequence[PdosFile]) -> None:
    """Refuse files of kinds one of which is missing, by its number or in one spin."""
    there = {(file.spin, file.index) for file in files}
    for file in files:
        for spin in {other.spin for other in files}:
            missing = [i for i in range(1, file.index + 1) if (spin, i) not in there]
            if missing:
                whose = "" if file.restricted else f" of {('alpha', 'beta')[spin]} states"
                raise InputError(
                    f"{file.path.parent}: the .pdos file of kind {missing[0]}{whose} is missing; "
                    "copy all .pdos files"
                )


def _require_one_kind_of_run(files: Sequence[PdosFile]) -> None:
    """Refuse files of a restricted and of an unrestricted run."""
    if len({file.restricted for file in files}) > 1:
        raise InputError(
            f"{files[0].path.parent}: it holds .pdos files of a restricted and of an unrestricted "
            f"run of project {files[0].project}; keep those of one run"
        )


def _joined(
    folder: Path,
    blocks: Sequence[tuple[Pdos, Floats]],
    orbitals: Sequence[dict[str, Floats]],
    symbols: tuple[str, ...],
    source: str,
    *,
    restricted: bool,
    kind: type[States],
) -> States:
    """Join the states of the spins."""
    if not restricted and len(blocks) != 2:
        raise InputError(f"{folder}: the files of one spin are missing; copy all .pdos files")
    fermi_ev = [pdos.fermi_ev for pdos, _ in blocks if pdos.fermi_ev is not None]
    return kind(
        energies_ev=np.concatenate([pdos.energies_ev for pdos, _ in blocks]),
        occupations=np.concatenate([pdos.occupations for pdos, _ in blocks]),
        weights=np.concatenate([weights for _, weights in blocks], axis=1),
        symbols=symbols,
        spins=np.concatenate(
            [np.full(len(p.energies_ev), spin, dtype=np.int8) for spin, (p, _) in enumerate(blocks)]
        ),
        restricted=restricted,
        source=source,
        fermi_ev=np.array(fermi_ev if len(fermi_ev) == len(blocks) else []),
        orbital_names=tuple(orbitals[0]),
        orbital_weights=np.concatenate(
            [np.array([of_spin[name] for name in orbitals[0]]) for of_spin in orbitals], axis=-1
        ),
    )


def _of_atoms(
    folder: Path,
    contents: dict[PdosFile, Pdos],
    symbols: tuple[str, ...],
    source: RunInput | None,
) -> list[Pdos]:
    """Return the content of each atom's list, in the order of the atoms."""
    lists = {file: pdos for file, pdos in contents.items() if file.is_list}
    n_atoms = len(symbols)
    if source is None and len(lists) != n_atoms:
        raise InputError(
            f"{folder}: there are {len(lists)} lists for {n_atoms} atoms and no input file that "
            "says which atoms they hold; add the input of the run"
        )
    of_atom: dict[int, Pdos] = {}
    for file, pdos in lists.items():
        atoms = (file.index,) if source is None else _listed(file, source)
        if pdos.n_atoms != len(atoms):
            raise InputError(
                f"{file.path}: it is of {pdos.n_atoms} atoms, but list {file.index} names "
                f"{len(atoms)}; keep the input of this very run beside it"
            )
        if len(atoms) == 1:
            of_atom[atoms[0]] = pdos
    missing = [atom for atom in range(1, n_atoms + 1) if atom not in of_atom]
    if missing:
        others = f", nor have {len(missing) - 1} others" if len(missing) > 1 else ""
        raise InputError(
            f"{folder}: atom {missing[0]} ({symbols[missing[0] - 1]}) has no list of its own"
            f"{others}; an IPR needs &LDOS / LIST i for each atom i"
        )
    return [of_atom[atom] for atom in range(1, n_atoms + 1)]


def _listed(file: PdosFile, source: RunInput) -> tuple[int, ...]:
    if file.index > len(source.lists):
        raise InputError(
            f"{file.path}: {source.path.name} has only {len(source.lists)} lists; keep the input "
            "of this very run beside it"
        )
    return source.lists[file.index - 1]


def _kinds_by_element(
    contents: dict[PdosFile, Pdos], symbols: tuple[str, ...]
) -> dict[str, list[Pdos]]:
    """Return the files of the kinds by element; empty if kinds are missing or tell no element."""
    kinds = [pdos for file, pdos in contents.items() if not file.is_list]
    matches = [_ELEMENT.match(pdos.kind.capitalize()) for pdos in kinds]
    elements = [match[0] for match in matches if match]
    if len(elements) != len(kinds) or set(elements) != set(symbols):
        return {}
    by_element: dict[str, list[Pdos]] = {}
    for element, pdos in zip(elements, kinds, strict=True):
        by_element.setdefault(element, []).append(pdos)
    return by_element


def _atoms_by_element(of_atom: Sequence[Pdos], symbols: tuple[str, ...]) -> dict[str, list[Pdos]]:
    """Return the lists of single atoms by element."""
    by_element: dict[str, list[Pdos]] = {}
    for symbol, pdos in zip(symbols, of_atom, strict=True):
        by_element.setdefault(symbol, []).append(pdos)
    return by_element


def _orbital_weights(by_element: dict[str, list[Pdos]]) -> dict[str, Floats]:
    """Sum the files of each element by its angular momenta, named like ``"Pb:s"``."""
    found: dict[str, Floats] = {}
    for element, files in by_element.items():
        for pdos in files:
            for letter, weights in pdos.momenta.items():
                name = f"{element}:{letter}"
                found[name] = found.get(name, 0.0) + weights
    return found


def _compare_with_kinds(
    folder: Path,
    kinds: dict[str, list[Pdos]],
    symbols: tuple[str, ...],
    weights: Floats,
) -> None:
    """Refuse lists that, summed by element, differ from CP2K's own sums over kinds."""
    if not kinds:
        return
    is_element = np.array([[s == element for s in symbols] for element in kinds])
    of_kinds = np.array([sum(pdos.weights for pdos in files) for files in kinds.values()])
    # Each file rounds each column of angular momentum (at most 5) to 8 digits.
    tolerance = 1e-7 + 5 * _ROUNDING * len(symbols)
    if np.abs(is_element @ weights - of_kinds).max() > tolerance:
        raise InputError(
            f"{folder}: the lists, summed by element, differ from the files of the kinds; the "
            "input beside them is not that of this run, or they are of different runs"
        )
