"""Slabs as the objects of ASE and pymatgen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ascii import in_ascii
from .crystals import KEY

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core.structure import Structure

    from epicarve.builder.interfaces import Slab


def atoms_of_slab(slab: Slab) -> Atoms:
    """Return a slab as ASE Atoms; see `Slab.to_ase`."""
    from ase import Atoms  # noqa: PLC0415  (costs half a second)

    atoms = Atoms(
        symbols=slab.symbols.tolist(),
        positions=slab.positions_a,
        cell=slab.cell_a,
        pbc=(True, True, False),
        charges=slab.charges,
        info={KEY: in_ascii({"report": slab.report.as_dict()})},
    )
    for name, column in slab.columns.items():
        atoms.arrays[name] = column.copy()
    return atoms


def structure_of_slab(slab: Slab) -> Structure:
    """Return a slab as pymatgen Structure; see `Slab.to_pymatgen`."""
    from pymatgen.core.lattice import Lattice  # noqa: PLC0415  (costs a second)
    from pymatgen.core.periodic_table import Species  # noqa: PLC0415
    from pymatgen.core.structure import Structure  # noqa: PLC0415

    charges = slab.charges.tolist()
    return Structure(
        Lattice(slab.cell_a, pbc=(True, True, False)),
        [Species(*ion) for ion in zip(slab.symbols.tolist(), charges, strict=True)],
        slab.fractional,
        site_properties={name: column.tolist() for name, column in slab.columns.items()},
        properties={KEY: {"report": slab.report.as_dict()}},
    )
