"""An analysis read again from the folder that it was written to."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import (
    FilteredGap,
    Gap,
    GapBand,
    SharedStates,
    Spectrum,
    shared_states,
)
from epicarve.dft.occupations import occupied_states
from epicarve.errors import InputError
from epicarve.files import is_file, read_json
from epicarve.record import Record

from .tables import SPIN_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from epicarve.arrays import Bools, Floats

SUMMARY, STATES = "summary.json", "states.csv"

ENERGY_TOLERANCE_EV = 2e-6
"""How far a HOMO in summary.json may be from one in states.csv: what files round."""

WEIGHT_TOLERANCE = 1e-4
"""How far weights of the groups of one partition may sum from 1."""


@dataclass(frozen=True)
class Edges(Record):
    """A block of summary.json: what a filter leaves."""

    valence_edge_ev: float | None
    conduction_edge_ev: float | None
    n_valence_traps: int | None
    n_conduction_traps: int | None

    def gap(self, measure: str, limit: float, kept: Bools) -> FilteredGap:
        """Return the filter with its edges."""
        return FilteredGap(
            measure,
            limit,
            kept,
            self.valence_edge_ev,
            self.conduction_edge_ev,
            self.n_valence_traps,
            self.n_conduction_traps,
        )


@dataclass(frozen=True)
class Band(Record):
    """A block of summary.json: the size-aware filter at both ends of its band."""

    strict: Edges
    loose: Edges


@dataclass(frozen=True)
class Summary(Record):
    """What is read of summary.json; what earlier versions did not write is None."""

    n_states: int
    homo_ev: float | None
    lumo_ev: float | None
    homo_lumo_gap_ev: float | None
    fermi_ev: float | None
    filtered: Edges
    size_aware: Edges
    size_aware_band: Band
    domains: dict[str, Any]
    provenance: dict[str, Any]
    n_atoms: int | None = None
    formula: str | None = None
    diameter_nm: float | None = None
    vacuum_ev: float | None = None
    notes: tuple[str, ...] | None = None


def is_analysed(folder: Path) -> bool:
    """Return whether a folder holds an analysis that can be read again."""
    return is_file(folder / SUMMARY) and is_file(folder / STATES)


def read_spectrum(folder: Path, label: str = "") -> Spectrum:
    """Read an analysis from the folder that `Analysis.write` filled.

    Parameters
    ----------
    folder : Path
        It holds summary.json and states.csv of one analysis.
    label : str
        Name of the run; that of the folder if empty.

    Returns
    -------
    Spectrum
        To what the files round: energies to 1e-6 eV, weights to 1e-8.

    Raises
    ------
    InputError
        If a file is missing, cut off, or of another analysis than the other.
    """
    for name in (SUMMARY, STATES):
        if not is_file(folder / name):
            raise InputError(f"{folder}: there is no {name}; run epicarve analyse on it")
    told = Summary.of(read_json(folder / SUMMARY), str(folder / SUMMARY))
    table = _table(folder / STATES)
    energies_ev = table["energy_ev"]
    if len(energies_ev) != told.n_states or not _has_level(energies_ev, told.homo_ev):
        raise InputError(
            f"{folder}: {SUMMARY} and {STATES} are of different analyses; analyse it again"
        )
    options = _options(told.provenance, folder)
    spins = np.array([name == SPIN_NAMES[1] for name in table["spin"]], dtype=np.int8)
    restricted = table["spin"][0] == "both"
    ipr = np.asarray(table["ipr"], dtype=float) if "ipr" in table else None
    domains = tuple(told.domains) if len(told.domains) > 1 else ()
    source = str(told.provenance.get("states", ""))
    caveat = str(told.provenance.get("caveat", ""))
    return Spectrum(
        label=label or folder.resolve().name,
        options=options,
        energies_ev=energies_ev,
        occupied=occupied_states(
            energies_ev, table["occupation"], spins, 2.0 if restricted else 1.0
        ),
        spins=spins,
        restricted=restricted,
        ipr=ipr,
        shares=_shares(table, domains, folder / STATES),
        gap=_gap(told, options, table),
        fermi_ev=told.fermi_ev,
        vacuum_ev=told.vacuum_ev,
        n_atoms=told.n_atoms if told.n_atoms or ipr is None else _n_atoms(table),
        formula=told.formula,
        diameter_nm=told.diameter_nm,
        domain_names=domains,
        source=source,
        notes=told.notes if told.notes is not None else tuple(filter(None, (caveat,))),
    )


def _table(path: Path) -> dict[str, Any]:
    """Read states.csv: a list of words or an array of numbers by the name of the column."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            header, *rows = csv.reader(stream)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise InputError(f"{path}: not a whole table ({error}); analyse it again") from None
    if not rows or any(len(row) != len(header) for row in rows):
        raise InputError(f"{path}: it has no rows, or one is cut off; analyse it again")
    columns = list(zip(*rows, strict=True))
    table: dict[str, Any] = {}
    weights: list[tuple[str, Floats]] = []  # two partitions may have groups of one name
    for name, words in zip(header, columns, strict=True):
        if name in {"spin", "kept", "kept_size_aware"}:
            table[name] = words
            continue
        try:
            numbers = np.array(words, dtype=float)
        except ValueError as error:
            raise InputError(f"{path}: column {name}: {error}; analyse it again") from None
        if name.startswith("w_"):
            weights.append((name.removeprefix("w_"), numbers))
        else:
            table[name] = numbers
    table["weights"] = weights
    for name in ("spin", "energy_ev"):
        if name not in table:
            raise InputError(f"{path}: there is no column {name}; analyse it again")
    return table


