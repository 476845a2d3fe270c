"""The study in one command: what its page says of models that stand in for the published ones."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from ase.neighborlist import neighbor_list
from heterostructure import joined, states_on
from typer.testing import CliRunner

import epicarve as ec
from epicarve.analysis.compare import Distances, radial_distribution
from epicarve.analysis.export import states_csv, summarise
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.cli.main import app
from epicarve.workflow.study import Measured, Subject, claims_of, study_models

QUICK = {"relocations": 0, "strong_bonds": False, "ratio_tolerance": 0.1}
RATTLE_A = 0.05


def sphere(crystal, diameter_nm=2.2):
    return ec.carve(ec.crystal(crystal), ec.Sphere(diameter_nm=diameter_nm), QUICK)


def rattled(model, seed=1):
    random = np.random.default_rng(seed)
    positions_a = model.positions_a + random.normal(0.0, RATTLE_A, model.positions_a.shape)
    return Atoms(model.symbols.tolist(), positions_a)


@pytest.fixture(scope="module")
def ours():
    return sphere("Pb3S2Cl2")


@pytest.fixture(scope="module")
def models(ours, tmp_path_factory):
    """The model of the study's Pb3S2Cl2, but small, and read from a file: nothing is built."""
    file = tmp_path_factory.mktemp("ours") / "ours.xyz"
    write(file, Atoms(ours.symbols.tolist(), ours.positions_a))
    recipe = {"structure": {"file": str(file), "crystals": ["Pb3S2Cl2"]}}
    return (replace(study_models()[0], recipe=recipe),)


@pytest.fixture(scope="module")
def folder(models, tmp_path_factory):
    """What stands for the published file: another sphere, in the other ordering, moved."""
    home = tmp_path_factory.mktemp("published")
    write(home / models[0].file, rattled(sphere("Pb3S2Cl2-X1X3")))
    return home


@pytest.fixture(scope="module")
def out(models, folder, tmp_path_factory):
    home = tmp_path_factory.mktemp("page") / "docs"
    ec.study(folder, home, models=models)
    return home


def rows_of(data, title):
    return next(claim["rows"] for claim in data["claims"] if claim["title"] == title)


def test_the_page_and_all_it_names_are_there(out):
    page = (out / "study.md").read_text()
    named = re.findall(r"\]\(((?!http)[^)]+)\)", page)
    assert {"study.json", "study-pair-distribution.csv"} < set(named)
    assert all((out / name).stat().st_size > 0 for name in named)
    assert "Pb₃S₂Cl₂" in page and "`pb3s2cl2_4nm_OPT.xyz`" in page
    assert "Fig. S11" in page and "None" not in page and str(out) not in page
    header = (out / "study-pair-distribution.csv").read_text().splitlines()[0]
    assert "pb3s2cl2-sphere published Pb-S" in header.split(",")


def test_every_number_of_the_study_has_its_place_in_the_supplement(out):
    told = json.loads((out / "study.json").read_text())
    stated = [row["stated"] for claim in told["claims"] for row in claim["rows"] if row["stated"]]
    assert len(stated) > 10
    assert all(re.search(r"§\d|Table S\d|Fig\. S\d", one["source"]) for one in stated)


def test_the_page_in_the_documents_tells_the_same_of_the_study(out):
    whole = (Path(__file__).parents[1] / "docs" / "study.md").read_text()
    lines = [line.split(" | ") for line in (out / "study.md").read_text().splitlines()]
    cells = [line[1] for line in lines if len(line) == 5 and line[1] not in {"–", "study"}]
    assert len(cells) > 10
    assert all(f" | {cell} | " in whole for cell in cells)


def test_what_is_told_is_what_was_carved(out):
    told = json.loads((out / "study.json").read_text())
    published, ours = (told["models"]["pb3s2cl2-sphere"][whose] for whose in ("published", "ours"))
    crystal = ec.crystal("Pb3S2Cl2")
    assert ours["density_g_cm3"]["Pb3S2Cl2"] == pytest.approx(crystal.density_g_cm3, abs=1e-3)
    assert published["density_g_cm3"]["Pb3S2Cl2"] == pytest.approx(crystal.density_g_cm3, rel=0.02)
    assert ours["inner_coordination"]["Cl"]["numbers"].keys() == {"6"}
    shortest = float(crystal.bonds.lengths_a.min())
    assert shortest - 0.1 < ours["first_peaks_a"]["Pb-S"] < shortest + 0.3
    (ordering,) = rows_of(told, "Which anion stands where")
    assert ordering["published_value"] in {
        "Cl on X0, X2; S on X1, X3",
        "S on X0, X2; Cl on X1, X3",
    }
    assert ordering["ours_value"] == "S on X0, X1; Cl on X2, X3"
    assert ordering["judged"] == "ours differs"
    composition, atoms, charge = rows_of(told, "Composition and charge")
    assert composition["stated"]["source"] == "§3" and charge["ours_value"] == 0
    counts = ours["counts"]
    shares = [100 * counts[symbol] / ours["n_atoms"] for symbol in ("Pb", "S", "Cl")]
    assert atoms["ours_value"] == pytest.approx(shares)
    unit = crystal.formula_unit
    share = sum(counts.values()) / sum(unit.values())
    off = max(abs(counts[symbol] / share / n - 1) for symbol, n in unit.items())
    assert composition["ours_value"] == pytest.approx(off)


