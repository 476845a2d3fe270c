"""The ligands of a model."""

from __future__ import annotations

from dataclasses import dataclass

from epicarve.record import Record


@dataclass(frozen=True)
class LigandFigures(Record):
    """One ligand of a model.

    Parameters
    ----------
    kind : str
        X, L, Z, or ion pair.
    charge : int
        Charge of one in units of e.
    n_placed : int
        How many there are.
    modes : dict of str to int
        How many bind in each mode.
    n_sites : int
        Sites of the surface that take it, empty or not.
    of_sites, per_nm2 : float
        How many there are for each of these, and for each nm² of the convex hull of the plain cut.
    source : str
        Its SMILES, or the file that it came from.
    unit : str, optional
        The neutral unit that it is part of.
    """

    kind: str
    charge: int
    n_placed: int
    modes: dict[str, int]
    n_sites: int
    of_sites: float
    per_nm2: float
    source: str
    unit: str | None = None


@dataclass(frozen=True)
class NearestContact(Record):
    """The contact of a ligand that is nearest for its atoms.

    Parameters
    ----------
    pair : str
        The two elements.
    distance_a : float
        Their distance in Å.
    of_radii : float
        That, as a share of the sum of their radii.
    """

    pair: str
    distance_a: float
    of_radii: float


@dataclass(frozen=True)
class Covered(Record):
    """The ligands of a model, and what they do to its surface.

    Parameters
    ----------
    kinds : dict of str to LigandFigures
        The ligands by name.
    area_nm2 : float
        Area of the convex hull of the plain cut.
    filled_bonds : int
        Missing bonds of cations that ligands fill.
    spare_bonds : int
        So many bonds more, at most, models of the same fidelity can have, as far as it is proven.
    broken_bonds_before, broken_bonds_after : dict of str to int
        Bonds that the ions of each element lack against bulk, without ligands and with them.
    contact : float
        Share of the sum of two radii below which atoms are in contact.
    nearest : NearestContact, optional
        The nearest of all; None without ligands.
    """

    kinds: dict[str, LigandFigures]
    area_nm2: float
    filled_bonds: int
    spare_bonds: int
    broken_bonds_before: dict[str, int]
    broken_bonds_after: dict[str, int]
    contact: float
    nearest: NearestContact | None = None
