"""OpenSSH's configuration of the operator against real sshds: jump hosts, proxies, aliases, other ports, agents, IPv6."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runbook_lib.connections import open_connections
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import (
    AuthenticationRefused,
    HostKeyUnknown,
    HostUnreachable,
    PreconditionFailed,
    RunbookError,
)
from tests.lab_server import RELOAD_SSHD
from tests.unit.connections.ssh_files import certify, make_key, public

if TYPE_CHECKING:
    from runbook_lib.environment import Environment
    from tests.lab_server import Lab

INNER = 2222  # a second sshd, which only the server itself reaches
Asking = Callable[..., str]


@pytest.fixture(scope="module")
def inner(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A second sshd on 127.0.0.1 and ::1 of the server, which trusts an authority for users. The authority's folder."""
    folder = tmp_path_factory.mktemp("inner")
    make_key(folder / "authority")
    lab.on_server("sh", "-c", f"""set -e; echo "$1" > /etc/ssh/users.pub
        echo 'PermitOpen any' > /etc/ssh/sshd_config.d/00-test.conf; {RELOAD_SSHD}
        mount -o remount,rw /proc/sys && echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6
        /usr/sbin/sshd -p {INNER} -o ListenAddress=127.0.0.1 -o ListenAddress=::1 -o PidFile=/run/inner.pid \
            -o TrustedUserCAKeys=/etc/ssh/users.pub""", "sh", public(folder / "authority"))
    yield folder
    lab.on_server("sh", "-c", "kill $(cat /run/inner.pid); rm /etc/ssh/users.pub /etc/ssh/sshd_config.d/00-test.conf; "
                  + RELOAD_SSHD)


@pytest.fixture
def asking(environment: Environment, lab: Lab, tmp_path: Path) -> Asking:
    """The reply of a server whose way stands in a configuration file, and in nothing else."""
    outer = environment.server

    def ask(host: str, config: str, **server: Any) -> str:
        known = lab.instance.address.known_hosts.read_text().split(maxsplit=1)[1].strip()
        (tmp_path / "known").write_text(f"[127.0.0.1]:{outer.port},staging,[::1]:{INNER},[127.0.0.1]:{INNER} {known}\n")
        jump = (f"Host jump\n HostName 127.0.0.1\n Port {outer.port}\n User {outer.user}\n IdentityFile {outer.key_file}\n"
                " IdentitiesOnly yes\n"
                f"Host second\n HostName 127.0.0.1\n HostKeyAlias staging\n IdentityFile {outer.key_file}\n")
        (tmp_path / "config").write_text(jump + config.replace("OUTER", str(outer.port)))
        fields = outer.model_dump(exclude={"port"}) | {"host": host, "known_hosts_file": str(tmp_path / "known"),
                                                       "ssh_config_file": str(tmp_path / "config")} | server
        settings = type(outer).model_validate({key: value for key, value in fields.items() if value is not None})
        with open_connections(environment.model_copy(update={"server": settings})) as opened:
            reply = opened.server.run(Command(("sh", "-c", "echo ${SSH_CONNECTION##* }"))).stdout.strip()
            assert opened.server.run(Command(("cat",), stdin="x" * 200_000)).stdout == "x" * 200_000
        return reply

    return ask


def test_a_name_a_port_and_an_alias_of_the_configuration(asking: Asking) -> None:
    assert asking("lab", "Host lab\n HostName 127.0.0.1\n Port OUTER\n HostKeyAlias staging\n") == "22"
    assert asking("my_lab", "Host my_*\n HostName 127.0.0.1\nMatch originalhost my_lab user deploy\n Port OUTER\n") == "22"


def test_a_jump_host_leads_to_a_second_sshd(inner: Path, asking: Asking) -> None:
    config = f"Host lab\n HostName 127.0.0.1\n Port {INNER}\n ProxyJump jump\n"
    assert asking("lab", config) == str(INNER)
    assert asking("lab", config.replace("ProxyJump jump", "ProxyJump jump,deploy@second:22")) == str(INNER)


def test_a_proxy_command_and_an_ipv6_address(inner: Path, asking: Asking, tmp_path: Path) -> None:
    through = f"ssh -F {tmp_path}/config -o UserKnownHostsFile={tmp_path}/known -o BatchMode=yes -W [%h]:%p jump"
    assert asking("::1", f"Host ::1\n ProxyCommand {through}\n", port=INNER) == str(INNER)
    assert asking("lab", f"Host lab\n HostName ::1\n Port {INNER}\n ProxyJump jump\n") == str(INNER)


