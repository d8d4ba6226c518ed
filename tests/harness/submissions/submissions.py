"""What `--impl` names: where its operations are, and how they are called. Its code runs only through `observe`."""

import sys
from bdb import BdbQuit
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.submissions.deadline import Expired, deadline
from tests.harness.submissions.packages import Levels, Package, Unusable, package
from tests.harness.submissions.patience import Spent, WorkerStuck
from tests.harness.submissions.remote import Worker, WorkerDied, observation, plain_steps
from tests.harness.submissions.sandbox import require
from tests.harness.worker import loading
from tests.harness.worker.counting import Cost, counted
from tests.harness.worker.observation import Call, Grad, Observation, Room
from tests.harness.worker.observe import observe, observe_network
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.examples.network import Network

CALL_SECONDS = 5.0  # a call on a handful of numbers takes microseconds
IMPORT_SECONDS = 20.0
OPERATION = Spent(60.0, 20.0)  # what all calls of an operation may take together, elsewhere
SUBMISSION = Spent(600.0, 60.0)  # and all calls of a submission
_THROUGH = (KeyboardInterrupt, Expired, BdbQuit, pytest.exit.Exception)


class Refused(BaseException):
    """An operation that cannot be judged any further: `status` is todo, error or timeout, `line` says why.

    Not an Exception: it is about the operation, not about one example, so nothing is to be tried again or shrunk.
    """

    def __init__(self, status: str, line: str):
        super().__init__(line)
        self.status, self.line = status, line


class Here:
    """An implementation that runs in this process, so that print, breakpoint() and --pdb work."""

    def __init__(self, name: str, lookup: Callable[[str], Callable | None]):
        self.name, self._lookup = name, cache(lookup)
        self._refused: dict[str, tuple[str, str]] = {}

    def load(self, op: str) -> None:
        """Import the operation's module now. What is wrong with it is told when the operation is called."""
        with suppress(loading.Unloadable, Expired), deadline(IMPORT_SECONDS):
            self._lookup(op)

    def observe(self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: tuple[Call | Grad, ...]) -> Observation:
        """Carry out the steps (see observe.py). Raises Refused."""
        return self._observed(op, lambda function: observe(function, inputs, gys, steps, _THROUGH))

    def counted(
        self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: tuple[Call | Grad, ...], most: int
    ) -> tuple[Observation, Cost]:
        """Likewise, and count what it costs (see counting.py). Raises Refused."""
        cost = Cost(0, 0)

        def counting(function: Callable) -> Observation:
            nonlocal cost
            seen, cost = counted(lambda: observe(function, inputs, gys, steps, _THROUGH), most)
            return seen

        return self._observed(op, counting), cost

    def _observed(self, op: str, run: Callable[[Callable], Observation]) -> Observation:
        if op in self._refused:
            raise Refused(*self._refused[op])
        seconds = IMPORT_SECONDS
        try:
            with deadline(IMPORT_SECONDS):
                function = self._lookup(op)
            if function is None:
                raise Refused("todo", "not there yet")
            seconds = CALL_SECONDS
            with deadline(CALL_SECONDS):
                seen = run(function)
        except loading.Unloadable as problem:
            self._refused[op] = ("error", printable(str(problem)))
            raise Refused(*self._refused[op]) from None
        except Expired:
            self._refused[op] = ("timeout", f"stopped: no answer after {seconds:g} s (an endless loop?)")
            raise Refused(*self._refused[op]) from None
        return _unless_todo(seen)

    def observe_network(self, network: "Network") -> Observation:
        """Chain operations and backpropagate through them (see observe.py). Raises Refused."""
        functions = {node.op: self._lookup(node.op) for node in network.nodes}
        try:
            with deadline(CALL_SECONDS):
                return observe_network(functions, network.leaves, network.plain_nodes(), network.gy, _THROUGH)
        except Expired:
            raise Refused("timeout", f"stopped: no answer after {CALL_SECONDS:g} s") from None

    def rest(self) -> None:
        """Nothing to end."""

    def close(self) -> None:
        """Nothing to end."""


