"""promtool, amtool and shellcheck accept the files, and every alert fires when its words say so."""

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


@pytest.mark.parametrize("name", ["plan", "schedules"])
def test_every_alert_fires_when_its_words_say_so(tmp_path: Path, name: str) -> None:
    cases = (Path(__file__).parent / f"{name}_rules_test.yml").read_text(encoding="utf-8")
    rules = str(STAGING / f"prometheus/rules/{name}.yml")
    (tmp_path / "rules_test.yml").write_text(cases.replace(f"{name.upper()}_RULES", rules))
    done = subprocess.run(
        [tool("promtool"), "test", "rules", str(tmp_path / "rules_test.yml")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


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
