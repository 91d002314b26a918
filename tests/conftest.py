"""What every test may rely on: no test writes into the real archive, and the lab's tests are marked as such."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytest_plugins = ("tests.lab_server", "tests.chromium")

# a shell's background job is started deaf to Ctrl-C, and so would be all that the tests start and stop
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def outputs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh archive for each test, where `project.outputs()` points to."""
    folder = tmp_path_factory.mktemp("outputs")
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(folder))
    return folder


# `pytest -n`: tests that share a server, or would disturb one another, stay together; the others go where there is room
TOGETHER = {"lab": "lab", "faults": "faults", "browser": "browser"}
APART = {"test_rehearsal.py": "rehearsal", "test_schedules_under_systemd.py": "systemd"}  # each has a server of its own


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests first, then notebooks and browser, the lab last: the cheap answers come early."""
    order = {"unit": 0, "notebooks": 1, "browser": 2, "lab": 3, "faults": 4}

    def room(item: pytest.Item) -> str:
        inside = item.path.relative_to(HERE).parts if item.path.is_relative_to(HERE) else ()
        return inside[0] if inside else ""

    for item in items:
        if room(item) in ("lab", "faults"):
            item.add_marker("lab")
        if room(item) == "browser":
            item.add_marker("browser")
        group = APART.get(item.path.name) or TOGETHER.get(room(item))
        if group:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: order.get(room(item), 9))
