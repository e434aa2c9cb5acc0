"""A real Chromium without a window, spoken to over a pipe: no driver, no port, nothing fetched.

What it prints, refuses, asks for and is asked is kept, so that a test can say that there was nothing.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import tools
from tests.waiting import HANG_SECONDS, until

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--remote-debugging-pipe", "--hide-scrollbars"),
)
LAUNCH = """import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])"""
"""A browser reads from 3 and writes to 4."""
TROUBLE = ("Runtime.exceptionThrown", "Page.javascriptDialogOpening", "Log.entryAdded", "Runtime.consoleAPICalled")
"""Events of which a page of ours makes none."""
UNAWAITED = 0
"""The number of a command whose answer nobody waits for."""
ABOVE = 10
"""Of the descriptors that are handed on."""


class BrowserError(Exception):
    """The browser refused, ended or did not answer."""


class Page:
    """A tab."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol and its answer."""
        return self._browser.send(method, parameters, self._session, self.events)

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file, and wait for that."""
        self.events.clear()
        self.send("Page.navigate", url=path.as_uri() + fragment)
        self.wait("document.readyState == 'complete' && location.protocol == 'file:'")
        self.send("Page.captureScreenshot", format="jpeg", quality=1)  # it has been drawn

    def run(self, script: str) -> Any:
        """The value of an expression there."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def wait(self, script: str) -> Any:
        """Until an expression is true."""
        return until(lambda: self.run(script), script)

    def press(self, key: str, modifiers: int = 0) -> None:
        """A key that writes nothing (Tab, Enter)."""
        text = {"text": "\r"} if key == "Enter" else {}
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            more = text if kind == "keyDown" else {}
            about = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers, **more}
            self.send("Input.dispatchKeyEvent", type=kind, **about)

    def type(self, text: str) -> None:
        """Into what has the focus."""
        self.send("Input.insertText", text=text)

    def look(self, width: int = 1200, height: int = 900, dark: bool = False, media: str = "screen") -> None:
        """How wide the window is, and what the reader prefers."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        wanted = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def picture(self, path: Path, whole: bool = True) -> None:
        """As a file: for people."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def printed(self) -> bytes:
        """As PDF."""
        return base64.b64decode(self.send("Page.printToPDF")["data"])

    def seconds(self) -> float:
        """Processor time of the page's own thread so far: loading, laying out, its script."""
        metrics = self.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    def trouble(self) -> list[str]:
        """What went wrong so far, in its own words."""
        return [json.dumps(event) for event in self.events if event["method"] in TROUBLE]

    def fetched(self) -> list[str]:
        """What was asked for, itself left out."""
        asked = [event["params"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in asked if one.get("type") != "Document"]


class Browser:
    """A running Chromium."""

    def __init__(self, process: subprocess.Popen[bytes], reading: int, writing: int) -> None:
        self._process, self._reading, self._writing = process, reading, writing
        self._number, self._rest = 0, b""

    def page(self) -> Page:
        """A new tab."""
        target = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        return Page(self, session)

    def send(
        self, method: str, parameters: dict[str, Any], session: str = "", events: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """The answer; what happens meanwhile goes to ``events``."""
        self._number += 1
        self._write(self._number, method, parameters, session)
        while True:
            found = self._read()
            if found.get("id") == self._number:
                if "error" in found:
                    raise BrowserError(f"{method}: {found['error']}")
                return dict(found["result"])
            if events is not None and "method" in found and found.get("sessionId") == session:
                events.append(found)
                self._close_dialog(found, session)

    def _close_dialog(self, event: dict[str, Any], session: str) -> None:
        """One that stays open would stop everything; that there was one is known."""
        if event["method"] == "Page.javascriptDialogOpening":
            self._write(UNAWAITED, "Page.handleJavaScriptDialog", {"accept": True}, session)

    def _write(self, number: int, method: str, parameters: dict[str, Any], session: str) -> None:
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._writing, data) :]

    def _read(self) -> dict[str, Any]:
        ends = time.monotonic() + HANG_SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._reading], [], [], max(0, ends - time.monotonic()))
            more = os.read(self._reading, 1 << 20) if ready else b""
            if not more:
                raise BrowserError(f"no answer; exit status {self._process.poll()}")
            self._rest += more
        one, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(one))


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium with nothing of anybody's, ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="gdbext-browser-", ignore_cleanup_errors=True) as folder:
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        high = [fcntl.fcntl(one, fcntl.F_DUPFD, ABOVE) for one in (theirs_in, theirs_out)]
        command = [sys.executable, "-c", LAUNCH, *map(str, high), tools.chromium_program(), *FLAGS]
        process = subprocess.Popen(
            [*command, f"--user-data-dir={folder}"], pass_fds=high, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        for one in (theirs_in, theirs_out, *high):
            os.close(one)
        made = Browser(process, ours_in, ours_out)
        try:
            yield made
        finally:
            _end(made, process)
            for one in (ours_in, ours_out):
                os.close(one)


def _end(made: Browser, process: subprocess.Popen[bytes]) -> None:
    try:
        made.send("Browser.close", {})
    except (BrowserError, OSError):
        process.terminate()
    try:
        process.wait(HANG_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
