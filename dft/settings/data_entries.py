"""Entries of data files that a name may mean: basis sets and potentials of an element."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import (
    BasisEntry,
    basis_entry,
    data_folder,
    entries,
    valence_electrons,
)
from epicarve.errors import InputError
from epicarve.files import is_file

from .data_choice import is_own_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .data_choice import DataChoice

ALL = "ALL"
"""The potential of the bare nucleus: all electrons are computed."""

ALL_ELECTRONS = {ALL, "ALLELECTRON"}
"""Its names in CP2K's files."""

BASIS_FILES = (
    *("BASIS_MOLOPT", "BASIS_MOLOPT_UZH", "BASIS_MOLOPT_UCL", "GTH_BASIS_SETS", "BASIS_SET"),
    *("BASIS_MOLOPT_LnPP2", "BASIS_MOLOPT_LnPP1", "BASIS_MOLOPT_AcPP1", "BASIS_ccGRB_UZH"),
    *("BASIS_pob", "BASIS_def2_QZVP_RI_ALL", "EMSL_BASIS_SETS", "HFX_BASIS", "BASIS_ZIJLSTRA"),
    *("ALL_BASIS_SETS", "BASIS_MINIX"),
)
"""CP2K's files of basis sets, in the order in which a name is looked for."""

AUXILIARY_FILES = ("BASIS_ADMM_UZH", "BASIS_ADMM", "BASIS_ADMM_MOLOPT", "BASIS_ADMM_ae")
"""CP2K's files of basis sets for exact exchange."""

POTENTIAL_FILES = (
    *("GTH_POTENTIALS", "POTENTIAL_UZH", "ALL_POTENTIALS", "NLCC_POTENTIALS", "LnPP2_POTENTIALS"),
    *("LnPP1_POTENTIALS", "AcPP1_POTENTIALS", "HF_POTENTIALS", "POTENTIAL"),
)
"""CP2K's files of potentials."""


@dataclass(frozen=True)
class DataEntry:
    """An entry of a data file, as the input names it.

    Parameters
    ----------
    name : str
        Name of the entry.
    file : str
        Name of the file.
    source : Path or None
        Where a file of one's own lies, which goes with the input; None for CP2K's.
    """

    name: str
    file: str
    source: Path | None = None

    @property
    def family(self) -> str:
        """Its name without the number of electrons."""
        return re.sub(r"-[Qq]\d+\Z", "", self.name)


@dataclass(frozen=True)
class BasisOption:
    """A basis set that a name may mean, for how many electrons it says to be, and what is in it."""

    entry: DataEntry
    electrons: int | None
    found: BasisEntry


@dataclass(frozen=True)
class PotentialOption:
    """A potential that a name may mean, its electrons, and whether it bears that very name."""

    entry: DataEntry
    electrons: int
    is_plain: bool


def basis_options(
    symbol: str, choice: DataChoice, *, auxiliary: bool = False
) -> tuple[BasisOption, ...]:
    """Return the basis sets of an element that a name may mean, those that tell their q first.

    Raises
    ------
    InputError
        If there are none, or they can't be read.
    """
    what = "auxiliary basis set" if auxiliary else "basis set"
    searched = AUXILIARY_FILES if auxiliary else BASIS_FILES
    path, source, texts = _found(symbol, choice, what, searched)
    options = []
    for name, electrons, text in texts:
        try:
            found = basis_entry(text)
        except ValueError as error:
            raise InputError(
                f"{_place(what)}: the {what} {name} of {symbol} in {path} can't be read ({error}); "
                "mend the file"
            ) from error
        options.append(BasisOption(DataEntry(name, path.name, source), electrons, found))
    telling = [option for option in options if option.electrons is not None]
    return tuple(telling or options)


