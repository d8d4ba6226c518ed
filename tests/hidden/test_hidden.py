"""The hidden properties, which count for a submission beside those of tests/test_ops.py. They run with `--hidden`."""

import numpy as np

from tests.harness.judgement import growth, judge
from tests.harness.judgement.properties import chained, each_operation
from tests.harness.worker.layouts import BROADCAST, LAYOUTS
from tests.harness.worker.observation import Call, Grad
from tests.test_ops import test_forward as forward
from tests.test_ops import test_gradient as gradient
from tests.test_ops import test_pure as pure


@each_operation(
    examples=12,
    ask=(*((Call(layout=layout), Grad(0, layout=layout)) for layout in LAYOUTS), (Call(), Grad(0, layout=BROADCAST))),
    after=(forward, gradient),
    on_changes=True,
    unless=pure,
)
def test_layout(trial, *seen):
    """The answers are the same for arrays that are Fortran-ordered, strided, reversed or read-only, or one number, broadcast."""
    *laid_out, broadcast = seen
    for layout, observation in zip(LAYOUTS, laid_out, strict=True):
        with judge.said_of(f"{layout} inputs"):
            judge.forward(trial, observation, trial.truth)
            judge.gradient(trial, observation, trial.truth)
    with judge.said_of("a gy that is one number, broadcast"):
        gy = trial.example.gy
        judge.gradient(trial, broadcast, trial.truth.with_gy(np.full_like(gy, gy.flat[0]), "broadcast"))


@each_operation(once=True, after=(forward, gradient))
def test_fast(contest):
    """As the arrays grow, the work of Python and the memory grow no more than the reference solution's, within a generous factor."""
    growth.compare(contest)


@chained(examples=40, after=(forward, gradient))
def test_compose():
    """Random networks chained from the submission's own operations backpropagate as torch's autograd does."""
