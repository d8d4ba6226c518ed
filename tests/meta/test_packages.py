"""What a submission may look like, what is taken of it, and what is said of one that cannot be taken."""

import io
import json
import os
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.harness.submissions.elsewhere import Elsewhere
from tests.harness.submissions.packages import Package, package
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.submissions.submissions import resolve
from tests.harness.worker.observation import Call, Observation
from tests.harness.worker.refusal import RefusedOperation

LEVELS = {"feedforward": ["affine", "relu"], "losses": ["square_error_loss"]}
AFFINE = "def affine(x):\n    return x + 1.0, None\n"
RELU = "def relu(x):\n    return abs(x), lambda gy: gy\n"
LOSS = "from kata.feedforward import relu\nfrom .feedforward import relu as r\nimport feedforward\n\n\ndef square_error_loss(x):\n    assert relu is r\n    return feedforward.relu(x)\n"
KATA = {"__init__.py": "'The rules.'", "feedforward.py": AFFINE + RELU, "losses.py": LOSS}
WHOLE = {
    **{f"kata/{name}": source for name, source in KATA.items()},
    "conftest.py": "raise SystemExit",
    "kata/conftest.py": "raise SystemExit",
    "pyproject.toml": "[tool.pytest.ini_options]",
    "tests/test_mine.py": "from kata.feedforward import affine, relu\n",
    "check.py": "from kata.feedforward import affine, relu\nfrom kata.losses import square_error_loss\n",
    ".venv/lib/feedforward.py": AFFINE,
    "venv/lib/feedforward.py": AFFINE,
    "data/readme.txt": "",
}


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    """Temporary files go to a folder of the test's own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def lay(folder: Path, files: dict[str, str]) -> Path:
    """Write the files into the folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def taken(path: Path) -> Package:
    """The private copy of a submission."""
    return package(str(path), lambda: LEVELS)


def copied(submission: Package) -> set[str]:
    """What is in the copy."""
    files = {p.relative_to(submission.folder).as_posix() for p in submission.folder.rglob("*") if p.is_file()}
    return files - {"contents.json"}


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    """The same files in a folder."""
    return {f"{folder}/{name}": content for name, content in files.items()}


LAYOUTS = {
    "like kata/": KATA,
    "holding a kata/": below("kata", KATA),
    "one deeper": below("jane-doe", KATA),
    "one deeper, holding a kata/": below("jane-doe", below("kata", KATA)),
    "a whole project": WHOLE,
    "a whole project, one deeper": below("jane-doe", WHOLE),
    "beside other folders": {**below("a", {"x.py": "y = 1\n"}), **below("b", KATA)},
}


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.gz"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, kind, tmp_path):
    """A submission laid out in any usual way, as a folder or an archive, gives the same modules and nothing else."""
    path = lay(tmp_path / "submission", LAYOUTS[layout])
    if kind == "zip":
        path = zipped(path, tmp_path / "submission.zip")
    elif kind == "tar.gz":
        with tarfile.open(tmp_path / "submission.tar.gz", "w:gz") as archive:
            archive.add(path, arcname=".")
        path = tmp_path / "submission.tar.gz"
    submission = taken(path)
    assert {file: ops for file, ops in submission.mentions.items() if ops} == {
        "feedforward.py": {"affine", "relu"},
        "losses.py": {"square_error_loss", "relu"},
    }
    assert copied(submission) == set(KATA)
    submission.close()
    assert not os.listdir(tempfile.gettempdir())


def zipped(folder: Path, file: Path) -> Path:
    """A zip of all that is in the folder."""
    with zipfile.ZipFile(file, "w") as archive:
        for inner in sorted(folder.rglob("*")):
            archive.write(inner, inner.relative_to(folder))
    return file


def answered(path: Path, op: str, sandbox: str = "bwrap") -> Observation:
    """What an operation of the submission answers in its worker."""
    implementation = resolve(str(path), Path("/"), lambda: LEVELS, sandbox)
    assert isinstance(implementation, Elsewhere)
    try:
        return implementation.observe(op, [(-np.ones(2),)], [], (Call(),))
    finally:
        implementation.close()


@pytest.mark.parametrize("sandbox", ["bwrap", "process"])
def test_modules_of_a_submission_import_each_other(sandbox, tmp_path):
    """`from kata.x import f`, `from .x import f` and `import x` find the submission's own modules."""
    seen = answered(lay(tmp_path / "s", below("jane-doe", KATA)), "square_error_loss", sandbox)
    np.testing.assert_array_equal(seen.answers[0].values[0], np.ones(2))


def test_a_single_module_comes_alone(tmp_path):
    """Of a .py file nothing beside it is taken: in an inbox those are other people's submissions."""
    path = lay(tmp_path / "inbox", {"jane.py": RELU, "joe.py": AFFINE}) / "jane.py"
    submission = taken(path)
    assert submission.mentions == {"jane.py": {"relu"}}
    assert copied(submission) == {"jane.py"}


@pytest.mark.parametrize("name", ["solution (1).py", "jane.doe-v1.2.py", "1st try.py", "Lösung.py"])
def test_a_module_of_a_human_name_is_graded_and_called_by_it(name, tmp_path):
    """A file that could not be imported under its name is graded all the same, and messages call it what it is called."""
    (tmp_path / name).write_text(RELU)
    np.testing.assert_array_equal(answered(tmp_path / name, "relu").answers[0].values[0], np.ones(2))
    (tmp_path / name).write_text(f"raise ValueError\n{RELU}")
    with pytest.raises(RefusedOperation, match="line 1: ValueError") as refusal:
        answered(tmp_path / name, "relu")
    assert refusal.value.line.startswith(name)


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    """A module saved by an editor that puts a byte order mark first is graded like any other."""
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbf" + RELU.encode())
    assert answered(tmp_path / "a.py", "relu").answers


