"""An operation that takes a list, or returns values, as one of flat inputs that returns (y, grad), and back again.

So a test that wraps operations need not know how they are called. Where there are several values, y has all their entries in
a row, as the oracle has them, and grad returns nothing.
"""

import json
from collections.abc import Callable

import numpy as np

from tests.harness.judgement.values import cut, joined, shapes
from tests.harness.rows.spec import Operation
from tests.harness.worker.forms import call_in, grad_in, values_in


def flat(op: Operation, function: Callable) -> Callable:
    """The function with the row's inputs, one by one, whatever the variant; (y, grad) comes back. Others are as they are."""
    if not op.form:
        return function

    def operation(*inputs):
        one = next(v for v in op.variants or (op,) if _fits(v, inputs))
        result, _ = call_in(one.form, function, inputs)
        grad = grad_in(one.form, result)
        if not one.values:
            return result[0], lambda gy: tuple(grad(gy))
        values = [np.asarray(value) for value in values_in(one.form, result)]
        return joined(dict(zip(one.values, values, strict=True))), grad

    return operation


def written(op: Operation, function: Callable) -> Callable:
    """The operation as the stub has it, out of a function of flat inputs that returns (y, grad)."""
    if not op.form:
        return function

    def operation(*arguments):
        inputs = tuple(part for a in arguments for part in (a if isinstance(a, list) else (a,)))
        one = next(v for v in op.variants or (op,) if len(v.inputs) == len(inputs) and "rounds" not in v.form)
        y, grad = function(*(_named(part) for part in inputs))
        if not one.values:
            return y, grad
        values = list(cut(shapes(one, inputs), y).values()) if len(one.values) > 1 else [y]
        return values if len(values) > 1 or json.loads(one.form)["listed"] else values[0]

    return operation


def _fits(one: Operation, inputs: tuple) -> bool:
    """Whether these are inputs of the variant: as many, and with an axis for the steps where it has several."""
    if len(one.inputs) != len(inputs):
        return False
    if not any(getattr(kind, "each", False) for kind in one.kinds.values()):
        return True
    given = dict(zip(one.inputs, inputs, strict=True))
    like = next(iter(one.values.values()))
    each = next(name for name, kind in one.kinds.items() if getattr(kind, "each", False))
    return ("rounds" in one.form) == (np.ndim(given[each]) > np.ndim(given[like]))


def _named(part: object) -> object:
    """A function by its name, which is what the row's inputs have."""
    from tests.harness.worker.given import FUNCTIONS

    return next((name for name, function in FUNCTIONS.items() if function is part), part)
