"""CP2K's restart file of the wave function (.wfn): energies, occupations, and any of its orbitals.

It is a sequence of Fortran's unformatted records (write_mo_set_low in CP2K's qs_mo_io.F): five
integers; how many sets and shells each atom has and how many functions each shell; then for each
spin four integers, the energies and occupations, and one record for each orbital.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

    from numpy.typing import NDArray

    from epicarve.arrays import Floats, Ints

_MARKER = 4
"""Bytes of the length that stands before and after each record. A record of 2 GiB would be split,
but those here are of one orbital each, and no basis has 268 million functions."""

_MOST_FUNCTIONS = 41
"""Functions of a shell at an angular momentum of 20, far beyond any basis set."""

_LONGEST_RECORD = 2**31 - 1
"""Bytes of the longest record that is not split."""

_VECTORS_AT_ONCE = 32
"""Orbitals read in one call and tested while they are in the processor's cache; the system takes at
most 1024 pieces of memory in a call."""


@dataclass(frozen=True)
class WfnSpin:
    """The orbitals of one spin in a .wfn file.

    Parameters
    ----------
    energies_ev, occupations : ndarray of float, shape (n_states,)
        Orbital energies in eV and occupations. After an orbital transformation CP2K before 2026.1
        leaves zeros for energies.
    n_electrons : int
        Electrons of this spin, or of both in a restricted run, as the file says.
    offset : int
        Where the first orbital's record begins, in bytes.
    """

    energies_ev: Floats
    occupations: Floats
    n_electrons: int
    offset: int


@dataclass(frozen=True)
class Wfn:
    """What a .wfn file holds; the orbitals themselves are read on demand.

    Parameters
    ----------
    path : Path
        The file.
    functions_of_atom : ndarray of int, shape (n_atoms,)
        Number of basis functions of each atom.
    angular : ndarray of int, shape (n_functions,)
        Angular momentum of each basis function.
    spins : tuple of WfnSpin
        One if restricted, else alpha and beta.
    """

    path: Path
    functions_of_atom: Ints
    angular: Ints
    spins: tuple[WfnSpin, ...]

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.functions_of_atom)

    @property
    def n_functions(self) -> int:
        """Number of basis functions."""
        return len(self.angular)

    @property
    def atom_of_function(self) -> Ints:
        """Atom, from 0, that each basis function sits on, shape (n_functions,)."""
        return np.repeat(np.arange(self.n_atoms), self.functions_of_atom)

    @property
    def energies_ev(self) -> Floats:
        """Energies of the orbitals of all spins in eV."""
        return np.concatenate([spin.energies_ev for spin in self.spins])

    def coefficients(self, spin: int, start: int, stop: int) -> Floats:
        """Read some orbitals, and nothing else of the file.

        Parameters
        ----------
        spin : int
            Index in `spins`.
        start, stop : int
            The first orbital, from 0, and the one after the last.

        Returns
        -------
        ndarray of float, shape (n_functions, stop - start)
            One orbital per column; a transposed view, so that each lies in one piece of memory.

        Raises
        ------
        InputError
            If the records are not those of orbitals, or a number is not finite.
        """
        vectors = np.empty((stop - start, self.n_functions))
        markers = np.empty((stop - start, 2), dtype="<i4")
        length = vectors.itemsize * self.n_functions
        record = length + 2 * _MARKER
        with self.path.open("rb", buffering=0) as stream:
            # The vectors are read straight into place, past their markers: no second copy.
            for low in range(0, stop - start, _VECTORS_AT_ONCE):
                some = slice(low, min(low + _VECTORS_AT_ONCE, stop - start))
                rows = zip(markers[some], vectors[some], strict=True)
                pieces = [piece for ends, v in rows for piece in (ends[:1], v, ends[1:])]
                _read_into(stream, pieces, self.spins[spin].offset + (start + low) * record)
                # A sum is finite only if all its terms are.
                if (markers[some] != length).any() or not np.isfinite(vectors[some].sum()):
                    raise InputError(
                        f"{self.path}: an orbital in it is damaged (a wrong length or NaN); copy "
                        "the file again or rerun the stage that writes it"
                    )
        return vectors.T


def read_wfn(path: Path) -> Wfn:
    """Read the head of a .wfn file, its energies and occupations.

    Parameters
    ----------
    path : Path
        The file, of CP2K 2023.1 to 2026.2 (and as far back as 2.x, whose layout is the same).

    Returns
    -------
    Wfn
        What it holds.

    Raises
    ------
    InputError
        If the file is cut off, too long, or no .wfn file.
    """
    try:
        with path.open("rb") as stream:
            wfn, end = _read_head(path, stream)
    except (ValueError, EOFError, OverflowError, MemoryError) as error:
        raise InputError(
            f"{path}: not a whole .wfn file of CP2K ({error}); copy it again or rerun the stage "
            "that writes it"
        ) from error
    if end != path.stat().st_size:
        raise InputError(
            f"{path}: {path.stat().st_size} bytes, but its head tells of {end}; it is cut off, or "
            "not the restart file of a run without k-points"
        )
    return wfn


def _read_head(path: Path, stream: BinaryIO) -> tuple[Wfn, int]:
    """Read all but the orbitals; return where the file should end."""
    n_atoms, n_spins, n_functions, most_sets, most_shells = _record(stream, "<i4", 5).tolist()
    if n_spins not in {1, 2} or min(n_atoms, n_functions, most_sets, most_shells) < 1:
        raise ValueError("its first record makes no sense")
    _record(stream, "<i4", n_atoms)
    _record(stream, "<i4", n_atoms * most_sets)
    sizes = _record(stream, "<i4", n_atoms * most_sets * most_shells).reshape(n_atoms, -1)
    shells = sizes[sizes > 0].astype(np.int64)
    if sizes.min() < 0 or shells.max(initial=0) > _MOST_FUNCTIONS:
        raise ValueError(f"its shells have {sizes.min()} to {sizes.max()} functions")
    if shells.sum() != n_functions:
        raise ValueError(f"its shells have {shells.sum()} functions, its orbitals {n_functions}")
    spins = []
    for _ in range(n_spins):
        n_states, _, _, n_electrons = _record(stream, "<i4", 4).tolist()
        numbers = _record(stream, "<f8", 2 * n_states)
        if not np.isfinite(numbers).all():
            raise ValueError("an energy or occupation is not a number")
        offset = stream.tell()
        spins.append(
            WfnSpin(numbers[:n_states] * EV_PER_HARTREE, numbers[n_states:], n_electrons, offset)
        )
        stream.seek(n_states * (8 * n_functions + 2 * _MARKER), os.SEEK_CUR)
    wfn = Wfn(
        path=path,
        functions_of_atom=sizes.sum(axis=1, dtype=np.int64),
        angular=np.repeat(shells // 2, shells),
        spins=tuple(spins),
    )
    return wfn, stream.tell()


def _record(stream: BinaryIO, kind: str, count: int) -> NDArray[Any]:
    """Read one record of `count` numbers."""
    length = np.dtype(kind).itemsize * count
    left = os.fstat(stream.fileno()).st_size - stream.tell() - 2 * _MARKER
    if not 0 <= length <= min(left, _LONGEST_RECORD):
        raise ValueError(f"a record of {length:.3g} bytes is told of where {max(0, left)} are left")
    head, body, tail = stream.read(_MARKER), stream.read(length), stream.read(_MARKER)
    expected = length.to_bytes(_MARKER, "little")
    if head != expected or tail != expected:
        raise ValueError("a record has another length than those before it tell")
    return np.frombuffer(body, dtype=kind)


def _read_into(file: FileIO, pieces: list[NDArray[Any]], offset: int) -> None:
    """Fill pieces of memory with what follows in a file."""
    ends = np.cumsum([0, *(piece.nbytes for piece in pieces)])
    done = 0
    while done < ends[-1]:
        # A read may end early, then go on within the piece where it stopped.
        first = int(np.searchsorted(ends, done, side="right")) - 1
        begun = memoryview(pieces[first].data).cast("B")[done - int(ends[first]) :]
        count = os.preadv(
            file.fileno(), [begun, *(piece.data for piece in pieces[first + 1 :])], offset + done
        )
        if count == 0:
            raise InputError(
                f"{file.name}: it shrank while it was read; wait until its run has ended"
            )
        done += count
