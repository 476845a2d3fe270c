"""What the method, the functional, basis sets and potentials come to in an input."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from epicarve.dft.cp2k_input import entries, find_file
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from epicarve.dft.settings import BasisElement, LevelSettings

    from .system import System

LONGEST_EXCHANGE_A = 6.0
"""Radius in Å at which exact exchange in a periodic system ends, unless the cell is smaller."""


def exchange_correlation(system: System, settings: LevelSettings) -> dict[str, Any]:
    """Return what stands in &XC, as for `input_text`."""
    functional = settings.xc
    sections = {name: dict(keywords) for name, keywords in functional.sections.items()}
    tree: dict[str, Any] = {"xc_functional": sections}
    if functional.exact_exchange is not None:
        fraction = functional.exact_exchange.fraction
        omega = functional.exact_exchange.omega_per_bohr
        potential: dict[str, Any] = {"potential_type": "COULOMB"}
        if omega is not None:
            potential = {"potential_type": "SHORTRANGE", "omega": omega}
        elif system.dimensions:
            # The Coulomb potential ends at a radius, J. Chem. Theory Comput. 5, 3010 (2009).
            radius_a = _exchange_radius_a(system)
            potential = {
                "potential_type": "TRUNCATED",
                "cutoff_radius": radius_a,
                "t_c_g_data": "t_c_g.dat",
            }
            if "pbe" in sections:  # the rest of the exchange is PBE's
                sections["pbe_hole_t_c_lr"] = {"scale_x": fraction, "cutoff_radius": radius_a}
        tree["hf"] = {"fraction": fraction, "interaction_potential": potential}
    if settings.dispersion_block is not None:
        tree["vdw_potential"] = {
            "potential_type": "PAIR_POTENTIAL",
            "pair_potential": settings.dispersion_block,
        }
    return tree


def kinds(elements: Mapping[str, BasisElement], settings: LevelSettings) -> list[dict[str, Any]]:
    """Return the &KIND of each element, as for `input_text`."""
    tree: list[dict[str, Any]] = []
    for element in elements.values():
        basis: Any = element.basis.name
        if element.auxiliary is not None:
            basis = [["ORB", element.basis.name], ["AUX_FIT", element.auxiliary.name]]
        kind = {"_": element.symbol, "basis_set": basis, "potential": element.potential.name}
        if element.potential.file != potential_file(elements):
            kind["potential_file_name"] = element.potential.file
        hubbard = (settings.plus_u or {}).get(element.symbol)
        if hubbard is not None:
            kind["dft_plus_u"] = {"l": hubbard.momentum, "u_minus_j": f"[eV] {hubbard.u_ev:g}"}
        tree.append(kind)
    return tree


def basis_files(elements: Mapping[str, BasisElement]) -> list[str]:
    """Return the names of the files of basis sets, those for exact exchange last."""
    named = [element.basis.file for element in elements.values()]
    named += [element.auxiliary.file for element in elements.values() if element.auxiliary]
    return list(dict.fromkeys(named))


def potential_file(elements: Mapping[str, BasisElement]) -> str:
    """Return the name of the file of potentials of all kinds that name none."""
    return next(iter(elements.values())).potential.file


def own_files(elements: Mapping[str, BasisElement], folder: Path) -> dict[str, Path]:
    """Return the files of one's own that go with the input, by the names that this gives them.

    Parameters
    ----------
    elements : mapping
        The elements by symbol.
    folder : Path
        Where CP2K runs; only files of CP2K's data are looked for from there.

    Raises
    ------
    InputError
        If two files have one name, or CP2K would take an entry of another file.
    """
    used = [
        entry
        for element in elements.values()
        for entry in (element.basis, element.potential, element.auxiliary)
        if entry is not None
    ]
    own: dict[str, Path] = {}
    for entry in used:
        for other in used:
            if other.file == entry.file and other.source != entry.source:
                raise InputError(
                    f"cp2k: two files named {entry.file} are asked for; give one's own another name"
                )
        if entry.source is not None:
            own[entry.file] = entry.source
    if len(basis_files(elements)) > 1:
        _refuse_hidden(elements, own, folder)
    return own


def _refuse_hidden(
    elements: Mapping[str, BasisElement], own: Mapping[str, Path], folder: Path
) -> None:
    """Refuse basis sets that an earlier file has too: CP2K takes the first one."""
    order = basis_files(elements)
    paths = {name: own.get(name) or find_file(name, folder) for name in order}
    for element in elements.values():
        for entry in filter(None, (element.basis, element.auxiliary)):
            key = element.symbol.upper(), entry.name.upper()
            for name in order[: order.index(entry.file)]:
                path = paths[name]
                if path is not None and key in entries(path):
                    raise InputError(
                        f"cp2k.basis: CP2K would take {entry.name} of {element.symbol} from "
                        f"{name}, not from {entry.file}; give it another name in one's own file"
                    )


def refuse_hubbard_without_shells(
    elements: Mapping[str, BasisElement], settings: LevelSettings
) -> None:
    """Refuse a Hubbard term on a momentum that the basis set of the element does not have.

    Raises
    ------
    InputError
        If there is one.
    """
    for symbol, hubbard in (settings.plus_u or {}).items():
        element = elements.get(symbol)
        if element is not None and hubbard.momentum > element.largest_momentum:
            raise InputError(
                f"cp2k.plus_u.{symbol}: {element.basis.name} has no {hubbard.l} functions; take a "
                "larger basis set, or another l"
            )


def level_note(elements: Mapping[str, BasisElement], settings: LevelSettings) -> str:
    """Tell what the estimate does not know of a level, and which setting has no effect."""
    told = []
    if settings.xc.is_hybrid:
        told.append(
            f"the estimate knows nothing of the integrals of exact exchange but the "
            f"{settings.exchange_memory_mb} MB each process may keep, and not the time they take"
        )
        if not settings.uses_auxiliary_basis:
            told.append("exact exchange without an auxiliary basis set takes days")
    if settings.method == "gapw":
        told.append("the estimate leaves out the atomic grids of GAPW, which were not measured")
    if settings.xc.has_laplacian:
        told.append(f"{settings.xc.name} depends on the Laplacian of the density: noisy grids")
    told += [
        f"plus_u: there is no {symbol}"
        for symbol in settings.plus_u or ()
        if symbol not in elements
    ]
    return "; ".join(told)


def _exchange_radius_a(system: System) -> float:
    """Return where exact exchange ends: just below half of the narrowest periodic height."""
    half = 0.49 * float(system.heights_a[: system.dimensions].min())
    return math.floor(min(half, LONGEST_EXCHANGE_A) * 100) / 100
