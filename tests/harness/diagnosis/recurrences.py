"""Edits of a loop in the row's expression: what goes from one step to the next, and what all steps share.

What is carried is an input in the first step, and later what the step before has made. What is shared is the same input in
all steps. How many steps there are is known only where the expression runs, so it runs twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from tests.harness.diagnosis.calls import inside, missing, plain
from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.expression import Change, Node, recorded, rewritten, rounds, with_argument
from tests.harness.diagnosis.functions import MATMUL, MUL
from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.imports import torch

Instead = Callable[[torch.Tensor, torch.Tensor, int, int], torch.Tensor]
"""What stands in an argument's place, of its value, its value in the first step, the number of this step and that of the last."""


@dataclass(frozen=True)
class _Use:
    """An argument of a call that is made in every step: in the first one it is the input `v`."""

    calls: list[Node]
    at: int
    v: str

    @property
    def is_shared(self) -> bool:
        return all(call.args[self.at] is self.calls[0].args[self.at] for call in self.calls)

    @property
    def number(self) -> tuple[int, ...]:
        return self.calls[0].number


def carried(g: str, sample: Sample) -> Edits:
    """What comes back from the next step is missing, has another factor, or ends at another step than the first."""
    uses = [use for use in _uses(sample) if not use.is_shared]
    names = list(dict.fromkeys(use.v for use in uses))
    for v in names:
        ours = [use for use in uses if use.v == v]
        text = f"{{g}} {{is}} what you get where every step starts from the {v} of the input"
        yield _edit(text, sample, ours, lambda now, first, at, last: first)
    for chosen in (
        (names, *([v] for v in names)) if len(names) > 1 and g != "y" else [names] * (g != "y" and bool(names))
    ):
        ours, what = [use for use in uses if use.v in chosen], " and ".join(chosen)
        text = f"in {{g}}, {what} {'is' if len(chosen) == 1 else 'are'} held constant from one step to the next"
        hint = f"{what} of a step gets a gradient from y, and one from the next step"
        yield _edit(f"{text}: what later steps send back is missing", sample, ours, _times(0), hint)
        for words, factor in (("counts twice", 2), ("has the wrong sign", -1), ("counts half", 0.5)):
            yield _edit(
                f"in {{g}}, what comes back through {what} from the next step {words}", sample, ours, _times(factor)
            )
    for v in (v for v in names if g == f"g{v}"):
        ours = [use for use in uses if use.v == v]
        text = (
            f"{{g}} {{is}} the sum of what comes back to {v} in all steps, but only that of the first step is the input"
        )
        yield _edit(text, sample, ours, lambda now, first, at, last: now + (first - first.detach()) if at else now)
        text = (
            f"{{g}} {{is}} what comes back to {v} in the last step, but is due in the first, the last on the way back"
        )
        yield _edit(text, sample, ours, _only_the_last)
    for use in uses if g != "y" else ():
        if made := _maker(use, sample):
            text = f"in {{g}}, the derivative of {missing(made)} is missing in what comes back through {use.v} from the next step"
            if made.is_elementwise:
                yield Edit(text, "it is due of both: gy, and what the next step sends", torch=_past(use, made, sample))
        yield from _of_another_step(g, sample, use)


def shared(g: str, sample: Sample) -> Edits:
    """Of an input that all steps use, only one step's use counts."""
    for use in _uses(sample):
        if use.is_shared and g == f"g{use.v}":
            hint = "add with +=, or keep the steps and multiply once"
            for words, kept in (("last", lambda last: last), ("first", lambda last: 0)):
                text = f"in {{g}}, only the {words} step's use of {use.v} counts, but all steps add up"
                instead = lambda now, first, at, last, kept=kept: now if at == kept(last) else now.detach()  # noqa: E731
                yield _edit(text, sample, [use], instead, hint)
            text = f"in {{g}}, the use of {use.v} is missing in the steps before which something is held constant"
            yield Edit(
                text,
                "what is constant is a factor all the same",
                torch=rewritten(sample.op.torch, {use.number: _unless_constant(use.at)}),
            )
            text = f"in {{g}}, the first step's use of {use.v} is missing"
            yield _edit(text, sample, [use], lambda now, first, at, last: now if at else now.detach(), hint)


