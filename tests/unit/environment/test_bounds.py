"""Numbers and texts of an environment file that no program could work with: refused with their path, never later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.environment.model import Environment
from tests.unit.environment_doubles import faults_of, overlay

DIGITS = "9" * 400  # more than any float holds
NOT_NUMBERS = [".inf", "-.inf", ".nan", "inf", "nan", "1e999", "true", "null", "''", "[1]"]


def numbers(schema: dict[str, Any], parts: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every number that a file may hold, by its path; of open mappings and lists one entry."""
    if "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    if schema.get("type") in ("integer", "number"):
        yield path, schema
    for key, value in schema.get("properties", {}).items():
        yield from numbers(value, parts, f"{path}.{key}".lstrip("."))
    inner = [*schema.get("anyOf", []), schema.get("items"), schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]
    for value in inner:
        if isinstance(value, dict):
            yield from numbers(value, parts, path)


def test_every_number_of_an_environment_file_has_both_bounds() -> None:
    schema = Environment.model_json_schema()
    found = dict(numbers(schema, schema["$defs"]))
    assert len(found) > 45
    free = [path for path, one in found.items() if not {"minimum", "exclusiveMinimum"} & set(one) or "maximum" not in one]
    # what an endpoint reports when all is healthy is compared, never calculated with
    assert free == ["health.endpoints.fields", "health.claims.good"]


NUMBERS = [
    "limits.reconnect_s", "limits.keepalive_s", "limits.unacknowledged_s", "limits.lock_heartbeat_s", "limits.lock_silence_s",
    "limits.watchdog_interval_s", "limits.drain_s", "certificate_minimum_days", "disk_minimum_gb", "memory_minimum_mb",
    "backup.keep_days", "backup.keep_newest", "backup.maximum_age_h", "configuration_backup.maximum_age_h",
    "configuration_backup.keep_log_days", "restore_drill.maximum_age_h", "restore_drill.limit_s", "watch.duration_s",
    "gate.deadline_s", "rollback.watch_s", "server.connect_timeout_s", "success.p95_ms", "logging.keep_days",
    "rate_limit.requests_per_minute", "tuning.limits.statement_ms",
]


def flow(node: Any, apart: str = "\n") -> str:
    return node if isinstance(node, str) else "{" + apart.join(f"{key}: {flow(one, ', ')}" for key, one in node.items()) + "}"


def nested(path: str, value: str) -> str:
    for key in reversed(path.split(".")):
        value = f"{{{key}: {value}}}"
    return value[1:-1]


@pytest.mark.parametrize("value", ["0", "-1", "-0.5", DIGITS, f"{DIGITS}.0", f"-{DIGITS}.0", *NOT_NUMBERS])
def test_what_is_not_a_finite_number_above_zero_within_reason_is_refused_with_its_path(tmp_path: Path, value: str) -> None:
    tree: dict[str, Any] = {}
    for path in NUMBERS:
        *above, last = path.split(".")
        node = tree
        for key in above:
            node = node.setdefault(key, {})
        node[last] = value
    faults = faults_of(overlay(tmp_path, flow(tree)[1:-1]))
    for path in NUMBERS:
        assert any(one.startswith(f"{path}: should be ") for one in faults), (path, faults)
    assert max(map(len, faults)) < 200


@pytest.mark.parametrize(("path", "least", "most"), [
    ("limits.reconnect_s", "0.1", "150"), ("limits.keepalive_s", "1", "600"), ("limits.unacknowledged_s", "0.1", "600"),
    ("limits.lock_silence_s", "20", "3600"), ("limits.watchdog_interval_s", "1", "60"), ("limits.drain_s", "0.1", "600"),
    ("watch.interval_s", "0.1", "3600"), ("rollback.interval_s", "0.1", "3600"), ("certificate_minimum_days", "1", "3650"), ("backup.maximum_age_h", "1", "87600"), ("backup.keep_days", "1", "3650"),
    ("restore_drill.maximum_age_h", "1", "87600"), ("configuration_backup.maximum_age_h", "1", "87600"),
])
def test_a_number_at_its_bound_is_taken_and_one_beyond_it_is_not(tmp_path: Path, path: str, least: str, most: str) -> None:
    for value in (least, most):
        assert load_environment(overlay(tmp_path, nested(path, value)))
    beyond = f"{int(most) + 1}"
    assert faults_of(overlay(tmp_path, nested(path, beyond))) == [f"{path}: should be at most {most}, got {beyond}"]


