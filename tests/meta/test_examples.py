"""What a property's examples hold for certain: the sizes, values and arguments that people's mistakes show at.

Counted for every row, every property, and twenty seeds, in as many examples as the property is proven by. That a kind
draws what it promises at all is in test_spec.py.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice

import numpy as np
import pytest

from tests import test_ops
from tests.harness.examples.examples import BESIDE, Example, stream
from tests.harness.examples.schedule import SCHEDULE, WIDE
from tests.harness.judgement.properties import Property, written_in
from tests.harness.plugin.run import HIDDEN_TIMES
from tests.harness.rows.arrays import Floats, Labels, Mask
from tests.harness.rows.catalogue import operations
from tests.harness.rows.plain import Axis, Choice
from tests.harness.rows.spec import Operation
from tests.hidden import test_hidden
from tests.meta.share import share

SEEDS = range(20)
ROWS = {
    op.name: op for ops in operations().values() for op in ops if not op.adapter
}  # graphs are looked at in test_graphs.py
PROPERTIES = {p.name: p for p in (*written_in(test_ops), *written_in(test_hidden)) if not p.once}
LARGE = [p for p in PROPERTIES.values() if p.table.extreme]
EACH_ROW = pytest.mark.parametrize("op", share(list(ROWS.values()), 20), ids=lambda op: op.name)
WHOLE = {
    op.name: op for op in ROWS.values() if op.letters or not op.broadcasts
}  # what is broadcast may be a single entry


@cache
def _drawn(op: Operation, prop: Property, seed: int) -> list[Example]:
    """The examples of a property, as many as it has at least; of a row with variants those of the first, which are as many."""
    trials = stream(op, prop.table, seed=1000 + seed, count=prop.count, dtypes=prop.dtypes)
    times = HIDDEN_TIMES if prop.name == "layout" else 1
    drawn = islice(trials, times * prop.examples * max(1, len(op.variants)))
    return [example for trial in drawn for example in trial if not example.variant]


def _sizes(example: Example) -> list[int]:
    dimensions = example.dimensions
    return [*dimensions.sizes.values(), *(n for run in dimensions.runs.values() for n in run)]


def _runs(example: Example) -> list[int]:
    return [len(run) for run in example.dimensions.runs.values()]


def _floats(example: Example) -> Iterator[np.ndarray]:
    yield from (i for i in (*example.inputs, example.gy) if isinstance(i, np.ndarray) and i.dtype.kind == "f")


def _variables(op: Operation, example: Example) -> Iterator[np.ndarray]:
    """What is differentiated; where nothing is, all floats."""
    for v, kind in zip(example.inputs, op.kinds.values(), strict=True):
        if kind.differentiated or (not op.variables and isinstance(kind, Floats)):
            yield v


def _large_ones(op: Operation) -> list[int]:
    """The numbers of its arrays of floats; none where one of them is never small, or a variant has a share of the examples only."""
    floats = {number: kind for number, kind in enumerate(op.kinds.values()) if isinstance(kind, Floats)}
    return [] if op.variants or any(kind.nonzero for kind in floats.values()) else list(floats)


def _all_vary(op: Operation) -> bool:
    """Whether each dimension is one of an input that is differentiated, so that this is large where the dimension is."""
    words = " ".join(op.shapes[v] for v in op.variables).replace("*", " ").split()
    return {*op.letters, *op.runs} <= set(words)


def _missing(op: Operation, wanted: dict[str, Callable[[Example], bool]], least: int, *properties: Property) -> list:
    """What turned up in fewer than `least` examples of a property, and for which seed."""
    missing = []
    for prop in properties or PROPERTIES.values():
        for seed in SEEDS:
            seen = Counter(what for e in _drawn(op, prop, seed) for what, holds in wanted.items() if holds(e))
            missing += [(prop.name, seed, what) for what in wanted if seen[what] < least]
    return missing


def test_every_property_has_a_whole_round_of_the_schedule():
    """No property has fewer examples than the schedule is long."""
    assert min(p.examples for p in PROPERTIES.values()) >= len(SCHEDULE)


@EACH_ROW
def test_large_and_unequal_sizes_come_for_certain(op):
    """Twice at least, one dimension of 5 to 40 beside small ones, and once at least, unequal ones and equal ones."""
    twice = {"one dimension of 5 to 40": lambda e: [n in WIDE for n in _sizes(e)].count(True) == 1}
    once = {
        "all unequal": lambda e: len(set(_sizes(e))) == len(_sizes(e)) and min(_sizes(e), default=0) > 1,
        "all equal": lambda e: len(set(_sizes(e))) == 1 and max(_sizes(e)) > 1,
    }
    if op.runs:
        once |= {"rank 0": lambda e: not any(_runs(e)), "a run of rank 4": lambda e: max(_runs(e)) == 4}
    assert not _missing(op, twice, 2) + _missing(op, once, 1)


@EACH_ROW
def test_every_dimension_is_large_in_its_turn(op):
    """Over the examples of a gradient, each letter and each run is the large one."""
    gradient = PROPERTIES["gradient"]
    wanted = {n: lambda e, n=n: max(np.atleast_1d(e.dimensions[n]), default=0) in WIDE for n in (*op.letters, *op.runs)}
    assert not _missing(op, wanted, 1, gradient)


def _stretched_inside(array: np.ndarray, run: tuple[int, ...], tail: int) -> bool:
    """Whether the array has length 1 at one axis of the run alone, and before it stands one that is longer."""
    own = array.shape[: array.ndim - tail]
    short = [axis for axis, (n, full) in enumerate(zip(own, run, strict=False)) if n < full]
    return len(own) == len(run) and len(short) == 1 and max(own[: short[0]], default=1) > 1


@pytest.mark.parametrize("op", [op for op in ROWS.values() if op.broadcasts], ids=lambda op: op.name)
def test_every_input_is_broadcast_along_an_axis_inside(op):
    """Once at least, each input that may be broadcast has length 1 at an axis behind a longer one: else repeating its entries in order is right."""
    wanted = {}
    for number, (name, kind) in enumerate(op.kinds.items()):
        if "~" in kind.shape:
            tail = len(kind.shape.split()) - 1
            wanted[name] = lambda e, n=number, t=tail: _stretched_inside(e.inputs[n], e.dimensions.runs["..."], t)
    assert not _missing(op, wanted, 1)


def _near(values: np.ndarray) -> bool:
    """Whether two of them differ by less than a hundredth, and by something."""
    steps = np.diff(np.unique(values))
    return bool(np.any(steps < 1e-2))


@EACH_ROW
def test_values_of_all_kinds_come_for_certain(op):
    """All digits, zeros of both signs, near ties, all within 1%, and a gy of many magnitudes; in every property."""
    free = [kind for kind in op.kinds.values() if kind.differentiated]
    wanted = {
        "more digits than float32 has": lambda e: any(np.any(v != v.astype(np.float32)) for v in _variables(op, e)),
        "near ties": lambda e: any(_near(v) for v in _variables(op, e)),
    }
    if op.name in WHOLE:
        wanted["all within 1%"] = lambda e: any(
            v.size > 1 and 0 < np.ptp(v) <= 0.01 * abs(v).max() for v in _variables(op, e)
        )
    if not all(kind.nonzero or kind.halves for kind in free):
        wanted["a negative zero"] = lambda e: any(np.any(np.signbit(v) & (v == 0)) for v in _variables(op, e))
    assert not _missing(op, wanted, 1)


@EACH_ROW
def test_gy_is_large_and_small_whatever_the_slope_is(op):
    """Within a property, gy is below 1e-3 and above 1e3, both at random places."""
    wanted = {
        "a large gy": lambda e: abs(e.gy).max(initial=0) > 1e3,
        "a small gy": lambda e: np.any((e.gy != 0) & (abs(e.gy) < 1e-3)),
    }
    assert not _missing(op, wanted, 1, PROPERTIES["gradient"], PROPERTIES["stable"])


@pytest.mark.parametrize("op", [op for op in WHOLE.values() if _all_vary(op)], ids=lambda op: op.name)
def test_stable_has_all_magnitudes(op):
    """From 1 to 600 with nothing left out, so also where exp(-x) is small and yet counts, of both signs; a spread above 500 in a row; in float64 and float32."""
    wanted = {}
    for dtype in (np.float64, np.float32):
        for sign in (1, -1):
            for a, b in ((1, 9), (9, 11), (11, 14), (14, 18), (18, 40), (100, 600)):
                wanted[f"{a * sign} to {b * sign} in {dtype.__name__}"] = lambda e, dtype=dtype, sign=sign, a=a, b=b: (
                    any(v.dtype == dtype and np.any((v * sign > a) & (v * sign < b)) for v in _variables(op, e))
                )
        wanted[f"a spread above 500 in {dtype.__name__}"] = lambda e, dtype=dtype: any(
            v.dtype == dtype and np.ptp(v) > 500 for v in _floats(e)
        )
    assert LARGE
    assert not _missing(op, wanted, 1, *LARGE)


@pytest.mark.parametrize(
    "op", share([op for op in ROWS.values() if 1 < len(_large_ones(op)) < 6], 3), ids=lambda op: op.name
)
def test_each_array_is_large_among_small_ones(op):
    """Once at least in `stable`, each of two to five arrays of floats is large, while all others are below 0.1: what saturates elsewhere does not."""
    arrays = _large_ones(op)

    def is_apart(example: Example, large: int) -> bool:
        values = {number: abs(example.inputs[number]) for number in arrays}
        small = [value.max(initial=0) < 0.1 for number, value in values.items() if number != large]
        return all(small) and values[large].max(initial=0) > 1

    missing = _missing(op, {str(n): lambda e, n=n: is_apart(e, n) for n in arrays}, 1, *LARGE)
    assert len(missing) < len(arrays), missing  # an array of a single entry may be 0


@EACH_ROW
def test_every_argument_comes_for_certain(op):
    """Each value of a choice, each width of integers, a NumPy integer for an axis, masks that are all alike; in every property."""
    for number, kind in enumerate(op.kinds.values()):

        def value(e: Example, number: int = number) -> object:
            return e.inputs[number]

        wanted: dict[str, Callable[[Example], bool]] = {}
        if isinstance(kind, Choice):
            wanted = {repr(c): lambda e, c=c: value(e) == c and type(value(e)) is type(c) for c in kind.options}
            wanted |= {repr(c): lambda e, c=c: value(e) == c for c in kind.beyond}
        if isinstance(kind, Labels):
            widths = ("int64", "int32", "int16", "uint8") if kind.ignored is None else ("int64", "int32", "int16")
            wanted = {t: lambda e, t=t: value(e).dtype == t for t in widths}
        if isinstance(kind, Labels) and kind.ignored is not None:
            wanted |= {
                "all ignored": lambda e, kind=kind: np.all(value(e) == kind.ignored),
                "some ignored": lambda e, kind=kind: len(set((value(e) == kind.ignored).flat)) == 2,
            }
        if isinstance(kind, Axis):
            wanted = {
                "a NumPy integer": lambda e: type(value(e)) is np.int64,
                "an int": lambda e: type(value(e)) is int,
            }
        if isinstance(kind, Mask):
            most = 0 if op.broadcasts else 1  # what is broadcast often has a single entry
            wanted = {
                "all True": lambda e, most=most: value(e).size > most and value(e).all(),
                "all False": lambda e, most=most: value(e).size > most and not value(e).any(),
            }
        assert not _missing(op, wanted, 1)
        if isinstance(kind, Choice):
            assert not _missing(op, {repr(c): lambda e, c=c: value(e) == c for c in kind.extreme}, 1, *LARGE)


@pytest.mark.parametrize("op", [op for op in ROWS.values() if op.border], ids=lambda op: op.name)
def test_a_border_is_met_for_certain(op):
    """Once at least in every property, in float64, inputs stay as they are when they are moved onto the border, or beside it."""

    def is_there(e: Example) -> bool:
        def same(beside: float) -> bool:
            moved = op.border(beside, *e.inputs)
            arrays = [(m, i) for m, i in zip(moved, e.inputs, strict=True) if isinstance(i, np.ndarray)]
            return all(np.allclose(m, i, rtol=1e-14, atol=1e-14) for m, i in arrays)

        return e.dtype == np.float64 and any(map(same, (0.0, BESIDE, -BESIDE)))

    assert not _missing(op, {"the border": is_there}, 1)


def test_no_values_are_repeated_in_a_large_array():
    """A large array has values of its own throughout: no part of it comes again."""
    op = ROWS[next(name for name, op in ROWS.items() if len(op.letters) == 3 and op.runs)]
    largest = max((v for e in _drawn(op, PROPERTIES["gradient"], 0) for v in _floats(e)), key=np.size).ravel()
    assert largest.size > 256
    assert not any(np.array_equal(largest[shift:], largest[:-shift]) for shift in range(1, largest.size // 2))
    assert any(isinstance(kind, Floats) for kind in op.kinds.values())
