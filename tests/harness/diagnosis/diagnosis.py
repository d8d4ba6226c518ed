"""What is said of a failure: one line, and a hint where the cause has a usual remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.harness.diagnosis.samples import Sample
from tests.harness.judgement.judge import Wrong

SEPARATOR = "; "  # between what is said of gradients that are wrong for different reasons, and between their hints


@dataclass(frozen=True)
class Diagnosis:
    """`line` says how it is wrong; `hint` what usually mends it. `picture`: a sample and the name of a wrong array in it.

    `found`: a cause or a condition was found and is claimed; otherwise the line only describes what was seen. `parts`: the
    line in pieces, where it speaks of gradients that are wrong for different reasons.
    """

    line: str
    hint: str = ""
    picture: tuple[Sample, str] | None = None
    found: bool = True
    parts: tuple[str, ...] = ()


def listed(names: Sequence[str]) -> str:
    """`gx`, `gx and gw`, `gx, gw and gb`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def are(names: Sequence[str]) -> str:
    """`gx is`, `gx and gw are`."""
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def described(wrong: Wrong, extra: str = "", picture: tuple[Sample, str] | None = None) -> Diagnosis:
    """No cause is known: the judge's own line, and the usual remedy where the judge can name the cause itself."""
    return Diagnosis(wrong.why + extra, remedy(wrong), picture, found=False)


def remedy(wrong: Wrong) -> str:
    """The usual remedy for what the judge itself can name."""
    if "has dtype" in wrong.why and wrong.yours is not None and wrong.yours.dtype == np.float64:
        return "np.ones(shape), np.zeros(shape) and astype(float) are float64: give them dtype=x.dtype"
    if "returns None" in wrong.why:
        return "is a return missing?"
    return ""
