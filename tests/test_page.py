"""The report in a browser, offline: what a reader clicks, and what follows."""

import csv
import time
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from browser import browser
from matplotlib.colors import LinearSegmentedColormap
from PIL import Image
from synthetic import particle, states_of

from epicarve.analysis.export import summarise
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.report import report_html
from epicarve.analysis.states import Analysis, OrbitalPicture, fractional_dos, trap_filter
from epicarve.dft.cube import OrbitalGrid
from epicarve.style import colours
from epicarve.units import A_PER_BOHR

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


def centre_a(analysis):
    """Middle of the box around the atoms."""
    return (analysis.positions_a.max(axis=0) + analysis.positions_a.min(axis=0)) / 2


def with_orbital(analysis):
    """The analysis with a p orbital along z on its fourth atom."""
    positions_a, step_a = analysis.positions_a, 0.3
    low_a = positions_a.min(axis=0) - 4.0
    counts = (np.ptp(positions_a, axis=0) + 8.0) // step_a
    x, y, z = np.indices(counts.astype(int) + 1) * step_a + (low_a - positions_a[3])[:, *[None] * 3]
    values = z * np.exp(-np.sqrt(x**2 + y**2 + z**2) / 0.8)
    step_bohr = step_a / A_PER_BOHR
    values /= np.sqrt((values**2).sum() * step_bohr**3)
    grid = OrbitalGrid(low_a / A_PER_BOHR, step_bohr, values.astype(np.float32))
    symbols = analysis.states.symbols
    picture = OrbitalPicture("HOMO", grid, 0.8, grid.isovalue(0.8), symbols, positions_a)
    return replace(analysis, orbital_pictures=(picture,))


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
        "orbital": with_orbital(Analysis.of(states_of(small), AnalysisOptions(), small)),
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


def density(page, analysis, broadening_ev):
    """The whole density of states at the energies of the page."""
    states = analysis.states
    grid_ev = np.array(page.run("plot.stacks().energies")) + analysis.gap.homo_ev
    weights = np.ones((1, states.n_states))
    return fractional_dos(states.energies_ev, weights, grid_ev, broadening_ev)[0]


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


def test_the_broadening_moves_the_curves(study, found):
    study.run("element('broadening').value = 300")
    study.run("element('broadening').dispatchEvent(new Event('input'))")
    broadening_ev = study.run("plot.broadening_ev")
    assert 0.01 < broadening_ev < 0.1
    assert study.run("element('broadening-value').textContent") == f"{broadening_ev} eV"
    total = study.run("Array.from(plot.stacks().spins[0].at(-1).above)")
    exact = density(study, found["study"], broadening_ev)
    np.testing.assert_allclose(total, exact, rtol=1e-5, atol=1e-5)
    study.run("element('reset').click()")
    assert study.run("plot.broadening_ev") == 0.1


