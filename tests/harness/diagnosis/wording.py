"""What a row's arrays and letters are called: within the diagnosis, and where a candidate reads it.

Within, the output of every operation is `y` and grad is given `gy`; an input of that name has another, so that a sentence
means one thing. Outside, all is called as the stub calls it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.diagnosis import Diagnosis
from tests.harness.judgement.judge import Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.judgement.values import joined
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Answer, Call, Grad, Observation, Odd, Steps

INPUT = "y_as_input"  # what an input y is called within


@dataclass(frozen=True)
class Wording:
    """The row as it is called within, and the words in both directions.

    `values`: what the operation returns in the place of (y, grad), as the row has it. Within, that is y, all in one row.
    """

    op: Operation
    inwards: Mapping[str, str]
    outwards: Mapping[str, str]
    values: Mapping[str, str]

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
        """What the judge said, in the words within: several values are y together."""
        found = copy(wrong)
        found.why, found.name = self.inside(wrong.why), self.inside(wrong.name)
        if wrong.name in self.values:
            found.name = "y"
        return found

    def diagnosis(self, found: Diagnosis) -> Diagnosis:
        """The diagnosis in the candidate's words."""
        parts, hints = (tuple(map(self.outside, lines)) for lines in (found.parts, found.hints))
        return replace(found, parts=parts, hints=hints)

    def _asking(self, ask: Callable[..., Observation]) -> Callable[..., Observation]:
        def asked(inputs: Sequence[tuple], gys: Sequence[NDArray], steps: Steps) -> Observation:
            seen = ask(inputs, gys, steps)
            if self.values:
                seen = seen._replace(answers=tuple(map(partial(self._joined, inputs), steps, seen.answers)))
            if not seen.crash:
                return seen
            frames = tuple((self.inside(file), *rest) for file, *rest in seen.crash.frames)
            crash = replace(seen.crash, message=self.inside(seen.crash.message), frames=frames)
            return seen._replace(crash=crash)

        return asked

    def _joined(self, inputs: Sequence[tuple], step: Call | Grad, answer: Answer) -> Answer:
        """The values of a call as one output, where all have the shape that is due."""
        if isinstance(step, Grad) or isinstance(answer.values, Odd):
            return answer
        given = dict(zip(self.op.inputs, inputs[step.inputs], strict=True))
        due = [np.shape(given[like]) for like in self.values.values()]
        if len(due) != len(answer.values) or any(
            isinstance(value, Odd) or value.shape != shape for value, shape in zip(answer.values, due, strict=True)
        ):
            return answer._replace(values=Odd("values of other shapes"))
        return answer._replace(values=(joined(dict(zip(self.values, answer.values, strict=True))),))


@cache
def wording(op: Operation) -> Wording:
    """The words for a row."""
    row, inwards, outwards = op, {}, {}
    if op.values:
        row = replace(op, output="y", values={}, joined=op.values)
        inwards, outwards = {op.output: "y", "y": INPUT}, {"y": op.output, INPUT: "y"}
    elif op.output != "y":
        kinds = {INPUT if name == "y" else name: kind for name, kind in op.kinds.items()}
        row = replace(op, kinds=kinds, output="y")
        inwards = {op.output: "y", op.upstream: "gy", "y": INPUT, "gy": f"g{INPUT}"}
        outwards = {"y": op.output, "gy": op.upstream, INPUT: "y", f"g{INPUT}": "gy"}
    # A letter in the candidate's own words is no dimension of the row's.
    kept = {letter: f"{letter}_as_written" for letter in op.letters if letter in op.words}
    outwards = outwards | op.words | {text: letter for letter, text in kept.items()}
    return Wording(row, inwards | kept, outwards, op.values)


def _replaced(text: str, words: Mapping[str, str]) -> str:
    if not words:
        return text
    longest = sorted(words, key=len, reverse=True)
    return re.sub(rf"\b({'|'.join(map(re.escape, longest))})\b", lambda found: words[found[0]], text)
