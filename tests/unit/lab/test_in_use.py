"""A server on which an operation is in progress is not removed by a slip."""

from __future__ import annotations

from typing import Any

import pytest

from lab import __main__ as command
from lab import in_use
from lab.errors import REFUSED
from lab.instance import Instance

HELD = {"owner": "ada", "run_id": "20261128T080000Z-aaaaaa", "purpose": "20_deploy"}


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr("lab.instance.down", lambda instance: not names.append(instance.name))
    monkeypatch.setattr(Instance, "inspect", lambda self: {"State": {"Running": True, "Status": "running"}})
    return names


@pytest.mark.parametrize(("held", "shown"), [(HELD, "20_deploy by ada, run 20261128T080000Z-aaaaaa"), ({"jobs": ["a"]}, "jobs of a run")])
def test_a_held_lock_is_named_and_force_removes_all_the_same(
    removed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], held: dict[str, Any], shown: str
) -> None:
    monkeypatch.setattr(in_use, "_lock_of", lambda instance: held)
    assert command.main(["down", "--name", "double"]) == REFUSED
    assert shown in capsys.readouterr().err and removed == []
    assert command.main(["down", "--name", "double", "--force"]) == 0
    assert removed == ["double"]


def test_a_server_that_is_free_or_does_not_answer_is_removed(removed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert command.main(["down", "--name", "no-such-address"]) == 0
    assert removed == ["no-such-address"]


def test_a_checkout_without_an_instance_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("lab.instance.names", lambda: [])
    assert command.main(["list"]) == 0
    assert "No instance yet" in capsys.readouterr().out
