"""Charges that faces turn to each other: told, and minded by ranking and joined particles."""

import csv

import pytest
from crystal_prototypes import PROTOTYPES
from typer.testing import CliRunner

from epicarve.builder.crystal import termination, terminations
from epicarve.builder.hetero import layers_that_attract
from epicarve.builder.interfaces import Polarity, SearchOptions, search
from epicarve.builder.interfaces.match import MatchOptions, StrainRule
from epicarve.builder.library import bundled_crystal
from epicarve.builder.report import FaceCharges
from epicarve.cli.main import app
from epicarve.cli.model_facts import facing

KNOWN = {prototype.name: prototype for prototype in PROTOTYPES}
POLAR = SearchOptions(film_hkl=(1, 1, 1), substrate_hkl=(1, 1, 1))


@pytest.fixture(scope="module")
def crystal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crystals")
    return lambda name: KNOWN[name].crystal(folder)


def test_lead_faces_sulphur_before_zinc(crystal):
    film, substrate = bundled_crystal("PbS"), crystal("ZnS")
    match, strain = MatchOptions(max_area_a2=40.0, max_strain=0.1), StrainRule(max_strain=0.1)
    found = search(film, substrate, POLAR.model_copy(update={"match": match, "strain": strain}))
    ranks = [(-one.continuity.matched_fraction, one.polarity.repels) for one in found]
    assert ranks == sorted(ranks)
    assert [one.rank for one in found] == sorted(one.rank for one in found)
    charges = {"Pb": 1, "S": -1, "Zn": 1}
    for one in found:
        layers = one.film.termination.layer, one.substrate.termination.layer
        polarity = one.polarity
        assert (polarity.film, polarity.substrate) == tuple(charges[layer] for layer in layers)
        assert polarity.repels == (polarity.film == polarity.substrate)


def test_cleavage_planes_may_face_each_other(crystal):
    """Fluorite and layers cleave between like anions: such faces meet in nature."""
    fluorite, layers = crystal("CaF2"), crystal("CdI2")
    for one, hkl, layer in ((fluorite, (1, 1, 1), "F"), (layers, (0, 0, 1), "I")):
        natural = terminations(one, hkl)[0]
        polarity = Polarity.of(natural, natural)
        assert (natural.layer, polarity.kind, polarity.repels) == (layer, "like", False)
        assert polarity.charges == FaceCharges(signs="-/-", kind="like", repels=False)


def test_faces_of_the_study_are_not_charged_alike():
    film = terminations(bundled_crystal("Pb4S3Cl2"), (0, 1, 0))[0]
    for substrate in terminations(bundled_crystal("CsPbCl3"), (1, 0, 0)):
        assert Polarity.of(film, substrate).kind == "uncharged"


def test_table_and_files_tell_the_charges(crystal, tmp_path):
    (tmp_path / "ZnS.cif").write_text(KNOWN["ZnS"].cif_text(), encoding="utf-8")
    planes = [
        "--film-hkl",
        "1,1,1",
        "--substrate-hkl",
        "1,1,1",
        "--max-strain",
        "0.1",
        "--max-area",
        "40",
    ]
    arguments = ["interface", "PbS", str(tmp_path / "ZnS.cif"), *planes, "-o", str(tmp_path / "o")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "+/-" in result.output
    assert "+/+!" in result.output
    assert max(map(len, result.output.splitlines()[:-1])) <= 80
    rows = list(csv.DictReader((tmp_path / "o" / "interfaces.csv").open()))
    assert {row["polarity"] for row in rows} == {"+/+", "+/-", "-/+", "-/-"}


def test_layers_that_are_not_told_attract_each_other(crystal):
    film, substrate = (bundled_crystal("PbS"), (1, 1, 1)), (crystal("ZnS"), (1, 1, 1))
    for told in ((None, None), ("Pb", None), (None, "Zn"), ("Pb", "S")):
        layers = layers_that_attract([(*film, told[0]), (*substrate, told[1])])
        cuts = [
            termination(*face, layer) for face, layer in zip((film, substrate), layers, strict=True)
        ]
        assert Polarity.of(*cuts).kind == "opposite"
        for layer, asked in zip(layers, told, strict=True):
            assert asked in (None, layer)
    assert layers_that_attract([(*film, "Pb"), (*substrate, "Zn")]) == ["Pb", "Zn"]  # as told


@pytest.mark.parametrize(
    ("film", "substrate", "told"),
    [
        (1, 0, "only the film's face is charged"),
        (0, -1, "only the substrate's face is charged"),
        (0, 0, "neither face is charged"),
        (1, 1, "like charges face each other"),
        (-1, 1, "opposite charges face each other"),
    ],
)
def test_the_table_says_which_face_is_charged(film, substrate, told):
    polarity = Polarity(film, substrate, is_polar=True)
    assert facing(polarity.signs, polarity.kind) == told
