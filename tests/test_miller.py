"""Miller indices with three numbers and with four."""

import pytest
from crystal_prototypes import PROTOTYPES
from typer.testing import CliRunner

from epicarve.builder.interfaces import SearchOptions
from epicarve.builder.library import bundled_crystal
from epicarve.cli.main import app
from epicarve.errors import InputError
from epicarve.workflow.recipes import parse_recipe, read_recipe, write_recipe
from epicarve.workflow.tasks.build import build

KNOWN = {prototype.name: prototype for prototype in PROTOTYPES}

FACES = ([1, 0, -1, 0], [0, 1, -1, 0], [0, 0, 0, 1])
SHAPES = {  # each with four indices somewhere, and the same with three
    "box": lambda p: {"kind": "box", "faces": [{"hkl": p(f), "length_nm": 1.4} for f in FACES]},
    "hemisphere": lambda p: {"kind": "hemisphere", "diameter_nm": 1.6, "hkl": p([1, 0, -1, 0])},
    "platelet": lambda p: {
        "kind": "platelet", "hkl": p([1, 1, -2, 0]), "diameter_nm": 1.6, "thickness_nm": 1.0,
    },
    "wulff": lambda p: {
        "kind": "wulff",
        "diameter_nm": 1.6,
        "energies": [{"hkl": p([1, 0, -1, 0]), "energy": 1}, {"hkl": p([0, 0, 0, 1]), "energy": 1},
                     {"hkl": p([0, 0, 0, -1]), "energy": 1}],
    },
    "cuts": lambda p: {
        "kind": "sphere", "diameter_nm": 1.6, "cuts": [{"hkl": p([1, 0, -1, 1]), "offset_nm": 0.4}],
    },
    "parts": lambda p: {
        "kind": "intersection",
        "parts": [
            {"kind": "sphere", "diameter_nm": 1.6},
            {"kind": "platelet", "hkl": p([0, 1, -1, 0]), "diameter_nm": 9, "thickness_nm": 1.0},
        ],
    },
}  # fmt: skip


def three(hkil):
    return [hkil[0], hkil[1], hkil[3]]


@pytest.fixture
def zinc_oxide(tmp_path):
    (tmp_path / "ZnO.cif").write_text(KNOWN["ZnO"].cif_text(), encoding="utf-8")
    return {"file": str(tmp_path / "ZnO.cif")}


def shape_of(crystal, shape):
    return {"crystal": crystal, "shape": shape}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_four_indices_mean_the_three(shape, zinc_oxide, tmp_path):
    from epicarve.builder.cif import read_cif

    crystal = read_cif(tmp_path / "ZnO.cif")
    with_four, with_three = (
        parse_recipe(shape_of(zinc_oxide, shape(p))) for p in (lambda f: f, three)
    )
    centre = (0.1, 0.2, 0.3)
    regions = [r.shape.shape(crystal, centre) for r in (with_four, with_three)]
    points = crystal.positions_a @ [[3, 0, 0], [0, 2, 0], [0, 0, 1]] - 4.0
    here, there = (region.signed_distance_a(points).tolist() for region in regions)
    assert here == there
    # they are written as they were read, and read again
    write_recipe(with_four, tmp_path / "copy")
    assert "- -" in (tmp_path / "copy" / "recipe.yaml").read_text()
    again = read_recipe(tmp_path / "copy" / "recipe.yaml")
    assert again.as_dict()["shape"] == with_four.as_dict()["shape"]
    with pytest.raises(InputError, match=r"four indices .* belong to hexagonal axes"):
        build(parse_recipe(shape_of({"name": "CsPbCl3"}, shape(lambda f: f))))


@pytest.mark.parametrize(
    ("hkl", "said"),
    [
        ([1, 0, 0, 0], "its third index must be −(h + k) = -1"),
        ([1, 1, 1, 0], "its third index must be −(h + k) = -2"),
        ([0, 0, 0, 0], "no plane and no direction"),
        ([1, 0, -1, 0, 0], "or four of hexagonal axes"),
        ([1, 0, -1, 0.5], "integer"),
        ([1, 0, "-1", 0], "whole numbers"),
        ([10**30, 0, 0], "go up to 99"),
        ([1.5, 0, 0], "integer"),
        ([float("nan"), 0, 0], "go up to 99"),
    ],
)
def test_indices_that_mean_nothing(hkl, said, zinc_oxide):
    with pytest.raises(InputError) as error:
        parse_recipe(shape_of(zinc_oxide, {"kind": "hemisphere", "diameter_nm": 1.6, "hkl": hkl}))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_directions_with_four_indices_are_lattice_vectors(zinc_oxide):
    rod = {"kind": "rod", "diameter_nm": 1.2, "length_nm": 1.6}
    for four, same in (([2, -1, -1, 0], [3, 0, 0]), ([0, 0, 0, 1], [0, 0, 1])):
        recipe = parse_recipe(shape_of(zinc_oxide, {**rod, "direction": four}))
        assert list(recipe.shape.direction) == same
    with pytest.raises(InputError, match=r"its third index must be −\(u \+ v\) = -1"):
        parse_recipe(shape_of(zinc_oxide, {**rod, "direction": [1, 0, 0, 0]}))


def test_the_option_of_the_search_takes_four_where_they_are_right(zinc_oxide):
    arguments = ["interface", zinc_oxide["file"], "CsPbCl3", "--max-strain", "0.08", "-n", "1"]
    planes = ["--film-hkl", "1,0,-1,0", "--substrate-hkl", "1,0,0"]
    result = CliRunner().invoke(app, [*arguments, *planes])
    assert result.exit_code == 0, result.output
    assert "(100)" in result.output
    refused = CliRunner().invoke(app, [*arguments, "--substrate-hkl", "1,0,-1,0"])
    assert "CsPbCl3: four indices [1, 0, -1, 0] belong to hexagonal axes" in str(refused.exception)
    with pytest.raises(ValueError, match="third index"):
        SearchOptions(film_hkl=(1, 0, 0, 0))


def test_three_are_kept_as_they_are():
    options = SearchOptions(film_hkl=(1, 0, 0))
    assert options.film_hkl == (1, 0, 0)
    assert options.model_dump(mode="json")["film_hkl"] == [1, 0, 0]
    assert bundled_crystal("PbS").direction(options.film_hkl).tolist() == [1.0, 0.0, 0.0]
