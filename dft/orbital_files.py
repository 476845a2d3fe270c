"""Orbital states from files of orbitals: .wfn, CP2K's text, or Molden, whichever a folder holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .atom_basis import read_atom_basis
from .csr import read_csr
from .molden import read_molden
from .molog import has_orbitals, read_molog
from .orbitals import Orbitals, around_gap
from .output import main_outputs
from .overlap import overlap_matrix
from .run import Run, require_own_electrons
from .weighing import ALL
from .wfn import read_wfn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from scipy.sparse import csr_array

    from .atom_basis import AtomBasis
    from .states import OrbitalStates
    from .weighing import Weighing
    from .wfn import Wfn

_ITERATION = re.compile(r"-(\d+(?:_\d+)*)$")


def find_wfn(folder: Path) -> list[Path]:
    """Find the restart files of a folder; backups (.bak-1) are none."""
    return sorted(folder.glob("[!.]*.wfn"))


def find_text(folder: Path) -> list[Path]:
    """Find the files of a folder that hold orbitals as text, main outputs among them."""
    files = [*sorted(folder.glob("[!.]*.MOLog")), *(output.path for output in main_outputs(folder))]
    return [path for path in files if has_orbitals(path)]


def find_molden(folder: Path) -> list[Path]:
    """Find the Molden files of a folder."""
    return sorted(folder.glob("[!.]*.molden"))


@dataclass(frozen=True)
class LoadedOrbitals:
    """Orbitals of a run, with their overlap, the element of each atom, and where they are from."""

    orbitals: Orbitals
    overlap: csr_array
    symbols: tuple[str, ...]
    source: str
    fermi_ev: tuple[float, ...] = ()

    def states(self, weighing: Weighing) -> OrbitalStates:
        """Weigh the orbitals on the atoms."""
        states = self.orbitals.states(self.overlap, self.symbols, self.source, weighing)
        return replace(states, fermi_ev=np.array(self.fermi_ev))


def read_wfn_states(folder: Path, weighing: Weighing = ALL) -> OrbitalStates:
    """Read the states of a run from its .wfn file and its overlap matrix.

    The overlap is that of &S_CSR_WRITE if its file is there, else it is computed from the input,
    the coordinates and the file of basis sets.

    Parameters
    ----------
    folder : Path
        Holds the .wfn file of one project, its main output and its input.
    weighing : Weighing
        Which states, and what is to be had of them. Memory is 8 bytes for each basis function and
        state that is asked for, and that of the overlap matrix, twice for overlap populations.

    Returns
    -------
    OrbitalStates
        Restricted, or alpha before beta.

    Raises
    ------
    InputError
        If a file is missing, damaged or of another run, or the run did not converge.
    """
    return _load_wfn(folder, weighing.n_states).states(weighing)


def _load_wfn(folder: Path, n_states: int | None) -> LoadedOrbitals:
    path, run = _newest(folder, find_wfn(folder))
    wfn = read_wfn(path)
    require_own_electrons(wfn)
    orbitals = _wfn_orbitals(wfn, n_states)
    spins = np.repeat(np.arange(len(wfn.spins)), [len(s.energies_ev) for s in wfn.spins])
    occupations = np.concatenate([spin.occupations for spin in wfn.spins])
    run.require_electrons(path, occupations, spins.astype(np.int8))
    return _of_run(run, orbitals, n_states)


def newest_wfn(folder: Path) -> tuple[Wfn, AtomBasis]:
    """Find the newest .wfn file of a run, and the basis functions of its orbitals.

    Raises
    ------
    InputError
        If there is none, or the run's input is missing or of another run.
    """
    files = find_wfn(folder)
    if not files:
        raise InputError(
            f"{folder}: there is no .wfn file in it, of which cube files are made; give the folder "
            "of a finished run, of a chain that of its last stage (4-states)"
        )
    path, run = _newest(folder, files)
    if not run.inputs:
        raise InputError(f"{folder}: {path.name} needs the input of its run; put it beside it")
    wfn = read_wfn(path)
    return wfn, _basis_of(run, path, wfn.n_functions)


def read_text_states(folder: Path, weighing: Weighing = ALL) -> OrbitalStates:
    """Read the states of a run from its orbitals as text and its overlap matrix.

    Parameters
    ----------
    folder : Path
        Holds the text of one project (a .MOLog file, or the main output), its main output and its
        input.
    weighing : Weighing
        Which states, and what is to be had of them.

    Returns
    -------
    OrbitalStates
        As exact as the digits of the text.

    Raises
    ------
    InputError
        As `read_wfn_states`.
    """
    return _load_text(folder, weighing.n_states).states(weighing)


def _load_text(folder: Path, n_states: int | None) -> LoadedOrbitals:
    path, run = _newest(folder, find_text(folder))
    orbitals = read_molog(path)
    run.require_electrons(path, orbitals.occupations, orbitals.spins)
    return _of_run(run, _window(orbitals, n_states), n_states)


def read_molden_states(folder: Path, weighing: Weighing = ALL) -> OrbitalStates:
    """Read the states of a run from its Molden file, which holds all that their overlap needs.

    Parameters
    ----------
    folder : Path
        Holds the Molden file of one project, and its main output. A lone Molden file is read as
        well, but then nothing tells whether its run converged.
    weighing : Weighing
        Which states, and what is to be had of them.

    Returns
    -------
    OrbitalStates
        As exact as the digits of the file.

    Raises
    ------
    InputError
        If the file is damaged, or the run did not converge.
    """
    return _load_molden(folder, weighing.n_states).states(weighing)


def _load_molden(folder: Path, n_states: int | None) -> LoadedOrbitals:
    files = find_molden(folder)
    if main_outputs(folder):
        path, run = _newest(folder, files)
        basis, orbitals = read_molden(path)
        run.require_electrons(path, orbitals.occupations, orbitals.spins)
        name, fermi_ev = run.name, run.fermi_ev
    elif len(files) == 1:
        path = files[0]
        basis, orbitals = read_molden(path)
        name = "a Molden file without main output, so that nothing tells whether it converged"
        fermi_ev = ()
    else:
        named = ", ".join(path.name for path in files)
        raise InputError(f"{folder}: it holds several Molden files ({named}); keep one of them")
    return LoadedOrbitals(
        _window(orbitals, n_states),
        overlap_matrix(basis.positions_bohr, basis.shells),
        basis.symbols,
        f"{name}, {_told(path, n_states)}, overlap of its own basis functions",
        fermi_ev,
    )


def load_orbitals(folder: Path) -> LoadedOrbitals | None:
    """Read all orbitals of a run with their overlap: .wfn, else text, else Molden, else None.

    Raises
    ------
    InputError
        As `read_wfn_states`.
    """
    for find, load in (
        (find_wfn, _load_wfn),
        (find_text, _load_text),
        (find_molden, _load_molden),
    ):
        if find(folder):
            return load(folder, None)
    return None


def _newest(folder: Path, files: Iterable[Path]) -> tuple[Path, Run]:
    """Return the file of the last iteration, and its run; refuse files of several projects."""
    outputs = {output.project: output for output in main_outputs(folder)}
    of_project: dict[str, list[Path]] = {}
    for path in files:
        # A file may be the main output itself; others begin with the project's name.
        owners = [
            project
            for project, output in outputs.items()
            if output.path == path or path.name.startswith(f"{project}-")
        ]
        owner = max(owners, key=len, default=_ITERATION.sub("", path.stem).rpartition("-")[0])
        of_project.setdefault(owner, []).append(path)
    if not of_project:
        raise InputError(f"{folder}: there are no such orbitals in it; give the folder of a run")
    if len(of_project) > 1:
        raise InputError(
            f"{folder}: it holds orbitals of several projects ({', '.join(sorted(of_project))}); "
            "give a folder with one of them"
        )
    ((project, candidates),) = of_project.items()
    return max(candidates, key=_age), Run.of(folder, project)


def _age(path: Path) -> tuple[int, tuple[int, ...], int]:
    """Rank the files of one project: whole SCFs after their single steps, in order of iteration."""
    match = _ITERATION.search(path.stem)
    iteration = tuple(int(number) for number in match[1].split("_")) if match else ()
    return -len(iteration), iteration, path.stat().st_mtime_ns


def _wfn_orbitals(wfn: Wfn, n_states: int | None) -> Orbitals:
    """Read the orbitals around the gap of each spin."""
    full = 2.0 / len(wfn.spins)
    chosen = [around_gap(spin.occupations, full, n_states) for spin in wfn.spins]
    parts = [wfn.coefficients(i, window.start, window.stop) for i, window in enumerate(chosen)]
    pairs = list(zip(wfn.spins, chosen, strict=True))
    return Orbitals(
        path=wfn.path,
        energies_ev=np.concatenate([spin.energies_ev[window] for spin, window in pairs]),
        occupations=np.concatenate([spin.occupations[window] for spin, window in pairs]),
        spins=np.repeat(np.arange(len(parts), dtype=np.int8), [part.shape[1] for part in parts]),
        restricted=len(parts) == 1,
        coefficients=parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1),
        atom_of_function=wfn.atom_of_function,
        angular=wfn.angular,
        n_digits=None,
        remedy="the overlap, coordinates or basis set beside it are of another run",
        left_out=_left_out(chosen),
    )


def _left_out(windows: Sequence[slice]) -> tuple[int, ...]:
    """Return how many orbitals of each spin lie below its window; 0 for a spin that is not."""
    starts = [window.start for window in windows]
    return (*starts, 0) if len(starts) == 1 else tuple(starts)


def _window(orbitals: Orbitals, n_states: int | None) -> Orbitals:
    """Keep the states around the gap of each spin."""
    full = 2.0 if orbitals.restricted else 1.0
    of_spins = [np.flatnonzero(orbitals.spins == spin) for spin in np.unique(orbitals.spins)]
    windows = [around_gap(orbitals.occupations[of_spin], full, n_states) for of_spin in of_spins]
    kept = np.concatenate([o[window] for o, window in zip(of_spins, windows, strict=True)])
    return replace(
        orbitals,
        energies_ev=orbitals.energies_ev[kept],
        occupations=orbitals.occupations[kept],
        spins=orbitals.spins[kept],
        coefficients=orbitals.coefficients[:, kept],
        left_out=_left_out(windows),
    )


def _told(path: Path, n_states: int | None) -> str:
    """Say which orbitals were used."""
    which = "orbitals" if n_states is None else f"{n_states} orbitals around the gap of each spin"
    return f"{which} of {path.name}"


def _of_run(run: Run, orbitals: Orbitals, n_states: int | None) -> LoadedOrbitals:
    """Put the overlap of a run beside its orbitals."""
    n_functions = len(orbitals.atom_of_function)
    files = sorted(run.folder.glob("[!.]*S_SPIN_1*.csr"), key=_age)
    own = [path for path in files if path.name.startswith(f"{run.output.project}-")]
    if files and not own:
        raise InputError(
            f"{files[-1]}: it is of another project than {orbitals.path.name}; keep the files of "
            "one run"
        )
    if own:
        overlap, origin = read_csr(own[-1], n_functions), own[-1].name
    else:
        overlap, origin = _computed(run, orbitals)
    source = f"{run.name}, {_told(orbitals.path, n_states)}, overlap {origin}"
    return LoadedOrbitals(orbitals, overlap, run.symbols, source, run.fermi_ev)


def _computed(run: Run, orbitals: Orbitals) -> tuple[csr_array, str]:
    """Compute the overlap from the input of a run."""
    if not run.inputs:
        raise InputError(
            f"{run.folder}: {orbitals.path.name} needs an overlap matrix; add the file of "
            "&S_CSR_WRITE, or the input of the run, from which it can be computed"
        )
    basis = _basis_of(run, orbitals.path, len(orbitals.atom_of_function))
    overlap = overlap_matrix(basis.positions_bohr, basis.shells, basis.translations_bohr)
    return overlap, f"computed from {run.inputs[0].path.name}"


def _basis_of(run: Run, path: Path, n_functions: int) -> AtomBasis:
    """Read atoms and basis functions of a run, which must be those of its orbitals."""
    source = run.inputs[0].path
    basis = read_atom_basis(source)
    told = sum(2 * shell.angular + 1 for shells in basis.shells for shell in shells)
    if told != n_functions:
        raise InputError(
            f"{path}: its orbitals have {n_functions} basis functions, but {source.name} tells of "
            f"{told} on {len(basis.symbols)} atoms; keep the files of one run"
        )
    return basis
