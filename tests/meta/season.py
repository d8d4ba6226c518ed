"""A season of generated submissions, graded in several ways: every submission must have the same verdict in all of them.

    python -m tests.meta.season --submissions 200                 one job, two, five shards
    python -m tests.meta.season --ways alone --submissions 60     each by a pytest run of its own
    python -m tests.meta.season --ways killed,disk                killed ten times at random; on a full disk
    python -m tests.meta.season --ways cluster,restart            a Dask scheduler and three workers; it is restarted
    python -m tests.meta.season --ways memory --submissions 1000  what the grading processes take after each hundred

They are mutants, alternatives, attacks, hostile archives, empty and broken files, mixed, all about one level. Ends with
status 1 where a verdict differs, is missing, or is made twice.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

from tests.harness.submissions.leftovers import remove
from tests.meta import loads
from tests.meta.attacks import PROJECT, flooding, leaning, leaving, lying, misshaping, parcels, prying
from tests.meta.processes import family
from tests.mutants import feedforward

LEVEL = "feedforward"
OPTIONS = ["--seed=7", "-q", "-p", "no:cacheprovider"]
PATIENT = ("while True", "sleep", "setitimer", "process_time", "sigwait", "SIGSTOP", "iter(int")  # they take long
RANDOM = (
    "random",
    "empty(",
    "getpid",
    "KATA",
    "time(",
    "id(",
)  # what they say is another each time, and not that it is wrong
KILLS, WORKERS = 10, 3
ENDED = 60.0  # seconds, on a busy machine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--ways", default="one,two,shards")
    parser.add_argument("--keep", metavar="DIR", help="write the submissions and the reports there, and leave them")
    parser.add_argument("--chosen", default=f"--hidden -m {LEVEL}", help="what is graded, as pytest's options")
    options = parser.parse_args()
    OPTIONS.extend(options.chosen.split())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.keep or temporary)
        inbox = folder / "inbox"
        if not inbox.exists():
            inbox.mkdir(parents=True)
            written(inbox, options.submissions)
        paths = sorted(inbox.iterdir())
        wrong = []
        expected: dict[str, str] = {}
        for way in options.ways.split(","):
            began = time.monotonic()
            found, said = WAYS[way](folder / way, paths)
            expected = expected or found
            wrong += said + [f"{way}: {line}" for line in _differences(expected, found, paths)]
            print(f"{way}: {len(found)} verdicts in {time.monotonic() - began:.0f} s, {len(wrong)} wrong", flush=True)
    print(*wrong[:50], sep="\n")
    return int(bool(wrong))


def written(folder: Path, most: int) -> None:
    """Write submissions, the kinds in turn."""
    chance = random.Random("season")
    right = {row.op: ("RIGHT", f"{row.op}: {row.name}") for row in reversed(feedforward.RIGHT) if not row.slow}
    mutants = [right | {row.op: ("WRONG", f"{row.op}: {row.name}")} for row in feedforward.WRONG]
    others = [right | {row.op: ("RIGHT", f"{row.op}: {row.name}")} for row in feedforward.RIGHT]
    rooms = (flooding, leaning, leaving, lying, misshaping, prying)
    attacks = [a.source for room in rooms for a in room.ATTACKS if not any(word in a.source for word in PATIENT)]
    kinds = [
        ("wrong", [loads.rows(LEVEL, rows) for rows in chance.sample(mutants, len(mutants))]),
        ("right", [loads.rows(LEVEL, rows) for rows in chance.sample(others, len(others))]),
        ("attack", [{"module.py": source} for source in chance.sample(attacks, len(attacks))]),
        ("parcel", chance.sample(parcels.PARCELS, len(parcels.PARCELS))),
        ("broken", list(BROKEN)),
    ]
    turns = {kind: cycle(rows) for kind, rows in kinds}
    for number, kind in enumerate(
        islice(cycle(("wrong", "right", "wrong", "attack", "parcel", "wrong", "broken")), most)
    ):
        content, place = next(turns[kind]), folder / f"{number:04}-{kind}"
        if kind == "parcel":
            place.mkdir()
            built = content.build(place)
            if built in list(place.iterdir()):  # and no device, nor what is not there
                built.rename(folder / f"{place.name}-{built.name[-40:]}")
                remove(str(place))
        elif isinstance(content, dict):
            for name, source in content.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text(source, encoding="utf-8")
        else:
            ending, data = content
            place.with_suffix(ending).write_bytes(data)


BROKEN = (
    (".py", b""),
    (".zip", b"PK but not really"),
    (".py", b"x = 1\n"),
    (".txt", b"affine"),
    (".py", b"def affine(x, w, b):\n    return (x @ w\n"),
    (".py", b"\xff\xfe\x00"),
    (".ipynb", b"{}"),
    (".tar.gz", b"\x1f\x8b"),
)


def _run(folder: Path, paths: list[Path], *options: str, check: bool = True) -> dict[str, str]:
    """The verdicts of a run, without their times."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "season.json"
    file.unlink(missing_ok=True)
    done = subprocess.run(_command(file, paths, *options), cwd=PROJECT, capture_output=True, text=True, check=False)
    if not file.exists():
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    if check and done.returncode != 1:
        print(f"{folder.name}: exit status {done.returncode}", done.stdout[-1500:], sep="\n")
    return _verdicts(file)


