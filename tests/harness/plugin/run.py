"""One pytest run of the kata: what is graded, what was asked for, and what came of it so far. It imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.display.result import Outcome, Result, in_order, missing
from tests.harness.practice.hunts import handed_in
from tests.harness.rows.names import names_by_level
from tests.harness.season.subject import Subject, place_of, shown_notes

if TYPE_CHECKING:
    from tests.harness.practice.hunts import Planted
    from tests.harness.rows.memory import Memory

NOT_FOR_GRADING = ("meta", "mutants")  # folders of the harness's own tests
HIDDEN_TIMES = 4  # as many examples as in public

Selected = tuple[str, str, str]
"""A submission, an operation of it and a property, by name; `compose` is an operation whose gradient is judged."""


@dataclass
class Run:
    """One pytest run: what was asked for, and what came out so far."""

    project: Path
    subjects: list[Subject]
    seed: int
    hidden: bool
    sandbox: str
    alone: bool
    command: str
    selected: dict[str, Selected] = field(default_factory=dict)  # a test -> what it gives a verdict on, in order
    results: list[Result] = field(default_factory=list)
    trouble: dict[str, str] = field(default_factory=dict)  # submission -> the grader's own trouble with it
    ended: set[str] = field(default_factory=set)  # submissions that cannot be graded any further for such a reason
    notes: dict[str, dict[str, None]] = field(default_factory=dict)  # submission -> what was noted of it, in order
    kit: tuple[int, dict[str, list[str]]] | None = None  # files and operations of the kit that was written
    explains: bool = True  # whether it is told how something is wrong
    planted: tuple[Planted, ...] = ()  # the mistakes of a kit, or of that which came back

    @cached_property
    def memory(self) -> Memory:
        """What torch has said, kept from run to run; but for strangers' code, and the hidden examples, only in this run."""
        from tests.harness.judgement.kept import Kept
        from tests.harness.rows.catalogue import by_name
        from tests.harness.rows.memory import Memory

        ours = all(subject.name in ("kata", "solutions") for subject in self.subjects)
        return Kept(by_name) if ours and not self.hidden else Memory()

    @property
    def times(self) -> int:
        """How many times the public number of examples."""
        return HIDDEN_TIMES if self.hidden else 1

    def outcomes(self) -> list[Outcome]:
        """What came of each submission, with what is missing."""
        return [self.outcome(subject.name) for subject in self.subjects]

    def outcome(self, submission: str) -> Outcome:
        """What came of this submission, with what is missing."""
        results = [r for r in self.results if r.submission == submission]
        found = {(r.op, r.property) for r in results}
        due = [
            (op, prop) for name, op, prop in self.selected.values() if name == submission and (op, prop) not in found
        ]
        results += [missing(submission, *place_of(op), op, prop) for op, prop in due]
        notes = shown_notes(self.notes.get(submission, ()))
        found = handed_in(self.planted, results) if self.planted else None
        return Outcome(submission, in_order(results), self.trouble.get(submission, ""), notes, found)


RUN = pytest.StashKey[Run]()


def subjects(impls: list[str], project: Path, sandbox: str) -> list[Subject]:
    """What is to be graded, ready to be asked. Raises UsageError where it cannot be."""
    from tests.harness.submissions.confinement import NoSandbox
    from tests.harness.submissions.deadline import last_resort
    from tests.harness.submissions.parcel import UnusableSubmission
    from tests.harness.submissions.submissions import resolve

    last_resort()
    made: list[Subject] = []
    for impl in impls:
        try:
            made.append(Subject(impl, resolve(impl, project, names_by_level, sandbox)))
            if len(impls) == 1:  # of several, each when it is its turn
                made[0].implementation.survey()
        except UnusableSubmission as unusable:
            if len(impls) == 1 or isinstance(unusable, NoSandbox):
                for subject in made:
                    subject.close()
                raise pytest.UsageError(str(unusable)) from None
            made.append(Subject(impl, None, str(unusable)))
    return made


def is_graded(item) -> bool:
    """Whether this item, or its definition, holds an implementation to a property."""
    function = getattr(item, "function", None) or getattr(item, "obj", None)
    return hasattr(function, "property") or hasattr(function, "chained")


def selected(item: pytest.Item, run: Run) -> Selected:
    """What an item's verdict is on."""
    op = item.callspec.params.get("op")
    submission = run.subjects[item.callspec.params["subject"]].name
    return (submission, op.name, item.function.property.name) if op else (submission, "compose", "gradient")
