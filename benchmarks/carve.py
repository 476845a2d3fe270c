"""Carving against peers that do not balance: the same particle, one run, ratio of medians.

The particle is a rock-salt PbS polyhedron of {100} and {111} planes. epicarve carves it, balances
it to a proven optimum and checks it; wulffpack cuts the same polyhedron and leaves its charge as
it comes; ase.cluster makes a Wulff cluster of as many atoms of one element. Run with

    python benchmarks/carve.py [--quick]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from dataclasses import dataclass, replace

import numpy as np

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal

ENERGIES = {(1, 0, 0): 1.0, (1, 1, 1): 1.15}
LATTICE_A = 5.936


@dataclass(frozen=True)
class Planes:
    """A convex polyhedron about the origin by the outward normals and offsets of its planes."""

    normals: np.ndarray
    offsets_a: np.ndarray

    def signed_distance_a(self, points_a: np.ndarray) -> np.ndarray:
        """Largest distance to any plane."""
        distance = np.full(len(points_a), -np.inf)
        for normal, offset in zip(self.normals, self.offsets_a, strict=True):
            np.maximum(distance, points_a @ normal - offset, out=distance)
        return distance

    def trim_distance_a(self, points_a: np.ndarray) -> np.ndarray:
        """Every face may be trimmed."""
        return self.signed_distance_a(points_a)

    @property
    def bounds_a(self) -> tuple[np.ndarray, np.ndarray]:
        """Box of the {100} planes."""
        reach = self.offsets_a[np.abs(self.normals).max(axis=1) > 0.99].max()
        return np.full(3, -reach), np.full(3, reach)


def wulff(n_atoms: int):
    """Set up the construction of wulffpack."""
    from ase.build import bulk
    from wulffpack import SingleCrystal

    return SingleCrystal(ENERGIES, bulk("PbS", "rocksalt", a=LATTICE_A), natoms=n_atoms)


def planes_of(n_atoms: int) -> Planes:
    """Return the planes of wulffpack's particle; ions within its tolerance are inside."""
    facets = wulff(n_atoms).facets
    normals = np.array([facet.normal for facet in facets])
    return Planes(normals, np.array([facet.distance_from_origin + 1e-5 for facet in facets]))


def ours(planes: Planes):
    """Carve, balance and check, from a crystal whose bonds are not known yet."""
    crystal = replace(CRYSTAL)
    model = carve(crystal, planes)
    minimum = -(-model.bulk_coordination // 3)
    assert model.net_charge == 0
    assert model.n_components == 1
    assert (model.coordination >= minimum).all()
    return model


def cluster(n_atoms: int):
    """Make a Wulff cluster of one element with ase.cluster."""
    from ase.cluster import wulff_construction

    energies = list(ENERGIES.values())
    return wulff_construction("Pb", list(ENERGIES), energies, n_atoms, "fcc", latticeconstant=5.0)


def seconds(call, repeats: int) -> float:
    """Median time of a call in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


CRYSTAL = bundled_crystal("PbS")


def main() -> None:
    """Print the table, the ratios and the exponent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the particles above 1e4")
    quick = parser.parse_args().quick
    sizes = [1_000, 1_500, 10_000] if quick else [1_000, 1_500, 10_000, 100_000, 1_000_000]
    ours(planes_of(500))  # imports and first calls
    took: dict[int, float] = {}
    for size in sizes:
        repeats = 7 if size <= 10_000 else 3 if size <= 100_000 else 1
        planes = planes_of(size)
        model = ours(planes)
        optimum, plain = model.report.optimum, model.report.plain_cut
        took[model.n_atoms] = seconds(lambda planes=planes: ours(planes), repeats)
        mine = took[model.n_atoms]
        print(
            f"{model.n_atoms} atoms ({plain.n_atoms} and {plain.net_charge:+d} e before), "
            f"{optimum.n_free} free, {len(model.edits)} edits, gap {optimum.gap:.1e}: "
            f"{mine:.3f} s"
        )
        if size in (1_500, 100_000):
            peer = wulff(size).atoms
            print(f"  wulffpack cuts {len(peer)} atoms, the same: {len(peer) == plain.n_atoms}")
            theirs = seconds(lambda size=size: wulff(size).atoms, repeats)
            ase = seconds(lambda size=size: cluster(size), repeats)
            print(f"  wulffpack {theirs:.3f} s, epicarve / wulffpack = {mine / theirs:.2f}")
            print(f"  ase.cluster {ase:.3f} s, epicarve / ase.cluster = {mine / ase:.2f}")
    exponent = np.polyfit(np.log(list(took)), np.log(list(took.values())), 1)[0]
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"cost grows as N^{exponent:.2f} from {min(took):,} to {max(took):,} atoms")
    print(f"peak memory {peak_gb:.2f} GB")


if __name__ == "__main__":
    main()