def _has_level(energies_ev: Floats, level_ev: float | None) -> bool:
    """Return whether a level is one of the energies."""
    return level_ev is None or float(np.abs(energies_ev - level_ev).min()) < ENERGY_TOLERANCE_EV


def _options(provenance: dict[str, Any], folder: Path) -> AnalysisOptions:
    """Return what the analysis was asked for, as far as this version knows it."""
    asked = provenance.get("options")
    if not isinstance(asked, dict):
        raise InputError(f"{folder / SUMMARY}: it tells no options; analyse it again")
    known = {key: value for key, value in asked.items() if key in AnalysisOptions.model_fields}
    known.pop("figures", None)  # the look is that of the figure that is drawn now
    return AnalysisOptions(**known)


def _gap(told: Summary, options: AnalysisOptions, table: dict[str, Any]) -> Gap:
    """Return the gaps with the states that each filter keeps."""
    if "kept" not in table:
        return Gap.unfiltered(
            told.homo_ev, told.lumo_ev, options, is_metallic=told.homo_lumo_gap_ev == 0.0
        )
    fixed, aware = (
        np.array([word == "true" for word in table[name]]) for name in ("kept", "kept_size_aware")
    )
    n_ipr, (strict, loose) = table["n_ipr"], options.n_ipr_band
    return Gap(
        homo_ev=told.homo_ev,
        lumo_ev=told.lumo_ev,
        filtered=told.filtered.gap("IPR", options.ipr_max, fixed),
        size_aware=told.size_aware.gap("N·IPR", options.n_ipr_max, aware),
        band=GapBand(
            told.size_aware_band.strict.gap("N·IPR", strict, n_ipr <= strict),
            told.size_aware_band.loose.gap("N·IPR", loose, n_ipr <= loose),
        ),
        is_metallic=told.homo_lumo_gap_ev == 0.0,
    )


def _n_atoms(table: dict[str, Any]) -> int:
    """Return the number of atoms, which is the ratio of N·IPR and IPR."""
    return round(float(np.median(table["n_ipr"] / table["ipr"])))


def _shares(table: dict[str, Any], domains: Sequence[str], path: Path) -> tuple[SharedStates, ...]:
    """Part the weights into partitions: each ends where the weights of all states sum to 1."""
    blocks: list[tuple[tuple[str, ...], Floats]] = []
    names: list[str] = []
    rows: list[Floats] = []
    for name, weights in table["weights"]:
        names.append(name)
        rows.append(weights)
        if np.abs(np.sum(rows, axis=0) - 1.0).max() < WEIGHT_TOLERANCE:
            blocks.append((tuple(names), np.array(rows)))
            names, rows = [], []
    if names or not blocks:
        raise InputError(
            f"{path}: the weights of {', '.join(names) or 'groups'} do not sum to 1; analyse it "
            "again"
        )
    return shared_states(blocks, domains)
