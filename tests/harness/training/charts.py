"""Curves as text: filled areas of block characters, two of them side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tests.harness.display.screen import Piece

ROWS = 6
_BLOCKS, _ASCII = " ▁▂▃▄▅▆▇█", " ....####"
_LABEL, _GAP = 6, 3  # columns beside a curve, and between two


@dataclass(frozen=True)
class Chart:
    """Values from 0 to `most`, from the first on; `columns` is how many there will be. `labels`: those of most and 0."""

    title: str
    values: Sequence[float]
    columns: int
    most: float
    labels: tuple[str, str]
    markup: str

    def lines(self, blocks: str) -> list[list[Piece]]:
        """The title, and the curve in rows, all of one width."""
        heights = [_height(value, self.most) for value in self.values]
        rows = [[(f"{'':{_LABEL}} {self.title:<{self.columns}}", {})]]
        for row in range(ROWS):
            label = self.labels[0] if row == 0 else self.labels[1] if row == ROWS - 1 else ""
            below = 8 * (ROWS - 1 - row)
            drawn = "".join(blocks[max(0, min(8, height - below))] for height in heights)
            rows.append([(f"{label:>{_LABEL}} ", {"light": True}), (f"{drawn:<{self.columns}}", {self.markup: True})])
        return rows


def beside(left: Chart, right: Chart, encoding: str) -> list[list[Piece]]:
    """Two charts in lines, in characters that the encoding has."""
    blocks = blocks_of(encoding)
    pairs = zip(left.lines(blocks), right.lines(blocks), strict=True)
    return [[*one, (" " * _GAP, {}), *other] for one, other in pairs]


def blocks_of(encoding: str) -> str:
    """Nine characters, from empty to full."""
    try:
        _BLOCKS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _ASCII
    return _BLOCKS


def label(value: float) -> str:
    """A number in as many columns as there are beside a curve."""
    texts = [f"{value:.{digits}g}" for digits in (3, 2, 1)]
    return next((text for text in texts if len(text) <= _LABEL), texts[-1])


def _height(value: float, most: float) -> int:
    """In eighths of a row: at least one, so that what is there is seen; of what is no number none."""
    if math.isnan(value):
        return 0
    share = min(1.0, max(0.0, value / most)) if most > 0 and math.isfinite(most) else 1.0
    return max(1, round(8 * ROWS * share))
