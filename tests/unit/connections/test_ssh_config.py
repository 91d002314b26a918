"""What OpenSSH's configuration says about a host is honoured, or named: never ignored silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.connections import ssh_config
from runbook_lib.connections.ssh_config import Route, find_route
from runbook_lib.core.errors import HostUnreachable, PreconditionFailed

FULL = """\
Include {folder}/more
Host st* !stop
  HostName 10.1.2.3
  Port 2200
  HostKeyAlias gw2
  AddressFamily inet6
  ConnectTimeout 7
  IdentityFile ~/.ssh/other
  CertificateFile /keys/other-cert.pub
  IdentityAgent /run/agent
  IdentitiesOnly yes
  ProxyJump jump,ops@[::1]:2222
Match host 10.9.9.9 user deploy
  ProxyCommand nc -X connect %h %p
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "more").write_text("Host included\n  HostName included.example.com\n")
    file = tmp_path / "config"
    file.write_text(FULL.format(folder=tmp_path))
    return file


def test_the_way_to_a_host_is_honoured(config: Path) -> None:
    assert find_route("staging", None, "deploy", str(config)) == Route(
        host="10.1.2.3", port=2200, config_file=str(config), alias="gw2", family="inet6", connect_timeout_s=7.0,
        identity_files=("~/.ssh/other",), certificate_files=("/keys/other-cert.pub",), agent="/run/agent",
        proxy_jump="jump,ops@[::1]:2222")


@pytest.mark.parametrize(("written", "meant"), [
    ("~/.ssh/%h", "~/.ssh/10.1.2.3"),
    ("%d/.ssh/%r_%p", "{home}/.ssh/deploy_2200"),
    ("/keys/%n", "/keys/staging"),
    ("/keys/100%%", "/keys/100%"),
    ("/keys/%n%%h", "/keys/staging%h"),
    ("${{KEYS}}/one", "/of/the/team/one"),
    ("${{NO_SUCH_ONE}}/one", "${{NO_SUCH_ONE}}/one"),
    ("/keys/%C", "/keys/%C"),
])
def test_tokens_in_the_names_of_keys_are_filled_in(config: Path, monkeypatch: pytest.MonkeyPatch, written: str,
                                                   meant: str) -> None:
    monkeypatch.setenv("KEYS", "/of/the/team")
    written, meant = written.format(), meant.format(home=Path.home())
    config.write_text(f"Host staging\n  HostName 10.1.2.3\n  Port 2200\n  IdentityFile {written}\n"
                      f"  CertificateFile {written}-cert.pub\n")
    route = find_route("staging", None, "deploy", str(config))
    assert (route.identity_files, route.certificate_files) == ((meant,), (f"{meant}-cert.pub",))


@pytest.mark.parametrize("agent", ["none", "SSH_AUTH_SOCK", "$OTHER_AGENT", "~/.password/agent.sock"])
def test_an_agent_keeps_the_words_that_are_no_path(config: Path, agent: str) -> None:
    config.write_text(f"Host staging\n  IdentityAgent {agent}\n")
    assert find_route("staging", None, "deploy", str(config)).agent.replace(str(Path.home()), "~") == agent


def test_included_files_and_matches_count(config: Path) -> None:
    assert find_route("included", None, "deploy", str(config)).host == "included.example.com"
    assert find_route("10.9.9.9", None, "deploy", str(config)).proxy_command == "nc -X connect %h %p"
    assert find_route("10.9.9.9", None, "other", str(config)).proxy_command == ""


@pytest.mark.parametrize("host", ["stop", "other.example.com", "::1", "10.0.0.1"])
def test_a_host_that_nothing_is_said_about_is_as_it_stands(config: Path, host: str) -> None:
    assert find_route(host, None, "deploy", str(config)) == Route(host, 22, str(config))


def test_what_the_environment_file_names_wins_and_the_rest_is_named(config: Path) -> None:
    config.write_text("Host h\n  Port 2200\n  User joe\n")
    route = find_route("h", 2222, "deploy", str(config))
    assert route.port == 2222
    assert route.notices == ("OpenSSH's configuration says more about h than the runbooks use. Not used: User joe (the "
                             "environment file says deploy), Port 2200 (the environment file says 2222).",)


@pytest.mark.parametrize(("line", "named"), [
    ("ControlMaster auto", "ControlMaster auto"), ("RemoteCommand ls /", "RemoteCommand ls /"),
    ("SendEnv TOKEN", "SendEnv TOKEN"), ("SetEnv TOKEN=s3cret", "SetEnv."), ("StrictHostKeyChecking no", "StrictHost"),
    ("UserKnownHostsFile /dev/null", "UserKnownHostsFile /dev/null"), ("LocalForward 8080 localhost:80", "LocalForward"),
    ("Ciphers aes128-cbc", "Ciphers aes128-cbc"), ("RevokedHostKeys /etc/revoked", "RevokedHostKeys"),
    ("KexAlgorithms +diffie-hellman-group1-sha1", "KexAlgorithms"), ("PubkeyAuthentication no", "PubkeyAuthentication"),
])
def test_what_is_not_used_is_named(config: Path, line: str, named: str) -> None:
    config.write_text(f"Host h\n  {line}\n")
    (notice,) = find_route("h", None, "deploy", str(config)).notices
    assert named in notice
    assert "s3cret" not in notice


@pytest.mark.parametrize("line", ["SendEnv LANG LC_*", "HashKnownHosts yes", "GSSAPIAuthentication yes",
                                  "ServerAliveInterval 60", "ForwardAgent yes", "Compression yes", "LogLevel DEBUG"])
def test_what_has_no_effect_here_is_not_worth_a_word(config: Path, line: str) -> None:
    config.write_text(f"Host *\n  {line}\n")
    assert find_route("h", None, "deploy", str(config)).notices == ()


def test_a_configuration_that_openssh_refuses_is_refused(config: Path) -> None:
    config.write_text("Host h\n  Prot 22\n")
    with pytest.raises(PreconditionFailed, match=r"line 2: Bad configuration option: prot"):
        find_route("h", None, "deploy", str(config))


def test_a_passed_descriptor_cannot_be_honoured(config: Path) -> None:
    config.write_text("Host h\n  ProxyCommand nc -F %h %p\n  ProxyUseFdpass yes\n")
    with pytest.raises(HostUnreachable, match="ProxyUseFdpass"):
        find_route("h", None, "deploy", str(config))


def test_no_file_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_config.subprocess, "run", None)  # type: ignore[attr-defined]
    assert find_route("h", 2222, "deploy", "none") == Route("h", 2222, "none")


def test_a_machine_without_openssh_says_that_a_file_is_not_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    route = find_route("h", None, "deploy", str(config))
    assert (route.host, route.port) == ("h", 22)
    assert "is not read: there is no OpenSSH client" in route.notices[0]
    monkeypatch.setenv("HOME", str(config.parent / "empty"))
    assert find_route("h", None, "deploy").notices == ()


def test_a_match_that_hangs_meets_a_deadline(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_config, "TIMEOUT_S", 0.5)
    config.write_text('Match exec "sleep 5"\n  Port 1\n')
    with pytest.raises(PreconditionFailed, match=r"more than 0.5 s"):
        find_route("h", None, "deploy", str(config))
