"""A failure on one screen: how it is wrong, the smallest counterexample, yours and torch's, and the worst entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from tests.harness.diagnosis.entry import terms
from tests.harness.diagnosis.wording import Wording, wording
from tests.harness.judgement.figures import LEAST, apart, digits
from tests.harness.rows.listing import code
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.harness.diagnosis.samples import Sample
    from tests.harness.judgement.judge import Wrong
    from tests.harness.judgement.verdict import Verdict

WIDTH = 78
_LINES = 12  # of one array
_GRID = 8  # rows and columns of a picture
_TERMS = 6  # of a sum that is written out

Piece = tuple[str, dict[str, bool]]
"""Text and its markup: ("FAIL", {"red": True})."""


class Writer(Protocol):
    """As much of pytest's terminal writer as a screen needs."""

    def write(self, text: str, **markup: bool) -> None: ...

    def line(self) -> None: ...


class Screen:
    """Lines of pieces: in colour on a terminal that has it, plain elsewhere. pytest takes it as the message of a failure."""

    def __init__(self, lines: list[list[Piece]]):
        self.lines = lines

    def __str__(self) -> str:
        return "".join("".join(text for text, _ in line) + "\n" for line in self.lines)

    def toterminal(self, tw: Writer) -> None:
        for line in self.lines:
            for text, markup in line:
                tw.write(text, **markup)
            tw.line()


def screen(verdict: Verdict) -> Screen:
    """The whole message of a verdict that is not a pass; its reason alone where the rest cannot be drawn."""
    try:
        return _screen(verdict)
    except Exception as error:
        lost = f"(its example cannot be shown: {printable(repr(error), 200)}; please report this)"
        return Screen([[(verdict.why, {"bold": True})], [(lost, {})], []])


def _screen(verdict: Verdict) -> Screen:
    diagnosis = verdict.diagnosis
    above = " (see above)" if verdict.echo else ""
    lines: list[list[Piece]] = [[(part + above, {"bold": True})] for part in verdict.parts]
    wrong = verdict.wrong
    if wrong is None or verdict.echo:
        return Screen([*lines, []])
    for hint in verdict.hints:
        lines.append([("hint: ", {"cyan": True}), (hint, {})])
    lines += [[(text, {})] for text in _crash(wrong) + _counterexample(verdict)]
    if diagnosis and diagnosis.picture:
        lines += _picture(*diagnosis.picture, wording(verdict.trial.op))
    return Screen([*lines, []])


def _crash(wrong: Wrong) -> list[str]:
    if not wrong.crash or not wrong.crash.frames:
        return []
    lines = ["", "Your code, innermost call last:"]
    for file, line, function, source in wrong.crash.frames:
        lines += [f"  {_short(file)}, line {line}, in {function}", f"    {source}"]
    return lines


def _counterexample(verdict: Verdict) -> list[str]:
    op, example, wrong = verdict.trial.op, verdict.trial.example, verdict.wrong
    if op.adapter:
        return _graph(verdict)
    float32 = " (float32)" if example.dtype == np.float32 else ""
    lines = ["", f"The smallest example that shows it{float32}:"]
    upstream = {} if op.values else {op.upstream: example.gy}
    lines += _arrays(dict(zip(op.inputs, example.inputs, strict=True)) | upstream)
    if wrong.yours is not None:
        expected = "before" if verdict.property == "pure" else "torch"
        lines += ["", f"{wrong.name}:", *_arrays({"yours": wrong.yours, expected: wrong.torch})]
    if wrong.entry is not None:
        lines += ["", f"Worst entry: {_entry(verdict)}"]
    return lines


def _graph(verdict: Verdict) -> list[str]:
    """The graph as code that can be pasted, and both answers."""
    example, wrong = verdict.trial.example, verdict.wrong
    lines = ["", "The smallest graph that shows it:", ""]
    lines += [f"    {line}" for line in code(example.inputs, verdict.op, again=verdict.property == "pure")]
    if wrong.yours is not None and verdict.property != "pure":  # where answers of several passes are compared
        name = "y.data" if wrong.name == verdict.trial.op.output else f"{wrong.name[1:]}.grad"
        lines += ["", f"{name}:", *_arrays({"yours": wrong.yours, "torch": wrong.torch})]
    return lines


