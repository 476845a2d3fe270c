"""What carving proves, and how soon: spheres and hemispheres of the bundled crystals and others.

The others are CdSe (zinc blende and wurtzite), InP, and cubic CsPbBr3.

Each is cut with its centre on the origin of the cell and at a point anywhere in it (drawn from a
fixed seed), at seven sizes. A particle counts as proven if its gap is at most that at which the
search stops. Run with

    python benchmarks/survey.py [--quick]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from epicarve.builder.carve import carve_particle
from epicarve.builder.cif import read_cif
from epicarve.builder.library import bundled_crystal, bundled_names
from epicarve.builder.optimise import GAP_LIMIT
from epicarve.builder.shapes import HemisphereSpec, SphereSpec
from epicarve.errors import InputError

SIZES_NM = (2.0, 3.0, 4.2, 5.0, 6.0, 7.5, 9.0)
SLOW_S = 5.0
OPEN = 0.02

ZINC_BLENDE = "F -4 3 m", ((0.0, 0.0, 0.0), (0.25, 0.25, 0.25))
OTHERS = {
    "CdSe-zb": (6.05, 6.05, 90, {"Cd": 2, "Se": -2}, *ZINC_BLENDE),
    "CdSe-wz": (
        4.299,
        7.010,
        120,
        {"Cd": 2, "Se": -2},
        "P 63 m c",
        ((1 / 3, 2 / 3, 0.0), (1 / 3, 2 / 3, 0.3757)),
    ),
    "InP": (5.869, 5.869, 90, {"In": 3, "P": -3}, *ZINC_BLENDE),
    "CsPbBr3-cubic": (
        5.95,
        5.95,
        90,
        {"Cs": 1, "Pb": 2, "Br": -1},
        "P m -3 m",
        ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.5, 0.5, 0.0)),
    ),
}
"""Length a = b and c in Å, angle γ, charges, space group, and a site of each element."""


def other_crystal(name: str, folder: Path):
    """Write the CIF of one of `OTHERS` and read it."""
    a_a, c_a, gamma, charges, group, sites = OTHERS[name]
    lines = ["data_x", f"_space_group_name_H-M_alt '{group}'"]
    lengths = {"length_a": a_a, "length_b": a_a, "length_c": c_a}
    angles = {"angle_alpha": 90, "angle_beta": 90, "angle_gamma": gamma}
    lines += [f"_cell_{key} {value}" for key, value in {**lengths, **angles}.items()]
    lines += ["loop_", "_atom_site_label", "_atom_site_type_symbol"]
    lines += [f"_atom_site_fract_{axis}" for axis in "xyz"]
    for symbol, (x, y, z) in zip(charges, sites, strict=True):
        lines.append(f"{symbol}1 {symbol} {x:.8f} {y:.8f} {z:.8f}")
    path = folder / f"{name}.cif"
    path.write_text("\n".join(lines) + "\n")
    return read_cif(path, charges)


def spec_of(kind: str, diameter_nm: float, centre: tuple[float, float, float]):
    """Return a sphere, or a hemisphere that ends on (100)."""
    if kind == "sphere":
        return SphereSpec(kind="sphere", diameter_nm=diameter_nm, centre=centre)
    return HemisphereSpec(kind="hemisphere", diameter_nm=diameter_nm, hkl=(1, 0, 0), centre=centre)


def main() -> None:
    """Print the particles that stand out, and a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the three smaller sizes")
    sizes_nm = SIZES_NM[:3] if parser.parse_args().quick else SIZES_NM
    rng = np.random.default_rng(0)
    times, gaps, refused = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        crystals = {name: bundled_crystal(name) for name in bundled_names()}
        crystals |= {name: other_crystal(name, Path(folder)) for name in OTHERS}
    for name, crystal in crystals.items():
        for kind in ("sphere", "hemisphere"):
            for diameter_nm in sizes_nm:
                anywhere = tuple(rng.uniform(size=3).round(3).tolist())
                for centre in ((0.0, 0.0, 0.0), anywhere):
                    told = f"{name} {kind} {diameter_nm:g} nm at {centre}"
                    start = time.process_time()
                    try:
                        model = carve_particle(crystal, spec_of(kind, diameter_nm, centre)).model
                    except InputError as error:
                        refused.append(f"{told}: {error}")
                        continue
                    times.append(time.process_time() - start)
                    gaps.append(model.report.optimum.gap)
                    if gaps[-1] > 1.1 * GAP_LIMIT or times[-1] > SLOW_S:
                        optimum = model.report.optimum
                        print(
                            f"{told}: {model.n_atoms} ions, {times[-1]:.1f} s, "
                            f"{optimum.objective:.3f} found, {optimum.bound:.3f} proven"
                        )
    for each in refused:
        print(f"refused: {each}")
    proven = int(np.count_nonzero(np.array(gaps) <= 1.1 * GAP_LIMIT))
    print(
        f"{len(times)} particles, {len(refused)} refused; {proven} proven to {1.1 * GAP_LIMIT:g}; "
        f"{np.count_nonzero(np.array(gaps) > OPEN)} open by more than {OPEN:.0%}; "
        f"processor time: median {np.median(times):.2f} s, longest {max(times):.1f} s"
    )


if __name__ == "__main__":
    main()