@pytest.mark.parametrize(("content", "says"), [(b"# \xff\n", "is not UTF-8 text"), (b"# \0\n", "has NUL bytes")])
def test_a_module_that_is_no_text_costs_its_own_operations_only(content, says, tmp_path):
    """One module that is no UTF-8 text is an error of its operations; the other modules are graded."""
    lay(tmp_path / "s", {"losses.py": "def square_error_loss(x):\n    return x, abs\n"})
    (tmp_path / "s" / "feedforward.py").write_bytes(content + RELU.encode())
    assert answered(tmp_path / "s", "square_error_loss").answers
    with pytest.raises(RefusedOperation, match=f"^feedforward.py.*{says}"):
        answered(tmp_path / "s", "relu")


CELLS = [
    {"cell_type": "markdown", "source": ["def affine(x): in words"]},
    {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install numpy\n", "import numpy as np\n", "?np"]},
    {"cell_type": "code", "source": "%%bash\nraise SystemExit"},
    {"cell_type": "code", "source": "for _ in range(2):\n    %time 1\n"},
    {"cell_type": "code", "source": RELU, "outputs": [{"text": "def affine(x)"}]},
]


@pytest.mark.parametrize(
    "notebook", [{"nbformat": 4, "cells": CELLS}, {"nbformat": 3, "worksheets": [{"cells": CELLS}]}]
)
def test_a_notebook_is_its_code_cells(notebook, tmp_path):
    """Of a notebook the code cells are taken, in order, without what only IPython understands."""
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook))
    np.testing.assert_array_equal(answered(tmp_path / "n.ipynb", "relu").answers[0].values[0], np.ones(2))


UNUSABLE = {
    "missing": (None, "no such file or folder; give kata, solutions, or a folder"),
    "empty": ({}, "holds none of the kata's operations; expected modules like kata/feedforward.py"),
    "other": ({"a.py": "x = 1"}, "holds none of the kata's operations"),
    "other.py": ("x = 1\n", r"defines none of the kata's operations \(affine, relu, square_error_loss\)"),
    "text.zip": ("hello", "is not a zip archive that can be read"),
    "text.tgz": ("hello", "is not a tar archive that can be read"),
    "text.ipynb": ("hello", "is not a notebook that can be read"),
    "list.ipynb": ("[]", "is not a notebook that can be read"),
    "text.doc": ("hello", "is none of these: a folder, a .py file"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_graded_is_refused_in_a_line(name, tmp_path):
    """What holds no operation, or is not what its name says, is refused in one line that says what would do."""
    content, says = UNUSABLE[name]
    if isinstance(content, str):
        (tmp_path / name).write_text(content)
    elif content is not None:
        (tmp_path / name).mkdir()
        lay(tmp_path / name, content)
    with pytest.raises(UnusableSubmission, match=f"^--impl=.*{says}") as refusal:
        resolve(str(tmp_path / name), tmp_path, lambda: LEVELS).survey()
    assert "\n" not in str(refusal.value)


def test_an_unknown_name_is_refused_before_anything_slow(tmp_path, monkeypatch):
    """A mistyped name is refused without asking for the catalogue, which costs the import of torch."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableSubmission, match="--impl=solution: no such file"):
        resolve("solution", tmp_path, lambda: pytest.fail("asked for the catalogue"))
    with pytest.raises(UnusableSubmission, match="--impl=kata: there is no folder kata/ here"):
        resolve("kata", tmp_path, lambda: pytest.fail("asked for the catalogue"))


def test_a_folder_reached_through_a_link_is_taken_and_one_linked_from_it_is_not(tmp_path):
    """The user may name a link; inside a submission, links are not followed."""
    lay(tmp_path / "elsewhere", {"losses.py": LOSS})
    lay(tmp_path / "s", {"feedforward.py": RELU})
    (tmp_path / "s" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(tmp_path / "s")
    assert copied(taken(tmp_path / "link")) == {"feedforward.py"}


def test_the_copy_is_private(tmp_path):
    """What is graded does not change when the submission's own files do, and the copy goes when it is closed."""
    lay(tmp_path / "s", {"feedforward.py": RELU})
    submission = taken(tmp_path / "s")
    (tmp_path / "s" / "feedforward.py").write_text("raise SystemExit")
    assert (submission.folder / "feedforward.py").read_text() == RELU
    submission.close()
    assert not submission.folder.exists()


def test_a_trouble_of_the_grader_s_is_said_to_be_that(tmp_path, monkeypatch):
    """Where the copy cannot be written, the line says that it is the grader that cannot."""
    lay(tmp_path / "s", {"feedforward.py": RELU})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UnusableSubmission, match=r"the grader cannot copy it \(No space left on device\)"):
        taken(tmp_path / "s")


def test_an_archive_s_own_notion_of_size_is_not_believed(tmp_path):
    """An entry that says it is small and is not is refused when it is read."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("feedforward.py", RELU + "#" * 2**21)
    data = bytearray(stream.getvalue())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")  # the size it claims
    (tmp_path / "s.zip").write_bytes(data)
    with pytest.raises(UnusableSubmission, match="Bad CRC"):
        taken(tmp_path / "s.zip")
