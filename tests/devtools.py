"""A browser that a test holds in its hands: Chromium, driven through its DevTools protocol.

Mouse, keys, window and wishes of the reader are real ones, as no script on a page could make them.
"""
import json
import subprocess
import time
from pathlib import Path

import websocket  # websocket-client, which comes with Jupyter

from browser import BROWSER

PATIENCE = 30  # seconds
# The codes by which the protocol knows keys: without one a key moves no slider and types no letter.
KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35,
        "PageUp": 33, "PageDown": 34, " ": 32, "Tab": 9, "Enter": 13, "Escape": 27, "Delete": 46,
        "a": 65, "h": 72}
TROUBLE = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


class Chromium:
    """One browser with one page; `problems` and `requests` hold what the open page has caused."""

    def __init__(self, folder: Path) -> None:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen([BROWSER, *options], stderr=subprocess.DEVNULL)
        self.connection = websocket.create_connection(
            _address(folder / "DevToolsActivePort"), timeout=PATIENCE, suppress_origin=True)
        self.asked = 0
        self.session: str | None = None
        self.problems: list[str] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.wait(PATIENCE)

    def call(self, method: str, **parameters) -> dict:
        """One command of the protocol, and its answer."""
        self.asked += 1
        message = {"id": self.asked, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.connection.send(json.dumps(message))
        while True:
            answer = json.loads(self.connection.recv())
            if answer.get("id") == self.asked:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict) -> None:
        """Keep what a page has asked for, and what went wrong in it."""
        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        elif event["method"] in TROUBLE:
            self.problems.append(json.dumps(event["params"])[:1000])

    def open(self, page: Path, width: int = 1280, height: int = 720, still: bool = False) -> None:
        """Open a file in a window of this size; `still`: the reader asks for reduced motion."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        wish = {"name": "prefers-reduced-motion", "value": "reduce" if still else ""}
        self.call("Emulation.setEmulatedMedia", features=[wish])
        self.point_at(0, 0)
        self.call("Page.navigate", url="about:blank")
        self.problems.clear()
        self.requests.clear()
        self.call("Page.navigate", url=page.as_uri())
        self.wait(f"document.readyState === 'complete' && location.href === '{page.as_uri()}'")

    def run(self, script: str):
        """The value of a JavaScript expression, which may be a promise."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True,
                           returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.run(condition):
            assert time.monotonic() < end, f"waited {PATIENCE} seconds for {condition}"
            time.sleep(0.02)

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press and let go a key; of the `modifiers`, 1 is Alt, 2 Ctrl, 8 Shift."""
        code = KEYS[key]
        typed = "\r" if key == "Enter" else key
        letter = {"text": typed} if len(typed) == 1 and not modifiers else {}
        same = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown", **same, **letter)
        self.call("Input.dispatchKeyEvent", type="keyUp", **same)

    def point_at(self, x: float, y: float) -> None:
        """Move the mouse to a place in the window."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def point(self, element: str) -> tuple[float, float]:
        """Move the mouse to the middle of an element, which is a JavaScript expression."""
        x, y = self.run(f"""(() => {{
          const element = {element};
          element.scrollIntoView({{block: "nearest"}});
          const box = element.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        self.point_at(x, y)
        return x, y

    def click(self, element: str) -> None:
        """Click with the mouse on the middle of an element."""
        x, y = self.point(element)
        where = {"x": x, "y": y, "button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mousePressed", **where)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", **where)

    def drag(self, element: str, across: float, down: float) -> None:
        """Press the mouse in the middle of an element, move it by so many pixels, let it go."""
        x, y = self.point(element)
        held = {"button": "left", "buttons": 1, "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **held)
        for share in (0.5, 1):
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + share * across,
                      y=y + share * down, **held)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=x + across, y=y + down,
                  button="left", clickCount=1)


def _address(file: Path) -> str:
    """Where a browser listens: it writes that into a file as soon as it does."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        lines = file.read_text("utf-8").split() if file.exists() else []
        if len(lines) == 2:
            port, path = lines
            return f"ws://127.0.0.1:{port}{path}"
        time.sleep(0.05)
    raise TimeoutError(f"{BROWSER} did not start within {PATIENCE} seconds")
