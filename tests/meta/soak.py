"""Look for what shows only after a long time: false alarms of right implementations, and what watching leaves behind.

    python -m tests.meta.soak --seeds 20          hidden properties but fast, for solutions and alternatives; --level L: of one level
    python -m tests.meta.soak --fast 20           fast, for solutions and all alternatives, slow ones too, for so many seeds
    python -m tests.meta.soak --saves 10000       watch so many saves; memory, descriptors and processes of it
    python -m tests.meta.soak --answers 10000     grade odd answers until there are so many verdicts; what should not be
    python -m tests.meta.soak --parcels 10000     read so many submissions that were spoilt at random; what is said of them
    python -m tests.meta.soak --loads 20          grade 30 submissions alone and beside so many busy loops; what differs

Ends with status 1 at an alarm, also where the last thousand saves cost more than the ones before.
"""

import argparse
import os
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.harness.judgement.examiner import Examiner
from tests.harness.rows.catalogue import operations
from tests.harness.rows.memory import Memory
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.here import Here
from tests.harness.submissions.submissions import resolve
from tests.meta import loads, mutated_parcels
from tests.meta.odd_answers import looked_at
from tests.meta.terminals import Terminal
from tests.meta.test_mutants import ALONE, OPERATIONS, PROPERTIES, RIGHT, SLOW
from tests.specs import LEVELS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--level", nargs="+", default=LEVELS, choices=LEVELS, help="for --seeds and --fast")
    parser.add_argument("--fast", type=int, default=0)
    parser.add_argument("--saves", type=int, default=0)
    parser.add_argument("--parcels", type=int, default=0)
    parser.add_argument("--answers", type=int, default=0)
    parser.add_argument("--loads", type=int, default=0)
    parser.add_argument("--submissions", type=int, default=30)
    options = parser.parse_args()
    if options.loads:
        return loads.compare(options.loads, options.submissions)
    if options.answers:
        return answer(options.answers, options.first)
    if options.parcels:
        return spoil(range(options.first, options.first + options.parcels))
    if options.saves:
        return watch(options.saves)
    solutions = resolve("solutions", Path(__file__).parents[2], names_by_level)
    alarms, done = [], 0
    for seed in range(options.first, options.first + options.seeds):
        for op in (name for level in options.level for name in names_by_level()[level]):
            memory = Memory()  # what torch says is the same for all that is tried of it
            for name, implementation in _right(op, solutions):
                examiner = Examiner(implementation, seed, times=4, shrink=False, memory=memory)
                verdicts = [examiner.verdict(prop, OPERATIONS[op]) for prop in PROPERTIES]
                heard = [f"{op}: {name}, {v.property}: {v.why} [seed={seed}]" for v in verdicts if not v.holds]
                print("".join(f"{line}\n" for line in heard), end="", file=sys.stderr, flush=True)
                alarms += heard
        if options.level == LEVELS:
            every = [op for ops in operations().values() for op in ops]
            verdict = Examiner(solutions, seed).networks(every, 40, PROPERTIES[:2])
            alarms += [f"compose: {verdict.why} [seed={seed}]"] if verdict.status != "pass" else []
        done += 1
        print(f"seed {seed}: {len(alarms)} alarms", file=sys.stderr)
    every = [(row.op, row.name, Here(row.name, row.lookup), row.slow) for row in (*RIGHT, *SLOW)]
    every += [(op, "the solution", solutions, False) for op in OPERATIONS]
    asked = {
        op for level in options.level for op in names_by_level()[level] if ALONE.name not in OPERATIONS[op].unasked
    }
    for seed in range(options.first, options.first + options.fast):
        for op, name, implementation, slow in (row for row in every if row[0] in asked):
            verdict = Examiner(implementation, seed, reference=lambda: solutions).verdict(ALONE, OPERATIONS[op])
            if (verdict.status == "pass") is slow:
                alarms.append(f"{op}: {name}, fast: {verdict.status}, {verdict.why} [seed={seed}]")
        done += 1
        print(f"seed {seed}: {len(alarms)} alarms", file=sys.stderr)
    print(f"{done} rounds, {len(alarms)} alarms", *alarms, sep="\n")
    return bool(alarms)


def _right(op: str, solutions: Here) -> Iterator[tuple[str, Here]]:
    yield "the solution", solutions
    yield from ((row.name, Here(row.name, row.lookup)) for row in RIGHT if row.op == op)


def answer(verdicts: int, seed: int) -> int:
    """Make so many verdicts on odd answers; the grader neither breaks nor grows."""
    done, alarms, largest = 0, [], 0
    while done < verdicts:
        for found in looked_at(seed):
            done += 1
            alarms += found
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"seed {seed}: {done} verdicts, {len(alarms)} alarms, at most {largest} MB", file=sys.stderr)
        seed += 1
    print(f"{done} verdicts, {len(alarms)} alarms, at most {largest} MB", *alarms, sep="\n")
    return int(bool(alarms) or largest > 1500)


def spoil(numbers: range) -> int:
    """Have so many spoilt parcels read as a run does; each is graded or refused in a line, and the grader does not grow."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = Counter(pool.map(mutated_parcels.said, numbers))
    for line, times in said.most_common():
        print(f"{times:6} {line}")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    alarms = {line: times for line, times in said.items() if mutated_parcels.is_alarm(line)}
    print(
        f"{len(numbers)} parcels, {grown} kB more, {sum(alarms.values())} alarms",
        *alarms,
        sep="\n",
    )
    return int(bool(alarms) or grown > 2**17)


def watch(saves: int) -> int:
    """Save a module so many times while it is watched; every verdict is waited for, but for every tenth, which is cancelled."""
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal(Path(folder))
        try:
            return _watch(terminal, saves)
        finally:
            terminal.close()


def _watch(terminal: Terminal, saves: int) -> int:
    module = terminal.folder / "kata" / "feedforward.py"
    stubs = module.read_text()
    terminal.watch()
    pid, seen = terminal.pytest(), []
    for number in range(1, saves + 1):
        # A NameError, whose line on the screen is this save's own.
        module.write_text(
            stubs.replace("raise NotImplementedError", f"_{number} + 1\n    raise NotImplementedError", 1)
        )
        if number % 10:
            terminal.until(f"_{number}'")
        if number % max(1, saves // 10) == 0:
            terminal.until_true(lambda: len(terminal.children()) <= 2)
            seen.append((terminal.memory(pid), terminal.descriptors(pid), len(terminal.children())))
            print(
                f"{number} saves: {seen[-1][0]} kB, {seen[-1][1]} descriptors, {seen[-1][2]} children", file=sys.stderr
            )
    terminal.type("q")
    terminal.until("status 1")
    terminal.left_in_order()
    grown = seen[-1][0] - seen[len(seen) // 2][0]
    print(f"{saves} saves; in the second half {grown} kB more")
    return int(grown > 2000 or seen[-1][1:] != seen[0][1:])


if __name__ == "__main__":
    sys.exit(main())
