"""What the browser tests share: the built site on a port of this machine, and a browser."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest
from course import ROOT
from playwright.sync_api import sync_playwright

SITE = ROOT / "build" / "site"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NAMES += ("chrome", "microsoft-edge", "msedge")
ELSEWHERE = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    *(
        str(Path(os.environ.get(folder, "")) / name)
        for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)")
        for name in (
            "Google/Chrome/Application/chrome.exe",
            "Microsoft/Edge/Application/msedge.exe",
        )
    ),
]
# Nothing of Chromium's own asks the network for anything.
OPTIONS = ["--disable-background-networking", "--disable-component-update"]
OPTIONS += ["--disable-sync", "--no-first-run", "--disable-quic", "--disable-gpu"]


def program() -> str:
    """The browser that is on this machine."""
    named = [os.environ.get("COURSE_BROWSER"), *map(shutil.which, NAMES), *ELSEWHERE]
    for path in named:
        if path and Path(path).exists():
            return path
    pytest.exit(
        "No Chromium, Chrome or Edge was found. Install one (on Debian: `apt install "
        "chromium`), or name yours: COURSE_BROWSER=/path/to/it make test-browser",
        returncode=2,
    )


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def site():
    """The address of the built site, as a server shows it."""
    handler = functools.partial(Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        browser = playwright.chromium.launch(
            executable_path=program(), args=OPTIONS, chromium_sandbox=not root
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page that remembers what it asked other machines for, and what went wrong in it."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.elsewhere, page.mistakes = [], []
    page.on("request", lambda request: remember(page, request.url))
    page.on("pageerror", lambda error: page.mistakes.append(str(error)))
    yield page
    context.close()


def remember(page, url):
    if not url.startswith(("http://127.0.0.1", "data:", "blob:", "ws://127.0.0.1")):
        page.elsewhere.append(url)
