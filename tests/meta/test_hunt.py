"""`--bugs`: what is planted, where it shows, and what is said of it; kits with mistakes, their answers, and what comes back."""

import ast
import json
import random
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.harness import bugs
from tests.harness.planting.answers import answers
from tests.harness.planting.drawing import TooMany, drawn
from tests.harness.planting.hunt import excerpts, hunted
from tests.harness.planting.kinds import KINDS
from tests.harness.planting.patch import Moved, planted, span, taken_out
from tests.harness.planting.splicing import Module
from tests.harness.planting.table import GRADES, docstrings, mistakes
from tests.harness.planting.working import FOLDER, stub_docstrings, users, working
from tests.harness.plugin import hunt, kit
from tests.harness.practice.hunts import Hunt, Hunts, Planted, tally
from tests.harness.practice.practice import Practice
from tests.harness.practice.store import Store
from tests.harness.rows.names import names_by_level
from tests.meta.hunts import places, unseen, wrong_with
from tests.meta.runs import PROJECT, grade
from tests.specs import LEVELS

LEVELED = names_by_level()
ROWS = [row for level in LEVELS for row in mistakes(level)]
SEEDS = range(100)
AGAIN = "python -m tests.meta.planted --level"


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of the project, whose kata/ can be written."""
    ignored = shutil.ignore_patterns(".git", "__pycache__", ".backup", "meta", "mutants", "*.results")
    return shutil.copytree(PROJECT, tmp_path / "project", ignore=ignored)


@pytest.mark.parametrize("level", LEVELS)
def test_working_code_is_the_solutions_without_words(level):
    """It has the solutions' code and no comment, and says of each operation what the stub says."""
    source, solution = working(level), (FOLDER / f"{level}.py").read_text(encoding="utf-8")
    assert _without_docstrings(source) == _without_docstrings(solution)
    assert "#" not in re.sub(r'"""(?:.|\n)*?"""', "", source)
    assert "Hints:" not in source
    stubs = stub_docstrings((PROJECT / "kata" / f"{level}.py").read_text(encoding="utf-8"))
    assert docstrings(level) == stubs, f"tests/mistakes/{level}.json has other words than kata/; {AGAIN} {level}"
    assert stubs.items() <= stub_docstrings(source).items()


@pytest.mark.parametrize("level", LEVELS)
def test_a_table_fits_the_solutions(level):
    """The lines of each mistake are where its row says, so it can be planted; each is of a known kind, and has its grade."""
    rows = mistakes(level)
    assert len(rows) >= 40
    for row in rows:
        try:
            start, end = span(working(level), row)
        except Moved as moved:
            pytest.fail(
                f"tests/mistakes/{level}.json: {row.op}: {moved}; make it again: {AGAIN} {level}", pytrace=False
            )
        assert end - start == len(row.before.splitlines())
        assert row.before != row.after
        assert row.op in LEVELED[level]
        assert row.kind in KINDS
        assert row.grade in GRADES


def test_there_are_mistakes_enough():
    """Six hundred, nearly every operation has some, and no two rows of one operation are the same."""
    assert len(ROWS) >= 600
    assert len({op for ops in LEVELED.values() for op in ops} - {row.op for row in ROWS}) <= 2
    assert len({(row.op, row.part, row.before, row.after, row.nth) for row in ROWS}) == len(ROWS)
    assert {row.grade for row in ROWS} >= set(GRADES)


def test_style_tells_nothing(tmp_path):
    """A formatter leaves every mistake as it is, and a linter has nothing to say of it."""
    if not (ruff := shutil.which("ruff", path=str(Path(sys.executable).parent))):
        pytest.skip("ruff is not installed")
    for number, row in enumerate(ROWS):
        (tmp_path / f"n{number}.py").write_text(planted(working(row.level), [row]), encoding="utf-8")
    settings = ["--config", str(PROJECT / "pyproject.toml"), "--no-cache", "--quiet", str(tmp_path)]
    for command in (["format", "--check"], ["check"]):
        run = subprocess.run([ruff, *command, *settings], capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout) == (0, ""), run.stdout[:2000]


