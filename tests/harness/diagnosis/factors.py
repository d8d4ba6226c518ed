"""Edits of what is right: its sign, a factor too many or too few, the function at its end, its digits."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.diagnosis import listed
from tests.harness.diagnosis.edit import Edit, Edits, times
from tests.harness.diagnosis.expression import recorded
from tests.harness.diagnosis.functions import CHAINED, FACTORS, OTHER_SLOPES, SLOPES
from tests.harness.diagnosis.samples import Sample

_DIGITS = 1e-4  # relative: what is closer than this is not another formula


def sign(g: str, sample: Sample) -> Edits:
    yield times("{g} {is} negated", lambda s: -1, "look at the sign")


def zero(g: str, sample: Sample) -> Edits:
    yield times("{g} {is} zero everywhere", lambda s: 0)


def of_an_argument(g: str, sample: Sample) -> Edits:
    """A number among the arguments, or 1 less it, multiplies or divides once, or twice, too often."""
    for v in sample.numbers:
        for words, of in ((v, lambda value: value), (f"(1 - {v})", lambda value: 1 - value)):
            for often, power in (("once", 1), ("twice", 2)):
                for verb, sense in (("multiplied", 1), ("divided", -1)):
                    factor = lambda s, v=v, of=of, power=sense * power: of(s.inputs[v]) ** power  # noqa: E731
                    yield times(f"{{g}} {{is}} {verb} by {words} {often} too often", factor)


def constant(g: str, sample: Sample) -> Edits:
    """Off by a constant, by a size, by two, or by both."""
    if sample.yours[g].shape != sample.right[g].shape:
        return
    factor = _ratio(sample, g)
    yield times("{g} {is} twice what {it} should be", lambda s: 2)
    yield times("{g} {is} half of what {it} should be: a factor 2 is missing", lambda s: 0.5)
    yield times(f"{{g}} {{is}} {factor:.9g} times what {{it}} should be", lambda s: factor)
    for letter in (*sample.op.letters, None):
        n, meaning = letter or "n", "" if letter else ", n the number of entries"
        for power, size, question in ((-1, "small", "mean instead of sum?"), (1, "large", "sum instead of mean?")):
            # With the constant 1 first: a plain mean for a sum is what people write most.
            for number in (1.0, factor * _size(sample, g, letter) ** float(-power)):
                if number == 1:
                    once_too_often = power < 0 and letter is None and _averages(sample)
                    asked = f"divided by {n} once too often?" if once_too_often else question
                    off = f"{n} times too {size}{meaning}: {asked}"
                elif _is_simple(number):
                    off = f"{_times(number, power, n)} times what {{it}} should be{meaning}"
                else:
                    continue
                of = lambda s, k=letter, p=power, c=number: c * _size(s, g, k) ** float(p)  # noqa: E731
                of_a_sum = power < 0 and not (letter is None and _averages(sample))
                yield times(f"{{g}} {{is}} {off}", of, f"a sum is not divided by {n}" if of_a_sum else "")
    for a, b in combinations(sample.op.letters, 2):
        for n, m in ((a, b), (b, a)):
            yield times(
                f"{{g}} {{is}} divided by {n}, but should be by {m}", lambda s, n=n, m=m: s.sizes[m] / s.sizes[n]
            )
        for power, words in ((-1, "small"), (1, "large")):
            size = lambda s, a=a, b=b, power=power: float(s.sizes[a] * s.sizes[b]) ** power  # noqa: E731
            yield times(f"{{g}} {{is}} {a} * {b} times too {words}", size)


def of_a_size_less_one(g: str, sample: Sample) -> Edits:
    """Divided by a size less one instead of that size, or the other way round."""
    for k in sample.op.letters:
        for one, other, power in ((f"{k} - 1", k, 1), (k, f"{k} - 1", -1)):
            ratio = lambda s, k=k, power=power: (s.sizes[k] / (s.sizes[k] - 1)) ** power  # noqa: E731
            yield times(f"{{g}} {{is}} divided by {one}, but should be by {other}", ratio)


def pointwise(g: str, sample: Sample) -> Edits:
    """A factor too many or too few, or another one, entry by entry."""
    for v in sample.op.variables if g == "y" else (g[1:],):
        if sample.inputs[v].shape == sample.right[g].shape:
            yield times(f"in {{g}}, there is a factor {v} too many", lambda s, v=v: s.inputs[v])
            yield times(f"in {{g}}, the factor {v} is missing", lambda s, v=v: 1 / s.inputs[v])
    if g == "y" or sample.right["y"].shape != sample.right[g].shape:
        return
    text = "{g} {is} gy divided by the derivative, but should be multiplied by it"
    yield Edit(text, after=lambda s, right: s.gy**2 / right)
    for words, f in SLOPES.items():
        yield times(f"in {{g}}, the factor {words} is missing", lambda s, f=f: 1 / f(s.right["y"]))
        yield times(f"in {{g}}, there is a factor {words} too many", lambda s, f=f: f(s.right["y"]))
    for words, f in SLOPES.items():
        for v, other, h in ((v, w.replace("y", v), h) for v in ("y", g[1:]) for w, h in SLOPES.items()):
            if words != other:
                text = f"in {{g}}, there is {other} where {words} should be"
                yield times(text, lambda s, f=f, h=h, v=v: h(s.value(v)) / f(s.right["y"]))


def other_slope(g: str, sample: Sample) -> Edits:
    """gy times a slope that belongs to something else."""
    if g == "y" or sample.right["y"].shape != sample.right[g].shape:
        return
    for v in ("y", g[1:]):
        for words, slope in (SLOPES | OTHER_SLOPES).items():
            slope_of = re.sub(r"\by\b", v, words)
            text = f"{{g}} {{is}} gy * {slope_of}: the derivative of something else"
            yield Edit(text, after=lambda s, right, v=v, slope=slope: s.gy * slope(s.value(v)))


def of_an_input(g: str, sample: Sample) -> Edits:
    """A function of an input too many or too few, entry by entry."""
    for v in sample.arrays():
        if sample.inputs[v].shape == sample.right[g].shape:
            for words, f in (FACTORS if g == "y" else FACTORS | CHAINED).items():
                what = words.format(v=v)
                yield times(f"in {{g}}, there is a factor {what} too many", lambda s, v=v, f=f: f(s.inputs[v]))
                yield times(f"in {{g}}, the factor {what} is missing", lambda s, v=v, f=f: 1 / f(s.inputs[v]))


def largest_of_all(g: str, sample: Sample) -> Edits:
    """The largest entry of all alone has a gradient."""
    if g != "y":
        text = f"in {{g}}, only the largest entry of all of {g[1:]} has its gradient, but each slice has a largest of its own"
        yield Edit(text, after=lambda s, right: right * (s.inputs[g[1:]] == s.inputs[g[1:]].max()))
        text = (
            f"in {{g}}, all of gy goes to the largest entry of all of {g[1:]}, but each slice has a largest of its own"
        )
        yield Edit(text, after=lambda s, right: s.gy.sum() * (s.inputs[g[1:]] == s.inputs[g[1:]].max()))


def of_lengths(g: str, sample: Sample) -> Edits:
    """The lengths of an input's rows multiply or divide once too often."""
    matrices = [v for v in sample.arrays() if sample.inputs[v].ndim > 1]
    for chosen in (c for count in (1, 2) for c in combinations(matrices, count)):
        what = f"the length{'s' if len(chosen) > 1 else ''} of {listed(chosen)}'s rows"
        for words, power in ((f"not divided by {what}", 1), (f"divided by {what} once too often", -1)):
            yield times(f"{{g}} {{is}} {words}", lambda s, c=chosen, p=power: _lengths(s, g, c) ** float(p))


