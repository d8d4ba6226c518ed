"""Whether a counterexample tells something: numbers that can be followed, and an answer that is plainly another one."""

import numpy as np

from tests.harness.examples.ordinary import is_ordinary
from tests.harness.judgement.judge import Wrong
from tests.harness.judgement.trial import Trial

PLAIN = 1e-3  # relative: what is off by less can hardly be seen


TELLING = 2  # of `worth`: nothing more to be wished


def worth(trial: Trial, wrong: Wrong) -> int:
    """How much it tells: 2 where its arrays are moderate and the answer is plainly off, or none is shown; 1 where they are moderate."""
    if wrong.entry is None:
        return TELLING
    example = trial.example
    floats = [
        value for value in (*example.inputs, example.gy) if isinstance(value, np.ndarray) and value.dtype.kind == "f"
    ]
    if not all(map(is_ordinary, (*floats, wrong.torch))):
        return 0
    due, yours = float(wrong.torch[wrong.entry]), float(wrong.yours[wrong.entry])
    return TELLING if not np.isfinite(yours) or abs(yours - due) > PLAIN * max(abs(due), abs(yours)) else 1


def is_alike(wrong: Wrong, other: Wrong) -> bool:
    """Whether both are the same kind of failure."""
    return _kind(wrong) == _kind(other)


def _kind(wrong: Wrong) -> tuple:
    finite = wrong.entry is not None and bool(np.isfinite(wrong.yours[wrong.entry]))
    return wrong.status, wrong.name, wrong.entry is None, wrong.warning and wrong.warning[0], finite
