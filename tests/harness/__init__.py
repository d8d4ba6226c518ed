"""The machinery, one noun a file, in the order data flows; the map is tests/README.md. Nothing in here names an operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.harness.plugin.bugs import Bug
    from tests.harness.plugin.notebook import Checked


def check(function: Callable, op: str = "", *, seed: int = 0) -> Checked:
    """Grade one function, in a notebook or at a prompt: `check(affine)`.

    `op`: which operation it is, where that is not its name. The same `seed` gives the same examples. What comes back
    shows itself; `.passed` says whether everything held. Nothing is written to the history. Raises ValueError.
    """
    from tests.harness.plugin.notebook import checked  # which imports torch

    return checked(function, op, seed)


def bugs(what: str = "", *, seed: int | None = None) -> Bug:
    """One function with a planted mistake to mend, in a notebook or at a prompt: `bugs()`, `bugs("losses", seed=3)`.

    `what`: a level or an operation. The same `seed` gives the same one. What comes back shows its source; `.check(mended)`
    grades, as `check(mended)` does, and `.answer()` tells. Raises ValueError.
    """
    from tests.harness.plugin.bugs import one

    return one(what, seed)


def train(name: str, *, seed: int = 0, impl: str = "kata", anyway: bool = False) -> None:
    """Train a network of the operations in kata/, in a notebook or at a prompt: `train("digits")`, `train("zen")`.

    The same `seed` gives the same run. `anyway`: also where an operation is wrong. It shows what `pytest --train` shows, in a
    process of its own, which loads kata/ as it is saved. Raises ValueError.
    """
    from tests.harness.plugin.training import trained

    trained(name, seed, impl, anyway=anyway)
