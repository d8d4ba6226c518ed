"""Where a run is started, the operations of `--op`, and what is said where nothing is selected."""

import json
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.harness.plugin import selection
from tests.harness.rows.names import names_by_level
from tests.meta.runs import grade
from tests.meta.terminals import PROJECT, copy
from tests.meta.test_grading import half  # noqa: F401 (a fixture)

LEVELS = {"first": ["add", "add_all", "tanh", "leaky_tanh"], "second": ["where"]}


def _counted(run: subprocess.CompletedProcess) -> str:
    """The last line of a run, without its time."""
    return re.sub(r" in [\d.]+s.*|^=+ ", "", run.stdout.rstrip().splitlines()[-1])


@pytest.mark.parametrize(
    "folder",
    ["kata", "tests", "tests/hidden", "tests/meta/attacks", "tests/harness/judgement", "tests/harness/display"],
)
def test_a_run_is_the_same_from_every_folder(folder):
    """What is chosen, the scoreboard and the next command are those of the root, wherever below it a run is started."""
    there, root = (grade("--impl=kata", "-m", "feedforward", cwd=cwd) for cwd in (PROJECT / folder, PROJECT))
    assert there.returncode == root.returncode == 1, there.stdout + there.stderr
    assert _counted(there) == _counted(root)
    parts = [run.stdout.partition(" scoreboard ")[2].rpartition("\n==")[0] for run in (there, root)]
    assert parts[0] == parts[1]
    assert "next: pytest --impl=kata --op=affine" in parts[0]


def test_paths_are_those_of_the_folder_where_they_are_typed(half, tmp_path):  # noqa: F811
    """From kata/: a submission, its report, a kit and a hint; the maintainer's plain pytest there is everything."""
    shutil.copytree(half.parent, tmp_path / "inbox", dirs_exist_ok=True)
    project = tmp_path / "a folder, with spaces"
    copy(project)
    kata = project / "kata"
    run = grade("--impl=../../inbox/half.py", "--op=relu", "--report=../r.json", cwd=kata)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "next: pytest --impl=../../inbox/half.py  (all of this part holds" in run.stdout
    (submission,) = json.loads((project / "r.json").read_text())["submissions"]
    assert submission["submission"] == "../../inbox/half.py"
    assert list(submission["ops"]) == ["relu"]
    assert grade("--kit=../kit.zip", "--op=relu", cwd=kata).returncode == 0
    with zipfile.ZipFile(project / "kit.zip") as archive:
        assert "def relu" in archive.read("kata-kit/kata/feedforward.py").decode()
    assert "hint 1 of 3" in grade("--hint=relu", cwd=kata).stdout
    listed = grade("--collect-only", "-q", cwd=kata)
    assert "tests/test_ops.py::test_forward[affine]" in listed.stdout


def test_a_project_behind_a_link_is_that_project(tmp_path):
    """Also where it is called like the folder of the harness's own tests, which are not run."""
    copy(tmp_path / "meta")
    (tmp_path / "meta/tests/meta").mkdir()
    (tmp_path / "meta/tests/meta/test_harness.py").write_text("def test_it():\n    pass\n")
    (tmp_path / "link").symlink_to(tmp_path / "meta")
    for argument in ((), (str(tmp_path / "link/tests"),)):
        run = grade("--impl=kata", "--op=relu", *argument, cwd=tmp_path / "link/kata")
        assert run.returncode == 1, run.stdout + run.stderr
        assert f" {4 * sum(map(len, names_by_level().values())) - 4} deselected, 4 todo in " in run.stdout


def test_a_maintainer_s_plain_pytest_in_tests_is_that_folder():
    """Without --impl and --op, a folder of tests/ is what pytest makes of it."""
    listed = grade("--collect-only", "-q", cwd=PROJECT / "tests/meta/attacks")
    assert listed.returncode == 5
    assert "nothing selected: there are no tests in" in listed.stdout
    assert "test_page.py" in grade("--collect-only", "-q", "test_page.py", cwd=PROJECT / "tests/meta").stdout


