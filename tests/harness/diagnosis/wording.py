"""What a row's arrays and letters are called: within the diagnosis, and where a candidate reads it.

Within, the output of every operation is `y` and grad is given `gy`; an input of that name has another, so that a sentence
means one thing. Outside, all is called as the stub calls it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import cache

from tests.harness.diagnosis.diagnosis import Diagnosis
from tests.harness.judgement.judge import Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Observation

INPUT = "y_as_input"  # what an input y is called within


@dataclass(frozen=True)
class Wording:
    """The row as it is called within, and the words in both directions."""

    op: Operation
    inwards: Mapping[str, str]
    outwards: Mapping[str, str]

    def inside(self, text: str) -> str:
        """What a candidate reads, or wrote, in the words within: `outside` gives it back as it was."""
        return _replaced(text, self.inwards)

    def outside(self, text: str) -> str:
        """What is said within, in the candidate's words."""
        return _replaced(text, self.outwards)

    def trial(self, trial: Trial) -> Trial:
        """The trial of the row as it is called within; what the candidate's exceptions say is kept for `outside`."""
        return replace(trial, op=self.op, ask=self._asking(trial.ask))

    def wrong(self, wrong: Wrong) -> Wrong:
        """What the judge said, in the words within."""
        found = copy(wrong)
        found.why, found.name = self.inside(wrong.why), self.inside(wrong.name)
        return found

    def diagnosis(self, found: Diagnosis) -> Diagnosis:
        """The diagnosis in the candidate's words."""
        parts, hints = (tuple(map(self.outside, lines)) for lines in (found.parts, found.hints))
        return replace(found, parts=parts, hints=hints)

    def _asking(self, ask: Callable[..., Observation]) -> Callable[..., Observation]:
        def asked(*question: object) -> Observation:
            seen = ask(*question)
            if not seen.crash:
                return seen
            frames = tuple((self.inside(file), *rest) for file, *rest in seen.crash.frames)
            crash = replace(seen.crash, message=self.inside(seen.crash.message), frames=frames)
            return replace(seen, crash=crash)

        return asked


@cache
def wording(op: Operation) -> Wording:
    """The words for a row."""
    row, inwards, outwards = op, {}, {}
    if op.output != "y":
        kinds = {INPUT if name == "y" else name: kind for name, kind in op.kinds.items()}
        row = replace(op, kinds=kinds, output="y")
        inwards = {op.output: "y", op.upstream: "gy", "y": INPUT, "gy": f"g{INPUT}"}
        outwards = {"y": op.output, "gy": op.upstream, INPUT: "y", f"g{INPUT}": "gy"}
    # A letter in the candidate's own words is no dimension of the row's.
    kept = {letter: f"{letter}_as_written" for letter in op.letters if letter in op.words}
    return Wording(row, inwards | kept, outwards | op.words | {text: letter for letter, text in kept.items()})


def _replaced(text: str, words: Mapping[str, str]) -> str:
    if not words:
        return text
    longest = sorted(words, key=len, reverse=True)
    return re.sub(rf"\b({'|'.join(map(re.escape, longest))})\b", lambda found: words[found[0]], text)
