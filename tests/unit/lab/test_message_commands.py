"""`lab receivers` prints each message as it comes, and puts Alertmanager's configuration back when it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab import __main__ as command
from lab import receivers
from lab.errors import REFUSED
from lab.instance import Instance
from lab.receivers import SLACK, take

BEFORE = "receivers:\n  - name: team\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A server whose Alertmanager has what was written last."""
    state = {"config": BEFORE, "written": ""}

    def output(words: list[Any], *, input: str | None = None) -> str:
        if words[-1] == receivers.WRITE:
            state["config"], state["written"] = str(input), state["written"] or str(input)
        if words[-1] == receivers.STATUS:
            return json.dumps({"config": {"original": state["config"]}})
        return {receivers.READ: state["config"], receivers.GATEWAY: "127.0.0.1\n"}.get(words[-1], "")

    monkeypatch.setattr(receivers, "output", output)
    monkeypatch.setattr(Instance, "inside", lambda self, *words: list(words))
    return state


def test_the_address_is_shown_the_channels_are_there_meanwhile_and_gone_afterwards(
    server: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["receivers", "--name", "double", "--seconds", "0.01"]) == 0
    assert capsys.readouterr().out.startswith("Alertmanager of double sends to Slack and PagerDuty at http://127.0.0.1:")
    assert f"{SLACK}', send_resolved: true" in server["written"]
    assert server["config"] == BEFORE


def test_a_message_is_a_line_with_what_is_wrong_with_it() -> None:
    shown: list[str] = []
    take(SLACK, b"{}", lambda one: shown.append(receivers.shown(one)))
    assert shown == ["slack:  REFUSED: no_text: neither text nor blocks nor attachments"]


def test_without_an_alertmanager_there_is_nothing_to_receive(server: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    server["config"] = ""
    assert command.main(["receivers", "--name", "double"]) == REFUSED
    assert "Alertmanager of double does not run." in capsys.readouterr().err
