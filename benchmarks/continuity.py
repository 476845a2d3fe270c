"""The figures of docs/interfaces.md that hang on a choice, and the table of interface-energy.md.

Run: python benchmarks/continuity.py

Each line is the best interface of a pair, with other tolerances, planes and substrates: matched
fraction, rms, planes. The table tells the energy of non-polar faces for three exponents of Born's
repulsion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.builder.interfaces import SearchOptions, continuity, search
from epicarve.builder.interfaces.energy import born_repulsion, interface_energy, neutral_sides
from epicarve.builder.library import bundled_crystal

if TYPE_CHECKING:
    from epicarve.builder.interfaces import Interface

POSITIVE = (("Pb4S3Cl2", "CsPbCl3"), ("Pb4S3Br2", "CsPbBr3"))
NEGATIVE = (("Pb3S2Cl2", "CsPbCl3"), ("Pb3S2Cl2-I213", "CsPbCl3"), ("PbS", "CsPbCl3"))
FACES = (
    ("Pb4S3Br2", "CsPbBr3", (0, 1, 0)),
    ("Pb4S3Cl2", "CsPbCl3", (0, 1, 0)),
    ("Cs2PbCl4", "CsPbCl3", (0, 0, 1)),
    ("PbS", "CsPbCl3", (1, 0, 0)),
    ("PbS", "CsPbBr3", (1, 0, 0)),
)
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
    print("\n| film | on | matched | W (n = 8, 10, 12) | gap | z | off | shortest contact |")
    print("|---|---|---|---|---|---|---|---|")
    for film, substrate, hkl in FACES:
        options = SearchOptions(film_hkl=hkl, substrate_hkl=(1, 0, 0))
        for found in search(bundled_crystal(film), bundled_crystal(substrate), options):
            if row := energy_row(found):
                print(row)


def energy_row(found: Interface) -> str:
    """Return the row of an interface of non-polar faces, or nothing for a polar one."""
    film, substrate = found.film.crystal, found.substrate.crystal
    sides = neutral_sides(found)
    energies = [interface_energy(*sides, born_repulsion(film, substrate, n)) for n in (8, 10, 12)]
    usual = energies[1]
    if max(abs(usual.film_dipole_e_per_a), abs(usual.substrate_dipole_e_per_a)) > 1e-6:
        return ""
    names = [
        f"{crystal.name} ({''.join(map(str, face.termination.hkl))}) {face.termination.layer}"
        for crystal, face in ((film, found.film), (substrate, found.substrate))
    ]
    status = "" if film.status == "published" else f", {film.status}"
    works = ", ".join(f"{e.adhesion_j_m2:.2f}" if e.is_bound else "unbound" for e in energies)
    cells = [names[0] + status, names[1], f"{found.continuity.matched_fraction:.2f}", works]
    gap, z = f"{usual.gap_a:.2f}", f"{found.shift_a[2]:.2f}"
    off = f"{found.registry_distance_a(usual.shift_a):.2f}"
    contact = f"{usual.contact.film}-{usual.contact.substrate} {usual.contact.fraction_of_bulk:.2f}"
    cells += [gap, z, off, contact] if usual.is_bound else ["", z, "", ""]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
