"""Submissions whose sources are nearly the same, as data: what share of one is found in the other. It accuses nobody.

A source is read as words, without its comments, layout and texts; names that somebody chose are all the same word. Of every
run of `RUN` words a digest is taken, and of these every `EVERY`th is kept, by its value. What the stubs have, and what more
than a quarter of the submissions have, tells nothing, and is left out. Only a regular expression reads it: nothing is parsed.
"""

from __future__ import annotations

import hashlib
import keyword
import re
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.names import PROJECT

RUN, EVERY = 12, 3
SHARE = 0.8  # of the shorter one, from which on a pair is told
FEWEST = 12  # digests that a submission must have of its own, to be compared
COMMONEST = 30  # submissions that have a digest, beyond which it tells nothing, however many there are
PAIRS = 200  # that are told
_MOST = 2**19  # characters of a submission
_WORD = re.compile(
    r"""#[^\n]*|[rbfuRBFU]{0,2}(?:\"{3}(?:[^"\\]|\\.|"(?!""))*(?:\"{3}|\Z)|'{3}(?:[^'\\]|\\.|'(?!''))*(?:'{3}|\Z)"""
    r"""|"(?:[^"\\\n]|\\.)*(?:"|$)|'(?:[^'\\\n]|\\.)*(?:'|$))|(?:\.\s*)?[A-Za-z_]\w*|\d[\w.]*|[^\s\w]""",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Pair:
    """Two submissions; the `share` of the shorter one that the other has too. `same`: all of it, in the same order."""

    first: str
    second: str
    share: float
    same: bool


@dataclass(frozen=True)
class Print:
    """A submission's fingerprint: a digest of all its words, and those of runs of them."""

    whole: bytes
    runs: array


def fingerprint(modules: Mapping[str, bytes]) -> Print:
    """Of the modules of a submission, whatever they are called."""
    text = "\n".join(modules[name].decode(errors="replace") for name in sorted(modules))[:_MOST]
    words = _words(text)
    return Print(hashlib.blake2b(" ".join(words).encode(), digest_size=16).digest(), array("I", sorted(_runs(words))))


def pairs(prints: Mapping[str, Print]) -> list[Pair]:
    """The pairs that are nearly the same, the most alike first; of a group with the same words each with its first."""
    groups: dict[bytes, list[str]] = defaultdict(list)
    for name, one in prints.items():
        groups[one.whole].append(name)
    firsts = [names[0] for names in groups.values()]
    stubs = np.array(sorted(_stubs()), np.uint32)
    runs = [np.setdiff1d(np.frombuffer(prints[name].runs, np.uint32), stubs) for name in firsts]
    most = max(2, min(len(firsts) // 4, COMMONEST))
    own, shared = np.zeros(len(firsts), int), Counter()
    for numbers in _having(runs, most):
        own[numbers] += 1
        shared.update(combinations(numbers.tolist(), 2))
    found = [
        Pair(firsts[a], firsts[b], round(count / least, 3), False)
        for (a, b), count in shared.items()
        if (least := int(min(own[a], own[b]))) >= FEWEST and count >= SHARE * least
    ]
    for number, names in enumerate(groups.values()):
        if len(runs[number]) >= FEWEST:
            found += [Pair(names[0], other, 1.0, True) for other in names[1:]]
    return sorted(found, key=lambda pair: (-pair.share, not pair.same, pair.first, pair.second))[:PAIRS]


def _having(runs: Sequence[NDArray], most: int) -> Iterator[NDArray]:
    """For each digest that at most so many submissions have, the numbers of these, in order."""
    if not runs:
        return
    digests = np.concatenate(runs)
    numbers = np.repeat(np.arange(len(runs)), [len(each) for each in runs])
    order = np.lexsort((numbers, digests))
    digests, numbers = digests[order], numbers[order]
    starts = np.flatnonzero(np.r_[True, digests[1:] != digests[:-1]])
    for group in np.split(numbers, starts[1:]):
        if 0 < len(group) <= most:
            yield group


def _words(text: str) -> list[str]:
    return [word for found in _WORD.finditer(text) if (word := _plain(found[0]))]


def _plain(word: str) -> str:
    """A word as it counts: a name that somebody chose is `v`, a text nothing, an attribute and a keyword themselves."""
    if word[0] == "#" or word[-1] in "'\"" or word.lstrip("rbfuRBFU")[:1] in ("'", '"'):
        return ""
    if word[0] == ".":
        return re.sub(r"\s", "", word)
    if word[0].isalpha() or word[0] == "_":
        return word if keyword.iskeyword(word) else "v"
    return word


def _runs(words: list[str]) -> Iterable[int]:
    digests = {zlib.crc32(" ".join(words[at : at + RUN]).encode()) for at in range(len(words) - RUN + 1)}
    return [digest for digest in digests if digest % EVERY == 0]


@cache
def _stubs() -> frozenset[int]:
    """What everybody was given."""
    folder = PROJECT / "kata"
    return frozenset(run for file in folder.glob("*.py") for run in _runs(_words(file.read_text(encoding="utf-8"))))
