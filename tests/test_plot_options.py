"""Each option of figures, held to what is drawn, in Python, in recipes and on the command line."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_hex
from synthetic import particle, states_of
from typer.testing import CliRunner

import epicarve as ec
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.cli.figure_options import HELP
from epicarve.cli.main import app
from epicarve.dft.states import OrbitalStates
from epicarve.style import colours
from epicarve.workflow.recipes import parse_recipe

MODEL = particle()


def found(**figures):
    """States on two domains, with angular momenta and labels."""
    states = states_of(MODEL)
    symbols = np.array(states.symbols)
    names = tuple(f"{s}:{m}" for s in ("Pb", "S", "Cl") for m in "sp")
    rows = [
        share * states.weights[symbols == s].sum(axis=0)
        for s in ("Pb", "S", "Cl")
        for share in (0.25, 0.75)
    ]
    states = OrbitalStates(
        states.energies_ev,
        states.occupations,
        states.weights,
        states.symbols,
        orbital_names=names,
        orbital_weights=np.array(rows),
    )
    options = AnalysisOptions(ipr_max=0.1, group_by="half", figures=figures)
    labels = ["a" if i % 2 else "b" for i in range(MODEL.n_atoms)]
    return Analysis.of(states, options, MODEL, labels, notes=("A note of CsPbCl3.",))


@pytest.fixture(scope="module")
def analysis():
    return found()


def areas(axes):
    return {
        area.get_label(): area
        for area in axes.collections
        if isinstance(area, FillBetweenPolyCollection)
    }


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def size_mm(figure):
    return (25.4 * figure.get_size_inches()).round(2).tolist()


def test_size_in_millimetres(analysis):
    assert size_mm(analysis.plot(width_mm=120, height_mm=90)) == [120.0, 90.0]
    assert size_mm(analysis.plot(width="double"))[0] == pytest.approx(170, abs=0.1)
    assert size_mm(analysis.plot("scan", width_mm=60))[0] == 60.0


def test_font_and_its_size(analysis):
    figure = analysis.plot(font="DejaVu Serif", font_size_pt=9)
    label = figure.axes[-1].xaxis.label
    assert label.get_fontname() == "DejaVu Serif"
    assert label.get_fontsize() == 9.5
    assert figure.axes[-1].get_xticklabels()[0].get_fontsize() == 9.0
    assert figure.legends[0].get_texts()[0].get_fontsize() == 9.0
    assert figure._supxlabel.get_fontsize() == 9.0
    with pytest.raises(ec.InputError, match="no font 'Comic Sands' on this machine"):
        analysis.plot(font="Comic Sands")


def test_palette_and_own_colours(analysis):
    density = analysis.plot(palette="safe", colours={"S": "#123456"}).axes[1]
    shades = {name: to_hex(area.get_facecolor()[0]) for name, area in areas(density).items()}
    assert shades["S"] == "#123456"
    assert shades["Pb"] == colours("safe")["elements"]["Pb"]
    with pytest.raises(ec.InputError, match="'nocolour' of S is no colour"):
        analysis.plot(colours={"S": "nocolour"})


def test_an_element_keeps_its_colour_in_other_company():
    for symbols in (("Zn", "O"), ("Cd", "Zn", "Te", "O")):
        weights = np.full((len(symbols), 2), 1.0 / len(symbols))
        states = OrbitalStates(np.array([-6.0, -3.0]), np.array([2.0, 0.0]), weights, symbols)
        density = ec.analyse(states, ipr_max=1.0).plot().axes[1]
        shades = {name: to_hex(area.get_facecolor()[0]) for name, area in areas(density).items()}
        assert shades["Zn"] == colours()["elements"]["Zn"]


def test_title_caption_and_legend(analysis):
    figure = analysis.plot(title="Fig. 1 of CsPbCl3")
    assert "Fig. 1 of CsPbCl$_{3}$" in [text.get_text() for text in figure.texts]
    assert figure.get_supxlabel() == "A note of CsPbCl$_{3}$."
    bare = analysis.plot(caption=False, legend=False)
    assert bare.get_supxlabel() == ""
    assert not bare.legends and not any(axes.get_legend() for axes in bare.axes)


def test_window_and_zero(analysis):
    figure = analysis.plot(window_ev=(-2, 2.5), zero="middle")
    assert all(axes.get_xlim() == pytest.approx((-2.0, 2.5)) for axes in figure.axes)
    assert figure.axes[-1].get_xlabel() == "Energy − mid-gap (eV)"
    curve = figure.axes[1].lines[0].get_xdata()
    assert -2.001 < curve.min() < curve.max() < 2.501
    (profile, _) = analysis.plot("profile", window_ev=(-1, 1)).axes
    assert profile.get_ylim() == pytest.approx((-1.0, 1.0))
    with pytest.raises(ec.InputError, match="the first energy must be the lower one"):
        analysis.plot(window_ev=(1, -1))


def test_panels_in_and_out(analysis):
    assert [axes.get_ylabel() for axes in analysis.plot(panels=["ipr"]).axes] == ["IPR"]
    assert "IPR" not in [axes.get_ylabel() for axes in analysis.plot(panels=["dos"]).axes]
    assert [axes.get_ylabel()[:3] for axes in analysis.plot(panels=["dos", "ipr"]).axes] == [
        "DOS", "DOS", "IPR",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("groups", "names"),
    [
        ("orbital", ["Pb:s", "Pb:p", "S:s", "S:p", "Cl:s", "Cl:p"]),
        ("domain", ["PbS", "CsPbCl$_{3}$"]),
        ("domain-element", ["PbS:Pb", "PbS:S", "CsPbCl$_{3}$:Pb", "CsPbCl$_{3}$:Cl"]),
        ("half", ["a", "b"]),
    ],
)
def test_groups(analysis, groups, names):
    figure = analysis.plot(groups=groups)
    assert set(legend(figure)[: len(names)]) == set(names)
    drawn = areas(figure.axes[1])
    assert len(drawn) == len(names)
    top = max(area.get_paths()[0].vertices[:, 1].max() for area in drawn.values())
    assert top == pytest.approx(figure.axes[1].lines[0].get_ydata().max())


def test_groups_that_are_not_there_are_told(analysis):
    with pytest.raises(ec.InputError, match="not shared out by 'shells'; did you mean shell"):
        analysis.plot(groups="shells")


def test_broadening(analysis):
    density = analysis.plot(broadening_ev=0.3, groups="domain").axes[1]
    expected = analysis.spectrum.density("domain", 0.3).within(*analysis.window_ev)
    np.testing.assert_allclose(density.lines[0].get_ydata(), expected.total[0])
    sharp = analysis.plot(groups="domain").axes[1].lines[0].get_ydata().max()
    assert expected.total.max() < sharp


@pytest.mark.parametrize("filled", [True, False])
@pytest.mark.parametrize("stacked", [True, False])
def test_areas_or_lines_stacked_or_not(analysis, filled, stacked):
    axes = analysis.plot(filled=filled, stacked=stacked, groups="domain").axes[1]
    dos = analysis.spectrum.density("domain").within(*analysis.window_ev)
    assert len(areas(axes)) == (2 if filled else 0)
    lines = [line for line in axes.lines if line.get_color() != "black"]
    assert len(lines) == (0 if filled and stacked else 2)
    second = dos.density[0].cumsum(axis=0)[1] if stacked else dos.density[0][1]
    if lines:
        np.testing.assert_allclose(lines[1].get_ydata(), second)
    else:
        highest = list(areas(axes).values())[1].get_paths()[0].vertices[:, 1].max()
        assert highest == pytest.approx(second.max())


def test_a_style_file_of_the_user_is_laid_over(analysis, tmp_path):
    style = tmp_path / "own.mplstyle"
    style.write_text("axes.linewidth: 2.5\nfont.size: 11\n")
    figure = analysis.plot(style=style, font_size_pt=8)
    assert figure.axes[0].spines["left"].get_linewidth() == 2.5
    assert figure._supxlabel.get_fontsize() == 8.0
    with pytest.raises(ec.InputError, match="no such style file"):
        analysis.plot(style=tmp_path / "none.mplstyle")


@pytest.mark.parametrize(
    ("name", "n_panels"),
    [("dos", 3), ("scan", 2), ("alignment", 1), ("profile", 1), ("trap-map", 2)],
)
def test_axes_that_exist_are_drawn_into(analysis, name, n_panels):
    figure, axes = plt.subplots(n_panels)
    before = figure.get_size_inches().tolist()
    given = axes if n_panels > 1 else [axes]
    assert analysis.plot(name, ax=given) is figure
    assert all(each.lines or each.collections for each in given)
    assert figure.get_size_inches().tolist() == before
    with pytest.raises(ec.InputError, match=f"there are {n_panels + 1} axes for {n_panels} panels"):
        analysis.plot(name, ax=[*given, given[0]])
    plt.close(figure)


def test_one_axes_takes_the_density(analysis):
    figure, (axes, other) = plt.subplots(1, 2)
    analysis.plot(ax=axes, groups="domain", legend=False)
    assert len(areas(axes)) == 2 and axes.get_legend() is None
    assert not other.has_data()
    plt.close(figure)


def test_text_stays_text_in_svg_and_fonts_are_embedded_in_pdf(analysis, tmp_path):
    figure = analysis.plot(title="Title of words")
    figure.savefig(tmp_path / "x.svg")
    figure.savefig(tmp_path / "x.pdf")
    svg = (tmp_path / "x.svg").read_text()
    for words in ("Title of words", "Energy − HOMO (eV)", "trap-filtered gap"):
        assert re.search(rf"<text[^>]*>{re.escape(words)}</text>", svg), words
    pdf = (tmp_path / "x.pdf").read_bytes()
    assert b"/FontFile2" in pdf and b"/Type3" not in pdf


def test_formulas_have_subscripts_everywhere(analysis):
    figures = [analysis.plot(name) for name in ("dos", "alignment", "profile")]
    figures.append(ec.plot(analysis, labels=["CsPbCl3"]))
    for figure in figures:
        words = [text.get_text() for text in figure.findobj(plt.Text)]
        assert any("CsPbCl$_{3}$" in word for word in words)
        assert not any("CsPbCl3" in word for word in words)


def test_recipes_take_every_option():
    look = {"width_mm": 120, "groups": "orbital", "colours": {"Pb": "black"}, "zero": "edge"}
    recipe = parse_recipe(
        {
            "crystal": {"name": "PbS"},
            "shape": {"kind": "sphere", "diameter_nm": 2},
            "analysis": {"figures": look},
        }
    )
    for key, value in look.items():
        assert getattr(recipe.analysis.figures, key) == value


def test_the_command_line_has_every_option():
    assert set(HELP) == set(ec.FigureOptions.model_fields)
    for command in ("analyse", "plot", "structure"):
        told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
        for option in (
            "--width-mm",
            "--font-size",
            "--palette",
            "--style",
            "--title",
            "--no-legend",
        ):
            assert option in told, (command, option)


def test_options_of_the_command_line_reach_the_figure(tmp_path):
    found().write(tmp_path / "one")
    arguments = [
        *("plot", str(tmp_path / "one"), "-o", str(tmp_path / "x.svg"), "--title", "Words"),
        *("--groups", "domain", "--colour", "PbS=#abcdef", "--window", "-2,2", "--no-filled"),
        *("--panels", "dos", "--width-mm", "100", "--broadening", "0.2", "--no-caption"),
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    svg = (tmp_path / "x.svg").read_text()
    assert ">Words</text>" in svg and "#abcdef" in svg and ">IPR<" not in svg
    assert f'width="{100 / 25.4 * 72:.6f}'[:12] in svg
    for wrong in (["--window", "a"], ["--colour", "red"]):
        with pytest.raises(ec.InputError, match=wrong[0]):
            CliRunner().invoke(app, [*arguments, *wrong], catch_exceptions=False)
