"""Groups of atoms of the user's own, found among the atoms of a run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.analysis.selection import (
    Distance,
    Elements,
    Neighbours,
    Numbers,
    Place,
    parse_selection,
)
from epicarve.builder.extxyz import read_atoms
from epicarve.errors import InputError, near_name

from .dos import Groups
from .profile import Axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.analysis.options import GroupFile
    from epicarve.analysis.selection import Term
    from epicarve.arrays import Bools, Floats, Ints

    from .atoms import KnownAtoms

OWN = "own"
"""Head of the names of own groups in tables, and the word for them among the kinds of groups."""

REST = "rest"
"""Name of the atoms that are in none of them."""

COMPARE = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
}

LISTED = 12
"""Most names that a message lists."""


def own_groups(asked: Mapping[str, str | GroupFile], atoms: KnownAtoms) -> Groups:
    """Find groups of the user's own among atoms.

    Parameters
    ----------
    asked : mapping of str to str or GroupFile
        What each group holds; see `AnalysisOptions`.
    atoms : KnownAtoms
        The atoms.

    Returns
    -------
    Groups
        A partition in the order asked, each group named ``"own:NAME"``, and ``"own:rest"`` of what
        none of them holds, if there is some.

    Raises
    ------
    InputError
        If a group is empty, out of range, or shares an atom with another; if what tells its atoms
        is not known; or a file is of other atoms.
    """
    chosen = [_members(name, what, atoms) for name, what in asked.items()]
    members = np.array(chosen)
    several = np.flatnonzero(members.sum(axis=0) > 1)
    if several.size:
        atom = int(several[0])
        first, second = [name for name, mine in zip(asked, members, strict=True) if mine[atom]][:2]
        raise InputError(
            f"groups {first} and {second} both hold atom {atom + 1} ({atoms.symbols[atom]}), the "
            f"first of {several.size} in more than one group; choose each atom once"
        )
    names = [*asked]
    rest = ~members.any(axis=0)
    if rest.any():
        names.append(REST)
        members = np.vstack([members, rest])
    return Groups(tuple(f"{OWN}:{name}" for name in names), members)


def _members(name: str, what: str | GroupFile, atoms: KnownAtoms) -> Bools:
    """Return which atoms a group holds, shape (n_atoms,)."""
    told = what if isinstance(what, str) else what.file.name
    try:
        if isinstance(what, str):
            terms = parse_selection(what)
            members = np.all([_holds(term, atoms) for term in terms], axis=0)
        else:
            members = _of_file(name, what, atoms)
    except InputError as error:
        raise InputError(f"group {name} ({told}): {error}") from None
    if not members.any():
        raise InputError(f"group {name} ({told}): it holds no atom of the run; choose others")
    return np.asarray(members)


def _holds(term: Term, atoms: KnownAtoms) -> Bools:
    """Return for which atoms a condition holds, shape (n_atoms,)."""
    symbols = np.array(atoms.symbols)
    match term:
        case Numbers(spans):
            return _numbered([number for span in spans for number in span], spans, atoms)
        case Elements(wanted):
            for symbol in wanted:
                _require_element(symbol, atoms)
            return np.isin(symbols, wanted)
        case Neighbours():
            _require_element(term.symbol, atoms)
            near = _neighbours(term, atoms)
            return np.asarray((symbols == term.symbol) & COMPARE[term.comparison](near, term.count))
        case Distance():
            lengths_a = _lengths_a(term, atoms)
            held = [COMPARE[sign](lengths_a, length_a) for sign, length_a in term.bounds]
            return np.asarray(np.all(held, axis=0))
        case Place():
            return _in_place(term, atoms)


def _numbered(numbers: Sequence[int], spans: Sequence[tuple[int, int]], atoms: KnownAtoms) -> Bools:
    """Return the atoms of some ranges, counted from 1."""
    outside = next((n for n in numbers if not 1 <= n <= atoms.n_atoms), None)
    if outside is not None:
        raise InputError(
            f"there is no atom {outside}; those of the run count from 1 to {atoms.n_atoms}"
        )
    members = np.zeros(atoms.n_atoms, dtype=bool)
    for first, last in spans:
        members[first - 1 : last] = True
    return members


def _require_element(symbol: str, atoms: KnownAtoms) -> None:
    known = tuple(dict.fromkeys(atoms.symbols))
    if symbol not in known:
        raise InputError(f"there is no {symbol} in the run; its elements are {', '.join(known)}")


def _neighbours(term: Neighbours, atoms: KnownAtoms) -> Ints:
    """Count the neighbours of atoms of the element, shape (n_atoms,)."""
    if term.within_a is None:
        held = atoms.sites.coordination
        if held is None:
            raise InputError(
                "which atoms are bonded is known of models only; tell how near neighbours are, as "
                f"in {term.symbol}{term.comparison}{term.count}@3.2A, or give the model (--model)"
            )
        return np.asarray(held)
    positions_a = atoms.particle_a("neighbours within a distance")
    mine = np.array(atoms.symbols) == term.symbol
    counts = np.zeros(atoms.n_atoms, dtype=np.int64)
    if not mine.all():
        others = cKDTree(positions_a[~mine])
        counts[mine] = others.query_ball_point(positions_a[mine], term.within_a, return_length=True)
    return counts


def _lengths_a(term: Distance, atoms: KnownAtoms) -> Floats:
    """Return the distance of each atom in Å, with a sign from a plane."""
    if term.what == "plane":
        positions_a = atoms.located_a("distances from a plane")
        normal = np.array(term.normal) / np.linalg.norm(term.normal)
        return np.asarray((positions_a - positions_a.mean(axis=0)) @ normal)
    if term.what == "centre":
        positions_a = atoms.particle_a("distances from the centre")
        return np.asarray(np.linalg.norm(positions_a - positions_a.mean(axis=0), axis=1))
    axis = None if atoms.model is None else Axis.of(atoms.model, atoms.sites)
    if axis is None or axis.kind != "normal":
        raise InputError(
            "no flat interface between two domains is known; choose by a plane, as in z<0.5nm"
        )
    return np.abs(axis.coordinates_a)


def _in_place(term: Place, atoms: KnownAtoms) -> Bools:
    """Return the atoms in a domain, or in core, surface or interface."""
    found = atoms.crystals if term.field == "domain" else atoms.sites.positions
    if found is None:
        raise InputError(
            "what is surface is known of models only; give the model (--model), or choose by "
            "neighbours within a distance, as in Pb<6@3.2A"
        )
    known = tuple(Counter(found.tolist()))
    if term.value not in known:
        raise InputError(
            f"no atom is of {term.field} {term.value!r}; {near_name(term.value, known)}"
        )
    return np.asarray(found == term.value)


def _of_file(name: str, what: GroupFile, atoms: KnownAtoms) -> Bools:
    """Return the atoms that a file puts into a group."""
    path = what.file
    if what.column:
        table = read_atoms(path)
        if atoms.symbols != tuple(table.symbols):
            raise InputError(
                f"{path} is of other atoms than the run, or in another order; give one of its atoms"
            )
        if what.column not in table.arrays:
            known = tuple(key for key in table.arrays if key not in {"numbers", "positions"})
            raise InputError(
                f"{path}: there is no column {what.column!r}; {near_name(what.column, known)}"
            )
        return _labelled(
            name, [str(value) for value in table.arrays[what.column].tolist()], path.name
        )
    try:
        words = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} can't be read; give a file of text, from here as in --group {name}=file:PATH"
        ) from error
    lines = [word.strip() for word in words]
    lines = lines[: max((i + 1 for i, line in enumerate(lines) if line), default=0)]
    if all(line.isdecimal() for line in lines):
        numbers = [int(line) for line in lines]
        return _numbered(numbers, [(n, n) for n in numbers], atoms)
    if len(lines) != atoms.n_atoms:
        raise InputError(
            f"{path} has {len(lines)} lines for {atoms.n_atoms} atoms; give a number of an atom "
            "(from 1) on each line, or the name of its group for each atom of the run"
        )
    return _labelled(name, lines, path.name)


def _labelled(name: str, labels: Sequence[str], where: str) -> Bools:
    """Return the atoms whose label is the name of the group."""
    known = list(dict.fromkeys(label for label in labels if label))
    if name not in known:
        told = ", ".join(known[:LISTED]) + (", ..." if len(known) > LISTED else "")
        raise InputError(f"no atom of {where} is of {name!r}; there are {told}")
    return np.asarray(np.array(labels) == name)
