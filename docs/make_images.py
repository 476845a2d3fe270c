"""Make the pictures of README.md and docs/ anew: `make docs`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from ase import Atoms
from matplotlib.figure import Figure
from scipy.spatial.transform import Rotation

from epicarve.builder.interfaces import SearchOptions, search
from epicarve.builder.interfaces.energy import born_repulsion, interface_energy, neutral_sides
from epicarve.builder.library import bundled_crystal
from epicarve.builder.model import Model
from epicarve.builder.recognition import identify
from epicarve.builder.shapes import CutSpec
from epicarve.style import figure_style
from epicarve.units import J_M2_PER_EV_A2
from epicarve.workflow.recipes import Recipe, parse_recipe, read_recipe
from epicarve.workflow.tasks.analyse import analyse, analyse_folder
from epicarve.workflow.tasks.build import build
from epicarve.workflow.tasks.interface import compare
from epicarve.workflow.tasks.orbital import orbital
from epicarve.workflow.tasks.plot import plot
from epicarve.workflow.tasks.run import run

ROOT = Path(__file__).parents[1]
IMAGES = Path(__file__).parent / "images"
MODELS = (
    "pb3s2cl2-sphere",
    "pb4s3cl2-hemisphere",
    "pb4s3cl2-cspbcl3",
    "pb4s3cl2-cspbcl3-cuboid",
    "pb4s3cl2-cspbcl3-cap",
    "pbs-wulff",
    "cspbbr3-acetate",
)
CORE_SHELL = "cspbbr3-cspbcl3-core-shell"


def opened(recipe: Recipe) -> Recipe:
    """Return a core/shell recipe with the front half cut off, so that the core is seen."""
    front = {"cuts": (CutSpec(hkl=(0, -1, 0)),)}
    core = recipe.core.model_copy(update={"shape": recipe.core.shape.model_copy(update=front)})
    shape = recipe.shape.model_copy(update=front)
    return recipe.model_copy(update={"core": core, "shape": shape})


def small_janus() -> Recipe:
    """Return the heterostructure of the study, small enough for the embedded engine."""
    recipe = read_recipe(ROOT / "examples" / "pb4s3cl2-cspbcl3.yaml").as_dict()
    for half in ("film", "substrate"):
        recipe[half]["shape"]["diameter_nm"] = 1.8
    # the 0.03 of the study is for 700 to 1500 atoms, these are 108: 11.3 / 108
    calculation = {"engine": "xtb", "xtb": {"max_steps": 5}, "analysis": {"ipr_max": 0.1}}
    return parse_recipe({**recipe, **calculation})


def photograph(report: Path, state: int, picture: Path) -> None:
    """Open a report in headless Chromium with a state selected, and save what is seen."""
    command = [
        "chromium",
        "--headless=new",
        "--no-sandbox",
        "--hide-scrollbars",
        "--window-size=1280,1650",
        "--virtual-time-budget=4000",
        f"--screenshot={picture}",
        f"{report.resolve().as_uri()}#state={state}",
    ]
    subprocess.run(command, check=True, capture_output=True)


def draw_coop(scratch: Path, path: Path) -> None:
    """DOS, IPR and overlap populations of a particle that CP2K has computed for the tests."""
    shutil.unpack_archive(ROOT / "tests/fixtures/cp2k-pb49s33cl32.tar.xz", scratch / "run")
    pairs = [("Pb", "S"), ("Pb", "Cl"), ("Pb:s", "S:p")]
    analyse(scratch / "run", scratch / "coop", ipr_max=0.1, overlap_populations=pairs)
    shutil.copy(scratch / "coop" / "dos.png", path)


def draw_tutorial(scratch: Path, path: Path) -> None:
    """DOS and IPR of the same particle, as docs/tutorials/dos-and-ipr.md makes them."""
    analyse(scratch / "run", scratch / "tutorial", ipr_max=0.05)
    shutil.copy(scratch / "tutorial" / "dos.png", path)


def draw_absorption(scratch: Path, path: Path) -> None:
    """Absorption of the same particle; `draw_coop` has unpacked its run."""
    analyse(scratch / "run", scratch / "light", transitions=True)
    shutil.copy(scratch / "light" / "absorption.png", path)
    shutil.copy(scratch / "light" / "tauc.png", path.with_name("tauc.png"))


def draw_bands(scratch: Path, path: Path) -> None:
    """States of a supercell of PbS on the bands of one cell, both of CP2K."""
    runs = scratch / "supercell"
    shutil.unpack_archive(ROOT / "tests" / "fixtures" / "cp2k-pbs-supercell.tar.xz", runs)
    bulk = runs / "bulk" / "bands.bs"
    analyse(runs / "supercell", scratch / "bands", bulk_bands=bulk)
    shutil.copy(scratch / "bands" / "bands.png", path)


def draw_bands_of_particle(scratch: Path, path: Path) -> None:
    """Bands of the particle that `draw_coop` has unpacked, those of its crystal over them."""
    bulk = scratch / "bulk"
    shutil.unpack_archive(ROOT / "tests" / "fixtures" / "cp2k-pb3s2cl2-bulk.tar.xz", bulk)
    bands = {"Pb3S2Cl2": bulk / "bands.bs"}
    analyse(scratch / "run", scratch / "particle-bands", bulk_bands=bands)
    shutil.copy(scratch / "particle-bands" / "bands.png", path)


def draw_comparison(scratch: Path, demo: Path, path: Path) -> None:
    """Two particles with PBE, whose runs the tests keep, and the demo with GFN1-xTB."""
    sources = []
    for name in ("pb9s6cl6-orbitals", "pb49s33cl32"):
        shutil.unpack_archive(ROOT / "tests" / "fixtures" / f"cp2k-{name}.tar.xz", scratch / name)
        sources.append(analyse_folder(scratch / name, ipr_max=0.15))
    labels = ["Pb9S6Cl6, PBE", "Pb49S33Cl32, PBE", "demo, GFN1-xTB"]
    plot([*sources, demo], path, align="edge", labels=labels, window_ev=(-3, 4))


def draw_interface_energy(path: Path) -> None:
    """Registry map and gap curves of Pb4S3Br2 (010) on both faces of CsPbBr3 (100)."""
    film, substrate = bundled_crystal("Pb4S3Br2"), bundled_crystal("CsPbBr3")
    born = born_repulsion(film, substrate)
    options = SearchOptions(film_hkl=(0, 1, 0), substrate_hkl=(1, 0, 0))
    chosen = search(film, substrate, options)[:2]
    energies = [interface_energy(*neutral_sides(one), born, 0.2) for one in chosen]
    names = [f"Pb on {one.substrate.termination.layer}" for one in chosen]
    with figure_style():
        figure = Figure(figsize=(10.5, 3.4), layout="constrained")
        axes = figure.subplots(1, 3)
        for ax, one, energy, name in zip(axes, chosen, energies, names, strict=False):
            x, y = energy.shifts_a[..., 0], energy.shifts_a[..., 1]
            shown = energy.map_ev_a2 * J_M2_PER_EV_A2
            tints = ax.pcolormesh(x, y, shown, cmap="viridis", shading="nearest", rasterized=True)
            figure.colorbar(tints, ax=ax, label="energy (J/m²)")
            own = one.substrate.lattice_a @ one.common.substrate_deformation
            away = one.shift_a[:2] - energy.shift_a  # the substrate's own lattice changes nothing
            home = one.shift_a[:2] - np.rint(away @ np.linalg.inv(own)) @ own
            ax.plot(*home, "o", mfc="none", mec="white", ms=11, label="best continuity")
            ax.plot(*energy.shift_a, "x", color="white", ms=7, label="least energy")
            ax.set(title=name, xlabel="x (Å)", ylabel="y (Å)", aspect="equal")
        axes[0].legend(facecolor="0.4", labelcolor="white", frameon=True, loc="upper right")
        for energy, name in zip(energies, names, strict=True):
            axes[2].plot(energy.gaps_a, energy.curve_ev_a2 * J_M2_PER_EV_A2, label=name)
            axes[2].plot(energy.gap_a, energy.energy_j_m2, "k.", ms=5)
        axes[2].axhline(0.0, lw=0.6, color="0.6")
        axes[2].set(xlabel="gap (Å)", ylabel="energy (J/m²)", xlim=(-0.3, 6.0), ylim=(-0.6, 0.6))
        axes[2].legend()
        figure.savefig(path, dpi=150, metadata={"Software": None})


def draw_identification(model: Model, scratch: Path, path: Path) -> None:
    """Draw what `identify` finds of a model turned, shaken by 0.2 Å and reordered."""
    random = np.random.default_rng(1)
    turn = Rotation.random(random_state=random).as_matrix()
    order = random.permutation(model.n_atoms)
    moved = (model.positions_a @ turn.T)[order] + random.normal(0.0, 0.2, (model.n_atoms, 3))
    Atoms(model.symbols[order].tolist(), moved).write(scratch / "particle.xyz")
    identify(scratch / "particle.xyz").write(scratch / "found")
    shutil.copy(scratch / "found" / "identification.png", path)


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in MODELS:
            build(ROOT / "examples" / f"{name}.yaml", Path(scratch) / name)
            shutil.copy(Path(scratch) / name / "preview.png", IMAGES / f"{name}.png")
        model = Model.read(Path(scratch) / "pb4s3cl2-cspbcl3")
        draw_identification(model, Path(scratch), IMAGES / "identify.png")
        build(opened(read_recipe(ROOT / f"examples/{CORE_SHELL}.yaml")), Path(scratch) / CORE_SHELL)
        shutil.copy(Path(scratch) / CORE_SHELL / "preview.png", IMAGES / f"{CORE_SHELL}.png")
        summary = run(ROOT / "examples" / "demo-pb3s2cl2.yaml", Path(scratch) / "demo")
        for figure in ("dos", "scan", "trap-map"):
            shutil.copy(Path(scratch) / "demo" / f"{figure}.png", IMAGES / f"demo-{figure}.png")
        homo = round(summary["n_electrons"] / 2)
        photograph(Path(scratch) / "demo" / "report.html", homo, IMAGES / "demo-report.png")
        run(small_janus(), Path(scratch) / "janus")
        for figure in ("profile", "alignment"):
            shutil.copy(Path(scratch) / "janus" / f"{figure}.png", IMAGES / f"janus-{figure}.png")
        draw_coop(Path(scratch), IMAGES / "coop.png")
        draw_tutorial(Path(scratch), IMAGES / "tutorial-dos.png")
        draw_absorption(Path(scratch), IMAGES / "absorption.png")
        draw_bands(Path(scratch), IMAGES / "bands.png")
        draw_bands_of_particle(Path(scratch), IMAGES / "bands-particle.png")
        orbital(Path(scratch) / "run", out=IMAGES / "orbitals.png")
        draw_comparison(Path(scratch), Path(scratch) / "demo", IMAGES / "comparison.png")
        compare(ROOT / "examples" / "interfaces-of-the-study.yaml", Path(scratch) / "study")
        shutil.copy(Path(scratch) / "study" / "interface.png", IMAGES / "interfaces.png")
    draw_interface_energy(IMAGES / "interface-energy.png")
