"""What the tests of an execution share."""

from __future__ import annotations

import types

import pytest

from runbook_lib.execution import gate, monitor


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by what gates and watches sleep, and a little: how many probes they make does not depend on the machine."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds + 0.001

    for module in (gate, monitor):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
