"""Never ending, and using up whatever there is."""

from tests.meta.attacks import MARK, at_import, in_call, in_grad

_STOPPED = "no answer after"
_ASLEEP = "s asleep or waiting"
_IN_ALL = "s asleep or waiting together"

ATTACKS = [
    in_call("an endless loop", "while True: pass", _STOPPED),
    in_call("an endless loop in C", "sum(iter(int, 1))", _STOPPED),
    in_call("an endless sleep", "import time; time.sleep(10**6)", _STOPPED),
    at_import("an endless loop at import", "while True: pass", "still importing after"),
    in_call(
        "signals ignored",
        "import signal\nfor n in set(range(1, 65)) - {9, 19, 32, 33}: signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        _STOPPED,
    ),
    in_call(
        "exceptions swallowed",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        _STOPPED,
    ),
    in_call("stopped", "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", _ASLEEP),
    in_call(
        "stopped in every call, and woken",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [14])\nsignal.setitimer(signal.ITIMER_REAL, 0.4)\nsignal.sigwait([14])",
        _IN_ALL,
    ),
    in_call("asleep in every call", "import time; time.sleep(0.4)", _IN_ALL),
    in_grad("asleep in grad", "import time; time.sleep(10**6)", _ASLEEP),
    at_import("asleep at import", "import time; time.sleep(10**6)", _ASLEEP),
    in_call(
        "asleep as it is forgotten", "import time\nclass End:\n    def __del__(self): time.sleep(0.4)\nEnd()", _IN_ALL
    ),
    at_import("asleep at its end", "import atexit, time\natexit.register(time.sleep, 10**6)", honest=True),
    in_call(
        "computing in every call",
        "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass",
        "s of computing together",
    ),
    in_call(
        "asleep and computing in turn",
        "import time\nwhile True:\n    time.sleep(0.01)\n    end = time.process_time() + 0.01\n    while time.process_time() < end: pass",
        _STOPPED,
    ),
    in_call("reading a pipe that nobody writes to", "import os\nr, w = os.pipe()\nos.read(r, 1)", _ASLEEP),
    in_call("writing a pipe that nobody reads", "import os\nr, w = os.pipe()\nos.write(w, bytes(2**20))", _ASLEEP),
    in_call("polling for ever", "import os, select\np = select.poll()\np.register(os.pipe()[0])\np.poll()", _ASLEEP),
    in_call("waiting for a signal", "import signal; signal.pause()", _ASLEEP),
    in_call("waiting for a lock", "import threading\nl = threading.Lock()\nl.acquire(), l.acquire()", _ASLEEP),
    in_call(
        "reading the questions itself",
        "import os\nfor d in range(3, 64):\n    try: os.read(d, 1)\n    except OSError: pass",
        _ASLEEP,
    ),
    in_call(
        "a question that is not read",
        "import os, time\nfor d in range(3, 64):\n    try: os.write(d, b'K')\n    except OSError: pass\ntime.sleep(10**6)",
        _STOPPED,
    ),
    in_call("an endless generator for y", "import itertools\nreturn itertools.count(), lambda gy: gy"),
    in_call("an endless iterator for an answer", "import itertools\nreturn itertools.repeat(x)"),
    in_call(
        "an endless list",
        "class L(list):\n    __iter__ = lambda s: iter(int, 1)\n    __len__ = lambda s: 2\nreturn L([x, lambda gy: gy])",
    ),
    in_call("a million gradients", "return x, lambda gy: [gy] * 10**6", honest=True),
    in_call(
        "an array of stride 0",
        "return np.broadcast_to(1.0, (10**6, 10**6)), lambda gy: np.broadcast_to(1.0, (10**6, 10**6))",
        "shape (1000000, 1000000)",
    ),
    in_call("a large array", "return np.zeros(9 * 10**6), lambda gy: np.zeros(9 * 10**6)", "shape (9000000,)"),
    in_call("more arrays than a message holds", "y = np.zeros(8 * 10**6)\nreturn y, lambda gy: [y] * 99"),
    in_call("a memory bomb", "hoard = []\nwhile True: hoard.append(np.empty(2**22))", "MemoryError"),
    in_call("a memory bomb of one piece", "np.ones(2**40)", "MemoryError"),
    in_call("a list bomb", "return [0] * 10**12", "MemoryError"),
    in_call("a big integer", "return 10 ** 10 ** 10, lambda gy: gy"),
    in_call("a regular expression", "import re; re.match(r'(a+)+$', 'a' * 64 + 'b')", _STOPPED),
    in_call("a fork bomb", "import os\nwhile True: os.fork()", "not permitted"),
    in_call(
        "a thread bomb",
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,)).start()",
        "thread",
    ),
    in_call("a pool", "import multiprocessing\nmultiprocessing.Pool(99).map(int, range(999))"),
    in_call("descriptors", "import os\nwhile True: os.pipe()", "Too many open files"),
    in_call("a flood on stdout", "while True: print('a' * 10**5)", _STOPPED),
    in_call("a flood on stderr", "import os\nwhile True: os.write(2, bytes(65536))", _STOPPED),
    in_call("a flood without line ends", "import sys\nsys.stdout.write('\\x1b[31m' * 10**7)"),
    in_call(
        "a flood of warnings",
        "import warnings\nwarnings.simplefilter('always')\nfor i in range(10**5): np.log(np.zeros(1))",
    ),
    in_call("a full disk", f"f = open('/tmp/{MARK}', 'wb')\nwhile True: f.write(bytes(2**20))", "Read-only"),
    in_call("a full /dev/shm", f"f = open('/dev/shm/{MARK}', 'wb')\nwhile True: f.write(bytes(2**20))", "No such file"),
    in_call("files without number", "for n in range(10**6): open(f'/tmp/{n}', 'w')", "Read-only"),
    in_call(
        "an alarm that keeps shouting",
        "import signal\nsignal.signal(14, lambda *a: print('x'))\nsignal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)\nwhile True: pass",
        "SIGALRM",
    ),
    in_call(
        "answers drop by drop",
        "import os, time\nwhile True:\n    for d in range(3, 64):\n        try: os.write(d, b'K')\n        except OSError: pass\n    time.sleep(0.01)",
    ),
]
