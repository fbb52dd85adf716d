"""Looks at a page in a real browser: a script measures it there and leaves what it found."""
import html
import json
import re
import shutil
import subprocess

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)

needs_browser = pytest.mark.skipif(not BROWSER, reason="needs Chromium, and there is none here")


def found_on(page, script, folder, width=1280, height=720):
    """What `script` leaves in document.body.dataset.found of a page, as JSON.

    The browser keeps its own files in `folder`. A message in its console is an error.
    """
    before, _, after = page.read_text("utf-8").rpartition("</body>")
    copy = folder / "measured.html"
    copy.write_text(f"{before}<script>{script}</script></body>{after}", "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},{height}",
               "--virtual-time-budget=60000", "--enable-logging=stderr",
               f"--user-data-dir={folder}"]
    ran = subprocess.run([BROWSER, *options, "--dump-dom", copy.as_uri()],
                         capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in ran.stderr, re.findall(".*CONSOLE.*", ran.stderr)
    found = re.search(r'data-found="([^"]*)"', ran.stdout)
    assert found, ran.stderr
    return json.loads(html.unescape(found[1]))
