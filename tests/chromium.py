"""A real browser, for reports and for JupyterLab."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for the tests of a file, not longer: while it is there, an event loop runs in this thread.

    Its absence is a failure, not a pass: `apt-get install chromium` brings it.
    """
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(program).exists():
        pytest.fail("No Chromium on this machine: run `apt-get install chromium`, then test again.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
