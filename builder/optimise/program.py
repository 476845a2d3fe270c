"""The integer program of a cut: edits as columns, constraints as rows, costs as whole numbers."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from .coordination import coordination_rows
from .dipole import DipoleLimit, EditCharges
from .frame import GRAIN_A, in_grains
from .halides import HALIDE_CHARGE
from .pose_rows import PoseRows
from .rows import Rows

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints, Strings

    from .edits import Edits
    from .surface_region import Shell


class Program:
    """Minimise W·(steps·y + Σ K·level) + bonds·y over y in {0, 1} and whole levels of the dipoles.

    Parameters
    ----------
    shell : Shell
        The ions that may be edited, and what each domain must satisfy.
    edits : Edits
        The columns.
    units : tuple of float
        Fewest and most units of the treatment, where there is one.

    Attributes
    ----------
    charges : ndarray of int, shape (n_domains, n_columns)
        Charges of the edits, each in the row of its domain.
    charge_limit : ndarray of int, shape (n_domains,)
        What they must sum to.
    ratio : Rows
        Each element's count within the tolerance of its share of its domain, and the units of a
        treatment.
    local : Rows
        Minimum coordination and strong bonds of each kept ion; one edit at most of each ion; one
        ion at most of each pair that clashes; some ion of each domain.
    dipoles : tuple of DipoleLimit
        Of each domain, and of the whole if there are several.
    """

    def __init__(self, shell: Shell, edits: Edits, units: tuple[float, float] = (0.0, 0.0)) -> None:
        self.shell = shell
        self.edits = edits
        domains = shell.ions.domains
        of_domain = edits.domain == np.arange(len(domains))[:, None]
        self.charges = np.where(of_domain, edits.charges, 0)
        base = np.flatnonzero(shell.base)
        held = np.bincount(
            shell.ions.domain[base], weights=shell.ions.charges[base], minlength=len(domains)
        )
        wanted = np.array([domain.options.net_charge for domain in domains])
        self.charge_limit = wanted - held.astype(np.int64)
        self.ratio = self._ratio_rows(0)
        for number in range(1, len(domains)):
            self.ratio += self._ratio_rows(number)
        if edits.treatment is not None:
            self.ratio += self._unit_rows(*units)
        self.local = _exclusive_rows(edits)
        for need in reversed(shell.needs):
            self.local = coordination_rows(shell, edits, need) + self.local
        if len(shell.clashes):
            self.local += self._clash_rows()
        for number in range(len(domains)):
            if not shell.fixed[shell.ions.domain == number].any():
                self.local += self._some_ion_row(number)
        if shell.ions.poses is not None:
            rows = PoseRows(shell, edits, shell.ions.poses)
            self.local += rows.local()
            self.ratio += rows.amounts()
        self.dipoles = tuple(self._dipole_limit(number) for number in range(len(domains)))
        if len(domains) > 1:
            self.dipoles += (self._dipole_limit(None),)

    def _dipole_limit(self, number: int | None) -> DipoleLimit:
        """Limit the dipole of a domain, or that of the whole for None.

        The radius is that of the plain cut; the whole is as strict as its strictest domain.
        """
        shell, edits, ions = self.shell, self.edits, self.shell.ions
        if number is None:
            options = [domain.options.free_dipole_v for domain in ions.domains]
            free_v, origin_a = min(options), np.zeros(3)
            mine, columns = np.full(ions.n_ions, True), np.full(edits.n_columns, True)
            total = int(self.charge_limit.sum())
        else:
            domain = ions.domains[number]
            free_v, origin_a = domain.options.free_dipole_v, domain.origin_a
            mine, columns = ions.domain == number, edits.domain == number
            total = int(self.charge_limit[number])
        base = np.flatnonzero(shell.base & mine)
        start = (ions.charges[base] @ (ions.positions_a[base] - origin_a)) @ shell.axes.T
        inner = ions.positions_a[shell.inside & mine] - origin_a
        if not inner.any():  # a single ion at the centre has no radius; those around it have one
            inner = ions.positions_a[mine] - origin_a
        radius = np.sqrt((inner**2).sum(axis=1).max(keepdims=True))
        radius_a = float(in_grains(radius)[0] * GRAIN_A)
        from_origin = edits.moments - np.outer(shell.axes @ origin_a, edits.charges)
        moments = np.where(columns, from_origin, 0.0)
        start = np.asarray(in_grains(start) * GRAIN_A, dtype=float)
        each = np.where(columns, edits.charges, 0)
        charges = EditCharges(each, total, shell.axes @ origin_a)
        return DipoleLimit.of(moments, start, free_v, radius_a, charges)

    def _ratio_rows(self, number: int) -> Rows:
        """Return |total·count - share·all| <= tolerance·share·all in whole numbers."""
        edits, ions = self.edits, self.shell.ions
        domain = ions.domains[number]
        unit = domain.ions.crystal.formula_unit
        total = sum(unit.values())
        tolerance = Fraction(domain.options.ratio_tolerance).limit_denominator(10**4)
        symbols = ions.symbols[self.shell.base & (ions.domain == number)]
        base = {symbol: int((symbols == symbol).sum()) for symbol in unit}
        n_base = sum(base.values())
        mine = edits.domain == number
        of = {symbol: edits.counts[edits.elements.index(symbol)] * mine for symbol in unit}
        n_edit = sum(of.values())
        rows, limits = [], []
        for symbol, share in unit.items():
            for sign, bound in ((1, 1 + tolerance), (-1, 1 - tolerance)):
                own, all_ = bound.denominator * total, bound.numerator * share
                scale = np.gcd(own, all_)
                own, all_ = own // scale, all_ // scale
                rows.append(sign * (own * of[symbol] - all_ * n_edit) / own)
                limits.append(-sign * (own * base[symbol] - all_ * n_base) / own)
        return Rows(csr_array(np.array(rows, dtype=float)), np.array(limits, dtype=float))

    def _unit_rows(self, fewest: float, most: float) -> Rows:
        """So many units of the treatment; halides that replace anions bring in no charge."""
        edits = self.edits
        rows, limits = [edits.units, -edits.units], [most, -fewest]
        if edits.replaced.any():
            charge = np.where(edits.replaced > 0, edits.charges, HALIDE_CHARGE * edits.halides)
            rows, limits = [*rows, charge, -charge], [*limits, 0.0, 0.0]
        return Rows(csr_array(np.array(rows, dtype=float)), np.array(limits))

    def _clash_rows(self) -> Rows:
        """At most one ion is kept of each pair that clashes."""
        shell = self.shell
        position = np.full(shell.ions.n_ions, -1)
        position[shell.free] = np.arange(len(shell.free))
        sign = np.where(shell.inside[shell.free], -1.0, 1.0)
        pairs = position[shell.clashes]
        n_pairs = len(pairs)
        rows = csr_array(
            (sign[pairs].ravel(), (np.repeat(np.arange(n_pairs), 2), pairs.ravel())),
            shape=(n_pairs, len(shell.free)),
        )
        limit = 1.0 - shell.inside[shell.clashes].sum(axis=1)
        return Rows(csr_array(rows @ self.edits.occupancy), limit)

    def _some_ion_row(self, number: int) -> Rows:
        """At least one ion of a domain is kept."""
        shell = self.shell
        mine = shell.ions.domain == number
        sign = np.where(shell.inside[shell.free], 1.0, -1.0) * mine[shell.free]
        row = csr_array((sign @ self.edits.occupancy)[None])
        return Rows(row, np.array([float((shell.base & mine).sum()) - 1.0]))

    def part(self, number: int, y: Floats, *, whole: bool) -> Program:
        """Return the program over the edits of one domain, with those of the others as they are.

        Parameters
        ----------
        number : int
            The domain.
        y : ndarray of float, shape (n_columns,)
            Edits; those of the domain do not matter.
        whole : bool
            Whether the dipole of the whole is limited too.
        """
        mine = self.edits.domain == number
        columns, others = np.flatnonzero(mine), np.where(mine, 0.0, y)
        part = copy(self)
        part.edits = self.edits.chosen(columns)
        part.charges = self.charges[number : number + 1, columns]
        part.charge_limit = self.charge_limit[number : number + 1]
        part.ratio = self.ratio.part(columns, others)
        part.local = self.local.part(columns, others)
        part.dipoles = tuple(
            limit.part(columns, limit.after(others), int(self.charge_limit[number]))
            for limit in (self.dipoles[number], *(self.dipoles[-1:] if whole else ()))
        )
        return part

    def alone(self, number: int) -> tuple[Program, Ints]:
        """Return the program of one domain whatever the edits of others are, and its columns.

        Edits of others that share a row with its own cost nothing there, and only those rows
        hold that concern its own; so no solution of the whole costs the domain less.

        Parameters
        ----------
        number : int
            The domain.
        """
        own = self.edits.domain == number
        concerned = np.flatnonzero(np.diff(csr_array(self.local.matrix[:, own]).indptr))
        local = csr_array(self.local.matrix[concerned])
        is_there = own.copy()
        is_there[local.indices] = True
        columns = np.flatnonzero(is_there)
        edits = self.edits.chosen(columns)
        alone = copy(self)
        alone.edits = replace(
            edits,
            steps=np.where(own[columns], edits.steps, 0),
            bonds=np.where(own[columns], edits.bonds, 0),
        )
        alone.charges = self.charges[number : number + 1, columns]
        alone.charge_limit = self.charge_limit[number : number + 1]
        of_ratio = np.flatnonzero(np.diff(csr_array(self.ratio.matrix[:, own]).indptr))
        ratio = csr_array(self.ratio.matrix[of_ratio])
        alone.ratio = Rows(csr_array(ratio[:, columns]), self.ratio.limit[of_ratio])
        alone.local = Rows(csr_array(local[:, columns]), self.local.limit[concerned])
        limit = self.dipoles[number]
        alone.dipoles = (limit.part(columns, limit.start, int(self.charge_limit[number])),)
        return alone, columns

    def applied(self, y: Floats) -> tuple[Bools, Strings, Ints]:
        """Which ions the edits leave, and element and charge of every ion, each (n_ions,)."""
        edits, ions = self.edits, self.shell.ions
        done = np.flatnonzero(edits.members @ y > 0.5)
        ion, after = edits.ion[done], edits.symbol[done]
        kept = self.shell.base.copy()
        kept[ion] = after != ""
        stays = after != ""
        width = max(ions.symbols.dtype.itemsize, after.dtype.itemsize) // 4
        symbols, charges = ions.symbols.astype(f"<U{width}"), ions.charges.copy()
        if ions.poses is not None:
            kept[ions.poses.sites[self.poses(y)].indices] = False
        symbols[ion[stays]] = after[stays]
        charges[ion[stays]] = edits.new_charge[done][stays]
        return kept, symbols, charges

    def halides(self, y: Floats) -> Bools:
        """Where halides of a treatment stand after edits, shape (n_ions,)."""
        edits, placed = self.edits, np.zeros(self.shell.ions.n_ions, dtype=bool)
        placed[edits.ion[(edits.members @ y > 0.5) & edits.is_halide]] = True
        return placed

    def poses(self, y: Floats) -> Ints:
        """Poses of ligands that are placed, ascending."""
        poses = self.shell.ions.poses
        return np.flatnonzero(y[len(y) - (0 if poses is None else poses.n_poses) :] > 0.5)

    def level(self, y: Floats) -> int:
        """Whole number of times that the dipoles exceed the free ones, all taken together."""
        return sum(dipole.level(y) for dipole in self.dipoles)

    def steps(self, y: Floats) -> int:
        """Fidelity: steps of all edits and of the dipoles' levels."""
        beyond = sum(dipole.level_steps * dipole.level(y) for dipole in self.dipoles)
        return round(float(self.edits.steps @ y)) + beyond

    def bonds(self, y: Floats) -> int:
        """Bonds broken by all edits, each counted against the base."""
        return round(float(self.edits.bonds @ y))


def _exclusive_rows(edits: Edits) -> Rows:
    """At most one edit of each ion that has a choice of several."""
    several = np.flatnonzero(edits.choices.sum(axis=1) > 1)
    return Rows(csr_array(edits.choices[several]), np.ones(len(several)))
