"""Code that runs elsewhere: a submission of somebody else's, in a worker process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.harness.submissions import limits
from tests.harness.submissions.packages import Package
from tests.harness.submissions.patience import Spent, WorkerStuck
from tests.harness.submissions.remote import Worker, WorkerDied, observation, plain_steps
from tests.harness.worker.counting import Cost
from tests.harness.worker.observation import Call, Grad, Observation, Room
from tests.harness.worker.printable import printable
from tests.harness.worker.refusal import RefusedOperation, unless_todo

if TYPE_CHECKING:
    from tests.harness.examples.network import Network


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
        self._call_seconds = limits.CALL_SECONDS if call_seconds is None else call_seconds
        self._operation, self._submission = operation or limits.OPERATION, submission or limits.SUBMISSION
        self._worker: Worker | None = None
        self._refused: dict[str, tuple[str, str]] = {}
        self._heard: dict[str, str] = {}  # of operations that disturb the counting, what was heard (see guard.py)
        self._spoilt_by = ""  # the operation that did so in the present worker
        self._spent: dict[str, Spent] = {}

    def observe(self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: tuple[Call | Grad, ...]) -> Observation:
        """Carry out the steps (see observe.py). Raises RefusedOperation, or GraderTrouble where no worker can be started."""
        return self._observed(op, list(inputs), gys, steps)[0]

    def counted(
        self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: tuple[Call | Grad, ...], most: int
    ) -> tuple[Observation, Cost]:
        """Likewise, and count what it costs (see counting.py). Raises RefusedOperation, or GraderTrouble."""
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
            raise RefusedOperation("todo", "not there yet")
        if op in self._refused:
            raise RefusedOperation(*self._refused[op])
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
                raise RefusedOperation("todo", "not there yet")
            if "problem" in reply:
                self._refused[op] = ("error", printable(str(reply["problem"])))
                raise RefusedOperation(*self._refused[op])
            seen = observation(reply, steps, inputs, request["gys"])
        except WorkerStuck as stuck:
            self._lost(op, "timeout", f"stopped: {stuck}")
        except WorkerDied as death:
            self._lost(op, "error", str(death))
        return unless_todo(seen), cost

    def observe_network(self, network: Network) -> Observation:
        """Chain operations and backpropagate through them (see observe.py). Raises RefusedOperation."""
        ops = list(dict.fromkeys(node.op for node in network.nodes))
        for op in ops:
            if op in self._refused:
                raise RefusedOperation(*self._refused[op])
        request = {"nodes": network.plain_nodes(), "leaves": list(network.leaves), "gy": network.gy}
        request["files"] = {op: [self._package.files[op], self._package.shown[self._package.files[op]]] for op in ops}
        steps = (Call(), Grad(0))
        try:
            room = Room.beside([network.leaves], [network.gy]).bytes(len(steps))
            return observation(self._asked("compose", room=room, **request), steps, [network.leaves], [network.gy])
        except WorkerStuck as stuck:
            self.rest()
            raise RefusedOperation("timeout", f"stopped: {stuck}") from None
        except WorkerDied as death:
            self.rest()
            raise RefusedOperation("error", str(death)) from None

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
                raise RefusedOperation(
                    "timeout", f"stopped: {whose} took {allowed.computing:g} s of computing together"
                )
            if spent.asleep >= allowed.asleep:
                raise RefusedOperation(
                    "timeout", f"stopped: {whose} took {allowed.asleep:g} s asleep or waiting together"
                )

    def _lost(self, op: str, status: str, line: str):
        self.rest()
        self._refused[op] = (status, line)
        raise RefusedOperation(status, line) from None
