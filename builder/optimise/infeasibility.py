"""Why no choice of ions satisfies all constraints, and the nearest choice that does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .edits import possible_edits
from .program import Program
from .solver import Solver
from .surface_region import Shell
from .treatment_amount import most_units

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .candidates import Candidates
    from .options import BalanceOptions

    Feasible = Callable[..., bool]
    Choice = tuple[str, str]

TOLERANCE_GRAIN = 1e-3
SHELL_GRAIN_A = 0.1
MAX_SHELL = 3.0
"""A shell is deepened up to this multiple of what was asked for."""

MAX_CHARGE = 12


def explain(ions: Candidates) -> str:
    """Say which constraint stands in the way, and the smallest relaxations that are feasible.

    Each constraint of each domain is relaxed alone until some choice satisfies the others: the
    ratio's tolerance to `TOLERANCE_GRAIN`, the minimum coordination of one element by whole
    neighbours, the shell by `SHELL_GRAIN_A`, the net charge by whole charges.

    Parameters
    ----------
    ions : Candidates
        What could be chosen, and what cannot be satisfied.
    """
    shell = Shell(ions)
    if ions.treatment is not None:
        untreated = replace(ions, treatment=None)
        return _untreatable(shell) if is_feasible(untreated) else explain(untreated)
    if ions.poses is not None:
        from .ligand_amounts import uncoverable  # noqa: PLC0415  (few need it)

        return uncoverable(ions) or explain(replace(ions, poses=None))
    several = len(ions.domains) > 1
    asked, found = [], []
    for number, domain in enumerate(ions.domains):
        minima = _minima(shell, number)
        hindered = _hindered(shell, number, minima)
        if hindered:
            return hindered
        name, options = domain.ions.crystal.name, domain.options
        plain = int(ions.charges[shell.inside & (ions.domain == number)].sum())
        asked.append(
            f"{name}: the plain cut carries {plain:+d} e and no choice among its "
            f"{int((ions.domain[shell.free] == number).sum())} surface ions has the net charge "
            f"{options.net_charge}, the ratio {domain.ions.crystal.formula} within "
            f"{options.ratio_tolerance:g} and at least "
            f"{', '.join(f'{n} neighbours of {symbol}' for symbol, n in minima.items())}"
        )

        def feasible(*, number: int = number, **changes: Any) -> bool:
            return is_feasible(_with(ions, number, **changes))

        of = f" of {name}" if several else ""
        found += [
            (choice[0] + of, choice[1] + of)
            for choice in (
                _other_ratio(feasible, options),
                *_other_coordination(feasible, options, minima),
                _no_strong_bonds(feasible, options),
                _other_shell(feasible, domain.shell_a),
                _other_charge(feasible, options),
                _no_symmetry(feasible, options),
            )
            if choice is not None
        ]
    told = ", or ".join(asked)
    if not found:
        return f"{told}; no single constraint is in the way, so make the shape larger"
    names = " or ".join(dict.fromkeys(name for name, _ in found))
    choices = " or ".join(choice for _, choice in found)
    return f"{told}; in the way is {names}, and the nearest choices in reach are {choices}"


def is_feasible(ions: Candidates) -> bool:
    """Whether some choice satisfies all constraints but the one of one connected piece."""
    shell = Shell(ions)
    return Solver(Program(shell, possible_edits(shell))).is_feasible()


def _untreatable(shell: Shell) -> str:
    """Say how much of a treatment the surface takes, where a model without it can be chosen."""
    name, edits = shell.ions.name, possible_edits(shell)
    halides, most = edits.treatment, most_units(shell, edits)
    if halides is None or most == 0:
        return (
            f"{name}: the empty sites of the surface take no unit of the treatment with what "
            "balance asks for; lower min_coordination, change the size of the shape or leave "
            "treatment out"
        )
    asked = halides.n_units
    if most == asked:
        return (
            f"{name}: no model with {asked} units of treatment was found within the nodes of the "
            "search, and none was ruled out; change coverage a little"
        )
    share = np.floor(1000 * most / halides.surface) / 1000
    return (
        f"{name}: the surface takes {most} of the {asked} units that coverage "
        f"{halides.options.coverage:g} asks for; set coverage: {share:g} or less"
    )


def _with(
    ions: Candidates, number: int, *, depth_a: float | None = None, **changes: Any
) -> Candidates:
    """Candidates of which one domain must satisfy something else."""
    domain = ions.domains[number]
    other = replace(
        domain,
        shell_a=domain.shell_a if depth_a is None else depth_a,
        options=domain.options.model_copy(update=changes),
    )
    return replace(ions, domains=(*ions.domains[:number], other, *ions.domains[number + 1 :]))


def _hindered(shell: Shell, number: int, minima: dict[str, int]) -> str:
    """Say which ion of a domain can't have its minimum whatever is chosen, if there is one."""
    ions, crystal = shell.ions, shell.ions.domains[number].ions.crystal
    for symbol, least in minima.items():
        most = int(crystal.coordination[crystal.symbols == symbol].max())
        if least > most:
            return (
                f"{crystal.name}: min_coordination asks for {least} neighbours of {symbol}, "
                f"which has {most} in bulk; ask for {most} at most"
            )
    is_there = shell.fixed.copy()
    is_there[shell.free] = True
    most_held = shell.adjacency @ is_there.astype(np.int32)
    on_face = shell.fixed & (ions.domain == number)
    on_face &= ions.signed_distance_a > -ions.depth_a  # of a part kept whole
    short = np.flatnonzero(on_face & (most_held < shell.minimum))
    if len(short) == 0:
        return ""
    ion = short[np.argmin(most_held[short])]
    return (
        f"{crystal.name}: the cut leaves {ions.symbols[ion]} with {most_held[ion]} of "
        f"{ions.bulk_coordination[ion]} neighbours, fewer than the {shell.minimum[ion]} it must "
        f"keep; choose another termination or set min_coordination: "
        f"{{{ions.symbols[ion]}: {most_held[ion]}}}"
    )


