"""Pictures of chosen orbitals of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.figures import OrbitalPicture, orbitals_figure, write_figure
from epicarve.analysis.options import FigureOptions
from epicarve.analysis.states import DEGENERATE_EV
from epicarve.errors import InputError
from epicarve.files import filled_folder
from epicarve.units import A_PER_BOHR

from .cube import SPINS, SpinOrbitals
from .plot import require_figure_name, spectra_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from epicarve.analysis.figures import AnyAxes
    from epicarve.analysis.states import Spectrum
    from epicarve.arrays import Ints
    from epicarve.dft.cube import OrbitalGrid

STEP_A = 0.25
"""Distance in Å between points, where there are not too many of them."""

MOST_POINTS = 8_000_000
"""Points of a grid that is not asked for otherwise: 200 MB with all that is made of them."""

SAME_EV = 3e-5
"""Energies of one state in two files differ by no more: some have them to 1e-6 hartree."""

_NAMED = re.compile(r"(valence|conduction)-edge|trap-(\d+)")


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
    grid : OrbitalGrid
        Its values.
    isovalue : float
        Its size on the surface that holds the share, in bohr^(-3/2).
    """

    name: str
    number: int
    energy_ev: float
    grid: OrbitalGrid
    isovalue: float

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data."""
        return {
            "name": self.name,
            "state": self.number,
            "energy_ev": round(self.energy_ev, 6),
            "norm": round(self.grid.norm, 6),
            "isovalue": self.isovalue,
            "points": list(self.grid.values.shape),
        }


@dataclass(frozen=True)
class DrawnOrbitals:
    """A figure of orbitals, and what is in it.

    Parameters
    ----------
    figure : Figure
        The figure.
    orbitals : tuple of DrawnOrbital
        The orbitals, in the order asked.
    source : SpinOrbitals
        Where they are from.
    """

    figure: Figure
    orbitals: tuple[DrawnOrbital, ...]
    source: SpinOrbitals

    def write(self, out: Path | str, *, cubes: bool = False) -> list[Path]:
        """Write the figure, and a cube file of each orbital beside it if asked: all, or none.

        Parameters
        ----------
        out : Path or str
            File of the figure, .png, .svg or .pdf.
        cubes : bool
            Whether to write cube files, ``FIGURE-NAME.cube``.

        Returns
        -------
        list of Path
            The files.
        """
        path = require_figure_name(out)
        written = [path.name]
        with filled_folder(path.parent) as scratch:
            write_figure(self.figure, scratch / path.name)
            for each in self.orbitals if cubes else ():
                written.append(f"{path.stem}-{each.name}.cube")
                self.source.write_cube(scratch / written[-1], each.number, each.grid)
        return [path.parent / name for name in written]


def orbital(
    folder: Path | str,
    states: int | str | Sequence[int | str] = ("homo", "lumo"),
    out: Path | str | None = None,
    *,
    spin: str = "alpha",
    share: float = 0.8,
    step_a: float | None = None,
    margin_a: float = 4.0,
    cubes: bool = False,
    project: str | None = None,
    ax: AnyAxes = None,
    figures: FigureOptions | Mapping[str, Any] | None = None,
    **look: Any,
) -> DrawnOrbitals:
    """Draw isosurfaces of chosen orbitals of a .wfn file around the atoms.

    Parameters
    ----------
    folder : Path or str
        Holds a .wfn file and the input of its run, and for edges and traps what `analyse` wrote
        there; it is analysed on the way if there is nothing.
    states : int, str or sequence of them
        Numbers of states within their spin, from 1, as in states.csv; ``"homo"``, ``"lumo+1"``;
        ``"valence-edge"`` and ``"conduction-edge"`` of the filter in use; ``"trap-1"`` and so on,
        in the order of traps.csv.
    out : Path or str, optional
        Figure to write, .png, .svg or .pdf; nothing is written without it.
    spin : {"alpha", "beta"}
        Which spin; alpha if spin-restricted.
    share : float
        Part of the density of each orbital that its surface holds.
    step_a : float, optional
        Distance in Å between points of the grid; 0.25 if not given, or what makes 8 million points.
    margin_a : float
        Width in Å of the grid beyond the outermost atoms.
    cubes : bool
        Whether a cube file of each orbital is written beside the figure.
    project : str, optional
        Which project of CP2K, where the folder holds .wfn files of several.
    ax : Axes or sequence of Axes, optional
        Axes of matplotlib to draw into, one for each orbital.
    figures : FigureOptions or mapping, optional
        The look.
    **look
        Fields of `FigureOptions`, which override those of `figures`.

    Returns
    -------
    DrawnOrbitals
        The figure and the orbitals.

    Raises
    ------
    InputError
        If there is no such orbital, or it can't be evaluated, as for `epicarve.cube`; or an option
        is wrong.
    """
    if out is not None:
        require_figure_name(out)
    base = figures.model_dump() if isinstance(figures, FigureOptions) else dict(figures or {})
    options = FigureOptions(**{**base, **look})
    names = [str(state) for state in ([states] if isinstance(states, int | str) else states)]
    if not names:
        raise InputError("orbital: name at least one state, such as homo")
    folder = Path(folder)
    source = SpinOrbitals.of(folder, spin, project)
    numbers = _numbers(names, source, folder)
    positions_a = source.states.basis.positions_bohr * A_PER_BOHR
    if step_a is None:
        sides_a = np.ptp(positions_a, axis=0) + 2.0 * margin_a
        step_a = max(STEP_A, float((np.prod(sides_a) / MOST_POINTS) ** (1.0 / 3.0)))
    drawn, pictures = [], []
    for name, number in zip(names, numbers, strict=True):
        grid = source.grid(number, step_a, margin_a)
        energy_ev = source.energy_ev(number)
        drawn.append(DrawnOrbital(name, number, energy_ev, grid, grid.isovalue(share)))
        told = f"state {number}" if name.isdecimal() else f"{_title(name)} (state {number})"
        told += f" {SPINS[source.spin]}" if len(source.wfn.spins) > 1 else ""
        title = f"{told}\n{energy_ev:.3f} eV".replace("-", "−")
        pictures.append(
            OrbitalPicture(
                title, grid, drawn[-1].isovalue, source.states.basis.symbols, positions_a
            )
        )
    found = DrawnOrbitals(orbitals_figure(pictures, share, options, ax=ax), tuple(drawn), source)
    if out is not None:
        found.write(out, cubes=cubes)
    return found


def _title(name: str) -> str:
    """Return what a state is called in a figure."""
    words = name.strip().lower().replace("homo", "HOMO").replace("lumo", "LUMO")
    return words if "+" in words or "MO-" in words else words.replace("-", " ")


def _numbers(names: Sequence[str], source: SpinOrbitals, folder: Path) -> list[int]:
    """Return the numbers of states, of edges and traps by what was found of the run."""
    if not any(_NAMED.fullmatch(name.strip().lower()) for name in names):
        return [source.numbered(name) for name in names]
    (spectrum,) = spectra_of(folder)
    numbers = []
    for name in names:
        told = _NAMED.fullmatch(name.strip().lower())
        if told is None:
            numbers.append(source.numbered(name))
        elif told[1]:
            numbers.append(_place(_edge(told[1], spectrum, folder), spectrum, source))
        else:
            numbers.append(_place(_trap(int(told[2]), spectrum, folder), spectrum, source))
    return numbers


def _edge(side: str, spectrum: Spectrum, folder: Path) -> int:
    """Return which state of a spectrum is a band edge."""
    used = spectrum.filter_in_use
    edge_ev = used.valence_edge_ev if side == "valence" else used.conduction_edge_ev
    if edge_ev is None:
        why = used.valence_reason if side == "valence" else used.conduction_reason
        raise InputError(f"{folder}: there is no {side} edge: {why}; name another state")
    nearest = np.where(used.kept, np.abs(spectrum.energies_ev - edge_ev), np.inf)
    return int(nearest.argmin())


def _trap(number: int, spectrum: Spectrum, folder: Path) -> int:
    """Return which state of a spectrum is a trap, in the order of traps.csv."""
    traps = _traps(spectrum)
    if not 1 <= number <= len(traps):
        told = f"they are trap-1 to trap-{len(traps)}" if len(traps) else "there is none"
        raise InputError(f"{folder}: no trap {number}; {told}")
    return int(traps[number - 1])


def _traps(spectrum: Spectrum) -> Ints:
    """Return the traps: of the valence side from the edge upwards, of the other downwards."""
    energies_ev, used, gap = spectrum.energies_ev, spectrum.filter_in_use, spectrum.gap
    found = []
    for sign, edge_ev, frontier_ev in (
        (1.0, used.valence_edge_ev, gap.homo_ev),
        (-1.0, used.conduction_edge_ev, gap.lumo_ev),
    ):
        if edge_ev is None or frontier_ev is None:
            continue
        beyond = sign * (energies_ev - edge_ev) > DEGENERATE_EV
        within = sign * (frontier_ev - energies_ev) > -SAME_EV
        traps = np.flatnonzero(beyond & within)
        found.append(traps[np.argsort(sign * energies_ev[traps], kind="stable")])
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _place(state: int, spectrum: Spectrum, source: SpinOrbitals) -> int:
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
