"""How long a candidate waits, as shares of the import floor, which is measured beside it: `python -m tests.meta.bench`.

The floor is a fresh interpreter that imports torch, NumPy, pytest and hypothesis. Each figure is taken in turn with it, so
that a machine that is slow for a while is slow for both; what is printed is the median of the ratios and their spread. Of a
run that ends by itself the ratios of the time that it computes are printed too: these hardly change with the load.

With `--grades`, how long an interviewer waits for a right submission of all operations; with `--season K`, what each of so many
further ones takes of one core.

With `--dropped SEEDS`, no times, but how many examples each row drops in each property, for the solutions and alternatives;
with `--survivors SEEDS`, how many wrong implementations would pass each property with fewer examples.
"""

import argparse
import os
import pty
import re
import resource
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.harness.judgement.files import folder as answers
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.submissions import resolve
from tests.meta.terminals import copy

_FLOOR = "import torch, numpy, pytest, hypothesis.extra.numpy"
_LEVEL = "feedforward"
_EDITS = (  # what is measured, whether with the network, a text of the solved level, and two in its place, saved in turn
    ("an operation holds", False, "return x @ w + b, grad", "return +x @ w + b, grad", "return x @ w + +b, grad"),
    (
        "an operation fails as before",
        False,
        "np.full_like(x, gy)",
        "np.full_like(x, 2 * gy)",
        "np.full_like(x, gy * 2)",
    ),
    (
        "all of the level holds",
        True,
        "import numpy as np",
        "import numpy as np\nprint()",
        "import numpy as np\nprint(1)",
    ),
)
_SEEN = re.compile(rb"graded in \d")


class Spent(NamedTuple):
    """Seconds that a command took, and that it computed, as far as its children tell."""

    wall: float
    computing: float


def spent(*command: str, cwd: Path | None = None, status: int = 0) -> Spent:
    """What a command of Python's takes. `status`: the one that it must end with."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *command], cwd=cwd, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == status, command
    return Spent(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def floor() -> Spent:
    """What it takes to import what a run without anything kept imports."""
    return spent("-c", _FLOOR)


def cold(folder: Path, *arguments: str, kept: bool = True, solved: bool = True) -> Spent:
    """`pytest --impl=kata`, with the level solved or everything TODO. `kept`: whether torch's answers are."""
    if solved:
        _solve(folder)
    if not kept:
        shutil.rmtree(answers(), ignore_errors=True)
    return spent("-m", "pytest", "-q", "--impl=kata", *arguments, cwd=folder, status=0 if solved else 1)


def graded(impl: str, *arguments: str) -> Spent:
    """A run in which everything holds, on one process."""
    command = ["-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", f"--impl={impl}", *arguments]
    return spent(*command, cwd=Path(__file__).parents[2])


def further(most: int) -> None:
    """Print what each of so many right submissions takes of one core, beyond the first."""
    with tempfile.TemporaryDirectory() as temporary, _one_core():
        inbox = Path(temporary)
        took = []
        for size in (1, 1 + most):
            for number in range(size):
                shutil.copytree("solutions", inbox / f"{number:03}", dirs_exist_ok=True)
            took.append((floor(), graded(f"{inbox}/*", "--hidden", "--seed=0"), floor()))
        (before, one, _), (_, all_of_them, after) = took
        waited, computed = (
            (getattr(all_of_them, of) - getattr(one, of)) / most / ((getattr(before, of) + getattr(after, of)) / 2)
            for of in Spent._fields
        )
        print(
            f"hidden, each of {most} further submissions on one core: {waited:.2f} of the floor; computed {computed:.2f}"
        )


