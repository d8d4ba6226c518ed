"""Worse forms of elementwise functions: those made of exp, and the logarithm of a sigmoid."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.forms import SMALL, Family, Form
from tests.harness.rows.imports import torch

_S = torch.sigmoid.__name__
Elementwise = Callable[[NDArray], NDArray]

_NEGATIVE = "let exp see negative numbers only, for instance -abs({z})"
_TOGETHER = f"take logarithm and {_S} together: -log({_S}({{z}})) is max(-{{z}}, 0) + log1p(exp(-abs({{z}})))"
_SOFT = "log(1 + exp({z})) is max({z}, 0) + log1p(exp(-abs({z})))"
_COSH = "both are 1 - tanh({z})**2"


def _above(z: NDArray) -> NDArray:
    return 1 / (1 + np.exp(-z))


def _below(z: NDArray) -> NDArray:
    return np.exp(z) / (1 + np.exp(z))


def _sigmoid(z: NDArray) -> NDArray:
    e = np.exp(-abs(z))
    return np.where(z >= 0, 1, e).astype(z.dtype) / (1 + e)


def _tanh(z: NDArray) -> NDArray:
    return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))


def _overflowing(function: str, hint: str, *forms: tuple[str, Elementwise]) -> Iterator[Form]:
    """Values in which this function overflows."""
    for text, f in forms:
        yield Form(f"{function} overflows, as in {text}", hint, lambda z, axes, f=f: f(z), function=function)


def _steep(what: str, function: str, hint: str, *forms: tuple[str, Elementwise, Elementwise]) -> Iterator[Form]:
    """Gradients, gy times a numerator by a denominator, in either order, in which `what` overflows."""
    for text, top, bottom in forms:
        for slope in (
            lambda g, z, axes, top=top, bottom=bottom: g * (top(z) / bottom(z)),
            lambda g, z, axes, top=top, bottom=bottom: g * top(z) / bottom(z),
        ):
            yield Form(f"{what} overflows, as in {text}", hint, None, slope, function)


def _one(z: NDArray) -> NDArray:
    return np.ones((), z.dtype)


_exp = np.exp
SIGMOID = Family(
    lambda z, axes: torch.sigmoid(z),
    (
        *_overflowing(
            "exp",
            _NEGATIVE,
            ("1 / (1 + exp(-{z}))", _above),
            ("exp({z}) / (1 + exp({z}))", _below),
            ("1 - 1 / (1 + exp({z}))", lambda z: 1 - 1 / (1 + _exp(z))),
        ),
        *_steep(
            "exp",
            "exp",
            _NEGATIVE,
            ("s * (1 - s), s = 1 / (1 + exp(-{z}))", lambda z: _above(z) * (1 - _above(z)), _one),
            ("s * (1 - s), s = exp({z}) / (1 + exp({z}))", lambda z: _below(z) * (1 - _below(z)), _one),
        ),
        *_steep(
            "the square",
            "",
            _NEGATIVE,
            ("exp(-{z}) / (1 + exp(-{z}))**2", lambda z: _exp(-z), lambda z: (1 + _exp(-z)) ** 2),
            ("exp({z}) / (1 + exp({z}))**2", _exp, lambda z: (1 + _exp(z)) ** 2),
        ),
    ),
)
SILU = Family(
    lambda z, axes: z * torch.sigmoid(z),
    (
        *_overflowing(
            "exp",
            _NEGATIVE,
            ("{z} / (1 + exp(-{z}))", lambda z: z / (1 + _exp(-z))),
            ("{z} * exp({z}) / (1 + exp({z}))", lambda z: z * _exp(z) / (1 + _exp(z))),
        ),
        *_steep(
            "exp",
            "exp",
            _NEGATIVE,
            (
                "s * (1 + {z} * (1 - s)), s = 1 / (1 + exp(-{z}))",
                lambda z: _above(z) * (1 + z * (1 - _above(z))),
                _one,
            ),
            (
                "s * (1 + {z} * (1 - s)), s = exp({z}) / (1 + exp({z}))",
                lambda z: _below(z) * (1 + z * (1 - _below(z))),
                _one,
            ),
        ),
        *_steep(
            "the square",
            "",
            _NEGATIVE,
            (
                "(1 + exp(-{z}) + {z} * exp(-{z})) / (1 + exp(-{z}))**2",
                lambda z: 1 + _exp(-z) + z * _exp(-z),
                lambda z: (1 + _exp(-z)) ** 2,
            ),
        ),
    ),
)
GATE = Family(
    lambda z, axes: 1 + torch.tanh(z),
    tuple(
        _overflowing(
            "exp",
            _NEGATIVE,
            ("2 / (1 + exp(-2 * {z}))", lambda z: 2 / (1 + _exp(-2 * z))),
            ("2 * exp(2 * {z}) / (1 + exp(2 * {z}))", lambda z: 2 * _exp(2 * z) / (1 + _exp(2 * z))),
        )
    ),
)
TANH = Family(
    lambda z, axes: torch.tanh(z),
    (
        *_overflowing(
            "exp",
            _NEGATIVE,
            ("(exp({z}) - exp(-{z})) / (exp({z}) + exp(-{z}))", _tanh),
            ("(exp(2 * {z}) - 1) / (exp(2 * {z}) + 1)", lambda z: (_exp(2 * z) - 1) / (_exp(2 * z) + 1)),
            ("1 - 2 / (exp(2 * {z}) + 1)", lambda z: 1 - 2 / (_exp(2 * z) + 1)),
            ("2 / (1 + exp(-2 * {z})) - 1", lambda z: 2 / (1 + _exp(-2 * z)) - 1),
            ("(1 - exp(-2 * {z})) / (1 + exp(-2 * {z}))", lambda z: (1 - _exp(-2 * z)) / (1 + _exp(-2 * z))),
        ),
        *_overflowing(
            "sinh",
            "np.tanh does not overflow",
            ("sinh({z}) / cosh({z})", lambda z: np.sinh(z) / np.cosh(z)),
        ),
        *_steep(
            "exp",
            "exp",
            _NEGATIVE,
            (
                "(2 / (exp({z}) + exp(-{z})))**2",
                lambda z: (2 / (_exp(z) + _exp(-z))) ** 2,
                _one,
            ),
            ("1 - y**2, y a quotient of exp({z}) and exp(-{z})", lambda z: 1 - _tanh(z) ** 2, _one),
        ),
        *_steep(
            "the square",
            "",
            _COSH,
            ("1 / cosh({z})**2 or 4 / (exp({z}) + exp(-{z}))**2", _one, lambda z: np.cosh(z) ** 2),
            ("1 / cosh({z})**2 or 4 / (exp({z}) + exp(-{z}))**2", lambda z: (1 / np.cosh(z)) ** 2, _one),
            (
                "1 / cosh({z})**2 or 4 / (exp({z}) + exp(-{z}))**2",
                lambda z: np.array(4, z.dtype),
                lambda z: (_exp(z) + _exp(-z)) ** 2,
            ),
        ),
    ),
)
SOFTPLUS = Family(
    lambda z, axes: torch.where(z > 0, z, 0) + torch.log1p(torch.exp(-abs(z))),
    (
        *_overflowing(
            "exp",
            _SOFT,
            ("log(1 + exp({z}))", lambda z: np.log(1 + _exp(z))),
            ("{z} + log(1 + exp(-{z}))", lambda z: z + np.log(1 + _exp(-z))),
        ),
        *_steep(
            "exp",
            "exp",
            _NEGATIVE,
            ("exp({z}) / (1 + exp({z}))", _exp, lambda z: 1 + _exp(z)),
            ("1 / (1 + exp(-{z}))", _one, lambda z: 1 + _exp(-z)),
        ),
        *(
            Form(
                f"the logarithm is taken of a {_S}, which rounds to 0",
                f"take them together: {_SOFT}",
                lambda z, axes, p=p: -np.log(p(-z)),
            )
            for p in (_sigmoid, _above, *(lambda z, p=p: 1 - p(-z) for p in (_sigmoid, _above, _below)))
        ),
    ),
)


def _weighed(t: NDArray, yes: NDArray, no: NDArray) -> NDArray:
    return -(t * yes + (1 - t) * no)


def _weighed_where(t: NDArray, yes: NDArray, no: NDArray) -> NDArray:
    with np.errstate(invalid="ignore"):
        return np.where(t > 0, -t * yes, 0) + np.where(t < 1, -(1 - t) * no, 0)


def _of_clipped(p: NDArray, t: NDArray) -> NDArray:
    return _weighed(t, np.log(p), np.log(1 - p))


def _pairs(p: Elementwise) -> Iterator[Callable[[NDArray], tuple[NDArray, NDArray]]]:
    """The sigmoid and what is left of 1: subtracted, or computed by itself."""
    yield lambda z: (p(z), 1 - p(z))
    yield lambda z: (p(z), p(-z))


def _of_sigmoids() -> Iterator[Form]:
    rounds = f"the logarithm is taken of a {_S}, which rounds to 0 and to 1"
    pairs = [pair for p in (_sigmoid, _above, _below) for pair in _pairs(p)]
    for both in pairs:
        yield Form(rounds, _TOGETHER, lambda z, t, axes, both=both: _weighed(t, *map(np.log, both(z))))
        yield Form(rounds, _TOGETHER, lambda z, t, axes, both=both: _weighed_where(t, *map(np.log, both(z))))
    for small in SMALL:
        for both in pairs:
            yield Form(
                f"{small:g} is added to a {_S} before its logarithm is taken",
                _TOGETHER,
                lambda z, t, axes, both=both, small=small: _weighed(t, *(np.log(p + small) for p in both(z))),
            )
            for top in (1 - small, 1):
                yield Form(
                    f"a {_S} is clipped at {small:g} before its logarithm is taken",
                    _TOGETHER,
                    lambda z, t, axes, both=both, small=small, top=top: _weighed(
                        t, *(np.log(np.clip(p, small, top)) for p in both(z))
                    ),
                )
        for p in (_sigmoid, _above):
            yield Form(
                f"a {_S} is clipped at {small:g} before its logarithm is taken",
                _TOGETHER,
                lambda z, t, axes, p=p, small=small: _of_clipped(np.clip(p(z), small, 1 - small), t),
            )


def _of_softplus() -> Iterator[Form]:
    up, down = "exp overflows, as in log(1 + exp({z}))", "exp overflows, as in log(1 + exp(-{z}))"
    for text, value in (
        (up, lambda z, t, axes: np.log(1 + _exp(z)) - z * t),
        (down, lambda z, t, axes: (1 - t) * z + np.log(1 + _exp(-z))),
        (down, lambda z, t, axes: t * np.log(1 + _exp(-z)) + (1 - t) * np.log(1 + _exp(z))),
    ):
        yield Form(text, _SOFT, value, function="exp")


def _sigmoid_slopes() -> Iterator[Form]:
    for text, p in (("1 / (1 + exp(-{z}))", _above), ("exp({z}) / (1 + exp({z}))", _below)):
        said = f"exp overflows, as in the {_S} {text}"
        yield Form(said, _NEGATIVE, None, lambda g, z, t, axes, p=p: g * (p(z) - t), "exp")
    rounds = f"it divides by p and by 1 - p, p a {_S}, which rounds to 0 and to 1"
    cancels = "p * (1 - p) cancels: the slope is p less the target"
    for p in (_sigmoid, _above):
        for slope in (
            lambda g, z, t, axes, p=p: g * ((p(z) - t) / (p(z) * (1 - p(z)))) * (p(z) * (1 - p(z))),
            lambda g, z, t, axes, p=p: g * (-t / p(z) + (1 - t) / (1 - p(z))) * (p(z) * (1 - p(z))),
        ):
            yield Form(rounds, cancels, None, slope)


CROSS_ENTROPY = Family(
    lambda z, t, axes: torch.where(z > 0, z, 0) - z * t + torch.log1p(torch.exp(-abs(z))),
    (*_of_sigmoids(), *_of_softplus(), *_sigmoid_slopes()),
    takes=2,
)
"""Of a target and the sigmoid of a score, a number an entry."""

FAMILIES = (CROSS_ENTROPY, SILU, SOFTPLUS, GATE, SIGMOID, TANH)
