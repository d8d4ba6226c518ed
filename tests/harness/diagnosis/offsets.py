"""Hypotheses about the right array, but for its sign, a factor, a term or its digits.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.samples import Sample


def zero(g: str, sample: Sample) -> Claims:
    yield Claim("{g} {is} zero everywhere"), lambda sample: np.zeros_like(sample.right[g])


def negated(g: str, sample: Sample) -> Claims:
    yield Claim("{g} {is} negated", "look at the sign"), lambda sample: -sample.right[g]


def scaled(g: str, sample: Sample) -> Claims:
    """Off by a constant, by a dimension, or by both."""
    if sample.yours[g].shape != sample.right[g].shape:
        return
    factor = _ratio(sample, g)
    for value, words in ((2, "twice what it should be"), (0.5, "half of what it should be: a factor 2 is missing")):
        yield Claim(f"{{g}} {{is}} {words}"), lambda sample, value=value: value * sample.right[g]
    yield Claim(f"{{g}} {{is}} {factor:.9g} times what it should be"), lambda sample: factor * sample.right[g]
    for letter in (*sample.op.letters, None):
        n, meaning = letter or "n", "" if letter else ", n the number of entries"
        for power, size, question in ((-1, "small", "mean instead of sum?"), (1, "large", "sum instead of mean?")):
            # With the constant 1 first: a plain mean for a sum is what people write most.
            for constant in (1.0, factor * _size(sample, g, letter) ** float(-power)):
                if constant == 1:
                    off = f"{n} times too {size}{meaning}: {question}"
                elif _is_simple(constant):
                    off = f"{constant:.9g}{'/' if power < 0 else ' '}{n} times what it should be{meaning}"
                else:
                    continue
                claim = Claim(f"{{g}} {{is}} {off}", f"a sum is not divided by {n}" if power < 0 else "")
                yield (
                    claim,
                    lambda sample, letter=letter, power=power, constant=constant: (
                        constant * sample.right[g] * _size(sample, g, letter) ** float(power)
                    ),
                )


def pointwise_factor(g: str, sample: Sample) -> Claims:
    """A factor too many or too few, entry by entry."""
    for v in sample.op.variables if g == "y" else (g[1:],):
        if sample.inputs[v].shape == sample.right[g].shape:
            yield (
                Claim(f"in {{g}}, there is a factor {v} too many"),
                lambda sample, variable=v: sample.right[g] * sample.inputs[variable],
            )
            yield (
                Claim(f"in {{g}}, the factor {v} is missing"),
                lambda sample, variable=v: sample.right[g] / sample.inputs[variable],
            )
    if g == "y" or sample.right["y"].shape != sample.right[g].shape:
        return
    yield (
        Claim("{g} {is} gy divided by the derivative, but should be multiplied by it"),
        lambda sample: sample.gy**2 / sample.right[g],
    )
    for words, f in _FACTORS.items():
        yield (
            Claim(f"in {{g}}, the factor {words} is missing"),
            lambda sample, function=f: sample.right[g] / function(sample.right["y"]),
        )
        yield (
            Claim(f"in {{g}}, there is a factor {words} too many"),
            lambda sample, function=f: sample.right[g] * function(sample.right["y"]),
        )
    for words, f in _FACTORS.items():
        for v, other, h in ((v, w.replace("y", v), h) for v in ("y", g[1:]) for w, h in _FACTORS.items()):
            if words != other:
                claim = Claim(f"in {{g}}, there is {other} where {words} should be")
                yield (
                    claim,
                    lambda sample, variable=v, function=f, hint=h: (
                        sample.right[g]
                        / function(sample.right["y"])
                        * hint((sample.inputs | {"y": sample.right["y"]})[variable])
                    ),
                )


_FACTORS: dict[str, Callable] = {
    "y * (1 - y)": lambda value: value * (1 - value),
    "(1 - y**2)": lambda value: 1 - value**2,
    "(1 + y**2)": lambda value: 1 + value**2,
    "y": lambda value: value,
    "(1 - y)": lambda value: 1 - value,
    "(1 + y)": lambda value: 1 + value,
}


def offset(g: str, sample: Sample) -> Claims:
    """Right but for a number, or an input, that is added."""
    yours, right = sample.yours[g], sample.right[g]
    if yours.shape != right.shape:
        return
    for v in sample.arrays():
        if _fits(sample.inputs[v].shape, right.shape):
            yield (
                Claim(f"{v} is added to {{g}} once too often"),
                lambda sample, variable=v: _with_input_added(sample, g, variable, 1),
            )
            yield (
                Claim(f"{v} is subtracted from {{g}} once too often"),
                lambda sample, variable=v: _with_input_added(sample, g, variable, -1),
            )
    if g != "y" and sample.gy.shape == right.shape:
        yield Claim("gy is added to {g} once too often"), lambda sample: sample.right[g] + sample.gy
        yield (
            Claim("gy is subtracted from {g} once too often: its own place is left out"),
            lambda sample: sample.right[g] - sample.gy,
        )
    difference = float(np.ravel(yours - right)[0]) if right.size else 0.0
    claim = Claim(f"{{g}} {{is}} off by a constant: {difference:.6g} is added")
    yield claim, lambda sample: sample.right[g] + difference


def constant_term(g: str, sample: Sample) -> Claims:
    """What is missing is the same all along an axis, as the derivative of a mean or a sum over that axis is."""
    right, yours = sample.right[g], sample.yours[g]
    if yours.shape != right.shape:
        return
    question = "" if g == "y" else " (the mean's own derivative?)"
    for axis in range(-1, -right.ndim - 1, -1):

        def predict(s: Sample, axis: int = axis) -> NDArray | None:
            missing = s.right[g] - s.yours[g]
            alike = (
                abs(a - a.mean(axis, keepdims=True)).max() <= 1e-6 * abs(a).max() for a in (s.right[g], s.yours[g])
            )
            # Where the gradient itself does not vary along the axis, a constant term says nothing.
            return None if s.right[g].shape[axis] < 2 or any(alike) else s.right[g] - missing.mean(axis, keepdims=True)

        yield (
            Claim(f"{{g}} {{is}} off by a term that is constant along axis {axis}{question}"),
            predict,
        )


def rounded(g: str, sample: Sample) -> Claims:
    """Rounded to float32, every entry."""

    def predict(s: Sample) -> NDArray | None:
        yours, right = s.yours[g], s.right[g]
        if yours.shape != right.shape or yours.dtype != np.float64:
            return None
        near = abs(yours - right).max(initial=0) <= 3e-6 * abs(right).max(initial=0)
        return yours if near and np.all(yours.astype(np.float32) == yours) else None

    hint = "keep the dtype of the inputs, and name none yourself"
    yield Claim("{g} {is} right to 7 digits only: computed in float32", hint), predict


def _fits(shape: tuple[int, ...], into: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, into) == into
    except ValueError:
        return False


def _with_input_added(s: Sample, g: str, v: str, sign: int) -> NDArray | None:
    return s.right[g] + sign * s.inputs[v] if _fits(s.inputs[v].shape, s.right[g].shape) else None


def _size(s: Sample, g: str, letter: str | None) -> int:
    return (
        s.sizes[letter]
        if letter
        else s.right[g].size
        if g != "y"
        else max(v.size for v in s.inputs.values() if isinstance(v, np.ndarray))
    )


def _ratio(s: Sample, g: str) -> float:
    """The factor between yours and right at the entry that is largest."""
    at = np.unravel_index(np.argmax(abs(s.right[g])), s.right[g].shape)
    return float(s.yours[g][at] / s.right[g][at]) if s.right[g][at] else 0.0


def _is_simple(number: float) -> bool:
    """A small fraction: 2, -1, 3/4."""
    return any(abs(number * d - round(number * d)) < 1e-6 and 0 < abs(round(number * d)) <= 12 for d in (1, 2, 3, 4))
