"""The diagnosis names what is wrong, and never names what is not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import test_ops
from tests.harness.diagnosis.diagnose import diagnose
from tests.harness.diagnosis.samples import Sample, close, generic, square
from tests.harness.diagnosis.search import claimed
from tests.harness.display.screen import screen
from tests.harness.judgement.examiner import Examiner
from tests.harness.rows.catalogue import operations
from tests.harness.rows.kinds import const
from tests.harness.rows.spec import Op
from tests.harness.submissions.here import Here

# Operations of kinds that the catalogue may not have yet.
EXTRA = [
    Op("row_softmax", x="N K", par=9, torch=lambda x: torch.softmax(x, -1)),
    Op("centre", x="N K", par=9, torch=lambda x: x**2 - (x**2).mean(-1, keepdim=True)),
    Op("gather", x="N K", par=9, torch=lambda x: x[[0, 1, 0, 0]]),
    Op("weighted", x="N K", w="N K", c=const("N K"), par=9, torch=lambda x, w, c: (x.exp() * w * c).sum(-1)),
]
ROWS = {op.name: op for op in [*(op for level in operations().values() for op in level), *EXTRA]}


@dataclass(frozen=True)
class Distortion:
    """A known way to spoil a right gradient: `spoil(sample, name)` is the wrong array, `said` is part of what is said of it.

    `where`: the rows it makes sense for; by default all.
    """

    name: str
    said: str
    spoil: Callable[[Sample, str], np.ndarray]
    where: tuple[str, ...] = tuple(ROWS)
    samples: Callable = generic


def _softmax_diagonal(s: Sample, g: str) -> np.ndarray:
    y = s.right["y"]
    return s.gy * y * (1 - y)


def _softmax_of_columns(s: Sample, g: str) -> np.ndarray:
    e = np.exp(s.inputs["x"])
    y = e / e.sum(0)
    return y * (s.gy - (s.gy * y).sum(0))


def _softmax_over_the_batch(s: Sample, g: str) -> np.ndarray:
    e = np.exp(s.inputs["logits"])
    one_hot = np.eye(e.shape[1])[s.inputs["labels"]]
    return s.gy * (e / e.sum(0) * one_hot.sum(0) - one_hot) / len(e)


def _half_exchanged(s: Sample, g: str) -> np.ndarray:
    other = {"gx": "gy", "gy": "gx"}[g]
    return (s.right[g] + s.with_inputs(x=s.inputs["y"], y=s.inputs["x"])[other]) / 2


def _lengths(rows: np.ndarray) -> np.ndarray:
    return np.linalg.norm(rows, axis=-1, keepdims=True)


def _normalized(s: Sample) -> tuple[np.ndarray, np.ndarray]:
    """z and what it was divided by."""
    scale = np.sqrt(s.inputs["x"].var(-1, keepdims=True) + s.inputs["eps"])
    return (s.inputs["x"] - s.inputs["x"].mean(-1, keepdims=True)) / scale, scale


def _with_factors(of_mean: float, of_variance: float) -> Callable[[Sample, str], np.ndarray]:
    """The gradient of rows that are normalized, with factors for the terms of the mean and the variance."""

    def spoil(s: Sample, g: str) -> np.ndarray:
        z, scale = _normalized(s)
        gz = s.gy * s.inputs["gamma"]
        mean, product = (a.mean(-1, keepdims=True) for a in (gz, gz * z))
        return (gz - of_mean * mean - of_variance * z * product) / scale

    return spoil


def _eps_outside_the_root(s: Sample, g: str) -> np.ndarray:
    x, gz, eps = s.inputs["x"], s.gy * s.inputs["gamma"], s.inputs["eps"]
    centred, deviation = x - x.mean(-1, keepdims=True), x.std(-1, keepdims=True)
    mean, product = (a.mean(-1, keepdims=True) for a in (gz, gz * centred))
    return (gz - mean - centred * product / (deviation * (deviation + eps))) / (deviation + eps)


def _gather_assigned(s: Sample, g: str) -> np.ndarray:
    return _gathered(s, range(4))


def _gathered(s: Sample, order: Iterable[int]) -> np.ndarray:
    """One row of gy for each row of x: the last in this order."""
    gx = np.zeros(s.inputs["x"].shape)
    for at in order:
        gx[[0, 1, 0, 0][at]] = s.gy[at]
    return gx


def _by_use(s: Sample, g: str) -> np.ndarray:
    return s.with_inputs(**{g[1:]: np.broadcast_to(s.inputs[g[1:]], s.gy.shape)})[g] if g != "gx" else s.gy


def _first_use(s: Sample, g: str) -> np.ndarray:
    uses, shape = _by_use(s, g), s.right[g].shape
    return uses[(0,) * (uses.ndim - len(shape))][tuple(slice(n) for n in shape)]


def _kept(s: Sample) -> np.ndarray:
    return s.gy.reshape(np.sum(s.inputs["x"], s.inputs["axis"], keepdims=True).shape)


def _made_of(s: Sample) -> int:
    return s.inputs["x"].size // s.gy.size


BROADCAST = ("add", "multiply", "where", "broadcast_to")
REDUCTIONS = ("reduce_mean", "reduce_max", "reduce_var")
ELEMENTWISE = ("sigmoid", "relu")
MATRICES = ("affine", "square_error_loss", "feed_forward", "weighted", "row_softmax", "centre")
DISTORTIONS = [
    Distortion("negated", "negated", lambda s, g: -s.right[g]),
    Distortion("doubled", "twice what it should be", lambda s, g: 2 * s.right[g]),
    Distortion("halved", "half of what it should be", lambda s, g: s.right[g] / 2),
    Distortion("off by a millionth", "1.000001 times", lambda s, g: s.right[g] * (1 + 1e-6)),
    Distortion("zeroed", "zero everywhere", lambda s, g: np.zeros_like(s.right[g])),
    Distortion("transposed", "transposed", lambda s, g: s.right[g].T, MATRICES),
    Distortion("mean over N", "N times too small", lambda s, g: s.right[g] / s.sizes["N"], MATRICES),
    Distortion("minus mean over N", "-1/N times", lambda s, g: -s.right[g] / s.sizes["N"], MATRICES),
    Distortion("sum for mean", "K times too large", lambda s, g: s.right[g] * s.sizes["K"], ("affine", "centre")),
    Distortion("gy ignored", "gy is ignored", lambda s, g: s.with_gy(np.ones(()))[g]),
    Distortion("gy squared", "gy**2 in place of gy", lambda s, g: s.with_gy(s.gy**2)[g]),
    Distortion("gy averaged", "gy's mean in place of gy", lambda s, g: s.with_gy(s.gy.mean())[g], (*MATRICES[:2], *ELEMENTWISE)),
    Distortion("derivative forgotten", "gy itself", lambda s, g: s.gy, ELEMENTWISE),
    Distortion("an axis lost", "axis of length 1 is lost", lambda s, g: s.right[g][0], ("affine:gb", "feed_forward:gb1")),
    Distortion("summed away", "summed over axis 0, which should stay", lambda s, g: s.right[g].sum(0), MATRICES[:1]),
    Distortion("gy along the features", "gy[:, None]", lambda s, g: s.with_gy(np.ones(()))[g] * s.gy, ("square_error_loss",), square),
    Distortion("diagonal only", "only the diagonal of the Jacobian", _softmax_diagonal, ("row_softmax",)),
    Distortion("row term lost", "constant along axis -1", lambda s, g: s.right[g] + s.right[g].sum(-1, keepdims=True), ("square_error_loss",)),
    Distortion("assigned, not added", "overwrite each other", _gather_assigned, ("gather",)),
    Distortion("an input left out", "w is not used", lambda s, g: s.with_inputs(w=np.zeros_like(s.inputs["w"]))[g], ("weighted:gx",)),
    Distortion("inputs exchanged", "x and w exchanged", lambda s, g: s.with_inputs(x=s.inputs["w"], w=s.inputs["x"])[g], ("weighted:gx",)),
    Distortion("(1 - y) forgotten", "the factor (1 - y) is missing", lambda s, g: s.right[g] / (1 - s.right["y"]), ("sigmoid",)),
    Distortion("a path cut", "sigmoid is treated as a constant", lambda s, g: s.gy * s.right["y"] / s.inputs["x"], ("silu",)),
    Distortion("a path turned", "sigmoid has the wrong sign", lambda s, g: 2 * s.gy * s.right["y"] / s.inputs["x"] - s.right[g], ("silu",)),
    Distortion("another number", "alpha = 1 would give", lambda s, g: s.with_inputs(alpha=1.0)[g], ("elu",)),
    Distortion("a number squared", "slope**2 in place of slope", lambda s, g: s.with_inputs(slope=s.inputs["slope"] ** 2)[g], ("leaky_relu",)),
    Distortion("another axis", "computed along axis 0", _softmax_of_columns, ("row_softmax",)),
    Distortion("another input", "2 * x in place of x", lambda s, g: s.with_inputs(x=2 * s.inputs["x"])[g], ("sigmoid", "silu")),
    Distortion("another derivative", "gy * y", lambda s, g: s.gy * s.right["y"], ("silu",)),
    Distortion("a factor a row", "a factor that is constant along axis -1", lambda s, g: s.right[g] * np.exp(s.gy[:, :1]), ("affine:gx", "centre")),
    Distortion("a factor an example", "the same for all entries", lambda s, g: s.right[g] * np.exp(s.gy.flat[0]), ("affine:gx", "centre")),
    Distortion("uses not added up", "not summed over the axes along which", lambda s, g: _by_use(s, g), BROADCAST),
    Distortion("uses averaged", "averaged over the axes along which", lambda s, g: s.right[g] * s.right[g].size / s.gy.size, BROADCAST),
    Distortion("one use", "the gradient of one use", lambda s, g: _first_use(s, g), BROADCAST),
    Distortion("another factor inside", "there is a factor a where b should be", lambda s, g: s.with_gy(s.gy * s.inputs["a"] / s.inputs["b"])[g], ("multiply:ga",)),
    Distortion("n - 1 for n", "n - 1 instead of n", lambda s, g: s.right[g] * _made_of(s) / (_made_of(s) - 1), REDUCTIONS),
    Distortion("divided by all", "m times too small", lambda s, g: s.right[g] / s.gy.size, REDUCTIONS),
    Distortion("gy to all", "gy, spread over the reduced axes", lambda s, g: _kept(s) + 0 * s.right[g], ("reduce_max", "reduce_var")),
    Distortion("the mean's term lost", "the same for all entries that make one of y", lambda s, g: _kept(s) * 2 * s.inputs["x"] / _made_of(s), ("reduce_var",)),
    Distortion("mask turned round", "True and False are exchanged", lambda s, g: s.with_inputs(condition=~s.inputs["condition"])[g], ("where",)),
    Distortion("turned once too often", "reversed along axis", lambda s, g: np.flip(s.right[g], s.inputs["axis"]), ("cumsum",)),
    Distortion("forward again", "forward once more", lambda s, g: np.cumsum(s.gy, s.inputs["axis"]), ("cumsum",)),
    Distortion("own place left out", "gy is subtracted from gx", lambda s, g: s.right[g] - s.gy, ("cumsum",)),
    Distortion("as if elementwise", "right for elementwise operations only", lambda s, g: s.gy * s.with_gy(np.ones(()))[g], ("cumsum",)),
    Distortion("the last axis", "axis = -1 would give", lambda s, g: s.with_inputs(axis=-1)[g], ("cumsum",)),
    Distortion("gy in another shape", "in their order, in the shape of x", lambda s, g: s.gy.reshape(s.right[g].shape), ("transpose",)),
    Distortion("elsewhere", "stand at other places", lambda s, g: np.roll(s.right[g], 1), ("reshape", "transpose")),
    Distortion("the first alone", "only the first of several", lambda s, g: _gathered(s, range(3, -1, -1)), ("gather",)),
    Distortion("the mean of several", "contributions are averaged", lambda s, g: s.right[g] / np.array([3, 1, *[1] * 9])[: len(s.right[g]), None], ("gather",)),
    Distortion("a length left out", "not divided by the length of x's rows", lambda s, g: s.right[g] * _lengths(s.inputs["x"]), ("cosine_similarity:gx",)),
    Distortion("a length's derivative", "off by a multiple of x in each row", lambda s, g: s.right[g] + s.gy[:, None] * s.inputs["x"], ("cosine_similarity:gx",)),
    Distortion("rows of length 1", "x and y with rows of length 1", lambda s, g: s.with_inputs(**{v: s.inputs[v] / _lengths(s.inputs[v]) for v in "xy"})[g], ("info_nce_loss",)),
    Distortion("half exchanged", "the mean of what it should be and of what you get with x and y exchanged", _half_exchanged, ("info_nce_loss",)),
    Distortion("targets rounded", "targets rounded to whole numbers", lambda s, g: s.with_inputs(targets=np.rint(s.inputs["targets"]))[g], ("binary_cross_entropy_with_logits",)),
    Distortion("an argument once more", "multiplied by delta once too often", lambda s, g: s.right[g] * s.inputs["delta"], ("huber_loss",)),
    Distortion("an argument added", "margin / C is added", lambda s, g: s.right[g] + s.inputs["margin"] / s.sizes["C"], ("hinge_loss",)),
    Distortion("a size less one", "divided by C - 1, but should be by C", lambda s, g: s.right[g] * s.sizes["C"] / (s.sizes["C"] - 1), ("cross_entropy", "kl_divergence")),
    Distortion("a function's factor", "a factor exp(log_q) too many", lambda s, g: s.right[g] * np.exp(s.inputs["log_q"]), ("kl_divergence",)),
    Distortion("spread", "is the sum of what the entries should be", lambda s, g: np.full(s.right[g].shape, s.right[g].sum()), ("kl_divergence", "mean_square_error")),
    Distortion("an axis inside", "what logsumexp along axis 0 would give", _softmax_over_the_batch, ("cross_entropy",)),
    Distortion("something small added", "right to a few digits only", lambda s, g: s.right[g] / (1 + 1e-6 * s.inputs["x"] ** 2), ("cosine_similarity:gx",)),
    Distortion("mean constant", "the mean is treated as a constant", _with_factors(0, 1), ("layer_norm:gx",)),
    Distortion("variance constant", "the variance is treated as a constant", _with_factors(1, 0), ("layer_norm:gx",)),
    Distortion("both constant", "the mean and the variance are treated as constants", _with_factors(0, 0), ("layer_norm:gx",)),
    Distortion("variance's sign", "through the variance has the wrong sign", _with_factors(1, -1), ("layer_norm:gx",)),
    Distortion("variance's factor", "through the variance has a wrong factor", _with_factors(1, 1.7), ("layer_norm:gx",)),
    Distortion("no division", "not divided by the result of sqrt", lambda s, g: s.right[g] * _normalized(s)[1], ("layer_norm:gx",)),
    Distortion("a factor of ones", "gamma = 1 would give", lambda s, g: s.with_inputs(gamma=np.ones_like(s.inputs["gamma"]))[g], ("layer_norm:gx",)),
    Distortion("a factor outside", "gamma multiplies at the end", lambda s, g: s.with_inputs(gamma=np.ones_like(s.inputs["gamma"]))[g] * s.inputs["gamma"], ("layer_norm:gx",)),
    Distortion("other axis", "with the mean and the variance over axis 1", _with_factors(1, 1), ("batch_norm:gx",)),
    Distortion("eps outside", "what sqrt before the addition would give", _eps_outside_the_root, ("layer_norm:gx",)),
    Distortion("one group", "groups = 1 would give", lambda s, g: s.with_inputs(groups=1)[g], ("group_norm:gx",)),
    Distortion("another array", "x stands in the place of the derivative", lambda s, g: (s.gy * s.inputs["x"]).sum(0, keepdims=True), ("batch_norm:ggamma",)),
    Distortion("all kept", "mask = True everywhere", lambda s, g: s.gy / (1 - s.inputs["p"]), ("dropout",)),
    Distortion("single precision", "computed in float32", lambda s, g: s.right[g].astype(np.float32).astype(np.float64)),
]  # fmt: skip


def _cases() -> list:
    found = []
    for distortion in DISTORTIONS:
        for place in distortion.where:
            row, _, only = place.partition(":")
            for variable in ROWS[row].variables:
                if only in ("", f"g{variable}"):
                    found.append(
                        pytest.param(distortion, ROWS[row], f"g{variable}", id=f"{distortion.name}: {row} g{variable}")
                    )
    return found


CASES = [case.values for case in _cases()]


def _spoilt(distortion: Distortion, op, name: str, samples: list[Sample] | None = None) -> list[Sample]:
    right = samples or list(distortion.samples(op))
    return [replace(s, yours={**s.right, name: np.asarray(distortion.spoil(s, name))}) for s in right]


def _alike(a: Sample, b: Sample, name: str) -> bool:
    """Whether two spoilt arrays are one, but for the rounding of what is right: a sum that cancels may leave 1e-17 for 0."""
    yours, other, right = a.yours[name], b.yours[name], a.right[name]
    return yours.shape == other.shape and bool(
        np.all(abs(yours - other) <= 1e-9 * abs(other) + 1e-12 * abs(right).max())
    )


def _changes_nothing(samples: list[Sample], name: str) -> bool:
    return all(close(s.yours[name], s.right[name]) for s in samples)


@pytest.mark.parametrize("op", ROWS.values(), ids=ROWS.keys())
def test_what_is_right_is_never_explained(op):
    """An array that is right, in any order of summation, gets no claim."""
    for make in (generic, square):
        samples = [replace(s, yours={n: v * (1 + 1e-15) for n, v in s.right.items()}) for s in make(op)]
        for name in samples[0].right:
            assert claimed(name, samples) is None, f"{name} of {op.name} is right, but {claimed(name, samples).text!r}"


@pytest.mark.parametrize(("distortion", "op", "name"), _cases())
def test_a_known_distortion_is_named(distortion, op, name):
    """A gradient spoilt in a known way gets the claim that names it, or one that predicts the very same numbers."""
    samples = _spoilt(distortion, op, name)
    if _changes_nothing(samples, name):
        pytest.skip("the distortion does not change this gradient")
    claim = claimed(name, samples)
    assert claim is not None, f"{distortion.name}: nothing is claimed"
    said = claim.said_of([name])
    assert distortion.said in said or _same_numbers(said, op, name, samples), f"{distortion.name}: {said!r}"


def _same_numbers(said: str, op, name: str, samples: list[Sample]) -> bool:
    """Whether what is said belongs to another distortion that gives the very same array here."""
    for other, row, gradient in CASES:
        if row is op and gradient == name and other.said in said:
            twins = _spoilt(other, op, name)
            return all(_alike(a, b, name) for a, b in zip(samples, twins, strict=False))
    # Claims without a distortion of their own, which coincide where an operation has nothing to tell them apart.
    return any(words in said for words in COINCIDENCES.get(op.name, ()))


COINCIDENCES = {
    # y is linear in x with slope 1, so many explanations are the same number.
    "tensor_sum": ("gy itself", "gy is ignored", "gy**2"),
    "gather": ("gy itself", "gy is ignored"),
}


WIDE = (
    "single precision",
    "something small added",
    "a factor a row",
    "a factor an example",
    "a length's derivative",
)
"""Distortions whose claim is true of many arrays: right to 7 digits, off by some factor. Every other stands for one array."""


@settings(max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_two_distortions_are_not_taken_for_one(data):
    """Where two distortions are at work on one gradient, neither is claimed alone."""
    first, op, name = data.draw(st.sampled_from([c for c in CASES if c[0].samples is generic]))
    second, _, _ = data.draw(
        st.sampled_from([c for c in CASES if c[1] is op and c[2] == name and c[0].samples is generic])
    )
    right = list(generic(op))
    factors = [(_factor(first, s, name), _factor(second, s, name)) for s in right]
    if any(f is None for pair in factors for f in pair):
        return  # one of them is no matter of factors: the two cannot be combined entry by entry
    both = [
        replace(s, yours={**s.right, name: s.right[name] * f * g}) for s, (f, g) in zip(right, factors, strict=True)
    ]
    if all(abs(s.yours[name]).max(initial=0) < 1e-12 for s in both):
        return  # nothing is left but rounding
    claim = claimed(name, both)
    for alone in (first, second):
        only = _spoilt(alone, op, name, right)
        if claim and claim == claimed(name, only) and alone.name not in WIDE:
            assert all(_alike(a, b, name) for a, b in zip(only, both, strict=True)), (
                f"{first.name} and {second.name} on {op.name} {name}, but only {claim.text!r} is claimed"
            )


def _factor(distortion: Distortion, s: Sample, name: str) -> np.ndarray | None:
    spoilt = np.asarray(distortion.spoil(s, name))
    if spoilt.shape != s.right[name].shape or np.any(s.right[name] == 0):
        return None
    return spoilt / s.right[name]


@pytest.mark.parametrize("size", [1e308, -1e308, 5e-324])
def test_numbers_beyond_all_measure_break_nothing(size):
    """One entry as large, or as small, as there is leaves the search without a claim; of many, what was added may be said."""
    samples = list(generic(ROWS["square_error_loss"]))
    corner = [size * (np.indices(s.right["gx"].shape).sum(0) == 0) for s in samples]
    one = [replace(s, yours=s.right | {"gx": s.right["gx"] + c}) for s, c in zip(samples, corner, strict=True)]
    every = [replace(s, yours=s.right | {"gx": np.full_like(s.right["gx"], size)}) for s in samples]
    assert claimed("gx", one) is None
    claim = claimed("gx", every)
    assert claim is None or "is added" in claim.text


def test_different_reasons_are_told_one_by_one():
    """Gradients that are wrong for different reasons make a part each, with one hint each; a single line joins them."""

    def affine(x, w, b):
        return x @ w + b, lambda gy: (-gy @ w.T, 2 * x.T @ gy, gy.sum(axis=0))

    verdict = Examiner(Here("wrong", lambda op: affine), seed=0, explain=diagnose).verdict(
        test_ops.test_gradient.property, ROWS["affine"]
    )
    diagnosis = verdict.diagnosis
    parts = [
        "gx is negated",
        "gw is twice what it should be",
        "gb is right but for the shape: an axis of length 1 is lost",
    ]
    assert list(diagnosis.parts) == parts
    assert diagnosis.hints == ("look at the sign", "keep the axis: sum(axis=..., keepdims=True)")
    assert verdict.why == "; ".join(parts)
    shown = str(screen(verdict)).splitlines()
    assert shown[:5] == [*parts, *(f"hint: {hint}" for hint in diagnosis.hints)]


@pytest.mark.parametrize("factor", [1, 2])
def test_a_dtype_is_told_before_what_it_does_to_the_values(factor):
    """What comes back in float32 has lost its digits, whatever else is wrong; that is the first thing said, of y and of gradients."""

    def tanh(x):
        y = np.tanh(x)
        return (factor * y).astype(np.float32), lambda gy: (factor * gy * (1 - y * y)).astype(np.float32)

    examiner = Examiner(Here("tanh", {"tanh": tanh}.get), seed=0, explain=diagnose)
    row = next(op for ops in operations().values() for op in ops if op.name == "tanh")
    for test, name in ((test_ops.test_forward, "y"), (test_ops.test_gradient, "gx")):
        verdict = examiner.verdict(test.property, row)
        assert verdict.why == f"{name} has dtype float32, but should be float64, like the inputs"
        assert "astype(x.dtype)" in verdict.hints[0]
