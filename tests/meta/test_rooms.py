"""The rooms of tests/harness/ stand in the order in which data flows: each imports only what stands before it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[1] / "harness"
ROOMS = (
    "rows",
    "examples",
    "worker",
    "submissions",
    "judgement",
    "diagnosis",
    "display",
    "practice",
    "watch",
    "training",
    "planting",
    "season",
    "plugin",
)
LONGEST = 300  # lines of a module, about


def backward(harness: Path) -> Iterator[str]:
    """A line for each import, wherever in a module, of a room that stands further on, or that the worker may not have."""
    for room in ROOMS:
        for file in sorted((harness / room).rglob("*.py")):
            for line, other in _rooms_imported(ast.parse(file.read_text(encoding="utf-8"))):
                if other not in ROOMS[: ROOMS.index(room) + 1] or (room == "worker" and other != room):
                    place = f"tests/harness/{file.relative_to(harness).as_posix()}, line {line}"
                    yield f"{place}: {room} -> {other}; a room imports only rooms before it: {' '.join(ROOMS)}"


def _rooms_imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        for module in modules:
            if module.startswith("tests.harness."):
                yield node.lineno, module.split(".")[2]


def test_no_room_imports_one_that_stands_further_on():
    """The arrows of the harness all run one way, and every module lies in a room."""
    assert list(backward(HARNESS)) == []
    assert {path.name for path in HARNESS.iterdir() if path.is_dir()} - {"__pycache__"} == set(ROOMS)
    assert [path.name for path in HARNESS.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize(
    "source",
    [
        "from tests.harness.plugin.session import Run",
        "from tests.harness import plugin",
        "import tests.harness.watch.warm",
        "def f():\n    from tests.harness.display import page",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tests.harness.practice.clock import Clock",
    ],
)
def test_an_arrow_that_runs_back_is_named(source, tmp_path):
    """An import of a later room is found at the top, inside a function and for types, and said with its place and the rule."""
    (tmp_path / "judgement").mkdir()
    (tmp_path / "judgement" / "judge.py").write_text(source)
    (said,) = backward(tmp_path)
    assert said.startswith("tests/harness/judgement/judge.py, line ")
    assert "judgement -> " in said


def test_the_worker_imports_no_room_at_all(tmp_path):
    """What the sandbox sees knows nothing of the rows, though these stand before it."""
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "wire.py").write_text("from tests.harness.rows import spec")
    (said,) = backward(tmp_path)
    assert "worker -> rows" in said


def test_no_module_is_long():
    """A module of the harness fits on a few screens."""
    long = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in HARNESS.rglob("*.py")}
    assert {file.relative_to(HARNESS).as_posix(): n for file, n in long.items() if n > LONGEST} == {}
