"""The names and par times of the operations, read from tests/specs/ without running it: in a moment, without torch."""

import difflib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.specs import LEVELS, ONLY

PROJECT = Path(__file__).parents[3]
_CLOSEST = 3
_ROW, _PAR, _ADAPTER = (re.compile(p) for p in (r"\bOp\(\s*\"(\w+)\"", r"\bpar=(\d+)", r"\badapter=\"(\w+)\""))


def names_by_level() -> dict[str, list[str]]:
    """Level -> the names of its operations, both in order of study."""
    return {level: list(ops) for level, ops in outline().items()}


@cache
def outline() -> dict[str, dict[str, int]]:
    """Level -> operation -> its par time in minutes, both in order of study."""
    return {level: {op: int(_stated(_PAR, row) or 0) for op, row in rows.items()} for level, rows in _rows().items()}


@cache
def adapters() -> dict[str, str]:
    """Operation -> its adapter, of those that are classes."""
    stated = {op: _stated(_ADAPTER, row) for rows in _rows().values() for op, row in rows.items()}
    return {op: adapter for op, adapter in stated.items() if adapter}


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
def _rows() -> dict[str, dict[str, str]]:
    """Level -> operation -> its row as it is written, in order of study."""
    levels = {}
    for level in LEVELS:
        source = (PROJECT / "tests" / "specs" / f"{level}.py").read_text(encoding="utf-8")
        _, *parts = _ROW.split(source)
        rows = zip(parts[::2], parts[1::2], strict=True)
        levels[level] = {op: row for op, row in rows if not ONLY or op in ONLY}
    return levels


def _stated(keyword: re.Pattern, row: str) -> str:
    """What the row says after this keyword; empty where it says nothing."""
    found = keyword.search(row)
    return found[1] if found else ""
