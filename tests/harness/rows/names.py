"""The names and par times of the operations, read from tests/specs/ without running it: in a moment, without torch."""

import ast
import difflib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.specs import LEVELS, ONLY

PROJECT = Path(__file__).parents[3]
_CLOSEST = 3


def names_by_level() -> dict[str, list[str]]:
    """Level -> the names of its operations, both in order of study."""
    return {level: list(ops) for level, ops in outline().items()}


@cache
def outline() -> dict[str, dict[str, int]]:
    """Level -> operation -> its par time in minutes, both in order of study."""
    return {level: {row.args[0].value: _stated(row, "par", 0) for row in rows} for level, rows in _rows().items()}


@cache
def adapters() -> dict[str, str]:
    """Operation -> its adapter, of those that are classes."""
    found = {row.args[0].value: _stated(row, "adapter", "") for rows in _rows().values() for row in rows}
    return {op: adapter for op, adapter in found.items() if adapter}


@cache
def pars() -> dict[str, int]:
    """Operation -> its par time in minutes, in order of study."""
    return {op: par for ops in outline().values() for op, par in ops.items()}


def level_of(op: str, levels: dict[str, list[str]]) -> str:
    """The level that has the operation. Raises KeyError where none has."""
    for level, ops in levels.items():
        if op in ops:
            return level
    raise KeyError(op)


def closest(name: str, names: Iterable[str]) -> str:
    """The names that are most like this one, for a message: `a, b or c`."""
    names = list(names)
    folded = {known.lower(): known for known in names}
    if name.lower() in folded:
        return folded[name.lower()]
    found = difflib.get_close_matches(name.lower(), folded, _CLOSEST, 0.5)
    found = [folded[match] for match in found] or names[:_CLOSEST]
    return " or ".join(filter(None, (", ".join(found[:-1]), found[-1])))


@cache
def _rows() -> dict[str, list[ast.Call]]:
    """Level -> its rows as they are written, in order of study."""
    levels = {}
    for level in LEVELS:
        tree = ast.parse((PROJECT / "tests" / "specs" / f"{level}.py").read_text(encoding="utf-8"))
        rows = sorted(filter(_is_row, ast.walk(tree)), key=lambda row: (row.lineno, row.col_offset))
        levels[level] = [row for row in rows if not ONLY or row.args[0].value in ONLY]
    return levels


def _is_row(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="Op"), args=[ast.Constant(value=str()), *_]):
            return True
    return False


def _stated(row: ast.Call, keyword: str, otherwise: object) -> object:
    stated = [k.value.value for k in row.keywords if k.arg == keyword and isinstance(k.value, ast.Constant)]
    return stated[0] if stated else otherwise
