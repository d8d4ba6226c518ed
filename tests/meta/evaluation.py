"""What the formulas of a derivation are worth, for all indices at once, where the arrays they speak of are known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.meta.formulas import Entry, FormulaError, Letter, Name, Statement, walk
from tests.meta.ranges import Ranges, World
from tests.meta.scope import Scope

CLOSE = 1e-9  # relative to the largest entry: far above the rounding of a few dozen operations, far below any mistake


@dataclass(frozen=True)
class Wrong:
    """Which member of a claim is wrong, and how. `problem`: why it has no value at all; None where it has a wrong one."""

    member: int
    what: str
    problem: FormulaError | None = None


class Evaluation:
    """The statements of a case in a world: definitions are evaluated once, when they are needed."""

    def __init__(self, world: World, definitions: dict[str, Statement], unreadable: dict[str, FormulaError]):
        self._world, self._definitions, self._unreadable = world, dict(definitions), unreadable
        self._values: dict[str, NDArray] = {}
        self._open: list[str] = []
        self.ranges = Ranges(world)
        self.covered = {
            name: np.zeros(np.shape(value), bool) for name, value in world.known.items() if name[:2] == "J_"
        }

    def complaint(self, claim: Statement) -> Wrong | None:
        """The first member of a claim that is wrong, and how; None where all are right."""
        number = 0
        try:
            for number, member in enumerate(claim.members):  # noqa: B007 (for the complaint)
                self._needed((member,))
            self.ranges.learn((claim, *self._needed((claim.left, *claim.members)).values()))
            for number, member in enumerate(claim.members):  # noqa: B007 (for the complaint)
                for letter in (node for node in walk(member) if isinstance(node, Letter)):
                    self.ranges[letter]
            scope = Scope(self.array, self.ranges, claim)
            places, _ = scope.places(claim.left) if isinstance(claim.left, Entry) else ((), None)
            true = scope.value(claim.left)
            scale = _scale(self._world.known[claim.left.name])
            for number, member in enumerate(claim.members):
                said = scope.value(member)
                if nearest := self._world.nearest.get(claim.left.name):
                    true = scope.along(nearest(scope.laid_out(said, claim.letters)))
                off = ~(abs(said - true) <= CLOSE * scale)
                if off.any():
                    return Wrong(number, scope.worst(claim.left, said, true, off))
        except FormulaError as problem:
            return Wrong(number, str(problem), problem)
        if claim.left.name in self.covered:
            self.covered[claim.left.name][places] = True
        return None

    def array(self, name: str) -> NDArray:
        """The value of a name. Raises FormulaError where there is none."""
        if name in self._world.known:
            value = self._world.known[name]
            if not isinstance(value, np.ndarray | int | float | np.generic):
                raise FormulaError(f"{name} is {value!r} here, which is no number")
            return np.asarray(value, int) if np.asarray(value).dtype == bool else np.asarray(value)
        if name not in self._values:
            self._values[name] = self._defined(name)
        return self._values[name]

    def _defined(self, name: str) -> NDArray:
        definition = self._definition(name)
        if name in self._open:
            raise FormulaError(f"{name} is defined through itself")
        self._open.append(name)
        try:
            scope = Scope(self.array, self.ranges, definition)
            values = [scope.laid_out(scope.value(member), definition.letters) for member in definition.members]
        finally:
            self._open.pop()
        for number, value in enumerate(values[1:], 2):
            if not np.all(abs(value - values[0]) <= CLOSE * _scale(values[0])):
                raise FormulaError(f"the members of the chain that defines {name} differ: member 1 and member {number}")
        return values[0]

    def _definition(self, name: str) -> Statement:
        if name in self._definitions:
            found = self._definitions[name]
            indices = found.left.indices if isinstance(found.left, Entry) else ()
            if len(found.letters) != len(indices):
                raise FormulaError(f"the definition of {name} needs different letters as its indices: {found.text}")
            return found
        if name in self._unreadable:
            raise self._unreadable[name]
        raise FormulaError(f"{name} is not known: it is no input, no size and nowhere defined")

    def _needed(self, trees: tuple) -> dict[str, Statement]:
        """The definitions that formulas use, and those that they use. Raises FormulaError where one is missing."""
        needed, queue = {}, list(trees)
        while queue:
            for node in walk(queue.pop()):
                name = node.name if isinstance(node, Name | Entry) else "pi"
                if name not in needed and name not in self._world.known and name != "pi":
                    needed[name] = self._definition(name)
                    queue += needed[name].members
        return needed


def _scale(values: object) -> float:
    """The largest magnitude; but what cancels to nothing is no measure of its rounding."""
    return float(np.max(abs(np.asarray(values, float)), initial=1e-5))
