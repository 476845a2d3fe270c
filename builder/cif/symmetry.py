"""The symmetry that a CIF states: operations, symbols and numbers, and what they leave open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gemmi
import numpy as np

from epicarve.errors import InputError

from .hermann_mauguin import settings_named, settings_numbered
from .values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from epicarve.arrays import Floats

    from .file import CifBlock

NAME_TAGS = (
    "_space_group_name_H-M_alt",
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_full",
    "_space_group_name_H-M_ref",
)
HALL_TAGS = ("_space_group_name_Hall", "_symmetry_space_group_name_Hall")
NUMBER_TAGS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")
OPERATION_TAGS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")

MAX_OPERATIONS = 1000
"""No list is longer: 192 operations of the largest groups, some of them repeated."""

METRIC_TOLERANCE = 0.02
"""How far an operation may change the metric of a cell that is rounded, as a fraction of it."""


@dataclass(frozen=True)
class Setting:
    """One reading of the symmetry of a file.

    Parameters
    ----------
    symbol : str
        How the space group is called.
    told : str
        The same for a message, with what it was read from.
    operations : tuple of gemmi.Op
        All operations, the identity first.
    is_listed : bool
        Whether the file lists these operations.
    """

    symbol: str
    told: str
    operations: tuple[gemmi.Op, ...]
    is_listed: bool = False

    def fits(self, cell_a: Floats) -> bool:
        """Whether the operations leave the lengths and angles of a cell as they are."""
        rotations = np.array([op.rot for op in self.operations], dtype=float) / gemmi.Op.DEN
        metric = cell_a @ cell_a.T
        turned = np.einsum("oji,jk,okl->oil", rotations, metric, rotations)
        lengths = np.sqrt(np.diag(metric))
        return bool((np.abs(turned - metric) / np.outer(lengths, lengths)).max() < METRIC_TOLERANCE)


@dataclass(frozen=True)
class StatedSymmetry:
    """All readings of the symmetry of a file.

    Parameters
    ----------
    settings : tuple of Setting
        The readings, the likeliest first; one if the file is clear.
    doubt : str
        Why there are several, empty for one.
    needs_proof : bool
        Whether the name of the space group is not known, so that what is read has to be
        confirmed by formula, density or multiplicities.
    """

    settings: tuple[Setting, ...]
    doubt: str = ""
    needs_proof: bool = False

    def remedy(self, sound: list[Setting]) -> str:
        """Return how a file can tell which of several sound readings is meant."""
        if self.settings[0].is_listed:
            named = next(setting.symbol for setting in sound if not setting.is_listed)
            return (
                f"take the list of operations out if {named} is meant, or correct "
                f"{NAME_TAGS[0]} if the operations hold"
            )
        names = " or ".join(f"'{setting.symbol}'" for setting in sound)
        return f"list the symmetry operations, or give {NAME_TAGS[0]} {names}"


def stated_symmetry(cif: CifBlock) -> StatedSymmetry:
    """Read the symmetry of a block.

    Operations count more than names. Where they contradict the name, or hold the identity alone
    beside the name of another group, and where a name leaves origin or axes open, all readings
    are returned.

    Raises
    ------
    InputError
        If there is no symmetry, no reading of it, or the operations form no group.
    """
    listed = _operations(cif)
    name, number = cif.text(*NAME_TAGS), cif.number(*NUMBER_TAGS)
    hall = _hall_operations(cif.text(*HALL_TAGS))
    named = [_of_table(each) for each in _named(name, number)]
    if hall is not None:
        within = [each for each in named if _triplets(each.operations) == _triplets(hall)]
        symbol = within[0].symbol if within else name or cif.text(*HALL_TAGS)
        of_hall = Setting(symbol, f"Hall symbol {cif.text(*HALL_TAGS)!r}", hall)
        same_type = not named or _number(hall) in {_number(each.operations) for each in named}
        named = [of_hall] if same_type else [of_hall, *named]
    known = bool(named)
    if listed is None:
        if known:
            doubt = f"{_describe(name, number)} leaves open which setting is meant"
            return StatedSymmetry(tuple(named), doubt if len(named) > 1 else "")
        if name or number is not None:
            raise InputError(
                f"{cif.path}: space group {_describe(name, number)} is not known, and no "
                "operations are listed; give a symbol of the International Tables as "
                f"{NAME_TAGS[0]}"
            )
        raise InputError(
            f"{cif.path}: no symmetry in the file, so the unit cell can't be filled; "
            f"add {NAME_TAGS[0]} ('P 1' if all atoms are listed)"
        )
    many = "the one operation" if len(listed) == 1 else f"the {len(listed)} operations"
    own = Setting(name or _symbol(listed), f"{many} listed", listed, is_listed=True)
    if not known:
        return StatedSymmetry((own,), needs_proof=bool(name) and len(listed) == 1)
    numbers = {_number(each.operations) for each in named}
    if _number(listed) in numbers:
        return StatedSymmetry((own,))
    return StatedSymmetry(
        (own, *named), f"the operations listed are not those of {_describe(name, number)}"
    )


def other_settings(setting: Setting) -> tuple[Setting, ...]:
    """Return the other tabulated settings of the space group of a setting."""
    own = _triplets(setting.operations)
    if len(own) == 1:  # of no symmetry any centring is another setting
        return ()
    tabulated = map(_of_table, settings_numbered(_number(setting.operations)))
    return tuple(other for other in tabulated if _triplets(other.operations) != own)


def _named(name: str, number: float | None) -> tuple[gemmi.SpaceGroup, ...]:
    """Return the settings that fit the name, those of the number if the name is not known."""
    of_name = settings_named(name) if name else ()
    of_number = () if number is None or number != int(number) else settings_numbered(int(number))
    if not of_name:
        return of_number
    numbers = {setting.number for setting in of_name}
    if number is None or number in numbers or not of_number:
        return of_name
    return (*of_name, *of_number)


def _describe(name: str, number: float | None) -> str:
    if not name:
        return f"number {number:g}" if number is not None else "no name"
    return f"{name!r} (number {number:g})" if number is not None else repr(name)


def _of_table(setting: gemmi.SpaceGroup) -> Setting:
    return Setting(setting.xhm(), setting.xhm(), tuple(setting.operations()))


def _operations(cif: CifBlock) -> tuple[gemmi.Op, ...] | None:
    """Return the operations that are listed, None if there are none."""
    texts = [text for text in cif.column(*OPERATION_TAGS) if text not in UNKNOWN]
    if not texts:
        return None
    if len(texts) > MAX_OPERATIONS:
        raise InputError(
            f"{cif.path}: {len(texts)} symmetry operations are more than any group has"
        )
    listed = [gemmi.Op("x,y,z"), *(_operation(cif.path, text) for text in texts)]
    operations = list({operation.wrap().triplet(): operation for operation in listed}.values())
    if not _is_group(operations):
        raise InputError(
            f"{cif.path}: the {len(operations)} symmetry operations form no group, as products of "
            "them are not among them; list all, or take the list out and name the space group"
        )
    return tuple(gemmi.GroupOps(operations))


def _is_group(operations: list[gemmi.Op]) -> bool:
    """Whether the products of operations are among them, up to lattice vectors."""
    rotations = np.array([operation.rot for operation in operations]) // gemmi.Op.DEN
    shifts = np.array([operation.tran for operation in operations])
    turned = np.einsum("aij,bjk->abik", rotations, rotations).reshape(-1, 9)
    moved = np.einsum("aij,bj->abi", rotations, shifts) + shifts[:, None, :]
    products = np.column_stack([turned, moved.reshape(-1, 3) % gemmi.Op.DEN])
    own = np.column_stack([rotations.reshape(-1, 9), shifts % gemmi.Op.DEN])
    return len(np.unique(np.concatenate([own, products]), axis=0)) == len(own)


def _operation(path: Path, text: str) -> gemmi.Op:
    try:
        operation = gemmi.Op(text)
        determinant = operation.det_rot()
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"{path}: {text!r} is no symmetry operation such as 'x,y,z' ({error}); mend it, or "
            "write the crystal with all its sites listed, in P 1"
        ) from error
    if abs(determinant) != gemmi.Op.DEN**3:
        raise InputError(
            f"{path}: {text!r} is no symmetry operation, as it changes volumes; mend it"
        )
    return operation


def _hall_operations(symbol: str) -> tuple[gemmi.Op, ...] | None:
    if not symbol:
        return None
    try:
        return tuple(gemmi.symops_from_hall(symbol))
    except (ValueError, RuntimeError):
        return None


def _number(operations: Iterable[gemmi.Op]) -> int:
    """Return the number of the space group of operations, in whatever setting they are."""
    operations = tuple(operations)
    found = gemmi.find_spacegroup_by_ops(gemmi.GroupOps(list(operations)))
    if isinstance(found, gemmi.SpaceGroup):
        return int(found.number)
    import spglib  # noqa: PLC0415  (only for settings that gemmi does not tabulate)

    rotations = [np.array(op.rot) // gemmi.Op.DEN for op in operations]
    translations = [np.array(op.tran) / gemmi.Op.DEN for op in operations]
    kind = spglib.get_spacegroup_type_from_symmetry(rotations, translations)
    return 0 if kind is None else int(kind.number)


def _triplets(operations: Iterable[gemmi.Op]) -> frozenset[str]:
    return frozenset(operation.wrap().triplet() for operation in operations)


def _symbol(operations: tuple[gemmi.Op, ...]) -> str:
    found = gemmi.find_spacegroup_by_ops(gemmi.GroupOps(list(operations)))
    return str(found.xhm()) if isinstance(found, gemmi.SpaceGroup) else "P 1"
