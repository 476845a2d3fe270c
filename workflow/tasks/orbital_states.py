"""Orbitals to be drawn: evaluated, and found by what an analysis says of the states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.states import SIDES, OrbitalPicture, trap_states
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR

from .cube import SPINS, SpinOrbitals

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.analysis.states import Spectrum
    from epicarve.dft.cube import OrbitalGrid

STEP_A = 0.25
"""Distance in Å between points, where there are not too many of them."""

MARGIN_A = 4.0
"""Width in Å of the box beyond the outermost atoms."""

SHARE = 0.8
"""Part of the density that surfaces hold."""

MOST_POINTS = 8_000_000
"""Points of a grid that is not asked for otherwise: 200 MB with all that is made of them."""

SAME_EV = 3e-5
"""Energies of one state in two files differ by no more: some have them to 1e-6 hartree."""


@dataclass(frozen=True)
class DrawnOrbital:
    """One orbital on a grid.

    Parameters
    ----------
    name : str
        What was asked for, such as ``homo``.
    number : int
        Number of the state within its spin, from 1.
    energy_ev : float
        Its energy in eV, on the scale of the source.
    picture : OrbitalPicture
        Its values and what is drawn of them.
    """

    name: str
    number: int
    energy_ev: float
    picture: OrbitalPicture

    @classmethod
    def of(
        cls,
        source: SpinOrbitals,
        name: str,
        number: int,
        *,
        share: float = SHARE,
        step_a: float | None = None,
        margin_a: float = MARGIN_A,
    ) -> DrawnOrbital:
        """Evaluate a state on a grid; see `epicarve.orbital`."""
        positions_a = source.states.basis.positions_bohr * A_PER_BOHR
        if step_a is None:
            sides_a = np.ptp(positions_a, axis=0) + 2.0 * margin_a
            step_a = max(STEP_A, float((np.prod(sides_a) / MOST_POINTS) ** (1.0 / 3.0)))
        grid, energy_ev = source.grid(number, step_a, margin_a), source.energy_ev(number)
        state = f"state {number}" + (f" {SPINS[source.spin]}" if len(source.wfn.spins) > 1 else "")
        energy = f"{energy_ev:.3f} eV".replace("-", "−")
        title = f"{state}\n{energy}" if name.isdecimal() else f"{_title(name)}\n{state}, {energy}"
        symbols = source.states.basis.symbols
        picture = OrbitalPicture(title, grid, share, grid.isovalue(share), symbols, positions_a)
        return cls(name, number, energy_ev, picture)

    @property
    def grid(self) -> OrbitalGrid:
        """Its values."""
        return self.picture.grid

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data."""
        return {
            "name": self.name,
            "state": self.number,
            "energy_ev": round(self.energy_ev, 6),
            "norm": round(self.grid.norm, 6),
            "isovalue": self.picture.isovalue,
            "points": list(self.grid.values.shape),
        }


def edge_pictures(
    folder: Path, spectrum: Spectrum, project: str | None
) -> tuple[OrbitalPicture, ...]:
    """Return pictures of the states at the edges of the filter in use, as far as there are some.

    Raises
    ------
    InputError
        If there is no .wfn file of the states, or the model repeats.
    """
    pictures = []
    used = spectrum.filter_in_use
    for side, edge_ev in zip(SIDES, (used.valence_edge_ev, used.conduction_edge_ev), strict=True):
        if edge_ev is not None:
            state = edge_state(side, spectrum, folder)
            source = SpinOrbitals.of(folder, SPINS[int(spectrum.spins[state])], project)
            number = number_of(state, spectrum, source)
            pictures.append(DrawnOrbital.of(source, f"{side}-edge", number).picture)
    return tuple(pictures)


def _title(name: str) -> str:
    """Return what a state is called in a figure."""
    words = name.strip().lower().replace("homo", "HOMO").replace("lumo", "LUMO")
    return words.replace("-", "−" if "MO-" in words else " ")


def edge_state(side: str, spectrum: Spectrum, folder: Path) -> int:
    """Return which state of a spectrum is a band edge."""
    used = spectrum.filter_in_use
    edge_ev = used.valence_edge_ev if side == "valence" else used.conduction_edge_ev
    if edge_ev is None:
        why = used.valence_reason if side == "valence" else used.conduction_reason
        raise InputError(f"{folder}: there is no {side} edge: {why}; name another state")
    nearest = np.where(used.kept, np.abs(spectrum.energies_ev - edge_ev), np.inf)
    return int(nearest.argmin())


def trap_state(number: int, spectrum: Spectrum, folder: Path) -> int:
    """Return which state of a spectrum is a trap, in the order of traps.csv."""
    of_sides = trap_states(spectrum.energies_ev, spectrum.occupied, spectrum.filter_in_use)
    traps = [int(state) for side in SIDES if side in of_sides for state in of_sides[side]]
    if not 1 <= number <= len(traps):
        told = f"they are trap-1 to trap-{len(traps)}" if traps else "there is none"
        raise InputError(f"{folder}: no trap {number}; {told}")
    return traps[number - 1]


def number_of(state: int, spectrum: Spectrum, source: SpinOrbitals) -> int:
    """Return the number of a state of a spectrum among the orbitals of the same spin.

    It stands as far from the HOMO in one as in the other, whatever states either leaves out.
    """
    spin = int(spectrum.spins[state])
    if spin != source.spin:
        raise InputError(
            f"that state has spin {SPINS[spin]}, not {SPINS[source.spin]}; ask for the other spin "
            "(--spin)"
        )
    homo_ev = spectrum.gap.homo_ev
    if homo_ev is None:
        raise InputError("there is no occupied state to count from; give the number of the state")
    mine = np.flatnonzero(spectrum.spins == spin)
    order = mine[np.argsort(spectrum.energies_ev[mine], kind="stable")]
    n_below = int((spectrum.energies_ev[order] <= homo_ev + SAME_EV).sum())
    n_below_here = int((source.states.energies_ev <= homo_ev + SAME_EV).sum())
    number = n_below_here + int(np.flatnonzero(order == state)[0]) - n_below + 1
    energy_ev = float(spectrum.energies_ev[state])
    is_there = 1 <= number <= len(source.states.energies_ev)
    if not is_there or abs(source.energy_ev(number) - energy_ev) > SAME_EV:
        raise InputError(
            f"{source.states.path}: it has no state at {energy_ev:.4f} eV, where the analysis has "
            "one; analyse the folder again"
        )
    return number
