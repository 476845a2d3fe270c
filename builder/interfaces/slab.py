"""Periodic slabs of an interface in vacuum: film on substrate, or one between two of the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from epicarve.builder.crystal import formula_of
from epicarve.builder.model import composition
from epicarve.errors import InputError
from epicarve.options import Options
from epicarve.record import Record
from epicarve.units import COULOMB_V_A, DEBYE_PER_E_A

from .contact_limits import contact_limits_a
from .contacts import CONTACT_LIMIT, tightest_contact
from .slab_symmetry import symmetric_layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ase import Atoms
    from numpy.typing import NDArray
    from pymatgen.core.structure import Structure

    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.notebook import View

    from .contacts import Contact
    from .continuity import Side
    from .face import Face
    from .interface import Interface
    from .stack import Stack


MAX_IONS = 200_000
"""Ions of a slab above which it is refused, with the estimate."""

MAX_VACUUM_A = 1000.0


class SlabOptions(Options):
    """Size of a slab.

    Parameters
    ----------
    film_thickness_a, substrate_thickness_a : float
        Least thickness in Å of each crystal; in a symmetric slab, of each layer of it.
    vacuum_a : float
        Height in Å between the outermost ions of the slab and of its image.
    middle : {"film", "substrate"}, optional
        The crystal that lies between two layers of the other in a symmetric slab; without it
        the slab has one interface.
    """

    film_thickness_a: float = Field(default=12.0, gt=0.0)
    substrate_thickness_a: float = Field(default=12.0, gt=0.0)
    vacuum_a: float = Field(default=20.0, gt=0.0, le=MAX_VACUUM_A)
    middle: Literal["film", "substrate"] | None = None


@dataclass(frozen=True)
class SlabLayer(Record):
    """A crystal of a slab.

    Parameters
    ----------
    domain : str
        Its name.
    thickness_a : float
        Its thickness in Å.
    """

    domain: str
    thickness_a: float


@dataclass(frozen=True)
class SlabReport:
    """What a slab was built of, and how.

    Parameters
    ----------
    layers : tuple of SlabLayer
        Its crystals from below to above.
    vacuum_a : float
        Vacuum in Å.
    symmetry : str or None
        The operation that takes one interface to the other, if there are two.
    contact : Contact
        The tightest contact between layers.
    interface : Interface
        Its interface.
    options : SlabOptions
        What was asked for.
    """

    layers: tuple[SlabLayer, ...]
    vacuum_a: float
    symmetry: str | None
    contact: Contact
    interface: Interface
    options: SlabOptions

    def as_dict(self) -> dict[str, Any]:
        """Return what model.json says of it."""
        return {
            "layers": [layer.as_dict() for layer in self.layers],
            "vacuum_a": self.vacuum_a,
            "symmetry": self.symmetry,
            "shortest_contact": self.contact.closest.as_dict(),
            "interface": self.interface.as_dict(),
        }


@dataclass(frozen=True, repr=False, eq=False)
class Slab:
    """Ions in a cell that repeats in the plane and holds vacuum along z.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    charges : ndarray of int, shape (n_atoms,)
        Formal charges in units of e; they sum to 0.
    domains : ndarray of str, shape (n_atoms,)
        Name of the crystal to which each ion belongs.
    sites : ndarray of int, shape (n_atoms,)
        Site of each ion in the cell of its crystal.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å, inside the cell.
    cell_a : ndarray of float, shape (3, 3)
        Cell vectors in Å as rows; the third is along z.
    report : SlabReport
        What was asked for and found besides the numbers that follow from the ions.
    """

    symbols: Strings
    charges: Ints
    domains: Strings
    sites: Ints
    positions_a: Floats
    cell_a: Floats
    report: SlabReport

    def __len__(self) -> int:
        return self.n_atoms

    def __repr__(self) -> str:
        names = " and ".join(dict.fromkeys(self.domains.tolist()))
        return (
            f"Slab({self.formula} of {names}, {self.n_atoms} ions, {self.area_a2:.1f} Å², "
            f"{self.net_charge:+d} e)"
        )

    def _repr_html_(self) -> str:
        """Return a small table and a picture, for notebooks."""
        from epicarve.builder.notebook import card_of_slab  # noqa: PLC0415  (it draws, with matplotlib)

        return card_of_slab(self)

    def view(self) -> View:
        """Return a cell to be turned by the mouse: in a notebook, or written as a page."""
        from epicarve.builder.notebook import view_of_slab  # noqa: PLC0415  (it draws, with matplotlib)

        return view_of_slab(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Columns of model.extxyz, each of shape (n_atoms,)."""
        return {"formal_charge": self.charges, "domain": self.domains, "site": self.sites}

    def write(self, folder: Path | str) -> None:
        """Write model.extxyz, model.cif and model.json: all of them, or none.

        Parameters
        ----------
        folder : Path or str
            Where to write; made if it is not there.
        """
        from epicarve.builder.output import write_slab  # noqa: PLC0415  (it draws, with matplotlib)

        write_slab(Path(folder), self)

    def to_ase(self) -> Atoms:
        """Return the slab as ASE Atoms that repeat in the plane; columns are arrays."""
        from epicarve.builder.exchange import atoms_of_slab  # noqa: PLC0415  (costs half a second)

        return atoms_of_slab(self)

    def to_pymatgen(self) -> Structure:
        """Return the slab as pymatgen Structure with oxidation states."""
        from epicarve.builder.exchange import structure_of_slab  # noqa: PLC0415  (costs a second)

        return structure_of_slab(self)

    @property
    def n_atoms(self) -> int:
        """Number of ions."""
        return len(self.symbols)

    @property
    def net_charge(self) -> int:
        """Sum of the formal charges in units of e."""
        return int(self.charges.sum())

    @property
    def counts(self) -> dict[str, int]:
        """Number of ions of each element, cations first, then by symbol."""
        return composition(self.symbols, self.charges)

    @property
    def formula(self) -> str:
        """Composition as a formula, for instance ``"Cs4Pb20S12Cl28"``."""
        return formula_of(self.counts)

    @property
    def fractional(self) -> Floats:
        """Coordinates in units of the cell's vectors, shape (n_atoms, 3)."""
        return np.asarray(self.positions_a @ np.linalg.inv(self.cell_a))

    @property
    def area_a2(self) -> float:
        """Area of the cell in the plane, in Å²."""
        return float(abs(np.linalg.det(self.cell_a[:2, :2])))

    @cached_property
    def dipole_e_a(self) -> float:
        """Dipole of the formal charges along z, in e Å per cell."""
        return float(self.charges @ self.positions_a[:, 2])

    @property
    def potential_step_v(self) -> float:
        """Potential of unscreened formal charges above the slab less that below it, in V.

        It is the dipole over area and ε₀.
        """
        return 4.0 * np.pi * COULOMB_V_A * self.dipole_e_a / self.area_a2

    def as_dict(self) -> dict[str, Any]:
        """Return the content of model.json."""
        per_domain = {}
        for name in dict.fromkeys(self.domains.tolist()):
            ions = self.domains == name
            per_domain[name] = {
                "counts": composition(self.symbols[ions], self.charges[ions]),
                "net_charge": int(self.charges[ions].sum()),
            }
        return {
            "formula": self.formula,
            "n_atoms": self.n_atoms,
            "counts": self.counts,
            "net_charge": self.net_charge,
            "domains": per_domain,
            "cell_a": [[round(x, 8) + 0.0 for x in row] for row in self.cell_a.tolist()],
            "area_a2": round(self.area_a2, 6),
            "dipole_e_a": round(self.dipole_e_a, 6) + 0.0,
            "dipole_debye": round(self.dipole_e_a * DEBYE_PER_E_A, 6) + 0.0,
            "potential_step_v": round(self.potential_step_v, 6) + 0.0,
            **self.report.as_dict(),
        }


