"""Estimates of what stages need, against runs of CP2K 2023.1 and against each other."""

import json
from functools import cache

import pytest

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.settings import Cp2kSettings, MachineSettings, PeriodicSettings, Stage, stages
from epicarve.dft.write import RESOURCES, System, stage_resources, write_stages

GROUND = Stage(1, "ground-state", None, None)
STATES = Stage(2, "states", None, GROUND)

# Peak memory (/usr/bin/time) in MiB and files in MiB of one process of CP2K 2023.1 (Debian 12) with
# two threads; the same runs stand in docs/cp2k.md.
MEASURED = [
    ("PbS", 3.0, {"basis": "SZV-MOLOPT-SR-GTH"}, GROUND, 238, 0.0),
    ("PbS", 3.0, {"basis": "SZV-MOLOPT-SR-GTH", "vacuum_a": 8.0}, GROUND, 648, 0.0),
    ("PbS", 3.0, {"basis": "SZV-MOLOPT-SR-GTH", "cutoff_ry": 400}, GROUND, 846, 0.0),
    ("Pb3S2Cl2", 5.0, {}, GROUND, 551, 0.24),
    ("Pb3S2Cl2", 5.0, {}, STATES, 505, 0.32),
    ("Pb3S2Cl2", 5.0, {"cutoff_ry": 300}, STATES, 1729, 0.32),
    ("Pb3S2Cl2", 5.0, {"cutoff_ry": 200, "smearing_k": 1000.0}, GROUND, 1866, 0.30),
    ("Pb3S2Cl2", 8.0, {}, GROUND, 1078, 3.82),
    ("Pb3S2Cl2", 8.0, {}, STATES, 1067, 4.71),
    ("Pb3S2Cl2", 8.0, {"basis": "SZV-MOLOPT-SR-GTH"}, STATES, 960, 2.64),
]


@cache
def particle(crystal, radius_a):
    return carve(bundled_crystal(crystal), Sphere(radius_a=radius_a))


@pytest.mark.parametrize("run", MEASURED, ids=str)
def test_memory_and_disk_are_those_of_runs(run):
    crystal, radius_a, settings, stage, peak, files = run
    model = particle(crystal, radius_a)
    settings = Cp2kSettings(**{"cutoff_ry": 100, "vacuum_a": 4.0, **settings})
    one = MachineSettings(nodes=1, ranks_per_node=1, threads_per_rank=2)
    need = stage_resources(System.of_model(model, settings.vacuum_a), settings, stage, one)
    assert need.memory_gb * 1e9 / 2**20 == pytest.approx(peak, rel=0.2)
    assert need.disk_gb * 1e9 / 2**20 == pytest.approx(files, rel=0.15, abs=0.02)


def test_the_study(tmp_path):
    """At 1,502 atoms a .wfn file of 0.8 GB and projections of 0.65 to 0.75 GB."""
    model = particle("Pb3S2Cl2", 20.9)
    write_stages(model, Cp2kSettings(), MachineSettings(), tmp_path)
    needs = json.loads((tmp_path / RESOURCES).read_text())
    assert list(needs) == ["1-prerelax", "2-relax", "3-ground-state", "4-states"]
    per_atom = needs["4-states"]["disk_gb"] / model.n_atoms
    assert per_atom == pytest.approx((0.8 + 0.7) / 1502, rel=0.1)
    assert needs["4-states"]["ranks"] * needs["4-states"]["threads_per_rank"] == 256


def test_what_makes_a_run_larger_makes_the_estimate_larger():
    bulk = System.of_crystal(bundled_crystal("PbS"))
    plain = stage_resources(bulk, PeriodicSettings(), GROUND)
    for more in (
        {"cutoff_ry": 800.0},
        {"kpoints": (3, 3, 3)},
        {"multiplicity": 3},
        {"basis": "TZV2P-MOLOPT-PBE-GTH"},
        {"functional": "HSE06"},
    ):
        assert stage_resources(bulk, PeriodicSettings(**more), GROUND).memory_gb > plain.memory_gb


def test_stages_of_a_chain_differ_where_they_should():
    settings = Cp2kSettings()
    system = System.of_model(particle("Pb3S2Cl2", 5.0), 5.0)
    need = {stage.name: stage_resources(system, settings, stage) for stage in stages(settings)}
    assert need["prerelax"].grid_points == 0
    assert need["states"].states > need["ground-state"].states
    assert need["relax"].disk_gb > need["ground-state"].disk_gb