def _minima(shell: Shell, number: int) -> dict[str, int]:
    """Largest minimum coordination of each element of a domain."""
    ions = shell.ions
    of_domain = ions.domain == number
    return {
        symbol: int(shell.minimum[of_domain & (ions.symbols == symbol)].max(initial=0))
        for symbol in ions.domains[number].ions.crystal.charge_of
    }


def _other_ratio(feasible: Feasible, options: BalanceOptions) -> Choice | None:
    """Smallest tolerance of the ratio that is feasible, to `TOLERANCE_GRAIN`."""
    if not feasible(ratio_tolerance=0.999):
        return None
    first = int(np.floor(options.ratio_tolerance / TOLERANCE_GRAIN))
    last = round(1.0 / TOLERANCE_GRAIN) - 1
    while last - first > 1:
        middle = (first + last) // 2
        if feasible(ratio_tolerance=middle * TOLERANCE_GRAIN):
            last = middle
        else:
            first = middle
    return "the ratio", f"ratio_tolerance: {last * TOLERANCE_GRAIN:g}"


def _other_coordination(
    feasible: Feasible, options: BalanceOptions, minima: dict[str, int]
) -> list[Choice]:
    """Largest minimum of each element alone that is feasible; of all together if none is."""
    found = []
    for symbol, least in minima.items():
        for fewer in range(least - 1, -1, -1):
            if feasible(min_coordination={**options.min_coordination, symbol: fewer}):
                found.append(("coordination", f"min_coordination: {{{symbol}: {fewer}}}"))
                break
    if found:
        return found
    for fewer in range(1, max(minima.values()) + 1):
        lower = {symbol: max(0, least - fewer) for symbol, least in minima.items()}
        if feasible(min_coordination=lower):
            choice = ", ".join(f"{symbol}: {n}" for symbol, n in lower.items())
            return [("coordination", f"min_coordination: {{{choice}}}")]
    return []


def _no_strong_bonds(feasible: Feasible, options: BalanceOptions) -> Choice | None:
    """Leave the strong bonds out."""
    if not options.strong_bonds or not feasible(strong_bonds=False):
        return None
    return "the strong bonds", "strong_bonds: false"


def _other_shell(feasible: Feasible, shell_a: float) -> Choice | None:
    """Thinnest deeper shell that is feasible, to `SHELL_GRAIN_A`."""
    for more in range(1, round((MAX_SHELL - 1.0) * shell_a / SHELL_GRAIN_A)):
        depth_a = shell_a + more * SHELL_GRAIN_A
        if feasible(depth_a=depth_a):
            return "the shell", f"shell_nm: {0.1 * depth_a:.3f}"
    return None


def _other_charge(feasible: Feasible, options: BalanceOptions) -> Choice | None:
    """Nearest net charge that is feasible."""
    for size in range(1, MAX_CHARGE + 1):
        for charge in (options.net_charge - size, options.net_charge + size):
            if feasible(net_charge=charge):
                return "the net charge", f"net_charge: {charge}"
    return None


def _no_symmetry(feasible: Feasible, options: BalanceOptions) -> Choice | None:
    """Leave the symmetry out."""
    if options.symmetry == "none" or not feasible(symmetry="none"):
        return None
    return "the symmetry", "symmetry: none"
