"""From the atoms of a particle to what it is made of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from epicarve.builder.crystal import primitive_vectors
from epicarve.builder.dimensions import dipole_debye
from epicarve.errors import InputError, refusing_unknown_names

from .candidates import bundled, fitting, given, one_name_each
from .core_cell import core_cell
from .element_charges import ElementCharges
from .figures import coordination, diameters, formal_charges
from .frame import least_turned
from .identification import FoundDomain, Identification, NextBest
from .ions import ANION, FOREIGN, ParticleIons, kinds_of
from .meeting import meeting_of
from .molecular_charges import molecules_of
from .notes import FEWEST_IONS, notes_of
from .particle import given_particle
from .search import DomainSearch, Found

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ase import Atoms

    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model

    from .domain import Domain
    from .identification import Matrix
    from .meeting import FoundInterface
    from .molecular_charges import Molecule
    from .particle import GivenParticle
    from .pattern import Pattern

NONE = "none"
"""Domain and site of atoms that stand on none."""


@refusing_unknown_names
def identify(
    particle: Path | str | Atoms | Model,
    crystals: Sequence[str | Path | Crystal] | None = None,
) -> Identification:
    """Find which crystals a particle is made of, how they lie, and what it is as a whole.

    Nothing is taken from a file but elements and coordinates.

    Parameters
    ----------
    particle : Path, str, ase.Atoms or Model
        A file that ASE reads, of which the last geometry counts, a folder with a model, or atoms.
    crystals : sequence of str, Path or Crystal, optional
        Names of bundled crystals, CIF files, or crystals. If not given, all bundled crystals that
        consist of elements of the particle, and such with another halide.

    Raises
    ------
    InputError
        If the file can't be read, the particle is none in vacuum, or no crystal consists of its
        elements.

    Examples
    --------
    >>> from epicarve.builder.carve import carve
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import Sphere
    >>> found = identify(carve(bundled_crystal("PbS"), Sphere(radius_a=9.0)))
    >>> found.domains[0].crystal, found.net_charge, found.domains[0].assigned_fraction
    ('PbS', 0, 1.0)
    """
    atoms = given_particle(particle)
    library = bundled()
    elements = set(atoms.symbols.tolist())
    named = fitting(library, elements) if crystals is None else given(list(crystals))
    patterns = one_name_each(named)
    usable = [one for one in patterns if one.cations <= elements]
    if not usable:
        raise _no_crystal(atoms, patterns)
    charges = ElementCharges.of([one.crystal for one in usable], library)
    kinds = kinds_of(atoms.symbols, charges.sign)
    units = molecules_of(atoms.symbols, atoms.positions_a)
    for molecule in units:
        if (kinds[molecule.atoms] == FOREIGN).any():
            kinds[molecule.atoms] = FOREIGN
    ions = ParticleIons(atoms.symbols, atoms.positions_a, kinds)
    return _told(atoms, ions, charges, units, _laid(ions, usable))


class _Laid(NamedTuple):
    """Domains in the settings in which they are told, and what else is known of each."""

    domains: tuple[Domain, ...]
    next_best: tuple[NextBest | None, ...]
    equal_orderings: tuple[tuple[str, ...], ...]
    interface: FoundInterface | None
    axes: Floats


def _laid(ions: ParticleIons, patterns: Sequence[Pattern]) -> _Laid:
    """Find the domains, and lay them as they are told: at an interface the film first."""
    search = DomainSearch(ions, patterns)
    found = search.found() if ions.is_ion.sum() >= FEWEST_IONS else Found((), (), ())
    order = list(range(len(found.domains)))
    meeting = None
    if len(order) == 2:
        order.sort(key=lambda k: _substrate_last(found.domains[k]))
        meeting = meeting_of(search.assigner, *(found.domains[k] for k in order))
    if meeting is not None:
        domains = [meeting.film, meeting.substrate]
    else:
        whole = [found.domains[k] for k in order]
        domains = [search.assigner.on(least_turned(one.fit), one.region) for one in whole]
    axes = np.eye(3)
    if domains:
        axes = meeting.axes if meeting is not None else domains[0].fit.rotation.T
    return _Laid(
        domains=tuple(domains),
        next_best=tuple(_next_best(found.next_best[k], found.domains[k]) for k in order),
        equal_orderings=tuple(found.alike[k] for k in order),
        interface=None if meeting is None else meeting.interface,
        axes=axes,
    )


def _told(
    atoms: GivenParticle,
    ions: ParticleIons,
    charges: ElementCharges,
    units: Sequence[Molecule],
    laid: _Laid,
) -> Identification:
    """Return what is told of a particle whose domains and covalent units are known."""
    molecules = [one for one in units if not ions.is_ion[one.atoms].any()]
    pairs = Counter(one.formula for one in units if ions.is_ion[one.atoms].all())
    symbols, positions_a = atoms.symbols, atoms.positions_a
    domains = tuple(
        _found_domain(one, atoms, charges, equal, other)
        for one, equal, other in zip(
            laid.domains, laid.equal_orderings, laid.next_best, strict=True
        )
    )
    formal, unknown = formal_charges(symbols, charges.single, laid.domains, molecules)
    domain_of, site_of = np.full(len(symbols), NONE, "<U80"), np.full(len(symbols), NONE, "<U8")
    for name, lattice in zip(_names(laid.domains), laid.domains, strict=True):
        domain_of[lattice.members] = name
        site_of[lattice.members] = lattice.sites[lattice.members].astype("<U8")
    is_inner = np.zeros(len(symbols), dtype=bool)
    volume_a3 = 0.0
    for one, lattice in zip(domains, laid.domains, strict=True):
        is_inner |= lattice.is_inner
        volume_a3 += one.core_cell.volume_a3 * one.n_atoms / lattice.crystal.n_sites
    crystals = [lattice.crystal for lattice in laid.domains]
    return Identification(
        name=atoms.name,
        symbols=symbols,
        positions_a=positions_a,
        counts=charges.counted(symbols),
        net_charge=None if unknown else round(float(formal.sum())),
        dipole_debye=None if unknown else round(dipole_debye(positions_a, formal), 3),
        diameter_nm=diameters(positions_a, volume_a3 or None),
        domains=domains,
        interface=laid.interface,
        coordination=coordination(symbols, positions_a, crystals, ions.is_ion),
        inner_coordination=coordination(symbols, positions_a, crystals, is_inner),
        surface=charges.counted(symbols[ions.is_ion & ~is_inner]) if domains else {},
        unassigned=charges.counted(symbols[ions.is_ion & (domain_of == NONE)]),
        foreign=_foreign(ions, molecules),
        notes=notes_of(
            ions,
            laid.domains,
            laid.interface,
            molecules=molecules,
            unknown=unknown,
            pairs=pairs,
        ),
        domain_of=domain_of,
        site_of=site_of,
        lattices=laid.domains,
        is_ion=ions.is_ion,
        is_cation=ions.is_ion & (ions.kinds != ANION),
        axes=laid.axes,
    )


def _found_domain(
    domain: Domain,
    atoms: GivenParticle,
    charges: ElementCharges,
    equal_orderings: tuple[str, ...],
    next_best: NextBest | None,
) -> FoundDomain:
    """Return what is told of a domain."""
    symbols = atoms.symbols
    cell = core_cell(domain, atoms.positions_a)
    away = domain.fit.positions_a(domain.places_a) - atoms.positions_a
    squared = (away[domain.is_assigned] ** 2).sum(axis=1)
    n_atoms, n_members = int(domain.region.sum()), int(domain.members.sum())
    n_assigned = int(domain.is_assigned.sum())
    wrong = domain.members & (domain.symbols != symbols)
    pairs = zip(symbols[wrong].tolist(), domain.symbols[wrong].tolist(), strict=True)
    substituted = Counter(f"{one} on {site}" for one, site in pairs)
    x, y, z = (domain.fit.shift_a.round(4) + 0.0).tolist()
    return FoundDomain(
        crystal=domain.crystal.name,
        told=domain.pattern.told,
        ordering=domain.ordering,
        equal_orderings=equal_orderings,
        core_cell=cell.constants,
        core_cell_spread=cell.spread,
        core_cell_method=cell.method,
        crystal_cell=cell.crystal,
        orientation=_plain(domain.fit.rotation),
        origin_a=(x, y, z),
        n_atoms=n_atoms,
        n_assigned=n_assigned,
        n_displaced=n_members - n_assigned,
        n_unassigned=n_atoms - n_members,
        assigned_fraction=round(n_assigned / n_atoms, 4),
        n_substituted=int(wrong.sum()),
        substituted=dict(sorted(substituted.items())),
        n_empty=domain.n_empty,
        rms_a=round(float(np.sqrt(squared.mean())), 4) if len(squared) else 0.0,
        counts=charges.counted(symbols[domain.region]),
        next_best=next_best,
    )


def _substrate_last(domain: Domain) -> tuple[int, int, int]:
    """Sort the domain that is called the substrate last; see `FoundInterface`."""
    crystal = domain.crystal
    n_sites = round(crystal.n_sites * abs(np.linalg.det(primitive_vectors(crystal))))
    return len(crystal.symmetry.point_group), -n_sites, int(domain.region.sum())


def _next_best(other: Domain | None, domain: Domain) -> NextBest | None:
    if other is None:
        return None
    told = None if other.ordering is None else other.ordering.told
    return NextBest(other.crystal.name, told, round(other.score / domain.score, 4))


def _names(domains: Sequence[Domain]) -> list[str]:
    """Return names of domains, with a number from the second one of a crystal on."""
    names: list[str] = []
    for domain in domains:
        name = domain.crystal.name
        number = sum(one.crystal.name == name for one in domains[: len(names)]) + 1
        names.append(name if number == 1 else f"{name}-{number}")
    return names


def _foreign(ions: ParticleIons, molecules: Sequence[Molecule]) -> dict[str, int]:
    """Count molecules by formula, and other atoms that are no ions by element."""
    alone = ~ions.is_ion
    for molecule in molecules:
        alone[molecule.atoms] = False
    found = Counter(molecule.formula for molecule in molecules)
    found.update(ions.symbols[alone].tolist())
    return dict(sorted(found.items()))


def _no_crystal(atoms: GivenParticle, patterns: Sequence[Pattern]) -> InputError:
    there = ", ".join(dict.fromkeys(atoms.symbols.tolist()))
    if patterns:
        wanted = ", ".join(one.crystal.name for one in patterns)
        return InputError(
            f"{atoms.name}: it holds {there}, not the cations of {wanted}; give crystals that "
            "consist of its elements"
        )
    return InputError(
        f"{atoms.name}: it holds {there}, and no bundled crystal consists of such elements; give "
        "the CIF file of one by --crystals"
    )


def _plain(matrix: Floats) -> Matrix:
    return cast("Matrix", tuple(tuple(row) for row in (matrix.round(6) + 0.0).tolist()))
