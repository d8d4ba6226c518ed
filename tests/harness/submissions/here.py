"""Code that runs in this process: the project's own kata/ and solutions/, or a function of a notebook."""

from __future__ import annotations

from bdb import BdbQuit
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest

from tests.harness.submissions import limits
from tests.harness.submissions.deadline import Expired, deadline
from tests.harness.worker.counting import Cost, counted
from tests.harness.worker.observation import Observation, Question, Steps
from tests.harness.worker.observe import observe, observe_network
from tests.harness.worker.printable import printable
from tests.harness.worker.refusal import NOT_WRITTEN, RefusedOperation, is_stub, unless_todo

if TYPE_CHECKING:
    from tests.harness.examples.network import Network

THROUGH = (KeyboardInterrupt, Expired, BdbQuit, pytest.exit.Exception)
"""Exceptions that end more than a call of the candidate's: whoever started this, a deadline or a debugger raises them."""


class Here:
    """An implementation that runs in this process, so that print, breakpoint() and --pdb work."""

    sandbox = "none"  # what confines it; of code elsewhere, `bwrap` or `process`

    def __init__(self, name: str, lookup: Callable[[str], Callable | None]):
        self.name, self._lookup = name, cache(lookup)
        self._functions: dict[str, Callable] = {}
        self._refused: dict[str, tuple[str, str]] = {}

    def load(self, op: str) -> None:
        """Import the operation's module now. What is wrong with it is told when the operation is called."""
        with suppress(RefusedOperation, Expired), _limited(limits.IMPORT_SECONDS):
            self._lookup(op)

    def observe(self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: Steps) -> Observation:
        """Carry out the steps (see observe.py). Raises RefusedOperation."""
        return self._observed(op, lambda function: observe(function, inputs, gys, steps, THROUGH))

    def answers(self, op: str, questions: Iterable[Question]) -> Iterator[tuple[Observation, ...]]:
        """Question by question, an observation for each of its `asks`. Raises RefusedOperation."""
        self._function(op)  # of what cannot be asked, no question need be made
        for inputs, gys, asks in questions:
            yield tuple(self.observe(op, inputs, gys, steps) for steps in asks)

    def counting(
        self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: Steps, most: int
    ) -> Callable[[], tuple[Observation, Cost]]:
        """Likewise, and count what it costs (see counting.py), once what is returned is called. That raises RefusedOperation."""
        return partial(self._counted, op, inputs, gys, steps, most)

    def _counted(
        self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: Steps, most: int
    ) -> tuple[Observation, Cost]:
        cost = Cost(0, 0)

        def counting(function: Callable) -> Observation:
            nonlocal cost
            seen, cost = counted(lambda: observe(function, inputs, gys, steps, THROUGH), most)
            return seen

        return self._observed(op, counting, undisturbed=True), cost

    def _observed(self, op: str, run: Callable[[Callable], Observation], *, undisturbed: bool = False) -> Observation:
        function = self._function(op)
        with self._refusing(op), _limited(limits.CALL_SECONDS, undisturbed=undisturbed):
            seen = run(function)
        return unless_todo(seen)

    def _function(self, op: str) -> Callable:
        """The function of this name. Raises RefusedOperation where there is none, or only a stub."""
        if op in self._refused:
            raise RefusedOperation(*self._refused[op])
        if op in self._functions:
            return self._functions[op]
        with self._refusing(op):
            with _limited(limits.IMPORT_SECONDS):
                function = self._lookup(op)
            if function is None:
                raise RefusedOperation("todo", "not there yet")
            if is_stub(function):
                raise RefusedOperation("todo", NOT_WRITTEN)
        self._functions[op] = function
        return function

    @contextmanager
    def _refusing(self, op: str) -> Iterator[None]:
        """What is refused within is refused from now on."""
        try:
            yield
        except RefusedOperation as refused:
            self._refused[op] = (refused.status, printable(refused.line))
            raise RefusedOperation(*self._refused[op]) from None
        except Expired as expired:
            self._refused[op] = ("timeout", f"stopped: {expired}")
            raise RefusedOperation(*self._refused[op]) from None

    def observe_network(self, network: Network) -> Observation:
        """Chain operations and backpropagate through them (see observe.py). Raises RefusedOperation."""
        functions = {node.op: self._lookup(node.op) for node in network.nodes}
        try:
            with _limited(limits.CALL_SECONDS):
                return observe_network(functions, network.leaves, network.plain_nodes(), network.gy, THROUGH)
        except Expired as expired:
            raise RefusedOperation("timeout", f"stopped: {expired}") from None

    def rest(self) -> None:
        """Nothing to end."""

    def close(self) -> None:
        """Nothing to end."""


def _limited(seconds: float, *, undisturbed: bool = False) -> AbstractContextManager[None]:
    """What a worker may take as well (see remote.py)."""
    return deadline(seconds, min(2 * seconds, limits.ASLEEP_SECONDS), undisturbed=undisturbed)
