"""The confinement: what is visible inside, what is said where it cannot be had, and the limits in both modes."""

import os
import platform
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.harness.submissions import confinement, probe, sandbox, seccomp, submissions
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.submissions.patience import WorkerStuck
from tests.harness.submissions.remote import GraderTrouble, Worker, WorkerDied, observations
from tests.harness.submissions.runtime import INSIDE, LIBRARY, NUMPY, paths
from tests.harness.worker.observation import Call, Observation, Question, written
from tests.harness.worker.worker import LIMITS
from tests.meta import HANGS

PROJECT = Path(__file__).parents[2]
MODES = pytest.mark.parametrize("mode", sandbox.MODES)


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What is asked once a run is asked again."""
    for once in (sandbox.require, confinement.bwrap, confinement.runtime):
        once.cache_clear()
    yield
    for once in (sandbox.require, confinement.bwrap, confinement.runtime):
        once.cache_clear()


def run(body: str, folder: Path, *arguments, mode: str = "bwrap", seconds: float = 10) -> Observation:
    """What is seen when `def look(*arguments): body` runs in the sandbox."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    (folder / "module.py").write_text(f"import numpy as np\n\n\ndef look(*arguments):\n{lines}\n")
    worker = Worker(mode, folder)
    try:
        request = {"op": "look", "file": "module.py", "shown": "module.py", "inputs": [arguments], "gys": []}
        reply = worker.ask(seconds, **request, asks=written(((Call(),),)))
        return observations(reply, Question([tuple(arguments)], [], ((Call(),),)))[0]
    finally:
        worker.close()


def told(body: str, folder: Path, **options) -> str:
    """What an expression is, inside."""
    return run(f"raise Exception({body})", folder, **options).crash.message


def test_only_what_is_needed_is_there(tmp_path):
    """Inside there are the interpreter, NumPy, their libraries, the worker's files and the submission, at neutral paths."""
    body = "sorted(p for t in __import__('os').walk('/') for p in [t[0]] if p.count('/') == 1)"
    folders = set(told(body, tmp_path).strip("[]").replace("'", "").split(", "))
    assert folders - {"/lib", "/lib64"} == {"/", "/libraries", "/numpy", "/python", "/submission", "/tmp", "/worker"}
    files = told(
        "[sorted(__import__('os').listdir('/' + d)) for d in ('worker', 'submission', 'numpy', 'tmp', 'python/bin')]",
        tmp_path,
    )
    assert "'refusal.py', 'source.py', 'wire.py', 'worker.py'], ['module.py'], ['numpy" in files
    assert files.endswith("[], ['python3']]")
    assert str(PROJECT) not in told(
        "[*__import__('sys').path, *__import__('sys').orig_argv, __import__('sys').prefix]", tmp_path
    )


def test_nothing_beside_numpy_can_be_imported(tmp_path):
    """No module of a site-packages is within reach, by whatever path; the standard library is all there."""
    body = "[t[0] for t in __import__('os').walk('/') if t[0].endswith('-packages') and (t[1] or t[2])]"
    assert told(body, tmp_path) == "[]"
    names = ("ctypes", "decimal", "hashlib", "json", "lzma", "random", "sqlite3", "ssl", "zlib", "dataclasses")
    assert told(f"[__import__(n).__name__ for n in {names}]", tmp_path) == str(list(names))
    assert told("np.linalg.solve(np.eye(2), np.ones(2)).tolist()", tmp_path) == "[1.0, 1.0]"


def test_the_environment_and_the_identity_are_neutral(tmp_path):
    """Nobody, on a machine called box, with an environment of the worker's own."""
    assert (
        told("[__import__('os').getuid(), __import__('os').getgid(), __import__('os').uname().nodename]", tmp_path)
        == "[65534, 65534, 'box']"
    )
    names = set(re.findall(r"'(\w+)'", told("list(__import__('os').environ)", tmp_path)))
    assert names <= {*confinement.environment(), "LD_LIBRARY_PATH", "PWD"}


