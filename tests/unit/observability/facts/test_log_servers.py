"""Lines as servers other than nginx write them, alone and among others."""

from __future__ import annotations

import json

import pytest

from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts.log_reading import NO_STATUS, NO_TIME, NOT_COMBINED, NOT_JSON
from tests.unit.observability.log_doubles import COMBINED, GOOD, MESSAGES, read

TRAEFIK = LogFile(kind="access", format="traefik", path="/var/log/traefik")
CADDY = LogFile(kind="access", format="caddy", path="/var/log/caddy")
TRAEFIK_COMMON = (b'192.0.2.7 - - [27/Nov/2026:12:00:00 +0000] "GET /api/products?page=2 HTTP/2.0" 200 2326 "-" "curl/8" 17 '
                  b'"web@docker" "http://172.18.0.3:8000" 12ms\n')
TRAEFIK_JSON = json.dumps({
    "ClientAddr": "192.0.2.7:40412", "ClientHost": "192.0.2.7", "ClientPort": "40412", "DownstreamContentSize": 2326,
    "DownstreamStatus": 200, "Duration": 12_345_678, "OriginDuration": 11_900_000, "OriginStatus": 200, "Overhead": 445_678,
    "RequestHost": "shop.example.com", "RequestMethod": "GET", "RequestPath": "/api/products?page=2", "RouterName": "web@docker",
    "StartLocal": "2026-11-27T12:00:00.5+01:00", "StartUTC": "2026-11-27T12:00:00.512345678Z", "entryPointName": "websecure",
    "level": "info", "msg": "", "time": "2026-11-27T12:00:01Z"}).encode() + b"\n"
CADDY_JSON = json.dumps({
    "level": "info", "ts": 1795780800.512, "logger": "http.log.access.log0", "msg": "handled request",
    "request": {"remote_ip": "192.0.2.7", "remote_port": "40412", "client_ip": "192.0.2.7", "proto": "HTTP/2.0", "method": "GET",
                "host": "shop.example.com", "uri": "/api/products?page=2", "headers": {"User-Agent": ["curl/8"]}},
    "bytes_read": 0, "user_id": "", "duration": 0.012345, "size": 2326, "status": 200,
    "resp_headers": {"Server": ["Caddy"]}}).encode() + b"\n"


@pytest.mark.parametrize(("log", "line", "seconds"), [
    (TRAEFIK, TRAEFIK_COMMON, 0.012), (TRAEFIK, TRAEFIK_JSON, 0.012345678), (CADDY, CADDY_JSON, 0.012345),
])
def test_a_request_that_traefik_or_caddy_wrote_is_read(log: LogFile, line: bytes, seconds: float) -> None:
    rows, unreadable = read(log, line * 2)
    assert unreadable == {} and len(rows) == 2
    assert {name: rows[0][name] for name in ("path", "status", "address", "seconds")} == {
        "path": "/api/products", "status": 200, "address": "192.0.2.7", "seconds": seconds}
    assert str(rows[0]["at"]) == "2026-11-27 12:00:00"


@pytest.mark.parametrize("line", [
    TRAEFIK_COMMON.replace(b'200 2326 "-" "curl/8" 17 "web@docker" "http://172.18.0.3:8000" 12ms', b'404 19 "-" "-" 18 "-" "-" 0ms'),
    TRAEFIK_JSON.replace(b'"DownstreamStatus": 200', b'"DownstreamStatus": 404'),
])
def test_a_request_that_no_router_of_traefik_took_is_one_too(line: bytes) -> None:
    rows, unreadable = read(TRAEFIK, line)
    assert ([row["status"] for row in rows], unreadable) == ([404], {})


@pytest.mark.parametrize(("log", "line", "reason"), [
    (TRAEFIK, b'time="2026-11-27T12:00:00Z" level=error msg="accept tcp: too many open files"\n', NOT_COMBINED),
    (CADDY, b'2026/11/27 12:00:00.512 INFO admin endpoint started\n', NOT_JSON),
    (CADDY, json.dumps({"level": "info", "ts": 1795780800.5, "msg": "serving initial configuration"}).encode() + b"\n", NO_STATUS),
    (CADDY, CADDY_JSON.replace(b'"ts": 1795780800.512, ', b""), NO_TIME),
    (TRAEFIK, TRAEFIK_JSON.replace(b'"DownstreamStatus": 200', b'"DownstreamStatus": 0'), NO_STATUS),
])
def test_what_is_not_a_request_among_them_is_counted(log: LogFile, line: bytes, reason: str) -> None:
    assert read(log, line) == ([], {reason: 1})


def test_a_request_of_caddy_without_its_object_has_no_path() -> None:
    (row,), _ = read(CADDY, CADDY_JSON.replace(b'"request": {', b'"asked": {'))
    assert (row["path"], row["address"], row["status"]) == ("", "", 200)


@pytest.mark.parametrize(("host", "address"), [
    (b"shop.example.com:443", b"192.0.2.1"), (b"shop.example.com", b"192.0.2.1"), (b"localhost:80", b"2001:db8::1"), (b"_", b"::1"),
    (b"192.0.2.99:80", b"192.0.2.1"), (b"[2001:db8::9]:443", b"2001:db8::1"),
])
def test_a_virtual_host_in_front_is_not_the_address(host: bytes, address: bytes) -> None:
    line = GOOD.replace(b"192.0.2.1", host + b" " + address)
    rows, unreadable = read(COMBINED, line + GOOD + line)
    assert [str(row["address"]) for row in rows].count(address.decode()) >= 2, "lines of both kinds are read in one log"
    assert ({row["path"] for row in rows}, len(rows), unreadable) == ({"/a"}, 3, {})


@pytest.mark.parametrize("front", [b"client.example.com - -", b"2001:db8::1 - -", b"192.0.2.1 - 10.0.0.1", b"192.0.2.1 10.0.0.1 -"])
def test_what_stands_in_front_of_an_address_is_a_host_only_where_an_address_follows(front: bytes) -> None:
    (row,), unreadable = read(COMBINED, GOOD.replace(b"192.0.2.1 - -", front))
    assert (row["status"], unreadable) == (200, {})
    assert row["address"] == (front.split()[1] if b" 10.0.0.1 -" in front else front.split()[0]).decode()


def test_text_among_messages_in_json_is_read_as_messages() -> None:
    """A server writes text and its code JSON: a third of the log could not be read, and nothing was concluded from the rest."""
    rows, unreadable = read(MESSAGES, b"""{"time": "2026-11-27T12:00:00Z", "level": "info", "message": "begun"}
2026-11-27 12:00:01 [ERROR] worker 3 was killed
{"time": "2026-11-27T12:00:02Z", "level": "ERR
no time here
""")
    assert [(str(row["at"])[-8:], row["level"], row["message"]) for row in rows] == [
        ("12:00:00", "INFO", "begun"), ("12:00:01", "ERROR", "[ERROR] worker 3 was killed")]
    assert unreadable == {NOT_JSON: 2}