WRONG_STARTS = {
    "the folder": ("kata/", ".", "kata/: has no tests; to grade it: pytest --impl=kata"),
    "a module": ("kata/losses.py", ".", "kata/losses.py: has no tests; to grade it: pytest --impl=kata -m losses"),
    "here": (".", "kata", ".: has no tests; to grade it: pytest --impl=kata"),
    "elsewhere": ("../kata", "tests", "../kata: has no tests; to grade it: pytest --impl=kata"),
    "the solutions": ("solutions", ".", "solutions: has no tests; to grade it: pytest --impl=solutions"),
    "an operation": ("relu", ".", "relu: there is no such file; for the operation: --op=relu"),
    "a level": ("losses", ".", "losses: there is no such file; for the level: -m losses"),
}


@pytest.mark.parametrize(("argument", "folder", "said"), WRONG_STARTS.values(), ids=WRONG_STARTS.keys())
def test_a_path_without_tests_is_told_what_to_type(argument, folder, said):
    """Exit status 4 and one line, before anything is imported or graded."""
    run = grade("--impl=kata", argument, cwd=PROJECT / folder)
    assert (run.returncode, run.stdout) == (4, "")
    assert run.stderr.strip() == f"ERROR: {said}"


@pytest.mark.parametrize(
    ("name", "op"), [("add", "add"), ("add_", "add_all"), ("t", "tanh"), ("compose", "compose"), ("w", "where")]
)
def test_the_beginning_of_a_name_is_completed(name, op):
    """A whole name is that operation, even where another begins so; a beginning that only one has is that one's."""
    assert selection.completed(name, LEVELS) == op


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ad", "--op=ad: several operations begin so: add, add_all"),
        ("TanH", "--op=TanH: there is no operation of that name; do you mean tanh?"),
        ("tahn", "--op=tahn: there is no operation of that name; do you mean tanh?"),
        ("first", "--op=first: is a level; for all of its operations: -m first"),
        ("", "--op=: there is no operation of that name; do you mean add, add_all or tanh?"),
        ("a\x1b[2J", "--op=a\\x1b[2J: there is no operation of that name; do you mean "),
    ],
)
def test_a_name_that_is_none_gets_the_nearest(name, said):
    """One line, with the candidates of an ambiguous beginning, or the nearest names."""
    with pytest.raises(pytest.UsageError) as refused:
        selection.completed(name, LEVELS)
    assert str(refused.value).startswith(said)


def test_a_name_that_is_none_ends_the_run():
    """Exit status 4 and the line alone; so does compose, where it is not judged."""
    for arguments, said in (
        (("--op=relux",), "--op=relux: there is no operation of that name; do you mean relu"),
        (("--op=relu", "--op=compose"), "--op=compose: is judged with --hidden only; add it, or leave compose out"),
    ):
        run = grade("--impl=kata", *arguments)
        assert (run.returncode, run.stdout) == (4, "")
        assert run.stderr.startswith(f"ERROR: {said}")
        assert len(run.stderr.strip().splitlines()) == 1


PUBLIC_TESTS = ("forward", "gradient", "pure", "stable")
HIDDEN_TESTS = ("layout", "fast")
CHOICES = {
    "one": (["--impl=kata", "--op=relu"], ["relu"], PUBLIC_TESTS),
    "several": (["--impl=kata", "--op=aff,sig", "--op", "relu"], ["affine", "sigmoid", "relu"], PUBLIC_TESTS),
    "one property": (["--impl=kata", "--op=relu", "-k", "gradient"], ["relu"], ["gradient"]),
    "with a level": (["--impl=kata", "--op=relu,tanh", "-m", "activations"], ["tanh"], PUBLIC_TESTS),
    "hidden": (["--impl=kata", "--hidden", "--op=relu"], ["relu"], [*PUBLIC_TESTS, *HIDDEN_TESTS]),
    "a sample": (["--impl=kata", "--op=relu", "--sample=1"], ["relu"], PUBLIC_TESTS),
    "the solutions, by a maintainer": (["--op=relu"], ["relu"], PUBLIC_TESTS),
    "beside the harness's own tests": (["--op=relu", "tests/meta/test_numbers.py", "tests/test_ops.py"], ["relu"], PUBLIC_TESTS),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "ops", "properties"), CHOICES.values(), ids=CHOICES.keys())
