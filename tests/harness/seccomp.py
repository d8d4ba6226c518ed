"""The system calls that a submission may not make: a filter for the kernel, as bubblewrap's --seccomp takes it.

Namespaces hide the machine; this closes what they leave open: AF_VSOCK and the keyring know no namespace, uid 0 has no
limit on processes, and some memory counts against no limit. The program is classic BPF, see seccomp(2).
"""

import struct

_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7  # AUDIT_ARCH_*
_MACHINES = {"x86_64": (_X86_64, 0), "aarch64": (_AARCH64, 1), "arm64": (_AARCH64, 1)}
_NEWEST = 449  # the last call that was looked at; a later one is answered like one that the kernel does not have
_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUAL, _GREATER, _RETURN = 0x20, 0x15, 0x25, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000

_PROCESSES = {"clone": (56, 220), "fork": (57, None), "vfork": (58, None)}  # threads too: the worker needs none
DENIED: dict[str, tuple[int, int | None]] = {
    **_PROCESSES,
    # The one socket there is was inherited. sendmsg could pass descriptors through it.
    **{"socket": (41, 198), "socketpair": (53, 199), "bind": (49, 200), "listen": (50, 201), "connect": (42, 203)},
    **{"sendmsg": (46, 211), "sendmmsg": (307, 269)},
    **{"add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219)},
    # Memory that RLIMIT_AS does not see.
    **{"shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190), "msgget": (68, 186)},
    **{"mq_open": (240, 180), "memfd_create": (319, 279), "memfd_secret": (447, 447)},
    # Other processes, and the kernel's own machinery.
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272)},
    **{"pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424)},
    **{"process_madvise": (440, 440), "process_mrelease": (448, 448), "perf_event_open": (298, 241)},
    **{"bpf": (321, 280), "userfaultfd": (323, 282)},
    **{"io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427)},
    **{"kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "syslog": (103, 116)},
    **{"init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106)},
    **{"iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None), "acct": (163, 89)},
    **{"clock_settime": (227, 112), "settimeofday": (164, 170), "adjtimex": (159, 171), "clock_adjtime": (305, 266)},
    # Namespaces and mounts.
    **{"unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41)},
    **{"chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "mount_setattr": (442, 442)},
    **{"fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433)},
    **{"swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60), "quotactl_fd": (443, 443)},
    **{"name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262)},
    **{"sethostname": (170, 161), "setdomainname": (171, 162)},
}
"""Name of a system call -> its number on x86_64 and aarch64 (None: not there). They answer EPERM."""
_ABSENT = {"clone3": (435, 435)}  # its flags are out of the filter's sight; without it, libc takes clone


def program(machine: str) -> bytes:
    """The filter for a machine, by the name that uname gives it. Raises KeyError for one that is not known here."""
    architecture, column = _MACHINES[machine]
    code = [
        _instruction(_LOAD, 4),  # the architecture: numbers of another one mean other calls
        _instruction(_EQUAL, architecture, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, 0),  # the call's number; those of x32 are all beyond the newest
        _instruction(_GREATER, _NEWEST, 0, 1),
        _instruction(_RETURN, _ERRNO | _ENOSYS),
    ]
    for table, error in ((DENIED, _EPERM), (_ABSENT, _ENOSYS)):
        for numbers in table.values():
            if numbers[column] is not None:
                code += [_instruction(_EQUAL, numbers[column], 0, 1), _instruction(_RETURN, _ERRNO | error)]
    return b"".join([*code, _instruction(_RETURN, _ALLOW)])


def harmless(machine: str) -> list[int]:
    """Numbers of denied calls that a probe may try: should one be let through, it changes nothing by being called wrongly."""
    _, column = _MACHINES[machine]
    return [
        numbers[column] for name, numbers in DENIED.items() if name not in _PROCESSES and numbers[column] is not None
    ]


def _instruction(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, when_true, when_false, value)
