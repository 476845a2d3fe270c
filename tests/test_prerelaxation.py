"""GFN1-xTB before CP2K: how much of it is taken up, and what is told of it."""

import subprocess
from importlib.resources import files

import numpy as np
import pytest

from epicarve.builder.crystal import is_layered
from epicarve.builder.library import bundled_crystal, bundled_names
from epicarve.dft.bulk_displacement import bulk_displacement, known_displacements
from epicarve.dft.settings import Cp2kSettings, stages
from epicarve.workflow.tasks.inputs import notes_of_level

PARTICLE = {"crystal": {"name": "Pb3S2Cl2"}, "shape": {"kind": "sphere", "diameter_nm": 1.0}}


def xyz(positions_a, title="t"):
    lines = [f"Pb {x:.8f} {y:.8f} {z:.8f}" for x, y, z in positions_a.tolist()]
    return "\n".join([str(len(lines)), title, *lines]) + "\n"


@pytest.mark.parametrize("seed", range(5))
def test_the_last_geometry_within_the_limit_is_taken(tmp_path, seed):
    rng = np.random.default_rng(seed)
    start = rng.normal(0.0, 4.0, (7, 3))
    moves = rng.normal(0.0, 0.2, (12, 7, 3)).cumsum(axis=0)
    frames = start + moves + rng.normal(0.0, 3.0, (12, 1, 3))
    own = moves - moves.mean(axis=1, keepdims=True)
    rms_a = np.sqrt((own**2).sum(axis=2).mean(axis=1))
    limit_a = float(np.sort(rms_a)[[0, 3, 6, 9, 11][seed]]) + 1e-6
    (tmp_path / "start.xyz").write_text(xyz(start))
    whole = [xyz(frame, f"i = {k}") for k, frame in enumerate(frames)]
    (tmp_path / "pos.xyz").write_text("".join(whole) + whole[0][:40])  # the last one is cut off
    program = files("epicarve.templates") / "jobs" / "within.awk"
    for most_a, expected in (
        (limit_a, whole[np.flatnonzero(rms_a <= limit_a)[-1]]),
        (0.01, xyz(start)),
    ):
        command = ["awk", "-v", f"most={most_a}", "-f", str(program), "start.xyz", "pos.xyz"]
        found = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        assert found.stdout == expected


def test_only_the_pre_relaxation_has_a_limit():
    chain = stages(Cp2kSettings(prerelax={"max_rmsd_a": 0.3}))
    assert [stage.most_move_a for stage in chain] == [0.3, None, None, None]
    assert stages(Cp2kSettings(prerelax={"max_rmsd_a": None}))[0].most_move_a is None


def test_ions_on_fixed_positions_do_not_move():
    found = bulk_displacement(bundled_crystal("CsPbCl3"))
    assert (found.rms_a, found.converged, found.n_atoms) == (0.0, True, 40)


def test_what_gfn1_does_to_the_crystal_is_told():
    measured = known_displacements()
    assert set(measured) <= set(bundled_names())
    assert 0.2 < measured["Pb4S3Cl2"].rms_a < measured["Pb3S2Cl2"].rms_a < 0.5
    (note,) = notes_of_level(PARTICLE)
    assert f"bulk Pb3S2Cl2 by {measured['Pb3S2Cl2'].rms_a:.2f} Å rms" in note
    assert "within 0.5 Å" in note
    assert "better without" not in note
    (note,) = notes_of_level({**PARTICLE, "crystal": {"name": "Pb4S3I2"}})
    assert "at least" in note
    assert "better without" in note
    assert notes_of_level({**PARTICLE, "cp2k": {"prerelax": None}}) == ()
    (note,) = notes_of_level({**PARTICLE, "crystal": {"name": "Pb3S2Cl2", "replace": {"Cl": "I"}}})
    assert "was not measured" in note


def test_layered_crystals_are_told_of_dispersion():
    layered = {name for name in bundled_names() if is_layered(bundled_crystal(name))}
    assert layered == {"CsPb2Cl5", "Cs2PbCl4"}
    bulk = {"crystal": {"name": "Cs2PbCl4"}, "bulk": {}}
    (note,) = notes_of_level(bulk)
    assert "layered" in note
    assert notes_of_level({**bulk, "cp2k": {"dispersion": "D3(BJ)"}}) == ()
