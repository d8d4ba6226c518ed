"""Run a property, as tests/test_ops.py writes it, for one operation: draw examples, and let hypothesis shrink a failure."""

import time
import zlib
from bdb import BdbQuit
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.harness.diagnosis.diagnose import Diagnosis, diagnose
from tests.harness.examples.examples import ORDINARY, Example, examples, stream
from tests.harness.examples.network import random_network
from tests.harness.examples.shrink import tighten
from tests.harness.judgement import judge
from tests.harness.judgement.judge import Trial, UnsuitedExample, Wrong
from tests.harness.rows.imports import hypothesis
from tests.harness.rows.oracle import Truth
from tests.harness.rows.spec import Operation
from tests.harness.submissions.remote import GraderTrouble
from tests.harness.worker.observation import Call, Grad, Observation
from tests.harness.worker.printable import printable
from tests.harness.worker.refusal import RefusedOperation

_TRIES = 10  # of so many examples for each that is wanted, one should be suited
SHRINK_TRIES = 500  # examples that are tried in place of a failing one; then the smallest so far is good enough


@dataclass(frozen=True)
class Property:
    """What is said of every operation: `check(trial)` raises Wrong where it does not hold; `check(contest)` if `once`."""

    name: str
    check: Callable[[Trial], None]
    examples: int
    table: NDArray
    dtypes: tuple[type, ...]
    count: int
    after: tuple["Property", ...]
    once: bool


@dataclass(frozen=True)
class Contest:
    """An operation of the implementation under test, the reference solutions to hold it against, and the seed."""

    op: Operation
    implementation: object
    reference: object
    seed: int


@dataclass(frozen=True)
class Verdict:
    """What came of a property for an operation. `status`: pass, fail, todo, error, timeout or skip; `why`: one line.

    `trial` and `wrong`: the smallest counterexample and what is wrong there, where there is one. `echo`: another property
    of the operation failed for the same reason before.
    """

    op: str
    property: str
    status: str
    why: str = ""
    trial: Trial | None = None
    wrong: Wrong | None = None
    seconds: float = 0.0
    echo: bool = False
    diagnosis: Diagnosis | None = None


def each_operation(
    *,
    examples: int = 0,
    table: NDArray = ORDINARY,
    dtypes: tuple[type, ...] = (np.float64,),
    count: int = 1,
    after: tuple[Callable, ...] = (),
    once: bool = False,
) -> Callable:
    """Make a test of a property: the function below gets a Trial, and raises where the property does not hold.

    `examples`: how many are drawn. `table`, `dtypes`: what their values are (see examples.py). `count`: how many examples
    a trial has. `after`: the tests that must hold first; without them this one would say the same again.
    `once`: it is no matter of examples; the function gets a Contest.
    """

    def decorate(check: Callable[[Trial], None]) -> Callable:
        name = check.__name__.removeprefix("test_")

        def test(op, subject, examine):
            examine(test.property, op, subject)

        test.__name__ = test.__qualname__ = check.__name__
        test.__doc__, test.__module__ = check.__doc__, check.__module__
        test.property = Property(name, check, examples, table, dtypes, count, tuple(t.property for t in after), once)
        return test

    return decorate


@dataclass(frozen=True)
class Chained:
    """What is said of networks of the operations that hold in the properties `after` which it comes."""

    examples: int
    after: tuple[Property, ...]


def chained(*, examples: int, after: tuple[Callable, ...]) -> Callable:
    """Make a test of how operations chain: so many random networks of those that hold in the tests `after`."""

    def decorate(described: Callable) -> Callable:
        def test(subject, examine_networks):
            examine_networks(subject, test.chained)

        test.__name__ = test.__qualname__ = described.__name__
        test.__doc__, test.__module__ = described.__doc__, described.__module__
        test.chained = Chained(examples, tuple(t.property for t in after))
        return test

    return decorate


