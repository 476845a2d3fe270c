"""A page in headless Chromium, driven over the pipe of its DevTools protocol."""

import base64
import fcntl
import json
import os
import select
import subprocess
import tempfile
import time
from contextlib import contextmanager

PATIENCE_S = 60.0
"""How long a browser may stay silent before it counts as hung."""

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Page:
    """One page; `complaints` and `requests` hold what it wrote to the console and asked for."""

    def __init__(self, commands, replies):
        self.commands, self.replies, self.unread = commands, replies, b""
        self.count, self.session = 0, None
        self.complaints, self.requests = [], []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send(
            "Network.emulateNetworkConditions",
            offline=True, latency=0, downloadThroughput=0, uploadThroughput=0,
        )  # fmt: skip

    def send(self, method, **params):
        """Give a command and wait for its answer, taking note of the events before it."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while (reply := self.receive()).get("id") != self.count:
            self.note(reply)
        assert "error" not in reply, reply["error"]
        return reply["result"]

    def receive(self):
        while b"\0" not in self.unread:
            ready, _, _ = select.select([self.replies], [], [], PATIENCE_S)
            piece = os.read(self.replies, 1 << 20) if ready else b""
            assert piece, "the browser is gone or hangs"
            self.unread += piece
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def note(self, event):
        told = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(told["exceptionDetails"])
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                self.complaints.append(told["args"])
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.complaints.append(told["entry"])
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])

    def open(self, path, fragment="", width=1360, height=1000):
        """Load a file and wait until its scripts have run."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=f"{path.resolve().as_uri()}{fragment}")
        end = time.monotonic() + PATIENCE_S
        while self.run("document.readyState !== 'complete' || location.href === 'about:blank'"):
            assert time.monotonic() < end, "the page does not load"

    def run(self, expression):
        """Return the value of a JavaScript expression; a promise is waited for."""
        reply = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in reply, reply["exceptionDetails"]
        return reply["result"].get("value")

    def settle(self):
        """Wait until what was asked for is drawn."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def click(self, x, y):
        """Move the mouse to a place of the window and click there."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.settle()
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.settle()

    def press(self, key):
        for kind in ("rawKeyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key)
        self.settle()

    def drag(self, start, end):
        """Drag with the left button from one place of the window to another."""
        button = {"button": "left", "buttons": 1, "clickCount": 1}
        for kind, (x, y) in (
            ("mousePressed", start),
            ("mouseMoved", end),
            ("mouseReleased", end),
        ):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)
        self.settle()

    def swipe(self, start, end, n_moves=12):
        """Move one finger from one place of the window to another."""
        self.send("Emulation.setTouchEmulationEnabled", enabled=True)
        for step in range(n_moves + 1):
            x, y = (a + (b - a) * step / n_moves for a, b in zip(start, end, strict=True))
            kind = "touchMove" if step else "touchStart"
            self.send("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
            self.settle()
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.send("Emulation.setTouchEmulationEnabled", enabled=False)
        self.settle()

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))


@contextmanager
def browser(program="chromium"):
    """Start a browser of its own profile and hand out a page; it is stopped at the end."""
    from_test, to_browser = os.pipe()
    from_browser, to_test = os.pipe()
    # a browser reads commands from file 3 and answers on file 4
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (from_test, to_test)]

    def connect():
        for end, number in zip(ends, (3, 4), strict=True):
            os.dup2(end, number)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}"],
            preexec_fn=connect,  # noqa: PLW1509  (the tests have one thread)
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (*ends, from_test, to_test):
            os.close(end)
        try:
            yield Page(to_browser, from_browser)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            os.close(to_browser)
            os.close(from_browser)
