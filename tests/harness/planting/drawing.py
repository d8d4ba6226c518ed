"""Which mistakes a hunt has: so many of those in the tables, spread over levels and operations, by a seed.

Each is seen in one operation. Of operations that use one another only one has a mistake, and where there are enough others,
none that others use: it would show there too. Where there are more mistakes than operations, one has several of different
kinds, each of which is seen when the others are mended.
"""

import random
from collections.abc import Iterator, Mapping, Sequence

from tests.harness.planting.patch import span
from tests.harness.planting.table import Mistake, mistakes
from tests.harness.planting.working import users, working
from tests.harness.practice.interview import in_turns
from tests.harness.rows.names import names_by_level

_APART = 2  # lines between two mistakes of an operation, at least


class TooMany(ValueError):
    """There are not so many. `most`: how many there are."""

    def __init__(self, most: int):
        super().__init__(most)
        self.most = most


def drawn(selection: Mapping[str, Sequence[str]], count: int, seed: int) -> list[Mistake]:
    """So many mistakes of these operations (level -> names), in order of study; the same for the same seed.

    Raises TooMany.
    """
    rng = random.Random(seed)
    chosen: list[Mistake] = []
    candidates = list(_in_turns(_preferred(selection, count), rng))
    if count > 1:  # first those that use no other, or one that uses many would be in the way of all these
        candidates = sorted(candidates, key=lambda one: any(_uses(one, other) for other in candidates))
    for op, level in candidates:
        if len(chosen) < count and not any(_related(one, op, level) for one in chosen):
            chosen += _one_of(rng, [one for one in mistakes(level) if one.op == op], [])
    while len(chosen) < count:
        more = [one for first in _each_operation(chosen) for one in _another(rng, first, chosen)]
        if not more:
            raise TooMany(len(chosen))
        chosen += more[: count - len(chosen)]
    order = [op for ops in selection.values() for op in ops]
    return sorted(chosen, key=lambda one: (order.index(one.op), span(working(one.level), one)))


def _preferred(selection: Mapping[str, Sequence[str]], count: int) -> dict[str, list[str]]:
    """Those operations that have mistakes; where there are plenty, those alone that no other of the selection uses."""
    ops = {op for names in selection.values() for op in names}
    able = {
        level: [op for op in known if op in ops and _has_any(level, op)]
        for level, known in names_by_level().items()
        if level in selection
    }
    alone = {level: [op for op in names if set(users(level, op)) & ops == {op}] for level, names in able.items()}
    return alone if sum(map(len, alone.values())) >= 2 * count else able


def _in_turns(levels: Mapping[str, Sequence[str]], rng: random.Random) -> Iterator[tuple[str, str]]:
    """All operations with their levels, which take turns."""
    left = {level: rng.sample(list(ops), len(ops)) for level, ops in levels.items()}
    turns = rng.sample(list(left), len(left))
    yield from ((op, level) for level, op in in_turns(left, turns))


def _one_of(rng: random.Random, rows: Sequence[Mistake], beside: Sequence[Mistake]) -> list[Mistake]:
    """One of them that does not disturb the others, each kind as likely as the next; none where there is none."""
    kinds: dict[str, list[Mistake]] = {}
    for one in rows:
        if not any(one.kind == other.kind or _near(one, other) for other in beside):
            kinds.setdefault(one.kind, []).append(one)
    return [rng.choice(kinds[rng.choice(list(kinds))])] if kinds else []


def _another(rng: random.Random, first: Mistake, chosen: Sequence[Mistake]) -> list[Mistake]:
    """One more mistake of that operation."""
    beside = [one for one in chosen if one.op == first.op]
    return _one_of(rng, [one for one in mistakes(first.level) if one.op == first.op], beside)


def _each_operation(chosen: Sequence[Mistake]) -> list[Mistake]:
    return list({one.op: one for one in chosen}.values())


def _near(one: Mistake, other: Mistake) -> bool:
    (start, end), (begin, stop) = (span(working(m.level), m) for m in (one, other))
    return start < stop + _APART - 1 and begin < end + _APART - 1


def _uses(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return one != other and one[0] in users(other[1], other[0])


def _related(one: Mistake, op: str, level: str) -> bool:
    """Whether one of the two operations uses the other."""
    return op in users(one.level, one.op) or one.op in users(level, op)


def _has_any(level: str, op: str) -> bool:
    return any(one.op == op for one in mistakes(level))
