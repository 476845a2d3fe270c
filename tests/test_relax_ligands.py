"""The stage that relaxes ligands while the ions of the crystal are held."""

import json
import subprocess
from importlib.resources import files

import numpy as np
import pytest
from stand_in import run_stages

from epicarve.builder.model import Model
from epicarve.dft.cp2k_input import read_text
from epicarve.dft.output import frames
from epicarve.dft.settings import RELAX_LIGANDS, Cp2kSettings, MachineSettings, stages
from epicarve.dft.write import write_stages
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.tasks.steps import step_graph

LINE = "Pb 0 0 0\nCl 2.6 0 0\nC -2.7 0 0\nC -4.2 0 0\nO -2.1 1.1 0\nO -2.1 -1.1 0\n"
TAIL = "H -4.6 1.0 0\nH -4.6 -0.5 0.9\nH -4.6 -0.5 -0.9\n"


@pytest.fixture(scope="module")
def model():
    """Chloride and acetate at one lead."""
    rows = [line.split() for line in (LINE + TAIL).splitlines()]
    n_atoms, ions = len(rows), 2
    zeros = np.zeros(n_atoms, dtype=int)
    return Model(
        symbols=np.array([row[0] for row in rows]),
        positions_a=np.array([row[1:] for row in rows], dtype=float),
        charges=np.array([2, -1, 0, 0, -1, 0, 0, 0, 0]),
        domains=np.array(["PbCl2"] * ions + ["ligand:acetate"] * (n_atoms - ions)),
        sites=zeros,
        coordination=zeros,
        bulk_coordination=zeros,
        components=zeros,
        columns={
            "molecule": np.array([-1] * ions + [0] * (n_atoms - ions)),
            "ion": np.array(["Pb", "Cl"] + ["acetate"] * (n_atoms - ions)),
        },
    )


def test_the_stage_is_first_where_there_are_ligands():
    names = [stage.folder for stage in stages(Cp2kSettings(), with_ligands=True)]
    assert names[:2] == ["1-relax-ligands", "2-prerelax"]
    assert stages(Cp2kSettings())[0].folder == "1-prerelax"
    without = Cp2kSettings(relax_ligands=None)
    assert stages(without, with_ligands=True) == stages(Cp2kSettings())
    recipe = {"crystal": {"name": "PbS"}, "shape": {"kind": "sphere", "diameter_nm": 2}}
    asked = parse_recipe({**recipe, "cp2k": {"relax_ligands": {"max_steps": 9}}})
    assert asked.cp2k.relax_ligands.max_steps == 9
    assert not asked.cp2k.relax_ligands.must_converge
    assert next(iter(step_graph(asked, "cp2k", with_ligands=True))) == "1-relax-ligands"
    assert next(iter(step_graph(asked, "cp2k"))) == "1-prerelax"


def test_only_the_ions_of_the_crystal_are_held(model, tmp_path):
    extra = {"MOTION": {"CONSTRAINT": {"FIXED_ATOMS": {"LIST": 9}}}}
    settings = Cp2kSettings(relax_ligands={"max_steps": 9}, extra=extra)
    chain = write_stages(model, settings, MachineSettings(), tmp_path)
    first, second = (read_text(tmp_path / stage.input) for stage in chain[:2])
    assert "LIST 1..2" in first
    assert "LIST 9" not in first
    assert "LIST 9" in second
    needs = json.loads((tmp_path / "resources.json").read_text())
    assert "FIXED_ATOMS does not go into 1-relax-ligands" in needs["1-relax-ligands"]["note"]
    job = read_text(tmp_path / chain[2].script)
    assert "counted=1..2\n" in job
    assert "before=../1-relax-ligands/relax-ligands-pos-1.xyz\n" in job


def test_constraints_of_this_stage_stand_beside_it(model, tmp_path):
    extra = {"MOTION": {"CONSTRAINT": {"FIXED_ATOMS": {"LIST": 4}}}}
    settings = Cp2kSettings(relax_ligands={"extra": extra})
    chain = write_stages(model, settings, MachineSettings(), tmp_path)
    text = read_text(tmp_path / chain[0].input)
    assert text.count("&FIXED_ATOMS") == 2
    assert "LIST 4" in text
    assert "LIST 1..2" in text


def xyz(positions_a):
    lines = [f"Pb {x:.8f} {y:.8f} {z:.8f}" for x, y, z in positions_a.tolist()]
    return "\n".join([str(len(lines)), "t", *lines]) + "\n"


def test_ligands_do_not_count_in_how_far_a_model_moved(tmp_path):
    """Ranges of atoms count; the ligands' relaxation is taken up where nothing later is near."""
    rng = np.random.default_rng(1)
    start = rng.normal(0.0, 4.0, (8, 3))
    moves = np.zeros((6, 8, 3))
    moves[:, 3:5] = rng.normal(0.0, 3.0, (6, 2, 3))  # the ligand
    moves[3:, [0, 1, 2, 5, 6, 7]] = rng.normal(0.0, 0.2, (3, 6, 3)).cumsum(axis=0)
    frames_a = start + moves
    (tmp_path / "start.xyz").write_text(xyz(start))
    (tmp_path / "ligands.xyz").write_text("".join(map(xyz, frames_a[:3])))
    (tmp_path / "ions.xyz").write_text("".join(map(xyz, frames_a[3:])))
    inner = moves[:, [0, 1, 2, 5, 6, 7]]
    rms_a = np.sqrt(((inner - inner.mean(axis=1, keepdims=True)) ** 2).sum(axis=2).mean(axis=1))
    program = files("epicarve.templates") / "jobs" / "within.awk"
    for most_a in (rms_a[4] + 1e-6, rms_a[3:].min() - 1e-6):
        frame = np.flatnonzero(rms_a <= most_a)[-1]
        command = ["awk", "-v", f"most={most_a}", "-v", "counted=1..3 6 7..8", "-f", str(program)]
        found = subprocess.run(
            [*command, "start.xyz", "ligands.xyz", "ions.xyz"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        assert found.stdout == xyz(frames_a[frame])


@pytest.mark.cp2k
def test_cp2k_moves_the_ligand_alone(model, tmp_path):
    settings = Cp2kSettings(vacuum_a=3.0, relax_ligands={"max_steps": 4})
    chain = write_stages(model, settings, MachineSettings(), tmp_path)
    assert chain[0].name == RELAX_LIGANDS
    run_stages(tmp_path, chain[:1])
    start_a, last_a = (
        frame.values - frame.values[0]
        for frame in (
            next(frames(tmp_path / "start.xyz")),
            [*frames(tmp_path / chain[0].trajectory)][-1],
        )
    )
    moved_a = np.linalg.norm(last_a - start_a, axis=1)
    assert moved_a[:2].max() < 1e-6
    assert moved_a[2:].min() > 0.01