def test_the_longest_times_are_dates_all_the_same() -> None:
    schema = Environment.model_json_schema()
    today, units = datetime(2026, 1, 1, tzinfo=UTC), {"_days": 86_400, "_h": 3_600, "_s": 1, "_ms": 0.001}
    for path, one in numbers(schema, schema["$defs"]):
        for ending, seconds in units.items():
            if path.endswith(ending):
                longest = timedelta(seconds=one["maximum"] * seconds)
                assert today - longest < today < today + longest, path


@pytest.mark.parametrize("size", ["0MB", "99999999999GB", f"{DIGITS}MB"])
def test_a_size_that_no_machine_has_is_refused(tmp_path: Path, size: str) -> None:
    assert faults_of(overlay(tmp_path, nested("services", f"{{redis: {{memory: {size}}}}}")))[0].startswith(
        "services.redis.memory: should be a size such as 512MB or 1GB")


@pytest.mark.parametrize(("path", "value"), [
    ("public.url", "https://staging.example.com:0"), ("public.url", "https://staging.example.com:65536"),
    ("public.connect_to", "'127.0.0.1:65536'"), ("public.connect_to", "'[::1]:99999999999'"),
])
def test_a_port_in_an_address_is_a_port(tmp_path: Path, path: str, value: str) -> None:
    [fault] = faults_of(overlay(tmp_path, nested(path, value)))
    assert fault.startswith(f"{path}: its port should be between 1 and 65535, got ")


CONTROLS = {"\\n": "U+000A", "\\r": "U+000D", "\\t": "U+0009", "\\0": "U+0000", "\\e": "U+001B", "\\x1f": "U+001F", "\\x7f": "U+007F",
            "\\x85": "U+0085", "\\u2028": "U+2028"}


@pytest.mark.parametrize("escape", CONTROLS)
def test_a_text_that_is_searched_for_holds_no_control_character(tmp_path: Path, escape: str) -> None:
    for path in ("services.redis.probe.contains", "images.REDIS_IMAGE"):
        [fault] = faults_of(overlay(tmp_path, nested(path, f'"a{escape}b"')))
        assert fault == f"{path}: should be one line without control characters, has {CONTROLS[escape]}"


@pytest.mark.parametrize("escape", [*CONTROLS, "\\_", "\\u202e", "\\u200b", " "])
def test_a_path_of_a_url_holds_no_control_character_and_no_space(tmp_path: Path, escape: str) -> None:
    for path in ("services.redis.probe.path", "gate.page.path", "health.ready", "health.claims./health answers 200.path"):
        faults = faults_of(overlay(tmp_path, nested(path, f'"/a{escape}b"')))
        assert any(one.startswith(f"{path}: should be a path of a URL such as /health") for one in faults), faults
    rule = "{title: x, service: backend, private: true}"
    for path, value in (("health.endpoints", rule), ("restore_drill.reads", "x")):
        faults = faults_of(overlay(tmp_path, nested(path, f'{{"/a{escape}b": {value}}}')))
        assert len(faults) == 1
        assert "should be a path of a URL such as /health" in faults[0]


@pytest.mark.parametrize("escape", ["\\0", "\\e", "\\x1f", "\\x7f", "\\x9b"])
def test_a_text_for_people_may_have_lines_and_obeys_no_terminal_code(tmp_path: Path, escape: str) -> None:
    assert load_environment(overlay(tmp_path, 'title: "two\\n\\tlines"')).title == "two\n\tlines"
    [fault] = faults_of(overlay(tmp_path, f'title: "a{escape}b"'))
    assert fault.startswith("title: should be text without control characters, has U+00")


def test_a_key_with_a_control_character_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    [fault] = faults_of(overlay(tmp_path, '"ti\\e[2Jtle\\nmine": x'))
    assert fault == r"ti\x1b[2Jtle\nmine: unknown key"
