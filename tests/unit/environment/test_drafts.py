"""A draft is refused whole: every TODO with its place, what is wanted, and an example that the model takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.drafts import HINTS, described, todos_in, wanted_at
from tests.unit.environment_doubles import overlay

Place = tuple[str | int, ...]


def leaves(value: Any, above: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*above, key))
    elif isinstance(value, list) and value:
        yield from leaves(value[0], (*above, 0))
    elif not isinstance(value, dict | list):
        yield above


def with_examples(value: Any, above: Place = ()) -> Any:
    """The same mapping with the example of each place instead of its value."""
    if isinstance(value, dict) and value:
        return {key: with_examples(inner, (*above, key)) for key, inner in value.items()}
    if isinstance(value, list) and value:
        return [with_examples(value[0], (*above, 0))]
    return value if isinstance(value, dict | list) else wanted_at(above)[1]


def refused_places(data: dict[str, Any]) -> list[Place]:
    try:
        Environment.model_validate_json(json.dumps(data))
    except ValidationError as error:
        # what other parts of the file say about it is another matter: a service that is not in the list, say
        return [tuple(one["loc"]) for one in error.errors() if one["type"] != "value_error"]
    return []


def test_every_example_is_of_the_form_that_the_model_takes_at_its_place(staging: Environment) -> None:
    data = json.loads(staging.model_dump_json(exclude_none=True))
    assert len(list(leaves(data))) > 300
    assert refused_places(with_examples(data)) == []


def test_an_example_of_another_form_would_be_noticed(staging: Environment) -> None:
    data = json.loads(staging.model_dump_json(exclude_none=True))
    data["backup"]["daily_at"] = "noon"
    assert refused_places(data) == [("backup", "daily_at")]


def test_every_hint_is_about_a_key_that_exists(staging: Environment) -> None:
    schema = json.dumps(Environment.model_json_schema())
    assert [key for key in HINTS if f'"{key.split(".")[-1]}"' not in schema and not key.endswith(("*", "cache"))] == []


def test_all_todos_are_named_at_once_with_file_place_wish_and_example(tmp_path: Path) -> None:
    path = overlay(tmp_path, """
        name: mine
        compose: {project: TODO}
        backup: {daily_at: "TODO: ask the team", keep_days: TODO}
        contacts: {TODO: TODO}
        rollback: {triggers: [TODO]}
    """)
    with pytest.raises(EnvironmentInvalid) as caught:
        load_environment(path)
    first, *lines = caught.value.what.splitlines()
    assert first == "This is a draft: 5 TODOs left."
    assert sorted(line.split(": ")[1] for line in lines) == [
        "backup.daily_at", "backup.keep_days", "compose.project", "contacts.TODO", "rollback.triggers.0"]
    assert all(line.startswith(f"{path}: ") and ", e.g. " in line for line in lines)
    assert "docs/how-to/adopt.md" in caught.value.next_step
    assert caught.value.exit_code == 2


def test_a_todo_of_a_base_file_is_done_where_an_environment_sets_the_value(tmp_path: Path) -> None:
    base = overlay(tmp_path, "name: base\ntitle: TODO\n", name="base.yaml")
    (tmp_path / "mine.yaml").write_text(f"extends: {base}\nname: mine\ntitle: Mine\n")
    assert load_environment(str(tmp_path / "mine.yaml")).title == "Mine"
    with pytest.raises(EnvironmentInvalid, match=r"base\.yaml: title: TODO"):
        load_environment(base)


@pytest.mark.parametrize("place", ["server.key_file", "server.known_hosts_file", "secrets_file"])
def test_the_path_of_a_local_file_is_left_as_well(tmp_path: Path, place: str) -> None:
    key, _, below = place.partition(".")
    line = f"{key}: {{{below}: TODO}}" if below else f"{key}: TODO"
    with pytest.raises(EnvironmentInvalid, match=f"1 TODO left.\n.*{place}: TODO: "):
        load_environment(overlay(tmp_path, f"name: mine\n{line}\n"))


def test_a_title_may_speak_of_todos(tmp_path: Path) -> None:
    assert load_environment(overlay(tmp_path, "name: mine\ntitle: TODO list of the team\n")).title == "TODO list of the team"


@pytest.mark.parametrize(("data", "places"), [
    ({"a": "TODO"}, [("a",)]),
    ({"a": " TODO "}, [("a",)]),
    ({"a": "TODO: ask"}, [("a",)]),
    ({"a": ["x", "TODO"]}, [("a", 1)]),
    ({"a": {"TODO": {"b": "TODO"}}}, [("a", "TODO", "b")]),
    ({"TODO": "TODO"}, [("TODO",)]),
    ({"TODO": "value"}, [("TODO",)]),
    ({"a": "TODOs", "b": "todo", "c": 1, "d": None, "e": True}, []),
])
def test_what_is_left_to_write_is_found(data: dict[str, Any], places: list[Place]) -> None:
    assert list(todos_in(data)) == places


@pytest.mark.parametrize("place", [(), ("no", "such", "key"), ("services", "web", "nothing", 3), ("server",)])
def test_a_place_that_the_model_does_not_know_is_described_all_the_same(place: Place) -> None:
    assert ": TODO: " in described(place)
