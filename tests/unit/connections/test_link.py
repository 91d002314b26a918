"""The one connection: opened when it is needed, shared, opened again when it broke, and refused where it must be."""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko
import pytest

from runbook_lib.core.errors import AuthenticationRefused, FactUnreadable, HostKeyUnknown, HostUnreachable
from tests.unit.connections.local_server import eventually
from tests.unit.connections.ssh_files import blob, make_key
from tests.unit.connections.sshd import Sshd


def test_all_share_one_transport(sshd: Sshd) -> None:
    link = sshd.link()
    with ThreadPoolExecutor(4) as together:
        assert len({id(one) for one in together.map(lambda _: link.transport(), range(8))}) == 1
    assert len(sshd.logins) <= 2  # paramiko asks whether a key is wanted, and then signs
    link.close()
    assert not link.close()  # type: ignore[func-returns-value]


class CountingLock:
    """A lock that knows how many have come to it."""

    def __init__(self) -> None:
        self.lock, self.guard, self.came = threading.Lock(), threading.Lock(), 0

    def __enter__(self) -> None:
        with self.guard:
            self.came += 1
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_who_waited_for_an_attempt_has_its_result_and_the_next_one_tries_again(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    link, lock, attempts = sshd.link(), CountingLock(), []

    def black_hole() -> None:
        attempts.append(lock.came)
        while len(attempts) == 1 and lock.came < 8:  # until all eight wait for it
            time.sleep(0.01)
        raise HostUnreachable("gone")

    monkeypatch.setattr(link, "_opening", lock)
    monkeypatch.setattr(link, "_connect", black_hole)

    def ask(_: int) -> str:
        with pytest.raises(HostUnreachable) as caught:
            link.transport()
        return caught.value.what

    with ThreadPoolExecutor(8) as together:
        assert set(together.map(ask, range(8))) == {"gone"}
    assert len(attempts) == 1
    ask(0)
    assert len(attempts) == 2


def test_a_transport_that_broke_is_replaced(sshd: Sshd) -> None:
    link = sshd.link()
    first = link.transport()
    sshd.drop()
    with link.session("again") as channel:
        assert channel.get_transport() is not first
    link.close()


def test_a_forked_child_lets_go_of_the_connection_and_its_parent_keeps_it(sshd: Sshd) -> None:
    link = sshd.link()
    channel = link.open_session("before the fork")
    transport = link.transport()
    line = link._line
    assert line is not None
    child = os.fork()
    if child == 0:
        code = 1
        try:
            channel.close()  # announces itself on the parent's connection where that is still the child's
            link.close()
            code = 0 if line.socket.fileno() == -1 and not transport.is_active() else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert link.transport() is transport
    channel.close()
    with link.session("after it") as another:
        assert another.get_transport() is transport
    link.close()


def test_an_unknown_host_is_refused_before_any_key_is_shown(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "known").write_text("")
    with pytest.raises(HostKeyUnknown):
        sshd.link().transport()
    assert sshd.logins == []


def test_a_key_that_is_not_accepted(sshd: Sshd) -> None:
    sshd.authorized = []
    with pytest.raises(AuthenticationRefused, match="did not accept the key"):
        sshd.link().transport()


def test_the_next_key_is_tried_when_one_is_not_accepted(sshd: Sshd, tmp_path: Path) -> None:
    make_key(tmp_path / "second")
    (tmp_path / "config").write_text(f"Host *\n IdentityFile {tmp_path}/second\n")
    sshd.authorized = [blob(tmp_path / "second.pub")]
    link = sshd.link(config_file=str(tmp_path / "config"))
    assert link.transport().is_authenticated()
    assert list(dict.fromkeys(sshd.logins)) == [blob(tmp_path / "user.pub"), blob(tmp_path / "second.pub")]
    link.close()


def test_what_the_configuration_says_in_vain_is_a_warning_once(
    sshd: Sshd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "config").write_text("Host *\n ControlMaster auto\n")
    link = sshd.link(config_file=str(tmp_path / "config"))
    with caplog.at_level(logging.WARNING, "runbook_lib"):
        link.transport()
        sshd.drop()
        link.transport().close()
        link.transport()
    assert [record.message.count("ControlMaster") for record in caplog.records if record.name.startswith("runbook")] == [1]
    link.close()


def test_a_name_of_the_configuration_is_dialled_and_shown(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(f"Host lab\n HostName 127.0.0.1\n Port {sshd.port}\n")
    link = sshd.link(host="lab", port=None, config_file=str(tmp_path / "config"))
    assert link.address == "deploy@lab:22"
    assert link.transport().is_active()
    link.close()
    (tmp_path / "config").write_text("Host lab\n HostName 127.0.0.1\n Port 1\n")
    with pytest.raises(HostUnreachable, match="refuses") as caught:
        link.transport()
    assert caught.value.where == "deploy@lab:22 (127.0.0.1:1)"


def test_a_tunnel_that_the_server_refuses(sshd: Sshd) -> None:
    link = sshd.link()
    with pytest.raises(FactUnreadable, match="does not let this user reach port"):
        link.open_tunnel(9090)
    link.close()


def test_a_stream_is_a_programs_own(sshd: Sshd) -> None:
    link = sshd.link()
    channel = link.open_stream(("sh", "-c", "read line; echo got $line"), "ask", 10)
    channel.sendall(b"this\n")
    assert channel.recv(100) == b"got this\n"
    channel.close()
    link.close()


def too_slow(*_: object, **__: object) -> None:
    raise paramiko.SSHException("Timeout opening channel.")


def test_a_session_that_opens_slowly_costs_the_others_nothing(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another command, or the lock, may go on over that connection: it is left to them, and a new one is opened."""
    link = sshd.link()
    running = link.open_stream(("sh", "-c", "read line; echo got $line"), "ask", 60)
    first = link.transport()
    monkeypatch.setattr(first, "open_channel", too_slow)
    late = link.open_stream(("sh", "-c", "echo late"), "ask", 60)
    assert late.recv(100) == b"late\n"
    assert link.transport() is not first
    with monkeypatch.context() as slow:
        slow.setattr(paramiko.Transport, "open_channel", too_slow)
        with pytest.raises(HostUnreachable):
            link.open_session("ask")
    running.sendall(b"this\n")
    assert running.recv(100) == b"got this\n"
    assert first.is_active()
    link.close()
    assert not first.is_active(), "it is closed with the link"


def test_a_connection_that_has_ended_is_closed_and_not_kept(sshd: Sshd) -> None:
    link = sshd.link()
    first = link.transport()
    sshd.drop()
    assert eventually(lambda: not first.is_active())
    assert link.open_stream(("sh", "-c", "echo again"), "ask", 60).recv(100) == b"again\n"
    assert link.transport() is not first
    link.close()


def test_ways_that_are_refused_at_once_are_each_named_and_end_no_connection(sshd: Sshd) -> None:
    """paramiko gives the reason to one of them: the others were taken for the end of a connection that works."""
    link = sshd.link()
    before = link.transport()

    def reach(_: int) -> str:
        with pytest.raises(FactUnreadable) as caught:
            link.open_tunnel(9090)
        return caught.value.what

    with ThreadPoolExecutor(16) as together:
        reasons = set(together.map(reach, range(160)))
    assert reasons <= {"sshd does not let this user reach port 9090 of the server.", "Nothing answers at port 9090 of the server's loopback."}
    assert link.transport() is before
    link.close()
