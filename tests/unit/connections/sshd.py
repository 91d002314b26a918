"""An sshd in this process: paramiko's server, which runs what it is asked to with this machine's own shell."""

from __future__ import annotations

import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from runbook_lib.connections.link import Link
from runbook_lib.connections.ssh import SshServer
from tests.unit.connections.ssh_files import blob, make_key, public

CHUNK = 65_536
GONE = (OSError, ValueError, EOFError, paramiko.SSHException)  # either end may go first, and the link at any time


class Sshd(paramiko.ServerInterface):
    """Listens on loopback; `authorized` are the bytes of the keys that it accepts, `logins` the keys that it was shown."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("host", "user"):
            make_key(folder / name)
        self.authorized = [blob(folder / "user.pub")]
        self.logins: list[bytes] = []
        self.commands: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {public(folder / 'host')}\n")
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def link(self, **options: Any) -> Link:
        """A link to it, as `deploy`; `options` replace what it is made of."""
        usual: dict[str, Any] = {"host": "127.0.0.1", "port": self.port, "user": "deploy", "key_file": self.folder / "user",
                 "known_hosts_file": self.folder / "known", "connect_timeout_s": 10.0, "config_file": "none"}
        return Link(**(usual | options))

    def server(self, **options: Any) -> SshServer:
        """The server over a new link, with its directory in the folder."""
        directory = self.folder / "project"
        directory.mkdir(exist_ok=True)
        return SshServer(self.link(), str(directory), **options)

    def drop(self) -> None:
        """Break every connection."""
        for transport in self._transports:
            transport.close()

    def close(self) -> None:
        """Listen no more."""
        self.drop()
        self._listener.shutdown(socket.SHUT_RDWR)  # closing alone does not wake who waits in accept
        self._listener.close()
        self._thread.join(5)

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.logins.append(key.asbytes())
        return AUTH_SUCCESSFUL if key.asbytes() in self.authorized else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.commands.append(command.decode())
        threading.Thread(target=self._run, args=(channel, command.decode()), daemon=True).start()
        return True

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            self._transports.append(transport)
            transport.add_server_key(paramiko.PKey.from_path(self.folder / "host"))
            try:
                transport.start_server(event=threading.Event(), server=self)
            except (paramiko.SSHException, EOFError):
                connection.close()

    def _run(self, channel: paramiko.Channel, command: str) -> None:
        with suppress(*GONE), subprocess.Popen(("sh", "-c", command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                              stderr=subprocess.PIPE) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            feeding = threading.Thread(target=_copy, args=(channel.recv, process.stdin.write, process.stdin), daemon=True)
            errors = threading.Thread(target=_copy, args=(process.stderr.read1, channel.sendall_stderr, None))  # type: ignore[attr-defined]
            feeding.start()
            errors.start()
            _copy(process.stdout.read1, channel.sendall, None)  # type: ignore[attr-defined]
            errors.join()
            code = process.wait()
            with suppress(*GONE):
                channel.send_exit_status(code if code >= 0 else 128 - code)
            channel.close()
            feeding.join(5)


def _copy(receive: Any, send: Any, closing: Any) -> None:
    with suppress(*GONE):
        while data := receive(CHUNK):
            send(data)
            if closing is not None:
                closing.flush()
    if closing is not None:
        with suppress(*GONE):
            closing.close()
