"""The floats that bytes stand for: ordinary and extreme ones, each in a few ways. Which way an example takes is in schedule.py."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.sources import LAYERS

PLAIN, FEW, SIGNED, NEAR, CLOSE, SPREAD, APART = "plain", "few", "signed", "near", "close", "spread", "apart"
"""Simple and random numbers; only a few of them; zeros of both signs; near ties; all within 1% of each other; log-uniform magnitudes; one array large, the others smaller."""


@dataclass(frozen=True, eq=False)
class Table:
    """Ways to fill arrays, 256 floats each, the simplest first; `gradients`: the same for gy, where that differs.

    `few`: how many of the plain ones an example draws that is to have many equal values. `offsets`: what is now and then
    added to a whole array of small numbers. `extreme`: whether arguments, too, are as far out as they may be.
    """

    values: dict[str, NDArray]
    gradients: dict[str, NDArray]
    few: int
    offsets: tuple[float, ...] = ()
    extreme: bool = False

    @cache  # noqa: B019 (there are two tables, and they stay)
    def numbers(self, way: str, dtype: type, *, gy: bool = False) -> NDArray:
        """The 256 floats of a way, in a dtype."""
        if way == FEW:
            found = self.values[PLAIN][np.arange(256) % self.few]
        else:
            found = self.gradients.get(way, self.values[way]) if gy else self.values[way]
        found = found.astype(dtype)
        found.flags.writeable = False
        return found


def _256(*simple: float, rest: NDArray) -> NDArray:
    values = np.concatenate([simple, rest])[:256]
    assert len(values) == 256
    return values


_random = np.random.default_rng(20250501)


def _log_uniform(least: float, most: float, size: int, *signs: int) -> NDArray:
    return np.exp(_random.uniform(np.log(least), np.log(most), size)) * _random.choice(signs or (-1, 1), size)


def _layers(*ranges: tuple) -> NDArray:
    """Magnitudes from one number to another, with a sign or with both: layers of a table, which entries come from by turns."""
    each = 256 // len(ranges)
    layers = np.concatenate([_log_uniform(least, most, each, *sign) for least, most, *sign in ranges])
    layers[:3] = 0, 1, -1
    return layers


def _beside(centres: NDArray, least: float) -> NDArray:
    """Each of the centres, and most of them moved by `least` to 1/200."""
    moves = _log_uniform(least, 5e-3, len(centres)) * (_random.random(len(centres)) < 0.75)
    return centres + moves


_SIMPLE = (0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 4, -4)
_NORMAL = _256(0, 1, -1, rest=_random.normal(0, 1.5, 256))
_SIGNED = np.tile([0.0, -0.0, -0.0, 1.0, -0.0, -0.0, -0.0, -0.0], 32)
_GRADIENTS = dict.fromkeys((SIGNED, NEAR, CLOSE), _NORMAL) | {
    SPREAD: _layers(*((a, b, sign) for a, b in ((1, 1e3), (1e-6, 1), (1e-12, 1e-6), (1e3, 1e6)) for sign in (1, -1)))
}
_GRID = np.array([1, 2, 2, 2, 0.5, 0, -1, -0.5])
ORDINARY = Table(
    values={
        PLAIN: _256(*_SIMPLE, *[0] * 9, *[-0.0] * 6, *[1, -1, 2] * 3, rest=_random.normal(0, 1.5, 256)),
        SIGNED: _SIGNED,
        NEAR: _beside(np.tile(_GRID, 32), 1e-9),
        CLOSE: _beside(np.full(256, 4 / 3), 1e-9),
        SPREAD: _layers(*((3**n / 1000, 3 ** (n + 1) / 1000, sign) for n in range(LAYERS // 2) for sign in (1, -1))),
    },
    gradients=_GRADIENTS,
    few=5,
)
"""Small numbers, simplest first, of all digits, with enough zeros and repetitions that kinks and ties turn up."""

_MAGNITUDES = (3e-9, 1e-3, 0.1, 5, 10, 20, 40, 89, 100, 300, 710, 746, 1000, 2000, 1e4)
# Up to 18, exp(-x) counts beside 1 in float64, and less and less so.
_BETWEEN = ((1, 9), (9, 11), (11, 14), (14, 18), (18, 40), (100, 600), (600, 1e4))
_BOTH = tuple(sign * m for m in _MAGNITUDES for sign in (1, -1))
EXTREME = Table(
    values={
        PLAIN: _256(
            *(0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 0, 0, 0, -0.0, -0.0),
            *(*_BOTH, *_BOTH),
            rest=np.array(sorted(_random.uniform(-1000, 1000, 256), key=abs)),
        ),
        SIGNED: _SIGNED,
        NEAR: _beside(np.tile(_GRID, 32), 1e-4),
        CLOSE: _beside(np.full(256, 4 / 3), 1e-4),
        SPREAD: _layers(
            (1e-4, 1),
            (40, 100),
            *((a, b, sign) for a, b in _BETWEEN for sign in (1, -1)),
        ),
        APART: _NORMAL,
    },
    gradients=_GRADIENTS,
    few=44,
    offsets=(100.0, -1000.0, 1e4, -1e4),
    extreme=True,
)
"""Magnitudes up to 1e4, past where exp overflows in float32 (89) and float64 (710), and all between; zeros and ties.

In one plain array of eight, small numbers lie about an offset. What is near a tie is so in float32, too. Where all arrays are
large, what saturates sends nothing back; so now and then one is large and the others smaller.
"""

BETWEEN = Table(
    values=dict.fromkeys(
        (PLAIN, SIGNED, NEAR, CLOSE, SPREAD), _random.uniform(15, 40, 256) * _random.choice((-1, 1), 256)
    ),
    gradients=_GRADIENTS,
    few=44,
)
"""Magnitudes from 15 to 40 alone, where exp(-x) is about as large as what people add to it, or clip it at."""
