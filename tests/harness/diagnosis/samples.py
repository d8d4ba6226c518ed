"""Fresh examples for the diagnosis, with what came back and what is right.

The smallest counterexample fits every explanation (a 1 x 1 matrix is its own transpose). These have dimensions larger
than one, all of them unequal, and values that are not zero and not alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import ORDINARY, Example, dimensions_of, drawn_example, stream
from tests.harness.judgement.tolerance import ROUNDINGS, off_entries
from tests.harness.judgement.trial import Trial
from tests.harness.rows.oracle import Truth
from tests.harness.rows.shapes import Dimensions
from tests.harness.rows.sources import ByTurns, Random
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Call, Grad, Observation, Odd

Observe = Callable[[list, list, tuple], Observation]
"""What asks the implementation: inputs, upstream gradients, steps."""


class Exhausted(Exception):
    """The diagnosis has taken as much work as it may."""


class Inquiry:
    """Asks the implementation, an `Observe`, and counts the work of a diagnosis: questions and predictions.

    Its answers are float64, whatever numbers they were: what dtype is due is the judge's matter alone. Raises Exhausted.
    """

    def __init__(self, ask: Observe, most: int):
        self._ask, self.left = ask, most

    def __call__(self, inputs: list, gys: list, steps: tuple) -> Observation:
        self.spend()
        seen = self._ask(inputs, gys, steps)
        return seen._replace(answers=tuple(a._replace(values=_in_float64(a.values)) for a in seen.answers))

    @contextmanager
    def at_most(self, work: int) -> Iterator[None]:
        """So much work is done at most; what is not done by then is left."""
        kept, self.left = self.left, min(self.left, work)
        given = self.left
        try:
            with suppress(*([Exhausted] if given < kept else [])):
                yield
        finally:
            self.left = kept - given + max(self.left, 0)

    def spend(self) -> None:
        """Count a piece of work."""
        self.left -= 1
        if self.left < 0:
            raise Exhausted


def _in_float64(values: tuple | Odd) -> tuple | Odd:
    if isinstance(values, Odd):
        return values
    return tuple(v.astype(np.float64) if isinstance(v, np.ndarray) else v for v in values)


GRADED = 25  # the simplest, and two of each mode of the schedule
_BATCHES = ((5,), (3, 2), (2, 5), (4, 3, 2))
_LEAST = 1e-12  # times gy: what no screen tells from 0
_NEXT = 1e-8  # relative and absolute: beyond rounding, and too near for anything that is smooth
_CLOSE = 1e-9  # relative, to the largest entry: far above rounding, far below what tells one cause from another


@dataclass(frozen=True, eq=False)
class Sample:
    """One example, its right answer, and yours: arrays by name (y, gx, ...), where they are arrays at all."""

    op: Operation
    example: Example
    yours: dict[str, NDArray] = field(default_factory=dict)
    gradients: tuple = ()  # all that grad returned, however many

    @cached_property
    def truth(self) -> Truth:
        return Truth(self.op, self.example.inputs, self.example.gy)

    @cached_property
    def right(self) -> dict[str, NDArray]:
        """y and the gradients by name."""
        return self._named(self.truth)

    @property
    def sizes(self) -> dict[str, int]:
        """Letter -> its size."""
        return self.example.dimensions.sizes

    @property
    def gy(self) -> NDArray:
        return self.example.gy

    @cached_property
    def inputs(self) -> dict[str, object]:
        return dict(zip(self.op.inputs, self.example.inputs, strict=True))

    def arrays(self, kind: str = "f") -> list[str]:
        """The names of the inputs that are arrays of this kind of dtype: f floats, b bool, i integers."""
        return [v for v, value in self.inputs.items() if isinstance(value, np.ndarray) and value.dtype.kind == kind]

    @property
    def numbers(self) -> list[str]:
        """The names of the inputs that are a single float of Python's."""
        return [v for v, value in self.inputs.items() if isinstance(value, float)]

    def value(self, name: str) -> NDArray:
        """The output, y, or an input."""
        return self.right["y"] if name == "y" else self.inputs[name]

    def edited(
        self, *, inputs: Mapping[str, object] | None = None, gy: NDArray | None = None, torch: Callable | None = None
    ) -> dict[str, NDArray]:
        """What would be right for other inputs, another gy of any shape that broadcasts, or another torch function.

        Of y alone where gy does not fit it. Raises what torch raises where it refuses them.
        """
        given = self.inputs | {
            n: np.array(v, order="C") if isinstance(self.inputs[n], np.ndarray) else v
            for n, v in (inputs or {}).items()
        }
        op = replace(self.op, torch=torch, also=None) if torch else self.op
        upstream = self.gy if gy is None else np.array(np.broadcast_to(gy, self.gy.shape))
        with warnings.catch_warnings(action="ignore"):  # torch's doubts about what nobody wrote
            truth = Truth(op, tuple(given.values()), upstream)
            return self._named(truth) if truth.y.shape == self.gy.shape else {"y": truth.y}

    def with_inputs(self, **changed) -> dict[str, NDArray]:
        """What would be right for other inputs."""
        return self.edited(inputs=changed)

    def with_gy(self, gy: NDArray) -> dict[str, NDArray]:
        """What would be right for another upstream gradient."""
        return self.edited(gy=gy)

    def with_torch(self, function: Callable) -> dict[str, NDArray]:
        """What would be right if the operation were another torch function."""
        return self.edited(torch=function)

    def wrong(self, name: str) -> NDArray | None:
        """Which entries of your array are wrong; None where its shape is."""
        judged = self._judgement(name)
        return None if judged is None else judged[0]

    def nearest(self, name: str) -> NDArray:
        """The right values nearest to yours, for an array of the right shape."""
        return self._judgement(name)[1]

    def _judgement(self, name: str) -> tuple[NDArray, NDArray] | None:
        if name not in self._judged:
            yours = self.yours.get(name)
            alike = yours is not None and yours.shape == self.right[name].shape
            self._judged[name] = (
                off_entries(yours, self.truth, self.number(name), self.example.dtype) if alike else None
            )
        return self._judged[name]

    @cached_property
    def _judged(self) -> dict[str, tuple[NDArray, NDArray] | None]:
        """What has been judged so far: it takes many runs of the oracle."""
        return {}

    def number(self, name: str) -> int:
        """Which of the oracle's answers it is: 0 for y, from 1 for the gradients."""
        return 0 if name == "y" else 1 + [f"g{v}" for v in self.op.variables].index(name)

    def is_right(self, name: str) -> bool:
        wrong = self.wrong(name)
        return wrong is not None and not wrong.any()

    def rounding(self, name: str, shape: tuple[int, ...]) -> NDArray:
        """How far each entry of an array of this shape may be off for its rounding, where it has cancelled."""
        least = _LEAST * max(1.0, abs(self.gy).max(initial=0))
        noise = ROUNDINGS * np.finfo(np.float64).eps * self.truth.noise(2)[self.number(name)] + least
        return noise if noise.shape == shape else noise.max(initial=0)

    def neighbours(self) -> Iterator[Sample]:
        """The same with inputs next to these: moved up and down at random, by next to nothing."""
        for seed, sign in product(range(3), (1, -1)):  # to both sides, and each entry by a step of its own
            rng = np.random.default_rng(seed)
            moved = tuple(
                np.asarray(
                    v + sign * rng.choice([-1, 1], v.shape) * rng.uniform(0.5, 1, v.shape) * (_NEXT * abs(v) + _NEXT)
                )
                if isinstance(v, np.ndarray) and v.dtype.kind == "f"
                else v
                for v in self.example.inputs
            )
            yield replace(self, example=replace(self.example, inputs=moved))

    def _named(self, truth: Truth) -> dict[str, NDArray]:
        return {"y": truth.y} | {f"g{v}": g for v, g in zip(self.op.variables, truth.gradients, strict=True)}


