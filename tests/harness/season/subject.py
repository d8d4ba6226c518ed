"""One implementation under test: what is noted of it beside its verdicts, and where its operations stand. It imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.harness.worker.printable import printable
from tests.harness.worker.refusal import GRAD_NOT_WRITTEN, NOT_THERE, NOT_WRITTEN

if TYPE_CHECKING:
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.judgement.verdict import Explanation, Verdict
    from tests.harness.submissions.elsewhere import Elsewhere
    from tests.harness.submissions.here import Here

NOTES, NOTE = 20, 300  # of a submission, and characters of each: more are counted, and cut


@dataclass
class Subject:
    """One implementation under test. `unusable`: why it cannot be graded at all, where several are graded."""

    name: str
    implementation: Here | Elsewhere | None
    unusable: str = ""
    examiner: Examiner | None = None
    reference: Here | None = None
    told: set[str] = field(default_factory=set)  # of its notes, those that a report of a test has

    def new_notes(self) -> list[str]:
        """What was noted of it since this was asked last, safe to show."""
        noted = self.implementation.notes[:1000] if self.implementation else []
        notes = [printable(str(note), NOTE) for note in noted]
        new = list(dict.fromkeys(note for note in notes if note not in self.told))
        self.told.update(new)
        return new

    def close(self) -> None:
        for implementation in (self.implementation, self.reference):
            if implementation:
                implementation.close()


def near_miss(verdict: Verdict) -> list[str]:
    """What must be said of an operation that is TODO, beside that: something like it is there, or a stub stands below it."""
    usual = (NOT_THERE, NOT_WRITTEN, GRAD_NOT_WRITTEN)
    return [f"{verdict.op}: {verdict.why}"] if verdict.status == "todo" and verdict.why not in usual else []


def shown_notes(notes: Iterable[str]) -> list[str]:
    """The first of the notes on a submission, and how many more there are."""
    notes = list(notes)
    return [*notes[:NOTES], *([f"and {len(notes) - NOTES} notes more"] if len(notes) > NOTES else [])]


def place_of(op: str) -> tuple[str, int]:
    """The level of an operation, and its place in the order of study; networks come last."""
    from tests.harness.rows import catalogue

    return ("compose", 10**6) if op == "compose" else catalogue.place_of(op)


def explained(*failure: object, forward_holds: bool) -> Explanation:
    """Explains a failure; what it takes is imported only where there is one."""
    from tests.harness.diagnosis.diagnose import diagnose

    return diagnose(*failure, forward_holds=forward_holds)


def or_nothing(tell: Callable, *arguments: object) -> object:
    """What is told beside the verdict; without it, the verdict is told all the same."""
    try:
        return tell(*arguments)
    except Exception:
        return None
