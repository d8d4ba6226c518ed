"""A season: many submissions in one command, each a job of its own, kept as it comes, and told on one page."""

import csv
import errno
import json
import os
import re
import subprocess
from collections import deque
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness.display.about import About
from tests.harness.display.result import Outcome, Result
from tests.harness.season import alike, grading, job, page, table
from tests.harness.season.entry import entry_of, ranked
from tests.harness.season.grading import Queue
from tests.harness.season.inbox import is_of
from tests.harness.season.job import Handed, Terms
from tests.harness.season.kept import ABOUT, Kept, OtherSeason
from tests.harness.season.questions import biserial, questions
from tests.harness.season.trouble import Trouble
from tests.harness.season.versions import own_code
from tests.harness.submissions import packages
from tests.harness.submissions.intake import Parcel
from tests.meta.browser import PROGRAM, browser
from tests.meta.runs import PROJECT, grade

RIGHT = """import numpy as np


def relu(x):
    return np.maximum(x, 0), lambda gy: gy * (x > 0)
"""
WRONG = RIGHT.replace("gy * (x > 0)", "gy")
LONG = """import numpy as np


def relu(x):
    positive = x > 0
    largest = np.where(positive, x, np.zeros_like(x))
    def grad(gy):
        kept = np.where(positive, gy, np.zeros_like(gy))
        for axis in range(kept.ndim):
            kept = np.flip(np.flip(kept, axis), axis)
        return kept.copy()
    other = [largest.sum(), largest.mean(), {"a": 1, "b": (2, 3)}]
    while len(other) > 5 and other[0] is not None:
        other = other[1:] + [other[-1] ** 2 // 3]
    return largest, grad
"""
PLAN = [("affine", "forward"), ("affine", "gradient")]
TERMS = Terms(7, False, "bwrap", 1, tuple(PLAN), own_code())


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess]:
    """A folder with a season of five, and what was printed."""
    folder = tmp_path_factory.mktemp("season")
    (folder / "inbox").mkdir()
    for name, source in {"anna": RIGHT, "=ben": WRONG, "cleo": "x = 1\n", "dora": LONG}.items():
        (folder / "inbox" / f"{name}.py").write_text(source)
    (folder / "inbox/emil.py").write_text(LONG.replace("positive", "p").replace("kept", "k") + "# mine\n")
    reports = [f"--report={folder}/season.{ending}" for ending in ("json", "html", "csv")]
    run = grade(*_season(folder), *reports, f"--export={folder}/dolos")
    assert run.returncode == 1, run.stdout + run.stderr
    return folder, run


def _season(folder: Path) -> list[str]:
    return [f"--impl={folder}/inbox/*", "--op=relu", "--jobs=2", "--seed=3"]


