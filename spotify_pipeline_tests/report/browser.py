"""Chromium without a window, steered over two pipes: no driver, and nothing to install but the browser."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_TROUBLES = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page:
    """One page of the browser.

    Attributes:
        troubles: what was written to the console, and errors that nobody caught.
        requests: the addresses that were asked for, but for the page's own file.
    """

    def __init__(self, to_browser: Any, from_browser: Any) -> None:
        self._to, self._from, self._numbers = to_browser, from_browser, count(1)
        self._session: str | None = None
        self.troubles: list[Json] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Json:
        """Have the browser do something, and wait until it is done; meanwhile events are noted."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._to.write(json.dumps(message | ({"sessionId": self._session} if self._session else {})).encode() + b"\0")
        self._to.flush()
        while True:
            answer = json.loads(_read_message(self._from))
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                result: Json = answer["result"]
                return result
            self._note(answer)

    def _note(self, event: Json) -> None:
        method, parameters = event.get("method"), event.get("params", {})
        if method in _TROUBLES:
            self.troubles.append(parameters)
        if method == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith("file:"):
            self.requests.append(parameters["request"]["url"])

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def open(self, file: Path, width: int = 1280, scheme: str = "light") -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=file.as_uri())
        self.drawn()

    def show(self, scope: str) -> None:
        """Go to a scope of the report, as a link to it does."""
        self.evaluate(f"document.body.dataset.state = 'asked'; location.hash = {json.dumps(scope)}; 0")
        self.drawn()

    def drawn(self) -> str:
        """Wait until all charts are drawn; gives the scope that is shown."""
        state = self.evaluate(
            """new Promise((resolve, reject) => {
                const end = Date.now() + 20000;
                const look = () => {
                    const state = document.readyState === "complete" && document.body?.dataset.state;
                    if (state && !["asked", "drawing"].includes(state)) resolve(state);
                    else if (Date.now() > end) reject(new Error("not drawn in 20 s: " + state));
                    else setTimeout(look, 5);
                };
                look();
            })"""
        )
        return str(state)


@contextmanager
def chromium(program: str) -> Iterator[Page]:
    """A page of a browser that ends with the block."""
    reading, to_browser = os.pipe()
    from_browser, writing = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--remote-debugging-pipe",
        )
        process = os.posix_spawn(
            program,
            [program, *flags, f"--user-data-dir={profile}", "about:blank"],
            dict(os.environ),
            file_actions=[
                *((os.POSIX_SPAWN_OPEN, one, os.devnull, os.O_WRONLY, 0) for one in (1, 2)),
                (os.POSIX_SPAWN_DUP2, _high(reading), 3),  # where the browser reads,
                (os.POSIX_SPAWN_DUP2, _high(writing), 4),  # and where it writes
            ],
        )
        os.close(reading)
        os.close(writing)
        with os.fdopen(to_browser, "wb") as to, os.fdopen(from_browser, "rb") as answers:
            page = Page(to, answers)
            try:
                yield page
            finally:
                page._session = None
                page.call("Browser.close")
                os.waitpid(process, 0)


def _high(descriptor: int) -> int:
    """The same file under a number that is not one of those that the browser uses."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)


def _read_message(pipe: Any) -> bytes:
    message = bytearray()
    while (byte := pipe.read(1)) != b"\0":
        assert byte, "the browser has ended"
        message += byte
    return bytes(message)
