"""A Compose model is read tolerantly: what has an unknown form is left out, and never ends with a traceback."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.project import services_of
from tests.unit.adopting_doubles import PASSWORD, found_project


def test_ports_limits_health_and_volumes_are_read() -> None:
    web = found_project().services["web"]
    assert (web.ports, web.published, web.cpus, web.memory) == ((8000,), ("80",), 0.5, "256MB")
    assert (web.health, web.health_path) == ("/up answers", "/up")
    assert next((one.source, one.named) for one in web.volumes) == ("media", True)
    assert web.built_from == "web"


def test_a_health_checks_command_is_not_shown() -> None:
    db = found_project().services["db"]
    assert db.health == "pg_isready inside its container"
    assert PASSWORD not in repr(db)


@pytest.mark.parametrize("one", [
    None, [], "text", {}, {"environment": ["A=1", "B"]}, {"environment": "text"}, {"ports": "80"}, {"ports": [80, None]},
    {"volumes": [None, "a:b"]}, {"healthcheck": []}, {"deploy": None}, {"deploy": {"resources": []}}, {"networks": ["a"]},
    {"build": "https://user:token@example.com/repository.git"}, {"build": {"context": None}}, {"expose": [None, "99999"]},
])
def test_a_service_of_any_form_is_read(one: Any) -> None:
    found = services_of({"services": {"odd": one}}, {"services": None}, "/srv")["odd"]
    assert "token" not in repr(found)
    assert found.ports == ()


@pytest.mark.parametrize("model", [{}, {"services": None}, {"services": []}])
def test_a_model_without_services_has_none(model: dict[str, Any]) -> None:
    assert services_of(model, {}) == {}


def test_services_of_idle_profiles_are_known_and_do_not_run() -> None:
    project = found_project()
    assert "cache" not in project.services
    assert project.idle["cache"].image == "redis:7"


@pytest.mark.parametrize(("service", "ports"), [
    ({"healthcheck": {"test": ["CMD", "curl", "-sf", "http://127.0.0.1:3000"]}}, (3000,)),
    ({"healthcheck": {"test": ["CMD-SHELL", "wget -q localhost:8000/up"]}, "expose": ["9000"]}, (9000,)),
    ({"healthcheck": {"test": ["CMD-SHELL", "wget -q localhost:8000/up"], "disable": True}}, ()),
    ({"healthcheck": {"test": ["CMD", "nc", "-z", "127.0.0.1", "11211"]}}, ()),
    ({"healthcheck": {"test": ["CMD-SHELL", "curl http://other:3000/"]}}, ()),
])
def test_what_publishes_nothing_listens_where_its_health_check_asks(service: dict[str, Any], ports: tuple[int, ...]) -> None:
    """Zammad's rails server: a draft from the server knew its port, and one from the folder did not."""
    assert services_of({"services": {"app": {"image": "a"} | service}}, {})["app"].ports == ports
