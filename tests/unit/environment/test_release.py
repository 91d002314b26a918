"""What a release is made of: only what the rest of the file knows, and no colours where containers are replaced."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import load_environment
from tests.unit.shop_environment import FILE, shop

WEB = {"web": {"image": "web", "port": 8443}}


def test_an_environment_that_says_nothing_has_two_colours() -> None:
    assert not load_environment("staging").release.replaced


def test_a_replaced_release_has_no_colours_and_every_service_by_its_own_name() -> None:
    environment = shop()
    assert environment.release.replaced
    assert environment.running_services("") == ("web", "db", "worker")
    assert environment.shared_services[1:] == ("db",)


@pytest.mark.parametrize(("release", "fault"), [
    ({"services": WEB, "writers": ["clock"]}, "release.writers: there is no service 'clock'"),
    ({"services": {"page": {"image": "page", "port": 1}}, "writers": ["web"]}, "release.services: there is no service 'page'"),
    ({"services": WEB, "writers": ["db"]}, "release.writers: db keeps the application's data"),
    ({"writers": ["web"]}, "release.services: is missing; with the strategy recreate"),
    ({"services": WEB}, "release.writers: is missing; with the strategy recreate"),
    ({"services": {"web": {"image": "web:latest", "port": 8443}}, "writers": ["web"]}, "release.services.web.image: should be"),
], ids=str)
def test_a_release_that_the_file_does_not_know_is_refused_by_its_path(release: dict[str, Any], fault: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=fault):
        shop(release={"strategy": "recreate", **release})


def test_a_service_with_colours_cannot_be_replaced_in_its_place() -> None:
    services = yaml.safe_load(FILE.read_text())["services"]
    services["web"]["coloured"] = True
    with pytest.raises(EnvironmentInvalid, match=r"services.web.coloured: with release.strategy recreate"):
        shop(services=services)
