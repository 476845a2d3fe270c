"""The gap without traps against the size of a nanocrystal: docs/sizes.csv and its figure.

Run as ``python benchmarks/sizes.py FOLDER [DIAMETER ...]``: spheres of Pb3S2Cl2 are cut, relaxed
for some steps with GFN1-xTB, and their states computed with it. PBE states are those of the two
particles whose CP2K runs the tests keep, with GFN1-xTB at the same geometries beside them. FOLDER
keeps all of it, so that a second call goes on where the first one ended, and several calls can
share the diameters. Table and figure are of what is there.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis, trap_filter
from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.model import Model
from epicarve.builder.shapes import Sphere
from epicarve.dft.states import OrbitalStates
from epicarve.dft.xtb import XtbSettings, orbital_states, relax
from epicarve.style import figure_style
from epicarve.workflow.tasks.analyse import analyse_folder

CRYSTAL = "Pb3S2Cl2"
CHARGES = {"Pb": 2, "S": -2, "Cl": -1}
DIAMETERS_NM = (1.2, 1.3, 1.5)
STEPS = XtbSettings(max_steps=25)
AT_LEAST_ATOMS = 10.0
"""The same number of atoms at every size, for a filter that is not size-aware."""

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PBE_RUNS = {
    "PBE, DZVP": ROOT / "tests" / "fixtures" / "cp2k-pb9s6cl6.tar.xz",
    "PBE, SZV": ROOT / "tests" / "fixtures" / "cp2k-pb49s33cl32.tar.xz",
}


def model_of(diameter_nm: float, folder: Path) -> Model:
    """Return the relaxed sphere; cut and relax it if that has not been done."""
    if not (folder / "model.json").is_file():
        cut = carve(bundled_crystal(CRYSTAL), Sphere(radius_a=5.0 * diameter_nm))
        relax(cut, STEPS).write(folder)
    return Model.read(folder)


def xtb_states(model: Model, path: Path) -> OrbitalStates:
    """Return the states by GFN1-xTB; compute them if that has not been done."""
    if not path.is_file():
        orbital_states(model).save(path)
    return OrbitalStates.load(path)


def bare_model(analysis: Analysis) -> Model:
    """Return the atoms of a run as a model of which nothing else is known."""
    symbols = np.array(analysis.states.symbols)
    zeros = np.zeros(len(symbols), dtype=int)
    return Model(
        symbols=symbols,
        positions_a=analysis.positions_a,
        charges=np.array([CHARGES[symbol] for symbol in symbols.tolist()]),
        domains=np.full(len(symbols), CRYSTAL),
        sites=zeros,
        coordination=zeros,
        bulk_coordination=zeros,
        components=zeros,
    )


def row_of(method: str, analysis: Analysis) -> dict[str, object]:
    """Return what the table tells of one particle."""
    states, localization = analysis.states, analysis.localization
    gap, band = analysis.gap, analysis.gap.band
    of_few = trap_filter(
        states.energies_ev, states.is_occupied, localization.ipr, 1.0 / AT_LEAST_ATOMS
    )
    frontier = nearest(states)
    return {
        "method": method,
        "n_atoms": states.n_atoms,
        "homo_lumo_gap_ev": gap.homo_lumo_gap_ev,
        "gap_at_n_ipr_6_ev": band.strict.gap_ev,
        "gap_at_n_ipr_11.3_ev": gap.size_aware.gap_ev,
        "gap_at_n_ipr_20_ev": band.loose.gap_ev,
        "span_ev": band.span_ev,
        "gap_at_10_atoms_ev": of_few.gap_ev,
        "median_n_eff": np.median(localization.n_eff[frontier]),
        "median_n_ipr": np.median(localization.n_ipr[frontier]),
    }


def nearest(states: OrbitalStates) -> np.ndarray:
    """Return the states within 1 eV of HOMO or LUMO."""
    below = states.is_occupied & (states.energies_ev > states.homo_ev - 1.0)
    return below | (~states.is_occupied & (states.energies_ev < states.lumo_ev + 1.0))


def rows_of(folder: Path) -> list[dict[str, object]]:
    """Return a row for each particle and method that is there, by method, smallest first."""
    rows = []
    for where in folder.glob("*nm"):
        if (where / "states.npz").is_file():
            states = OrbitalStates.load(where / "states.npz")
            rows.append(row_of("GFN1-xTB", Analysis.of(states, AnalysisOptions())))
    for method, archive in PBE_RUNS.items():
        with tempfile.TemporaryDirectory() as scratch:
            shutil.unpack_archive(archive, scratch)
            pbe = analyse_folder(scratch)
        rows.append(row_of(method, pbe))
        path = folder / f"{pbe.states.n_atoms}-atoms.npz"
        states = xtb_states(bare_model(pbe), path)
        rows.append(row_of("GFN1-xTB", Analysis.of(states, AnalysisOptions())))
    return sorted(rows, key=lambda row: (row["method"], row["n_atoms"]))


def draw(rows: list[dict[str, object]], path: Path) -> None:
    """Draw the gaps against the number of atoms."""
    with figure_style():
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        for axes, method in zip(
            figure.subplots(1, 2, sharey=True), ("GFN1-xTB", "PBE"), strict=True
        ):
            mine = [row for row in rows if str(row["method"]).startswith(method)]
            mine = sorted(mine, key=lambda row: row["n_atoms"])
            x = [row["n_atoms"] for row in mine]

            def of(name: str, mine: list[dict[str, object]] = mine) -> list[float]:
                return [np.nan if row[name] is None else float(row[name]) for row in mine]

            axes.fill_between(
                x, of("gap_at_n_ipr_20_ev"), of("gap_at_n_ipr_6_ev"), color="0.85", lw=0,
                label="N·IPR 6 to 20",
            )  # fmt: skip
            axes.plot(x, of("gap_at_n_ipr_11.3_ev"), "o-", ms=4, color="C3", label="N·IPR ≤ 11.3")
            axes.plot(
                x, of("gap_at_10_atoms_ev"), "s--", ms=4, color="C0", label=r"$N_\mathrm{eff}$ ≥ 10"
            )
            axes.plot(x, of("homo_lumo_gap_ev"), "^:", ms=4, color="black", label="HOMO–LUMO")
            axes.set(title=method, xlabel="atoms", xlim=(0, None), ylim=(0.0, 4.6))
        axes.figure.axes[0].set_ylabel("gap (eV)")
        axes.legend(fontsize=7, loc="lower left")
        figure.savefig(path, dpi=200, metadata={"Software": None})


def main() -> None:
    """Compute what is missing of the diameters asked for; write table and figure of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("diameters_nm", type=float, nargs="*", default=DIAMETERS_NM)
    arguments = parser.parse_args()
    for diameter_nm in arguments.diameters_nm:
        where = arguments.folder / f"{diameter_nm:.1f}nm"
        model = model_of(diameter_nm, where)
        xtb_states(model, where / "states.npz")
    rows = rows_of(arguments.folder)
    with (DOCS / "sizes.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(
            {name: f"{x:.3f}" if isinstance(x, float) else x for name, x in row.items()}
            for row in rows
        )
    draw(rows, DOCS / "images" / "sizes.png")


if __name__ == "__main__":
    main()
