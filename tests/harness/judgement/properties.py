"""What is said of every operation, as tests/test_ops.py writes it. How it is examined is in search.py and examiner.py."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import ORDINARY, Example
from tests.harness.rows.memory import Page
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Question, Steps


@dataclass(frozen=True)
class Property:
    """What is said of every operation: `check(trial, *seen)` raises Wrong where it does not hold; `check(contest)` if `once`.

    `ask`: the question about the examples of a trial; `seen` has an observation for each of its `asks`.
    """

    name: str
    check: Callable[..., None]
    ask: Callable[[tuple[Example, ...]], Question]
    examples: int
    table: NDArray
    dtypes: tuple[type, ...]
    count: int
    after: tuple["Property", ...]
    once: bool
    on_changes: bool
    unless: "Property | None"


@dataclass(frozen=True)
class Contest:
    """An operation of the implementation under test, the reference solutions to hold it against, and the seed.

    `page`: where what torch says, and what the reference costs, is remembered.
    """

    op: Operation
    implementation: object
    reference: object
    seed: int
    page: Page


def each_operation(
    *,
    ask: Callable[[tuple[Example, ...]], Question] | tuple[Steps, ...] = (),
    examples: int = 0,
    table: NDArray = ORDINARY,
    dtypes: tuple[type, ...] = (np.float64,),
    count: int = 1,
    after: tuple[Callable, ...] = (),
    once: bool = False,
    on_changes: bool = False,
    unless: Callable | None = None,
) -> Callable:
    """Make a test of a property: the function below gets a Trial and what was observed in it, and raises where it does not hold.

    `ask`: sequences of steps, or a function of the trial's examples that makes a question of them; the function gets an
    Observation for each sequence. `examples`: how many are drawn. `table`, `dtypes`: what their values are (see
    examples.py). `count`: how many examples a trial has. `after`: the tests that must hold first; without them this one
    would say the same again. `once`: it is no matter of examples; the function gets a Contest. `on_changes`: it fails
    where something that was given is changed in place, also where that was seen in the tests that must hold first;
    `unless`: but not where this test fails for that, whichever of them runs first.
    """

    question = ask if callable(ask) else lambda drawn: Question([e.inputs for e in drawn], [e.gy for e in drawn], ask)

    def decorate(check: Callable[..., None]) -> Callable:
        name = check.__name__.removeprefix("test_")

        def test(op, subject, examine):
            examine(test.property, op, subject)

        test.__name__ = test.__qualname__ = check.__name__
        test.__doc__, test.__module__ = check.__doc__, check.__module__
        comes_after = tuple(t.property for t in after)
        told = unless.property if unless else None
        test.property = Property(
            name, check, question, examples, table, dtypes, count, comes_after, once, on_changes, told
        )
        return test

    return decorate


def written_in(module: ModuleType) -> list[Property]:
    """The properties that the tests of a module are of, in the order in which it writes them."""
    tests = (test for name, test in vars(module).items() if name.startswith("test_"))
    return [test.property for test in tests if hasattr(test, "property")]


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
