"""The client of a cache, found in a container that has one of them, or none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runbook_lib.platform.plans.cache_client import CACHE_CLIENT


@pytest.mark.parametrize("name", ["redis-cli", "valkey-cli", "keydb-cli", ""])
def test_the_client_that_is_there_is_taken_and_none_is_named(tmp_path: Path, name: str) -> None:
    if name:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(("/bin/sh", "-c", CACHE_CLIENT + 'echo "$client"'), env={"PATH": str(tmp_path)}, check=False, capture_output=True,
                          text=True)
    assert (done.returncode, done.stdout.strip()) == ((0, str(tmp_path / name)) if name else (1, ""))
    assert name or "no redis-cli, no valkey-cli and no keydb-cli" in done.stderr
