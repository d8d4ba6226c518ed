"""The system calls that a submission may make: a filter for the kernel, as bubblewrap's --seccomp takes it.

Namespaces hide the machine; this closes what they leave open. Sockets answer questions about the machine's network, and
hand out the grader's process; locks and leases hold other programs up on files that are only read; memory, timers,
watches and handles count against the grader's user, or against nobody. So what Python and NumPy need is listed here, and
all else is refused, also what kernels will have one day. The program is classic BPF, see seccomp(2).
"""

import struct
from collections.abc import Iterator

_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7  # AUDIT_ARCH_*
_MACHINES = {"x86_64": (_X86_64, 0), "aarch64": (_AARCH64, 1), "arm64": (_AARCH64, 1)}
_NEWEST = 449  # a later call is answered like one that the kernel does not have: libc knows what to do then
_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUAL, _GREATER, _RETURN = 0x20, 0x15, 0x25, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_ARGUMENTS = (
    16  # where they stand in seccomp_data, 8 bytes each; the kernel takes the low 4 of those that are looked at
)

Numbers = tuple[int, int | None]
"""The number of a system call on x86_64 and on aarch64; None: not there."""

ALLOWED: dict[str, Numbers] = {
    # Files that are there, and the pipes. Nothing can be written to, so there is nothing to make, rename or remove.
    **{
        "read": (0, 63),
        "write": (1, 64),
        "readv": (19, 65),
        "writev": (20, 66),
        "pread64": (17, 67),
        "preadv": (295, 69),
    },
    **{"open": (2, None), "openat": (257, 56), "close": (3, 57), "close_range": (436, 436), "lseek": (8, 62)},
    **{"stat": (4, None), "lstat": (6, None), "fstat": (5, 80), "newfstatat": (262, 79), "access": (21, None)},
    **{"faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78)},
    **{"getdents64": (217, 61), "getcwd": (79, 17), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24)},
    **{"pipe": (22, None), "pipe2": (293, 59), "poll": (7, None), "ppoll": (271, 73)},
    **{"select": (23, None), "pselect6": (270, 72)},
    # Memory that RLIMIT_AS sees.
    **{"brk": (12, 214), "mmap": (9, 222), "munmap": (11, 215), "mremap": (25, 216), "mprotect": (10, 226)},
    **{"madvise": (28, 233)},
    # Signals to its own, and time.
    **{"rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136)},
    **{"rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132), "kill": (62, 129)},
    **{"tkill": (200, 130), "tgkill": (234, 131), "pause": (34, None), "alarm": (37, None), "getitimer": (36, 102)},
    **{"setitimer": (38, 103), "restart_syscall": (219, 128), "nanosleep": (35, 101), "clock_nanosleep": (230, 115)},
    **{"clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None)},
    **{"times": (100, 153)},
    # What it is, and its end. execve is how bubblewrap starts it.
    **{"getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getpgrp": (111, None), "getpgid": (121, 155)},
    **{"getsid": (124, 156), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177)},
    **{"getresuid": (118, 148), "getresgid": (120, 150), "getgroups": (115, 158), "uname": (63, 160)},
    **{"getrusage": (98, 165), "getrlimit": (97, 163), "setrlimit": (160, 164), "getrandom": (318, 278)},
    **{"getcpu": (309, 168), "sched_yield": (24, 124), "sched_getaffinity": (204, 123)},
    **{"execve": (59, 221), "wait4": (61, 260), "waitid": (247, 95), "exit": (60, 93), "exit_group": (231, 94)},
    # What libc does in a process of one thread.
    **{"arch_prctl": (158, None), "futex": (202, 98), "set_robust_list": (273, 99), "set_tid_address": (218, 96)},
    **{"rseq": (334, 293)},
}
"""Name of a system call -> its numbers. They may be made with any arguments; all others answer EPERM, but for those below."""

IN_PART: dict[str, tuple[Numbers, int, tuple[int, ...]]] = {
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC: no locks, leases, notices, owners, sizes of pipes.
    "fcntl": ((72, 25), 1, (0, 1, 2, 3, 1030)),
    # TCGETS, which is how a terminal is told, FIONCLEX, FIOCLEX.
    "ioctl": ((16, 29), 1, (0x5401, 0x5450, 0x5451)),
    # PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ.
    "prctl": ((157, 167), 0, (15, 16, 23)),
    # Its own limits only.
    "prlimit64": ((302, 261), 0, (0,)),
}
"""Name -> its numbers, an argument by its place, and the values of it that are allowed."""

_ABSENT: dict[str, Numbers] = {"clone3": (435, 435)}  # without it, libc takes clone, and says it in the usual words
_UNTRIED: dict[str, Numbers] = {
    **{"clone": (56, 220), "fork": (57, None), "vfork": (58, None)},  # a probe has better ways to try these
    **{
        "uretprobe": (335, None),
        "uprobe": (336, None),
    },  # the kernel's own, past any filter; they end who else calls them
}
_TRIED = {
    "fcntl": range(1100),
    "ioctl": (*range(0x5400, 0x5480), *range(0x8900, 0x8950)),
    "prctl": range(80),
    "prlimit64": (1,),
}


def program(machine: str) -> bytes:
    """The filter for a machine, by the name that uname gives it. Raises KeyError for one that is not known here."""
    architecture, column = _MACHINES[machine]
    code = [
        _instruction(_LOAD, 4),  # the architecture: numbers of another one mean other calls
        _instruction(_EQUAL, architecture, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, 0),  # the call's number; those of x32 are all beyond the newest
    ]
    for numbers in ALLOWED.values():
        code += _when(numbers[column], _ALLOW)
    for numbers in _ABSENT.values():
        code += _when(numbers[column], _ERRNO | _ENOSYS)
    for numbers, place, values in IN_PART.values():
        allowed = [part for value in values for part in _when(value, _ALLOW)]
        block = [_instruction(_LOAD, _ARGUMENTS + 8 * place), *allowed, _instruction(_RETURN, _ERRNO | _EPERM)]
        code += [_instruction(_EQUAL, numbers[column], 0, len(block)), *block]
    code += [_instruction(_GREATER, _NEWEST, 0, 1), _instruction(_RETURN, _ERRNO | _ENOSYS)]
    return b"".join([*code, _instruction(_RETURN, _ERRNO | _EPERM)])


def refused(machine: str) -> Iterator[list[int]]:
    """Denied calls that a probe may try: a number and its arguments, which are nonsense should the call be let through."""
    _, column = _MACHINES[machine]
    known = {n[column] for table in (ALLOWED, _ABSENT, _UNTRIED) for n in table.values()}
    known |= {numbers[column] for numbers, *_ in IN_PART.values()}
    for number in range(_NEWEST + 1):
        if number not in known:
            yield [number, *[-1] * 6]
    for name, (numbers, place, values) in IN_PART.items():
        for value in _TRIED[name]:
            if value not in values:
                yield [numbers[column], *(value if n == place else -1 for n in range(6))]


def _when(number: int | None, answer: int) -> list[bytes]:
    return [] if number is None else [_instruction(_EQUAL, number, 0, 1), _instruction(_RETURN, answer)]


def _instruction(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, when_true, when_false, value)
