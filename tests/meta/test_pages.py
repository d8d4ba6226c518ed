"""The Markdown pages: links lead somewhere, nothing is said twice, and tables have all that there is.

A check takes the pages (name -> text), and yields a line for each thing to mend.
"""

import posixpath
import re
import runpy
import zipfile
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import get_type_hints

import pytest

from tests.harness.plugin import kit
from tests.harness.rows.kind import Kind
from tests.harness.rows.names import names_by_level
from tests.meta.project import FOLDER

MOST_LINES = 150  # of the first page
LONG = 8  # words of a sentence that may stand in several places
MAP, OF_META = "tests/README.md", "tests/meta/README.md"
OF_OPTIONS = ("kata/README.md", "tests/hidden/README.md")
ELSEWHERE = "not in a kit"  # what stands beside a link to a page that candidates do not get
FILES = [FOLDER / "README.md", FOLDER / "kata/README.md", *sorted((FOLDER / "tests").rglob("*.md"))]
PAGES = {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in FILES}


def dead_links(pages: dict[str, str], exists: Callable[[str], bool], allowed: str = "") -> Iterator[str]:
    """Links to files that do not exist, unless their line says what is `allowed`; and to headings that are not there."""
    for page, text in pages.items():
        for number, line in _prose(text):
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                file, _, anchor = target.partition("#")
                there = posixpath.normpath(posixpath.join(posixpath.dirname(page), file)) if file else page
                if "://" in target or (allowed and allowed in line):
                    continue
                if not exists(there):
                    yield f"{page}, line {number}: {target} leads to no file; correct it"
                elif anchor and anchor not in _anchors(pages.get(there, "")):
                    yield f"{page}, line {number}: {target} leads to no heading of {there}; correct it"


def said_twice(pages: dict[str, str]) -> Iterator[str]:
    """Sentences of more than eight words that stand in two places."""
    seen: dict[str, str] = {}
    for page, text in pages.items():
        for sentence in _sentences(text):
            if sentence in seen:
                yield f"{page}: stands in {seen[sentence]} too; leave one, and let the other page link to it: {sentence}"
            seen.setdefault(sentence, page)


def too_long(pages: dict[str, str]) -> Iterator[str]:
    """The first page, where it is longer than anybody reads."""
    if (lines := len(pages["README.md"].splitlines())) >= MOST_LINES:
        yield f"README.md has {lines} lines, and should have less than {MOST_LINES}; move something to the page of its reader"


def not_listed(pages: dict[str, str], head: str, pattern: str, due: Iterable[str]) -> Iterator[str]:
    """What the tables with this head lack in their first column, and what they have that does not exist."""
    where = " and ".join(pages)
    cells = [row[0] for text in pages.values() for row in _rows(text, head)]
    found = {name for cell in cells for name in re.findall(pattern, cell)}
    for name in sorted(set(due) - found):
        yield f"{where}, table of each {head}: {name} is missing; add a row for it"
    for name in sorted(found - set(due)):
        yield f"{where}, table of each {head}: {name} does not exist; delete its row, or correct its name"


OPTION, KIND, MODULE, ROOM = r"`(--[\w-]+)", r"`(\w+)\(", r"`([\w.]+)`", r"\[(\w+)\]"


def options() -> set[str]:
    """The names of all options of the kata, as conftest.py adds them."""
    found = set()

    class Parser:
        def getgroup(self, *_):
            return self

        def addoption(self, name, **_):
            found.add(name)

    runpy.run_path(str(FOLDER / "conftest.py"))["pytest_addoption"](Parser())
    return found


def kinds() -> set[str]:
    """What a row can call: the public functions of tests/harness/rows/ that make a kind of input."""
    modules = [
        import_module(f"tests.harness.rows.{path.stem}") for path in (FOLDER / "tests/harness/rows").glob("*.py")
    ]
    functions = [
        one for module in modules for one in vars(module).values() if callable(one) and hasattr(one, "__code__")
    ]
    made = [(one.__name__, get_type_hints(one).get("return")) for one in functions if one.__name__[0] != "_"]
    return {name for name, of in made if isinstance(of, type) and issubclass(of, Kind) and of is not Kind}


def modules() -> set[str]:
    """The files of tests/meta/, but for pages."""
    files = (FOLDER / "tests/meta").rglob("*.*")
    return {path.name for path in files if path.suffix in (".py", ".lark") and path.stem != "__init__"}


def rooms() -> set[str]:
    """The folders of the harness."""
    return {path.parent.name for path in (FOLDER / "tests/harness").glob("*/__init__.py")}


