"""What is said of a failure: how it is wrong, in a line or several, and hints where the cause has a usual remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.harness.diagnosis.edit import Edit
    from tests.harness.diagnosis.samples import Sample
    from tests.harness.judgement.judge import Wrong

SEPARATOR = "; "
"""Between the parts of a diagnosis, and between its hints, where they are told in one line."""
MULTIPLY = "multiply by gy: grad(gy) is the vector-Jacobian product"
"""What mends a gradient that does not use gy, or not as a factor."""


@dataclass(frozen=True)
class Claim:
    """That an array is what an edit makes, wherever it is wrong; `where` it is wrong at all, if that is claimed too.

    An empty `where` is everywhere. No edit where only the place is claimed.
    """

    name: str
    edit: Edit | None = None
    where: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """`parts` say how it is wrong: several, where gradients are wrong for different reasons. `hints`: what usually mends it.

    `picture`: a sample and the name of a wrong array in it. `found`: a cause or a condition was found and is claimed;
    otherwise the parts only describe what was seen. `claims`: of it, what further examples can contradict.
    """

    parts: tuple[str, ...]
    hints: tuple[str, ...] = ()
    picture: tuple[Sample, str] | None = None
    found: bool = True
    claims: tuple[Claim, ...] = ()

    @property
    def line(self) -> str:
        """The parts in one line."""
        return SEPARATOR.join(self.parts)

    @property
    def hint(self) -> str:
        """The hints in one line; empty where there are none."""
        return SEPARATOR.join(self.hints)

    @property
    def hint_lines(self) -> list[str]:
        """The hints a line each: one may itself have several parts."""
        return [line for line in self.hint.split(SEPARATOR) if line]


def listed(names: Sequence[str]) -> str:
    """`gx`, `gx and gw`, `gx, gw and gb`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def are(names: Sequence[str]) -> str:
    """`gx is`, `gx and gw are`."""
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def named(part: str, hint: str = "", picture: tuple[Sample, str] | None = None) -> Diagnosis:
    """A cause, or a condition, is known: what is said of it, and the usual remedy where there is one."""
    return Diagnosis((part,), (hint,) if hint else (), picture)


def described(wrong: Wrong, extra: str = "", picture: tuple[Sample, str] | None = None) -> Diagnosis:
    """No cause is known: the judge's own line, and the usual remedy where the judge can name the cause itself."""
    hint = remedy(wrong)
    return Diagnosis((wrong.why + extra,), (hint,) if hint else (), picture, found=False)


_PROMOTED = (
    "something in float64 promotes the rest: np.ones, np.zeros or astype(float) without the inputs' dtype, an array of Python "
    "numbers as in np.where(x > 0, 1, 0.5), or a NumPy number such as np.sqrt(2 / np.pi), where float(...) makes a plain one"
)


def remedy(wrong: Wrong) -> str:
    """The usual remedy for what the judge itself can name."""
    if "has dtype" in wrong.why and wrong.yours is not None and str(wrong.yours.dtype) == "float64":
        return _PROMOTED
    if "has dtype float" in wrong.why:
        return "its digits are lost: name no dtype, or that of the inputs, as in astype(x.dtype)"
    if "shares its memory" in wrong.why:
        return "take a new array in every call, or return a copy of what is kept"
    if "returns None" in wrong.why:
        return "is a return missing?"
    return ""
