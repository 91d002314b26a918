"""A known-hosts file means what it means to OpenSSH, and no line is a crash."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.connections.known_hosts import AUTHORITY, REVOKED, keys_for, names_of, parse
from tests.unit.connections.ssh_files import hashed, make_key

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def known(text: str, name: str, marker: str = "") -> bool:
    return bool(keys_for(parse(text), name, marker))


@pytest.mark.parametrize(("hosts", "name", "expected"), [
    ("staging.example.com", "staging.example.com", True),
    ("STAGING.example.com", "staging.Example.com", True),
    ("other,staging.example.com,10.0.0.1", "10.0.0.1", True),
    ("*.example.com", "staging.example.com", True),
    ("*.example.com", "example.com", False),
    ("10.0.0.?", "10.0.0.7", True),
    ("10.0.0.?", "10.0.0.77", False),
    ("*.example.com,!staging.example.com", "staging.example.com", False),
    ("!staging.example.com,*.example.com", "staging.example.com", False),
    ("!other.example.com", "staging.example.com", False),
    ("[10.0.0.1]:2222", "[10.0.0.1]:2222", True),
    ("[10.0.0.1]:2222", "10.0.0.1", False),
    ("10.0.0.1", "[10.0.0.1]:2222", False),
    ("[*.example.com]:2222", "[a.example.com]:2222", True),
    ("[ab]", "a", False),
    ("::1,fe80::1%eth0", "::1", True),
    ("[::1]:2222", "[::1]:2222", True),
    ("*", "[::1]:2222", True),
])
def test_whom_a_line_is_about(hosts: str, name: str, expected: bool) -> None:
    assert known(f"{hosts} {KEY} root@somewhere, by hand\n", name) is expected


def test_openssh_finds_the_same_hosts(tmp_path: Path) -> None:
    file = tmp_path / "known"
    file.write_text(f"*.example.com,!no.example.com,[h]:22,10.0.0.? {KEY}\n")
    for name in ("a.example.com", "no.example.com", "h", "10.0.0.9", "example.com"):
        found = subprocess.run(("ssh-keygen", "-F", name, "-f", str(file)), capture_output=True).returncode == 0
        assert known(file.read_text(), name) is found, name


def test_hashed_names(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    for name in ("staging.example.com", "[10.0.0.1]:2222", "::1"):
        line = hashed(f"{name} {key}", tmp_path)
        assert line.startswith("|1|")
        assert known(line, name)
        assert not known(line, "other")


def test_markers_are_not_host_names() -> None:
    text = f"@cert-authority *.example.com {KEY}\n@revoked * {KEY}\n"
    assert not known(text, "a.example.com")
    assert known(text, "a.example.com", AUTHORITY)
    assert known(text, "b", REVOKED)
    assert [key.line for key in parse(text)] == [1, 2]


def test_windows_line_ends_comments_and_white_space() -> None:
    assert known(f"# comment\r\n\r\n  \t h {KEY}\r\n", "h")
    assert known(f"h\t{KEY.replace(' ', '   ')} # mine", "h")


@pytest.mark.parametrize("line", [
    "garbage", "h", "h ssh-ed25519", "h ssh-ed25519 !!!", "h ssh-ed25519 AAAA", f"h ssh-rsa {KEY.split()[1]}",
    f"@unknown h {KEY}", "@cert-authority", "@revoked h", "h 1024 35 1234567890", f"#h {KEY}", f"|1|x|y {KEY}",
    f"|1|!!|?? {KEY}", f"|2|a|b {KEY}", "\x00\xff", "<<<<<<< HEAD",
])
def test_a_line_that_is_none_is_skipped(line: str) -> None:
    text = f"{line}\nh2 {KEY}\n"
    assert not known(text, "h")
    assert known(text, "h2")


@given(st.text(max_size=200))
def test_no_text_is_a_crash(text: str) -> None:
    keys_for(parse(text), "h")
    keys_for(parse(f"{text} {KEY}"), "h")


def test_names_to_look_up() -> None:
    assert names_of("h", 22) == ("h",)
    assert names_of("h", 2222) == ("[h]:2222", "h")
    assert names_of("10.0.0.1", 2222, alias="staging") == ("staging",)


def test_a_comment_begins_no_line_of_its_own(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    kind, blob = (tmp_path / "key.pub").read_text().split()[:2]
    # ssh-keygen takes any comment; a line that hides in one would vouch for another host
    (key,) = parse(f"first {kind} {blob} me\u2028second {kind} {blob}\x85third {kind} {blob}\n")
    assert key.hosts == "first"
