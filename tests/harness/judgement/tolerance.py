"""What is near enough to torch's: within rounding, or right at a kink. Explained in the docstring of the room."""

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.oracle import RUNS, Truth

RTOL = {"float64": 1e-9, "float32": 1e-5}
ROUNDINGS = 32  # times what one rounding of everything moves (Truth.noise) is forgiven
UNDERFLOW = 1e8  # times the dtype's smallest normal number: what is less may as well be 0
STEP = 16  # machine epsilons: what stands as near to a kink may be rounded to its other side
FARTHER = 32  # times the step: what is smooth moves as many times farther, and a kink is as high as before
HIGHER = 4  # times as high at most
MANY = 4 * RUNS  # of Monte-Carlo arithmetic, where fewer may have missed an entry by chance
CHANCE = 100  # times less than is usual, by which they may
SHARE = 0.1  # of what is wrong, that a kink must be high


def off_entries(yours: NDArray, truth: Truth, number: int, dtype: np.dtype) -> tuple[NDArray, NDArray]:
    """Which entries of an array of the right shape are wrong, and the right values (at a kink the nearest of them).

    `number`: 0 for y, from 1 for the gradients. `dtype`: the inputs', which sets the tolerance.
    """
    rtol = RTOL[dtype.name]
    one = truth.gradients[number - 1] if number else truth.y
    with np.errstate(all="ignore"):
        wide = yours.astype(np.float64)
        off = ~(abs(wide - one) <= rtol * abs(one) + UNDERFLOW * np.finfo(dtype).tiny)  # NaN is off
        if not off.any():
            return off, one
        if number and truth.op.ties:
            other = one = truth.nearest(np.where(np.isfinite(wide), wide, one))
        else:
            other = truth.other_gradients[number - 1] if number else one
        low, high = np.minimum(one, other), np.maximum(one, other)
        slack = rtol * np.maximum(abs(one), abs(other)) + UNDERFLOW * np.finfo(dtype).tiny
        beyond = np.maximum(low - wide, wide - high) - slack
        # Each finds more than the one before, and is seldom needed.
        for runs, alone in ((2, True), (2, False), (RUNS, False), (MANY, False)):
            forgiven = ROUNDINGS * np.finfo(dtype).eps * truth.noise(runs, alone=alone)[number]
            off = ~(beyond <= forgiven)
            if runs == RUNS and not (off & (beyond <= CHANCE * forgiven)).any():
                break
            if not off.any():
                break
        return off, np.asarray(np.clip(np.where(np.isnan(wide), low, wide), low, high) + 0.0)


def at_kink(error: NDArray, off: NDArray, truth: Truth, number: int) -> bool:
    """Whether all entries of a gradient that are off jump about there, by as much as what is wrong.

    `number`: from 1. Not where the row says itself what is right at its kink.
    """
    if _is_stated(error, off, truth, number):
        return False
    step = STEP * np.finfo(truth.gy.dtype).eps
    near = truth.moves_within(step)[number][off]
    if not np.all(near > SHARE * error[off]):
        return False
    return bool(np.all(near >= truth.moves_within(FARTHER * step)[number][off] / HIGHER))


def is_chaotic(error: NDArray, off: NDArray, truth: Truth, number: int) -> bool:
    """Whether all entries that are off move as far as that where everything moves by STEP, though less was to be expected.

    What is smooth moves in proportion, and so as far as is forgiven anyway. `number`: 0 for y, from 1 for the gradients.
    """
    if number and _is_stated(error, off, truth, number):
        return False
    near = truth.moves_within(STEP * np.finfo(truth.gy.dtype).eps)[number][off]
    return bool(np.all(error[off] <= ROUNDINGS / STEP * near))


def _is_stated(error: NDArray, off: NDArray, truth: Truth, number: int) -> bool:
    """Whether the row has two ends for what is right of an entry that is off, as far apart as what is wrong.

    Beside a kink it has one, though rounding may take a float32 to the other side: a norm is not exact.
    """
    if not truth.op.also:
        return bool(truth.op.ties)
    apart = abs(truth.gradients[number - 1] - truth.other_gradients[number - 1])
    return bool(np.any(apart[off] > SHARE * error[off]))
