"""Implementations that are known to be wrong, and known to be right: what the harness itself is tested on.

One module a level, each with three tables: WRONG, of which every row must be caught, and by the property that it names;
RIGHT, of which every row must earn full score although it looks nothing like the solution, but for `fast` where it is slow;
SLOW, of which every row must fail `fast`, and is tried for nothing else. How to write a row stands in tests/README.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace


@dataclass(frozen=True)
class Stateful:
    """An implementation that keeps something between calls: `make()` is a new one, that has seen no call yet."""

    make: Callable[[], Callable]


@dataclass(frozen=True)
class Mutant:
    """A wrong implementation of an operation. `caught_by`: the first property that fails for it, in the order of scoring.

    `diagnosis`: what must be said of it, but for lines and places; ` | ` stands between what may be
    said instead, empty where no cause can be told.
    """

    op: str
    name: str
    caught_by: str
    function: Callable | Stateful
    diagnosis: str = ""

    def lookup(self, op: str) -> Callable | None:
        """The function, under the operation's name only, and without memory of earlier lookups."""
        return _lookup(self, op)


@dataclass(frozen=True)
class Alternative:
    """A right implementation of an operation, written differently from the solution. `slow`: with a loop over elements or rows, or a Jacobian."""

    op: str
    name: str
    function: Callable | Stateful
    slow: bool = False

    def lookup(self, op: str) -> Callable | None:
        """The function, under the operation's name only."""
        return _lookup(self, op)


def built(inputs: str, grads: str, *, upstream: str = "gy", **right: Callable) -> Callable:
    """What makes an operation out of its right parts and a row's: those named g... belong to grad, the others to forward.

    Each part gets the inputs and all that was computed before it, by name. The output is the part of the upstream gradient's
    name without its g.
    """

    def build(*, grads: str = grads, **parts: Callable) -> Callable:
        made = right | parts
        forward = {name: part for name, part in made.items() if not name.startswith("g")}
        backward = {name: part for name, part in made.items() if name.startswith("g")}

        def operation(*given):
            v = SimpleNamespace(**dict(zip(inputs.split(), given, strict=True)))
            for name, part in forward.items():
                setattr(v, name, part(v))

            def grad(gradient):
                setattr(v, upstream, gradient)
                for name, part in backward.items():
                    setattr(v, name, part(v))
                found = tuple(getattr(v, name) for name in grads.split())
                return found if len(found) > 1 else found[0]

            return getattr(v, upstream[1:]), grad

        return operation

    return build


def _lookup(row: Mutant | Alternative, op: str) -> Callable | None:
    if op != row.op:
        return None
    return row.function.make() if isinstance(row.function, Stateful) else row.function