def close(a: NDArray, b: NDArray, least: float = 1e-300) -> bool:
    """Whether two arrays have the same shape and the same values, but for rounding. `least`: what is no more than rounding."""
    if a.shape != b.shape:
        return False
    finite = np.isfinite(b)
    allowed = max(_CLOSE * abs(b[finite]).max(initial=0), least)
    return bool(np.all((finite & (abs(a - b) <= allowed)) | (a == b)))


def fits(array: NDArray, into: NDArray) -> bool:
    """Whether an array can be broadcast to the shape of another."""
    try:
        return np.broadcast_shapes(array.shape, into.shape) == into.shape
    except ValueError:
        return False


def alone(array: NDArray, at: tuple) -> NDArray:
    """An array with nothing but the entries at a place, and 0 elsewhere."""
    one = np.zeros(array.shape)
    one[at] = array[at]
    return one


def generic(op: Operation) -> Iterator[Sample]:
    """Samples of unequal dimensions, larger than one; more of them where there is more to tell apart."""
    varied = any(not kind.is_array or "~" in kind.shape for kind in op.kinds.values())
    for number in range(12 if varied else 4):
        yield _sample(op, _unequal(op, number), ByTurns(number))


def twin(op: Operation, number: int = 0) -> Sample:
    """A sample like the generic one of this number in dimensions and in all that is no array, with other arrays."""
    return _sample(op, _unequal(op, number), ByTurns(number, arrays=99 + number))


