"""CP2K inputs of the whole chain, written from templates and read back before they are kept."""

from __future__ import annotations

import io
import math
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import yaml

from epicarve.errors import InputError
from epicarve.files import filled_folder

from .elements import BasisElement, basis_elements
from .jobs import job_files
from .stages import START, stages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from cp2k_input_tools.generator import CP2KInputGenerator
    from cp2k_input_tools.parser import CP2KInputParser
    from numpy.typing import NDArray

    from epicarve.builder.model import Model

    from .settings import Cp2kSettings, MachineSettings, RelaxSettings
    from .stages import Stage

FRAGMENTS = {
    "prerelax": ("xtb", "orbital-transformation", "relaxation"),
    "relax": ("dft", "orbital-transformation", "relaxation", "restartable"),
    "ground-state": ("dft", "orbital-transformation"),
    "states": ("dft", "states"),
}
"""Templates that make up the input of each stage, beside the common one."""

PARAMETRIZATIONS = {"PBE": "ORIG", "PBEsol": "PBESOL"}
"""CP2K's name of each functional in its section PBE."""

DEFAULT_MAX_FORCE = 4.5e-4
"""CP2K's default of MAX_FORCE in hartree/bohr, to which its other criteria are in proportion."""


def write_stages(
    model: Model,
    settings: Cp2kSettings,
    machine: MachineSettings,
    folder: Path,
    *,
    only_relax: bool = False,
) -> tuple[Stage, ...]:
    """Write the inputs and job scripts of the chain; the folder runs as it stands.

    Parameters
    ----------
    model : Model
        The model; neutral, with an even number of valence electrons.
    settings : Cp2kSettings
        What is calculated.
    machine : MachineSettings
        What the job scripts ask for.
    folder : Path
        Where to write. Files that are there already with the same content keep their age, so that
        stages that are complete need not run again.
    only_relax : bool
        Whether the chain ends with the last relaxation, as for a half that is to be joined.

    Returns
    -------
    tuple of Stage
        The stages, in the order in which they run.

    Raises
    ------
    InputError
        If an element has no basis set, the number of electrons is odd, or more empty states are
        asked for than the basis set has.
    """
    elements = basis_elements(model.symbols.tolist(), settings.basis)
    chain = tuple(stage for stage in stages(settings) if stage.relaxation or not only_relax)
    edge_a, positions_a = boxed(model.positions_a, settings.vacuum_a)
    texts = {stage.input: stage_input(model, elements, settings, stage, edge_a) for stage in chain}
    texts |= job_files(chain, machine)
    start = _xyz_text(model, positions_a)
    changed = not _is_same(folder / START, start)
    for path in (START, *(stage.coordinates for stage in chain)):
        # The stages' own coordinates are replaced when they run; until then they make the inputs
        # whole, so that each can be checked.
        if changed or not (folder / path).is_file():
            texts[path] = start
    with filled_folder(folder) as scratch:
        for name, text in texts.items():
            if not _is_same(folder / name, text):
                (scratch / name).parent.mkdir(exist_ok=True)
                (scratch / name).write_text(text, encoding="utf-8")
    return chain


def boxed(positions_a: NDArray[np.float64], vacuum_a: float) -> tuple[float, NDArray[np.float64]]:
    """Put coordinates into the middle of the smallest cube that leaves `vacuum_a` on each side.

    Parameters
    ----------
    positions_a : ndarray of float, shape (n_atoms, 3)
        Cartesian coordinates in Å.
    vacuum_a : float
        Space between the outermost nuclei and the faces along the longest extent, in Å.

    Returns
    -------
    edge_a : float
        Edge of the cube in Å, rounded up to 1e-3.
    positions_a : ndarray of float, shape (n_atoms, 3)
        The coordinates, shifted.

    Examples
    --------
    >>> import numpy as np
    >>> edge_a, moved_a = boxed(np.array([[0.0, 0.0, 0.0], [3.0, 1.0, 0.0]]), vacuum_a=4.0)
    >>> edge_a, moved_a.tolist()
    (11.0, [[4.0, 5.0, 5.5], [7.0, 6.0, 5.5]])
    """
    low, high = positions_a.min(axis=0), positions_a.max(axis=0)
    edge_a = math.ceil(float((high - low).max() + 2.0 * vacuum_a) * 1e3 - 1e-6) / 1e3
    return edge_a, positions_a - 0.5 * (low + high) + 0.5 * edge_a


def n_added_mos(n_electrons: int, n_functions: int, asked: int | None) -> int:
    """Return how many empty states to calculate.

    Parameters
    ----------
    n_electrons, n_functions : int
        Valence electrons and basis functions of the model.
    asked : int or None
        The number wanted; None takes a quarter of the occupied states, at least 10.

    Raises
    ------
    InputError
        If the electrons are odd in number, or the basis set has fewer empty states than asked for.

    Examples
    --------
    >>> n_added_mos(114, 273, None), n_added_mos(8, 20, None)
    (15, 10)
    """
    if n_electrons % 2:
        raise InputError(
            f"the model has {n_electrons} valence electrons, an odd number, and its states would "
            "not be doubly occupied; add or remove an ion of odd charge"
        )
    available = n_functions - n_electrons // 2
    if asked is None:
        return min(max(10, math.ceil(n_electrons / 8)), available)
    if asked > available:
        raise InputError(
            f"added_mos: {asked} empty states are asked for, but the basis set has only "
            f"{available} for this model; ask for at most that many"
        )
    return asked


