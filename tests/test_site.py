"""The site: built strict, every link inside it alive, every block of the tutorials run."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import run_pages

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        self.links |= {given[key] for key in ("href", "src") if given.get(key)}


def dead_links(folder):
    """Return the links between pages of a folder that lead nowhere."""
    pages = {path: Page(path) for path in folder.rglob("*.html")}
    dead = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.exists() or (
                anchor and target in pages and anchor not in pages[target].anchors
            ):
                dead.append((path.name, link))
    return dead


def test_the_site_builds_without_a_warning_and_without_a_dead_link(tmp_path):
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "-b", "html"]
    site = tmp_path / "site"
    done = subprocess.run(
        [*command, "-d", tmp_path / "doctrees", DOCS, site],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert dead_links(site) == []
    start = (site / "index.html").read_text(encoding="utf-8")
    captions = re.findall(r'class="caption-text">([^<]+)<', start)
    assert captions == ["Tutorials", "How to", "Reference", "Explanation"]


def test_dead_links_are_seen(tmp_path):
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#x"></a><a href="#here"></a>')
    (tmp_path / "b.html").write_text('<a href="c.html"></a><a href="a.html#here"></a>')
    assert sorted(dead_links(tmp_path)) == [("a.html", "b.html#x"), ("b.html", "c.html")]


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_tutorials_run_as_printed(page, tmp_path):
    assert run_pages.run_page(page, tmp_path) == []


def test_what_a_page_prints_wrongly_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```pycon\n>>> 1 + 1\n3\n```\n\n```console\n$ echo a\nb\n$ false\n```\n")
    (tmp_path / "work").mkdir()
    told = run_pages.run_page(page, tmp_path / "work")
    assert len(told) == 3


def test_there_is_a_tutorial_for_each_kind_of_user():
    assert [page.stem for page in TUTORIALS] == ["dos-and-ipr", "first-model", "jobs", "the-study"]


def markdown_links(path):
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_pages_beside_the_site_link_to_what_is_there(name):
    for link in markdown_links(ROOT / name):
        path, _, anchor = link.partition("#")
        if "://" in link or not path:
            continue
        assert (ROOT / path).exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(encoding="utf-8"), re.M)
            slugs = {re.sub(r"[^\w\- ]", "", t.lower()).strip().replace(" ", "-") for t in titles}
            assert anchor in slugs, link


def test_what_a_reader_of_the_readme_needs_is_two_clicks_away():
    """From README to a page, and from there to a part of it; the pages say what to type."""
    for page, words in {
        "docs/tutorials/first-model.md": "ec.Crystal.from_file",  # a model from an own CIF
        "docs/tutorials/jobs.md": "epicarve inputs cluster.yaml",  # inputs for an own cluster
        "docs/tutorials/dos-and-ipr.md": "epicarve analyse run",  # a figure from a foreign run
    }.items():
        assert page in markdown_links(ROOT / "README.md")
        assert words in (ROOT / page).read_text(encoding="utf-8")
    assert "docs/overview.md#a-recipe" in markdown_links(
        ROOT / "README.md"
    )  # the model, by a recipe
    assert "epicarve build mine.yaml" in (DOCS / "overview.md").read_text(encoding="utf-8")


def test_the_code_that_pages_name_is_there():
    folders = [path for path in ROOT.iterdir() if path.name not in {".venv", "build"}]
    found = [path for folder in folders for path in folder.rglob("*.py")]
    kept = {path.relative_to(ROOT).as_posix() for path in found}
    names = {path.name for path in found} | {"mine.py"}  # a reader's own, in running.md
    for page in DOCS.rglob("*.md"):
        for told in re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8")):
            assert told in (kept if "/" in told else names), (page.name, told)
