"""The reports of several runs in one page: the comparison, the switch, what it refuses."""

import json
import re
import shutil

import pytest
from browser import browser
from synthetic import particle, states_of
from typer.testing import CliRunner

import epicarve as ec
from epicarve.analysis.options import AnalysisOptions, FigureOptions
from epicarve.analysis.states import Analysis
from epicarve.cli.main import app

OPTIONS = AnalysisOptions(ipr_max=0.1, figures=FigureOptions(formats=("svg",)))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder that was analysed, and results in memory."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    small, large = (
        Analysis.of(states_of(model), OPTIONS, model) for model in (particle(), particle(6.5))
    )
    small.write(folder)
    return folder, large


def test_the_page_compares_and_holds_each_report(runs, tmp_path):
    page = ec.report(runs, tmp_path / "runs.html")
    assert (tmp_path / "runs.html").read_text(encoding="utf-8") == page
    held = re.findall(r'id="run-\d" data-label="[^"]*">(.*?)</script>', page)
    assert json.loads(held[0]) == (runs[0] / "report.html").read_text(encoding="utf-8")
    assert "<canvas" in json.loads(held[1])
    for row in ec.table(runs):
        assert f"<td>{row['filtered_gap_ev']:.3f}</td>" in page
    assert "Energy − HOMO (eV)</text>" in page  # the axis of the comparison is text


def test_a_run_without_a_report_is_named(runs, tmp_path):
    shutil.copytree(runs[0], tmp_path / "bare")
    (tmp_path / "bare" / "report.html").unlink()
    page = ec.report([runs[0], tmp_path / "bare"])
    assert "<p>Without a report: bare.</p>" in page
    assert page.count('id="run-') == 1


def test_the_command_writes_the_same_page(runs, tmp_path):
    out = tmp_path / "page.html"
    told = CliRunner().invoke(app, ["report", str(runs[0]), "-o", str(out), "--align", "edge"])
    assert told.exit_code == 0, told.output
    assert out.read_text(encoding="utf-8") == ec.report(runs[0], zero="edge")


@pytest.mark.chromium
def test_a_run_is_chosen_and_a_state_in_it(runs, tmp_path):
    path = tmp_path / "page.html"
    ec.report(runs, path, labels=["small", "<large> & Pb4S3Cl2"])
    with browser() as page:
        page.open(path)
        page.settle()
        assert page.run("frames.size") == 0  # laid out when chosen
        page.run("document.querySelector('[data-run=\"1\"]').click()")
        page.run("new Promise(done => frames.get('1').addEventListener('load', done))")
        page.settle()
        inner = "frames.get('1').contentWindow"
        assert page.run("document.getElementById('all').hidden")
        page.run(f"{inner}.document.querySelector('#states td a').click()")
        assert page.run(f"{inner}.location.href") == "about:srcdoc#state=1"
        assert "State 1" in page.run(f"{inner}.document.getElementById('state').innerText")
        page.run("document.querySelector('[data-run=\"\"]').click()")
        assert not page.run("document.getElementById('all').hidden")
        page.open(path, "#run=small")
        page.settle()
        assert page.run("[...frames.keys()]") == ["0"]
        assert page.complaints == []


def test_a_page_that_does_not_end_in_html_and_no_run_are_refused(runs):
    with pytest.raises(ec.InputError, match=r"ends in \.html"):
        ec.report(runs[0], "runs.pdf")
    with pytest.raises(ec.InputError, match="name one analysed folder"):
        ec.report([])
