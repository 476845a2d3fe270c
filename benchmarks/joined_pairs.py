"""Joined particles of real pairs of crystals: CPU time, and what is proven of each.

Hemispheres of film and substrate on the faces on which the pair is grown, directions and registry
found. The crystals are given as cell and sites. A particle counts as open if its proven gap is
above 2 %. Run with

    python benchmarks/joined_pairs.py [--quick] [--pair FILM] [--size NM]
"""

from __future__ import annotations

import argparse
import time
from itertools import product

import numpy as np

from epicarve.builder.crystal import Crystal
from epicarve.builder.hetero import half_of, join
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import HemisphereSpec
from epicarve.errors import InputError

SIZES_NM = (2.0, 2.4, 3.0, 4.0)
OPEN_GAP = 0.02
SLOW_S = 30.0

BUNDLED = ("PbS", "CsPbBr3", "CsPb2Cl5", "CsPbCl3", "Pb4S3Cl2")

F_CENTRED = ((0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))
PRIMITIVE = ((0.0, 0.0, 0.0),)


def cubic(name, a, centring, sites):
    """Return a cubic crystal of edge a in Å from element, charge and point of each site."""
    rows = [
        (symbol, charge, np.mod(np.add(point, shift), 1.0))
        for (symbol, charge, point), shift in product(sites, centring)
    ]
    return Crystal(
        name=name,
        cell_a=a * np.eye(3),
        symbols=np.array([symbol for symbol, _, _ in rows]),
        fractional=np.array([point for _, _, point in rows]),
        oxidation_states=np.array([charge for _, charge, _ in rows]),
    )


def rock_salt(name, a, cation, anion, charge):
    """Return a crystal of the NaCl type."""
    sites = [(cation, charge, (0, 0, 0)), (anion, -charge, (0.5, 0.5, 0.5))]
    return cubic(name, a, F_CENTRED, sites)


def zincblende(name, a, cation, anion, charge):
    """Return a crystal of the ZnS type."""
    sites = [(cation, charge, (0, 0, 0)), (anion, -charge, (0.25, 0.25, 0.25))]
    return cubic(name, a, F_CENTRED, sites)


def crystals() -> dict[str, Crystal]:
    """Return all crystals; lattice constants at room temperature from Wyckoff (1963)."""
    perovskite = [("Sr", 2, (0, 0, 0)), ("Ti", 4, (0.5, 0.5, 0.5))]
    perovskite += [("O", -2, point) for point in ((0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5))]
    fluorite = [("Ce", 4, (0, 0, 0)), ("O", -2, (0.25,) * 3), ("O", -2, (0.75,) * 3)]
    return {
        "SrTiO3": cubic("SrTiO3", 3.905, PRIMITIVE, perovskite),
        "CeO2": cubic("CeO2", 5.411, F_CENTRED, fluorite),
        "PbSe": rock_salt("PbSe", 6.124, "Pb", "Se", 2),
        "PbTe": rock_salt("PbTe", 6.462, "Pb", "Te", 2),
        "MgO": rock_salt("MgO", 4.213, "Mg", "O", 2),
        "LiF": rock_salt("LiF", 4.027, "Li", "F", 1),
        "CdSe": zincblende("CdSe", 6.052, "Cd", "Se", 2),
        "CdS": zincblende("CdS", 5.832, "Cd", "S", 2),
        "ZnSe": zincblende("ZnSe", 5.667, "Zn", "Se", 2),
        **{name: bundled_crystal(name) for name in BUNDLED},
    }


PAIRS = (
    ("Pb4S3Cl2", (0, 1, 0), None, "CsPbCl3", (1, 0, 0), None),
    ("CeO2", (1, 0, 0), "Ce", "SrTiO3", (1, 0, 0), "SrO"),
    ("CeO2", (1, 0, 0), "O", "SrTiO3", (1, 0, 0), "TiO2"),
    ("PbS", (1, 0, 0), None, "CsPbBr3", (1, 0, 0), "CsBr"),
    ("CdSe", (1, 1, 0), None, "CdS", (1, 1, 0), None),
    ("PbSe", (1, 0, 0), None, "PbTe", (1, 0, 0), None),
    ("CsPb2Cl5", (0, 0, 1), None, "CsPbCl3", (1, 0, 0), "CsCl"),
    ("MgO", (1, 0, 0), None, "LiF", (1, 0, 0), None),
    ("ZnSe", (1, 1, 1), "Zn", "CdS", (1, 1, 1), "S"),
)
"""Film, its plane and outermost layer, and those of the substrate."""


def hemisphere(crystal: Crystal, diameter_nm: float, hkl, layer):
    """Return a hemisphere with its flat face on a plane."""
    spec = HemisphereSpec(kind="hemisphere", diameter_nm=diameter_nm, hkl=hkl, termination=layer)
    return half_of(crystal, spec)


def main() -> None:
    """Print each particle, and a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the two smaller sizes")
    parser.add_argument("--pair", help="only the pairs of this film")
    parser.add_argument("--size", type=float, help="only this diameter in nm")
    arguments = parser.parse_args()
    sizes_nm = SIZES_NM[:2] if arguments.quick else SIZES_NM
    every = crystals()
    times, gaps, refused = [], [], []
    for diameter_nm in (arguments.size,) if arguments.size else sizes_nm:
        for film, film_hkl, above, substrate, substrate_hkl, below in PAIRS:
            if arguments.pair not in (None, film):
                continue
            told = f"{film} {film_hkl} on {substrate} {substrate_hkl}, {diameter_nm:g} nm"
            start = time.process_time()
            try:
                halves = (
                    hemisphere(every[film], diameter_nm, film_hkl, above),
                    hemisphere(every[substrate], diameter_nm, substrate_hkl, below),
                )
                model = join(*halves).model
            except InputError as error:
                refused.append(f"{told}: {error}")
                continue
            times.append(time.process_time() - start)
            optimum = model.report.optimum
            gaps.append(optimum.gap)
            mark = " SLOW" if times[-1] > SLOW_S else ""
            mark += " OPEN" if gaps[-1] > OPEN_GAP else ""
            print(
                f"{told}: {model.n_atoms} ions, {optimum.n_free} free, {times[-1]:.1f} s, "
                f"{optimum.objective:.3f} found, gap {gaps[-1]:.1e}{mark}",
                flush=True,
            )
    for line in refused:
        print(f"refused: {line}")
    if times:
        print(
            f"{len(times)} particles: median {np.median(times):.1f} s, longest {max(times):.1f} s, "
            f"largest gap {max(gaps):.1e}, above {OPEN_GAP:.0%}: "
            f"{sum(gap > OPEN_GAP for gap in gaps)}, refused {len(refused)}"
        )


if __name__ == "__main__":
    main()
