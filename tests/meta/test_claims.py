"""A claim that is not so is contradicted by further examples; that none of a mutant's is, test_mutants.py tries."""

from dataclasses import replace

import numpy as np
import pytest

from tests import test_ops
from tests.harness.diagnosis.diagnosis import Claim
from tests.harness.diagnosis.edit import times
from tests.harness.judgement.examiner import Examiner
from tests.harness.rows.catalogue import operations
from tests.harness.submissions.here import Here
from tests.meta.claims import contradiction
from tests.meta.late import diagnose

ROWS = {op.name: op for ops in operations().values() for op in ops}
NEGATED, DOUBLED = times("{g} {is} negated", lambda s: -1), times("{g} {is} doubled", lambda s: 2)


def doubled(x):
    """A tanh with twice the gradient."""
    y = np.tanh(x)
    return y, lambda gy: 2 * gy * (1 - y * y)


def doubled_below(x):
    """Likewise, but only for what is less than 0."""
    y = np.tanh(x)
    return y, lambda gy: np.where(x < 0, 2, 1) * gy * (1 - y * y)


def one_at_the_kink(x):
    """A relu with twice the gradient, and with a gradient of 2 at 0, where any from 0 to 1 is as good as torch's 0."""
    return np.maximum(x, 0), lambda gy: 2 * gy * (x >= 0)


@pytest.mark.parametrize(
    ("op", "function", "claim"),
    [
        ("tanh", doubled, Claim("gx", NEGATED)),
        ("tanh", doubled_below, Claim("gx", DOUBLED)),
        ("tanh", doubled, Claim("gx", DOUBLED, "only where x < 0")),
        ("tanh", doubled, Claim("gx", None, "only where x has a single entry")),
        ("tanh", doubled_below, Claim("gx", NEGATED, "only where x < 0")),
        ("tanh", doubled_below, Claim("gx", None, "only where x > 0")),
        ("tanh", doubled_below, Claim("gx", None, "only in the first row")),
    ],
)
def test_a_false_claim_is_contradicted(op, function, claim):
    """Another cause, another place, and a cause that holds in some places only, are seen not to be so."""
    assert "is contradicted by example" in _contradiction(op, function, claim)


@pytest.mark.parametrize(
    ("op", "function", "claim"),
    [
        ("tanh", doubled, Claim("gx", DOUBLED)),
        ("tanh", doubled_below, Claim("gx", None, "only where x < 0")),
        ("relu", one_at_the_kink, Claim("gx", DOUBLED)),
    ],
)
def test_a_true_claim_is_not(op, function, claim):
    """What is so is contradicted by no example, and at a kink nothing is."""
    assert not _contradiction(op, function, claim)


@pytest.mark.parametrize(("op", "function"), [("tanh", doubled), ("tanh", doubled_below), ("relu", one_at_the_kink)])
def test_a_diagnosis_says_what_it_claims(op, function):
    """A cause or a place in the words of a diagnosis is among its claims, so that it can be tried."""
    diagnosis = _verdict(op, function).diagnosis
    (claim,) = diagnosis.claims
    assert claim.name == "gx"
    assert (claim.where or claim.edit.said_of(["gx"])) in diagnosis.line


def _contradiction(op: str, function, claim: Claim) -> str:
    verdict = _verdict(op, function)
    return contradiction(replace(verdict, diagnosis=replace(verdict.diagnosis, claims=(claim,))), 20, seed=1)


def _verdict(op: str, function):
    examiner = Examiner(Here(op, {op: function}.get), seed=0, shrink=False, explain=diagnose)
    return examiner.verdict(test_ops.test_gradient.property, ROWS[op])
