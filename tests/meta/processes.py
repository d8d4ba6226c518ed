"""The processes that one has started, itself among them, and what `ps` says of them."""

import subprocess


def family(pid: int, what: str) -> list[tuple[str, str]]:
    """Of each: `what`, a column of ps that is one word (rss, time), and the command."""
    listed = subprocess.run(["ps", "-e", "-o", f"pid=,ppid=,{what}=,args="], capture_output=True, text=True, check=True)
    processes = [line.split(maxsplit=3) for line in listed.stdout.splitlines()]
    found = {str(pid)}
    while more := {child for child, parent, *_ in processes if parent in found} - found:
        found |= more
    return [(told, command) for one, _, told, command in processes if one in found]
