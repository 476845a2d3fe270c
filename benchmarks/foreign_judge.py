"""Compares what was found in a folder with what CP2K printed, and says how it stands."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from foreign_expected import EXPECTED, MAY_LACK, NOT_TOLD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cp2k_prints import Truth

ENERGY_EV = 3e-5
"""Energies in .pdos files are rounded to 1e-6 hartree."""

WEIGHT = 2e-6
"""Weights in .pdos files are rounded to 1e-8 a column; those of text have its digits."""

FERMI_EV = 1e-3
"""Fermi energies are printed to 1e-6 hartree, of each spin or of both."""


class Result(NamedTuple):
    """What came of a folder: "read", "refused", "hang" or "traceback", and what was told."""

    happened: str
    sentence: str = ""
    summary: dict[str, Any] | None = None
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A word, in capitals if it must not be, what was told, and HOMO, LUMO and gap."""

    word: str
    told: str = ""
    numbers: tuple[float | None, ...] = (None, None, None)


def _among(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def judge(name: str, truth: Truth | None, result: Result) -> Verdict:
    """Judge what came of a folder.

    Parameters
    ----------
    name : str
        Run and change.
    truth : Truth or None
        What CP2K printed; None if it printed nothing that states could have.
    result : Result
        What was found.
    """
    if result.summary is None:
        if result.happened != "refused":
            return Verdict(result.happened.upper(), result.sentence)
        words = next(
            (w for pattern, w in EXPECTED.items() if fnmatch.fnmatch(name, pattern)), ("\0",)
        )
        known = all(word in result.sentence for word in words)
        return Verdict("refused" if known else "REFUSED", result.sentence)
    summary, origin = result.summary, result.summary["provenance"]
    numbers = tuple(summary[key] for key in ("homo_ev", "lumo_ev", "homo_lumo_gap_ev"))
    notes = [origin["caveat"]] if origin["caveat"] else []
    notes += [check["message"] for check in summary["checks"] if check["name"] == "source"]
    notes = [note for note in notes if "CUTOFF" not in note]  # coarse on purpose
    told = " | ".join((origin["states"], *notes))
    word = "told" if notes else "right"
    if ", project other," in told:
        word = "told"
    elif truth is None:
        word = "not told" if _among(name, NOT_TOLD) and notes else "UNKNOWN"
    elif differences := [*_numbers_apart(truth, result), *_states_apart(truth, result)]:
        word = "not told" if _among(name, NOT_TOLD) and notes else "WRONG"
        told = f"{'; '.join(differences)} | {told}"
    elif summary["lumo_ev"] is None and truth.lumo_ev is not None:
        word = "no LUMO" if _among(name, MAY_LACK) else "NO LUMO"
    return Verdict(word, told, numbers)


def _numbers_apart(truth: Truth, result: Result) -> Iterator[str]:
    """Yield each of electrons, edges and Fermi energy that is not CP2K's."""
    summary = result.summary
    n_electrons, homo, lumo, fermi = (
        summary[key] for key in ("n_electrons", "homo_ev", "lumo_ev", "fermi_ev")
    )
    # The electrons of some states alone are those of the window.
    is_window = min(int(row["state"]) for row in result.rows) > 1
    known = None if is_window else truth.n_electrons
    if known is not None and abs(n_electrons - known) > 0.01:
        yield f"{n_electrons} electrons, not {known}"
    if truth.partial:
        if not summary["metallic"]:
            yield f"not called a metal, with a Fermi energy of {truth.fermi_ev:.4f} eV"
        if fermi is not None and abs(fermi - truth.fermi_ev) > FERMI_EV:
            yield f"Fermi energy {fermi}, not {truth.fermi_ev:.4f}"
        return
    for name, found, known in (("HOMO", homo, truth.homo_ev), ("LUMO", lumo, truth.lumo_ev)):
        if None not in (found, known) and abs(found - known) > ENERGY_EV:
            yield f"{name} {found}, not {known:.5f}"


def _states_apart(truth: Truth, result: Result) -> Iterator[str]:
    """Yield each column of the states that is not CP2K's."""
    restricted = {row["spin"] for row in result.rows} == {"both"}
    if restricted != truth.restricted:
        yield "restricted, or not"
        return
    is_of_kinds = result.summary["provenance"]["states"].endswith("PDOS of each kind")
    for spin, name in enumerate(["both"] if restricted else ["alpha", "beta"]):
        energies, occupations = truth.energies_ev[spin], truth.occupations[spin]
        rows = [r for r in result.rows if r["spin"] == name and int(r["state"]) <= len(energies)]
        at = [int(row["state"]) - 1 for row in rows]
        weights = (truth.of_kinds if is_of_kinds else truth.weights)[spin]
        known = {f"W_{kind}".upper(): (w, WEIGHT) for kind, w in weights.items()}
        told = {key.upper(): key for key in rows[0]} if rows else {}
        if not known.keys() & told.keys():
            yield f"no weights of spin {name}"
            continue
        known |= {"ENERGY_EV": (energies, ENERGY_EV), "OCCUPATION": (occupations, 2e-5)}
        for column in known.keys() & told.keys():
            values, tolerance = known[column]
            found = np.array([float(row[told[column]]) for row in rows])
            if (worst := np.abs(found - values[at]).max()) > tolerance:
                yield f"{told[column]} by {worst:.1e}"
