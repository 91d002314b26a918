"""What a service says to a proxy that reads labels or variables."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.known import known_tree
from runbook_lib.adopting.lines import values_of
from runbook_lib.adopting.routing import Routing, routing_of
from tests.unit.adopting_doubles import found_project

RULE = "traefik.http.routers.shop.rule"
PORT = "traefik.http.services.shop.loadbalancer.server.port"


@pytest.mark.parametrize(("labels", "variables", "routing"), [
    ({RULE: "Host(`a.example.com`, `b.example.com`) && PathPrefix(`/api`)", PORT: "8080"}, {},
     Routing("traefik", ("a.example.com", "b.example.com"), 8080)),
    ({"traefik.enable": "true", RULE: "Host(`a.example.com`) || Host(`www.a.example.com`)"}, {},
     Routing("traefik", ("a.example.com", "www.a.example.com"))),
    ({RULE: "Host(`${DOMAIN}`)", PORT: "many"}, {}, Routing("traefik")),
    ({RULE: "Host(`a.example.com`)", PORT: "8080", PORT.replace("shop", "admin"): "9000"}, {}, Routing("traefik", ("a.example.com",))),
    ({RULE: "Host(`a.example.com`)", PORT: "70000"}, {}, Routing("traefik", ("a.example.com",))),
    ({"traefik.enable": "false", RULE: "Host(`a.example.com`)"}, {}, Routing()),
    ({"traefik.enable": "true"}, {}, Routing()),
    ({}, {"VIRTUAL_HOST": "a.example.com,b.example.com", "VIRTUAL_PORT": "3000"},
     Routing("other", ("a.example.com", "b.example.com"), 3000)),
    ({}, {"VIRTUAL_HOST": "~^www\\..*$"}, Routing("other")),
    ({}, {"VIRTUAL_HOST": ""}, Routing()),
    ({PORT: "80"}, {}, Routing()),
])
def test_what_a_proxy_is_told(labels: dict[str, str], variables: dict[str, str], routing: Routing) -> None:
    assert routing_of(labels, variables) == routing


def known(service: dict[str, Any], **others: Any) -> Any:
    return known_tree(found_project({"web": service, **others}), "shop")


def test_a_service_behind_a_traefik_of_another_project_has_a_proxy_a_port_and_a_name() -> None:
    tree = known({"build": ".", "labels": {RULE: "Host(`a.example.com`)", PORT: "8080"}, "expose": ["9000"]})
    assert values_of(tree["proxy"]) == {"kind": "traefik"}
    assert values_of(tree["release"]["services"]["web"])["port"] == 8080
    assert "Named for a proxy: a.example.com." in tree["public"]["url"].comment
    assert tree["public"]["url"].is_todo, "what users type is not known from there"


def test_a_proxy_of_its_own_comes_first_and_two_kinds_say_nothing() -> None:
    labelled = {"build": ".", "labels": {RULE: "Host(`a.example.com`)"}}
    own = {"image": "nginx:1", "ports": [{"target": 80, "published": "80"}]}
    assert values_of(known(labelled, front=own)["proxy"]) == {"service": "front", "kind": "nginx"}
    other = {"build": ".", "environment": {"VIRTUAL_HOST": "b.example.com"}}
    assert values_of(known(other)["proxy"]) == {"kind": "other"}
    assert "proxy" not in known(labelled, other=other)