class Elsewhere:
    """Somebody else's code: it runs in a worker process, which is started anew for the next operation when it dies.

    `sandbox`: bwrap or process. What a call, an operation and the submission may take can be shortened for tests.
    """

    def __init__(
        self,
        name: str,
        package: Package,
        sandbox: str,
        *,
        call_seconds: float | None = None,
        operation: Spent | None = None,
        submission: Spent | None = None,
    ):
        self.name, self.sandbox, self._package = name, sandbox, package
        self._call_seconds = CALL_SECONDS if call_seconds is None else call_seconds
        self._operation, self._submission = operation or OPERATION, submission or SUBMISSION
        self._worker: Worker | None = None
        self._refused: dict[str, tuple[str, str]] = {}
        self._heard: dict[str, str] = {}  # of operations that disturb the counting, what was heard (see guard.py)
        self._spoilt_by = ""  # the operation that did so in the present worker
        self._spent: dict[str, Spent] = {}

    def observe(self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: tuple[Call | Grad, ...]) -> Observation:
        """Carry out the steps (see observe.py). Raises Refused, or GraderTrouble where no worker can be started."""
        return self._observed(op, list(inputs), gys, steps)[0]

    def counted(
        self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: tuple[Call | Grad, ...], most: int
    ) -> tuple[Observation, Cost]:
        """Likewise, and count what it costs (see counting.py). Raises Refused, or GraderTrouble."""
        seen, cost = self._observed(op, list(inputs), gys, steps, most)
        if type(cost) is not list or [type(c) for c in cost] != [int, int, str]:
            cost = [0, 0, "its process gave no numbers"]
        steps_taken, size, foul = cost
        return seen, Cost(steps_taken, size, self._heard.get(op) or printable(foul, 100))

    def _observed(
        self, op: str, inputs: list[tuple], gys: Iterable, steps: tuple[Call | Grad, ...], most: int = 0
    ) -> tuple[Observation, object]:
        """What was observed; where something is to be counted, what the worker says it cost."""
        if op not in self._package.files:
            raise Refused("todo", "not there yet")
        if op in self._refused:
            raise Refused(*self._refused[op])
        file = self._package.files[op]
        request = {"op": op, "file": file, "shown": self._package.shown[file]}
        request |= {"inputs": inputs, "gys": list(gys), "steps": plain_steps(steps)}
        if self._spoilt_by not in ("", op):
            self.rest()  # what one operation does to the counting is not laid at another's door
        cost = None
        try:
            if most:
                self._asked(op, count=most)
            reply = self._asked(op, room=Room.beside(inputs, request["gys"]).bytes(len(steps)), **request)
            if most:
                cost = self._asked(op, cost=True).get("cost")
            if "heard" in reply:
                self._spoilt_by = op
                self._heard.setdefault(op, printable(str(reply["heard"]), 100))
            if reply.get("missing") is True:
                raise Refused("todo", "not there yet")
            if "problem" in reply:
                self._refused[op] = ("error", printable(str(reply["problem"])))
                raise Refused(*self._refused[op])
            seen = observation(reply, steps, inputs, request["gys"])
        except WorkerStuck as stuck:
            self._lost(op, "timeout", f"stopped: {stuck}")
        except WorkerDied as death:
            self._lost(op, "error", str(death))
        return _unless_todo(seen), cost

    def observe_network(self, network: "Network") -> Observation:
        """Chain operations and backpropagate through them (see observe.py). Raises Refused."""
        ops = list(dict.fromkeys(node.op for node in network.nodes))
        for op in ops:
            if op in self._refused:
                raise Refused(*self._refused[op])
        request = {"nodes": network.plain_nodes(), "leaves": list(network.leaves), "gy": network.gy}
        request["files"] = {op: [self._package.files[op], self._package.shown[self._package.files[op]]] for op in ops}
        steps = (Call(), Grad(0))
        try:
            room = Room.beside([network.leaves], [network.gy]).bytes(len(steps))
            return observation(self._asked("compose", room=room, **request), steps, [network.leaves], [network.gy])
        except WorkerStuck as stuck:
            self.rest()
            raise Refused("timeout", f"stopped: {stuck}") from None
        except WorkerDied as death:
            self.rest()
            raise Refused("error", str(death)) from None

    def rest(self) -> None:
        """End the worker; a new one starts when there is something to do."""
        if self._worker:
            self._worker.close()
            self._worker = None
            self._spoilt_by = ""

    def close(self) -> None:
        """End the worker and remove the copy."""
        self.rest()
        self._package.close()

    def _asked(self, account: str, **request) -> dict:
        """The worker's reply, on the account of an operation and of the submission. Its start is on nobody's."""
        self._refuse_when_used_up(account)
        self._worker = self._worker or Worker(self.sandbox, self._package.folder)
        try:
            return self._worker.ask(self._call_seconds, **request)
        finally:
            self._charge(account, self._worker)

    def _charge(self, op: str, worker: Worker) -> None:
        spent = worker.spent()
        for account in (op, ""):
            self._spent[account] = self._spent.get(account, Spent()) + spent

    def _refuse_when_used_up(self, op: str) -> None:
        for account, allowed, whose in ((op, self._operation, "its calls"), ("", self._submission, "all calls")):
            spent = self._spent.get(account, Spent())
            if spent.computing >= allowed.computing:
                raise Refused("timeout", f"stopped: {whose} took {allowed.computing:g} s of computing together")
            if spent.asleep >= allowed.asleep:
                raise Refused("timeout", f"stopped: {whose} took {allowed.asleep:g} s asleep or waiting together")

    def _lost(self, op: str, status: str, line: str):
        self.rest()
        self._refused[op] = (status, line)
        raise Refused(status, line) from None


