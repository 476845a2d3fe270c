"""The figures of docs/interfaces.md that hang on a choice: other tolerances, planes, substrates.

Run: python benchmarks/continuity.py

Each line is the best interface of a pair: matched fraction, rms, planes. The last lines tell the
work of adhesion for three exponents of Born's repulsion.
"""

from __future__ import annotations

from epicarve.builder.interfaces import continuity
from epicarve.builder.interfaces.energy import interface_energy, whole_sides
from epicarve.builder.interfaces.repulsion import born_repulsion
from epicarve.builder.interfaces.search import SearchOptions, search
from epicarve.builder.library import bundled_crystal

POSITIVE = (("Pb4S3Cl2", "CsPbCl3"), ("Pb4S3Br2", "CsPbBr3"))
NEGATIVE = (("Pb3S2Cl2", "CsPbCl3"), ("Pb3S2Cl2-I213", "CsPbCl3"), ("PbS", "CsPbCl3"))
TILTED = (("Pb4S3Cl2", "CsPbCl3-Pnma"), ("Pb4S3Br2", "CsPbBr3-Pnma"))


def best(pair: tuple[str, str], max_index: int = 1) -> str:
    """Describe the best interface of a pair."""
    film, substrate = map(bundled_crystal, pair)
    found = search(film, substrate, SearchOptions(max_index=max_index))[0]
    rms_a = found.continuity.rms_a or 0.0
    planes = f"{found.film.termination.hkl} on {found.substrate.termination.hkl}"
    name = " / ".join(pair)
    return f"{name:28} {found.continuity.matched_fraction:.2f}  rms {rms_a:.2f} Å  {planes}"


def main() -> None:
    """Print all lines."""
    for share in (0.2, 0.25, 0.3):
        continuity.TOLERANCE_IN_SPACINGS = share
        for pair in (*POSITIVE, *NEGATIVE):
            print(f"tolerance {share:.2f} of the spacing  {best(pair)}")
    continuity.TOLERANCE_IN_SPACINGS = 0.25
    for pair in NEGATIVE:
        print(f"planes up to index 2          {best(pair, 2)}")
    for pair in TILTED:
        print(f"orthorhombic substrate        {best(pair)}")
    for film, substrate in (map(bundled_crystal, pair) for pair in POSITIVE):
        options = SearchOptions(film_hkl=(0, 1, 0), substrate_hkl=(1, 0, 0))
        for found in search(film, substrate, options)[:2]:
            values = [
                interface_energy(*whole_sides(found), born_repulsion(film, substrate, n))
                for n in (8, 10, 12)
            ]
            told = ", ".join(f"{one.adhesion_j_m2:.2f}" for one in values)
            layer = found.substrate.termination.layer
            print(f"adhesion, n = 8, 10, 12       {film.name} on {layer}: {told} J/m²")


if __name__ == "__main__":
    main()