def on_the_way(g: str, sample: Sample) -> Edits:
    """The gradient of something on the way, that was not sent back as far as the input."""
    v = g[1:]
    for calls in reversed(rounds(sample).values()) if g != "y" else ():
        node = calls[0]
        if (
            isinstance(node.result, torch.Tensor)
            and node.result.requires_grad
            and node.result.shape == sample.right[g].shape
        ):
            where = "what is computed" if not node.is_short else plain(node.text)
            where += " in the first step" if len(calls) > 1 else ""
            text = f"{{g}} {{is}} the gradient of {where}, but is not sent back from there to {v}"
            yield Edit(text, torch=_instead_of(v, node, sample))


def of_later(g: str, sample: Sample) -> Edits:
    """In the gradient of what it is multiplied with, something that is computed later stands where an argument should."""
    nodes = [n for n in recorded(sample) if isinstance(n.result, torch.Tensor)] if g != "y" else []
    for node in (n for n in nodes if len(n.places) == 2 and n.name in (MUL, MATMUL)):
        for at in (at for at in node.places if node.args[1 - at].requires_grad):
            for later in (
                n
                for n in nodes
                if n.number > node.number and n.result.shape == node.args[at].shape and (n.is_short or n is nodes[-1])
            ):
                said = "y" if later is nodes[-1] else later.text
                text = f"in {{g}}, {said} stands where {plain(node.words[at])} should be{inside(node)}"
                yield Edit(text, torch=_later_beside(node, at, later, sample))


def _of_another_step(g: str, sample: Sample, use: _Use) -> Edits:
    """In the gradient of what it is multiplied with stands the state of another step."""
    node = use.calls[0]
    if len(node.places) == 2 and g == f"g{node.words[1 - use.at]}":
        due = f"{use.v} before the step should be{inside(node)}"
        yield Edit(f"in {{g}}, {use.v} after the step stands where {due}", torch=_beside(use, sample, 1))
        yield Edit(
            f"in {{g}}, the {use.v} of the input stands in every step where {due}", torch=_beside(use, sample, 0)
        )


def _uses(sample: Sample) -> list[_Use]:
    """Those of a loop in which something is carried: a call that is made for several inputs one after another is no step."""
    made = {id(node.result) for calls in rounds(sample).values() for node in calls}
    found = []
    for calls in rounds(sample).values():
        if len(calls) > 1 and all(_constants(call) == _constants(calls[0]) for call in calls):
            places = (at for at in calls[0].places if calls[0].words[at] in sample.op.variables)
            uses = (_Use(calls, at, calls[0].words[at]) for at in places)
            found += [u for u in uses if u.is_shared or all(id(call.args[u.at]) in made for call in calls[1:])]
    return found if any(not use.is_shared for use in found) else []


def _constants(node: Node) -> list:
    return [repr(a) for n, a in enumerate(node.args) if n not in node.places] + sorted(map(repr, node.kwargs.items()))


def _edit(text: str, sample: Sample, uses: Sequence[_Use], instead: Instead, hint: str = "") -> Edit:
    """The expression with something else in the place of arguments, by the step."""
    expression = sample.op.torch

    def changed(*inputs):
        steps = {use.number: len(_seen(expression, use.number, inputs)) for use in uses}
        return rewritten(expression, {u.number: _in_place(u.at, instead, steps[u.number] - 1) for u in uses})(*inputs)

    return Edit(text, hint, torch=changed)


def _in_place(place: int, instead: Instead, last: int) -> Change:
    steps, first = count(), []

    def change(func, args, kwargs):
        first[:] = first or [args[place]]
        return func(*with_argument(args, place, instead(args[place], first[0], next(steps), last)), **kwargs)

    return change


