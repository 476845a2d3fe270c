"""The search of interfaces: what the study found, with one setting for all pairs."""

import json
from dataclasses import replace
from importlib.resources import as_file, files

import numpy as np
import pytest
from typer.testing import CliRunner

from epicarve.builder.interfaces import SearchOptions, search
from epicarve.builder.interfaces.match import MatchOptions
from epicarve.builder.library import bundled_crystal
from epicarve.cli.main import app
from epicarve.errors import InputError
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.tasks.build import build
from epicarve.workflow.tasks.interface import compare, interface, read_pairs

CONTINUOUS = ["Cs2PbCl4", "CsPb2Cl5", "Pb4S3Br2", "Pb4S3Cl2"]
NOT_CONTINUOUS = {"PbS": 0.7, "Pb3S2Cl2": 0.6, "Pb3S2Cl2-I213": 0.6}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    out = tmp_path_factory.mktemp("study")
    with as_file(files("epicarve.examples") / "interfaces-of-the-study.yaml") as table:
        return compare(table, out), out


def test_the_claim_of_the_study_with_one_setting(study):
    ranking, _ = study
    entries = {entry["film"]: entry["continuity"] for entry in ranking.entries}
    assert sorted(entries)[: len(entries)] == sorted([*CONTINUOUS, *NOT_CONTINUOUS])
    for name in CONTINUOUS:
        assert entries[name]["matched_fraction"] == 1.0
        assert entries[name]["range"][0] >= 0.9  # whatever registry, gap or strain do
        assert entries[name]["rms_in_spacings"] < 0.12
    for name, limit in NOT_CONTINUOUS.items():
        assert entries[name]["matched_fraction"] <= limit
        assert not entries[name]["continuous"]
    films = [entry["film"] for entry in ranking.entries]
    assert set(films[:4]) == set(CONTINUOUS)


def test_files_of_a_comparison(study):
    ranking, out = study
    told = json.loads((out / "interface.json").read_text())
    assert [one["film"] for one in told["interfaces"]] == [one["film"] for one in ranking.entries]
    needed = {
        *("film", "substrate", "film_hkl", "substrate_hkl", "film_termination"),
        *("substrate_termination", "area_a2", "strain", "registry", "gap_a", "continuity"),
        "energy",
    }
    assert all(needed <= set(one) for one in told["interfaces"])
    assert len((out / "interfaces.csv").read_text().splitlines()) == 1 + len(ranking.entries)
    assert (out / "interface.png").stat().st_size > 20_000
    assert any("Pb4S3Cl2" in note for note in told["notes"])


@pytest.mark.parametrize(("film", "substrate"), [("Pb4S3Cl2", "CsPbCl3"), ("Pb4S3Br2", "CsPbBr3")])
def test_the_plane_of_the_study_is_found_among_all_up_to_index_2(film, substrate):
    best, second, third = search(
        bundled_crystal(film), bundled_crystal(substrate), SearchOptions(max_index=2)
    )[:3]
    for one in (best, second):
        assert one.film.termination.hkl == (0, 1, 0)
        assert one.substrate.termination.hkl == (1, 0, 0)
        assert np.linalg.det(one.cell.substrate_matrix) == pytest.approx(2.0)  # √2×√2
        assert abs(one.cell.rotation_deg) == pytest.approx(45.0, abs=0.5)
        assert one.continuity.matched_fraction == 1.0
    # Fig. S18: Pb goes on as Pb on the one termination and as Cs on the other
    halide = "Br" if film.endswith("Br2") else "Cl"
    found = {one.substrate.termination.layer: dict(one.continuity.pairs) for one in (best, second)}
    assert found == {f"Cs{halide}": {"Pb→Pb": 2}, f"Pb{halide}2": {"Pb→Cs": 2}}
    assert third.continuity.matched_fraction < 0.9


