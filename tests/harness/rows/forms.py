"""How an operation is called whose arguments and answers are not the arrays of its row, one by one.

A row is flat: names, each with one array or one plain value. Some operations take several of these in a list, or return
several values and no grad, or are called again and again on what they returned. Such a row has variants, which are flat
rows themselves: one for each length of the list, one for one step and one for ten. An example is of one variant, and the
variant's `form` tells the worker how to call the operation with it (worker/forms.py reads it).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from tests.harness.rows.arrays import Floats
from tests.harness.rows.kind import Kind
from tests.harness.rows.plain import Function, Numbered

STEPS = 10  # of an operation that is called on what it returned


@dataclass(frozen=True)
class Listed:
    """An argument that is a list of arrays: for each length that it may have, its items by their names."""

    ways: tuple[dict[str, Kind], ...]


def layers(inside: str, outside: str, *, depths: tuple[int, ...] = (2, 1, 3)) -> Listed:
    """The parameters of layers, `[w1, b1, w2, b2, ...]`, differentiated: from one letter's size to the other's, by these numbers of layers."""
    return Listed(tuple(_layers(inside, outside, depth) for depth in depths))


def several(name: str, *, most: int = 3) -> Listed:
    """Arrays of any shapes, up to so many, that are not differentiated. `name`: how the items are called, `grads[0]`."""
    runs = [f"...{letter}" for letter in "ABCDEF"[:most]]
    lengths = (2, 1, *range(3, most + 1))
    return Listed(tuple({f"{name}[{n}]": Floats(runs[n], differentiated=False) for n in range(k)} for k in lengths))


@dataclass(frozen=True)
class Rounds:
    """How an operation is called on what it returned: numbers of inputs, as worker/forms.py has them."""

    times: int
    each: tuple[int, ...]
    counted: tuple[int, ...]
    carried: tuple[int, ...]

    def of(self, function: Callable) -> Callable:
        """What a function that says one step says of all."""

        def steps(*inputs):
            now = list(inputs)
            for step in range(self.times):
                for at in self.each:
                    now[at] = inputs[at][step]
                for at in self.counted:
                    now[at] = inputs[at] + step
                values = function(*now)
                for at, value in zip(self.carried, values if isinstance(values, tuple) else (values,), strict=True):
                    now[at] = value
            return values

        return steps


@dataclass(frozen=True)
class Variant:
    """A flat row among those that an operation has: its inputs, its values and what each is like, its form, and its rounds, if any."""

    kinds: dict[str, Kind]
    values: dict[str, str]
    form: str
    rounds: Rounds | None = None

    def said(self, function: Callable) -> Callable:
        """What a function that says one step says of this variant."""
        return self.rounds.of(function) if self.rounds else function


def variants(
    arguments: dict[str, Kind | Listed], values: dict[str, str], others: tuple[dict[str, Kind], ...] = ()
) -> list[Variant]:
    """The flat rows for these arguments; none where they are flat themselves, and it is called as usual.

    `values`: what it returns in the place of (y, grad), by its names, and the argument that each is like. `others`: other kinds
    of some arguments. Raises ValueError where two arguments are lists.
    """
    lists = [name for name, argument in arguments.items() if isinstance(argument, Listed)]
    if len(lists) > 1:
        raise ValueError(f"{' and '.join(lists)} are lists: one argument may be one")
    if not lists and not values and not _functions(arguments):
        return []
    ways = arguments[lists[0]].ways if lists else ({},)
    flat = [_flat(arguments | other, values, way) for other in ({}, *others) for way in ways]
    is_repeated = any(getattr(kind, "each", False) for kind in arguments.values())
    return flat + [_repeated(variant) for variant in flat if is_repeated]


def _flat(arguments: dict[str, Kind | Listed], values: dict[str, str], items: dict[str, Kind]) -> Variant:
    kinds: dict[str, Kind] = {}
    places: list[int | list[int]] = []
    for name, argument in arguments.items():
        if isinstance(argument, Listed):
            places.append([*range(len(kinds), len(kinds) + len(items))])
            kinds |= items
        else:
            places.append(len(kinds))
            kinds[name] = argument
    told: dict[str, str] = {}
    for name, like in values.items():
        told |= (
            {f"{name}{item[len(like) :]}": item for item in items}
            if isinstance(arguments[like], Listed)
            else {name: like}
        )
    form = {"arguments": places, "functions": _functions(arguments), "values": len(told)}
    form["listed"] = any(isinstance(arguments[like], Listed) for like in values.values())
    return Variant(kinds, told, json.dumps(form))


def _repeated(variant: Variant) -> Variant:
    """The same, called STEPS times: what is drawn for each step has an axis for them, values are carried on."""
    names = list(variant.kinds)
    each = [name for name, kind in variant.kinds.items() if getattr(kind, "each", False)]
    counted = [name for name, kind in variant.kinds.items() if isinstance(kind, Numbered)]
    kinds = {
        name: replace(kind, shape=f"{STEPS} {kind.shape}") if name in each else kind
        for name, kind in variant.kinds.items()
    }
    carried = list(variant.values.values())
    rounds = Rounds(STEPS, *(tuple(map(names.index, some)) for some in (each, counted, carried)))
    return Variant(kinds, variant.values, json.dumps(json.loads(variant.form) | {"rounds": asdict(rounds)}), rounds)


def _functions(arguments: dict[str, Kind | Listed]) -> list[int]:
    """Which arguments are functions."""
    return [number for number, argument in enumerate(arguments.values()) if isinstance(argument, Function)]


def _layers(inside: str, outside: str, depth: int) -> dict[str, Kind]:
    letters = [inside, *"HGF"[: depth - 1], outside]
    return {
        name: Floats(shape)
        for n, (k, m) in enumerate(itertools.pairwise(letters), 1)
        for name, shape in ((f"w{n}", f"{k} {m}"), (f"b{n}", f"1 {m}"))
    }
