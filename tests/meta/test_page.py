"""The HTML report: whole, safe to open whatever the submission says, and the same for the same verdict."""

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tests.harness.display import markup
from tests.harness.display.about import About
from tests.harness.display.page import render
from tests.harness.display.result import Outcome, Result
from tests.harness.judgement.points import POINTS

VOID = {"meta", "wbr", "br", "img", "link", "input", "hr"}
HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "quotes": "\"'><img src=x onerror=alert(1)>",
    "an end of the title": "</title></style></svg></pre><h1>mine</h1>",
    "a template": "{{ 7 * 7 }}{% raw %}",
    "control characters": "a\x00b\x1b[31mc\x7fd\x9be",
    "a right-to-left override": "gpj.\u202eexe\u2066\u200b",
    "half a character": "\ud800",
}
RUN = About(
    seed=7,
    hidden=True,
    sandbox="bwrap",
    command="pytest --hidden --impl='a b.zip' --seed=7 --report=verdict.html",
    examples={"forward": 120, "gradient": 200},
    date="2026-11-24 09:00 UTC",
    versions={"kata": "0.1.0", "python": "3.11.7"},
)


class _Page(HTMLParser):
    """What a browser makes of a page: elements, their text, and whether each is closed where it should be."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.words: list[tuple[str, str]] = []
        self.unbalanced: list[str] = []
        self.feed(text)
        self.close()
        self.unbalanced += self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unbalanced.append(f"/{tag} in {self.open}")

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append((self.open[-1] if self.open else "", data))

    @property
    def text(self) -> str:
        return "".join(data for _, data in self.words)

    def every(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text_of(self, tag: str) -> list[str]:
        return [data for name, data in self.words if name == tag]


def _result(op="first", prop="gradient", status="fail", why="gw is transposed", **more) -> Result:
    plain = {
        "parts": [],
        "submission": "submission.zip",
        "place": 0,
        "level": "level",
        "hints": [],
        "seconds": 0.1,
        "example": {},
        "yours": None,
        "torch": None,
    }
    return Result(**plain | {"op": op, "property": prop, "status": status, "why": why, "picture": None} | more)


def _passes(op="first", **more) -> list[Result]:
    return [_result(op, prop, "pass", "", **more) for prop in POINTS]


def _submission(results: list[Result], name="submission.zip", trouble="") -> Outcome:
    return Outcome(name, results, trouble)


def _rendered(results: list[Result], **run) -> str:
    return render(replace(RUN, **run), [_submission(results)])


def _many() -> list[Result]:
    """Seventy operations, thirty of which fail, each with pictures of four dimensions."""
    grid = [[[[i * j - k for i in range(15)] for j in range(14)] for k in range(4)] for _ in range(3)]
    picture = {"name": "gw", "yours": grid, "torch": [grid[0], *grid[:2]]}
    results = []
    for n in range(70):
        where = {"level": f"level {n // 7}", "place": n}
        results += _passes(f"right_{n}", **where) if n >= 30 else []
        wrong = {"why": f"reason {n}", "picture": picture, "yours": grid[0], "torch": grid[1], "example": {"x": grid}}
        results += [_result(f"wrong_{n}", **wrong, **where)] if n < 30 else []
    return results


def _extremes() -> list[Result]:
    """Values of every kind that a report may hold."""
    pairs = [
        (1.0, 1.0000001),
        ([1.0, "nan"], [1.0, 2.0]),
        ([["inf", "-inf"]], [["inf", 0.0]]),
        ([], [[], []]),
        ([1.0, 2.0], [[1.0, 2.0]]),
        ([[True, False]], [[True, True]]),
        ([[1e308, -1e308]], [[-1e308, 1e308]]),
        ([[0, 0]], [[0, 0]]),
        ([[5e-324, 0.0]], [[0.0, 0.0]]),
        ("text", None),
        (None, None),
        ([[1.0], [2.0, 3.0]], [1.0]),
        ([[[[[1.0, 2.0]]]]], [[[[[1.0, 3.0]]]]]),
        ([[0.5] * 300] * 200, [[0.25] * 300] * 200),
    ]
    example = {
        "x": [[1.0]],
        "axis": -1,
        "labels": [0, 2],
        "mode": "valid",
        "nothing": None,
        "net": {"a": [1]},
        "gy": "nan",
    }
    rows = [_result(f"op_{n}", why=f"why {n}", yours=a, torch=b, example=example) for n, (a, b) in enumerate(pairs)]
    return [*rows, *(replace(r, op=f"{r.op}_pure", property="pure", status="error") for r in rows)]


CASES = {
    "none": [],
    "one": [_submission([_result()])],
    "nothing graded": [_submission([])],
    "many failures": [_submission(_many())],
    "extremes": [_submission(_extremes())],
    "several": [_submission(_many(), "a.zip"), _submission(_passes(), "b.zip", "disk full"), _submission([], "c.zip")],
    "hostile": [
        _submission([_result(text, why=text, hints=[text], level=text, example={text: text})], text, text)
        for text in HOSTILE.values()
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_a_page_is_well_formed(case):
    """Every element is closed where it should be, no id is given twice, and headings leave out no level."""
    seen = _Page(render(RUN, CASES[case]))
    assert seen.unbalanced == []
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in seen.elements if re.fullmatch("h[1-6]", tag)]
    assert [at for at, level in enumerate(levels) if level == 1] == [0]
    assert all(below - above <= 1 for above, below in pairwise(levels))


@pytest.mark.parametrize("case", CASES)
def test_nothing_comes_from_elsewhere(case):
    """No element, style or link leads out of the page, and every link within it arrives."""
    text = render(RUN, CASES[case])
    seen = _Page(text)
    assert {tag for tag, _ in seen.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
    } == set()
    style = "".join(re.findall(r"<style>.*?</style>", text, re.S))
    assert not re.search(r"url\(|@import|//", style)
    ids = {f"#{attributes['id']}" for _, attributes in seen.elements if "id" in attributes} | {"#top"}
    for tag, attributes in seen.elements:
        assert not {"src", "srcset", "xlink:href", "data"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert "url(" not in (attributes.get("style") or "")
        if "href" in attributes:
            assert attributes["href"] in ids, attributes
    policy = next(a["content"] for a in seen.every("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_submission_says_stays_text(what):
    """Names, reasons, hints and values of a submission neither make elements, nor reorder or hide text."""
    text = HOSTILE[what]
    harmless = render(
        RUN, [_submission([_result("op", why="a", hints=["b"], level="c", example={"d": "e"})], "f", "g")]
    )
    hostile = render(RUN, CASES["hostile"][list(HOSTILE).index(what) :][:1])
    seen = _Page(hostile)
    assert [tag for tag, _ in seen.elements] == [tag for tag, _ in _Page(harmless).elements]
    assert seen.text.count(markup.visible(text)) >= 7
    assert [c for c in hostile if not c.isprintable() and c not in "\n\t"] == []
    hostile.encode("utf-8")


def test_invisible_characters_are_spelled_out():
    """Control characters, direction marks and lone surrogates are shown as Python writes them; other text is left alone."""
    assert markup.visible("a\x00\x1b\u202e\ud800b") == "a\\x00\\x1b\\u202e\\ud800b"
    assert markup.visible("größer\n\tπ ≥ 3") == "größer\n\tπ ≥ 3"


@pytest.mark.parametrize("case", ["one", "many failures", "extremes", "several"])
def test_every_failure_is_explained(case):
    """The reason of every failure is on the page, and its status in the table leads to it."""
    seen = _Page(render(RUN, CASES[case]))
    failures = [r for s in CASES[case] for r in s.results if r.status in ("fail", "error", "timeout")]
    said = seen.text_of("p")
    assert [r.why for r in failures if r.why not in said] == []
    assert len([a for a in seen.every("a") if a.get("class") in ("fail", "error", "timeout")]) == len(failures)


def test_a_very_long_reason_is_there_whole():
    """A reason of 10 kB is on the page once, whole, and a folded line has only its beginning."""
    why = "".join(chr(ord("a") + n % 26) for n in range(10240))
    seen = _Page(_rendered([_result(why=why)]))
    assert why in seen.text_of("p")
    assert [len(data) for data in seen.text_of("span") if why.startswith(data)] == [160]


def test_a_reason_that_repeats_is_shown_once():
    """Properties of an operation that fail for the same reason share one entry, which names them all."""
    seen = _Page(_rendered([_result(prop="forward", why="not there"), _result(prop="gradient", why="not there")]))
    assert seen.text_of("p").count("not there") == 1
    assert [a["href"] for a in seen.every("a") if a.get("class") == "fail"] == ["#s1f1", "#s1f1"]


def test_a_status_is_a_word():
    """Each status is written out, so that nothing hangs on its colour."""
    words = ["pass", "fail", "error", "timeout", "todo", "skip"]
    results = [_result(f"op_{n}", "forward", status, f"why {n}", place=n) for n, status in enumerate(words)]
    seen = _Page(_rendered([*results, _result("more", "gradient", "pass", "", place=9)]))
    shown = [data for tag, data in seen.words if tag in ("td", "a", "span")]
    assert set(words) - {"skip"} | {"skipped"} <= set(shown)


def test_nan_and_infinity_are_drawn_apart():
    """NaN and infinities are hatched cells with their word, in yours and in the difference, and spoil no colour scale."""
    yours, torch = [["nan", "inf", 2.0]], [[1.0, "inf", 4.0]]
    text = _rendered([_result(yours=yours, torch=torch, example={"x": [["-inf"]]})])
    maps = re.findall(r"<svg.*?</svg>", text, re.S)
    odd = [re.findall(r'<g class="odd".*?<text[^>]*>(\w+)<', m) for m in maps]
    assert odd == [["nan", "inf"], ["inf"], ["nan"]]
    assert [re.findall(r'fill-opacity="([\d.]+)"', m) for m in maps] == [["0.5"], ["0.25", "1"], ["0", "1"]]
    assert "-inf" in _Page(text).text_of("td")
    assert "2 NaN or infinite" in text


def test_heat_maps_share_a_scale_and_show_the_worst_entry():
    """Yours and torch's have one scale, the difference its own; of a large array the part around the worst is shown."""
    torch = [[1.0] * 50 for _ in range(40)]
    yours = [list(row) for row in torch]
    yours[37][44] = -3.0
    picture = {"name": "gw", "yours": yours, "torch": torch}
    seen = _Page(_rendered([_result(picture=picture, yours=[[9.0, 9.0]], torch=[[8.0, 8.0]])]))
    titles = seen.text_of("title")[1:]
    assert {"gw[37,44] = -3", "gw[37,44] = 1", "gw[37,44] = -4"} <= set(titles)
    assert len(titles) == 3 * 12 * 12
    assert "shown: 12 x 12 of 40 x 50 entries, around the largest difference" in seen.text_of("p")
    legends = [data for data in seen.text_of("span") if data in ("3", "4")]
    assert legends == ["3", "3", "4"]
    assert [a["role"] for a in seen.every("svg")] == ["img"] * 3
    assert all("(40, 50)" in a["aria-label"] for a in seen.every("svg"))


