"""A program: outlives a run that is killed, and leaves the terminal as it was.

It leaves the run's screen, before the shell's prompt is shown if it can, restores the terminal's modes unless somebody
else, such as the shell, has set them since, and ends the run's children. It is told in lines of standard input: `mode`,
`+ pid`, `- pid`, `bye`. It runs by its path, and imports nothing of the project, to be there at once.
"""

import os
import signal
import sys
import termios
from contextlib import suppress

_OUTLIVED = ("SIGINT", "SIGTTOU", "SIGTTIN", "SIGHUP", "SIGTERM", "SIGQUIT", "SIGTSTP")


def main(terminal: int, leave: bytes) -> None:
    """Keep this terminal, an open file, to the end of standard input. `leave`: what ends the run's screen."""
    for name in _OUTLIVED:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    before = termios.tcgetattr(terminal)
    ours, children, clean = None, set(), False
    print("ready", flush=True)
    for line in sys.stdin:
        word, _, pid = line.strip().partition(" ")
        if word == "mode":
            ours = termios.tcgetattr(terminal)
        elif word == "+":
            children.add(int(pid))
        elif word == "-":
            children.discard(int(pid))
        clean = word == "bye"
    if not clean:
        with suppress(OSError, termios.error):
            os.write(terminal, leave)
            if ours is not None and termios.tcgetattr(terminal) == ours:
                termios.tcsetattr(terminal, termios.TCSANOW, before)
    for pid in children:
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2].encode())
