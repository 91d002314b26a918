"""What leaves a kernel: redacted across pieces, bounded with head and tail, and recorded as nbformat outputs."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from runbook_lib import kernel
from runbook_lib.core.commands import Command
from runbook_lib.core.findings import finding
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.kernel.channel import Channel
from runbook_lib.kernel.formatters import plan_text, rows_html
from runbook_lib.kernel.outputs import KEPT_HEAD, KEPT_TAIL, SHOWN_HEAD, SHOWN_TAIL, CellOutputs, Stream

VALUE = "Zq7-Wm3xK9_pL2vB8nR4"


class Kept(dict[str, str]):
    def __call__(self, name: str, content: str) -> str:
        self[name] = content
        return f"evidence/{name}"


class Session:
    """A kernel's session: remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def send(self, stream: Any, message: Any, content: Any = None, *rest: Any, **options: Any) -> None:
        kind = message["msg_type"] if isinstance(message, dict) else message
        self.sent.append((kind, message["content"] if isinstance(message, dict) else content))


@pytest.fixture
def redactor() -> Redactor:
    return Redactor([Secret("DB_PASSWORD", VALUE)])


@pytest.mark.parametrize("cut", range(1, len(VALUE)))
def test_a_secret_cut_in_two_writes_is_never_shown(redactor: Redactor, cut: int) -> None:
    stream = Stream("stdout", redactor)
    shown = stream.feed(f"before {VALUE[:cut]}") + stream.feed(f"{VALUE[cut:]} after")
    shown += stream.finish(Kept(), "x.txt")
    assert shown == "before ‹DB_PASSWORD› after"


def test_text_that_only_began_like_a_secret_is_shown_at_the_end(redactor: Redactor) -> None:
    stream = Stream("stdout", redactor)
    assert stream.feed(f"so far {VALUE[:6]}") == "so far "
    assert stream.finish(Kept(), "x.txt") == VALUE[:6]


def test_long_output_shows_head_and_tail_and_keeps_the_rest_as_evidence(redactor: Redactor) -> None:
    stream, kept = Stream("stdout", redactor), Kept()
    shown = "".join(stream.feed(f"{number:07}\n") for number in range(100_000))
    assert len(shown) == SHOWN_HEAD
    rest = stream.finish(kept, "x.txt")
    assert "640,000 characters not shown here; see evidence/x.txt" in rest
    assert rest.endswith("0099999\n")
    assert len(rest) < SHOWN_TAIL + 200
    assert kept["x.txt"].count("\n") == 100_000


def test_endless_output_takes_bounded_memory_and_evidence(redactor: Redactor) -> None:
    stream, kept = Stream("stdout", redactor), Kept()
    piece = "x" * 99_990 + VALUE[:10]
    tracemalloc.start()
    for _ in range(300):
        stream.feed(piece)
        stream.feed(VALUE[10:] + "\n")
    rest = stream.finish(kept, "x.txt")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000
    assert len(kept["x.txt"]) < KEPT_HEAD + KEPT_TAIL + 200_000
    assert VALUE not in kept["x.txt"] + rest
    assert "characters left out" in kept["x.txt"]


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


def test_a_display_that_is_updated_is_recorded_once_with_its_last_state(redactor: Redactor) -> None:
    outputs = CellOutputs(redactor)
    for kind, text in (("display_data", "1 of 3"), ("update_display_data", "2 of 3"), ("update_display_data", VALUE)):
        outputs.display({"data": {"text/plain": text}, "transient": {"display_id": "steps"}}, kind)
    assert outputs.recorded == [{"output_type": "display_data", "data": {"text/plain": "‹DB_PASSWORD›"}}]


def test_huge_displays_are_cut_and_huge_images_left_out(redactor: Redactor) -> None:
    shown = CellOutputs(redactor).display(
        {"data": {"text/plain": "x" * 500_000, "text/html": "y" * 500_000, "image/png": "z" * 9_000_000}}, "display_data"
    )
    assert len(shown["data"]["text/plain"]) < 3000
    assert "500,000 characters" in shown["data"]["text/html"]
    assert shown["data"]["image/png"] == ""


def test_a_plan_is_readable_as_plain_text() -> None:
    step = Step("touch", "Touch it", (Command(("touch", "a b")),), (Command(("rm", "a b")),))
    text = plan_text(Plan("try", "lab", (step,)))
    assert "1. Touch it [server]" in text
    assert "touch 'a b'" in text
    assert "undo: rm 'a b'" in text
    assert "already there" in plan_text(Plan("try", "lab", reason="already there"))


def test_only_rows_of_findings_or_facts_become_tables() -> None:
    assert "sky" in str(rows_html((finding("sky", True),)))
    assert rows_html((1, 2)) is None
    assert "none" in str(rows_html(())), "where nothing had to be checked, no brackets are left lying about"


def test_outside_a_kernel_nothing_is_hooked() -> None:
    assert kernel.shell() is None
    assert kernel.is_headless()
    assert not kernel.is_busy()
