"""Compare what was observed with what torch says. A pass is something proven: no answer, or too few, is a failure.

Order of the checks, for each array: kind, dtype, shape, finiteness, values.

What is within rounding, and what is right at a kink, is explained in the docstring of the room.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from tests.harness.judgement import values
from tests.harness.judgement.figures import against
from tests.harness.judgement.tolerance import at_kink, is_chaotic, off_entries
from tests.harness.judgement.trial import Trial
from tests.harness.rows.oracle import Truth
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Answer, Crash, Observation, Odd

NOT_FINITE, NEAR_THE_LIMIT, KINK, CHAOTIC = "not finite", "near the limit", "at a kink", "chaotic"


class Wrong(Exception):
    """A property that does not hold for an example.

    `why`: one line. `status`: fail, or error for an exception. Where an array is at fault, `name` is what the rules call
    it (y, gx), `yours` and `torch` its values (`torch` may be missing), `entry` the index of its worst entry. `warning`:
    what NumPy warned of, where, and the text of that line, where it is known.
    """

    def __init__(
        self,
        why: str,
        *,
        status: str = "fail",
        name: str = "",
        yours: NDArray | None = None,
        torch: NDArray | None = None,
        entry: tuple[int, ...] | None = None,
        crash: Crash | None = None,
        warning: tuple[str, str, str] | None = None,
    ):
        super().__init__(why)
        self.why, self.status, self.name, self.entry = why, status, name, entry
        self.yours, self.torch, self.crash, self.warning = yours, torch, crash, warning


@contextmanager
def said_of(what: str) -> Iterator[None]:
    """Say of what kind of input something was wrong: `for read-only inputs: ...`."""
    try:
        yield
    except Wrong as wrong:
        wrong.why = f"for {what}: {wrong.why}"
        raise


class UnsuitedExample(Exception):
    """An example that shows nothing. `reason`: NOT_FINITE, NEAR_THE_LIMIT, at a KINK, where no single gradient is the right one, or CHAOTIC, where rounding alone may do what is seen."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def forward(trial: Trial, seen: Observation, truth: Truth) -> None:
    """y is torch's, or all values are. Raises Wrong or UnsuitedExample."""
    if trial.op.values:
        _same_values(trial, outputs(trial.op, seen, 0, values.shapes(trial.op, trial.example.inputs)), truth)
    else:
        _same(trial, trial.op.output, output(trial.op, seen, 0, truth.y.shape), truth, 0)


def gradient(trial: Trial, seen: Observation, truth: Truth) -> None:
    """Every gradient is torch's. Raises Wrong or UnsuitedExample."""
    outputs(trial.op, seen, 0)
    for number, (name, yours) in enumerate(gradients(trial.op, seen, 1).items(), 1):
        _same(trial, name, yours, truth, number)


def stable(trial: Trial, seen: Observation, truth: Truth) -> None:
    """Finite, accurate, without floating-point warnings, in the inputs' dtype. Raises Wrong or UnsuitedExample."""
    limit = np.finfo(trial.example.dtype).max / 16
    true = (truth.y, *truth.gradients)
    if not all(np.all(abs(a) < limit) for a in true):
        raise UnsuitedExample(NEAR_THE_LIMIT if all(np.all(np.isfinite(a)) for a in true) else NOT_FINITE)
    unsuited = None
    for number, part in ((0, "forward"), (1, "grad")):
        for what, file, line, source in seen.answers[number].warnings if number < len(seen.answers) else ():
            where = f"{_short(file)}, line {line}"
            why = f"{what} warning in {part} ({where}), though the true result is finite (rule 4)"
            raise Wrong(why, warning=(f"{what} warning in {part}", where, source))
        try:
            forward(trial, seen, truth) if number == 0 else gradient(trial, seen, truth)
        except UnsuitedExample as shows:
            unsuited = shows  # but what warns, or has another dtype, is wrong all the same
    if unsuited:
        raise unsuited


def crash_line(crash: Crash) -> str:
    """`ValueError: the message (feedforward.py, line 12)`"""
    message = " ".join(crash.message.split())
    where = f" ({_short(crash.frames[-1][0])}, line {crash.frames[-1][1]})" if crash.frames else ""
    return f"{crash.kind}{': ' + message if message else ''}{where}"


def worst(yours: NDArray, torch: NDArray) -> tuple[int, ...]:
    """The index of the entry that is furthest off; one that is not finite is further off than any other."""
    with np.errstate(all="ignore"):
        error = abs(yours.astype(float) - torch)
    error = np.where(np.isfinite(error), error, np.inf)
    return tuple(int(i) for i in np.unravel_index(np.argmax(error), error.shape))


def output(op: Operation, seen: Observation, step: int, due: tuple[int, ...] | None = None) -> NDArray:
    """The y of a call. `due`: its shape, where it is known."""
    answer = _answer(seen, step)
    if isinstance(answer.values, Odd):
        due = f"({op.output}, grad)"
        raise Wrong(f"returns {answer.values.what.replace('(y, grad)', due)}, but should return {due}")
    return _number(answer.values[0], op.output, f"should be {due}" if due is not None else "")