def test_a_season_is_told_in_the_terminal_and_in_each_report(graded):
    """The best come first, each failure has a line, and the reports agree on the scores."""
    folder, run = graded
    found = {
        Path(s["submission"]).stem: s["score"] for s in json.loads((folder / "season.json").read_text())["submissions"]
    }
    assert found == {"anna": 100, "=ben": 30, "cleo": 0, "dora": 100, "emil": 100}
    assert re.findall(r"inbox/(\S+) ", run.stdout.rpartition("submissions =")[2])[:5] == [
        f"{name}.py" for name in ("anna", "dora", "emil", "=ben", "cleo")
    ]
    assert "=ben.py: relu gradient: " in run.stdout
    rows = list(csv.reader((folder / "season.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row[0] for row in rows] == ["rank", "1", "1", "1", "4", "5"]
    assert "5 submissions" in (folder / "season.html").read_text()


def test_a_verdict_is_the_one_that_a_submission_gets_alone(graded):
    """Graded by a run of its own, as ever, a submission has the same entry in the JSON report, but for the seconds."""
    folder, _ = graded
    grade(f"--impl={folder}/inbox/=ben.py", "--op=relu", "--seed=3", f"--report={folder}/alone.json")
    (alone,) = json.loads((folder / "alone.json").read_text())["submissions"]
    (beside,) = (
        s for s in json.loads((folder / "season.json").read_text())["submissions"] if "=ben" in s["submission"]
    )
    del alone["seconds"], beside["seconds"]
    assert alone == beside


def test_a_second_run_grades_only_what_is_new_or_changed(graded):
    """What has a verdict keeps it, with the seed; a changed, a new and a damaged one are graded; another choice is refused."""
    folder, _ = graded
    files = {file.name: file for file in (folder / "season.results").glob("*.json")}
    assert len(files) == 6
    before = {name: file.stat().st_mtime_ns for name, file in files.items()}
    (folder / "inbox/cleo.py").write_text(RIGHT)
    (damaged,) = (file for name, file in files.items() if name.startswith("dora"))
    damaged.write_text(damaged.read_text()[:100])
    run = grade(f"--impl={folder}/inbox/*", "--op=relu", "--jobs=1", f"--report={folder}/season.json")
    assert "2 of 2 graded" in run.stdout
    assert {name[:4] for name, file in files.items() if file.stat().st_mtime_ns != before[name]} == {"cleo", "dora"}
    report = json.loads((folder / "season.json").read_text())
    assert report["seed"] == 3
    assert [s["score"] for s in report["submissions"]] == [30, 100, 100, 100, 100]
    refused = grade(f"--impl={folder}/inbox/*", "--op=affine", f"--report={folder}/season.json")
    assert refused.returncode == 4
    (line,) = [line for line in (refused.stdout + refused.stderr).splitlines() if "season.results" in line]
    assert "was made for --op=relu, this run is for --op=affine; --fresh starts over" in line


def test_nearly_the_same_is_told_as_data_and_exported(graded):
    """A copy with other names and a comment is one pair, and Dolos's folder has each source that could be read."""
    folder, _ = graded
    (pair,) = json.loads((folder / "season.json").read_text())["alike"]
    assert (Path(pair["first"]).stem, Path(pair["second"]).stem, pair["share"], pair["same"]) == (
        "dora",
        "emil",
        1,
        True,
    )
    rows = list(csv.DictReader((folder / "dolos/info.csv").read_text().splitlines()))
    assert {row["full_name"] for row in rows} == {"anna.py", "'=ben.py", "cleo.py", "dora.py", "emil.py"}
    assert all((folder / "dolos" / row["filename"]).exists() for row in rows)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--jobs=0"], "--jobs=0: should be"),
        (["--shard=3/2"], "--shard=3/2: should be I/N"),
        (["--jobs=2", "-x"], "--jobs: does not go with -x"),
        (["--fresh", "--shard=1/2"], "--fresh: starts over for all shards"),
        (["--scheduler=nowhere"], "--scheduler=nowhere: should be an address"),
    ],
)
def test_a_season_that_cannot_be_is_a_line(options, said, tmp_path):
    """An option that makes no sense, or not with another, is refused at once with exit status 4."""
    (tmp_path / "a.py").write_text(RIGHT)
    run = grade(f"--impl={tmp_path}/a.py", *options)
    assert run.returncode == 4
    assert said in run.stderr


def test_a_season_is_for_submissions():
    """The options of a season are refused for what runs in this process."""
    run = grade("--impl=kata", "--jobs=2")
    assert run.returncode == 4
    assert "--jobs: is for submissions" in run.stderr


IMPORTED = """
import sys

def pytest_unconfigure():
    print("imported:", *sorted(sys.modules))
"""


def test_nothing_of_it_is_imported_elsewhere(tmp_path):
    """A run of one's own answers imports no pool of processes, no cluster and no bar."""
    (tmp_path / "imported.py").write_text(IMPORTED)
    run = grade("-p", "imported", "--impl=kata", "--op=relu", PYTHONPATH=str(tmp_path))
    imported = set(run.stdout.rpartition("imported: ")[2].split())
    assert "tests.harness.plugin.season" in imported
    assert imported & {"concurrent.futures.process", "multiprocessing.pool", "distributed", "tqdm"} == set()
    room = {name for name in imported if name.startswith("tests.harness.season.")}
    assert room == {"tests.harness.season.subject"}


class _Engine:
    """Runs jobs by a function, at once, and is lost as its exceptions say."""

    place, troubles = "here", []

    def __init__(self, run, jobs: int = 2):
        self._run, self._jobs, self.ran, self.opened = run, jobs, [], 0
        self._open: deque[Future] = deque()

    def open(self):
        self.opened += 1
        self._open.clear()

    def width(self):
        return self._jobs

    def submit(self, _job, handed, _terms):
        self.ran.append(handed.name)
        future = Future()
        try:
            future.set_result(self._run(handed.name))
        except BrokenProcessPool as error:
            future.set_exception(error)
        return future

    def blame(self, error):
        return grading.POOL if isinstance(error, BrokenProcessPool) else ""

    def avoid(self, where):
        pass

    def close(self, *, at_once=False):
        pass


def _handed(*names: str) -> list[Handed]:
    return [Handed(name, Parcel({f"{name}.py": name.encode()}, [])) for name in names]


_WELL = {"results": [], "notes": [], "trouble": None}


def test_a_job_that_ends_its_process_is_blamed_itself():
    """It is graded again, alone, and has its trouble; what ran beside it has its verdict, and nothing is lost."""

    def run(name):
        if name == "b":
            raise BrokenProcessPool("it is gone")
        return _WELL

    engine = _Engine(run)
    queue = Queue(engine, TERMS)
    verdicts = {h.name: v["trouble"] for h, v in filter(None, queue.verdicts(iter(_handed(*"abcdef"))))}
    assert {name for name, trouble in verdicts.items() if trouble} == {"b"}
    assert set(verdicts) == set("abcdef")
    assert verdicts["b"]["kind"] == "lost"
    assert "graded alone" in verdicts["b"]["tried"]
    assert engine.opened == 3
    assert len(queue.lost) == 2


def test_trouble_of_the_graders_is_tried_again():
    """What was trouble once and is none the second time leaves no trace; what stays is told with what was tried."""
    met = {**_WELL, "trouble": vars(Trouble.of("machine", "no more processes"))}
    left = {"a": 1, "b": 2}

    def run(name):
        left[name] = left.get(name, 0) - 1
        return met if left[name] >= 0 else _WELL

    verdicts = {
        h.name: v["trouble"] for h, v in filter(None, Queue(_Engine(run), TERMS).verdicts(iter(_handed(*"abc"))))
    }
    assert verdicts["a"] is verdicts["c"] is None
    assert verdicts["b"]["tried"] == "it was graded twice, with the same end"


def test_shards_are_all_of_it_and_share_nothing():
    """Each content falls to exactly one of five shards, wherever it lies and whatever else is there."""
    handed = _handed(*map(str, range(200)))
    shares = [[h.name for h in handed if is_of(h, (n, 5))] for n in range(1, 6)]
    assert sorted(name for share in shares for name in share) == sorted(h.name for h in handed)
    assert all(20 < len(share) < 60 for share in shares)
    moved = replace(handed[0], name="elsewhere/0")
    assert [is_of(moved, (n, 5)) for n in range(1, 6)] == [is_of(handed[0], (n, 5)) for n in range(1, 6)]


def test_the_first_to_come_says_the_seed(tmp_path):
    """A second run in the same folder gets the seed of the first; other versions, options and folders are refused in a line."""
    kept = Kept(tmp_path / "r")
    assert kept.begin(TERMS, "everything").seed == 7
    assert kept.begin(replace(TERMS, seed=8), "everything").seed == 7
    about = json.loads((tmp_path / "r" / ABOUT).read_text())
    for key, other, said in (
        ("versions", {**about["versions"], "torch": "1.0"}, "was made with torch 1.0, here is"),
        ("code", "another", "by another version of the kata"),
        ("hidden", True, "was made with --hidden"),
        ("sandbox", "process", "was made with --sandbox=process"),
    ):
        (tmp_path / "r" / ABOUT).write_text(json.dumps({**about, key: other}))
        with pytest.raises(OtherSeason, match=said):
            kept.begin(TERMS, "everything")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.json").write_text("{}")
    with pytest.raises(OtherSeason, match="has other things in it"):
        Kept(tmp_path / "mine").begun()
    with pytest.raises(OtherSeason, match="has other things in it"):
        Kept(tmp_path / "mine").clear()
    assert (tmp_path / "mine/thesis.json").exists()


def test_what_was_trouble_is_no_verdict_for_the_next_run(tmp_path):
    """A verdict is found again for the same content only, and never one that the grader had trouble with."""
    kept = Kept(tmp_path / "r")
    kept.begin(TERMS, "everything")
    (a, b) = _handed("a", "b")
    kept.keep(a, _WELL, TERMS)
    kept.keep(b, {**_WELL, "trouble": vars(Trouble.of("machine", "no disk"))}, TERMS)
    assert kept.find(a)["content"] == a.content
    assert kept.find(b) is None
    assert kept.find(replace(a, parcel=Parcel({"a.py": b"another"}, []))) is None


def _outcome(name: str, forward: str, gradient: str, why: str = "gw is transposed") -> Outcome:
    rest = {"hints": [], "parts": [], "seconds": 0.1, "example": {}, "yours": None, "torch": None, "picture": None}
    statuses = {"forward": forward, "gradient": gradient}
    return Outcome(
        name,
        [
            Result(name, 0, "feedforward", "affine", prop, status, why * (status == "fail"), **rest)
            for prop, status in statuses.items()
        ],
    )


def _entries(count: int, trouble: int = 0):
    """So many submissions, every third of which fails; of so many more the grader had trouble."""
    entries = [
        entry_of(_outcome(f"inbox/{n:03}.py", "pass", "fail" if n % 3 == 0 else "pass"), None, PLAN)
        for n in range(count)
    ]
    lost = Trouble.of("lost", "the process ended", "host")
    return entries + [entry_of(Outcome(f"inbox/t{n}.py", []), lost, PLAN) for n in range(trouble)]


def test_ties_are_ties_and_trouble_has_no_rank():
    """Who has the same score shares a rank, the next one is as far down as it is; trouble is not ranked."""
    places = ranked(_entries(4, trouble=1))
    assert [(rank, shared, entry.name[6:9]) for rank, shared, entry in places] == [
        (1, True, "001"),
        (1, True, "002"),
        (3, True, "000"),
        (3, True, "003"),
    ]


def test_what_a_question_is_worth():
    """The correlation is the textbook's; a question that all or none hold is marked, with its diagnoses, from ten on."""
    assert biserial([True, True, False, False], [4, 3, 2, 1]) == pytest.approx(0.894427191)
    assert biserial([True, True], [1, 2]) is None
    forward, gradient = questions(_entries(12, trouble=3), PLAN)
    assert (forward.judged, forward.held, forward.mark) == (12, 12, "too easy")
    assert (gradient.held, gradient.failed, gradient.diagnoses) == (8, 4, (("gw is transposed", 4),))
    assert questions(_entries(5), PLAN)[0].mark == ""
    assert (
        questions([entry_of(_outcome(str(n), "fail", "skip"), None, PLAN) for n in range(12)], PLAN)[0].mark
        == "too hard"
    )


def test_what_is_common_is_not_alike():
    """The stubs, short right answers and different programs make no pair; a long one with other names does."""
    stubs = {file.name: file.read_bytes() for file in (PROJECT / "kata").glob("*.py")}
    prints = {name: alike.fingerprint(stubs) for name in "ab"}
    prints |= {f"right {n}": alike.fingerprint({"m.py": RIGHT.encode()}) for n in range(3)}
    prints["long"] = alike.fingerprint({"m.py": LONG.encode()})
    prints["longer"] = alike.fingerprint({"n.py": (LONG.replace("other", "others") + "\nx = [1, 2]\n").encode()})
    (pair,) = alike.pairs(prints)
    assert {pair.first, pair.second} == {"long", "longer"}
    alike.fingerprint({"m.py": (r'"""\"' * 2**17).encode()})  # in a moment, whatever it is


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "|x", "%x"])
def test_a_spreadsheet_finds_no_formula(name, tmp_path):
    """A cell that would be one begins with an apostrophe."""
    table.write(str(tmp_path / "r.csv"), [entry_of(_outcome(name, "pass", "fail", name), None, PLAN)], PLAN)
    row = list(csv.reader((tmp_path / "r.csv").read_text(encoding="utf-8-sig").splitlines()))[1]
    assert row[1].startswith("'")
    assert not [cell for cell in row if cell.strip()[:1] in ("=", "+", "-", "@", "|", "%", "\t")]


