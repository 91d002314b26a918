"""What every test may rely on: no test writes into the real archive, and the lab's tests are marked as such."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

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


# a single process begins with the cheap answers; several begin with what takes longest
ONE, SEVERAL = ("unit", "notebooks", "browser", "lab", "faults"), ("lab", "faults", "notebooks", "browser", "unit")
TOGETHER = ("lab", "faults", "browser")  # they share a server, or a browser
APART = ("test_rehearsal.py", "test_schedules_under_systemd.py")  # they have a server of their own


class ByServer(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out groups of tests to the workers of `pytest -n`, in the order in which they were collected.

    xdist's own groups by a mark (`--dist loadgroup`, 3.8) are lost on pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        room = path.parts[1]
        if room == "unit" or path.name in APART:
            return str(path)
        return room if room in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """The one above, whatever `--dist` says."""
    config.option.loadscopereorder = False
    return ByServer(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that need a server or a browser, and bring all into the order of their rooms."""
    rooms = SEVERAL if hasattr(config, "workerinput") else ONE

    def place(item: pytest.Item) -> tuple[bool, int]:
        room = item.path.relative_to(HERE).parts[0]
        return item.path.name in APART, rooms.index(room)

    for item in items:
        room = item.path.relative_to(HERE).parts[0]
        if room in ("lab", "faults"):
            item.add_marker("lab")
        if room == "browser":
            item.add_marker("browser")
    items.sort(key=place)