def test_arrays_of_different_shapes_are_drawn_without_a_difference():
    """Where the shapes differ, yours and torch's are drawn, each with its shape."""
    seen = _Page(_rendered([_result(yours=[1.0, 2.0], torch=[[1.0, 2.0]])]))
    assert [a["aria-label"].split(":")[0] for a in seen.every("svg")] == [
        "Heat map of yours, (2,)",
        "Heat map of torch, (1, 2)",
    ]


def test_numbers_that_look_alike_get_more_digits():
    """Numbers have six digits, but twelve where yours and torch's would look the same."""
    seen = _Page(_rendered([_result(yours=1.23456789, torch=2.0), _result("other", yours=1.0000001, torch=1.0)]))
    assert {"1.23457", "1.0000001"} <= set(seen.text_of("td"))


def test_what_a_pure_property_saw_before_is_no_word_of_torch():
    """Rule 3 compares with what was there before, not with torch."""
    seen = _Page(_rendered([_result(prop="pure", yours=[[1.0, 2.0]], torch=[[1.0, 1.0]])]))
    assert {"before", "torch"} & set(seen.text_of("span")) == {"before"}


@pytest.mark.parametrize("sandbox", ["process", "none", "something new"])
def test_a_run_without_confinement_says_so(sandbox):
    """Anything but bwrap is called unconfined, at the top of the page."""
    assert "not confined" in _Page(_rendered(_passes(), sandbox=sandbox)).text
    assert "not confined" not in _Page(_rendered(_passes())).text


