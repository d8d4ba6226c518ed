"""The example that is shown is one that a person can follow: as small as any, and its numbers are ordinary where they can be."""

import math

import numpy as np
import pytest

from solutions.normalization import l2_normalize
from tests import test_ops
from tests.harness.examples.examples import drawn_example
from tests.harness.examples.ordinary import MOST, is_ordinary, ordinary
from tests.harness.judgement import search
from tests.harness.judgement.search import examine
from tests.harness.judgement.telling import TELLING, worth
from tests.harness.rows.arrays import Fractions, Probabilities
from tests.harness.rows.catalogue import operations
from tests.harness.rows.shapes import Dimensions
from tests.harness.rows.sources import Random
from tests.harness.submissions.here import Here
from tests.harness.worker.refusal import RefusedOperation
from tests.meta.share import share

SEEDS = share(range(3), 3)
OPERATIONS = {
    op.name: op for ops in operations().values() for op in ops if not op.adapter
}  # graphs are looked at in test_graphs.py
FORWARD, GRADIENT = test_ops.test_forward.property, test_ops.test_gradient.property


def _nothing_at_zero(x, eps):
    """An l2_normalize without a gradient where the length is 0."""
    y, grad = l2_normalize(x, eps)
    return y, lambda gy: grad(gy) * (np.linalg.norm(x, axis=-1, keepdims=True) > 0)


def _off_by_a_little(x, eps):
    """An l2_normalize whose gradient is off in the seventh digit."""
    y, grad = l2_normalize(x, eps)
    return y, lambda gy: grad(gy) * (1 + 1e-6)


def _gelu(x):
    """The other gelu, which hardly differs near 0."""
    return x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2))) / 2, abs


def _shown(op: str, prop, function, seed: int):
    verdict = examine(prop, OPERATIONS[op], Here("s", {op: function}.get), seed)
    assert verdict.status == "fail"
    return verdict


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("op", "prop", "function"),
    [("l2_normalize", GRADIENT, _nothing_at_zero), ("gelu", FORWARD, _gelu)],
    ids=["nothing at zero", "the other gelu"],
)
def test_numbers_can_be_followed(op, prop, function, seed):
    """Neither an eps of 1e-12 that makes 1e12 nor two answers that agree in five digits, where there is anything else."""
    verdict = _shown(op, prop, function, seed)
    assert worth(verdict.trial, verdict.wrong) == TELLING
    assert sum(np.size(value) for value in verdict.trial.example.inputs) <= 2
    assert is_ordinary(verdict.wrong.torch)


def test_what_differs_little_everywhere_is_at_least_moderate():
    """Where no example is plainly wrong, one of moderate numbers is shown."""
    verdict = _shown("l2_normalize", GRADIENT, _off_by_a_little, 0)
    assert worth(verdict.trial, verdict.wrong) == TELLING - 1


def test_the_same_failure_is_shown():
    """An example that fails for another reason is not taken, however ordinary."""

    def relu(x):
        """Hardly wrong but at 2, where it is of another dtype, and at 1/2, where it breaks."""
        if np.any(x == 0.5):
            raise ValueError("no halves")
        y = np.maximum(x, 0) + 1e-7 * (x >= 0)
        return (y.astype(np.float32) if np.any((x == 2) | (x == -2)) else y), abs

    verdict = _shown("relu", FORWARD, relu, 0)
    assert verdict.wrong.why.endswith("off by 1e-7") or verdict.wrong.why.endswith("should be 0")


@pytest.mark.parametrize("error", [RefusedOperation("timeout", "no answer"), ArithmeticError("of the oracle")])
def test_trouble_on_the_way_leaves_the_failure(error, monkeypatch):
    """An operation that stops answering for another example, or a mistake of the grader's, costs nothing."""

    def troubled(op, example):
        yield example
        raise error

    monkeypatch.setattr(search, "ordinary", troubled)
    assert "1e+12" in _shown("l2_normalize", GRADIENT, _nothing_at_zero, 0).wrong.why


@pytest.mark.parametrize("op", OPERATIONS.values(), ids=lambda op: op.name)
def test_variants_are_examples_of_the_row(op):
    """They are few, all different, of the same sizes, and what is no float of its own is left as it was."""
    dimensions = Dimensions({letter: 2 for letter in op.letters}, {run: (2,) for run in op.runs})
    example = drawn_example(op, dimensions, Random(3))
    variants = list(ordinary(op, example))
    assert 0 < len(variants) <= MOST
    for variant in variants:
        assert variant.gy.shape == example.gy.shape
        for kind, old, new in zip(op.kinds.values(), example.inputs, variant.inputs, strict=True):
            assert np.shape(old) == np.shape(new)
            assert getattr(old, "dtype", type(old)) == getattr(new, "dtype", type(new))
            if isinstance(kind, Fractions | Probabilities):
                assert np.array_equal(old, new)
            if getattr(kind, "nonzero", False):
                assert np.all(abs(new) >= 0.1)
    again = [[np.asarray(value).tolist() for value in (*v.inputs, v.gy)] for v in ordinary(op, example)]
    assert again == [[np.asarray(value).tolist() for value in (*v.inputs, v.gy)] for v in variants]
