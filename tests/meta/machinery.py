"""What the machinery and its tests owe, as conventions (see conventions.py): whom they know, what they import."""

import ast
import re
import sys
from collections.abc import Iterator

import numpy as np

from tests.meta.project import Project

BESIDE_THE_CANDIDATE = "tests/harness/worker"


def names_no_operation(project: Project) -> Iterator[str]:
    """No name and no string in tests/harness/ is an operation's; docstrings may tell of one.

    Those that are NumPy's words too (where, take, add) may be said, but not be a whole string: that would be a key.
    """
    names = {name for level in project.rows for name in project.names(level)}
    words = {name for name in names if hasattr(np, name)}
    for path in sorted((project.folder / "tests/harness").rglob("*.py")):
        for line, text, is_string in _words_of_code(ast.parse(path.read_text(encoding="utf-8"))):
            named = (names - words) & set(re.findall(r"\w+", text)) or ({text} & words if is_string else set())
            for name in sorted(named):
                yield (
                    f"{path.relative_to(project.folder).as_posix()}, line {line}: {name} is an operation, and the machinery names none; "
                    "take it from the rows, or call this otherwise"
                )


def needs_numpy_alone(project: Project) -> Iterator[str]:
    """What runs in the candidate's process imports the standard library, NumPy and each other only."""
    for path in sorted((project.folder / BESIDE_THE_CANDIDATE).glob("*.py")):
        for line, module in _imported(ast.parse(path.read_text(encoding="utf-8"))):
            top, _, inner = module.partition(".")
            own = (not top and (path.parent / f"{inner}.py").exists()) or (top == path.parent.name and path.stem == top)
            if top not in sys.stdlib_module_names | {"numpy"} and not own:
                yield (
                    f"{BESIDE_THE_CANDIDATE}/{path.name}, line {line}: {module} is imported, beside the candidate's code; "
                    "there, import only NumPy, the standard library, and what lies in that folder, as in `from .wire import`"
                )


def tests_say_what_they_prove(project: Project) -> Iterator[str]:
    """Every test has a docstring that begins with a sentence."""
    for path in sorted((project.folder / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                first, _, _ = (ast.get_docstring(node) or "").partition("\n\n")
                if not first.endswith("."):
                    place = f"{path.relative_to(project.folder).as_posix()}, line {node.lineno}"
                    yield f"{place}: {node.name} does not say what it proves; give it a docstring of one sentence"


CONVENTIONS = (names_no_operation, needs_numpy_alone, tests_say_what_they_prove)


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each module that is imported, with its line; one that is named from where the file lies begins with a dot."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, level=level):
                yield node.lineno, "." * level + (module or "")


def _words_of_code(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Names and strings, with their lines and whether each is a string.

    Not docstrings, nor names that belong to other modules.
    """
    nodes = list(ast.walk(tree))
    prose = {node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in nodes:
        match node:
            case ast.Constant(value=str() as text) if node not in prose:
                yield node.lineno, text, True
            case ast.Name(id=text) | ast.arg(arg=text):
                yield node.lineno, text, False
            case ast.FunctionDef(name=text) | ast.AsyncFunctionDef(name=text) | ast.ClassDef(name=text):
                yield node.lineno, text, False
