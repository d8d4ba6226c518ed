"""`fast` of a class of tensors: how its cost grows with the graph, beside the reference solution. No clock.

A graph is to cost a step for each node, whatever the number of ways through it; as much memory as it holds, and none once
nobody holds it any more; and no call inside a call for each node. On larger arrays it is as with all operations.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.harness.examples.examples import Example
from tests.harness.examples.large_graphs import again, chain, diamonds, ladder, wide
from tests.harness.judgement import judge
from tests.harness.judgement.costs import COUNTED, LARGER, LOOPS, SPARE, STEPS, of_reference
from tests.harness.judgement.judge import Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.worker.counting import Cost
from tests.harness.worker.observation import Call, Grad

TWICE = 2  # times as many opcodes for a graph as for the parts of it
LONG = 10_000  # nodes
_STEPS = (Call(), Grad(0))
_MANY = 12  # graphs, one after another


def compare(contest) -> None:
    """Raise Wrong where the cost of a graph grows out of all proportion, or an answer is wrong. Takes a Contest."""
    count = _Count(contest)
    few, many = (count(diamonds(3 * n)) for n in (4, 12))
    if many.steps > TWICE * 3 * few.steps:
        raise Wrong(
            f"Python's steps grow from {few.steps} to {_steps(many)} where a chain of diamonds grows from 4 to 12: "
            "is a node visited once for every way to it?"
        )
    for kind in (chain, ladder):
        few, many = (count(kind(n)) for n in (20, 80))
        due = count.of_reference(kind(80)).steps
        if many.steps > LOOPS * due:
            raise Wrong(
                f"Python takes {_steps(many)} steps for a graph of 80 nodes, the reference {due}: "
                "is the whole graph walked through for every node?"
            )
        if many.steps > TWICE * 4 * few.steps:
            raise Wrong(
                f"Python's steps grow from {few.steps} to {_steps(many)} where a graph grows from 20 nodes to 80: "
                "is the whole graph walked through for every node?"
            )
    small, large = (count(wide(rows)) for rows in (23, 271))
    due = count.of_reference(wide(271)).steps - count.of_reference(wide(23)).steps
    if large.steps - small.steps > STEPS * 248 + LARGER * max(0, due):
        raise Wrong(
            f"Python's steps grow from {small.steps} to {_steps(large)} where arrays grow from 23 rows to 271: "
            "a loop over the elements, or the rows?"
        )
    once, often = count(again(1)), count(again(_MANY))
    if once.bytes > LARGER * count.of_reference(again(1)).bytes + SPARE:
        raise Wrong(f"a graph takes more than {LARGER} times the reference's memory: an explicit Jacobian?")
    if often.bytes > 2 * once.bytes + SPARE:
        raise Wrong(
            f"{_MANY} graphs, one after another, take more than twice the memory of one: who holds a graph that is done?"
        )
    for kind in (chain, diamonds, ladder):
        _hold(contest, kind)


def _steps(cost: Cost) -> str:
    return f"more than {COUNTED}" if cost.steps > COUNTED else str(cost.steps)


class _Count:
    """Counts what graphs cost."""

    def __init__(self, contest):
        self._contest = contest

    def __call__(self, example: Example) -> Cost:
        """Raises Wrong where there is no answer, or the count is worth nothing."""
        seen, cost = self._contest.implementation.counting(*self._ask(example), COUNTED)()
        if len(seen.answers) < len(_STEPS):
            _judge(self._contest, example, seen, "a larger graph")
        if cost.foul:
            raise Wrong(f"what it costs cannot be counted: {cost.foul}", status="error")
        return cost

    def of_reference(self, example: Example) -> Cost:
        """What it costs the reference. Raises GraderTrouble."""
        graph = example.inputs[0]
        name = f"fast {len(graph['nodes'])} {graph['nodes'][-2]} {graph['times']} {example.inputs[1].shape}"
        reference = self._contest.reference
        return self._contest.page.shared((name,), lambda: of_reference(reference, self._ask(example))[1])

    def _ask(self, example: Example) -> tuple:
        return self._contest.op.name, [example.inputs], [example.gy], _STEPS


def _hold(contest, kind: Callable[[int], Example]) -> None:
    """Raise Wrong where a long graph is not computed as torch does."""
    example = kind(LONG)
    seen = contest.implementation.observe(contest.op.name, [example.inputs], [example.gy], _STEPS)
    words = {chain: "a chain", diamonds: "a chain of diamonds", ladder: "a ladder"}[kind]
    _judge(contest, example, seen, f"{words} of {LONG} nodes")


def _judge(contest, example: Example, seen, what: str) -> None:
    if seen.crash and seen.crash.kind == "RecursionError":
        raise Wrong(
            f"Python ends a walk that calls itself for each node: for {what}, {judge.crash_line(seen.crash)}: go through the graph in a loop"
        )
    trial = Trial(contest.op, (example,), lambda *_: seen)
    with judge.said_of(what):
        judge.forward(trial, seen, trial.truth)
        judge.gradient(trial, seen, trial.truth)
