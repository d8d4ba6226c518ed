"""What the questions are worth: of each operation and property how many hold, how well it separates, and how it fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from tests.harness.judgement.points import FAILED
from tests.harness.season.entry import Entry, worth
from tests.harness.worker.printable import printable

FEWEST = 10  # submissions, from which on a question is marked
EASY, HARD = 0.95, 0.05  # shares that hold, beyond which a question tells nobody from anybody
WEAK = 0.1  # the correlation below which it does not separate
SHOWN = 3  # of its diagnoses
_LINE = 140  # characters of one


@dataclass(frozen=True)
class Question:
    """One verdict that was asked of all. `judged`: of how many there is one; what comes after something that fails has none.

    `separates`: the point-biserial correlation of whether it holds with the points for everything else; None where all or none
    hold. `diagnoses`: the most frequent, with how often.
    """

    op: str
    property: str
    judged: int
    held: int
    todo: int
    failed: int
    separates: float | None
    diagnoses: tuple[tuple[str, int], ...]

    @property
    def mark(self) -> str:
        """`too easy`, `too hard`, `does not separate`; nothing for what is as it should be, or where too few were judged."""
        if self.judged < FEWEST:
            return ""
        share = self.held / self.judged
        if share >= EASY:
            return "too easy"
        if share <= HARD:
            return "too hard"
        return "does not separate" if self.separates is not None and self.separates < WEAK else ""


def questions(entries: Sequence[Entry], plan: Sequence[tuple[str, str]]) -> list[Question]:
    """Each of the plan's verdicts over all submissions that have one. Those that the grader had trouble with are left out."""
    entries = [entry for entry in entries if entry.trouble is None]
    made = []
    for number, (op, prop) in enumerate(plan):
        statuses = [entry.statuses[number] for entry in entries]
        judged = [n for n, status in enumerate(statuses) if status and status != "skip"]
        holds = [statuses[n] == "pass" for n in judged]
        rest = [entries[n].points[0] - holds[at] * worth(prop, op, entries[n]) for at, n in enumerate(judged)]
        reasons = Counter(_kind(entries[n], number) for n in judged if number in entries[n].reasons)
        failed = sum(statuses[n] in FAILED for n in judged)
        todo = sum(statuses[n] == "todo" for n in judged)
        common = tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN])
        made.append(Question(op, prop, len(judged), sum(holds), todo, failed, biserial(holds, rest), common))
    return made


def biserial(holds: Sequence[bool], rest: Sequence[float]) -> float | None:
    """The point-biserial correlation, (mean of those that hold - mean of the others) / s sqrt(p q); None where it has none."""
    held = [r for h, r in zip(holds, rest, strict=True) if h]
    others = [r for h, r in zip(holds, rest, strict=True) if not h]
    if not held or not others:
        return None
    mean = fmean(rest)
    spread = sqrt(fmean((r - mean) ** 2 for r in rest))
    share = len(held) / len(rest)
    return (fmean(held) - fmean(others)) / spread * sqrt(share * (1 - share)) if spread else None


def bands(entries: Sequence[Entry], of: int = 10) -> list[tuple[str, int]]:
    """How many submissions have a score from 0 to below 10, and so on; 100 stands alone."""
    width = 100 / of
    counts = Counter(min(int(e.score // width), of) for e in entries if e.trouble is None)
    names = [f"{n * width:g} to {(n + 1) * width:g}" for n in range(of)] + ["100"]
    return [(name, counts[n]) for n, name in enumerate(names)]


def _kind(entry: Entry, number: int) -> str:
    """Why a verdict failed, without the submission's name and remarks, so that those of one kind are counted together."""
    return entry.reasons[number].removeprefix(f"--impl={printable(entry.name, 500)}: ").partition(";")[0][:_LINE]
