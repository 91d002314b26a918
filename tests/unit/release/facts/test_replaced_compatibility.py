"""The live code on a copy of the schema: what is asked, and what the answers prove."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.release.facts.replaced_compatibility import (
    ReplacedCompatibility,
    parse_compatibility,
    replaced_code_on_new_schema,
)
from tests.unit.environment.test_migrations import STEP
from tests.unit.shop_environment import shop

SHOP = shop(migrations=STEP)
GOOD = {"/": 200, "/api/products": 200}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def reply(*asked: tuple[str, int, str], outcome: str = "passed", message: str = "") -> str:
    lines = [f"{kind}\t{status}\t{encoded(path)}" for kind, status, path in asked]
    return "\n".join([*lines, f"result\t{outcome}\t{encoded(message)}"]) + "\n"


def test_the_copy_is_asked_for_what_users_read_and_migrated_by_the_releases_image() -> None:
    server: Any = ScriptedConnections(commands={"bash -s": reply(("before", 200, "/"), ("migrated", 500, "/"), ("restarted", 500, "/"))})
    found = replaced_code_on_new_schema(SHOP, "a" * 40).fetch(server)
    assert found == ReplacedCompatibility("passed", "", {"/": 200}, {"/": 500}, {"/": 500})
    argv = server.server.asked[0].argv[3:]
    assert argv[:11] == ("shop", "db", "shop", "shop", "django_migrations", "web", "web", f"web:{'a' * 40}", "8443",
                         "https://shop.example.com", "4")
    assert argv[11:] == ("/status/", "/", "/api/products?1", "/api/products", "python3", "manage.py", "migrate", "--noinput")


def test_alembic_keeps_its_record_where_it_always_does_and_may_run_in_another_service() -> None:
    environment = shop(migrations={"tool": "alembic", "service": "worker"})
    server: Any = ScriptedConnections(commands={"bash -s": reply(("before", 200, "/"))})
    replaced_code_on_new_schema(environment, "b" * 40).fetch(server)
    argv = server.server.asked[0].argv
    assert argv[7:10] == ("public.alembic_version", "web", "worker")
    assert argv[-5:] == ("alembic", "-x", "lock_timeout=5s", "upgrade", "head")


@pytest.mark.parametrize(("result", "compatible"), [
    (ReplacedCompatibility("passed", "", GOOD, GOOD, GOOD), True),
    (ReplacedCompatibility("passed", "", GOOD, {**GOOD, "/": 500}, GOOD), False),
    (ReplacedCompatibility("passed", "", GOOD, GOOD, {**GOOD, "/": 0}), False),
    # what has no reply on its own schema, where there is no row, proves nothing
    (ReplacedCompatibility("passed", "", {"/": 500, "/x": 404}, {"/": 500, "/x": 404}, {"/": 500, "/x": 404}), True),
    (ReplacedCompatibility("passed", "", {"/": 500}, {"/": 500}, {"/": 500}), None),
    (ReplacedCompatibility("not-started", "no cache"), None),
    (ReplacedCompatibility("error", "no space left"), None),
    (ReplacedCompatibility("not-migrated", "REGION is not set", GOOD), None),
    (ReplacedCompatibility("not-restarted", "no such column", GOOD, GOOD), False),
    # broken is broken, however far it came
    (ReplacedCompatibility("error", "the copy ended", GOOD, {**GOOD, "/": 500}), False),
])
def test_what_the_answers_prove(result: ReplacedCompatibility, compatible: bool | None) -> None:
    assert result.compatible is compatible


@pytest.mark.parametrize("text", ["", "before\t200\n", reply(("before", 200, "/")).replace("200", "many")])
def test_another_reply_is_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_compatibility(text, "server")
