"""A program for test_store.py: records verdicts, one after the other, and says the number of each once it is recorded.

python -m tests.meta.history_writer FOLDER PROJECT COUNT
"""

import sys
from pathlib import Path

from tests.harness.practice.history import History
from tests.harness.practice.store import Store


def main(folder: str, project: str, count: str) -> None:
    """Record so many verdicts on one operation. Fails where the history could not be kept."""
    history = History(Store(Path(folder)), project)
    for number in range(int(count)):
        history.note({"f": {"forward": "pass"}}, {"f": str(number)}, 1000.0 + number)
        print(number, flush=True)
    assert not history.notices, history.notices


if __name__ == "__main__":
    main(*sys.argv[1:])
