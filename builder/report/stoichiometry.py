"""What a model consists of, as a whole, by domain and by what was done to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from epicarve.record import Record


@dataclass(frozen=True)
class Composition(Record):
    """The elements of a model against those of its bulk.

    Parameters
    ----------
    target : dict of str to number
        Ions of each element in a formula unit; of several domains, what the ions would be in bulk.
    actual : dict of str to int
        Ions of each element.
    deviation : float
        Largest relative deviation of an element's share from that in bulk.
    """

    target: dict[str, int | float]
    actual: dict[str, int]
    deviation: float


@dataclass(frozen=True)
class PlainCut(Record):
    """The ions inside the shape, before any was removed or added.

    Parameters
    ----------
    n_atoms : int
        How many.
    net_charge : int
        Sum of their formal charges in units of e.
    """

    n_atoms: int
    net_charge: int


@dataclass(frozen=True)
class DomainFigures(Record):
    """One domain of a model.

    Parameters
    ----------
    formula : str
        Its composition as a formula.
    n_atoms : int
        Number of its atoms.
    counts : dict of str to int
        Atoms of each element.
    ions : dict of str to int, optional
        Ions of each element or molecule, where there are molecules.
    net_charge : int
        Sum of their formal charges in units of e.
    diameter_nm : float
        Largest distance between two of them in nm.
    stoichiometry : Composition, optional
        Its elements against its bulk; None where that is not known.
    min_coordination : dict of str to int
        Fewest opposite neighbours of any ion of each element.
    dipole_debye : float, optional
        Dipole of the formal charges about their centroid in debye.
    """

    formula: str
    n_atoms: int
    counts: dict[str, int]
    ions: dict[str, int] | None = field(default=None, kw_only=True)
    net_charge: int
    diameter_nm: float
    stoichiometry: Composition | None = field(default=None, kw_only=True)
    min_coordination: dict[str, int]
    dipole_debye: float | None = None


@dataclass(frozen=True)
class CoreShell(Record):
    """Two crystals on one lattice.

    Parameters
    ----------
    core, shell, lattice : str
        Names of the crystals, and of the one that gave cell and sites.
    strain : dict of str to tuple of float
        Strain of the other crystal along a, b and c.
    site_rms_a : float
        Root mean square distance in Å between matching sites of both.
    n_core, n_shell : int
        Number of ions of each.
    """

    core: str
    shell: str
    lattice: str
    strain: dict[str, tuple[float, float, float]]
    site_rms_a: float
    n_core: int
    n_shell: int


@dataclass(frozen=True)
class Treatment(Record):
    """What was done to the surface of a model.

    Parameters
    ----------
    kind, halide, cation, coverage
        What was asked for.
    n_units : int
        Salt units, or anions replaced.
    n_replaced : int
        Anions replaced by the halide.
    n_added : dict of str to int
        Halides put on empty sites.
    """

    kind: Literal["halide_rich", "halide_terminated"]
    halide: str
    cation: str | None
    coverage: float
    n_units: int
    n_replaced: int
    n_added: dict[str, int]


@dataclass(frozen=True)
class OrderedVariant(Record):
    """An ordering of a crystal with shared sites.

    Parameters
    ----------
    assignment : dict of str to str
        Element on each shared site.
    space_group : str
        Symbol of the space group.
    energy_ev, above_lowest_ev : float
        Ewald energy of the formal charges in eV per formula unit, and above the lowest of all.
    n_equivalent : int
        Number of assignments that symmetry makes equal to it.
    tied_with_lowest : bool
        Whether point charges do not tell it from the lowest.
    """

    assignment: dict[str, str]
    space_group: str
    energy_ev: float
    above_lowest_ev: float
    n_equivalent: int
    tied_with_lowest: bool


@dataclass(frozen=True)
class SurfaceComposition(Record):
    """Elements of the ions at the surface and of all ions.

    Parameters
    ----------
    surface, whole : dict of str to int
        Ions of each element.
    """

    surface: dict[str, int]
    whole: dict[str, int]


@dataclass(frozen=True)
class SurfaceFigures(Record):
    """The surface of a model in numbers.

    Parameters
    ----------
    classes : dict of str to int
        Ions by class: bulk, terrace, edge, corner.
    planes : dict of str to dict of str to int
        Surface ions by domain and plane, most frequent first.
    broken_bonds : dict of str to int
        Bonds that the ions of each element lack against bulk.
    composition : SurfaceComposition
        Elements of the surface beside those of the whole.
    half_bonded : dict of str to int, optional
        Ions of each element that have less than half of the bond valence that they have in bulk;
        None where no parameters of a bond are known.
    """

    classes: dict[str, int]
    planes: dict[str, dict[str, int]]
    broken_bonds: dict[str, int]
    composition: SurfaceComposition
    half_bonded: dict[str, int] | None = None