def one_for_all(g: str, sample: Sample) -> Edits:
    """Every entry is the mean, or the sum, of what the entries should be."""
    if g != "y" and sample.right[g].ndim:
        for words, reduce in (("mean", np.mean), ("sum", np.sum)):
            text = f"every entry of {{g}} is the {words} of what the entries should be"
            yield Edit(text, after=lambda s, right, reduce=reduce: np.full(right.shape, reduce(right)))


def outer_function(g: str, sample: Sample) -> Edits:
    """One function too many or too few at the end of y; or the gradient is that of y with one."""
    if g == "y":
        for words, function in (
            ("exp of what it should be: a log is missing", np.exp),
            ("log of what it should be: a log too many", np.log),
            ("the square of what it should be: a square root is missing", np.square),
            ("the square root of what it should be", np.sqrt),
            ("1 over what it should be", np.reciprocal),
            ("1 minus what it should be", lambda y: 1 - y),
        ):
            yield Edit(f"y is {words}", after=lambda s, right, function=function: function(right))
        return
    for words, slope in (("exp(y)", np.exp), ("log(y)", np.reciprocal), ("y**2", lambda y: 2 * y)):
        text = f"{{g}} {{is}} the gradient of {words}, but should be that of y"
        yield Edit(text, gy=lambda s, slope=slope: s.gy * slope(s.right["y"]))