def stage_input(
    model: Model,
    elements: Mapping[str, BasisElement],
    settings: Cp2kSettings,
    stage: Stage,
    edge_a: float,
) -> str:
    """Return the text of a stage's CP2K input, checked with cp2k-input-tools' parser.

    Parameters
    ----------
    model : Model
        The model.
    elements : mapping of str to BasisElement
        Its elements, in the order of their kinds.
    settings : Cp2kSettings
        What is calculated.
    stage : Stage
        The stage to write.
    edge_a : float
        Edge of the box in Å.
    """
    each = [elements[symbol] for symbol in model.symbols.tolist()]
    n_electrons = sum(element.electrons for element in each) - model.net_charge
    values = {
        "stage": stage.name,
        "charge": model.net_charge,
        "edge_a": edge_a,
        "coordinates": f"{stage.name}.xyz",
        "cutoff_ry": settings.cutoff_ry,
        "rel_cutoff_ry": settings.rel_cutoff_ry,
        "parametrization": PARAMETRIZATIONS[settings.functional],
        "eps_scf": settings.eps_scf,
        "added_mos": n_added_mos(
            n_electrons, sum(element.functions for element in each), settings.added_mos
        ),
    }
    names = ["common", *FRAGMENTS[stage.name]]
    if stage.relaxation is not None:
        values |= _relaxation_values(stage.relaxation)
    if stage.previous is not None and stage.previous.orbitals is not None:
        names.append("orbitals-from-previous")
        values["previous_orbitals"] = f"../{stage.previous.orbitals}"
    tree: dict[str, Any] = {}
    for name in names:
        _merge(tree, _fragment(name, values))
    force_eval = tree["force_eval"]
    if stage.name != "prerelax":
        force_eval["subsys"]["kind"] = {
            element.symbol: {
                "basis_set": element.basis_name,
                "potential": element.potential_name,
            }
            for element in elements.values()
        }
    if stage.name == "states":
        lists = [{"list": atom} for atom in range(1, model.n_atoms + 1)]
        force_eval["dft"]["print"] = {"pdos": {"ldos": lists}}
    text = "\n".join(_generator().line_iter(_in_stack_order(tree))) + "\n"
    _parser().parse(io.StringIO(text))
    return text


def _is_same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _relaxation_values(relaxation: RelaxSettings) -> dict[str, float]:
    scale = relaxation.max_force_hartree_bohr / DEFAULT_MAX_FORCE
    return {
        "max_steps": relaxation.max_steps,
        "max_force_hartree_bohr": relaxation.max_force_hartree_bohr,
        "rms_force_hartree_bohr": _rounded(3.0e-4 * scale),
        "max_dr_bohr": _rounded(3.0e-3 * scale),
        "rms_dr_bohr": _rounded(1.5e-3 * scale),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _fragment(name: str, values: Mapping[str, object]) -> dict[str, Any]:
    text = (files("epicarve.templates") / "cp2k" / f"{name}.yaml").read_text(encoding="utf-8")
    tree: dict[str, Any] = yaml.safe_load(Template(text).substitute(values))
    return tree


def _merge(tree: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Merge `other` into `tree`: sections are joined, values replaced."""
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = value


def _in_stack_order(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the sections of a tree round, as the generator writes them last first."""
    keywords = {key: value for key, value in tree.items() if not _is_section(value)}
    sections: dict[str, Any] = {}
    for key, value in reversed(list(tree.items())):
        if isinstance(value, dict):
            sections[key] = _in_stack_order(value)
        elif _is_section(value):
            sections[key] = [_in_stack_order(section) for section in reversed(value)]
    return keywords | sections


def _is_section(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict))


def _xyz_text(model: Model, positions_a: NDArray[np.float64]) -> str:
    rows = zip(model.symbols.tolist(), positions_a.tolist(), strict=True)
    lines = [f"{symbol:<2} {x:14.8f} {y:14.8f} {z:14.8f}" for symbol, (x, y, z) in rows]
    return "\n".join([str(model.n_atoms), model.formula, *lines]) + "\n"


@cache
def _generator() -> CP2KInputGenerator:
    from cp2k_input_tools.generator import CP2KInputGenerator  # noqa: PLC0415  (2 s of schema)

    return CP2KInputGenerator()


@cache
def _parser() -> CP2KInputParser:
    from cp2k_input_tools.parser import CP2KInputParser  # noqa: PLC0415  (2 s of schema)

    return CP2KInputParser()
