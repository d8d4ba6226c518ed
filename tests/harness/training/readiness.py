"""Whether operations are ready to be trained with: which are not written, and which do not hold in the public properties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.harness.judgement.points import FAILED
from tests.harness.judgement.properties import Property
from tests.harness.judgement.verdict import Verdict
from tests.harness.rows.catalogue import by_name
from tests.harness.rows.names import level_of, names_by_level
from tests.harness.rows.spec import Operation
from tests.harness.training.training import Training

Judge = Callable[[Property, Operation], Verdict]
NOT_HERE = "is not among the operations of this kit"


@dataclass
class Readiness:
    """`uses`: the operations that there are. `missing`: those that must be written, and why they count as not written.

    `without`: likewise, those that it could do without. `wrong`: the first verdict on each that does not hold.
    """

    uses: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)
    wrong: list[Verdict] = field(default_factory=list)


def readiness(training: Training, properties: Sequence[Property], judge: Judge) -> Readiness:
    """Hold the operations of a training to these properties; none of them where one is missing that it needs."""
    found = Readiness()
    found.missing = _unwritten(training.needs, properties, judge)
    found.without = _unwritten(training.better, properties, judge)
    found.uses = [*training.needs, *(() if found.without else training.better)]
    if not found.missing:
        verdicts = ([judge(prop, by_name()[op]) for prop in properties] for op in found.uses)
        failed = (next((v for v in of_one if v.status in FAILED), None) for of_one in verdicts)
        found.wrong = [verdict for verdict in failed if verdict]
    return found


def missing_lines(name: str, impl: str, missing: dict[str, str]) -> list[str]:
    """What is missing, and which of it to write first: the first in order of study."""
    lines = [f"{name} cannot be trained yet:", *(f"  {op}: {why}" for op, why in missing.items())]
    levels = names_by_level()
    due = [op for ops in levels.values() for op in ops if op in missing]
    if len(due) == len(missing):
        file = f"{impl}/{level_of(due[0], levels)}.py"
        lines += [f"next: write {due[0]} in {file}:", f"    pytest --impl={impl} --op={due[0]}"]
    return lines


def wrong_lines(name: str, impl: str, wrong: Sequence[Verdict], *, anyway: bool) -> list[str]:
    """What is wrong, in the words of an ordinary run, and what to do about it."""
    lines = []
    for verdict in wrong:
        lines.append(f"{verdict.op} is wrong, {verdict.property}: {verdict.why}")
        lines += [f"    hint: {hint}" for hint in verdict.hints]
    if anyway:
        return [*lines, "trained all the same, with --anyway"]
    first = f"next: pytest --impl={impl} --op={wrong[0].op}"
    return [*lines, f"{first}; or see what it learns so:", f"    pytest --impl={impl} --train={name} --anyway"]


def _unwritten(ops: Sequence[str], properties: Sequence[Property], judge: Judge) -> dict[str, str]:
    found = {}
    for op in ops:
        row = by_name().get(op)
        verdicts = (judge(prop, row) for prop in properties) if row else ()
        why = next((v.why for v in verdicts if v.status == "todo"), "") if row else NOT_HERE
        if why:
            found[op] = why
    return found
