"""Grimme's dispersion: its forms, and for which functionals CP2K has their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from epicarve.dft.cp2k_input import versions
from epicarve.errors import near_name
from epicarve.options import Options

from .functional import known_functionals

if TYPE_CHECKING:
    from .functional import Functional

Form = Literal["D3", "D3(BJ)", "D4"]

TYPES = {"D3": "DFTD3", "D3(BJ)": "DFTD3(BJ)", "D4": "DFTD4"}
"""CP2K's name of each form."""

D4_SINCE = "2024.2"
"""First version of CP2K with D4."""


class DispersionSettings(Options):
    """Grimme's dispersion with the parameters of another functional.

    Parameters
    ----------
    form : {"D3", "D3(BJ)", "D4"}
        Zero or Becke-Johnson damping, or D4.
    reference : str or None
        The functional whose parameters are taken; None for the one that is computed.
    """

    form: Form
    reference: str | None = None


def dispersion_block(
    settings: DispersionSettings, functional: Functional, version: str
) -> dict[str, Any]:
    """Return what stands in &PAIR_POTENTIAL.

    Parameters
    ----------
    settings : DispersionSettings
        Form and reference.
    functional : Functional
        The functional that is computed.
    version : str
        Version of CP2K.

    Raises
    ------
    ValueError
        If the version has no D4, or there are no parameters.

    Examples
    --------
    >>> from epicarve.dft.settings import functional_of
    >>> pbe = functional_of("PBE", "2023.1")
    >>> dispersion_block(DispersionSettings(form="D3(BJ)"), pbe, "2023.1")["reference_functional"]
    'PBE'
    """
    form = settings.form
    table = {name: entry.get("dispersion", {}) for name, entry in known_functionals().items()}
    having = [name for name, forms in table.items() if form in forms]
    if form == "D4" and versions().index(version) < versions().index(D4_SINCE):
        raise ValueError(
            f"CP2K {version} has no D4, which came with {D4_SINCE}; set version to that or a later "
            "one, or take D3(BJ)"
        )
    known = functional.dispersion
    if settings.reference is not None:
        spelt = {name.upper(): name for name in having}
        same = spelt.get(settings.reference.upper())
        if same is None:
            raise ValueError(
                f"there are no parameters of {form} for {settings.reference}; "
                f"{near_name(settings.reference.upper(), tuple(spelt))}"
            )
        known = table[same]
    if form not in known:
        others = [f"take {other}" for other in ("D3(BJ)", "D3") if other in known]
        raise ValueError(
            f"there are no parameters of {form} for {functional.name}; "
            + (
                others[0]
                if others
                else f"name a functional that has some, for instance {{form: "
                f"{form}, reference: PBE}}, or leave dispersion out"
            )
        )
    parameters = known[form]
    block: dict[str, Any] = {"type": TYPES[form]}
    if form != "D4":
        block["parameter_file_name"] = "dftd3.dat"
    if isinstance(parameters, str):
        return block | {"reference_functional": parameters}
    return block | {"d3bj_scaling": parameters}