@contextmanager
def watching(folder: Path, *, network: bool) -> Iterator[Callable[[str, str], float]]:
    """Watch in a terminal; gives a function that makes an edit and returns the seconds from its save to the verdict.

    `network`: with the level's last operation, which uses all the others.
    """
    _solve(folder, network=network)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, "-m", "pytest", "--impl=kata", "--watch", "-m", _LEVEL])
    _until(terminal)
    module = folder / "kata" / f"{_LEVEL}.py"

    def edit(before: str, after: str) -> float:
        source = module.read_text()
        assert before in source
        time.sleep(0.4)  # whatever explains the last verdict has come to an end
        _drain(terminal)
        started = time.perf_counter()
        module.write_text(source.replace(before, after))
        _until(terminal)
        return time.perf_counter() - started

    try:
        yield edit
    finally:
        os.write(terminal, b"q")
        _drain(terminal)
        os.waitpid(pid, 0)
        os.close(terminal)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="of each figure (default: 7)")
    parser.add_argument(
        "--dropped", type=int, metavar="SEEDS", help="count dropped examples instead, for so many seeds"
    )
    parser.add_argument(
        "--survivors",
        type=int,
        metavar="SEEDS",
        help="count what passes with fewer examples instead, for so many seeds",
    )
    parser.add_argument("--grades", action="store_true", help="measure the grading of a whole submission instead")
    parser.add_argument("--season", type=int, metavar="K", help="measure each of K further hidden submissions instead")
    options = parser.parse_args()
    if options.dropped:
        _count_dropped(range(options.dropped))
        return
    if options.survivors:
        from tests.meta import survivors

        for line in survivors.table(range(options.survivors)):
            print(line, flush=True)
        return
    if options.season:
        further(options.season)
        return
    if options.grades:
        floor()
        _report(
            "all operations in public, --impl=solutions",
            options.runs,
            lambda _: graded("solutions", "tests/test_ops.py"),
        )
        _report(
            "the same in the sandbox, --impl=PATH", options.runs, lambda _: graded("./solutions", "tests/test_ops.py")
        )
        _report("a hidden grade in the sandbox", options.runs, lambda _: graded("./solutions", "--hidden"))
        return
    runs = options.runs
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["KATA_DATA"] = str(Path(temporary) / "data")  # nobody practises here
        folder = Path(temporary) / "project"
        copy(folder)
        floor()  # the files are read once
        floors = [floor() for _ in range(3)]
        print(f"import floor: {statistics.median(f.wall for f in floors):.2f} s")
        _report("everything TODO", runs, lambda _: cold(folder, solved=False))
        _report("solved level, nothing kept", runs, lambda _: cold(folder, "-m", _LEVEL, kept=False))
        _report("solved level, again", runs, lambda _: cold(folder, "-m", _LEVEL))
        _report("one operation, again", runs, lambda _: cold(folder, "-k", names_by_level()[_LEVEL][0]))
        for what, network, text, one, other in _EDITS:
            with watching(folder, network=network) as edit:
                edit(text, one)
                _report(
                    f"save to verdict, {what}", runs, lambda n, pair=(one, other): edit(*pair[:: -1 if n % 2 else 1])
                )


def _count_dropped(seeds: range) -> None:
    # They are imported here, because they take long: the floor is measured above.
    from tests.harness.submissions.here import Here
    from tests.meta.dropped import dropped, table
    from tests.meta.test_mutants import OPERATIONS, PUBLIC, RIGHT

    right = [(row.op, Here(row.name, row.lookup)) for row in RIGHT if not row.slow]
    right += [(op, resolve("solutions", Path(__file__).parents[2], names_by_level)) for op in OPERATIONS]
    counts: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for name, implementation in right:
        for prop in (test.property for test in PUBLIC):
            for seed in seeds:
                counts[name, prop.name] += dropped(prop, OPERATIONS[name], implementation, seed)
    print(*table(counts), sep="\n")


def _report(what: str, runs: int, measure: Callable[[int], Spent | float]) -> None:
    ratios, seconds, computing = [], [], []
    for number in range(runs):
        took, beside = measure(number), floor()
        seconds.append(took.wall if isinstance(took, Spent) else took)
        ratios.append(seconds[-1] / beside.wall)
        computing += [took.computing / beside.computing] if isinstance(took, Spent) else []
    print(
        f"{what}: {_spread(ratios)} of the floor, {statistics.median(seconds):.3f} s"
        + (f"; of what it computes, {_spread(computing)}" if computing else ""),
        flush=True,
    )


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"


@contextmanager
def _one_core() -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _solve(folder: Path, *, network: bool = True) -> None:
    solved = (folder / "solutions" / f"{_LEVEL}.py").read_text()
    last = f"def {names_by_level()[_LEVEL][-1]}("
    (folder / "kata" / f"{_LEVEL}.py").write_text(solved if network else solved.partition(last)[0])


def _until(terminal: int) -> None:
    seen, end = b"", time.monotonic() + 60
    while not _SEEN.search(seen):
        assert time.monotonic() < end, seen
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 1 << 16)


def _drain(terminal: int) -> None:
    while select.select([terminal], [], [], 0.1)[0]:
        try:
            if not os.read(terminal, 1 << 16):
                return
        except OSError:
            return


if __name__ == "__main__":
    main()
