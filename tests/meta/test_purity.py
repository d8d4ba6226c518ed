"""The third rule: what each way of breaking it is told, and that what it allows is allowed."""

import numpy as np
import pytest

from solutions import tensors as solutions
from tests import test_ops
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.properties import written_in
from tests.harness.rows.catalogue import operations
from tests.harness.submissions.here import Here
from tests.hidden import test_hidden
from tests.meta.late import diagnose

OPERATIONS = {op.name: op for ops in operations().values() for op in ops}
PUBLIC = written_in(test_ops)


def verdicts(op: str, function, properties=PUBLIC) -> dict:
    """The verdict on each property, by its name."""
    examiner = Examiner(Here("submission", {op: function}.get), seed=1)
    return {prop.name: examiner.verdict(prop, OPERATIONS[op]) for prop in properties}


def tanh(y, gx):
    """tanh, with what it hands out put into arrays by these two."""

    def operation(x):
        value = y(x, np.tanh(x))
        slope = 1 - np.tanh(x) ** 2
        return value, lambda gy: gx(x, gy, gy * slope)

    return operation


def as_it_is(*arguments):
    return arguments[-1]


def one_buffer():
    """One array for all answers of one shape and dtype."""
    buffers = {}

    def put(*arguments):
        result = np.asarray(arguments[-1])
        buffer = buffers.setdefault((result.shape, result.dtype), np.empty_like(result))
        buffer[...] = result
        return buffer

    return put


def one_view():
    """The beginning of one array, for answers of all sizes."""
    buffer = np.zeros(2**16)

    def put(*arguments):
        result = np.asarray(arguments[-1])
        view = buffer.view(result.dtype)[: result.size].reshape(result.shape)
        view[...] = result
        return view

    return put


def memo(key):
    """The first answer for each key, the very same array."""
    known = {}

    def remembered(*arguments):
        return known.setdefault(key(*arguments[:-1]), np.array(arguments[-1]))

    return remembered


def content(*arrays):
    return tuple((a.tobytes(), a.shape, a.dtype) for a in arrays)


def kept_alive():
    """The identity of arrays that are never freed, so that no other ever has it."""
    held = []

    def identity(*arrays):
        held.extend(arrays)
        return tuple(map(id, arrays))

    return identity


def from_the_third_call_on():
    """Wrong from the third time on."""
    calls = []

    def put(*arguments):
        calls.append(1)
        return arguments[-1] * (2 if len(calls) % 3 == 0 else 1)

    return put


def per_closure():
    """tanh with its gradient in one array for each closure."""

    def operation(x):
        y, out = np.tanh(x), np.empty_like(x)

        def grad(gy):
            return np.multiply(gy, 1 - y * y, out=out)

        return y, grad

    return operation


def remembers_its_first_gradient(x):
    """tanh whose closure works once."""
    y, known = np.tanh(x), []

    def grad(gy):
        known.append(gy * (1 - y * y))
        return np.array(known[0])

    return y, grad


