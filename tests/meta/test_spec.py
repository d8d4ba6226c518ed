"""The language of rows: each kind of input draws what it says, and stays what it is where an example gets smaller."""

from collections.abc import Callable
from inspect import signature
from itertools import islice
from math import prod

import numpy as np
import pytest

from tests.harness.examples.examples import EXTREME, ORDINARY, Example, stream
from tests.harness.examples.shrink import simpler
from tests.harness.examples.smaller_graphs import is_valid
from tests.harness.judgement.tolerance import off_entries
from tests.harness.rows.catalogue import operations
from tests.harness.rows.forms import layers, several
from tests.harness.rows.kinds import (
    among,
    axes,
    axis,
    calm,
    choice,
    const,
    each_step,
    fractions,
    function,
    labels,
    mask,
    nonzero,
    numbers,
    permutation,
    probabilities,
    reshaping,
    size,
    squares,
    step_number,
)
from tests.harness.rows.late import torch
from tests.harness.rows.oracle import Truth, output_shape
from tests.harness.rows.shapes import Dimensions, concrete
from tests.harness.rows.spec import Op, Operation

MANY = 400
ROWS = {op.name: op for ops in operations().values() for op in ops}


def _nothing(*inputs):
    return inputs[0] * 1.0


def _up_to_columns(x, m):
    return range(m, m + x.shape[1])


_STEPS = Op(
    "row",
    par=3,
    torch=lambda w, gw, t: w - gw,
    w=const("..."),
    gw=each_step("..."),
    t=step_number(1, 7),
    values={"w": "w"},
)
_LISTS = Op("row", par=3, torch=lambda *grads: grads, grads=several("grads"), values={"grads": "grads"})


def _drawn(table=ORDINARY, **inputs) -> list[Example]:
    row = table if isinstance(table, Operation) else Op("row", par=3, torch=_nothing, **inputs)
    return [e for (e,) in islice(stream(row, ORDINARY if row is table else table, seed=1), MANY)]


def _inputs(number: int, **inputs) -> list:
    return [e.inputs[number] for e in _drawn(**inputs)]


