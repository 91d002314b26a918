"""Host keys of a real sshd against known-hosts files of every form: what OpenSSH accepts is accepted, and nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runbook_lib.connections import open_connections
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import HostKeyChanged, HostKeyRevoked, HostKeyUnknown, RunbookError
from tests.lab_server import RELOAD_SSHD
from tests.unit.connections.ssh_files import certify, hashed, make_key, public

if TYPE_CHECKING:
    from runbook_lib.environment import Environment
    from tests.lab_server import Lab


@pytest.fixture(scope="module")
def keys(lab: Lab, environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The server shows a certificate of an authority; what stands for what in the lines below."""
    folder = tmp_path_factory.mktemp("keys")
    address = lab.instance.address
    for name in ("authority", "other"):
        make_key(folder / name)
    (folder / "host.pub").write_text(address.host_key.with_suffix(".pub").read_text())
    certificate = certify(folder / "authority", folder / "host", "-n", "127.0.0.1")
    lab.on_server("sh", "-c", 'echo "$1" > /etc/ssh/host-cert.pub; echo "HostCertificate /etc/ssh/host-cert.pub" > '
                  f"/etc/ssh/sshd_config.d/99-test.conf; {RELOAD_SSHD}", "sh", certificate.read_text())
    host = f"[{environment.server.host}]:{environment.server.port}"
    yield {"HASHED": hashed(f"{host} {public(folder / 'host')}", folder), "HOST": public(folder / "host"),
           "OTHER": public(folder / "other"), "AUTHORITY": public(folder / "authority"), "NAME": host}
    lab.on_server("sh", "-c", f"rm /etc/ssh/sshd_config.d/99-test.conf /etc/ssh/host-cert.pub; {RELOAD_SSHD}")


def connect(environment: Environment, file: Path) -> None:
    settings = environment.server.model_copy(update={"known_hosts_file": str(file)})
    with open_connections(environment.model_copy(update={"server": settings})) as opened:
        assert opened.server.run(Command(("echo", "in"))).stdout == "in\n"


def openssh_connects(environment: Environment, file: Path) -> bool:
    server = environment.server
    words = ("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o",
             "GlobalKnownHostsFile=/dev/null", "-o", "UpdateHostKeys=no", "-o", f"UserKnownHostsFile={file}",
             "-i", server.key_file, "-p", str(server.port), f"{server.user}@{server.host}", "true")
    return subprocess.run(words, capture_output=True, timeout=60).returncode == 0


@pytest.mark.parametrize(("lines", "error"), [
    ("HASHED", None),
    ("[127.0.0.*]:* HOST", None),
    ("*,![10.*]:* HOST", None),
    ("127.0.0.1 HOST", None),
    ("\r\n# comment\r\nNAME,other HOST root@x\r\n<<<<<<< garbage\r\n", None),
    ("@cert-authority NAME AUTHORITY", None),
    ("@cert-authority * AUTHORITY\n@revoked * OTHER", None),
    ("@cert-authority * OTHER\nNAME HOST", None),
    ("*,!NAME HOST", None),  # the entry counts for the host without its port
    ("*,!NAME,!127.0.0.1 HOST", HostKeyUnknown),
    ("@cert-authority * OTHER", HostKeyUnknown),
    ("@unknown-marker NAME HOST", HostKeyUnknown),
    ("NAME OTHER", HostKeyChanged),
    ("NAME HOST\n@revoked * HOST", HostKeyRevoked),
    ("@cert-authority * AUTHORITY\n@revoked * AUTHORITY", HostKeyRevoked),
])
def test_a_known_hosts_file_decides_as_for_openssh(
    environment: Environment, keys: dict[str, str], tmp_path: Path, lines: str, error: type[RunbookError] | None
) -> None:
    for word, value in keys.items():
        lines = lines.replace(word, value)
    file = tmp_path / "known"
    file.write_bytes(lines.encode())
    if error is None:
        connect(environment, file)
    else:
        with pytest.raises(error):
            connect(environment, file)
    assert openssh_connects(environment, file) is (error is None)
    assert file.read_bytes() == lines.encode()
