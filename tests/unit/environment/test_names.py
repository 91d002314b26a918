"""Names of services as Compose allows them: capitals, dots, underscores and digits, wherever a service is named."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.health_checks import HealthCheck
from runbook_lib.adopting.known import known_tree
from runbook_lib.adopting.project import FoundProject, FoundService
from runbook_lib.capacity.checks.resource_blocks import resources_block
from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import Environment
from runbook_lib.environment.capacity import limit_of, parts_of
from runbook_lib.recovery.plans.configuration_backup import scheduled_steps
from tests.unit.capacity_doubles import container, review, usage
from tests.unit.smallest_environment import SMALLEST, smallest

WEB, DATABASE, WORKER = "Web.App", "my_DB", "2nd-worker"


def named(**changes: Any) -> Environment:
    return smallest(
        services={WEB: {"title": "Web", "memory": "128MB", "cpus": 1.5, "needs": [DATABASE]}, DATABASE: {"title": "Data"},
                  WORKER: {"title": "Worker", "networks": ["Inner.Net"]}},
        networks={"Inner.Net": {"purpose": "data", "internal": True}},
        release={**SMALLEST["release"], "services": {WEB: {"image": "app-web", "port": 8000}}, "api": WEB, "page": WEB,
                 "writers": [WEB, WORKER]},
        database={**SMALLEST["database"], "service": DATABASE},
        logs={"web": {"kind": "application", "format": "text", "service": WEB}},
        configuration_backup={"uploads": [{"service": WEB, "path": "/srv/Uploads"}], "data_volumes": {"My.Data": "dumped"}},
        capacity={"resources": {"memory": {"title": "M", "unit": "bytes", "query": "up", "service": WEB,
                                           "limit": f"services.{WEB}.memory"}}}, **changes)


def test_such_names_load_wherever_a_service_is_named() -> None:
    environment = named()
    assert environment.running_services("blue") == (WEB, DATABASE, WORKER)
    assert environment.writers == (WEB, WORKER)


@pytest.mark.parametrize("name", ["-web", "we b", "web/1", "web:1", "", "w" * 64, "wëb", "web\n", "$web", "a,b"])
def test_what_compose_does_not_take_as_a_name_is_refused(name: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=r"should be a name of Compose|services"):
        smallest(services={**SMALLEST["services"], name: {"title": "T"}})


def test_a_place_in_the_file_is_found_though_the_name_has_dots() -> None:
    environment = named()
    assert limit_of(environment, environment.capacity.resources["memory"]) == 128 * 2**20
    assert parts_of("services.a.b.c.memory") == ("services", "a.b.c", "memory")
    assert parts_of("tuning.postgres.max_connections") == ("tuning", "postgres", "max_connections")


def test_a_limit_of_such_a_service_is_proposed_under_its_own_name() -> None:
    tight = container(WEB, memory_bytes=120 * 2**20, memory_limit_bytes=128 * 2**20, oom_killed=True)
    block = resources_block(named(), review({}, used=usage(tight)))
    assert f"services:\n  {WEB}:\n    memory: " in block
    assert f"  {WEB}:\n    deploy: " in block


def test_its_uploads_are_archived_under_a_name_that_a_file_can_have() -> None:
    keys = [key for key, _ in scheduled_steps(named())]
    assert f"files-{WEB}-srv-Uploads" in keys


def test_a_draft_names_it_as_compose_does() -> None:
    tree = known_tree(FoundProject("Compose", {WEB: FoundService(WEB, built_from=".", ports=(8000,), check=HealthCheck("it answers"))}, {}, ()), "x")
    assert list(tree["services"]) == [WEB] and tree["release"]["api"].value == WEB
