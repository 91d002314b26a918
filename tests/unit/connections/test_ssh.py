"""Commands and files over SSH: deadlines, bounds, exit codes of their own, and no empty reply that looks like a fact."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections import ssh
from runbook_lib.connections.session import LOGIN_LINE
from runbook_lib.connections.ssh import SshServer, stdin_bytes
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, DockerUnavailable, FactUnreadable, LinkDropped, LoginUnusable
from runbook_lib.core.redaction import Redactor, Secret
from tests.unit.connections.local_server import eventually
from tests.unit.connections.sshd import Sshd


@pytest.fixture
def over_ssh(sshd: Sshd) -> Iterator[SshServer]:
    made = sshd.server(redactor=Redactor([Secret("X", "s3cret-value")]))
    yield made
    made.close()


def sh(text: str, **options: Any) -> Command:
    return Command(("sh", "-c", text), **options)


def test_a_command_has_its_own_words_input_output_and_exit_code(over_ssh: SshServer, sshd: Sshd) -> None:
    result = over_ssh.execute(sh("cat; echo err >&2; exit 41", stdin="in"))
    assert (result.stdout, result.stderr, result.exit_code) == ("in", "err\n", 41)
    assert sshd.commands == [LOGIN_LINE]
    with pytest.raises(FactUnreadable, match="exit code 41"):
        over_ssh.run(sh("exit 41"))


def test_long_input_and_output_do_not_wait_for_each_other(over_ssh: SshServer) -> None:
    assert over_ssh.run(sh("cat", stdin="x" * 500_000)).stdout == "x" * 500_000


def test_more_output_than_is_kept_is_not_parsed(over_ssh: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "OUTPUT_LIMIT", 1_000)
    with pytest.raises(FactUnreadable, match="more than"):
        over_ssh.run(sh("head -c 300000 /dev/zero"))


def test_a_deadline_is_kept(over_ssh: SshServer) -> None:
    began = time.monotonic()
    with pytest.raises(CommandTimedOut, match=r"within 0.5 s"):
        over_ssh.run(sh("sleep 300", timeout_s=0.5))
    assert time.monotonic() - began < 120


def test_a_link_that_breaks_leaves_the_outcome_open(over_ssh: SshServer, sshd: Sshd, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    breaking = threading.Thread(target=lambda: sshd.drop() if eventually(begun.exists) else None)
    breaking.start()
    with pytest.raises(LinkDropped, match="outcome of the command is unknown"):
        over_ssh.run(sh(f"echo half; touch {begun}; for n in $(seq 600); do [ -e {begun} ] || exit; sleep 0.1; done"))
    begun.unlink()
    breaking.join()


def test_files_within_bounds(over_ssh: SshServer, tmp_path: Path) -> None:
    (tmp_path / "it's").write_text("content")
    assert over_ssh.read(str(tmp_path / "it's"), limit_bytes=4) == b"cont"
    assert over_ssh.read(str(tmp_path / "none")) is None
    assert over_ssh.read(str(tmp_path / "it's" / "below")) is None
    with pytest.raises(FactUnreadable, match="directory"):
        over_ssh.read(str(tmp_path))


def test_secrets_stay_out_of_messages(over_ssh: SshServer) -> None:
    with pytest.raises(FactUnreadable) as caught:
        over_ssh.run(sh("echo s3cret-value >&2; exit 1"))
    assert "s3cret-value" not in str(caught.value)
    assert "‹X›" in str(caught.value)


def test_no_docker_is_its_own_error(over_ssh: SshServer) -> None:
    with pytest.raises(DockerUnavailable):
        over_ssh.run(sh("echo Cannot connect to the Docker daemon at unix:///x >&2; exit 1"))


def test_a_login_that_runs_nothing_is_named(over_ssh: SshServer, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Sshd._run
    monkeypatch.setattr(Sshd, "_run", lambda self, channel, command: run(self, channel, "echo go away"))
    for ask in (lambda: over_ssh.run(sh("true")), lambda: over_ssh.read("/etc/hostname")):
        with pytest.raises(LoginUnusable, match="go away"):
            ask()


@pytest.mark.parametrize(("given", "sent"), [(None, b""), ("ü", b"\xc3\xbc"), (b"\0", b"\0"), (Secret("X", "s"), b"s")])
def test_input_as_bytes(given: Any, sent: bytes) -> None:
    assert stdin_bytes(given) == sent


def test_a_download_is_byte_for_byte_and_readable_by_its_owner_alone(over_ssh: SshServer, tmp_path: Path) -> None:
    every = "".join(f"\\{number:03o}" for number in range(256))
    result = over_ssh.download(sh(f"printf '{every}'; head -c 3000000 /dev/zero; echo warned >&2"), tmp_path / "d", limit_bytes=4_000_000)
    assert (tmp_path / "d").read_bytes() == bytes(range(256)) + bytes(3_000_000)
    assert (result.stdout, result.stderr, result.exit_code) == ("", "warned\n", 0)
    assert (tmp_path / "d").stat().st_mode & 0o077 == 0


def test_a_download_that_is_too_long_fails_or_hangs_raises(over_ssh: SshServer, tmp_path: Path) -> None:
    with pytest.raises(FactUnreadable, match="more than 1 MB"):
        over_ssh.download(sh("yes"), tmp_path / "a", limit_bytes=1_000_000)
    with pytest.raises(FactUnreadable, match="exit code 3: no such log"):
        over_ssh.download(sh("echo half; echo no such log >&2; exit 3"), tmp_path / "b", limit_bytes=1_000_000)
    with pytest.raises(CommandTimedOut):
        over_ssh.download(sh("echo half; sleep 300", timeout_s=0.5), tmp_path / "c", limit_bytes=1_000_000)
    with pytest.raises(FileExistsError):
        over_ssh.download(sh("true"), tmp_path / "a", limit_bytes=1)
    assert over_ssh.run(sh("echo still there")).stdout == "still there\n"
