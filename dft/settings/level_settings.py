"""Settings of the level of theory: version, method, functional, basis sets, grids, spin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from epicarve.dft.cp2k_input import ATOMIC_NUMBERS, FragmentError
from epicarve.errors import InputError, near_name
from epicarve.options import Options

from .data_choice import checked_choices
from .data_entries import ALL, ALL_ELECTRONS
from .dispersion import TYPES, DispersionSettings, dispersion_block
from .extra import refuse_extra
from .functional import Functional, functional_of
from .versions import Version

if TYPE_CHECKING:
    from collections.abc import Iterator


class HubbardSettings(Options):
    """A Hubbard term on the shells of one momentum of an element.

    Parameters
    ----------
    l : {"s", "p", "d", "f"}
        The angular momentum.
    u_ev : float
        U − J in eV (Dudarev's form).
    """

    l: Literal["s", "p", "d", "f"]  # noqa: E741  (CP2K's name)
    u_ev: float = Field(gt=0)

    @property
    def momentum(self) -> int:
        """The angular momentum as a number."""
        return "spdf".index(self.l)


SCF = "extra: {FORCE_EVAL: {DFT: {SCF: {%s}}}}"

OTHER_WORDS = {
    **dict.fromkeys(("max_scf", "scf_steps", "nelm"), SCF % "MAX_SCF: 200"),
    **dict.fromkeys(("optimizer", "optimiser"), "extra: {MOTION: {GEO_OPT: {OPTIMIZER: BFGS}}}"),
    "mixing": SCF % "MIXING: {...}",
    **dict.fromkeys(("ot", "minimizer"), SCF % "OT: {...}"),
    **dict.fromkeys(
        ("spin", "uks", "lsd", "spin_polarized", "nspins", "ispin"), "multiplicity, 2S + 1"
    ),
    **dict.fromkeys(("u", "ldau", "hubbard", "hubbard_u", "dft_plus_u"), "plus_u"),
    **dict.fromkeys(("ecut", "encut", "cutoff_ev"), "cutoff_ry, in Ry"),
    **dict.fromkeys(("vdw", "d3", "ivdw", "vdw_potential"), "dispersion"),
    **dict.fromkeys(("xc", "xc_functional"), "functional"),
    **dict.fromkeys(("basis_set", "basis_file", "basis_set_file_name"), "basis"),
    **dict.fromkeys(("potential_file", "pseudopotential", "pseudo"), "potential"),
    **dict.fromkeys(("ngrids", "mgrid"), "extra: {FORCE_EVAL: {DFT: {MGRID: {NGRIDS: 4}}}}"),
    **dict.fromkeys(("smearing", "smear", "temperature"), "smearing_k, in kelvin"),
    "ediff": "eps_scf",
    **dict.fromkeys(("geo_opt", "max_iter", "optimize", "nsw"), "relax: {max_steps: 200}"),
}
"""What other programs call the keys of a level of theory, and ours."""


class LevelSettings(Options):
    """How CP2K computes energies: settings that finite and periodic systems share.

    Parameters
    ----------
    version : str
        Version of CP2K that will read the inputs, "2023.1" to "2026.2".
    method : {"gpw", "gapw"}
        Gaussians and plane waves, or with sharp functions around the nuclei apart (GAPW), which
        all-electron potentials need.
    functional : str or sequence of str
        Exchange-correlation functional: a well-known name (`known_functionals`), or names of
        libxc, such as ``["MGGA_X_R2SCAN", "MGGA_C_R2SCAN"]``.
    dispersion : {"D3", "D3(BJ)", "D4"}, DispersionSettings or None
        Grimme's dispersion, with zero or Becke-Johnson damping, or D4; with the parameters of the
        functional, or of another one.
    basis : str or dict
        Basis sets: a name for all elements, or by element, each maybe with its file,
        ``{"name": ..., "file": ...}``. Names without ``-q`` and a number take the electrons of the
        potential. SR means short range: fewer diffuse functions, better conditioned. SZV is for
        quick trials.
    potential : str, dict or None
        Potentials in the same form; ``"ALL"`` computes all electrons. None takes those that go with
        the names of the basis sets.
    auxiliary_basis : str, dict or None
        Basis sets in which exact exchange is computed (ADMM), in the same form; None computes it
        in the basis set itself.
    plus_u : dict of str to HubbardSettings, or None
        Hubbard terms by element.
    cutoff_ry : float or None
        Plane-wave cutoff of the finest grid in Ry; None takes 250 Ry for Pb, S, Cl, Br, I and Cs
        with PBE in a fixed cell, for which its errors were measured, else 400 Ry, or more where the
        sharpest Gaussian of the elements needs more (`epicarve.dft.settings.cutoff`).
    rel_cutoff_ry : float
        Cutoff in Ry of the grid on which a Gaussian of exponent 1 is mapped.
    eps_default : float
        Accuracy of integrals and of the grids; 1e-10 halves the time of a small crystal.
    eps_scf : float
        Convergence of the SCF: largest gradient of the orbitals, or change of the density matrix.
    charge : int or None
        Net charge in e; None takes that of the model, 0 for a crystal.
    multiplicity : int or None
        Spin multiplicity of a spin-polarised calculation; None pairs all electrons.
    smearing_k : float or None
        Electronic temperature in K of Fermi-Dirac occupations; None fills the lowest states.
    added_mos : int or None
        Number of empty states; None takes a quarter of the occupied ones, at least 10.
    exchange_memory_mb : int
        Memory in MB that each MPI process may use to store the integrals of exact exchange.
    extra : dict, str or None
        More sections and keywords of CP2K, which go over those that all stages have: nested by
        name, or a block of CP2K input (`epicarve.dft.cp2k_input.read_fragment`).
    templates : Path or None
        A folder with templates that take the place of those of the same name in templates/cp2k.
    """

    other_words: ClassVar[Mapping[str, str]] = OTHER_WORDS

    version: Version = "2023.1"
    method: Literal["gpw", "gapw"] = "gpw"
    functional: str | tuple[str, ...] = "PBE"
    dispersion: str | DispersionSettings | None = None
    basis: str | dict[str, Any] = "DZVP-MOLOPT-SR-GTH"
    potential: str | dict[str, Any] | None = None
    auxiliary_basis: str | dict[str, Any] | None = "admm-dzp"
    plus_u: dict[str, HubbardSettings] | None = None
    cutoff_ry: float | None = Field(default=None, gt=0)
    rel_cutoff_ry: float = Field(default=50.0, gt=0)
    eps_default: float = Field(default=1e-12, gt=0)
    eps_scf: float = Field(default=1e-6, gt=0)
    charge: int | None = None
    multiplicity: int | None = Field(default=None, ge=1)
    smearing_k: float | None = Field(default=None, gt=0)
    added_mos: int | None = Field(default=None, ge=1)
    exchange_memory_mb: int = Field(default=2000, ge=1)
    extra: Any | None = None
    templates: Path | None = None

    @property
    def xc(self) -> Functional:
        """The functional, as CP2K is told of it."""
        return functional_of(self.functional, self.version)

    @property
    def dispersion_block(self) -> dict[str, Any] | None:
        """What &PAIR_POTENTIAL holds; None without dispersion."""
        asked = self.dispersion
        if asked is None:
            return None
        if isinstance(asked, str):
            asked = DispersionSettings.model_validate({"form": asked})
        return dispersion_block(asked, self.xc, self.version)

    @property
    def dispersion_name(self) -> str:
        """The form of dispersion, empty without."""
        asked = self.dispersion
        return asked.form if isinstance(asked, DispersionSettings) else asked or ""

    @property
    def uses_auxiliary_basis(self) -> bool:
        """Whether exact exchange is computed in an auxiliary basis set."""
        return self.xc.is_hybrid and self.auxiliary_basis is not None

    @property
    def computes_all_electrons(self) -> bool:
        """Whether an element is computed with all its electrons."""
        asked = self.potential
        if isinstance(asked, dict):
            values = [asked] if "name" in asked else list(asked.values())
        else:
            values = [asked]
        names = [each["name"] if isinstance(each, dict) else each for each in values]
        return any(isinstance(name, str) and name.upper() in ALL_ELECTRONS for name in names)

    @field_validator("version", mode="before")
    @classmethod
    def _unquoted(cls, version: object) -> object:
        """Take 2024.1 for "2024.1": without quotation marks YAML reads a number."""
        return str(version) if isinstance(version, float) else version

    @field_validator("method", mode="before")
    @classmethod
    def _in_capitals(cls, method: object) -> object:
        """Take GAPW for "gapw"."""
        return method.lower() if isinstance(method, str) else method

    @field_validator("functional", mode="plain")
    @classmethod
    def _known_functional(cls, given: object, info: ValidationInfo) -> str | tuple[str, ...]:
        listed = isinstance(given, list | tuple) and all(isinstance(name, str) for name in given)
        if not listed and not isinstance(given, str):
            raise ValueError("give a name, such as SCAN, or a list of functionals of libxc")
        if "version" not in info.data:
            return "PBE"  # the version is refused
        assert isinstance(given, str | list | tuple)
        found = functional_of(given, info.data["version"])
        return found.name if isinstance(given, str) else tuple(given)

    @field_validator("dispersion", mode="plain")
    @classmethod
    def _known_form(cls, given: object) -> str | DispersionSettings | None:
        if given is None or isinstance(given, DispersionSettings):
            return given
        if isinstance(given, Mapping):
            try:
                return DispersionSettings(**given)
            except InputError as error:
                raise ValueError(str(error)) from None
        if given not in TYPES:
            raise ValueError(
                f"{given} is no form of dispersion; {near_name(str(given), tuple(TYPES))}, or none"
            )
        return str(given)

    @field_validator("basis", "potential", "auxiliary_basis", mode="plain")
    @classmethod
    def _known_form_of_entries(cls, given: object, info: ValidationInfo) -> object:
        if given is None and info.field_name != "basis":
            return None
        what = {"basis": "basis set", "auxiliary_basis": "auxiliary basis set"}
        return checked_choices(given, what.get(str(info.field_name), "potential"))

    @field_validator("plus_u")
    @classmethod
    def _of_elements(
        cls, given: dict[str, HubbardSettings] | None
    ) -> dict[str, HubbardSettings] | None:
        for symbol in given or ():
            if not ATOMIC_NUMBERS.get(symbol):
                raise ValueError(f"{symbol!r} is no element; give chemical symbols")
        return given or None

    @model_validator(mode="after")
    def _can_be_computed(self) -> Self:
        """Refuse what CP2K can't combine, by the key to mend."""
        try:
            _ = self.dispersion_block
        except ValueError as error:
            raise _refusal(("dispersion",), str(error)) from None
        if self.method == "gpw" and self.computes_all_electrons:
            said = f"{ALL} needs method: gapw, as no grid holds the core; set it, or take a GTH one"
            raise _refusal(("potential",), said)
        if self.method == "gapw" and self.xc.has_laplacian:
            said = (
                f"{self.xc.name} depends on the Laplacian of the density, which CP2K does not "
                "compute in GAPW; take method: gpw, or another functional"
            )
            raise _refusal(("functional",), said)
        return self

    @model_validator(mode="after")
    def _extra_is_understood(self) -> Self:
        """Refuse what CP2K does not understand, and what is set otherwise, by its place."""
        unset = {
            "functional": not self.xc.is_hybrid,
            "dispersion": not self.dispersion,
            "plus_u": not self.plus_u,
        }
        for place, extra in self._extras():
            try:
                refuse_extra(extra, self.version, [key for key, value in unset.items() if value])
            except FragmentError as error:
                raise _refusal((*place, "extra", *error.place), str(error)) from None
        return self

    def _extras(self) -> Iterator[tuple[tuple[str, ...], object]]:
        """Yield the place and the extra keywords of all stages, and of each alone."""
        if self.extra is not None:
            yield (), self.extra
        for name in ("relax_ligands", "prerelax", "relax"):
            relaxation = getattr(self, name, None)
            if relaxation is not None and relaxation.extra is not None:
                yield (name,), relaxation.extra


def _refusal(place: tuple[str, ...], said: str) -> ValidationError:
    """Return the error of what is wrong at a place of the settings."""
    error = PydanticCustomError("settings", "{said}", {"said": said})
    return ValidationError.from_exception_data(
        "settings", [{"type": error, "loc": place, "input": {}}]
    )