@pytest.mark.parametrize("level", LEVELS)
def test_a_mistake_is_seen_in_public(level):
    """One of each table: its operation fails. That all of them do, `python -m tests.meta.hunts --rows` tries."""
    assert unseen(random.Random(level).choice(mistakes(level)), 0) == ""


def test_a_hundred_hunts_are_solvable():
    """Four places differ, in four operations that no other uses; with the right lines back it is working code."""
    assert [line for seed in SEEDS for line in wrong_with(LEVELED, 4, seed)] == []
    draws = [drawn(LEVELED, 4, seed) for seed in SEEDS]
    assert all(users(row.level, row.op) == (row.op,) for rows in draws for row in rows)
    assert {row.level for rows in draws for row in rows} == set(LEVELS)


@pytest.mark.parametrize("level", LEVELS)
def test_a_hunt_in_one_level_is_solvable(level):
    """Four are drawn in any level; of operations that use one another only one has a mistake, and of one no kind comes twice."""
    levels = {level: LEVELED[level]}
    for seed in range(20):
        rows = drawn(levels, 4, seed)
        assert len(rows) == 4
        assert places(working(level), planted(working(level), rows)) == 4
        kinds = [(row.op, row.kind) for row in rows]
        assert len(set(kinds)) == 4
        ops = {row.op for row in rows}
        assert not any(set(users(level, op)) & ops - {op} for op in ops)
        assert rows == drawn(levels, 4, seed)


@pytest.mark.parametrize("level", LEVELS)
def test_an_answer_says_where_its_lines_stand(level):
    """Also behind a mistake that has taken a line away, or added one."""
    for seed in range(20):
        hidden = hunted({level: LEVELED[level]}, 4, seed)
        lines = planted(working(level), hidden).splitlines()
        told = re.findall(rf"^\d\. .*kata/{level}\.py, line (\d+)", "\n".join(answers(hidden)), re.MULTILINE)
        for one, first in zip(hidden, map(int, told), strict=True):
            after = one.after.splitlines()
            assert lines[first - 1 : first - 1 + len(after)] == after


def test_more_mistakes_than_there_is_room_for_are_refused():
    """What is drawn then is said."""
    with pytest.raises(TooMany) as few:
        drawn({"feedforward": ["relu"]}, 99, 0)
    assert 0 < few.value.most < 99
    with pytest.raises(TooMany):
        drawn({"feedforward": []}, 1, 0)


SMALL = '''"""M."""

import numpy as np


def f(x, w, gamma, eps):
    """Y."""
    s = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)

    def grad(gy):
        gx = gy @ w.T
        gx = gx - x * (gx * x).sum(axis=-1, keepdims=True)
        gw = np.zeros_like(w)
        np.add.at(gw, 0, gy)
        return gx, gw

    return gamma * (x / s) * (w - 1 > 0), grad
'''
SLIPS = {
    "transpose lost": "gx = gy @ w",
    "eps moved": "s = np.sqrt((x**2).mean(axis=-1, keepdims=True)) + eps",
    "scatter": "gw[0] = gy",
    "argument order": "return gw, gx",
    "mask turned": "return gamma * (x / s) * (w - 1 < 0), grad",
    "boundary": "return gamma * (x / s) * (w - 1 >= 0), grad",
    "keepdims": "gx = gx - x * (gx * x).sum(axis=-1)",
    "in place": "gx -= x * (gx * x).sum(axis=-1, keepdims=True)",
    "digits lost": "gw = np.zeros(w.shape)",
    "sign": "gx = gx + x * (gx * x).sum(axis=-1, keepdims=True)",
}


