"""Every operation there is, level by level, as the modules of tests/specs/ list them."""

from functools import cache
from importlib import import_module

from tests.harness import oracle  # noqa: F401  (first: it imports torch the quick way)
from tests.harness.spec import Operation
from tests.specs import LEVELS


@cache
def operations() -> dict[str, tuple[Operation, ...]]:
    """Level -> its rows, both in order of study."""
    return {level: tuple(import_module(f"tests.specs.{level}").OPS) for level in LEVELS}


@cache
def level_of(name: str) -> str:
    """The level that the operation of this name belongs to. Raises KeyError for a name that no level has."""
    for level, rows in operations().items():
        if any(op.name == name for op in rows):
            return level
    raise KeyError(name)


@cache
def names() -> dict[str, list[str]]:
    """Level -> the names of its operations."""
    return {level: [op.name for op in rows] for level, rows in operations().items()}


@cache
def operation(name: str) -> Operation:
    """The row of this name. Raises KeyError for a name that no level has."""
    return next(op for op in operations()[level_of(name)] if op.name == name)
