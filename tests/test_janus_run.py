"""A heterostructure from its recipe to traps, alignment and profile, with the embedded engine."""

import json

import numpy as np
import pytest
from heterostructure import RECIPE

from epicarve.builder.model import Model
from epicarve.errors import InputError
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.tasks.analyse import analyse
from epicarve.workflow.tasks.run import run


def test_a_janus_particle_is_aligned_and_its_traps_are_told(tmp_path):
    summary = run(parse_recipe(RECIPE), tmp_path / "run")
    assert list(summary["domains"]) == ["Pb4S3Cl2", "CsPbCl3"]
    for edges in summary["domains"].values():
        assert edges["valence_edge_ev"] < edges["conduction_edge_ev"]
    assert summary["alignment"]["type"] in ("I", "II", "III", "quasi-type-II")
    assert summary["alignment"]["margin_ev"] > 0.0
    assert summary["profile"]["axis"] == "normal"
    model = Model.read(tmp_path / "run/model.extxyz")
    assert sum(row["n_atoms"] for row in summary["profile"]["slices"]) == model.n_atoms
    traps = summary["traps"]["valence"]
    assert traps["n_traps"] > 0
    assert f"of {traps['n_traps']} valence trap" in traps["sentence"]
    assert any(kind.get("position") in ("surface", "interface") for kind in traps["kinds"])

    further = analyse(tmp_path / "run", tmp_path / "further", group_by="surface", hdf5=True)
    assert further["homo_ev"] == summary["homo_ev"]
    columns = (tmp_path / "further/dos.csv").read_text().splitlines()[0].split(",")
    assert {"surface:terrace", "shell:interface", "Pb:s", "Pb:p", "S:p"} <= set(columns)
    assert (tmp_path / "further/analysis.h5").is_file()
    told = json.loads((tmp_path / "further/summary.json").read_text())
    assert told["provenance"]["options"]["group_by"] == "surface"
    with pytest.raises(InputError, match=r"no column 'surfaces' to group by; there are .*surface"):
        analyse(tmp_path / "run", tmp_path / "none", group_by="surfaces")
    assert not (tmp_path / "none").exists()

    states = np.loadtxt(tmp_path / "run/states.csv", delimiter=",", skiprows=1, usecols=(2,))
    assert (np.diff(states) >= 0).all()
