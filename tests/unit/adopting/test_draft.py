"""The draft has every key that the model requires, as a value or a TODO, and loads once each TODO is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from runbook_lib.adopting.draft import draft_text, make_draft, with_examples
from runbook_lib.adopting.known import known_tree
from runbook_lib.adopting.lines import Line, Tree, merged, values_of
from runbook_lib.environment.drafts import model_schema, resolved
from runbook_lib.environment.model import Environment
from tests.unit.adopting_doubles import KEY, PASSWORD, found_project


def draft(change: dict[str, Any] | None = None, more: Tree | None = None, **given: Any) -> Tree:
    return make_draft(merged(known_tree(found_project(change), "shop"), more or {}), "shop", **given)


def missing_keys(node: dict[str, Any], data: Any, path: str = "") -> list[str]:
    """Required keys of the model that a mapping lacks, by their paths."""
    node = resolved(node, model_schema())
    if not isinstance(data, dict):
        return []
    if "properties" not in node:
        inner = node.get("additionalProperties") or next(iter(node.get("patternProperties", {}).values()), {})
        return [one for key, value in data.items() for one in missing_keys(inner, value, f"{path}.{key}")] if (
            isinstance(inner, dict)) else []
    found = [f"{path}.{key}" for key in node.get("required", []) if key not in data]
    return found + [one for key, value in data.items() for one in missing_keys(node["properties"][key], value, f"{path}.{key}")]


def test_every_key_that_the_model_requires_is_in_the_draft() -> None:
    assert missing_keys(model_schema(), values_of(draft())) == []


def test_a_key_that_is_missing_would_be_noticed() -> None:
    data = values_of(draft())
    del data["services"]["web"]["title"], data["backup"]
    assert missing_keys(model_schema(), data) == [".backup", ".services.web.title"]


WORKER = {"image": "registry.example.com:5000/ours/app:2", "command": "work"}


@pytest.mark.parametrize("change", [
    {}, {"db": None}, {"cache": {"image": "redis:7"}}, {"web": None, "db": None}, {"worker": {"image": "ours/worker"}},
    {"Web-UI": {"build": "."}}, {"x.y": {"image": ""}}, {"db": {"image": "postgres", "environment": {"POSTGRES_DB": "my-app"}}},
    {"web": WORKER | {"ports": [{"target": 80, "published": "80"}]}, "worker": WORKER},
    {"web": {"image": "nginx:1"}}, {"metrics": {"image": "prom/prometheus:v3"}, "alerts": {"image": "prom/alertmanager"}},
    {"db": {"image": "mysql:8"}, "db2": {"image": "postgres:15"}, "db3": {"image": "postgres:16"}},
])
def test_a_draft_loads_once_each_todo_is_written(change: dict[str, Any]) -> None:
    data = with_examples(draft(change))
    # an example may name a service or network that this project does not have; an operator names one that is there
    spare = {"title": "S"}
    named = [data[part]["service"] for part in ("database", "cache") if part in data]
    named += [*data["release"]["services"], *(one["service"] for one in data["health"]["endpoints"].values())]
    for name in named:
        data["services"].setdefault(name, dict(spare))
    data["release"]["api"] = next(iter(data["release"]["services"]))
    # what writes is another TODO, whose example is another service
    if "database" in data:
        data["release"]["writers"] = sorted({*data["release"]["writers"], data["release"]["api"]})
    assert [one["msg"] for one in faults_of(data)] == []


def faults_of(data: Any) -> list[Any]:
    try:
        Environment.model_validate_json(json.dumps(data))
    except ValidationError as error:
        return list(error.errors())
    return []


def test_what_would_not_load_is_noticed() -> None:
    data = with_examples(draft())
    data["gate"] = {"interval_s": "often"}
    assert [one["loc"] for one in faults_of(data) if one["type"] != "value_error"] == [("gate", "interval_s")]


def test_the_text_is_the_tree() -> None:
    tree = draft()
    text = draft_text(tree, ["a note\nof two lines", "x" * 200])
    assert yaml.safe_load(text) == values_of(tree)
    assert text.startswith("# a note of two lines\n# xxx")


def test_no_secret_is_in_the_text_wherever_it_was_found() -> None:
    more: Tree = {"title": Line(f"Shop of {PASSWORD}"), "escalation": Line([f"call {KEY}"]),
                  "contacts": {"On call": Line("a@example.com", f"from {KEY}")},
                  "public": {"url": Line("https://a:b3tter-hidden@example.com")}}
    text = draft_text(draft(more=more, secrets={PASSWORD, KEY}, public={"shop"}), [])
    assert not [secret for secret in (PASSWORD, KEY, "b3tter-hidden") if secret in text]
    assert "holds a secret" in text


def test_a_figure_or_a_yes_is_no_text_that_shows_a_secret() -> None:
    tree = draft(more={"disk_minimum_gb": Line(12345)}, secrets={"False", "12345"})
    assert values_of(tree)["secrets"]["SECRET_KEY"]["required"] is False
    assert values_of(tree)["disk_minimum_gb"] == 12345


def test_a_name_that_is_a_password_too_stays_readable() -> None:
    tree = draft(secrets={"shop", "db"}, public={"shop", "db"})
    assert values_of(tree)["database"] == {"service": "db", "name": "shop", "owner": "shopkeeper"}


def test_a_value_of_another_form_is_left_to_an_operator_with_what_was_found() -> None:
    variables = {"POSTGRES_DB": "My App", "POSTGRES_USER": "me"}
    tree = draft({"db": {"image": "postgres", "environment": variables}, "web": None})
    line = tree["database"]["name"]
    assert line.is_todo
    assert "My App was found" in line.comment


def test_a_service_whose_name_the_model_does_not_take_is_left_out() -> None:
    assert "-web-ui" not in draft({"-web-ui": {"build": "."}})["services"]
