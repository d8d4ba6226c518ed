"""The harness's own score: every rule of rules.py at every place of every solution, and how many of these changes a run catches.

    python -m tests.meta.mutation [--level L] [--op O] [--rule R] [--every N] [--jobs 2] [--fresh]

What no run catches should make no difference, or be within a tenth of what is forgiven (fates.py sees that), or stand in
reviewed.py with the reason why it is no mistake. Anything else survives, and the status is 1. What was found is kept
(ledger.py): Ctrl-C or a kill costs nothing, and the next run goes on. `--fresh` begins anew.
"""

import argparse
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from queue import Empty

from tests.harness.rows.late import torch
from tests.meta.fates import FATES, SURVIVING, Change, Found, chosen, tried_out
from tests.meta.ledger import Ledger
from tests.meta.reviewed import REVIEWED
from tests.specs import LEVELS

MEMORY = 4 << 30  # bytes of data that a process may have: some changes never end, and collect what they do
EVERY = 30.0  # seconds between two lines where there is no terminal
COLUMNS = (*FATES[:4], "reviewed", "survive")


def main(arguments: list[str] | None = None) -> int:
    """Try what was not yet tried, and print what became of all that was chosen; 1 where something survives or a row is stale."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--level", default="", choices=LEVELS, metavar="L")
    parser.add_argument("--op", default="", metavar="O")
    parser.add_argument("--rule", default="", metavar="R", help="a regular expression for a rule's name")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try one in so many")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes")
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    options = parser.parse_args(arguments)
    changes = chosen(options.level, options.op, options.rule, options.every)
    if not changes:
        parser.error("no change is chosen")
    ledgers = {level: Ledger(level) for level in dict.fromkeys(change.level for change in changes)}
    for ledger in ledgers.values() if options.fresh else ():
        ledger.forget()
    kept = {(level, key): found for level, ledger in ledgers.items() for key, found in ledger.read().items()}
    left = [change for change in changes if (change.level, change.key) not in kept]
    try:
        with closing(tried(left, options.jobs)) as found:
            for change, one in shown(found, len(changes), len(changes) - len(left)):
                ledgers[change.level].add(one)
                kept[change.level, one.key] = one
    except KeyboardInterrupt:
        print("stopped; what was found is kept: type the same again to go on", file=sys.stderr)
        return 130
    fates = {change: kept[change.level, change.key] for change in changes}
    return told(fates, whole=not options.rule and options.every == 1)


def tried(changes: Iterable[Change], jobs: int) -> Iterator[tuple[Change, Found]]:
    """What becomes of each change, in any order. A process takes an operation at a time, so that torch is asked once.

    Raises RuntimeError where a process dies.
    """
    groups = [list(group) for _, group in groupby(changes, key=lambda change: change.op)]
    context = get_context("fork")
    found, taken = context.Queue(), context.Value("i", 0)
    processes = [
        context.Process(target=_work, args=(groups, taken, found, os.getpid()), daemon=True)
        for _ in range(min(jobs, len(groups)))
    ]
    try:
        for process in processes:
            process.start()
        for _ in range(sum(map(len, groups))):
            yield _next(found, processes)
    finally:
        for process in processes:
            process.kill()


def shown(found: Iterable[tuple[Change, Found]], of: int, before: int) -> Iterator[tuple[Change, Found]]:
    """The same, with a bar or lines on the error stream; above it what survives, and is not reviewed."""
    survived, began = 0, time.monotonic()
    bar, said = _bar(of, before), began
    for done, (change, one) in enumerate(found, before + 1):
        yield change, one
        if one.fate in SURVIVING and one.line not in REVIEWED:
            survived += 1
            print(line(one), file=sys.stderr, flush=True) if bar is None else bar.write(line(one), file=sys.stderr)
        if bar is not None:
            bar.set_postfix_str(f"{survived} survive", refresh=False)
            bar.update()
        elif time.monotonic() - said > EVERY or done == of:
            said = time.monotonic()
            left = (of - done) * (said - began) / (done - before) / 60
            print(f"{done} of {of}, {survived} survive, {left:.0f} min left", file=sys.stderr, flush=True)
    if bar is not None:
        bar.close()


def told(fates: dict[Change, Found], *, whole: bool) -> int:
    """Print a row for each level, what survives, and which rows of the table are stale; 1 where there is any of these.

    `whole`: all changes of these operations were tried, so that a row of the table without any is stale.
    """
    survivors = [one for one in fates.values() if _column(one) == COLUMNS[-1]]
    ops = {change.op for change in fates}
    reviewed = {one.line for one in fates.values() if _column(one) == "reviewed"}
    stale = [row for row in REVIEWED if row.partition(":")[0] in ops and row not in reviewed] if whole else []
    for one in survivors:
        print(line(one))
    for row in stale:
        print(f"stale: {row!r} is caught, makes no difference or is not tried any more: take it out of reviewed.py")
    counts = Counter((change.level, _column(one)) for change, one in fates.items())
    print(f"{'level':15}", *(f"{column:>9}" for column in ("changes", *COLUMNS)))
    for level in [*dict.fromkeys(change.level for change in fates), "all"]:
        row = [sum(n for (at, to), n in counts.items() if level in (at, "all") and column == to) for column in COLUMNS]
        print(f"{level:15}", *(f"{n:9}" for n in (sum(row), *row)))
    return int(bool(survivors or stale))


def line(one: Found) -> str:
    """`unseen: relu: line 40: np.abs inserted around gx; return gx, grad; why`"""
    statement = one.line.partition(": ")[2]
    return "; ".join(part for part in (f"{one.fate}: {one.name}", statement, one.why) if part)


def _column(one: Found) -> str:
    if one.fate not in SURVIVING:
        return one.fate
    return "reviewed" if one.line in REVIEWED else COLUMNS[-1]


def _work(groups: list[list[Change]], taken: Synchronized, found: Queue, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    while True:
        with taken.get_lock():
            number = taken.value
            taken.value += 1
        if number >= len(groups):
            return
        for change in groups[number]:
            found.put((change, tried_out(change)))
            if os.getppid() != parent:
                return


def _next(found: Queue, processes: list[BaseProcess]) -> tuple[Change, Found]:
    while True:
        try:
            return found.get(timeout=1)
        except Empty:
            if any(process.exitcode for process in processes):
                raise RuntimeError("a process died; what was found is kept: type the same again to go on") from None


def _bar(of: int, before: int):
    """tqdm's bar on a terminal; None elsewhere, and without tqdm."""
    if not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=of, initial=before, unit=" changes", dynamic_ncols=True, smoothing=0.05)


if __name__ == "__main__":
    sys.exit(main())
