"""The program that asks services directly, run by a real bash with real sockets; only Docker is a double.

Containers in the server's own network have no other address: so the services here are at 127.0.0.1.
"""

from __future__ import annotations

import http.server
import os
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.observability.facts.service_replies import Reply, ServiceReply, parse_replies

LIMIT_S = "60"  # of what answers; what hangs gets a second
PASSWORD = "päss 'word\" $1\\"
PERSISTENCE = b"$40\r\n# Persistence\r\nloading:%s\r\nasync_loading:0\r\n\r\n"
CLIENTS = (b"$99\r\nid=3 addr=172.20.0.4:40412 laddr=172.20.0.6:6379 fd=8 name=\r\n"
           b"id=4 addr=172.20.0.4:40413 laddr=172.20.0.6:6379 fd=9\r\nid=5 addr=[fd00::a4]:40414 laddr=[fd00::6]:6379 fd=7\r\n")


class Web(http.server.BaseHTTPRequestHandler):
    """/good answers, /metrics names a metric, /silent waits until the test is over, the rest is not there."""

    released = threading.Event()
    asked = threading.Event()
    last = ""

    def do_GET(self) -> None:
        Web.last = self.path
        Web.asked.set()
        if self.path == "/silent":
            self.released.wait(600)
        body = b"pg_up 1\n\ttab and \xff bytes\n" if self.path == "/metrics" else b"fine"
        self.send_response(200 if self.path.partition("?")[0] in ("/good", "/metrics") else 503)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class Redis(socketserver.StreamRequestHandler):
    """As much of Redis as the program uses: AUTH as an array of bytes, then lines, until QUIT."""

    loading = b"0"

    def handle(self) -> None:
        self.rfile.readline()
        words = []
        for _ in range(2):
            length = int(self.rfile.readline()[1:])
            words.append(self.rfile.read(length))
            self.rfile.readline()
        good = words == [b"AUTH", PASSWORD.encode()]
        self.wfile.write(b"+OK\r\n" if good else b"-WRONGPASS invalid username-password pair or user is disabled.\r\n")
        answers = {b"PING": b"+PONG\r\n", b"INFO persistence": PERSISTENCE % self.loading, b"CLIENT LIST": CLIENTS, b"QUIT": b"+OK\r\n"}
        for line in self.rfile:
            self.wfile.write(answers[line.strip()] if good else b"-NOAUTH Authentication required.\r\n")
            if line.strip() == b"QUIT":
                return


class LoadingRedis(Redis):
    loading = b"1"


class Patient(socketserver.BaseRequestHandler):
    """Answers nothing until the web service was asked, and then hangs up."""

    def handle(self) -> None:
        Web.asked.wait(600)


class Silent(socketserver.BaseRequestHandler):
    """Accepts, and answers nothing until the test is over."""

    def handle(self) -> None:
        Web.released.wait(600)


@contextmanager
def listening(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    Web.released.clear()
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            Web.released.set()
            server.shutdown()


def ask(tmp_path: Path, *probes: str, running: str = "web cache", password: str = PASSWORD, limit_s: str = LIMIT_S,
        inspect: int = 0, network: str = "host", addresses: str = "", elsewhere: str = "",
        home: Path | None = None, options: str = "[]", drivers: str = "bridge") -> dict[str, ServiceReply]:
    """What the program finds, by service; `running` are the services that have a container, all in `network`.

    The first of them has the id 1, and the mode `host` where the others share its network. `elsewhere` is the line of a
    container of another project.
    """
    (tmp_path / "elsewhere").write_text(elsewhere)
    listed = "".join(f"{one}\t{number}\t{'host' if number == 1 and network == 'container:1' else network}\t{addresses} \n"
                     for number, one in enumerate(running.partition(";")[0].split(), start=1))
    (tmp_path / "inspected").write_text(listed)
    docker = tmp_path / "docker"
    docker.write_text(f"""#!/bin/sh
case "$*" in
ps*) for one in {running}; do echo "$one"; done ;;
info*) echo "$OPTIONS_OF_TEST" ;;
"network inspect"*) echo "$DRIVERS_OF_TEST" ;;
*NetworkID*) echo 4f2c ;;
*Config.Env*) printf 'OTHER=1\\nCACHE_PASSWORD=%s\\n' "$PASSWORD_OF_TEST" ;;
inspect*NetworkMode*" 77") cat {tmp_path}/elsewhere ;;
inspect*NetworkMode*) cat {tmp_path}/inspected; exit {inspect} ;;
esac
""")
    docker.chmod(0o755)
    done = subprocess.run(
        ("bash", "-s", "--", "project", limit_s, *probes), input=programs.text("observability/service_probes.sh"), text=True,
        capture_output=True, check=True, timeout=300,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PASSWORD_OF_TEST": password, "LC_ALL": "C.UTF-8",
             "HOME": str(home or tmp_path), "OPTIONS_OF_TEST": options, "DRIVERS_OF_TEST": drivers})
    return {one.service: one for one in parse_replies(done.stdout)}


def probe(service: str, kind: str, port: int, second: str = "", text: str = "") -> str:
    return "\t".join((service, kind, str(port), second, text))


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


def test_a_cache_is_asked_with_its_own_password_whatever_stands_in_it(tmp_path: Path) -> None:
    with listening(Redis) as port:
        found = ask(tmp_path, probe("cache", "redis", port, "CACHE_PASSWORD"))["cache"]
    assert (found.reply, found.words, found.clients) == (Reply.UP, "answers PONG", ("172.20.0.4", "fd00::a4"))


@pytest.mark.parametrize(("handler", "password", "words"), [
    (Redis, "another", "-WRONGPASS invalid username-password pair or user is disabled."),
    (LoadingRedis, PASSWORD, "it is still loading its data"),
])
def test_a_cache_that_does_not_serve_is_down_in_its_own_words(tmp_path: Path, handler: type[Redis], password: str, words: str) -> None:
    with listening(handler) as port:
        found = ask(tmp_path, probe("cache", "redis", port, "CACHE_PASSWORD"), password=password)["cache"]
    assert (found.reply, found.words) == (Reply.DOWN, words)


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
