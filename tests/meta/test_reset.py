"""`--reset`: an operation or a module is a stub again, nothing else changes, and the attempt is kept."""

import datetime
import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.harness.plugin import kit
from tests.harness.practice import reset, stubs
from tests.harness.rows.names import names_by_level
from tests.meta.runs import PROJECT, grade

LEVELS = {"first": ["one", "two"], "second": ["three"]}
HEAD = '"""The first level."""\n\nimport math\n\n\n'
ONE = '''def one(x):
    """y = x. grad(gy) -> gx."""
    # TODO
    raise NotImplementedError("one")
'''
TWO = '''def two(
    x, y
):
    """y = x + y."""
    # TODO
    raise NotImplementedError("two")
'''
STUBS = {
    "first": f"{HEAD}{ONE}\n\n{TWO}",
    "second": 'def three(x):\n    """y = 3 x."""\n    raise NotImplementedError("three")\n',
}
NOW = datetime.datetime(2026, 11, 24, 14, 2, 31)
WRITTEN = '''"""Mine."""

import math


def helper(x):
    return x


@decorated
def one(x):
    """Mine too."""
    y = helper(x)

    return y, lambda gy: gy
    # and a thought


def two(x, y): return x + y, None


LAST = 1
'''


@pytest.fixture
def project(tmp_path) -> Path:
    """A project of two levels in a git repository, with the stubs in its first commit."""
    for level, source in STUBS.items():
        _write(tmp_path, level, source)
    _git(tmp_path, "init", "-q")
    _commit(tmp_path)
    return tmp_path


def test_an_operation_is_a_stub_again_and_nothing_else_changes(project):
    """Only the function's own lines change: decorators, helpers, order and the other operations stay."""
    file = _write(project, "first", WRITTEN)
    said = _reset(["one"], project, LEVELS, NOW)
    before, _, after = WRITTEN.partition("def one(x):")
    after = after.partition("    # and a thought\n")[2]
    assert file.read_text() == before + ONE + after
    assert said == [
        "one: back to the stub in kata/first.py",
        "your attempt is kept in kata/.backup/2026-11-24T14-02-31/first.py",
    ]
    assert (project / "kata/.backup/2026-11-24T14-02-31/first.py").read_text() == WRITTEN


def test_a_module_is_restored_byte_for_byte(project):
    """A module's name, as a name or as a file, brings the whole module back; `all` brings all of them."""
    for target in ("first", "kata/first.py", "first.py"):
        file = _write(project, "first", WRITTEN)
        _reset([reset.plain(target)], project, LEVELS, NOW)
        assert file.read_text() == STUBS["first"]
    for level in LEVELS:
        _write(project, level, "x = (")
    said = _reset(["all"], project, LEVELS, NOW)
    assert {level: (project / f"kata/{level}.py").read_text() for level in LEVELS} == STUBS
    assert [line for line in said if line.startswith("kata/")] == [
        "kata/first.py: the whole module is back",
        "kata/second.py: the whole module is back",
    ]
    assert sum("your attempt is kept in" in line for line in said) == 2


def test_a_stub_is_left_alone(project):
    """What is a stub already is said, and neither written nor copied."""
    (project / "kata/first.py").chmod(0o444)
    said = _reset(["one", "second", "first"], project, LEVELS, NOW)
    assert said == ["kata/first.py: is as it was at first", "kata/second.py: is as it was at first"]
    assert _reset(["two"], project, LEVELS, NOW) == ["two: is a stub already in kata/first.py"]
    assert not (project / "kata/.backup").exists()


def test_those_that_were_written_are_told(project):
    """A round begins anew for the operations that were more than a stub, and for no other."""
    _write(project, "first", WRITTEN.replace("def two(x, y): return x + y, None", TWO))
    assert reset.reset(["one", "two", "second"], project, LEVELS, NOW).ops == ("one",)
    _write(project, "first", "x = (")
    assert reset.reset(["all"], project, LEVELS, NOW).ops == ("one", "two")
    assert reset.reset(["all"], project, LEVELS, NOW).ops == ()