def test_energy_agrees_with_the_registry_of_best_continuity():
    options = SearchOptions(film_hkl=(0, 1, 0), substrate_hkl=(1, 0, 0))
    ranking = interface(bundled_crystal("Pb4S3Br2"), bundled_crystal("CsPbBr3"), options, None, 2)
    on_lead, on_caesium = sorted(ranking.entries, key=lambda one: one["energy"]["adhesion_j_m2"])
    assert on_caesium["substrate_termination"] == "CsBr"
    assert on_caesium["energy"]["registry_off_a"] < 0.1
    assert on_caesium["energy"]["gap_a"] == pytest.approx(on_caesium["gap_a"], abs=0.15)
    assert on_lead["energy"]["is_bound"]
    assert on_lead["energy"]["adhesion_j_m2"] > 0.0


def test_ties_go_to_cuts_without_a_dipole_and_then_to_those_that_bind_best():
    """PbSe and PbTe continue each other on (100), (110) and the polar (111) alike."""
    lead = bundled_crystal("PbS")
    selenide, telluride = (
        replace(
            lead,
            name=f"Pb{anion}",
            cell_a=a * np.eye(3),
            symbols=np.where(lead.symbols == "S", anion, lead.symbols),
        )
        for anion, a in (("Se", 6.124), ("Te", 6.462))
    )
    found = interface(selenide, telluride, n_shown=4).interfaces
    assert {one.continuity.rank for one in found} == {(-1.0, 0.0)}
    assert [one.film_hkl for one in found[:2]] == [(1, 0, 0), (1, 1, 0)]
    assert [one.polarity.is_polar for one in found] == [False, False, True, True]
    options = SearchOptions(film_hkl=(0, 0, 1), substrate_hkl=(1, 0, 0))
    ranking = interface(bundled_crystal("Cs2PbCl4"), bundled_crystal("CsPbCl3"), options)
    ranks = [one.rank_without_energy for one in ranking.interfaces]
    assert ranks == sorted(ranks)
    works = [
        energy.adhesion_j_m2
        for rank, energy in zip(ranks, ranking.energies, strict=True)
        if rank == ranks[0]
    ]
    assert len(works) > 2 and works == sorted(works, reverse=True)


def test_contacts_at_the_gap_are_long_enough(study):
    for one in study[0].interfaces:
        assert one.contact.fraction_of_bulk >= 0.9 - 1e-6
        assert one.vacuum_a >= -1e-6


@pytest.mark.parametrize(
    ("film", "substrate", "options", "said"),
    [
        ("CsPbCl3", "CsPbCl3", {}, "both CsPbCl3"),
        (
            "PbS",
            "CsPbBr3",
            {"match": MatchOptions(max_area_a2=36.0, max_strain=0.001)},
            "the nearest is",
        ),
        ("PbS", "CsPbCl3", {"match": MatchOptions(max_strain=0.2)}, "more than 10%"),
        (
            "PbS",
            "CsPbCl3",
            {"match": MatchOptions(max_area_a2=1500.0), "film_hkl": (1, 0, 0)},
            "the search would look at .* lower max_area_a2 or max_strain",
        ),
    ],
)
def test_searches_that_are_refused(film, substrate, options, said):
    with pytest.raises(InputError, match=said):
        search(bundled_crystal(film), bundled_crystal(substrate), SearchOptions(**options))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["CsPbCl3", "CsPbCl3"], "both CsPbCl3"),
        (["Pb4S3Cl", "CsPbCl3"], "did you mean Pb4S3Cl2"),
        (["nowhere.cif", "CsPbCl3"], "nowhere.cif"),
        (["PbS", "CsPbCl3", "--film-hkl", "1,0"], "film_hkl"),
        (["PbS", "CsPbCl3", "--film-hkl", "a"], "not Miller indices"),
        (["PbS", "CsPbCl3", "--max-index", "9"], "max_index"),
        (["PbS", "CsPbCl3", "--show", "0"], "ask for 1 or more"),
        (["PbS", "CsPbCl3", "--slab", "1", "--vacuum", "-3"], "vacuum_a"),
        (["PbS", "CsPbCl3", "--slab", "1", "--vacuum", "1e9"], "vacuum_a"),
        (["PbS", "CsPbCl3", "--max-area", "1e9"], "lower the largest area"),
        (["PbS", "CsPbCl3", "--max-strain", "10"], "max_strain"),
        (["PbS", "CsPbCl3", "--film-hkl", "1000000,1,0"], "indices go up to 99"),
    ],
)
def test_bad_input_of_the_command(arguments, said, tmp_path):
    result = CliRunner().invoke(app, ["interface", *arguments, "-o", str(tmp_path / "out")])
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_table_of_pairs_is_checked(tmp_path):
    table = tmp_path / "pairs.yaml"
    for text, said in (
        ("pairs: []", "pairs"),
        ("pairs: [{film: PbS, substrate: PbS}]", "are the same"),
        ("pairs: [{film: PbS}]", "substrate: missing"),
        ("pairs: [{film: PbS, substrat: CsPbCl3}]", "substrat"),
        ("[]", "it needs pairs"),
    ):
        table.write_text(text)
        with pytest.raises(InputError, match=said):
            read_pairs(table)


