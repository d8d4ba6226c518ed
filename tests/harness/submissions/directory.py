"""Where each operation of a submission is. The modules themselves are asked, by whoever can run them; nothing is run here.

An operation counts in its level's module, else in the first other one that has it, in the order of their names. Where none
has it, what looks like it is told.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.harness.rows.names import adapters
from tests.harness.worker.printable import printable
from tests.harness.worker.refusal import NOT_THERE, RefusedOperation

Levels = dict[str, list[str]]
"""Level -> the names of its operations."""
_FORWARD, _BACKWARD = {"forward", "fwd"}, {"backward", "bwd", "grad", "vjp"}
_AFFIXES = _FORWARD | {
    *("fn", "func", "function", "op", "layer", "impl", "np", "numpy", "v", "v1", "v2", "v3", "loss", "my", "the"),
    *("new", "old", "final", "fixed", "custom", "solution", "answer", "kata"),
}
"""What people put before or behind an operation's name."""
_ALIKE = 0.88  # of difflib: sofmax, matmull
_NAME, _LINE = 100, 300  # characters
_ONE = "an operation is one function,"


KINDS = ("function", "stub", "foreign", "class", "borrowed")
"""What can be called of a module: a function; one that only says that it is not written; a placeholder of what may not be
used; a class; what NumPy or the standard library has. Where another module has a function, stubs and placeholders do not count."""


