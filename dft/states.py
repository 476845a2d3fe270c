"""Orbital states: energies, occupations and the weight of each atom, or kind, in each state."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from epicarve.errors import InputError
from epicarve.files import replaced_file

from .weighed_states import WeighedStates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from epicarve.arrays import Floats

ANGULAR_MOMENTA = "spdfghi"
"""Letters of the angular momenta from 0 on."""


@dataclass(frozen=True)
class KindStates(WeighedStates):
    """States with the weights of whole kinds of atoms, as in CP2K's .pdos files without lists.

    Energies, occupations and densities of states are right, but no IPR can be had: that needs the
    weight of each atom.
    """

    row_name: ClassVar[str] = "kinds"


@dataclass(frozen=True)
class OrbitalStates(WeighedStates):
    """States of a finite model with the weight of each atom; the first parameters are inherited.

    Parameters
    ----------
    pairs : tuple of pairs of str
        Names of the two groups of each row of `overlap_populations`; empty if they were not asked
        for.
    overlap_populations : ndarray of float, shape (n_pairs, n_states)
        Overlap population between two groups of atoms in each state, for one electron in it.
    uncoupled : OrbitalStates or None
        The same states without spin-orbit coupling, if these have it; then a state is a Kramers
        pair. An archive does not hold them.

    Raises
    ------
    InputError
        If shapes disagree, a number is not finite, energies descend, or weights do not sum to 1.

    Examples
    --------
    >>> states = OrbitalStates(
    ...     energies_ev=np.array([-5.0, -2.0]),
    ...     occupations=np.array([2.0, 0.0]),
    ...     weights=np.array([[0.75, 0.25], [0.25, 0.75]]),
    ...     symbols=("Pb", "S"),
    ... )
    >>> states.n_electrons, states.homo_ev, states.lumo_ev
    (2.0, -5.0, -2.0)
    """

    row_name: ClassVar[str] = "atoms"
    _dtypes: ClassVar[dict[str, type[Any]]] = {
        **WeighedStates._dtypes,
        "overlap_populations": np.float64,
    }

    pairs: tuple[tuple[str, str], ...] = ()
    overlap_populations: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    uncoupled: OrbitalStates | None = None

    def _require_sound(self) -> None:
        super()._require_sound()
        where = self.source or "orbital states"
        if self.pairs and self.overlap_populations.shape != (len(self.pairs), self.n_states):
            raise InputError(
                f"{where}: overlap populations have shape {self.overlap_populations.shape}, but "
                f"there are {len(self.pairs)} pairs of groups and {self.n_states} states"
            )
        if not np.isfinite(self.overlap_populations).all():
            raise InputError(
                f"{where}: an overlap population is not a finite number; repeat the run"
            )

    def __len__(self) -> int:
        return self.n_states

    def __repr__(self) -> str:
        gap_ev = self.gap_ev()
        told = "no gap" if gap_ev is None else f"HOMO-LUMO gap {gap_ev:.3f} eV"
        electrons = f"{self.n_electrons:g} electrons"
        source = f"; {self.source}" if self.source else ""
        size = f"{self.n_states} states of {self.n_atoms} atoms"
        return f"OrbitalStates({size}, {electrons}, {told}{source})"

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.symbols)

    def with_pairs(self, pairs: Sequence[tuple[str, str]]) -> OrbitalStates:
        """Return the states with the overlap populations of some pairs of groups alone.

        Parameters
        ----------
        pairs : sequence of pairs of str
            Names of groups, in either order.

        Returns
        -------
        OrbitalStates
            The states, with `pairs` as they are named here.

        Raises
        ------
        InputError
            If the states do not have them.
        """
        places = {frozenset(pair): row for row, pair in enumerate(self.pairs)}
        for pair in pairs:
            if frozenset(pair) not in places:
                raise InputError(
                    f"{self.source or 'orbital states'}: these states have no overlap populations "
                    f"of {pair[0]} and {pair[1]}, which are computed together with them; name the "
                    "pair under analysis: overlap_populations in the recipe and run it again"
                )
        rows = [places[frozenset(pair)] for pair in pairs]
        return replace(self, pairs=tuple(pairs), overlap_populations=self.overlap_populations[rows])

    def save(self, path: Path) -> None:
        """Write the states to a numpy archive (.npz); the same states give the same bytes.

        Parameters
        ----------
        path : Path
            The file to write; replaced as a whole if it is there. Its members have the names of the
            fields, each an array.
        """
        arrays = {name: np.asarray(getattr(self, name)) for name in _FIELDS}
        with (
            replaced_file(path) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, array in arrays.items():
                # A ZipInfo made by hand bears the date 1980-01-01 and not the clock's.
                member = zipfile.ZipInfo(f"{name}.npy")
                member.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(member, "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, array, allow_pickle=False)

    @classmethod
    def load(cls, path: Path) -> OrbitalStates:
        """Read states that `save` wrote.

        Parameters
        ----------
        path : Path
            An archive written by `save`.

        Returns
        -------
        OrbitalStates
            States equal to those saved.

        Raises
        ------
        InputError
            If the file is missing, cut off, or no archive of orbital states.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                absent = _LATER_FIELDS.difference(archive.files)
                arrays = {name: archive[name] for name in _FIELDS if name not in absent}
        except FileNotFoundError:
            raise InputError(f"{path}: no such file; run the calculation first") from None
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path}: not an archive of orbital states ({error}); save the states again"
            ) from error
        return cls(
            energies_ev=arrays["energies_ev"],
            occupations=arrays["occupations"],
            weights=arrays["weights"],
            symbols=tuple(arrays["symbols"].tolist()),
            spins=arrays["spins"],
            restricted=bool(arrays["restricted"]),
            source=str(arrays["source"]),
            caveat=str(arrays["caveat"]),
            orbital_names=tuple(str(name) for name in arrays["orbital_names"].tolist()),
            orbital_weights=arrays["orbital_weights"],
            left_out=tuple(arrays["left_out"].tolist()),
            pairs=tuple((str(first), str(second)) for first, second in arrays["pairs"].tolist()),
            overlap_populations=arrays["overlap_populations"],
            fermi_ev=arrays.get("fermi_ev", np.zeros(0)),
            list_names=tuple(str(name) for name in arrays.get("list_names", np.zeros(0)).tolist()),
            list_weights=arrays.get("list_weights", np.zeros((0, 0))),
            lumo_beyond_ev=arrays.get("lumo_beyond_ev", np.zeros(0)),
            notes=tuple(str(note) for note in arrays.get("notes", np.zeros(0)).tolist()),
        )


AnyStates: TypeAlias = OrbitalStates | KindStates
"""States of a run, whatever its files tell weights of."""

_FIELDS = tuple(field.name for field in fields(OrbitalStates) if field.name != "uncoupled")

_LATER_FIELDS = {"fermi_ev", "list_names", "list_weights", "lumo_beyond_ev", "notes"}
"""Those that archives of earlier versions of epicarve lack."""
