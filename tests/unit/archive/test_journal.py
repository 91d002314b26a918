"""The journal: on the disk before the next thing happens, readable after any death."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.archive import journal
from runbook_lib.archive.folder import new_run
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.records import LONGEST_TEXT, plain
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import Refused, RunFailed
from runbook_lib.core.findings import finding
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.redaction import Redactor, Secret

SECRET = Secret("DB_PASSWORD", "correct-horse")


def test_events_come_back_in_order_with_number_time_and_fields(tmp_path):
    with Journal(tmp_path) as writing:
        writing.write("run_started", run_id="x")
        writing.write("step_started", key="a")
    first, second = journal.read(tmp_path)
    assert (first["seq"], first["event"], first["run_id"]) == (1, "run_started", "x")
    assert (second["seq"], second["key"]) == (2, "a")
    assert datetime.fromisoformat(first["at"]).tzinfo == UTC
    assert second["elapsed_s"] >= first["elapsed_s"] >= 0


def test_an_event_is_on_the_disk_when_write_returns(tmp_path, monkeypatch):
    synced = []
    with Journal(tmp_path) as writing:
        monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
        writing.write("a")
        assert synced == [(tmp_path / journal.FILE).stat().st_size]


def test_secrets_are_written_by_name_whatever_holds_them(tmp_path):
    @dataclass
    class Login:
        user: str
        password: Secret

    with Journal(tmp_path, Redactor([SECRET])) as writing:
        writing.write("fact", value=Login("x", SECRET), text="login correct-horse ok", **{"correct-horse": 1})
    text = (tmp_path / journal.FILE).read_text()
    assert "correct-horse" not in text
    assert text.count("‹DB_PASSWORD›") == 3


def test_a_secret_learnt_later_is_redacted_from_then_on(tmp_path):
    with Journal(tmp_path) as writing:
        writing.redactor.learn(SECRET)
        writing.write("shown", text="correct-horse")
    assert "correct-horse" not in (tmp_path / journal.FILE).read_text()


def test_fields_cannot_forge_the_stamps(tmp_path):
    with Journal(tmp_path) as writing:
        writing.write("fact", seq=99, at="1970-01-01", link="0")
    event = journal.read(tmp_path)[0]
    assert event["seq"] == 1
    assert event["at"].startswith("20")


def test_a_torn_last_line_is_told_and_does_not_hide_the_others(tmp_path):
    with Journal(tmp_path) as writing:
        writing.write("a")
    with (tmp_path / journal.FILE).open("ab") as file:
        file.write(b'{"seq": 2, "ev')
    assert [event["event"] for event in journal.read(tmp_path)] == ["a", journal.UNREADABLE]
    with Journal(tmp_path) as going_on:
        going_on.write("b")
    assert [event["event"] for event in journal.read(tmp_path)] == ["a", journal.UNREADABLE, "b"]
    assert journal.read(tmp_path)[2]["seq"] == 2


def test_a_process_killed_while_writing_leaves_a_readable_journal(tmp_path):
    script = ("import sys; from runbook_lib.archive.journal import Journal\n"
              "j = Journal(sys.argv[1])\n"
              "while True: j.write('fact', value='x' * 5000); print('.', flush=True)\n")
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as process:
        for _ in range(20):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    events = journal.read(tmp_path)
    whole = [event for event in events if event["event"] == "fact"]
    assert len(whole) >= 20
    assert [event["seq"] for event in whole] == list(range(1, len(whole) + 1))
    with Journal(tmp_path) as going_on:
        assert going_on.write("run_finished")["seq"] == len(whole) + 1


def test_another_process_cannot_open_an_open_journal(tmp_path):
    script = ("import sys; from runbook_lib.archive.journal import Journal; from runbook_lib.core.errors import Refused\n"
              "try: Journal(sys.argv[1])\nexcept Refused: sys.exit(3)\n")
    with Journal(tmp_path) as writing:
        writing.write("a")
        assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == 3
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == 0


def test_a_child_process_cannot_write_its_parents_journal(tmp_path):
    with Journal(tmp_path) as writing:
        writing.write("a")
        writing._process = os.getpid() + 1
        with pytest.raises(Refused, match="child process"):
            writing.write("b")
        writing._process = os.getpid()


def test_a_forked_child_lets_go_of_the_journal_and_its_lock(tmp_path):
    program = ("import os, signal, sys, time; from runbook_lib.archive.journal import Journal\n"
               "from runbook_lib.core.errors import Refused\n"
               "writing = Journal(sys.argv[1]); writing.write('a')\n"
               "writing._mutex.acquire()\n"  # as another thread would have it in the moment of the fork
               "if pid := os.fork():\n    print(pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
               "try: writing.write('b')\nexcept Refused: time.sleep(600)\n")
    killed = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    child = int(killed.stdout.readline())
    killed.wait()
    try:
        with Journal(tmp_path) as going_on:
            going_on.write("c")
        assert [event["event"] for event in journal.read(tmp_path)] == ["a", "c"]
    finally:
        os.kill(child, signal.SIGKILL)
        killed.stdout.close()


def test_a_sealed_run_takes_no_more_events(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(Refused, match="sealed"):
        Journal(tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    where = tmp_path / "small"
    where.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(where)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield where
    subprocess.run(["umount", str(where)], check=True)


def test_a_full_disk_is_said_in_words_and_the_journal_stays_whole(small_disk):
    folder = new_run("x", small_disk)
    with Journal(folder) as writing:
        writing.write("a")
        with pytest.raises(RunFailed) as caught:
            writing.write("b", text="x" * 100_000)
        with pytest.raises(RunFailed, match="disk of this machine is full"):
            folder.evidence("big.txt", "x" * 100_000)
        writing.write("c")
    assert "disk of this machine is full" in caught.value.what
    assert "Free space" in caught.value.next_step
    assert [event["event"] for event in journal.read(folder)] == ["a", "c"]
    assert list((folder.path / "evidence").iterdir()) == []


def test_half_a_line_is_taken_back_when_the_disk_fills_up(tmp_path, monkeypatch):
    with Journal(tmp_path) as writing:
        writing.write("a")
        real, calls = os.write, []

        def fills_up(descriptor, data):
            calls.append(1)
            if len(calls) == 1:
                return real(descriptor, bytes(data)[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", fills_up)
        with pytest.raises(RunFailed):
            writing.write("b")
        monkeypatch.setattr(os, "write", real)
        writing.write("c")
    assert [(event["event"], event["seq"]) for event in journal.read(tmp_path)] == [("a", 1), ("c", 2)]


def test_floods_are_cut_to_head_and_tail(tmp_path):
    with Journal(tmp_path) as writing:
        writing.write("shown", text="head" + "x" * 5_000_000 + "tail")
    text = journal.read(tmp_path)[0]["text"]
    assert len(text) < LONGEST_TEXT + 100
    assert text.startswith("head")
    assert text.endswith("tail")
    assert "characters left out" in text


def test_plans_keep_titles_and_commands_but_never_secrets(tmp_path):
    plan = Plan("deploy", "lab", (Step("a", "Do it", (Command(("psql",), stdin=SECRET),)),))
    with Journal(tmp_path) as writing:
        writing.write("plan", plan=plan, hash=plan.hash)
    step = journal.read(tmp_path)[0]["plan"]["steps"][0]
    assert (step["title"], step["does"]) == ("Do it", ["psql"])
    assert "correct-horse" not in (tmp_path / journal.FILE).read_text()


def test_findings_and_odd_numbers_become_plain_json(tmp_path):
    with Journal(tmp_path) as writing:
        writing.write("findings", findings=[finding("x", None)], rate=float("nan"), where=Path("a/b"), when={1, 2})
    event = journal.read(tmp_path)[0]
    assert event["findings"][0]["verdict"] == "inconclusive"
    assert (event["rate"], event["where"], event["when"]) == ("nan", "a/b", [1, 2])


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12)


@given(json_like)
def test_whatever_a_fact_holds_can_be_written_as_json(value):
    json.dumps(plain(value), allow_nan=False)
