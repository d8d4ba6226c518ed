"""When a spoiler is at work: what is true of an operation, of the arrays that it is given, or of one argument."""

from collections.abc import Callable

import numpy as np

from tests.harness.examples.examples import dimensions_of, drawn_inputs
from tests.harness.rows.arrays import Floats
from tests.harness.rows.oracle import output_shape
from tests.harness.rows.sources import Random
from tests.harness.rows.spec import Operation
from tests.meta.spoiling import Condition

Only = Callable[[Operation], bool]


def has_entries(op: Operation) -> bool:
    """Whether y is ever more than one number."""
    inputs = (drawn_inputs(op, dimensions_of(op, 3, (3, 3)), Random(seed)) for seed in range(8))
    return any(output_shape(op, i) != () for i in inputs)


def has_several(op: Operation) -> bool:
    """Whether grad returns several gradients."""
    return len(op.variables) > 1


def has_several_arrays(op: Operation) -> bool:
    """Whether one array can be given twice."""
    shapes = [kind.shape for kind in op.kinds.values() if isinstance(kind, Floats)]
    return len(shapes) > 1


def has_runs(op: Operation) -> bool:
    """Whether its inputs can have 4 dimensions."""
    return bool(op.runs)


def takes_numbers(op: Operation) -> bool:
    """Whether all of its inputs can be without dimensions."""
    return set(op.shapes.values()) <= {"...", "~..."}


def takes(*names: str) -> Only:
    """Whether it has one of these arguments."""
    return lambda op: not op.kinds.keys().isdisjoint(names)


def has_rows(op: Operation) -> bool:
    """Whether an input can have two dimensions."""
    return has_runs(op) or any(len(shape.split()) > 1 for shape in op.shapes.values())


def of_dtype(dtype: str) -> Condition:
    """Whether the floats are of this dtype."""
    return lambda arrays: any(a.dtype == dtype for a in arrays)


def larger(size: int) -> Condition:
    """Whether an input has more entries than that."""
    return lambda arrays: any(a.size > size for a in arrays)


def of_rank(rank: int) -> Condition:
    """Whether the input of the most dimensions has so many."""
    return lambda arrays: max(a.ndim for a in arrays) == rank


def with_entry(such: Callable) -> Condition:
    """Whether there is an entry such as this."""
    return lambda arrays: any(np.any(such(a)) for a in arrays)


def is_negative_zero(a: np.ndarray) -> np.ndarray:
    """Which entries are -0.0."""
    return np.signbit(a) & (a == 0) if a.dtype.kind == "f" else np.zeros(a.shape, bool)


def is_int32(value: object) -> bool:
    """Whether it is an array of these integers."""
    return isinstance(value, np.ndarray) and value.dtype == "i4"


def is_all(truth: bool) -> Callable[[object], bool]:
    """Whether it is a mask of several entries, all the same."""
    return lambda i: isinstance(i, np.ndarray) and i.dtype == bool and i.size > 1 and bool(np.all(i == truth))


def is_frozen(arrays: list[np.ndarray]) -> bool:
    """Whether one is read-only."""
    return not all(a.flags.writeable for a in arrays)


def is_strided(a: np.ndarray) -> bool:
    """Whether an array lies in memory in another way than usual."""
    return not a.flags.c_contiguous


def is_broadcast(arrays: list[np.ndarray]) -> bool:
    """Whether one repeats its entries without having them twice."""
    return any(0 in a.strides and a.size > 1 for a in arrays)
