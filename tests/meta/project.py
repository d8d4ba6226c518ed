"""A project as the conventions see it: its rows, its mutants, and the functions of kata/ and solutions/ as they stand.

These functions are read from the source, which is not run. What is asked of them is in conventions.py.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tests.harness.rows.catalogue import operations
from tests.harness.rows.spec import Operation

FOLDER = Path(__file__).parents[2]


@dataclass(frozen=True)
class Definition:
    """A function or a class, and the source from its `def` to its end. `place` is its file and line."""

    node: ast.FunctionDef | ast.ClassDef
    source: str
    place: str

    @property
    def name(self) -> str:
        return self.node.name

    @cached_property
    def docstring(self) -> str:
        """What is said of it, empty where nothing is."""
        return ast.get_docstring(self.node) or ""

    @property
    def code(self) -> str:
        """All that stands behind the docstring."""
        return self.source.rpartition('"""')[2]

    @property
    def statements(self) -> list[str]:
        """The same as statements, without the comments; of a class, those of its methods, each once."""
        found = self.node.body[bool(self.docstring) :]
        if isinstance(self.node, ast.ClassDef):
            found = [s for method in found for s in method.body[bool(ast.get_docstring(method)) :]]
        return list(dict.fromkeys(map(ast.unparse, found)))

    @property
    def call(self) -> ast.FunctionDef:
        """What is called: the function, or how the class makes a new one."""
        if isinstance(self.node, ast.FunctionDef):
            return self.node
        return next(part for part in self.node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__")

    @property
    def parameters(self) -> list[ast.arg]:
        """Its parameters, in order."""
        arguments = self.call.args
        extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
        return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]

    @property
    def signature(self) -> str:
        """Its parameters and what it returns, as they are written: `(x: NDArray) -> tuple[NDArray, Callable]`."""
        returned = f" -> {ast.unparse(self.call.returns)}" if self.call.returns else ""
        return f"({ast.unparse(self.call.args)}){returned}"


@dataclass(frozen=True)
class Project:
    """The folder, level -> rows, and level -> the tables of its mutants, as far as there are any."""

    folder: Path
    rows: dict[str, tuple[Operation, ...]]
    mutants: dict[str, ModuleType]

    def names(self, level: str) -> list[str]:
        """The operations of a level, in order of study."""
        return [op.name for op in self.rows[level]]

    def text(self, file: str) -> str:
        """What stands in a file; nothing where there is none."""
        path = self.folder / file
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def public(self, file: str) -> list[Definition]:
        """The functions of a module whose names begin with no underscore."""
        text = self.text(file)
        nodes = [
            node
            for node in ast.parse(text, file).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
        ]
        return [_definition(node, text.splitlines(), file) for node in nodes]

    def defined(self, package: str) -> Iterator[tuple[Operation, Definition]]:
        """The operations of kata/ or solutions/ that are there, each with its row."""
        for level, ops in self.rows.items():
            found = {one.name: one for one in self.public(f"{package}/{level}.py")}
            yield from ((op, found[op.name]) for op in ops if op.name in found)


@cache
def here() -> Project:
    """The project that these tests belong to."""
    levels = [level for level in operations() if (FOLDER / "tests/mutants" / f"{level}.py").exists()]
    return Project(FOLDER, operations(), {level: import_module(f"tests.mutants.{level}") for level in levels})


def _definition(node: ast.FunctionDef, lines: list[str], file: str) -> Definition:
    source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return Definition(node, source, f"{file}, line {node.lineno}: {node.name}")
