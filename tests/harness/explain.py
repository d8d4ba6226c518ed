"""A failure on one screen: the smallest counterexample, yours and torch's, and the worst entry in the rules' notation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.harness.oracle import output_shape

if TYPE_CHECKING:
    from tests.harness.judge import Wrong
    from tests.harness.properties import Verdict

WIDTH = 78
_LINES = 12  # of one array


def screen(verdict: Verdict) -> str:
    """The whole message of a verdict that is not a pass."""
    wrong = verdict.wrong
    if wrong is None or verdict.echo:
        return f"{verdict.why}{' (see above)' if verdict.echo else ''}\n"
    lines = [verdict.why]
    if wrong.crash:
        lines += ["", "Your code, innermost call last:"]
        for file, line, function, source in wrong.crash.frames:
            lines += [f"  {_short(file)}, line {line}, in {function}", f"    {source}"]
    op, example = verdict.trial.op, verdict.trial.example
    float32 = " (float32)" if example.dtype == np.float32 else ""
    lines += ["", f"The smallest example that shows it{float32}:"]
    lines += _arrays(dict(zip(op.inputs, example.inputs, strict=True)) | {"gy": example.gy})
    if wrong.yours is not None:
        expected = "before" if verdict.property == "pure" else "torch"
        lines += ["", f"{wrong.name}:", *_arrays({"yours": wrong.yours, expected: wrong.torch})]
    if wrong.entry is not None:
        lines += ["", f"Worst entry: {_entry(verdict)}"]
    return "\n".join(lines) + "\n"


def _entry(verdict: Verdict) -> str:
    """`gx[0,1] = sum_ij gy[i,j] J_x[i,j | 0,1] = 2, yours is 1`"""
    wrong: Wrong = verdict.wrong
    at = ",".join(map(str, wrong.entry))
    values = f"{wrong.torch[wrong.entry]:.6g}, yours is {float(wrong.yours[wrong.entry]):.6g}"
    if wrong.name == "y":
        return f"y[{at}] = {values}" if at else f"y = {values}"
    letters = "ijklmnop"[: len(output_shape(verdict.trial.op, verdict.trial.example.inputs))]
    inner = ",".join(letters)
    upstream = f"sum_{letters} gy[{inner}]" if letters else "gy"
    return f"{wrong.name}{f'[{at}]' if at else ''} = {upstream} J_{wrong.name[1:]}[{inner} | {at}] = {values}"


def _arrays(values: dict) -> list[str]:
    """`name = value   shape`, the names aligned; a long array is cut."""
    width, lines = max(map(len, values)), []
    for name, value in values.items():
        head = f"  {name:>{width}} = "
        if not isinstance(value, np.ndarray):
            lines.append(f"{head}{value!r}")
            continue
        text = np.array2string(
            value,
            max_line_width=WIDTH - len(head),
            threshold=64,
            formatter={"float_kind": lambda number: f"{number:.6g}"},
            separator=", ",
        )
        first, *rest = text.splitlines()
        block = [f"{head}{first}", *(" " * len(head) + line for line in rest)]
        shape = f"   shape {value.shape}"
        if len(block[-1]) + len(shape) <= WIDTH:
            block[-1] += shape
        lines += block if len(block) <= _LINES else [*block[:_LINES], " " * len(head) + "..."]
    return lines


def _short(file: str) -> str:
    return "/".join(file.replace("\\", "/").split("/")[-2:])
