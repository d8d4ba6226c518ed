"""Code that runs in this process: the project's own kata/ and solutions/, or a function of a notebook."""

from __future__ import annotations

import importlib
import os
import sys
from bdb import BdbQuit
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.rows.names import adapters
from tests.harness.submissions import limits
from tests.harness.submissions.asked import Asked
from tests.harness.submissions.deadline import body_of, deadline, is_debugged
from tests.harness.submissions.directory import Directory, Levels, Told, defined, read
from tests.harness.worker import conduct
from tests.harness.worker.counting import Cost, counted
from tests.harness.worker.graphs import adapted
from tests.harness.worker.loading import Modules
from tests.harness.worker.observation import Observation, Steps
from tests.harness.worker.observe import observe, observe_network
from tests.harness.worker.printable import printable
from tests.harness.worker.refusal import NOT_THERE, NOT_WRITTEN, OutOfTime, RefusedOperation, is_stub, unless_todo

if TYPE_CHECKING:
    from tests.harness.examples.network import Network

_ENDS = (KeyboardInterrupt, BdbQuit, pytest.exit.Exception)
THROUGH = (*_ENDS, OutOfTime)
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
        with suppress(RefusedOperation):
            self._lookup(op)

    def survey(self) -> None:
        """Nothing to ask: what is not there yet is TODO."""

    def unwritten(self, op: str) -> str:
        """Why the operation is not written, where that is known before any of its code runs; else nothing."""
        return ""

    @property
    def notes(self) -> list[str]:
        """What must be said beside the verdicts, a line each."""
        return []

    def _unwritten(self, op: str, line: str) -> str:
        """Why an operation that is there is not written."""
        return line

    def observe(self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: Steps) -> Observation:
        """Carry out the steps (see observe.py). Raises RefusedOperation."""
        return self._observed(op, lambda function: observe(function, inputs, gys, steps, THROUGH))

    def answers(self, op: str, questions: Iterable[Asked]) -> Iterator[tuple[bytes, tuple[Observation, ...]]]:
        """Question by question, nothing that it could be known by, and an observation for each of its `asks`. Raises RefusedOperation."""
        self.function(op)  # of what cannot be asked, no question need be made
        for asked in questions:
            inputs, gys, asks = asked.question
            yield b"", tuple(self.observe(op, inputs, gys, steps) for steps in asks)

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
        function = self.function(op)
        with self._refusing(op), _limited(limits.CALL_SECONDS, undisturbed=undisturbed):
            seen = run(function)
        try:
            return unless_todo(seen)
        except RefusedOperation as refused:
            raise RefusedOperation(refused.status, self._unwritten(op, refused.line)) from None

    def function(self, op: str) -> Callable:
        """The function of this name. Raises RefusedOperation where there is none, or only a stub."""
        if op in self._refused:
            raise RefusedOperation(*self._refused[op])
        if op in self._functions:
            return self._functions[op]
        with self._refusing(op):
            function = self._lookup(op)
            if function is None:
                raise RefusedOperation("todo", NOT_THERE)
            if is_stub(function):
                raise RefusedOperation("todo", self._unwritten(op, NOT_WRITTEN))
        self._functions[op] = adapted(function, adapters().get(op, ""))
        return self._functions[op]

    @contextmanager
    def _refusing(self, op: str) -> Iterator[None]:
        """What is refused within is refused from now on."""
        try:
            yield
        except RefusedOperation as refused:
            self._refused[op] = (refused.status, printable(refused.line))
            raise RefusedOperation(*self._refused[op]) from None
        except OutOfTime as expired:
            self._refused[op] = ("timeout", f"stopped: {expired}")
            raise RefusedOperation(*self._refused[op]) from None

    def observe_network(self, network: Network) -> Observation:
        """Chain operations and backpropagate through them (see observe.py). Raises RefusedOperation."""
        functions = {node.op: self._lookup(node.op) for node in network.nodes}
        try:
            with _limited(limits.CALL_SECONDS):
                return observe_network(functions, network.leaves, network.plain_nodes(), network.gy, THROUGH)
        except OutOfTime as expired:
            raise RefusedOperation("timeout", f"stopped: {expired}") from None

    def rest(self) -> None:
        """Nothing to end."""

    def close(self) -> None:
        """Nothing to end."""


class InFolder(Here):
    """A package of the project's own: the modules in `folder`, imported as those of a package of its name."""

    def __init__(self, folder: Path, levels: Levels):
        shown = {name: f"{folder.name}/{name}" for name in _modules_in(folder)}
        self._modules = Modules(
            folder.name,
            str(folder),
            shown,
            named=lambda file: str(folder / file),
            limited=lambda: _limited(limits.IMPORT_SECONDS, self._modules),
            through=_ENDS,
        )
        self._folder, self._ops = folder, [op for ops in levels.values() for op in ops]
        files = [file for file in shown if "/" not in file]
        self._directory = Directory(levels, files, shown, self._told, self._mentions, self._modules.places)
        super().__init__(folder.name, self._found)

    def unwritten(self, op: str) -> str:
        if not self._directory.is_known:  # to ask a module may run anything
            return ""
        try:
            self.function(op)
        except RefusedOperation as refused:
            return refused.line if refused.status == "todo" else ""
        return ""

    @property
    def notes(self) -> list[str]:
        return [*self._unread, *self._directory.notes()]

    @cached_property
    def _unread(self) -> list[str]:
        return [
            f"{self._folder.name}/{file.name} is not graded in practice: pytest --impl={self._folder.name}/{file.name} grades it"
            for file in sorted(self._folder.glob("*.ipynb"))
        ]

    def _found(self, op: str) -> Callable:
        return self._modules.function(self._directory.find(op), op, is_class=op in adapters())

    def _told(self, file: str) -> Told:
        try:
            return read(self._modules.told(file, self._ops))
        except RefusedOperation as refused:
            return Told(refused=(refused.status, refused.line))

    def _mentions(self, file: str) -> set[str]:
        return defined((self._folder / file).read_bytes(), set(self._ops))

    def _unwritten(self, op: str, line: str) -> str:
        return self._directory.unwritten(op, self._directory.find(op), line)


def _modules_in(folder: Path) -> Iterator[str]:
    """The modules in a folder and in the folders in it, but for hidden ones, which are copies and caches."""
    for inside, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name.isidentifier() and name != "__pycache__")
        for name in sorted(files):
            if name.endswith(".py") and name != "conftest.py":
                yield Path(inside, name).relative_to(folder).as_posix()


@contextmanager
def _limited(seconds: float, modules: Modules | None = None, *, undisturbed: bool = False) -> Iterator[None]:
    """What a worker may take (see remote.py), and do (see conduct.py)."""
    body = body_of(sys._getframe(1))

    def is_let_off() -> bool:
        return is_debugged(sys._getframe(1), body)  # which may start threads, and keep a history

    asleep = min(2 * seconds, limits.ASLEEP_SECONDS)
    with deadline(seconds, asleep, undisturbed=undisturbed), conduct.held(is_let_off):
        before, argv = importlib.import_module, sys.argv
        if modules:
            importlib.import_module, sys.argv = modules.import_module, argv[:1]  # pytest's options are not for it
        try:
            yield
        finally:
            importlib.import_module, sys.argv = before, argv
