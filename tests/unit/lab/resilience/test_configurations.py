"""The files that are spoilt: those that a container reads, asked of Compose; and what a case comes to."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.instance import Instance
from lab.resilience import configurations
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources

LISTING = "nginx/nginx.conf\nnginx/upstreams/README.md\nredis/redis.conf\nbackend/app.py\n"
SERVICES: dict[str, Any] = {
    "nginx": {"volumes": [{"type": "bind", "source": "nginx", "target": "/etc/nginx"},
                          {"type": "bind", "source": ".runbook/upstreams", "target": "/etc/nginx/upstreams"}]},
    "redis": {"volumes": [{"type": "bind", "source": "redis", "target": "/etc/r"}]},
}


class Run:
    code, events, output, tail = 3, (), "refused", "refused"


def test_a_file_that_another_mount_hides_is_not_read_by_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = ReleaseTree("v1", None, sources=Sources({}, ComposeConfig(True, "", SERVICES)))

    class Question:
        def fetch(self, _: object) -> ReleaseTree:
            return tree

    class Opened:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(configurations, "load_environment", lambda _: None)
    monkeypatch.setattr(configurations, "inspect_release", lambda *_: Question())
    monkeypatch.setattr(configurations, "commit_of", lambda *_: "c" * 40)
    monkeypatch.setattr(configurations, "output", lambda *_, **__: LISTING)
    monkeypatch.setattr("runbook_lib.connections.open_connections", lambda *_, **__: Opened())
    assert configurations.mounted_files(Instance("double")) == ("nginx/nginx.conf", "redis/redis.conf")


def test_a_case_passes_with_its_exit_code_and_without_a_problem() -> None:
    run: Any = Run()
    assert configurations._case("x", 0.0, run, 3, []).passed
    other = configurations._case("x", 0.0, run, 5, [])
    assert not other.passed and "exit code 3 instead of 5" in other.measured
    assert not configurations._case("x", 0.0, run, 3, ["1 requests failed"]).passed


def test_the_fault_is_put_before_the_first_line_and_the_file_stays_the_same_one(tmp_path: Path) -> None:
    file = tmp_path / "redis.conf"
    file.write_text("port 1\n")
    inode = file.stat().st_ino
    subprocess.run(("sh", "-c", configurations.SPOIL_ON_DISK, "spoil", str(file), "oops\n"), check=True, timeout=120)
    assert (file.read_text(), file.stat().st_ino) == ("oops\nport 1\n", inode)
    assert [one.name for one in tmp_path.iterdir()] == ["redis.conf"]
