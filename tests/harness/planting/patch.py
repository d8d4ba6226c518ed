"""Mistakes put into the text of a module, and taken out again: lines for lines, all others stay as they are."""

import ast
import difflib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from tests.harness.planting.working import parts, working


class Lines(Protocol):
    """As much of a mistake as is needed to find its place."""

    level: str
    part: str
    before: str
    after: str
    nth: int


class Moved(Exception):
    """The lines of a mistake are not where its table says."""


def span(source: str, mistake: Lines) -> tuple[int, int]:
    """The first line of its place in the right source, from 0, and the line behind the last. Raises Moved."""
    old = mistake.before.splitlines()
    starts = _starts(source, mistake.part, old)
    if len(starts) <= mistake.nth:
        raise Moved(f"{mistake.part} has no line {old[0].strip()}")
    return starts[mistake.nth], starts[mistake.nth] + len(old)


def planted(source: str, mistakes: Iterable[Lines]) -> str:
    """The source with these mistakes. Raises Moved."""
    lines = source.splitlines(keepends=True)
    for (start, end), mistake in sorted(
        ((span(source, one), one) for one in mistakes), key=lambda p: p[0], reverse=True
    ):
        lines[start:end] = [f"{line}\n" for line in mistake.after.splitlines()]
    return "".join(lines)


def taken_out(source: str, mistake: Lines) -> str | None:
    """The source with the right lines where the mistake's still stand; None where they do not, or where nobody can tell."""
    lines, new = source.splitlines(keepends=True), mistake.after.splitlines()
    right = working(mistake.level)
    try:
        starts, ours = _starts(source, mistake.part, new), _starts(right, mistake.part, new)
        before = sum(at < span(right, mistake)[0] for at in ours)
    except (SyntaxError, ValueError, Moved):
        return None
    if len(starts) != len(ours) + 1:
        return None
    start = starts[before]
    kept = [f"{line}\n" for line in mistake.before.splitlines()]
    return "".join([*lines[:start], *kept, *lines[start + len(new) :]])


def diff(mistake: Lines) -> list[str]:
    """What mends it: lines with - and +."""
    told = difflib.ndiff(mistake.after.splitlines(), mistake.before.splitlines())
    return [line for line in told if line[0] in "-+"]


def excerpt(source: str, names: Iterable[str]) -> str:
    """The module with only these functions, classes and constants, and no import that they do not need."""
    tree, kept = ast.parse(source), set(names)
    lines = source.splitlines(keepends=True)
    there = parts(tree)
    needed = {n.id for name in kept if name in there for n in ast.walk(there[name]) if isinstance(n, ast.Name)}
    for node in reversed(tree.body):
        gone = node in [part for name, part in there.items() if name not in kept]
        new = None
        if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != "__future__":
            aliases = [alias for alias in node.names if (alias.asname or alias.name) in needed]
            gone = not aliases
            if aliases and len(aliases) < len(node.names):
                node.names = aliases
                new = [f"{ast.unparse(node)}\n"]
        if gone or new:
            lines[node.lineno - 1 : node.end_lineno] = new or []
    return _with_two_blank_lines("".join(lines))


def _starts(source: str, name: str, block: list[str]) -> list[int]:
    """Where these lines begin in a function or class, from 0. Raises Moved, SyntaxError."""
    lines, reaching = _outlined(source)
    if name not in reaching:
        raise Moved(f"there is no {name}")
    return [at for at in reaching[name] if lines[at : at + len(block)] == block]


@lru_cache(64)
def _outlined(source: str) -> tuple[list[str], dict[str, range]]:
    """The lines, and which of them each part has, from 0. Raises SyntaxError."""
    lines = [line.rstrip() for line in source.splitlines()]
    return lines, {name: range(part.lineno - 1, part.end_lineno) for name, part in parts(ast.parse(source)).items()}


def _with_two_blank_lines(source: str) -> str:
    return re.sub(r"\n{4,}", "\n\n\n", source).rstrip() + "\n"
