"""Ports as Compose resolves them: users type one of TCP, and one of UDP is asked nothing."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.found_ports import datagrams_of, ports_of, published_as

WEB = {"mode": "ingress", "host_ip": "::", "target": 8000, "published": "8080", "protocol": "tcp"}
VOICE = {"mode": "ingress", "target": 9000, "published": "9000", "protocol": "udp"}


def test_a_port_of_udp_is_none_where_the_application_is_asked() -> None:
    assert ports_of([VOICE, WEB, WEB], [], []) == (8000,)
    assert datagrams_of([VOICE, WEB]) == (9000,)


@pytest.mark.parametrize(("expose", "check", "ports"), [
    (["3000", "4000/tcp", "5000/udp", None, "99999"], [], (3000, 4000)),
    ([], ["CMD", "curl", "http://localhost:3000/up"], (3000,)), ([], [], ()),
])
def test_what_is_not_published_is_known_from_expose_or_the_health_check(expose: list[Any], check: list[str],
                                                                        ports: tuple[int, ...]) -> None:
    assert ports_of([], expose, check) == ports


def test_the_port_to_which_a_proxy_sends_users_comes_first() -> None:
    assert ports_of([WEB], ["9000"], [], 9000) == (9000, 8000)


@pytest.mark.parametrize(("port", "words"), [(WEB, ":::8080"), (VOICE, "9000"), ({"target": 80}, ""), ({}, "")])
def test_what_is_open_on_the_server(port: dict[str, Any], words: str) -> None:
    assert published_as(port) == words


def test_ports_of_an_unknown_form_are_left_out() -> None:
    assert ports_of([{"target": None}, {}, {"target": "many"}], [], []) == ()
    assert datagrams_of([{"protocol": "udp"}, {"protocol": "udp", "target": "many"}]) == ()
