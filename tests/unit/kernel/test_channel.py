"""Every message of a kernel passes one function, and the redactors of all its runs."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.kernel.channel import Channel
from tests.unit.kernel_doubles import VALUE, Kept, Session


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
    Channel(session, redactor)
    session.send(None, "stream", {"name": "stdout", "text": VALUE[:8]})
    assert session.sent == []
    session.send(None, "stream", {"name": "stdout", "text": f"{VALUE[8:]} after"})
    assert session.sent == [("stream", {"name": "stdout", "text": "‹DB_PASSWORD› after"})]


def test_messages_that_carry_no_text_pass_unchanged(redactor: Redactor) -> None:
    session = Session()
    Channel(session, redactor)
    session.send(None, "status", {"execution_state": "busy"})
    assert session.sent == [("status", {"execution_state": "busy"})]


@pytest.mark.parametrize(("kind", "content"), [
    ("comm_open", {"comm_id": "1", "target_name": "jupyter.widget", "data": {"state": {"value": VALUE, "_model": "T"}}}),
    ("comm_msg", {"comm_id": "1", "data": {"method": "update", "state": {"value": VALUE}}}),
    ("comm_close", {"comm_id": "1", "data": {"last": VALUE}}),
    ("update_display_data", {"data": {"text/plain": VALUE}, "metadata": {}, "transient": {"display_id": "x", "note": VALUE}}),
    ("clear_output", {"wait": False, "note": VALUE}),
    ("inspect_reply", {"data": {"text/plain": VALUE}}), ("complete_reply", {"matches": [VALUE]}),
    ("debug_event", {"body": {"output": VALUE}}), ("comm_info_reply", {"comms": {VALUE: {}}}),
    ("a_kind_of_next_year", {"deep": [{"er": (VALUE, VALUE.encode())}]}),
])
def test_what_no_list_exempts_is_redacted(redactor: Redactor, kind: str, content: dict[str, Any]) -> None:
    session = Session()
    Channel(session, redactor)
    session.send(None, kind, content)
    session.send(None, {"msg_type": kind, "header": {"msg_type": kind}, "content": content, "metadata": {"m": VALUE}})
    assert len(session.sent) == 2
    assert VALUE not in str(session.sent) + str(session.messages) + str(session.options)


def test_metadata_and_buffers_of_widgets_are_redacted_wherever_they_stand(redactor: Redactor) -> None:
    session = Session()
    Channel(session, redactor)
    content, buffer = {"comm_id": "1", "data": {}}, memoryview(b"\0" + VALUE.encode() + b"\xff")
    session.send(None, "comm_msg", content, None, None, [buffer], False, None, {"state": VALUE})  # type: ignore[call-arg]
    session.send(None, "comm_msg", content, buffers=[buffer], metadata={"state": VALUE})
    session.send(None, {"msg_type": "comm_msg", "content": content, "buffers": [buffer], "metadata": {"state": VALUE}})
    found = [*(one for options in session.options for one in options.get("buffers") or []), *session.messages[-1]["buffers"]]
    assert len(found) == 3
    assert all(len(one) == len(buffer) and VALUE.encode() not in one for one in found)
    assert VALUE not in str(session.options) + str(session.messages)


def test_prints_of_other_threads_while_held_text_is_released_are_redacted(redactor: Redactor) -> None:
    session = Session()
    channel = Channel(session, redactor)

    class KernelStream:
        """A kernel's stream; another thread prints in the moment in which the held text is sent."""

        pub_thread, parent_header, topic = object(), {"msg_id": "1"}, b"stream.stdout"

        def flush(self) -> None:
            session.send(None, "stream", {"name": "stdout", "text": f"from a thread: {VALUE}"})

    session.send(None, "stream", {"name": "stdout", "text": VALUE[:8]})
    stream = KernelStream()
    for name, text in channel.finish(Kept(), 1):
        stream.flush()
        channel.release(stream, name, text)
        stream.flush()
    texts = [content["text"] for _, content in session.sent]
    assert texts == ["from a thread: ‹DB_PASSWORD›", VALUE[:8], "from a thread: ‹DB_PASSWORD›"]
    assert session.options[1] == {"parent": {"msg_id": "1"}, "ident": b"stream.stdout"}


def test_a_stream_that_is_no_kernels_gets_the_released_text_itself(redactor: Redactor) -> None:
    written = StringIO()
    Channel(Session(), redactor).release(written, "stdout", "the rest")
    assert written.getvalue() == "the rest"
