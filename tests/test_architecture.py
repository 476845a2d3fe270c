"""Imports point left only: core < builder < dft < analysis < workflow < cli."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ["core", "templates", "examples", "builder", "dft", "analysis", "workflow", "cli"]
FILES = [path for room in ORDER for path in sorted((ROOT / room).rglob("*.py"))]


def imported_rooms(path, root=ROOT):
    """Rooms of epicarve that a module imports, at the top or inside functions."""
    here = path.relative_to(root).parts[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"epicarve.{here}" if node.level else node.module or ""]
            if names == ["epicarve"]:
                names = [f"epicarve.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "epicarve":
                second = parts[1] if len(parts) > 1 else ""
                yield second if second in ORDER else "core"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_left(path):
    if path == ROOT / "core" / "__init__.py":
        return  # the front door names what lives in the rooms, for type checkers alone
    if path == ROOT / "core" / "__main__.py":
        assert set(imported_rooms(path)) == {"cli"}  # the one door from the left
        return
    here = ORDER.index(path.relative_to(ROOT).parts[0])
    wrong = {room for room in imported_rooms(path) if ORDER.index(room) > here}
    assert not wrong, f"{path} imports {wrong}"


def test_the_check_sees_a_wrong_import(tmp_path):
    bad = tmp_path / "builder" / "bad.py"
    bad.parent.mkdir()
    bad.write_text(
        "def f():\n    from epicarve.analysis.gap import Gap\nimport epicarve.dft.states\n"
    )
    assert set(imported_rooms(bad, tmp_path)) == {"analysis", "dft"}


def test_no_module_is_imported_under_its_short_name():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert (node.module or "").split(".")[0] not in ORDER, path
