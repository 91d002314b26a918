"""The program that asks services directly, run by a real bash with real sockets; only Docker is a double.

Containers in the server's own network have no other address: so the services here are at 127.0.0.1.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from runbook_lib.observability.facts.service_replies import Reply
from tests.unit.service_doubles import Patient, Redis, Silent, Web, ask, listening, probe


@pytest.mark.parametrize(("path", "text", "reply", "words"), [
    ("/good", "", Reply.UP, "answers"),
    ("/metrics", "pg_up 1", Reply.UP, "answers"),
    ("/metrics", "redis_up 1", Reply.DOWN, "/metrics answers without 'redis_up 1'"),
    ("/good", "it's $(not) \"there\"", Reply.DOWN, "/good answers without 'it's $(not) \"there\"'"),
    ("/bad", "", Reply.DOWN, "/bad answers 503"),
])
def test_a_web_service_is_asked_for_its_path_and_what_stands_in_it(tmp_path: Path, path: str, text: str, reply: Reply, words: str) -> None:
    with listening(Web) as port:
        found = ask(tmp_path, probe("web", "http", port, path, text))["web"]
    assert (found.reply, found.words) == (reply, words)
    assert found.seconds is not None


@pytest.mark.parametrize(("host", "words"), [("localhost", "answers"), ("", "/named answers 503")])
def test_a_web_service_is_asked_by_the_name_that_it_takes(tmp_path: Path, host: str, words: str) -> None:
    with listening(Web) as port:
        assert ask(tmp_path, probe("web", "http", port, "/named", "", host))["web"].words == words


def test_what_hangs_is_silent(tmp_path: Path) -> None:
    with ExitStack() as stack:
        web, cache = (stack.enter_context(listening(one)) for one in (Web, Silent))
        found = ask(tmp_path, probe("web", "http", web, "/silent"), probe("cache", "redis", cache, "CACHE_PASSWORD"), limit_s="1")
    assert {one.reply for one in found.values()} == {Reply.SILENT}
    assert found["web"].words == "no reply within 1 s"


def test_services_are_asked_at_once_and_wait_for_no_other(tmp_path: Path) -> None:
    Web.asked.clear()
    with ExitStack() as stack:
        cache, web = (stack.enter_context(listening(one)) for one in (Patient, Web))
        found = ask(tmp_path, probe("cache", "redis", cache), probe("web", "http", web, "/good"))
    assert (found["cache"].reply, found["web"].reply) == (Reply.DOWN, Reply.UP)


def test_a_port_where_nothing_listens_is_down(tmp_path: Path) -> None:
    with listening(Web) as port:
        pass
    found = ask(tmp_path, probe("web", "http", port, "/good"), probe("cache", "redis", port, "CACHE_PASSWORD"))
    assert {one.reply for one in found.values()} == {Reply.DOWN}
    assert all("onnect" in one.words for one in found.values())


def test_a_service_without_a_running_container_is_stopped(tmp_path: Path) -> None:
    found = ask(tmp_path, probe("web", "http", 1, "/"), probe("cache", "redis", 1), running="other")
    assert {one.reply for one in found.values()} == {Reply.STOPPED}
    assert {one.reply for one in ask(tmp_path, probe("web", "http", 1, "/"), running="").values()} == {Reply.STOPPED}


def test_a_container_that_goes_meanwhile_takes_no_other_answer_with_it(tmp_path: Path) -> None:
    with listening(Web) as port:
        assert ask(tmp_path, probe("web", "http", port, "/good"), running="web", inspect=1)["web"].reply is Reply.UP


def test_an_engine_that_does_not_answer_is_an_error_and_never_stopped_services(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        ask(tmp_path, probe("web", "http", 1, "/"), running="web; exit 1")


@pytest.mark.parametrize("network", ["none", "bridge", "gw2-staging_default", "container:77"])
@pytest.mark.parametrize("addresses", ["", "invalid IP", "  "])
def test_a_container_in_no_network_is_down_whatever_listens_on_the_server(tmp_path: Path, network: str, addresses: str) -> None:
    with ExitStack() as stack:
        web, cache = (stack.enter_context(listening(one)) for one in (Web, Redis))
        found = ask(tmp_path, probe("web", "http", web, "/good"), probe("cache", "redis", cache, "CACHE_PASSWORD"),
                    probe("database", "postgres", web), running="web cache database", network=network, addresses=addresses)
    assert {(one.reply, one.words, one.addresses) for one in found.values()} == {(Reply.DOWN, "it is in no network", ())}
    assert len(found) == 3


def test_a_container_is_asked_at_its_own_address(tmp_path: Path) -> None:
    with listening(Web) as port:
        found = ask(tmp_path, probe("web", "http", port, "/good"), network="gw2-staging_default", addresses="127.0.0.1 127.0.0.2")
    assert (found["web"].reply, found["web"].addresses) == (Reply.UP, ("127.0.0.1", "127.0.0.2"))


def test_a_container_that_shares_the_network_of_another_is_asked_there(tmp_path: Path) -> None:
    with listening(Web) as port:
        found = ask(tmp_path, probe("web", "http", port, "/good"), running="cache web", network="container:1")
    assert found["web"].reply is Reply.UP


def test_a_container_that_shares_the_network_of_another_project_is_asked_there(tmp_path: Path) -> None:
    with listening(Web) as port:
        found = ask(tmp_path, probe("web", "http", port, "/good"), network="container:77",
                    elsewhere="\t77\tproxy_default\t127.0.0.1  \n")
    assert (found["web"].reply, found["web"].addresses) == (Reply.UP, ("127.0.0.1",))


def test_a_container_that_shares_a_network_with_itself_is_in_none(tmp_path: Path) -> None:
    found = ask(tmp_path, probe("web", "http", 1, "/good"), network="container:77", elsewhere="\t77\tcontainer:77\t \n")
    assert (found["web"].reply, found["web"].words) == (Reply.DOWN, "it is in no network")


def test_a_container_that_restarts_has_no_address_for_the_moment(tmp_path: Path) -> None:
    with listening(Web) as port:
        found = ask(tmp_path, probe("web", "http", port, "/good"), network="(restarting)")
    assert (found["web"].reply, found["web"].words) == (Reply.DOWN, "its container is restarting")


@pytest.mark.parametrize(("kind", "second"), [("http", "/good"), ("redis", "")])
def test_a_container_that_has_an_ipv6_address_alone_is_asked_there(tmp_path: Path, kind: str, second: str) -> None:
    # nothing listens there, and this machine may have no such address: what cannot be reached is named
    found = ask(tmp_path, probe("web", kind, 1, second), network="six", addresses="invalid IP ::1")["web"]
    assert (found.reply, found.addresses) == (Reply.DOWN, ("::1",))
    assert "::1" in found.words


def test_a_cache_that_takes_no_connection_says_where_and_why(tmp_path: Path) -> None:
    found = ask(tmp_path, probe("cache", "redis", 1))["cache"]
    assert (found.reply, found.words) == (Reply.DOWN, "127.0.0.1 port 1: Connection refused")


def test_the_server_s_own_settings_for_curl_change_nothing(tmp_path: Path) -> None:
    (tmp_path / ".curlrc").write_text('proxy = "http://127.0.0.1:1"\nhead\nfail\n')
    with listening(Web) as port:
        found = ask(tmp_path, probe("web", "http", port, "/good", "fine"), home=tmp_path)
    assert found["web"].reply is Reply.UP


@pytest.mark.parametrize("path", ["/good?id[]=1", "/good?{a,b}", "/good?[1-3]", "/good?[", "/good?a/../b", "/good?$(x)`y`\\"])
def test_a_path_is_asked_for_as_it_stands_whatever_brackets_it_has(tmp_path: Path, path: str) -> None:
    with listening(Web) as port:
        found = ask(tmp_path, probe("web", "http", port, path))["web"]
    assert (found.reply, found.words) == (Reply.UP, "answers")
    assert Web.last == path


def test_a_kind_that_is_asked_elsewhere_has_its_addresses_alone(tmp_path: Path) -> None:
    assert ask(tmp_path, probe("web", "postgres", 5432))["web"].reply is Reply.UNKNOWN


@pytest.mark.parametrize(("options", "drivers", "reply", "words"), [
    ('["name=rootless"]', "bridge", Reply.UNKNOWN, "rootless"), ("[]", "macvlan", Reply.UNKNOWN, "driver macvlan"),
    ("[]", "ipvlan\nmacvlan", Reply.UNKNOWN, "driver ipvlan or macvlan"), ("[]", "bridge\nmacvlan", Reply.DOWN, "port 1"), ("[]", "", Reply.DOWN, "port 1"),
])
def test_what_the_server_cannot_reach_as_it_is_built_is_not_down(tmp_path: Path, options: str, drivers: str, reply: Reply, words: str) -> None:
    asked = (probe("web", "http", 1, "/good"), probe("cache", "redis", 1, "CACHE_PASSWORD"))
    found = ask(tmp_path, *asked, options=options, drivers=drivers)
    assert {one.reply for one in found.values()} == {reply}
    assert all(words in one.words for one in found.values()), found