def _command(file: Path, paths: list[Path], *options: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "pytest",
        *OPTIONS,
        f"--report={file}",
        *options,
        *(f"--impl={path}" for path in paths),
    ]


def _verdicts(file: Path) -> dict[str, str]:
    found = {}
    for submission in json.loads(file.read_text())["submissions"]:
        del submission["seconds"]
        found[submission["submission"]] = json.dumps(submission, sort_keys=True)
    return found


def _differences(expected: dict[str, str], found: dict[str, str], paths: list[Path]) -> list[str]:
    lines = [f"{path.name} has no verdict" for path in paths if str(path) not in found]
    for name, verdict in found.items():
        if _plain(name, verdict) != _plain(name, expected.get(name, verdict)):
            lines.append(f"{Path(name).name} differs: {expected[name][:400]} | {verdict[:400]}")
        if '"trouble"' in verdict:
            lines.append(f"{Path(name).name} has trouble: {json.loads(verdict)['trouble']}")
    return lines


def _plain(name: str, verdict: str) -> str:
    """What must be equal: of an attack that is random itself, the statuses."""
    source = Path(name) / "module.py"
    if source.is_file() and any(word in source.read_text() for word in RANDOM):
        return json.dumps(json.loads(verdict)["ops"])
    return verdict


Found = tuple[dict[str, str], list[str]]


def _jobs(jobs: int) -> Callable[[Path, list[Path]], Found]:
    return lambda folder, paths: (_run(folder, paths, f"--jobs={jobs}"), [])


def _shards(folder: Path, paths: list[Path]) -> Found:
    """Five shards, two at a time, in one folder of results; then a run that has nothing to grade."""
    kept = f"--results={folder / 'kept'}"
    folder.mkdir(parents=True)
    commands = [_command(folder / f"{n}.json", paths, kept, "--jobs=1", f"--shard={n}/5") for n in range(1, 6)]
    for pair in (commands[:2], commands[2:4], commands[4:]):
        running = [subprocess.Popen(c, cwd=PROJECT, stdout=subprocess.DEVNULL) for c in pair]
        [process.wait() for process in running]
    before = _written(folder / "kept")
    found = _run(folder, paths, kept)
    return found, [f"{name} was graded twice" for name in _again(before, _written(folder / "kept"))]


def _alone(folder: Path, paths: list[Path]) -> Found:
    """Each by a pytest run of its own, as ever; what that refuses has the line of the refusal."""
    folder.mkdir(parents=True)
    found = {}
    for path in paths:
        done = subprocess.run(
            _command(folder / "r.json", [path]), cwd=PROJECT, capture_output=True, text=True, check=False
        )
        if done.returncode == 4:
            continue  # its line is in the season's verdict
        found |= _verdicts(folder / "r.json")
    refused = {str(path) for path in paths} - found.keys()
    if refused:  # as two runs that grade nothing else
        found |= _run(folder / "refused", sorted(map(Path, refused)), "--jobs=1")
    return found, []


