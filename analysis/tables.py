"""The tables of an analysis: states.csv and dos.csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.dft.states import OrbitalStates

    from .kinds import KindAnalysis
    from .results import Analysis

SPIN_NAMES = ("alpha", "beta")
"""Names of the spins of unrestricted states; a restricted state has the spin ``"both"``."""


def states_csv(analysis: Analysis) -> str:
    """Return one line per state: alpha before beta, each by ascending energy.

    Parameters
    ----------
    analysis : Analysis
        The results.

    Returns
    -------
    str
        Comma-separated values under the header ``state,spin,energy_ev,occupation,ipr,n_eff,kept``
        and a column ``w_NAME`` with the weight of each group of atoms. States count from 1 within
        each spin.
    """
    states, localization = analysis.states, analysis.localization
    kept = analysis.gap.filtered.kept
    names = [f"w_{name}" for groups in analysis.partitions for name in groups.names]
    weights = np.concatenate([groups.weights(states.weights) for groups in analysis.partitions])
    lines = [",".join(["state,spin,energy_ev,occupation,ipr,n_eff,kept", *names])]
    for i, (state, spin) in enumerate(zip(*labels(states), strict=True)):
        fields = [
            f"{state},{spin},{states.energies_ev[i]:.6f},{states.occupations[i]:.6f}",
            f"{localization.ipr[i]:.8f},{localization.n_eff[i]:.4f},{str(kept[i]).lower()}",
            *(f"{weight:.8f}" for weight in weights[:, i].tolist()),
        ]
        lines.append(",".join(fields))
    return "\n".join(lines) + "\n"


def labels(states: OrbitalStates) -> tuple[list[int], list[str]]:
    """Return the number of each state within its spin, from 1, and the name of its spin."""
    n_alpha = int(np.count_nonzero(states.spins == 0))
    numbers = np.arange(states.n_states) - np.where(states.spins == 0, 0, n_alpha) + 1
    spins = ["both" if states.restricted else SPIN_NAMES[s] for s in states.spins.tolist()]
    return numbers.tolist(), spins


def dos_csv(analysis: Analysis | KindAnalysis) -> str:
    """Return one line per energy: the total, then each group of each partition.

    Parameters
    ----------
    analysis : Analysis
        The results.

    Returns
    -------
    str
        Comma-separated values in states per eV under the header ``energy_ev,total,GROUP,...``. Of
        unrestricted states the columns end in ``_alpha`` and ``_beta``.
    """
    first = analysis.densities[0]
    names, columns = ["energy_ev"], [first.grid_ev]
    for spin, spin_total in enumerate(first.total):
        ending = "" if len(first.density) == 1 else f"_{SPIN_NAMES[spin]}"
        names.append(f"total{ending}")
        columns.append(spin_total)
        for dos in analysis.densities:
            names += [f"{name}{ending}" for name in dos.groups]
            columns += list(dos.density[spin])
    template = ",".join(["%.4f"] + ["%.6f"] * (len(names) - 1))
    rows = [template % tuple(row) for row in np.stack(columns, axis=1).tolist()]
    return "\n".join([",".join(names), *rows]) + "\n"
