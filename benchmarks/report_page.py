"""How large report.html is, and what it costs a browser, at 1,500 atoms, 3,000 states, one orbital.

The particle is of rock salt, its states and its orbital are made up: p functions on all ions under
one envelope, which has about the most surface that an orbital of that size can have. Processor time
is that of the page's thread. Run with

    python benchmarks/report_page.py [--keep FILE]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser import Page, browser
from synthetic import particle, states_of

from epicarve.analysis.analyse import report_of
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis, OrbitalPicture
from epicarve.dft.cube import OrbitalGrid
from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from epicarve.builder.model import Model

RADIUS_A, N_STATES = 21.4, 3000
STEP_A, MARGIN_A = 0.25, 4.0
DECAY_A, REACH_A, ENVELOPE_A = 0.8, 3.5, 17.0
SHOWN = "element('orbital').value = '0'; element('orbital').dispatchEvent(new Event('change'))"


def orbital(model: Model) -> OrbitalPicture:
    """Return a p function along x on each cation and along z on each anion, under a Gaussian."""
    low_a = model.positions_a.min(axis=0) - MARGIN_A
    counts = ((np.ptp(model.positions_a, axis=0) + 2 * MARGIN_A) / STEP_A).astype(int) + 1
    ticks = [low + STEP_A * np.arange(count) for low, count in zip(low_a, counts, strict=True)]
    values = np.zeros(counts, dtype=np.float32)
    for place, charge in zip(model.positions_a, model.charges, strict=True):
        near = tuple(
            slice(*np.searchsorted(tick, [x - REACH_A, x + REACH_A]))
            for tick, x in zip(ticks, place, strict=True)
        )
        x, y, z = np.meshgrid(
            *(tick[part] - middle for tick, part, middle in zip(ticks, near, place, strict=True)),
            indexing="ij",
        )
        size = np.exp(-np.sum(place**2) / ENVELOPE_A**2)
        away = np.exp(-np.sqrt(x**2 + y**2 + z**2) / DECAY_A)
        values[near] += size * (x if charge > 0 else 0.6 * z) * away
    step_bohr = STEP_A / A_PER_BOHR
    values /= np.sqrt(np.square(values, dtype=np.float64).sum() * step_bohr**3)
    grid = OrbitalGrid(low_a / A_PER_BOHR, step_bohr, values)
    symbols = tuple(model.symbols.tolist())
    return OrbitalPicture("made up", grid, 0.8, grid.isovalue(0.8), symbols, model.positions_a)


def spent_s(page: Page) -> float:
    """Processor time of the page's thread in seconds."""
    metrics = page.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def cost(page: Page, script: str) -> tuple[float, float]:
    """Run a script and draw what follows: seconds of wall time, and of processor time."""
    before, start = spent_s(page), time.perf_counter()
    page.run(script)
    page.settle()
    return time.perf_counter() - start, spent_s(page) - before


def main() -> None:
    """Make the page, load it, show and turn its orbital."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="where to leave the page")
    asked = parser.parse_args()
    model = particle(RADIUS_A)
    analysis = Analysis.of(states_of(model, n_states=N_STATES), AnalysisOptions(), model)
    analysis = replace(analysis, orbital_pictures=(orbital(model),))
    start = time.process_time()
    html = report_of(analysis, analysis.summary())
    size_mb, made_s = len(html.encode()) / 1e6, time.process_time() - start
    print(f"{model.n_atoms} atoms, {N_STATES} states, one orbital: {size_mb:.1f} MB")
    print(f"made in {made_s:.1f} s of processor time")
    with tempfile.TemporaryDirectory() as folder, browser() as page:
        path = asked.keep or Path(folder) / "report.html"
        path.write_text(html, encoding="utf-8")
        page.send("Performance.enable", timeDomain="threadTicks")
        for _ in range(3):
            page.open(path, width=1366, height=768)
            page.settle()
            loaded_ms = page.run("performance.getEntriesByType('navigation')[0].loadEventEnd")
            print(f"loaded after {loaded_ms / 1000:.2f} s, {spent_s(page):.2f} s of processor time")
        for told, script in (
            ("orbital shown", SHOWN),
            ("turned", "particle.rotate(0.1, 0.05)"),
            ("state selected", f"select({N_STATES // 2 - 1})"),
            ("broadening moved", "setBroadening(0.05)"),
        ):
            wall_s, processor_s = cost(page, script)
            print(f"{told} in {wall_s:.2f} s, {processor_s:.2f} s of processor time")
        n = page.run(
            "particle.surface.meshes.reduce((n, mesh) => n + mesh.triangles.length / 3, 0)"
        )
        print(f"{n} triangles; complaints of the console: {len(page.complaints)}")


if __name__ == "__main__":
    main()