def test_numbers_are_judged_by_the_rule_on_the_page(out):
    page = (out / "study.md").read_text()
    limits = re.search(r"\*agrees\* within (\d+) %, \*is near\* within (\d+) %", page)
    agrees, near = (int(limit) for limit in limits.groups())
    told = json.loads((out / "study.json").read_text())
    seen = 0
    for claim in told["claims"]:
        for row in claim["rows"]:
            for word, text in re.findall(r"(agrees|is near|differs) \(([^)]* %)\)", row["judged"]):
                off = max(abs(float(x.replace("−", "-"))) for x in re.findall(r"[+−]?[\d.]+", text))
                wanted = "agrees" if off <= agrees else "is near" if off <= near else "differs"
                assert word == wanted, row
                seen += 1
    assert seen > 5


def test_without_a_folder_nothing_is_said_of_published_models(models):
    page = ec.study(models=models)
    rows = [row for claim in page.claims for row in claim.rows]
    told = {row.published for row in rows}
    assert told == {"no file given", "not computed"}
    gap = next(row for row in rows if row.what == "Pb3S2Cl2 sphere: gap with the filter")
    assert (gap.stated.value, gap.ours, gap.judged) == (1.8, "not computed", "")
    how = next(claim.how for claim in page.claims if gap in claim.rows)
    assert "epicarve run examples/pb3s2cl2-sphere.yaml" in how
    assert "--results pb3s2cl2-sphere=DIR" in how


def written(model, folder):
    """Results of made-up states: one trap on two atoms inside a gap of 1.7 eV."""
    on_lead = (model.symbols == "Pb").astype(float)
    on_sulfur = (model.symbols == "S").astype(float)
    trap = np.zeros(model.n_atoms)
    trap[:2] = 1.0
    columns = [on_sulfur, on_sulfur, trap, on_lead, on_lead]
    states = states_on(model, columns, [-7.0, -6.0, -5.0, -4.3, -4.0], 3)
    analysis = Analysis.of(states, AnalysisOptions(ipr_max=0.03), model)
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps(summarise(analysis)))
    (folder / "states.csv").write_text(states_csv(analysis))
    return analysis


def test_results_fill_in_the_rows_of_states(models, ours, tmp_path):
    analysis = written(ours, tmp_path / "run")
    results = {"pb3s2cl2-sphere": tmp_path / "run"}
    page = ec.study(models=models, results=results, out=tmp_path / "out")
    rows = {row.what: row for claim in page.claims for row in claim.rows}
    gap = rows["Pb3S2Cl2 sphere: gap with the filter"]
    assert gap.ours_value == pytest.approx(analysis.gap.filtered.gap_ev) == pytest.approx(1.7)
    assert gap.judged == "ours agrees (−0.10 eV)"
    assert rows["Pb3S2Cl2 sphere: HOMO-LUMO gap"].ours_value == pytest.approx(0.7)
    traps = rows["Pb3S2Cl2 sphere: traps and where they sit"].ours
    assert analysis.traps.sentence("valence") in traps and "no conduction trap" in traps
    edges = rows["Pb3S2Cl2 sphere: states at the edges"]
    assert edges.ours_value == ("S", "Pb") and edges.judged == "ours agrees"
    assert (tmp_path / "out" / "images" / "study-states.png").is_file()


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        ({"pb3s2cl2": "run"}, "no model 'pb3s2cl2'; did you mean"),
        ({"pb3s2cl2_4nm": "run"}, "pb3s2cl2_4nm is a published model"),
        ({"pb3s2cl2-sphere": "nowhere"}, "holds no summary.json and states.csv"),
        ({"pb3s2cl2-sphere": "run"}, "results are of Pb"),
    ],
)
def test_results_that_do_not_fit_are_refused(models, results, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(sphere("PbS", 1.2), tmp_path / "run")
    with pytest.raises(ec.InputError, match=complaint):
        ec.study(models=models, results=results, out="out")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_the_files_is_refused(models, tmp_path):
    with pytest.raises(ec.InputError, match=r"none of the published models, such as pb3s2cl2_4nm"):
        ec.study(tmp_path, models=models)
    with pytest.raises(ec.InputError, match="no such folder"):
        ec.study(tmp_path / "nowhere", models=models)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--results", "run"], "write it as NAME=FOLDER"),
        (["--results", "a=x", "--results", "a=y"], "a is given twice"),
    ],
)
def test_the_command_refuses_what_it_cannot_read(arguments, complaint):
    result = CliRunner().invoke(app, ["study", *arguments])
    assert isinstance(result.exception, ec.InputError)
    assert complaint in str(result.exception)


