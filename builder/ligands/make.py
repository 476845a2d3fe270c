"""From what a user writes to a ligand, or to a neutral pair of ions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .ligand import Ligand, LigandPair
from .names import named_molecule, named_pair
from .spec import LigandSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .names import NamedPair

MAX_CONFORMERS = 8
"""Conformers that are kept unless another number is asked for."""


def ligand_of(
    asked: LigandSpec | Mapping[str, object] | str,
    *,
    folder: Path | None = None,
    max_conformers: int = MAX_CONFORMERS,
) -> Ligand | LigandPair:
    """Return the ligand, or the neutral pair of ions, that was asked for.

    Parameters
    ----------
    asked : LigandSpec, mapping or str
        What it is; a word is a name.
    folder : Path, optional
        Where files are looked for; the current folder if it is not given.
    max_conformers : int
        At most so many conformers are kept.

    Raises
    ------
    InputError
        If it is not known, can't be read or built, or it is not clear what binds.

    Examples
    --------
    >>> ligand_of("acetate")
    Ligand(acetate, X-type, -1 e, 7 atoms, 1 conformer)
    >>> ligand_of({"name": "oleate", "length": 3}).name
    'propionate'
    >>> ligand_of("PbBr2")
    LigandPair(PbBr2, Z-type, 1 cation, 2 anions)
    """
    from .single import single_ligand  # noqa: PLC0415  (RDKit costs a tenth of a second)

    spec = LigandSpec(name=asked) if isinstance(asked, str) else LigandSpec.given(asked, "ligand")
    name = spec.name or ""
    if spec.smiles is None and spec.file is None and named_molecule(name) is None:
        pair = named_pair(name)
        if pair is not None:
            return _pair(spec, pair, max_conformers)
    return single_ligand(spec, folder or Path(), max_conformers)


def _pair(spec: LigandSpec, named: NamedPair, most: int) -> LigandPair:
    """Return the neutral unit of two ions that are told by their names."""
    from .single import single_ligand  # noqa: PLC0415  (RDKit costs a tenth of a second)

    name = " ".join(str(spec.name).split())
    if spec.kind is not None or spec.charge is not None:
        raise InputError(f"ligand {name}: it is a neutral pair of ions; leave kind and charge out")
    anion = single_ligand(
        LigandSpec(name=named.anion, anchor=spec.anchor, length=_length(spec, named.anion)),
        Path(),
        most,
    )
    if anion.charge >= 0:
        raise InputError(
            f"ligand {name}: {named.anion} has charge {anion.charge:+d} e and is no anion; write "
            "a cation first, then an anion, such as PbBr2 or methylammonium bromide"
        )
    if named.n_anions is not None:
        cation = _metal(named.cation, -anion.charge * named.n_anions, name)
        return LigandPair(
            name, "Z" if cation.charge > 1 else "ion pair", cation, anion, 1, named.n_anions
        )
    cation = single_ligand(
        LigandSpec(name=named.cation, length=_length(spec, named.cation)), Path(), most
    )
    if cation.charge <= 0:
        raise InputError(
            f"ligand {name}: {named.cation} has charge {cation.charge:+d} e and is no cation; "
            "write a cation first, then an anion, such as PbBr2 or methylammonium bromide"
        )
    common = math.lcm(cation.charge, -anion.charge)
    return LigandPair(
        name, "ion pair", cation, anion, common // cation.charge, common // -anion.charge
    )


def _length(spec: LigandSpec, name: str) -> int | str | None:
    """Return the length to which an ion of a pair is cut: none of one without carbon."""
    molecule = named_molecule(name)
    return spec.length if molecule and "c" in molecule.smiles.lower().replace("cl", "") else None


def _metal(symbol: str, charge: int, name: str) -> Ligand:
    """Return the single ion of a metal."""
    from pymatgen.core.periodic_table import Element  # noqa: PLC0415  (costs a second)

    if not Element.is_valid_symbol(symbol):
        raise InputError(f"ligand {name}: {symbol} is no element; write a metal, such as PbBr2")
    states = [int(state) for state in Element(symbol).common_oxidation_states]
    if charge not in states:
        known = ", ".join(f"{state:+d}" for state in states)
        raise InputError(
            f"ligand {name}: {symbol} would have charge {charge:+d} e, and {known} is what it has; "
            "mend the number of anions"
        )
    return Ligand(
        name=symbol,
        kind="X",
        charge=charge,
        symbols=np.array([symbol]),
        charges=np.array([charge]),
        bonds=np.zeros((0, 2), dtype=np.int64),
        anchors=(0,),
        group="metal",
        modes=("terminal",),
        conformers_a=(np.zeros((1, 3)),),
        source=f"[{symbol}+{charge}]",
    )
