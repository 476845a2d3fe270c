"""The nonlocal potential of a run, of the pseudopotentials that its input names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import entries, find_moved, potential_name
from epicarve.dft.output import GHOST
from epicarve.dft.pseudopotentials import nonlocal_projectors
from epicarve.dft.transitions import NonlocalPotential
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.dft.cp2k_input import CheckContext
    from epicarve.dft.pseudopotentials import Projectors

    from .atom_basis import AtomBasis
    from .input import RunInput
    from .run import Run

ALL_ELECTRONS = {"ALL", "ALLELECTRON"}
"""Names of potentials of bare nuclei."""

OF_KINETIC_ENERGY = {"TPSS", "TPSSH", "SCAN", "SCAN0", "R2SCAN"}
"""Functionals of the kinetic-energy density that have sections of their own, or words."""


def nonlocal_potential_of_run(run: Run, basis: AtomBasis) -> NonlocalPotential:
    """Return the nonlocal part of the Hamiltonian of a run, at its last geometry.

    Parameters
    ----------
    run : Run
        The run.
    basis : AtomBasis
        Its atoms and basis functions.

    Raises
    ------
    InputError
        If it has no input, a part of the Hamiltonian is nonlocal beside the pseudopotentials, or
        the projectors of one are not known.
    """
    if not run.inputs:
        raise InputError(f"{run.folder}: there is no input of the run, which names potentials")
    source = run.inputs[0]
    if other := _nonlocal_beside(source.subject):
        raise InputError(f"{source.path.name}: {other} does not commute with position")
    pairs = list(zip(run.geometry.labels, basis.symbols, strict=True))
    known = {pair: projectors_of_kind(source, *pair) for pair in dict.fromkeys(pairs)}
    return NonlocalPotential.of(basis.positions_bohr, basis.shells, [known[pair] for pair in pairs])


def _nonlocal_beside(subject: CheckContext) -> str:
    """Name what is nonlocal in a Hamiltonian beside pseudopotentials, empty if there is nothing."""
    xc = None if subject.dft is None else subject.dft.first("XC")
    exchange = None if xc is None else xc.first("HF")
    if exchange is not None and exchange.value("FRACTION") != 0.0:
        return "exact exchange"
    functional = None if xc is None else xc.first("XC_FUNCTIONAL")
    if functional is not None:
        names = {*functional.children, *map(str, functional.parameter)}
        if names & OF_KINETIC_ENERGY or any("MGGA" in name for name in names):
            return "a functional of the kinetic-energy density"
    if any(kind.on("DFT_PLUS_U") for kind in subject.force_eval.all("SUBSYS", "KIND")):
        return "DFT+U"
    return ""


def projectors_of_kind(source: RunInput, label: str, element: str) -> tuple[Projectors, ...]:
    """Return the projectors of the potential of the atoms with a label.

    Raises
    ------
    InputError
        If it is in none of the run's files of potentials, or its entry is damaged.
    """
    name = potential_name(source.subject.kind(label))
    if element == GHOST or name in ALL_ELECTRONS:
        return ()
    for file in source.subject.data_files("POTENTIAL_FILE_NAME"):
        found = find_moved(file, source.path.parent)
        text = None if found is None else entries(found).get((element.upper(), name))
        if text is None:
            continue
        try:
            return nonlocal_projectors(text)
        except ValueError as error:
            raise InputError(f"{found}: {name} of {element}: {error}") from error
    what = f"POTENTIAL {name} of {label}" if name else f"a GTH potential of {label}"
    raise InputError(
        f"{source.path.name}: {what} is in none of its files of potentials; put CP2K's "
        "beside it, or set CP2K_DATA_DIR"
    )
