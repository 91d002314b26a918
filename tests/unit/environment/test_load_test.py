"""The bounds of a load test: typed, and an environment has to name itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import load_environment
from tests.unit.data_values import environment_with

STAGING = Path(__file__).parents[3] / "parameters/environments/staging.yaml"


def loaded(folder: Path, text: str) -> object:
    file = folder / "other.yaml"
    file.write_text(f"extends: {STAGING}\nname: other\ntitle: Another one\n{text}")
    return load_environment(str(file))


@pytest.mark.parametrize(("text", "fault"), [
    ("load_test: {rate_per_s: 0.0}", "load_test.rate_per_s"),
    ("load_test: {limit_per_s: 1000000}", "load_test.limit_per_s"),
    ("load_test: {rate_per_s: 2, limit_per_s: 1}", "load_test.*rate_per_s: should not be more than limit_per_s"),
    ("load_test: {users: 5, limit_users: 1}", "load_test.*users: should not be more than limit_users"),
    ("load_test: {error_budget_percent: 0}", "load_test.error_budget_percent"),
    ("load_test: {stage_s: 86400}", "load_test.stage_s"),
    ("load_test: {timeout_s: 3600}", "load_test.timeout_s"),
    ("load_test: {flow: []}", "load_test.flow"),
    ("load_test: {targets: other}", "load_test.targets"),
    ("load_test: {flow: [{name: a, path: https://elsewhere.example.com/}]}", r"load_test.flow.0.path|load_test.flow\[0\].path"),
    ("load_test: {flow: [{name: a, path: /, times: 0}]}", "times"),
    ("load_test: {flow: [{name: a, path: /, method: TRACE}]}", "method"),
    ("load_test: {flow: [{name: a, path: /, keep: {Id: id}}]}", "keep"),
    ("load_test: {flow: [{name: a, path: '/${id}'}]}", r"flow.0: \$\{id\} is kept by no earlier step"),
    ("load_test: {flow: [{name: a, path: /, json_body: {deep: ['${lost}']}}]}", r"flow.0: \$\{lost\}"),
    ("load_test: {flow: [{name: a, path: /, keep: {word: id}}]}", "flow.0.keep.word: is given"),
    ("load_test: {flow: [{name: a, path: /}, {name: a, path: /}]}", "flow.1.name: 'a' is the name of an earlier step"),
    ("load_test: {expected_alerts: ['not a name']}", "load_test.expected_alerts"),
])
def test_a_slip_is_refused_by_its_place(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=fault):
        loaded(tmp_path, text)


def test_an_environment_that_extends_a_target_is_none(tmp_path: Path) -> None:
    other = load_environment(str(tmp_path / "other.yaml")) if loaded(tmp_path, "") else None
    assert other is not None
    assert other.load_test is not None
    assert other.load_target is None
    named = loaded(tmp_path, "load_test: {target: other}")
    assert named.load_target is named.load_test  # type: ignore[arg-type, attr-defined]


def test_an_environment_without_the_key_is_none() -> None:
    assert environment_with({"load_test": None}).load_target is None


def test_the_flow_is_what_the_smoke_test_does() -> None:
    """One application, two ways to write a user's flow down: they must not drift apart."""
    staging = load_environment("staging")
    assert staging.load_test is not None
    assert staging.smoke is not None
    flow = {(step.method, step.path) for step in staging.load_test.flow}
    assert {(step.method, step.path) for step in staging.smoke.steps} <= flow


@pytest.mark.parametrize(("step", "fault"), [
    ("{name: a, path: //evil.example.com/x}", "should be a path on the application's own host"),
    ("{name: a, path: /\\\\evil.example.com}", "should be a path on the application's own host"),
    ("{name: a, path: '/a#b'}", "should be a path on the application's own host"),
    ("{name: a, path: 'https://evil.example.com/'}", "should be a path of a URL such as /health"),
    ("{name: a, path: /, headers: {Host: evil.example.com}}", "Host is set by whoever sends the request"),
    ("{name: a, path: /, headers: {transfer-encoding: chunked}}", "transfer-encoding is set by whoever sends the request"),
    ('{name: a, path: /, headers: {X-A: "b\\r\\nX-Evil: 1"}}', "should be one line without control characters"),
    ('{name: a, path: /, headers: {"X A": b}}', "headers"),
    ("{name: a, path: /, json_body: {a: b}, form: {a: b}}", "json_body and form: at most one of them"),
    ("{name: a, path: /, form: {a: '${lost}'}}", r"\$\{lost\} is kept by no earlier step"),
])
def test_no_request_leaves_the_host_or_brings_headers_of_its_own(tmp_path: Path, step: str, fault: str) -> None:
    for flow in (f"load_test: {{flow: [{step}]}}", f"smoke: {{session: null, leaves: rows, steps: [{step}]}}"):
        with pytest.raises(EnvironmentInvalid, match=fault):
            loaded(tmp_path, flow)
