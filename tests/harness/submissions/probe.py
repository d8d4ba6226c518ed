"""The confinement's self-test, as seen from inside: graded like a submission, it tries what none must be able to do.

It runs beside nobody's code, in a sandbox like that of a submission. NumPy and the standard library only.
"""

import contextlib
import ctypes
import errno
import fcntl
import importlib.util
import marshal
import os
import resource
import socket
import stat
import sys
import threading

import numpy as np

_CAPABILITIES = 41
_CAPBSET_READ = 23  # of prctl(2)
_PIDS = 4096  # the numbers at which other processes are looked for: a namespace of its own starts at 1
_FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17, "AF_VSOCK": 40}


def look(hidden: list, variables: list, unsaid: list, denied: list, limits: list):
    """Raise an exception that says what is within reach; y is 1 when nothing is.

    `hidden`: paths that must not be there. `variables`: names that the environment may have. `unsaid`: paths that no
    readable source or compiled file may name. `denied`: system calls, as number and arguments, that must answer EPERM.
    `limits`: pairs of a resource and the most it may be set to.
    """
    found = [
        *(f"the file {path}" for path in hidden if os.path.lexists(path)),
        *(f"the environment variable {name}" for name in os.environ if name not in variables),
        *(f"a {family} socket" for family, number in _FAMILIES.items() if _works(socket.socket, number)),
        *(f"process {pid}" for pid in range(1, _PIDS) if pid not in (1, os.getpid()) and _lives(pid)),
        *(f"writing to {folder}" for folder in _folders() if _works(_write, folder)),
        *(f"descriptor {number}" for number in range(256) if _is_foreign(number)),
        *(f"the module {name}" for name in ("torch", "pytest", "hypothesis") if importlib.util.find_spec(name)),
        *(f"a path of this machine in {file}" for file in _files() if _says(file, unsaid)),
        *(f"{name} on a file that is only read" for name, action in _HOLDS.items() if _works(action, os.__file__)),
        *_privileges(denied, limits),
    ]
    if found:
        raise RuntimeError(
            f"within reach: {', '.join(found[:3])}" + (f" and {len(found) - 3} more" if found[3:] else "")
        )
    return np.array(1.0), lambda gy: gy


def _privileges(denied: list, limits: list):
    libc = ctypes.CDLL(None, use_errno=True)
    for number, *arguments in denied:
        # Nearly every argument is nonsense, so that nothing happens where the call is let through.
        if libc.syscall(number, *arguments) != -1 or ctypes.get_errno() != errno.EPERM:
            yield f"system call {number}" + "".join(f" with {a:#x}" for a in arguments if a != -1)
    if any(libc.prctl(_CAPBSET_READ, capability, 0, 0, 0) == 1 for capability in range(_CAPABILITIES)):
        yield "a capability"
    if 0 in (os.getuid(), os.getgid(), os.geteuid(), os.getegid()):
        yield "uid or gid 0"
    for kind, most in limits:
        if not 0 <= resource.getrlimit(kind)[1] <= most or _works(resource.setrlimit, kind, (most + 1, most + 1)):
            yield f"more than the limit of resource {kind}"
    if _works(_thread):
        yield "starting a thread"
    if _works(_fork):
        yield "starting a process"


def _folders() -> list[str]:
    return [
        "/",
        *sorted("/" + name for name in os.listdir("/")),
        "/dev/shm",
        "/var/tmp",
        *sys.path,
        os.path.dirname(__file__),
    ]


def _write(folder: str) -> None:
    file = os.path.join(folder, "kata-probe")
    open(file, "x").close()
    with contextlib.suppress(OSError):  # that it was made is enough
        os.unlink(file)


def _is_foreign(number: int) -> bool:
    """Whether a descriptor is open and is no pipe. Through one of a file, its mode can be changed; a socket knows too much."""
    try:
        return not stat.S_ISFIFO(os.fstat(number).st_mode)
    except OSError:
        return False


def _files() -> list[str]:
    found = [os.path.join(folder, name) for folder, _, names in os.walk("/") for name in names]
    return [file for file in found if file.endswith((".py", ".pyc"))]


def _says(file: str, unsaid: list) -> bool:
    """Whether a file names one of the paths, or is compiled from a source elsewhere."""
    with open(file, "rb") as stream:
        data = stream.read()
    if any(path.encode() in data for path in unsaid):
        return True
    return file.endswith(".pyc") and marshal.loads(data[16:]).co_filename != importlib.util.source_from_cache(file)


def _lock(file: str) -> None:
    with open(file) as stream:
        fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _lock_a_part(file: str) -> None:
    with open(file) as stream:
        fcntl.lockf(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _lease(file: str) -> None:
    with open(file) as stream:
        fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_RDLCK)


_HOLDS = {"a lock": _lock, "a lock of a part": _lock_a_part, "a lease": _lease}


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _thread() -> None:
    threading.Thread(target=int).start()


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _works(action, *arguments) -> bool:
    try:
        action(*arguments)
    except (OSError, RuntimeError, ValueError):
        return False
    return True