def test_a_copy_is_never_overwritten(project):
    """Two attempts in one second have a folder each."""
    for number in range(3):
        _write(project, "second", f"three = {number}\n")
        _reset(["second"], project, LEVELS, NOW)
    folders = ["", "-2", "-3"]
    kept = [(project / f"kata/.backup/2026-11-24T14-02-31{n}/second.py").read_text() for n in folders]
    assert kept == ["three = 0\n", "three = 1\n", "three = 2\n"]


@pytest.mark.parametrize("committed", [STUBS["first"], WRITTEN.replace("@decorated\n", "")])
def test_the_stub_is_the_newest_that_was_committed(project, committed):
    """A stub comes from the newest commit that has it, also after an answer was committed, and from an older one before."""
    _write(project, "first", STUBS["first"].replace("y = x.", "y is x, better said."))
    _commit(project)
    file = _write(project, "first", committed.replace("y = x.", "y is x, better said."))
    _commit(project)
    file.write_text("def one(x):\n    return 1\n")
    _reset(["one"], project, LEVELS, NOW)
    assert "y is x, better said." in file.read_text()
    _reset(["first"], project, LEVELS, NOW)
    assert file.read_text() == STUBS["first"].replace("y = x.", "y is x, better said.")


def test_a_kit_has_its_own_stubs(tmp_path):
    """In a kit, which has no git, the whole module comes back from what the kit was written with."""
    run = grade(f"--kit={tmp_path}/kit.zip", "-k", "affine or relu")
    assert run.returncode == 0, run.stdout
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "kata-kit"
    file = folder / "kata/feedforward.py"
    stub = file.read_bytes()
    file.write_text("def relu(x):\n    return x\n")
    run = grade("--reset=relu", cwd=folder)
    assert run.returncode == 0, run.stdout + run.stderr
    assert 'raise NotImplementedError("relu")' in file.read_text()
    assert "affine" not in file.read_text()
    run = grade("--reset=all", cwd=folder)
    assert file.read_bytes() == stub
    assert len(list((folder / "kata/.backup").iterdir())) == 2
    assert "there is no operation and no module of that name" in grade("--reset=sigmoid", cwd=folder).stderr


def test_copies_are_neither_handed_in_nor_given_away(tmp_path):
    """Old attempts are in no kit and count for nothing in a submission; git is told to ignore them."""
    work = tmp_path / "work"
    (work / "kata/.backup/then").mkdir(parents=True)
    (work / "kata/.backup/then/feedforward.py").write_text("def relu(x):\n    return x\n")
    (work / "kata/feedforward.py").write_text("def affine(x, w, b):\n    return x\n")
    run = grade(f"--impl={work}", "-k", "relu", "--sandbox=process")
    assert "relu                  TODO" in run.stdout
    assert ".backup/" in (PROJECT / ".gitignore").read_text().splitlines()
    names = kit.write(str(tmp_path / "kit.zip"), PROJECT, {"feedforward": ["relu"]})
    assert not [name for name in names if reset.BACKUPS in name]


def test_without_an_earlier_version_the_signature_stays(tmp_path):
    """Where neither a kit nor git knows the stub, it is made of the operation's own signature and docstring."""
    for level, source in STUBS.items():
        _write(tmp_path, level, source)
    file = _write(
        tmp_path,
        "first",
        'def one(x: "a:b", y={1: 2}) -> int: return 1\ndef two(x):\n    """A.\n\n    B."""\n    return 2\n',
    )
    said = _reset(["first"], tmp_path, LEVELS, NOW)
    assert file.read_text() == (
        'def one(x: "a:b", y={1: 2}) -> int:\n    # TODO\n    raise NotImplementedError("one")\n'
        'def two(x):\n    """A.\n\n    B."""\n    # TODO\n    raise NotImplementedError("two")\n'
    )
    assert said[0] == "kata/first.py: no version with all its stubs is known; operation by operation:"
    assert said[1].startswith("one: back to the stub in kata/first.py; no earlier version is known")


