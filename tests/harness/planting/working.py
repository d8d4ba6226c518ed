"""Working code: the solutions as a colleague would hand them over. Derivations, hints and comments are taken out.

In the place of a derivation stands what the stub says of the operation, so the code is held to the same words. All other
lines are those of the solutions, byte for byte.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.harness.planting.table import docstrings
from tests.harness.rows.names import names_by_level

FOLDER = Path(__file__).parents[3] / "solutions"
_CITED = re.compile(r" *\((?:\d+|level \d+)\)")


@cache
def working(level: str) -> str:
    """The source of a level's module. Raises OSError where there are no solutions."""
    source = _without_comments((FOLDER / f"{level}.py").read_text(encoding="utf-8"))
    lines, said = source.splitlines(keepends=True), docstrings(level)
    for name, node in reversed(list(_documented(ast.parse(source)))):
        text = said.get(name) or _first_paragraph(node.body[0].value.value)
        indent = " " * node.body[0].col_offset
        lines[node.body[0].lineno - 1 : node.body[0].end_lineno] = [f"{indent}{text}\n"]
    return "".join(lines)


def stub_docstrings(source: str) -> dict[str, str]:
    """Name -> docstring, quotes included, of the module (""), its functions, classes and their methods."""
    found = _documented(ast.parse(source))
    return {name: ast.get_source_segment(source, node.body[0]) for name, node in found}


@cache
def users(level: str, part: str) -> tuple[str, ...]:
    """The operations that are this function, class or constant, or use it, in whichever module; in order of study."""
    uses = _uses()
    reached = {(level, part)}
    while more := {user for user, used in uses.items() if used & reached} - reached:
        reached |= more
    ops = [(at, op) for at, names in names_by_level().items() for op in names]
    return tuple(op for at, op in ops if (at, op) in reached)


@cache
def imported(level: str) -> tuple[str, ...]:
    """The levels whose modules this one needs, itself included; in order of study."""
    levels, reached = list(names_by_level()), {level}
    while more := {at for used in reached for at in _imports(used).values()} - reached:
        reached |= more
    return tuple(at for at in levels if at in reached)


def parts(tree: ast.Module) -> dict[str, ast.stmt]:
    """Name -> function, class or constant of a module."""
    named = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    return named | {n.targets[0].id: n for n in tree.body if isinstance(n, ast.Assign)}


@cache
def _uses() -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Level and name -> the same of what it uses."""
    found = {}
    for level in names_by_level():
        there = parts(ast.parse(working(level)))
        known = {name: (at, name) for name, at in _imports(level).items()} | {name: (level, name) for name in there}
        for name, part in there.items():
            words = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)} - {name}
            found[level, name] = {known[word] for word in words if word in known}
    return found


@cache
def _imports(level: str) -> dict[str, str]:
    """Name -> the level that it is imported from."""
    nodes = ast.parse(working(level)).body
    return {
        alias.name: node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }


def _documented(tree: ast.Module) -> Iterator[tuple[str, ast.Module | ast.FunctionDef | ast.ClassDef]]:
    """What has a docstring, in the order of the source. A method is called `Class.method`."""
    if ast.get_docstring(tree) is not None:
        yield "", tree
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if ast.get_docstring(node) is not None:
            yield node.name, node
        for method in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(method, ast.FunctionDef) and ast.get_docstring(method) is not None:
                yield f"{node.name}.{method.name}", method


def _first_paragraph(docstring: str) -> str:
    text = _CITED.sub("", docstring.partition("\n\n")[0].rstrip())
    return f'"""{text}"""'


def _without_comments(source: str) -> str:
    lines = source.splitlines(keepends=True)
    comments = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT]
    for token in reversed(comments):
        row, column = token.start
        kept = lines[row - 1][:column].rstrip()
        lines[row - 1] = f"{kept}\n" if kept else ""
    return "".join(lines)
