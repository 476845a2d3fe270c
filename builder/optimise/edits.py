"""The edits that may be made to a plain cut: ions removed, added, or replaced by others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack

from .frame import GRAIN_A, in_grains
from .halides import HALIDE_CHARGE, Halides
from .symmetry import orbit_of

if TYPE_CHECKING:
    from typing import Any

    from epicarve.arrays import Bools, Floats, Ints, Strings

    from .poses import Poses
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
    is_halide, is_replaced : ndarray of bool, shape (n_single,)
        Whether that is a halide of a treatment; whether it is one that replaces an anion.
    members : csr_array, shape (n_single, n_columns)
        Which single edits belong to a column.
    elements : tuple of str
        Elements that edits concern.
    domain : ndarray of int, shape (n_columns,)
        The domain that a column edits.
    steps, bonds, charges : ndarray of int, shape (n_columns,)
        Loss of fidelity, change of the number of broken bonds, change of the net charge.
    counts : ndarray of float, shape (n_elements, n_columns)
        Change of each element's count in the ratio.
    moments : ndarray of float, shape (3, n_columns)
        Change of the dipole in e Å along the shell's own axes.
    occupancy, choices : csr_array, shape (n_free, n_columns)
        Whether a column fills or empties the site of a free ion; whether it concerns it at all.
    treatment : Halides, optional
        What a treatment asks for.
    """

    ion: Ints
    symbol: Strings
    new_charge: Ints
    is_halide: Bools
    is_replaced: Bools
    members: csr_array
    elements: tuple[str, ...]
    domain: Ints
    steps: Ints
    bonds: Ints
    charges: Ints
    counts: Floats
    moments: Floats
    occupancy: csr_array
    choices: csr_array
    treatment: Halides | None

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.steps)

    @property
    def halides(self) -> Ints:
        """Number of halides of a treatment in each column, shape (n_columns,)."""
        return np.asarray(self.is_halide.astype(np.int64) @ self.members)

    @property
    def replaced(self) -> Ints:
        """Number of those that replace an anion, shape (n_columns,)."""
        return np.asarray(self.is_replaced.astype(np.int64) @ self.members)

    @property
    def units(self) -> Floats:
        """Units of the treatment in each column, shape (n_columns,)."""
        if self.treatment is not None and self.treatment.cation:
            return self.halides / self.treatment.per_unit
        return self.replaced.astype(float)

    def with_poses(self, poses: Poses, shell: Shell) -> Edits:
        """Return the columns with those of poses of ligands after them.

        A pose costs nothing by itself; if it takes the site of an ion of the plain cut, the removal
        of that ion is part of it.
        """
        ions, free = shell.ions, shell.free
        taken = csr_array(poses.sites[:, free])
        emptied = csr_array(taken.multiply(shell.inside[free][None]))
        charges = ions.charges[free]
        points = in_grains(ions.positions_a[free] @ shell.axes.T) * GRAIN_A
        moments = in_grains(poses.moments @ shell.axes.T) * GRAIN_A
        moments = moments - emptied @ (charges[:, None] * points)
        broken = 2 * shell.held[free] - ions.bulk_coordination[free]
        none = np.zeros(poses.n_poses, dtype=np.int64)
        counts = poses.counts(ions.symbols, self.elements)
        counts -= [emptied @ (ions.symbols[free] == s).astype(float) for s in self.elements]
        blank = csr_array((self.members.shape[0], poses.n_poses), dtype=self.members.dtype)
        return replace(
            self,
            members=csr_array(hstack([self.members, blank], format="csr")),
            domain=np.r_[self.domain, none],
            steps=np.r_[self.steps, _whole(emptied @ shell.steps[free])],
            bonds=np.r_[self.bonds, _whole(emptied @ broken)],
            charges=np.r_[self.charges, poses.charge - _whole(emptied @ charges)],
            counts=np.hstack([self.counts, counts]),
            moments=np.hstack([self.moments, moments.T]),
            occupancy=csr_array(hstack([self.occupancy, emptied.T], format="csr")),
            choices=csr_array(hstack([self.choices, taken.T], format="csr")),
        )

    def chosen(self, columns: Ints) -> Edits:
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
    treatment = Halides.of(shell)
    sites, after, new_charge, is_halide, is_replaced = _choices(shell, treatment)
    ion = free[sites]
    present = shell.inside[ion]
    before = np.where(present, ions.symbols[ion], "")
    change = (after != "").astype(int) - present
    elements = tuple(dict.fromkeys([*ions.charge_of, *after[after != ""].tolist()]))
    counts = np.array([(after == s) * 1.0 - (before == s) for s in elements])
    if treatment is not None:
        apart = [[treatment.counted(symbol)] for symbol in elements]
        removed = [(before == symbol) & ~is_replaced for symbol in elements]
        counts[:, is_halide] = (apart - np.array(removed))[:, is_halide]
    is_filled = is_halide & ~is_replaced & (after != ions.symbols[ion])
    further = is_filled * (1 + present * shell.steps[ion])  # what it is emptied at
    points = in_grains(ions.positions_a[free] @ shell.axes.T) * GRAIN_A
    delta = new_charge - np.where(present, ions.charges[ion], 0)
    broken = change * (ions.bulk_coordination[ion] - 2 * shell.held[ion])
    kind = np.unique(after, return_inverse=True)[1].reshape(-1)
    orbit = orbit_of(shell, ions.domains[0].options.symmetry)[sites]
    alike = np.column_stack([orbit, kind, is_halide, is_replaced])
    _, column = np.unique(alike, axis=0, return_inverse=True)
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
    edits = Edits(
        ion=ion,
        symbol=after,
        new_charge=new_charge,
        is_halide=is_halide,
        is_replaced=is_replaced,
        members=members,
        elements=elements,
        domain=domain,
        steps=(shell.steps[ion] + further) @ members,
        bonds=broken @ members,
        charges=delta @ members,
        counts=counts @ members,
        moments=(delta[:, None] * points[sites]).T @ members,
        occupancy=csr_array(emptied @ members),
        choices=csr_array(concerned @ members),
        treatment=treatment,
    )
    return edits if ions.poses is None else edits.with_poses(ions.poses, shell)


