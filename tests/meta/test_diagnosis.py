"""The diagnosis names what is wrong, and never names what is not."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from inspect import getclosurevars
from itertools import combinations
from random import Random

import numpy as np
import pytest

from tests import test_ops
from tests.harness.diagnosis.samples import Sample, close, generic, observed, square
from tests.harness.diagnosis.uses import not_added_up
from tests.harness.display.screen import screen
from tests.harness.judgement.examiner import Examiner
from tests.harness.rows.catalogue import operations
from tests.harness.submissions.here import Here
from tests.meta.distortions import DISTORTIONS, ROWS, Distortion
from tests.meta.late import claimed, diagnose, predicted, recorded, rewritten, rounds
from tests.meta.share import share
from tests.meta.test_mutants import WRONG
from tests.mutants import Mutant


def _cases() -> list:
    found = []
    for distortion in DISTORTIONS:
        for place in distortion.where:
            row, _, only = place.partition(":")
            names = [only] if only else [f"g{variable}" for variable in ROWS[row].variables]
            found += [pytest.param(distortion, ROWS[row], n, id=f"{distortion.name}: {row} {n}") for n in names]
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


@pytest.mark.parametrize("op", share(ROWS.values(), 20), ids=lambda op: op.name)
def test_what_is_right_is_never_explained(op):
    """An array that is right, in any order of summation, gets no claim; of many gradients, the first and the last."""
    for make in (generic, square):
        samples = [replace(s, yours={n: v * (1 + 1e-15) for n, v in s.right.items()}) for s in make(op)]
        names = list(samples[0].right)
        for name in names if len(names) <= FEW else (*names[:2], names[-1]):
            assert claimed(name, samples) is None, f"{name} of {op.name} is right, but {claimed(name, samples).text!r}"


@pytest.mark.parametrize("op", [op for op in ROWS.values() if op.broadcasts], ids=lambda op: op.name)
def test_samples_tell_apart_how_uses_are_added_up(op):
    """No two ways to add up the uses of what was broadcast make the same gradient on all samples: what is claimed is no other way."""
    samples = list(generic(op))
    for name in (f"g{variable}" for variable in op.variables):
        ways = {edit.text: [predicted(edit, name, s) for s in samples] for edit in not_added_up(name, samples[0])}
        nothing, right = [None] * len(samples), [s.right[name] for s in samples]
        wrong = {text: made for text, made in ways.items() if not _same(made, right) and not _same(made, nothing)}
        alike = [(one, other) for one, other in combinations(wrong, 2) if _same(wrong[one], wrong[other])]
        assert not alike, f"{name}: {alike}"


def _same(made: list, due: list) -> bool:
    return all(a is b or (a is not None and b is not None and close(a, b)) for a, b in zip(made, due, strict=True))


@pytest.mark.parametrize(("distortion", "op", "name"), share(_cases(), 80))
def test_a_known_distortion_is_named(distortion, op, name):
    """A gradient spoilt in a known way gets the claim that names it, or one that predicts the very same numbers."""
    samples = _spoilt(distortion, op, name)
    if _changes_nothing(samples, name):
        pytest.skip("the distortion does not change this gradient")
    claim = claimed(name, samples)
    assert claim is not None, f"{distortion.name}: nothing is claimed"
    said = claim.said_of([name])
    assert distortion.said in said or _same_numbers(said, op, name, samples), f"{distortion.name}: {said!r}"


@cache
def _one_case_of_each() -> list[tuple[Distortion, str, list[Sample]]]:
    """Each distortion of the first of its rows that it changes, so that all hypotheses can be tried on them."""
    found = {}
    for distortion, op, name in CASES:
        if distortion.name not in found:
            found[distortion.name] = (distortion, name, _spoilt(distortion, op, name))
    return list(found.values())


def _called(hypothesis: Callable) -> str:
    """A hypothesis's own name, or that of what it does to every call."""
    others = getclosurevars(hypothesis).nonlocals.get("others")
    room = hypothesis.__module__.rpartition(".")[2]
    return (
        f"{hypothesis.__qualname__.partition('.')[0]}: {others.__name__}"
        if others
        else f"{room}: {hypothesis.__name__}"
    )


NAMED_OF = {
    "uses: fewer_axes": ("layer_norm", "ggamma summed over the first axis only"),
    "upstream: cut_elsewhere": ("concatenate", "gb one too far"),
    "windows: other_numbers": ("conv1d", "stride forgotten"),
    "windows: turned": ("conv1d", "a true convolution, the kernel flipped"),
    "windows: sent_back": ("conv1d", "windows overwrite each other in gx"),
    "windows: padded": ("conv1d", "padding cut off at the end of gx only"),
    "windows: mixed": ("depthwise_conv2d", "all channels of x under each kernel"),
    "windows: left_out": ("conv1d", "gx as a correlation that forgets the rest at the end"),
    "windows: miscounted": ("conv1d", "gb averaged"),
    "sums: over_another_axis": ("softmax", "sum over everything"),
    "terms: terms": ("batch_norm", "c for z on the variance's path"),
    "compositions: brackets": ("elu", "alpha e^x - 1"),
    "paths: other_factors": ("layer_norm", "mean's path scaled by z"),
}
"""Hypotheses that no distortion is said in the words of -> a mutant that is, by its operation and name."""