def resolve(impl: str, project: Path, catalogue: Callable[[], Levels], sandbox: str = "bwrap") -> Here | Elsewhere:
    """What `--impl` names; `sandbox` is for a path. Nothing of a submission runs yet, but that it would be confined is proven.

    `catalogue` is asked only when it is needed: it costs the import of torch. Raises Unusable.
    """
    if impl in ("kata", "solutions"):
        if not (project / impl).is_dir():
            raise Unusable(f"--impl={impl}: there is no folder {impl}/ here")
        return Here(impl, _modules_of(impl, project, catalogue))
    submission = package(impl, catalogue)
    try:
        require(sandbox)
    except BaseException:
        submission.close()
        raise
    return Elsewhere(impl, submission, sandbox)


def absent(name: str, line: str) -> Here:
    """In the place of a submission that cannot be graded: every operation is refused, with this line."""

    def lookup(_op: str) -> None:
        raise loading.Unloadable(line)

    return Here(name, lookup)


def reference(project: Path, catalogue: Callable[[], Levels]) -> Here:
    """The reference solutions, run here. Raises Unusable."""
    return resolve("solutions", project, catalogue)


def _modules_of(package: str, project: Path, catalogue: Callable[[], Levels]) -> Callable[[str], Callable | None]:
    """A lookup of operations in the project's own package, each in its level's module."""

    def lookup(op: str) -> Callable | None:
        level = next(level for level, ops in catalogue().items() if op in ops)
        file = project / package / f"{level}.py"
        if not file.exists():
            return None
        if package not in sys.modules:
            loading.load(str(file.with_name("__init__.py")), package, f"{package}/__init__.py", _THROUGH)
        return loading.operation(loading.load(str(file), f"{package}.{level}", f"{package}/{level}.py", _THROUGH), op)

    return lookup


def _unless_todo(seen: Observation) -> Observation:
    if seen.crash and seen.crash.kind == "NotImplementedError":
        raise Refused("todo", f"{'grad' if seen.answers else 'the operation'} is not written yet")
    return seen
