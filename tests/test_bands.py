"""Bands: plane waves, completeness, a supercell unfolded onto its bulk bands, paths, refusals."""

import csv
import io
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import epicarve as ec
from epicarve.analysis.export import bands_csv
from epicarve.analysis.options import AnalysisOptions
from epicarve.dft.bands import (
    DomainStates,
    FourierBasis,
    UnfoldedBands,
    Zone,
    ZonePath,
    read_bulk_bands,
)
from epicarve.dft.orbitals import GaussianShell, overlap_matrix, solid_harmonics
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR
from epicarve.workflow.tasks.zones import zones_of_particle

FCC_A = 2.968 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])


@given(
    angular=st.integers(0, 4),
    exponents=st.tuples(st.floats(0.4, 2.0), st.floats(0.4, 2.0)),
    wave=st.tuples(*3 * [st.floats(-2.0, 2.0)]),
    place=st.tuples(*3 * [st.floats(-3.0, 3.0)]),
)
@settings(max_examples=30)
def test_overlaps_with_plane_waves_are_those_of_a_grid(angular, exponents, wave, place):
    """The trapezoidal rule is exact for Gaussians that the grid resolves."""
    shell = GaussianShell(angular, exponents, (1.0, 0.4))
    step = 0.3
    axis = np.arange(-9.0, 9.0, step)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    radial = np.exp(-np.outer((points**2).sum(axis=1), exponents)) @ shell.contraction()
    values = solid_harmonics(points, angular)[angular] * radial[:, None]
    phases = np.exp(-1j * (points + place) @ np.array(wave))
    found = FourierBasis.of(np.array([place]), [(shell,)]).overlaps(np.array([wave]))
    assert np.abs(found[0] - step**3 * phases @ values).max() < 1e-4


def chain(n, cell_a=FCC_A):
    """Bloch states of s functions on n³ lattice points, and their zone."""
    steps = np.array(list(np.ndindex(n, n, n)))
    positions = steps @ cell_a / A_PER_BOHR
    shells = [(GaussianShell(0, (0.15,), (1.0,)),)] * len(positions)
    return positions, shells


def test_a_particle_is_complete_and_its_mean_over_the_zone_is_its_norm():
    positions, shells = chain(3)
    overlap = overlap_matrix(positions, shells)
    values, vectors = np.linalg.eigh(overlap.toarray())
    coefficients = vectors / np.sqrt(values)
    mesh = np.array(list(np.ndindex(8, 8, 8))) / 8.0
    path = ZonePath.of(FCC_A, 10.0)
    segment = path.segments[0]
    object.__setattr__(segment, "fractional", mesh)
    zone = Zone("s", FCC_A, np.ones(27, dtype=bool), ZonePath((segment,)))
    found = UnfoldedBands.of(
        zone,
        FourierBasis.of(positions, shells),
        DomainStates(np.arange(27), values, coefficients, np.ones(27)),
    )
    assert 0.99 <= found.lowest_completeness <= found.completeness < 1.0
    means = found.weights.mean(axis=0)
    assert means == pytest.approx(np.full(27, 1.0), abs=0.012)
    assert means.mean() == pytest.approx(found.completeness, abs=0.002)


def test_paths_are_those_of_the_lattice_and_of_what_a_supercell_folds():
    path = ZonePath.of(FCC_A, 0.2)
    assert [segment.start + segment.end for segment in path.segments][:4] == [
        "GX",
        "XW",
        "WK",
        "KG",
    ]
    gx = path.segments[0]
    assert gx.length == pytest.approx(2 * np.pi / 5.936)
    assert np.diff(gx.places).max() * gx.length <= 0.2
    folded = ZonePath.of(FCC_A, 1.0, 2.0 * np.eye(3)).segments
    names = {segment.start + segment.end: segment.places.tolist() for segment in folded}
    assert names["GX"] == [0.0, 1.0]
    assert names["GL"] == [0.0, 1.0]
    assert names["WK"] == []