class Examiner:
    """Examines one implementation, each property of each operation once.

    `shrink`: look for the smallest counterexample. `explain`: diagnose failures. `times`: how many times the public
    number of examples. `reference`: makes the implementation of the reference solutions, for what is compared with them.
    `first`: (property, operation) -> the examples of one trial, tried before any is drawn.
    """

    def __init__(
        self,
        implementation,
        seed: int,
        *,
        shrink: bool = True,
        explain: bool = True,
        times: int = 1,
        reference: Callable[[], object] | None = None,
        first: Mapping[tuple[str, str], tuple[Example, ...]] | None = None,
    ):
        self.implementation, self._seed, self._shrink, self._explain = implementation, seed, shrink, explain
        self._times, self._reference, self._first = times, reference, first or {}
        self._verdicts: dict[tuple[str, str], Verdict] = {}

    def verdict(self, prop: Property, op: Operation) -> Verdict:
        """The verdict on a property; `skip` where a property that it comes after does not hold."""
        key = (prop.name, op.name)
        if key not in self._verdicts:
            before = next((v for v in (self.verdict(p, op) for p in prop.after) if v.status != "pass"), None)
            if before is None:
                verdict = self._examined(prop, op)
                if verdict.wrong and self._explain and not prop.once:
                    verdict = self._diagnosed(verdict)
                if any(v.op == op.name and v.why == verdict.why != "" for v in self._verdicts.values()):
                    verdict = replace(verdict, echo=True)
                self._verdicts[key] = verdict
            else:
                status = "todo" if before.status == "todo" else "skip"
                why = before.why if status == "todo" else f"comes after {before.property}, which does not hold"
                self._verdicts[key] = Verdict(op.name, prop.name, status, why)
        return self._verdicts[key]

    def networks(self, rows: Sequence[Operation], examples: int, after: Sequence[Property]) -> Verdict:
        """The verdict on random networks of those of the rows that hold in the properties that it comes after."""
        held = [op for op in rows if all(self.verdict(prop, op).status == "pass" for prop in after)]
        return examine_networks(held, self.implementation, self._seed, examples)

    def _examined(self, prop: Property, op: Operation) -> Verdict:
        if prop.once:
            contest = Contest(op, self.implementation, self._reference and self._reference(), self._seed)
            return examine_once(prop, contest)
        prop = replace(prop, examples=prop.examples * self._times * _variety(prop, op))
        first = self._first.get((prop.name, op.name))
        return examine(prop, op, self.implementation, self._seed, shrink=self._shrink, first=first)

    def _diagnosed(self, verdict: Verdict) -> Verdict:
        forward = self._verdicts.get(("forward", verdict.op))
        forward_holds = forward is None or forward.status == "pass"
        try:
            diagnosis = diagnose(verdict.property, verdict.wrong, verdict.trial, forward_holds=forward_holds)
        except (
            RefusedOperation,
            GraderTrouble,
        ):  # it stops answering on larger examples: what is known already must do
            return verdict
        except Exception as error:  # the verdict stands, whatever becomes of its explanation
            return replace(verdict, why=verdict.why + _broken_off("the diagnosis", error))
        remark = verdict.why.removeprefix(verdict.wrong.why)
        return replace(verdict, why=diagnosis.line + remark, diagnosis=diagnosis)


def _broken_off(what: str, error: Exception) -> str:
    """A remark that something about a failure could not be found out."""
    return f" ({what} broke off: {printable(repr(error), 200)}; please report this)"


