"""Models of ions written out: each molecule as its atoms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.model import COLUMNS, ION, MOLECULE

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model


def in_atoms(model: Model, crystal: Crystal) -> Model:
    """Return a carved model with the atoms of its molecules in the places of their ions.

    Parameters
    ----------
    model : Model
        Ions of one crystal, in the crystal's own orientation.
    crystal : Crystal
        The crystal.

    Returns
    -------
    Model
        The same model if the crystal holds no molecules. Else its columns ``molecule`` and ``ion``
        tell which atoms belong together, and what their ion is called; domain, site, coordination
        and piece are those of the ion, the formal charges those of the atoms.
    """
    if not crystal.molecules:
        return model
    held = crystal.atoms
    is_molecule = np.isin(model.sites, list(crystal.molecules))
    is_molecule &= model.symbols == crystal.symbols[model.sites]  # not substituted
    n_atoms = np.where(is_molecule, crystal.atoms_per_site[model.sites], 1)
    ion_of = np.repeat(np.arange(model.n_atoms), n_atoms)
    start = np.cumsum(n_atoms) - n_atoms
    first_of_site = np.searchsorted(held.sites, np.arange(crystal.n_sites))
    atom = first_of_site[model.sites[ion_of]] + np.arange(len(ion_of)) - start[ion_of]
    offsets_a = np.zeros((len(held.sites), 3))
    for site, molecule in crystal.molecules.items():
        first = first_of_site[site]
        offsets_a[first : first + molecule.n_atoms] = molecule.offsets_a
    number = np.where(is_molecule, np.cumsum(is_molecule) - 1, -1)
    inside = is_molecule[ion_of]
    per_atom = {key: getattr(model, key)[ion_of] for key in COLUMNS.values()}
    per_atom["charges"] = np.where(inside, held.charges[atom], per_atom["charges"])
    return replace(
        model,
        **per_atom,
        symbols=np.where(inside, held.symbols[atom], model.symbols[ion_of]),
        positions_a=model.positions_a[ion_of] + np.where(inside[:, None], offsets_a[atom], 0.0),
        columns={MOLECULE: number[ion_of], ION: model.symbols[ion_of]},
    )
