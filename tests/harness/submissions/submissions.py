"""What `--impl` names: a package of the project's own, which runs here, or what somebody handed in, which runs elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.submissions.directory import Levels
from tests.harness.submissions.here import Here, InFolder
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.worker.refusal import RefusedOperation

if TYPE_CHECKING:
    from tests.harness.submissions.elsewhere import Elsewhere
    from tests.harness.submissions.intake import Parcel


def resolve(impl: str, project: Path, catalogue: Callable[[], Levels], sandbox: str = "bwrap") -> Here | Elsewhere:
    """What `--impl` names; `sandbox` is for a path. Nothing of a submission runs yet, but that it would be confined is proven.

    `catalogue` is asked only when it is needed: it costs the import of torch. Raises UnusableSubmission.
    """
    if impl in ("kata", "solutions"):
        if not (project / impl).is_dir():
            raise UnusableSubmission(f"--impl={impl}: there is no folder {impl}/ here")
        return InFolder(project / impl, catalogue())
    # Whoever practises does not wait for these.
    from concurrent.futures import ThreadPoolExecutor

    from tests.harness.submissions.elsewhere import Elsewhere
    from tests.harness.submissions.packages import package
    from tests.harness.submissions.sandbox import require

    if not os.path.exists(impl):
        package(impl, catalogue)  # says so, and nobody waits for a proof
    with ThreadPoolExecutor(1) as beside:  # both take about as long, and the catalogue imports torch
        proof = beside.submit(require, sandbox)
        submission = package(impl, catalogue)
        try:
            proof.result()
        except BaseException:
            submission.close()
            raise
    return Elsewhere(impl, submission, sandbox)


def received(name: str, found: Parcel, catalogue: Callable[[], Levels], sandbox: str, *, in_folder: bool) -> Elsewhere:
    """What was read elsewhere, to be graded here; that it will be confined is proven. Raises UnusableSubmission."""
    from tests.harness.submissions.elsewhere import Elsewhere
    from tests.harness.submissions.packages import packed
    from tests.harness.submissions.sandbox import require

    require(sandbox)
    return Elsewhere(name, packed(name, found, catalogue, in_folder=in_folder), sandbox)


def absent(name: str, line: str) -> Here:
    """In the place of a submission that cannot be graded: every operation is refused, with this line."""

    def lookup(_op: str) -> None:
        raise RefusedOperation("error", line)

    return Here(name, lookup)


def reference(project: Path, catalogue: Callable[[], Levels]) -> Here:
    """The reference solutions, run here. Raises UnusableSubmission."""
    return resolve("solutions", project, catalogue)
