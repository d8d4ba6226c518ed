"""A program: a grading process that is started before it is needed. It imports, waits for its job, and grades it."""

import os
import pickle
import sys

from tests.harness.watch.warm import serve, unnamed_file, warm_up


def main() -> None:
    """Take a pickled job from standard input, and send what comes of it to standard output."""
    warm_up()
    serve(pickle.load(sys.stdin.buffer), os.dup(1), unnamed_file())


if __name__ == "__main__":
    main()
