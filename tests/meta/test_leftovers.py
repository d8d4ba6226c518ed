"""Temporary folders: gone with their run, or with the next one; those of a run that lives, and of others, are left alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.harness.submissions import leftovers
from tests.harness.submissions.leftovers import PREFIX, Folder, sweep

PROJECT = Path(__file__).parents[2]
OWNER = (
    "import sys, tempfile; sys.path[:0] = [sys.argv[1]]; tempfile.tempdir = sys.argv[2]\n"
    "from tests.harness.submissions.leftovers import Folder\nf = Folder(); open(f.name + '/file', 'w').close()\n"
    "print(f.name, flush=True); sys.stdin.read()"
)


def owner(parent: Path) -> tuple[subprocess.Popen, Path]:
    """Another process, and the folder that it made."""
    command = [sys.executable, "-c", OWNER, str(PROJECT), str(parent)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, Path(process.stdout.readline().strip())


def test_a_folder_goes_with_its_run(tmp_path):
    """It is there while its owner lives, and gone when that ends in an orderly way, though nobody removed it."""
    process, folder = owner(tmp_path)
    assert (folder / "file").exists()
    process.communicate()
    assert os.listdir(tmp_path) == []


def test_what_a_killed_run_left_goes_with_the_next(tmp_path, monkeypatch):
    """The first folder that a run makes is the end of those that nobody holds any more, and of no others."""
    (killed, left), (alive, kept) = owner(tmp_path), owner(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    others = [tmp_path / "kata-kit", tmp_path / f"{PREFIX}linked", tmp_path / f"{PREFIX}file"]
    others[0].mkdir()
    others[1].symlink_to(others[0])
    others[2].touch()
    assert left.exists()
    monkeypatch.setattr(leftovers.tempfile, "tempdir", str(tmp_path))
    made = Folder()
    assert not left.exists()
    assert all(path.exists() for path in (kept / "file", *others))
    made.cleanup()
    alive.communicate()
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_somebody_else_s_folder_is_left_alone(tmp_path, monkeypatch):
    """What another user left is theirs."""
    (tmp_path / f"{PREFIX}abc").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(leftovers.os, "geteuid", lambda: os.getuid() + 1)
        sweep(str(tmp_path))
    assert (tmp_path / f"{PREFIX}abc").exists()
    sweep(str(tmp_path))
    assert os.listdir(tmp_path) == []


def test_a_copy_of_the_process_removes_nothing(tmp_path, monkeypatch):
    """A forked process that ends leaves the folder to the one that made it."""
    monkeypatch.setattr(leftovers.tempfile, "tempdir", str(tmp_path))
    made = Folder()
    with monkeypatch.context() as patch:
        patch.setattr(leftovers.os, "getpid", lambda: 1)
        made._finalizer()
    assert os.path.isdir(made.name)


def test_a_folder_that_is_swept_as_it_is_made_is_made_again(tmp_path, monkeypatch):
    """Between a folder and its lock somebody may take it for nobody's; then there is another."""
    monkeypatch.setattr(leftovers.tempfile, "tempdir", str(tmp_path))
    leftovers._sweep_once(str(tmp_path))
    locks = []

    def lock(descriptor: int, how: int) -> None:
        if not locks:
            os.rmdir(next(tmp_path.iterdir()))
        locks.append(descriptor)

    monkeypatch.setattr(leftovers.fcntl, "flock", lock)
    made = Folder()
    assert len(locks) == 2
    assert os.path.isdir(made.name)
    made.cleanup()