def outputs(
    op: Operation, seen: Observation, step: int, due: dict[str, tuple[int, ...]] | None = None
) -> dict[str, NDArray]:
    """The values of a call by their names, or its y. `due`: their shapes, where they are known."""
    if not op.values:
        return {op.output: output(op, seen, step)}
    answer, several = _answer(seen, step), len(op.values) > 1
    if isinstance(answer.values, Odd) or len(answer.values) != len(op.values):
        what = answer.values.what if isinstance(answer.values, Odd) else f"{len(answer.values)} values"
        names = f"{len(op.values)} values: {', '.join(op.values)}" if several else next(iter(op.values))
        raise Wrong(f"returns {what}, but should return {names}")
    shapes = due or dict.fromkeys(op.values)
    return {
        name: _number(value, name, f"should be {shapes[name]}" if due else "")
        for name, value in zip(op.values, answer.values, strict=True)
    }


def gradients(op: Operation, seen: Observation, step: int) -> dict[str, NDArray]:
    """What a grad returned, under the names of the gradients that are due."""
    answer, names = _answer(seen, step), [f"g{v}" for v in op.variables]
    call, due = (
        f"grad({op.upstream})",
        f"should return {'one array' if len(names) == 1 else f'{len(names)} gradients'}: {', '.join(names)}",
    )
    if isinstance(answer.values, Odd):
        raise Wrong(f"{call} returns {answer.values.what}, but {due}")
    if not answer.container and (len(names) > 1 or isinstance(answer.values[0], Odd)):
        what = answer.values[0].what if isinstance(answer.values[0], Odd) else "one array"
        raise Wrong(f"{call} returns {what}, but {due}")
    if answer.container and (len(names) == 1 or len(answer.values) != len(names)):
        raise Wrong(f"{call} returns a {answer.container} of {len(answer.values)}, but {due}")
    return {
        name: _number(value, name, f"should be like {name[1:]}")
        for name, value in zip(names, answer.values, strict=True)
    }


def _answer(seen: Observation, step: int) -> Answer:
    if step < len(seen.answers):
        return seen.answers[step]
    if seen.crash:
        raise Wrong(crash_line(seen.crash), status="error", crash=seen.crash)
    raise Wrong("gave no answer", status="error")


def _number(value: NDArray | Odd, name: str, due: str) -> NDArray:
    if isinstance(value, Odd) and value.shape is not None:
        raise Wrong(f"{name} has shape {value.shape}, but {due or 'far fewer entries are due'}", name=name)
    if isinstance(value, Odd):
        raise Wrong(f"{name} is {value.what}, but should be an array of floats", name=name)
    return value


def _same(trial: Trial, name: str, yours: NDArray, truth: Truth, number: int) -> None:
    """`yours` is the truth, or lies between its two ends where there is a kink. `number`: 0 for y, from 1 for gradients."""
    one = truth.gradients[number - 1] if number else truth.y
    _alike(trial, name, yours, one, _like(trial.op, name) if number else "")
    if found := _off(trial, yours, truth, number):
        raise _wrong(name, yours, *found)


def _same_values(trial: Trial, yours: dict[str, NDArray], truth: Truth) -> None:
    """Each of `yours` is the truth's part of its name."""
    right = values.cut(trial.op, trial.example.inputs, truth.y)
    for name, value in yours.items():
        _alike(trial, name, value, right[name], f", like {trial.op.values[name]}")
    if found := _off(trial, values.joined(yours), truth, 0):
        nearest, entry = found
        name, at = values.place(yours, entry)
        raise _wrong(name, yours[name], values.cut(trial.op, trial.example.inputs, nearest)[name], at)


def _alike(trial: Trial, name: str, yours: NDArray, one: NDArray, like: str) -> None:
    """`yours` has the dtype and the shape that are due. `like`: what says of the shape why."""
    dtype = trial.dtype
    if yours.dtype != dtype:
        due = "whatever the inputs are" if trial.op.dtype else "like the inputs"
        raise Wrong(f"{name} has dtype {yours.dtype}, but should be {dtype}, {due}", name=name, yours=yours, torch=one)
    if yours.shape != one.shape:
        raise Wrong(
            f"{name} has shape {yours.shape}, but should be {one.shape}{like}", name=name, yours=yours, torch=one
        )


def _wrong(name: str, yours: NDArray, nearest: NDArray, entry: tuple[int, ...]) -> Wrong:
    where = f"[{','.join(map(str, entry))}]" if entry else ""
    why = f"{name}{where} is {against(yours.astype(np.float64)[entry] + 0.0, nearest[entry])}"
    return Wrong(why, name=name, yours=yours, torch=nearest, entry=entry)


def _off(trial: Trial, yours: NDArray, truth: Truth, number: int) -> tuple[NDArray, tuple[int, ...]] | None:
    """The right values nearest to yours, and the worst entry; None where nothing is wrong. Raises UnsuitedExample."""
    dtype = trial.dtype
    one = truth.gradients[number - 1] if number else truth.y
    answer = (number, yours.tobytes())
    if answer in truth.proven:
        return None
    if not np.all(np.isfinite(one)):
        raise UnsuitedExample(NOT_FINITE)  # any answer is as far from infinity as any other
    off, nearest = off_entries(yours, truth, number, dtype)
    if not off.any():
        truth.proven.add(answer)
        return None
    wide = yours.astype(np.float64)
    if number and at_kink(abs(wide - nearest), off, truth, number):
        raise UnsuitedExample(KINK)  # all that is wrong may be another subgradient's
    if is_chaotic(abs(wide - nearest), off, truth, number):
        raise UnsuitedExample(CHAOTIC)
    return nearest, worst(np.where(off, wide, nearest), nearest)


def _like(op: Operation, name: str) -> str:
    """`, like b: (1, M)` for gb."""
    variable = name[1:]
    if variable not in op.shapes:
        return ""
    shape = op.said_shape(variable)
    return f", like {variable}{': ' + shape if shape else ''}"


def _short(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2]