BROKEN = {
    "y in one buffer": (tanh(one_buffer(), as_it_is), "y shares its memory with an earlier one"),
    "the gradient in one buffer": (tanh(as_it_is, one_buffer()), "a gradient shares its memory with an earlier one"),
    "the gradient in a buffer of the closure": (per_closure(), "a gradient shares its memory with an earlier one"),
    "y in one buffer for all sizes": (
        tanh(one_view(), as_it_is),
        "y ",
    ),
    "y remembered by content": (tanh(memo(content), as_it_is), "y shares its memory with an earlier one"),
    "the gradient remembered by content": (
        tanh(as_it_is, memo(content)),
        "a gradient shares its memory with an earlier one",
    ),
    "y remembered by identity": (
        tanh(memo(kept_alive()), as_it_is),
        "y is wrong when arrays that were given before come again with other contents",
    ),
    "the first gradient remembered": (
        remembers_its_first_gradient,
        "gx is another one when grad was called with another gy before",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_keeps_something_between_calls_is_told_by_pure_alone(name):
    """Each keeps or shares something in its own way, and is right otherwise."""
    function, words = BROKEN[name]
    found = verdicts("tanh", function)
    assert {prop: v.status for prop, v in found.items()} == {
        "forward": "pass",
        "gradient": "pass",
        "pure": "fail",
        "stable": "pass",
    }
    assert words in found["pure"].why, found["pure"].why


def test_a_third_time_is_asked_for():
    """What goes wrong only later is another answer to the same question, which is what is said."""
    (why,) = {verdicts("tanh", tanh(from_the_third_call_on(), as_it_is), [PUBLIC[2]])["pure"].why}
    assert why


ALLOWED = {
    "reshape": lambda x, shape: (x.reshape(shape), lambda gy: gy.reshape(x.shape)),
    "transpose": lambda x, axes: (x.transpose(axes), lambda gy: gy.transpose(np.argsort(axes))),
}


@pytest.mark.parametrize("op", [op for op in ALLOWED if op in OPERATIONS])
def test_what_was_given_may_be_returned(op):
    """A view of the input, or of gy, is an answer like any other."""
    layout = test_hidden.test_layout.property
    assert {v.status for v in verdicts(op, ALLOWED[op], [*PUBLIC, layout]).values()} == {"pass"}


def in_place_in_forward(x):
    """relu, on the array that it was given."""
    x[x < 0] = 0
    return x, lambda gy: gy * (x > 0)


def tanh_in_place(x):
    """tanh, on the array that it was given: the gradient is taken at what it has become."""
    np.tanh(x, out=x)
    return x, lambda gy: gy * (1 - np.tanh(x) ** 2)


def test_a_change_in_place_is_told_where_it_spoils_the_gradient():
    """The gradient fails because of it, and `pure` says what is broken instead of being skipped."""
    found = verdicts("tanh", tanh_in_place)
    assert [found[name].status for name in ("forward", "gradient", "pure", "stable")] == [
        "pass",
        "fail",
        "fail",
        "skip",
    ]
    assert "x is changed in place" in found["pure"].why
    assert verdicts("relu", in_place_in_forward)["pure"].status == "fail"


def changing(condition):
    """relu that sorts out its input in place, where that holds."""

    def operation(x):
        if condition(x):
            x[x < 0] = -1
        due = x > 0
        return np.where(due, x, np.zeros_like(x)), lambda gy: gy * due

    return operation


@pytest.mark.parametrize(
    ("condition", "due"),
    [
        (lambda x: x.dtype == np.float32, {"stable"}),
        (lambda x: not x.flags.c_contiguous and not x.flags.f_contiguous, {"layout"}),
        (lambda x: x.ndim == 2 and x.flags.writeable, {"pure"}),
    ],
)
def test_a_change_in_place_is_told_once_wherever_it_happens(condition, due):
    """Also where it is done only in float32, or to strided arrays, the first property says so that sees it; no other does."""
    layout = test_hidden.test_layout.property
    for properties in ([*PUBLIC, layout], [layout, *PUBLIC]):  # a hidden run begins with its own
        found = verdicts("relu", changing(condition), properties)
        failed = {name: v.why.partition(",")[0] for name, v in found.items() if v.status != "pass"}
        assert failed == dict.fromkeys(due, "x is changed in place")


def test_one_array_may_stand_for_two_arguments():
    """An operation that tells its arguments apart by which array they are is not pure."""

    def multiply(a, b):
        y, grad = solutions.multiply(a, b)
        return y, lambda gy: tuple(g * (1 + (a is b)) for g in grad(gy))

    assert "when one array is given for two arguments" in verdicts("multiply", multiply)["pure"].why


def test_a_gradient_that_is_wrong_after_a_change_in_place_is_told_of_it_first():
    """The cause comes before what it looks like."""
    examiner = Examiner(Here("submission", {"tanh": tanh_in_place}.get), seed=1, explain=diagnose)
    found = examiner.verdict(PUBLIC[1], OPERATIONS["tanh"])
    assert found.parts[0] == "forward changes x in place"
    assert found.hints[0].startswith("work on a copy: x = x.copy()")
