"""The properties: what is true of every operation, each written once.

Hypothesis runs each of them for every row of tests/specs/, on arrays of random shapes and values, and shrinks what fails
to the smallest counterexample. A trial has an example (inputs, and `gy`, the upstream gradient), and a way to observe
what the implementation under test does with it; the judge compares that with torch and raises where it is wrong.
"""

import numpy as np

from tests.harness.examples.examples import EXTREME
from tests.harness.judgement import judge, purity
from tests.harness.judgement.properties import each_operation
from tests.harness.judgement.trial import truth_of
from tests.harness.worker.observation import Call, Grad


@each_operation(examples=25)
def test_forward(trial):
    """The value and the shape of y are torch's."""
    judge.forward(trial, trial.observe(Call()), truth_of(trial))


@each_operation(examples=50)
def test_gradient(trial):
    """For a random gy, every gradient has its variable's shape and torch's value."""
    judge.gradient(trial, trial.observe(Call(), Grad(0)), truth_of(trial))


@each_operation(examples=12, count=2, after=(test_forward, test_gradient))
def test_pure(trial):
    """Inputs and gy are left alone, grad answers the same again, and two calls share nothing."""
    alone = trial.observe(Call(0), Grad(call=0, gy=0))
    seen = trial.observe(Call(0), Call(1), Grad(call=1, gy=1), Grad(call=0, gy=0), Grad(call=0, gy=0))
    purity.pure(trial, alone, seen)
    if trial.examples[0].gy.shape == trial.examples[1].gy.shape:
        other_first = trial.observe(Call(0), Grad(call=0, gy=1), Grad(call=0, gy=0))
        purity.no_matter_what_was_asked_before(trial, alone, other_first)


@each_operation(examples=30, table=EXTREME, dtypes=(np.float64, np.float32), after=(test_forward, test_gradient))
def test_stable(trial):
    """At magnitudes up to 1e4, at zeros and ties, in float64 and float32: finite, accurate, the same dtype, no warning."""
    judge.stable(trial, trial.observe(Call(), Grad(0)), truth_of(trial))
