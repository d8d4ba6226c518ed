"""The hidden properties, which count for a submission beside those of tests/test_ops.py. They run with `--hidden`."""

from tests.harness.judgement import growth, judge
from tests.harness.judgement.properties import chained, each_operation
from tests.harness.worker.observation import Call, Grad
from tests.harness.worker.observe import LAYOUTS
from tests.test_ops import test_forward as forward
from tests.test_ops import test_gradient as gradient


@each_operation(
    examples=24,
    asks=tuple((Call(layout=layout), Grad(0, layout=layout)) for layout in LAYOUTS),
    after=(forward, gradient),
)
def test_layout(trial, *seen):
    """The answers are the same for arrays that are Fortran-ordered, strided, reversed or read-only."""
    for layout, laid_out in zip(LAYOUTS, seen, strict=True):
        with judge.said_of(f"{layout} inputs"):
            judge.forward(trial, laid_out, trial.truth)
            judge.gradient(trial, laid_out, trial.truth)


@each_operation(once=True, after=(forward, gradient))
def test_fast(contest):
    """As the arrays grow, the work of Python and the memory grow no more than the reference solution's, within a generous factor."""
    growth.compare(contest)


@chained(examples=40, after=(forward, gradient))
def test_compose():
    """Random networks chained from the submission's own operations backpropagate as torch's autograd does."""