def test_a_slip_is_written_as_an_author_would():
    """Brackets that are no longer needed go, lines nobody changed stay, and what nobody would write is not proposed."""
    module, found = Module(SMALL), {}
    for proposal in module.proposals():
        text = module.with_slip(proposal)
        if text:
            assert places(SMALL, text) == 1
            new = [line.strip().replace(" ** ", "**") for line in text.splitlines() if line not in SMALL.splitlines()]
            found.setdefault(proposal.kind, []).append("; ".join(new))
    missing = {kind: found.get(kind) for kind, text in SLIPS.items() if text not in found.get(kind, [])}
    assert missing == {}
    written = " ".join(line for lines in found.values() for line in lines)
    assert not re.search(r"gx = gx(;|$)|--|- w - 1|w\.T @ w\.T", written)
    assert found.keys() <= KINDS.keys()
    assert not any("return gamma, grad" in line or line == "gx = gy" for lines in found.values() for line in lines)


def _row(op: str, *users: str, found: float | None = None) -> Planted:
    return Planted(op, "sign", "named", "level", op, f"{op} right", f"{op} wrong", 0, users, found)


@pytest.mark.parametrize(
    ("planted", "holds", "also", "line"),
    [
        ([_row("a"), _row("b")], {"a": True, "b": False, "c": True}, (), "mended 1 of 2, broken 0"),
        ([_row("a"), _row("b")], {"c": False}, (), "mended 0 of 2, broken 1 (c)"),
        ([_row("a", "c")], {"a": False, "c": False}, (), "mended 0 of 1, broken 0"),
        ([_row("a", "c")], {"a": True, "c": False}, (), "mended 1 of 1, broken 1 (c)"),
        ([_row("a"), _row("a")], {"a": False}, (1,), "mended 1 of 2, broken 0"),
        ([_row("a", found=5.0)], {}, (), "mended 1 of 1, broken 0"),
        ([_row("a", found=5.0)], {"a": False}, (), "mended 0 of 1, broken 0"),
    ],
)
def test_a_hunt_is_counted_by_what_holds(planted, holds, also, line):
    """Mended is what holds, or did when it was judged last; what uses something wrong is not broken by anybody."""
    assert tally(planted, holds, also).line == line


def test_a_hunt_is_kept_with_its_finds(tmp_path):
    """What was found keeps its time, what is wrong again loses it, and a new hunt ends the one before."""
    hunts = Hunts(Store(tmp_path), "here")
    assert hunts.current() is None
    hunts.start(Hunt(0, 100.0, 40.0, 10**30, ("level",), ("a", "b"), (_row("a", "c"), _row("b"))))
    hunts.find(hunts.current(), {0}, 150.0)
    hunts.find(hunts.current(), {0, 1}, 170.0)
    hunts.find(hunts.current(), {0}, 190.0)
    found = hunts.current()
    assert [one.found for one in found.planted] == [150.0, None]
    assert (found.seed, found.planted[0].users, found.missed[0].op) == (10**30, ("c",), "b")
    assert Hunts(Store(tmp_path), "elsewhere").current() is None
    hunts.start(Hunt(0, 200.0, 40.0, 2, ("level",), ("a",), (_row("a"),)))
    assert [hunt.ended for hunt in hunts.all()] == [200.0, None]
    hunts.end(hunts.current(), 300.0)
    assert hunts.current() is None
    assert hunts.last().ended == 300.0