SEEN: dict[str, tuple[Callable[[], list], list[Callable]]] = {
    "labels": (
        lambda: [(e.inputs[1], e.dimensions["C"]) for e in _drawn(x="N C", i=labels("N", below="C"))],
        [
            lambda v: len(set(v[0].tolist())) < v[0].size,
            lambda v: len(set(v[0].tolist())) == v[0].size > 1,
            lambda v: v[1] - 1 in v[0] and v[1] > 1,
        ],
    ),
    "labels of any shape": (
        lambda: _inputs(1, x="V ...", i=labels("...I", below="V")),
        [lambda v, n=n: v.ndim == n for n in (0, 1, 2)],
    ),
    "labels of which some are ignored": (
        lambda: _inputs(1, x="N C", i=labels("N", below="C", ignored=-100)),
        [
            lambda v: v.size > 1 and np.all(v == -100),
            lambda v: np.all(v >= 0),
            lambda v: v.min() == -100 and v.max() >= 0,
            lambda v: v.dtype == np.int16 and v.min() == -100,
        ],
    ),
    "among": (
        lambda: [(*e.inputs[1:], e.inputs[0].shape) for e in _drawn(x="N K", m=choice(1, 2), a=among(_up_to_columns))],
        [
            lambda v: v[1] == v[0],
            lambda v: v[1] == v[0] + v[2][1] - 1 > v[0],
            lambda v: v[0] == 2 < v[1] < v[0] + v[2][1] - 1,
        ],
    ),
    "fractions": (
        lambda: _inputs(1, x="...", t=fractions("...")),
        [lambda v: 0 in v, lambda v: 1 in v, lambda v: np.any((v > 0) & (v < 1))],
    ),
    "probabilities": (
        lambda: _inputs(1, x="N C", p=probabilities("N C")),
        [lambda v: 0 in v, lambda v: v.shape[1] > 1 and 1 in v, lambda v: np.sum((v > 0) & (v < 1)) > 1],
    ),
    "mask": (
        lambda: _inputs(1, x="...", m=mask("...")),
        [lambda v: v.size > 1 and v.all(), lambda v: v.size > 1 and not v.any(), lambda v: v.any() and not v.all()],
    ),
    "calm": (
        lambda: _inputs(0, x=calm("N N")),
        [lambda v: abs(v).max() >= 1, lambda v: len(v) == 40 and abs(v).max() > 2],
    ),
    "squares": (
        lambda: _inputs(1, x="...", v=squares("...")),
        [lambda v: 0 in v, lambda v: v.max(initial=0) > 2, lambda v: v.size > 1 and v.min() > 0],
    ),
    "numbers": (
        lambda: _inputs(1, x="...", n=numbers("...")),
        [lambda v, t=t: v.dtype == t and np.any(v != 0) for t in (np.float64, np.int64, np.int32)],
    ),
    "function": (
        lambda: _inputs(1, x="...", f=function("a", "b")),
        [lambda v, name=name: v == name for name in ("a", "b")],
    ),
    "each step": (
        lambda: [(e.variant, e.inputs) for e in _drawn(_STEPS)],
        [
            lambda v: v[0] == 0 and v[1][1].shape == v[1][0].shape and v[1][2] == 7,
            lambda v: v[0] == 1 and v[1][1].shape == (10, *v[1][0].shape) and v[1][1].ndim > 2 and v[1][2] == 1,
        ],
    ),
    "layers": (
        lambda: [tuple(p.shape for p in e.inputs[1:]) for e in _drawn(x=const("N D"), p=layers("D", "C"))],
        [
            lambda v: len(v) == 2 and v[0][0] > v[1][1] > 1,
            lambda v: len(v) == 4 and v[0][1] == v[2][0] != v[0][0],
            lambda v: len(v) == 6 and v[2] == (v[1][1], v[3][1]) and v[4] == (v[3][1], v[5][1]),
        ],
    ),
    "several": (
        lambda: [[g.ndim for g in e.inputs] for e in _drawn(_LISTS)],
        [lambda v, n=n: len(v) == n and max(v) == 2 for n in (1, 2, 3)] + [lambda v: len(set(v)) == 3],
    ),
    "nonzero": (lambda: _inputs(0, x=nonzero("... D")), [lambda v: np.any(v < 0), lambda v: np.any(v > 0)]),
    "choice": (
        lambda: _inputs(1, x="...", a=choice(1.0, 0.5, 2, True, None)),
        [lambda v, c=c: v is c or (type(v), v) == (type(c), c) for c in (1.0, 0.5, 2, True, None)],
    ),
    "size": (lambda: _inputs(1, x="N G*D L", g=size("G")), [lambda v, n=n: v == n for n in (1, 2, 3, 4)]),
    "axis": (
        lambda: [(e.inputs[1], e.inputs[0].ndim) for e in _drawn(x="... K", a=axis("x"))],
        [lambda v: v[0] < 0, lambda v: v[0] == v[1] - 1 > 0, lambda v: v[0] == -v[1] < -1],
    ),
    "axes": (
        lambda: [(e.inputs[1], e.inputs[0].ndim) for e in _drawn(x="...", a=axes("x"))],
        [
            lambda v: v[0] is None and v[1],
            lambda v: type(v[0]) is int and v[0] < 0,
            lambda v: type(v[0]) is int and v[0] > 0,
            lambda v: isinstance(v[0], tuple) and len(v[0]) > 1 and min(v[0]) < 0,
            lambda v: isinstance(v[0], tuple) and list(v[0]) != sorted(v[0]),
            lambda v: isinstance(v[0], tuple) and len(v[0]) == 1,
        ],
    ),
    "permutation": (
        lambda: _inputs(1, x="... K", a=permutation("x")),
        [lambda v: len(v) > 2 and tuple(np.argsort(v)) != v, lambda v: len(v) > 1 and v == tuple(range(len(v)))],
    ),
    "reshaping": (
        lambda: [(e.inputs[1], e.inputs[0].shape) for e in _drawn(x="...", s=reshaping("x"))],
        [lambda v: v[0] == (), lambda v: len(v[0]) > len(v[1]), lambda v: len(v[0]) < len(v[1]), lambda v: 1 in v[0]],
    ),
    "broadcasting": (
        lambda: [
            (e.inputs[0].shape, e.inputs[1].shape, e.dimensions["..."])
            for e in _drawn(
                a="~...",
                b="~...",
            )
        ],
        [
            lambda v: v[0] == v[1] and len(v[0]) > 1,
            lambda v: len(v[0]) < len(v[1]),
            lambda v: len(v[0]) > len(v[1]),
            lambda v: any(m == 1 < n for m, n in zip(v[0][::-1], v[1][::-1], strict=False)),
            lambda v: any(m > 1 == n for m, n in zip(v[0][::-1], v[1][::-1], strict=False)),
            lambda v: np.broadcast_shapes(v[0], v[1]) not in (v[0], v[1]),
        ],
    ),
}
"""What was drawn of a kind, and what must be among it."""  # fmt: skip