def _unless_constant(at: int) -> Change:
    """The argument has no gradient where the others have none."""

    def change(func, args, kwargs):
        others = (a for n, a in enumerate(args) if n != at and isinstance(a, torch.Tensor))
        ours = args[at] if any(a.requires_grad for a in others) else args[at].detach()
        return func(*with_argument(args, at, ours), **kwargs)

    return change


def _times(factor: float) -> Instead:
    """What comes back from the second step on, multiplied."""
    return lambda now, first, at, last: now * factor + (now * (1 - factor)).detach() if at else now


def _only_the_last(now: torch.Tensor, first: torch.Tensor, at: int, last: int) -> torch.Tensor:
    own = now if at else now.detach()
    return own + (first - first.detach()) if at == last else own


def _beside(use: _Use, sample: Sample, later: int) -> Callable:
    """In the derivative by the other factor, the state of the step that many later; 0: the first one's always."""
    expression, made = sample.op.torch, _maker(use, sample).number

    def changed(*inputs):
        states = [args[use.at] for args, _ in _seen(expression, use.number, inputs)]
        states = [*states[1:], _seen(expression, made, inputs)[-1][1]] if later else states[:1] * len(states)
        return rewritten(expression, {use.number: _other_factor(use.at, states)})(*inputs)

    return changed


def _later_beside(node: Node, at: int, later: Node, sample: Sample) -> Callable:
    """In the derivative by the other factor, what is computed later in the same step."""
    expression = sample.op.torch

    def changed(*inputs):
        values = [result for _, result in _seen(expression, later.number, inputs)]
        return rewritten(expression, {node.number: _other_factor(at, values)})(*inputs)

    return changed


def _other_factor(at: int, values: Sequence[torch.Tensor]) -> Change:
    left = iter(values)

    def change(func, args, kwargs):
        value, fixed = next(left).detach(), tuple(a.detach() if isinstance(a, torch.Tensor) else a for a in args)
        if value.shape != args[at].shape:
            raise ValueError("of another shape")
        own = func(*with_argument(fixed, at, args[at]), **kwargs)
        other = func(*with_argument(args, at, value), **kwargs)
        return own + (other - other.detach())

    return change


def _past(use: _Use, made: Node, sample: Sample) -> Callable:
    """What comes back to a state goes past the function that made it, but gy does not."""
    expression = sample.op.torch

    def changed(*inputs):
        went_in: list = []

        def note(func, args, kwargs):
            went_in.append(args[made.places[0]])
            return func(*args, **kwargs)

        def change(func, args, kwargs):
            now = args[use.at]
            past = went_in[-1] + (now - went_in[-1]).detach() if went_in and now.requires_grad else now
            return func(*with_argument(args, use.at, past), **kwargs)

        return rewritten(expression, {made.number: note, use.number: change})(*inputs)

    return changed


def _maker(use: _Use, sample: Sample) -> Node:
    """The call that makes what is carried."""
    carried = use.calls[1].args[use.at]
    nodes = [node for calls in rounds(sample).values() for node in calls]
    node = next(node for node in nodes if node.result is carried)
    while node.name == torch.Tensor.detach.__name__:
        node = next(one for one in nodes if one.result is node.args[0])
    return node


def _seen(expression: Callable, number: tuple[int, ...], inputs: tuple) -> list[tuple[tuple, torch.Tensor]]:
    """The arguments and the result of a call, in every step."""
    seen: list = []

    def note(func, args, kwargs):
        seen.append((args, func(*args, **kwargs)))
        return seen[-1][1]

    rewritten(expression, {number: note})(*inputs)
    return seen


def _instead_of(v: str, node: Node, sample: Sample) -> Callable:
    """The expression as a function of what a call makes in the first step, in the place of an input."""
    expression, place = sample.op.torch, list(sample.inputs).index(v)

    def changed(*inputs):
        leaf, first = inputs[place], count()

        def change(func, args, kwargs):
            result = func(*args, **kwargs)
            return result if next(first) else result + (leaf - leaf.detach())

        return rewritten(expression, {node.number: change})(*with_argument(inputs, place, leaf.detach()))

    return changed
