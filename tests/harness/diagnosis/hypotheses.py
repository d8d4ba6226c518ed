"""Ways for an array to be wrong, each a small function that says what the array would then be.

A hypothesis gets the array's name and a sample, and yields claims with their predictions. A claim is made only if its
prediction equals what came back on every sample, and differs from what is right on each where yours does. The table is
tried in its order and the first claim that holds is made: the specific come before the general.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis import arguments, calls, factors, pairs, paths, places, reductions, slips, sums
from tests.harness.diagnosis.axes import along_another_axis_inside
from tests.harness.diagnosis.claim import Claim, Predict
from tests.harness.diagnosis.samples import Sample, close
from tests.harness.diagnosis.variants import changed_at, elementwise_calls

_ROUNDING = 1e-12  # relative to what is right: of a prediction that cancels, only rounding is left


def explain(name: str, samples: Sequence[Sample], spend: Callable[[], None] = lambda: None) -> Claim | None:
    """The first claim that reproduces your array of this name on every sample; None where none does.

    `spend`: is told of each prediction; what it raises ends the search.
    """
    answered = [s for s in samples if name in s.yours]
    broken = [s for s in samples if name not in s.yours]
    if not answered or any(not np.all(np.isfinite(s.yours[name])) for s in answered):
        return None
    wrong = next((s for s in answered if not s.is_right(name)), answered[0])
    for hypothesis in HYPOTHESES:
        for claim, predict in hypothesis(name, wrong):
            spend()
            if broken and not (claim.breaks and all(_breaks(predict, s) for s in broken)):
                continue
            if _reproduces(name, answered, predict, told=bool(broken)):
                return claim
    return None


def _breaks(predict: Predict, sample: Sample) -> bool:
    try:
        predict(sample)
    except ValueError:
        return True
    return False


def _reproduces(name: str, samples: Sequence[Sample], predict: Predict, *, told: bool) -> bool:
    for sample in samples:
        try:
            with np.errstate(all="ignore"):
                predicted = predict(sample)
        except (ValueError, IndexError, TypeError, RuntimeError):  # makes no sense for arrays of these shapes
            return False
        if predicted is None or not np.all(np.isfinite(predicted)):
            return False
        rounding = _ROUNDING * abs(sample.right[name]).max(initial=0) if np.any(predicted) else 0.0
        if not close(sample.yours[name], predicted, rounding):
            return False
        told |= not close(predicted, sample.right[name])
    return told


def zero(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    yield Claim("{g} {is} zero everywhere"), lambda s: np.zeros_like(s.right[g])


def shape(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """The right numbers in another shape, or summed over an axis too many or too few."""
    if sample.yours[g].shape == sample.right[g].shape:
        return
    right, yours = sample.right[g], sample.yours[g]
    kept = "keep the axis: sum(axis=..., keepdims=True)"
    if yours.size == right.size and 1 in right.shape and yours.ndim < right.ndim:
        yield Claim("{g} {is} right but for the shape: an axis of length 1 is lost", kept), lambda s: _squeezed(s, g)
    if yours.size == right.size and yours.ndim > right.ndim:
        text = "{g} {is} right but for the shape: an axis of length 1 is kept"
        yield Claim(text, "sum without keepdims, or drop the axis"), lambda s: _squeezed(s, g)
    if yours.ndim < right.ndim:
        for axes in _axes(right.ndim):
            for word, reduce in (("summed", np.sum), ("averaged", np.mean)):
                text = f"{{g}} {{is}} {word} over {_axis_words(axes, right.ndim)}, which should stay"
                yield Claim(text), lambda s, a=axes, f=reduce: f(s.right[g], axis=a)
        text = f"{{g}} {{is}} gy itself, of shape {_letters_of(sample.gy.shape)}"
        hint = f"spread gy over {g[1:]}'s shape" if g != "y" else ""
        yield Claim(text, hint), lambda s: s.gy
    if g != "y":
        for axes in _axes(sample.gy.ndim):
            over = _axis_words(axes, sample.gy.ndim)
            for keep in (True, False):
                for word, reduce in (("summed", np.sum), ("averaged", np.mean)):
                    claim = Claim(f"{{g}} {{is}} gy {word} over {over}: that is the wrong axis")
                    yield claim, lambda s, a=axes, k=keep, f=reduce: f(s.gy, axis=a, keepdims=k)
        text = f"{{g}} {{is}} gy itself: the sum over the axes that {g[1:]} does not have is missing"
        yield Claim(text, "sum over the batch: gy.sum(axis=0, keepdims=True)"), lambda s: _if_a_sum_is_missing(s, g)
        yield Claim(f"{{g}} {{is}} gy itself, in the shape of y, but should have that of {g[1:]}"), lambda s: s.gy


def unreduced(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """Your array has axes that should have been summed, or averaged."""
    yours, right = sample.yours[g], sample.right[g]
    for axes in _axes(yours.ndim):
        if yours.ndim - len(axes) == right.ndim or np.sum(yours, axis=axes, keepdims=True).shape == right.shape:
            over = _axis_words(axes, yours.ndim)
            for keep in (False, True):
                # Adding up what is yours gives what is right, and nothing else is wrong with it.
                for word, verb, reduce in (("summed", "sum", np.sum), ("averaged", "take the mean", np.mean)):
                    hint = f"{verb} over {over}" + (", keepdims=True" if keep else "")
                    claim = Claim(f"{{g}} {{is}} not {word} over {over}", hint)
                    yield claim, lambda s, a=axes, k=keep, f=reduce: _if_reduced(s.yours[g], s.right[g], f, a, k)


def transposed(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    if sample.right[g].ndim >= 2:
        product = "(A @ B).T is B.T @ A.T"
        yield Claim(f"{{g}} {{is}} transposed: yours equals {g}.T", product), lambda s: s.right[g].T
        claim = Claim("{g} {is} transposed: its last two axes are exchanged", product)
        yield claim, lambda s: s.right[g].swapaxes(-1, -2) if s.right[g].ndim >= 2 else None


def negated(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    yield Claim("{g} {is} negated", "look at the sign"), lambda s: -s.right[g]


def scaled(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """Off by a constant, by a dimension, or by both."""
    if sample.yours[g].shape != sample.right[g].shape:
        return
    factor = _ratio(sample, g)
    for value, words in ((2, "twice what it should be"), (0.5, "half of what it should be: a factor 2 is missing")):
        yield Claim(f"{{g}} {{is}} {words}"), lambda s, c=value: c * s.right[g]
    yield Claim(f"{{g}} {{is}} {factor:.9g} times what it should be"), lambda s: factor * s.right[g]
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
                yield claim, lambda s, k=letter, p=power, c=constant: c * s.right[g] * _size(s, g, k) ** float(p)


def other_upstream(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """The gradient for something else than gy."""
    if g == "y":
        return
    ignored = Claim(
        "{g} {is}" + " what gy = ones would give: gy is ignored",
        "multiply by gy: grad(gy) is the vector-Jacobian product",
    )
    yield ignored, lambda s: _with_ones(s, g)
    for words, function in _UPSTREAM:
        yield Claim(f"{{g}} {{is}} what {words} in place of gy would give"), lambda s, f=function: s.with_gy(f(s.gy))[g]


_UPSTREAM: tuple[tuple[str, Callable], ...] = (
    ("gy's mean", np.mean),
    ("gy's sum", np.sum),
    ("gy**2", np.square),
    ("abs(gy)", np.abs),
    ("gy's sign", np.sign),
    ("gy's mean over the first axis", lambda gy: gy.mean(0, keepdims=True) if gy.ndim else gy),
    ("gy's sum over the first axis", lambda gy: gy.sum(0, keepdims=True) if gy.ndim else gy),
    ("gy's mean over the last axis", lambda gy: gy.mean(-1, keepdims=True) if gy.ndim else gy),
    ("gy's sum over the last axis", lambda gy: gy.sum(-1, keepdims=True) if gy.ndim else gy),
)


def along_the_wrong_axis(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """gy has an axis less than the input, and was multiplied in without giving it the missing one."""
    gy, right = sample.gy, sample.right[g]
    if g == "y" or not gy.ndim or gy.ndim >= right.ndim or gy.shape != right.shape[: gy.ndim]:
        return
    missing = right.ndim - gy.ndim
    index = ", ".join([":" if gy.ndim == 1 else "...", *["None"] * missing])
    shown = "shape (N,)" if gy.ndim == 1 else "an axis less"
    text = f"in {{g}}, gy multiplies along the features, not along the batch: gy has {shown}, use gy[{index}]"

    def predict(s: Sample) -> NDArray | None:
        slope = s.with_gy(np.ones(()))[g]
        if not close(slope * s.gy[(..., *[None] * missing)], s.right[g]):
            return None
        return slope * s.gy if s.gy.shape == s.right[g].shape[missing:] else None

    yield Claim(text), predict


def upstream_itself(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    if g != "y" and sample.gy.shape == sample.right[g].shape:
        yield Claim("{g} {is} gy itself: the derivative of the operation is missing"), lambda s: s.gy


def pointwise_factor(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """A factor too many or too few, entry by entry."""
    for v in sample.op.variables if g == "y" else (g[1:],):
        if sample.inputs[v].shape == sample.right[g].shape:
            yield Claim(f"in {{g}}, there is a factor {v} too many"), lambda s, v=v: s.right[g] * s.inputs[v]
            yield Claim(f"in {{g}}, the factor {v} is missing"), lambda s, v=v: s.right[g] / s.inputs[v]
    if g == "y" or sample.right["y"].shape != sample.right[g].shape:
        return
    yield Claim("{g} {is} gy divided by the derivative, but should be multiplied by it"), lambda s: s.gy**2 / s.right[g]
    for words, f in _FACTORS.items():
        yield Claim(f"in {{g}}, the factor {words} is missing"), lambda s, f=f: s.right[g] / f(s.right["y"])
        yield Claim(f"in {{g}}, there is a factor {words} too many"), lambda s, f=f: s.right[g] * f(s.right["y"])
    for words, f in _FACTORS.items():
        for v, other, h in ((v, w.replace("y", v), h) for v in ("y", g[1:]) for w, h in _FACTORS.items()):
            if words != other:
                claim = Claim(f"in {{g}}, there is {other} where {words} should be")
                yield (
                    claim,
                    lambda s, v=v, f=f, h=h: s.right[g] / f(s.right["y"]) * h((s.inputs | {"y": s.right["y"]})[v]),
                )


_FACTORS: dict[str, Callable] = {
    "y * (1 - y)": lambda y: y * (1 - y),
    "(1 - y**2)": lambda y: 1 - y**2,
    "(1 + y**2)": lambda y: 1 + y**2,
    "y": lambda y: y,
    "(1 - y)": lambda y: 1 - y,
    "(1 + y)": lambda y: 1 + y,
}


def other_inputs(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """Right for inputs that are not the ones given: one left out, transposed, or another in its place."""
    arrays = {n: v for n, v in sample.inputs.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
    for v in arrays:
        text = f"{{g}} {{is}} what {v} = 0 would give: {v} is not used"
        yield Claim(text), lambda s, v=v: _of(s.with_inputs(**{v: np.zeros_like(s.inputs[v])}), g)
    for v, value in arrays.items():
        if value.ndim == 2:
            text = f"{{g}} {{is}} what {v}.T in place of {v} would give: transpose {v}"
            yield Claim(text), lambda s, v=v: _of(s.with_inputs(**{v: s.inputs[v].T}), g) if _is_square(s, v) else None
    for v, value in arrays.items():
        if value.shape == sample.right["y"].shape:
            why = "the operation is applied twice" if g == "y" else "the derivative is taken at the output"
            claim = Claim(f"{{g}} {{is}} what y in place of {v} would give: {why}")
            yield claim, lambda s, v=v: _output_in_place_of(s, v, g)
        yield (
            Claim(f"{{g}} {{is}} what -{v} in place of {v} would give", "look at the sign"),
            lambda s, v=v: _of(s.with_inputs(**{v: -s.inputs[v]}), g),
        )
        claim = Claim(f"{{g}} {{is}} what abs({v}) in place of {v} would give")
        yield claim, lambda s, v=v: _of(s.with_inputs(**{v: abs(s.inputs[v])}), g)
    for v, w in combinations(arrays, 2):
        claim = Claim(f"{{g}} {{is}} what you get with {v} and {w} exchanged")
        yield claim, lambda s, v=v, w=w: _of(s.with_inputs(**{v: s.inputs[w], w: s.inputs[v]}), g)


def another_gradient(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """One gradient where another should be."""
    for other in sample.right:
        if g != "y" and other not in ("y", g) and sample.right[other].shape == sample.yours[g].shape:
            yield Claim(f"{{g}} {{is}} {other}: the wrong gradient stands there"), lambda s, o=other: s.right[o]


def other_reduction(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """y reduced along another axis, or over all of them."""
    if g != "y":
        return
    yield (
        Claim("y is the sum over everything, but an axis should stay"),
        lambda s: np.sum(s.right["y"]) if s.right["y"].ndim else None,
    )

    def along_first(s: Sample) -> NDArray | None:
        turned = {n: v.T for n, v in s.inputs.items() if isinstance(v, np.ndarray) and v.ndim == 2}
        return _of(s.with_inputs(**turned), "y") if len(turned) == len(s.inputs) else None

    yield Claim("y is reduced over axis 0, but should be over the last axis", "axis=-1"), along_first


def only_the_diagonal(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """Each entry is treated as if it depended on no other."""
    if g == "y" or sample.right["y"].shape != sample.right[g].shape:
        return
    hint = "y_i depends on x_j too: add the entries off the diagonal"
    yield (
        Claim("in {g}, only the diagonal of the Jacobian is used: the terms with i != j are missing", hint),
        lambda s: _diagonal(s, g),
    )


def overwritten(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """Each entry keeps one of its contributions, where they should add up."""
    if g == "y":
        return
    text = (
        "in {g}, contributions overwrite each other instead of adding up: only the last one stays (repeated indices?)"
    )
    hint = "add with np.add.at(gx, indices, gy), because gx[indices] += gy adds once"
    yield Claim(text, hint), lambda s: _one_contribution(s, g, last=True)
    text = "in {g}, only the first of several contributions is kept, but they add up (repeated indices?)"
    yield Claim(text, hint), lambda s: _one_contribution(s, g, last=False)
    text = "in {g}, contributions are averaged, but they add up (repeated indices?)"
    yield Claim(text, "add, and do not divide by how many there are"), lambda s: _mean_contribution(s, g)


def constant_term(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
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


def function_missing(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """Right if one of the functions inside were left out."""
    for number, function in enumerate(elementwise_calls(sample)):
        claim = Claim(f"{{g}} {{is}} what leaving out {function} would give: {function} is missing")
        yield claim, lambda s, n=number: s.with_torch(changed_at(s.op.torch, n, leave_out=True))[g]


def derivative_missing(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """Right if one of the functions inside had no derivative of its own to multiply by."""
    if g == "y":
        return
    for number, function in enumerate(elementwise_calls(sample)):
        claim = Claim(f"in {{g}}, the derivative of {function} is missing: the gradient passes through it unchanged")
        yield claim, lambda s, n=number: s.with_torch(changed_at(s.op.torch, n, leave_out=False))[g]


def offset(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """Right but for a number, or an input, that is added."""
    yours, right = sample.yours[g], sample.right[g]
    if yours.shape != right.shape:
        return
    for v, value in sample.inputs.items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and _fits(value.shape, right.shape):
            yield Claim(f"{v} is added to {{g}} once too often"), lambda s, v=v: _plus(s, g, v, 1)
            yield Claim(f"{v} is subtracted from {{g}} once too often"), lambda s, v=v: _plus(s, g, v, -1)
    if g != "y" and sample.gy.shape == right.shape:
        yield Claim("gy is added to {g} once too often"), lambda s: s.right[g] + s.gy
        yield Claim("gy is subtracted from {g} once too often: its own place is left out"), lambda s: s.right[g] - s.gy
    difference = float(np.ravel(yours - right)[0]) if right.size else 0.0
    claim = Claim(f"{{g}} {{is}} off by a constant: {difference:.6g} is added")
    yield claim, lambda s: s.right[g] + difference


def rounded(g: str, sample: Sample) -> Iterator[tuple[Claim, Predict]]:
    """Rounded to float32, every entry."""

    def predict(s: Sample) -> NDArray | None:
        yours, right = s.yours[g], s.right[g]
        if yours.shape != right.shape or yours.dtype != np.float64:
            return None
        near = abs(yours - right).max(initial=0) <= 3e-6 * abs(right).max(initial=0)
        return yours if near and np.all(yours.astype(np.float32) == yours) else None

    hint = "keep the dtype of the inputs, and name none yourself"
    yield Claim("{g} {is} right to 7 digits only: computed in float32", hint), predict


HYPOTHESES: tuple[Callable[[str, Sample], Iterator[tuple[Claim, Predict]]], ...] = (
    zero,
    sums.not_added_up,
    shape,
    transposed,
    negated,
    other_upstream,
    along_the_wrong_axis,
    upstream_itself,
    another_gradient,
    slips.other_number,
    factors.of_an_argument,
    other_inputs,
    places.other_argument,
    arguments.neutral,
    arguments.flags,
    arguments.count,
    arguments.outside,
    other_reduction,
    calls.denominator,
    pointwise_factor,
    sums.other_factor,
    scaled,
    sums.miscounted,
    sums.spread,
    places.forward_again,
    places.from_the_other_end,
    slips.other_axis,
    only_the_diagonal,
    reductions.changed,
    reductions.path,
    calls.order,
    function_missing,
    derivative_missing,
    along_another_axis_inside,
    paths.term,
    arguments.product,
    overwritten,
    unreduced,
    offset,
    pairs.length,
    pairs.pairing,
    pairs.exchanged,
    pairs.rounding,
    pairs.distance,
    factors.of_a_size_less_one,
    factors.of_an_input,
    factors.argument_added,
    factors.spread,
    slips.outer_function,
    slips.reduction,
    sums.other_reduction,
    places.as_if_elementwise,
    places.elsewhere,
    slips.other_multiple,
    slips.other_derivative,
    slips.constant_factor,
    constant_term,
    rounded,
    factors.nearly,
)


def _fits(shape: tuple[int, ...], into: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, into) == into
    except ValueError:
        return False


def _plus(s: Sample, g: str, v: str, sign: int) -> NDArray | None:
    return s.right[g] + sign * s.inputs[v] if _fits(s.inputs[v].shape, s.right[g].shape) else None


def _squeezed(s: Sample, g: str) -> NDArray | None:
    longer = [[n for n in a.shape if n != 1] for a in (s.right[g], s.yours[g])]
    return s.right[g].reshape(s.yours[g].shape) if longer[0] == longer[1] else None


def _if_a_sum_is_missing(s: Sample, g: str) -> NDArray | None:
    sums = (np.sum(s.gy, axes, keepdims=keep) for axes in _axes(s.gy.ndim) for keep in (False, True))
    return s.gy if any(close(total, s.right[g]) for total in sums) else None


def _if_reduced(yours: NDArray, right: NDArray, reduce: Callable, axes: tuple[int, ...], keep: bool) -> NDArray | None:
    return (
        yours if max(axes) < yours.ndim and close(np.asarray(reduce(yours, axis=axes, keepdims=keep)), right) else None
    )


def _axes(ndim: int) -> list[tuple[int, ...]]:
    return [axes for size in range(1, ndim + 1) for axes in combinations(range(ndim), size)]


def _axis_words(axes: tuple[int, ...], ndim: int) -> str:
    if len(axes) == ndim > 1:
        return "everything"
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {' and '.join(map(str, axes))}"


def _letters_of(shape: tuple[int, ...]) -> str:
    return "()" if not shape else str(shape)


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


def _of(named: dict[str, NDArray] | None, g: str) -> NDArray | None:
    return None if named is None else named.get(g)


def _output_in_place_of(s: Sample, v: str, g: str) -> NDArray | None:
    y = s.right["y"]
    return _of(s.with_inputs(**{v: y}), g) if y.shape == s.inputs[v].shape else None


def _is_square(s: Sample, v: str) -> bool:
    return s.inputs[v].shape == s.inputs[v].T.shape


def _with_ones(s: Sample, g: str) -> NDArray:
    """The gradient for a gy of ones. Where the truth is 0, any rounding of it will do."""
    predicted, rounding = s.with_gy(np.ones(()))[g], 1e-12 * abs(s.right[g]).max(initial=0)
    alike = (
        s.yours[g].shape == predicted.shape and max(abs(a).max(initial=0) for a in (predicted, s.yours[g])) <= rounding
    )
    return s.yours[g] if alike else predicted


def _diagonal(s: Sample, g: str) -> NDArray:
    slope = np.empty(s.gy.shape)
    for at, part in _contributions(s, g):
        slope[at] = part[at]
    return slope


def _one_contribution(s: Sample, g: str, *, last: bool) -> NDArray:
    one = np.zeros(s.right[g].shape)
    for _, part in _contributions(s, g):
        one = np.where((part != 0) & (last | (one == 0)), part, one)
    return one


def _mean_contribution(s: Sample, g: str) -> NDArray:
    number = sum(part != 0 for _, part in _contributions(s, g))
    return s.right[g] / np.maximum(number, 1)


def _contributions(s: Sample, g: str) -> Iterator[tuple[tuple[int, ...], NDArray]]:
    """What each entry of gy adds to the gradient."""
    for at in np.ndindex(s.gy.shape):
        alone = np.zeros(s.gy.shape)
        alone[at] = s.gy[at]
        yield at, s.with_gy(alone)[g]