@dataclass(frozen=True)
class Told:
    """What a module says of itself. `kinds`: name -> one of KINDS; `places`: name -> where it is defined.

    `origins`: name -> where that is defined which the name was given to, if it is in this module. `inside`: operation that
    it does not have -> where something else in it has it, and what. `refused`: status and line, where it cannot be imported.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    origins: dict[str, list[str]] = field(default_factory=dict)
    inside: dict[str, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: tuple[str, str] | None = None


def read(told: object) -> Told:
    """What a worker told of a module, which may be anything. Raises ValueError."""
    try:
        kinds, places, origins = {}, {}, {}
        for name, kind, where, origin in told["defined"]:
            if kind not in KINDS:
                raise ValueError
            kinds[name] = kind
            places[name], origins[name] = ([printable(place, _NAME) for place in found] for found in (where, origin))
        inside = {name: (printable(place, _NAME), printable(where, _NAME)) for name, place, where in told["inside"]}
        return Told(kinds, places, origins, inside, tuple(printable(note, _LINE) for note in told["notes"]))
    except (TypeError, KeyError, ValueError, AttributeError):
        raise ValueError("not what a module defines") from None


class Directory:
    """`files`: the modules that may have operations; `shown`: their names in messages.

    `ask`: has a module say what it is, which costs its import; it is asked once. `mentions`: which of the operations its text
    names, whether it can be imported or not. `places`: where its text defines its names, if that is known without asking it.
    """

    def __init__(
        self,
        levels: Levels,
        files: Iterable[str],
        shown: dict[str, str],
        ask: Callable[[str], Told],
        mentions: Callable[[str], set[str]],
        places: Callable[[str], dict[str, list[str]]] | None = None,
    ):
        self._level_of = {op: level for level, ops in levels.items() for op in ops}
        self._files = sorted(files, key=lambda file: (file == "__init__.py", file))
        self._shown, self._ask, self._mentions = shown, ask, mentions
        self._told: dict[str, Told] = {}  # by the modules that were asked so far
        self._places = places or (lambda file: self._told.get(file, Told()).places)
        self._noted: tuple[int, list[str]] = (-1, [])  # how many were asked when the notes were made, and these

    @property
    def is_known(self) -> bool:
        """Whether every module was asked what it is."""
        return len(self._told) == len(self._files)

    def find(self, op: str) -> str:
        """The file that has the operation. Raises RefusedOperation where none does."""
        broken: list[tuple[str, str]] = []
        weak = ""
        for file in self._in_order(op):
            told, is_its_level = self._tell(file), file == f"{self._level_of.get(op)}.py"
            kind = told.kinds.get(op)
            if kind == "function" or (kind == "class" and op in adapters()):
                return file
            if kind in ("stub", "foreign"):
                weak = weak or file
            if kind == "class":
                place = self._at(file, told, op)
                line = f"{place}: {op} is a class, but an operation is a function that returns (y, grad)"
                raise RefusedOperation("error", line)
            if told.refused and op in self._mentions(file):
                broken.append(told.refused)
                if is_its_level:
                    break
            elif told.refused and is_its_level:
                broken.append(told.refused)
        if weak:
            return weak
        if broken:
            raise RefusedOperation(*broken[0])
        raise RefusedOperation("todo", "; ".join(filter(None, (NOT_THERE, self._inside(op) or self._near(op)))))

    def has_any(self) -> bool:
        """Whether there is an operation, what looks like one, or a module that could not be imported as a whole."""
        levels = [f"{level}.py" for level in dict.fromkeys(self._level_of.values())]
        in_order = sorted(self._files, key=lambda file: levels.index(file) if file in levels else len(levels))
        told = [self._tell(file) for file in in_order]  # as in practice, where it matters: they may import each other
        return any(
            each.refused or each.notes or any(each.kinds.get(op, "borrowed") != "borrowed" for op in self._level_of)
            for each in told
        ) or any(self._inside(op) or self._near(op) for op in self._level_of)

    def unwritten(self, op: str, file: str, line: str) -> str:
        """Why an operation is not written that is there: perhaps a stub stands below it."""
        places = self._tell(file).places.get(op, [])
        if len(places) < 2:
            return line
        shown = self._shown[file]
        return f"defined in {_listed(places)} of {shown}; the last one counts, and that is the stub: delete it"

    def notes(self) -> list[str]:
        """What must be said of the modules: operations that are in two of them, and what they say of themselves so far."""
        asked = len(self._told)
        if asked != self._noted[0]:
            self._noted = (asked, list(self._notes()))
        return self._noted[1]

    def _notes(self) -> Iterator[str]:
        where: dict[str, list[str]] = {}
        for file in self._files:
            for op in (op for op, found in self._places(file).items() if found and op in self._level_of):
                where.setdefault(op, []).append(file)
        said = []
        for op, files in where.items():
            files = [f for f in files if len(files) > 1 and self._tell(f).kinds.get(op, "borrowed") != "borrowed"]
            if len(files) > 1:
                first = self.find(op)
                *most, last = (f"in {self._shown[f]}" for f in sorted(files, key=lambda f: f != first))
                said.append(f"{op} is {', '.join(most)} and {last}; that of {self._shown[first]} counts")
        yield from sorted(said)
        yield from (note for told in self._told.values() for note in told.notes)

    def _tell(self, file: str) -> Told:
        if file not in self._told:
            self._told[file] = self._ask(file)
        return self._told[file]

    def _in_order(self, op: str) -> list[str]:
        first = f"{self._level_of.get(op)}.py"
        return sorted(self._files, key=lambda file: file != first)

    def _inside(self, op: str) -> str:
        """Where something else has it, in words; nothing where nothing has. A tensor has methods of many of the names."""
        for file in self._in_order(op):
            place, where = self._tell(file).inside.get(op, ("", ""))
            if where and where.rpartition(" ")[2] not in adapters():
                return f"{op} is defined {where} ({self._shown[file]}, {place}): move it to the top of the module"
        return ""

    def _near(self, op: str) -> str:
        """What is there that looks like the operation, in words; nothing where there is nothing."""
        found: dict[str, tuple[str, str]] = {}
        backward: dict[str, str] = {}
        for file in self._files:
            told = self._tell(file)
            for name, kind in told.kinds.items():
                if kind in ("borrowed", "foreign") or name in self._level_of:
                    continue
                if _is_like(name, op):
                    found.setdefault(name, (kind, self._at(file, told, name)))
                elif _beside(name, op) & _BACKWARD:
                    backward.setdefault(name, self._at(file, told, name))
        if not found:
            return ""
        names = sorted(found, key=lambda name: -difflib.SequenceMatcher(None, _squashed(name), _squashed(op)).ratio())
        forward = next((name for name in found if _beside(name, op) & _FORWARD), None)
        if forward and backward and op not in adapters():
            there = _both((forward, found[forward][1]), next(iter(backward.items())))
            return f"{there}, but {_ONE} {op}, that returns (y, grad)"
        kind, place = found[names[0]]
        if kind == "class" and op not in adapters():
            return f"{names[0]} is there ({place}), but it is a class, and {_ONE} {op}, that returns (y, grad)"
        return f"{names[0]} is there ({place}): call it {op}"

    def _at(self, file: str, told: Told, name: str) -> str:
        places = told.origins.get(name) or told.places.get(name)
        return f"{self._shown[file]}, {places[-1]}" if places else self._shown[file]


def _both(one: tuple[str, str], other: tuple[str, str]) -> str:
    """That two functions are there, and where: in one file, if they are."""
    (first, at), (second, also) = one, other
    file, _, line = at.rpartition(", line ")
    if also.startswith(f"{file}, line "):
        return f"{first} and {second} are there ({file}, lines {line} and {also.rpartition(' ')[2]})"
    return f"{first} ({at}) and {second} ({also}) are there"


def _listed(places: list[str]) -> str:
    """Places in words: lines 3 and 20; cells 2 and 3, where they are in different ones."""
    for pattern, word in ((r"cell (\d+), line \d+", "cells"), (r"line (\d+)", "lines")):
        numbers = [found[1] for place in places if (found := re.fullmatch(pattern, place))]
        if len(set(numbers)) == len(places):
            return f"{word} {', '.join(numbers[:-1])} and {numbers[-1]}"
    return " and ".join(places)


def _is_like(name: str, op: str) -> bool:
    """Whether somebody meant the operation: another case, what people put beside it, or a slip of the keys."""
    name, op = _squashed(name), _squashed(op)
    beside = _beside(name, op)
    if name == op or (beside and not beside & _BACKWARD):
        return True
    if name in op or op in name or len(op) < 4:
        return False  # another word in it makes it something else
    return difflib.SequenceMatcher(None, name, op).ratio() >= _ALIKE


def _beside(name: str, op: str) -> set[str]:
    """What stands before and behind the operation's name, where that is what people put there."""
    before, found, behind = _squashed(name).partition(_squashed(op))
    rest = set(filter(None, (before, behind)))
    return rest if found and all(word in _AFFIXES | _BACKWARD | {"1", "2", "3"} for word in rest) else set()


