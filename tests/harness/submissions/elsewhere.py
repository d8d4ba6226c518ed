"""Code that runs elsewhere: a submission of somebody else's, in a worker process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING

from tests.harness.rows.names import adapters
from tests.harness.submissions import limits
from tests.harness.submissions.asked import Asked
from tests.harness.submissions.directory import Directory, Told, read
from tests.harness.submissions.packages import Package
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.submissions.patience import Spent, WorkerStuck
from tests.harness.submissions.remote import Worker, WorkerDied, observations
from tests.harness.worker import wire
from tests.harness.worker.counting import Cost
from tests.harness.worker.observation import Call, Grad, Observation, Question, Room, Steps
from tests.harness.worker.printable import printable
from tests.harness.worker.refusal import RefusedOperation, unless_todo
from tests.harness.worker.source import unfinished

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
        self._directory = Directory(
            package.levels, package.mentions, package.shown, self._told, lambda file: package.mentions[file]
        )
        self._files: dict[str, str] = {}  # of the operations that were asked for
        self._worker: Worker | None = None
        self._refused: dict[str, tuple[str, str]] = {}
        self._heard: dict[str, str] = {}  # of operations that disturb the counting, what was heard (see guard.py)
        self._spoilt_by = ""  # the operation that did so in the present worker
        self._spent = {"": Spent()}  # by operation; of all together under no name

    def survey(self) -> None:
        """Have every module tell what it defines. Raises UnusableSubmission where none has any operation."""
        if not self._directory.has_any():
            raise UnusableSubmission(self._package.nothing)

    def unwritten(self, op: str) -> str:
        """See here.Here: it is not known, a worker is asked."""
        return ""

    @property
    def notes(self) -> list[str]:
        """What must be said beside the verdicts, a line each: of how it was read, and of the modules that were asked so far."""
        return [printable(line) for line in (*self._package.notes, *self._directory.notes())]

    def observe(self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: Steps) -> Observation:
        """Carry out the steps (see observe.py). Raises RefusedOperation, or GraderTrouble where no worker can be started."""
        ((_, (seen,)),) = self.answers(op, [Asked(Question(list(inputs), list(gys), (steps,)))])
        return seen

    def answers(self, op: str, questions: Iterable[Asked]) -> Iterator[tuple[bytes, tuple[Observation, ...] | None]]:
        """Question by question, a digest of the answer, and an observation for each of the `asks`; None where that answer is known.

        Raises what `observe` does.

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
                    said, reply = self._said(op, question.held)
                    seen = self._read(op, question.question, reply) if reply else None
                yield said, seen and tuple(self._unless_todo(op, each) for each in seen)
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
        question = Asked(Question(list(inputs), list(gys), (steps,)))
        self._prepare(op)
        self._post(op, count=most)
        self._ask(op, question)
        with self._attending(op):
            self._worker.begin()
        return partial(self._counted, op, question.question)

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
        return self._unless_todo(op, seen), Cost(steps_taken, size, self._heard.get(op) or printable(foul, 100))

    def _prepare(self, op: str) -> None:
        """Raises RefusedOperation where there is nothing to ask."""
        if op in self._refused:
            raise RefusedOperation(*self._refused[op])
        if op not in self._files:
            try:
                self.survey()
                self._files[op] = self._directory.find(op)
            except UnusableSubmission as unusable:
                self._refused[op] = ("error", str(unusable))
                raise RefusedOperation(*self._refused[op]) from None
            except RefusedOperation as refused:
                self._refused[op] = (refused.status, printable(refused.line))
                raise RefusedOperation(*self._refused[op]) from None
        if self._spoilt_by not in ("", op):
            self.rest()  # what one operation does to the counting is not laid at another's door

    def _told(self, file: str) -> Told:
        """What a module says of itself; it is run for that, and on the submission's account alone."""
        shown = self._package.shown[file]
        in_cells = shown.endswith(".ipynb")
        seconds = limits.NOTEBOOK_SECONDS if in_cells else limits.IMPORT_SECONDS + limits.IMPORT_SLACK
        names = [op for ops in self._package.levels.values() for op in ops]
        try:
            self._post("", tell=file, names=names)
            try:
                reply = self._worker.reply(seconds)
            finally:
                self._charge("", self._worker)
            if "heard" in reply:
                self.rest()  # nobody's operation is to pay for it
            if "refused" in reply:
                status, line = _refused(reply["refused"])
                return Told(refused=(status, printable(line)))
            return read(reply.get("told"))
        except WorkerStuck as stuck:
            why = ("timeout", unfinished(shown, stuck))
        except WorkerDied as death:
            why = ("error", f"{shown}: {death}")
        except ValueError as error:
            why = ("error", f"{shown}: its process answered with something that is no answer ({error})")
        except RefusedOperation as refused:
            return Told(refused=(refused.status, refused.line))
        self.rest()
        return Told(refused=why)

    def _ask(self, op: str, question: Asked) -> None:
        self._prepare(op)
        adapter = {"adapter": how} if (how := adapters().get(op)) else {}
        self._working(op).post_content(question.content, question.room, op=op, file=self._files[op], **adapter)

    def _read(self, op: str, question: Question, reply: dict) -> list[Observation]:
        """The observations in a reply. Raises RefusedOperation, or WorkerDied."""
        if "heard" in reply:
            self._spoilt_by = op
            self._heard.setdefault(op, printable(str(reply["heard"]), 100))
        if "refused" in reply:
            status, line = _refused(reply["refused"])
            self._refused[op] = (status, printable(line))
            raise RefusedOperation(*self._refused[op])
        return observations(reply, question)

    def _unless_todo(self, op: str, seen: Observation) -> Observation:
        try:
            return unless_todo(seen)
        except RefusedOperation as refused:
            line = self._directory.unwritten(op, self._files[op], refused.line)
            raise RefusedOperation(refused.status, line) from None

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
            self._prepare(op)
        request = {"nodes": network.plain_nodes(), "leaves": list(network.leaves), "gy": network.gy}
        request["files"] = {op: self._files[op] for op in ops}
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
        """Put a question to the worker, if it may have one."""
        self._working(account).post(room=room, **request)

    def _working(self, account: str) -> Worker:
        """The worker, if there is something left on the accounts of the operation and the submission."""
        self._refuse_when_used_up(account)
        self._worker = self._worker or Worker(self.sandbox, self._package.folder)
        return self._worker

    def _reply(self, account: str) -> dict:
        """The worker's reply to the oldest question, on both accounts. Its start is on nobody's."""
        return self._said(account)[1]

    def _said(self, account: str, known: Container[bytes] | None = None) -> tuple[bytes, dict | None]:
        """Likewise, with a digest of it, if digests are known; None where it is one of them."""
        try:
            return self._worker.said(self._call_seconds, known)
        finally:
            self._charge(account, self._worker)

    def _charge(self, op: str, worker: Worker) -> None:
        if spent := worker.spent():
            for account in (op, ""):
                self._spent[account] = self._spent.get(account, Spent()) + spent

    def _refuse_when_used_up(self, op: str) -> None:
        for account, allowed, whose in ((op, self._operation, "its calls"), ("", self._submission, "all calls")):
            if what := self._spent.get(account, Spent()).used_up(allowed):
                self.rest()  # it may still be at what it was asked ahead
                raise RefusedOperation("timeout", f"stopped: {whose} took {what} together")

    def _lost(self, op: str, status: str, line: str):
        self.rest()
        self._refused[op] = (status, line)
        raise RefusedOperation(status, line) from None


def _refused(told: object) -> tuple[str, str]:
    """A status and a line, from a worker that may say anything."""
    status, line = told if isinstance(told, list) and len(told) == 2 else ("error", str(told))
    return (status, str(line)) if status in ("todo", "error", "timeout") else ("error", str(line))
