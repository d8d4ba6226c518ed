"""Looking for answers and secrets, and for a way out."""

import os
import platform
import sys
from pathlib import Path

import numpy as np

from tests.meta.attacks import MARK, PROJECT, at_import, in_call

PORT = 65000  # a grader's own server, which the test listens on in place of this one
_SOLUTION = PROJECT / "solutions" / "feedforward.py"


def _from_file(*paths: str) -> str:
    return f"""
for path in {list(paths)!r}:
    try:
        space = {{}}
        exec(open(path).read(), space)
        return space["sigmoid"](x)
    except (OSError, KeyError):
        pass
raise LookupError("out of reach")
"""


def _raises(body: str, *kinds: str) -> str:
    """Do it, and answer rightly if it can be done."""
    inner = "\n".join(f"    {line}" for line in body.strip().splitlines())
    handled = ", ".join(("OSError", *kinds))
    return (
        f"try:\n{inner}\nexcept ({handled}) as error:\n    raise LookupError('out of reach') from None\n"
        "y = 1 / (1 + np.exp(-x))\nreturn y, lambda gy: gy * y * (1 - y)"
    )


_OUT = "out of reach"
_ADD_KEY = 248 if platform.machine() == "x86_64" else 217
_SYSCALL = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
_OR_FAIL = "\nif result < 0: raise OSError(ctypes.get_errno(), '')"

_PATHS = {str(PROJECT), str(Path(np.__file__).parents[1]), os.path.dirname(os.__file__), sys.prefix} - {"/usr"}


def _with_a_descriptor(action: str) -> str:
    """Do it with whatever descriptor `d` it can be done with."""
    return f"""
import ctypes, fcntl, os, socket, stat
libc = ctypes.CDLL(None, use_errno=True)
def done(d):
    try:
        return {action}
    except OSError:
        return False
if not any(map(done, range(64))): raise OSError
"""


def _named_in(pattern: str) -> str:
    """Find a path of this machine in a file that can be read."""
    return f"""
import glob
paths = {sorted(path.encode() for path in _PATHS)!r}
files = [f for f in glob.glob({pattern!r}, recursive=True) if not f.startswith("/submission")]
if not any(path in open(f, "rb").read() for f in files for path in paths): raise OSError
"""


_HOLD = "import fcntl, os, struct\nf = open(np.__file__)\n"
_HOLDING = {
    "a lock on a file of the host": "fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)",
    "a lock of a part of a file of the host": "fcntl.lockf(f, fcntl.LOCK_SH | fcntl.LOCK_NB)",
    "a lock of an open file of the host": "fcntl.fcntl(f, 37, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 0, 0, 0))",
    "a lease on a file of the host": "fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    "notices of what becomes of a folder of the host": "fcntl.fcntl(os.open('/numpy', 0), fcntl.F_NOTIFY, 0x80000001)",
    "a larger pipe": "fcntl.fcntl(1, 1031, 2**20)",
    "signals from a pipe": "fcntl.fcntl(1, fcntl.F_SETOWN, os.getpid())",
    "another signal from a pipe": "fcntl.fcntl(1, 10, 9)",
    "how much is in a pipe": "fcntl.ioctl(1, 0x541B, bytes(4))",
    "the file system of the host": "os.statvfs(np.__file__)",
    "the attributes of a file of the host": "os.listxattr(np.__file__)",
    "a lower priority": "os.nice(1)",
    "another scheduling": "os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))",
    "another processor": "os.sched_setaffinity(0, os.sched_getaffinity(0))",
    "watching descriptors": "import select; select.epoll()",
    "copying between files": "os.sendfile(1, f.fileno(), 0, 1)",
}
_CALLS = {  # numbers on x86_64 and aarch64, arguments
    "the machine's uptime and load": (99, 179, "ctypes.create_string_buffer(512)"),
    "watching files of the host": (294, 26, "0"),
    "a handle of a file of the host": (303, 264, "-100, b'/numpy', handle, ctypes.create_string_buffer(8), 0"),
    "writing all disks": (162, 81, ""),
    "what the machine has read lately": (27, 232, "page, 4096, ctypes.create_string_buffer(8)"),
    "memory that is kept": (149, 228, "page, 4096"),
    "timers": (222, 107, "1, None, ctypes.create_string_buffer(8)"),
    "the kernel's queues": (206, 0, "1, ctypes.byref(ctypes.c_ulong())"),
    "pages given to a pipe": (278, 75, "1, None, 0, 0"),
    "another personality": (135, 92, "0xffffffff"),
    "an event": (290, 19, "0, 0"),
    "death with its parent": (157, 167, "1, 9, 0, 0, 0"),
    "what else can be known of a file": (332, 291, "-100, b'/numpy', 0, 0xfff, ctypes.create_string_buffer(256)"),
}
_PREPARED = (
    _SYSCALL
    + "import mmap\nregion = mmap.mmap(-1, 8192)\npage = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(region)))\n"
    "handle = ctypes.create_string_buffer(b'\\x80' + bytes(200))\n"
)

