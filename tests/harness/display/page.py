"""The verdict as one HTML page, complete in itself: what it shows. page.html.jinja, beside it, says how it looks, and
parts.html.jinja how a failure does, here and in a notebook.

All that comes from a submission is text or numbers here and is escaped there: autoescape is on, and `visible` shows what
would hide or reorder text. jinja2 is imported when a page is asked for, and not before.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.harness.display.scoreboard import by_operation
from tests.harness.judgement.points import FAILED, POINTS, points

CELLS = 9000  # in all heat maps of a page, about: 130 bytes each
SIDE = 12  # rows and columns of a heat map
DETAILED = 400  # failures shown with their arrays, those of the best submissions; the others with their reasons alone
FEWEST = 36  # cells of a heat map, however many there are
TABLE_SIDE, TABLE_CELLS = 8, 64
SLICES = 4  # of an array, at most
CELL_WIDTH, CELL_HEIGHT, MARGIN, ABOVE, GAP = 44, 26, 28, 18, 24  # pixels; the template draws cells of this size
_LEAD, _LONG, _TEXT = 160, 1200, 4000  # characters: of a reason on a folded line, of one that scrolls, of other values

Window = tuple[tuple[int, ...], range, range]
"""A part of an array that is shown: the indices of its slice, its rows and its columns."""


def refuse_without_jinja2() -> None:
    """Raise UsageError if no page could be made at the end of the run."""
    try:
        import jinja2  # noqa: F401
    except ImportError:
        raise pytest.UsageError("--report=FILE.html needs jinja2: pip install jinja2") from None


def render(run: dict, submissions: list[dict]) -> str:
    """The page. `run`: what was run and how; `submissions`: name, score, seconds, trouble, and results as data.

    A result is what `scoreboard.as_data` makes. The best submission comes first. The same input gives the same page.
    """
    best_first = sorted(submissions, key=lambda s: -s["score"])
    failures = sum(_is_failure(r["status"]) for s in submissions for r in s["results"])
    cells = max(FEWEST, CELLS // max(3 * failures, 1))
    shown, detailed = [], 0
    for place, data in enumerate(best_first, 1):
        shown.append(_submission(data, f"s{place}", cells if detailed < DETAILED else 0))
        detailed += len(shown[-1]["failures"])
    return template("page.html.jinja").render(run=run, submissions=shown)


def template(name: str):
    """A template beside this file, which escapes whatever it is given."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    return environment.get_template(name)


def visible(value: object) -> object:
    """Text with its control characters, direction marks and other invisible characters spelled out."""
    if not isinstance(value, str) or value.isprintable() or hasattr(value, "__html__"):
        return value
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in value)


def number(value: float, digits: int = 6) -> str:
    """A number in so many significant digits."""
    return str(value) if isinstance(value, bool | np.bool_) else f"{value:.{digits}g}"


def _is_failure(status: str) -> bool:
    return status in FAILED


def _submission(data: dict, anchor: str, cells: int) -> dict:
    results = data["results"]
    table = by_operation(SimpleNamespace(**r) for r in results)
    ran: dict[str, list[str]] = {op: [] for op in table}
    levels: dict[str, list[str]] = {}
    for result in results:
        ran[result["op"]].append(result["property"])
        levels.setdefault(result["level"], [])
        if result["op"] not in levels[result["level"]]:
            levels[result["level"]].append(result["op"])
    columns = [p for p in POINTS if any(p in properties for properties in ran.values())]
    failures = failures_of(results, anchor, cells)
    anchors = {(f["op"], prop): f["anchor"] for f in failures for prop, _ in f["properties"]}
    rows = {
        op: {
            "op": op,
            "todo": set(statuses.values()) <= {"todo", "skip"} and "todo" in statuses.values(),
            "cells": [(statuses[p] if p in ran[op] else "", anchors.get((op, p), "")) for p in columns],
            "points": points(op, statuses, ran[op]),
            "holds": all(statuses[p] == "pass" for p in ran[op]),
        }
        for op, statuses in table.items()
    }
    statuses = [r["status"] for r in results]
    return {
        "anchor": anchor,
        "name": data["submission"],
        "score": f"{data['score']:g}",
        "seconds": f"{data['seconds']:.1f}",
        "trouble": data["trouble"],
        "columns": columns,
        "levels": [
            {"name": level, "rows": [rows[op] for op in ops], "points": _total(rows[op]["points"] for op in ops)}
            for level, ops in levels.items()
        ],
        "points": _total(row["points"] for row in rows.values()),
        "operations": len(rows),
        "hold": sum(row["holds"] for row in rows.values()),
        "todo": [op for op, row in rows.items() if row["todo"]],
        "counts": {status: statuses.count(status) for status in FAILED if status in statuses},
        "failures": failures,
    }


