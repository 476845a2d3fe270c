"""The report in a browser, offline: what a reader clicks, and what follows."""

import numpy as np
import pytest
from browser import browser
from matplotlib.colors import LinearSegmentedColormap
from PIL import Image
from synthetic import particle, states_of

from epicarve.analysis.export import summarise
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.report import report_html
from epicarve.analysis.states import Analysis, trap_filter
from epicarve.style import colours

pytestmark = pytest.mark.chromium

ELEMENTS = colours("safe")["elements"]
CLICKED = 299  # the HOMO, a trap
PIXELS = "document.getElementById('model').toDataURL()"
PLOTTED = "document.getElementById('dos').toDataURL()"
PLACE = """(() => {{
  const box = plot.canvas.getBoundingClientRect(), [x, y] = plot.placeOf({state});
  return [box.left + x, box.top + y];
}})()"""
MARK = """(() => {{
  const [x, y] = plot.placeOf({state}), ratio = plot.canvas.width / plot.canvas.clientWidth;
  return [...plot.context.getImageData(x * ratio, y * ratio, 1, 1).data.slice(0, 3)];
}})()"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def found(folder):
    """Analyses by the name of their report."""
    big, small = particle(21.0), particle()
    made = {
        "study": Analysis.of(states_of(big, n_states=600), AnalysisOptions(), big),
        "unrestricted": Analysis.of(
            states_of(small, restricted=False), AnalysisOptions(ipr_max=0.1), small
        ),
        "small": Analysis.of(states_of(small), AnalysisOptions(ipr_max=0.01), small),
        "noted": Analysis.of(
            states_of(small),
            AnalysisOptions(ipr_max=0.1),
            small,
            notes=("Computed crystal: Pb3S2Cl2.", "GFN1-xTB moves the ions."),
        ),
        "bare": Analysis.of(states_of(small), AnalysisOptions(ipr_max=0.01, n_ipr_max=1.0)),
    }
    for name, analysis in made.items():
        page = report_html(analysis, summarise(analysis), analysis.notes)
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def window():
    with browser() as page:
        yield page


@pytest.fixture
def study(window, folder, found):
    """The report of the study's size, loaded once, as it was when it was loaded."""
    if window.run("location.pathname") != str(folder / "study.html"):
        return opened(window, folder, "study")
    window.run("select(null); setThreshold(DATA.ipr_max); particle.look('side')")
    window.settle()
    return window


def opened(window, folder, name, fragment=""):
    window.complaints.clear()
    window.requests.clear()
    window.open(folder / f"{name}.html", fragment)
    window.settle()
    return window


def assert_quiet(page, path):
    """Nothing was complained of, and nothing but the page itself was asked for."""
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("about:")] == [path.as_uri()]


def test_a_click_on_a_state_colours_the_ions_by_its_weights(study, found, folder, tmp_path):
    before = study.run(PIXELS)
    assert study.run("chosen") is None
    study.click(*study.run(PLACE.format(state=CLICKED)))
    assert study.run("chosen") == CLICKED
    assert study.run("location.hash") == f"#state={CLICKED + 1}"
    assert study.run(PIXELS) != before
    analysis = found["study"]
    weights = analysis.states.weights[:, CLICKED]
    scale = LinearSegmentedColormap.from_list("weights", colours("safe")["weights"], N=64)
    expected = 255 * scale(weights / weights.max())[:, :3]
    drawn = np.array(study.run("Array.from(particle.weights, (_, i) => particle.colourOf(i))"))
    assert np.abs(drawn - expected).max() <= 14  # neighbouring ones of the 64 colours
    told = study.run("document.getElementById('state').innerText")
    assert f"State {CLICKED + 1}" in told
    assert f"{analysis.localization.ipr[CLICKED]:.4f}" in told
    assert f"{analysis.localization.n_eff[CLICKED]:.1f} of {analysis.states.n_atoms} ions" in told
    assert "trap" in told
    heaviest = int(np.argmax(weights))
    assert f"{analysis.states.symbols[heaviest]} {heaviest + 1}" in told
    assert f"{100 * weights.max():.1f} %" in told
    study.screenshot(tmp_path / "report.png")
    with Image.open(tmp_path / "report.png") as picture:
        assert picture.size == (1360, 1000)
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 500
    assert_quiet(study, folder / "study.html")


def test_the_heaviest_ion_is_the_darkest_on_the_canvas(study):
    study.run(f"select({CLICKED})")
    red, green, blue = study.run("""(() => {
      const i = particle.weights.indexOf(255);
      particle.draw();
      const x = canvas.width / 2 + particle.seen[3 * i] * particle.pixels;
      const y = canvas.height / 2 - particle.seen[3 * i + 1] * particle.pixels;
      return [...particle.context.getImageData(x, y, 1, 1).data.slice(0, 3)];
    })()""")
    plain = study.run("""(() => {
      select(null);
      const i = particle.order.at(-1);
      return particle.colourOf(i);
    })()""")
    assert red > 1.5 * max(green, blue)  # the dark red end of the scale
    assert plain in [[int(hexed[k : k + 2], 16) for k in (1, 3, 5)] for hexed in ELEMENTS.values()]


