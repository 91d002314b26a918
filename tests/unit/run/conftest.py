"""A project folder for runs, and a process that has opened none yet."""

from __future__ import annotations

import signal
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from runbook_lib.core.signals import ENDING
from runbook_lib.run import current, probing
from tests.notebooks.sample_notebooks import SECRET, ProjectDir
from tests.unit.connections.notifying.receivers import SLACK_OK, WebReceiver, web_receiver
from tests.unit.run.notified_runs import configure


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """A run takes the signals that ask to end; what the tests start later must not inherit that they are ignored."""
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectDir:
    made = ProjectDir(tmp_path / "home")
    made.add("10_good")
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    monkeypatch.setenv("STAGING_DB_PASSWORD", SECRET)
    monkeypatch.setattr(current, "_opened", False)
    monkeypatch.setattr(current, "_open", None)
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by what a watch sleeps, and a little: how many probes it makes does not depend on the machine."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds + 0.001

    monkeypatch.setattr(probing, "time", types.SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))


@pytest.fixture
def receiver(project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    """Slack and PagerDuty in one, for the notebook 10_good."""
    with web_receiver(SLACK_OK) as made:
        configure(project_dir, monkeypatch, made.url)
        yield made
