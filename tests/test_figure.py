from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text
from synthetic import particle, states_of

from epicarve.analysis.analyse import figures
from epicarve.analysis.export import summarise
from epicarve.analysis.figures import (
    alignment_figure,
    dos_figure,
    scan_figure,
    trap_map_figure,
    write_figure,
)
from epicarve.analysis.options import AnalysisOptions, FigureOptions
from epicarve.analysis.states import Alignment, Analysis, DomainEdges
from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError
from epicarve.style import colours, element_colours, figure_style


def analysis(ipr_max=0.3, restricted=True, symbols=("Pb", "S", "Cl", "Cl"), n_ipr_max=11.3):
    weights = np.stack([np.full(4, 0.25), np.eye(4)[0], np.eye(4)[1], np.full(4, 0.25)], axis=1)
    energies_ev = np.array([-6.0, -5.0, -4.0, -3.0])
    occupations, spins = np.array([2.0, 2.0, 0.0, 0.0]), np.zeros(4, dtype=np.int8)
    if not restricted:
        energies_ev, occupations = np.tile(energies_ev, 2), np.tile(occupations / 2, 2)
        weights, spins = np.tile(weights, 2), np.repeat([0, 1], 4).astype(np.int8)
    states = OrbitalStates(energies_ev, occupations, weights, symbols, spins, restricted)
    return Analysis.of(states, AnalysisOptions(ipr_max=ipr_max, n_ipr_max=n_ipr_max))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def legend_texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_both_gaps_are_marked_and_labelled():
    upper, lower = (figure := dos_figure(analysis())).axes
    assert [text for text in texts(lower) if text] == ["1.00 eV", "3.00 eV"]
    assert legend_texts(upper.get_legend()) == ["trap-filtered gap", "HOMO–LUMO gap"]
    assert legend_texts(figure.legends[0]) == ["Pb", "S", "Cl", "kept", "trap"]
    shades = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in lower.patches]
    assert (-1.0, 2.0) in shades
    assert (0.0, 1.0) in shades


def test_kept_states_are_filled_and_traps_hollow():
    upper = dos_figure(analysis()).axes[0]
    kept, traps, threshold = upper.lines
    assert kept.get_xydata().tolist() == [[-1.0, 0.25], [2.0, 0.25]]
    assert traps.get_xydata().tolist() == [[0.0, 1.0], [1.0, 1.0]]
    assert kept.get_markerfacecolor() != "white" == traps.get_markerfacecolor()
    assert threshold.get_ydata()[0] == 0.3


def test_elements_have_their_colours():
    lower = dos_figure(analysis()).axes[1]
    drawn = [c for c in lower.collections if isinstance(c, PolyCollection)]
    expected = list(element_colours(("Pb", "S", "Cl")).values())
    assert [to_hex(c.get_facecolor()[0]) for c in drawn] == expected


def test_an_unknown_element_has_a_colour_of_its_own():
    shades = element_colours(("Pb", "Ca", "F", "S"))
    assert len(set(shades.values())) == 4
    assert shades["Pb"] == element_colours(("Pb",))["Pb"]


def test_a_gap_that_no_state_bounds_is_told_below():
    upper, lower = (figure := dos_figure(analysis(ipr_max=0.01), notes=("Derived.",))).axes
    assert [text for text in texts(lower) if text] == ["1.00 eV"]
    assert legend_texts(upper.get_legend()) == ["HOMO–LUMO gap, no traps at the edges"]
    below = figure.get_supxlabel().replace("\n", " ")
    assert below.startswith("No filtered gap: none of the 2 occupied states has an IPR of at most")
    assert below.endswith("Kept and trap are told by N·IPR ≤ 11.3 (size-aware). Derived.")


def test_where_the_fixed_filter_leaves_nothing_the_size_aware_one_is_drawn():
    upper, lower = dos_figure(analysis(ipr_max=0.01, n_ipr_max=2.0)).axes
    kept, traps, threshold = upper.lines
    assert kept.get_xydata().tolist() == [[-1.0, 0.25], [2.0, 0.25]]
    assert traps.get_xydata().tolist() == [[0.0, 1.0], [1.0, 1.0]]
    assert threshold.get_ydata()[0] == 0.5  # 2 / 4 atoms
    assert legend_texts(upper.get_legend()) == ["size-aware gap", "HOMO–LUMO gap"]
    assert [text for text in texts(lower) if text] == ["1.00 eV", "3.00 eV"]


