"""What a worse form of a function is: NumPy code, equal to it in mathematics, with what is said of it and what mends it.

The tables are in forms_elementwise.py and forms_rows.py; how a form is found in what came back is in unstable.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy.typing import NDArray

Axes = tuple[int, ...]
SMALL = (1e-30, 1e-20, 1e-16, 1e-15, 1e-14, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)
"""What people add to a number, or clip it to, before they take its logarithm."""


@dataclass(frozen=True)
class Form:
    """One such way. `text` and `hint` may hold `{z}`, what the function is taken of.

    `value`: the function, of its arrays and the axes; or `slope`: the gradient for an upstream one, which comes first.
    `function`: what NumPy warns of, where it warns: the form is not claimed of a line that does not call it.
    """

    text: str
    hint: str
    value: Callable[..., NDArray] | None = None
    slope: Callable[..., NDArray] | None = None
    function: str = ""


@dataclass(frozen=True)
class Family:
    """A function by which its place in an expression is known, `right(*tensors, axes)`, and worse forms of it.

    `takes`: how many tensors. `reduces`: it works along axes; all of it that fit are tried.
    """

    right: Callable
    forms: tuple[Form, ...]
    takes: int = 1
    reduces: bool = False
