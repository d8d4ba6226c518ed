"""Two numbers that are not the same as texts that are not the same: in as many digits as it takes."""

import re

import numpy as np
from numpy.typing import NDArray

LEAST, MOST = 6, 17  # digits; 17 tell any two float64 apart
NEAR = 1e-3  # relative: of two numbers that are nearer, the difference is told as well
ROUNDING = 64  # machine epsilons: beside what differs by more, what differs by less need not look different


def apart(yours: float, due: float) -> tuple[str, str]:
    """Both in as many digits as it takes to see that they differ."""
    most = digits(np.asarray(float(yours)), np.asarray(float(due)))
    return f"{yours:.{most}g}", f"{due:.{most}g}"


def against(yours: float, due: float) -> str:
    """`0.16807412, but should be 0.16807411: off by 1e-8`: the difference only where it is small."""
    with np.errstate(all="ignore"):
        off = abs(yours - due)
    near = f": off by {_short(off)}" if 0 < off <= NEAR * abs(due) else ""
    return "{}, but should be {}".format(*apart(yours, due)) + near


def digits(yours: NDArray, due: NDArray, *, least: int = LEAST) -> int:
    """So many digits as it takes for each entry of yours that differs, by more than its dtype's rounding, to look different."""
    if yours.shape != due.shape or {yours.dtype.kind, due.dtype.kind} not in ({"f"}, {"f", "i"}, {"f", "u"}):
        return least
    with np.errstate(all="ignore"):
        a, b = yours.astype(np.float64) + 0.0, due.astype(np.float64) + 0.0
        error = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, np.nan_to_num(abs(a - b) / abs(b), nan=np.inf))
        # A report has no dtypes: what float32 can hold may have been rounded to it.
        narrow = np.all((a == a.astype(np.float32)) | np.isnan(a))
    rounding = ROUNDING * np.finfo(np.float32 if narrow else np.float64).eps
    differ = (error > 0) & (error >= min(rounding, error.max(initial=0)))
    pairs = list(zip(a[differ].tolist(), b[differ].tolist(), strict=True))
    return next((n for n in range(least, MOST) if all(f"{p:.{n}g}" != f"{q:.{n}g}" for p, q in pairs)), MOST)


def _short(number: float) -> str:
    return re.sub(r"e([+-])0*", lambda e: "e-" if e[1] == "-" else "e", f"{number:.1g}")
