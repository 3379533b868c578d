"""Opens a page in headless Chromium, and tells what it showed, logged and asked for."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

SECONDS = 110.0
"""Time limit of one page. A loaded machine takes long to start a browser."""
_NO_ORIGIN = "not an origin"
LIGHT, DARK = "1", "0"
"""What a page is told that its reader prefers, as Chromium numbers it."""


@dataclass(frozen=True)
class Page:
    """What a browser made of a page."""

    dom: str
    """The document after it was loaded, as HTML."""
    errors: list[str]
    """What the console logged."""
    urls: set[str]
    """Every address that was asked for over a network."""
    background: tuple[int, int, int]
    """Red, green and blue of the top left pixel."""
    pdf: bytes
    """The page on paper."""


def find_browser() -> str | None:
    """Return the path of a Chromium; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    of_playwright = sorted(Path.home().glob(".cache/ms-playwright/chromium-*/chrome-linux*/chrome"))
    return next(filter(None, [*map(shutil.which, names), *map(str, of_playwright)]), None)


def open_page(page: Path, folder: Path, prefers: str = LIGHT) -> Page:
    """Open a file. `folder` takes what the browser writes."""
    browser = find_browser()
    assert browser is not None
    folder.mkdir()
    log, picture, paper = folder / "net.json", folder / "page.png", folder / "page.pdf"
    command = [
        browser,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # what the browser asks for itself stays here, too
        *("--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}"),
        *(f"--blink-settings=preferredColorScheme={prefers}", "--window-size=1000,2400"),
        *("--dump-dom", f"--screenshot={picture}", f"--print-to-pdf={paper}", page.as_uri()),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    assert ran.returncode == 0, ran.stderr
    errors = re.findall(r"CONSOLE[^\]]*\] (.*)", ran.stderr)
    return Page(ran.stdout, errors, _read_urls(log), _first_pixel(picture.read_bytes()), paper.read_bytes())


def _read_urls(log: Path) -> set[str]:
    text = log.read_text()
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # the browser ended before it closed the list
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    # A request of the page has the origin that began it. The browser's own, for updates and the like, have none.
    all_params = [event.get("params", {}) for event in events]
    of_page = [params for params in all_params if params.get("initiator", _NO_ORIGIN) != _NO_ORIGIN]
    return {params["url"] for params in of_page if not params["url"].startswith(("file:", "data:"))}


def _first_pixel(png: bytes) -> tuple[int, int, int]:
    """Read the first pixel of a PNG of 8 bits a color: no filter changes it, since nothing is before it."""
    offset, data = 8, b""
    while offset < len(png):
        (size,) = struct.unpack_from(">I", png, offset)
        if png[offset + 4 : offset + 8] == b"IDAT":
            data += png[offset + 8 : offset + 8 + size]
        offset += size + 12
    red, green, blue = zlib.decompressobj().decompress(data, 4)[1:4]
    return red, green, blue
