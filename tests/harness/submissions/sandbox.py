"""The proof that a submission is confined: once a run, before anything of it is touched. The confinement is confinement.py.

There is no silent fallback: where the proof fails, nothing is graded.
"""

import os
import platform
from functools import cache
from pathlib import Path

from tests.harness.submissions import seccomp
from tests.harness.submissions.confinement import NoSandbox, bwrap, environment, system_calls
from tests.harness.submissions.patience import WorkerStuck
from tests.harness.submissions.remote import GraderTrouble, Worker, WorkerDied, observations
from tests.harness.submissions.runtime import paths
from tests.harness.worker.observation import Call, Question, written
from tests.harness.worker.worker import LIMITS

MODES = ("bwrap", "process")
SECONDS = 20.0
_ROOM = Path(__file__).parent
_HARNESS = _ROOM.parent
_PROJECT = _HARNESS.parents[1]

_IN_DOCKER = (
    "if this is a container, it needs namespaces of its own: docker run --security-opt seccomp=unconfined, "
    "or --cap-add SYS_ADMIN, or --privileged"
)
_ON_UBUNTU = "allow unprivileged user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
_REMEDIES = (
    (("Unknown option",), "bubblewrap is too old: install 0.5 or newer"),
    (("uid map", "RTM_NEWADDR", "loopback"), _ON_UBUNTU),
    (
        ("No space left", "ENOSPC", "max_user_namespaces"),
        "allow more user namespaces: sysctl user.max_user_namespaces=10000",
    ),
    (("namespace", "mount", "slave", "pivot_root", "Operation not permitted"), _IN_DOCKER),
)
"""Words of bwrap's, which vary by build, and what is likely to help. What the machine itself says comes first."""


@cache
def require(mode: str) -> None:
    """Prove that the confinement holds here. Raises NoSandbox. In the mode `process` nothing is promised, nor proven."""
    if mode == "process":
        return
    bwrap(), system_calls()  # what is simply missing
    worker = Worker(mode, _ROOM / "probe.py")
    try:
        look = Question([_arguments()], [], ((Call(),),))
        request = {"op": "look", "file": "probe.py", "shown": "probe.py", "inputs": look.inputs, "gys": look.gys}
        (found,) = observations(worker.ask(SECONDS, **request, asks=written(look.asks)), look)
        if found.answers:
            return
        seen = f"its self-test found {found.crash.message if found.crash else 'nothing to say'}"
        remedy = "please report this"
    except WorkerStuck:
        seen, remedy = f"its self-test gave no answer in {SECONDS:g} s", "try again on a machine with less to do"
    except (GraderTrouble, WorkerDied) as trouble:
        seen, remedy = str(trouble), _remedy(str(trouble))
    finally:
        worker.close()
    raise NoSandbox(seen, remedy)


def _arguments() -> tuple:
    """What the probe is asked: see probe.look. The paths are this machine's; no submission gets to see them."""
    home = Path.home()
    hidden = [*_PROJECT.iterdir(), _HARNESS, Path("/etc/passwd"), Path("/proc/self"), Path("/sys"), Path("/dev/null")]
    hidden += [home] * (home != Path("/"))
    return (
        list(map(str, hidden)),
        [*environment(), "LD_LIBRARY_PATH", "PWD"],
        [*paths(), str(_PROJECT)],
        list(seccomp.refused(platform.machine())),
        [list(limit) for limit in LIMITS.items()],
    )


def _remedy(said: str) -> str:
    if _in_container():
        return _IN_DOCKER
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1" and os.geteuid() != 0:
        return _ON_UBUNTU
    for words, remedy in _REMEDIES:
        if any(word in said for word in words):
            return remedy
    return f"{_IN_DOCKER}; on Ubuntu {_ON_UBUNTU}"


def _in_container() -> bool:
    return os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv")


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""
