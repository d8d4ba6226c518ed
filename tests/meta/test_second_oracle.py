"""A second oracle, without torch: a solution's gradients are the slopes of its own forward pass, taken by numbers.

Where a row cuts its gradient off, only the examples in which nothing is cut can be told so. The rows' torch functions are written by hand, and so could be wrong in the same way as a solution.
"""

import re
from collections.abc import Callable

import numpy as np
import pytest

from tests.harness.diagnosis.samples import mixed
from tests.harness.rows.catalogue import operations
from tests.harness.rows.spec import Operation
from tests.meta.conventions import implementation
from tests.meta.differences import Slope, complex_step, differences, takes_complex
from tests.meta.flat import flat
from tests.meta.late import tensor
from tests.meta.share import share
from tests.meta.test_tolerance import called

GOOD = 200  # examples an operation, each with every differentiable input
DRAWN = 2000  # at most, to find so many that are not at a kink
PROBED = 10  # examples on which the complex step must agree with differences, to be trusted with the rest
CLOSE = 1e-8  # of the sum of |g d|, which is what the slope adds up; a slope by differences is good to about 1e-11
ROUNDED = 1e-14  # of the size of what was added up, for what cancels in it. No solution is off by a fifth of the two
ROWS = [
    pytest.param(level, op, id=op.name)
    for level, ops in operations().items()
    for op in ops
    if op.variables and not op.adapter  # graphs are looked at in test_graphs.py
]
OPERATIONS = {op.name: op for ops in operations().values() for op in ops}


def _example(op: Operation, number: int, sample) -> tuple[tuple, np.ndarray, dict[int, np.ndarray]]:
    """Inputs, gy, and a direction for each differentiable input by its number."""
    rng = np.random.default_rng(number)
    inputs = sample.example.inputs
    numbers = [op.inputs.index(variable) for variable in op.variables]
    return inputs, sample.gy, {n: rng.normal(size=np.shape(inputs[n])) for n in numbers}


def _way(op: Operation, function: Callable) -> Slope:
    """How to take slopes of this function, told from its forward pass alone."""
    agreed = 0
    for number, sample in enumerate(mixed(op, DRAWN)):
        inputs, gy, directions = _example(op, number, sample)
        told = [takes_complex(function, inputs, n, direction, gy) for n, direction in directions.items()]
        if False in told:
            break
        agreed += None not in told
        if agreed == PROBED:
            return complex_step
    return differences


def complaint(op: Operation, function: Callable) -> str | None:
    """Where a gradient is not the slope of the forward pass, for the first example and input; None where all are."""
    way, good = _way(op, function), 0
    for number, sample in enumerate(mixed(op, DRAWN)):
        if op.name in CUT and _is_cut(op, sample.example.inputs):
            continue
        inputs, gy, directions = _example(op, number, sample)
        seen = {n: way(function, inputs, n, direction, gy) for n, direction in directions.items()}
        if not all(one.smooth for one in seen.values()):
            continue
        gradients = function(*inputs)[1](gy)
        gradients = gradients if isinstance(gradients, tuple | list) else (gradients,)
        for variable, n, gradient in zip(op.variables, directions, gradients, strict=True):
            terms = gradient * directions[n]
            off = abs(np.sum(terms) - seen[n].slope)
            if not off <= CLOSE * np.sum(abs(terms)) + ROUNDED * seen[n].size:
                return (
                    f"{op.name}: along a direction g{variable} says {np.sum(terms):.12g}, {way.__name__} of the forward "
                    f"pass {seen[n].slope:.12g} [example {number}, shapes {[np.shape(i) for i in inputs]}]"
                )
        good += 1
        if good == GOOD:
            return None
    return f"{op.name}: only {good} of {DRAWN} examples are away from kinks, {GOOD} are needed"


CUT = {"truncated_rnn"}
"""Operations whose gradient is cut off on purpose where their rows detach something: there it is no slope."""


def _is_cut(op: Operation, inputs: tuple) -> bool:
    given = [*map(tensor, inputs)]
    return "detach" in called(lambda: op.torch(*given))


@pytest.mark.parametrize(("level", "op"), share(ROWS, 5))
def test_the_gradients_of_a_solution_are_the_slopes_of_its_forward_pass(level, op):
    """On 200 examples away from kinks, each gradient is the directional derivative of the solution's own forward pass."""
    assert not complaint(op, flat(op, implementation("solutions", level, op.name)))


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_one_entry_off_by_a_hundred_thousandth_is_seen(level, op):
    """Each gradient, with its last entry changed by a factor of 1 + 1e-5, is not what the numbers say."""
    solution = flat(op, implementation("solutions", level, op.name))
    for number, variable in enumerate(op.variables):
        said = complaint(op, _spoilt(solution, number))
        assert said, f"g{variable} is wrong, and nothing is said"
        assert f"g{variable} says" in said


def test_a_gradient_of_zeros_is_wrong_where_the_forward_pass_drops_what_is_imaginary():
    """The complex step is not believed where it sees no slope, as in the absolute value."""
    assert "differences of the forward pass" in complaint(OPERATIONS["sigmoid"], _flat_sigmoid)


def test_too_few_smooth_examples_are_no_pass(monkeypatch):
    """Examples at kinks are not counted, and where too few are left the operation fails."""
    monkeypatch.setattr("tests.meta.test_second_oracle.DRAWN", GOOD)
    said = complaint(OPERATIONS["relu"], implementation("solutions", "feedforward", "relu"))
    assert re.fullmatch(rf"relu: only 1?\d\d of {GOOD} examples are away from kinks, {GOOD} are needed", said)


def test_a_slope_by_differences_is_as_exact_as_it_is_said_to_be():
    """Far from kinks, differences of a steep function are right to 1e-11; at a kink, and beside one, that is seen."""
    x, one = np.array([-2.0, -0.3, 0.4, 1.7]), np.ones(4)
    seen = differences(lambda x: (np.exp(x) / x,), (x,), 0, one, one)
    assert seen.smooth
    assert seen.slope == pytest.approx(np.sum(np.exp(x) / x - np.exp(x) / x**2), rel=1e-11)
    for near in (0.0, 1e-4, -4e-4, 1e-9):
        for way in (differences, complex_step) if near == 0 else (differences,):
            assert not way(lambda x: (np.maximum(x, 0),), (np.array([1.0, near]),), 0, one[:2], one[:2]).smooth


def _spoilt(function: Callable, number: int) -> Callable:
    def spoilt(*inputs):
        y, grad = function(*inputs)

        def wrong(gy):
            gradients = grad(gy)
            gradients = [np.array(g) for g in (gradients if isinstance(gradients, tuple | list) else (gradients,))]
            gradients[number][(-1,) * gradients[number].ndim] *= 1 + 1e-5
            return gradients

        return y, wrong

    return spoilt


def _flat_sigmoid(x):
    """Its exponential is of -abs(x), and its gradient is what the complex step of that would be."""
    e = np.exp(-np.abs(x))
    return np.where(np.real(x) >= 0, 1, e) / (1 + e), lambda gy: 0 * gy
