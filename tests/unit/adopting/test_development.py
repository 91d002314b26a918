"""What is there for development and tests alone writes nothing that a restore stops, and no release is of it."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.development import for_development
from runbook_lib.adopting.known import known_tree
from runbook_lib.adopting.lines import values_of
from tests.unit.adopting_doubles import found_project


@pytest.mark.parametrize(("name", "service"), [
    ("playwright", {"build": "."}), ("mail", {"image": "schickling/mailcatcher"}), ("app-test", {"build": "."}),
    ("e2e_runner", {"build": "."}), ("browser", {"image": "mcr.microsoft.com/playwright:v1.55"}),
    ("runner", {"image": "cypress/included:13"}), ("database_ui", {"image": "others/pgweb:1"}), ("shell", {"build": ".", "profiles": ["dev", "test"]}),
    ("css", {"build": ".", "profiles": ["assets"]}),
])
def test_a_service_for_development_is_of_no_release_and_no_writer(name: str, service: dict[str, Any]) -> None:
    """The FastAPI template's Playwright was stopped for a restore, and deployed with each release."""
    tree = values_of(known_tree(found_project({name: service}), "shop"))
    assert (list(tree["release"]["services"]), tree["release"]["writers"], list(tree["logs"])) == (["web"], ["web"], ["web"])
    assert (tree["services"][name]["required"], "no_health_check_reason" in tree["services"][name]) == (False, False)


@pytest.mark.parametrize("name", ["contest", "latest", "attestation", "devices", "webdev1", "testimonials", "laravel.test"])
def test_a_word_within_another_one_says_nothing(name: str) -> None:
    assert not for_development(found_project({name: {"build": "."}}))


@pytest.mark.parametrize("profiles", [["full"], ["full", "dev"]])
def test_what_a_profile_of_all_days_has_is_not_for_development(profiles: list[str]) -> None:
    assert not for_development(found_project({"shell": {"build": ".", "profiles": profiles}}))


def test_where_all_are_called_so_the_names_say_where_they_run() -> None:
    project = found_project({"web": None, "db": None, "web-dev": {"build": "."}, "db-dev": {"image": "postgres:16"}})
    assert not for_development(project)
    assert list(values_of(known_tree(project, "shop"))["release"]["services"]) == ["web-dev"]
    alone = found_project({"web": None, "app-test": {"build": "."}, "mail": {"image": "axllent/mailpit"}})
    assert for_development(alone) == ("mail",)


def test_no_user_is_sent_to_a_service_for_development_and_no_upload_lies_there() -> None:
    runner = {"build": ".", "ports": [{"target": 9323, "published": "9323"}], "volumes": [
        {"type": "bind", "source": "/srv/reports", "target": "/app/reports"}]}
    tree = known_tree(found_project({"playwright": runner}), "shop")
    assert "published" not in tree["services"]["playwright"]
    assert "9323" not in tree["public"]["url"].comment and "reports" not in tree["configuration_backup"]["no_uploads_reason"].comment


def test_what_others_need_and_the_one_database_are_for_users_whatever_they_are_called() -> None:
    web = {"build": ".", "depends_on": {"mailpit": {"condition": "service_started"}}}
    project = found_project({"web": web, "db": None, "mailpit": {"image": "axllent/mailpit"}, "db-dev": {"image": "postgres:16"}})
    assert not for_development(project)
    assert for_development(found_project({"db-test": {"image": "postgres:16"}})) == ("db-test",)
