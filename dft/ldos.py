"""Orbital states from CP2K's per-atom local densities of states (&PDOS / &LDOS / LIST i)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .pdos import find_pdos, read_alike
from .run import Run
from .states import OrbitalStates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from .pdos import Pdos, PdosFile
    from .run_input import RunInput

_ELEMENT = re.compile(r"[A-Z][a-z]?")
_ROUNDING = 5e-9
"""Half of the last digit of a weight in a .pdos file."""


def read_ldos_folder(folder: Path) -> OrbitalStates:
    """Read energies, occupations and atomic weights from a folder with CP2K's output.

    Parameters
    ----------
    folder : Path
        Holds one .pdos file for each atom and the main output, and the input or as many lists as
        atoms in the order of the atoms. The project may have any name.

    Returns
    -------
    OrbitalStates
        Restricted, or alpha before beta.

    Raises
    ------
    InputError
        If a file is missing, cut off or of another run, the run is cut off or did not converge, or
        an atom has no list.
    """
    files = find_pdos(folder)
    lists = [file for file in files if file.is_list]
    if not lists:
        raise InputError(
            f"{folder}: there are only .pdos files of whole kinds in it, from which no IPR can be "
            "had; add &LDOS / LIST i / &END LDOS for each atom i to &PDOS and rerun the last stage"
        )
    project = _project(folder, lists)
    files = tuple(file for file in files if file.project == project)
    return _assemble(folder, files, Run.of(folder, project))


def read_kind_folder(folder: Path) -> OrbitalStates:
    """Read energies, occupations and weights of whole kinds from a folder without lists of atoms.

    Parameters
    ----------
    folder : Path
        Holds one .pdos file for each kind (and spin), and the main output.

    Returns
    -------
    OrbitalStates
        With `of_kinds` set: its rows are kinds and its symbols their names.

    Raises
    ------
    InputError
        If a file is missing, cut off or of another run, or the run did not converge.
    """
    files = [file for file in find_pdos(folder) if not file.is_list]
    if not files:
        raise InputError(f"{folder}: there are no .pdos files of kinds in it; give another folder")
    project = _project(folder, files)
    run = Run.of(folder, project)
    blocks, orbitals = [], []
    for spin in sorted({file.spin for file in files}):
        contents = read_alike(file for file in files if file.spin == spin)
        blocks.append((contents[0], np.array([pdos.weights for pdos in contents])))
        orbitals.append(_orbital_weights({pdos.kind.capitalize(): [pdos] for pdos in contents}))
    names = tuple(pdos.kind.capitalize() for pdos in contents)
    states = _joined(
        folder,
        blocks,
        orbitals,
        names,
        f"{run.name}, PDOS of each kind",
        restricted=files[0].restricted,
        of_kinds=True,
    )
    run.require_electrons(files[0].path, states.occupations, states.spins)
    return states


def _project(folder: Path, files: Sequence[PdosFile]) -> str:
    """Return the one project that files are of."""
    projects = sorted({file.project for file in files})
    if len(projects) > 1:
        raise InputError(
            f"{folder}: it holds .pdos files of several projects ({', '.join(projects)}); give a "
            "folder with one of them"
        )
    if len({file.restricted for file in files}) > 1:
        raise InputError(
            f"{folder}: it holds .pdos files of a restricted and of an unrestricted run of project "
            f"{projects[0]}; keep those of one run"
        )
    return projects[0]


def _assemble(
    folder: Path,
    files: Sequence[PdosFile],
    run: Run,
) -> OrbitalStates:
    symbols = run.symbols
    source = next((source for source in run.inputs if source.lists), None)
    blocks: list[tuple[Pdos, NDArray[np.float64]]] = []
    orbitals: list[dict[str, NDArray[np.float64]]] = []
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
    )
    run.require_electrons(files[0].path, states.occupations, states.spins)
    return states


def _joined(
    folder: Path,
    blocks: Sequence[tuple[Pdos, NDArray[np.float64]]],
    orbitals: Sequence[dict[str, NDArray[np.float64]]],
    symbols: tuple[str, ...],
    source: str,
    *,
    restricted: bool,
    of_kinds: bool = False,
) -> OrbitalStates:
    """Join the states of the spins."""
    if not restricted and len(blocks) != 2:
        raise InputError(f"{folder}: the files of one spin are missing; copy all .pdos files")
    fermi_ev = [pdos.fermi_ev for pdos, _ in blocks if pdos.fermi_ev is not None]
    return OrbitalStates(
        energies_ev=np.concatenate([pdos.energies_ev for pdos, _ in blocks]),
        occupations=np.concatenate([pdos.occupations for pdos, _ in blocks]),
        weights=np.concatenate([weights for _, weights in blocks], axis=1),
        symbols=symbols,
        spins=np.concatenate(
            [np.full(len(p.energies_ev), spin, dtype=np.int8) for spin, (p, _) in enumerate(blocks)]
        ),
        restricted=restricted,
        source=source,
        of_kinds=of_kinds,
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


def _orbital_weights(by_element: dict[str, list[Pdos]]) -> dict[str, NDArray[np.float64]]:
    """Sum the files of each element by its angular momenta, named like ``"Pb:s"``."""
    found: dict[str, NDArray[np.float64]] = {}
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
    weights: NDArray[np.float64],
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
