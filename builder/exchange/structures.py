"""Models of coordinates that were not carved here: relaxed clusters, published structures."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from epicarve.builder.crystal import (
    Crystal,
    bond_valences,
    distinct_names,
    molecules_among,
    refuse_molecules,
    unit_formula,
)
from epicarve.builder.extxyz import read_atoms
from epicarve.builder.geometry import (
    BondRule,
    cluster_of_atoms,
    limits_from_distances_a,
    limits_of_ligands_a,
)
from epicarve.builder.model import ION, LIGAND, MOLECULE, Model
from epicarve.builder.output import with_domains
from epicarve.builder.report import GivenStructure, Provenance, told_bonds
from epicarve.errors import InputError, require_kind, warn_of_guess
from epicarve.version import __version__

from .structure_charges import charges_of_structure
from .structure_domains import domains_found

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from epicarve.arrays import Ints, Strings

    Pairs = dict[tuple[str, str], float]

WHOLE = "whole"
"""Name of the domain of ions whose crystal is not named."""

UNKNOWN_SITE = -1
"""Stands for the site of an ion where it is not known which of its crystal's it is."""

INNER_SHARE = 0.03
"""Without a crystal, bulk coordination is the largest that this share of an element's ions has."""

MOST_UNBONDED = 0.1
"""Largest share of ions that may have no bond by the rule of the crystal that was named."""

DOMAIN, SITE = "domain", "site"
"""Columns of a file that tell the crystal of each ion, and its site there."""

LEAST_VALENCE = 0.01
"""If no bond has this bond valence, the coordinates are not in Å."""


def model_of_structure(
    structure: Atoms | Path | str,
    oxidation_states: Mapping[str, int] | None = None,
    *,
    crystals: Sequence[Crystal] = (),
    charge: int | None = None,
    domains: Sequence[str] | None = None,
) -> Model:
    """Return the model of given coordinates; see `Model.from_structure`.

    Parameters
    ----------
    structure, oxidation_states, crystals, charge
        As in `Model.from_structure`.
    domains : sequence of str, optional
        Crystal of each ion by its name, or ``"whole"``; if not given, several are found out.
    """
    atoms, name, source = _read(structure)
    symbols, positions_a = cluster_of_atoms(name, atoms)
    for crystal in crystals:
        require_kind(crystal, Crystal, "crystals: an entry", "give epicarve.crystal('PbS')")
        refuse_molecules(crystal, "models of given coordinates")
    crystals = distinct_names(crystals) if len(crystals) > 1 else tuple(crystals)
    stated = None if domains is not None else _stated_domains(atoms, crystals)
    if domains is None and stated is None and len(crystals) > 1:
        domains = domains_found(name, symbols, positions_a, crystals).tolist()
    named = stated if stated is not None else _domains(name, len(symbols), crystals, domains)
    _refuse_absent(name, symbols, named, crystals)
    columns = _molecules(atoms)
    charges, notes = charges_of_structure(
        name, symbols, atoms.arrays, given=oxidation_states, crystals=crystals, charge=charge
    )
    sites = _sites(name, atoms, named, crystals) if stated is not None else None
    nothing = np.zeros(len(symbols), dtype=int)
    model = Model(
        symbols=symbols,
        positions_a=positions_a,
        charges=charges,
        domains=named,
        sites=np.full(len(symbols), UNKNOWN_SITE) if sites is None else sites,
        coordination=nothing,
        bulk_coordination=nothing,
        components=nothing,
        columns=columns,
    )
    known = {crystal.name: crystal for crystal in crystals}
    limits, found = _limits_a(model, known)
    rule = BondRule(limits)
    cations, anions, lengths_a = rule.bonds(model)
    number = np.bincount(np.concatenate([cations, anions]), minlength=model.n_ions)
    coordination = number[model.ion_of]
    _refuse_unbonded(name, model, limits, coordination, known)
    kinds = model.ions.symbols
    valences = bond_valences(kinds[cations], kinds[anions], lengths_a)
    valences = valences[np.isfinite(valences)]
    if valences.size and valences.max() < LEAST_VALENCE:
        raise InputError(
            f"{name}: cations and anions are at least {lengths_a.min():.2f} Å apart, too far for "
            "any bond; give coordinates in Å"
        )
    graph = coo_array((np.ones(len(cations)), (cations, anions)), shape=(model.n_ions,) * 2)
    pieces = connected_components(graph, directed=False)[1].astype(int)
    of_kind, taken = _bulk_coordination(model, coordination, known)
    notes = (*notes, *found, *taken, *_notes_of_molecules(model))
    given = GivenStructure(
        source=source,
        longest_bonds_a={domain: told_bonds(pairs) for domain, pairs in limits.items()},
        bulk_coordination=of_kind,
        oxidation_states={
            symbol: np.unique(charges[symbols == symbol]).tolist() for symbol in model.counts
        },
        notes=notes,
    )
    model = replace(
        model,
        coordination=coordination,
        bulk_coordination=_least_not_below(model, coordination, of_kind, known),
        components=pieces[model.ion_of],
    )
    for note in notes:
        warn_of_guess(f"{name}: {note}")
    return with_domains(model, crystals, Provenance(version=__version__, structure=given))


