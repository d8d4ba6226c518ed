"""What every grading process needs, imported once in the process that they are forked from. Nothing is computed here:
threads of torch's would not survive the fork."""

import pytest  # noqa: F401 (multiprocessing imports it in each of them, as the program that was started)
import torch  # noqa: F401

import tests.harness.diagnosis.diagnose
import tests.harness.display.result
import tests.harness.judgement.examiner
import tests.harness.season.job
import tests.harness.submissions.submissions
import tests.test_ops  # noqa: F401
from tests.harness.rows.catalogue import operations

operations()
