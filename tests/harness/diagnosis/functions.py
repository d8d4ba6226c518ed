"""The functions of torch: how they are written in a formula and called in a sentence, and what people take for them.

All are torch's own names, whatever operations there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.imports import torch

ADD, SUB, MUL, DIV = (f.__name__ for f in (torch.add, torch.sub, torch.mul, torch.div))
RSUB, POW, NEG, CLAMP = torch.Tensor.__rsub__.__name__, torch.pow.__name__, torch.neg.__name__, torch.clamp.__name__
MATMUL, WHERE, RESHAPE, MAX = (f.__name__ for f in (torch.matmul, torch.where, torch.reshape, torch.max))
_TANH, _SIGMOID, _SOFTMAX, _LOG_SOFTMAX = (
    f.__name__ for f in (torch.tanh, torch.sigmoid, torch.softmax, torch.log_softmax)
)
RELU, _LSE = torch.relu.__name__, torch.logsumexp.__name__

ADDITIVE = (ADD, SUB)
TWO_SIDED = (ADD, SUB, MUL, DIV)
LINEAR = (ADD, SUB, RSUB, MUL, DIV, NEG)
LENGTHS = ("norm", "linalg_vector_norm")
SILENT = ("detach", "view", "double", "to", "expand", RESHAPE, "squeeze")
"""Those that change no value."""

LEAST, MIDDLE, MOST, ATOM = 1, 2, 3, 4  # how closely an operator binds
INFIX = {
    ADD: (" + ", LEAST),
    SUB: (" - ", LEAST),
    MUL: (" * ", MIDDLE),
    DIV: (" / ", MIDDLE),
    MATMUL: (" @ ", MIDDLE),
    POW: ("**", MOST),
    **{
        name: (sign, 0)
        for name, sign in {"gt": " > ", "lt": " < ", "ge": " >= ", "le": " <= ", "ne": " != ", "__eq__": " == "}.items()
    },
}
SHORT = {"linalg_vector_norm": "norm", "amax": "max", CLAMP: "max"}
SAID = SHORT | {
    ADD: "the addition",
    SUB: "the subtraction",
    MUL: "the multiplication",
    DIV: "the division",
    POW: "the power",
    "amax": "the maximum",
    MAX: "the maximum",
    "sum": "the sum",
    "mean": "the mean",
    "square": "the square",
    NEG: "the minus sign",
    "expm1": "exp(...) - 1",
    "log1p": "log(1 + ...)",
}
WRITTEN = {"expm1": "(exp({1}) - 1)", "log1p": "log(1 + {1})"}
XLOGY = torch.xlogy.__name__
CONSTANTS = {math.sqrt(2 / math.pi): "sqrt(2 / pi)"}
MISSING = {MUL: "the factor {}", DIV: "the divisor {}", ADD: "the term {}", SUB: "the term {}", POW: "the power {}"}
ROLES = {
    MUL: ("one factor", "one factor"),
    SUB: ("what is subtracted from", "what is subtracted"),
    DIV: ("the numerator", "the denominator"),
    MATMUL: ("the first factor", "the second factor"),
}

SUMS = {ADD: "+", SUB: "-", RSUB: "-"}
BINDS: dict[str, Callable[..., str]] = {
    MUL: lambda a, b: f"{a} * {b}",
    DIV: lambda a, b: f"{a} / {b}",
    POW: lambda a, b: f"{a}**{b}",
    NEG: lambda a: f"-{a}",
}
SIGNS = {ADD: "+", SUB: "-", RSUB: "-", MUL: "*", DIV: "/", CLAMP: "max"}
OPERATORS: dict[str, Callable] = {"+": torch.add, "-": torch.sub, "*": torch.mul, "/": torch.div, "max": torch.maximum}
FUNCTIONS: dict[str, Callable] = {
    "abs": torch.abs,
    "square": torch.square,
    "exp": torch.exp,
    "log": lambda x: torch.log(abs(x)),
    "log2": lambda x: torch.log2(abs(x)),
    "sqrt": lambda x: torch.sqrt(abs(x)),
    _TANH: torch.tanh,
    _SIGMOID: torch.sigmoid,
    RELU: torch.relu,
    "min(x, 0)": lambda x: torch.clamp(x, max=0),
}
NUMBERS: tuple[tuple[str, Callable[[float], float]], ...] = (
    *((f"{n:g}", lambda value, n=n: n) for n in (1, 2, 0.5, 3, 4)),
    ("-{0}", lambda value: -value),
    ("2 * {0}", lambda value: 2 * value),
    ("{0} / 2", lambda value: value / 2),
    ("1 / {0}", lambda value: 1 / value),
    ("{0}**2", lambda value: value**2),
    ("sqrt({0})", lambda value: abs(value) ** 0.5),
    ("10 * {0}", lambda value: 10 * value),
    ("{0} / 10", lambda value: value / 10),
    *((f"{{0}} rounded to {n} digit{'s'[: n > 1]}", lambda value, n=n: float(f"{value:.{n}g}")) for n in (1, 2, 3, 4)),
)
ONCE_MORE = (RELU, _SIGMOID, _TANH, "exp", "abs")
"""Those that are applied where none should be."""

REDUCTIONS = {"mean": "the mean", "sum": "the sum", "var": "the variance", "linalg_vector_norm": "the norm"}
REDUCED = {"amax": "the maximum", MAX: "the maximum", _LSE: _LSE, "norm": "the length", **REDUCTIONS}
REDUCE: dict[str, Callable] = {
    "sum": torch.sum,
    "mean": torch.mean,
    "largest": torch.amax,
    "smallest": torch.amin,
    "standard deviation": partial(torch.std, correction=0),
    "variance": partial(torch.var, correction=0),
    "mean square": lambda x, dim, keepdim: torch.square(x).mean(dim, keepdim=keepdim),
    "sum of squares": lambda x, dim, keepdim: torch.square(x).sum(dim, keepdim=keepdim),
    "sum of the magnitudes": lambda x, dim, keepdim: abs(x).sum(dim, keepdim=keepdim),
    "mean of the magnitudes": lambda x, dim, keepdim: abs(x).mean(dim, keepdim=keepdim),
    "mean distance from the mean": lambda x, dim, keepdim: abs(x - x.mean(dim, keepdim=True)).mean(
        dim, keepdim=keepdim
    ),
}

DUE = {
    _SIGMOID: "s * (1 - s)",
    _TANH: "1 - s**2",
    "exp": "s",
    RELU: "1 or 0",
    "sqrt": "1 / (2 * s)",
    "log": "1 / v",
    _LSE: "exp(v - s)",
    "log1p": "1 / (1 + v)",
    "expm1": "exp(v)",
    "square": "2 * v",
    POW: "2 * v",
    _SOFTMAX: "s[i] * ([i = j] - s[j])",
}
"""The derivatives of functions, where v goes in and s comes out."""
INSTEAD: dict[str, Callable] = {
    "s": lambda v, s: s,
    "1 - s": lambda v, s: 1 - s,
    "1 + s": lambda v, s: 1 + s,
    "s * (1 - s)": lambda v, s: s * (1 - s),
    "s * (1 + s)": lambda v, s: s * (1 + s),
    "1 - s**2": lambda v, s: 1 - s**2,
    "1 + s**2": lambda v, s: 1 + s**2,
    "sqrt(1 - s**2)": lambda v, s: torch.sqrt(1 - s**2),
    "v": lambda v, s: v,
    "v * (1 - v)": lambda v, s: v * (1 - v),
    "1 - v**2": lambda v, s: 1 - v**2,
    "1 / v": lambda v, s: 1 / v,
    "1 / s": lambda v, s: 1 / s,
    "exp(s)": lambda v, s: torch.exp(s),
    "exp(-v)": lambda v, s: torch.exp(-v),
    "exp(s - v)": lambda v, s: torch.exp(s - v),
    "exp(v - s) * (1 - exp(v - s))": lambda v, s: torch.exp(v - s) * (1 - torch.exp(v - s)),
    "s**2": lambda v, s: s**2,
    "(1 - s)**2": lambda v, s: (1 - s) ** 2,
    "1 / (1 + v**2)": lambda v, s: 1 / (1 + v**2),
    "1 / (1 + s)": lambda v, s: 1 / (1 + s),
    "v - s": lambda v, s: v - s,
    "s**2 * (1 - s)": lambda v, s: s**2 * (1 - s),
    "2 * abs(v)": lambda v, s: 2 * abs(v),
    f"{_TANH}(v)": lambda v, s: torch.tanh(v),
    f"{_SIGMOID}(v)": lambda v, s: torch.sigmoid(v),
    f"1 - {_TANH}(s)**2": lambda v, s: 1 - torch.tanh(s) ** 2,
    f"{_SIGMOID}(s) * (1 - {_SIGMOID}(s))": lambda v, s: torch.sigmoid(s) * torch.sigmoid(-s),
}
"""What people write where such a derivative should stand."""


def _softmax(x: NDArray, axis: int = -1) -> NDArray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _sigmoid(x: NDArray) -> NDArray:
    return 1 / (1 + np.exp(-x))


SLOPES: dict[str, Callable] = {
    "y * (1 - y)": lambda y: y * (1 - y),
    "(1 - y**2)": lambda y: 1 - y**2,
    "(1 + y**2)": lambda y: 1 + y**2,
    "y": lambda y: y,
    "(1 - y)": lambda y: 1 - y,
    "(1 + y)": lambda y: 1 + y,
}
"""Factors in which slopes are written."""
OTHER_SLOPES: dict[str, Callable] = {
    "1 / (1 + y**2)": lambda y: 1 / (1 + y**2),
    "1 / (1 - y**2)": lambda y: 1 / (1 - y**2),
    "sqrt(1 - y**2)": lambda y: np.sqrt(1 - y**2),
    "1 / (1 + y)": lambda y: 1 / (1 + y),
    "1 / y": lambda y: 1 / y,
    "log(abs(y))": lambda y: np.log(abs(y)),
    "exp(y)": np.exp,
    f"{_TANH}(y)": np.tanh,
    f"(1 - {_TANH}(y)**2)": lambda y: 1 - np.tanh(y) ** 2,
    f"{_SIGMOID}(y)": _sigmoid,
    f"{_SIGMOID}(y) * (1 - {_SIGMOID}(y))": lambda y: _sigmoid(y) * _sigmoid(-y),
}
"""Slopes of other functions, that no factor above is part of."""

FACTORS: dict[str, Callable] = {
    "exp({v})": np.exp,
    "exp(-{v})": lambda x: np.exp(-x),
    f"{_SIGMOID}({{v}}) * (1 - {_SIGMOID}({{v}}))": lambda x: _sigmoid(abs(x)) * _sigmoid(-abs(x)),
}
CHAINED: dict[str, Callable] = {f"{_SOFTMAX}({{v}})": _softmax, f"{_SIGMOID}({{v}})": _sigmoid}
"""Likewise, of a gradient alone: factors of the chain rule."""

STANDS = (f"{_SIGMOID}({{v}})", f"{_SOFTMAX}({{v}})", "exp({v})")
"""What stands beside something else in a gradient."""
OF_AN_INPUT: dict[str, Callable] = {
    "{v}": lambda x: x,
    STANDS[0]: _sigmoid,
    STANDS[1]: _softmax,
    STANDS[2]: np.exp,
    f"{_LOG_SOFTMAX}({{v}})": lambda x: np.log(_softmax(x)),
    f"{_TANH}({{v}})": np.tanh,
    f"the {_SIGMOID} of {_SIGMOID}({{v}})": lambda x: _sigmoid(_sigmoid(x)),
    f"the {_SOFTMAX} of {_SOFTMAX}({{v}})": lambda x: _softmax(_softmax(x)),
    f"{_SOFTMAX} of {{v}} along axis 0": lambda x: _softmax(x, 0),
}