def test_a_hunt_counts_for_no_round(tmp_path, monkeypatch):
    """Green in working code is nobody's time to green, and ends no round."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path))
    from tests.meta.test_clock import results

    practice, op = Practice.open(tmp_path), "affine"
    practice.note(results(op, *["todo"] * 4), {op: "stub"}, 100.0)
    practice.hunts.start(Hunt(0, 200.0, 40.0, 2, ("feedforward",), (op,), (_row(op),)))
    practice.note(results(op, "pass", "fail", "skip", "skip"), {op: "a"}, 300.0)
    assert practice.settle({op: "a"}, 300.0).line == "mended 0 of 1, broken 0"
    practice.note(results(op, *["pass"] * 4), {op: "b"}, 400.0)
    assert practice.settle({op: "b"}, 400.0).line == "mended 1 of 1, broken 0"
    assert practice.hunt().planted[0].found == 400.0
    assert practice.time(op) is None
    assert practice.settle({op: "another"}, 9999.0).line == "mended 1 of 1, broken 0"


def test_kits_of_one_seed_are_the_same_and_tell_nothing(tmp_path):
    """The bytes are the same; beside a kit without mistakes, only their lines differ, and no file is about them."""
    chosen = {"losses": ["cross_entropy", "info_nce_loss"], "attention": ["transformer_block"]}
    found = hunted(chosen, 2, 7)
    names = [kit.write(str(tmp_path / f"{n}.zip"), PROJECT, chosen, found) for n in range(2)]
    assert (tmp_path / "0.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()
    assert not [name for name in names[0] if re.search(r"planting|mistakes|solutions|hidden|mutants|tests/stubs", name)]
    with zipfile.ZipFile(tmp_path / "0.zip") as archive:
        inside = {info.filename.removeprefix("kata-kit/"): archive.read(info) for info in archive.infolist()}
        assert len({info.date_time for info in archive.infolist()}) == 1
    right = excerpts(chosen, ())
    assert {name for name in inside if re.fullmatch(r"kata/[a-z]\w*\.py", name)} == {f"kata/{at}.py" for at in right}
    assert set(right) == {"losses", "attention", "feedforward", "activations", "normalization"}
    differ = {at: places(text.decode(), inside[f"kata/{at}.py"].decode()) for at, text in right.items()}
    assert sum(differ.values()) == 2
    assert "affine" in inside["kata/feedforward.py"].decode()
    assert "relu" not in inside["kata/feedforward.py"].decode()
    assert b"BUGS = 2" in inside["tests/specs/__init__.py"]
    compile(inside["kata/attention.py"], "attention.py", "exec")


def test_a_notebook_gets_one_function_to_mend():
    """Its source runs in a cell, the same seed gives the same one, and the answer mends it."""
    bug = bugs("normalization", seed=3)
    assert repr(bug) == repr(bugs("normalization", seed=3))
    assert bug.op in LEVELED["normalization"]
    cell: dict = {}
    exec(bug.source, cell)
    assert not bug.check(cell[bug.op]).passed
    exec(taken_out(bug.source, bug.planted), cell)
    assert bug.check(cell[bug.op]).passed
    exec(bugs("transformer_block", seed=1).source, {})
    with pytest.raises(ValueError, match=r"^bugs: there is no level and no operation losse; do you mean losses"):
        bugs("losse")


REFUSED = {
    "none": ({"impl": ["kata"], "bugs": "0"}, "--bugs=0: should be the number of mistakes to plant, 1 to 99"),
    "no number": ({"impl": ["kata"], "bugs": "four"}, "--bugs=four: should be the number"),
    "too many": ({"impl": ["kata"], "bugs": "60", "op": ["relu"]}, "--bugs=60: the operations chosen have room for"),
    "no place": ({"bugs": "4"}, "--bugs=4: goes with --impl=kata, to hunt; with --kit=FILE.zip; or"),
    "the solutions": ({"impl": ["solutions"], "bugs": "4"}, "--bugs=4: plants mistakes in kata/"),
    "a kit of no seed": ({"bugs": "4", "answers": True}, "--bugs=4: of which kit? add the --seed=N"),
    "no hunt": ({"answers": True}, "--answers: there was no hunt in kata/; pytest --impl=kata --bugs=4 starts one"),
    "answers of a kit": ({"answers": True, "impl": ["x.zip"]}, "--answers: of the hunt in kata/; for those of a kit:"),
    "no such level": (
        {"impl": ["kata"], "bugs": "4", "markexpr": "losse"},
        "-m losse: there is no level losse; do you",
    ),
    "no operation": (
        {"impl": ["kata"], "bugs": "4", "op": ["relux"]},
        "--op=relux: there is no operation of that name",
    ),
    "nothing": ({"impl": ["kata"], "bugs": "4", "op": ["relu"], "markexpr": "losses"}, "--bugs: nothing is chosen by"),
    "words": (
        {"impl": ["kata"], "bugs": "4", "keyword": "relu"},
        "--bugs=4: choose operations by --op and -m; leave -k",
    ),
    "an interview": ({"impl": ["kata"], "bugs": "4", "sample": "3"}, "--bugs=4: does not go with --sample"),
    "minutes": ({"impl": ["kata"], "bugs": "4", "minutes": "0"}, "--minutes=0: should be a number of minutes"),
    "a debugger": (
        {"impl": ["kata"], "bugs": "4", "usepdb": True},
        "--bugs=4: there is no hunt yet; start it without --pdb",
    ),
}
OPTIONS = {
    **{"impl": [], "op": [], "hint": [], "reset": [], "keyword": "", "markexpr": "", "seed": None, "bugs": None},
    **dict.fromkeys(("answers", "kit", "sample", "train", "forget", "history", "minutes", "usepdb", "collectonly")),
    **dict.fromkeys(("restart", "watch")),
}


@pytest.mark.parametrize(("options", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_planted_is_refused_in_a_line(options, said, tmp_path, monkeypatch):
    """The line says what to do, and nothing is written."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(hunt, "PROJECT", tmp_path)
    (tmp_path / "solutions").mkdir()
    config = SimpleNamespace(option=SimpleNamespace(**OPTIONS | options), args=[], args_source=None)
    with pytest.raises(pytest.UsageError) as refused:
        hunt.pytest_cmdline_main(config)
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "kata").exists()


