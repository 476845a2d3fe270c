"""The spin-orbit coupling of a run, of the pseudopotentials that its input names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import find_moved, potential_name
from epicarve.dft.output import GHOST
from epicarve.dft.spin_orbit import DATA_FILE, SpinOrbitPotential, known_projectors
from epicarve.errors import InputError

from .nonlocal_potential import projectors_of_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from epicarve.dft.pseudopotentials import Projectors

    from .atom_basis import AtomBasis
    from .input import RunInput
    from .run import Run

SAME_RADIUS_BOHR = 1e-3
"""Radii of projectors that differ by less are those of one potential."""


def spin_orbit_of_run(run: Run, basis: Callable[[], AtomBasis]) -> SpinOrbitPotential:
    """Return the spin-orbit part of the pseudopotentials of a run, at its last geometry.

    Parameters
    ----------
    run : Run
        The run, with an input.
    basis : callable
        Reads the basis functions of its orbitals.

    Raises
    ------
    InputError
        If it has no input, its basis functions are not known, or an atom has a potential without
        known parameters.
    """
    if not run.inputs:
        raise InputError(
            f"{run.folder}: spin-orbit coupling needs the input of the run, which names basis sets "
            "and potentials; put it beside its orbitals"
        )
    source, known = run.inputs[0], basis()
    pairs = list(zip(run.geometry.labels, known.symbols, strict=True))
    projectors = {pair: _projectors(source, *pair) for pair in dict.fromkeys(pairs)}
    return SpinOrbitPotential.of(
        known.positions_bohr,
        known.shells,
        [projectors[pair] for pair in pairs],
        known.translations_bohr,
    )


def notes_of_other_potentials(run: Run, basis: AtomBasis) -> tuple[str, ...]:
    """Say of which elements the parameters belong to another potential of the same name.

    A potential that the run's files do not hold, or that are not there, is not compared.

    Parameters
    ----------
    run : Run
        The run, with an input.
    basis : AtomBasis
        Its atoms.
    """
    source = run.inputs[0]
    notes = {}
    for label, element in dict.fromkeys(zip(run.geometry.labels, basis.symbols, strict=True)):
        try:
            own = {each.angular: each for each in projectors_of_kind(source, label, element)}
        except InputError:
            continue
        for known in _projectors(source, label, element):
            other = own.get(known.angular)
            if other is None or abs(other.radius_bohr - known.radius_bohr) > SAME_RADIUS_BOHR:
                radius = "none" if other is None else f"{other.radius_bohr:.3f} bohr"
                notes[element] = (
                    f"the spin-orbit parameters of {element} are those of another potential "
                    f"called {potential_name(source.subject.kind(label))}: the radius of its "
                    f"projectors for {'spdf'[known.angular]} is {known.radius_bohr:.3f} bohr, "
                    f"that of the run's {radius}"
                )
                break
    return tuple(notes.values())


def _projectors(source: RunInput, label: str, element: str) -> tuple[Projectors, ...]:
    """Return the spin-orbit projectors of the atoms with a label."""
    if element == GHOST:
        return ()
    name = potential_name(source.subject.kind(label))
    found = find_moved(DATA_FILE, source.path.parent)
    try:
        known = known_projectors(element, name, () if found is None else (found,))
    except ValueError as error:
        raise InputError(
            f"{found}: {name} of {element}: {error}; put CP2K's file in its place"
        ) from error
    if known is None:
        raise InputError(
            f"{source.path}: no spin-orbit parameters are known of "
            f"{f'POTENTIAL {name}' if name else 'the potential'} of {label}; put CP2K's file "
            f"{DATA_FILE} that has it beside the input, or use a GTH-PBE potential"
        )
    return known
