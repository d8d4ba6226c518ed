"""`fast` counts: the same each time, only what a call costs, and every answer is compared."""

import gc
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.harness.examples.examples import drawn_inputs
from tests.harness.examples.pairs import pairs
from tests.harness.examples.sizes import ENTRIES, largest
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.verdict import Verdict
from tests.harness.rows.names import names_by_level
from tests.harness.rows.oracle import output_shape
from tests.harness.rows.sources import Fresh
from tests.harness.submissions import submissions
from tests.harness.submissions.here import Here
from tests.harness.submissions.submissions import reference
from tests.harness.worker.counting import counted
from tests.harness.worker.observation import Call
from tests.meta.test_mutants import ALONE, OPERATIONS, RIGHT

PROJECT = Path(__file__).parents[2]
HARMLESS = """
import collections, contextlib, dataclasses, enum, fractions, functools, random, statistics, timeit, typing, unittest
import numpy as np

Row = collections.namedtuple("Row", "x y")
Name = typing.NewType("Name", int)
Kind = enum.Enum("Kind", "one two")
T = typing.TypeVar("T")

@dataclasses.dataclass
class Kept:
    x: np.ndarray

class Pair(typing.NamedTuple):
    x: int
    y: int

def tensor_sum(x):
    if x.dtype != np.float64:
        raise ValueError(f"{np.log(-abs(x))}")
    Here = collections.namedtuple("Here", "x")
    with np.errstate(all="ignore"), contextlib.suppress(ZeroDivisionError):
        1 / 0
    return np.sum(Here(x).x), lambda gy: gy * np.ones_like(x)
"""


def _verdict(op: str, implementation, seed: int = 0) -> Verdict:
    examiner = Examiner(implementation, seed, reference=lambda: reference(PROJECT, names_by_level))
    return examiner.verdict(ALONE, OPERATIONS[op])


@pytest.mark.parametrize("size", [2, 8, 10, 16, 32, 100, 256])
def test_a_dropped_remainder_is_seen(size):
    """Code that works in blocks of rows and drops what is left over is wrong at a larger size."""

    def sigmoid(x):
        y, whole = np.zeros(x.shape), len(x) // size * size or len(x)
        y[:whole] = 1 / (1 + np.exp(-x[:whole]))
        return y, lambda gy: gy * y * (1 - y)

    found = _verdict("sigmoid", Here("blocks", {"sigmoid": sigmoid}.get))
    assert found.status == "fail"
    assert "for larger arrays: y[" in found.why


def test_the_answers_are_compared_where_there_are_ties():
    """Zeros of no shape are no gradient of a maximum, at a larger size either."""

    def reduce_max(x, axis, keepdims):
        return x.max(axis=axis, keepdims=keepdims), lambda gy: np.float64(0)

    found = _verdict("reduce_max", Here("no shape", {"reduce_max": reduce_max}.get))
    assert found.status == "fail"
    assert "for larger arrays: gx has shape ()" in found.why


def test_only_pure_minds_a_gy_that_is_overwritten():
    """A grad that works in gy itself is as fast, and as right, as any other."""

    def tanh(x):
        y = np.tanh(x)
        return y, lambda gy: np.multiply(gy, 1 - y * y, out=gy)

    assert _verdict("tanh", Here("in place", {"tanh": tanh}.get)).status == "pass"


def test_the_same_verdict_each_time(tmp_path):
    """Here and in a worker, again and again, the same seed says the same; another seed draws other inputs."""
    (tmp_path / "loop.py").write_text(
        "import numpy as np\ndef sigmoid(x):\n    y = np.array([1 / (1 + np.exp(-v)) for v in x.ravel()]).reshape(x.shape)\n"
        "    return y, lambda gy: gy * y * (1 - y)\n"
    )
    implementation = submissions.resolve(str(tmp_path / "loop.py"), PROJECT, names_by_level)
    try:
        whys = {_verdict("sigmoid", implementation, seed=3).why for _ in range(3)}
    finally:
        implementation.close()
    assert len(whys) == 1
    assert next(iter(whys)).startswith("Python's steps grow by ")


