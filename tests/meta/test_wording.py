"""What is said has the names and the letters of the stub, and no two arrays are called alike."""

import re
from importlib import import_module

import numpy as np
import pytest

from tests import test_ops
from tests.harness.diagnosis.wording import wording
from tests.harness.display.result import result_of
from tests.harness.display.screen import screen
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.judge import Wrong
from tests.harness.rows.catalogue import operations
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.here import Here
from tests.meta.late import diagnose
from tests.meta.share import share

OPERATIONS = {op.name: op for ops in operations().values() for op in ops}
RENAMED = [op for op in OPERATIONS.values() if op.output != "y" and op.variables]
PROPERTIES = (test_ops.test_forward.property, test_ops.test_gradient.property, test_ops.test_pure.property)


def _twice(right):
    """An operation whose output is twice too large."""
    return lambda *inputs: (2 * right(*inputs)[0], right(*inputs)[1])


def _ignoring(right):
    """An operation whose grad takes ones for what it is given."""

    def operation(*inputs):
        y, grad = right(*inputs)
        return y, lambda gy: grad(np.ones_like(gy))

    return operation


def _remembering(right):
    """An operation whose grad answers what it answered first."""

    def operation(*inputs):
        y, grad = right(*inputs)
        first = []

        def remembering(gy):
            first[:] = first or [grad(gy)]
            return first[0]

        return y, remembering

    return operation


def _changing(right):
    """An operation whose grad changes what it is given."""

    def operation(*inputs):
        y, grad = right(*inputs)

        def changing(gy):
            gradients = grad(np.array(gy))
            gy *= 2
            return gradients

        return y, changing

    return operation


WAYS = (_twice, _ignoring, _remembering, _changing)


def _failure(op, way):
    """The verdict on the first property that such an implementation fails."""
    right = next(
        getattr(import_module(f"solutions.{level}"), op.name)
        for level, ops in names_by_level().items()
        if op.name in ops
    )
    examiner = Examiner(Here("s", {op.name: way(right)}.get), 0, explain=diagnose)
    verdicts = (examiner.verdict(prop, op) for prop in PROPERTIES)
    return next(verdict for verdict in verdicts if verdict.status == "fail")


@pytest.mark.parametrize(
    ("op", "way"),
    share([(op, way) for op in RENAMED for way in WAYS], 9),
    ids=lambda v: getattr(v, "name", "") or v.__name__,
)
def test_what_is_said_has_the_names_of_the_stub(op, way):
    """Where the stub has another word than y, the line, the hint, the screen and the report say that, and gy only of an input y."""
    verdict = _failure(op, way)
    result = result_of(verdict, "s", "level", 0)
    said = "\n".join([str(screen(verdict)), *result.parts, *result.hints, *result.example, str(result.picture)])
    assert re.search(rf"\b{op.output if way is _twice else op.upstream}\b", said), said
    assert op.upstream in result.example
    assert "gy" not in result.example
    allowed = {"y"} if "y" in op.inputs else set()
    allowed |= {"gy"} if "y" in op.variables else set()
    assert set(re.findall(r"\bg?y\w*", said)) - {"yours"} <= allowed, said


@pytest.mark.parametrize("op", OPERATIONS.values(), ids=lambda op: op.name)
def test_a_candidate_s_own_words_come_back_as_they_were(op):
    """Whatever an exception says, the diagnosis says it again, whatever its words mean within."""
    text = f"y, gy, x, gx, {op.output}, {op.upstream}, {' '.join('ABCDGHIKLMN')}; y.py and G*K"
    words = wording(op)
    assert words.outside(words.inside(text)) == text
    assert words.wrong(Wrong(text)).why == words.inside(text)


def test_a_letter_that_the_stub_lacks_is_said_in_words():
    """The row's letters for groups and their channels are nobody's; what is said are the stub's C and its argument."""
    words = wording(OPERATIONS["group_norm"])
    assert words.outside("gx is K times too small") == "gx is (C / groups) times too small"
    assert words.outside("y is wrong unless G == L") == "y is wrong unless groups == L"
    assert OPERATIONS["group_norm"].said_shape("gamma") == "(C,)"
    assert OPERATIONS["concatenate"].said_shape("b") == "(..., K, ...)"
    assert OPERATIONS["transpose"].said_shape("x") == ""