def test_no_descriptor_is_open_on_a_file(tmp_path):
    """There are five pipes: no socket, and not even /dev/null, whose mode the root of a container could change."""
    body = "[(d, __import__('stat').S_IFMT(__import__('os').fstat(d).st_mode)) for d in range(64) if not _closed(d)]"
    closed = "def _closed(d):\n    import os\n    try:\n        os.fstat(d)\n    except OSError:\n        return True\n"
    kinds = re.findall(r"\(\d+, (\d+)\)", run(f"{closed}raise Exception({body})", tmp_path).crash.message)
    assert kinds == ["4096"] * 5


def test_no_file_says_where_it_comes_from(tmp_path):
    """No source and no compiled file that can be read inside names the folders of this machine's interpreter or NumPy."""
    body = (
        "import os\nfiles = [os.path.join(d, f) for d, _, names in os.walk('/') if d != '/submission' for f in names if f.endswith(('.py', '.pyc'))]\n"
        f"said = [f for f in files if any(p in open(f, 'rb').read() for p in {[p.encode() for p in (*paths(), str(PROJECT))]})]\n"
        "raise Exception([len(files) > 500, any(f.endswith('.pyc') for f in files), said])"
    )
    assert run(body, tmp_path).crash.message == "[True, True, []]"
    assert told("__import__('numpy').linalg.norm.__wrapped__.__code__.co_filename", tmp_path).startswith(
        "/numpy/numpy/"
    )


def test_the_standard_library_is_whole(tmp_path):
    """What can be imported of it outside can be imported inside, but for its tests and its programs with windows."""
    body = (
        "import importlib, sys\nfailed = []\n"
        "for name in sorted(sys.stdlib_module_names - {'this', 'antigravity', 'idlelib', 'turtledemo'}):\n"
        "    try:\n        importlib.import_module(name)\n    except ImportError as error:\n        failed.append(name)\n"
    )
    inside = run(f"{body}raise Exception(failed)", tmp_path, seconds=60).crash.message
    command = [sys.executable, "-I", "-W", "ignore", "-c", f"{body}print(failed)"]
    outside = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    missing = {*re.findall(r"\w+", inside)} - {*re.findall(r"\w+", outside)}
    assert missing <= {"_tkinter", "tkinter", "turtle"}


def test_devices_keep_their_mode(tmp_path):
    """A root whose inside is mapped to its outside cannot change anything of the machine's by changing modes."""
    mode = os.stat("/dev/null").st_mode
    run(
        "import os\nfor d in range(64):\n    try:\n        os.fchmod(d, 0)\n    except OSError:\n        pass", tmp_path
    )
    assert os.stat("/dev/null").st_mode == mode
    assert "not permitted" in run("import os\nos.chmod(os.__file__, 0o666)", tmp_path).crash.message


@MODES
def test_limits_hold(mode, tmp_path):
    """In both modes a process has the limits of worker.py, and memory that is not there ends as MemoryError."""
    limits = told(f"[__import__('resource').getrlimit(k)[1] for k in {list(LIMITS)}]", tmp_path, mode=mode)
    assert limits == str(list(LIMITS.values()))
    assert run("return [np.empty(2**27) for _ in range(9)]", tmp_path, mode=mode).crash.kind.endswith("MemoryError")


def test_what_an_exception_holds_is_not_kept(tmp_path):
    """The large arrays of a call that raised are gone at the next call."""
    (tmp_path / "module.py").write_text(
        "import numpy as np\n\n\ndef look():\n    x = np.empty(2**27)\n    raise ValueError\n"
    )
    worker = Worker("bwrap", tmp_path)
    request = {
        "op": "look",
        "file": "module.py",
        "shown": "module.py",
        "inputs": [()],
        "gys": [],
        "asks": written(((Call(),),)),
    }
    asked = Question([()], [], ((Call(),),))
    kinds = [observations(worker.ask(5, **request), asked)[0].crash.kind for _ in range(5)]
    worker.close()
    assert kinds == ["ValueError"] * 5