def test_a_hunt_from_its_first_command_to_its_last(project, tmp_path):
    """It plants, keeps what was there, grades, counts, and tells all when everything is mended; a read-only file is left alone."""
    settings = {"KATA_DATA": str(tmp_path / "data"), "cwd": project}
    file = project / "kata" / "normalization.py"
    attempt = file.read_text() + "\n\nMINE = 1\n"
    file.write_text(attempt)
    chosen = {"normalization": ["rms_norm", "dropout"]}
    command = ["--impl=kata", "--op=rms_norm,dropout", "--bugs=2", "--seed=5"]
    file.chmod(0o444)
    assert "--explain: should be on or off" in grade("--impl=kata", "--explain", **settings).stderr
    refused = grade(*command, **settings)
    assert (refused.returncode, file.read_text()) == (4, attempt)
    assert "kata/normalization.py is read-only" in refused.stderr
    file.chmod(0o644)
    first = grade(*command, **settings)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("2 mistakes are planted in working code: kata/, normalization (--seed=5)\n")
    assert "you have 20 minutes" in first.stdout
    (copy,) = re.findall(r"^your attempt is kept in (.+)$", first.stdout, re.MULTILINE)
    assert (project / copy).read_text() == attempt
    found = hunted(chosen, 2, 5)
    assert file.read_text() == planted(working("normalization"), found)

    file.write_text(taken_out(file.read_text(), found[0]))
    again = grade(*command, "--explain=off", **settings).stdout
    assert re.search(r"^hunt: mended 1 of 2, broken 0$", again, re.MULTILINE), again
    assert re.search(r"^clock: (19|20):\d\d left$", again, re.MULTILINE)
    assert not re.search(r"hint:|smallest example|the hunt is over|yours", again)
    other = grade("--impl=kata", "--bugs=3", **settings)
    assert other.stderr.startswith("ERROR: --bugs=3: a hunt of 2 (--seed=5) is on, 1 of 2 are left to find")

    file.write_text(taken_out(file.read_text(), found[1]))
    last = grade("--impl=kata", "--op=rms_norm,dropout", **settings).stdout
    assert re.search(r"^hunt: mended 2 of 2, broken 0$", last, re.MULTILINE), last
    assert last.count(", found in 0:") == 2
    assert all(KINDS[one.kind] in " ".join(last.split()) for one in found)
    history = grade("--history", **settings).stdout
    assert re.search(r"^  \d{4}-\d\d-\d\d \d\d:\d\d +20  2 of 2$", history, re.MULTILINE), history
    told = grade("--answers", **settings).stdout
    assert all(f"+ {one.before}" in told for one in found if "\n" not in one.before)


