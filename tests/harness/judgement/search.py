"""Hold one operation to a property: draw examples until one fails, and let hypothesis shrink it."""

import time
import zlib
from bdb import BdbQuit
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from itertools import islice, tee
from operator import attrgetter

import pytest
from numpy.typing import NDArray

from tests.harness.examples.examples import Example, examples, stream
from tests.harness.examples.ordinary import ordinary
from tests.harness.examples.shrink import complexity, tighten
from tests.harness.judgement import purity
from tests.harness.judgement.judge import UnsuitedExample, Wrong
from tests.harness.judgement.properties import Property
from tests.harness.judgement.telling import TELLING, is_alike, worth
from tests.harness.judgement.trial import Trial
from tests.harness.judgement.verdict import Verdict, broken_off
from tests.harness.rows.memory import Known, Page
from tests.harness.rows.spec import Operation
from tests.harness.submissions.asked import Asked, taken
from tests.harness.submissions.remote import GraderTrouble
from tests.harness.worker.observation import Observation, Steps, formed
from tests.harness.worker.refusal import RefusedOperation

_TRIES = 10  # of so many examples for each that is wanted, one should be suited
SHRINK_TRIES = 500  # examples that are tried in place of a failing one; then the smallest so far is good enough


def examine(
    prop: Property,
    op: Operation,
    implementation,
    seed: int,
    *,
    shrink: bool = True,
    first: tuple[Example, ...] | None = None,
    page: Callable[[], Page] = Page,
) -> Verdict:
    """Hold an implementation's operation to a property. The same seed gives the same examples.

    `first`: the examples of a trial that failed before, which is the quickest way to see that it still does.
    `page`: opens what is remembered of this operation and seed, once an example is wanted.
    """
    started, search = time.perf_counter(), _Search(prop, op, implementation, seed, page)
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
    return replace(verdict, changed=search.changed, seconds=time.perf_counter() - started)


def run_again(prop: Property, verdict: Verdict) -> None:
    """Hold the implementation to its counterexample once more, for what its code prints on the way."""
    with suppress(Exception, RefusedOperation, GraderTrouble):
        inputs, gys, asks = prop.ask(verdict.trial.examples)
        for steps in asks:
            verdict.trial.ask(inputs, gys, steps)


class _Enough(BaseException):
    """Shrinking has taken long enough."""


class _Leaving(BaseException):
    """Somebody leaves the debugger. Hypothesis would take pytest's exception for a failing example, and try again."""