def test_the_threshold_moves_the_gap_by_the_rule_of_the_analysis(study, found):
    analysis = found["study"]
    states, ipr = analysis.states, analysis.localization.ipr
    exact = np.sort(ipr)[[0, 5, -30, -3, -2, -1]]
    limits = [*np.geomspace(1e-4, 1.0, 40), *exact, *np.nextafter(exact, 0.0)]
    for limit in map(float, limits):
        expected = trap_filter(states.energies_ev, states.is_occupied, ipr, limit)
        assert study.run(f"gapAt({limit!r})") == {
            name: getattr(expected, name)
            for name in (
                "valence_edge_ev",
                "conduction_edge_ev",
                "gap_ev",
                "n_valence_traps",
                "n_conduction_traps",
            )
        }


def test_the_slider_moves_marks_and_tables(study, found):
    analysis = found["study"]
    assert f"gap {analysis.gap.filtered.gap_ev:.3f} eV" in study.run("element('gap').textContent")
    n_traps = int((~analysis.gap.filtered.kept).sum())
    rows = "document.querySelectorAll('#states tr.trap').length"
    assert study.run(rows) == n_traps == 3
    assert study.run(MARK.format(state=CLICKED)) == [255, 255, 255]  # hollow
    study.run("element('threshold').value = 1000")
    study.run("element('threshold').dispatchEvent(new Event('input'))")
    study.settle()
    assert study.run("limit") == 1.0
    assert study.run(rows) == 0
    red = colours("safe")["ipr"]
    assert study.run(MARK.format(state=CLICKED)) == [int(red[k : k + 2], 16) for k in (1, 3, 5)]
    plain = analysis.gap.homo_lumo_gap_ev
    assert study.run("element('gap').textContent").startswith(f"gap {plain:.3f} eV (0 valence")
    study.run("element('reset').click()")
    assert study.run("limit") == 0.03


def test_a_range_of_energies_is_zoomed_into(study):
    left, top, height = study.run(
        "(box => [box.left, box.top, box.height])(plot.canvas.getBoundingClientRect())"
    )
    before, home = study.run(PLOTTED), study.run("plot.view")
    ends = study.run("[plot.energyAt(200), plot.energyAt(400)]")
    study.drag((left + 400, top + height / 2), (left + 200, top + height / 2))
    assert study.run("plot.view") == pytest.approx(ends, abs=0.02)
    assert study.run(PLOTTED) != before
    study.run("plot.zoom(...plot.home)")
    assert study.run("plot.view") == home
    assert study.run(PLOTTED) == before


def test_arrow_keys_step_through_the_states_by_energy(study, found):
    order = np.argsort(found["study"].states.energies_ev, kind="stable").tolist()
    study.run(f"select({CLICKED})")
    at = order.index(CLICKED)
    for key, step in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        study.press(key)
        assert study.run("chosen") == order[at + step]
    study.press("Escape")
    assert study.run("chosen") is None
    study.run(f"select({order[0]})")
    study.press("ArrowLeft")
    assert study.run("chosen") == order[0]


def test_the_model_turns_with_the_mouse(study):
    left, top, width, height = study.run(
        "(box => [box.left, box.top, box.width, box.height])(canvas.getBoundingClientRect())"
    )
    before = study.run(PIXELS)
    study.drag((left + width / 2, top + height / 2), (left + width / 2 + 60, top + height / 2 + 20))
    assert study.run(PIXELS) != before
    turn = np.array(study.run("particle.turn")).reshape(3, 3)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1.0)
    study.run("particle.look('side')")
    assert study.run(PIXELS) == before


def test_tables_sort_by_number(study):
    headings = study.run("[...document.querySelectorAll('#states th')].map(h => h.innerText)")
    column = headings.index("IPR")
    cells = (
        f"[...document.querySelectorAll('#states tbody tr')].map(r => r.cells[{column}].innerText)"
    )
    unsorted = [float(text) for text in study.run(cells)]
    for order in (sorted(unsorted), sorted(unsorted, reverse=True)):
        study.run(f"document.querySelectorAll('#states th button')[{column}].click()")
        assert [float(text) for text in study.run(cells)] == order


def test_a_row_of_a_table_selects_its_state(study, found):
    first = found["study"].traps.traps[0].state
    study.run("document.querySelector('tr[data-state] a').click()")
    study.settle()
    assert study.run("chosen") == first
    assert study.run("document.querySelectorAll('tr.chosen').length") == 2  # traps and states