def _variety(prop: Property, op: Operation) -> int:
    """How many times as many examples it takes: most where gy has to find its way back over axes, some for what is rare."""
    if prop.name == "gradient":
        return max(op.variety, 2 if op.broadcasts else 1)
    return -(-op.variety // 2) if prop.after and prop.count == 1 else 1


class _Enough(BaseException):
    """Shrinking has taken long enough."""


class _Leaving(BaseException):
    """Somebody leaves the debugger. Hypothesis would take pytest's exception for a failing example, and try again."""


class _Search:
    """The search for an example for which a property does not hold, and for the smallest such.

    `smallest`: the failing trial of smallest examples so far, and what is wrong there. `proven`: how many examples held.
    """

    def __init__(self, prop: Property, op: Operation, implementation, seed: int):
        self._prop, self._op, self._implementation = prop, op, implementation
        self._how = {"count": prop.count, "dtypes": prop.dtypes}
        self._seed = zlib.crc32(f"{seed} {op.name} {prop.name}".encode())
        self.smallest: tuple[tuple, Trial, Wrong] | None = None
        self.proven = self._tries = 0

    def find(self, first: tuple[Example, ...] | None) -> tuple[Example, ...] | None:
        """Examples for which the property does not hold: `first`, or drawn ones; None where all held."""
        if first and self._is_smaller(first):
            return first
        stop = _TRIES * self._prop.examples
        for drawn in islice(stream(self._op, self._prop.table, seed=self._seed, **self._how), stop):
            try:
                self._hold(drawn)
            except UnsuitedExample:
                continue
            except Wrong:
                return drawn
            if self.proven == self._prop.examples:
                break
        return None

    def shrink(self, failed: tuple[Example, ...], *, drawn: bool, smaller: bool) -> str:
        """Look at a failure again, and for a smaller one; what is to be remarked about it. Nothing here undoes the failure.

        `drawn`: whether hypothesis may find examples like these.
        """
        try:
            if drawn and not self._fails(failed):
                return ", but not every time: does it keep something between calls (rule 3)?"
            if smaller and drawn:
                strategy = examples(self._op, self._prop.table, **self._how)
                _shrink(self._hold_if_suited, strategy, self._prop.examples, self._seed)
            if smaller:
                tighten(self._op, self.smallest[1].examples, self._is_smaller)
        except (_Enough, RefusedOperation, GraderTrouble):
            pass
        except Exception as error:
            return _broken_off("looking for a smaller example", error)
        return ""

    def _hold(self, drawn: tuple[Example, ...]) -> None:
        """Raise Wrong where the property does not hold, UnsuitedExample where the examples show nothing."""
        if self.smallest:
            self._tries += 1
            if self._tries > SHRINK_TRIES:
                raise _Enough
        trial = Trial(self._op, drawn, self._ask)
        try:
            self._prop.check(trial)
            self.proven += 1
        except Wrong as wrong:
            size = _size(drawn)
            if self.smallest is None or size < self.smallest[0]:
                self.smallest = (size, trial, wrong)
            raise

    def _hold_if_suited(self, drawn: tuple[Example, ...]) -> None:
        try:
            self._hold(drawn)
        except UnsuitedExample:
            hypothesis.reject()

    def _fails(self, drawn: tuple[Example, ...]) -> bool:
        try:
            self._hold(drawn)
        except (Wrong, UnsuitedExample):
            return True
        return False

    def _is_smaller(self, drawn: tuple[Example, ...]) -> bool:
        """Whether the property fails for these, and they are the smallest so far."""
        try:
            self._hold(drawn)
        except Wrong as wrong:
            return self.smallest[2] is wrong
        except UnsuitedExample:
            return False
        return False

    def _ask(self, inputs: list[tuple], gys: list[NDArray], steps: tuple[Call | Grad, ...]) -> Observation:
        try:
            return self._implementation.observe(self._op.name, inputs, gys, steps)
        except (BdbQuit, pytest.exit.Exception) as leaving:
            raise _Leaving from leaving


def examine(
    prop: Property,
    op: Operation,
    implementation,
    seed: int,
    *,
    shrink: bool = True,
    first: tuple[Example, ...] | None = None,
) -> Verdict:
    """Hold an implementation's operation to a property. The same seed gives the same examples.

    `first`: the examples of a trial that failed before, which is the quickest way to see that it still does.
    """
    started, search = time.perf_counter(), _Search(prop, op, implementation, seed)
    try:
        failed = search.find(first)
        remark = search.shrink(failed, drawn=failed is not first, smaller=shrink) if failed else ""
    except RefusedOperation as refused:
        verdict = Verdict(op.name, prop.name, refused.status, refused.line)
    except _Leaving as leaving:
        raise leaving.__cause__ from None
    else:
        if failed:
            _, trial, wrong = search.smallest
            verdict = Verdict(op.name, prop.name, wrong.status, wrong.why + remark, trial, wrong)
        elif search.proven:
            verdict = Verdict(op.name, prop.name, "pass")
        else:
            raise AssertionError(f"no example of {op.name} was suited to show {prop.name}: mend its row or the oracle")
    return replace(verdict, seconds=time.perf_counter() - started)


def _shrink(hold: Callable, strategy: object, most: int, seed: int) -> None:
    """Let hypothesis look for a failing example of its own, and shrink it. What it finds goes through `hold`."""
    run = hypothesis.seed(seed)(hypothesis.given(strategy)(hold))
    run = hypothesis.settings(
        max_examples=most,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
    )(run)
    with suppress(Wrong, hypothesis.errors.Flaky, hypothesis.errors.Unsatisfiable):
        run()


def examine_once(prop: Property, contest: Contest) -> Verdict:
    """Hold an operation to a property that is no matter of examples."""
    started = time.perf_counter()
    verdict = Verdict(contest.op.name, prop.name, "pass")
    try:
        prop.check(contest)
    except Wrong as wrong:
        verdict = replace(verdict, status=wrong.status, why=wrong.why)
    except RefusedOperation as refused:
        verdict = replace(verdict, status=refused.status, why=refused.line)
    return replace(verdict, seconds=time.perf_counter() - started)


def examine_networks(rows: Sequence[Operation], implementation, seed: int, examples: int) -> Verdict:
    """Hold random networks of these operations to torch's gradients; the small ones first, so that the first failure is small."""
    started, proven = time.perf_counter(), 0
    verdict = Verdict("compose", "gradient", "pass")
    for number in range(examples):
        rng = np.random.default_rng([seed % 2**32, number])
        network = random_network(rows, 2 + number * 5 // examples, rng)
        if network is None:
            continue
        trial = Trial(
            network.row, (Example(network.leaves, network.gy),), lambda *_, n=network: implementation.observe_network(n)
        )
        try:
            judge.gradient(trial, trial.observe(), truth_of(trial))
            proven += 1
        except UnsuitedExample:
            continue
        except Wrong as wrong:
            verdict = replace(verdict, status=wrong.status, why=f"{wrong.why}, in {network}", trial=trial, wrong=wrong)
        except RefusedOperation as refused:
            verdict = replace(verdict, status=refused.status, why=f"{refused.line}, in {network}")
        if verdict.status != "pass":
            break
    if verdict.status == "pass" and not proven:
        why = "no two operations whose gradients hold can be chained" if rows else "no operation's gradient holds"
        verdict = replace(verdict, status="skip", why=why)
    return replace(verdict, seconds=time.perf_counter() - started)


def run_again(prop: Property, verdict: Verdict) -> None:
    """Hold the implementation to its counterexample once more, for what its code prints on the way."""
    with suppress(Exception, RefusedOperation, GraderTrouble):
        prop.check(verdict.trial)


def truth_of(trial: Trial) -> Truth:
    """The oracle's answer for a trial's first example."""
    return Truth(trial.op, trial.example.inputs, trial.example.gy)


def _size(drawn: tuple[Example, ...]) -> tuple:
    """Orders examples: fewer entries first, then fewer axes, then fewer entries that are not zero, then more that are one, then smaller ones."""
    arrays = [a for e in drawn for a in (*e.inputs, e.gy) if isinstance(a, np.ndarray)]
    return (
        sum(a.size for a in arrays),
        sum(a.ndim for a in arrays),
        sum(int(np.count_nonzero(a)) for a in arrays),
        sum(int(np.count_nonzero(a != 1)) for a in arrays),
        sum(float(abs(a).sum()) for a in arrays),
    )