def exchanged_halves(g: str, sample: Sample) -> Edits:
    """The mean of what is right and of what is right with two inputs exchanged."""
    for v, w in combinations(sample.arrays(), 2):
        if sample.inputs[v].shape == sample.inputs[w].shape:
            text = f"{{g}} {{is}} the mean of what {{it}} should be and of what you get with {v} and {w} exchanged"
            yield Edit(text, after=lambda s, right, v=v, w=w: _half_exchanged(s, right, g, v, w))


def rounded(g: str, sample: Sample) -> Edits:
    """Rounded to float32, every entry."""
    hint = "keep the dtype of the inputs, and name none yourself"
    yield Edit(
        "{g} {is} right to 7 digits only: computed in float32",
        hint,
        after=lambda s, right: _in_float32(s.yours[g], right),
    )


def nearly(g: str, sample: Sample) -> Edits:
    """Right to a few digits, every entry: as where something small is added to avoid a division by zero."""
    hint = "is something small added, or clipped, where it need not be?"
    text = "{g} {is} right to a few digits only, in every entry"
    yield Edit(text, hint, after=lambda s, right: _if_near(s.yours[g], right))


def _lengths(s: Sample, g: str, inputs: tuple[str, ...]) -> NDArray:
    """The product of their rows' lengths. Raises ValueError where they do not go with the array."""
    product, shape = np.ones(()), s.right[g].shape
    for v in inputs:
        lengths = np.linalg.norm(s.inputs[v], axis=-1, keepdims=True)
        if shape == lengths.shape[:-1]:
            lengths = lengths[..., 0]
        elif shape[:-1] != lengths.shape[:-1]:
            raise ValueError("other rows")
        product = product * lengths
    return product


def _half_exchanged(s: Sample, right: NDArray, g: str, v: str, w: str) -> NDArray:
    counterpart = {f"g{v}": f"g{w}", f"g{w}": f"g{v}"}.get(g, g)
    return (right + s.with_inputs(**{v: s.inputs[w], w: s.inputs[v]})[counterpart]) / 2


def _size(s: Sample, g: str, letter: str | None) -> int:
    if letter:
        return s.sizes[letter]
    return s.right[g].size if g != "y" else max(v.size for v in s.inputs.values() if isinstance(v, np.ndarray))


def _ratio(s: Sample, g: str) -> float:
    """The factor between yours and right at the entry that is largest."""
    at = np.unravel_index(np.argmax(abs(s.right[g])), s.right[g].shape)
    return float(s.yours[g][at] / s.right[g][at]) if s.right[g][at] else 0.0


def _averages(s: Sample) -> bool:
    """Whether y is a mean over all entries: dividing by their number is right, once."""
    return any(node.name == "mean" and not node.kwargs and len(node.args) == 1 for node in recorded(s))


def _times(number: float, power: int, n: str) -> str:
    """`-1/n`, `2 n`, `-n`."""
    if power < 0:
        return f"{number:.9g}/{n}"
    return f"-{n}" if number == -1 else f"{number:.9g} {n}"


def _is_simple(number: float) -> bool:
    """A small fraction: 2, -1, 3/4."""
    return any(abs(number * d - round(number * d)) < 1e-6 and 0 < abs(round(number * d)) <= 12 for d in (1, 2, 3, 4))


def _in_float32(yours: NDArray, right: NDArray) -> NDArray | None:
    near = yours.shape == right.shape and abs(yours - right).max(initial=0) <= 3e-6 * abs(right).max(initial=0)
    return yours if near and np.all(yours.astype(np.float32) == yours) else None


def _if_near(yours: NDArray, right: NDArray) -> NDArray | None:
    return yours if yours.shape == right.shape and np.all(abs(yours - right) <= _DIGITS * abs(right)) else None