@pytest.mark.parametrize(("body", "seen"), [("while True: pass", WorkerStuck), ("import os; os._exit(3)", WorkerDied)])
@MODES
def test_a_worker_ends_with_its_processes(mode, body, seen, tmp_path):
    """One that does not answer in time, or is gone, is ended, and what it printed last is told."""
    says = "exit status 3.*: the end is near" if seen is WorkerDied else r"no answer after 0\.5 s"
    with pytest.raises(seen, match=says):
        run(f"print('\\x1b[1mall is well\\nthe end is near')\n{body}", tmp_path, mode=mode, seconds=0.5)


@MODES
def test_a_module_named_like_the_worker_s_is_the_submission_s(mode, tmp_path):
    """What a submission imports by the name of one of the worker's own files is its own module."""
    (tmp_path / "wire.py").write_text("mine = 'mine'")
    assert run("import wire\nraise Exception(wire.mine)", tmp_path, mode=mode).crash.message == "mine"


def test_much_that_is_printed_is_no_trouble(tmp_path):
    """A submission that prints more than a pipe holds gets its answer, and the grader keeps only the end."""
    seen = run("for n in range(10**5): print('debugging', n)\nreturn np.ones(2), print", tmp_path)
    np.testing.assert_array_equal(seen.answers[0].values[0], np.ones(2))


def test_the_self_test_holds_here_and_is_done_once(monkeypatch):
    """The self-test passes where these tests run, and is not repeated for the next submission."""
    sandbox.require("bwrap")
    monkeypatch.setattr(sandbox, "Worker", None)
    sandbox.require("bwrap")


FLAWS = {
    "the file": lambda options: _with(options, "--ro-bind", str(PROJECT), str(PROJECT)),
    "the environment variable SECRET": lambda options: _with(options, "--setenv", "SECRET", "x"),
    "writing to /more": lambda options: _with(options, "--tmpfs", "/more"),
    "uid or gid 0": lambda options: ["0" if o == "65534" else o for o in options],
    "process": lambda options: [o for o in options if o != "--unshare-pid"],
    "a path of this machine in /numpy/numpy/": lambda options: _with(
        options, "--ro-bind", str(NUMPY), str(INSIDE[NUMPY])
    ),
    "a path of this machine in /python/": lambda options: _with(
        options, "--ro-bind", str(LIBRARY), str(INSIDE[LIBRARY])
    ),
    "the module torch": lambda options: _with(
        options,
        "--ro-bind",
        os.path.dirname(np.__file__),
        f"{INSIDE[LIBRARY].parent}/python{sys.version_info[0]}{sys.version_info[1]}.zip/torch",
    ),
}


def _with(options: list[str], *more: str) -> list[str]:
    at = options.index("--remount-ro", options.index("--dir"))
    return [*options[:at], *more, *options[at:]]


@pytest.mark.parametrize("flaw", FLAWS)
def test_the_self_test_sees_a_flaw(flaw, monkeypatch):
    """A confinement with a hole is refused, and the line names the hole."""
    options = confinement.options
    monkeypatch.setattr(confinement, "options", lambda submission: FLAWS[flaw](list(options(submission))))
    with pytest.raises(sandbox.NoSandbox, match=f"within reach: {flaw}"):
        sandbox.require("bwrap")