def test_without_empty_states_the_fixed_filter_stays():
    states = OrbitalStates(
        np.array([-6.0, -5.0]), np.array([2.0, 2.0]), np.array([[0.5, 1.0], [0.5, 0.0]]), ("S", "S")
    )
    found = Analysis.of(states, AnalysisOptions(ipr_max=0.6))
    assert found.gap.delocalised is found.gap.filtered
    upper = dos_figure(found).axes[0]
    assert [len(line.get_xdata()) for line in upper.lines[:2]] == [1, 1]


def test_beta_states_point_down():
    lower = dos_figure(analysis(restricted=False)).axes[1]
    bottom, top = lower.get_ylim()
    assert bottom < 0 < top
    assert "β" in lower.get_ylabel()


def test_alpha_and_beta_states_have_marks_of_their_own():
    upper = (figure := dos_figure(analysis(restricted=False))).axes[0]
    marks = {line.get_marker(): len(line.get_xdata()) for line in upper.lines[:2]}
    assert marks == {"^": 2}
    assert [line.get_marker() for line in upper.lines[2:4]] == ["v", "v"]
    assert legend_texts(figure.legends[0])[-2:] == ["α", "β"]


def test_the_axis_ends_where_the_states_end():
    found = analysis()
    assert found.window_ev == pytest.approx((-6.3, -2.7))  # three times the broadening beyond


def test_each_domain_has_a_panel_of_its_own():
    model = particle()
    found = Analysis.of(states_of(model), AnalysisOptions(ipr_max=0.1), model)
    upper, film, substrate = dos_figure(found).axes
    assert [texts(axes)[0] for axes in (film, substrate)] == ["PbS", "CsPbCl$_{3}$"]
    drawn = [
        len([c for c in a.collections if isinstance(c, PolyCollection)]) for a in (film, substrate)
    ]
    assert drawn == [2, 2]  # Pb and S, Pb and Cl
    assert upper.get_xlim() == film.get_xlim() == substrate.get_xlim()
    total = sum(axes.lines[0].get_ydata() for axes in (film, substrate))
    dos = found.densities[0]
    shown = (dos.grid_ev >= found.window_ev[0]) & (dos.grid_ev <= found.window_ev[1])
    np.testing.assert_allclose(total, dos.total[0, shown], atol=1e-9)


def test_the_scan_is_a_step_function_of_the_threshold():
    found = analysis()
    upper, lower = scan_figure(found).axes
    curve = upper.lines[0]
    assert curve.get_drawstyle() == "steps-post"
    assert curve.get_xydata().tolist() == [[0.25, 3.0], [1.0, 1.0], [1.0, 1.0]]
    assert [line.get_ydata()[:1] for line in lower.lines[:2]] == [[1], [1]]
    marked = [line.get_xdata()[0] for line in upper.lines[1:]]
    assert marked == [0.3, 11.3 / 4, 6.0 / 4, 20.0 / 4]  # the ends of the band last


def test_a_scan_without_any_gap_is_drawn():
    states = analysis().states
    full = replace(states, occupations=np.full(4, 2.0))
    upper, _ = scan_figure(Analysis.of(full, AnalysisOptions())).axes
    assert np.isnan(upper.lines[0].get_ydata()).all()


def aligned(offset_ev, ipr_max=0.1):
    """Two domains with two states each, the second ones lower in energy by an offset."""
    model = particle()
    of_domain = np.stack([model.domains == name for name in model.domain_names], axis=1)
    weights = np.tile(of_domain / of_domain.sum(axis=0), 2)
    energies_ev = np.array([-5.0, -5.0 - offset_ev, -2.0, -2.0 - offset_ev])
    order = np.argsort(energies_ev, kind="stable")
    states = OrbitalStates(
        energies_ev=energies_ev[order],
        occupations=np.array([2.0, 2.0, 0.0, 0.0]),
        weights=weights[:, order],
        symbols=tuple(model.symbols.tolist()),
    )
    return Analysis.of(states, AnalysisOptions(ipr_max=ipr_max), model)


def test_alignment_names_type_edges_and_offsets():
    figure = alignment_figure(aligned(0.4))
    (axes,) = figure.axes
    assert axes.get_title() == "Type II alignment (in 9 of 9 variants)"
    notes = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "By 3 of 12 variants a domain lacks an edge." in notes
    assert [text for text in texts(axes) if text] == [
        "0.00", "3.00", "−0.40", "2.60",
        "Δ$E_\\mathrm{v}$ 0.40 eV", "Δ$E_\\mathrm{c}$ 0.40 eV",
    ]  # fmt: skip
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks == ["PbS\ngap 3.00 eV", "CsPbCl$_{3}$\ngap 3.00 eV"]