@pytest.mark.parametrize("kind", SEEN)
def test_a_kind_draws_all_that_it_promises(kind):
    """Among a few hundred examples everything turns up that a kind is there for."""
    draw, wanted = SEEN[kind]
    drawn = draw()
    for number, holds in enumerate(wanted):
        assert any(holds(value) for value in drawn), f"number {number} is missing"


def _holds(value: np.ndarray, what: str) -> bool:
    """Whether the array holds what the graph says of it."""
    if what in ("positive", "bases"):
        return bool(np.all(value > 0))
    if what in ("nonzero", "signed", "weights", "exponents"):
        return bool(np.all(abs(value) >= 0.1 - 1e-6))
    return what != "zeros" or not value.any()


def _is_valid(op: Operation, example: Example) -> bool:
    """Whether the inputs are what the row says, or its variant, for the dimensions that the example states."""
    op = op.of(example.variant)
    named = dict(zip(op.inputs, example.inputs, strict=True))
    for name, kind in op.kinds.items():
        value = named[name]
        if kind.is_array and "~" not in kind.shape and value.shape != concrete(kind.shape, example.dimensions):
            return False
        match type(kind).__name__:
            case "Graph":
                fine = is_valid(example.inputs)
            case "Part":
                fine = _holds(value, named["graph"]["arrays"][name][0])
            case "Labels":
                fine = value.dtype in (np.int64, np.int32, np.int16, np.uint8)
                fine &= bool(np.all((value >= 0) | (value == kind.ignored)))
                fine &= value.max(initial=0) < example.dimensions[kind.below]
            case "Fractions":
                fine = value.min(initial=0) >= 0 and value.max(initial=0) <= 1
            case "Probabilities":
                fine = value.min() >= 0 and np.allclose(value.sum(-1), 1)
            case "Mask":
                fine = value.dtype == bool
            case "Floats":
                fine = not kind.nonzero or abs(value).min(initial=1) >= 0.1 - 1e-6
                fine &= not kind.positive or value.min(initial=0) >= 0
            case "Numbers":
                fine = value.dtype.kind in "fi"
            case "Choice" | "Function" | "Numbered":
                fine = value in kind.options + kind.beyond + kind.extreme
            case "Among":
                fine = value in kind.of(**{argument: named[argument] for argument in signature(kind.of).parameters})
            case "Size":
                fine = value == example.dimensions[kind.of]
            case "Axis":
                ndim, several = named[kind.of].ndim, value if isinstance(value, tuple) else (value,)
                fine = value is None or all(type(a) in (int, np.int64) and -ndim <= a < ndim for a in several)
                fine &= value is None or len({a % ndim for a in several}) == len(several) > 0
                fine &= kind.several or type(value) in (int, np.int64)
            case "Permutation":
                fine = sorted(value) == list(range(named[kind.of].ndim))
            case "Reshaping":
                fine = prod(value) == named[kind.of].size and min(value, default=1) > 0
        if not fine:
            return False
    return example.gy.shape == output_shape(op, example.inputs)


@pytest.mark.parametrize("op", ROWS.values(), ids=ROWS.keys())
def test_every_example_of_a_row_is_what_the_row_says(op):
    """Labels are in range, axes exist, shapes fit: in every example, ordinary and extreme, in both precisions."""
    for table, dtype in ((ORDINARY, np.float64), (EXTREME, np.float32)):
        for (example,) in islice(stream(op, table, seed=2, dtypes=(dtype,)), 150):
            assert _is_valid(op, example), example
            floats = [i for i in example.inputs if isinstance(i, np.ndarray) and i.dtype.kind == "f"]
            assert {a.dtype for a in (*floats, example.gy)} == {np.dtype(dtype)}


