"""What the API answers when its database and Redis are down, and to invalid input."""

import json
import logging

import pytest
from app.logs import JsonLines, request_id
from app.security import make_token

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_health_is_503_and_names_each_part_that_is_down(client):
    reply = client.get("/health")
    assert reply.status_code == 503
    body = reply.json()
    assert body["status"] == "degraded"
    assert (body["version"], body["commit"], body["schema_revision"]) == ("v3.1.0", COMMIT, None)
    assert {name: part["status"] for name, part in body["checks"].items()} == {"database": "down", "redis": "down"}


def test_api_health_says_which_release_answers(client):
    expected = {"status": "ok", "version": "v3.1.0", "commit": COMMIT, "environment": "staging"}
    assert client.get("/api/v1/health").json() == expected


def test_a_database_that_is_away_is_a_503_in_json(client):
    reply = client.get("/api/v1/squads/1")
    assert reply.status_code == 503
    assert reply.json()["error"]["code"] == "unavailable"


def test_a_correlation_id_is_kept_and_a_hostile_one_replaced(client):
    assert client.get("/api/v1/health", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    replaced = client.get("/api/v1/health", headers={"X-Request-ID": 'x"}{'}).headers["X-Request-ID"]
    assert len(replaced) == 32
    assert replaced.isalnum()


def test_an_error_names_its_request(client):
    reply = client.get("/api/v1/squads/1", headers={"X-Request-ID": "abc-2"})
    assert reply.json()["error"]["request_id"] == "abc-2"


@pytest.mark.parametrize(("method", "path"), [("POST", "/squads"), ("PUT", "/squads/1"), ("DELETE", "/builds/1")])
def test_changing_anything_needs_a_login(client, method, path):
    body = {"name": "x", "profession": "thief", "role": "scout"} if "builds" in path else {"name": "x"}
    reply = client.request(method, f"/api/v1{path}", json=None if method == "DELETE" else body)
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "token_missing"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "profession": "thief", "role": "scout"}, "name"),
        ({"name": "x" * 81, "profession": "thief", "role": "scout"}, "name"),
        ({"name": "a\0b", "profession": "thief", "role": "scout"}, "name"),
        ({"name": "x", "profession": "paladin", "role": "scout"}, "profession"),
        ({"name": "x", "profession": "thief", "role": "scout", "owner_id": 1}, "owner_id"),
    ],
)
def test_a_build_that_is_not_valid_is_refused_by_field(client, settings, body, field):
    token = make_token(settings, "access", 1, "abc")
    reply = client.post("/api/v1/builds", json=body, headers={"Authorization": f"Bearer {token}"})
    assert reply.status_code == 422
    assert list(reply.json()["error"]["fields"]) == [field]


def test_broken_json_is_told_as_such(client):
    reply = client.post("/api/v1/auth/login", content=b"{", headers={"Content-Type": "application/json"})
    assert reply.json()["error"]["fields"] == {"body": "JSON decode error"}


def test_only_the_configured_origin_may_ask_across_origins(client):
    def allowed(origin):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return client.options("/api/v1/squads", headers=asked).headers.get("access-control-allow-origin")

    assert allowed("https://staging.gw2wvwbuilder.example.com") == "https://staging.gw2wvwbuilder.example.com"
    assert allowed("http://localhost:3000") is None


def test_metrics_name_routes_with_their_prefix_and_not_single_rows(client):
    for number in (41, 42):
        client.get(f"/api/v1/squads/{number}")
    client.get("/api/v1/health")
    client.get("/no/such/page")
    text = client.get("/metrics").text
    assert 'gw2_http_requests_total{method="GET",route="/api/v1/squads/{squad_id}",status="503"}' in text
    assert 'route="/api/v1/health"' in text
    assert 'route="unmatched"' in text
    assert "/api/v1/squads/42" not in text
    assert "gw2_http_request_duration_seconds_bucket" in text


def test_metrics_leave_out_active_users_while_redis_is_away(client):
    text = client.get("/metrics").text
    assert "gw2_active_users" not in text
    assert 'gw2_cache_requests_total{result="error"}' in text
    assert 'gw2_db_pool_connections{state="limit"}' in text


def test_a_log_line_is_json_with_level_and_correlation_id():
    token = request_id.set("abc-3")
    record = logging.LogRecord("app", logging.ERROR, __file__, 1, "failed: %s", ("x",), None)
    record.fields = {"status": 500}
    line = json.loads(JsonLines("v3.1.0").format(record))
    request_id.reset(token)
    assert (line["level"], line["message"], line["request_id"], line["status"]) == ("ERROR", "failed: x", "abc-3", 500)
    assert line["time"].endswith("+00:00")


def test_a_log_file_that_cannot_be_written_costs_a_warning_only(settings, caplog, tmp_path):
    from app.logs import start_logging

    start_logging(settings.model_copy(update={"LOG_TO_FILE": True, "LOG_FILE": str(tmp_path / "none" / "x.log")}))
    log_lines = logging.getLogger().handlers
    assert len(log_lines) == 1