def _read(structure: Atoms | Path | str) -> tuple[Atoms, str, str]:
    """Return the atoms, what to call them in messages, and what to call their source in files."""
    from ase import Atoms  # noqa: PLC0415  (costs half a second)

    remedy = "give ase.Atoms, or the path of a file with coordinates"
    require_kind(structure, (Atoms, Path, str), "from_structure: what was given", remedy)
    if isinstance(structure, Atoms):
        if len(structure) == 0 or not np.isfinite(structure.positions).all():
            raise InputError("from_structure: no atoms, or coordinates that are not numbers")
        return structure, structure.symbols.formula.format("metal"), "ASE Atoms"
    return read_atoms(Path(structure)), str(structure), f"file {Path(structure).name}"


def _stated_domains(atoms: Atoms, crystals: Sequence[Crystal]) -> Strings | None:
    """Return the domains that a file tells, None if it tells none or other ones."""
    if DOMAIN not in atoms.arrays or not crystals:
        return None
    told = np.asarray(atoms.arrays[DOMAIN], dtype=str)
    known = {*(crystal.name for crystal in crystals), WHOLE}
    names = set(told.tolist())
    strange = {name for name in names - known if not name.startswith(LIGAND)}
    return told if not strange and {crystal.name for crystal in crystals} <= names else None


def _sites(name: str, atoms: Atoms, domains: Strings, crystals: Sequence[Crystal]) -> Ints | None:
    """Return the sites that a file tells of the ions of its domains, None if it tells none."""
    if SITE not in atoms.arrays:
        return None
    sites = np.asarray(atoms.arrays[SITE], dtype=float)
    numbers = {crystal.name: crystal.n_sites for crystal in crystals}
    most = np.array([numbers.get(domain, 0) for domain in domains.tolist()])
    wrong = np.flatnonzero((sites != np.rint(sites)) | (sites < UNKNOWN_SITE) | (sites >= most))
    if wrong.size:
        atom = int(wrong[0])
        raise InputError(
            f"{name}: atom {atom + 1} has the site {sites[atom]:g}, which {domains[atom]} does not "
            "have; mend the column site, or take it out"
        )
    return sites.astype(int)


def _molecules(atoms: Atoms) -> dict[str, NDArray[Any]]:
    """Return the columns of a file that tell its molecules, none if it tells of none."""
    if not {MOLECULE, ION} <= set(atoms.arrays):
        return {}
    return {
        MOLECULE: np.asarray(atoms.arrays[MOLECULE], dtype=int),
        ION: np.asarray(atoms.arrays[ION], dtype=str),
    }


def _notes_of_molecules(model: Model) -> tuple[str, ...]:
    """Return a note on atoms that covalent bonds hold together, such as S2; none without any.

    Molecules that the file tells of are none of them.
    """
    single = np.ones(model.n_atoms, dtype=bool)
    if model.has_molecules:
        single = model.columns[MOLECULE] < 0
    symbols, positions_a = model.symbols[single], model.positions_a[single]
    units = molecules_among(symbols, positions_a)
    found = Counter(unit_formula(symbols[atoms]) for atoms in units)
    if not found:
        return ()
    told = ", ".join(f"{count} {formula}" for formula, count in found.items())
    return (f"atoms with covalent bonds counted as single ions: {told}",)


def _domains(
    name: str, n_atoms: int, crystals: Sequence[Crystal], domains: Sequence[str] | None
) -> Strings:
    """Return the domain of each ion."""
    names = [crystal.name for crystal in crystals]
    if domains is None:
        return np.full(n_atoms, names[0] if names else WHOLE)
    strange = sorted({*domains} - {*names, WHOLE})
    if len(domains) != n_atoms or strange:
        raise InputError(
            f"{name}: domains have to name one of {', '.join([*names, WHOLE])} for each of its "
            f"{n_atoms} ions"
        )
    return np.array(list(domains))