def test_what_the_standard_library_does_is_no_disturbance(tmp_path):
    """Named tuples, enums, data classes and an exception in another property look at frames too, and are nobody's fault."""
    (tmp_path / "kata.py").write_text(HARMLESS)
    implementation = submissions.resolve(str(tmp_path / "kata.py"), PROJECT, names_by_level)
    try:
        examiner = Examiner(implementation, 0, reference=lambda: reference(PROJECT, names_by_level))
        single = [(np.ones(3, np.float32),)]
        assert implementation.observe("tensor_sum", single, [], (Call(),)).crash.kind == "ValueError"
        found = examiner.verdict(ALONE, OPERATIONS["tensor_sum"])
    finally:
        implementation.close()
    assert found.status == "pass", found.why


def test_a_count_is_of_opcodes_and_memory():
    """A loop of a hundred more rounds takes so many steps more each time; an array that is gone again counts at its largest."""

    def run(rounds: int):
        for _ in range(rounds):
            pass

    (_, few), (_, many), (_, again) = (counted(lambda n=n: run(n), 10**6) for n in (100, 200, 200))
    assert many == again
    assert many.steps - few.steps >= 200
    _, cost = counted(lambda: np.zeros(10**6).sum(), 10**6)
    assert 8 * 10**6 <= cost.bytes < 9 * 10**6
    assert counted(lambda: run(10**6), 1000)[1].steps == 1001


def _resets() -> float:
    large = np.ones(10**6)
    size = large.sum()
    del large
    tracemalloc.reset_peak()
    return size


def _collects() -> None:
    gc.enable()
    gc.disable()


@pytest.mark.parametrize(
    ("run", "foul"),
    [
        (_resets, "what tracemalloc counts is reset"),
        (_collects, "the garbage collector is switched on"),
        (lambda: sys.settrace(None), "Python's tracing is switched off, or is another's (a debugger?)"),
        (lambda: np.ones(10**6).sum(), ""),
    ],
)
def test_what_disturbs_the_counting_is_told(run, foul):
    """Also where nobody else notices it: in this process."""
    assert counted(run, 10**6)[1].foul == foul


@pytest.mark.parametrize(
    "op", [op for op in OPERATIONS.values() if "fast" not in op.unasked and not op.adapter], ids=lambda op: op.name
)
def test_a_large_call_is_not_too_large(op):
    """At the largest size no input has more entries than are meant, nor the output, where it is not two inputs side by side; nor any of several."""
    inputs = drawn_inputs(op, largest(op), Fresh(0, arrays=0))
    output = np.prod(output_shape(op, inputs)) / max(1, len(op.values))
    assert max(output, *(np.prod(np.shape(value)) for value in inputs)) <= 2 * ENTRIES


def _blockwise(name: str) -> Verdict:
    row = next(row for row in RIGHT if (row.op, row.name) == ("blockwise_attention", name))
    return _verdict(row.op, Here(name, row.lookup))


@pytest.mark.parametrize("name", ["all scores at once", "all blocks kept"])
def test_what_is_held_for_each_pair_of_two_dimensions_is_seen(name):
    """Where no input has both of two dimensions, something for each pair of them is too much memory, at once or in pieces."""
    found = _blockwise(name)
    assert found.status == "fail"
    assert "where T and S are large together" in found.why


def test_only_memory_counts_where_two_dimensions_are_large():
    """Whoever takes one more of the two block by block takes more steps than the reference, and is right."""
    assert _blockwise("blocks of queries too").status == "pass"


def test_the_pairs_are_of_dimensions_that_no_input_has_both_of():
    """Of attention these are queries and keys, not the keys and their features; where all stand together there is none."""
    names = {op: [pair.names for pair in pairs(OPERATIONS[op])] for op in ("blockwise_attention", "layer_norm")}
    assert names == {"blockwise_attention": [("T", "S"), ("T", "E"), ("D", "E")], "layer_norm": []}
