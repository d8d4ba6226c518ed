"""One change of one expression of a solution, and what becomes of it. Which there are, rules.py says; mutation.py tries them all."""

import re
import zlib
from dataclasses import dataclass
from functools import cache

from tests.harness.planting.rewriting import Mutant, mutants
from tests.harness.rows.names import names_by_level
from tests.harness.worker.refusal import RefusedOperation
from tests.meta.rules import RULES
from tests.meta.suspects import caught_by_fast, caught_by_pure, caught_in_hidden, caught_in_public
from tests.meta.test_mutants import ALONE, OPERATIONS
from tests.meta.wide_examples import is_equal, standing

FATES = ("public", "hidden", "equal", "within", "accepted", "unseen")
"""A run catches it; it is none; it is forgiven with room to spare; it is forgiven; the judge refuses it, but no run sees that.

More of them is said in wide_examples.py.
"""
SURVIVING = FATES[-2:]
_ORDER = ["forward", "gradient", "pure", "stable"]
"""Properties, that first which caught the last change: what is near to it is mostly caught by the same."""


@dataclass(frozen=True)
class Change:
    """A change of an operation: the number of the mutant among its level's."""

    level: str
    number: int
    op: str

    @property
    def mutant(self) -> Mutant:
        return changed_sources(self.level)[self.number]

    @property
    def key(self) -> str:
        """What it is called among those of one source."""
        mutant = self.mutant
        return f"{self.op} {mutant.place.node.lineno}:{mutant.place.node.col_offset} {mutant.rule.name}: {mutant.new}"

    @property
    def line(self) -> str:
        """The operation and the changed statement, which stays the same when lines move."""
        return f"{self.op}: {self.mutant.line}"


@dataclass(frozen=True)
class Found:
    """What became of a change. `name`: for people. `why`: what is said of it, where somebody refuses it."""

    key: str
    op: str
    name: str
    line: str
    rule: str
    fate: str
    why: str = ""


def chosen(level: str = "", op: str = "", rule: str = "", every: int = 1) -> list[Change]:
    """The changes of a level, an operation, and the rules in whose names this expression is found; of them, one in so many.

    Which ones does not hang on what else there is, so that a change of one solution leaves those of the others alone.
    """

    def is_chosen(change: Change) -> object:
        mutant = change.mutant
        what = f"{change.op} {mutant.rule.name} {mutant.place.text} {mutant.new}"
        return re.search(rule, mutant.rule.name) and (every == 1 or zlib.crc32(what.encode()) % every == 0)

    levels = names_by_level().items()
    asked = [one for one, ops in levels if level in ("", one) and (op == "" or op in ops)]
    made = (
        Change(one, number, name)
        for one in asked
        for number, mutant in enumerate(changed_sources(one))
        for name in mutant.ops
    )
    return [change for change in made if op in ("", change.op) and is_chosen(change)]


def tried_out(change: Change) -> Found:
    """Try one change."""
    fate, why = _fate(change)
    mutant = change.mutant
    return Found(change.key, change.op, mutant.named(change.op), change.line, mutant.rule.name, fate, why)


@cache
def changed_sources(level: str) -> list[Mutant]:
    """All changes of a level's solutions."""
    return list(mutants(level, RULES))


def _fate(change: Change) -> tuple[str, str]:
    """First whether it is a change at all, which is quickly told of most; then the runs, and then the judge."""
    op = change.op
    try:
        handed_in = change.mutant.function(op)
    except Exception as error:
        return "public", repr(error)
    how = {"handed_in": True}
    try:
        if is_equal(op, handed_in):
            # Of what is done to memory, the numbers say nothing.
            why = caught_by_pure(op, handed_in, **how)
            return ("public", why) if why else ("equal", "")
        if why := caught_in_public(op, handed_in, first=_ORDER[0], **how):
            _ORDER[0] = why.partition(":")[0]
            return "public", why
        if why := caught_in_hidden(op, handed_in, **how):
            return "hidden", why
        if ALONE.name not in OPERATIONS[op].unasked and (why := caught_by_fast(op, handed_in, **how)):
            return "hidden", why
    except RefusedOperation as refused:
        return "public", refused.line
    return standing(op, handed_in)
