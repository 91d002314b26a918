"""What `requests` connects through: kept connections, and plain HTTP, within the same limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runbook_lib.connections.http import PublicHttp
from runbook_lib.core.errors import EndpointUnavailable
from tests.unit.connections.https_server import HttpsServer


def test_a_kept_connection_has_the_limit_of_each_exchange_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = HttpsServer(tmp_path, monkeypatch)
    public = PublicHttp(served.url, connect_to=served.connect_to, ca_file=served.ca_file)
    assert public.request("GET", "/first", timeout_s=20).status == 200
    with pytest.raises(EndpointUnavailable, match="in time"):
        public.request("GET", "/drip", timeout_s=0.2)
    for path in ("/second", "/third"):
        assert json.loads(public.request("GET", path, timeout_s=20).body)["path"] == path
    public.close()
    served.close()


def test_a_certificate_of_another_name_is_refused_at_a_dialled_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = HttpsServer(tmp_path, monkeypatch)
    public = PublicHttp("https://other.example", connect_to=served.connect_to, ca_file=served.ca_file)
    with pytest.raises(EndpointUnavailable, match="TLS could not be established"):
        public.request("GET", "/")
    served.close()


def test_a_port_where_nothing_listens_is_said() -> None:
    with pytest.raises(EndpointUnavailable, match="Connection refused"):
        PublicHttp("http://127.0.0.1:9").request("GET", "/")
