"""What every test may rely on: no test writes into the real archive, and the lab's tests are marked as such."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.budget import Budget, given_factor
from tests.machine import MACHINE
from tests.scheduling import ByScope
from tests.scopes import PLACES, scope_of

HERE = Path(__file__).parent

pytest_plugins = ("tests.lab_server", "tests.lab_operator", "tests.chromium")

# The tests with their rewritten assertions take as long to compile as to collect, in each worker: what one has compiled the
# others read, and the next run all of them. For pytest's own processes alone, whatever PYTHONDONTWRITEBYTECODE says.
sys.dont_write_bytecode = False
# a grammar of international addresses, which jsonschema compiles for a second where nbformat is imported: no notebook has one,
# and jsonschema goes without it where it is not installed
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

# 13,000 tests are a heap that every collection of garbage would walk again, which is more than half of the time to collect them:
# none until they are all there, and from then on they are left out of it
gc.disable()

# good tests never fail for lack of time: a single example took 0.3 s on a machine that was busy with something else
settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")

# a shell's background job is started deaf to Ctrl-C, and so would be all that the tests start and stop
signal.signal(signal.SIGINT, signal.default_int_handler)
HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A path for the next archive of this process, each time. pytest's own numbers are searched for among them all."""
    folder = tmp_path_factory.mktemp("archives")
    return (folder / str(number) for number in count(1))


@pytest.fixture(autouse=True)
def outputs(archives: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh archive for each test, where `project.outputs()` points to. Runs that the test leaves open end with it."""
    folder = next(archives)
    folder.mkdir()
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(folder))
    yield folder
    journals = sys.modules.get("runbook_lib.archive.journal")  # most tests never import it
    for left in list(journals._open_here.values()) if journals else ():
        if left.path.is_relative_to(folder):
            left.close()


@pytest.fixture(autouse=True)
def _hears_as_before() -> Iterator[None]:
    """A test that lets this process hear signals in another way gives that back: the next one may be any other."""
    before = [(one, signal.getsignal(one)) for one in HEARD]
    yield
    left = [one for one, handler in before if signal.getsignal(one) != handler]
    for one, handler in before:
        signal.signal(one, handler)
    assert not left, f"handlers that the test has left: {left}"


def pytest_configure(config: pytest.Config) -> None:
    """The process that prints the summary keeps the budget."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Budget(given_factor()), "budget")


def pytest_sessionstart(session: pytest.Session) -> None:
    """A process that runs tests shares the machine; the one that only hands them out to workers runs none."""
    if hasattr(session.config, "workerinput") or session.config.getoption("dist", "no") == "no":
        MACHINE.share()
    else:
        gc.enable()  # it collects no tests


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """After the servers of this process are gone."""
    MACHINE.leave()


def pytest_collection_finish() -> None:
    """What is there now stays to the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByScope:
    """Ours, whatever `--dist` says."""
    config.option.loadscopereorder = False
    return ByScope(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a server or a browser; a single process begins with the cheap answers."""
    for item in items:
        room = item.path.relative_to(HERE).parts[0]
        if room in ("lab", "faults"):
            item.add_marker("lab")
        if room == "browser":
            item.add_marker("browser")
    items.sort(key=lambda item: -PLACES[scope_of(item.nodeid).folder])
