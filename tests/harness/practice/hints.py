"""The hints of an operation: a question, a nudge, the derivation's key line, and then the place of the solution.

They stand in the solution's docstring, numbered, under `Hints:`. They are read from its source, which is not imported.
How many were given is counted in a ledger, which is not here.
"""

import ast
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.harness.rows.names import level_of, names_by_level

KINDS = ("a question", "a nudge", "the key line of the derivation")
LAST = len(KINDS) + 1  # the level after the hints: it says which file has the solution
_WIDTH = 78
_FORMULAS = re.compile(r"(?<=,) (?=\w+(?:\[[^]]*\])? = )")  # between two formulas: each has a line of its own
_NUMBERED = re.compile(r"\d+\. +(.*)")


@dataclass(frozen=True)
class Hint:
    """What is said: its first line tells what it is. `level`: 1 to 3, LAST for the solution's place, 0 where there is none."""

    level: int
    lines: tuple[str, ...]


class Ledger(Protocol):
    """Where hints are counted. No method raises; `notices` are lines that must be shown, of what cannot be kept."""

    notices: list[str]

    def hints_taken(self, op: str) -> int:
        """The highest level that was given since the round of this operation began."""

    def note_hint(self, op: str, level: int) -> None:
        """A hint of this level was given."""

    def notes(self, op: str) -> list[str]:
        """What the user noted for this operation, as lines to show."""


def hint_lines(op: str, project: Path, ledger: Callable[[], Ledger], again: str = "") -> list[str]:
    """The next hint for the operation, line by line, and the user's notes. It is noted in the ledger, which is opened anew.

    `again`: what gives the next one, a key for instance; the command, unless said. Raises KeyError for an unknown name.
    """
    book = ledger()
    taken = book.hints_taken(op)
    hint = next_hint(op, taken, project)
    if hint.level > taken:
        book.note_hint(op, hint.level)
    lines = [*hint.lines, *book.notes(op), *book.notices]
    if hint.level and ledger().hints_taken(op) < hint.level:
        lines.append("Hints are not counted here: the next one will be the first again.")
    elif 0 < hint.level < LAST:
        lines.append(f"{again or f'next: pytest --hint {op}'}  ({announced(hint.level)})")
    return lines


def next_hint(op: str, taken: int, project: Path) -> Hint:
    """The hint that comes after `taken` of them. Raises KeyError where there is no operation of this name."""
    shown = f"solutions/{level_of(op, names_by_level())}.py"
    if not (project / "solutions").is_dir():
        return Hint(0, (f"{op}: hints are in solutions/, and there is none here, as in a candidate's kit",))
    try:
        definition = _definition(project / shown, op)
    except (OSError, SyntaxError, ValueError) as error:
        return Hint(0, (f"{op}: no hints, for {shown} cannot be read ({error})",))
    found = hints(ast.get_docstring(definition) or "") if definition else ()
    level = min(max(taken, 0) + 1, LAST)
    if definition is None or (level < LAST and len(found) < level):
        return Hint(0, (f"{op}: {shown} has no hint {level} for it",))
    if level == LAST:
        return Hint(LAST, (f"{op}: no hint is left. The solution is in {shown}, line {definition.lineno}",))
    said = [line for part in _FORMULAS.split(found[level - 1]) for line in _wrapped(part)]
    return Hint(level, (f"{op}, hint {level} of {len(KINDS)}: {KINDS[level - 1]}", *said))


def announced(level: int) -> str:
    """What the hint after this one will be."""
    return f"hint {level + 1} of {len(KINDS)}: {KINDS[level]}" if level < len(KINDS) else "the place of the solution"


def hints(docstring: str) -> tuple[str, ...]:
    """The hints of a docstring that `inspect.cleandoc` has cleaned, each in one line."""
    found: list[str] = []
    for line in docstring.partition("\nHints:\n")[2].splitlines():
        numbered = _NUMBERED.fullmatch(line)
        if numbered:
            found.append(numbered[1].strip())
        elif found and line.startswith("   ") and line.strip():
            found[-1] += f" {line.strip()}"
        else:
            break
    return tuple(found)


def _wrapped(text: str) -> list[str]:
    margin = {"initial_indent": "  ", "subsequent_indent": "  "}
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False, **margin)


def _definition(file: Path, op: str) -> ast.FunctionDef | ast.ClassDef | None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return next(
        (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == op), None
    )