def test_a_missing_operation_is_put_back_in_its_place(project):
    """One that was deleted comes back in the order of its module; a file that was deleted comes back whole."""
    file = _write(project, "first", HEAD + ONE.rstrip())
    _reset(["two"], project, LEVELS, NOW)
    assert file.read_text() == STUBS["first"]
    _write(project, "first", f"{HEAD}@d\n{TWO}")
    _reset(["one"], project, LEVELS, NOW)
    assert file.read_text() == f"{HEAD}{ONE}\n\n@d\n{TWO}"
    _write(project, "first", "x = 1")
    _reset(["one"], project, LEVELS, NOW)
    assert file.read_text() == f"x = 1\n\n\n{ONE}"
    file.unlink()
    assert _reset(["one"], project, LEVELS, NOW) == ["kata/first.py: the whole module is back"]
    assert file.read_text() == STUBS["first"]


def test_a_syntax_error_does_not_keep_an_operation(project):
    """In a file that Python cannot read, the operation is found by its def, and the others stay as they are."""
    broken = WRITTEN.replace("    y = helper(x)\n", "    y = helper(x\nreturn 1\n")
    file = _write(project, "first", broken)
    assert _reset(["one"], project, LEVELS, NOW)[0] == "one: back to the stub in kata/first.py"
    assert file.read_text() == f"{broken.partition('def one')[0]}{ONE}\n\n{broken[broken.index('def two') :]}"
    _write(project, "first", broken + "\nx = (\n")
    assert _reset(["one"], project, LEVELS, NOW)[0].endswith("the file still has a syntax error elsewhere")
    _write(project, "first", "x = (\n")
    with pytest.raises(
        stubs.RefusedReset, match=r"^one: kata/first.py: it cannot be found there; --reset first restores"
    ):
        _reset(["one"], project, LEVELS, NOW)
    assert file.read_text() == "x = (\n"


def test_line_endings_and_mode_are_kept(project):
    """A file from Windows, without a last newline or with rights of its own stays one."""
    file = _write(project, "first", "")
    file.write_bytes(b"def one(x):\r\n    return 1\r\n\r\nx = 1")
    file.chmod(0o640)
    _reset(["one"], project, LEVELS, NOW)
    assert file.read_bytes() == ONE.replace("\n", "\r\n").encode() + b"\r\nx = 1"
    assert file.stat().st_mode & 0o777 == 0o640
    _reset(["first"], project, LEVELS, NOW)
    assert file.read_bytes() == STUBS["first"].replace("\n", "\r\n").encode()
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("after", ["one = print\n", "if True:\n    def one(x):\n        pass\n", "import one\n"])
def test_a_name_that_is_given_to_something_else_is_said(after, project):
    """A stub that would have no effect is refused."""
    _write(project, "first", f"def one(x):\n    return 1\n\n\n{after}")
    with pytest.raises(stubs.RefusedReset, match=r"line 5 gives the name to something other than a def; --reset first"):
        _reset(["one"], project, LEVELS, NOW)


def test_what_cannot_be_written_is_left_alone(project):
    """A link, a read-only file and a place for the copy that is none: one line each, and nothing is changed."""
    file = _write(project, "first", WRITTEN)
    second = _write(project, "second", "x = 1\n")
    file.chmod(0o444)
    with pytest.raises(stubs.RefusedReset, match=r"^kata/first\.py is read-only"):
        _reset(["all"], project, LEVELS, NOW)
    file.rename(project / "elsewhere.py")
    file.symlink_to(project / "elsewhere.py")
    with pytest.raises(stubs.RefusedReset, match=r"^kata/first\.py is a symbolic link to "):
        _reset(["all"], project, LEVELS, NOW)
    assert second.read_text() == "x = 1\n"
    (project / "kata/.backup").write_text("")
    with pytest.raises(stubs.RefusedReset, match=r"^kata/\.backup cannot be written .*nothing was changed$"):
        _reset(["second"], project, LEVELS, NOW)
    assert second.read_text() == "x = 1\n"


