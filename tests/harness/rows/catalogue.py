"""Every operation there is, level by level, as the modules of tests/specs/ list them."""

from functools import cache
from importlib import import_module

from tests.harness.rows.names import names_by_level
from tests.harness.rows.spec import Operation
from tests.specs import LEVELS, ONLY


@cache
def operations() -> dict[str, tuple[Operation, ...]]:
    """Level -> its rows, both in order of study."""
    rows = {level: import_module(f"tests.specs.{level}").OPS for level in LEVELS}
    return {level: tuple(op for op in ops if not ONLY or op.name in ONLY) for level, ops in rows.items()}


@cache
def by_name() -> dict[str, Operation]:
    """All rows by their names."""
    return {op.name: op for ops in operations().values() for op in ops}


@cache
def place_of(name: str) -> tuple[str, int]:
    """The level of the operation of this name, and its number in the catalogue. Raises KeyError where there is none."""
    places = {op: level for level, ops in names_by_level().items() for op in ops}
    return places[name], list(places).index(name)