LET_THROUGH = {
    "a lock on a file": {"flock": (73, 32)},
    "a lock of a part on a file": {"fcntl": (72, 25)},
    "a lease on a file": {"fcntl": (72, 25)},
    "system call 72 with 0x4": {"fcntl": (72, 25)},
    "system call 16 with 0x5400": {"ioctl": (16, 29)},
    "system call 55": {"getsockopt": (55, 209)},
    "system call 157 with 0x1": {"prctl": (157, 167)},
    "system call 137": {"statfs": (137, 43)},
    "a AF_UNIX socket": {"socket": (41, 198)},
    "starting a process": {"clone": (56, 220), "fork": (57, None)},
}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
@pytest.mark.parametrize("seen", LET_THROUGH)
def test_the_self_test_sees_a_call_that_is_let_through(seen, monkeypatch):
    """A filter that lets one call through that it should not is refused, and the line names what is within reach."""
    with monkeypatch.context() as patch:
        for name, numbers in LET_THROUGH[seen].items():
            patch.setitem(seccomp.ALLOWED, name, numbers)
        widened = seccomp.program(platform.machine())
    monkeypatch.setattr(confinement, "system_calls", lambda: widened)
    with pytest.raises(sandbox.NoSandbox, match=f"within reach: (.*, )?{seen}"):
        sandbox.require("bwrap")


def test_the_self_test_sees_a_socket(monkeypatch):
    """A socket among what the worker inherits is refused."""
    popen = confinement._popen
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(confinement, "_popen", lambda argv, env, given: popen(argv, env, [*given, theirs.fileno()]))
    with ours, theirs, pytest.raises(sandbox.NoSandbox, match=r"within reach: descriptor \d+"):
        sandbox.require("bwrap")


def test_the_self_test_sees_a_missing_filter(monkeypatch):
    """Without the system call filter, sockets, threads and processes are within reach, and it is refused."""
    allow_all = seccomp._instruction(seccomp._RETURN, seccomp._ALLOW)
    monkeypatch.setattr(confinement, "system_calls", lambda: allow_all)
    with pytest.raises(sandbox.NoSandbox, match=r"within reach: a AF_UNIX socket"):
        sandbox.require("bwrap")


def test_a_missing_bubblewrap_is_refused_with_its_remedy(monkeypatch, tmp_path):
    """Without bwrap a path is refused in one line that says what to install; nothing falls back in silence."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "affine.py").write_text("def affine(x, w, b): return None")
    with pytest.raises(UnusableSubmission, match=r"bwrap is missing; install bubblewrap.*--sandbox=process") as refusal:
        submissions.resolve(str(tmp_path / "affine.py"), PROJECT, lambda: {"feedforward": ["affine"]})
    assert "\n" not in str(refusal.value)
    submissions.resolve(str(tmp_path / "affine.py"), PROJECT, lambda: {"feedforward": ["affine"]}, "process").close()


@pytest.mark.parametrize(
    ("impl", "mode", "told"),
    [("solutions", "bwrap", ""), ("", "bwrap", ", sandbox bwrap"), ("", "process", ", sandbox process")],
)
def test_a_run_tells_what_confines_it(impl, mode, told, tmp_path):
    """The first line of a run has its sandbox where code runs in one, and none where it runs here."""
    (tmp_path / "affine.py").write_text("def affine(x, w, b): return None")
    impl = impl or str(tmp_path / "affine.py")
    command = [sys.executable, "-m", "pytest", f"--impl={impl}", f"--sandbox={mode}", "--collect-only"]
    command += ["tests/test_ops.py", "-k", "affine", "-p", "no:cacheprovider"]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=HANGS, check=False).stdout
    assert f"\nbackprop kata: --impl={impl}, --seed=0{told}\n" in said


SAID = {
    "bwrap: No permissions to create new namespace, likely because the kernel does not allow it": "seccomp=unconfined",
    "bwrap: Creating new namespace failed: Operation not permitted": "seccomp=unconfined",
    "bwrap: Failed to make / slave: Operation not permitted": "--privileged",
    "bwrap: Can't mount proc on /newroot/proc: Operation not permitted": "SYS_ADMIN",
    "bwrap: setting up uid map: Permission denied": "apparmor_restrict_unprivileged_userns=0",
    "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted": "apparmor_restrict_unprivileged_userns=0",
    "bwrap: Creating new namespace failed: No space left on device": "max_user_namespaces",
    "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)": "sysctl user",
    "bwrap: Unknown option --unshare-cgroup-try": "too old",
    "something else": "seccomp=unconfined",
}


@pytest.mark.parametrize("said", SAID)
def test_a_bubblewrap_that_cannot_start_is_refused_with_its_remedy(said, monkeypatch, tmp_path):
    """Where bwrap cannot start, the one line has its own words, the likely remedy, and what may be asked for instead."""
    monkeypatch.setattr(sandbox, "_in_container", lambda: False)
    monkeypatch.setattr(sandbox, "_setting", lambda name: "")
    fake = tmp_path / "bwrap"
    fake.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 1\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(sandbox.NoSandbox) as refusal:
        sandbox.require("bwrap")
    line = str(refusal.value)
    assert said in line
    assert SAID[said] in line
    assert "--sandbox=process" in line
    assert "\n" not in line


@pytest.mark.parametrize("script", ["exit 0", "exec sleep 60", "head -c 100000 /dev/zero; exit 0"])
def test_a_bubblewrap_that_does_something_else_is_refused(script, monkeypatch, tmp_path):
    """A program of that name that ends well, hangs or floods proves nothing, and is refused."""
    monkeypatch.setattr("tests.harness.submissions.remote.START_SECONDS", 0.5)
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(sandbox.NoSandbox, match="cannot be started"):
        sandbox.require("bwrap")


def test_a_bubblewrap_that_confines_nothing_is_refused(monkeypatch, tmp_path):
    """One that starts its command without any confinement is seen by the self-test's start, which finds nothing."""
    (tmp_path / "bwrap").write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(sandbox.NoSandbox):
        sandbox.require("bwrap")


