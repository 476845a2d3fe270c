"""Basis sets in CP2K's files of basis sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import basis_shells, entries
from epicarve.errors import InputError

from .gaussian_shell import GaussianShell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_basis_set(files: Sequence[Path], element: str, name: str) -> tuple[GaussianShell, ...]:
    """Read the basis set of one element, from the first file that has it.

    Parameters
    ----------
    files : sequence of Path
        Files in CP2K's format, such as BASIS_MOLOPT.
    element : str
        Chemical symbol.
    name : str
        Any of the names that the file gives to the basis set.

    Returns
    -------
    tuple of GaussianShell
        In CP2K's order of basis functions.

    Raises
    ------
    InputError
        If no file has it, or its table is damaged.
    """
    for path in files:
        text = entries(path).get((element.upper(), name.upper()))
        if text is None:
            continue
        try:
            return tuple(GaussianShell(*shell) for shell in basis_shells(text))
        except ValueError as error:
            raise InputError(
                f"{path}: the basis set {name} of {element} is damaged ({error}); put the file of "
                "CP2K's data in its place"
            ) from error
    named = ", ".join(path.name for path in files) or "no file at all"
    raise InputError(
        f"there is no basis set {name} of {element} in {named}; put the file of the run beside its "
        "input"
    )


def basis_set_of_lines(path: Path, kind: str, lines: Sequence[str]) -> tuple[GaussianShell, ...]:
    """Read a basis set that stands in the input itself.

    Parameters
    ----------
    path : Path
        The input, for messages.
    kind : str
        Name of the kind.
    lines : sequence of str
        Lines of its &BASIS.

    Raises
    ------
    InputError
        If they are no table of Gaussians.
    """
    try:
        return tuple(GaussianShell(*shell) for shell in basis_shells("\n".join(lines)))
    except ValueError as error:
        raise InputError(f"{path}: &BASIS of &KIND {kind}: {error}; mend the table") from error
