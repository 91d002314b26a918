"""A server container: its rights, its files, and when it is ready."""

from __future__ import annotations

import io
import socket
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from lab import container
from lab.container import File
from lab.errors import LabError


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, dict[str, Any]]]:
    """What the docker client is called with; it is not run."""
    made: list[tuple[Any, dict[str, Any]]] = []
    monkeypatch.setattr(container, "docker", lambda: "docker")
    monkeypatch.setattr(container, "server_image", lambda: "gw2-lab/server:h-1")
    monkeypatch.setattr(container, "run", lambda words, log, **options: made.append((words, options)))
    return made


@pytest.mark.parametrize("privileged", [True, False])
def test_the_most_rights_that_the_machine_gives(monkeypatch: pytest.MonkeyPatch, calls: Any, privileged: bool) -> None:
    monkeypatch.setattr(container, "succeeds", lambda words: privileged)
    container.privileges.cache_clear()
    assert container.privileges() == (("--privileged",) if privileged else container.NEARLY_PRIVILEGED)
    container.privileges.cache_clear()


def test_a_container_is_labelled_and_keeps_its_engine_on_its_volume(monkeypatch: pytest.MonkeyPatch, calls: Any) -> None:
    monkeypatch.setattr(container, "privileges", lambda: ("--privileged",))
    container.create("one", {"label": "1"}, Path("log"), "--hostname", "h", command=("sleep", "1"))
    words = calls[0][0]
    assert words[:4] == ("docker", "create", "--name", "one")
    assert words[6:9] == ("--label", "label=1", "--privileged")
    assert words[-3:] == ("gw2-lab/server:h-1", "sleep", "1")
    assert words[words.index("--volume") + 1] == "one:/var/lib/docker"


def test_files_arrive_with_owner_and_mode(calls: Any) -> None:
    container.put_files("one", [File("home/deploy/.ssh", None, 0o700, 1000), File("etc/key", b"secret", 0o600)], Path("log"))
    words, options = calls[0]
    assert words == ("docker", "cp", "-", "one:/")
    with tarfile.open(fileobj=io.BytesIO(options["input"])) as archive:
        folder, file = archive.getmembers()
        assert (folder.isdir(), folder.mode, folder.uid, folder.gid) == (True, 0o700, 1000, 1000)
        assert (file.mode, file.uid, archive.extractfile(file).read()) == (0o600, 0, b"secret")  # type: ignore[union-attr]


def test_sshd_is_ready_when_it_greets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def greet() -> None:
            for words in (b"HTTP/1.1", b"SSH-2.0-x"):  # another program had the port a moment before
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(words)

        threading.Thread(target=greet, daemon=True).start()
        container.wait_for_sshd("one", listener.getsockname()[1])


def test_a_server_that_never_answers_is_quoted(monkeypatch: pytest.MonkeyPatch, calls: Any) -> None:
    monkeypatch.setattr(container, "READY_TIMEOUT_S", 0.1)
    monkeypatch.setattr(container, "output", lambda words: "no hostkeys available")
    monkeypatch.setattr(container, "succeeds", lambda words, timeout_s: False)
    for wait in (lambda: container.wait_for_sshd("one", 1), lambda: container.wait_until_ready("one", 1)):
        with pytest.raises(LabError, match="no hostkeys available"):
            wait()
