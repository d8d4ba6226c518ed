"""The folder of results: a file for each submission, whole or not at all, and one that says what all of them were graded by.

Several runs may write to it at once: shards, on machines that share it. The first to come says what the seed is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path

from tests.harness.display.files import write_whole
from tests.harness.display.result import Outcome, Result, in_order, missing
from tests.harness.season.job import Handed, Terms, places
from tests.harness.season.subject import shown_notes
from tests.harness.season.trouble import Trouble, unjudged
from tests.harness.season.versions import own_code, versions

SCHEMA = 1
ABOUT = "season.json"
_STALE = 3600  # seconds after which what somebody began to write is nobody's any more
_FIELDS = {field.name for field in fields(Result)}


class OtherSeason(Exception):
    """The folder's results are not comparable with this run's; the line says what is another."""


class Kept:
    """The results in `folder`, which need not be there yet."""

    def __init__(self, folder: Path):
        self.folder = folder

    def begun(self) -> dict | None:
        """What the results there were graded by; None where there are none. Raises OtherSeason for a folder of other things."""
        about = _read(self.folder / ABOUT)
        if about is None and self.folder.exists() and not self.folder.is_dir():
            raise OtherSeason("is no folder")
        if about is None and self.folder.is_dir() and any(not p.name.startswith(".") for p in self.folder.iterdir()):
            raise OtherSeason(f"has other things in it, and no {ABOUT}; name a folder that is empty or new")
        return about

    def refuse_others(self, about: dict, *, seed: int | None, hidden: bool, sandbox: str) -> None:
        """Raise OtherSeason where its results were made by other versions or options. `seed`: the one that was asked for."""
        now = {"schema": SCHEMA, "versions": versions(), "hidden": hidden, "sandbox": sandbox, "code": own_code()}
        now |= {} if seed is None else {"seed": seed}
        for key, value in now.items():
            if about.get(key) != value:
                raise OtherSeason(_differs(key, about.get(key), value))

    def begin(self, terms: Terms, chosen: str) -> Terms:
        """The terms of this folder: its own, or these where it has none. `chosen`: the choice of operations, in words.

        Raises OtherSeason where it was begun with another choice, and OSError.
        """
        self.folder.mkdir(exist_ok=True)
        self._sweep()
        about = {"schema": SCHEMA, "seed": terms.seed, "versions": versions(), "hidden": terms.hidden}
        about |= {"sandbox": terms.sandbox, "code": terms.code, "chosen": chosen, "plan": [list(p) for p in terms.plan]}
        found = self.begun() if (self.folder / ABOUT).exists() else None
        if found is None and not self._first(about):
            found = self.begun()
        found = found or about
        self.refuse_others(found, seed=None, hidden=terms.hidden, sandbox=terms.sandbox)
        if sorted(map(tuple, found["plan"])) != sorted(terms.plan):
            raise OtherSeason(f"was made for {found.get('chosen') or 'other operations'}, this run is for {chosen}")
        return replace(terms, seed=found["seed"])

    def find(self, handed: Handed) -> dict | None:
        """The verdict on what was handed in, if there is one on this content, and a whole one."""
        found = _read(self.file(handed.name))
        if not found or found.get("content") != handed.content or found.get("trouble") is not None:
            return None
        return found if _is_whole(found) else None

    def keep(self, handed: Handed, verdict: dict, terms: Terms) -> dict:
        """Write a verdict. Raises OSError, and then leaves what was there before."""
        kept = {"schema": SCHEMA, "submission": handed.name, "content": handed.content, "seed": terms.seed}
        kept |= {"versions": versions(), **verdict}
        write_whole(self.file(handed.name), json.dumps(kept, allow_nan=False).encode())
        return kept

    def load(self, name: str) -> dict:
        """What was kept of a submission; nothing where that cannot be read any more."""
        found = _read(self.file(name))
        return found if found and _is_whole(found) else unjudged()

    def file(self, name: str) -> Path:
        """Where the verdict on the submission of this name is."""
        short = re.sub(r"[^A-Za-z0-9.-]+", "-", Path(name).name)[-60:].strip("-.") or "submission"
        return (
            self.folder
            / f"{short}-{hashlib.blake2b(name.encode(errors='surrogatepass'), digest_size=6).hexdigest()}.json"
        )

    def clear(self) -> None:
        """Remove all results; a folder of other things is left alone. Raises OtherSeason, OSError."""
        if self.begun() is None:
            return
        for file in self.folder.glob("*.json"):
            file.unlink(missing_ok=True)

    def _first(self, about: dict) -> bool:
        """Write what the results are graded by, unless somebody else does at this moment; whether it was this one."""
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{ABOUT}.")
        try:
            with open(handle, "w", encoding="utf-8") as stream:
                json.dump(about, stream, indent=1)
            os.chmod(temporary, 0o644)
            os.link(temporary, self.folder / ABOUT)
        except FileExistsError:
            return False
        finally:
            os.unlink(temporary)
        return True

    def _sweep(self) -> None:
        """Remove what killed runs had begun to write."""
        for file in self.folder.glob(".*.json.*"):
            with contextlib.suppress(OSError):
                if time.time() - file.stat().st_mtime > _STALE:
                    file.unlink()


def outcome(name: str, kept: dict, plan: Iterable[tuple[str, str]]) -> Outcome:
    """What was kept of a submission, as the reports have it; with what is missing of the plan."""
    results = [Result(**{**result, "submission": name}) for result in kept["results"]]
    found = {(r.op, r.property) for r in results}
    due = [place for place in places(plan) if place[2:] not in found]
    results += [missing(name, level, at, op, prop) for level, at, op, prop in due]
    trouble = Trouble(**kept["trouble"]).line if kept.get("trouble") else ""
    return Outcome(name, in_order(results), trouble, shown_notes(kept["notes"]))


def _differs(key: str, before: object, now: object) -> str:
    if key == "versions" and isinstance(before, dict):
        changed = [
            f"{name} {before.get(name, 'none')}, here is {v}" for name, v in now.items() if before.get(name) != v
        ]
        return f"was made with {'; '.join(changed)}"
    if key in ("code", "schema"):
        return "was made by another version of the kata"
    return (
        f"was made with --{key}={before}, this run has --{key}={now}"
        if key != "hidden"
        else (f"was made {'with' if before else 'without'} --hidden")
    )


def _is_whole(found: dict) -> bool:
    results = found.get("results")
    return (
        found.get("schema", SCHEMA) == SCHEMA
        and isinstance(results, list)
        and isinstance(found.get("notes"), list)
        and all(isinstance(result, dict) and set(result) == _FIELDS for result in results)
    )


def _read(file: Path) -> dict | None:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