def build_slab(interface: Interface, options: SlabOptions | None = None) -> Slab:
    """Build a neutral slab of an interface in vacuum.

    Each crystal is a whole number of periods thick, the fewest that are as thick as asked: it
    has its bulk composition, and its outer end is the other side of the cut at the interface.

    In a symmetric slab one crystal lies between two layers of the other. An inversion, or a
    mirror or glide plane, of the middle crystal takes the one interface to the other, so that it
    ends on the same face twice. It is the thinnest such layer that is as thick as asked and
    neutral; its composition can differ from the bulk's by one atomic layer.

    Parameters
    ----------
    interface : Interface
        Faces, coincidence cell, strain rule, registry and gap.
    options : SlabOptions, optional
        Thicknesses, vacuum, symmetry.

    Returns
    -------
    Slab
        The slab in the middle of its cell.

    Raises
    ------
    InputError
        If ions across an interface or across the vacuum are closer than 90 % of their bulk
        contact, or the middle crystal has no operation that makes a neutral symmetric slab.

    Examples
    --------
    >>> from epicarve.builder.interfaces import SearchOptions, search
    >>> from epicarve.builder.library import bundled_crystal
    >>> crystals = bundled_crystal("Pb4S3Br2"), bundled_crystal("CsPbBr3")
    >>> planes = SearchOptions(film_hkl=(0, 1, 0), substrate_hkl=(1, 0, 0))
    >>> slab = build_slab(search(*crystals, planes)[0], SlabOptions(middle="film"))
    >>> slab.formula, slab.net_charge, slab.report.symmetry
    ('Cs12Pb28S12Br44', 0, 'inversion')
    """
    options = options or SlabOptions()
    _refuse_many_ions(interface, options)
    faces: dict[Side, Face] = {"film": interface.film, "substrate": interface.substrate}
    thickness_a: dict[Side, float] = {
        "film": interface.film.whole_depth_a(options.film_thickness_a),
        "substrate": interface.substrate.whole_depth_a(options.substrate_thickness_a),
    }
    film, substrate = interface.sides(thickness_a["film"], thickness_a["substrate"])
    layers: list[tuple[Side, Stack]] = [("substrate", substrate), ("film", film)]
    symmetry = None
    if options.middle is not None:
        least_a = getattr(options, f"{options.middle}_thickness_a")
        found = symmetric_layer(interface, options.middle, least_a)
        symmetry, thickness_a[options.middle] = found.kind, found.thickness_a
        outer: Side = "substrate" if options.middle == "film" else "film"
        first = film if outer == "film" else substrate
        layers = [(outer, first), (options.middle, found.layer), (outer, found.image(first))]
        if outer == "film":
            layers.reverse()  # from the lowest to the highest
    contacts = _contacts(interface, [layer for _, layer in layers], options.vacuum_a)
    cell_a, positions_a = _in_vacuum([layer for _, layer in layers], options.vacuum_a)
    return Slab(
        symbols=np.concatenate([layer.symbols for _, layer in layers]),
        charges=np.concatenate([layer.charges for _, layer in layers]),
        domains=np.concatenate([[faces[s].crystal.name] * layer.n_ions for s, layer in layers]),
        sites=np.concatenate([layer.sites for _, layer in layers]),
        positions_a=positions_a,
        cell_a=cell_a,
        report=SlabReport(
            layers=tuple(
                SlabLayer(faces[side].crystal.name, round(thickness_a[side], 6))
                for side, _ in layers
            ),
            vacuum_a=options.vacuum_a,
            symmetry=symmetry,
            contact=contacts,
            interface=interface,
            options=options,
        ),
    )


