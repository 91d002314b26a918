"""The bounds of a load test: typed, and an environment has to name itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import load_environment
from runbook_lib.environment.load_test import target_of
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
    assert target_of(other) is None
    named = loaded(tmp_path, "load_test: {target: other}")
    assert target_of(named) is named.load_test  # type: ignore[arg-type, attr-defined]


def test_an_environment_without_the_key_is_none() -> None:
    assert target_of(environment_with({"load_test": None})) is None


def test_the_flow_is_what_the_smoke_test_does() -> None:
    """One application, two ways to write a user's flow down: they must not drift apart."""
    from runbook_lib.core.questions import HttpReply
    from runbook_lib.platform.facts.smoke_test import smoke_test_over

    asked: list[tuple[str, str]] = []

    class Http:
        def request(self, method: str, path: str, **options: object) -> HttpReply:
            asked.append((method, path))
            body = options.get("json")
            document = dict(body) if isinstance(body, dict) else {"name": "", "username": ""}
            if method == "GET":
                document = next((dict(kept) for where, kept in kept_bodies.items() if path.startswith(where)), {})
            elif method in ("POST", "PUT") and isinstance(body, dict):
                kept_bodies[path.rstrip("0123456789/")] = body
            import json

            status = {"/register": 201, "/squads": 201, "/builds": 201, "/me": 204}.get(path[path.rindex("/"):], 200)
            tokens = {"id": 7, "access_token": "a", "refresh_token": "r"}
            return HttpReply(path, status, {}, json.dumps({**document, **tokens}).encode(), 0.01)

    kept_bodies: dict[str, dict[str, object]] = {}
    assert smoke_test_over(Http()).works  # type: ignore[arg-type]
    flow = load_environment("staging").load_test
    assert flow is not None
    mine = {(step.method, step.path.replace("${squad}", "7").replace("${build}", "7")) for step in flow.flow}
    assert {(method, path.partition("?")[0]) for method, path in asked} <= mine
