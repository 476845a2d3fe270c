"""Pictures of chosen orbitals of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve.analysis.figures import orbitals_figure, write_figure
from epicarve.analysis.options import FigureOptions
from epicarve.errors import InputError
from epicarve.files import filled_folder

from .cube import SpinOrbitals
from .orbital_states import DrawnOrbital, edge_state, number_of, trap_state
from .plot import require_figure_name, spectra_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from epicarve.analysis.figures import AnyAxes

_NAMED = re.compile(r"(valence|conduction)-edge|trap-(\d+)")


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
        with filled_folder(path.parent, None) as scratch:
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
    drawn = [
        DrawnOrbital.of(source, name, number, share=share, step_a=step_a, margin_a=margin_a)
        for name, number in zip(names, numbers, strict=True)
    ]
    figure = orbitals_figure([each.picture for each in drawn], options, ax=ax)
    found = DrawnOrbitals(figure, tuple(drawn), source)
    if out is not None:
        found.write(out, cubes=cubes)
    return found


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
            numbers.append(number_of(edge_state(told[1], spectrum, folder), spectrum, source))
        else:
            numbers.append(number_of(trap_state(int(told[2]), spectrum, folder), spectrum, source))
    return numbers
