"""A hunt made: which modules of kata/ it writes, with what in them. What is drawn is in drawing.py."""

import ast
from collections.abc import Iterable, Mapping, Sequence

from tests.harness.planting.drawing import drawn
from tests.harness.planting.patch import excerpt, planted
from tests.harness.planting.table import Mistake
from tests.harness.planting.working import imported, parts, users, working
from tests.harness.practice.hunts import Planted
from tests.harness.rows.names import names_by_level


def hunted(selection: Mapping[str, Sequence[str]], count: int, seed: int) -> tuple[Planted, ...]:
    """So many mistakes of these operations, ready to be planted. Raises drawing.TooMany."""
    return tuple(_planted(one) for one in drawn(selection, count, seed))


def modules(selection: Mapping[str, Sequence[str]], mistakes: Iterable[Planted]) -> dict[str, bytes]:
    """Level -> working code with these mistakes: the modules of the operations, and those that they need."""
    return {level: _source(level, mistakes).encode() for level in _levels(selection)}


def excerpts(selection: Mapping[str, Sequence[str]], mistakes: Iterable[Planted]) -> dict[str, bytes]:
    """The same with nothing but these operations, and what they use."""
    ops = [(level, op) for level, names in selection.items() for op in names]
    kept: dict[str, bytes] = {}
    for level in _levels(selection):
        there = parts(ast.parse(working(level)))
        names = [name for name in there if any(_uses(at, op, level, name) for at, op in ops)]
        if names:
            kept[level] = excerpt(_source(level, mistakes), names).encode()
    return kept


def _source(level: str, mistakes: Iterable[Planted]) -> str:
    return planted(working(level), [one for one in mistakes if one.level == level])


def _levels(selection: Mapping[str, Sequence[str]]) -> list[str]:
    needed = {used for level, names in selection.items() if names for used in imported(level)}
    return [level for level in names_by_level() if level in needed]


def _uses(at: str, op: str, level: str, name: str) -> bool:
    """Whether the operation is this part of a module, or uses it."""
    return (at, op) == (level, name) or op in users(level, name)


def _planted(one: Mistake) -> Planted:
    also = tuple(op for op in users(one.level, one.op) if op != one.op)
    return Planted(one.op, one.kind, one.grade, one.level, one.part, one.before, one.after, one.nth, also)
