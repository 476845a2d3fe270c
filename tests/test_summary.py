import csv
import io
import json

import numpy as np
import pytest

from epicarve.analysis.analyse import analyse_states
from epicarve.analysis.export import dos_csv, states_csv, summarise, trap_atoms_csv, traps_csv
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.builder.model import Model
from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError

KEYS = {
    "n_states",
    "n_electrons",
    "n_atoms",
    "formula",
    "diameter_nm",
    "vacuum_ev",
    "notes",
    "fermi_ev",
    "metallic",
    "spins",
    "homo_ev",
    "lumo_ev",
    "homo_lumo_gap_ev",
    "ipr_max",
    "filtered",
    "size_aware",
    "size_aware_band",
    "threshold_scan",
    "plateau",
    "without_spin_orbit",
    "edge_filter",
    "traps",
    "domains",
    "groups",
    "alignment",
    "alignment_variants",
    "bands",
    "profile",
    "overlap_populations",
    "transitions",
    "checks",
    "provenance",
}
GAP_KEYS = {
    "valence_edge_ev",
    "conduction_edge_ev",
    "gap_ev",
    "n_valence_traps",
    "n_conduction_traps",
}
TABLES = {"summary.json", "states.csv", "dos.csv", "traps.csv", "trap_atoms.csv", "report.html"}
OF_MODEL = {"profile.csv", "alignment.csv", "traps.extxyz"}
FIGURES = {"dos", "scan", "alignment", "trap-map", "profile"}
FILES = TABLES | OF_MODEL | {f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg")}


def states(n_atoms=8, **changes):
    """Eight states over two domains, the frontier orbitals on one atom each."""
    half, even = n_atoms // 2, np.full(n_atoms, 1.0)
    film = np.where(np.arange(n_atoms) < half, 1.0, 0.1)
    trap = np.eye(n_atoms)[0]
    weights = np.stack([even, film[::-1], film, trap, trap, film, film[::-1], even], axis=1)
    fields = {
        "energies_ev": np.array([-9.0, -6.5, -6.0, -5.0, -4.0, -3.0, -2.5, -1.0]),
        "occupations": np.repeat([2.0, 0.0], 4),
        "weights": weights / weights.sum(axis=0),
        "symbols": ("Pb", "S") * half,
        "source": "a test",
    }
    return OrbitalStates(**{**fields, **changes})


def model(n_atoms=8, domains=("film", "substrate")):
    zeros = np.zeros(n_atoms, dtype=int)
    return Model(
        symbols=np.array(["Pb", "S"] * (n_atoms // 2)),
        positions_a=np.random.default_rng(0).normal(0.0, 5.0, (n_atoms, 3)),
        charges=np.array([2, -2] * (n_atoms // 2)),
        domains=np.repeat(domains, n_atoms // len(domains)),
        sites=zeros,
        coordination=zeros,
        bulk_coordination=zeros,
        components=zeros,
    )


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def analysis_of(made, options=None, of_model=None, labels=None):
    return Analysis.of(made, options or AnalysisOptions(), of_model, labels)


def summary_of(*arguments):
    return summarise(analysis_of(*arguments))


def paths_of_none(value, path=""):
    if isinstance(value, dict):
        for key, below in value.items():
            yield from paths_of_none(below, f"{path}.{key}" if path else key)
    elif value is None:
        yield path


def assert_promised(summary):
    """The keys that scripts rely on are all there, and each None has its reason."""
    assert set(summary) == KEYS
    assert set(summary["filtered"]) == set(summary["size_aware"]) == GAP_KEYS
    assert set(summary["size_aware_band"]) == {"strict", "loose", "span_ev"}
    for end in ("strict", "loose"):
        assert set(summary["size_aware_band"][end]) == {"n_ipr_max", *GAP_KEYS}
    assert all(set(step) == {"ipr_max", *GAP_KEYS} for step in summary["threshold_scan"])
    assert set(summary["alignment"]) == {
        "type",
        "valence_offset_ev",
        "conduction_offset_ev",
        "margin_ev",
    }
    assert set(summary["plateau"]) == {"ipr_from", "ipr_to", "gap_ev"}
    assert summary["edge_filter"] in ("filtered", "size_aware")
    for side, traps in summary["traps"].items():
        assert set(traps) == {"n_traps", "kinds", "shares", "sentence"}
        if traps["n_traps"] is not None:
            assert summary[summary["edge_filter"]][f"n_{side}_traps"] == traps["n_traps"]
            assert sum(kind["n_traps"] for kind in traps["kinds"]) == traps["n_traps"]
    for edges in summary["domains"].values():
        assert set(edges) == {"valence_edge_ev", "conduction_edge_ev"}
    reasons = {check["name"]: check["message"] for check in summary["checks"]}
    for path in paths_of_none({k: v for k, v in summary.items() if k != "threshold_scan"}):
        assert reasons[path], path


def test_the_numbers_of_a_heterostructure(tmp_path):
    options = AnalysisOptions(ipr_max=0.25)
    summary = analyse_states(states(), options, folder=tmp_path, model=model())
    assert_promised(summary)
    assert summary == json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert (summary["n_states"], summary["n_electrons"]) == (8, 8.0)
    assert (summary["homo_ev"], summary["lumo_ev"], summary["homo_lumo_gap_ev"]) == (-5, -4, 1)
    assert summary["ipr_max"] == 0.25
    assert summary["filtered"] == {
        "valence_edge_ev": -6.0,
        "conduction_edge_ev": -3.0,
        "gap_ev": 3.0,
        "n_valence_traps": 1,
        "n_conduction_traps": 1,
    }
    assert summary["domains"] == {
        "film": {"valence_edge_ev": -6.0, "conduction_edge_ev": -3.0},
        "substrate": {"valence_edge_ev": -6.5, "conduction_edge_ev": -2.5},
    }
    assert summary["alignment"] == {
        "type": "I",
        "valence_offset_ev": 0.5,
        "conduction_offset_ev": -0.5,
        "margin_ev": 0.4,
    }
    assert summary["threshold_scan"][-1]["gap_ev"] == 1.0
    told = {"ipr_max", "sites", "profile.normal"}  # the model of the test has no bonds
    # A 1S envelope over 8 atoms has an IPR of 0.35; the frontier orbitals, an N·IPR of 8.
    told |= {"plateau_holds_ipr_max", "size_aware_band", "spin_orbit"}
    assert {check["name"] for check in summary["checks"] if not check["ok"]} - told == set()


def test_all_files_are_written_and_the_same_twice(tmp_path):
    for name in ("one", "two"):
        analyse_states(
            states(),
            AnalysisOptions(ipr_max=0.25),
            folder=tmp_path / name,
            model=model(),
            notes=("A note.",),
        )
    assert {path.name for path in (tmp_path / "one").iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_table_of_states():
    rows = table(states_csv(analysis_of(states(), AnalysisOptions(ipr_max=0.25), model())))
    first = ["state", "spin", "energy_ev", "occupation", "ipr", "n_eff", "kept"]
    first += ["n_ipr", "degenerate_set", "ipr_of_set", "kept_size_aware"]
    elements, domains = ["w_Pb", "w_S"], ["w_film", "w_substrate"]
    species = ["w_film:Pb", "w_film:S", "w_substrate:Pb", "w_substrate:S"]
    assert list(rows[0]) == [*first, *elements, *domains, *species]
    assert [int(row["state"]) for row in rows] == list(range(1, 9))
    assert [row["kept"] for row in rows] == ["true"] * 3 + ["false"] * 2 + ["true"] * 3
    assert [row["kept_size_aware"] for row in rows] == ["true"] * 8
    for row in rows:
        assert float(row["ipr"]) * float(row["n_eff"]) == pytest.approx(1.0, abs=1e-4)
        assert float(row["n_ipr"]) == pytest.approx(model().n_atoms * float(row["ipr"]), abs=1e-4)
        for groups in (elements, domains, species):
            assert sum(float(row[group]) for group in groups) == pytest.approx(1.0, abs=1e-7)


def test_the_table_of_the_density():
    rows = table(dos_csv(analysis_of(states(), None, model(domains=("film",)))))
    assert list(rows[0]) == ["energy_ev", "total", "Pb", "S"]
    step_ev = float(rows[1]["energy_ev"]) - float(rows[0]["energy_ev"])
    assert sum(float(row["total"]) for row in rows) * step_ev == pytest.approx(8.0, abs=1e-4)
    for row in rows:
        assert float(row["Pb"]) + float(row["S"]) == pytest.approx(float(row["total"]), abs=2e-6)


def test_unrestricted_states_are_numbered_and_summed_per_spin():
    spins = np.repeat([0, 1], 4).astype(np.int8)
    energies_ev = np.array([-6.0, -5.0, -3.0, -2.0] * 2)
    occupations = np.array([1.0, 1.0, 0.0, 0.0] * 2)
    unrestricted = states(
        spins=spins, energies_ev=energies_ev, occupations=occupations, restricted=False
    )
    found = analysis_of(unrestricted)
    assert_promised(summarise(found))
    rows = table(states_csv(found))
    assert [row["state"] for row in rows] == list("12341234")
    assert [row["spin"] for row in rows] == ["alpha"] * 4 + ["beta"] * 4
    names = ["energy_ev", "total_alpha", "Pb_alpha", "S_alpha", "total_beta", "Pb_beta", "S_beta"]
    assert list(table(dos_csv(found))[0]) == names


def test_no_state_passing_is_null_with_a_reason():
    summary = summary_of(states(), AnalysisOptions(ipr_max=0.01))
    assert_promised(summary)
    assert summary["filtered"] == dict.fromkeys(GAP_KEYS)
    assert summary["homo_lumo_gap_ev"] == 1.0
    reasons = {check["name"]: check["message"] for check in summary["checks"]}
    assert "none of the 4 occupied states" in reasons["filtered.valence_edge_ev"]
    assert "no model was given" in reasons["domains"]
    assert "too strict at this size" in reasons["ipr_max"]


@pytest.mark.parametrize(("electrons", "absent"), [(2.0, "lumo_ev"), (0.0, "homo_ev")])
def test_no_empty_or_no_occupied_state_is_null_with_a_reason(electrons, absent):
    filled = states(occupations=np.full(8, electrons))
    summary = summary_of(filled, None, model())
    assert_promised(summary)
    assert summary[absent] is None
    assert summary["homo_lumo_gap_ev"] is None


def test_partial_occupations_are_told():
    smeared = states(occupations=np.array([2.0, 2.0, 2.0, 1.5, 0.5, 0.0, 0.0, 0.0]))
    checks = summary_of(smeared)["checks"]
    told = next(check for check in checks if check["name"] == "occupations")
    assert not told["ok"]
    assert told["message"].startswith("2 states are partially filled")


def test_provenance_is_kept():
    summary = summarise(analysis_of(states()), {"crystal": "PbS"})
    assert summary["provenance"]["crystal"] == "PbS"
    assert summary["provenance"]["states"] == "a test"
    assert summary["provenance"]["options"]["ipr_max"] == 0.03


def test_states_of_another_model_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="give the model whose states these are"):
        analyse_states(states(), folder=tmp_path / "out", model=model(n_atoms=6))
    assert not (tmp_path / "out").exists()


def test_traps_are_told_and_listed():
    found = analysis_of(states(), AnalysisOptions(ipr_max=0.25), model())
    assert summarise(found)["traps"]["valence"]["sentence"] == (
        "the one valence trap sits on zero-coordinated Pb of film (2.3 times its 44 % of all "
        "occupied states)"
    )
    rows = table(traps_csv(found))
    assert [(row["side"], row["state"]) for row in rows] == [("valence", "4"), ("conduction", "5")]
    assert [row["depth_ev"] for row in rows] == ["1.000000", "1.000000"]
    atoms = table(trap_atoms_csv(found))
    assert [(row["atom"], row["held"]) for row in atoms] == [("1", "1.00000000")] * 2


def test_groups_of_the_user_are_columns():
    labels = [1, 1, 2, 2, 2, 2, 2, 2]
    options = AnalysisOptions(ipr_max=0.25, group_by="ring")
    found = analysis_of(states(), options, model(), labels)
    for row in table(states_csv(found)):
        assert float(row["w_ring:1"]) + float(row["w_ring:2"]) == pytest.approx(1.0, abs=1e-6)
    for row in table(dos_csv(found)):
        parts = float(row["ring:1"]) + float(row["ring:2"])
        assert parts == pytest.approx(float(row["total"]), abs=1e-5)
    with pytest.raises(InputError, match="7 labels 'ring' for 8 atoms"):
        analysis_of(states(), options, model(), labels[1:])


def test_angular_momenta_are_columns_where_the_states_tell_them():
    lead = states().weights[::2].sum(axis=0)
    orbitals = np.stack([0.25 * lead, 0.75 * lead])
    told = states(orbital_names=("Pb:s", "Pb:p"), orbital_weights=orbitals)
    found = analysis_of(told)
    for text, prefix in ((states_csv(found), "w_"), (dos_csv(found), "")):
        for row in table(text):
            assert float(row[f"{prefix}Pb:p"]) == pytest.approx(
                0.75 * float(row[f"{prefix}Pb"]), abs=1e-5
            )
    with pytest.raises(InputError, match="2 names of orbitals"):
        states(orbital_names=("Pb:s", "Pb:p"), orbital_weights=orbitals[:1])


@pytest.mark.parametrize(("lumo_ev", "metallic"), [(-5.0, True), (-4.99, False)])
def test_a_metal_is_told(lumo_ev, metallic):
    energies_ev = np.array([-9.0, -6.5, -6.0, -5.0, lumo_ev, -3.0, -2.5, -1.0])
    checks = summary_of(states(energies_ev=energies_ev))["checks"]
    told = next(check for check in checks if check["name"] == "metallic")
    assert told["ok"] is not metallic
    assert ("metallic" in told["message"]) is metallic


@pytest.mark.parametrize(("limit", "is_on"), [(0.4, True), (0.25, False), (0.999, False)])
def test_whether_the_threshold_lies_on_the_plateau_is_told(limit, is_on):
    summary = summary_of(states(), AnalysisOptions(ipr_max=limit), model())
    found = summary["plateau"]
    assert (found["ipr_from"] <= limit < found["ipr_to"]) is is_on
    assert found["gap_ev"] == 3.0
    told = next(c for c in summary["checks"] if c["name"] == "plateau_holds_ipr_max")
    assert told["ok"] is is_on
