"""What can be had from weights of whole kinds of atoms: the density of states and the plain gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from epicarve import __version__
from epicarve.files import filled_folder, write_json, write_text

from .dos import by_element, density_of_states, orbital_densities
from .gap import difference
from .localization import no_ipr
from .options import AnalysisOptions
from .summary import rounded
from .tables import dos_csv

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.dft.states import OrbitalStates

    from .dos import DensityOfStates


@dataclass(frozen=True)
class KindAnalysis:
    """Density of states and plain gap of states whose weights are of whole kinds of atoms.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    densities : tuple of DensityOfStates
        By kind, and by kind and angular momentum.
    """

    states: OrbitalStates
    densities: tuple[DensityOfStates, ...]

    @classmethod
    def of(cls, states: OrbitalStates, options: AnalysisOptions) -> KindAnalysis:
        """Analyse states of whole kinds with the broadening of some options."""
        by_kind = density_of_states(states, by_element(states.symbols), options)
        return cls(states, (by_kind, *orbital_densities(states, options)))

    def summary(self, provenance: dict[str, Any] | None = None) -> dict[str, Any]:
        """Collect what was found, as `summarise` does for states of atoms."""
        states = self.states
        homo_ev, lumo_ev = states.homo_ev, states.lumo_ev
        checks = {"filtered": no_ipr(states)}
        for name, energy, which in (
            ("homo_ev", homo_ev, "occupied"),
            ("lumo_ev", lumo_ev, "empty"),
        ):
            if energy is None:
                checks[name] = checks["homo_lumo_gap_ev"] = f"there is no {which} state"
        return {
            "n_states": states.n_states,
            "n_electrons": rounded(states.n_electrons),
            "homo_ev": rounded(homo_ev),
            "lumo_ev": rounded(lumo_ev),
            "homo_lumo_gap_ev": rounded(difference(lumo_ev, homo_ev)),
            "filtered": None,
            "checks": [
                {"name": name, "ok": False, "message": message} for name, message in checks.items()
            ],
            "provenance": {
                "version": __version__,
                "states": states.source,
                "caveat": states.caveat,
                **(provenance or {}),
            },
        }


def analyse_kinds(
    states: OrbitalStates,
    options: AnalysisOptions | None = None,
    *,
    folder: Path,
    provenance: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Analyse states of whole kinds and write summary.json and dos.csv, or none of them.

    Parameters
    ----------
    states : OrbitalStates
        States that are `of_kinds`.
    options : AnalysisOptions, optional
        Broadening and step of the density of states.
    folder : Path
        Where to write.
    provenance : dict, optional
        What is known of the origin of the states.

    Returns
    -------
    dict
        What summary.json holds: the plain gap; ``filtered`` is None, and a check says why.
    """
    analysis = KindAnalysis.of(states, options or AnalysisOptions())
    summary = analysis.summary(provenance)
    with filled_folder(folder) as scratch:
        write_json(scratch / "summary.json", summary)
        write_text(scratch / "dos.csv", dos_csv(analysis))
    return summary