def test_a_supercell_unfolds_onto_its_bulk_bands(runs):
    """27 primitive cells of PbS at Γ and one with 27 k-points, both runs of CP2K."""
    home = runs("pbs-supercell")
    bulk_file = home / "bulk" / "bands.bs"
    found = ec.analyse_folder(home / "supercell", bulk_bands=bulk_file)
    (bands,) = found.bands
    assert bands.zone.name == "PbS"
    assert bands.completeness > 0.99
    sums = defaultdict(list)
    for row in csv.DictReader(io.StringIO(bands_csv(found))):
        at = row["from"], row["to"], round(float(row["place"]), 4)
        sums[at].append((float(row["energy_ev"]), float(row["weight"])))
    bulk, n_compared = read_bulk_bands(bulk_file), 0
    for segment in bands.zone.path.segments:
        for places, energies_ev in bulk.on(segment):
            for place in segment.places:
                at = segment.start, segment.end, round(float(place), 4)
                (row,) = np.flatnonzero(np.abs(places - place) < 1e-4)
                levels, weights = np.array(sorted(sums[at])).T
                held = np.cumsum(weights) / 27.0  # bands up to each level
                assert held[-1] == pytest.approx(round(held[-1]), abs=0.06)
                middles = np.arange(round(held[-1])) + 0.5
                unfolded = levels[np.searchsorted(held, middles)]
                low, high = levels.min() - 0.01, levels.max() + 0.01
                own = energies_ev[row]
                expected = own[(own > low) & (own < high)]
                assert unfolded == pytest.approx(expected, abs=0.005)
                n_compared += len(expected)
    assert n_compared >= 15
    assert found.plot("bands").axes[0].get_xticklabels()[0].get_text() == "Γ"


def test_a_particle_has_bands_in_the_zone_of_its_crystal(runs, tmp_path):
    found = ec.analyse_folder(runs("pb49s33cl32"), bands=True, figures={"formats": ["png"]})
    summary = found.write(tmp_path)
    told = summary["bands"]["Pb3S2Cl2"]
    assert told["completeness"] >= 0.98
    assert told["lowest_completeness"] <= told["completeness"]
    checks = {check["name"]: check for check in summary["checks"]}
    assert checks["bands"]["ok"]
    assert "of each at least" in checks["bands"]["message"]
    assert (tmp_path / "bands.png").exists()
    assert (tmp_path / "bands.csv").read_text() == bands_csv(found)
    assert "Bands along the path" in (tmp_path / "report.html").read_text()


def test_each_domain_of_a_heterostructure_has_its_own_zone(janus):
    model = janus.model.transformed(Rotation.from_euler("zyx", [0.3, 1.1, -0.7]).as_matrix())
    symbols = tuple(model.symbols.tolist())
    zones = {zone.name: zone for zone in zones_of_particle(symbols, model.positions_a, None)}
    assert set(zones) == {"Pb4S3Cl2", "CsPbCl3"}
    together = zones["Pb4S3Cl2"].atoms.astype(int) + zones["CsPbCl3"].atoms
    assert together.max() == 1
    assert together.mean() > 0.9
    zone = zones["CsPbCl3"]
    cations = model.positions_a[(model.symbols == "Cs") & (model.domains == "CsPbCl3")]
    steps = np.linalg.solve(zone.cell_a.T, (cations - cations[0]).T).T
    assert np.abs(steps - steps.round()).max() < 0.05
    assert np.abs(steps).max() > 1.5
    assert [segment.start + segment.end for segment in zone.path.segments][:2] == ["GX", "XM"]


def test_what_has_no_bands_is_refused_with_its_cause(runs, tmp_path):
    home = runs("pb9s6cl6-orbitals")
    with pytest.raises(InputError, match="no bundled crystal consists of such elements; leave"):
        ec.analyse_folder(runs("so-triplet"), bands=True)
    with pytest.raises(InputError, match="leave bands or spin_orbit out"):
        AnalysisOptions(bands=True, spin_orbit=True)
    damaged = tmp_path / "a.bs"
    damaged.write_text("# Set 1: 2 special points\n")
    with pytest.raises(InputError, match="no bands between special points"):
        ec.analyse_folder(runs("pb49s33cl32"), bulk_bands=damaged)
    with pytest.raises(InputError, match="no crystal 'PbS' is found; there are Pb3S2Cl2"):
        ec.analyse_folder(runs("pb49s33cl32"), bulk_bands={"PbS": damaged})
    with pytest.raises(InputError, match="analyse the folder of their run"):
        ec.analyse(ec.read_states(home), options=AnalysisOptions(bands=True))