DEPENDENT = Op(
    "dependent",
    x="N C",
    labels=labels("N", below="C", ignored=-7),
    least=choice(1, 2),
    size=among(lambda x, least: range(least, least + x.shape[1])),
    ignore=among(lambda x, labels: (-7,) if -7 in labels else (-7, *range(x.shape[1]))),
    par=3,
    torch=lambda x, *_: x * 1.0,
)


@pytest.mark.parametrize("op", [*ROWS.values(), DEPENDENT], ids=lambda op: op.name)
def test_a_simpler_example_is_still_one_of_the_row(op):
    """Whatever shrinking takes away or makes simpler: labels stay in range, axes exist, shapes fit."""
    for (example,) in islice(stream(op, ORDINARY, seed=3), 12 * max(1, len(op.variants))):
        for smaller in islice(simpler(op.of(example.variant), example), 200):
            assert _is_valid(op, smaller), (example, smaller)


def test_few_values_and_offsets_turn_up():
    """Some examples have equal entries that are not zero, and some extreme ones lie about a large offset."""
    ordinary = [e.inputs[0] for e in _drawn(x="N K") if e.inputs[0].size > 5]
    tied = [x for x in ordinary if (x == x.max()).sum() > 1 and x.max() > 0]
    assert len(tied) > len(ordinary) / 20
    extreme = [e.inputs[0] for e in _drawn(EXTREME, x="N K") if e.inputs[0].size > 3]
    assert sum(x.min() >= 999 and np.ptp(x) < 5 for x in extreme) >= 3


SPLITS = [([0.5, 0.5, 0], True), ([1, 0, 0], True), ([0.3, 0.7, 0], True), ([1, 1, 0], False), ([0.5, 0, 0], False)]
SPLITS += [([1.2, -0.2, 0], False), ([0.5, 0.4, 0.1], False)]


@pytest.mark.parametrize(("shares", "right"), SPLITS)
@pytest.mark.parametrize("gy", [3.0, -2.0])
def test_any_convex_split_of_a_tie_is_right_and_nothing_else(shares, right, gy):
    """One winner, equal shares and anything between; not full weight for each, nor less or more in all."""
    op = next(op for op in ROWS.values() if op.ties and any(type(k).__name__ == "Axis" for k in op.kinds.values()))
    truth = Truth(op, (np.array([2.0, 2.0, 1.0]), 0, False), np.array(gy))
    off, nearest = off_entries(np.array(shares) * gy, truth, 1, np.dtype(np.float64))
    assert off.any() != right
    assert nearest.sum() == pytest.approx(gy)


def _overlapping(number: int) -> tuple[Truth, np.ndarray]:
    """An image with ties in windows that overlap, and which entries tie in which window."""
    op, rng = ROWS["max_pool2d"], np.random.default_rng(number)
    x = rng.choice([0.0, 1.0, 2.0], (1, 1, 4, 5))
    size, stride = 2 + number % 2, 1 + number % 3 // 2
    windows = np.lib.stride_tricks.sliding_window_view(x[0, 0], (size, size))[::stride, ::stride]
    tied = windows == windows.max((2, 3), keepdims=True)
    return Truth(op, (x, size, stride), rng.choice([-2.0, -1.0, 0.0, 1.0, 3.0], (1, 1, *tied.shape[:2]))), tied


def _sent(truth: Truth, weights: np.ndarray) -> np.ndarray:
    x, size, stride = truth.inputs
    gx = np.zeros(x.shape)
    for p, q in np.ndindex(weights.shape[:2]):
        at = (0, 0, slice(stride * p, stride * p + size), slice(stride * q, stride * q + size))
        gx[at] += truth.gy[0, 0, p, q] * weights[p, q]
    return gx


@pytest.mark.parametrize("number", range(60))
def test_any_convex_split_of_each_of_several_windows_is_right_and_nothing_else(number):
    """Where windows overlap, each may split its own gy among its own maxima; all to each, or less than nothing to one, is wrong."""
    (truth, tied), rng = _overlapping(number), np.random.default_rng(number)
    random = np.where(tied, rng.uniform(0, 1, tied.shape) ** 4, 0)
    single = np.where(random == random.max((2, 3), keepdims=True), 1.0, 0.0)
    for weights in (tied / tied.sum((2, 3), keepdims=True), random / random.sum((2, 3), keepdims=True), single):
        off, nearest = off_entries(_sent(truth, weights), truth, 1, np.dtype(np.float64))
        assert not off.any(), (truth.inputs, truth.gy, weights)
        assert nearest.sum() == pytest.approx(truth.gy.sum())
    beyond = _sent(truth, tied * 1.0)
    if abs(beyond.sum() - truth.gy.sum()) > 1e-9:  # else the windows that tie have a gy of 0, or they cancel
        off, nearest = off_entries(beyond, truth, 1, np.dtype(np.float64))
        assert off.any()
        assert nearest.sum() == pytest.approx(truth.gy.sum())


