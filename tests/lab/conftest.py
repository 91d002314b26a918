"""The server itself comes from tests/lab_server.py; here is which release of it a test begins on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.resilience.releases import commit_of, deploy, live_release
from lab.resilience.suite import Case
from tests.lab.stepping import step
from tests.lab_server import FIRST_RELEASE, NEXT_RELEASE, Lab

__all__ = ["Lab", "roll_back", "step", "tried"]
SHORT_WATCH_S = "6"


@pytest.fixture
def old_is_live(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The first release is live."""
    _serve(lab, FIRST_RELEASE, tmp_path_factory)


@pytest.fixture
def new_is_live(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The next release is live, and the first one is recorded."""
    _serve(lab, NEXT_RELEASE, tmp_path_factory)


def _serve(lab: Lab, version: str, folders: pytest.TempPathFactory) -> None:
    if live_release(lab.instance).commit != commit_of(lab.instance, version):
        ended = deploy(lab.instance, version, folders.mktemp("serve"), watch_s=SHORT_WATCH_S)
        assert ended.code == 0, ended.output


def tried(case_of: Callable[[], Case]) -> Case:
    """The case, and once more where nothing but requests failed: a disk that stalls for the snapshots of other workers
    fails some of them once, a fault of ours fails them again. The long suites give no second try."""
    case = case_of()
    if case.passed or "requests failed" not in case.measured or ";" in case.measured:
        return case
    print(f"tried once more: {case.measured}")
    return case_of()


def roll_back(lab: Lab, outputs: Path, *more: str) -> tuple[int, str]:
    """22 Rollback, as an operator types it: exit code, and all it printed."""
    done = lab.runbook("run", "22_rollback", "-e", lab.environment, "--apply", "--confirm", lab.name, *more,
                       "--reason", "test", outputs=outputs)
    return done.returncode, done.stdout + done.stderr
