"""The double answers what was scripted, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.core.questions import CommandResult, HttpReply


def test_commands_by_their_text_or_a_piece_of_it() -> None:
    server = ScriptedConnections(commands={"df -P": "disk", "id": (3, "out", "err"), "now": iter("ab").__next__}).server
    assert server.run(Command(("df", "-P", "/"))).stdout == "disk"
    result = server.execute(Command(("id",)))
    assert (result.exit_code, result.stdout, result.stderr) == (3, "out", "err")
    assert [server.run(Command(("now",))).stdout for _ in range(2)] == ["a", "b"]
    with pytest.raises(FactUnreadable, match="exit code 3"):
        server.run(Command(("id",)))
    with pytest.raises(AssertionError, match="no scripted answer for command 'uptime'"):
        server.run(Command(("uptime",)))
    assert [str(command) for command in server.asked][:2] == ["df -P /", "id"]


def test_files() -> None:
    server = ScriptedConnections(files={"/a": "text", "/b": b"\0", "/none": None, "/bad": FactUnreadable("no")}).server
    assert (server.read("/a", limit_bytes=2), server.read("/b"), server.read("/none")) == (b"te", b"\0", None)
    with pytest.raises(FactUnreadable):
        server.read("/bad")


def test_replies_by_path_or_method_and_path() -> None:
    whole = HttpReply("u", 204, {}, b"", 0.0)
    http = ScriptedConnections(replies={"/h": (200, {"a": 1}), "POST /h": (201, "made"), "/w": whole, "handshake": "shown",
                                        "TLSv1": False, "/down": EndpointUnavailable("down")}).http
    assert http.request("GET", "/h").body == b'{"a": 1}'
    assert http.request("POST", "/h").status == 201
    assert http.request("GET", "/w") is whole
    assert http.accepts_protocol("TLSv1") is False
    with pytest.raises(EndpointUnavailable):
        http.request("GET", "/down")


def test_sql_queries_and_engines() -> None:
    made = ScriptedConnections(sql={"FROM users": [{"n": 1}]}, queries={"up": {"result": []}}, engine="engine")
    assert made.database.rows("SELECT 1\n  FROM  users") == [{"n": 1}]
    assert made.prometheus.get("query", query="up") == {"result": []}
    assert made.docker.client() == "engine"
    with pytest.raises(AssertionError, match="Docker"):
        ScriptedConnections().docker.client()


def test_downloads_are_bytes_with_or_without_error_output(tmp_path: Path) -> None:
    server = ScriptedConnections(commands={"send": b"\0\xff", "noisy": (b"x", "err")}).server
    assert server.download(Command(("send", "it")), tmp_path / "a", limit_bytes=2).stderr == ""
    assert (tmp_path / "a").read_bytes() == b"\0\xff"
    assert server.download(Command(("noisy",)), tmp_path / "b", limit_bytes=2).stderr == "err"
    with pytest.raises(FactUnreadable, match="more than 1 bytes"):
        server.download(Command(("send",)), tmp_path / "c", limit_bytes=1)


def test_conversations_by_a_piece_of_the_line_or_of_the_command() -> None:
    server = ScriptedConnections(commands={"first": "one", "end": (7, "", "gone"), "talk": "other"}).server
    with server.converse(Command(("talk",), accepts=(0, 7))) as talk:
        assert [talk.ask(line, timeout_s=1) for line in ("first", "second")] == ["one", "other"]
        assert not talk.ended
        ended = talk.ask("the end", timeout_s=1)
        assert isinstance(ended, CommandResult)
        assert (ended.exit_code, ended.stderr, talk.ended) == (7, "gone", True)
    assert [command.stdin for command in server.asked] == ["first", "second", "the end"]
    with server.converse(Command(("talk",))) as talk, pytest.raises(FactUnreadable, match="exit code 7"):
        talk.ask("the end", timeout_s=1)