def square(op: Operation) -> Iterator[Sample]:
    """Samples in which all dimensions are equal: what fits nowhere else may fit there."""
    for number, size in enumerate((2, 3, 4)):
        yield _sample(op, dimensions_of(op, size, (size, size)), Random(10 + number))


def mixed(op: Operation, count: int = 120) -> Iterator[Sample]:
    """Samples of small dimensions, equal and unequal, and small values with many zeros."""
    for number in range(count):
        rng = np.random.default_rng(100 + number)
        sizes = {letter: int(rng.integers(1, 4)) for letter in op.letters}
        runs = {run: tuple(int(n) for n in rng.integers(1, 4, rng.integers(0, 3))) for run in op.runs}
        yield _sample(op, Dimensions(sizes, runs), Random(100 + number, zeros=0.2))


def graded(trial: Trial, count: int = GRADED, seed: int = 0) -> Iterator[Sample]:
    """Examples as an operation is graded on, the failing one first: ties, zeros, ones and extremes among them."""
    first = (trial.example,) if trial.example.dtype == np.float64 else ()
    drawn = (example for (example,) in islice(stream(trial.op, ORDINARY, seed=seed), count))
    for example in (*first, *drawn):
        yield Sample(trial.op, example)


def observed(sample: Sample, observe: Observe) -> Sample:
    """The sample with what the implementation answers."""
    seen = observe([sample.example.inputs], [sample.gy], (Call(), Grad(0)))
    names = [f"g{v}" for v in sample.op.variables]
    yours: dict[str, NDArray] = {}
    for answer, due in zip(seen.answers, (["y"], names), strict=False):
        if not isinstance(answer.values, Odd) and len(answer.values) == len(due):
            yours |= {n: v for n, v in zip(due, answer.values, strict=True) if not isinstance(v, Odd)}
    gradients = seen.answers[1].values if len(seen.answers) > 1 and isinstance(seen.answers[1].values, tuple) else ()
    return replace(sample, yours=yours, gradients=gradients)


def _unequal(op: Operation, number: int) -> Dimensions:
    order = np.random.default_rng(number).permutation(len(op.letters))
    # Another smallest size each time, so that no product of sizes is the same in all samples.
    sizes = dict(zip(op.letters, (int(n) + 2 + number % 3 for n in order), strict=True))
    batches = _BATCHES[1:] if op.broadcasts else _BATCHES
    return Dimensions(sizes, {run: batches[(number + n) % len(batches)] for n, run in enumerate(op.runs)})


def _sample(op: Operation, dimensions: Dimensions, source: Random) -> Sample:
    return Sample(op, drawn_example(op, dimensions, source))