@pytest.mark.parametrize("count", [3, 40])
def test_a_page_says_all_of_it_and_links_arrive(count, tmp_path):
    """The ranking, the questions and the grader's trouble are there, and each submission is one click away."""
    entries = _entries(count, trouble=1)
    _write(tmp_path, entries)
    text = (tmp_path / "season.html").read_text()
    links = re.findall(r'<a class="foreign" href="([^"]+)"', text)
    assert len(links) == count
    for link in links:
        assert (tmp_path / link).exists() or f'id="{link[1:]}"' in text
    assert "no fault of a submission" in text
    assert "the process ended" in text
    _write(tmp_path, entries[:20])
    assert len(list(tmp_path.glob("season.pages/*.html"))) == (20 if count > 20 else 0)


def _write(folder: Path, entries) -> None:
    about = About(7, True, "bwrap", "pytest", {}, "today", {})
    outcomes = {e.name: Outcome(e.name, []) if e.trouble else _outcome(e.name, *e.statuses) for e in entries}
    lookup = lambda entry: outcomes[entry.name]  # noqa: E731
    page.write(str(folder / "season.html"), about, entries, PLAN, lookup, [], [], lambda name: f"pytest --impl={name}")


@pytest.mark.skipif(PROGRAM is None, reason="needs Chromium")
def test_a_browser_sorts_filters_and_opens_without_a_network(tmp_path):
    """In headless Chromium a click sorts, words filter, a link opens the submission, and nothing is asked of the network."""
    (tmp_path / "site").mkdir()
    _write(tmp_path / "site", _entries(40))
    names = "[...document.querySelectorAll('#ranks tbody tr:not([hidden]) a')].map(a => a.textContent)"
    with browser(tmp_path / "profile") as seen:
        seen.open(tmp_path / "site/season.html")
        assert seen.run(names)[0] == "001.py"
        seen.run("document.querySelectorAll('#ranks thead button')[1].click()")
        assert seen.run(names)[:2] == ["000.py", "001.py"]
        seen.run("document.querySelectorAll('#ranks thead button')[2].click()")
        assert seen.run("document.querySelector('#ranks th[aria-sort=descending]').textContent") == "score"
        seen.run(
            "input = document.querySelector('[data-filter=ranks]'); input.value = '.py 013';"
            "input.dispatchEvent(new Event('input'))"
        )
        assert seen.run(names) == ["013.py"]
        assert seen.run("document.querySelector('.shown').textContent") == "1 of 40"
        seen.run("document.querySelector('#ranks tbody tr:not([hidden]) a').click()")
        seen.until("document.querySelector('h1') && document.querySelector('h1').textContent", "inbox/013.py")
        assert seen.run("document.querySelector('nav a').textContent") == "All submissions"
        assert {url.partition(":")[0] for url in seen.requests} <= {"file", "about"}


@pytest.mark.parametrize(
    ("number", "trouble"), [(errno.ENOSPC, True), (errno.EMFILE, True), (errno.ENAMETOOLONG, False)]
)
def test_a_full_machine_is_no_submissions_fault(number, trouble, tmp_path, monkeypatch):
    """What cannot be copied for want of room is the grader's trouble; what no file system would take is the submission's."""

    def full(*_, **__):
        raise OSError(number, os.strerror(number))

    (tmp_path / "a.py").write_text(RIGHT)
    monkeypatch.setattr(packages, "_copy", full)
    verdict = job.grade(job.handed_in(str(tmp_path / "a.py")), replace(TERMS, sandbox="process"))
    assert bool(verdict["trouble"]) == trouble
    assert {r["status"] for r in verdict["results"]} == (set() if trouble else {"error"})
