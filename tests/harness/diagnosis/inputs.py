"""Edits of the inputs: right for others than those given. A table for each kind of input, of what people put in its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.diagnosis import listed
from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.plain import Permutation

_Changes = tuple[tuple[str, Callable], ...]

# What people write where an argument should stand.
_NUMBERS = (0.0, 1.0, 0.01, 0.1, 0.5, 2.0, 1e-5, 1e-6, 1e-8, 1e-12)
_OF_A_NUMBER: _Changes = (
    ("-{v}", lambda value: -value),
    ("1 / {v}", lambda value: 1 / value),
    ("{v}**2", lambda value: value**2),
    ("sqrt({v})", math.sqrt),
    ("1 - {v}", lambda value: 1 - value),
    ("2 * {v}", lambda value: 2 * value),
    ("{v} / 2", lambda value: value / 2),
)
_OF_AN_ARRAY: _Changes = (
    ("2 * {v}", lambda array: 2 * array),
    ("{v} / 2", lambda array: array / 2),
    ("1 - {v}", lambda array: 1 - array),
    ("{v}**2", np.square),
    ("exp({v})", np.exp),
    ("log({v})", np.log),
    ("{v} rounded to whole numbers", np.rint),
    ("{v} less its mean along the last axis", lambda array: array - array.mean(-1, keepdims=True)),
)
_OF_A_TUPLE: _Changes = (
    ("the inverse of {v}", lambda axes: tuple(int(a) for a in np.argsort(axes))),
    ("{v} backwards", lambda axes: axes[::-1]),
    ("all axes in reverse order", lambda axes: tuple(range(len(axes)))[::-1]),
)


def numbers(g: str, sample: Sample) -> Edits:
    """Another value of an argument that is a number."""
    for v in sample.numbers:
        for number in (*_NUMBERS, *getattr(sample.op.kinds[v], "options", ())[:1]):
            yield _unused(v, f"{v} = {number:g}", lambda _, number=number: number)
        for words, change in _OF_A_NUMBER:
            yield _instead(v, words.format(v=v), change)


def arrays(g: str, sample: Sample) -> Edits:
    """An array left out, transposed, or another one in its place."""
    given = {v: sample.inputs[v] for v in sample.arrays()}
    for v in given:
        yield _unused(v, f"{v} = 0", np.zeros_like)
    for v, value in given.items():
        if value.ndim == 2:
            yield _instead(v, f"{v}.T", lambda array: _fitting(array.T, array), why=f": transpose {v}")
    for v, value in given.items():
        if value.shape == sample.right["y"].shape:
            why = "the operation is applied twice" if g == "y" else "the derivative is taken at the output"
            yield Edit(f"{{g}} {{is}} what y in place of {v} would give: {why}", inputs={v: _output_like(v)})
        yield _instead(v, f"-{v}", np.negative, hint="look at the sign")
        yield _instead(v, f"abs({v})", np.abs)
        yield _instead(v, f"-abs({v})", lambda array: -abs(array))
    for v, w in combinations(given, 2):
        swapped = {v: lambda s, w=w: s.inputs[w], w: lambda s, v=v: s.inputs[v]}
        yield Edit(f"{{g}} {{is}} what you get with {v} and {w} exchanged", inputs=swapped)


def arguments(g: str, sample: Sample) -> Edits:
    """Another value of what is no array of floats; an array with its last axes exchanged."""
    for v, value in sample.inputs.items():
        kind = value.dtype.kind if isinstance(value, np.ndarray) else ""
        if kind == "f" and value.ndim >= 2:
            words = f"{v} with its last two axes exchanged"
            yield _would(words, v, lambda array: _fitting(np.swapaxes(array, -1, -2), array), f": transpose {v}")
        elif kind == "b":
            yield _instead(v, f"~{v}", np.logical_not, why=": True and False are exchanged")
        elif kind in ("i", "u") and kind:
            for words, step in ((f"{v} + 1", 1), (f"{v} - 1", -1)):
                yield Edit(
                    f"{{g}} {{is}} what {words} in place of {v} would give",
                    "indices count from 0",
                    inputs={v: lambda s, v=v, step=step: _shifted(s, v, step)},
                )
        elif isinstance(value, bool):
            for other in (False, True):
                yield _unused(v, f"{v} = {other}", lambda _, other=other: other)
        elif value is None or (hasattr(sample.op.kinds[v], "several") and isinstance(value, int | tuple)):
            for other in (None, -1, 0):
                yield _unused(v, f"{v} = {other}", lambda _, other=other: other)
        elif isinstance(value, tuple):
            if isinstance(sample.op.kinds[v], Permutation) and g != "y":
                text = f"{{g}} {{is}} permuted by {v}, but the way back takes the inverse permutation"
                yield Edit(text, f"np.argsort({v})", inputs={v: _of(v, _OF_A_TUPLE[0][1])})
            for words, change in _OF_A_TUPLE:
                yield _instead(v, words.format(v=v), change)


def neutral(g: str, sample: Sample) -> Edits:
    """Floats that are all 1, or larger by 1; flags that are all alike; an int that is 1."""
    for v in sample.arrays():
        yield _unused(v, f"{v} = 1", np.ones_like)
        yield _instead(v, f"1 + {v}", lambda array: 1 + array)
    for v in sample.arrays("b"):
        for value in (True, False):
            yield _unused(v, f"{v} = {value} everywhere", lambda array, value=value: np.full_like(array, value))
    for v in (v for v, value in sample.inputs.items() if type(value) is int):
        yield _unused(v, f"{v} = 1", lambda _: 1)
        of = getattr(sample.op.kinds[v], "of", "")
        for word in {word for shape in sample.op.shapes.values() for word in shape.split() if of in word.split("*")}:
            others = [letter for letter in word.split("*") if letter != of]
            for words, letters in ((word, word.split("*")), ("*".join(others), others)):
                size = lambda s, letters=letters: math.prod(s.sizes[k] for k in letters)  # noqa: E731
                yield Edit(f"{{g}} {{is}} what {words} in place of {v} would give", inputs={v: size})


def rows_of_length_one(g: str, sample: Sample) -> Edits:
    """Rows divided by their lengths."""
    matrices = [v for v in sample.arrays() if sample.inputs[v].ndim > 1]
    for chosen in (c for count in range(len(matrices), 0, -1) for c in combinations(matrices, count)):
        unit = {v: _of(v, lambda array: array / np.linalg.norm(array, axis=-1, keepdims=True)) for v in chosen}
        yield Edit(f"{{g}} {{is}} what {listed(chosen)} with rows of length 1 would give", inputs=unit)


def multiples(g: str, sample: Sample) -> Edits:
    """A multiple of an array, or its rounded values."""
    for v in sample.arrays():
        for words, change in _OF_AN_ARRAY:
            words = words.format(v=v)
            yield _would(words, v, change) if "rounded" in words or "less" in words else _instead(v, words, change)


def _instead(v: str, words: str, change: Callable, *, why: str = "", hint: str = "") -> Edit:
    return _would(f"{words} in place of {v}", v, change, why, hint)


def _unused(v: str, words: str, change: Callable) -> Edit:
    return _would(words, v, change, f": {v} is not used")


def _would(words: str, v: str, change: Callable, why: str = "", hint: str = "") -> Edit:
    return Edit(f"{{g}} {{is}} what {words} would give{why}", hint, inputs={v: _of(v, change)})


def _of(v: str, change: Callable) -> Callable[[Sample], object]:
    return lambda s: change(s.inputs[v])


def _output_like(v: str) -> Callable[[Sample], NDArray]:
    return lambda s: _fitting(s.right["y"], s.inputs[v])


def _shifted(s: Sample, v: str, step: int) -> NDArray:
    """Indices moved by one; -1 is the last, as in NumPy."""
    moved, below = s.inputs[v].astype(int) + step, getattr(s.op.kinds[v], "below", "")
    return np.where(moved < 0, moved + s.sizes[below], moved) if below else moved


def _fitting(array: NDArray, like: NDArray) -> NDArray:
    """The array itself. Raises ValueError where it has another shape, and so cannot stand there."""
    if array.shape != like.shape:
        raise ValueError("of another shape")
    return array
