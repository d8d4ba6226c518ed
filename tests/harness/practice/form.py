"""The form of a history's file, and what is said where one has another. transfer.py writes and reads such files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.harness.judgement.points import POINTS
from tests.harness.practice import clock, notes, practice
from tests.harness.worker.printable import printable

SCHEMA = 1
_AHEAD = 2 * 86400.0  # seconds that another machine's clock may go before this one's
_STATUSES = ("pass", "fail", "todo", "error", "timeout", "skip")


class Unreadable(Exception):
    """Why a file is no history that can be read, in words that follow its name."""


Check = tuple[str, Callable[[object, float], bool]]
"""What a value should be, in words, and whether it is; asked with the time that it is now."""


def _text(most: int) -> Check:
    return f"text of 1 to {most} characters", lambda v, _: isinstance(v, str) and 0 < len(v) <= most and _is_utf8(v)


def _whole(least: int, most: int) -> Check:
    return f"a whole number from {least} to {most}", lambda v, _: type(v) is int and least <= v <= most


def _number(most: float) -> Check:
    return f"a number from 0 to {most:g}", lambda v, _: type(v) in (int, float) and 0 <= v <= most


def _or_none(check: Check) -> Check:
    said, holds = check
    return f"{said}, or null", lambda v, now: v is None or holds(v, now)


def _any_text(most: int) -> Check:
    return f"text of at most {most} characters", lambda v, _: isinstance(v, str) and len(v) <= most and _is_utf8(v)


_OP = _text(100)
_MOMENT: Check = (
    "a time in seconds since 1970 that has come",
    lambda v, now: type(v) in (int, float) and 0 <= v <= now + _AHEAD,
)
_FOLDER = _text(4096)
_LIST: Check = "a list", lambda v, _: isinstance(v, list)
_OBJECT: Check = "an object", lambda v, _: isinstance(v, dict)
_SCOPE: Check = (
    "a list of names",
    lambda v, now: isinstance(v, list) and len(v) <= 1000 and all(_OP[1](op, now) for op in v),
)

FLAT: dict[str, tuple[str, dict[str, Check]]] = {
    "rounds": (
        "round",
        {"project": _FOLDER, "op": _OP, "began": _MOMENT, "attempts": _whole(0, 10**6), "seconds": _number(1e9), "green": _or_none(_MOMENT)},
    ),
    "hints": ("hint", {"project": _FOLDER, "op": _OP, "level": _whole(1, 4), "moment": _MOMENT}),
    "clocks": (
        "clock",
        {"project": _FOLDER, "started": _MOMENT, "minutes": _number(clock.LONGEST), "scope": _SCOPE, "sample": _or_none(_whole(1, 10**6)), "seed": _or_none(_whole(-(2**63), 2**63 - 1))},
    ),
    "notes": ("note", {"op": _OP, "text": _text(notes.LONGEST), "moment": _MOMENT}),
}  # fmt: skip
"""Name of a list -> the table that it comes from, and the columns of that in their order."""

_SESSION = {"project": _FOLDER, "began": _MOMENT, "ended": _MOMENT, "marked": _MOMENT, "runs": _LIST, "mistakes": _LIST}
_RUN = {"moment": _MOMENT, "verdicts": _OBJECT}
_SEED: Check = (
    "a whole number as text",
    lambda v, _: isinstance(v, str) and v.isascii() and v.removeprefix("-").isdigit() and len(v) <= 40,
)
HUNT: dict[str, Check] = {
    "project": _FOLDER, "started": _MOMENT, "minutes": _number(clock.LONGEST), "seed": _SEED, "levels": _SCOPE, "scope": _SCOPE,
    "ended": _MOMENT,
}  # fmt: skip
PLANTED: dict[str, Check] = {
    "op": _OP, "kind": _text(100), "grade": _text(100), "level": _OP, "part": _any_text(1000), "before": _any_text(10**5),
    "after": _any_text(10**5), "nth": _whole(0, 10**6), "users": _SCOPE, "found": _or_none(_MOMENT),
}  # fmt: skip
"""The columns of a hunt and of what was planted for it, in their order."""
_MISTAKE = {"op": _OP, "said": _text(practice.LONGEST), "moment": _MOMENT}


def check(content: object, now: float) -> None:
    """Raise Unreadable where the content of a file is no history, or not one of this version."""
    if not isinstance(content, dict) or content.get("kata") != "history":
        raise Unreadable("is no history: that is what pytest --history=FILE.json writes")
    schema = content.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise Unreadable(
            f"is of a newer version of the kata (schema {min(schema, 10**6)}, this one reads {SCHEMA}): update the kata"
        )
    if type(schema) is not int or schema != SCHEMA:
        raise _damaged("schema", schema, f"{SCHEMA}")
    _object(content, {"statuses": _LIST, "sessions": _LIST, **dict.fromkeys(FLAT, _LIST)}, "", now)
    for number, statuses in enumerate(content["statuses"]):
        if not isinstance(statuses, dict) or not all(p in POINTS and s in _STATUSES for p, s in statuses.items()):
            raise _damaged(f"statuses[{number}]", statuses, "property: status")
    for number, session in enumerate(content["sessions"]):
        place = f"sessions[{number}]."
        _object(session, _SESSION, place, now)
        for at, mistake in enumerate(session["mistakes"]):
            _object(mistake, _MISTAKE, f"{place}mistakes[{at}].", now)
        for at, run in enumerate(session["runs"]):
            _object(run, _RUN, f"{place}runs[{at}].", now)
            for op, verdict in run["verdicts"].items():
                if not (_OP[1](op, now) and _is_verdict(verdict, len(content["statuses"]))):
                    expected = "[digest, number of the statuses, earned, possible]"
                    raise _damaged(f"{place}runs[{at}].verdicts.{op}", verdict, expected)
    _object({"hunts": content.get("hunts", [])}, {"hunts": _LIST}, "", now)
    for number, hunt in enumerate(content.get("hunts", [])):
        _object(hunt, HUNT | {"planted": _LIST}, f"hunts[{number}].", now)
        for at, planted in enumerate(hunt["planted"]):
            _object(planted, PLANTED, f"hunts[{number}].planted[{at}].", now)
    for name, (_, form) in FLAT.items():
        for number, row in enumerate(content[name]):
            _object(row, form, f"{name}[{number}].", now)


def _object(found: object, form: Mapping[str, Check], place: str, now: float) -> None:
    """Raise Unreadable where this is no object with such values. It may have others, which are left alone."""
    if not isinstance(found, dict):
        raise _damaged(place.rstrip("."), found, "an object")
    for name, (said, holds) in form.items():
        if name not in found or not holds(found[name], now):
            raise _damaged(f"{place}{name}", found.get(name, "missing"), said)


def _is_verdict(verdict: object, statuses: int) -> bool:
    if not isinstance(verdict, list) or len(verdict) != 4:
        return False
    code, *numbers = verdict
    at, earned, possible = numbers
    whole = all(type(n) is int for n in numbers)
    return (
        isinstance(code, str)
        and len(code) <= 64
        and code.isascii()
        and whole
        and 0 <= at < statuses
        and 0 <= earned <= possible <= 100
    )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _damaged(place: str, found: object, expected: str) -> Unreadable:
    short = (
        printable(repr(found)[:200], 40)
        if not isinstance(found, list | dict)
        else f"{type(found).__name__} of {len(found)}"
    )
    return Unreadable(f"is damaged: {printable(place, 80)} is {short}, and should be {expected}")