def _refuse_absent(
    name: str, symbols: Strings, domains: Strings, crystals: Sequence[Crystal]
) -> None:
    """Refuse a crystal of which an element is missing in its domain."""
    for crystal in crystals:
        present = set(symbols[domains == crystal.name].tolist())
        absent = [symbol for symbol in crystal.formula_unit if symbol not in present]
        if absent:
            raise InputError(
                f"{name}: it holds no {absent[0]} of {crystal.name}; name the crystal it is made "
                "of (replace: exchanges elements of one), or none"
            )


def _limits_a(
    model: Model, known: Mapping[str, Crystal]
) -> tuple[dict[str, Pairs], tuple[str, ...]]:
    """Return the longest bonds in Å of each domain, and what was taken from the structure itself.

    Pairs of elements that the crystal of a domain knows have its limit, all others that of the
    first shell in the structure.
    """
    limits: dict[str, Pairs] = {}
    notes = []
    for name in model.domain_names:
        domain = model.domain(name)
        rule, elements = {}, set()
        counts = set(domain.ion_counts)
        if name in known:
            rule, elements = dict(known[name].bond_rule), set(known[name].formula_unit)
        found = {}
        if not counts <= elements and not name.startswith(LIGAND):
            shells = limits_from_distances_a(domain)
            found = {pair: limit for pair, limit in shells.items() if not set(pair) <= elements}
        if name.startswith(LIGAND):
            found = limits_of_ligands_a(model, name)
        if found:
            told = ", ".join(f"{'-'.join(pair)} {limit:.2f}" for pair, limit in found.items())
            notes.append(f"bonds taken from the structure itself: up to {told} Å")
        limits[name] = {pair: round(limit, 6) for pair, limit in (rule | found).items()}
    return limits, tuple(notes)


def _refuse_unbonded(
    name: str,
    model: Model,
    limits: Mapping[str, Pairs],
    coordination: Ints,
    known: Mapping[str, Crystal],
) -> None:
    """Refuse a crystal by whose bonds many ions have none."""
    for crystal in known:
        alone = coordination[model.domains == crystal] == 0
        if alone.mean() > MOST_UNBONDED:
            told = ", ".join(f"{'-'.join(pair)} {a:.2f}" for pair, a in limits[crystal].items())
            raise InputError(
                f"{name}: {alone.sum()} of {alone.size} ions have no bond of {crystal} (up to "
                f"{told} Å); name the crystal it is made of, and give coordinates in Å"
            )


def _bulk_coordination(
    model: Model, coordination: Ints, known: Mapping[str, Crystal]
) -> tuple[dict[str, dict[str, list[int]]], tuple[str, ...]]:
    """Return the numbers of neighbours that count as bulk by domain and element, and what is told.

    Those of the sites of the crystal; without one, the largest number that a share of the ions of
    the element has.
    """
    of_kind: dict[str, dict[str, list[int]]] = {}
    taken: list[str] = []
    for name in model.domain_names:
        of_kind[name] = {}
        for symbol in model.domain(name).ion_counts:
            if name in known and symbol in known[name].formula_unit:
                crystal = known[name]
                numbers = crystal.coordination[crystal.symbols == symbol]
            else:
                chosen = (model.domains == name) & (model.ions.symbols[model.ion_of] == symbol)
                numbers = np.quantile(coordination[chosen], [1.0 - INNER_SHARE], method="higher")
                taken.append(f"{symbol} {int(numbers[0])}")
            of_kind[name][symbol] = np.unique(numbers).astype(int).tolist()
    told = f"bulk coordination taken from the structure itself: {', '.join(taken)}"
    return of_kind, (told,) if taken else ()


def _least_not_below(
    model: Model,
    coordination: Ints,
    of_kind: Mapping[str, Mapping[str, Sequence[int]]],
    known: Mapping[str, Crystal],
) -> Ints:
    """Return the bulk coordination of each ion: that of its site, where the file tells it.

    Else the least of its kind that is not below its own: as it is not known on which site of its
    crystal an ion sits, it counts as one of the surface only if it has fewer neighbours than it has
    on any site.
    """
    bulk = np.zeros(model.n_atoms, dtype=int)
    for name, elements in of_kind.items():
        for symbol, numbers in elements.items():
            of_symbol = model.ions.symbols[model.ion_of] == symbol
            ions = np.flatnonzero((model.domains == name) & of_symbol)
            place = np.searchsorted(numbers, coordination[ions])
            bulk[ions] = np.array(numbers)[np.minimum(place, len(numbers) - 1)]
    for name, crystal in known.items():
        ions = np.flatnonzero((model.domains == name) & (model.sites >= 0))
        bulk[ions] = crystal.coordination[model.sites[ions]]
    return bulk
