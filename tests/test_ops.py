"""The properties: what is true of every operation, each written once.

Hypothesis runs each of them for every row of tests/specs/, on arrays of random shapes and values, and shrinks what fails
to the smallest counterexample. A trial has an example (inputs, and `gy`, the upstream gradient), and a way to observe
what the implementation under test does with it; the judge compares that with torch and raises where it is wrong.
"""

import numpy as np

from tests.harness.examples.examples import EXTREME
from tests.harness.judgement import judge, purity
from tests.harness.judgement.properties import each_operation
from tests.harness.worker.observation import Call, Grad


@each_operation(examples=25, ask=((Call(),),))
def test_forward(trial, seen):
    """The value and the shape of y are torch's."""
    judge.forward(trial, seen, trial.truth)


@each_operation(examples=50, ask=((Call(), Grad(0)),))
def test_gradient(trial, seen):
    """For a random gy, every gradient has its variable's shape and torch's value."""
    judge.gradient(trial, seen, trial.truth)


@each_operation(examples=12, count=2, ask=purity.question, after=(test_forward, test_gradient), on_changes=True)
def test_pure(trial, *seen):
    """Inputs and gy are left alone, grad answers the same again, and two calls share nothing."""
    purity.pure(trial, *seen)


@each_operation(
    examples=30,
    ask=((Call(), Grad(0)),),
    table=EXTREME,
    dtypes=(np.float64, np.float32),
    after=(test_forward, test_gradient),
    on_changes=True,
    unless=test_pure,
)
def test_stable(trial, seen):
    """At magnitudes up to 1e4, at zeros and ties, in float64 and float32: finite, accurate, the same dtype, no warning."""
    judge.stable(trial, seen, trial.truth)
