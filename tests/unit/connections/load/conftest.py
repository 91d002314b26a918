"""An application to send a load to, and a generator that is ended after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.load import LoadGenerator
from tests.unit.connections.load.application import Application


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    made = Application(tmp_path, monkeypatch)
    yield made
    made.close()


@pytest.fixture
def generator(application: Application) -> Iterator[Callable[..., Any]]:
    started: list[LoadGenerator] = []

    def make(*, allowed: bool = True) -> LoadGenerator:
        started.append(LoadGenerator(application.url, connect_to=application.connect_to, ca_file=application.ca_file,
                                     allowed=allowed))
        return started[-1]

    yield make
    for one in started:
        one.close()