def _squashed(name: str) -> str:
    return name.replace("_", "").lower()


_BINDS = re.compile(
    r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)|^class[ \t]+(\w+)|^(\w+)[ \t]*[:=]|^[ \t]*(?:from[ \t].*)?import[ \t]+(.{1,2000})",
    re.MULTILINE,
)


def text_of(content: bytes) -> str:
    """What can be read of a module, only to guess from."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:4]:
        content = content.replace(b"\0", b"")
    return content.decode(errors="replace").replace("\r", "\n")


def defined(content: bytes, wanted: set[str], *, imported: bool = True) -> set[str]:
    """Which of the wanted names a module seems to define, or to import."""
    names: set[str] = set()
    for found in _BINDS.finditer(text_of(content)):
        function, kind, variable, names_imported = found.groups(default="")
        words = re.findall(r"\w+", names_imported) if imported else ()
        names |= wanted.intersection((function, variable, *words)) | (adapters().keys() & wanted & {kind})
    return names


_UNWRITTEN = "raise NotImplementedError"
_RETURNS = re.compile("\n    (    )?return")  # of a function, or of a class's


def stubs(content: bytes) -> set[str]:
    """Which names a module seems to define as stubs alone."""
    chunks = re.split(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)", text_of(content), flags=re.MULTILINE)
    bodies: dict[str, list[str]] = {}
    for name, body in zip(chunks[1::2], chunks[2::2], strict=True):
        bodies.setdefault(name, []).append(body)
    return {name for name, found in bodies.items() if all(_UNWRITTEN in b and not _RETURNS.search(b) for b in found)}
