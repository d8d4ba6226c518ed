"""Write what is said of every mutant to standard output, to be read as a tired candidate reads it.

python -m tests.meta.messages > messages.txt
"""

from tests.harness.display.screen import screen
from tests.harness.judgement.examiner import Examiner
from tests.harness.submissions.here import Here
from tests.meta.late import diagnose
from tests.meta.test_mutants import OPERATIONS, PROPERTIES, WRONG


def main() -> None:
    for row in WRONG:
        print(f"{'=' * 78}\n{row.op}: {row.name}\n{'=' * 78}")
        examiner = Examiner(Here(row.name, row.lookup), seed=0, explain=diagnose)
        for prop in PROPERTIES:
            verdict = examiner.verdict(prop, OPERATIONS[row.op])
            if verdict.status in ("fail", "error", "timeout"):
                print(f"--- {row.op} {verdict.property}\n{screen(verdict)}")


if __name__ == "__main__":
    main()
