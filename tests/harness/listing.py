"""The names of the operations, for what is asked of them at the command line or in a notebook: without torch."""

import difflib
from collections.abc import Iterable

from tests.harness.outline import outline

_CLOSEST = 3


def listed() -> dict[str, list[str]]:
    """Level -> the names of its operations, both in order of study; the same as the catalogue's."""
    return {level: list(ops) for level, ops in outline().items()}


def level_of(op: str, levels: dict[str, list[str]]) -> str:
    """The level that has the operation. Raises KeyError where none has."""
    for level, ops in levels.items():
        if op in ops:
            return level
    raise KeyError(op)


def closest(name: str, names: Iterable[str]) -> str:
    """The names that are most like this one, for a message: `a, b or c`."""
    names = list(names)
    folded = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower(), folded, _CLOSEST, 0.5)
    found = [folded[match] for match in found] or names[:_CLOSEST]
    return " or ".join(filter(None, (", ".join(found[:-1]), found[-1])))
