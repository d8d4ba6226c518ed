"""A page in headless Chromium, driven through its debugging pipe: what is on it after a click, and what it asked the network for."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from tests.meta import HANGS

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--remote-debugging-pipe",
    "--disable-dev-shm-usage",
)


class Browser:
    """`requests`: the addresses that pages asked for."""

    def __init__(self, reading: int, writing: int):
        self._in, self._out = os.fdopen(reading, "rb", 0), os.fdopen(writing, "wb", 0)
        self._numbers, self._heard = count(1), b""
        self.requests: list[str] = []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self._ask(f"{domain}.enable", at=self._session)

    def open(self, page: Path, fragment: str = "") -> None:
        """Load a page and wait for it."""
        self._ask("Page.navigate", at=self._session, url=f"file://{page}{fragment}")
        self.until("document.readyState + location.protocol", "completefile:")

    def until(self, script: str, value: object) -> None:
        """Wait until an expression gives this value, be it in the next page."""
        end = time.monotonic() + HANGS
        while True:
            try:
                if self.run(script) == value:
                    return
            except ValueError as error:
                if "navigated" not in str(error):
                    raise
            assert time.monotonic() < end, f"{script} never gave {value}"

    def run(self, script: str):
        """What an expression gives in the page. Raises ValueError where it throws."""
        told = self._ask("Runtime.evaluate", at=self._session, expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise ValueError(told["exceptionDetails"])
        return told["result"].get("value")

    def _ask(self, method: str, at: str = "", **parameters):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": at} if at else {})
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            heard = self._next()
            if heard.get("method") == "Network.requestWillBeSent":
                self.requests.append(heard["params"]["request"]["url"])
            if heard.get("id") == number:
                if "error" in heard:
                    raise ValueError(heard["error"])
                return heard["result"]

    def _next(self) -> dict:
        while b"\0" not in self._heard:
            chunk = self._in.read(2**16)
            if not chunk:
                raise EOFError("the browser is gone")
            self._heard += chunk
        message, _, self._heard = self._heard.partition(b"\0")
        return json.loads(message)


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser of its own, with its files in `profile`."""
    asked, ask = os.pipe()
    answer, answered = os.pipe()

    def pipes() -> None:  # it reads from 3 and writes to 4
        reading, writing = os.dup(asked), os.dup(answered)
        os.dup2(reading, 3)
        os.dup2(writing, 4)

    process = subprocess.Popen(
        [PROGRAM, *_FLAGS, f"--user-data-dir={profile}"],
        preexec_fn=pipes,
        close_fds=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(asked)
    os.close(answered)
    try:
        yield Browser(answer, ask)
    finally:
        process.kill()
        process.wait()
