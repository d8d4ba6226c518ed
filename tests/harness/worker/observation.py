"""What is asked of the candidate's code, and what was seen of it: data, with its form for the wire. It calls nothing.

On both sides, and beside the candidate's code: NumPy and the standard library only.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .printable import printable

MOST_VALUES = 24  # gradients that come back
TIMES, SPARE = 4, 4096  # of one array that comes back: so many times the entries of the largest given, and so many more
SPARE_AXES = 4  # likewise, more than the most axes of any given


class Call(NamedTuple):
    """A step: call the operation on the inputs of this number, laid out in memory like this.

    `again`: the number of an earlier call, whose very array objects are given once more, with these contents, if they fit.
    `form`: how it is called, where that is not with its inputs one by one (forms.py).
    """

    inputs: int = 0
    layout: str = ""
    again: int = -1
    form: str = ""


class Grad(NamedTuple):
    """A step: call the closure that the `call`-th step returned, on the upstream gradient of this number.

    `again`: the number of an earlier grad, whose very gy is given once more, with these contents, if they fit.
    """

    call: int
    gy: int = 0
    layout: str = ""
    again: int = -1


Steps = tuple[Call | Grad, ...]


class Question(NamedTuple):
    """What is asked at once: sequences of steps on these inputs and upstream gradients, each sequence on copies of its own."""

    inputs: list[tuple]
    gys: list[NDArray]
    asks: tuple[Steps, ...]

    def formed(self, form: str) -> "Question":
        """The same question about an operation that is called in this form."""
        return self._replace(asks=tuple(formed(steps, form) for steps in self.asks)) if form else self


def formed(steps: Sequence[Call | Grad], form: str) -> Steps:
    """These steps of an operation that is called in this form."""
    return tuple(step._replace(form=form) if isinstance(step, Call) else step for step in steps)


def written(asks: tuple[Steps, ...]) -> str:
    """Sequences of steps as the wire carries them: in one text, for most questions ask for the same ones as the last."""
    return _written(tuple(asks))


@cache
def _written(asks: tuple[Steps, ...]) -> str:
    return json.dumps([[["call" if isinstance(step, Call) else "grad", *step] for step in steps] for steps in asks])


@cache
def read(asks: str) -> tuple[Steps, ...]:
    """The sequences of steps that were written so."""
    return tuple(
        tuple(Call(*rest) if kind == "call" else Grad(*rest) for kind, *rest in steps) for steps in json.loads(asks)
    )


@dataclass(frozen=True)
class Odd:
    """Something that came back and is no array of numbers, in words; or one that is far too large: its `shape` is all that is kept."""

    what: str
    shape: tuple[int, ...] | None = None


class Room(NamedTuple):
    """How large an array may be that comes back: its entries, if no axis were empty, and its axes."""

    entries: int
    axes: int

    @staticmethod
    def beside(inputs: Sequence[tuple], gys: Sequence[NDArray]) -> "Room":
        """Room for any answer to these inputs and upstream gradients: a gradient is as large as its input, y as its gy."""
        given = [value for values in (*inputs, gys) for value in values if isinstance(value, np.ndarray)]
        entries = max((array.size for array in given), default=1)
        return Room(TIMES * entries + SPARE, SPARE_AXES + max((array.ndim for array in given), default=0))

    def bytes(self, steps: int) -> int:
        """What the answers to so many steps may take in a message."""
        return steps * MOST_VALUES * self.entries * 8

    def holds(self, array: NDArray) -> bool:
        """Whether this plain array is small enough. An empty one with a long axis is not: it is long to walk along."""
        return array.ndim <= self.axes and (array.size or prod(filter(None, array.shape))) <= self.entries


@dataclass(frozen=True)
class Crash:
    """An exception from the candidate's code. `frames`: file, line, function, source; the candidate's own, innermost last."""

    kind: str
    message: str
    frames: tuple[tuple[str, int, str, str], ...]
    error: BaseException | None = field(default=None, compare=False, repr=False)


class Answer(NamedTuple):
    """What one step did.

    `values`: `(y,)` for a call, or all values where it returns no grad; the gradients for a grad; `Odd` where the whole answer is of
    the wrong kind. `container`: `tuple` or `list` where gradients, or values, came in one. `warnings`: NumPy's floating-point warnings, each with the
    file, the number and the text of the candidate's line. `changed`: what was given to the operation (inputs by number, -1 for gy) and is no longer as it was.
    """

    values: tuple[NDArray | Odd, ...] | Odd
    container: str = ""
    warnings: tuple[tuple[str, str, int, str], ...] = ()
    changed: tuple[int, ...] = ()


class Observation(NamedTuple):
    """One answer a step, in order; where there are fewer, the next step raised `crash`.

    `restless`: steps whose own results changed afterwards, while later steps ran. `shared`: steps whose results share
    memory with an earlier step's of the same kind, which was not given to either.
    """

    answers: tuple[Answer, ...]
    crash: Crash | None = None
    restless: tuple[int, ...] = ()
    shared: tuple[int, ...] = ()


def to_data(observation: Observation) -> dict:
    """The observation as dicts, lists, tuples and arrays, for the wire."""
    crash = observation.crash
    return {
        "answers": [
            {
                "values": a.values.what if isinstance(a.values, Odd) else [_sent(v) for v in a.values],
                "container": a.container,
                "warnings": a.warnings[:100],
                "changed": a.changed,
            }
            for a in observation.answers
        ],
        "crash": crash and (crash.kind, crash.message, crash.frames),
        "restless": observation.restless,
        "shared": observation.shared,
    }


def _sent(value: NDArray | Odd) -> NDArray | tuple:
    return (value.what, value.shape) if isinstance(value, Odd) else value


def from_data(data, steps: Sequence[Call | Grad], inputs: Sequence[tuple], gys: Sequence[NDArray]) -> Observation:
    """The observation that `to_data` described, beyond the wire. Texts are printable.

    Raises ValueError for anything that it cannot have made of these steps on these inputs and upstream gradients.
    """
    room, most = Room.beside(inputs, gys), len(inputs[0])

    def want(kind: type, value):
        if type(value) is not kind:
            raise ValueError(f"{type(value).__name__} where {kind.__name__} was due")
        return value

    def text(value) -> str:
        return printable(want(str, value))

    def number(value, least: int, most: int) -> int:
        if not least <= want(int, value) <= most:
            raise ValueError(f"a number that is not from {least} to {most}")
        return value

    def some(value, most: int) -> list:
        if len(want(list, value)) > most:
            raise ValueError(f"more than {most} where fewer were due")
        return value

    def returned(value) -> NDArray | Odd:
        if isinstance(value, np.ndarray):
            if not room.holds(value):
                raise ValueError("an array far larger than any that is due")
            return value
        what, shape = some(value, 2)
        shape = None if shape is None else tuple(number(n, 0, 2**63) for n in some(shape, 64))
        return Odd(text(what), shape)

    def answer(a, step: Call | Grad) -> Answer:
        values, container = want(dict, a)["values"], text(a["container"])
        if container not in (("",) if isinstance(step, Call) and not step.form else ("", "tuple", "list")):
            raise ValueError("a container that is none")
        if not isinstance(values, str) and not container and len(want(list, values)) != 1:
            raise ValueError("more or less than one value")
        return Answer(
            Odd(text(values)) if isinstance(values, str) else tuple(map(returned, some(values, MOST_VALUES))),
            container,
            tuple(
                (text(what), text(file), number(line, 0, 2**31), text(source))
                for what, file, line, source in some(a["warnings"], 100)
            ),
            tuple(number(i, -isinstance(step, Grad), most - 1) for i in some(a["changed"], most + 1)),
        )

    try:
        crash = None
        if want(dict, data)["crash"] is not None:
            kind, message, frames = data["crash"]
            frames = tuple((text(f), number(n, 0, 2**31), text(w), text(s)) for f, n, w, s in some(frames, 5))
            crash = Crash(text(kind), text(message), frames)
        answers = tuple(map(answer, some(data["answers"], len(steps)), steps))
        restless, shared = (
            tuple(number(n, 0, len(answers) - 1) for n in some(data[key], len(answers)))
            for key in ("restless", "shared")
        )
        return Observation(answers, crash, restless, shared)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an observation: {printable(str(error), 100)}") from None