@MODES
def test_a_worker_that_cannot_start_is_the_grader_s_trouble(mode, monkeypatch, tmp_path):
    """Where the interpreter itself does not come up, nobody's code is to blame."""
    monkeypatch.setattr(confinement, "flags", lambda: ["--no-such-flag"])
    with pytest.raises(GraderTrouble, match=r"cannot be started.*exit status 2"):
        run("return None", tmp_path, mode=mode)


def test_the_filter_knows_the_machines_and_no_others():
    """The program begins with the architecture's check, ends by allowing, and there is none for other machines."""
    for machine in ("x86_64", "aarch64"):
        program = seccomp.program(machine)
        assert len(program) % 8 == 0
        assert len(program) < 4096
    with pytest.raises(KeyError):
        seccomp.program("riscv64")


def test_the_probe_finds_what_is_in_reach_here(monkeypatch, tmp_path):
    """Run without any confinement, the probe says what it can reach."""
    monkeypatch.setattr(probe, "_folders", lambda: [str(tmp_path)])
    monkeypatch.setattr(probe, "_files", list)
    with pytest.raises(RuntimeError, match=r"within reach: the file .* and \d+ more"):
        probe.look([str(PROJECT)], [], [], [], [(resource.RLIMIT_CORE, 0)])


def test_a_worker_dies_with_its_grader(tmp_path):
    """When the grader is killed, so that it can end nothing, its worker ends all the same."""
    (tmp_path / "module.py").write_text("def look():\n    while True: pass\n")
    ours, theirs = socket.socketpair()
    code = (
        "import sys; sys.path[:0] = [sys.argv[1]]\nfrom pathlib import Path\nfrom tests.harness.submissions.remote import Worker\n"
        "w = Worker('bwrap', Path(sys.argv[2])); w.await_ready(); print(w._process.pid, flush=True)\n"
        "w.ask(60, op='look', file='module.py', shown='', inputs=[()], gys=[], asks='[[[\"call\"]]]')"
    )
    with ours, theirs:
        grader = subprocess.Popen(
            [sys.executable, "-c", code, str(PROJECT), str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        pid = int(grader.stdout.readline())
        grader.kill()
        grader.wait()
        grader.stdout.close()
    end = time.monotonic() + HANGS
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{pid}")
