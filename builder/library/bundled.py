"""The bundled crystals, each a CIF with source, status and bond rule."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from epicarve.builder.cif import read_cif
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal

FOLDER = files("epicarve.builder.library")


def bundled_names() -> tuple[str, ...]:
    """Names of the bundled crystals in alphabetical order."""
    return tuple(
        sorted(
            item.name.removesuffix(".cif")
            for item in FOLDER.iterdir()
            if item.name.endswith(".cif")
        )
    )


def bundled_crystal(name: str) -> Crystal:
    """Return a bundled crystal by name.

    Parameters
    ----------
    name : str
        One of `bundled_names`.

    Returns
    -------
    Crystal
        The crystal, with its source and whether it is published or derived.

    Raises
    ------
    InputError
        If there is no crystal of this name; the message suggests the nearest one.

    Examples
    --------
    >>> bundled_crystal("Pb4S3Cl2").status
    'computed'
    """
    names = bundled_names()
    if name not in names:
        if name.lower().endswith(".cif"):
            raise InputError(
                f"no bundled crystal {name!r}; a CIF is given as file: {name} in a "
                f"recipe, and by epicarve.Crystal.from_file({name!r}) in Python"
            )
        lower = {known.lower(): known for known in names}
        near = get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
        hint = (
            f"did you mean {lower[near[0]]}?"
            if near
            else f"epicarve crystals lists the {len(names)}"
        )
        raise InputError(
            f"no bundled crystal {name!r}; {hint}; one of your own is given as file: my.cif in a "
            "recipe, and by epicarve.Crystal.from_file in Python"
        )
    with as_file(FOLDER / f"{name}.cif") as path:
        return read_cif(path)
