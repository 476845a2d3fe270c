"""The embedded engine: GFN1-xTB through tblite, to relax a model and to get its states.

It needs no program beside Python, so the whole chain can be tried anywhere in a minute. Its orbital
energies are for trying the tool, not for publishing.
"""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from epicarve.blas import load_fast_blas
from epicarve.builder.report import Relaxation
from epicarve.dft.orbitals import (
    function_pairs,
    function_weights,
    momenta_of_functions,
    overlap_populations,
    pair_names,
    summing_matrix,
)
from epicarve.errors import InputError
from epicarve.options import Options
from epicarve.units import A_PER_BOHR, EV_PER_HARTREE

from .states import OrbitalStates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from epicarve.arrays import Ints
    from epicarve.builder.model import Model
    from epicarve.dft.orbitals import GroupPair

METHOD = "GFN1-xTB"
HEAVIEST_ELEMENT = 86
"""Atomic number of the heaviest element that GFN1-xTB has parameters for, radon."""

CAVEAT = (
    "These energies are GFN1-xTB (semi-empirical tight binding): "
    "they are for trying the tool, not for publishing."
)
"""The sentence that must stand wherever energies of this engine are shown."""

HARTREE_PER_KELVIN = 3.166811563e-6
"""Boltzmann constant in hartree per kelvin (CODATA 2018)."""


class XtbSettings(Options):
    """Settings of the GFN1-xTB engine.

    Parameters
    ----------
    max_steps : int
        Most steps of a relaxation. Reaching them is no error: as a pre-relaxation the model is
        useful long before its forces vanish, and its report says whether it converged.
    max_force_ev_a : float
        A relaxation has converged when no atom feels a larger force, in eV/Å.
    electronic_temperature_k : float
        Temperature of the Fermi distribution of the electrons in K. A higher one helps raw cuts of
        small gap to converge.
    max_scf_cycles : int
        Most cycles of the self-consistent charges.
    """

    max_steps: int = Field(default=150, ge=0)
    max_force_ev_a: float = Field(default=0.05, gt=0)
    electronic_temperature_k: float = Field(default=300.0, ge=0)
    max_scf_cycles: int = Field(default=250, ge=1)


def relax(
    model: Model,
    settings: XtbSettings | None = None,
    on_progress: Callable[[int, float], None] | None = None,
) -> Model:
    """Move the ions of a model downhill in GFN1-xTB energy (LBFGS).

    Parameters
    ----------
    model : Model
        The model to relax.
    settings : XtbSettings, optional
        Limits of the relaxation and of the self-consistent charges.
    on_progress : callable, optional
        Called after each step with the number of the step and the largest force in eV/Å.

    Returns
    -------
    Model
        The same ions at their new positions. Its report has an entry ``relaxation`` that says how
        far it got: engine, n_steps, converged, max_force_ev_a, energy_ev and rmsd_a, the root mean
        square displacement in Å. Coordination and components stay those of the cut.

    Raises
    ------
    InputError
        If an element has no GFN1-xTB parameters, ions coincide, or the charges do not converge.
    """
    from ase import Atoms  # noqa: PLC0415  (a second of imports that few commands need)
    from ase.calculators.calculator import CalculatorError  # noqa: PLC0415
    from ase.optimize import LBFGS  # noqa: PLC0415

    load_fast_blas()
    from tblite.ase import TBLite  # noqa: PLC0415

    settings = settings or XtbSettings()
    atoms: Any = Atoms(numbers=_atomic_numbers(model), positions=model.positions_a)
    atoms.calc = TBLite(
        method=METHOD,
        charge=model.net_charge,
        electronic_temperature=settings.electronic_temperature_k,
        max_iterations=settings.max_scf_cycles,
        verbosity=0,
    )
    optimizer: Any = LBFGS(atoms, logfile=os.devnull)

    def max_force_ev_a() -> float:
        return float(np.linalg.norm(atoms.get_forces(), axis=1).max())

    if on_progress is not None:
        optimizer.attach(lambda: on_progress(optimizer.nsteps, max_force_ev_a()))
    try:
        converged = optimizer.run(fmax=settings.max_force_ev_a, steps=settings.max_steps)
        last_force_ev_a = max_force_ev_a()
        energy_ev = float(atoms.get_potential_energy())
    except CalculatorError as error:
        raise _explained(error, model, settings) from error
    shifts_a = atoms.positions - model.positions_a
    relaxation = Relaxation(
        engine=_engine(),
        n_steps=int(optimizer.nsteps),
        converged=bool(converged),
        max_force_ev_a=round(last_force_ev_a, 4),
        energy_ev=round(energy_ev, 6),
        rmsd_a=round(float(np.sqrt((shifts_a**2).sum(axis=1).mean())), 4),
    )
    return replace(
        model,
        positions_a=np.array(atoms.positions),
        report=replace(model.report, relaxation=relaxation),
    )


