"""Crystals with molecules, from numbers."""

from cif_texts import cif_text, cubic, named

METHYLAMMONIUM_IODIDE = cif_text(
    (6.2888, 6.22877, 6.37409, 90.00298, 88.74386, 89.98581),
    (
        "C1 C 0.893988 0.999817 0.457831",
        "N1 N 0.109074 0.000007 0.547769",
        "H1 H 0.910150 0.999642 0.285777",
        "H2 H 0.808676 0.144704 0.511031",
        "H3 H 0.808886 0.854952 0.511301",
        "H4 H 0.196269 0.135749 0.501513",
        "H5 H 0.196411 0.864210 0.501782",
        "H6 H 0.106340 0.000187 0.711218",
        "Pb1 Pb 0.444884 0.499980 0.977623",
        "I1 I 0.409487 0.499982 0.475145",
        "I2 I 0.399271 0.999958 0.023664",
        "I3 I 0.932343 0.499995 0.922479",
    ),
    named("P 1"),
)
"""CH3NH3PbI3, pseudo-cubic, PBEsol: Brivio et al., Phys. Rev. B 92, 144308 (2015), as given in
github.com/WMD-group/hybrid-perovskites."""

GYPSUM = cif_text(
    (5.679, 15.202, 6.522, 90, 118.43, 90),
    (
        "Ca1 Ca 0.5 0.07967 0.25",
        "S1 S 0 0.07705 0.75",
        "O1 O 0.96320 0.13190 0.55047",
        "O2 O 0.75822 0.02226 0.66709",
        "OW O 0.37960 0.18212 0.45881",
        "H1 H 0.25110 0.16158 0.50374",
        "H2 H 0.40453 0.24275 0.49217",
    ),
    named("I 1 2/c 1"),
)
"""CaSO4(H2O)2: Pedersen and Semmingsen, Acta Cryst. B 38, 1074 (1982)."""

AMMONIUM_SULFATE = cif_text(
    (7.782, 10.636, 5.993, 90, 90, 90),
    (
        "S1 S 0.2442 0.4197 0.25",
        "O1 O 0.0561 0.3969 0.25",
        "O2 O 0.3142 0.5503 0.25",
        "O3 O 0.3066 0.3523 0.0490",
        "N1 N 0.1883 0.0916 0.25",
        "N2 N 0.4646 0.8028 0.25",
        "H1 H 0.2647 0.1707 0.25",
        "H2 H 0.2647 0.0125 0.25",
        "H3 H 0.1119 0.0916 0.3903",
        "H4 H 0.4422 0.8982 0.25",
        "H5 H 0.5951 0.7864 0.25",
        "H6 H 0.4106 0.7633 0.3903",
    ),
    named("P n a m"),
)
"""(NH4)2SO4, cell of Schlemper and Hamilton, J. Chem. Phys. 44, 4498 (1966); the atoms about their
places, hydrogen put on tetrahedra 1.03 Å from N."""


def diammonium(n_carbon, unlisted=()):
    """A salt of NH3(CH2)nNH3 in a cubic cell, the chain along x in its trans form, with 2 I.

    Bonds of C and N 1.5 Å long, of hydrogen 1.05 Å, all angles those of a tetrahedron; without the
    hydrogen of the heavy atoms that are unlisted.
    """
    along, up, out, edge = 1.225, 0.866, 0.857, 12.0
    rows = []

    def add(label, x, y, z):
        places = (0.05 + x / edge, 0.3 + y / edge, 0.3 + z / edge)
        rows.append(f"{label}{len(rows)} {label} {' '.join(f'{p:.5f}' for p in places)}")

    for k in range(n_carbon + 2):
        x, y, side = k * along, up * (k % 2), 1.0 if k % 2 else -1.0
        is_end = k in {0, n_carbon + 1}
        add("N" if is_end else "C", x, y, 0.0)
        if k in unlisted:
            continue
        for z in (out, -out):
            add("H", x, y + side * 0.606, z)
        if is_end:
            add("H", x + (0.857 if k else -0.857), y - side * 0.606, 0.0)
    for x, y in ((0.05, 0.62), (0.35, 0.05)):
        rows.append(f"I{len(rows)} I {x} {y} 0.3")
    return cif_text(cubic(edge), rows, named("P 1"))