def _entry(verdict: Verdict) -> str:
    """`gx[0,1] = sum_ij gy[i,j] J_x[i,j | 0,1] = 1*2 + 1*3 = 5, yours is 1`"""
    wrong, example = verdict.wrong, verdict.trial.example
    at = ",".join(map(str, wrong.entry))
    due, yours = (float(a[wrong.entry]) for a in (wrong.torch, wrong.yours))
    values = "{1}, yours is {0}".format(*apart(yours, due))
    op = verdict.trial.op
    if wrong.name == op.output or op.values:
        return f"{wrong.name}{f'[{at}]' if at else ''} = {values}"
    letters = "ijklmnop"[: example.gy.ndim]
    inner = ",".join(letters)
    upstream = f"sum_{letters} {op.upstream}[{inner}]" if letters else op.upstream
    jacobian = f"J_{wrong.name[1:]}" + (f"[{inner} | {at}]" if inner or at else "")
    added = [f"{gy:.5g}*{j:.5g}" for gy, j in terms(verdict.trial, wrong)]
    written = " + ".join(added[:_TERMS]) + (" + ..." if len(added) > _TERMS else "")
    return f"{wrong.name}{f'[{at}]' if at else ''} = {upstream} {jacobian} = {written + ' = ' if added else ''}{values}"


def _picture(sample: Sample, name: str, words: Wording) -> list[list[Piece]]:
    """The array on a larger example, wrong entries marked, beside torch's; nothing where it does not fit on the screen."""
    yours, right, wrong = sample.yours[name], sample.right[name], sample.wrong(name)
    if (
        yours.ndim > 2
        or right.ndim > 2
        or max((*yours.shape, *right.shape), default=1) > _GRID
        or yours.dtype.kind != "f"
    ):
        return []
    if not yours.size:
        return []
    most = digits(yours, right, least=3)
    left = _cells(yours, np.ones(yours.shape, bool) if wrong is None else wrong, most)
    other = _cells(right, np.zeros(right.shape, bool), most)
    width = max(sum(len(text) for text, _ in row) for row in left)
    if width + 4 + max(sum(len(text) for text, _ in row) for row in other) > WIDTH:
        return []
    shapes = (f"yours {yours.shape}", f"torch {right.shape}")
    width = max(width, len(shapes[0]))
    lines: list[list[Piece]] = [[], [(f"{words.outside(name)} on a larger example, wrong entries marked:", {})]]
    lines.append([(f"  {shapes[0]:<{width}}    {shapes[1]}", {"light": True})])
    for row in range(max(len(left), len(other))):
        pieces = left[row] if row < len(left) else []
        padding = width - sum(len(text) for text, _ in pieces)
        lines.append([("  ", {}), *pieces, (" " * (padding + 4), {}), *(other[row] if row < len(other) else [])])
    return lines


def _cells(array: NDArray, marked: NDArray, most: int) -> list[list[Piece]]:
    rows, marks = np.atleast_2d(array), np.atleast_2d(marked)
    return [
        [
            (f"{value:{most + 5}.{most}g}" + ("!" if mark else " "), {"red": True} if mark else {})
            for value, mark in zip(*pair, strict=True)
        ]
        for pair in zip(rows, marks, strict=True)
    ]


def _arrays(values: dict) -> list[str]:
    """`name = value   shape`, the names aligned; a long array is cut."""
    width, lines, most = max(map(len, values)), [], _digits(*values.values())
    for name, value in values.items():
        head = f"  {name:>{width}} = "
        if not isinstance(value, np.ndarray):
            lines.append(f"{head}{value!r}")
            continue
        text = np.array2string(
            value,
            max_line_width=WIDTH - len(head),
            threshold=64,
            formatter={"float_kind": lambda number: f"{number + 0.0:.{most}g}"},
            separator=", ",
        )
        first, *rest = text.splitlines()
        block = [f"{head}{first}", *(" " * len(head) + line for line in rest)]
        shape = f"   shape {value.shape}"
        if len(block[-1]) + len(shape) <= WIDTH:
            block[-1] += shape
        lines += block if len(block) <= _LINES else [*block[:_LINES], " " * len(head) + "..."]
    return lines


def _digits(*values) -> int:
    """Six, or of two arrays as many as it takes for all entries that differ to look different."""
    return digits(*values) if len(values) == 2 and all(isinstance(v, np.ndarray) for v in values) else LEAST


def _short(file: str) -> str:
    return "/".join(file.replace("\\", "/").split("/")[-2:])
