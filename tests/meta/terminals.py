"""A real terminal for tests: tmux on a socket of its own, with a shell in a copy of the project."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds until a text must have appeared: where it is quiet, it takes two at most


class Terminal:
    """A terminal of so many columns and rows. `folder`: the copy of the project that its shell is in."""

    def __init__(self, folder: Path, columns: int = 100, rows: int = 40, **environment: str):
        assert shutil.which("tmux"), "these tests drive a real terminal: apt-get install tmux"
        self.folder = folder / "project"
        copy(self.folder)
        self._mark = uuid.uuid4().hex
        self._socket = f"kata-{self._mark}"
        environment |= {
            "KATA_TEST": self._mark,
            "PS1": "$ ",
            "KATA_DATA": str(folder / "data"),
            "TERM": "xterm-256color",
        }
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._tmux(
            *(
                "new-session",
                "-d",
                "-x",
                str(columns),
                "-y",
                str(rows),
                "-c",
                str(self.folder),
                "bash --norc --noprofile",
            ),
            env={**os.environ, **environment},
        )
        self.type("stty -g >before; clear", "Enter")
        self.until_true(lambda: (self.folder / "before").exists())

    def type(self, *keys: str) -> None:
        """Press keys, in tmux's words: text, Enter, C-c."""
        self._tmux("send-keys", *keys)

    def watch(self, *options: str) -> None:
        """Start watching, and wait for the first verdict."""
        self.type(f"pytest --impl=kata -m feedforward --watch {' '.join(options)}; echo status $?", "Enter")
        self.until("graded in")

    def screen(self) -> str:
        """What the terminal shows."""
        return self._tmux("capture-pane", "-p")

    def until(self, *texts: str, gone: str = "") -> str:
        """The screen, once it shows all these texts and not the one that is to be `gone`."""
        self.until_true(lambda: all(t in (s := self.screen()) for t in texts) and not (gone and gone in s), texts)
        return self.screen()

    def until_true(self, holds, what: object = "") -> None:
        """Wait until something holds; fail with the screen if it does not."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"waited for {what or 'something'}; the screen:\n{self.screen()}"
            time.sleep(0.03)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def asked(self, variable: str) -> str:
        """A variable of tmux's: alternate_on, cursor_flag."""
        return self._tmux("display-message", "-p", f"#{{{variable}}}").strip()

    def processes(self) -> dict[int, list[str]]:
        """The processes that were started from this terminal, but for its shell: pid -> state and command line."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment = (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                command = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if (
                f"KATA_TEST={self._mark}".encode() in environment
                and command[0] not in ("bash", "tmux")
                and state != "Z"
            ):
                found[int(entry.name)] = [state, *command]
        return found

    def pytest(self) -> int:
        """The pid of the pytest that watches."""
        named = {pid for pid, (_, *command) in self.processes().items() if any("pytest" in c for c in command)}
        (pid,) = (pid for pid in named if _parent(pid) not in named)  # the others were forked from it
        return pid

    def children(self) -> dict[int, str]:
        """The processes that pytest has forked or started: pid -> state (Z: a zombie)."""
        found, pytest = {}, self.pytest()
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if int(parent) == pytest:
                found[int(entry.parent.name)] = state
        return found

    def graders(self) -> list[int]:
        """The processes that grade at this moment: those that pytest has forked."""
        children = self.children()
        return [pid for pid, (_, *command) in self.processes().items() if pid in children and "--watch" in command]

    def memory(self, pid: int) -> int:
        """kB that a process has in memory."""
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])

    def descriptors(self, pid: int) -> int:
        """How many files a process has open."""
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))

    def left_in_order(self) -> None:
        """Assert that the terminal is as it was, and that nothing was left running."""
        self.until_true(lambda: not self.processes(), "no process is left")
        assert self.asked("alternate_on") == "0"
        assert self.asked("cursor_flag") == "1"
        self.type("stty -g >after", "Enter")
        self.until_true(lambda: (self.folder / "after").exists() and (self.folder / "after").read_text())
        assert (self.folder / "after").read_text() == (self.folder / "before").read_text()

    def close(self) -> None:
        """End the terminal and all that was started from it."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self._tmux("kill-server")

    def _tmux(self, *words: str, env: dict[str, str] | None = None) -> str:
        command = ["tmux", "-L", self._socket, "-f", "/dev/null", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def copy(folder: Path) -> None:
    """Copy what a candidate works with."""
    skip = shutil.ignore_patterns("__pycache__", "meta", "mutants", "hidden")
    for name in ("kata", "solutions", "tests"):
        shutil.copytree(PROJECT / name, folder / name, ignore=skip)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(PROJECT / name, folder / name)
