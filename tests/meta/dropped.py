"""How many examples each row drops, in each property, and why: what `python -m tests.meta.bench --dropped` prints.

A dropped example shows nothing, so another is drawn. A row that drops more than a few in a hundred shows less than it seems to.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tests.harness.judgement.judge import UnsuitedExample
from tests.harness.judgement.properties import Property
from tests.harness.judgement.search import examine
from tests.harness.judgement.trial import Trial
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Observation

MANY = 0.03  # of the examples: more than a few in a hundred


def dropped(prop: Property, op: Operation, implementation, seed: int) -> Counter:
    """How many examples of a property held, under "", and how many were dropped for each reason."""
    seen: Counter = Counter()

    def check(trial: Trial, *observations: Observation) -> None:
        try:
            prop.check(trial, *observations)
        except UnsuitedExample as unsuited:
            seen[unsuited.reason] += 1
            raise
        seen[""] += 1

    examine(replace(prop, check=check), op, implementation, seed, shrink=False)
    return seen


def table(counts: dict[tuple[str, str], Counter]) -> Iterator[str]:
    """A line for each operation and property that drops any, by its share; `!` where they are many."""
    shares = {key: 1 - seen[""] / seen.total() for key, seen in counts.items() if seen.total()}
    for op, prop in sorted((key for key, share in shares.items() if share), key=lambda key: -shares[key]):
        seen, share = counts[op, prop], shares[op, prop]
        reasons = ", ".join(f"{reason} {times}" for reason, times in seen.most_common() if reason)
        yield f"{'!' if share > MANY else ' '} {share:6.1%} of {seen.total():5}  {op}, {prop}: {reasons}"
