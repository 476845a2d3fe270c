"""What a recipe says of a ligand: which molecule it is, and which of its atoms binds."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from epicarve.options import Options

PSEUDO_HYDROGEN = re.compile(r"pseudo[ -]?hydrogens?|\[?H[ _]?[+-]?\d*\.\d+[+-]?\]?", re.IGNORECASE)
"""How people write hydrogen of a fractional charge."""

NO_PSEUDO_HYDROGEN = (
    "hydrogen of a fractional charge has no potential in CP2K; give a short ligand of a whole "
    "charge: formate, Cl or OH (-1 e), or CH3NH2 (neutral)"
)


def _whole(value: Any) -> Any:
    """Refuse a charge that is no whole number."""
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"it is a whole number; {NO_PSEUDO_HYDROGEN}")
    return value


Charge = Annotated[int, BeforeValidator(_whole)]


class LigandSpec(Options):
    """A ligand by its name, its SMILES or a file; a lone word is a name.

    Parameters
    ----------
    name : str, optional
        Its name, such as ``oleate``; beside ``smiles`` or ``file``, what it is called.
    smiles : str, optional
        Its SMILES, with its charge, such as ``CC(=O)[O-]``.
    file : str, optional
        A file that holds it: xyz, mol, sdf or pdb.
    charge : int, optional
        Its charge in units of e, of a file that does not state it.
    anchor : int, str or tuple of int, optional
        What binds: the name of a group, such as ``amine``; a SMARTS; or numbers of atoms, counted
        from 1 in the order of the SMILES or the file.
    kind : {"X", "L"}, optional
        X-type or L-type, to be held against the charge.
    length : int or str, optional
        How many carbon atoms its chain is cut to, all of them counted; or the alkyl group that is
        left behind the group that binds, such as ``ethyl``.
    """

    name: str | None = None
    smiles: str | None = None
    file: str | None = None
    charge: Charge | None = None
    anchor: int | str | tuple[int, ...] | None = None
    kind: Literal["X", "L"] | None = None
    length: int | str | None = None

    @model_validator(mode="before")
    @classmethod
    def _lone_name(cls, data: Any) -> Any:
        return {"name": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.smiles is not None and self.file is not None:
            raise ValueError("both smiles and file; give one")
        if self.name is None and self.smiles is None and self.file is None:
            raise ValueError("no molecule; give its name, its smiles or its file")
        for told in (self.name, self.smiles):
            if told is not None and PSEUDO_HYDROGEN.fullmatch(told.strip()):
                raise ValueError(f"{told!r}: {NO_PSEUDO_HYDROGEN}")
        return self
