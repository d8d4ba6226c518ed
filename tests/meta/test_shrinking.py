"""A failure ends at the smallest counterexample: no dimension can be smaller, no number simpler."""

import itertools
import time

import numpy as np
import pytest

from tests import test_ops
from tests.harness.judgement.properties import Property
from tests.harness.judgement.search import examine
from tests.harness.rows.catalogue import operations
from tests.harness.submissions.here import Here
from tests.meta.share import share
from tests.mutants import Mutant, Stateful
from tests.mutants.feedforward import RIGHT, WRONG

SEEDS = share(range(3), 3)
PROPERTIES = {test.property.name: test.property for test in (test_ops.test_forward, test_ops.test_gradient)}
OPERATIONS = {op.name: op for ops in operations().values() for op in ops}
MUTANTS = {(row.op, row.name): row for row in WRONG}


def _right(op: str):
    return next(row.function for row in RIGHT if row.op == op and not isinstance(row.function, Stateful))


def _last_of_several_wrong(x):
    """A sigmoid whose last entry is wrong, but for a number by itself."""
    y, grad = _right("sigmoid")(x)
    y = np.array(y)
    if y.size > 1:
        y[tuple(n - 1 for n in y.shape)] = 2
    return y, grad


def _wrong_from_five_on(x):
    """A sigmoid that is wrong for more entries than hypothesis draws along an axis."""
    y, grad = _right("sigmoid")(x)
    return (y * 2 if max(x.shape, default=0) > 4 else y), grad


def _half_gb_beyond(batch: int):
    """An affine whose gb is halved for batches that are larger."""

    def affine(x, w, b):
        y, grad = _right("affine")(x, w, b)

        def halved(gy):
            gx, gw, gb = grad(gy)
            return gx, gw, gb / 2 if len(x) > batch else gb

        return y, halved

    return affine


def _row(op: str, name: str, *shapes: str) -> object:
    """A mutant of the table, and the shapes of the inputs and of gy that its counterexample may have."""
    return pytest.param(MUTANTS[op, name], shapes, id=f"{op}: {name}")


# fmt: off
ROWS = [
    _row("affine", "bias missing", "1 1, 1 1, 1 1, 1 1"),
    _row("affine", "bias along the batch", "1 1, 1 2, 1 2, 1 2"),
    _row("affine", "gw transposed", "1 2, 2 1, 1 1, 1 1", "1 1, 1 2, 1 2, 1 2"),
    _row("affine", "gw transposed where square", "1 2, 2 2, 1 2, 1 2"),
    _row("affine", "gw wrong where N = K", "2 2, 2 1, 1 1, 2 1"),
    _row("affine", "gx without its last column", "1 1, 1 1, 1 1, 1 1"),
    _row("affine", "gb a mean over the batch", "2 1, 1 1, 1 1, 2 1"),
    pytest.param(Mutant("affine", "gb halved for a batch", "gradient", _half_gb_beyond(1)),
                 ["2 1, 1 1, 1 1, 2 1"], id="affine: gb halved for a batch"),
    pytest.param(Mutant("affine", "gb halved for a large batch", "gradient", _half_gb_beyond(4)),
                 ["5 1, 1 1, 1 1, 5 1"], id="affine: gb halved for a large batch"),
    _row("sigmoid", "0 at 0", ","),
    _row("sigmoid", "no gradient at 0", ","),
    pytest.param(Mutant("sigmoid", "last of several wrong", "forward", _last_of_several_wrong),
                 ["2, 2"], id="sigmoid: last of several wrong"),
    pytest.param(Mutant("sigmoid", "wrong from five on", "forward", _wrong_from_five_on),
                 ["5, 5"], id="sigmoid: wrong from five on"),
    _row("relu", "slope 2 at the kink", ","),
    _row("square_error_loss", "sum over the batch", "1 2, 1 2, 1", "2 1, 2 1, 2"),
    _row("square_error_loss", "gl along the features", "2 1, 2 1, 2"),
    _row("square_error_loss", "gl along the features where N = K", "2 2, 2 2, 2"),
    _row("tensor_sum", "mean", "2,"),
    _row("tensor_sum", "gx scalar", "1,"),
    _row("feed_forward", "sigmoid's slope missing", "1 1, 1 1, 1 1, 1 1, 1 1, 1 1, 1 1, 1 1,"),
    _row("feed_forward", "gb2 a mean over the batch", "2 1, 2 1, 1 1, 1 1, 1 1, 1 1, 1 1, 1 1,"),
]
# fmt: on