def orbital_states(
    model: Model, settings: XtbSettings | None = None, pairs: Sequence[GroupPair] = ()
) -> OrbitalStates:
    """Compute the orbitals of a model with GFN1-xTB and their Löwdin weights on the atoms.

    Parameters
    ----------
    model : Model
        A model with an even number of electrons; it is treated as a closed shell.
    settings : XtbSettings, optional
        Electronic temperature and limit of the self-consistent charges.
    pairs : sequence of pairs of OrbitalGroup
        Groups of atoms whose overlap populations the states are to have.

    Returns
    -------
    OrbitalStates
        All orbitals of the minimal basis, occupied and empty, spin-restricted.

    Raises
    ------
    InputError
        If an element has no GFN1-xTB parameters, ions coincide, the charges do not converge, or the
        number of electrons is odd.
    """
    load_fast_blas()
    from tblite.interface import Calculator  # noqa: PLC0415  (few commands need it)

    settings = settings or XtbSettings()
    try:
        calculator = Calculator(
            METHOD,
            _atomic_numbers(model),
            model.positions_a / A_PER_BOHR,
            charge=float(model.net_charge),
        )
        calculator.set("verbosity", 0)
        calculator.set("save-integrals", 1)
        calculator.set("temperature", settings.electronic_temperature_k * HARTREE_PER_KELVIN)
        calculator.set("max-iter", settings.max_scf_cycles)
        result = calculator.singlepoint()
    except RuntimeError as error:
        raise _explained(error, model, settings) from error
    occupations = result.get("orbital-occupations")
    if round(float(occupations.sum())) % 2:
        raise InputError(
            f"{model.formula} with charge {model.net_charge:+d} has an odd number of electrons; "
            "the embedded engine treats closed shells only, so balance the model or use CP2K"
        )
    shell_of = np.asarray(calculator.get("orbital-map"), dtype=int)
    atom_of = np.asarray(calculator.get("shell-map"), dtype=int)[shell_of]
    momentum_of = np.asarray(calculator.get("angular-momenta"), dtype=int)[shell_of]
    overlap = result.get("overlap-matrix")
    coefficients = result.get("orbital-coefficients")
    parts = function_weights(overlap, coefficients)
    symbols = tuple(model.symbols.tolist())
    names, momentum_of_function = momenta_of_functions(symbols, atom_of, momentum_of)
    return OrbitalStates(
        energies_ev=result.get("orbital-energies") * EV_PER_HARTREE,
        occupations=occupations,
        weights=summing_matrix(atom_of, model.n_atoms) @ parts,
        symbols=symbols,
        source=_engine(),
        caveat=CAVEAT,
        orbital_names=names,
        orbital_weights=summing_matrix(momentum_of_function, len(names)) @ parts,
        pairs=pair_names(pairs),
        overlap_populations=overlap_populations(
            overlap, coefficients, atom_of, function_pairs(pairs, atom_of, momentum_of)
        ),
    )


def _engine() -> str:
    """Name the method and the version of the library that computes it."""
    return f"{METHOD} (tblite {version('tblite')})"


def _atomic_numbers(model: Model) -> Ints:
    """Return the atomic number of each ion; refuse elements without parameters."""
    from ase.data import atomic_numbers  # noqa: PLC0415

    numbers = np.array([atomic_numbers.get(symbol, 0) for symbol in model.symbols.tolist()])
    outside = (numbers < 1) | (numbers > HEAVIEST_ELEMENT)
    if outside.any():
        named = ", ".join(sorted(set(model.symbols[outside].tolist())))
        raise InputError(
            f"{METHOD} has no parameters for {named}, only for hydrogen to radon; use CP2K"
        )
    return numbers


def _explained(error: Exception, model: Model, settings: XtbSettings) -> InputError:
    """Turn an error of tblite into a sentence that says how to mend it."""
    reason = str(error).strip().splitlines()[-1] if str(error).strip() else "no reason given"
    if "not converged" in reason:
        remedy = (
            f"raise electronic_temperature_k (now {settings.electronic_temperature_k:g}) "
            f"or max_scf_cycles (now {settings.max_scf_cycles}), or mend the model"
        )
    elif "distance" in reason:
        remedy = "two ions lie on top of each other, so mend the model"
    else:
        remedy = "check the model's elements and coordinates"
    return InputError(f"{METHOD} failed on {model.formula}: {reason}; {remedy}")