def test_groups_of_the_plot_are_chosen_and_hidden(study, found):
    titles = study.run("[...element('groups').options].map(o => o.text)")
    study.run(f"element('groups').value = {titles.index('by domain')}")
    study.run("element('groups').dispatchEvent(new Event('change'))")
    layers = "plot.stacks().spins[0].map(layer => layer.name)"
    assert study.run(layers) == ["PbS", "CsPbCl3"]
    analysis = found["study"]
    dos = next(each for each in analysis.densities if each.groups == ("PbS", "CsPbCl3"))
    grid_ev = np.array(study.run("plot.stacks().energies")) + analysis.gap.homo_ev
    exact = np.interp(grid_ev, dos.grid_ev, dos.total[0])
    total = study.run("Array.from(plot.stacks().spins[0].at(-1).above)")
    np.testing.assert_allclose(total, exact, rtol=1e-5, atol=1e-5)
    study.run("element('legend').querySelector('input').click()")
    assert study.run(layers) == ["CsPbCl3"]
    study.run("element('groups').value = 0; chooseGroups(0)")


def test_an_address_selects_a_state_of_one_spin(window, folder, found):
    page = opened(window, folder, "unrestricted", "#state=30-beta")
    assert page.run("chosen") == 89
    assert "State 30, beta" in page.run("element('state').innerText")
    page.press("ArrowRight")
    order = np.argsort(found["unrestricted"].states.energies_ev, kind="stable").tolist()
    assert page.run("chosen") == order[order.index(89) + 1]
    assert_quiet(page, folder / "unrestricted.html")


def test_a_report_without_model_or_gap_works(window, folder, found):
    page = opened(window, folder, "bare")
    assert "no gap" in page.run("element('gap').textContent")
    page.run("select(3)")
    assert "State 4" in page.run("element('state').innerText")
    assert_quiet(page, folder / "bare.html")


def test_the_page_begins_with_the_filter_that_the_analysis_used(window, folder, found):
    page = opened(window, folder, "small")
    analysis = found["small"]
    assert analysis.gap.filtered.gap_ev is None
    assert page.run("plot.gap.gap_ev") == analysis.gap.size_aware.gap_ev
    traps = page.run("[...document.querySelectorAll('#states tr.trap')].length")
    assert traps == int((~analysis.gap.size_aware.kept).sum())


@pytest.mark.parametrize("zoom", [0.5, 1, 8])
def test_the_ruler_stays_in_the_picture_and_tells_its_length(window, folder, zoom):
    page = opened(window, folder, "small")
    page.run(f"particle.zoom = {zoom}; particle.draw()")
    page.run("window.told = []")
    for call in ("fillRect", "fillText"):
        page.run(f"particle.context.{call} = (...given) => {{ window.told.push(given); }}")
    page.run("particle.drawRuler(1, canvas.width, canvas.height)")
    (left, _, length, _), (label, *_) = page.run("window.told")
    assert left + length < page.run("canvas.width")
    assert length == pytest.approx(float(label.split()[0]) * 10 * page.run("particle.pixels"))


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_plot_and_model_stand_in_the_first_screen(window, folder, found, width, height):
    window.open(folder / "noted.html", width=width, height=height)
    window.settle()
    for canvas in ("dos", "model"):
        box = window.run(f"document.getElementById('{canvas}').getBoundingClientRect().toJSON()")
        assert box["top"] >= 0 and box["bottom"] <= height
        assert box["height"] >= 240 and box["right"] <= width
    line = window.run("document.querySelector('.headline').getBoundingClientRect().bottom")
    assert line < height / 3
    assert window.run("document.documentElement.scrollWidth") <= width
    assert window.complaints == []


def test_notes_are_folded_and_print(window, folder, found):
    window.open(folder / "noted.html")
    notes = "document.querySelector('details.notes')"
    assert window.run(f"{notes}.open") is False
    assert window.run(f"{notes}.innerHTML").count("<sub>") == 3  # Pb3S2Cl2
    window.send("Emulation.setEmulatedMedia", media="print")
    window.send("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)
    assert window.run(f"{notes}.open") is True
    hidden = "getComputedStyle(document.getElementById('state')).display"
    assert window.run(hidden) == "none"  # nothing is chosen
    window.send("Emulation.setEmulatedMedia", media="")
    assert window.complaints == []


def test_all_is_reached_by_keys(window, folder, found):
    """The model turns, a state of the table is chosen and left, without a mouse."""
    window.open(folder / "small.html")
    before = window.run(PIXELS)
    window.run("document.getElementById('model').focus()")
    window.press("ArrowRight")
    assert window.run(PIXELS) != before
    assert window.run("chosen") is None  # arrows of the model do not step
    window.run("document.querySelector('#states td a').click()")
    window.settle()
    assert window.run("location.hash").startswith("#state=")
    window.run("document.activeElement.blur()")
    window.press("ArrowRight")
    assert window.run("chosen") is not None
    window.press("Escape")
    assert window.run("chosen") is None
    focusable = window.run(
        "[...document.querySelectorAll('button, a, input, select, summary, canvas#model')]"
        ".every(each => each.tabIndex >= 0)"
    )
    assert focusable


def test_a_complaint_of_a_page_is_seen(window, tmp_path):
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<script>console.error('no'); fetch('https://example.org/x'); nothing()</script>"
    )
    window.complaints.clear()
    window.requests.clear()
    window.open(bad)
    window.settle()
    assert len(window.complaints) >= 2
    assert any("example.org" in url for url in window.requests)
