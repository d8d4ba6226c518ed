"""A training as it is seen: on a terminal one picture that is drawn anew, elsewhere a line for each measure."""

from __future__ import annotations

import math
import os
import time
from typing import Protocol, TextIO

from tests.harness.display.screen import Piece
from tests.harness.training.charts import ROWS, Chart, beside, label
from tests.harness.training.loop import Course

COLUMNS, HEIGHT = 79, ROWS + 3  # of the picture
_OFTEN = 0.1  # seconds between two pictures


class Writer(Protocol):
    """As much of pytest's terminal writer as this needs."""

    def write(self, text: str, **markup: bool) -> None: ...

    def line(self, text: str = "") -> None: ...

    def flush(self) -> None: ...


def picture(course: Course, encoding: str, seconds: float | None = None) -> list[list[Piece]]:
    """Where the training is, and its two curves; with `seconds`, how long it has taken."""
    marks, steps = course.marks, course.training.steps
    columns = 1 + -(-steps // course.training.every)
    losses = [mark.loss for mark in marks]
    most = max((loss for loss in losses if math.isfinite(loss)), default=1.0)
    right = Chart(
        course.training.counted, [mark.measure.right for mark in marks], columns, 1.0, ("100 %", "0 %"), "green"
    )
    left = Chart("loss", losses, columns, most, (label(most), "0"), "cyan")
    head: list[Piece] = [(f"step {course.step:{len(str(steps))}} of {steps}   {_said(course)}", {"bold": True})]
    if seconds is not None:
        head.append((f"   {seconds:.0f} s", {"light": True}))
    return [head, [], *beside(left, right, encoding)]


class Drawn:
    """Shows a course on this stream. `live`: it is a terminal, as `is_live` says."""

    def __init__(self, stream: TextIO, writer: Writer, *, live: bool):
        self._stream, self._writer, self._live = stream, writer, live
        self._began = self._last = time.monotonic()
        self._lines = 0  # of the picture that is there
        self._told = 0  # measures

    def show(self, course: Course) -> None:
        """After a step: what is new."""
        if self._live and not is_live(self._stream):  # it has been made too small for it
            self._live, self._lines, self._told = False, 0, len(course.marks)
        if not self._live:
            self._tell(course)
        elif time.monotonic() - self._last > _OFTEN:
            self._draw(course)

    def finish(self, course: Course) -> None:
        """After the last step: the whole picture."""
        if self._live:
            self._draw(course)
        else:
            self._tell(course)
            self._writer.line()
            self._write(picture(course, self._encoding))
        self._writer.line()

    @property
    def _encoding(self) -> str:
        return self._stream.encoding or "ascii"

    def _tell(self, course: Course) -> None:
        width = len(str(course.training.steps))
        for mark in course.marks[self._told :]:
            said = _figures(mark.loss, mark.measure.right, course.training.counted)
            self._writer.line(f"step {mark.step:{width}} of {course.training.steps}   {said}")
        self._told = len(course.marks)
        self._writer.flush()

    def _draw(self, course: Course) -> None:
        self._last = time.monotonic()
        lines = picture(course, self._encoding, self._last - self._began)
        self._stream.write(f"\r\x1b[{self._lines}A\x1b[J" if self._lines else "\r\x1b[J")
        self._write(lines)
        self._lines = len(lines)

    def _write(self, lines: list[list[Piece]]) -> None:
        for line in lines:
            for n, (text, markup) in enumerate(line, 1):
                self._writer.write(text.rstrip() if n == len(line) else text, **markup)
            self._writer.line()
        self._writer.flush()


def is_live(stream: TextIO) -> bool:
    """Whether a picture can be drawn anew there."""
    if not stream.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return False
    return size.columns > COLUMNS and size.lines > HEIGHT


def _said(course: Course) -> str:
    right = course.marks[-1].measure.right if course.marks else math.nan
    return _figures(course.loss, right, course.training.counted)


def _figures(loss: float, right: float, counted: str) -> str:
    return f"loss {loss:<8.3g} {counted} {'' if math.isnan(right) else f'{100 * right:.1f} %'}"
