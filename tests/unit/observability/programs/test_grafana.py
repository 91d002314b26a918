"""The program that asks Grafana, run by a real bash and curl against an API with a password; only Docker is a double.

No Grafana image could be had: the API here speaks as Grafana's documentation says.
"""

from __future__ import annotations

import base64
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from runbook_lib.core import programs
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.observability.facts.grafana import DataSource, GrafanaSurvey, parse_grafana

PASSWORD = "päss 'word\" $HOME \\ %s"
LIMIT_S = "60"
# PostgreSQL's variables come before: another value with the same words in it is not the password
DOCKER = """#!/bin/bash
case $1 in
    ps) [ -e "$PLACE/absent" ] || echo 4f2c ;;
    inspect) cat "$PLACE/variables" ;;
    exec) cat "$PLACE$5" ;;
    *) exit 1 ;;
esac
"""
CURL = """#!/bin/bash
printf '%s\\n' "$*" >>"$PLACE/arguments"
exec "$REAL" "$@"
"""


class Api(http.server.BaseHTTPRequestHandler):
    """Grafana's API with one data source that works and one that does not."""

    accepted: ClassVar[str] = ""
    below: ClassVar[str] = ""
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Api.asked.append(self.path)
        value = base64.b64encode(f"admin:{self.accepted}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {value}":
            return self.reply(401, {"message": "Invalid username or password"})
        if not self.path.startswith(self.below):
            return self.reply(301, {})
        match self.path.removeprefix(self.below).partition("?")[0]:
            case "/api/org":
                return self.reply(200, {"id": 1, "name": "Main Org."})
            case "/api/datasources":
                return self.reply(200, [{"id": 1, "uid": "prometheus", "name": "Prometheus"}, {"uid": "other"}])
            case "/api/datasources/uid/prometheus/health":
                return self.reply(200, {"status": "OK", "message": "fine"})
            case "/api/datasources/uid/other/health":
                return self.reply(400, {"status": "ERROR", "message": "no such\thost\n"})
            case "/api/search":
                return self.reply(200, [{"uid": "gw2-staging", "type": "dash-db"}])
        return self.reply(404, {})

    def reply(self, status: int, value: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def port() -> Iterator[int]:
    """The port of an API that takes PASSWORD."""
    Api.accepted, Api.below, Api.asked = PASSWORD, "", []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


def survey(place: Path, port: int, password: str = PASSWORD, variables_of_it: str = "") -> GrafanaSurvey:
    """What the program finds out in a project with one dashboard."""
    (place / "grafana/dashboards").mkdir(parents=True)
    (place / "grafana/dashboards/overview.json").write_text(json.dumps({"uid": "gw2-staging", "panels": []}))
    (place / "variables").write_text(variables_of_it or f"OLD_GF_SECURITY_ADMIN_PASSWORD=another\nGF_SECURITY_ADMIN_PASSWORD={password}\n")
    for name, text in (("docker", DOCKER), ("curl", CURL)):
        (place / name).write_text(text)
        (place / name).chmod(0o755)
    variables = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}", "PLACE": str(place), "REAL": str(shutil.which("curl"))}
    done = subprocess.run(("bash", "-s", "--", "mine", "charts", str(port), LIMIT_S), input=programs.text("observability/grafana.sh"),
                          env=variables, cwd=place, capture_output=True, text=True, timeout=600, check=True)
    assert password not in done.stdout
    return parse_grafana(done.stdout)


def test_the_api_proves_password_data_sources_and_dashboards(tmp_path: Path, port: int) -> None:
    found = survey(tmp_path, port)
    assert found == GrafanaSurvey(
        True, 200, (DataSource("prometheus", True, "fine"), DataSource("other", False, found.sources[1].message)),
        frozenset({"gw2-staging"}), (("gw2-staging", "overview.json"),))
    assert "no such" in found.sources[1].message


def test_the_password_is_in_no_argument_of_a_program(tmp_path: Path, port: int) -> None:
    survey(tmp_path, port)
    arguments = (tmp_path / "arguments").read_text()
    assert arguments.count("/api/") == 5
    assert PASSWORD not in arguments
    assert base64.b64encode(f"admin:{PASSWORD}".encode()).decode() not in arguments


def test_a_refused_password_is_tried_once(tmp_path: Path, port: int) -> None:
    """Grafana locks a user out who fails five times in five minutes."""
    assert survey(tmp_path, port, password="the-next-one") == GrafanaSurvey(True, 401)
    assert Api.asked == ["/api/org"]


def test_a_grafana_that_does_not_answer_and_one_that_is_not_there(tmp_path: Path, port: int) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Api) as closed:
        unused = closed.server_address[1]
    (tmp_path / "one").mkdir()
    assert survey(tmp_path / "one", unused) == GrafanaSurvey(True, 0)
    (tmp_path / "two").mkdir()
    (tmp_path / "two/absent").touch()
    assert survey(tmp_path / "two", port) == GrafanaSurvey(False)


@pytest.mark.parametrize("root", ["https://staging.example.com/grafana/", "%(protocol)s://%(domain)s:%(http_port)s/grafana", "/grafana/"])
def test_a_grafana_below_a_path_of_its_own_is_asked_there(tmp_path: Path, port: int, root: str) -> None:
    """Elsewhere it redirects to its public address, which may be another host."""
    Api.below = "/grafana"
    found = survey(tmp_path, port, variables_of_it=f"GF_SERVER_ROOT_URL={root}\nGF_SERVER_SERVE_FROM_SUB_PATH=true\n"
                                                   f"GF_SECURITY_ADMIN_PASSWORD={PASSWORD}\n")
    assert (found.login, len(found.sources)) == (200, 2)


def test_a_path_that_a_proxy_takes_away_is_not_asked(tmp_path: Path, port: int) -> None:
    found = survey(tmp_path, port, variables_of_it=f"GF_SERVER_ROOT_URL=https://a/grafana/\nGF_SECURITY_ADMIN_PASSWORD={PASSWORD}\n")
    assert found.login == 200


def test_a_password_in_a_file_is_read_in_the_container(tmp_path: Path, port: int) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/admin").write_text(PASSWORD + "\n")
    (tmp_path / "secrets/user").write_text("admin")
    assert survey(tmp_path, port, variables_of_it="GF_SECURITY_ADMIN_USER__FILE=/secrets/user\n"
                                                  "GF_SECURITY_ADMIN_PASSWORD__FILE=/secrets/admin\n").login == 200
    assert PASSWORD not in (tmp_path / "arguments").read_text()


@pytest.mark.parametrize("variables", ["GF_SECURITY_ADMIN_PASSWORD__FILE=/gone\n",
                                       f"GF_AUTH_BASIC_ENABLED=false\nGF_SECURITY_ADMIN_PASSWORD={PASSWORD}\n"])
def test_no_other_password_is_tried_where_its_own_is_not_known(tmp_path: Path, port: int, variables: str) -> None:
    with pytest.raises(FactUnreadable):
        survey(tmp_path, port, variables_of_it=variables)
    assert Api.asked == []