def _killed(folder: Path, paths: list[Path]) -> Found:
    """Kill -9 of the whole run at random moments; the next one goes on."""
    chance, wrong = random.Random("killed"), []
    folder.mkdir(parents=True)
    kept: dict[str, float] = {}
    for _ in range(KILLS):
        command = _command(folder / "season.json", paths)
        run = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(chance.uniform(2, 40))
        run.send_signal(signal.SIGKILL)
        run.wait()
        after = _written(folder / "season.results")
        wrong += [f"killed: {name} was graded twice" for name in _again(kept, after)]
        kept = after
        wrong += [f"killed: is left: {left}" for left in _left(run.pid)]
        print(f"killed with {len(kept)} verdicts", flush=True)
    found = _run(folder, paths)
    return found, wrong + [
        f"killed: {name} was graded twice" for name in _again(kept, _written(folder / "season.results"))
    ]


def _left(session: int) -> list[str]:
    """Processes that are still at what this process began, after some time to notice that it is gone."""
    until = time.monotonic() + ENDED
    while True:
        listed = subprocess.run(["ps", "-e", "-o", "sid=,stat=,args="], capture_output=True, text=True, check=True)
        rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
        left = [row[2][:200] for row in rows if row[0] == str(session) and row[1][0] != "Z"]
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.5)


def _written(folder: Path) -> dict[str, float]:
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("*.json")} if folder.exists() else {}


def _again(before: dict[str, float], after: dict[str, float]) -> list[str]:
    return [name for name, moment in before.items() if after.get(name) != moment]


@contextlib.contextmanager
def _cluster(folder: Path, port: int = 38786) -> Iterator[tuple[str, Callable, Callable]]:
    """A scheduler and three workers, as processes; their address, and what starts a scheduler and a worker anew."""
    folder.mkdir(parents=True, exist_ok=True)
    running: dict[str, subprocess.Popen] = {}
    address = f"tcp://127.0.0.1:{port}"

    def start(name: str) -> subprocess.Popen:
        program = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        if name != "scheduler":
            program = ["worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder / name)]
        with open(folder / f"{name}.log", "ab") as log:
            running[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", *program],
                cwd=PROJECT,
                env=os.environ | {"PYTHONPATH": str(PROJECT)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return running[name]

    try:
        for name in ("scheduler", *(f"worker{n}" for n in range(WORKERS))):
            start(name)
        yield address, start, running.__getitem__
    finally:
        for process in running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _on_cluster(folder: Path, paths: list[Path], *, restart: bool = False) -> Found:
    """On a cluster, one worker of which is killed on the way; with `restart`, all of it is killed and started anew."""
    with _cluster(folder) as (address, start, running):
        command = _command(folder / "season.json", paths, f"--scheduler={address}")
        with open(folder / "output.txt", "wb") as output:
            run = subprocess.Popen(command, cwd=PROJECT, stdout=output, stderr=output)
        while len(_written(folder / "season.results")) < len(paths) // 4 and run.poll() is None:
            time.sleep(0.5)
        for name in ["scheduler", *(f"worker{n}" for n in range(WORKERS))] if restart else ["worker0"]:
            os.killpg(running(name).pid, signal.SIGKILL)
            running(name).wait()
            print(f"{name} is killed", flush=True)
        if restart:
            time.sleep(3)
            for name in ("scheduler", *(f"worker{n}" for n in range(WORKERS))):
                start(name)
        print(f"exit status {run.wait()}", flush=True)
    return _verdicts(folder / "season.json"), []


def _memory(folder: Path, paths: list[Path]) -> Found:
    """What the processes of a run take together, after each hundred verdicts."""
    folder.mkdir(parents=True)
    with open(folder / "output.txt", "wb") as output:
        run = subprocess.Popen(_command(folder / "season.json", paths), cwd=PROJECT, stdout=output, stderr=output)
    told = -100
    while run.poll() is None:
        done = len(_written(folder / "season.results"))
        if done >= told + 100:
            told = done
            print(f"{done} verdicts: {_resident(run.pid)}", flush=True)
        time.sleep(1)
    return _verdicts(folder / "season.json"), []


def _resident(pid: int) -> str:
    """MB of each process of a family that takes more than a few."""
    return ", ".join(f"{int(rss) // 1024} MB" for rss, command in family(pid, "rss") if "worker.py" not in command)


WAYS: dict[str, Callable[[Path, list[Path]], Found]] = {
    "one": _jobs(1),
    "two": _jobs(2),
    "shards": _shards,
    "alone": _alone,
    "killed": _killed,
    "cluster": _on_cluster,
    "restart": lambda folder, paths: _on_cluster(folder, paths, restart=True),
    "memory": _memory,
}

if __name__ == "__main__":
    sys.exit(main())
