"""Edits of what is cut into parts in the row's expression: the parts stand in another order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from tests.harness.diagnosis.calls import edit
from tests.harness.diagnosis.edit import Edits
from tests.harness.diagnosis.expression import Change, Node, recorded
from tests.harness.diagnosis.samples import Sample

_MOST = 4  # parts, of which all orders are tried


def order(g: str, sample: Sample) -> Edits:
    """The parts are taken in another order; or only the gradient is put together so."""
    for nodes in _cut(sample):
        names = nodes[0].parts
        for places in list(permutations(range(len(names))))[1:]:
            said = " ".join(names[p] for p in places)
            due = f"in the order {said}, but should be in the order {' '.join(names)}"
            yield edit(
                f"{{g}} {{is}} what you get with the parts {due}", sample, {n.number: _taken(places) for n in nodes}
            )
            if g != "y":
                text = f"in {{g}}, the gradients of the parts stand {due}"
                yield edit(text, sample, {n.number: _put_together(places) for n in nodes})


def _cut(sample: Sample) -> Iterator[list[Node]]:
    """The calls that cut something into parts that have names; all that cut alike together, and then each by itself."""
    found = [n for n in recorded(sample) if 1 < len(set(n.parts)) == len(n.result) <= _MOST]
    if len({n.parts for n in found}) == 1:
        yield found
    yield from ([node] for node in found if len(found) > 1)


def _taken(places: tuple[int, ...]) -> Change:
    """`places`: where each part goes: the first part is taken for the one that has the first place's name."""

    def change(func, args, kwargs):
        parts = func(*args, **kwargs)
        return tuple(parts[places.index(p)] for p in range(len(parts)))

    return change


def _put_together(places: tuple[int, ...]) -> Change:
    def change(func, args, kwargs):
        parts = func(*args, **kwargs)
        there = (parts[places.index(p)] for p in range(len(parts)))
        return tuple(part.detach() + (other - other.detach()) for part, other in zip(parts, there, strict=True))

    return change
