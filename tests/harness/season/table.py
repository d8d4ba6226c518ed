"""The season as CSV: a line for each submission, best first, for a spreadsheet, which will take nothing in it for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from tests.harness.display.files import written_whole
from tests.harness.display.markup import visible
from tests.harness.season.entry import Entry, ranked

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")  # what a spreadsheet takes for one, at the beginning
_HEAD = (
    "rank",
    "submission",
    "score",
    "points",
    "possible",
    "held",
    "failed",
    "todo",
    "seconds",
    "first failure",
    "trouble",
)


_BUGS = ("mended", "left", "newly broken")


def write(file: str, entries: Sequence[Entry], plan: Sequence[tuple[str, str]]) -> None:
    """Write the table. Those that the grader had trouble with come last, and have no rank and no score. Raises OSError."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    bugs = _BUGS if any(entry.bugs for entry in entries) else ()
    rows.writerow([*_HEAD, *bugs, *(f"{op} {prop}" for op, prop in plan)])
    for rank, _, entry in ranked(entries):
        found = _found(entry) if bugs else []
        rows.writerow(
            [rank, safe(entry.name), entry.score, *entry.points, *_counts(entry), "", *found, *entry.statuses]
        )
    for entry in entries:
        if entry.trouble:
            rows.writerow(
                [
                    "",
                    safe(entry.name),
                    "",
                    "",
                    "",
                    *_counts(entry),
                    safe(entry.trouble.line),
                    *[""] * len(bugs),
                    *entry.statuses,
                ]
            )
    with written_whole(Path(file)) as stream:
        stream.write(b"\xef\xbb\xbf" + text.getvalue().encode())  # so that spreadsheets read it as UTF-8


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula, on one line."""
    text = visible(text.replace("\n", " ").replace("\t", " "))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text


def _found(entry: Entry) -> list[object]:
    """What became of planted mistakes."""
    return [entry.bugs["mended"], entry.bugs["left"], len(entry.bugs["broken"])] if entry.bugs else [""] * len(_BUGS)


def _counts(entry: Entry) -> list[object]:
    row = entry.row
    first = safe(row.reasons[0]) if row.reasons else ""
    return [row.counts.get("pass", 0), row.failed, row.counts.get("todo", 0), round(row.seconds, 3), first]
