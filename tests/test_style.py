"""Colours told apart by the model of colour vision of Machado et al., IEEE TVCG 2009, 15, 1291."""

import re
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from ase.data import chemical_symbols
from colorspacious import cspace_convert
from matplotlib.colors import to_rgb

from epicarve.builder.library import bundled_crystal, bundled_names
from epicarve.errors import InputError
from epicarve.style import colours, element_colours, figure_style

VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
STUDY = ("Pb", "S", "Cl", "Cs", "Br", "I")
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour, vision):
    """CIE L*a*b* of a colour as someone sees it (D65)."""
    c = np.array(to_rgb(colour))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    x, y, z = TO_XYZ @ np.clip(VISION[vision] @ linear, 0, 1) / (0.9505, 1.0, 1.089)
    f = [np.cbrt(v) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def closest(palette, vision):
    """Least distance (CIE 1976) between the colours of the study's elements and of the IPR."""
    elements = colours(palette)["elements"]
    shades = [*(elements[name] for name in STUDY), colours(palette)["ipr"]]
    seen = [lab(shade, vision) for shade in shades]
    return min(np.linalg.norm(a - b) for a, b in combinations(seen, 2))


@pytest.mark.parametrize("vision", VISION)
def test_safe_colours_are_told_apart_with_any_colour_vision(vision):
    assert closest("safe", vision) > 30.0


def test_the_measure_finds_the_clash_in_the_colours_of_the_study():
    assert closest("study", "usual") > 30.0
    assert closest("study", "deuteranopia") < 10.0


@pytest.mark.parametrize("vision", VISION)
def test_weights_go_from_light_to_dark(vision):
    lightness = [lab(shade, vision)[0] for shade in colours("safe")["weights"]]
    assert all(np.diff(lightness) < -4.0)


def test_both_palettes_name_the_same_things():
    assert set(colours("study")) == set(colours("safe"))
    assert set(colours("study")["elements"]) == set(colours("safe")["elements"])


def test_groups_without_a_colour_of_their_own_share_the_others_in_turn():
    others = colours("safe")["others"]
    names = [f"group {k}" for k in range(len(others) + 1)]
    given = element_colours(["Pb", *names], "safe")
    assert given["Pb"] == colours("safe")["elements"]["Pb"]
    assert [given[name] for name in names] == [*others, others[0]]


@pytest.mark.parametrize(("width", "millimetres"), [("single", 85), ("double", 170)])
def test_figures_are_as_wide_as_columns_and_no_letter_is_too_small(width, millimetres):
    with figure_style(width):
        assert mpl.rcParams["figure.figsize"][0] * 25.4 == pytest.approx(millimetres, abs=0.1)
        sizes = [mpl.rcParams[f"{name}.labelsize"] for name in ("axes", "xtick", "ytick")]
        assert min(*sizes, mpl.rcParams["legend.fontsize"], mpl.rcParams["font.size"]) >= 7.0


COMPOUNDS = """
    GaAs InP CdSe CdS CdTe ZnS ZnSe ZnTe ZnO HgTe PbSe PbTe SiC GaN AlN InN InAs InSb GaP GaSb AlAs
    CuInS2 CuInSe2 CuGaSe2 AgInS2 AgBiS2 Cu2ZnSnS4 CsPbI3 Cs2AgBiBr6 Bi2Te3 Sb2Se3 SnS TiO2 Cu2O
    FeS2 MoS2 WSe2 SrTiO3
""".split()
LEAST = {"study": 10.0, "safe": 15.0}
"""Least distances in CAM02-UCS; in the study's colours Cl and Cs are 10.6 apart in tritanopia."""


def pairs_that_meet():
    """Pairs of elements in a bundled crystal or in one of the common semiconductors."""
    found = {tuple(sorted(pair)) for name in bundled_names() for pair in
             combinations(set(bundled_crystal(name).atoms.symbols.tolist()), 2)}  # fmt: skip
    for compound in COMPOUNDS:
        found |= {tuple(sorted(p)) for p in combinations(re.findall("[A-Z][a-z]?", compound), 2)}
    return sorted(found)


@pytest.mark.parametrize("kind", [None, "protanomaly", "deuteranomaly", "tritanomaly"])
@pytest.mark.parametrize("palette", LEAST)
def test_elements_that_meet_in_a_crystal_are_told_apart(palette, kind):
    elements = colours(palette)["elements"]

    def place(symbol):
        rgb = np.array(to_rgb(elements[symbol]))
        if kind is not None:
            space = {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}
            rgb = np.clip(cspace_convert(rgb, space, "sRGB1"), 0.0, 1.0)
        return cspace_convert(rgb, "sRGB1", "CAM02-UCS")

    assert len(COMPOUNDS) >= 30
    apart = {pair: np.linalg.norm(place(pair[0]) - place(pair[1])) for pair in pairs_that_meet()}
    assert min(apart.values()) >= LEAST[palette], min(apart, key=apart.get)


@pytest.mark.parametrize("palette", LEAST)
def test_every_element_from_hydrogen_to_lawrencium_has_a_colour_of_its_own(palette):
    elements = colours(palette)["elements"]
    assert list(elements) == chemical_symbols[1:104]
    assert len(set(elements.values())) == 103
    alone = {symbol: element_colours([symbol], palette)[symbol] for symbol in elements}
    assert element_colours([*elements][::-1], palette) == alone == elements


def test_orbitals_are_tints_of_their_element_and_own_colours_count_first():
    found = element_colours(["Pb:s", "Pb:p", "Pb:d", "a:Pb", "b:Pb"], own={"Pb:d": "red"})
    assert found["Pb:p"] == found["a:Pb"] == colours()["elements"]["Pb"]
    assert found["Pb:s"] == found["b:Pb"] != found["Pb:p"]
    assert found["Pb:d"] == "red"


def test_a_style_file_that_matplotlib_cannot_use_is_told(tmp_path):
    with pytest.raises(InputError, match="no such style file"), figure_style(own=tmp_path / "x"):
        pass
    wrong = tmp_path / "wrong.mplstyle"
    wrong.write_text("axes.linewidth: thick\n")
    with pytest.raises(InputError, match="give a style file"), figure_style(own=wrong):
        pass
