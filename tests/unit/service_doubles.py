"""Services as the probing program meets them: real sockets at 127.0.0.1, where containers in the server's own network are; and
the program itself, run by a real bash with a double of Docker."""

from __future__ import annotations

import http.server
import os
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from runbook_lib.core import programs
from runbook_lib.observability.facts.service_replies import ServiceReply, parse_replies

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
        known = self.path.partition("?")[0] in ("/good", "/metrics")  # ALLOWED_HOSTS takes no address for a name
        self.send_response(200 if known or (self.path == "/named" and self.headers["Host"] == "localhost") else 503)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class Redis(socketserver.StreamRequestHandler):
    """As much of Redis as the program uses: AUTH as an array of bytes, then lines, until QUIT."""

    loading = b"0"
    user: tuple[bytes, ...] = ()

    def handle(self) -> None:
        words = []
        first = self.rfile.readline()
        for _ in range(int(first[1:]) if first.startswith(b"*") else 0):
            length = int(self.rfile.readline()[1:])
            words.append(self.rfile.read(length))
            self.rfile.readline()
        good = words == [b"AUTH", *self.user, PASSWORD.encode()]
        if words:
            self.wfile.write(b"+OK\r\n" if good else b"-WRONGPASS invalid username-password pair or user is disabled.\r\n")
        answers = {b"PING": b"+PONG\r\n", b"INFO persistence": PERSISTENCE % self.loading, b"CLIENT LIST": CLIENTS, b"QUIT": b"+OK\r\n"}
        for line in chain([] if words else [first], self.rfile):
            self.wfile.write(answers[line.strip()] if good else b"-NOAUTH Authentication required.\r\n")
            if line.strip() == b"QUIT":
                return


class RedisOfUsers(Redis):
    user = (b"app",)


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


def probe(service: str, kind: str, port: int, second: str = "", text: str = "", host: str = "") -> str:
    return "\t".join((service, kind, str(port), second, text, host))
