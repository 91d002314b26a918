"""One program, asked line by line: its answers, each way to end, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections import conversation
from runbook_lib.connections.conversation import SshConversation
from runbook_lib.connections.session import LOGIN_LINE
from runbook_lib.connections.ssh import SshServer
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, DockerUnavailable, FactUnreadable, LinkDropped, LoginUnusable
from runbook_lib.core.questions import CommandResult
from runbook_lib.core.redaction import Redactor, Secret
from tests.unit.connections.local_server import alive, eventually
from tests.unit.connections.sshd import Sshd

ECHO = r'echo $$ >"$0"; while IFS= read -r line; do printf "<%s>\n" "$line"; done'


@pytest.fixture
def over_ssh(sshd: Sshd) -> Iterator[SshServer]:
    made = sshd.server(redactor=Redactor([Secret("X", "s3cret-value")]))
    yield made
    made.close()


def sh(text: str, *words: str, **options: Any) -> Command:
    return Command(("sh", "-c", text, *words), **options)


def ended_with(answer: str | CommandResult) -> tuple[int, str]:
    assert isinstance(answer, CommandResult)
    return answer.exit_code, answer.stderr


def test_one_program_answers_line_by_line_and_ends_with_the_block(over_ssh: SshServer, sshd: Sshd, tmp_path: Path) -> None:
    with over_ssh.converse(sh(ECHO, str(tmp_path / "pid"))) as talk:
        assert sshd.commands == [], "nothing is started before it is asked"
        answers = [talk.ask(line, timeout_s=60) for line in ("one", "", "Zoë 'quoted' $HOME", "x" * 100_000)]
        pid = int((tmp_path / "pid").read_text())
        assert (talk.ended, alive(pid)) == (False, True)
    assert answers == ["<one>", "<>", "<Zoë 'quoted' $HOME>", f"<{'x' * 100_000}>"]
    assert sshd.commands == [LOGIN_LINE]
    assert not alive(pid)
    assert over_ssh.run(sh("echo on")).stdout == "on\n"


def test_lines_from_several_threads_get_their_own_answers(over_ssh: SshServer, tmp_path: Path) -> None:
    answers: dict[str, Any] = {}
    with over_ssh.converse(sh(ECHO, str(tmp_path / "pid"))) as talk:
        asking = [threading.Thread(target=lambda word=str(number): answers.update({word: talk.ask(word, timeout_s=60)}))
                  for number in range(8)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
    assert answers == {str(number): f"<{number}>" for number in range(8)}


def test_a_program_that_ends_says_how_and_costs_no_connection(over_ssh: SshServer) -> None:
    with over_ssh.converse(sh("read -r line; echo $line; echo gone >&2; exit 7", accepts=(0, 7))) as talk:
        assert talk.ask("a", timeout_s=60) == "a"
        # sent to a session that is gone, a line would end the connection, and with it the lock
        transport = over_ssh.link.transport()
        assert ended_with(talk.ask("b" * 100_000, timeout_s=60)) == (7, "gone\n")
        assert talk.ended
    assert over_ssh.run(sh("echo on")).stdout == "on\n"
    assert over_ssh.link.transport() is transport


def test_an_end_is_seen_before_the_next_line(over_ssh: SshServer, tmp_path: Path) -> None:
    with over_ssh.converse(sh(ECHO, str(tmp_path / "pid"), accepts=(0, 137))) as talk:
        talk.ask("a", timeout_s=60)
        assert not talk.ended
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        assert eventually(lambda: talk.ended)
        assert ended_with(talk.ask("b", timeout_s=60))[0] == 137


def test_an_end_that_is_not_accepted_is_an_error_of_the_command(over_ssh: SshServer) -> None:
    with over_ssh.converse(sh("echo s3cret-value >&2; exit 3")) as talk, \
            pytest.raises(FactUnreadable, match="exit code 3: ‹X›"):
        talk.ask("a", timeout_s=60)
    with over_ssh.converse(sh("echo Cannot connect to the Docker daemon at unix:///x >&2; exit 1")) as talk, \
            pytest.raises(DockerUnavailable):
        talk.ask("a", timeout_s=60)


def test_a_late_answer_is_never_that_of_the_next_line(over_ssh: SshServer, tmp_path: Path) -> None:
    late = tmp_path / "late"
    command = sh(f"read -r line; until [ -e {late} ]; do sleep 0.02; done; echo $line; read -r line; echo $line")
    with over_ssh.converse(command) as talk:
        with pytest.raises(CommandTimedOut, match=r"within 0.3 s"):
            talk.ask("first", timeout_s=0.3)
        late.touch()
        assert talk.ended
        with pytest.raises(FactUnreadable, match="cannot be asked any more"):
            talk.ask("second", timeout_s=60)


def test_a_link_that_breaks_is_not_an_answer(over_ssh: SshServer, sshd: Sshd, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with over_ssh.converse(sh(f"{ECHO}; sleep 0", str(pid))) as talk:
        talk.ask("a", timeout_s=60)
        sshd.drop()
        with pytest.raises(LinkDropped):
            talk.ask("b", timeout_s=60)
        assert talk.ended
    assert eventually(lambda: not alive(int(pid.read_text()))), "the end of its input ends it"


def test_an_answer_without_an_end_is_bounded(over_ssh: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "ANSWER_LIMIT", 1_000)
    with over_ssh.converse(sh("read -r line; head -c 300000 /dev/zero; sleep 60")) as talk, \
            pytest.raises(FactUnreadable, match="more than"):
        talk.ask("a", timeout_s=60)


def test_two_lines_for_one_are_not_an_answer(over_ssh: SshServer) -> None:
    with over_ssh.converse(sh("read -r line; printf 'a\\nb\\n'; cat")) as talk:
        assert talk.ask("a", timeout_s=60) == "a"
        assert eventually(lambda: talk.ended or bool(talk._answer))
        with pytest.raises(FactUnreadable):
            talk.ask("b", timeout_s=60)


def test_a_login_that_runs_nothing_is_named(over_ssh: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Sshd._run
    monkeypatch.setattr(Sshd, "_run", lambda self, channel, command: run(self, channel, "echo go away"))
    with over_ssh.converse(sh(ECHO, "/dev/null")) as talk, pytest.raises(LoginUnusable, match="go away"):
        talk.ask("a", timeout_s=60)


def test_a_program_that_hangs_is_not_waited_for(over_ssh: SshServer) -> None:
    began = time.monotonic()
    with over_ssh.converse(Command((sys.executable, "-c", "import time; time.sleep(120)"))) as talk, \
            pytest.raises(CommandTimedOut):
        talk.ask("a", timeout_s=0.3)
    assert time.monotonic() - began < 60
    assert isinstance(talk, SshConversation)
