"""A whole training, from the question whether it can begin to what was learned."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from tests.harness.judgement.properties import Property
from tests.harness.submissions.here import Here
from tests.harness.training.drawing import Drawn, Writer, is_live
from tests.harness.training.loop import Course
from tests.harness.training.operations import Operations
from tests.harness.training.readiness import Judge, missing_lines, readiness, wrong_lines
from tests.harness.training.training import training
from tests.harness.worker.refusal import RefusedOperation

REACHED, NOT_REACHED, INTERRUPTED = 0, 1, 2
"""How it ends; as pytest's exit status."""
_WIDTH = 79


@dataclass(frozen=True)
class Lesson:
    """What is trained with whose operations, and where it is shown. `anyway`: also where they are wrong."""

    name: str
    implementation: Here
    judge: Judge
    properties: Sequence[Property]
    seed: int
    anyway: bool
    stream: TextIO
    writer: Writer

    def give(self) -> int:
        """Train, and show it; how it ended. Raises Unavailable, and KeyboardInterrupt outside of the course."""
        row, impl = training(self.name), self.implementation.name
        data = row.load()
        self._say(f"{self.name}, with the operations of {impl}/, --seed={self.seed}")
        self._say(f"checking {', '.join((*row.needs, *row.better))} ...")
        found = readiness(row, self.properties, self.judge)
        if found.missing:
            return self._refused(missing_lines(self.name, impl, found.missing))
        lines = wrong_lines(self.name, impl, found.wrong, anyway=self.anyway) if found.wrong else []
        if found.wrong and not self.anyway:
            return self._refused(lines)
        lines += [f"without {', '.join(row.better)}, for {op}: {why}" for op, why in [*found.without.items()][:1]]
        try:
            functions = {op: self.implementation.function(op) for op in found.uses}
        except RefusedOperation as refused:
            return self._refused([*lines, f"it cannot be trained: {refused.line}"])
        course = Course(row, row.begin(Operations(functions), data, self.seed % 2**32))
        self._say(*lines, f"uses {', '.join(found.uses)}", course.learner.about, "")
        return self._taken(course, [verdict.op for verdict in found.wrong])

    def _taken(self, course: Course, wrong: Sequence[str]) -> int:
        drawn = Drawn(self.stream, self.writer, live=is_live(self.stream))
        course.run(drawn.show)
        if course.marks:
            drawn.finish(course)
        if course.ended:
            self._say(course.ended)
        if not course.marks:
            self._say("nothing was learned by then")
            return INTERRUPTED if course.interrupted else NOT_REACHED
        self._say(*course.ending(), "")
        reached = course.training.reached(course.marks[-1].measure)
        last = course.marks[-1].measure
        with_wrong = f", with a wrong {', '.join(wrong)}" if wrong else ""
        self._say(
            f"goal {'reached' if reached else 'not reached'}: {course.training.goal}; "
            f"it is loss {last.loss:.3g}, {course.training.counted} {100 * last.right:.1f} %{with_wrong}"
        )
        return INTERRUPTED if course.interrupted else REACHED if reached else NOT_REACHED

    def _refused(self, lines: Sequence[str]) -> int:
        self._say(*lines)
        return NOT_REACHED

    def _say(self, *lines: str) -> None:
        for line in lines:
            for part in _wrapped(line):
                self.writer.line(part)
        self.writer.flush()


def _wrapped(line: str) -> list[str]:
    """A line that is too long, in several."""
    if len(line) <= _WIDTH:
        return [line]
    return textwrap.wrap(line, _WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
