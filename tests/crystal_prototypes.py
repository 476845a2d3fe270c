"""Crystal families as published numbers, written out as CIF and read back as crystals.

Each prototype states the coordination numbers that textbooks give (R. W. G. Wyckoff, Crystal
Structures, 2nd ed., 1963-1966; U. Müller, Inorganic Structural Chemistry, 2nd ed., 2006), so
that the bond rule can be held against them. Nothing here is fitted to the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gemmi
import numpy as np

from epicarve.builder.cif import read_cif

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.builder.crystal import Crystal

Site = tuple[str, float, float, float]


@dataclass(frozen=True)
class Prototype:
    """A crystal from the literature.

    Parameters
    ----------
    name : str
        Formula, and polymorph where there are several.
    family : str
        Structure type.
    space_group : str
        Hermann-Mauguin symbol in the setting of the numbers.
    cell : tuple of float
        a, b, c in Å and α, β, γ in degrees.
    sites : tuple of Site
        Type symbol, with a charge such as ``Fe3+`` where the element has several, and
        fractional coordinates.
    states : dict of str to int or None
        Oxidation state of each element; None if the type symbols carry them.
    coordination : dict of str to tuple of int
        Coordination numbers by opposite ions that occur for each element, ascending.
    source : str
        Where cell and coordinates come from.
    weak : dict of str to tuple of int or None
        The same with weak contacts counted that textbooks leave out or name apart.
    """

    name: str
    family: str
    space_group: str
    cell: tuple[float, float, float, float, float, float]
    sites: tuple[Site, ...]
    states: dict[str, int] | None
    coordination: dict[str, tuple[int, ...]]
    source: str
    weak: dict[str, tuple[int, ...]] | None = None

    def cif_text(self) -> str:
        """Return the prototype as a CIF."""
        a, b, c, alpha, beta, gamma = self.cell
        lines = [
            f"data_{self.name}",
            f"_space_group_name_H-M_alt '{self.space_group}'",
            f"_cell_length_a {a}",
            f"_cell_length_b {b}",
            f"_cell_length_c {c}",
            f"_cell_angle_alpha {alpha}",
            f"_cell_angle_beta {beta}",
            f"_cell_angle_gamma {gamma}",
        ]
        if self.states is not None:
            lines += ["loop_", "_atom_type_symbol", "_atom_type_oxidation_number"]
            lines += [f"{symbol} {charge:+d}" for symbol, charge in self.states.items()]
        lines += ["loop_", "_atom_site_label", "_atom_site_type_symbol"]
        lines += [f"_atom_site_fract_{axis}" for axis in "xyz"]
        for number, (symbol, x, y, z) in enumerate(self.sites, start=1):
            element = symbol.rstrip("+-0123456789")
            lines.append(f"{element}{number} {symbol} {x:.8f} {y:.8f} {z:.8f}")
        return "\n".join(lines) + "\n"

    def crystal(self, folder: Path) -> Crystal:
        """Write the CIF into a folder and read it back."""
        path = folder / f"{self.name}.cif"
        path.write_text(self.cif_text(), encoding="utf-8")
        return read_cif(path)


def _cubic(a: float) -> tuple[float, float, float, float, float, float]:
    return (a, a, a, 90.0, 90.0, 90.0)


def _tetragonal(a: float, c: float) -> tuple[float, float, float, float, float, float]:
    return (a, a, c, 90.0, 90.0, 90.0)


def _hexagonal(a: float, c: float) -> tuple[float, float, float, float, float, float]:
    return (a, a, c, 90.0, 90.0, 120.0)


def _magnetite() -> tuple[Site, ...]:
    """Every site of the cubic cell of magnetite, Fe2+ and Fe3+ in alternate rows of 16d.

    The rows along [110] and [1-10] of Verwey's order, in the undistorted cell.
    """
    group = gemmi.SpaceGroup("F d -3 m:2")

    def orbit(x: float, y: float, z: float) -> list[tuple[float, float, float]]:
        images = [np.array(op.apply_to_xyz([x, y, z])) for op in group.operations()]
        return sorted({tuple(np.round(image % 1.0, 8).tolist()) for image in images})

    sites: list[Site] = [("Fe3+", *point) for point in orbit(0.125, 0.125, 0.125)]
    for x, y, z in orbit(0.5, 0.5, 0.5):
        sites.append(("Fe2+" if round(4 * z) % 2 == 0 else "Fe3+", x, y, z))
    sites += [("O2-", *point) for point in orbit(0.2549, 0.2549, 0.2549)]
    return tuple(sites)


PROTOTYPES = (
    Prototype(
        "NaCl", "rock salt", "F m -3 m", _cubic(5.6402),
        (("Na", 0, 0, 0), ("Cl", 0.5, 0.5, 0.5)),
        {"Na": 1, "Cl": -1}, {"Na": (6,), "Cl": (6,)}, "Wyckoff 1963",
    ),
    Prototype(
        "CsCl", "caesium chloride", "P m -3 m", _cubic(4.123),
        (("Cs", 0, 0, 0), ("Cl", 0.5, 0.5, 0.5)),
        {"Cs": 1, "Cl": -1}, {"Cs": (8,), "Cl": (8,)}, "Wyckoff 1963",
    ),
    Prototype(
        "ZnS", "zinc blende", "F -4 3 m", _cubic(5.4093),
        (("Zn", 0, 0, 0), ("S", 0.25, 0.25, 0.25)),
        {"Zn": 2, "S": -2}, {"Zn": (4,), "S": (4,)}, "Skinner 1961",
    ),
    Prototype(
        "ZnO", "wurtzite", "P 63 m c", _hexagonal(3.2495, 5.2069),
        (("Zn", 1 / 3, 2 / 3, 0), ("O", 1 / 3, 2 / 3, 0.3821)),
        {"Zn": 2, "O": -2}, {"Zn": (4,), "O": (4,)}, "Abrahams & Bernstein 1969, u = 0.382",
    ),
    Prototype(
        "AlN", "wurtzite", "P 63 m c", _hexagonal(3.110, 4.980),
        (("Al", 1 / 3, 2 / 3, 0), ("N", 1 / 3, 2 / 3, 0.3869)),
        {"Al": 3, "N": -3}, {"Al": (4,), "N": (4,)},
        "Schulz & Thiemann 1977 for the cell; u moved to 0.387, far from 3/8, on purpose",
    ),
    Prototype(
        "CaF2", "fluorite", "F m -3 m", _cubic(5.4626),
        (("Ca", 0, 0, 0), ("F", 0.25, 0.25, 0.25)),
        {"Ca": 2, "F": -1}, {"Ca": (8,), "F": (4,)}, "Wyckoff 1963",
    ),
    Prototype(
        "Li2O", "anti-fluorite", "F m -3 m", _cubic(4.619),
        (("Li", 0.25, 0.25, 0.25), ("O", 0, 0, 0)),
        {"Li": 1, "O": -2}, {"Li": (4,), "O": (8,)}, "Wyckoff 1963",
    ),
    Prototype(
        "TiO2-rutile", "rutile", "P 42/m n m", _tetragonal(4.5937, 2.9587),
        (("Ti", 0, 0, 0), ("O", 0.3053, 0.3053, 0)),
        {"Ti": 4, "O": -2}, {"Ti": (6,), "O": (3,)}, "Abrahams & Bernstein 1971",
    ),
    Prototype(
        "VO2-M1", "distorted rutile", "P 1 21/c 1", (5.7517, 4.5378, 5.3825, 90, 122.646, 90),
        (
            ("V", 0.23947, 0.97894, 0.02646),
            ("O", 0.10616, 0.21185, 0.20859),
            ("O", 0.40051, 0.70258, 0.29884),
        ),
        {"V": 4, "O": -2}, {"V": (6,), "O": (3,)}, "Longo & Kierkegaard 1970",
    ),
    Prototype(
        "CrCl2", "distorted rutile (Jahn-Teller)", "P n n m", (6.624, 5.974, 3.488, 90, 90, 90),
        (("Cr", 0, 0, 0), ("Cl", 0.359, 0.278, 0)),
        {"Cr": 2, "Cl": -1}, {"Cr": (6,), "Cl": (3,)},
        "Tracy et al. 1961; 4 Cl at 2.39 and 2 at 2.90 Å, 4 + 2 octahedron",
    ),
    Prototype(
        "TiO2-anatase", "anatase", "I 41/a m d:2", _tetragonal(3.7845, 9.5143),
        (("Ti", 0, 0.25, 0.375), ("O", 0, 0.25, 0.1669)),
        {"Ti": 4, "O": -2}, {"Ti": (6,), "O": (3,)}, "Horn et al. 1972",
    ),
    Prototype(
        "SrTiO3", "cubic perovskite", "P m -3 m", _cubic(3.905),
        (("Sr", 0, 0, 0), ("Ti", 0.5, 0.5, 0.5), ("O", 0.5, 0.5, 0)),
        {"Sr": 2, "Ti": 4, "O": -2}, {"Sr": (12,), "Ti": (6,), "O": (6,)}, "Wyckoff 1964",
    ),
    Prototype(
        "CaTiO3", "tilted perovskite", "P b n m", (5.3829, 5.4458, 7.6453, 90, 90, 90),
        (
            ("Ca", 0.99278, 0.0350, 0.25),
            ("Ti", 0, 0.5, 0),
            ("O", 0.0714, 0.4838, 0.25),
            ("O", 0.7108, 0.2888, 0.0371),
        ),
        {"Ca": 2, "Ti": 4, "O": -2}, {"Ca": (8,), "Ti": (6,), "O": (4, 5)},
        "Liu & Liebermann 1993; CaO8 (2.36-2.67 Å), the four O left of the cubic 12 from 3.03 Å",
        {"Ca": (12,), "Ti": (6,), "O": (6,)},
    ),
    Prototype(
        "GdFeO3", "tilted perovskite", "P b n m", (5.349, 5.611, 7.669, 90, 90, 90),
        (
            ("Gd", 0.98436, 0.06284, 0.25),
            ("Fe", 0, 0.5, 0),
            ("O", 0.1008, 0.4669, 0.25),
            ("O", 0.6957, 0.3016, 0.0506),
        ),
        {"Gd": 3, "Fe": 3, "O": -2}, {"Gd": (8,), "Fe": (6,), "O": (4, 5)},
        "Marezio et al. 1970; GdO8, the other four O beyond 3.1 Å",
    ),
    Prototype(
        "PbTiO3", "tetragonal perovskite", "P 4 m m", _tetragonal(3.904, 4.152),
        (
            ("Pb", 0, 0, 0),
            ("Ti", 0.5, 0.5, 0.539),
            ("O", 0.5, 0.5, 0.1138),
            ("O", 0.5, 0, 0.6169),
        ),
        {"Pb": 2, "Ti": 4, "O": -2}, {"Pb": (12,), "Ti": (6,), "O": (6,)},
        "Shirane et al. 1956; 5 + 1 O about Ti",
    ),
    Prototype(
        "CsPbBr3-Pnma", "tilted perovskite", "P n m a", (8.45385, 11.87891, 8.10108, 90, 90, 90),
        (
            ("Cs", 0.06016, 0.75, 0.01945),
            ("Pb", 0, 0, 0.5),
            ("Br", 0.20102, 0.03170, 0.80279),
            ("Br", 0.00626, 0.25, 0.44033),
        ),
        {"Cs": 1, "Pb": 2, "Br": -1}, {"Cs": (8,), "Pb": (6,), "Br": (4, 5)},
        "Materials Project (DFT); CsBr8 (3.70-4.01 Å), the four left of the cubic 12 from 4.41 Å",
        {"Cs": (12,), "Pb": (6,), "Br": (6,)},
    ),
    Prototype(
        "Cs2AgBiBr6", "double perovskite", "F m -3 m", _cubic(11.2711),
        (
            ("Cs", 0.25, 0.25, 0.25),
            ("Ag", 0.5, 0.5, 0.5),
            ("Bi", 0, 0, 0),
            ("Br", 0.2513, 0, 0),
        ),
        {"Cs": 1, "Ag": 1, "Bi": 3, "Br": -1},
        {"Cs": (12,), "Ag": (6,), "Bi": (6,), "Br": (6,)}, "McClure et al. 2016",
    ),
    Prototype(
        "MgAl2O4", "spinel", "F d -3 m:2", _cubic(8.0806),
        (("Mg", 0.125, 0.125, 0.125), ("Al", 0.5, 0.5, 0.5), ("O", 0.2624, 0.2624, 0.2624)),
        {"Mg": 2, "Al": 3, "O": -2}, {"Mg": (4,), "Al": (6,), "O": (4,)},
        "Yamanaka & Takeuchi 1983",
    ),
    Prototype(
        "Fe3O4", "inverse spinel, mixed valence", "P 1", _cubic(8.3941),
        _magnetite(), None, {"Fe": (4, 6), "O": (4,)},
        "Fleet 1981 for cell and u; charge order of Verwey et al. 1947",
    ),
    Prototype(
        "Th3P4", "Th3P4", "I -4 3 d", _cubic(8.653),
        (("Th", 0.375, 0, 0.25), ("P", 0.083, 0.083, 0.083)),
        {"Th": 4, "P": -3}, {"Th": (8,), "P": (6,)}, "Kripyakevich 1963",
    ),
    Prototype(
        "PbCl2", "cotunnite", "P n m a", (7.6204, 4.5342, 9.0452, 90, 90, 90),
        (("Pb", 0.2377, 0.25, 0.0959), ("Cl", 0.1250, 0.25, 0.4217), ("Cl", 0.0202, 0.25, 0.8370)),
        {"Pb": 2, "Cl": -1}, {"Pb": (9,), "Cl": (4, 5)}, "Sass et al. 1963; PbCl9, 7 + 2",
    ),
    Prototype(
        "BaCl2", "cotunnite", "P n m a", (7.865, 4.731, 9.421, 90, 90, 90),
        (("Ba", 0.2461, 0.25, 0.1143), ("Cl", 0.1423, 0.25, 0.4273), ("Cl", 0.0279, 0.25, 0.8356)),
        {"Ba": 2, "Cl": -1}, {"Ba": (9,), "Cl": (4, 5)}, "Brackett et al. 1963; BaCl9, 7 + 2",
    ),
    Prototype(
        "La2CuO4", "layered perovskite (K2NiF4)", "I 4/m m m", _tetragonal(3.7817, 13.2487),
        (("La", 0, 0, 0.3607), ("Cu", 0, 0, 0), ("O", 0, 0.5, 0), ("O", 0, 0, 0.1824)),
        {"La": 3, "Cu": 2, "O": -2}, {"La": (9,), "Cu": (6,), "O": (6,)},
        "Longo & Raccah 1973; CuO6 4 + 2, LaO9",
    ),
    Prototype(
        "PbFCl", "layered (matlockite)", "P 4/n m m:2", _tetragonal(4.110, 7.246),
        (("Pb", 0.25, 0.25, 0.2058), ("F", 0.75, 0.25, 0), ("Cl", 0.25, 0.25, 0.6497)),
        {"Pb": 2, "F": -1, "Cl": -1}, {"Pb": (9,), "F": (4,), "Cl": (5,)},
        "Pasero & Perchiazzi 1996; PbF4Cl5, a sixth Cl at 4.03 Å across the layer of F",
        {"Pb": (10,), "F": (4,), "Cl": (6,)},
    ),
    Prototype(
        "CdI2", "layered (CdI2)", "P -3 m 1", _hexagonal(4.24, 6.84),
        (("Cd", 0, 0, 0), ("I", 1 / 3, 2 / 3, 0.25)),
        {"Cd": 2, "I": -1}, {"Cd": (6,), "I": (3,)}, "Wyckoff 1963",
    ),
    Prototype(
        "Al2O3", "corundum", "R -3 c:H", _hexagonal(4.7589, 12.991),
        (("Al", 0, 0, 0.35216), ("O", 0.30624, 0, 0.25)),
        {"Al": 3, "O": -2}, {"Al": (6,), "O": (4,)}, "Newnham & de Haan 1962",
    ),
    Prototype(
        "FeTiO3", "ilmenite", "R -3:H", _hexagonal(5.0884, 14.0855),
        (("Fe", 0, 0, 0.3553), ("Ti", 0, 0, 0.1464), ("O", 0.3174, 0.0233, 0.2451)),
        {"Fe": 2, "Ti": 4, "O": -2}, {"Fe": (6,), "Ti": (6,), "O": (4,)},
        "Wechsler & Prewitt 1984",
    ),
    Prototype(
        "Y2O3", "bixbyite", "I a -3", _cubic(10.604),
        (("Y", 0.25, 0.25, 0.25), ("Y", 0.9673, 0, 0.25), ("O", 0.3907, 0.1520, 0.3804)),
        {"Y": 3, "O": -2}, {"Y": (6,), "O": (4,)}, "O'Connor & Valentine 1969",
    ),
    Prototype(
        "CuO", "tenorite", "C 1 2/c 1", (4.6837, 3.4226, 5.1288, 90, 99.54, 90),
        (("Cu", 0.25, 0.25, 0), ("O", 0, 0.4184, 0.25)),
        {"Cu": 2, "O": -2}, {"Cu": (4,), "O": (4,)}, "Åsbrink & Norrby 1970",
    ),
    Prototype(
        "PbO", "litharge", "P 4/n m m:1", _tetragonal(3.9719, 5.023),
        (("Pb", 0, 0.5, 0.2345), ("O", 0, 0, 0)),
        {"Pb": 2, "O": -2}, {"Pb": (4,), "O": (4,)}, "Boher et al. 1985",
    ),
    Prototype(
        "SiO2-quartz", "quartz", "P 32 2 1", _hexagonal(4.9137, 5.4047),
        (("Si", 0.4697, 0, 2 / 3), ("O", 0.4133, 0.2672, 0.7855)),
        {"Si": 4, "O": -2}, {"Si": (4,), "O": (2,)}, "Kihara 1990",
    ),
)  # fmt: skip
"""Structures with their textbook coordination."""
