"""Edits of a number that is the root of a dimension's size: another dimension's stands there, or the size itself."""

from __future__ import annotations

import math

from tests.harness.diagnosis.calls import inside
from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.expression import Change, recorded, rewritten, with_argument
from tests.harness.diagnosis.named import roots, sized
from tests.harness.diagnosis.samples import Sample


def other_size(g: str, sample: Sample) -> Edits:
    """The root of another size stands in a call, or the size of which it should be the root."""
    known = roots(sample)
    for node in recorded(sample):
        at = next((at for at, a in enumerate(node.args) if isinstance(a, float) and a in known), None)
        for word in sized(sample) if at is not None else ():
            for words, number in ((word, float), (f"sqrt({word})", math.sqrt)):
                if words != known[node.args[at]]:
                    text = f"{{g}} {{is}} what {words} in place of {known[node.args[at]]}{inside(node)} would give"

                    def after(s: Sample, right, node=node, at=at, word=word, number=number):
                        change = _with(at, number(sized(s)[word]))
                        return s.edited(torch=rewritten(s.op.torch, {node.number: change}))[g]

                    yield Edit(text, after=after)


def _with(at: int, number: float) -> Change:
    return lambda func, args, kwargs: func(*with_argument(args, at, number), **kwargs)
