"""Layers of a crystal that are their own image, turned upside down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .stack import cells_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epicarve.arrays import Floats

    from .continuity import Side
    from .interface import Interface
    from .stack import Stack

SAME_A = 1e-3
"""Vectors that differ by less than this, in Å, are the same."""

FLIP = np.diag([1.0, -1.0, -1.0])
"""Turns a film upside down, as `Stack.flipped` does."""

OPERATIONS = {"inversion": -np.eye(3), "mirror": np.diag([1.0, 1.0, -1.0])}
"""Operations that turn a slab upside down and keep every lattice of its plane."""


@dataclass(frozen=True)
class Turnover:
    """A layer between two interfaces, and the operation that takes it to itself, upside down.

    Parameters
    ----------
    name : {"inversion", "mirror"}
        Matrix of the operation, see `OPERATIONS`.
    thickness_a : float
        Distance in Å between the two cuts.
    layer : Stack
        The ions between them.
    shift_a : ndarray of float, shape (3,)
        Translation in Å that follows the matrix.
    """

    name: str
    thickness_a: float
    layer: Stack
    shift_a: Floats

    @property
    def kind(self) -> str:
        """What the operation is called: a mirror that also shifts along its plane is a glide."""
        along = self.shift_a[:2] @ np.linalg.inv(self.layer.lattice_a)
        off_a = np.abs((along - np.rint(along)) @ self.layer.lattice_a).max()
        return "glide" if self.name == "mirror" and off_a > SAME_A else self.name

    def image(self, stack: Stack) -> Stack:
        """Return ions of the one interface as they lie at the other."""
        turned = stack.positions_a @ OPERATIONS[self.name].T
        return replace(stack, positions_a=turned + self.shift_a)


def symmetric_layer(interface: Interface, middle: Side, least_a: float) -> Turnover:
    """Find the thinnest neutral layer of one side that is its own image, upside down.

    Parameters
    ----------
    interface : Interface
        The interface at which the layer begins.
    middle : {"film", "substrate"}
        Whose layer.
    least_a : float
        Least thickness in Å.

    Raises
    ------
    InputError
        If the crystal has no such operation, or the layers that it gives are charged.
    """
    face = interface.film if middle == "film" else interface.substrate
    found: dict[tuple[float, str], Floats] = {}
    for name, thickness_a, shift in _upside_down(interface, middle, least_a):
        found.setdefault((round(thickness_a, 6), name), shift)
    if not found:
        raise InputError(
            f"{face.crystal.name} has no inversion centre, and no mirror or glide plane along "
            f"{list(face.termination.hkl)} that the cell keeps, so no symmetric slab has it in "
            "the middle; put the other crystal there"
        )
    charges = set()
    for (thickness_a, name), shift in sorted(found.items(), key=lambda item: item[0]):
        depths = (thickness_a, 0.0) if middle == "film" else (0.0, thickness_a)
        layer = interface.sides(*depths)[0 if middle == "film" else 1]
        charge = int(layer.charges.sum())
        if charge == 0:
            return Turnover(name, thickness_a, layer, shift)
        charges.add(f"{charge:+d} e")
    raise InputError(
        f"a symmetric layer of {face.crystal.name} between two {face.termination.layer} faces "
        f"carries {' or '.join(sorted(charges))}; choose another termination or put the other "
        "crystal there"
    )


def _upside_down(
    interface: Interface, side: Side, least_a: float
) -> Iterator[tuple[str, float, Floats]]:
    """Yield the operations of a side's crystal that take it to itself, upside down.

    Each comes with the thickness in Å of the layer between the cut and its image, at least as
    asked, and with the translation that follows the matrix. Strain in the plane keeps these
    operations. One counts only if it is a translation of the common cell when done twice: the
    translations of the crystal within that cell are none of the slab.
    """
    common = interface.common
    if side == "film":
        face, matrix, turn = interface.film, interface.cell.film_matrix, FLIP
        deformation, place = common.film_deformation, np.array(interface.shift_a)
    else:
        face, matrix, turn = interface.substrate, interface.cell.substrate_matrix, np.eye(3)
        deformation, place = common.substrate_deformation, np.zeros(3)

    def in_place(vector: Floats) -> Floats:
        turned = turn @ vector
        return np.append(turned[:2] @ deformation, turned[2])

    step = in_place(face.inward_a)
    inner = cells_within(matrix) @ np.linalg.solve(matrix, common.lattice_a)
    cells_a = np.hstack([inner, np.zeros((len(inner), 1))])
    group, cell_a = face.crystal.symmetry, face.crystal.cell_a
    cut = np.array([0.0, 0.0, face.termination.offset_a])
    for whole, translation in zip(group.rotations, group.translations, strict=True):
        cartesian = cell_a.T @ whole @ np.linalg.inv(cell_a).T
        operation = face.rotation @ cartesian @ face.rotation.T
        for name, wanted in OPERATIONS.items():
            if np.abs(operation - wanted).max() > SAME_A:
                continue
            own = face.rotation @ (translation @ cell_a) + wanted @ cut - cut
            shift = in_place(own) + place - wanted @ place
            # the cut goes to a height that differs from its own by this, and by whole periods
            away = (shift[2] - 2.0 * place[2]) * np.sign(step[2])
            first = int(np.ceil((least_a - away) / face.period_a - 1e-6))
            for periods in range(first, first + 2 * len(cells_a)):
                shifts = shift + periods * step + cells_a
                twice = (shifts @ wanted.T + shifts)[:, :2] @ np.linalg.inv(common.lattice_a)
                off_a = np.abs((twice - np.rint(twice)) @ common.lattice_a).max(axis=1)
                if (off_a < SAME_A).any():
                    chosen = shifts[int(np.argmax(off_a < SAME_A))]
                    yield name, float(away + periods * face.period_a), chosen
                    break
