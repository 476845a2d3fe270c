"""Runs the code of the tutorials and compares what it prints; the tests call it.

Run as ``python docs/run_pages.py PAGE.md ...``: says what differs. It needs no package but
epicarve, so that an installed wheel is tried with it. Of a page it runs, in the order
in which they stand,

- blocks of ``pycon``, one Python session, as doctest does;
- blocks of ``console``: a line that begins with ``$ `` is a command, what follows its output;
- a block after "as `NAME`:" is written to that file.

``...`` stands for any output, and white space counts as one blank. Pages are run in an empty
folder, in which ``epicarve`` is this repository, as if it had been cloned there.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCE = re.compile(
    r"(?:as `(?P<name>[^`]+)`:\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run_page(page: Path, folder: Path) -> list[str]:
    """Run the blocks of a page in a folder, and return what differs.

    Parameters
    ----------
    page : Path
        A page in Markdown.
    folder : Path
        An empty folder.
    """
    told: list[str] = []
    (folder / "epicarve").symlink_to(ROOT, target_is_directory=True)
    session = doctest.DocTestRunner(verbose=False, optionflags=LENIENT)
    names: dict[str, object] = {"__name__": "__main__"}
    before = Path.cwd()
    os.chdir(folder)
    try:
        for block in FENCE.finditer(page.read_text(encoding="utf-8")):
            kind, text = block["kind"], block["text"]
            if block["name"]:
                Path(block["name"]).write_text(text, encoding="utf-8")
            elif kind == "console":
                told += run_commands(text)
            elif kind == "pycon":
                line = page.read_text(encoding="utf-8").count("\n", 0, block.start("text"))
                test = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), line)
                session.run(test, out=told.append, clear_globs=False)
                names = test.globs
    finally:
        os.chdir(before)
    return told


def run_commands(text: str) -> list[str]:
    """Run the commands of a block and return what differs in their standard output."""
    told = []
    for step in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, expected = step.partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = f"{command[:-1]} {more}"
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, check=False, env=environment()
        )
        shown = done.stdout
        if done.returncode:
            told.append(f"$ {command}\nexit code {done.returncode}\n{done.stderr}")
        elif not doctest.OutputChecker().check_output(expected, shown, LENIENT):
            told.append(f"$ {command}\nexpected:\n{expected}\ngot:\n{shown}")
    return told


def environment() -> dict[str, str]:
    """Return the environment of a reader: this Python's programs, a terminal of 80 columns."""
    programs = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "MPLBACKEND": "agg",
    }


if __name__ == "__main__":
    failed = False
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch:
            differences = run_page(Path(name).resolve(), Path(scratch))
        failed = failed or bool(differences)
        sys.stdout.write("\n".join([f"{name}: {len(differences)} differ", *differences, ""]))
    sys.exit(failed)
