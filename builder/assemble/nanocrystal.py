"""Nanocrystals of one crystal, or of a core in a shell: the model that a shape asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from epicarve.builder.carve import (
    carve_particle,
    matching_sites,
    refuse_large_core,
    with_core,
)
from epicarve.builder.crystal import Crystal, distinct_names
from epicarve.builder.hetero import half_of
from epicarve.builder.optimise import BalanceOptions, TreatmentOptions
from epicarve.builder.output import described
from epicarve.builder.placing import LigandOptions
from epicarve.builder.report import Provenance
from epicarve.builder.shapes import HemisphereSpec, ShapeSpec, refuse_whole_keys
from epicarve.errors import InputError, refusing_unknown_names, require_kind
from epicarve.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.builder.model import Model


@dataclass(frozen=True)
class Core:
    """A core of another crystal with the structure and the charges of what lies around it.

    Parameters
    ----------
    crystal : Crystal
        What it consists of.
    shape : ShapeSpec
        Its shape about the centre of the particle, its size in nm.
    lattice : {"core", "shell"}
        Whose cell and sites both take.

    Raises
    ------
    InputError
        If something is of a wrong type, or the shape has a key of a whole particle.
    """

    crystal: Crystal
    shape: ShapeSpec
    lattice: Literal["core", "shell"] = "core"

    def __post_init__(self) -> None:
        require_crystal(self.crystal, "Core: crystal")
        require_shape(self.shape, "Core: shape")
        try:
            refuse_whole_keys(self.shape)
        except ValueError as error:
            raise InputError(f"Core: shape: {error}") from None
        if self.lattice not in {"core", "shell"}:
            raise InputError(f"Core: lattice is {self.lattice!r}; give 'core' or 'shell'")


class Carved(NamedTuple):
    """A model, the crystals of its domains, and how those that were turned lie in it."""

    model: Model
    crystals: tuple[Crystal, ...]
    rotations: Mapping[str, Floats]


@refusing_unknown_names
def carve(
    crystal: Crystal,
    shape: ShapeSpec,
    balance: BalanceOptions | Mapping[str, Any] | None = None,
    *,
    core: Core | None = None,
    treatment: TreatmentOptions | Mapping[str, Any] | None = None,
    ligands: LigandOptions | Mapping[str, Any] | Sequence[Any] | None = None,
) -> Model:
    """Carve a charge-balanced nanocrystal.

    Parameters
    ----------
    crystal : Crystal
        The bulk crystal.
    shape : ShapeSpec
        Shape, size and centre, such as ``epicarve.Sphere(diameter_nm=4.2)``. A hemisphere is laid
        with its flat face up, normal along z.
    balance : BalanceOptions, optional
        What the ions must satisfy; the defaults of ``epicarve.Balance()`` if not given.
    core : Core, optional
        A core of another crystal.
    treatment : TreatmentOptions, optional
        A treatment of the surface.
    ligands : LigandOptions, mapping or sequence, optional
        Ligands on the surface, such as ``["acetate"]``.

    Returns
    -------
    Model
        Neutral, connected, its ledger of edits and its report with it; coordinates in Å about the
        centre.

    Raises
    ------
    InputError
        If something is of a wrong type, the shape does not fit the crystal, or no choice of ions
        satisfies all that is asked for; the message says what stands in the way.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import SphereSpec
    >>> dot = carve(bundled_crystal("PbS"), SphereSpec(diameter_nm=1.6))
    >>> dot.net_charge, dot.n_components, dot.counts["Pb"] == dot.counts["S"]
    (0, 1, True)
    """
    if balance is not None:
        balance = BalanceOptions.given(balance, "carve: balance")
    if treatment is not None:
        treatment = TreatmentOptions.given(treatment, "carve: treatment")
    if ligands is not None:
        keys = ligands if isinstance(ligands, LigandOptions | Mapping) else {"kinds": ligands}
        ligands = LigandOptions.given(keys, "carve: ligands")
    carved = carved_of(crystal, shape, balance, core=core, treatment=treatment, ligands=ligands)
    requested_shape, requested_balance, requested_treatment, requested_ligands = (
        None if given is None else given.model_dump(mode="json", exclude_unset=True)
        for given in (shape, balance, treatment, ligands)
    )
    provenance = Provenance(
        version=__version__,
        shape=requested_shape,
        balance=requested_balance,
        treatment=requested_treatment,
        ligands=requested_ligands,
    )
    return described(carved.model, carved.crystals, provenance, carved.rotations)


def carved_of(
    crystal: Crystal,
    shape: ShapeSpec,
    balance: BalanceOptions | None = None,
    *,
    core: Core | None = None,
    treatment: TreatmentOptions | None = None,
    ligands: LigandOptions | None = None,
) -> Carved:
    """Carve a nanocrystal, before its surface and origins are told; see `carve`."""
    require_crystal(crystal, "carve: the crystal")
    require_shape(shape, "carve: the shape")
    balance = BalanceOptions() if balance is None else balance
    if core is not None and treatment is not None:
        raise InputError("treatment can't stand beside core; leave one of them out")
    if core is not None:
        require_kind(core, Core, "carve: core", "give epicarve.Core(crystal, shape)")
        if ligands is not None and core.lattice != "shell":
            raise InputError(
                "ligands bind the shell, so beside them it keeps its own lattice; "
                "give core the key lattice: shell, or leave the ligands out"
            )
        return _core_shell(crystal, shape, balance, core, ligands)
    particle = carve_particle(crystal, shape, balance, treatment, ligands)
    model = particle.model
    if not isinstance(shape, HemisphereSpec):
        return Carved(model, (crystal,), {})
    half = half_of(crystal, shape, balance=balance, particle=particle)
    upright = half.rotation(half.shortest_direction, outward_z=-1.0)
    return Carved(model.transformed(upright), (crystal,), {crystal.name: upright})


def require_crystal(value: object, what: str) -> None:
    """Refuse what is no crystal, and tell how to make one."""
    remedy = "give a Crystal, such as epicarve.crystal('PbS') or epicarve.Crystal.from_file(path)"
    require_kind(value, Crystal, what, remedy)


def require_shape(value: object, what: str) -> None:
    """Refuse what is no shape, and tell how to make one."""
    require_kind(value, ShapeSpec, what, "give a shape such as epicarve.Sphere(diameter_nm=3)")


def _core_shell(
    crystal: Crystal,
    shape: ShapeSpec,
    balance: BalanceOptions,
    asked: Core,
    ligands: LigandOptions | None,
) -> Carved:
    core, shell = distinct_names((asked.crystal, crystal))
    lattice = core if asked.lattice == "core" else shell
    matching_sites(lattice, shell if lattice is core else core)  # before the long work
    particle = carve_particle(lattice, shape, balance, ligands=ligands)
    region = asked.shape.shape(lattice, particle.centre)
    whole = shape.shape(lattice, particle.centre, particle.scale)
    refuse_large_core(lattice, region, whole, particle.centre)
    model = with_core(
        particle.model, core, shell, region=region, centre=particle.centre, lattice=lattice
    )
    return Carved(model, (core, shell), {})
