"""A terminal that shows one screen and gives single keys, and is left as it was, however the run ends."""

import os
import signal
import subprocess
import sys
import termios
import unicodedata
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.harness.display.screen import Piece

_ENTER = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"  # the other screen, no cursor, no wrapping
_LEAVE = b"\x1b[?7h\x1b[?25h\x1b[?1049l"
_KEYS = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
}
_COLOURS = {"bold": 1, "light": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
_KEEPER = Path(__file__).with_name("keeper.py")


class Terminal:
    """The terminal of this process. Raises OSError where there is none."""

    def __init__(self, *, colour: bool):
        self.fd = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        self._colour = colour
        self._before = termios.tcgetattr(self.fd)
        self._drawn: list[str] = []
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_KEEPER), str(self.fd), _LEAVE.decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self.fd],
        )
        self._keeper.stdout.readline()  # it has seen the modes as they were
        self._keeper.stdout.close()

    @contextmanager
    def taken(self):
        """Take the screen and the keys; give both back at the end, whatever it is."""
        try:
            self.resume()
            yield
        finally:
            self.suspend()
            self._tell("bye")
            self._keeper.stdin.close()
            self._keeper.wait()
            os.close(self.fd)

    def resume(self) -> None:
        """Show the screen of this run, and take keys one by one, unechoed."""
        modes = termios.tcgetattr(self.fd)
        modes[3] &= ~(termios.ICANON | termios.ECHO)  # Ctrl-C stays a signal
        termios.tcsetattr(self.fd, termios.TCSADRAIN, modes)
        self._write(_ENTER)
        self._drawn = []
        self._tell("mode")

    def suspend(self) -> None:
        """Give the screen and the modes back as they were."""
        self._write(_LEAVE)
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self._before)

    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        with suppress(OSError):
            size = os.get_terminal_size(self.fd)
            if size.columns and size.lines:
                return size.columns, size.lines
        return 80, 24

    def keys(self) -> list[str]:
        """The keys that were pressed: characters, or the names of special ones; `hangup` where the terminal is gone."""
        try:
            data = os.read(self.fd, 1024)
        except OSError:
            data = b""
        if not data:
            return ["hangup"]
        keys = []
        while data:
            special = next((k for k in _KEYS if data.startswith(k)), None)
            if special:
                keys.append(_KEYS[special])
                data = data[len(special) :]
            elif data[:1] == b"\x1b":
                break  # another special key: none of ours
            else:
                keys.append("enter" if data[:1] in b"\r\n" else data[:1].decode("latin-1"))
                data = data[1:]
        return keys

    def draw(self, lines: list[list[Piece]]) -> None:
        """Show these lines, from the top; only what changed is written."""
        columns, rows = self.size()
        lines = [self._line(line, columns) for line in lines[:rows]]
        lines += [""] * (rows - len(lines))
        if len(self._drawn) != rows:
            self._write(b"\x1b[2J")
            self._drawn = [""] * rows
        changed = [
            f"\x1b[{n}H\x1b[0m\x1b[K{new}"
            for n, (new, old) in enumerate(zip(lines, self._drawn, strict=True), 1)
            if new != old
        ]
        self._drawn = lines
        if changed:
            self._write("".join(changed).encode(errors="replace"))

    def redraw(self) -> None:
        """Let the next draw write everything: the size may be another one."""
        self._drawn = []

    def ring(self) -> None:
        """The terminal's bell."""
        self._write(b"\a")

    def keep(self, pid: int, alive: bool) -> None:
        """Have a child's process group ended when this process is killed, or no longer."""
        self._tell(f"{'+' if alive else '-'} {pid}")

    def forget(self) -> None:
        """In a forked child: hold nothing that belongs to the parent."""
        os.close(self._keeper.stdin.fileno())
        os.close(self.fd)

    def _tell(self, line: str) -> None:
        with suppress(OSError, ValueError):  # somebody ended it; what it would have kept is then not kept
            self._keeper.stdin.write(f"{line}\n".encode())
            self._keeper.stdin.flush()

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # a terminal that is gone cannot be left in disorder
            while data:
                data = data[os.write(self.fd, data) :]

    def _line(self, pieces: list[Piece], columns: int) -> str:
        text, room = "", columns
        for piece, markup in pieces:
            shown = clipped(piece, room)
            room -= width(shown)
            codes = ";".join(str(_COLOURS[name]) for name, on in markup.items() if on and name in _COLOURS)
            text += f"\x1b[{codes}m{shown}\x1b[0m" if codes and self._colour else shown
            if len(shown) < len(piece):
                break
        return text


def width(text: str) -> int:
    """How many columns a line takes."""
    return len(text) if text.isascii() else sum(_columns(c) for c in text)


def clipped(text: str, columns: int) -> str:
    """As much of a line as fits; what would move the cursor is shown as a dot."""
    text = "".join(c if c.isprintable() else "." for c in text.expandtabs(4))
    if width(text) <= columns:
        return text
    shown, room = "", columns
    for c in text:
        room -= _columns(c)
        if room < 0:
            break
        shown += c
    return shown


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def stop_here() -> None:
    """Stop this process as the terminal's Ctrl-Z would; returns when it goes on."""
    os.kill(os.getpid(), signal.SIGSTOP)