def test_no_hypothesis_is_idle():
    """Each hypothesis of the table, alone, claims a distortion with the words that are due for it, or a mutant with those of its row."""
    from tests.harness.diagnosis.hypotheses import HYPOTHESES

    def says_one(hypothesis: Callable) -> bool:
        tried = ((d, name, claimed(name, samples, table=(hypothesis,))) for d, name, samples in _one_case_of_each())
        return any(claim and d.said in claim.said_of([name]) for d, name, claim in tried)

    wrong = {(row.op, row.name): row for row in WRONG}
    idle = []
    for hypothesis in HYPOTHESES:
        mutant = NAMED_OF.get(_called(hypothesis))
        if not (_names(hypothesis, wrong[mutant]) if mutant else says_one(hypothesis)):
            idle.append(_called(hypothesis))
    assert not idle, f"no distortion is said in their words; add one to DISTORTIONS of distortions.py: {idle}"


def _names(hypothesis: Callable, row: Mutant) -> bool:
    """Whether the hypothesis claims one of the mutant's arrays, in words that its row has."""
    op, implementation = ROWS[row.op], Here(row.name, row.lookup)
    samples = [observed(s, partial(implementation.observe, row.op)) for s in generic(op)]
    wrong = [n for n in ("y", *(f"g{v}" for v in op.variables)) if not all(s.is_right(n) for s in samples)]
    said = [claim.said_of([n]) for n in wrong if (claim := claimed(n, samples, table=(hypothesis,)))]
    return any(words in text for words in row.diagnosis.split(" | ") for text in said)


def _same_numbers(said: str, op, name: str, samples: list[Sample]) -> bool:
    """Whether what is said belongs to another distortion that gives the very same array here."""
    for other, row, gradient in CASES:
        if row is op and gradient == name and other.said in said:
            twins = _spoilt(other, op, name)
            return all(_alike(a, b, name) for a, b in zip(samples, twins, strict=False))
    # Claims without a distortion of their own, which coincide where an operation has nothing to tell them apart.
    return any(words in said for words in COINCIDENCES.get(op.name, ()))


FEW = 4  # arrays of one operation that are all looked at

COINCIDENCES = {
    # y is linear in x with slope 1, so many explanations are the same number.
    "tensor_sum": ("gy itself", "gy is ignored", "gy**2"),
    "gather": ("gy itself", "gy is ignored"),
    # With y = x s, the two terms s y and (1 - s) y are y.
    "silu": ("has the factor x * sigmoid(x) too many",),
    # exp(log_q) is what the row names as taken for log_q.
    "kl_divergence": ("but log_q is a logarithm already",),
    # What comes to x / w has the same shape as w.
    "ratio": ("is the gradient of x / w, but is not sent back from there to w",),
    # The gradients of a and b are multiples of scale.
    "lora_linear": ("2 * scale in place of scale", "scale / 2 in place of scale"),
}


WIDE = (
    "single precision",
    "something small added",
    "a factor a row",
    "a factor an example",
    "a length's derivative",
)
"""Distortions whose claim is true of many arrays: right to 7 digits, off by some factor. Every other stands for one array."""


@pytest.mark.parametrize("seed", share(range(150), 10))
def test_two_distortions_are_not_taken_for_one(seed):
    """Where two distortions are at work on one gradient, neither is claimed alone."""
    rng, cases = Random(seed), [case for case in CASES if case[0].samples is generic]
    first, op, name = rng.choice(cases)
    second, _, _ = rng.choice([case for case in cases if case[1] is op and case[2] == name])
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
        of_one = claimed(name, only)
        if claim and of_one and claim.text == of_one.text and alone.name not in WIDE:
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
        "gb has shape (1,), but should be (1, 1), like b: (1, M): gb is right but for the shape: an axis of length 1 is lost",
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


def test_a_call_in_a_loop_is_one_call_in_rounds():
    """Samples with other numbers of steps have the same calls, each made once a step, and a change is made in all of them."""
    one, two = list(generic(ROWS["rnn"]))[:2]
    assert one.sizes["T"] != two.sizes["T"]
    found = [rounds(s) for s in (one, two)]
    assert [*found[0]] == [*found[1]]
    (tanh,) = (calls for calls in found[0].values() if calls[0].name == "tanh")
    assert len(tanh) == one.sizes["T"]
    nothing = rewritten(one.op.torch, {tanh[0].number: lambda func, args, kwargs: 0 * func(*args, **kwargs)})
    assert not np.any(one.with_torch(nothing)["y"])


def test_what_a_row_computes_is_called_as_the_stub_calls_it():
    """A formula holds the names that the row gives, and parts that were cut have theirs."""
    nodes = recorded(next(generic(ROWS["gru_cell"])))
    assert {"r", "z", "n", "r * (h wh_n + bh_n)", "(1 - z) * n"} <= {node.text for node in nodes}
    assert [node.parts for node in nodes if node.parts] == [("r", "z", "n")] * 2
