"""Every message of a kernel passes one function, and the redactors of all its runs."""

from __future__ import annotations

from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.kernel.channel import Channel
from tests.unit.kernel_doubles import VALUE, Session


def test_every_kind_of_message_passes_the_redactor(redactor: Redactor) -> None:
    session = Session()
    channel = Channel(session, redactor)
    session.send(None, {"msg_type": "stream", "content": {"name": "stdout", "text": f"{VALUE}\n"}})
    session.send(None, {"msg_type": "display_data", "content": {"data": {"text/html": f"<b>{VALUE}</b>"}}})
    session.send(None, "error", {"ename": "E", "evalue": VALUE, "traceback": [f"x {VALUE}"]})
    session.send(None, "execute_reply", {"status": "error", "evalue": VALUE})
    session.send(None, "execute_input", {"code": f"x = '{VALUE}'"})
    assert len(session.sent) == 5
    assert VALUE not in str(session.sent)
    assert [one["output_type"] for one in channel.outputs.recorded] == ["stream", "display_data", "error"]


def test_a_second_run_in_the_same_kernel_keeps_the_first_ones_secrets_out_too(redactor: Redactor) -> None:
    session = Session()
    Channel(session, redactor)
    Channel(session, Redactor([Secret("OTHER", "other-secret")]))
    session.send(None, {"msg_type": "stream", "content": {"name": "stdout", "text": f"{VALUE} other-secret"}})
    assert session.sent == [("stream", {"name": "stdout", "text": "‹DB_PASSWORD› ‹OTHER›"})]


def test_a_message_without_a_text_to_show_yet_is_held_back(redactor: Redactor) -> None:
    session = Session()
    channel = Channel(session, redactor)
    session.send(None, "stream", {"name": "stdout", "text": VALUE[:8]})
    assert session.sent == []
    session.send(None, "stream", {"name": "stdout", "text": f"{VALUE[8:]} after"})
    assert session.sent == [("stream", {"name": "stdout", "text": "‹DB_PASSWORD› after"})]
    with channel.passing():
        session.send(None, "stream", {"name": "stdout", "text": "bounded before"})
    assert session.sent[-1][1]["text"] == "bounded before"


def test_messages_that_carry_no_text_pass_unchanged(redactor: Redactor) -> None:
    session = Session()
    Channel(session, redactor)
    session.send(None, "status", {"execution_state": "busy"})
    assert session.sent == [("status", {"execution_state": "busy"})]
