"""The wrong entry of a gradient as the sum that it should be."""

from tests.harness.judgement.judge import Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.rows.oracle import jacobian_column


def terms(trial: Trial, wrong: Wrong) -> list[tuple[float, float]]:
    """What adds up to the entry: an entry of gy and one of the Jacobian, for each pair that is not zero.

    Empty at a tie, where torch's own choice is not the one that is shown.
    """
    example, due = trial.example, float(wrong.torch[wrong.entry])
    column = jacobian_column(trial.op, example.inputs, wrong.name[1:], wrong.entry)
    if abs(float((example.gy * column).sum()) - due) > 1e-6 * abs(due):
        return []
    return [(gy, j) for gy, j in zip(example.gy.ravel(), column.ravel(), strict=True) if gy and j]
