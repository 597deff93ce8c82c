"""A real browser for tests of pages, and what a page in it complained of and asked for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
QUIET = "--disable-gpu --enable-unsafe-swiftshader --disable-quic --no-first-run".split() + [
    f"--disable-{what}" for what in ("background-networking", "component-update", "sync")
]
#: Text that would be markup or script in a careless page.
EVIL = '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"> & \u2028'


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Chromium, or skip the test where there is none."""
    if CHROMIUM is None:
        pytest.skip(f"no Chromium on this machine (looked for {', '.join(NAMES)})")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=QUIET, chromium_sandbox=False
        )
        yield browser
        browser.close()


class Watch:
    """What a page complained of, and what it asked for."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))
