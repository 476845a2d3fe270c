"""Ordered variants of a crystal in which elements share sites, ranked by electrostatic energy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from epicarve.builder.cif import LEAST_OCCUPANCY, charges_of_elements, read_cell, sound_units
from epicarve.builder.crystal import Crystal, one_word
from epicarve.builder.report import OrderedVariant
from epicarve.errors import InputError
from epicarve.options import Options

from .quasirandom import quasirandom_symbols
from .shared_sites import shared_sites

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.cif import CifBlock

    from .shared_sites import SharedSites, Variant

SAME_ENERGY_EV = 1e-4
"""Energies closer than this, in eV per formula unit, keep the order of enumeration."""

LARGEST_EWALD = 2000
"""Sites of the largest cell whose electrostatic energy is computed."""

Repeats = Annotated[int, Field(ge=1)]


class OrderingOptions(Options):
    """How shared sites are ordered.

    Parameters
    ----------
    rank : int
        Which of the variants to take, 1 for that of the lowest electrostatic energy.
    keep_symmetry : bool, optional
        Whether all sites that the CIF's symmetry makes equal take the same element. If not
        given, they do where the composition allows it.
    tie_ev : float
        Variants within this energy, in eV per formula unit, of the lowest are told as tied
        with it: point charges do not rank them.
    supercell : tuple of int
        Cells along each axis of the supercell that is ordered.
    nearest : bool
        Whether the nearest whole numbers of ions are taken where the occupancies give none.
    quasirandom : bool
        Whether one ordering near a random mixture is taken, instead of all ranked by energy.
    seed : int
        Of that choice.
    """

    rank: int = Field(default=1, ge=1)
    keep_symmetry: bool | None = None
    tie_ev: float = Field(default=0.1, ge=0.0, allow_inf_nan=False)
    supercell: tuple[Repeats, Repeats, Repeats] = (1, 1, 1)
    nearest: bool = False
    quasirandom: bool = False
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.quasirandom:
            ranked = {"rank", "keep_symmetry", "tie_ev"} & self.model_fields_set
            if ranked:
                raise ValueError(
                    f"{', '.join(sorted(ranked))} can't stand beside quasirandom, which gives one "
                    "ordering"
                )
        elif "seed" in self.model_fields_set:
            raise ValueError("seed is for quasirandom: true; add it, or leave seed out")
        return self


@dataclass(frozen=True)
class Ordering:
    """One ordered variant.

    Parameters
    ----------
    crystal : Crystal
        The crystal, derived.
    energy_ev : float
        Electrostatic (Ewald) energy of its formal charges in eV per formula unit.
    above_lowest_ev : float
        The same above the lowest of all variants.
    n_equivalent : int
        Number of assignments that the symmetry of the shared structure makes equal to it.
    assignment : dict of str to str
        Element on each shared site of the CIF, several as ``"S2Cl2"``.
    tied : bool
        Whether it lies so near the lowest that point charges do not tell them apart.
    """

    crystal: Crystal
    energy_ev: float
    above_lowest_ev: float
    n_equivalent: int
    assignment: dict[str, str]
    tied: bool

    @property
    def variant(self) -> OrderedVariant:
        """A row of the table in model.json."""
        return OrderedVariant(
            assignment=self.assignment,
            space_group=self.crystal.space_group,
            energy_ev=round(self.energy_ev, 4),
            above_lowest_ev=round(self.above_lowest_ev, 4) + 0.0,
            n_equivalent=self.n_equivalent,
            tied_with_lowest=self.tied,
        )


def read_orderings(
    path: Path,
    oxidation_states: Mapping[str, int] | None = None,
    options: OrderingOptions | None = None,
    *,
    block: str | int | None = None,
    full_occupancy: bool = False,
) -> tuple[Ordering, ...]:
    """Read a CIF with shared sites and return its ordered variants, lowest energy first.

    Every site must be fully occupied, by one element or by several. Sites with the same
    elements exchange them freely, as long as the composition of the cell stays. Of variants
    that the symmetry of the shared structure makes equal, one is kept. The energy is that of
    the formal charges, an Ewald sum by pymatgen. With `OrderingOptions.quasirandom` there is one.

    Parameters
    ----------
    path : Path
        The CIF file.
    oxidation_states : mapping of str to int, optional
        Formal charge of each element; guessed from the composition if not given.
    options : OrderingOptions, optional
        Which cell is ordered, whether the CIF's symmetry is kept, and what counts as a tie.
    block : str or int, optional
        Name or number of the data block, as for `read_cif`.
    full_occupancy : bool
        Whether sites occupied to 0.9 or more are taken as full; shares keep their ratio.

    Raises
    ------
    InputError
        If a site is not fully occupied, no site is shared, the occupancies give no whole
        numbers of ions, or there are too many variants.
    """
    options = options or OrderingOptions()
    cif, cell = read_cell(path, block)
    if full_occupancy:
        cell = cell.with_full_sites(LEAST_OCCUPANCY)
    if units := sound_units(cell):
        told = ", ".join(dict.fromkeys(unit.formula for unit in units))
        raise InputError(
            f"{path}: orderings don't take crystals with molecules ({told}) yet; give a structure "
            "in which one element stands on each site, or put one there by replace:"
        )
    shared = shared_sites(cell, options.supercell, nearest=options.nearest)
    cell = shared.cell
    if len(cell.labels) > LARGEST_EWALD:
        raise InputError(
            f"{path}: the cell to be ordered has {len(cell.labels)} sites, more than the "
            f"{LARGEST_EWALD} whose energy can be computed; give a smaller one"
        )
    deviation = 0.0
    if options.quasirandom:
        symbols, deviation = quasirandom_symbols(shared, options.seed)
        variants: list[Variant] = [(symbols, 1)]
    else:
        variants = shared.variants(options.keep_symmetry)
    charge_of, notes = charges_of_elements(path, variants[0][0], oxidation_states)
    charges = np.array(
        [[charge_of[symbol] for symbol in symbols.tolist()] for symbols, _ in variants]
    )
    units = np.gcd.reduce(np.unique(variants[0][0], return_counts=True)[1])
    energies = ewald_energies_ev(cell.cell_a, cell.fractional, charges) / units
    order = np.argsort(np.round(energies / SAME_ENERGY_EV), kind="stable").tolist()
    lowest = float(energies[order[0]])
    tied = energies - lowest <= options.tie_ev
    found = []
    for rank, index in enumerate(order, start=1):
        symbols, n_equivalent = variants[index]
        assignment = shared.assignment(symbols)
        above = float(energies[index]) - lowest
        told = f"{', '.join(f'{element} on {label}' for label, element in assignment.items())}"
        if options.quasirandom:
            told = (
                f"Quasirandom ordering (seed {options.seed}): {told}; the shares of pairs in the "
                f"first shells of neighbours differ by at most {deviation:.3f} from those of a "
                "random mixture."
            )
        else:
            told = (
                f"Ordering {rank} of {len(order)}: {told}; {above:.3f} eV per formula unit above "
                f"the lowest Ewald energy; {int(tied.sum())} of {len(order)} lie within "
                f"{options.tie_ev:g} eV of it, which point charges do not tell apart."
            )
        said = (_derivation(cif, shared, told), (*cell.notes, *notes))
        crystal = _crystal(shared, symbols, charges[index], cif, said)
        energy = float(energies[index])
        found.append(Ordering(crystal, energy, above, n_equivalent, assignment, bool(tied[index])))
    return tuple(found)


def _crystal(
    shared: SharedSites,
    symbols: Strings,
    charges: Ints,
    cif: CifBlock,
    said: tuple[str, tuple[str, ...]],
) -> Crystal:
    """Return an ordered crystal, with its derivation and its notes."""
    derivation, notes = said
    crystal = Crystal(
        name=one_word(cif.path.stem),
        cell_a=shared.cell.cell_a,
        symbols=symbols,
        fractional=shared.cell.fractional,
        oxidation_states=charges,
        status="derived",
        source=cif.text("_epicarve_source") or f"file {cif.path.name}",
        derivation=derivation,
        notes=notes,
    )
    return replace(crystal, space_group=crystal.symmetry.symbol)


def _derivation(cif: CifBlock, shared: SharedSites, told: str) -> str:
    """Return how an ordered crystal was made of the file."""
    parts = (cif.text("_epicarve_derivation"), *shared.remarks, told)
    return " ".join(part for part in parts if part)


def ewald_energies_ev(
    cell_a: Floats,
    fractional: Floats,
    charges: Ints,
) -> Floats:
    """Return the electrostatic energy of a unit cell for many sets of charges, in eV.

    The energy is the quadratic form q·M·q with pymatgen's Ewald matrix M of unit charges, so
    the sums over the lattice are done once for all sets.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates.
    charges : ndarray of int, shape (n_sets, n_sites)
        Charges in units of e; those of each set sum to 0.

    Examples
    --------
    Rock salt: the Madelung constant 1.747565 times 14.39965 eV Å over the bond of 3 Å.

    >>> from epicarve.builder.library import bundled_crystal
    >>> galena = bundled_crystal("PbS")
    >>> energy = ewald_energies_ev(6.0 * np.eye(3), galena.fractional,
    ...                            galena.oxidation_states[None, :] // 2)
    >>> (energy / 4).round(4).tolist()
    [-8.3881]
    """
    from pymatgen.analysis.ewald import EwaldSummation  # noqa: PLC0415  (costs seconds)
    from pymatgen.core.lattice import Lattice  # noqa: PLC0415
    from pymatgen.core.structure import Structure  # noqa: PLC0415

    # the element is of no matter; unit charges make the matrix that of the lattice alone
    structure = Structure(Lattice(cell_a), ["H"] * len(fractional), fractional)
    structure.add_oxidation_state_by_site([1] * len(fractional))
    summation = EwaldSummation(structure)  # type: ignore[no-untyped-call]
    matrix = np.asarray(summation.total_energy_matrix)
    return np.asarray(np.einsum("si,ij,sj->s", charges, matrix, charges, optimize=True))
