"""Heat maps of yours, torch's and the difference: the cells that a template draws."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.harness.display.arrays import Window, number, shape, slice_label, windows

SIDE = 12  # rows and columns of a heat map
CELL_WIDTH, CELL_HEIGHT, MARGIN, ABOVE, GAP = 44, 26, 28, 18, 24  # pixels; the template draws cells of this size


def maps(yours: NDArray | None, torch: NDArray | None, *, name: str, expected: str, cells: int) -> dict | None:
    """Heat maps of yours, torch's and the difference: one colour scale for the two, another for the third."""
    if yours is None or torch is None or max(yours.size, torch.size) < 2:
        return None
    grids = {"yours": np.atleast_2d(yours).astype(float), expected: np.atleast_2d(torch).astype(float)}
    shapes = {"yours": shape(yours), expected: shape(torch)}
    badness, both = None, list(grids.values())
    if yours.shape == torch.shape:
        grids["difference"] = difference = _difference(*both)
        shapes["difference"] = shape(yours)
        badness = np.where(np.isfinite(difference), abs(difference), np.inf)
    panels, note = [], ""
    for title, grid in grids.items():
        kind = "difference" if title == "difference" else "value"
        largest = _largest([grid] if kind == "difference" else both)
        shown, cut = windows(grid, SIDE, cells, badness)
        note = note or cut
        flat = (yours if title != expected else torch).ndim < 2
        panels.append(
            {"title": title, "shape": shapes[title], "kind": kind, "largest": number(largest, 3), "says": _says(grid)}
            | _drawn(grid, shown, largest, name or "", flat)
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


def _drawn(grid: NDArray, shown: list[Window], largest: float, name: str, flat: bool) -> dict:
    """The cells of a heat map, its slices one below the other, with their indices beside and above."""
    cells, labels, top, width = [], [], 0, 0
    for at, rows, columns in shown:
        if at:
            labels.append((0, top + 12, "slice", slice_label(at)))
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
