"""A program: writes a byte to standard output when something in a folder was saved. It is alone in needing watchfiles.

It runs by its path, and in a process of its own: watchfiles has threads, and whoever forks had better have none.
"""

import os
import sys

from watchfiles import watch


def main(folder: str) -> None:
    """Tell of saves in the folder for as long as somebody reads."""
    options = {"recursive": False, "debounce": 20, "step": 5, "rust_timeout": 1000, "yield_on_timeout": True}
    for _ in watch(folder, watch_filter=None, **options):
        os.write(1, b".")


if __name__ == "__main__":
    main(sys.argv[1])
