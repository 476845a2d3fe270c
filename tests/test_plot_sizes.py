"""Gaps and traps against size: the fit against closed forms and scipy, the table, the figure."""

import csv

import numpy as np
import pytest
from scipy.stats import linregress
from synthetic import particle, states_of
from typer.testing import CliRunner

import epicarve as ec
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis, Confinement, SizeSeries
from epicarve.cli.main import app
from epicarve.dft.states import OrbitalStates

SIZES = (2.0, 2.5, 3.0, 4.0)
NOISE = (0.02, -0.03, 0.01, 0.005)


def dot(gap_ev, ipr_max=1.0, trap_ev=None):
    """Two atoms with a gap; a trap at a distance above the valence edge."""
    energies, weights = [-6.0, -6.0 + gap_ev], [[0.5, 0.5], [0.5, 0.5]]
    if trap_ev is not None:
        energies.insert(1, -6.0 + trap_ev)
        weights.insert(1, [1.0, 0.0])
    states = OrbitalStates(
        np.array(energies),
        np.array([2.0] * (len(energies) - 1) + [0.0]),
        np.array(weights).T,
        ("Pb", "S"),
    )
    options = AnalysisOptions(ipr_max=ipr_max, n_ipr_max=1.2)
    return Analysis.of(states, options, positions_a=np.array([[0.0, 0, 0], [0, 0, 15.0]]))


@pytest.mark.parametrize("exponent", [1.0, 2.0, 1.4])
def test_the_fit_is_least_squares_with_its_standard_errors(exponent):
    gaps = [1.5 + 4.0 * d**-exponent + e for d, e in zip(SIZES, NOISE, strict=True)]
    found = Confinement.fit("gap", SIZES, gaps, exponent)
    known = linregress(np.power(SIZES, -exponent), gaps)
    assert found.bulk_ev == pytest.approx(known.intercept)
    assert found.coefficient_ev_nm == pytest.approx(known.slope)
    assert found.bulk_error_ev == pytest.approx(known.intercept_stderr)
    assert found.coefficient_error_ev_nm == pytest.approx(known.stderr)
    assert found.at(1e9) == pytest.approx(found.bulk_ev)


def test_two_particles_have_a_fit_without_an_error_and_one_has_none():
    two = Confinement.fit("gap", SIZES[:2], [3.0, 2.5], 2.0)
    assert (two.bulk_error_ev, two.coefficient_error_ev_nm) == (None, None)
    assert "without a standard error" in two.sentence
    assert Confinement.fit("gap", [2.0, 2.0], [3.0, 2.9], 2.0) is None


def test_a_series_tells_gaps_traps_and_depths_by_size(tmp_path):
    gaps = [1.5 + 4.0 * d**-2 for d in SIZES]
    runs = [dot(gap, ipr_max=0.6, trap_ev=0.3) for gap in gaps]
    labels = [f"{d} nm" for d in SIZES]
    order = [2, 0, 3, 1]
    figure = ec.plot(
        [runs[i] for i in order],
        tmp_path / "sizes.svg",
        labels=[labels[i] for i in order],
        against="inverse-square",
        diameters_nm=[SIZES[i] for i in order],
    )
    upper, traps, depth = figure.axes
    places = [d**-2 for d in SIZES]
    plain, filtered = (upper.lines[i].get_xydata() for i in (0, 1))
    np.testing.assert_allclose(filtered, np.column_stack([places, gaps]))
    np.testing.assert_allclose(plain, np.column_stack([places, np.array(gaps) - 0.3]))
    assert [line.get_ydata().tolist() for line in traps.lines] == [[1.0] * 4, [0.0] * 4]
    np.testing.assert_allclose(depth.lines[0].get_ydata(), 0.3)
    fits = [line for line in upper.lines if len(line.get_xdata()) > 50]
    assert fits[1].get_ydata()[0] == pytest.approx(1.5, abs=1e-6)
    below = figure.get_supxlabel().replace("\n", " ")
    assert "E(∞) 1.20 ± 0.00 eV" in below and "E(∞) 1.50 ± 0.00 eV, A 4.00 ± 0.00 eV nm²" in below
    with (tmp_path / "sizes.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["label"] for row in rows] == labels
    assert [float(row["fitted_filtered_gap_ev"]) for row in rows] == pytest.approx(gaps, abs=1e-6)
    assert {row["filter"] for row in rows} == {"IPR ≤ 0.6"}
    assert float(rows[0]["inverse_square_nm2"]) == 0.25
    with (tmp_path / "sizes-fits.csv").open() as stream:
        assert [float(row["bulk_ev"]) for row in csv.DictReader(stream)] == [1.2, 1.5]


def test_the_diameter_is_that_of_the_atoms():
    series = SizeSeries.of([dot(2.0).spectrum])
    assert series.points[0].diameter_nm == 1.5
    assert series.fits == ()
    assert "takes two sizes" in series.notes[0]


def test_filtered_gaps_are_all_of_one_filter():
    none_fixed = dot(2.0, ipr_max=0.4)
    assert none_fixed.gap.filtered.gap_ev is None
    both = SizeSeries.of([none_fixed.spectrum, dot(3.0, ipr_max=0.4).spectrum], 2.0, [3.0, 2.0])
    assert both.filter_told == "N·IPR ≤ 1.2"
    mixed = SizeSeries.of([dot(2.0).spectrum, dot(3.0, ipr_max=0.7).spectrum], 2.0, [3.0, 2.0])
    assert mixed.filter_told == ""
    assert [fit.gap for fit in mixed.fits] == ["HOMO-LUMO gap"]
    assert "different thresholds (IPR ≤ 0.7, IPR ≤ 1)" in mixed.notes[-1]


def test_what_has_no_gap_is_left_out_of_the_fit_and_named():
    runs = [dot(gap).spectrum for gap in (3.0, 2.5, 0.0)]
    runs = [one.named(name) for one, name in zip(runs, "abc", strict=True)]
    series = SizeSeries.of(runs, 2.0, [2.0, 3.0, 4.0])
    assert series.fits[0].n_points == 2
    assert "not in its fit: c." in series.notes[0]


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"against": "radius"}, "against 'radius': known are diameter, inverse-square"),
        ({"against": "diameter", "exponent": 0.0}, "exponent 0 gives no bulk limit"),
        ({"against": "diameter", "diameters_nm": [1.0, 2.0]}, "2 diameters for 1 particles"),
        ({"against": "diameter", "diameters_nm": [-1.0]}, "-1 nm is no diameter"),
    ],
)
def test_wrong_sizes_are_one_sentence(how, sentence):
    with pytest.raises(ec.InputError, match=sentence):
        ec.plot(dot(2.0), **how)


def test_an_unknown_diameter_is_told_with_what_to_do():
    states = dot(2.0).states
    with pytest.raises(ec.InputError, match=r"its diameter is not known.*give --diameters"):
        ec.plot(ec.analyse(states), against="diameter")


def test_the_command_line_prints_the_fits(tmp_path):
    for radius_a in (4.0, 5.0, 6.5):
        model = particle(radius_a)
        found = Analysis.of(states_of(model), AnalysisOptions(ipr_max=0.1), model)
        found.write(tmp_path / f"r{radius_a}")
    folders = [str(path) for path in sorted(tmp_path.iterdir())]
    arguments = ["plot", *folders, "-o", str(tmp_path / "s.png"), "--against", "diameter"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "HOMO–LUMO gap: E(d) = E(∞) + A/d², E(∞)" in done.output
    assert {path.name for path in tmp_path.iterdir()} >= {"s.png", "s.csv", "s-fits.csv"}
