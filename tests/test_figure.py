import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from epicarve.analysis.dos_figure import dos_figure
from epicarve.analysis.figure import write_figure
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.results import Analysis
from epicarve.dft.states import OrbitalStates
from epicarve.style import element_colours


def analysis(ipr_max=0.3, restricted=True, symbols=("Pb", "S", "Cl", "Cl")):
    weights = np.stack([np.full(4, 0.25), np.eye(4)[0], np.eye(4)[1], np.full(4, 0.25)], axis=1)
    energies_ev = np.array([-6.0, -5.0, -4.0, -3.0])
    occupations, spins = np.array([2.0, 2.0, 0.0, 0.0]), np.zeros(4, dtype=np.int8)
    if not restricted:
        energies_ev, occupations = np.tile(energies_ev, 2), np.tile(occupations / 2, 2)
        weights, spins = np.tile(weights, 2), np.repeat([0, 1], 4).astype(np.int8)
    states = OrbitalStates(energies_ev, occupations, weights, symbols, spins, restricted)
    return Analysis.of(states, AnalysisOptions(ipr_max=ipr_max))


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
    assert legend_texts(upper.get_legend()) == ["HOMO–LUMO gap"]
    below = figure.get_supxlabel().replace("\n", " ")
    assert below.startswith("No filtered gap: none of the 2 occupied states has an IPR of at most")
    assert below.endswith("The size-aware gap is 1.00 eV (N·IPR ≤ 11.3). Derived.")


def test_beta_states_point_down():
    lower = dos_figure(analysis(restricted=False)).axes[1]
    bottom, top = lower.get_ylim()
    assert bottom < 0 < top
    assert "β" in lower.get_ylabel()


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_states_give_the_same_bytes(tmp_path, suffix):
    for name in ("one", "two"):
        write_figure(dos_figure(analysis(), ("A note.",)), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_the_style_of_the_user_does_not_show(tmp_path, monkeypatch):
    write_figure(dos_figure(analysis()), tmp_path / "plain.png")
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "pink")
    monkeypatch.setitem(mpl.rcParams, "font.size", 20)
    write_figure(dos_figure(analysis()), tmp_path / "pink.png")
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "pink.png").read_bytes()


@pytest.mark.parametrize("ipr_max", [0.01, 0.3, 1.0])
def test_no_text_overlaps_another_or_leaves_the_figure(ipr_max):
    figure = dos_figure(analysis(ipr_max), ("A note that is long enough to be wrapped. " * 4,))
    figure.set_dpi(400)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    upper, lower = figure.axes
    shown = [
        *(t for axes in figure.axes for t in axes.texts if t.get_text()),
        *figure.legends,
        upper.get_legend(),
        lower.xaxis.label,
        upper.yaxis.label,
        lower.yaxis.label,
        *(t for t in figure.texts if t.get_text()),
    ]
    boxes = [item.get_window_extent(renderer) for item in shown]
    for i, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
        for other in boxes[:i]:
            assert not box.overlaps(other), (shown[i], box, other)