def test_a_page_tells_how_it_was_made():
    """The command, the seed, the versions, the examples and the notes are on the page."""
    text = " ".join(_Page(_rendered(_passes(), notes=("two cores",))).text.split())
    assert RUN.command in text
    parts = ("kata 0.1.0", "python 3.11.7", "forward 120", "gradient 200", "two cores", "seed 7", RUN.date)
    assert [part for part in parts if part not in text] == []


def test_several_submissions_are_listed_the_best_first():
    """The table at the top leads to each submission's section; one that is incomplete says why."""
    seen = _Page(render(RUN, CASES["several"]))
    assert [a["href"] for a in seen.every("a") if re.fullmatch(r"#s\d", a["href"])] == ["#s1", "#s2", "#s3"]
    assert [data for data in seen.text_of("h3") if data.endswith(".zip")] == ["b.zip", "a.zip", "c.zip"]
    assert {"incomplete", "disk full"} <= set(seen.text_of("span"))


def test_the_first_failure_is_open_and_the_others_are_folded():
    """Of thirty failures one is unfolded, so that the page can be found one's way in."""
    seen = _Page(render(RUN, CASES["many failures"]))
    assert [i for i, a in enumerate(seen.every("details")) if "open" in a] == [0]
    assert len(seen.every("details")) == 30


def test_a_page_stays_small():
    """Seventy operations with thirty failures and large pictures stay under 2 MB; a page of 100 such under 15 MB."""
    assert len(render(RUN, CASES["many failures"]).encode()) < 2e6
    text = render(RUN, CASES["many failures"] * 100)
    assert len(text.encode()) < 15e6
    assert "very many failures" in text


@pytest.mark.parametrize("case", CASES)
def test_the_same_verdict_gives_the_same_page(case):
    """A page depends on its input alone."""
    assert render(RUN, CASES[case]) == render(RUN, CASES[case])


def test_a_run_that_could_not_make_a_page_is_refused(monkeypatch):
    """Without jinja2 the refusal is one line that says what to install, before anything is graded."""
    markup.refuse_without_jinja2()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(pytest.UsageError, match=r"^--report=FILE\.html needs jinja2: pip install jinja2$"):
        markup.refuse_without_jinja2()