def _total(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    earned, possible = zip(*pairs, strict=True) if (pairs := list(pairs)) else ((), ())
    return sum(earned), sum(possible)


def failures_of(results: list[dict], anchor: str, cells: int) -> list[dict]:
    """One entry for an operation whose properties fail for the same reason: that of the first."""
    found: dict[tuple[str, str], dict] = {}
    for result in results:
        if not _is_failure(result["status"]):
            continue
        key = (result["op"], result["why"])
        if key not in found:
            found[key] = _shown(result, cells) | {"anchor": f"{anchor}f{len(found) + 1}", "properties": []}
        found[key]["properties"].append((result["property"], result["status"]))
    return list(found.values())


def _shown(result: dict, cells: int) -> dict:
    """What is shown of a failure; its reason alone where the rest cannot be drawn."""
    try:
        return _failure(result, cells)
    except Exception as error:
        lost = f" (its example cannot be drawn: {error!r}; please report this)"
        return _reason(result | {"why": result["why"] + lost})


def _reason(result: dict) -> dict:
    return {
        "op": result["op"],
        "why": result["why"],
        "lead": next(iter(result["why"].splitlines()), "")[:_LEAD],
        "long": len(result["why"]) > _LONG,
        "hint": result["hint"],
        "example": [],
        "answers": [],
        "maps": None,
        "brief": bool(result["example"]),
    }


def _failure(result: dict, cells: int) -> dict:
    """What is shown of a failure: its reason, and with any `cells` for its heat maps also its arrays."""
    if not cells:
        return _reason(result)
    yours, torch = array(result["yours"]), array(result["torch"])
    digits = 6
    if yours is not None and torch is not None and yours.shape == torch.shape:
        alike = [number(a) == number(b) for a, b in zip(yours.flat, torch.flat, strict=True)]
        digits = 12 if all(alike) else 6
    expected = "before" if result["property"] == "pure" else "torch"
    answers = {"yours": result["yours"], expected: result["torch"]} if result["yours"] is not None else {}
    picture = result.get("picture")
    pair = (array(picture["yours"]), array(picture["torch"])) if picture else (yours, torch)
    return _reason(result) | {
        "brief": False,
        "example": [_table(name, value) for name, value in result["example"].items()],
        "answers": [_table(name, value, digits) for name, value in answers.items()],
        "maps": _maps(*pair, name=picture["name"] if picture else "", expected=expected, cells=cells),
    }


def array(value: object) -> NDArray | None:
    """Nested lists as an array of numbers, of a large one its corner; None where they are not that."""
    if isinstance(value, dict):
        value = value.get("corner")
    try:
        found = np.array(value)
        if found.dtype.kind == "U":  # NaN and the infinities come as strings
            found = found.astype(float)
    except (ValueError, TypeError):
        return None
    return found if found.dtype.kind in "biuf" else None


def _table(name: str, value: object, digits: int = 6) -> dict:
    """An array as slices of rows of text; or as text, where it is none."""
    found = array(value)
    if found is None:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        return {"name": name, "shape": "", "slices": [], "text": text[:_TEXT], "note": ""}
    grid = np.atleast_2d(found)
    windows, note = _windows(grid, TABLE_SIDE, TABLE_CELLS)
    return {
        "name": name,
        "shape": str(tuple(value["shape"])) if isinstance(value, dict) else _shape(found),
        "text": "" if found.size else "empty",
        "note": "the corner of a large array" if isinstance(value, dict) else note,
        "slices": [
            {
                "label": _slice(at),
                "columns": columns if grid.shape[-1] > 1 else (),
                "rows": [
                    (
                        i if found.ndim > 1 and grid.shape[-2] > 1 else "",
                        [number(grid[(*at, i, j)], digits) for j in columns],
                    )
                    for i in rows
                ],
            }
            for at, rows, columns in windows
        ],
    }


def _shape(found: NDArray) -> str:
    """The shape as Python writes it; nothing for a plain integer or boolean, such as an axis."""
    return str(found.shape) if found.ndim or found.dtype.kind == "f" else ""


def _slice(at: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, at))}, :, :]" if at else ""