def test_small_offsets_are_quasi_type_ii_and_need_no_arrow():
    (axes,) = alignment_figure(aligned(0.02)).axes
    assert axes.get_title().startswith("Quasi-type-II alignment (in ")
    assert not [text for text in axes.texts if getattr(text, "arrow_patch", None)]


def test_a_missing_edge_is_told():
    model = particle()
    found = Analysis.of(states_of(model, n_states=6), AnalysisOptions(ipr_max=0.1), model)
    missing = replace(
        found,
        edges={**found.edges, "CsPbCl3": DomainEdges(None, None)},
        alignment=Alignment(reason="CsPbCl3 has no delocalised state"),
    )
    figure = alignment_figure(missing)
    assert "no delocalised\nempty state" in texts(figure.axes[0])
    assert "no gap" in figure.axes[0].get_xticklabels()[1].get_text()
    assert "CsPbCl$_{3}$ has no delocalised state" in figure.get_supxlabel().replace("\n", " ")


def test_ions_of_the_trap_map_have_the_colour_of_their_summed_weight():
    model = particle()
    found = Analysis.of(states_of(model), AnalysisOptions(ipr_max=0.1), model)
    valence, conduction, _ = trap_map_figure(found).axes
    assert (valence.get_title(), conduction.get_title()) == ("2 valence traps", "1 conduction trap")
    summed = found.states.weights[:, [28, 29]].sum(axis=1)
    shades = valence.collections[0].get_facecolor()[:, :3]
    scale = [to_rgb(shade) for shade in colours()["weights"]]
    assert tuple(shades[-1]) == pytest.approx(scale[-1])  # the largest lies on top
    ends = np.array([0.0, summed.max()])
    drawn = np.sort(shades[:, 1])[::-1]  # the darker, the less green
    knots = np.linspace(*ends, len(scale))
    expected = np.interp(np.sort(summed), knots, [rgb[1] for rgb in scale])
    np.testing.assert_allclose(drawn, expected, atol=0.02)


def test_rims_of_the_trap_map_tell_elements_and_a_side_without_traps_has_no_panel():
    model = particle()
    states = states_of(model)
    found = Analysis.of(states, AnalysisOptions(ipr_max=0.1), positions_a=model.positions_a)
    figure = trap_map_figure(found)
    elements = colours()["elements"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Pb", "S", "Cl"]
    discs = figure.axes[0].collections[0]
    rims, widths = discs.get_edgecolor()[:, :3], discs.get_widths()
    for symbol, width in (("Pb", 2.3), ("S", 2.9)):
        mine = np.isclose(rims, to_rgb(elements[symbol])).all(axis=1)
        assert mine.sum() == states.symbols.count(symbol)
        np.testing.assert_allclose(np.asarray(widths)[mine], width)
    weights = states.weights.copy()
    weights[:, 30] = 1.0 / model.n_atoms  # the conduction trap is spread out
    alone = Analysis.of(replace(states, weights=weights), AnalysisOptions(ipr_max=0.1), model)
    valence, _ = trap_map_figure(alone).axes
    assert valence.get_title() == "2 valence traps"


def test_a_trap_map_needs_a_model():
    with pytest.raises(InputError, match="give a model"):
        trap_map_figure(analysis())


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_states_give_the_same_bytes(tmp_path, suffix):
    model = particle()
    found = Analysis.of(states_of(model), AnalysisOptions(ipr_max=0.1), model)
    for name in ("one", "two"):
        write_figure(dos_figure(found, ("A note.",)), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_the_style_of_the_user_does_not_show(tmp_path, monkeypatch):
    write_figure(dos_figure(analysis()), tmp_path / "plain.png")
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "pink")
    monkeypatch.setitem(mpl.rcParams, "font.size", 20)
    write_figure(dos_figure(analysis()), tmp_path / "pink.png")
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "pink.png").read_bytes()


