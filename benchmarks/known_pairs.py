"""What the scores say of pairs of crystals of which it is known whether one grows on the other.

All planes up to index 1, coincidence cells up to 260 Å² and 6 %, all registries: the defaults of
`epicarve interface`. Run with

    python benchmarks/known_pairs.py

It prints the table of docs/known-pairs.md, which tests/test_known_pairs.py holds against a search
of the planes that stand there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from joined_pairs import F_CENTRED, PRIMITIVE, cubic, rock_salt, zincblende
from joined_pairs import crystals as other_crystals
from pymatgen.core import Lattice, Structure

from epicarve.builder.crystal import Crystal, plane_name
from epicarve.builder.interfaces import CONTINUOUS
from epicarve.builder.library import bundled_crystal
from epicarve.workflow.tasks.interface import interface

if TYPE_CHECKING:
    from epicarve.builder.interfaces import Interface

MOST_TIMES = 2.0
"""A layer is told as a sublattice if it holds at least every second cation of the denser one."""


def perovskite(name, a, ions):
    """Return a cubic perovskite from element and charge of A, B and X."""
    (first, q), (second, r), (anion, s) = ions
    corners = ((0.5, 0.5, 0.0), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5))
    sites = [(first, q, (0, 0, 0)), (second, r, (0.5,) * 3), *((anion, s, at) for at in corners)]
    return cubic(name, a, PRIMITIVE, sites)


def fluorite(name, a, eightfold, fourfold):
    """Return a crystal of the CaF2 type from element and charge of Ca and F."""
    sites = [(*eightfold, (0, 0, 0)), (*fourfold, (0.25,) * 3), (*fourfold, (0.75,) * 3)]
    return cubic(name, a, F_CENTRED, sites)


def of_group(name, group, lattice, sites):
    """Return a crystal from its space group and element, charge and point of each site."""
    symbols, points = [symbol for symbol, _, _ in sites], [point for _, _, point in sites]
    charges = {symbol: charge for symbol, charge, _ in sites}
    filled = Structure.from_spacegroup(group, lattice, symbols, points)
    elements = [str(site.specie) for site in filled]
    return Crystal(
        name=name,
        cell_a=filled.lattice.matrix,
        symbols=np.array(elements),
        fractional=filled.frac_coords % 1.0,
        oxidation_states=np.array([charges[element] for element in elements]),
    )


def crystals() -> dict[str, Crystal]:
    """Return all crystals by name, with sources."""
    # Wyckoff, Crystal Structures (1963), at room temperature
    found = other_crystals()
    found |= {
        "CdTe": zincblende("CdTe", 6.480, "Cd", "Te", 2),
        "HgTe": zincblende("HgTe", 6.460, "Hg", "Te", 2),
        "ZnS": zincblende("ZnS", 5.409, "Zn", "S", 2),
        "InP": zincblende("InP", 5.869, "In", "P", 3),
        "InAs": zincblende("InAs", 6.058, "In", "As", 3),
        "InSb": zincblende("InSb", 6.478, "In", "Sb", 3),
        "KBr": rock_salt("KBr", 6.600, "K", "Br", 1),
        "KCl": rock_salt("KCl", 6.293, "K", "Cl", 1),
        "NaCl": rock_salt("NaCl", 5.640, "Na", "Cl", 1),
        "NiO": rock_salt("NiO", 4.168, "Ni", "O", 2),
        "CaF2": fluorite("CaF2", 5.463, ("Ca", 2), ("F", -1)),
        "BaF2": fluorite("BaF2", 6.200, ("Ba", 2), ("F", -1)),
        "CsCl": cubic("CsCl", 4.123, PRIMITIVE, [("Cs", 1, (0, 0, 0)), ("Cl", -1, (0.5,) * 3)]),
        "LaAlO3": perovskite("LaAlO3", 3.790, (("La", 3), ("Al", 3), ("O", -2))),
        "BaTiO3": perovskite("BaTiO3", 4.012, (("Ba", 2), ("Ti", 4), ("O", -2))),
        "TiO2": of_group(
            "TiO2",
            "I4_1/amd",
            Lattice.tetragonal(3.785, 9.514),
            [("Ti", 4, (0, 0, 0)), ("O", -2, (0, 0, 0.2081))],
        ),
        "ZnO": of_group(
            "ZnO",
            "P6_3mc",
            Lattice.hexagonal(3.250, 5.207),
            [("Zn", 2, (1 / 3, 2 / 3, 0)), ("O", -2, (1 / 3, 2 / 3, 0.345))],
        ),
        "Al2O3": of_group(
            "Al2O3",
            "R-3c",
            Lattice.hexagonal(4.759, 12.991),
            [("Al", 3, (0, 0, 0.352)), ("O", -2, (0.306, 0, 0.25))],
        ),
    }
    found |= {
        # cubic forms at high temperature; of zirconia, that of 8 mol-% yttria without yttrium
        "ZrO2": fluorite("ZrO2", 5.139, ("Zr", 4), ("O", -2)),
        "Cu2S": fluorite("Cu2S", 5.570, ("S", -2), ("Cu", 1)),
        # Trots and Myagkota, J. Phys. Chem. Solids 2008, 69, 2520
        "CsPbI3": perovskite("CsPbI3", 6.289, (("Cs", 1), ("Pb", 2), ("I", -1))),
        # Fabini et al., J. Am. Chem. Soc. 2016, 138, 11820
        "CsSnBr3": perovskite("CsSnBr3", 5.804, (("Cs", 1), ("Sn", 2), ("Br", -1))),
        # Marezio, Acta Cryst. 1966, 20, 723
        "In2O3": of_group(
            "In2O3",
            "Ia-3",
            Lattice.cubic(10.117),
            [
                ("In", 3, (0.25, 0.25, 0.25)),
                ("In", 3, (0.4668, 0, 0.25)),
                ("O", -2, (0.3905, 0.1529, 0.3832)),
            ],
        ),
        # cell as often quoted, its source not verified; sites of the K4CdCl6 type to
        # 0.01, Br at the corners of regular octahedra of 2.98 Å
        "Cs4PbBr6": of_group(
            "Cs4PbBr6",
            "R-3c",
            Lattice.hexagonal(13.722, 17.306),
            [
                ("Cs", 1, (0, 0, 0.25)),
                ("Cs", 1, (0.373, 0, 0.25)),
                ("Pb", 2, (0, 0, 0)),
                ("Br", -1, (0.028, 0.190, 0.0996)),
            ],
        ),
    }
    bundled = ("Pb4S3Cl2", "Pb4S3Br2", "Pb3S2Cl2")
    return found | {name: bundled_crystal(name) for name in bundled}


MADE, DOUBTFUL, NOT_MADE = "made", "doubtful", "not made"

PAIRS = (
    ("PbSe", "PbTe", MADE),
    ("CdTe", "PbTe", MADE),
    ("HgTe", "CdTe", MADE),
    ("CdTe", "InSb", MADE),
    ("CdSe", "CdS", MADE),
    ("ZnSe", "CdS", MADE),
    ("InP", "ZnSe", MADE),
    ("PbSe", "CdSe", MADE),
    ("PbS", "CdS", MADE),
    ("KBr", "KCl", MADE),
    ("NiO", "MgO", MADE),
    ("PbTe", "BaF2", MADE),
    ("LaAlO3", "SrTiO3", MADE),
    ("BaTiO3", "SrTiO3", MADE),
    ("CeO2", "SrTiO3", MADE),
    ("CeO2", "ZrO2", MADE),
    ("CsPbBr3", "CsPbI3", MADE),
    ("CsPb2Cl5", "CsPbCl3", MADE),
    ("Pb4S3Cl2", "CsPbCl3", MADE),
    ("Pb4S3Br2", "CsPbBr3", MADE),
    ("In2O3", "ZrO2", MADE),
    ("TiO2", "LaAlO3", MADE),
    ("CsPbBr3", "SrTiO3", MADE),
    ("CsSnBr3", "NaCl", MADE),
    ("PbS", "CsPbCl3", MADE),
    ("PbS", "CsPbBr3", MADE),
    ("Cu2S", "CdS", MADE),
    ("Cs4PbBr6", "CsPbBr3", MADE),
    ("CdS", "CsPbBr3", MADE),
    ("ZnS", "CdSe", MADE),
    ("CsCl", "NaCl", DOUBTFUL),
    ("CaF2", "NaCl", DOUBTFUL),
    ("Pb3S2Cl2", "CsPbCl3", NOT_MADE),
    ("TiO2", "CsPbBr3", NOT_MADE),
    ("ZnO", "CsPbBr3", NOT_MADE),
    ("Al2O3", "CsPbBr3", NOT_MADE),
    ("InAs", "CsPbBr3", NOT_MADE),
    ("LiF", "CsPbBr3", NOT_MADE),
)
"""Film, substrate, and whether the one grows on the other in the laboratory."""


def verdict(found: Interface) -> str:
    """Return what the scores say: one layer, a sublattice, or neither."""
    continuity = found.continuity
    if continuity.is_continuous:
        return "continuous"
    few, many = sorted((continuity.n_sites, continuity.n_cations))
    is_part = continuity.sublattice_fraction >= CONTINUOUS and many <= MOST_TIMES * few
    return "sublattice" if is_part else "neither"


def row(film: str, substrate: str, known: str, found: Interface) -> str:
    """Return a row of the table."""
    continuity = found.continuity
    planes = " / ".join(
        f"{plane_name(face.termination.hkl)} {face.termination.layer}"
        for face in (found.film, found.substrate)
    )
    rms = "" if continuity.rms_a is None else f"{continuity.rms_a:.2f}"
    cells = (
        f"{film} / {substrate}",
        known,
        planes,
        f"{found.cell.area_a2:.0f}",
        f"{continuity.matched_fraction:.2f}",
        f"{continuity.sublattice_fraction:.2f}",
        f"{continuity.n_sites}:{continuity.n_cations}",
        rms,
        verdict(found),
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    every = crystals()
    start = time.process_time()
    for film, substrate, known in PAIRS:
        found = interface(every[film], every[substrate], n_shown=1).interfaces[0]
        print(row(film, substrate, known, found), flush=True)
    print(f"{len(PAIRS)} pairs in {time.process_time() - start:.0f} s of processor time")


if __name__ == "__main__":
    main()
