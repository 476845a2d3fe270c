"""Imports point left only: core < builder < dft < analysis < workflow < cli, and so inside them."""

import ast
from functools import cache
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]
ORDER = ["core", "templates", "examples", "builder", "dft", "analysis", "workflow", "cli"]

SUBROOMS = {
    "builder": """
        dimensions extxyz report crystal model point_charges cif library orderings shapes ligands
        optimise placing carve geometry passivation interfaces.match interfaces interfaces.energy
        hetero recognition output assemble exchange notebook
    """.split(),
    "dft": """
        occupations weighed_states states cp2k_input settings check matrix_root orbitals
        pseudopotentials spin_orbit transitions bands output write read cube run xtb
        bulk_displacement
    """.split(),
    "analysis": "selection options states compare figures export report analyse kinds".split(),
    "workflow": "recipes study tasks".split(),
}
"""What may import what stands before it, inside a room."""

OBJECTS = {
    *("builder.crystal.crystal", "builder.model"),
    *("builder.interfaces.interface", "builder.interfaces.slab"),
    "builder.recognition.identification",
    *("analysis.states.results", "analysis.states.kinds", "workflow.recipes.recipe"),
}
"""Modules of objects that read, convert, draw or write themselves by what stands after them."""

LATE = {
    *("builder.cif", "builder.output", "builder.exchange", "builder.notebook"),
    *("analysis.export", "analysis.figures", "analysis.analyse", "analysis.kinds"),
    *("builder.interfaces.slab", "workflow.recipes.read"),
}
"""What that is: imported in a method, when it is called."""

OPEN = {"epicarve", "epicarve.workflow.tasks", "epicarve.cli", "epicarve.examples"}
"""Rooms whose modules are their public names: one command each."""


def name_of(path, root=ROOT):
    """The dotted name of a module."""
    parts = path.relative_to(root).with_suffix("").parts
    parts = parts[1:] if parts[0] == "core" else parts
    parts = parts[:-1] if parts and parts[-1] == "__init__" else parts
    return ".".join(("epicarve", *parts))


FILES = [path for room in ORDER for path in sorted((ROOT / room).rglob("*.py"))]
MODULES = {name_of(path): path for path in FILES}
ROOMS = {name for name, path in MODULES.items() if path.name == "__init__.py"}


@cache
def public_names(room):
    """Module of each public name of a room, from its stub."""
    stub = MODULES[room].with_suffix(".pyi")
    if not stub.exists():
        return {}
    return {
        alias.name: f"{room}.{node.module}"
        for node in ast.parse(stub.read_text()).body
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }


def imported(path, here=None, *, late=True):
    """Yield each name that a module imports from epicarve, as (what is written, module).

    Without what an object imports late, if so asked.
    """
    here = here or name_of(path)
    found = _imported(path, here)
    if late or here.removeprefix("epicarve.") not in OBJECTS:
        yield from found
        return
    for written, module in found:
        if not any(f"{module}.".startswith(f"epicarve.{room}.") for room in LATE):
            yield written, module


def _imported(path, here):
    package = here if path.name == "__init__.py" else here.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((a.name, a.name) for a in node.names if a.name.startswith("epicarve"))
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join(filter(None, [*(parents if node.level else []), node.module]))
            if base.split(".")[0] != "epicarve":
                continue
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                home = public_names(base).get(alias.name) if base in ROOMS else None
                yield base, home or (inner if inner in MODULES else base)


def room_of(module):
    """Return the folder at the top in which a module lies."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ORDER else "core"


def subroom_of(module):
    """Return the sub-room of a module below its room."""
    first, *further = module.split(".")[2:]
    nested = ".".join([first, *further[:1]])
    return nested if nested in SUBROOMS[room_of(module)] else first


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_left(path):
    rooms = {room_of(module) for _, module in imported(path)}
    if path == ROOT / "core" / "__main__.py":
        assert rooms == {"cli"}  # the door of the command line
        return
    if path == ROOT / "core" / "__init__.py":
        return  # the door of Python
    here = ORDER.index(path.relative_to(ROOT).parts[0])
    wrong = {room for room in rooms if ORDER.index(room) > here}
    assert not wrong, f"{path} imports {wrong}"


@pytest.mark.parametrize("room", SUBROOMS)
def test_imports_point_left_inside_a_room(room):
    names = SUBROOMS[room]
    inside = {name: path for name, path in MODULES.items() if name.startswith(f"epicarve.{room}.")}
    assert {subroom_of(name) for name in inside} == set(names)
    for name, path in inside.items():
        for _, module in imported(path, late=False):
            if room_of(module) == room and module != f"epicarve.{room}":
                here, there = names.index(subroom_of(name)), names.index(subroom_of(module))
                assert there <= here, f"{name} imports {module}"


def test_there_is_no_circle():
    graph = nx.DiGraph()
    inside = {name: path for name, path in MODULES.items() if name != "epicarve"}
    for name, path in inside.items():
        graph.add_edges_from(
            (name, module) for _, module in imported(path, late=False) if module != name
        )
    circles = [sorted(c) for c in nx.strongly_connected_components(graph) if len(c) > 1]
    assert not circles


def test_rooms_are_entered_through_their_public_names():
    others = [
        p for folder in ("tests", "benchmarks", "docs") for p in (ROOT / folder).rglob("*.py")
    ]
    for path in [*FILES, *others]:
        here = name_of(path) if path in FILES else f"elsewhere.{path.stem}"
        for written, _ in imported(path, here):
            room = written if written in ROOMS else written.rpartition(".")[0]
            home = here if path.name == "__init__.py" else here.rpartition(".")[0]
            direct = written not in ROOMS and MODULES[room].with_suffix(".pyi").exists()
            assert room in OPEN or room == home or not direct, f"{path} imports {written}"


def test_the_checks_see_a_wrong_import(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text(
        "def f():\n    from epicarve.analysis.states import Gap\nimport epicarve.dft.states\n"
    )
    found = dict(imported(bad, "epicarve.builder.bad"))
    assert {room_of(module) for module in found.values()} == {"analysis", "dft"}
    assert [room_of(a) == room_of(b) for a, b in pairwise(found)] == [False]


def test_no_module_is_imported_under_its_short_name():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert (node.module or "").split(".")[0] not in ORDER, path


def test_every_module_says_what_it_is():
    for path in FILES:
        assert len(ast.get_docstring(ast.parse(path.read_text())) or "") > 5, path
