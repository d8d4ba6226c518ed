"""Call an operation in another way than with its inputs one by one: arrays in a list, a function, several steps, values and no grad.

A form is a row's, as JSON: `arguments`, the number of the input that each argument is, or the numbers of those in its list;
`functions`, which arguments are a function's name; `values`, how many values it returns in the place of (y, grad), 0 for
that; `listed`, whether these are a list however many they are; `rounds`, how often it is called on what it returned.

Runs beside the candidate's code, in this process or in a worker: NumPy and the standard library only.
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .given import FUNCTIONS


class Rounds(NamedTuple):
    """So many `times`: of the inputs `each`, the part of this number; the inputs `counted`, more by one each time; `carried`, what was returned."""

    times: int = 1
    each: Sequence[int] = ()
    counted: Sequence[int] = ()
    carried: Sequence[int] = ()


class Form(NamedTuple):
    """How an operation is called, and how many values it returns."""

    arguments: Sequence[int | list[int]]
    functions: Sequence[int] = ()
    values: int = 0
    listed: bool = False
    rounds: Rounds = Rounds()


@lru_cache
def form_of(form: str) -> Form:
    """The form that was written so. Raises what json.loads and tuples raise for anything else."""
    told = json.loads(form)
    return Form(**told | {"rounds": Rounds(**told.get("rounds", {}))})


def call_in(form: str, function: Callable, given: tuple) -> tuple[object, tuple[int, ...]]:
    """What it returns, and the numbers of those inputs that stand no longer in the list that they were given in.

    In the place of a grad for values, there is one that returns nothing.
    """
    if not form:
        return function(*given), ()
    how = form_of(form)
    now, moved = list(given), set()
    for step in range(how.rounds.times):
        taken, lists = _taken(how, given, now, step)
        result = function(*taken)
        moved |= {at for places, held in lists for at in _moved(places, held, now)}
        if step + 1 < how.rounds.times:
            if not (values := _values(how, result)):
                break  # it is told of this answer that it is none
            for at, value in zip(how.rounds.carried, values, strict=True):
                now[at] = np.asarray(value) if isinstance(value, np.generic | float | int) else value
    return result, tuple(sorted(moved))


def grad_in(form: str, result: tuple) -> Callable:
    """The grad that it returned; for values, one that returns nothing. The gradients of a list may come as a list in a list."""
    if not form:
        return result[1]
    if form_of(form).values:
        return lambda gy: ()

    def grad(gy):
        gradients = result[1](gy)
        is_one = isinstance(gradients, tuple | list) and len(gradients) == 1
        return gradients[0] if is_one and isinstance(gradients[0], tuple | list) else gradients

    return grad


def values_in(form: str, result: object) -> Sequence | None:
    """The values that it returned, if these are what the form says; None if it returns (y, grad), or anything else."""
    return _values(form_of(form), result)


def _taken(how: Form, given: tuple, now: list, step: int) -> tuple[list, list]:
    """The arguments of a step, and the lists among them, each with the numbers of its inputs."""
    for at in how.rounds.each:
        now[at] = given[at][step, ...]
    for at in how.rounds.counted:
        now[at] = given[at] + step
    taken = [[now[at] for at in place] if isinstance(place, list) else now[place] for place in how.arguments]
    for number in how.functions:
        taken[number] = FUNCTIONS[taken[number]]
    lists = [(place, held) for place, held in zip(how.arguments, taken, strict=True) if isinstance(place, list)]
    return taken, lists


def _moved(places: list[int], held: list, now: list) -> list[int]:
    """The inputs that the list has no longer at their places; the first of all where it is longer."""
    away = [at for n, at in enumerate(places) if n >= len(held) or held[n] is not now[at]]
    return away or places[: len(held) > len(places)]


def _values(how: Form, result: object) -> Sequence | None:
    """One value may come alone, or in a tuple or list; one that is due in a list, and several, only so."""
    if isinstance(result, tuple | list):
        return result if len(result) == how.values else None
    return (result,) if how.values == 1 and not how.listed else None
