"""A real Alertmanager on a port of its own choosing: none that another process could take in between."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from lab.resilience.runner import wait_for
from tests.unit.staging.files import STAGING

LISTEN = "--web.listen-address=127.0.0.1:0"
LIMIT_S = 60
_LISTENING = re.compile(r'msg="Listening on" address=(\S+)')


def program() -> str:
    """Its path."""
    found = shutil.which("prometheus-alertmanager")
    if found is None:
        pytest.skip("Alertmanager is not on this machine; ./setup.sh test installs it on Debian")
    return found


@contextmanager
def serving(folder: Path, argv: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Its address, http://127.0.0.1:PORT; with the environment's own file unless a command is given. Logs to `folder`/log."""
    file = f"--config.file={STAGING / 'alertmanager/alertmanager.yml'}"
    command = argv or (program(), file, f"--storage.path={folder}", LISTEN, "--cluster.listen-address=")
    log = folder / "log"
    with log.open("wb") as written, subprocess.Popen(command, env=env, stdout=written, stderr=written) as process:
        try:
            wait_for(lambda: process.poll() is not None or _is_ready(log), "Alertmanager", LIMIT_S)
            assert process.poll() is None, log.read_text()
            yield _address(log)
        finally:
            process.kill()


def _address(log: Path) -> str:
    found = _LISTENING.search(log.read_text())
    return f"http://{found[1]}" if found else ""


def _is_ready(log: Path) -> bool:
    address = _address(log)
    try:
        return bool(address) and requests.get(f"{address}/-/ready", timeout=LIMIT_S).ok
    except requests.ConnectionError:
        return False
