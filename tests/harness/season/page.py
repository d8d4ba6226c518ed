"""The season as a page: what stands above the submissions, which follow on it, or have pages of their own where there are many."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from statistics import median

from tests.harness.display.about import About
from tests.harness.display.files import write_whole
from tests.harness.display.markup import as_it_is
from tests.harness.display.page import render
from tests.harness.display.result import Outcome
from tests.harness.season.alike import Pair
from tests.harness.season.entry import Entry, ranked
from tests.harness.season.questions import FEWEST, Question, bands, questions
from tests.harness.season.trouble import Trouble

IN_ONE = 12  # submissions that are on the season's own page


def write(
    file: str,
    about: About,
    entries: Sequence[Entry],
    plan: Sequence[tuple[str, str]],
    outcome: Callable[[Entry], Outcome],
    alike: Iterable[Pair],
    grader: Iterable[Trouble],
    command: Callable[[str], str],
) -> None:
    """Write the page, and those of its submissions. `outcome`: all that came of one. `command`: what grades it alone.

    `grader`: troubles that are no submission's. Raises OSError.
    """
    best_first = [entry for _, _, entry in ranked(entries)]
    last = [entry for entry in entries if entry.trouble]
    if len(entries) <= IN_ONE:
        hrefs = {entry.name: f"#s{place}" for place, entry in enumerate([*best_first, *last], 1)}
        shown = [outcome(entry) for entry in (*best_first, *last)]
    else:
        hrefs, shown = _pages(file, about, [*best_first, *last], outcome, command), []
    season = _season(entries, plan, hrefs, alike, grader)
    write_whole(Path(file), render(about, shown, season).encode())


def _pages(
    file: str,
    about: About,
    entries: Sequence[Entry],
    outcome: Callable[[Entry], Outcome],
    command: Callable[[str], str],
) -> dict[str, str]:
    """Write a page for each submission; where it is, from the season's. What earlier runs left there is removed."""
    folder = Path(file).with_suffix(".pages")
    folder.mkdir(exist_ok=True)
    hrefs = {}
    for entry in entries:
        digest = hashlib.blake2b(entry.name.encode(errors="surrogatepass"), digest_size=8).hexdigest()
        page = replace(about, command=command(entry.name), up=f"../{PurePath(file).name}")
        write_whole(folder / f"{digest}.html", render(page, [outcome(entry)]).encode())
        hrefs[entry.name] = f"{folder.name}/{digest}.html"
    for old in set(folder.glob("*.html")) - {folder.parent / href for href in hrefs.values()}:
        old.unlink()
    return hrefs


def _season(
    entries: Sequence[Entry],
    plan: Sequence[tuple[str, str]],
    hrefs: dict[str, str],
    alike: Iterable[Pair],
    grader: Iterable[Trouble],
) -> dict:
    script = as_it_is("season.js")
    graded = ranked(entries)
    scores = [entry.score for _, _, entry in graded]
    shown = _without_their_folder([entry.name for entry in entries])
    counts = bands(entries)
    most = max(count for _, count in counts)
    troubles = [(entry.name, entry.trouble) for entry in entries if entry.trouble] + [("the run", t) for t in grader]
    return {
        "count": len(entries),
        "script": script,
        "style": as_it_is("season.css"),
        "hash": f"sha256-{b64encode(hashlib.sha256(str(script).encode()).digest()).decode()}",
        "graded": len(graded),
        "median": f"{median(scores):g}" if scores else "",
        "least": f"{min(scores):g}" if scores else "",
        "most": f"{max(scores):g}" if scores else "",
        "ranking": [_row(*place, shown, hrefs) for place in graded],
        "bands": [
            {"name": name, "count": count, "share": round(100 * count / most) if most else 0} for name, count in counts
        ],
        "questions": [_question(question) for question in questions(entries, plan)],
        "few": FEWEST if len(graded) < FEWEST else 0,
        "alike": [
            {
                "first": shown[pair.first],
                "second": shown[pair.second],
                "share": pair.share,
                "percent": f"{100 * pair.share:.0f}",
                "same": pair.same,
            }
            for pair in alike
        ],
        "trouble": [{"about": shown.get(name, name), **vars(trouble)} for name, trouble in troubles],
    }


def _without_their_folder(names: Sequence[str]) -> dict[str, str]:
    """The names without the folder that all of them are in."""
    parents = [PurePath(name).parent for name in names]
    while parents and len(set(parents)) > 1:
        deepest = max(parents, key=lambda parent: len(parent.parts))
        parents = [parent.parent if parent == deepest else parent for parent in parents]
        if deepest == deepest.parent:
            return {name: name for name in names}
    return {name: str(PurePath(name).relative_to(parents[0])) for name in names}


def _row(rank: int, shared: bool, entry: Entry, shown: dict[str, str], hrefs: dict[str, str]) -> dict:
    hold = [earned == possible for earned, possible in entry.earned.values()]
    return {
        "rank": f"{rank}{'=' * shared}",
        "order": rank,
        "name": shown[entry.name],
        "whole": entry.name,
        "href": hrefs[entry.name],
        "score": f"{entry.score:g}",
        "value": entry.score,
        "points": f"{entry.points[0]:g}/{entry.points[1]}",
        "earned": entry.points[0],
        "hold": sum(hold),
        "operations": len(hold),
        "failed": entry.row.failed,
        "todo": entry.row.counts.get("todo", 0),
        "seconds": f"{entry.row.seconds:.1f}",
    }


def _question(question: Question) -> dict:
    separates = question.separates if question.judged >= FEWEST else None
    return {
        **vars(question),
        "mark": question.mark,
        "share": round(question.held / question.judged, 4) if question.judged else -1,
        "separates": "" if separates is None else f"{separates:.2f}",
        "order": -2 if separates is None else round(separates, 4),
    }
