"""A neutral change of a model: ions taken away, ions and ligands added."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import formula_of
from epicarve.builder.model import COLUMNS, ION, LIGAND, MOLECULE, Model

if TYPE_CHECKING:
    from epicarve.arrays import Floats
    from epicarve.builder.ligands import Ligand

LABEL = "edit"
"""Column of an edited model that tells what was done: kept, added or ligand."""


@dataclass(frozen=True)
class AddedIon:
    """A single ion that is put on a vacant site, or in the place of another.

    Parameters
    ----------
    symbol : str
        Its element.
    charge : int
        Its charge in units of e.
    position_a : tuple of float
        Where it is put, in Å.
    domain : str
        Domain that it belongs to.
    site : int
        Site of the domain's crystal on which it stands, -1 if that is not known.
    bulk_coordination : int
        Neighbours there in bulk.
    potential_v : float
        Potential of the model there in V.
    ideal_v : float
        Potential there in bulk in V, NaN where it is not known.
    charge_there : int
        Charge of the ion of that site in bulk.
    """

    symbol: str
    charge: int
    position_a: tuple[float, float, float]
    domain: str
    site: int
    bulk_coordination: int
    potential_v: float
    ideal_v: float
    charge_there: int

    @property
    def full_shell(self) -> float:
        """Neighbours that saturate it: those of bulk, fewer as its charge is smaller."""
        return self.bulk_coordination * min(1.0, abs(self.charge / self.charge_there))


@dataclass(frozen=True, eq=False)
class AddedLigand:
    """A neutral ligand that binds to an ion.

    Parameters
    ----------
    ligand : Ligand
        The ligand.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Where its atoms are, in Å.
    ion : int
        The ion to which it binds, by its place in `Model.ions`.
    """

    ligand: Ligand
    positions_a: Floats
    ion: int


@dataclass(frozen=True, eq=False)
class Change:
    """What is changed in a model at once.

    Parameters
    ----------
    kind : str
        What it is: ``"move"``, ``"exchange"``, ``"add pair"``, ``"add Z-type"``, ``"remove"`` or
        ``"ligand"``.
    removed : tuple of int
        Ions that are taken away, by their places in `Model.ions`.
    added : tuple of AddedIon
        Ions that are put in.
    ligands : tuple of AddedLigand
        Ligands that are put on.
    """

    kind: str
    removed: tuple[int, ...] = ()
    added: tuple[AddedIon, ...] = ()
    ligands: tuple[AddedLigand, ...] = ()

    @property
    def n_atoms(self) -> int:
        """Number of atoms changed: one that moves, or gives way to another, counts once."""
        return max(len(self.removed), len(self.added)) + sum(
            each.ligand.n_atoms for each in self.ligands
        )

    def charge(self, model: Model) -> int:
        """Return by how much it changes the charge of a model, in units of e."""
        taken = int(model.ions.charges[list(self.removed)].sum())
        return sum(ion.charge for ion in self.added) - taken

    def with_other(self, other: Change) -> Change | None:
        """Return both changes as one; None where they touch the same ion or site."""
        places = {ion.position_a for ion in self.added} & {ion.position_a for ion in other.added}
        if places or set(self.removed) & set(other.removed):
            return None
        return Change(
            self.kind,
            self.removed + other.removed,
            self.added + other.added,
            self.ligands + other.ligands,
        )

    def told(self, model: Model) -> str:
        """Say what is changed, ions by element and number of their atom from 1."""
        ions, first = model.ions, model.first_atoms
        names = [f"{ions.symbols[ion]}{first[ion] + 1}" for ion in self.removed]
        counts = Counter(ion.symbol for ion in sorted(self.added, key=lambda ion: -ion.charge))
        times = math.gcd(*counts.values()) if counts else 1
        unit = formula_of({symbol: number // times for symbol, number in counts.items()})
        new = unit if times == 1 else f"{times} {unit}"
        if self.kind == "ligand":
            on = ", ".join(f"{ions.symbols[x.ion]}{first[x.ion] + 1}" for x in self.ligands)
            return f"put {self.ligands[0].ligand.name} on {on}"
        if self.kind == "move":
            return f"move {', '.join(names)} to a vacant site"
        if self.kind == "exchange":
            return f"{', '.join(names)} {'give' if len(names) > 1 else 'gives'} way to {new}"
        if self.kind == "remove":
            return f"take {', '.join(names)} away"
        return f"add {new}"


def edited(model: Model, change: Change) -> Model:
    """Return the model with a change, by the columns that files of structures have.

    Coordination and pieces of the ions are left as they were: they are those of the new model once
    it is read. The column `LABEL` tells kept, added and ligand.

    Parameters
    ----------
    model : Model
        The model.
    change : Change
        What is changed in it.
    """
    kept = ~np.isin(model.ion_of, np.array(change.removed, dtype=int))
    columns = {name: getattr(model, key)[kept].tolist() for name, key in COLUMNS.items()} | {
        "symbol": model.symbols[kept].tolist(),
        "position": model.positions_a[kept].tolist(),
        LABEL: ["kept"] * int(kept.sum()),
    }
    n_molecules = 0
    if model.has_molecules:
        columns |= {name: model.columns[name][kept].tolist() for name in (MOLECULE, ION)}
        n_molecules = int(model.columns[MOLECULE].max()) + 1
    elif change.ligands:
        columns |= {MOLECULE: [-1] * int(kept.sum()), ION: model.symbols[kept].tolist()}

    def add(**row: object) -> None:
        for name, values in columns.items():
            values.append(row[name])

    for ion in change.added:
        add(
            symbol=ion.symbol,
            position=list(ion.position_a),
            formal_charge=ion.charge,
            domain=ion.domain,
            site=ion.site,
            coordination=0,
            bulk_coordination=ion.bulk_coordination,
            component=0,
            molecule=-1,
            ion=ion.symbol,
            edit="added",
        )
    for number, put in enumerate(change.ligands):
        ligand = put.ligand
        rows = zip(
            ligand.symbols.tolist(), put.positions_a.tolist(), ligand.charges.tolist(), strict=True
        )
        for symbol, position, charge in rows:
            add(
                symbol=symbol,
                position=position,
                formal_charge=charge,
                domain=LIGAND + ligand.label,
                site=-1,
                coordination=0,
                bulk_coordination=0,
                component=0,
                molecule=n_molecules + number,
                ion=ligand.label,
                edit="ligand",
            )
    further = {name: np.array(columns[name]) for name in (MOLECULE, ION, LABEL) if name in columns}
    return Model(
        symbols=np.array(columns["symbol"]),
        positions_a=np.array(columns["position"], dtype=float),
        charges=np.array(columns["formal_charge"]),
        domains=np.array(columns["domain"]),
        sites=np.array(columns["site"]),
        coordination=np.array(columns["coordination"]),
        bulk_coordination=np.array(columns["bulk_coordination"]),
        components=np.array(columns["component"]),
        columns=further,
    )
