"""Ranked interfaces of two crystals, and of the pairs of a table."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from epicarve.builder.crystal import distinct_names
from epicarve.builder.interfaces import SearchOptions, SlabOptions, build_slab, search
from epicarve.builder.interfaces.energy import born_repulsion, interface_energy, neutral_sides
from epicarve.builder.output import (
    derived_notes,
    draw_interfaces,
    notes_of_crystals,
)
from epicarve.dft.write import write_cp2k
from epicarve.errors import InputError
from epicarve.files import filled_folder, write_json, write_text
from epicarve.options import Options
from epicarve.record import Record
from epicarve.version import __version__
from epicarve.workflow.recipes import CrystalSpec, checked, read_yaml

from .build import load_crystal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.interfaces import Interface, Slab
    from epicarve.builder.interfaces.energy import InterfaceEnergy

    _Rated = tuple[Interface, "InterfaceEnergy | NoEnergy"]

SHOWN = 10
"""Interfaces of a pair that are reported, if not said otherwise."""

DRAWN = 4
"""Interfaces of one pair that are drawn."""

ENERGY_KEYS = ("adhesion_j_m2", "registry_off_a", "gap_a")
"""What tables tell of an energy; None where there is none."""

COLUMNS = (
    "film",
    "film_hkl",
    "film_termination",
    "substrate",
    "substrate_hkl",
    "substrate_termination",
    "area_a2",
    "film_strain",
    "matched_fraction",
    "matched_fraction_low",
    "matched_fraction_high",
    "sublattice_fraction",
    "rms_a",
    "pairs",
    "continuous",
    "polarity",
    "gap_a",
    "shortest_contact",
    "adhesion_j_m2",
    "energy_registry_off_a",
    "energy_gap_a",
    "error",
)
"""The columns of interfaces.csv."""


@dataclass(frozen=True)
class NoEnergy:
    """Why an interface has no energy: its continuity stands without.

    Parameters
    ----------
    reason : str
        A sentence.
    """

    reason: str


@dataclass(frozen=True)
class FailedPair(Record):
    """Two crystals that have no interface.

    Parameters
    ----------
    film, substrate : str
        Their names.
    reason : str
        Why.
    """

    film: str
    substrate: str
    reason: str


@dataclass(frozen=True)
class Ranking:
    """Interfaces, best first, and what must be said of them.

    Parameters
    ----------
    interfaces : tuple of Interface
        The interfaces.
    energies : tuple of InterfaceEnergy or NoEnergy
        The energy of each.
    failed : tuple of FailedPair
        Pairs that have no interface.
    notes : tuple of str
        Sentences that must stand wherever the interfaces are shown (derived crystals).
    """

    interfaces: tuple[Interface, ...]
    energies: tuple[InterfaceEnergy | NoEnergy, ...]
    failed: tuple[FailedPair, ...]
    notes: tuple[str, ...]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What interface.json says of each interface, its energy with it."""
        return [
            {**one.as_dict(), "energy": _energy_fields(one, energy)}
            for one, energy in zip(self.interfaces, self.energies, strict=True)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the interfaces and the pairs that have none as plain data."""
        return {"interfaces": self.entries, "failed": [pair.as_dict() for pair in self.failed]}


class PairSpec(Options):
    """A film and a substrate, each a bundled crystal by name or a crystal as in a recipe.

    Parameters
    ----------
    film, substrate : CrystalSpec
        The two crystals.
    """

    film: CrystalSpec
    substrate: CrystalSpec

    @model_validator(mode="before")
    @classmethod
    def _names(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {k: {"name": v} if isinstance(v, str) else v for k, v in data.items()}
        return data


class PairTable(Options):
    """Pairs of crystals to compare, all with the same settings.

    Parameters
    ----------
    pairs : tuple of PairSpec
        The pairs.
    search : SearchOptions
        Planes, area and strain.
    """

    pairs: tuple[PairSpec, ...] = Field(min_length=1)
    search: SearchOptions = SearchOptions()

    @model_validator(mode="after")
    def _two_crystals(self) -> Self:
        for pair in self.pairs:
            if pair.film == pair.substrate:
                raise ValueError("film and substrate are the same; give two different crystals")
        return self


def search_options(**settings: Any) -> SearchOptions:
    """Return checked settings of a search; a wrong one is an InputError that names it."""
    return checked(SearchOptions, settings, "search")


def slab_options(**settings: Any) -> SlabOptions:
    """Return checked settings of a slab; a wrong one is an InputError that names it."""
    return checked(SlabOptions, settings, "slab")


def interface(
    film: Crystal | CrystalSpec,
    substrate: Crystal | CrystalSpec,
    options: SearchOptions | None = None,
    out: Path | str | None = None,
    n_shown: int = SHOWN,
) -> Ranking:
    """Rank the interfaces of two crystals.

    Parameters
    ----------
    film, substrate : Crystal or CrystalSpec
        The two crystals.
    options : SearchOptions, optional
        Planes, area and strain.
    out : Path or str, optional
        Folder for interface.json, interfaces.csv and interface.png; nothing is written without.
    n_shown : int
        How many interfaces are reported.

    Returns
    -------
    Ranking
        The best interface of each pair of terminations, the most continuous first; of cuts without
        a dipole that the rank tells apart by vacuum only, first those that bind best.

    Raises
    ------
    InputError
        If the crystals are the same, can't be read, or have no coincidence cell in reach.

    Examples
    --------
    >>> options = SearchOptions(film_hkl=(0, 1, 0), substrate_hkl=(1, 0, 0))
    >>> best = interface(CrystalSpec(name="Pb4S3Cl2"), CrystalSpec(name="CsPbCl3"), options)
    >>> best.entries[0]["continuity"]["matched_fraction"], best.entries[0]["continuity"]["pairs"]
    (1.0, {'Pb→Pb': 2})
    """
    if n_shown < 1:
        raise InputError(f"{n_shown} interfaces asked for; ask for 1 or more")
    options = options or SearchOptions()
    above, below = distinct_names(
        [
            load_crystal(crystal) if isinstance(crystal, CrystalSpec) else crystal
            for crystal in (film, substrate)
        ]
    )
    ranking = _ranking(_best(above, below, options, n_shown), (), (above, below))
    if out is not None:
        write_ranking(ranking, options, out)
    return ranking


def write_ranking(ranking: Ranking, options: SearchOptions, out: Path | str) -> None:
    """Write interface.json, interfaces.csv and interface.png of one pair of crystals."""
    _write(Path(out), ranking, ranking.interfaces[:DRAWN], options)


def slab(
    interface: Interface,
    options: SlabOptions | None = None,
    out: Path | str | None = None,
    *,
    inputs: bool = False,
) -> Slab:
    """Build a periodic slab of an interface, such as one of a `Ranking`.

    Parameters
    ----------
    interface : Interface
        The interface.
    options : SlabOptions, optional
        Thicknesses, vacuum, symmetry.
    out : Path or str, optional
        Folder for model.extxyz, model.cif and model.json; nothing is written without it.
    inputs : bool
        Whether to write input and job scripts of CP2K that relax it there too, by defaults and
        k-points as close as those of bulk crystals; `write_cp2k` takes other settings.

    Returns
    -------
    Slab
        The slab in vacuum.

    Raises
    ------
    InputError
        If ions come too close, or a symmetric slab is asked for that there is not.
    """
    built = build_slab(interface, options)
    if out is not None:
        built.write(out)
        if inputs:
            write_cp2k(built, None, out)
    return built


def compare(
    table: PairTable | Path | str,
    out: Path | str | None = None,
    tell: Callable[[str], None] | None = None,
) -> Ranking:
    """Rank pairs of crystals by their best interfaces.

    Parameters
    ----------
    table : PairTable, Path or str
        The pairs, or the path of a YAML file with ``pairs:`` (a list of film and substrate) and,
        if wanted, ``search:``.
    out : Path or str, optional
        Folder for interface.json, interfaces.csv and interface.png with the best interface of
        each pair; nothing is written without it.
    tell : callable, optional
        Is told the names of each pair before it is searched.

    Returns
    -------
    Ranking
        The best interface of each pair, the most continuous first.

    Raises
    ------
    InputError
        If the table is wrong or no pair has an interface.
    """
    table = table if isinstance(table, PairTable) else read_pairs(Path(table))
    found: list[_Rated] = []
    failed: list[FailedPair] = []
    crystals: dict[str, Crystal] = {}
    asked = [load_crystal(one) for p in table.pairs for one in (p.film, p.substrate)]
    loaded = distinct_names(asked)
    for film, substrate in zip(loaded[::2], loaded[1::2], strict=True):
        if tell is not None:
            tell(f"{film.name} on {substrate.name}")
        try:
            found += _best(film, substrate, table.search, 1)
        except InputError as error:
            failed.append(FailedPair(film.name, substrate.name, str(error)))
            continue
        crystals.update({film.name: film, substrate.name: substrate})
    if not found:
        raise InputError(failed[0].reason)
    found.sort(key=lambda rated: rated[0].rank)
    ranking = _ranking(found, failed, tuple(crystals.values()))
    if out is not None:
        _write(Path(out), ranking, ranking.interfaces, table.search)
    return ranking


def read_pairs(path: Path) -> PairTable:
    """Read and check a table of pairs; CIF files in it are relative to its folder."""
    data = read_yaml(path, "it needs pairs:, a list of film: and substrate:")
    pairs = data.get("pairs")
    for pair in pairs if isinstance(pairs, list) else []:
        for crystal in pair.values() if isinstance(pair, dict) else []:
            if isinstance(crystal, dict) and isinstance(crystal.get("file"), str):
                crystal["file"] = path.parent / crystal["file"]
    return checked(PairTable, data, str(path))


def _best(film: Crystal, substrate: Crystal, options: SearchOptions, n_wanted: int) -> list[_Rated]:
    """Return the best interfaces of two crystals with their energies, ties broken by these."""
    found = search(film, substrate, options)
    last = found[:n_wanted][-1].rank_without_energy
    rated = _rated(film, substrate, [one for one in found if one.rank_without_energy <= last])
    return sorted(rated, key=_rank_with_energy)[:n_wanted]


def _rated(film: Crystal, substrate: Crystal, found: Sequence[Interface]) -> list[_Rated]:
    """Return interfaces of two crystals with the energy of each, or why it has none."""
    try:
        repulsion = born_repulsion(film, substrate)
    except InputError as error:
        return [(one, NoEnergy(str(error))) for one in found]
    rated: list[_Rated] = []
    for one in found:
        try:
            rated.append((one, interface_energy(*neutral_sides(one), repulsion)))
        except InputError as error:
            rated.append((one, NoEnergy(str(error))))
    return rated


def _rank_with_energy(rated: _Rated) -> tuple[float, ...]:
    """Return the rank of an interface; of cuts without a dipole, those that hold best come first.

    Energies of polar cuts are those of faces without the charges that they need, and rank nothing.
    """
    one, energy = rated
    gained_j_m2 = 0.0
    if not isinstance(energy, NoEnergy) and not one.polarity.is_polar:
        gained_j_m2 = round(energy.energy_j_m2, 4)
    return (*one.rank_without_energy, gained_j_m2, one.rank[-1])


def _ranking(
    found: Sequence[_Rated], failed: Sequence[FailedPair], crystals: Sequence[Crystal]
) -> Ranking:
    return Ranking(
        interfaces=tuple(one for one, _ in found),
        energies=tuple(energy for _, energy in found),
        failed=tuple(failed),
        notes=(*derived_notes(crystals), *notes_of_crystals(crystals)),
    )


def _energy_fields(one: Interface, energy: InterfaceEnergy | NoEnergy) -> dict[str, Any]:
    """Return what interface.json says of the energy of an interface."""
    if isinstance(energy, NoEnergy):
        return {**dict.fromkeys(ENERGY_KEYS), "is_bound": False, "reason": energy.reason}
    return energy.as_dict(one)


def _write(out: Path, ranking: Ranking, drawn: Sequence[Interface], options: SearchOptions) -> None:
    with filled_folder(out, "interface.json") as folder:
        content = {
            **ranking.as_dict(),
            "notes": list(ranking.notes),
            "provenance": {"version": __version__, "search": options.model_dump(mode="json")},
        }
        write_json(folder / "interface.json", content)
        write_text(folder / "interfaces.csv", _table(ranking))
        draw_interfaces(folder / "interface.png", drawn, ranking.notes)


def _table(ranking: Ranking) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in ranking.entries:
        continuity, contact = entry["continuity"], entry["shortest_contact"]
        low, high = continuity["range"]
        writer.writerow(
            {
                **{key: entry[key] for key in COLUMNS[:7]},
                "film_hkl": " ".join(map(str, entry["film_hkl"])),
                "substrate_hkl": " ".join(map(str, entry["substrate_hkl"])),
                "film_strain": " ".join(f"{x:.5f}" for x in entry["strain"]["film"]),
                "matched_fraction": continuity["matched_fraction"],
                "matched_fraction_low": low,
                "matched_fraction_high": high,
                "sublattice_fraction": continuity["sublattice_fraction"],
                "rms_a": continuity["rms_a"],
                "pairs": " ".join(f"{n}×{pair}" for pair, n in continuity["pairs"].items()),
                "continuous": continuity["continuous"],
                "polarity": entry["polarity"]["signs"],
                "gap_a": entry["gap_a"],
                "shortest_contact": f"{contact['pair']} {contact['distance_a']:.3f}",
                "adhesion_j_m2": entry["energy"]["adhesion_j_m2"],
                "energy_registry_off_a": entry["energy"]["registry_off_a"],
                "energy_gap_a": entry["energy"]["gap_a"],
            }
        )
    for pair in ranking.failed:
        row = {"film": pair.film, "substrate": pair.substrate, "error": pair.reason}
        writer.writerow(row)
    return text.getvalue()
