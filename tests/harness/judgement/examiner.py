"""Examines one implementation: every property of every operation, and networks of its operations."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from tests.harness.examples.examples import Example
from tests.harness.examples.network import random_network
from tests.harness.judgement import judge
from tests.harness.judgement.judge import UnsuitedExample, Wrong
from tests.harness.judgement.properties import Contest, Property
from tests.harness.judgement.search import examine
from tests.harness.judgement.trial import Trial
from tests.harness.judgement.verdict import Explain, Verdict, broken_off
from tests.harness.rows.memory import Known, Memory
from tests.harness.rows.spec import Operation
from tests.harness.submissions.remote import GraderTrouble
from tests.harness.worker.refusal import GRAD_NOT_WRITTEN, RefusedOperation

LAYERED = 4  # variables; with more, an operation has several layers


class Examiner:
    """Examines one implementation, each property of each operation once.

    `shrink`: look for the smallest counterexample. `explain`: what explains failures, if anything does. `times`: how many
    times the public number of examples. `reference`: makes the implementation of the reference solutions, for what is compared with them.
    `first`: (property, operation) -> the examples of one trial, tried before any is drawn. `memory`: where what torch says
    is remembered, for all examiners that share it.
    """

    def __init__(
        self,
        implementation,
        seed: int,
        *,
        shrink: bool = True,
        explain: Explain | None = None,
        times: int = 1,
        reference: Callable[[], object] | None = None,
        first: Mapping[tuple[str, str], tuple[Example, ...]] | None = None,
        memory: Memory | None = None,
    ):
        self.implementation, self._seed, self._shrink, self._explain = implementation, seed, shrink, explain
        self._times, self._reference, self._first = times, reference, first or {}
        self._memory = memory or Memory()
        self._verdicts: dict[tuple[str, str], Verdict] = {}
        self._unwritten: dict[str, str] = {}  # operations that cannot even be called -> why

    def verdict(self, prop: Property, op: Operation) -> Verdict:
        """The verdict on a property; `skip` where a property that it comes after does not hold."""
        key = (prop.name, op.name)
        if prop.name in op.unasked and key not in self._verdicts:
            self._verdicts[key] = self._unasked(prop, op)
        if key not in self._verdicts:
            self._verdicts[key] = made = self._made(prop, op)
            if made.status == "todo" and made.why != GRAD_NOT_WRITTEN:
                self._unwritten.setdefault(op.name, made.why)
        return self._verdicts[key]

    def foregone(self, prop: Property, op: Operation) -> Verdict | None:
        """The verdict, where nothing has to run for it: it is not written, or what the property comes after is known not to hold."""
        if op.name not in self._unwritten and (line := self.implementation.unwritten(op.name)):
            self._unwritten[op.name] = line
        if op.name in self._unwritten:
            return self.verdict(prop, op)
        known = [self._verdicts.get((p.name, op.name)) for p in prop.after if p.name not in op.unasked]
        if not all(known) or any(v.changed for v in known) or all(v.status == "pass" for v in known):
            return None
        return self.verdict(prop, op)

    def _unasked(self, prop: Property, op: Operation) -> Verdict:
        """That the row does not ask for it, and why."""
        return Verdict(op.name, prop.name, "skip", op.unasked[prop.name], asked=False)

    def _made(self, prop: Property, op: Operation) -> Verdict:
        if op.name in self._unwritten:
            return Verdict(op.name, prop.name, "todo", self._unwritten[op.name])
        earlier = [self.verdict(p, op) for p in prop.after if p.name not in op.unasked]
        before = next((v for v in earlier if v.status != "pass"), None)
        told = prop.unless and self.verdict(prop.unless, op)
        if told and told.changed and told.status == "fail":
            prop = replace(prop, on_changes=False)
        changed = next((v.changed for v in earlier if v.changed), None) if prop.on_changes else None
        verdict = None
        if before is None or changed:
            verdict = self._examined(prop, op, changed)
        if before and (verdict is None or verdict.status != "fail"):
            status = "todo" if before.status == "todo" else "skip"
            why = before.why if status == "todo" else f"comes after {before.property}, which does not hold"
            return Verdict(op.name, prop.name, status, why)
        if verdict.wrong and self._explain and not prop.once:
            verdict = self._diagnosed(verdict)
        if any(v.op == op.name and v.why == verdict.why != "" for v in self._verdicts.values()):
            verdict = replace(verdict, echo=True)
        return verdict

    def networks(self, rows: Sequence[Operation], examples: int, after: Sequence[Property]) -> Verdict:
        """The verdict on random networks of those of the rows that hold in the properties that it comes after."""
        held = [op for op in rows if not op.adapter and all(self.verdict(prop, op).status == "pass" for prop in after)]
        return examine_networks(held, self.implementation, self._seed, examples, self._memory)

    def _examined(self, prop: Property, op: Operation, changed: tuple[Example, ...] | None) -> Verdict:
        page = partial(self._memory.page, op.name, self._seed)
        if prop.once:
            contest = Contest(op, self.implementation, self._reference and self._reference(), self._seed, page())
            return examine_once(prop, contest)
        prop = replace(prop, examples=prop.examples * self._times * _variety(prop, op))
        first = self._first.get((prop.name, op.name)) or (changed and changed[:1] * prop.count)
        return examine(prop, op, self.implementation, self._seed, shrink=self._shrink, first=first, page=page)

    def _diagnosed(self, verdict: Verdict) -> Verdict:
        forward = self._verdicts.get(("forward", verdict.op))
        forward_holds = forward is None or forward.status == "pass"
        try:
            diagnosis = self._explain(verdict.property, verdict.wrong, verdict.trial, forward_holds=forward_holds)
        except (
            RefusedOperation,
            GraderTrouble,
        ):  # it stops answering on larger examples: what is known already must do
            return verdict
        except Exception as error:  # the verdict stands, whatever becomes of its explanation
            return replace(verdict, why=verdict.why + broken_off("the diagnosis", error))
        remark = verdict.why.removeprefix(verdict.wrong.why)
        return replace(verdict, why=diagnosis.line + remark, diagnosis=diagnosis)


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


def examine_networks(
    rows: Sequence[Operation], implementation, seed: int, examples: int, memory: Memory | None = None
) -> Verdict:
    """Hold random networks of these operations to torch's gradients; the small ones first, so that the first failure is small.

    There are so many, and one more that begins with each operation, so that each takes part that can.
    """
    started, proven = time.perf_counter(), 0
    verdict = Verdict("compose", "gradient", "pass")
    firsts, held = [*rows, *[None] * examples] if rows else [], " ".join(op.name for op in rows)
    page = (memory or Memory()).page("compose", seed)
    for number, first in enumerate(firsts):
        rng = np.random.default_rng([seed % 2**32, number])
        depth = 2 + max(0, number - len(rows)) * 5 // max(1, examples)
        network = page.shared((held, number), partial(random_network, rows, depth, rng, first))
        if network is None:
            continue
        trial = Trial(
            network.row,
            (Example(network.leaves, network.gy),),
            lambda *_, n=network: implementation.observe_network(n),
        ).remembered(Known(page, held, number))
        try:
            judge.gradient(trial, trial.observe(), trial.truth)
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


def _variety(prop: Property, op: Operation) -> int:
    """How many times as many examples it takes: most where gy has to find its way back over axes, some for what is rare.

    Through several layers, gradients of large numbers are often 0 or not to be told from rounding.
    """
    if op.variants:
        return len(op.variants)
    if prop.name == "gradient" or (prop.name in ("forward", "stable") and op.adapter):
        return max(op.variety, 2 if op.broadcasts else 1)
    if prop.after and prop.count == 1:
        return max(-(-op.variety // 2), 4 if len(op.variables) > LAYERED else 1)
    return 1
