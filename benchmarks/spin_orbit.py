"""Spin-orbit splittings of ions and gaps of bulk crystals, from real runs of CP2K.

The splitting of the outermost p shell of closed-shell ions, beside that of the levels of the ion
with one electron less (of Pb, more) in the NIST Atomic Spectra Database; the gaps of CsPbCl3 and
PbS as supercells at the Γ point, to which the zone boundary is folded. Half an hour with one core.
Run with

    python benchmarks/spin_orbit.py FOLDER
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk

import epicarve as ec

EV_PER_WAVENUMBER = 1.239842e-4
ELECTRONS = {"Pb": 4, "S": 6, "Cl": 7, "Br": 7, "I": 7, "Cs": 9}
IONS = (
    ("Cl", -1, "3p of Cl-, Cl 2P", 882.35),
    ("Br", -1, "4p of Br-, Br 2P", 3685.24),
    ("I", -1, "5p of I-, I 2P", 7602.97),
    ("Cs", 1, "5p of Cs+, Cs2+ 2P", 13884.0),
    ("Pb", 2, "6p of Pb2+ (empty), Pb+ 2P", 14081.07),
)
INPUT = """&GLOBAL
  PROJECT run
  RUN_TYPE ENERGY
  PRINT_LEVEL LOW
&END GLOBAL
&FORCE_EVAL
  METHOD QUICKSTEP
  &DFT
    CHARGE {charge}
    BASIS_SET_FILE_NAME BASIS_MOLOPT
    POTENTIAL_FILE_NAME GTH_POTENTIALS
    &POISSON
      PERIODIC {periodic}
      POISSON_SOLVER {solver}
    &END POISSON
    &MGRID
      CUTOFF 300
    &END MGRID
    &QS
      EPS_DEFAULT 1e-10
    &END QS
    &XC
      &XC_FUNCTIONAL PBE
      &END XC_FUNCTIONAL
    &END XC
    &SCF
      EPS_SCF 1e-5
      MAX_SCF 60
      ADDED_MOS {added}
      &MIXING
        METHOD BROYDEN_MIXING
        ALPHA 0.3
      &END MIXING
    &END SCF
  &END DFT
  &SUBSYS
    &CELL
{cell}
      PERIODIC {periodic}
    &END CELL
    &COORD
{atoms}
    &END COORD
{kinds}
  &END SUBSYS
&END FORCE_EVAL
"""


def states_of(folder: Path, atoms: Atoms, charge: int, added: int) -> ec.OrbitalStates:
    """Return spin-orbit states of a CP2K run, which is made unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    periodic = bool(atoms.pbc.any())
    cells = zip("ABC", atoms.cell.array.tolist(), strict=True)
    kinds = [
        f"    &KIND {e}\n      BASIS_SET DZVP-MOLOPT-SR-GTH-q{ELECTRONS[e]}\n"
        f"      POTENTIAL GTH-PBE-q{ELECTRONS[e]}\n    &END KIND"
        for e in dict.fromkeys(atoms.get_chemical_symbols())
    ]
    text = INPUT.format(
        charge=charge,
        added=added,
        periodic="XYZ" if periodic else "NONE",
        solver="PERIODIC" if periodic else "WAVELET",
        cell="\n".join(f"      {name} {x:.6f} {y:.6f} {z:.6f}" for name, (x, y, z) in cells),
        atoms="\n".join(
            f"      {atom.symbol} {atom.x:.6f} {atom.y:.6f} {atom.z:.6f}" for atom in atoms
        ),
        kinds="\n".join(kinds),
    )
    inputs = folder / "run.inp"
    if not (folder / "run-RESTART.wfn").exists() or inputs.read_text() != text:
        inputs.write_text(text)
        command = ["cp2k.psmp", "-i", "run.inp", "-o", "run.out"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return ec.read_states(folder, spin_orbit=True)


def main() -> None:
    """Print the splittings, then the gaps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for element, charge, name, measured in IONS:
        ion = Atoms(element, positions=[[4.5, 4.5, 4.5]], cell=9.0 * np.eye(3))
        states = states_of(folder / element, ion, charge, 3)
        lumo = round(states.n_electrons / 2)
        p = states.energies_ev[lumo : lumo + 3] if element == "Pb" else states.energies_ev[1:4]
        print(f"{name}: {p[1:].mean() - p[0]:.3f} eV; {measured * EV_PER_WAVENUMBER:.3f} measured")
    a = 5.605
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    chloride = Atoms("CsPbCl3", scaled_positions=sites, cell=a * np.eye(3), pbc=True)
    crystals = {
        "CsPbCl3": chloride * (2, 2, 2),
        "PbS": bulk("PbS", "rocksalt", a=5.936, cubic=True) * (2, 2, 2),
    }
    for name, crystal in crystals.items():
        states = states_of(folder / name, crystal, 0, 60)
        bare, lumo = states.uncoupled, round(states.n_electrons / 2)
        gaps = [np.diff(each.energies_ev)[lumo - 1] for each in (bare, states)]
        print(f"{name}: HOMO-LUMO gap {gaps[0]:.3f} eV, with spin-orbit coupling {gaps[1]:.3f} eV")


if __name__ == "__main__":
    main()
