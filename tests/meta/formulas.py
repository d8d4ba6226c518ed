"""A formula of a derivation as a tree, for the language that grammar.py reads and evaluation.py evaluates."""

from collections.abc import Iterator
from dataclasses import dataclass


class FormulaError(ValueError):
    """A formula that cannot be read, or makes no sense for the operation; the message is one line."""


class InWords(FormulaError):
    """A formula with an index map such as A(i), which only the prose explains."""


@dataclass(frozen=True)
class Number:
    """A literal."""

    value: int | float


@dataclass(frozen=True, eq=False)
class Letter:
    """An index. Two of the same name, of different lines or sums, are different letters."""

    name: str


@dataclass(frozen=True)
class Name:
    """A scalar: an input, a size, a constant or a quantity defined without indices."""

    name: str


@dataclass(frozen=True)
class Entry:
    """An entry of an array: `x[i,k]`, `labels[i]`, `J_x[i | a]`. `bar` counts the indices before the bar, if any."""

    name: str
    indices: tuple
    bar: int | None = None


@dataclass(frozen=True)
class Call:
    """A function of numbers."""

    function: str
    arguments: tuple


@dataclass(frozen=True)
class Fold:
    """`sum_ij body`, or max, min, prod."""

    function: str
    letters: tuple[Letter, ...]
    body: object


@dataclass(frozen=True)
class Plus:
    """A sum of terms."""

    terms: tuple


@dataclass(frozen=True)
class Minus:
    """The negative of a term."""

    term: object


@dataclass(frozen=True)
class Product:
    """Factors over divisors."""

    factors: tuple
    divisors: tuple = ()


@dataclass(frozen=True)
class Power:
    """base ^ exponent."""

    base: object
    exponent: object


@dataclass(frozen=True)
class Bracket:
    """1 where the condition holds, else 0, whatever it is multiplied with."""

    condition: object


@dataclass(frozen=True)
class Cases:
    """`value where condition, other elsewhere`."""

    value: object
    condition: object
    other: object


@dataclass(frozen=True)
class Compare:
    """A chain of comparisons: parts, and between them their signs."""

    parts: tuple
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Logic:
    """Conditions joined by `and` or `or`, or one that is negated by `not`."""

    word: str
    parts: tuple


@dataclass(frozen=True)
class Statement:
    """`left = member = member ...`: a definition of left, or a claim about it. `starts`: where in the text each member does."""

    text: str
    left: Name | Entry
    members: tuple
    starts: tuple[int, ...]

    def member(self, number: int) -> str:
        """`left = member`, as it is written."""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        left = self.text[: self.starts[0]].rstrip(" =")
        return f"{left} = {self.text[self.starts[number] : end].rstrip(' =')}"

    @property
    def letters(self) -> tuple[Letter, ...]:
        """The indices of the left side, in order."""
        indices = self.left.indices if isinstance(self.left, Entry) else ()
        return tuple(dict.fromkeys(index for index in indices if isinstance(index, Letter)))


def walk(tree: object) -> Iterator[object]:
    """The tree and all that is in it, the outer before the inner."""
    yield tree
    if not isinstance(tree, Letter) and hasattr(tree, "__dataclass_fields__"):
        for field in tree.__dataclass_fields__:
            parts = getattr(tree, field)
            for part in parts if isinstance(parts, tuple) else (parts,):
                yield from walk(part)


def in_words(tree: object, places: dict[Letter, tuple[int, ...]] | None = None) -> str:
    """A left side or an index as text, with numbers for its letters where their places are given."""
    match tree:
        case Letter(name):
            return ",".join(map(str, places[tree])) if places is not None else name
        case Entry(name, indices, bar):
            said = [in_words(index, places) for index in indices]
            parts = [said] if bar is None else [said[:bar], said[bar:]]
            return f"{name}[{' | '.join(','.join(part) for part in parts)}]"
        case Name(name):
            return name
        case Number(value):
            return str(value)
    return "(...)"
