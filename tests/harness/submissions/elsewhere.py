"""Code that runs elsewhere: a submission of somebody else's, in a worker process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING

from tests.harness.submissions import limits
from tests.harness.submissions.packages import Package
from tests.harness.submissions.patience import Spent, WorkerStuck
from tests.harness.submissions.remote import Worker, WorkerDied, observations
from tests.harness.worker import wire
from tests.harness.worker.counting import Cost
from tests.harness.worker.observation import Call, Grad, Observation, Question, Room, Steps, written
from tests.harness.worker.printable import printable
from tests.harness.worker.refusal import RefusedOperation, unless_todo

if TYPE_CHECKING:
    from tests.harness.examples.network import Network


AHEAD = 16  # questions that the worker may have before their answers are read


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
        self.notes: list[str] = []  # what was seen beside the verdicts, a line each
        self._refused: dict[str, tuple[str, str]] = {}
        self._heard: dict[str, str] = {}  # of operations that disturb the counting, what was heard (see guard.py)
        self._spoilt_by = ""  # the operation that did so in the present worker
        self._spent: dict[str, Spent] = {}

    def observe(self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: Steps) -> Observation:
        """Carry out the steps (see observe.py). Raises RefusedOperation, or GraderTrouble where no worker can be started."""
        ((seen,),) = self.answers(op, [Question(list(inputs), list(gys), (steps,))])
        return seen

    def answers(self, op: str, questions: Iterable[Question]) -> Iterator[tuple[Observation, ...]]:
        """Question by question, an observation for each of its `asks`. Raises what `observe` does.

        The worker is asked some ahead, so that it works while the grader does. How many depends on how many there were
        before, and not on how fast it is: so which questions it has seen does not depend on the machine either.
        """
        questions, asked = iter(questions), deque()
        try:
            for answered in count():
                most = min(answered + 1, AHEAD)
                if len(asked) <= most // 2:
                    for question in islice(questions, most - len(asked)):
                        self._ask(op, question)
                        asked.append(question)
                if not asked:
                    return
                question = asked.popleft()
                with self._attending(op):
                    seen = self._read(op, question, self._reply(op))
                yield tuple(map(unless_todo, seen))
        except GeneratorExit:  # nobody wants the other answers; the next question comes after them
            with suppress(RefusedOperation):
                for _ in asked:
                    with self._attending(op):
                        self._reply(op)
        except BaseException as error:
            if asked or not isinstance(error, RefusedOperation):
                self.rest()
            raise

    def counting(
        self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: Steps, most: int
    ) -> Callable[[], tuple[Observation, Cost]]:
        """Likewise, and count what it costs (see counting.py): it is begun, and what is returned waits for its end.

        Both raise RefusedOperation, or GraderTrouble.
        """
        question = Question(list(inputs), list(gys), (steps,))
        self._prepare(op)
        self._post(op, count=most)
        self._ask(op, question)
        with self._attending(op):
            self._worker.begin()
        return partial(self._counted, op, question)

    def _counted(self, op: str, question: Question) -> tuple[Observation, Cost]:
        with self._attending(op):
            self._reply(op)
            reply = self._reply(op)
            self._post(op, cost=True)  # only now: while something is counted, no question is there that it could answer
            cost = self._reply(op).get("cost")
            (seen,) = self._read(op, question, reply)
        if type(cost) is not list or [type(c) for c in cost] != [int, int, str]:
            cost = [0, 0, "its process gave no numbers"]
        steps_taken, size, foul = cost
        return unless_todo(seen), Cost(steps_taken, size, self._heard.get(op) or printable(foul, 100))

    def _prepare(self, op: str) -> None:
        """Raises RefusedOperation where there is nothing to ask."""
        if op not in self._package.files:
            raise RefusedOperation("todo", "not there yet")
        if op in self._refused:
            raise RefusedOperation(*self._refused[op])
        if self._spoilt_by not in ("", op):
            self.rest()  # what one operation does to the counting is not laid at another's door

    def _ask(self, op: str, question: Question) -> None:
        self._prepare(op)
        file, room = self._package.files[op], Room.beside(question.inputs, question.gys)
        self._post(
            op,
            room=room.bytes(sum(map(len, question.asks))),
            op=op,
            file=file,
            shown=self._package.shown[file],
            inputs=question.inputs,
            gys=question.gys,
            asks=written(question.asks),
        )

    def _read(self, op: str, question: Question, reply: dict) -> list[Observation]:
        """The observations in a reply. Raises RefusedOperation, or WorkerDied."""
        if "heard" in reply:
            self._spoilt_by = op
            self._heard.setdefault(op, printable(str(reply["heard"]), 100))
        if reply.get("missing") is True:
            raise RefusedOperation("todo", "not there yet")
        if "problem" in reply:
            self._refused[op] = ("error", printable(str(reply["problem"])))
            raise RefusedOperation(*self._refused[op])
        return observations(reply, question)

    @contextmanager
    def _attending(self, op: str) -> Iterator[None]:
        """Where the worker dies or does not answer meanwhile, the operation is refused from now on."""
        try:
            yield
        except WorkerStuck as stuck:
            self._lost(op, "timeout", f"stopped: {stuck}")
        except WorkerDied as death:
            self._lost(op, "error", str(death))

    def observe_network(self, network: Network) -> Observation:
        """Chain operations and backpropagate through them (see observe.py). Raises RefusedOperation."""
        ops = list(dict.fromkeys(node.op for node in network.nodes))
        for op in ops:
            if op in self._refused:
                raise RefusedOperation(*self._refused[op])
        request = {"nodes": network.plain_nodes(), "leaves": list(network.leaves), "gy": network.gy}
        request["files"] = {op: [self._package.files[op], self._package.shown[self._package.files[op]]] for op in ops}
        asked = Question([network.leaves], [network.gy], ((Call(), Grad(0)),))
        try:
            self._post("compose", room=Room.beside(asked.inputs, asked.gys).bytes(2), **request)
            (seen,) = observations(self._reply("compose"), asked)
            return seen
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

    def _post(self, account: str, *, room: int = wire.BODY, **request) -> None:
        """Put a question to the worker, if there is something left on the accounts of the operation and the submission."""
        self._refuse_when_used_up(account)
        self._worker = self._worker or Worker(self.sandbox, self._package.folder)
        self._worker.post(room=room, **request)

    def _reply(self, account: str) -> dict:
        """The worker's reply to the oldest question, on both accounts. Its start is on nobody's."""
        try:
            return self._worker.reply(self._call_seconds)
        finally:
            self._charge(account, self._worker)

    def _charge(self, op: str, worker: Worker) -> None:
        spent = worker.spent()
        for account in (op, ""):
            self._spent[account] = self._spent.get(account, Spent()) + spent

    def _refuse_when_used_up(self, op: str) -> None:
        for account, allowed, whose in ((op, self._operation, "its calls"), ("", self._submission, "all calls")):
            spent = self._spent.get(account, Spent())
            used_up = {
                f"{allowed.computing:g} s of computing": spent.computing >= allowed.computing,
                f"{allowed.asleep:g} s asleep or waiting": spent.asleep >= allowed.asleep,
            }
            for what in (what for what, is_so in used_up.items() if is_so):
                self.rest()  # it may still be at what it was asked ahead
                raise RefusedOperation("timeout", f"stopped: {whose} took {what} together")

    def _lost(self, op: str, status: str, line: str):
        self.rest()
        self._refused[op] = (status, line)
        raise RefusedOperation(status, line) from None
