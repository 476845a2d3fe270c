"""The spin-orbit coupling of a run, of the pseudopotentials that its input names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import find_moved, potential_name
from epicarve.dft.output import GHOST
from epicarve.dft.spin_orbit import DATA_FILE, SpinOrbitPotential, known_projectors
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from epicarve.dft.pseudopotentials import Projectors

    from .atom_basis import AtomBasis
    from .input import RunInput
    from .run import Run


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