@pytest.mark.parametrize("number", range(60))
def test_splits_are_told_right_where_gy_is_large_in_one_window_and_next_to_nothing_in_another(number):
    """Then sums of floats are off by more than all of the smallest. The right split of it can be told all the same, and a wrong one."""
    (truth, tied), rng = _overlapping(number), np.random.default_rng(number)
    gy = truth.gy * 10 ** rng.uniform(-12, 6, truth.gy.shape)
    truth = Truth(truth.op, truth.inputs, gy)
    equal, random = tied / tied.sum((2, 3), keepdims=True), np.where(tied, rng.uniform(0.1, 1, tied.shape), 0)
    for weights in (equal, random / random.sum((2, 3), keepdims=True)):
        off, _ = off_entries(_sent(truth, weights), truth, 1, np.dtype(np.float64))
        assert not off.any(), (truth.inputs, truth.gy, weights)
    shared = abs(gy[0, 0]) * (tied.sum((2, 3)) > 1)
    if shared.any():
        twice = np.where(shared == shared.max(), 2.0, 1.0)[..., None, None]
        off, _ = off_entries(_sent(truth, twice * equal), truth, 1, np.dtype(np.float64))
        assert off.any()


@pytest.mark.parametrize(
    ("tie", "both", "right"), [(2, 3, True), (1, 4, True), (0, 5, True), (-1, 6, False), (3, 2, False), (5, 0, False)]
)
def test_a_window_cannot_give_what_is_another_ones(tie, both, right):
    """An entry that ties in one window and wins another has all of the other's gy, and from 0 to all of the first one's."""
    x = np.array([[[[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]])
    truth = Truth(ROWS["max_pool2d"], (x, 2, 1), np.array([[[[2.0, 3.0]]]]))
    yours = np.zeros(x.shape)
    yours[0, 0, 0, :2] = tie, both
    assert off_entries(yours, truth, 1, np.dtype(np.float64))[0].any() != right


BAD_ROWS = {
    "a dimension": (dict(x="N k", par=3), "'k' is not a dimension; write N"),
    "no par": (dict(x="N", par=2), "par=2: give the minutes it takes, 3 to 45"),
    "an input called as the output": (dict(x="N", y="N", par=3), "give the output another name, output="),
    "two lists": (
        dict(p=layers("D", "C"), q=several("q"), par=3),
        "p and q are lists: one argument may be one",
    ),
    "values like no argument": (
        dict(x="N", par=3, values={"w": "v"}),
        "values= names v, and there is no such argument",
    ),
    "values that are differentiated": (dict(w="N", par=3, values={"w": "w"}), "it returns no grad, so let w be const"),
    "ties for two": (dict(x="N", z="N", par=3, ties=_nothing), "one variable, and here are 2"),
}


@pytest.mark.parametrize("bad", BAD_ROWS)
def test_a_row_that_cannot_be_read_says_why(bad):
    """A mistake in a row is one clear line, with the row's name."""
    row, says = BAD_ROWS[bad]
    with pytest.raises(ValueError, match=f"^row: .*{says}"):
        Op("row", torch=torch.sum, **row)


def test_a_shape_in_numbers():
    """Letters, products, runs and what broadcasts to them."""
    sizes = Dimensions({"N": 2, "G": 3, "D": 4}, {"...": (5, 6), "...A": ()})
    assert concrete("N 3N G*D 1 ... ...A", sizes) == (2, 6, 12, 1, 5, 6)
    assert concrete("~... N", sizes) == (5, 6, 2)
    assert {concrete("~...", sizes, squeeze) for squeeze in range(256)} == {
        *((5, 6), (6,), (), (1, 6), (5, 1), (1, 1), (1,)),
    }
    assert Op("row", par=3, torch=_nothing, x="N K", z=const("K")).variables == ("x",)
