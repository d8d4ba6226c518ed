"""Where each operation of a submission is. The modules themselves are asked, by whoever can run them; nothing is run here.

An operation counts in its level's module, else in the first other one that has it, in the order of their names. Where none
has it, what looks like it is told.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.harness.worker.printable import printable
from tests.harness.worker.refusal import RefusedOperation

Levels = dict[str, list[str]]
"""Level -> the names of its operations."""
_AFFIXES = {
    *(
        "forward",
        "fwd",
        "backward",
        "bwd",
        "grad",
        "vjp",
        "fn",
        "func",
        "function",
        "op",
        "layer",
        "impl",
        "np",
        "numpy",
    ),
    *("my", "the", "new", "old", "final", "fixed", "custom", "v1", "v2", "v3", "solution", "answer", "test", "kata"),
}
"""What people put before or behind an operation's name."""
_ALIKE = 0.88  # of difflib: sofmax, matmull
_NAME, _LINE = 100, 300  # characters
_SHOWN = 3  # names that are told


@dataclass(frozen=True)
class Told:
    """What a module says of itself. `kinds`: name -> function, class, or borrowed; `places`: name -> where it is defined.

    `refused`: status and line, where it cannot be imported.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: tuple[str, str] | None = None


def read(told: object) -> Told:
    """What a worker told of a module, which may be anything. Raises ValueError."""
    try:
        kinds, places = {}, {}
        for name, kind, where in told["defined"]:
            if kind not in ("function", "class", "borrowed"):
                raise ValueError
            kinds[printable(name, _NAME)] = kind
            places[printable(name, _NAME)] = [printable(place, _NAME) for place in where]
        return Told(kinds, places, tuple(printable(note, _LINE) for note in told["notes"]))
    except (TypeError, KeyError, ValueError, AttributeError):
        raise ValueError("not what a module defines") from None


class Directory:
    """`files`: the modules that may have operations; `shown`: their names in messages.

    `tell`: what a module says of itself. `mentions`: which of the operations its text names, whether it can be imported or not.
    """

    def __init__(
        self,
        levels: Levels,
        files: Iterable[str],
        shown: dict[str, str],
        tell: Callable[[str], Told],
        mentions: Callable[[str], set[str]],
    ):
        self._level_of = {op: level for level, ops in levels.items() for op in ops}
        self._files = sorted(files, key=lambda file: (file == "__init__.py", file))
        self._shown, self._tell, self._mentions = shown, tell, mentions

    def find(self, op: str) -> str:
        """The file that has the operation. Raises RefusedOperation where none does."""
        broken: list[tuple[str, str]] = []
        for file in self._in_order(op):
            told, is_its_level = self._tell(file), file == f"{self._level_of.get(op)}.py"
            kind = told.kinds.get(op)
            if kind == "function":
                return file
            if kind == "class":
                place = self._at(file, told.places.get(op, []))
                line = f"{place}: {op} is a class, but an operation is a function that returns (y, grad)"
                raise RefusedOperation("error", line)
            if told.refused and op in self._mentions(file):
                broken.append(told.refused)
                if is_its_level:
                    break
            elif told.refused and is_its_level:
                broken.append(told.refused)
        if broken:
            raise RefusedOperation(*broken[0])
        raise RefusedOperation("todo", "; ".join(filter(None, ("not there yet", self._near(op)))))

    def defines_any(self) -> bool:
        """Whether there is any operation, or a module that cannot be imported and seems to have one."""
        for file in self._files:
            told = self._tell(file)
            if any(told.kinds.get(op) in ("function", "class") for op in self._level_of):
                return True
            if told.refused and (self._mentions(file) or file.removesuffix(".py") in self._level_of.values()):
                return True
        return False

    def near(self) -> str:
        """What looks like an operation, where there is none."""
        return "; ".join(filter(None, map(self._near, self._level_of)))[:_LINE]

    def unwritten(self, op: str, file: str, line: str) -> str:
        """Why an operation is not written that is there: perhaps a stub stands below it."""
        places = self._tell(file).places.get(op, [])
        if len(places) < 2:
            return line
        shown = self._shown[file]
        return f"defined in {_listed(places)} of {shown}; the last one counts, and that is the stub: delete it"

    def notes(self, places: Callable[[str], dict[str, list[str]]], told: Iterable[str]) -> list[str]:
        """What must be said of the modules: operations that are in two of them, and what the modules say of themselves."""
        where: dict[str, list[str]] = {}
        for file in self._files:
            for op in places(file).keys() & self._level_of.keys():
                where.setdefault(op, []).append(file)
        said = []
        for op, files in where.items():
            if len(files) > 1:
                first, *others = sorted(files, key=list(self._in_order(op)).index)
                names = " and in ".join(self._shown[file] for file in (first, *others))
                said.append(f"{op} is in {names}; that of {self._shown[first]} counts")
        return [*sorted(said), *(note for file in told for note in self._tell(file).notes)]

    def _in_order(self, op: str) -> list[str]:
        first = f"{self._level_of.get(op)}.py"
        return sorted(self._files, key=lambda file: file != first)

    def _near(self, op: str) -> str:
        """What is there that looks like the operation, in words; nothing where there is nothing."""
        found: dict[str, tuple[str, str]] = {}
        for file in self._files:
            told = self._tell(file)
            for name, kind in told.kinds.items():
                if kind != "borrowed" and name not in self._level_of and _is_like(name, op):
                    found.setdefault(name, (kind, self._at(file, told.places.get(name, []))))
        if not found:
            return ""
        names = sorted(found, key=lambda name: -difflib.SequenceMatcher(None, _squashed(name), _squashed(op)).ratio())
        pair = [name for name in found if _parted(name, op) & {"forward", "fwd"}]
        pair += [name for name in found if _parted(name, op) & {"backward", "bwd", "grad", "vjp"}]
        if len(pair) > 1:
            there = " and ".join(f"{name} ({found[name][1]})" for name in pair[:2])
            return f"{there} are there, but an operation is one function, {op}, that returns (y, grad)"
        kind, place = found[names[0]]
        if kind == "class":
            return f"{names[0]} is there ({place}), but it is a class: {op} is a function that returns (y, grad)"
        return f"{names[0]} is there ({place}): call it {op}"

    def _at(self, file: str, places: list[str]) -> str:
        return f"{self._shown[file]}, {places[-1]}" if places else self._shown[file]


def _listed(places: list[str]) -> str:
    if all(re.fullmatch(r"line \d+", place) for place in places):
        *first, last = (place.removeprefix("line ") for place in places)
        return f"lines {', '.join(first)} and {last}"
    return " and ".join(places)


def _is_like(name: str, op: str) -> bool:
    if _squashed(name) == _squashed(op) or _parted(name, op):
        return True
    if _squashed(name) in (f"d{_squashed(op)}", f"{_squashed(op)}prime"):
        return False  # a derivative alone
    return len(op) > 3 and difflib.SequenceMatcher(None, _squashed(name), _squashed(op)).ratio() >= _ALIKE


def _parted(name: str, op: str) -> set[str]:
    """What stands before and behind the operation's name, where that is what people put there."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().strip("_")
    before, _, behind = f"_{words}_".partition(f"_{op}_")
    if f"_{op}_" not in f"_{words}_":
        before, _, behind = words.partition(_squashed(op))
        if _squashed(op) not in words:
            return set()
    rest = set(filter(None, (before + "_" + behind).split("_")))
    return rest if rest and all(word in _AFFIXES or word.isdigit() for word in rest) else set()


def _squashed(name: str) -> str:
    return name.replace("_", "").lower()


_BINDS = re.compile(
    r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)|^(\w+)[ \t]*[:=]|^[ \t]*(?:from[ \t].*)?import[ \t]+(.{1,2000})",
    re.MULTILINE,
)


def text_of(content: bytes) -> str:
    """What can be read of a module, only to guess from."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:4]:
        content = content.replace(b"\0", b"")
    return content.decode(errors="replace")


def defined(content: bytes, wanted: set[str]) -> set[str]:
    """Which of the wanted names a module seems to define."""
    names: set[str] = set()
    for found in _BINDS.finditer(text_of(content).replace("\r", "\n")):
        function, variable, imported = found.groups(default="")
        words = (word[0] for word in re.finditer(r"\w+", imported))
        names |= wanted.intersection((function, variable, *words))
    return names