def _refuse_many_ions(interface: Interface, options: SlabOptions) -> None:
    """Refuse a slab of too many ions before it is built."""
    ions = sum(
        interface.cell.area_a2 * thickness_a * face.crystal.n_sites / face.crystal.volume_a3
        for face, thickness_a in (
            (interface.film, options.film_thickness_a),
            (interface.substrate, options.substrate_thickness_a),
        )
    )
    if ions > MAX_IONS:
        raise InputError(
            f"a slab so thick holds about {ions:.1e} ions in {interface.cell.area_a2:.0f} Å²; the "
            f"limit is {MAX_IONS:.0e}, so ask for thinner layers"
        )


def _contacts(interface: Interface, layers: list[Stack], vacuum_a: float) -> Contact:
    """Return the tightest contact between layers; refuse it if it is too short."""
    limits = contact_limits_a(interface.film.crystal, interface.substrate.crystal)
    found = [_tightest(above, below, limits) for below, above in pairwise(layers)]
    heights = [layer.positions_a[:, 2] for layer in layers]
    period_a = max(z.max() for z in heights) - min(z.min() for z in heights) + vacuum_a
    across = _tightest(layers[0].shifted((0.0, 0.0, float(period_a))), layers[-1], limits)
    for contact, where, remedy in (
        *((each, "across the interface", "raise the film or move it") for each in found),
        (across, "across the vacuum", "raise vacuum_a"),
    ):
        if contact.fraction_of_bulk < CONTACT_LIMIT - 1e-6:
            raise InputError(
                f"{contact.film} and {contact.substrate} lie {contact.distance_a:.2f} Å apart "
                f"{where}, {contact.fraction_of_bulk:.0%} of their contact, less "
                f"than {CONTACT_LIMIT:.0%}; {remedy}"
            )
    return min(found, key=lambda contact: round(contact.fraction_of_bulk, 9))


def _tightest(above: Stack, below: Stack, limits: Mapping[frozenset[str], float]) -> Contact:
    """Tightest contact of two layers, looked for among the ions next to the other layer."""
    reach_a = max(limits.values())
    low, high = above.positions_a[:, 2].min(), below.positions_a[:, 2].max()
    return tightest_contact(
        above.chosen(above.positions_a[:, 2] <= max(low, high + reach_a)),
        below.chosen(below.positions_a[:, 2] >= min(high, low - reach_a)),
        limits,
    )


def _in_vacuum(layers: list[Stack], vacuum_a: float) -> tuple[Floats, Floats]:
    """Cell with vacuum, shape (3, 3), and the ions in its middle, shape (n_atoms, 3)."""
    positions = np.concatenate([layer.positions_a for layer in layers])
    low, high = positions[:, 2].min(), positions[:, 2].max()
    cell_a = np.zeros((3, 3))
    cell_a[:2, :2], cell_a[2, 2] = layers[0].lattice_a, high - low + vacuum_a
    positions[:, 2] += 0.5 * vacuum_a - low
    fractional = positions @ np.linalg.inv(cell_a)
    fractional[:, :2] -= np.floor(fractional[:, :2] + 1e-9)
    return cell_a, fractional @ cell_a