def potential_options(
    symbol: str, choice: DataChoice, searched: tuple[str, ...]
) -> tuple[PotentialOption, ...]:
    """Return the potentials of an element that a name may mean, from the first file that has some.

    Raises
    ------
    InputError
        If there are none, or they can't be read.
    """
    path, source, texts = _found(symbol, choice, "potential", searched)
    plain = next((text for name, electrons, text in texts if name == choice.name), None)
    options = []
    for name, told, text in texts:
        if told is None and sum(text == other for _, _, other in texts) > 1:
            continue  # another name of one that tells its q
        try:
            electrons = valence_electrons(text)
        except (ValueError, IndexError):
            raise InputError(
                f"cp2k.potential: {name} of {symbol} in {path} can't be read; take a GTH "
                f"potential, or {ALL}"
            ) from None
        options.append(
            PotentialOption(DataEntry(name, path.name, source), electrons, text == plain)
        )
    return tuple(options)


def _found(
    symbol: str, choice: DataChoice, what: str, searched: tuple[str, ...]
) -> tuple[Path, Path | None, list[tuple[str, int | None, str]]]:
    """Return the file that has entries of a name, where it lies if it is one's own, and them.

    Each entry with its name, the electrons that this tells, and its text.
    """
    named = re.compile(re.escape(choice.name) + r"(?:-[Qq](\d+))?\Z", re.IGNORECASE)
    told = re.compile(r".*-[Qq](\d+)\Z")
    paths = list(_files(symbol, choice, what, searched))
    for path, source in paths:
        texts = []
        for (element, name), text in entries(path).items():
            if element == symbol.upper() and (match := named.match(name)):
                electrons = match[1] or (told.match(name) or [None, None])[1]
                spelt = choice.name + (f"-q{match[1]}" if match[1] else "")
                texts.append((spelt, int(electrons) if electrons else None, text))
        if texts:
            return path, source, texts
    raise InputError(_missing(symbol, choice, what, [path for path, _ in paths]))


def _files(
    symbol: str, choice: DataChoice, what: str, searched: tuple[str, ...]
) -> Iterator[tuple[Path, Path | None]]:
    """Yield the files that may have an entry, each with where it lies if it is one's own."""
    data = data_folder()
    if choice.file is not None and is_own_file(choice.file):
        if not is_file(choice.file):
            raise InputError(
                f"{_place(what)}: there is no file {choice.file}, which has {choice.name} of "
                f"{symbol}; mend its path, which is relative to the recipe"
            )
        yield choice.file, choice.file
        return
    if data is None:
        raise InputError(
            f"{_place(what)}: {choice.name} of {symbol} is not known without CP2K's data, which "
            "are not here; set CP2K_DATA_DIR to their folder, or name a file that has it: "
            f"{{{symbol}: {{name: {choice.name}, file: PATH}}}}"
        )
    names = searched if choice.file is None else (choice.file.name,)
    there = [data / name for name in names if is_file(data / name)]
    if not there:
        raise InputError(
            f"{_place(what)}: there is no file {choice.file}, neither beside the recipe nor in "
            f"CP2K's data ({data}); mend its name"
        )
    yield from ((path, None) for path in there)


def _place(what: str) -> str:
    """Return the key of a recipe under which an entry is chosen."""
    return f"cp2k.{what.replace(' set', '').replace(' ', '_')}"


def _missing(symbol: str, choice: DataChoice, what: str, paths: list[Path]) -> str:
    """Say that an element has no entry of a name, and which it has."""
    at = {
        name: path.name
        for path in reversed(paths)
        for element, name in entries(path)
        if element == symbol.upper()
    }
    where = paths[0].name if len(paths) == 1 else "CP2K's files"
    near = get_close_matches(choice.name.upper(), list(at), n=1, cutoff=0.6)
    if near:
        remedy = f"did you mean {near[0]} of {at[near[0]]}?"
    elif at:
        remedy = f"there are {', '.join(list(at)[:5])}{', ...' if len(at) > 5 else ''}"
    else:
        remedy = "they do not have this element; name a file that has it"
    return f"{_place(what)}: {symbol} has no {what} {choice.name} in {where}; {remedy}"