def test_the_models_of_the_study_are_those_of_the_examples():
    models = {one.name: one for one in study_models()}
    assert models["pb4s3br2-sphere"].recipe["crystal"] == {"name": "Pb4S3Br2"}
    cube = models["pb4s3br2-cspbcl3-cube"].recipe
    assert cube["film"]["crystal"] == {"name": "Pb4S3Br2"}
    assert models["pb4s3cl2-cspbcl3-cube"].recipe["film"]["crystal"] == {"name": "Pb4S3Cl2"}
    assert len({one.published_name for one in models.values()}) == len(models)


# ---- joined halves ----------------------------------------------------------------------------


def test_claims_on_an_interface():
    model = joined()
    lowered = model.positions_a.copy()
    lowered[model.domains == "Pb4S3Cl2", 2] -= 0.8
    ours, published = (
        Measured(ec.identify(one)) for one in (model, replace(model, positions_a=lowered))
    )
    model = next(one for one in study_models() if one.name == "pb4s3cl2-cspbcl3-cube")
    claims = {claim.title: claim for claim in claims_of([Subject(model, ours, published)])}
    rows = {
        row.what.removeprefix("Pb4S3Cl2 on CsPbCl3: "): row
        for claim in claims.values()
        for row in claim.rows
    }
    assert rows["planes"].ours.startswith("(010) on (100)")
    assert rows["faces"].ours_value == rows["faces"].published_value == "Pb on PbCl2"
    registry = rows["registry"].judged
    assert float(re.search(r"([\d.]+) Å", registry)[1]) < 0.1 and "agrees" in registry
    assert rows["gap"].ours_value - rows["gap"].published_value == pytest.approx(0.8, abs=0.05)
    assert rows["perovskite continued"].ours_value == "continuous"
    assert rows["film continued"].ours_value == "not continuous"  # for the gap, which counts


def test_the_cube_has_five_layers_of_lead_and_ends_as_the_published_one():
    recipe = next(one.recipe for one in study_models() if one.name == "pb4s3cl2-cspbcl3-cube")
    half = recipe["substrate"]
    shape = ec.Box(**{k: v for k, v in half["shape"].items() if k != "kind"})
    found = ec.half_of(ec.crystal("CsPbCl3"), shape, (1, 0, 0), "PbCl2", half["balance"]).carved()
    assert found.counts["Pb"] == 125 and found.net_charge == 0
    for axis in range(3):
        levels = found.positions_a[found.symbols == "Pb", axis]
        assert len(np.unique(levels.round(2))) == 5


# ---- distances --------------------------------------------------------------------------------


def test_distances_up_to_a_reach_are_those_of_all():
    model = sphere("PbS", 1.6)
    near = Distances.within(model.symbols, model.positions_a, 6.0)
    every = Distances.of(model.symbols, model.positions_a)
    assert near.pairs == every.pairs and near.counts_of == every.counts_of
    n = int(5.9 / 0.005)
    assert np.array_equal(near.counts[:, :n], every.counts[:, :n])
    filled = near.counts[:, :n] > 0
    np.testing.assert_allclose(near.lengths_a[:, :n][filled], every.lengths_a[:, :n][filled])
    atoms = Atoms(model.symbols.tolist(), model.positions_a)
    assert 2 * near.counts.sum() == len(neighbor_list("d", atoms, 6.0))


def test_curves_with_more_points_are_the_same_curves():
    model = sphere("PbS", 1.6)
    distances = Distances.within(model.symbols, model.positions_a, 7.0)
    coarse, fine = (radial_distribution(distances, 6.0, 0.1, n) for n in (2, 4))
    assert len(fine.distances_a) == pytest.approx(2 * len(coarse.distances_a), abs=2)
    at = np.isin(fine.distances_a.round(4), coarse.distances_a.round(4))
    np.testing.assert_allclose(fine.values[:, at], coarse.values[:, : at.sum()])


def test_the_first_peak_is_the_bond_of_galena():
    measured = Measured(ec.identify(rattled(sphere("PbS", 2.0))))
    bond_a = ec.crystal("PbS").cell_parameters[0] / 2.0
    assert measured.first_peak_a("S", "Pb") == pytest.approx(bond_a, abs=0.02)
    assert measured.first_peak_a("Pb", "Cl") is None
    assert measured.domain("CsPbCl3") is None and measured.density_g_cm3("CsPbCl3") is None
