"""promtool, amtool and shellcheck accept the files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.staging.files import STAGING


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine; tests/lab runs it inside the lab")
    return found


def test_promtool_and_amtool_accept_the_files() -> None:
    rules = sorted(str(path) for path in (STAGING / "prometheus" / "rules").glob("*.yml"))
    for command in (
        [tool("promtool"), "check", "rules", *rules],
        [tool("amtool"), "check-config", str(STAGING / "alertmanager" / "alertmanager.yml")],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_has_nothing_to_say() -> None:
    scripts = [str(path) for path in STAGING.rglob("*.sh")] + [str(STAGING / "server" / "certbot" / "reload-nginx")]
    shellcheck = str(Path(sys.executable).parent / "shellcheck")
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
