"""What is held of every submission at once, for the ranking and the questions; the rest stays in its file."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.harness.display import scoreboard
from tests.harness.display.result import Outcome, counted, total
from tests.harness.judgement.points import FAILED, POINTS
from tests.harness.season.trouble import Trouble

_REASON = 300  # characters of one


@dataclass(frozen=True)
class Entry:
    """One submission.

    `statuses`: of the plan's verdicts, in its order; empty where there is none. `points`: earned and possible. `earned`: by
    operation. `reasons`: number in the plan -> why it failed. `trouble`: the grader's own with it, which has no score. `bugs`:
    what became of planted mistakes.
    """

    name: str
    row: scoreboard.Row
    points: tuple[float, int]
    earned: Mapping[str, tuple[float, int]]
    statuses: tuple[str, ...]
    reasons: Mapping[int, str]
    trouble: Trouble | None
    bugs: Mapping[str, object] | None = None

    @property
    def score(self) -> float:
        return self.row.score


def entry_of(outcome: Outcome, trouble: Trouble | None, plan: Sequence[tuple[str, str]]) -> Entry:
    """What is held of a submission."""
    found = {(r.op, r.property): r for r in outcome.results if r.judged}
    earned = counted(outcome.results)
    row = scoreboard.row_of(outcome)
    return Entry(
        outcome.submission,
        replace(row, reasons=tuple(map(_cut, row.reasons))),
        total(earned.values()),
        earned,
        tuple(sys.intern(found[place].status) if place in found else "" for place in plan),
        {n: _cut(found[p].why) for n, p in enumerate(plan) if p in found and found[p].status in FAILED},
        trouble,
        outcome.bugs,
    )


def ranked(entries: Sequence[Entry]) -> list[tuple[int, bool, Entry]]:
    """Rank, whether others share it, and the submission, best first; without those that the grader had trouble with."""
    graded = sorted((e for e in entries if e.trouble is None), key=lambda e: (-e.score, e.name))
    alike, firsts = Counter(e.score for e in graded), {}
    for place, e in enumerate(graded, 1):
        firsts.setdefault(e.score, place)
    return [(firsts[e.score], alike[e.score] > 1, e) for e in graded]


def worth(prop: str, op: str, entry: Entry) -> float:
    """The points that hang on one verdict of a submission's: those of networks are a share."""
    return entry.earned[op][0] if op == "compose" else POINTS[prop]


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return sys.intern(text if len(text) <= _REASON else f"{text[:_REASON]}...")