def test_op_chooses_exactly_these(arguments, ops, properties, tmp_path):
    """In every mode, of each operation that is named each property, and no other test; not leaky_relu for relu."""
    listed = grade(*arguments, "--collect-only", "-q", KATA_DATA=str(tmp_path))
    found = {line.partition("::")[2] for line in listed.stdout.splitlines() if "::" in line}
    assert found == {f"test_{prop}[{op}]" for op in ops for prop in properties}, listed.stdout + listed.stderr


def test_op_is_the_same_elsewhere_and_with_workers(half, tmp_path):  # noqa: F811
    """Of a submission, hidden and with compose, on two cores; the report's command chooses the same again."""
    reports = [tmp_path / "r.json", tmp_path / "r.html"]
    options = [f"--impl={half}", "--hidden", "--op=relu,compose", *(f"--report={file}" for file in reports)]
    run = grade(*options, "-n2")
    assert run.returncode == 0, run.stdout + run.stderr
    (submission,) = json.loads(reports[0].read_text())["submissions"]
    assert list(submission["ops"]) == ["relu", "compose"]
    assert submission["score"] == 100
    assert "--op=relu,compose" in reports[1].read_text()


NOTHING = {
    "an unknown word": (["-k", "relux"], "-k relux: there is no operation or property relux; do you mean relu"),
    "several words": (["-k", "relux and gradient"], "-k 'relux and gradient': there is no operation or property relux; do you mean relu"),
    "no such level": (["-m", "losess"], "-m losess: there is no level losess; do you mean losses?"),
    "two at once": (["-k", "affine and sigmoid"], "no test in the project is chosen by -k 'affine and sigmoid'; for each of these operations: --op=affine,sigmoid"),
    "another level": (["--op=relu", "-m", "losses"], "no test in the project is chosen by --op=relu (of feedforward) with -m losses"),
    "hidden": (["-k", "fast"], "fast: judged with --hidden only; add it"),
    "a folder without tests": (["tests/specs"], "there are no tests in tests/specs"),
    "a kit": (["--kit={tmp}/kit.zip", "-k", "relux"], "-k relux: there is no operation or property relux; do you mean relu"),
    "several submissions": (["--impl=solutions", "-k", "relux"], "-k relux: there is no operation or property relux; do you mean relu"),
    "with workers": (["-n2", "-k", "relux"], "-k relux: there is no operation or property relux; do you mean relu"),
    "collected only": (["--collect-only", "-k", "relux"], "-k relux: there is no operation or property relux; do you mean relu"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), NOTHING.values(), ids=NOTHING.keys())
def test_nothing_selected_is_a_line_and_no_score(arguments, said, tmp_path):
    """Exit status 5, one line with the nearest names, no scoreboard, no report and no kit."""
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    run = grade("--impl=kata", f"--report={tmp_path}/r.json", *arguments)
    assert run.returncode == 5, run.stdout + run.stderr
    lines = [line for line in (run.stdout + run.stderr).splitlines() if "nothing selected: " in line]
    assert [line.partition("nothing selected: ")[2][: len(said)] for line in lines] == [said]
    assert "score" not in run.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_expression_that_is_none_has_no_score():
    """Words without and, or, not are told so with what was meant; what else pytest cannot read, it says itself."""
    loose = grade("--impl=kata", "-k", "affine, sigmoid")
    assert (loose.returncode, loose.stdout) == (4, "")
    assert loose.stderr.strip().endswith("between its words; for these operations: --op=affine,sigmoid")
    broken = grade("--impl=kata", "-k", "affine and")
    assert broken.returncode == 4
    assert "Wrong expression passed to '-k'" in broken.stderr
    assert "score" not in broken.stdout


def test_every_module_can_be_a_folder_s_neighbour():
    """No module here is called like one of Python's own, which it would hide where `python -m pytest` is typed beside it."""
    files = [path for name in ("tests", "kata", "solutions") for path in (PROJECT / name).rglob("*.py")]
    assert [str(path) for path in files if path.stem in sys.stdlib_module_names] == []


def test_names_of_all_operations_are_whole():
    """Each operation can be chosen by its own name, whatever the others are called."""
    levels = names_by_level()
    assert [selection.completed(op, levels) for ops in levels.values() for op in ops] == [
        op for ops in levels.values() for op in ops
    ]
