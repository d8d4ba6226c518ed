"""How many wrong implementations pass a property with fewer examples, and with more: what `python -m tests.meta.bench --survivors` prints.

Of each property, those that it should catch are tried: the mutants that name it, and the solutions spoilt in the ways that do.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.properties import Property
from tests.harness.submissions.here import Here
from tests.meta.spoilers import SPOILERS
from tests.meta.suspects import solution
from tests.meta.test_mutants import OPERATIONS, PROPERTIES, WRONG

SHARES = (0.25, 0.5, 1, 2)  # of the examples that a property has


def suspects(prop: Property) -> Iterator[tuple[str, Callable]]:
    """Operation and wrong implementation, made anew each time, for all that the property should catch."""
    yield from ((row.op, lambda row=row: row.lookup(row.op)) for row in WRONG if row.caught_by == prop.name)
    for row in (row for row in SPOILERS if row.by == prop.name):
        yield from ((op, lambda row=row, op=op: row.spoil(solution(op))) for op in row.ops)


def surviving(prop: Property, share: float, seeds: range) -> tuple[int, int]:
    """How many suspects pass for at least one seed, and how many there are, with that share of the examples."""
    prop = replace(prop, after=(), examples=max(1, round(prop.examples * share)))
    seen: Counter = Counter()
    for op, make in suspects(prop):
        verdicts = (
            Examiner(Here("suspect", {op: make()}.get), seed, shrink=False).verdict(prop, OPERATIONS[op])
            for seed in seeds
        )
        seen[any(verdict.status == "pass" for verdict in verdicts)] += 1
    return seen[True], seen.total()


def table(seeds: range) -> Iterator[str]:
    """A line for each property."""
    for prop in PROPERTIES:
        counts = [surviving(prop, share, seeds) for share in SHARES]
        told = ", ".join(
            f"{passed} at {share * prop.examples:g}" for share, (passed, _) in zip(SHARES, counts, strict=True)
        )
        yield f"{prop.name}: of {counts[0][1]} wrong ones pass {told} examples"