class _Search:
    """The search for an example for which a property does not hold, and for the smallest such.

    `smallest`: the failing trial of smallest examples so far, and what is wrong there. `proven`: how many examples held.
    `changed`: the first examples for which something given was changed in place.
    """

    def __init__(self, prop: Property, op: Operation, implementation, seed: int, page: Callable[[], Page]):
        self._prop, self._op, self._implementation, self._page = prop, op, implementation, page
        self._how = {"count": prop.count, "dtypes": prop.dtypes}
        self._seed = zlib.crc32(f"{seed} {op.name} {prop.name}".encode())
        self.smallest: tuple[tuple, Trial, Wrong] | None = None
        self.proven = self._tries = 0
        self.changed: tuple[Example, ...] | None = None

    def find(self, first: tuple[Example, ...] | None) -> tuple[Example, ...] | None:
        """Examples for which the property does not hold: `first`, or drawn ones; None where all held."""
        if first and self._is_smaller(first):
            return first
        trials, asked = tee(self._trials())
        questions = (question for _, question in asked)
        with closing(self._implementation.answers(self._op.name, questions)) as answers:
            while self.proven < self._prop.examples:
                answer = self._leaving(next, answers, None)  # first: what is refused needs no example
                if not (asked := next(trials, None)):
                    break
                trial, question = asked
                try:
                    self.proven += self._holds(trial, question, *answer)
                except Wrong:
                    return trial.examples
        return None

    def shrink(self, failed: tuple[Example, ...], *, drawn: bool, smaller: bool) -> str:
        """Look at a failure again, and for a smaller one; what is to be remarked about it. Nothing here undoes the failure.

        `drawn`: whether hypothesis may find examples like these.
        """
        try:
            if drawn and not self._fails(failed):
                return ", but not every time: does it keep something between calls (rule 3)?"
            if smaller and drawn and not self._op.adapter:  # of bytes, none of these graphs is made
                for variant in range(failed[0].variant + 1):  # the simplest way to call it may do as well
                    strategy = examples(self._op.of(variant), self._prop.table, **self._how)
                    _shrink(self._hold_if_suited, strategy, self._prop.examples, self._seed)
            if smaller:
                tighten(self.smallest[1].op, self.smallest[1].examples, self._is_smaller)
        except _Enough:
            pass
        except (RefusedOperation, GraderTrouble):
            return ""
        except Exception as error:
            return broken_off("looking for a smaller example", error)
        if smaller:
            with suppress(Exception, RefusedOperation, GraderTrouble):
                self._make_telling()
        return ""

    def _make_telling(self) -> None:
        """In the place of a smallest example that shows little, one of the same size and failure that shows more, if there is one."""
        best = found = self.smallest
        if len(found[1].examples) > 1 or self._op.adapter:
            return
        try:
            for example in ordinary(found[1].op, found[1].example) if worth(*found[1:]) < TELLING else ():
                self.smallest, self._tries = None, 0
                if self._fails((example,)) and self.smallest and is_alike(found[2], self.smallest[2]):
                    best = max(best, self.smallest, key=lambda one: worth(*one[1:]))
                if worth(*best[1:]) == TELLING:
                    break
        finally:
            self.smallest = best

    def _hold(self, drawn: tuple[Example, ...]) -> None:
        """Raise Wrong where the property does not hold, UnsuitedExample where the examples show nothing."""
        if self.smallest:
            self._tries += 1
            if self._tries > SHRINK_TRIES:
                raise _Enough
        # Of the trial that has just failed, torch's answer is known.
        found = self.smallest[1] if self.smallest else None
        trial = found if found and found.examples is drawn else self._trial(drawn)
        with closing(self._implementation.answers(self._op.name, [self._question(drawn)])) as answers:
            _, seen = self._leaving(next, answers)
            self._judge(trial, seen)

    def _trials(self) -> Iterator[tuple[Trial, Asked]]:
        page = self._page()
        draw = partial(stream, self._op, self._prop.table, seed=self._seed, **self._how)
        drawn = page.replayed((self._prop.name,), draw, _bytes)
        for number, some in enumerate(islice(drawn, _TRIES * self._prop.examples)):
            question = page.made(
                (self._prop.name, number, "question"), lambda some=some: self._question(some), attrgetter("size")
            )
            yield self._trial(some).remembered(Known(page, self._prop.name, number)), question

    def _trial(self, drawn: tuple[Example, ...]) -> Trial:
        op = self._op.of(drawn[0].variant)
        return Trial(op, drawn, partial(self._ask, op.form))

    def _question(self, drawn: tuple[Example, ...]) -> Asked:
        return Asked(self._prop.ask(drawn).formed(self._op.of(drawn[0].variant).form))

    def _holds(self, trial: Trial, question: Asked, said: bytes, seen: tuple[Observation, ...] | None) -> bool:
        """Whether the property holds; not where the examples show nothing. Raises Wrong. `seen`: None for an answer that is known."""
        if seen is None:
            return question.held[said]
        try:
            self._judge(trial, seen)
            held = True
        except UnsuitedExample:
            held = False
        if not _has_changed(seen):
            question.learn(said, held)
        return held

    def _judge(self, trial: Trial, seen: tuple[Observation, ...]) -> None:
        """Raise Wrong where the property does not hold, UnsuitedExample where the examples show nothing."""
        if _has_changed(seen):
            self.changed = self.changed or trial.examples
        try:
            if self._prop.on_changes:
                purity.unchanged(self._op, *seen)
            self._prop.check(trial, *seen)
        except Wrong as wrong:
            size = complexity(trial.op, trial.examples)
            if self.smallest is None or size < self.smallest[0]:
                self.smallest = (size, trial, wrong)
            raise

    def _hold_if_suited(self, drawn: tuple[Example, ...]) -> None:
        try:
            self._hold(drawn)
        except UnsuitedExample:
            from tests.harness.rows.imports import hypothesis

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

    def _ask(self, form: str, inputs: list[tuple], gys: list[NDArray], steps: Steps) -> Observation:
        return self._leaving(
            self._implementation.observe, self._op.name, inputs, gys, formed(steps, form) if form else steps
        )

    def _leaving(self, ask: Callable, *arguments: object) -> object:
        try:
            return ask(*arguments)
        except (BdbQuit, pytest.exit.Exception) as leaving:
            raise _Leaving from leaving


def _has_changed(seen: tuple[Observation, ...]) -> bool:
    """Whether something that was given was changed in place."""
    return any(answer.changed for observation in seen for answer in observation.answers)


def _bytes(drawn: tuple[Example, ...]) -> int:
    """What these examples take, about."""
    return taken(value for example in drawn for value in (*example.inputs, example.gy))


def _shrink(hold: Callable, strategy: object, most: int, seed: int) -> None:
    """Let hypothesis look for a failing example of its own, and shrink it. What it finds goes through `hold`."""
    from tests.harness.rows.imports import hypothesis

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
