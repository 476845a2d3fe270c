"""Functionals: by well-known names, or as lists of libxc's, and what CP2K is told of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from epicarve.dft.cp2k_input import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX = "XC_"
"""What names of libxc begin with outside of CP2K."""

KINDS = ("LDA_", "GGA_", "MGGA_", "HYB_")
"""What names of libxc begin with in CP2K."""

UNFIT = {
    "long-range": "its exact exchange grows with the distance, which this tool does not write; "
    "take HSE06, PBE0, or a functional without",
    "potential": "it gives a potential without an energy; take another functional",
    "nonlocal": "the nonlocal part of its correlation is not in libxc; take another functional",
}
"""Why a functional of libxc can't be used, by its word in templates/cp2k/libxc.csv."""


@dataclass(frozen=True)
class ExactExchange:
    """How much exact exchange a functional has.

    Parameters
    ----------
    fraction : float
        Its share of the exchange.
    omega_per_bohr : float or None
        Of erfc(ωr)/r in its place of the Coulomb potential 1/r; None for that.
    """

    fraction: float
    omega_per_bohr: float | None = None


@dataclass(frozen=True)
class Functional:
    """An exchange-correlation functional, as CP2K is told of it.

    Parameters
    ----------
    name : str
        What users call it.
    sections : mapping
        Sections below &XC_FUNCTIONAL with their keywords, by name.
    exact_exchange : ExactExchange or None
        Exact exchange, None without it.
    dispersion : mapping
        By form (D3, D3(BJ), D4) the name under which parameters are known, or the parameters.
    has_laplacian : bool
        Whether it depends on the Laplacian of the density.
    """

    name: str
    sections: Mapping[str, Mapping[str, Any]]
    exact_exchange: ExactExchange | None = None
    dispersion: Mapping[str, Any] = field(default_factory=dict)
    has_laplacian: bool = False

    @property
    def is_hybrid(self) -> bool:
        """Whether it has exact exchange."""
        return self.exact_exchange is not None


def functional_of(given: str | Sequence[str], version: str) -> Functional:
    """Return a functional by its name, or made of functionals of libxc.

    Parameters
    ----------
    given : str or sequence of str
        A well-known name (`known_functionals`), in capitals or not, or names of libxc, with
        ``XC_`` in front or without.
    version : str
        Version of CP2K.

    Raises
    ------
    ValueError
        If a name is not known in that version, or CP2K can't compute it.

    Examples
    --------
    >>> functional_of("scan", "2023.1").name
    'SCAN'
    >>> functional_of(["XC_MGGA_X_R2SCAN", "MGGA_C_R2SCAN"], "2023.1").sections
    {'mgga_x_r2scan': {}, 'mgga_c_r2scan': {}}
    >>> functional_of("HYB_GGA_XC_B3LYP", "2023.1").exact_exchange
    ExactExchange(fraction=0.2, omega_per_bohr=None)
    """
    known = known_functionals()
    if isinstance(given, str):
        same = {name.upper(): name for name in known}.get(given.upper())
        if same is None:
            if not _bare(given).startswith(KINDS):
                raise ValueError(f"{given} is not known; {_suggested(given, version)}")
            return _of_libxc((given,), version)
        entry = known[same]
        sections = entry["sections"]
        of_libxc = [name for name in sections if name.upper().startswith(KINDS)]
        exchange = entry.get("exact_exchange")
        return Functional(
            name=same,
            sections=sections,
            exact_exchange=ExactExchange(**exchange)
            if exchange
            else _exchange(_of_libxc(of_libxc, version) if of_libxc else None),
            dispersion=entry.get("dispersion", {}),
        )
    return _of_libxc(given, version)


@cache
def known_functionals() -> Mapping[str, Any]:
    """Return the table of functionals with names, templates/cp2k/functionals.yaml."""
    path = files("epicarve.templates") / "cp2k" / "functionals.yaml"
    table: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table


@cache
def _libxc() -> Mapping[str, Mapping[str, str]]:
    text = (files("epicarve.templates") / "cp2k" / "libxc.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["name"]: row for row in rows}


def _exchange(functional: Functional | None) -> ExactExchange | None:
    return functional.exact_exchange if functional else None


def _bare(name: str) -> str:
    return name.upper().removeprefix(PREFIX)


def _of_libxc(given: Sequence[str], version: str) -> Functional:
    if not given:
        raise ValueError("the list is empty; name a functional of libxc, or give a known name")
    names = [_bare(name) for name in given]
    there = _section_names(version)
    shares: list[ExactExchange] = []
    has_laplacian = False
    for name, said in zip(names, given, strict=True):
        if name not in there or not name.startswith(KINDS):
            raise ValueError(
                f"{said} is no functional of libxc in CP2K {version}; {_suggested(said, version)}"
            )
        if names.count(name) > 1:
            raise ValueError(f"{said} is given twice; take one out")
        if "_K_" in name:
            raise ValueError(f"{said} is a functional of the kinetic energy; take it out")
        row = _libxc().get(name)
        if row is None:
            if name.startswith("HYB_"):
                raise ValueError(
                    f"how much exact exchange {said} has is not known here; name one "
                    "of PBE0, HSE06, B3LYP, TPSSh, SCAN0, or another hybrid of libxc 5"
                )
            continue
        for word in row["needs"].split():
            if word in UNFIT:
                raise ValueError(f"{said} can't be computed: {UNFIT[word]}")
            has_laplacian = True
        if row["fraction"]:
            omega = row["omega_per_bohr"]
            shares.append(ExactExchange(float(row["fraction"]), float(omega) if omega else None))
    if len(shares) > 1:
        raise ValueError(f"{' and '.join(given)} have exact exchange both; take one of them out")
    if not any(part in name for name in names for part in ("_X_", "_XC_")):
        raise ValueError(f"{' and '.join(given)} have no exchange; add a functional with _X_")
    return Functional(
        name="+".join(names),
        sections={name.lower(): {} for name in names},
        exact_exchange=shares[0] if shares else None,
        has_laplacian=has_laplacian,
    )


def _section_names(version: str) -> tuple[str, ...]:
    section = schema(version)
    for name in ("FORCE_EVAL", "DFT", "XC", "XC_FUNCTIONAL"):
        inner = section.section(name)
        assert inner is not None
        section = inner
    return section.section_names


def _suggested(name: str, version: str) -> str:
    """Say what a misspelt name may mean: a known one, else one of libxc."""
    known = {known.upper(): known for known in known_functionals()}
    of_libxc = [each for each in _section_names(version) if each.startswith(KINDS)]
    pools = (list(known), of_libxc)
    for pool in pools[::-1] if _bare(name).startswith(KINDS) else pools:
        near = get_close_matches(_bare(name), pool, n=1, cutoff=0.6)
        if near:
            return f"did you mean {known.get(near[0], near[0])}?"
    return f"known are {', '.join(known_functionals())}, and lists of functionals of libxc"
