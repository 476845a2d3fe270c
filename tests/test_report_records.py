"""What is found of a model is typed, and goes to JSON and back without loss."""

import json

import pytest
from heterostructure import janus
from hypothesis import given
from hypothesis import strategies as st

import epicarve as ec
from epicarve.builder.optimise import TreatmentOptions
from epicarve.builder.report import BuildReport, FoundSize, Optimality, PlainCut

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PARTS = {
    "plain_cut": st.builds(PlainCut, st.integers(0), st.integers()),
    "size": st.builds(FoundSize, st.integers(1), NUMBERS),
    "optimum": st.builds(
        Optimality,
        *[NUMBERS] * 3,
        st.integers(0),
        NUMBERS,
        st.integers(),
        st.integers(0),
        st.dictionaries(st.text(), NUMBERS),
    ),
}


def there_and_back(report):
    return BuildReport.of(json.loads(json.dumps(report.as_dict())), "model.json")


@given(st.builds(BuildReport, **{name: st.none() | part for name, part in PARTS.items()}))
def test_parts_that_are_there_come_back_and_no_others(report):
    assert there_and_back(report) == report
    assert set(report.as_dict()) == {name for name in PARTS if getattr(report, name) is not None}


def test_reports_of_models_come_back():
    treated = ec.carve(
        ec.crystal("PbS"),
        ec.Sphere(atoms=300, centre="best"),
        treatment=TreatmentOptions(kind="halide_rich", halide="Cl", coverage=0.1),
    )
    core = ec.Core(ec.crystal("CsPbBr3"), ec.Sphere(diameter_nm=1.2))
    shell = ec.carve(ec.crystal("CsPbCl3"), ec.Sphere(diameter_nm=2.4), core=core)
    for model in (treated, shell, janus()):
        assert there_and_back(model.report) == model.report
    told = treated.report
    assert told.treatment.n_units > 0 and told.size.asked_atoms == 300
    assert told.centres.chosen in {row.name for row in told.centres.candidates}
    assert shell.report.core_shell.n_core + shell.report.core_shell.n_shell == len(shell)
    assert janus().report.interface.film == "Pb4S3Cl2"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told["optimum"].pop("gap"), r"model\.json: optimum\.gap: missing"),
        (lambda told: told.update(size="large"), r"model\.json: size: .*large"),
    ],
)
def test_a_model_json_that_was_changed_is_refused_by_name(tmp_path, change, words):
    ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=1.6)).write(tmp_path)
    told = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    change(told)
    (tmp_path / "model.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ec.InputError, match=words):
        ec.Model.read(tmp_path)