def test_the_plot_is_saved_as_svg_csv_and_png(study, found, tmp_path):
    study.complaints.clear()
    study.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    files = {kind: tmp_path / f"dos.{kind}" for kind in ("svg", "csv", "png")}
    for kind, path in files.items():
        study.run(f"document.querySelector('[data-save={kind}]').click()")
        end = time.monotonic() + 20.0
        while not path.exists() or not path.stat().st_size:
            assert time.monotonic() < end, "nothing is saved"
            time.sleep(0.02)
    svg = ElementTree.parse(files["svg"]).getroot()
    words = {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Energy − HOMO (eV)", "DOS (states/eV)", "IPR", "Pb", "−4"} <= words
    discs = [path for path in svg.iter() if path.get("fill") == colours("safe")["ipr"]]
    assert len(discs) > 300  # the states that are kept
    rows = list(csv.reader(files["csv"].open(encoding="utf-8")))
    shown = np.array(rows[1:], dtype=float)
    assert rows[0] == ["Energy − HOMO (eV)", *found["study"].partitions[0].names]
    np.testing.assert_allclose(
        shown[:, 1:].sum(axis=1), density(study, found["study"], 0.1), rtol=1e-5, atol=1e-4
    )
    with Image.open(files["png"]) as picture:
        assert picture.size[0] == 4 * study.run("plot.canvas.clientWidth")
    assert study.complaints == []


def test_a_surface_is_closed_and_where_the_orbital_has_its_level(study):
    """A ball: its radius, its volume, and normals that point outwards."""
    radius, shape = 7.3, (21, 22, 23)
    away = np.linalg.norm(np.indices(shape).T - [10.2, 10.9, 11.1], axis=-1).T
    values = np.clip(np.rint(32.0 + 8.0 * (radius - away)), -127, 127).astype(np.int8)
    study.run(
        f"window.ball = surfaceNet(Int8Array.from({values.ravel().tolist()}), {list(shape)}, 32, 1)"
    )
    points = np.array(study.run("[...ball.points]")).reshape(-1, 3) - [10.2, 10.9, 11.1]
    triangles = np.array(study.run("[...ball.triangles]")).reshape(-1, 3)
    normals = np.array(study.run("[...normalsOf(ball)]")).reshape(-1, 3)
    reached = np.linalg.norm(points, axis=1)
    assert np.abs(reached - radius).max() < 0.15
    assert (np.einsum("ij,ij->i", points / reached[:, None], normals) > 0.95).all()
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    assert {tuple(edge) for edge in edges} == {tuple(edge[::-1]) for edge in edges}  # closed
    a, b, c = (points[triangles[:, k]] for k in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0
    assert volume == pytest.approx(4.0 / 3.0 * np.pi * radius**3, rel=0.03)


def test_an_orbital_is_shown_around_its_atoms(window, folder, found):
    page = opened(window, folder, "orbital")
    before = page.run(PIXELS)
    page.run("element('orbital').value = '0'")
    page.run("element('orbital').dispatchEvent(new Event('change'))")
    assert page.run("particle.sticks") and not page.run("element('signs').hidden")
    assert page.run(PIXELS) != before
    atom = found["orbital"].orbital_pictures[0].positions_a[3] - centre_a(found["orbital"])
    for sign in (0, 1):  # two lobes of a p orbital along z on one atom
        points = np.array(page.run(f"[...particle.surface.meshes[{sign}].points]")).reshape(-1, 3)
        middle = points.mean(axis=0) - atom
        assert np.abs(middle[:2]).max() < 0.05
        assert middle[2] * (-1) ** sign > 0.4
    turned = page.run(PIXELS)
    page.run("particle.rotate(0.4, 0.2)")
    assert page.run(PIXELS) != turned
    page.run("element('orbital').value = ''")
    page.run("element('orbital').dispatchEvent(new Event('change'))")
    assert page.run("particle.surface") is None
    assert_quiet(page, folder / "orbital.html")


def test_bonds_are_drawn_between_small_ions(window, folder, found):
    page = opened(window, folder, "small")
    before = page.run(PIXELS)
    n_bonds = found["small"].model.coordination.sum()
    assert page.run("particle.bonds.reduce((n, each) => n + each.length, 0)") == n_bonds
    page.run("element('sticks').click()")
    assert page.run(PIXELS) != before


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
    study.run("element('sticks').focus()")  # a box that was just ticked has no use for arrows
    study.press("ArrowRight")
    assert study.run("chosen") == order[at + 2]
    study.press("Escape")
    assert study.run("chosen") is None
    study.run(f"document.activeElement.blur(); select({order[0]})")
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
    total = study.run("Array.from(plot.stacks().spins[0].at(-1).above)")
    np.testing.assert_allclose(total, density(study, found["study"], 0.1), rtol=1e-5, atol=1e-5)
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


@pytest.mark.parametrize("canvas", ["dos", "model"])
def test_a_finger_scrolls_the_page_and_turns_a_model_that_was_tapped(window, folder, found, canvas):
    window.open(folder / "noted.html", width=390, height=844)
    window.settle()

    def swiped():
        box = window.run(f"document.getElementById('{canvas}').getBoundingClientRect().toJSON()")
        x, y = box["left"] + box["width"] / 2, box["top"] + box["height"] / 2
        window.swipe((x, y), (x, y - 120))
        return window.run("scrollY")

    turn = window.run("particle.turn")
    assert swiped() > 30
    assert window.run("particle.turn") == turn
    window.run("scrollTo(0, 0)")
    window.run("document.getElementById('model').focus({preventScroll: true})")
    assert (swiped() > 30) == (canvas == "dos")
    assert (window.run("particle.turn") != turn) == (canvas == "model")
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
