"""JupyterLab as a real server, and an operator who works in it cell by cell in a browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ports import unused_port

PATIENCE_S = 120.0  # what a busy machine may take for anything; only what never comes is a failure
# when the page has nothing left to do, what it was sent before is drawn
DRAWN = "new Promise(done => requestIdleCallback(() => requestAnimationFrame(() => requestIdleCallback(done))))"
TOKEN = "only-for-this-test"
ROOMS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
         "JUPYTERLAB_WORKSPACES_DIR")
SETTINGS = (("apputils-extension/notification", '{"fetchNews": "false"}'),
            ("notebook-extension/tracker", '{"windowingMode": "none"}'))


@contextmanager
def jupyterlab(folder: Path, room: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """The address of a JupyterLab that shows `folder`, with all its own files below `room`."""
    port = unused_port()
    for setting, value in SETTINGS:
        file = room / f"JUPYTERLAB_SETTINGS_DIR/@jupyterlab/{setting}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value)
    environment = {**os.environ, **{name: str(room / name) for name in ROOMS}, **variables}
    words = (sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
             "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}")
    with (room / "jupyterlab.log").open("w") as log:
        server = subprocess.Popen(words, env=environment, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server, room / "jupyterlab.log")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=30).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


class Operator:
    """An operator at a notebook in JupyterLab."""

    def __init__(self, page: Any, address: str, notebook: Path) -> None:
        self.page, self.address = page, address
        page.set_default_timeout(PATIENCE_S * 1000)
        page.goto(f"{address}/lab/tree/{notebook.parent.name}/{notebook.name}?token={TOKEN}&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.get_by_text("| Idle").wait_for()  # a cell sent before the kernel listens is lost

    def run(self, place: int, patience_s: float = PATIENCE_S) -> Any:
        """Run the code cell at `place` to its end; gives the place of its outputs."""
        before = self.prompt(place)
        self.start(place)
        self.finished(place, before, patience_s)
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(place).locator(".jp-OutputArea").first

    def write(self, place: int, text: str) -> None:
        """Replace what stands in the code cell at `place`."""
        self.page.locator(".jp-Notebook .jp-CodeCell .cm-content").nth(place).click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def save(self) -> None:
        """Save the notebook, as JupyterLab also does automatically every two minutes."""
        saved: list[Any] = []

        def note(reply: Any) -> None:
            if reply.request.method == "PUT" and "/api/contents/" in reply.url:
                saved.append(reply)

        self.page.on("response", note)
        deadline = time.monotonic() + PATIENCE_S
        while not saved:
            assert time.monotonic() < deadline, "JupyterLab did not save"
            self.page.keyboard.press("Control+s")  # ignored while the previous save has not ended
            self.page.wait_for_timeout(1000)
        self.page.remove_listener("response", note)
        assert saved[0].ok, saved[0].status_text

    def start(self, place: int) -> None:
        self.page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").nth(place).click()
        self.page.keyboard.press("Control+Enter")

    def prompt(self, place: int) -> str:
        return str(self.page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").nth(place).inner_text())

    def finished(self, place: int, before: str = "", patience_s: float = PATIENCE_S) -> None:
        """Wait until the cell's prompt shows a new number."""
        deadline = time.monotonic() + patience_s
        while not (re.search(r"\d", self.prompt(place)) and self.prompt(place) != before):
            assert time.monotonic() < deadline, f"cell {place} did not finish: {self.prompt(place)}"
            self.page.wait_for_timeout(100)
        self.page.get_by_text("| Idle").wait_for(timeout=patience_s * 1000)  # it comes after the last output
        self.page.wait_for_timeout(300)
        self.page.evaluate(DRAWN)