def _windows(grid: NDArray, side: int, cells: int, badness: NDArray | None = None) -> tuple[list[Window], str]:
    """The parts of an array that are shown, around the worst entry of each slice; and a note on what is left out."""
    *lead, height, width = grid.shape
    if not grid.size:
        return [], ""
    h, w = min(height, side), min(width, side)
    if h * w > cells:
        h, w = min(h, math.isqrt(cells)), min(w, math.isqrt(cells))
    most = min(SLICES, max(1, cells // (h * w)))
    slices = (
        np.ndindex(*lead) if badness is None else iter(sorted(np.ndindex(*lead), key=lambda at: -badness[at].max()))
    )
    windows = []
    for at in sorted(islice(slices, most)):
        row, column = (0, 0) if badness is None else np.unravel_index(badness[at].argmax(), (height, width))
        top, left = min(max(int(row) - h // 2, 0), height - h), min(max(int(column) - w // 2, 0), width - w)
        windows.append((at, range(top, top + h), range(left, left + w)))
    cut = []
    if (h, w) != (height, width):
        cut.append(f"{h} x {w} of {height} x {width} entries")
    if len(windows) < math.prod(lead):
        cut.append(f"{len(windows)} of {math.prod(lead)} slices")
    worst = ", around the largest difference" if badness is not None else ""
    return windows, f"shown: {' in '.join(cut)}{worst}" if cut else ""


def _maps(yours: NDArray | None, torch: NDArray | None, *, name: str, expected: str, cells: int) -> dict | None:
    """Heat maps of yours, torch's and the difference: one colour scale for the two, another for the third."""
    if yours is None or torch is None or max(yours.size, torch.size) < 2:
        return None
    grids = {"yours": np.atleast_2d(yours).astype(float), expected: np.atleast_2d(torch).astype(float)}
    shapes = {"yours": _shape(yours), expected: _shape(torch)}
    badness, both = None, list(grids.values())
    if yours.shape == torch.shape:
        grids["difference"] = difference = _difference(*both)
        shapes["difference"] = _shape(yours)
        badness = np.where(np.isfinite(difference), abs(difference), np.inf)
    panels, note = [], ""
    for title, grid in grids.items():
        kind = "difference" if title == "difference" else "value"
        largest = _largest([grid] if kind == "difference" else both)
        windows, cut = _windows(grid, SIDE, cells, badness)
        note = note or cut
        flat = (yours if title != expected else torch).ndim < 2
        panels.append(
            {"title": title, "shape": shapes[title], "kind": kind, "largest": number(largest, 3), "says": _says(grid)}
            | _drawn(grid, windows, largest, name or "", flat)
        )
    return {"name": name, "panels": panels, "note": note}


def _difference(yours: NDArray, torch: NDArray) -> NDArray:
    with np.errstate(invalid="ignore", over="ignore"):
        alike = (yours == torch) | (np.isnan(yours) & np.isnan(torch))
        return np.where(alike, 0.0, yours - torch)


def _largest(grids: list[NDArray]) -> float:
    return max((float(abs(g[np.isfinite(g)]).max(initial=0)) for g in grids), default=0.0)


def _says(grid: NDArray) -> str:
    """What a heat map shows, for those who cannot see it."""
    finite = grid[np.isfinite(grid)]
    parts = [f"from {number(finite.min())} to {number(finite.max())}"] if finite.size else []
    parts += [f"{odd} NaN or infinite"] if (odd := grid.size - finite.size) else []
    return ", ".join(parts) or "empty"


def _drawn(grid: NDArray, windows: list[Window], largest: float, name: str, flat: bool) -> dict:
    """The cells of a heat map, its slices one below the other, with their indices beside and above."""
    cells, labels, top, width = [], [], 0, 0
    for at, rows, columns in windows:
        if at:
            labels.append((0, top + 12, "slice", _slice(at)))
            top += ABOVE
        labels += [(MARGIN + n * CELL_WIDTH + CELL_WIDTH // 2, top + 12, "column", j) for n, j in enumerate(columns)]
        top += ABOVE
        for i in rows:
            if not flat:
                labels.append((MARGIN - 6, top + 17, "row", i))
            cells += _row(grid, at, i, columns, top, largest, name, flat)
            top += CELL_HEIGHT
        top += GAP // 2
        width = max(width, MARGIN + len(columns) * CELL_WIDTH)
    return {"cells": cells, "labels": labels, "width": width + 1, "height": top}


def _row(
    grid: NDArray, at: tuple[int, ...], i: int, columns: range, top: int, largest: float, name: str, flat: bool
) -> Iterator[dict]:
    for n, j in enumerate(columns):
        value = float(grid[(*at, i, j)])
        index = (j,) if flat else (*at, i, j)
        yield {
            "x": MARGIN + n * CELL_WIDTH,
            "y": top,
            "finite": math.isfinite(value),
            "sign": "n" if value < 0 else "p",
            "strength": f"{abs(value) / largest:.2g}" if largest and math.isfinite(value) else "0",
            "text": _brief(value),
            "title": f"{name}[{','.join(map(str, index))}] = {number(value)}",
        }


def _brief(value: float) -> str:
    """The number in six characters."""
    for digits in (3, 2, 1):
        text = number(value, digits).replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
        if len(text) <= 6:
            break
    return text
