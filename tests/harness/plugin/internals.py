"""What is used of pytest and its plugins beyond their public API, all of it: a new version may need another word here."""

from __future__ import annotations

import sys
from collections.abc import Collection
from contextlib import suppress
from typing import TextIO

import pytest
from _pytest._io import TerminalWriter
from _pytest._io.terminalwriter import should_do_markup
from _pytest.mark.expression import Expression

_COUNTED_AS = {"pass": "passed", "todo": "todo", "skip": "skipped"}  # in pytest's words; all else has failed


def count(terminal: pytest.TerminalReporter, status: str, what: object) -> None:
    """Count one more verdict in the last line of the run: `3 passed, 1 todo`."""
    terminal._add_stats(_COUNTED_AS.get(status, "failed"), [what])


def without_idle_hypothesis(config: pytest.Config) -> None:
    """Let hypothesis's plugin go where hypothesis was not needed: to say that, in its summary, it would import all of it."""
    plugin = config.pluginmanager.get_plugin("hypothesispytest")
    if plugin and "hypothesis" not in sys.modules:
        config.pluginmanager.unregister(plugin)


def past_initialization() -> None:
    """Let hypothesis know that this is no plugin's initialization: without a session it would warn of examples, at length."""
    with suppress(ImportError, AttributeError):
        import _hypothesis_globals

        _hypothesis_globals.in_initialization -= 1


def writer(stream: TextIO, *, colour: bool) -> TerminalWriter:
    """Writes to the stream as pytest writes to its terminal."""
    made = TerminalWriter(stream)
    made.hasmarkup = colour
    return made


def has_colour(stream: TextIO) -> bool:
    """Whether pytest would write in colour to this stream."""
    return should_do_markup(stream)


def chosen_by(expression: str, names: Collection[str], *, part: bool = False) -> bool:
    """Whether an expression of -m chooses what has these names; with `part`, one of -k. Raises UsageError."""

    def has(word: str, /, **_) -> bool:
        return any(word.lower() in name.lower() for name in names) if part else word in names

    try:
        return Expression.compile(expression).evaluate(has)
    except SyntaxError as error:
        raise pytest.UsageError(f"{'-k' if part else '-m'} {expression}: {error.msg}") from None
