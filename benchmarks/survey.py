"""What carving proves, and how soon: spheres and hemispheres of all bundled crystals.

Each is cut with its centre on the origin of the cell and at a point anywhere in it (drawn from a
fixed seed), at seven sizes. A particle counts as proven if its gap is at most that at which the
search stops. Run with

    python benchmarks/survey.py [--quick]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from epicarve.builder.balancing.priced import GAP_LIMIT
from epicarve.builder.library import bundled_crystal, bundled_names
from epicarve.builder.particle import carve_particle
from epicarve.builder.shapes.sphere import HemisphereSpec, SphereSpec
from epicarve.errors import InputError

SIZES_NM = (2.0, 3.0, 4.2, 5.0, 6.0, 7.5, 9.0)
SLOW_S = 5.0


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
    for name in bundled_names():
        crystal = bundled_crystal(name)
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
                    gaps.append(model.report["optimum"]["gap"])
                    if gaps[-1] > 1.1 * GAP_LIMIT or times[-1] > SLOW_S:
                        optimum = model.report["optimum"]
                        print(
                            f"{told}: {model.n_atoms} ions, {times[-1]:.1f} s, "
                            f"{optimum['objective']:.3f} found, {optimum['bound']:.3f} proven"
                        )
    for each in refused:
        print(f"refused: {each}")
    proven = int(np.count_nonzero(np.array(gaps) <= 1.1 * GAP_LIMIT))
    print(
        f"{len(times)} particles, {len(refused)} refused; {proven} proven to {1.1 * GAP_LIMIT:g}; "
        f"processor time: median {np.median(times):.2f} s, longest {max(times):.1f} s"
    )


if __name__ == "__main__":
    main()
