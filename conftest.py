"""The switch: which implementation is under test, and the options of a run. What a run does is in tests/harness/."""

import os
import sys
from glob import glob
from pathlib import Path

# One thread, as in the sandbox: threads of NumPy's that wait for a busy machine count as computing. It reads this once.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

PROJECT = Path(__file__).parent
if PROJECT in Path.cwd().parents:  # from where `python -m pytest` imports, which at the root finds other modules
    sys.path[:] = [path for path in sys.path if path not in ("", str(Path.cwd()))]
_PLUGINS = (
    *("evening", "selection", "hunt", "mending", "diary", "season", "session", "grading", "underway", "ending"),
    *("unstuck", "training"),
)
pytest_plugins = [f"tests.harness.plugin.{name}" for name in _PLUGINS]


def pytest_addoption(parser):
    group = parser.getgroup("kata", "backprop kata")
    group.addoption(
        "--impl",
        action="append",
        default=[],
        metavar="kata|solutions|PATH",
        help="what is graded: kata (your answers), solutions (the references), or somebody's folder, .py, .zip, .tar.gz "
        "or .ipynb, which runs in a sandbox. May be repeated, or a glob in quotes, for several submissions. Default: "
        "everything, that is the solutions and the harness's own tests; kata where there are no solutions.",
    )
    group.addoption(
        "--op",
        action="append",
        default=[],
        metavar="NAME",
        help="this operation, and no other; the beginning of its name is enough, where no other begins so. May be "
        "repeated, or several names with commas",
    )
    group.addoption("--hidden", action="store_true", help="also the hidden properties, and four times the examples")
    group.addoption(
        "--seed",
        type=int,
        metavar="N",
        help="seed of the random examples; the same seed gives the same examples (default: 0; with --hidden random)",
    )
    group.addoption(
        "--report",
        action="append",
        default=[],
        metavar="FILE.html|FILE.json|FILE.csv",
        help="also write the verdict to this file; may be repeated. HTML is one self-contained page; CSV has a line for each "
        "submission",
    )
    group.addoption(
        "--sandbox",
        choices=("bwrap", "process"),
        default="bwrap",
        help="what confines somebody else's code: bwrap (bubblewrap, the default), or only limits and a process of its "
        "own, for code that you trust",
    )
    group.addoption(
        "--jobs",
        metavar="N",
        help="with several submissions: grade so many at once, each in a process and a sandbox of its own (default: the cores)",
    )
    group.addoption(
        "--results",
        metavar="DIR",
        help="with several submissions: keep each verdict in this folder as it comes, and grade only what is new or changed "
        "there (default: beside the first report, as season.results/)",
    )
    group.addoption("--fresh", action="store_true", help="remove the verdicts of that folder, and grade all again")
    group.addoption(
        "--shard",
        metavar="I/N",
        help="grade the I-th of N shares, by content; all shards keep their verdicts in one folder, and a last run without "
        "--shard writes the reports",
    )
    group.addoption(
        "--export",
        metavar="DIR",
        help="also write the submissions into this new folder, in the layout that Dolos reads, which finds copied code",
    )
    group.addoption(
        "--scheduler",
        metavar="ADDRESS",
        help="grade on the workers of this Dask scheduler; each needs this checkout and bubblewrap",
    )
    group.addoption(
        "--watch",
        action="store_true",
        help="stay, and after each save grade what it can have changed; with --impl=kata. Keys: Enter all, h hint, d the "
        "whole failure, q quit",
    )
    group.addoption(
        "--kit",
        metavar="FILE.zip",
        help="write what a candidate gets, for the operations that --op or -m choose, and stop: no solutions, no hidden tests",
    )
    group.addoption(
        "--minutes",
        metavar="M",
        help="with --impl=kata: a clock of M minutes. It starts with the first run that has this option, goes on from run "
        "to run, and keeps the score at the bell",
    )
    group.addoption(
        "--sample",
        metavar="K",
        help="with --impl=kata: a mock interview, K operations at random across the levels, with a clock of the sum of "
        "their par times (or --minutes=M). What is due is preferred (see --due). --seed=N draws the same ones again, as long as "
        "the history is the same",
    )
    group.addoption("--restart", action="store_true", help="start the clock of --minutes or --sample anew")
    group.addoption(
        "--bugs",
        metavar="K",
        help="with --impl=kata: a hunt. Working code with K planted mistakes is written into kata/ (your files are kept), and "
        "a clock of --minutes starts; the same command again grades. With --kit: a kit with K mistakes; with --impl=PATH: count "
        "which of them are mended. --op and -m choose, --seed=N draws the same ones again",
    )
    group.addoption(
        "--answers",
        action="store_true",
        help="show the planted mistakes, and stop: of the hunt in kata/, which is over then, or with --bugs=K --seed=N those "
        "of that kit",
    )
    group.addoption(
        "--explain",
        nargs="?",
        const="",
        metavar="on|off",
        help="off: show pass and FAIL alone, no diagnosis and no example, as in an interview (default: on; in a kit with "
        "mistakes off)",
    )
    group.addoption(
        "--history",
        nargs="?",
        const="",
        metavar="FILE.html|FILE.json",
        help="show what you practised: times, attempts, hints, personal bests, notes; with FILE.html also write it as a page "
        "with curves, with FILE.json as data for --import",
    )
    group.addoption(
        "--due",
        action="store_true",
        help="show what is worth doing today, and why, of the operations that --op, -m or -k choose; with --impl=kata --watch "
        "do it, one operation after the other, those that were green from a stub again, the old answer kept in a dated copy",
    )
    group.addoption(
        "--note",
        nargs="+",
        action="append",
        default=[],
        metavar=("OP", "TEXT"),
        help="write this down for the operation; it is shown when that is due, in the history, and at the end of a hint. "
        "Notes add up; an empty TEXT deletes them",
    )
    group.addoption(
        "--import",
        metavar="FILE.json",
        help="add what --history=FILE.json wrote, on another machine say, to the history here; nothing comes twice, and nothing goes",
    )
    group.addoption(
        "--forget",
        action="store_true",
        help="delete that history, notes and clocks included, and the answers of torch that are kept",
    )
    group.addoption(
        "--hint",
        action="append",
        default=[],
        metavar="OP",
        help="show the next hint for this operation, and stop: a question, a nudge, the derivation's key line, then the "
        "place of the solution. May be repeated",
    )
    group.addoption(
        "--reset",
        action="append",
        default=[],
        metavar="OP|MODULE|all",
        help="put this operation, a module of kata/, or all of them back to the stubs, and stop; your attempt is kept in a "
        "dated copy. May be repeated",
    )
    group.addoption(
        "--train",
        metavar="digits|zen",
        help="train a network of these operations, and stop, with --impl=kata: digits reads handwritten digits (needs "
        "pip install '.[train]'), zen is a language model of the text of `import this`. --seed=N is another run; Ctrl-C "
        "ends it with what was learned so far",
    )
    group.addoption(
        "--anyway", action="store_true", help="with --train: also where an operation is wrong, to see what it learns so"
    )


def pytest_configure(config):
    from tests.harness.plugin import diary, evening, mending, season, selection, session

    selection.configure(config)
    chosen = [path for impl in config.getoption("impl") for path in sorted(glob(impl)) or [impl]]
    if not chosen and not (PROJECT / "solutions").is_dir():  # what a candidate was given
        chosen = ["kata"]
    mending.configure(config)
    diary.configure(config, chosen or ["solutions"])
    evening.configure(config, PROJECT, chosen or ["solutions"])
    season.configure(config, chosen or ["solutions"])
    session.configure(config, PROJECT, chosen or ["solutions"], alone=bool(chosen or config.getoption("op")))
