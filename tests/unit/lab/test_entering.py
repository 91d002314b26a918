"""A program in a container is started past the engine only where that is certain to be the same container."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab import entering
from lab.errors import CommandFailed

SHOWN: dict[str, Any] = {"Id": "", "Config": {"Hostname": "staging", "Env": ["PATH=/bin", "LANG=C.UTF-8"]}}
BY_THE_ENGINE = ["docker", "exec", "-i", "-u", "deploy", "one", "true"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first processes that the engine names, one after the other; a group of control that is ours."""
    pids: list[int] = []
    monkeypatch.setattr(entering, "docker", lambda: "docker")
    monkeypatch.setattr(entering, "_known", {})
    monkeypatch.setattr("lab.entering.os.geteuid", lambda: 0)
    monkeypatch.setattr("lab.entering.shutil.which", lambda name: f"/usr/bin/{name}")

    def inspect(words: Any) -> str:
        if not pids:
            raise CommandFailed("no such container")
        return json.dumps([SHOWN | {"Id": Path("/proc/self/cgroup").read_text()[:12], "State": {"Pid": pids.pop(0)}}])

    monkeypatch.setattr(entering, "output", inspect)
    monkeypatch.setattr(entering, "succeeds", lambda words: True)
    return pids


def test_a_user_has_the_variables_of_the_image_and_all_groups(asked: list[int]) -> None:
    asked.append(os.getpid())
    words = entering.entering("one", "true", user="deploy")
    assert words[:2] == ["nsenter", f"--target={os.getpid()}"]
    assert words[words.index("env"):] == ["env", "-i", "PATH=/bin", "LANG=C.UTF-8", "HOSTNAME=staging", "HOME=/home/deploy", "setpriv",
                                          "--reuid=deploy", "--regid=deploy", "--init-groups", "true"]
    assert entering.entering("one", "true", user="root")[-2:] == ["HOME=/root", "true"]


def test_a_container_that_was_started_again_is_entered_by_its_new_process(asked: list[int]) -> None:
    with subprocess.Popen(("sleep", "60")) as first:
        asked += [first.pid, os.getpid()]
        assert entering.entering("one", "true", user="root")[1] == f"--target={first.pid}"
        first.kill()
    assert entering.entering("one", "true", user="root")[1] == f"--target={os.getpid()}"


@pytest.mark.parametrize("changed", [
    {"os.geteuid": lambda: 1000},
    {"shutil.which": lambda name: None},
    {"_read": lambda path: "0::/user.slice" if path.endswith("cgroup") else f"{os.getpid()} (x) S" + " 1" * 40},
    {"_read": lambda path: ""},
    {"succeeds": lambda words: False},
], ids=["not root", "no nsenter", "a process of something else", "an engine elsewhere", "not all rights of root"])
def test_where_it_cannot_be_entered_the_engine_is_asked(
        asked: list[int], monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]) -> None:
    asked.append(os.getpid())
    for name, value in changed.items():
        monkeypatch.setattr(f"lab.entering.{name}", value)
    assert entering.entering("one", "true", user="deploy") == BY_THE_ENGINE


def test_a_container_that_is_not_there_is_the_engines_to_name(asked: list[int]) -> None:
    assert entering.entering("one", "true", user="deploy") == BY_THE_ENGINE