@pytest.mark.parametrize("git", ["missing", "broken", "in a hook", "shallow", "in a folder of a repository"])
def test_git_may_be_any(git, project, tmp_path_factory, monkeypatch):
    """In a hook, a shallow clone and a subfolder the stub is found; without git or in a damaged repository one is made."""
    if git == "missing":
        monkeypatch.setenv("PATH", "")
    elif git == "broken":
        (project / ".git/HEAD").write_text("nonsense")
    elif git == "in a hook":
        monkeypatch.setenv("GIT_DIR", "/nowhere")
    elif git == "shallow":
        clone = tmp_path_factory.mktemp("clone")
        subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{project}", clone], check=True)
        project = clone
    else:
        (project / "inner").mkdir()
        (project / "kata").rename(project / "inner/kata")
        _commit(project)
        project = project / "inner"
    file = _write(project, "first", "def one(x):\n    return 1\n")
    (said, _) = _reset(["one"], project, LEVELS, NOW)
    found = git not in ("missing", "broken")
    assert file.read_text() == (ONE if found else 'def one(x):\n    # TODO\n    raise NotImplementedError("one")\n')
    assert ("no earlier version is known" in said) is not found


@pytest.mark.parametrize(
    ("target", "meant"), [("afine", "affine"), ("feedforwrd", "feedforward"), ("al", "all"), ("reluu", "relu")]
)
def test_an_unknown_target_gets_the_closest_names(target, meant):
    """A name that is mistyped: status 4, one line, and nothing is reset."""
    run = grade("--reset=relu", f"--reset={target}")
    assert run.returncode == 4
    assert run.stdout == ""
    (line,) = filter(None, run.stderr.splitlines())
    assert line.startswith(f"ERROR: --reset={target}: there is no operation and no module of that name; do you mean")
    assert meant in line


def test_every_stub_of_the_kata_comes_back(tmp_path):
    """For each operation of the kata, a written answer becomes the stub that it was, in a project with no more than files."""
    levels = names_by_level()
    for folder in ("kata", "tests/stubs"):
        (tmp_path / folder).mkdir(parents=True)
    for level, ops in levels.items():
        source = (PROJECT / "kata" / f"{level}.py").read_text()
        (tmp_path / f"tests/stubs/{level}.py").write_text(source)
        file = tmp_path / f"kata/{level}.py"
        for op in ops:
            written = (PROJECT / "solutions" / f"{level}.py").read_text()
            start = re.search(rf"^(def|class) {op}\b", written, re.MULTILINE).start()
            answer = written[start:].partition("\n\n\n")[0].rstrip() + "\n"
            file.write_text(stubs.put(source, op, answer, ops))
            assert file.read_text() != source
            _reset([op], tmp_path, levels, NOW)
            assert file.read_text() == source


def _reset(targets: list[str], project: Path, levels: dict[str, list[str]], now: datetime.datetime) -> list[str]:
    return list(reset.reset(targets, project, levels, now).lines)


def _write(project: Path, level: str, source: str) -> Path:
    file = project / "kata" / f"{level}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(source)
    return file


def _commit(project: Path) -> None:
    _git(project, "add", "-A")
    who = ("-c", "user.name=me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false")
    _git(project, *who, "commit", "-q", "--allow-empty", "--no-verify", "-m", "x")


def _git(project: Path, *arguments: str) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    subprocess.run(["git", "-C", str(project), *arguments], check=True, env=environment)