@pytest.mark.parametrize(("mutant", "smallest"), share(ROWS, 4))
def test_a_counterexample_is_as_small_as_it_can_be(mutant, smallest, monkeypatch):
    """Shrinking ends at the stated shapes, and at zeros and ones, for every seed."""
    shapes = [[tuple(map(int, shape.split())) for shape in one.split(",")] for one in smallest]
    for seed in SEEDS:
        example = _counterexample(mutant, PROPERTIES[mutant.caught_by], seed)
        arrays = [*example.inputs, example.gy]
        assert [a.shape for a in arrays] in shapes, f"should be one of {smallest} [seed={seed}]"
        assert set(np.concatenate([a.ravel() for a in arrays])) <= {0, 1}, f"should be zeros and ones [seed={seed}]"


ARGUMENTS = [
    ("leaky_relu", lambda x, slope: (x, lambda gy: 2 * gy), (0.01,)),
    ("reduce_sum", lambda x, axis, keepdims: (x, lambda gy: gy), (0, False)),
    ("cross_entropy", lambda logits, labels: (np.sum(logits), lambda gy: gy), (np.dtype(np.int64),)),
]


@pytest.mark.parametrize(("op", "wrong", "simplest"), ARGUMENTS, ids=[op for op, *_ in ARGUMENTS])
def test_arguments_become_the_simplest_too(op, wrong, simplest):
    """What fails for every axis, slope or width of labels ends at the first of them, and no zero is left negative."""
    for seed in SEEDS:
        example = _counterexample(Mutant(op, "wrong", "forward", wrong), PROPERTIES["forward"], seed)
        arguments = [i for i in example.inputs if not isinstance(i, np.ndarray)]
        widths = [i.dtype for i in example.inputs if isinstance(i, np.ndarray) and i.dtype.kind != "f"]
        assert (*arguments, *widths) == simplest, f"[seed={seed}]"
        assert {type(argument) for argument in arguments} <= {int, float, bool}
        assert not any(
            np.signbit(i[i == 0]).any() for i in example.inputs if isinstance(i, np.ndarray) and i.dtype.kind == "f"
        )


CLOCKS = ("perf_counter", "monotonic", "time", "process_time", "thread_time")


@pytest.mark.parametrize("op", ["affine", "square_error_loss"])
def test_no_clock_decides_which_counterexample_is_found(op, monkeypatch, capsys):
    """Where an hour passes at each look at a clock, the same examples are tried, and hypothesis complains of nothing."""
    row = next(row for row in WRONG if row.op == op and row.caught_by == "gradient")

    def tried() -> list[bytes]:
        asked = []

        def recorded(*inputs):
            asked.append(b"".join(np.asarray(value).tobytes() for value in inputs))
            return row.function(*inputs)

        examine(PROPERTIES["gradient"], OPERATIONS[op], Here("recorded", {op: recorded}.get), 0)
        return asked

    expected = tried()
    with monkeypatch.context() as patch:
        for clock in CLOCKS:
            hours = itertools.count(10.0**6, 3600.0)
            patch.setattr(time, clock, lambda hours=hours: next(hours))
        found = tried()
    assert found == expected
    assert len(found) > 20
    assert capsys.readouterr().out == ""


def _counterexample(mutant: Mutant, prop: Property, seed: int):
    verdict = examine(prop, OPERATIONS[mutant.op], Here(mutant.name, mutant.lookup), seed)
    assert verdict.status in ("fail", "error"), f"{prop.name}: {verdict.status} [seed={seed}]"
    return verdict.trial.example
