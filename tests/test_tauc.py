"""Onsets by Tauc plots: of known curves, of a single level, and of a run."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import epicarve as ec
from epicarve.analysis.states import GAPS, tauc_fit

GRID_EV = np.arange(1, 300) * 0.02


@given(onset_ev=st.floats(0.8, 3.0), width_ev=st.floats(0.8, 2.5), kind=st.sampled_from([*GAPS]))
def test_the_gap_of_a_known_curve_is_found(onset_ev, width_ev, kind):
    """Straight above the gap, then level: the line meets zero at the gap."""
    power = GAPS[kind]
    rise = np.clip(GRID_EV - onset_ev, 0.0, width_ev)
    fit = tauc_fit(GRID_EV, rise ** (1.0 / power) / GRID_EV, power, 0.1)
    assert fit.onset_ev == pytest.approx(onset_ev, abs=0.1)
    assert fit.lowest_ev <= fit.onset_ev <= fit.highest_ev
    assert fit.r_squared >= 0.995
    assert fit.to_ev - fit.from_ev >= 0.4 - 1e-9


@pytest.mark.parametrize("power", GAPS.values())
def test_no_line_where_nothing_is_straight(power):
    level = np.exp(-0.5 * ((GRID_EV - 2.0) / 0.1) ** 2)
    above = GRID_EV >= 2.0
    assert tauc_fit(GRID_EV[above], level[above], power, 0.1) is None
    assert tauc_fit(GRID_EV, np.zeros_like(GRID_EV), power, 0.1) is None
    assert tauc_fit(GRID_EV[:2], level[:2], power, 0.1) is None
    flat = 1.0 / GRID_EV  # αE is level and so is no onset
    assert tauc_fit(GRID_EV, flat, power, 0.1) is None


def test_a_run_has_tauc_plots(runs, tmp_path):
    found = ec.analyse_folder(runs("pb49s33cl32"), transitions=True, figures={"formats": ["png"]})
    summary = found.write(tmp_path)
    told = summary["transitions"]["tauc"]
    assert (tmp_path / "tauc.png").exists()
    assert "Tauc plots" in (tmp_path / "report.html").read_text()
    with (tmp_path / "absorption.csv").open() as stream:
        energy, light, _ = np.array([list(map(float, row)) for row in [*csv.reader(stream)][1:]]).T
    fit = told["indirect"]
    inside = (energy >= fit["from_ev"] - 1e-9) & (energy <= fit["to_ev"] + 1e-9)
    slope, height = np.polyfit(energy[inside], np.sqrt(light * energy)[inside], 1)
    assert fit["onset_ev"] == pytest.approx(-height / slope, abs=1e-3)
    assert fit["from_ev"] >= summary["transitions"]["onset_ev"]
    assert fit["lowest_ev"] <= fit["onset_ev"] <= fit["highest_ev"]
    reasons = {check["name"]: check["message"] for check in summary["checks"]}
    for name, values in told.items():
        assert (values["onset_ev"] is None) == (f"transitions.tauc.{name}.onset_ev" in reasons)