@pytest.mark.parametrize(("config", "error", "words"), [
    ("Host lab\n HostName 127.0.0.1\n ProxyJump stranger@jump\n", HostUnreachable, "Permission denied"),
    ("Host lab\n ProxyJump no.such.host.invalid\n", HostUnreachable, "Could not resolve"),
    ("Host lab\n ProxyCommand echo the tunnel is down >&2\n", HostUnreachable, "the tunnel is down"),
    ("Host lab\n HostName 127.0.0.1\n Port OUTER\n HostKeyAlias other\n StrictHostKeyChecking no\n", HostKeyUnknown, "not in"),
    ("Host lab\n Prot 22\n", PreconditionFailed, "Bad configuration option"),
    ("Host lab\n HostName 127.0.0.1\n Port OUTER\n AddressFamily inet6\n", HostUnreachable, "resolve"),
], ids=["user of the jump host", "unknown jump host", "proxy", "alias", "mistake", "family"])
def test_a_way_that_leads_nowhere_is_said_in_its_own_words(
    inner: Path, asking: Asking, config: str, error: type[RunbookError], words: str
) -> None:
    with pytest.raises(error, match=words):
        asking("lab", config)


def test_an_encrypted_key_with_and_without_an_agent(
    asking: Asking, environment: Environment, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = tmp_path / "encrypted"
    key.write_text(Path(environment.server.key_file).read_text())
    key.chmod(0o600)
    with subprocess.Popen(("ssh-agent", "-D", "-a", str(tmp_path / "s")), stdout=subprocess.DEVNULL) as agent:
        while not (tmp_path / "s").exists():
            pass
        subprocess.run(("ssh-add", "-q", str(key)), check=True, capture_output=True,
                       env={"SSH_AUTH_SOCK": str(tmp_path / "s"), "PATH": "/usr/bin"})
        subprocess.run(("ssh-keygen", "-q", "-p", "-N", "secret", "-f", str(key)), check=True)
        config = "Host lab\n HostName 127.0.0.1\n Port OUTER\n"
        with pytest.raises(AuthenticationRefused, match="protected by a passphrase, and no ssh-agent"):
            asking("lab", config, key_file=str(key))
        assert asking("lab", f"{config} IdentityAgent {tmp_path}/s\n", key_file=str(key)) == "22"
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "s"))
        assert asking("lab", config, key_file=str(key)) == "22"
        agent.terminate()


def test_another_key_and_a_certificate_of_the_configuration(
    inner: Path, asking: Asking, environment: Environment, tmp_path: Path
) -> None:
    for name in ("unknown", "certified"):
        make_key(tmp_path / name)
    certify(inner / "authority", tmp_path / "certified", "-n", "deploy", host=False)
    direct = "Host lab\n HostName 127.0.0.1\n Port OUTER\n"
    with pytest.raises(AuthenticationRefused):
        asking("lab", direct, key_file=str(tmp_path / "unknown"))
    assert asking("lab", f"{direct} IdentityFile {environment.server.key_file}\n", key_file=str(tmp_path / "unknown")) == "22"
    jumping = f"Host lab\n HostName 127.0.0.1\n Port {INNER}\n ProxyJump jump\n"
    assert asking("lab", jumping, key_file=str(tmp_path / "certified")) == str(INNER)
    (tmp_path / "certified-cert.pub").rename(tmp_path / "moved.pub")
    with pytest.raises(AuthenticationRefused):
        asking("lab", jumping, key_file=str(tmp_path / "certified"))
    assert asking("lab", f"{jumping} CertificateFile {tmp_path}/moved.pub\n", key_file=str(tmp_path / "certified")) == str(INNER)


def test_what_is_not_used_is_said_once(asking: Asking, caplog: pytest.LogCaptureFixture) -> None:
    config = ("Host lab\n HostName 127.0.0.1\n Port OUTER\n User joe\n ControlMaster auto\n RemoteCommand ls\n"
              " SendEnv TOKEN LANG\n RequestTTY force\n")
    with caplog.at_level(logging.WARNING):
        assert asking("lab", config) == "22"
    said = [record.message for record in caplog.records if "OpenSSH's configuration" in record.message]
    assert len(said) == 1
    assert all(word in said[0] for word in ("ControlMaster auto", "RemoteCommand ls", "SendEnv TOKEN", "User joe"))