def shown_texts(figure):
    """All that is written in a figure, drawn, with the boxes it takes up in pixels."""
    canvas = FigureCanvasAgg(figure)
    with figure_style():
        canvas.draw()
    renderer = canvas.get_renderer()
    items = [*figure.legends, *figure.texts]
    for axes in figure.axes:
        items += [*axes.texts, axes.title, axes.get_legend(), axes.xaxis.label, axes.yaxis.label]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            items += [
                tick.label1
                for tick in axis.get_major_ticks()
                if low <= tick.get_loc() <= high and tick.label1.get_visible() and axes.axison
            ]
    for item in items:
        if item is None or (isinstance(item, Text) and not item.get_text()):
            continue  # an arrow, or nothing at all
        kind = Text if isinstance(item, Text) else type(item)  # an annotation's box has its arrow
        yield item, kind.get_window_extent(item, renderer)


def assert_readable(figure):
    """No text overlaps another, leaves the figure or is smaller than 7 points."""
    shown = list(shown_texts(figure))
    assert len(shown) >= 5
    for i, (item, box) in enumerate(shown):
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, item
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, item
        if isinstance(item, Text):
            assert item.get_fontsize() >= 7.0, item
        for other, other_box in shown[:i]:
            assert not box.overlaps(other_box), (item, box, other, other_box)


@pytest.mark.parametrize("ipr_max", [0.01, 0.3, 1.0])
def test_no_text_of_the_density_of_states_overlaps(ipr_max):
    assert_readable(
        dos_figure(analysis(ipr_max), ("A note that is long enough to be wrapped. " * 4,))
    )


@pytest.mark.parametrize("restricted", [True, False])
def test_no_text_of_overlap_populations_overlaps(restricted):
    model = particle()
    states = states_of(model, restricted=restricted)
    groups = ("PbS:Pb", "PbS:S", "CsPbCl3:Pb", "CsPbCl3:Cl")
    pairs = tuple((first, second) for i, first in enumerate(groups) for second in groups[:i])
    populations = np.random.default_rng(0).normal(size=(len(pairs), states.n_states))
    states = replace(states, pairs=pairs, overlap_populations=populations)
    found = Analysis.of(states, AnalysisOptions(ipr_max=0.1), model)
    assert_readable(dos_figure(found, ("A note.",)))


@pytest.mark.parametrize(
    ("width", "ipr_max", "radius_a", "restricted"),
    [("single", 0.1, 5.0, True), ("double", 0.01, 9.0, False)],
)
def test_no_text_of_any_figure_overlaps(width, ipr_max, radius_a, restricted):
    options = AnalysisOptions(ipr_max=ipr_max, figures=FigureOptions(width=width))
    model = particle(radius_a)
    found = Analysis.of(states_of(model, restricted=restricted), options, model)
    drawn = figures(replace(found, notes=("WWWWW WWWWWWWW " * 9,)))
    assert set(drawn) == {"dos", "scan", "alignment", "profile", "trap-map"}
    for figure in drawn.values():
        assert_readable(figure)


@pytest.mark.parametrize("offset_ev", [-1.5, 0.0, 0.02, 2.5])
def test_no_text_of_an_alignment_overlaps(offset_ev):
    assert_readable(alignment_figure(aligned(offset_ev)))


def test_a_note_is_broken_between_words_at_the_width_of_the_figure():
    figure = scan_figure(analysis(), ("Derived from a relative, not measured. " * 3,))
    lines = figure.get_supxlabel().split("\n")
    assert len(lines) > 1
    assert " ".join(lines) == ("Derived from a relative, not measured. " * 3).strip()


def test_a_homo_without_empty_states_lies_inside_the_axis():
    states = OrbitalStates(
        np.array([-6.0, -5.0]), np.array([2.0, 2.0]), np.full((2, 2), 0.5), ("Pb", "S")
    )
    assert Analysis.of(states, AnalysisOptions()).window_ev[1] == pytest.approx(-4.7)


def test_a_lumo_below_the_homo_is_no_gap():
    found = analysis(restricted=False)
    flipped = replace(found.states, occupations=np.array([1.0, 1, 1, 0, 1, 0, 0, 0]))
    found = Analysis.of(flipped, AnalysisOptions(ipr_max=1.0))
    assert found.gap.homo_lumo_gap_ev < 0.0
    upper, lower = dos_figure(found).axes
    assert not lower.patches
    assert upper.get_legend() is None or not legend_texts(upper.get_legend())
    assert scan_figure(found).axes[0].get_ylim()[0] < found.gap.homo_lumo_gap_ev
    message = next(c["message"] for c in summarise(found)["checks"] if c["name"] == "metallic")
    assert "below the HOMO" in message
