"""A real Prometheus and a real Alertmanager below a path of their own, as behind a proxy that passes on a folder."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.resilience.runner import wait_for
from runbook_lib.connections.alertmanager import ServerAlertmanager
from runbook_lib.connections.prometheus import ServerPrometheus
from runbook_lib.connections.route_prefix import Reply, RoutePrefix
from runbook_lib.core.errors import FactUnreadable
from tests.ports import unused_port
from tests.unit.alertmanager_server import LISTEN, program
from tests.unit.connections.test_alertmanager import Direct
from tests.unit.staging.files import STAGING

PREFIXES = ([], ["--web.external-url=https://example.org/below"], ["--web.external-url=https://example.org/x", "--web.route-prefix=/a/b"],
            ["--web.external-url=https://example.org/x/", "--web.route-prefix=/"])


@contextmanager
def started(log: Path, argv: Sequence[str], ready: str) -> Iterator[str]:
    """What its log shows once it is ready: the group of the pattern."""
    with log.open("wb") as written, subprocess.Popen(argv, stdout=written, stderr=written) as process:
        try:
            wait_for(lambda: re.search(ready, log.read_text()) is not None, argv[0], 60)
            yield re.search(ready, log.read_text())[1]  # type: ignore[index]
        finally:
            process.kill()


@pytest.mark.parametrize("words", PREFIXES)
def test_silences_are_found_and_made_wherever_alertmanager_serves(tmp_path: Path, words: list[str]) -> None:
    file = f"--config.file={STAGING / 'alertmanager/alertmanager.yml'}"
    argv = (program(), file, f"--storage.path={tmp_path}", LISTEN, "--cluster.listen-address=", *words)
    with started(tmp_path / "log", argv, r'msg="Listening on" address=\S+:(\d+)') as port:
        server: Any = Direct()
        manager = ServerAlertmanager(server, port=int(port))
        now = datetime.now(UTC)
        matcher = {"name": "alertname", "value": "x", "isRegex": False}
        made = manager.silence([matcher], now + timedelta(minutes=5), created_by="ann", comment="why", starts=now)
        assert [one["id"] for one in manager.silences()[0]] == [made]
        assert manager.get("alerts") == []
        with pytest.raises(FactUnreadable):
            manager.expire("00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize("words", PREFIXES)
def test_queries_are_answered_wherever_prometheus_serves(tmp_path: Path, words: list[str]) -> None:
    path = shutil.which("prometheus")
    assert path is not None, "./setup.sh test installs Prometheus on Debian"
    (tmp_path / "prometheus.yml").write_text("scrape_configs: []\n")
    port = unused_port()
    log = tmp_path / "log"
    argv = (path, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}", *words)
    with started(log, argv, "(ready) to receive web requests"):
        server: Any = Direct()
        asked = ServerPrometheus(server, port=port)
        assert asked.get("query", query="vector(7)")["result"][0]["value"][1] == "7"
        with pytest.raises(FactUnreadable):
            asked.get("nowhere")
        assert asked.get("targets")["activeTargets"] == []


def test_what_is_none_of_them_is_asked_no_more_than_needed() -> None:
    """A page that leads to a log-in has no API below it."""
    asked: list[str] = []

    def answer(path: str) -> Reply:
        asked.append(path)
        return Reply(302, b"", "/login") if path == "/" else Reply(404, b"no such page")

    prefix = RoutePrefix()
    assert prefix.exchange(answer, "/api/v1/query").body == b"no such page"
    assert (asked, prefix.path) == (["/api/v1/query", "/", "/login/api/v1/query"], "")
