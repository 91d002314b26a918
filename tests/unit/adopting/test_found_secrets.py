"""Secrets of a project by name: what needs them, whether a deployment can give them, and never a value."""

from __future__ import annotations

from typing import Any

from runbook_lib.adopting.found_secrets import secrets_tree
from runbook_lib.adopting.lines import values_of
from runbook_lib.adopting.project import FoundProject, FoundService
from tests.unit.adopting_doubles import found_project


def test_secrets_are_named_as_compose_fills_them_in_and_never_shown() -> None:
    found = values_of(secrets_tree(found_project()))
    assert found["DB_PASSWORD"] == {"needed_by": ["db", "web"], "minimum_length": 12, "side": "server", "url_safe": True}
    # written in the Compose file itself: no deployment can give it another value
    assert found["SECRET_KEY"] == {"needed_by": ["web"], "minimum_length": 12, "side": "server", "required": False}
    assert "POSTGRES_PASSWORD" not in found


def of(variables: dict[str, str], filled_from: dict[str, str] | None = None) -> Any:
    service = FoundService("web", variables=variables, filled_from=filled_from or {})
    return values_of(secrets_tree(FoundProject("Compose", {"web": service}, {}, ())))


def test_a_line_that_is_empty_is_no_secret() -> None:
    assert list(of({"ZOOM_CLIENT_SECRET": "", "SECRET_KEY": "k3y-of-ours"})) == ["SECRET_KEY"]


def test_what_is_empty_today_is_required_of_no_deployment() -> None:
    found = of({"SENTRY_DSN": "", "SECRET_KEY": "k3y"}, {"SENTRY_DSN": "${SENTRY_DSN}", "SECRET_KEY": "${SECRET_KEY}"})
    assert (found["SENTRY_DSN"]["required"], "required" in found["SECRET_KEY"]) == (False, False)
    # one of two uses has it
    both = of({"A_TOKEN": "", "B_TOKEN": "k3y"}, {"A_TOKEN": "${TOKEN}", "B_TOKEN": "${TOKEN}"})
    assert "required" not in both["TOKEN"]


def test_a_secret_that_compose_gives_as_a_file_is_named_by_its_variable() -> None:
    """`secrets: {password: {environment: DB_PASS}}` was in no draft."""
    service = FoundService("web", given={"DB_PASS": "the secret password of"})
    tree = secrets_tree(FoundProject("Compose", {"web": service}, {}, ()))
    assert values_of(tree) == {"DB_PASS": {"needed_by": ["web"], "minimum_length": 12, "side": "server"}}
    assert tree["DB_PASS"]["needed_by"].comment == "the secret password of web, as a file"