def test_several_mistakes_of_one_operation_are_mended_one_by_one(project, tmp_path):
    """While the other is there the operation fails, and each counts by itself; so does the bell."""
    settings = {"KATA_DATA": str(tmp_path / "data"), "cwd": project}
    command = ["--impl=kata", "--op=rms_norm", "--bugs=2", "--seed=1"]
    grade(*command, **settings)
    file, found = project / "kata" / "normalization.py", hunted({"normalization": ["rms_norm"]}, 2, 1)
    file.write_text(taken_out(file.read_text(), found[1]))
    run = grade("--impl=kata", "--op=rms_norm", **settings).stdout
    assert "hunt: mended 1 of 2, broken 0" in run
    grade(*command, "--restart", "--minutes=0.001", **settings)
    over = grade("--impl=kata", "--op=rms_norm", **settings).stdout
    assert "hunt: mended 0 of 2, broken 0; time is up" in over
    assert over.count(", missed") == 2


def test_what_comes_back_is_counted(tmp_path):
    """Beside the score stands what is mended, left and newly broken, in the terminal and in the report."""
    chosen = {"normalization": ["rms_norm", "dropout", "l2_normalize"]}
    found = hunted(chosen, 2, 7)
    (source,) = excerpts(chosen, found).values()
    (spoilt,) = {"rms_norm", "dropout", "l2_normalize"} - {one.op for one in found}
    text = taken_out(source.decode(), found[0])
    text += f"\n\ndef {spoilt}(*arguments):\n    return 1\n"
    (tmp_path / "handed.py").write_text(text)
    arguments = [f"--impl={tmp_path}/handed.py", "--bugs=2", "--seed=7", "--op=rms_norm,dropout,l2_normalize"]
    run = grade(*arguments, f"--report={tmp_path}/r.json", f"--report={tmp_path}/r.html").stdout
    assert f"planted mistakes: mended 1 of 2, left 1, newly broken 1 ({spoilt})" in run, run
    (submission,) = json.loads((tmp_path / "r.json").read_text())["submissions"]
    assert submission["bugs"] == {"planted": 2, "mended": 1, "left": 1, "broken": [spoilt]}
    assert "mended 1 of 2, left 1, newly broken 1" in (tmp_path / "r.html").read_text()


def test_an_exception_too_is_a_fail_and_no_more_where_nothing_is_explained(tmp_path):
    """That it raises is half of what is to be found."""
    (tmp_path / "raises.py").write_text("def relu(x):\n    raise ValueError('here')\n")
    run = grade(f"--impl={tmp_path}/raises.py", "--op=relu", "--explain=off", f"--report={tmp_path}/r.json").stdout
    assert re.search(r"^  relu +FAIL", run, re.MULTILINE), run
    assert not re.search("ERROR|here|ValueError", run), run
    (submission,) = json.loads((tmp_path / "r.json").read_text())["submissions"]
    assert submission["ops"]["relu"]["forward"] == "fail"


def test_a_kit_explains_nothing_and_has_no_answers(tmp_path):
    """In it a run says pass and FAIL, how many mistakes there are, and nothing else; its answers are elsewhere."""
    arguments = ["--op=dropout,rms_norm", "--bugs=2", "--seed=7"]
    made = grade(f"--kit={tmp_path}/kit.zip", *arguments)
    assert "--bugs=2 --seed=7" in made.stdout, made.stdout + made.stderr
    shutil.unpack_archive(tmp_path / "kit.zip", tmp_path)
    settings = {"KATA_DATA": str(tmp_path / "data"), "cwd": tmp_path / "kata-kit"}
    run = grade(**settings).stdout
    assert "2 mistakes are planted in kata/" in run
    assert len(re.findall(r"^  (?:dropout|rms_norm) .*FAIL", run, re.MULTILINE)) == 2, run
    assert not re.search(r"hint:|smallest example|should be|yours", run)
    refused = grade("--answers", **settings).stderr
    assert refused == "ERROR: --answers: this is a candidate's kit; the answers are with whoever wrote it\n\n", refused
    told = grade(*arguments, "--answers").stdout
    assert told.count("\n+ ") >= 2
    assert len(re.findall(r"^\d\. ", told, re.MULTILINE)) == 2


def _without_docstrings(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
            node.body[0].value = ast.Constant("")
    return ast.dump(tree)