def _choices(shell: Shell, treatment: Halides | None) -> tuple[Any, ...]:
    """Place among the free ions of each edit, what stands there afterwards, and its charge.

    First every ion removed or added, then substitutions, then halides of a treatment; the last two
    arrays mark these, and those of them that replace an anion.
    """
    ions, free = shell.ions, shell.free
    inside = shell.inside[free]
    site = [np.arange(len(free))]
    symbol = [np.where(inside, "", ions.symbols[free])]
    charge = [np.where(inside, 0, ions.charges[free])]
    rules = [(n, rule) for n, d in enumerate(ions.domains) for rule in d.options.substitutions]
    for number, rule in rules:
        crystal = ions.domains[number].ions.crystal
        of_domain = ions.domain[free] == number
        chosen = np.flatnonzero(of_domain & (ions.symbols[free] == rule.replace))
        site.append(chosen)
        symbol.append(np.full(len(chosen), rule.by))
        charge.append(np.full(len(chosen), rule.charge_in(crystal)))
    n_others = sum(len(each) for each in site)
    if treatment is not None:
        site.append(treatment.sites)
        symbol.append(np.full(len(site[-1]), treatment.options.halide))
        charge.append(np.full(len(site[-1]), HALIDE_CHARGE))
    sites = np.concatenate(site)
    is_halide, is_replaced = np.zeros((2, len(sites)), dtype=bool)
    if treatment is not None:
        is_halide[n_others:], is_replaced[n_others:] = True, treatment.is_replaced
    return sites, np.concatenate(symbol), np.concatenate(charge), is_halide, is_replaced


def _whole(numbers: Floats) -> Ints:
    return np.rint(numbers).astype(np.int64)
