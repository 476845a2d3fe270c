"""The edits that may be made to a plain cut: ions removed, added, or replaced by others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from .frame import GRAIN_A, in_grains
from .symmetry import orbit_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .surface_region import Shell


@dataclass(frozen=True)
class Edits:
    """Columns of the program; each is one edit, or the same edit of all ions of an orbit.

    Parameters
    ----------
    ion : ndarray of int, shape (n_single,)
        The ion that a single edit changes.
    symbol : ndarray of str, shape (n_single,)
        What stands there afterwards, empty for an ion removed.
    new_charge : ndarray of int, shape (n_single,)
        Formal charge of that, 0 for an ion removed.
    members : csr_array, shape (n_single, n_columns)
        Which single edits belong to a column.
    elements : tuple of str
        Elements that edits concern.
    domain : ndarray of int, shape (n_columns,)
        The domain that a column edits.
    steps, bonds, charges : ndarray of int, shape (n_columns,)
        Loss of fidelity, change of the number of broken bonds, change of the net charge.
    counts : ndarray of int, shape (n_elements, n_columns)
        Change of each element's count.
    moments : ndarray of float, shape (3, n_columns)
        Change of the dipole in e Å along the shell's own axes.
    occupancy, choices : csr_array, shape (n_free, n_columns)
        Whether a column fills or empties the site of a free ion; whether it concerns it at all.
    """

    ion: NDArray[np.int64]
    symbol: NDArray[np.str_]
    new_charge: NDArray[np.int64]
    members: csr_array
    elements: tuple[str, ...]
    domain: NDArray[np.int64]
    steps: NDArray[np.int64]
    bonds: NDArray[np.int64]
    charges: NDArray[np.int64]
    counts: NDArray[np.int64]
    moments: NDArray[np.float64]
    occupancy: csr_array
    choices: csr_array

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.steps)

    def chosen(self, columns: NDArray[np.int64]) -> Edits:
        """Return some of the columns."""
        return replace(
            self,
            members=csr_array(self.members[:, columns]),
            domain=self.domain[columns],
            steps=self.steps[columns],
            bonds=self.bonds[columns],
            charges=self.charges[columns],
            counts=self.counts[:, columns],
            moments=self.moments[:, columns],
            occupancy=csr_array(self.occupancy[:, columns]),
            choices=csr_array(self.choices[:, columns]),
        )


def possible_edits(shell: Shell) -> Edits:
    """Return every edit of a shell, as the options of its domains allow them.

    Parameters
    ----------
    shell : Shell
        The ions that may be edited. Edits keep the symmetry that the first domain asks for, see
        `orbit_of`.
    """
    ions, free = shell.ions, shell.free
    site = [np.arange(len(free))]
    symbol = [np.where(shell.inside[free], "", ions.symbols[free])]
    charge = [np.where(shell.inside[free], 0, ions.charges[free])]
    rules = [(n, rule) for n, d in enumerate(ions.domains) for rule in d.options.substitutions]
    for number, rule in rules:
        crystal = ions.domains[number].ions.crystal
        of_domain = ions.domain[free] == number
        chosen = np.flatnonzero(of_domain & (ions.symbols[free] == rule.replace))
        site.append(chosen)
        symbol.append(np.full(len(chosen), rule.by))
        charge.append(np.full(len(chosen), rule.charge_in(crystal)))
    sites, after, new_charge = np.concatenate(site), np.concatenate(symbol), np.concatenate(charge)
    ion = free[sites]
    present = shell.inside[ion]
    before = np.where(present, ions.symbols[ion], "")
    change = (after != "").astype(int) - present
    elements = tuple(dict.fromkeys([*ions.charge_of, *(rule.by for _, rule in rules)]))
    counts = np.array([(after == s).astype(int) - (before == s) for s in elements])
    points = in_grains(ions.positions_a[free] @ shell.axes.T) * GRAIN_A
    delta = new_charge - np.where(present, ions.charges[ion], 0)
    broken = change * (ions.bulk_coordination[ion] - 2 * shell.held[ion])
    kinds = np.column_stack([np.unique(after, return_inverse=True)[1], sites * 0])
    orbit = orbit_of(shell, ions.domains[0].options.symmetry)[sites]
    _, column = np.unique(np.column_stack([orbit, kinds[:, 0]]), axis=0, return_inverse=True)
    n_single = len(sites)
    n_columns = int(column.max()) + 1 if n_single else 0
    domain = np.zeros(n_columns, dtype=np.int64)
    domain[column.reshape(-1)] = ions.domain[ion]
    members = csr_array(
        (np.ones(n_single, dtype=int), (np.arange(n_single), column.reshape(-1))),
        shape=(n_single, n_columns),
    )
    emptied = csr_array(
        ((change != 0).astype(float), (sites, np.arange(n_single))), shape=(len(free), n_single)
    )
    concerned = csr_array(
        (np.ones(n_single), (sites, np.arange(n_single))), shape=(len(free), n_single)
    )
    return Edits(
        ion=ion,
        symbol=after,
        new_charge=new_charge,
        members=members,
        elements=elements,
        domain=domain,
        steps=shell.steps[ion] @ members,
        bonds=broken @ members,
        charges=delta @ members,
        counts=counts @ members,
        moments=(delta[:, None] * points[sites]).T @ members,
        occupancy=csr_array(emptied @ members),
        choices=csr_array(concerned @ members),
    )
