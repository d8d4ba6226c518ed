"""What a training is: the operations that it needs, its data, and how a learner begins. tests/trainings/ has them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from tests.harness.training.operations import Operations


class Unavailable(Exception):
    """Why what a training learns from is not there, and what to do, in one line."""


@dataclass(frozen=True)
class Measure:
    """How good a learner is, on what it is judged by: the loss, and the share of right answers."""

    loss: float
    right: float


class Learner(Protocol):
    """What learns, step by step. Any method may raise what `Operations` does."""

    about: str

    def step(self) -> float:
        """Learn from one batch; its loss. Whatever interrupts it, what was learned before it stays."""

    def measure(self) -> Measure:
        """How good it is now."""

    def ending(self) -> list[str]:
        """What there is to say of it at the end, in lines."""


@dataclass(frozen=True)
class Training:
    """One row: `needs` operations, and does it `better` with these others, if all of them are there.

    It is measured after `every` so many of its `steps`; `counted` says in a word or two what the right answers are a share
    of. `load` gets its data, and raises Unavailable; `begin(operations, data, seed)` makes the learner.
    """

    needs: tuple[str, ...]
    better: tuple[str, ...]
    steps: int
    every: int
    counted: str
    goal: str
    reached: Callable[[Measure], bool]
    load: Callable[[], object]
    begin: Callable[[Operations, object, int], Learner]


def training(name: str) -> Training:
    """The training of this name, one of TRAININGS."""
    return import_module(f"tests.trainings.{name}").TRAINING
