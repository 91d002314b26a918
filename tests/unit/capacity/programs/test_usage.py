"""The program that measures what is used, run by a real bash; only Docker is a double."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.capacity.facts.usage_now import UsageNow, parse_usage
from runbook_lib.core import programs

ID = "b" * 64
DOCKER = f"""#!/bin/sh
case $1 in
ps) echo {ID} ;;
inspect) printf 'container\\t{ID}\\tredis\\t2026-11-27T11:00:00Z\\t500000000\\t536870912\\tfalse\\n' ;;
system) echo '{{"Type":"Images","Size":"1.2GB","Reclaimable":"300MB (25%)"}}' ;;
esac
"""


def used(tmp_path: Path, docker: str, *folders: str, limit: str = "60") -> UsageNow:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "docker").write_text(docker)
    (tools / "docker").chmod(0o755)
    done = subprocess.run(("bash", "-c", programs.text("capacity/usage.sh"), "usage", "mine", limit, *folders), text=True, check=True,
                          capture_output=True, env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
    return parse_usage(done.stdout)


def test_containers_folders_and_images_come_in_one_reply(tmp_path: Path) -> None:
    folder = tmp_path / "with 'quotes' and spaces"
    folder.mkdir()
    (folder / "file").write_bytes(b"x" * 100_000)
    found = used(tmp_path, DOCKER, str(folder), str(tmp_path / "nowhere"))
    assert [one.service for one in found.containers] == ["redis"]
    measured, missing = found.folders
    assert (measured.path, measured.reason) == (str(folder), "")
    assert 100_000 <= (measured.size_bytes or 0) < 200_000
    assert (missing.exists, missing.size_bytes) == (False, None)
    assert (found.images, found.reclaimable, found.failed) == ({"Images": 1_200_000_000}, {"Images": 300_000_000}, ())


def test_without_an_engine_folders_are_measured(tmp_path: Path) -> None:
    found = used(tmp_path, "#!/bin/sh\nexit 1\n", str(tmp_path))
    assert found.failed == ("containers", "docker")
    assert found.folders[0].size_bytes


def test_an_engine_that_hangs_is_left_at_the_limit(tmp_path: Path) -> None:
    found = used(tmp_path, "#!/bin/sh\nexec sleep 600\n", str(tmp_path), limit="1")
    assert found.failed == ("containers", "docker")


def test_no_container_at_all_is_an_empty_list(tmp_path: Path) -> None:
    found = used(tmp_path, "#!/bin/sh\nexit 0\n")
    assert (found.containers, found.images, found.failed) == ((), {}, ())


@pytest.mark.parametrize("name", ["-rf", "$(touch pwned)"])
def test_odd_names_of_folders_run_nothing(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = used(tmp_path, DOCKER, name)
    assert found.folders[0].size_bytes is None
    assert not (tmp_path / "pwned").exists()