ATTACKS = [
    in_call(
        "the machine's interfaces", _raises(_with_a_descriptor("fcntl.ioctl(d, 0x8912, bytes(16)) and True")), _OUT
    ),
    in_call(
        "the machine's hardware addresses",
        _raises(_with_a_descriptor("fcntl.ioctl(d, 0x8927, b'lo'.ljust(40, bytes(1))) and True")),
        _OUT,
    ),
    in_call("a socket that was left open", _raises(_with_a_descriptor("stat.S_ISSOCK(os.fstat(d).st_mode)")), _OUT),
    in_call(
        "who is at the other end",
        _raises(
            _with_a_descriptor(
                "libc.getsockopt(d, 1, 17, ctypes.create_string_buffer(12), ctypes.byref(ctypes.c_uint(12))) == 0"
            )
        ),
        _OUT,
    ),
    in_call(
        "a descriptor of the grader",
        _raises(
            _with_a_descriptor(
                "libc.getsockopt(d, 1, 77, ctypes.create_string_buffer(4), ctypes.byref(ctypes.c_uint(4))) == 0"
            )
        ),
        _OUT,
    ),
    in_call("paths of the machine in compiled files", _raises(_named_in("/**/*.pyc")), _OUT),
    in_call("paths of the machine in sources", _raises(_named_in("/**/*.py")), _OUT),
    in_call("paths of the machine in settings", _raises(_named_in("/**/[Mm]ake*")), _OUT),
    *(in_call(name, _raises(_HOLD + body), _OUT) for name, body in _HOLDING.items()),
    *(
        in_call(
            name,
            _raises(
                f"{_PREPARED}result = libc.syscall({x86 if platform.machine() == 'x86_64' else arm}, {arguments})"
                + _OR_FAIL
            ),
            _OUT,
        )
        for name, (x86, arm, arguments) in _CALLS.items()
    ),
    in_call(
        "the solutions", _from_file(str(_SOLUTION), "solutions/feedforward.py", "../solutions/feedforward.py"), _OUT
    ),
    in_call(
        "the solutions by import", _raises("sum.__self__.__import__('solutions.feedforward')", "ImportError"), _OUT
    ),
    in_call("the specs by import", _raises("sum.__self__.__import__('tests.specs.feedforward')", "ImportError"), _OUT),
    in_call("torch by import", _raises("sum.__self__.__import__('torch')", "ImportError"), _OUT),
    in_call(
        "torch by a path",
        _raises(
            "import sys, glob\nsys.path += glob.glob('/**/*-packages', recursive=True) + ['/usr/lib/python3/dist-packages']\n"
            + f"sys.path += {[p for p in sys.path if p]!r}\nsum.__self__.__import__('torch')",
            "ImportError",
        ),
        _OUT,
    ),
    in_call("the project", _raises(f"import os; os.listdir({str(PROJECT)!r})"), _OUT),
    in_call("the home", _raises(f"import os; os.listdir({str(Path.home())!r})"), _OUT),
    in_call("passwords", _raises("open('/etc/passwd').read(); open('/etc/shadow').read()"), _OUT),
    in_call(
        "the environment",
        _raises(f"import os; os.environ[{'HOME' if 'HOME' in os.environ else 'PATH'!r}]", "KeyError"),
        _OUT,
    ),
    in_call("the environment of process 1", _raises("open('/proc/1/environ', 'rb').read()"), _OUT),
    in_call(
        "the grader's memory",
        _raises(f"open('/proc/{os.getppid()}/mem', 'rb'); open('/proc/{os.getpid()}/mem', 'rb')"),
        _OUT,
    ),
    in_call(
        "the grader's command line",
        _raises(f"import glob\nopen((glob.glob('/proc/[0-9]*/cmdline') or ['/proc/{os.getpid()}/cmdline'])[0])"),
        _OUT,
    ),
    in_call(
        "its own arguments",
        _raises("import sys\nif len(sys.argv) == 1 and not [a for a in sys.orig_argv if 'seed' in a]: raise OSError"),
        _OUT,
    ),
    in_call(
        "right answers in the frames and the heap",
        """
import gc, sys
f, seen = sys._getframe(), []
while f is not None:
    seen += f.f_locals.values()
    f = f.f_back
seen += gc.get_objects()
right = 1 / (1 + np.exp(-x))
del f
for o in seen:
    if type(o) is np.ndarray and o is not right and o.shape == x.shape and o.dtype == x.dtype and np.allclose(o, right):
        return o, lambda gy: gy * o * (1 - o)
""",
    ),
    in_call(
        "hypothesis's database",
        _raises(f"import os; os.listdir({str(PROJECT / '.hypothesis')!r}); __import__('hypothesis')", "ImportError"),
        _OUT,
    ),
    in_call("a TCP connection", _raises(f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 1)"), _OUT),
    in_call("a name server", _raises("import socket; socket.getaddrinfo('localhost', 80)[0]; socket.socket()"), _OUT),
    *(
        in_call(f"a socket of family {family}", _raises(f"import socket; socket.socket({family}, {kind})"), _OUT)
        for family, kind in ((1, 1), (2, 2), (10, 1), (16, 3), (17, 3), (40, 1))
    ),
    in_call("a pair of sockets", _raises("import socket; socket.socketpair()"), _OUT),
    in_call(
        "the keyring",
        _raises(_SYSCALL + f"result = libc.syscall({_ADD_KEY}, b'user', b'a', b'b', 1, -4)" + _OR_FAIL),
        _OUT,
    ),
    in_call("ptrace", _raises(_SYSCALL + "result = libc.ptrace(16, 1, 0, 0)" + _OR_FAIL), _OUT),
    in_call(
        "another process's memory",
        _raises(_SYSCALL + "result = libc.process_vm_readv(1, None, 0, None, 0, 0)" + _OR_FAIL),
        _OUT,
    ),
    in_call("a namespace of its own", _raises(_SYSCALL + "result = libc.unshare(0x10000000)" + _OR_FAIL), _OUT),
    in_call("a mount", _raises(_SYSCALL + "result = libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)" + _OR_FAIL), _OUT),
    in_call(
        "remounting for writing", _raises(_SYSCALL + "result = libc.mount(None, b'/', None, 32, None)" + _OR_FAIL), _OUT
    ),
    in_call("a memory file", _raises("import os; os.memfd_create('a')"), _OUT),
    in_call("shared memory", _raises(_SYSCALL + "result = libc.shmget(0, 2**30, 0o1600)" + _OR_FAIL), _OUT),
    in_call(
        "a mode of a file of the host", _raises("import os, sys; os.chmod(os.__file__, 0o666); os.fchmod(0, 0)"), _OUT
    ),
    in_call("a device", _raises("open('/dev/null', 'w'); open('/dev/mem', 'rb')"), _OUT),
    in_call("a file in its folder", _raises(f"open(__file__.replace('.py', '-{MARK}'), 'w').write('x')"), _OUT),
    *(
        in_call(f"a file in {folder}", _raises(f"open('{folder}/{MARK}', 'w').write('x')"), _OUT)
        for folder in ("/tmp", "/dev/shm", "/var/tmp", "/", str(Path.home()), str(PROJECT), ".")
    ),
    in_call(
        "limits raised",
        _raises("import resource as r\nr.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY, r.RLIM_INFINITY))", "ValueError"),
        _OUT,
    ),
    in_call("a child", _raises("import os\nif os.fork() == 0:\n    while True: pass"), _OUT),
    in_call(
        "a program",
        _raises(
            "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)",
            "subprocess.SubprocessError",
        ),
        _OUT,
    ),
    in_call(
        "a thread",
        _raises("import threading, time; threading.Thread(target=time.sleep, args=(999,)).start()", "RuntimeError"),
        _OUT,
    ),
    in_call(
        "a daemon that survives",
        _raises(
            "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(999)\n    os._exit(0)"
        ),
        _OUT,
    ),
    in_call(
        "another program in its place",
        "import os, sys; os.execv(sys.executable, ['python3', '-c', 'import time; time.sleep(99)'])",
    ),
    at_import("a module of the harness", "import worker\nworker.observe.observe = len"),
    at_import(
        "a back door to the harness",
        "import importlib\nimportlib.import_module('tests.harness.judgement.judge')",
        "No module named",
    ),
]