def test_a_pair_without_interface_is_named_and_the_others_go_on(tmp_path):
    table = tmp_path / "pairs.yaml"
    table.write_text(
        "pairs: [{film: Cs2PbCl4, substrate: CsPbCl3}, {film: PbS, substrate: CsPbCl3}]\n"
        "search: {film_hkl: [0, 0, 1], substrate_hkl: [1, 0, 0], "
        "match: {max_area_a2: 40, max_strain: 0.02}}\n"
    )
    ranking = compare(table)
    assert [entry["film"] for entry in ranking.entries] == ["Cs2PbCl4"]
    assert ranking.failed[0].film == "PbS"
    assert "the nearest" in ranking.failed[0].reason


def test_a_slab_of_the_best_interface(tmp_path):
    arguments = ["Pb4S3Cl2", "CsPbCl3", "--film-hkl", "0,1,0", "--substrate-hkl", "1,0,0", "--slab"]
    result = CliRunner().invoke(
        app, ["interface", *arguments, "1", "--middle", "film", "-o", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    assert "inversion" in result.output
    told = json.loads((tmp_path / "slab-1" / "model.json").read_text())
    assert told["net_charge"] == 0
    assert told["provenance"]["crystal"]["Pb4S3Cl2"]["status"] == "computed"
    assert "Computed crystal" in (tmp_path / "slab-1" / "model.cif").read_text()
    thick = CliRunner().invoke(
        app, ["interface", *arguments, "1", "--thickness", "1e8", "-o", str(tmp_path / "thick")]
    )
    assert "ask for thinner layers" in str(thick.exception)
    refused = CliRunner().invoke(app, ["interface", *arguments, "99", "-o", str(tmp_path / "99")])
    assert "give a rank from 1 to" in str(refused.exception)
    assert not (tmp_path / "thick").exists()
    assert not (tmp_path / "99").exists()


def test_the_best_interface_of_two_faces_is_built():
    """`interface: best` finds by itself what the study's recipe says in numbers."""
    half = {"kind": "hemisphere", "diameter_nm": 3.0}
    recipe = {
        "film": {
            "crystal": {"name": "Pb4S3Cl2"},
            "shape": {**half, "hkl": [0, 1, 0], "termination": "Pb"},
        },
        "substrate": {
            "crystal": {"name": "CsPbCl3"},
            "shape": {**half, "hkl": [1, 0, 0], "termination": "PbCl2"},
        },
        "interface": "best",
    }
    told = build(parse_recipe(recipe)).summary["interface"]
    assert told["continuity"]["matched_fraction"] == 1.0
    assert set(told["continuity"]["pairs"]) == {"Pb→Cs"}
    assert {tuple(map(abs, row["substrate_direction"])) for row in told["misfit"]} == {(0, 1, 1)}
    recipe["interface"] = {"film_directions": [[1, 0, 0], [0, 0, 1]]}
    with pytest.raises(InputError, match="or neither of them"):
        parse_recipe(recipe)
