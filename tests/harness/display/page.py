"""The verdict as one HTML page, complete in itself: what it shows. page.html.jinja says how it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.harness.display.about import About
from tests.harness.display.failures import failures_of
from tests.harness.display.markup import template
from tests.harness.display.result import Outcome, by_level, by_operation, counted, said, total
from tests.harness.judgement.points import FAILED, POINTS

CELLS = 9000  # in all heat maps of a page, about: 130 bytes each
FEWEST = 36  # cells of a heat map, however many there are
DETAILED = 400  # failures shown with their arrays, those of the best submissions; the others with their reasons alone


def render(about: About, outcomes: Sequence[Outcome], season: Mapping | None = None) -> str:
    """The page. The best submission comes first. The same input gives the same page.

    `season`: what stands above many submissions, as season.html.jinja shows it.
    """
    best_first = sorted(outcomes, key=lambda outcome: -outcome.score)
    failures = sum(r.failed for outcome in outcomes for r in outcome.results)
    cells = max(FEWEST, CELLS // max(3 * failures, 1))
    shown, detailed = [], 0
    for place, outcome in enumerate(best_first, 1):
        shown.append(_submission(outcome, f"s{place}", cells if detailed < DETAILED else 0))
        detailed += len(shown[-1]["failures"])
    return template("page.html.jinja").render(run=about, submissions=shown, season=season)


def _submission(outcome: Outcome, anchor: str, cells: int) -> dict:
    results = outcome.results
    table = by_operation(results)
    ran: dict[str, list[str]] = {op: [] for op in table}
    for result in results:
        ran[result.op].append(result.property)
    columns = [p for p in POINTS if any(p in properties for properties in ran.values())]
    failures = failures_of(results, anchor, cells)
    anchors = {(f["op"], prop): f["anchor"] for f in failures for prop, _ in f["properties"]}
    earned = counted(results)
    left = {result.op for result in results if not result.holds}
    rows = {
        op: {
            "op": op,
            "todo": set(statuses.values()) <= {"todo", "skip"} and "todo" in statuses.values(),
            "cells": [(statuses[p] if p in ran[op] else "", anchors.get((op, p), "")) for p in columns],
            "points": _shown(earned[op]),
            "holds": op not in left,
        }
        for op, statuses in table.items()
    }
    statuses = [r.status for r in results]
    return {
        "anchor": anchor,
        "name": outcome.submission,
        "score": f"{outcome.score:g}",
        "seconds": f"{outcome.seconds:.1f}",
        "trouble": outcome.said,
        "notes": [*([f"planted mistakes: {said(outcome.bugs)}"] if outcome.bugs else []), *outcome.notes],
        "columns": columns,
        "levels": [
            {"name": level, "rows": [rows[op] for op in ops], "points": _shown(total(earned[op] for op in ops))}
            for level, ops in by_level(results).items()
        ],
        "points": _shown(total(earned.values())),
        "operations": len(rows),
        "hold": sum(row["holds"] for row in rows.values()),
        "todo": [op for op, row in rows.items() if row["todo"]],
        "counts": {status: statuses.count(status) for status in FAILED if status in statuses},
        "failures": failures,
    }


def _shown(pair: tuple[float, int]) -> tuple[str, int]:
    return f"{pair[0]:g}", pair[1]
