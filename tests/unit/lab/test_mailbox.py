"""What the lab's server took as mail is read in the order of arrival and listed; a server that is away is named."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from lab import __main__ as command
from lab import mailbox
from lab.errors import REFUSED
from lab.instance import Instance

MAILS = (b"Date: Sat, 28 Nov 2026 06:52:58 +0000\nFrom: alerts@x.example\nDelivered-To: team@x.example\n"
         b"Subject: =?utf-8?q?firing=3A_Disk_usage_=3E_85_=25?=\n\nThe disk is full.\n",
         b"From: runbooks@x.example\nSubject: Deploy: passed\n\nIt is live.\nSee the report.\n")


def serve(monkeypatch: pytest.MonkeyPatch, *, running: bool, mails: Sequence[bytes] = ()) -> list[Any]:
    asked: list[Any] = []
    monkeypatch.setattr(Instance, "inspect", lambda self: {"State": {"Running": running}})
    monkeypatch.setattr(Instance, "inside", lambda self, *words: list(words))
    monkeypatch.setattr(mailbox, "output",
                        lambda words: asked.append(words) or "\n".join(base64.b64encode(one).decode() for one in mails))
    return asked


def test_each_mail_is_a_line_with_its_subject_decoded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = serve(monkeypatch, running=True, mails=MAILS)
    assert command.main(["mail", "--name", "double"]) == 0
    assert capsys.readouterr().out == (
        "Sat, 28 Nov 2026 06:52:58 +0000 · alerts@x.example · team@x.example · firing: Disk usage > 85 %\n"
        "— · runbooks@x.example · — · Deploy: passed\n")
    assert "sort -n" in asked[0][-1]


def test_the_texts_are_shown_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    serve(monkeypatch, running=True, mails=MAILS)
    assert command.main(["mail", "--text"]) == 0
    shown = capsys.readouterr().out
    assert "    The disk is full.\n" in shown
    assert "    It is live.\n    See the report.\n" in shown


def test_an_empty_mailbox_is_named_with_what_sends_mail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    serve(monkeypatch, running=True)
    assert command.main(["mail"]) == 0
    assert capsys.readouterr().out == f"{mailbox.NONE}\n"


def test_a_server_that_does_not_run_has_no_mail_to_list(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    serve(monkeypatch, running=False)
    assert command.main(["mail", "--name", "double"]) == REFUSED
    assert "Next: python -m lab up --name double" in capsys.readouterr().err