CHECKS = {
    "links": lambda: dead_links(PAGES, lambda file: (FOLDER / file).exists()),
    "sentences": lambda: said_twice(PAGES),
    "length": lambda: too_long(PAGES),
    "options": lambda: not_listed({page: PAGES[page] for page in OF_OPTIONS}, "option", OPTION, options()),
    "kinds": lambda: not_listed({MAP: PAGES[MAP]}, "kind", KIND, kinds()),
    "rooms": lambda: not_listed({MAP: PAGES[MAP]}, "room", ROOM, rooms()),
    "modules": lambda: not_listed({OF_META: PAGES[OF_META]}, "module", MODULE, modules()),
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_pages_are_in_order(check):
    """Each check finds nothing in the pages of this project; what it finds is said in lines that tell what to do."""
    found = list(CHECKS[check]())
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_a_kit_has_the_pages_for_candidates_and_no_others(tmp_path):
    """The pages for interviewers and maintainers stay here, and whoever links to one says that a kit has none."""
    kit.write(str(tmp_path / "kit.zip"), FOLDER, {level: names_by_level()[level] for level in ("feedforward",)})
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        there = {name.removeprefix("kata-kit/") for name in archive.namelist()}
    given = {page: text for page, text in PAGES.items() if page in there}
    assert set(given) == {"README.md", "kata/README.md", "tests/harness/submissions/PROTOCOL.md"}
    found = list(dead_links(given, there.__contains__, allowed=ELSEWHERE))
    if found:
        pytest.fail("\n".join(found), pytrace=False)


TABLE = "| option | meaning |\n|---|---|\n| `--one=N`, `--two` | this |\n\n"
SENTENCE = "Here is a sentence of as many words as it takes."


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (dead_links({"a/b.md": "[x](../c.md)\n\n`[y](z)`\n"}, {"a/b.md"}.__contains__), ["a/b.md, line 1: ../c.md leads"]),
        (dead_links({"b.md": "# What is `it`?\n[x](#what-is-it) [y](b.md#it)"}, {"b.md"}.__contains__), ["b.md, line 2: b.md#it leads"]),
        (dead_links({"b.md": "[x](c.md)\n[x](c.md) (not there)"}, set().__contains__, "not there"), ["b.md, line 1: c.md leads"]),
        (said_twice({"a": f"One.\n{SENTENCE}", "b": f"| {SENTENCE[:-1]} | [Two](x). |"}), ["b: stands in a too"]),
        (said_twice({"a": f"One. {SENTENCE[:9]}\n{SENTENCE[10:]}\n\n```\n{SENTENCE}\n```\n", "b": "One. Two."}), []),
        (said_twice({"a": f"- {SENTENCE} Two.\n- **It.** {SENTENCE}"}), ["a: stands in a too"]),
        (too_long({"README.md": "a\n" * 149}), []),
        (too_long({"README.md": "a\n" * 150}), ["README.md has 150 lines"]),
        (not_listed({"a": TABLE}, "option", OPTION, ["--one", "--two"]), []),
        (not_listed({"a": TABLE}, "option", OPTION, ["--one", "--three"]), ["a, table of each option: --three is missing", "a, table of each option: --two does not"]),
        (not_listed({"a": TABLE}, "kind", OPTION, ["--one"]), ["a, table of each kind: --one is missing"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_page_is_seen(found, said):
    """Each check sees what is wrong in a small page, and nothing else."""
    lines = list(found)
    assert len(lines) == len(said), lines
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=True)), lines


def test_what_tables_are_compared_with_is_there():
    """The names that tables must have are read from the code, and are not too few."""
    assert {"--impl", "--watch", "--reset"} <= options()
    assert {"const", "off_centre", "axes"} <= kinds()
    assert {"test_pages.py", "formulas.lark", "prying.py"} <= modules()
    assert {"rows", "plugin"} <= rooms()


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a page with their numbers, empty where they are code; without code between backticks."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        fence = line.startswith("```")
        fenced ^= fence
        yield number, "" if fenced or fence or line.startswith("    ") else re.sub(r"`[^`]*`", "``", line)


def _anchors(text: str) -> set[str]:
    """What a link to a heading is called."""
    headings = [line.lstrip("#").strip().lower() for line in text.splitlines() if re.match("#+ ", line)]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


def _sentences(text: str) -> Iterator[str]:
    """The long sentences, without markup, in small letters."""
    code = [not line for _, line in _prose(text)]
    lines = ["" if no else line for no, line in zip(code, text.splitlines(), strict=True)]
    whole = re.sub(r"\n(?=\s*(?:[-#>|]|\d+\.) )", "\n\n", "\n".join(lines))
    whole = re.sub(r"\]\([^)]*\)|[*\[\]]|^\s*(?:[-#>]+|\d+\.) ", "", whole, flags=re.MULTILINE)
    for sentence in re.split(r"[.!?:]\s+|\n\s*\n|\|", whole):
        plain = " ".join(sentence.lower().rstrip(".!?: \n").split())
        if len(plain.split()) > LONG:
            yield plain


def _rows(text: str, head: str) -> Iterator[list[str]]:
    """The rows of each table whose first column has this head, as cells."""
    for table in re.findall(rf"^\| [^|\n]*\b{head} \|.*\n\|[-|]+\n((?:\|.*\n)*)", text, flags=re.MULTILINE):
        yield from ([cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines())
